"""Real processes, and what can be seen of them from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from rl_studio_training.process_state import State, glance, look
from training.conftest import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shell scripts, and what only Linux tells")

Start = Callable[[str], int]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Python on some lines, and waits until it has come to them; everything is killed after the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def begin(code: str, *command: str) -> int:
        text = f"import pathlib, subprocess, sys, time\npathlib.Path('begun').touch()\n{code}\n"
        argv = command or (sys.executable, "-c", text)
        processes.append(subprocess.Popen(argv, cwd=tmp_path, start_new_session=True))
        wait_until((tmp_path / "begun").exists)
        return processes[-1].pid

    yield begin
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("while True: pass", State.BUSY),
        ("while True: print('again' * 200, file=open('log', 'w'), flush=True)", State.BUSY),
        ("while True: time.sleep(0); pathlib.Path('.').exists()", State.RUNS),
        (
            "pathlib.Path('big').write_bytes(bytes(10**6))\nwhile True: pathlib.Path('big').read_bytes()",
            State.LOADING,
        ),
        ("time.sleep(100)", State.ASLEEP),
    ],
)
def test_what_a_process_does(start: Start, code: str, state: State) -> None:
    pid = start(code)
    wait_until(lambda: look(pid).state == state, 30.0)
    assert look(pid).pid == pid


def test_a_program_that_is_waited_for_is_named(start: Start) -> None:
    found = None
    pid = start("subprocess.run(['sleep', '100'])")
    wait_until(lambda: glance(pid).children == ("sleep",))
    found = look(pid)
    assert (found.state, found.detail) == (State.PROGRAM, "sleep")
    assert "it waits for a program that it started (sleep)" in str(found)


def test_a_dialog_is_named(start: Start, tmp_path: Path) -> None:
    dialog = tmp_path / "zenity"
    dialog.write_text("#!/bin/sh\nsleep 100\n")
    dialog.chmod(0o755)
    pid = start("subprocess.run(['./zenity'])")
    wait_until(lambda: "zenity" in glance(pid).children)
    wait_until(lambda: look(pid).state == State.DIALOG, 5.0)
    found = look(pid)
    assert "OS.alert()" in str(found)
    assert found.way_out is not None
    assert "OS.alert()" in found.way_out


def test_a_stopped_process_may_go_on(start: Start) -> None:
    pid = start("while True: pass")
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    assert look(pid).state == State.STOPPED
    assert f"kill -CONT {pid}" in str(look(pid))


def test_the_game_behind_a_shell_script_is_what_counts(tmp_path: Path) -> None:
    script = tmp_path / "game.sh"
    script.write_text(f"#!/bin/sh\n{sys.executable} -c 'while True: pass'\nexit $?\n")
    script.chmod(0o755)
    process = subprocess.Popen(["/bin/sh", str(script)], start_new_session=True)
    try:
        wait_until(lambda: glance(process.pid).pid != process.pid)
        wait_until(lambda: look(process.pid).state == State.BUSY)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def test_a_process_that_has_ended_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    wait_until(lambda: look(process.pid, 0.0).state == State.GONE)
    process.wait(10)
    assert look(process.pid, 0.0).state == State.GONE
