"""rl_studio.runs.processes: detached trainers that are found again, and ended with all they started."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from backend_support import eventually, is_gone
from rl_studio.runs import processes

HEARTY = "import sys, time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "for name in (signal.SIGINT, signal.SIGTERM): signal.signal(name, signal.SIG_IGN)\n"
    "print(child.pid, flush=True); time.sleep(600)"
)

Start = Callable[[str], processes.DetachedProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Python code as the trainer of the run in tmp_path, and waits for its first line."""
    started: list[processes.DetachedProcess] = []

    def run(code: str) -> processes.DetachedProcess:
        log = tmp_path / "output.log"
        child = processes.spawn([sys.executable, "-c", code], cwd=tmp_path, run_dir=tmp_path, log_file=log)
        started.append(child)
        eventually(lambda: log.read_bytes().endswith(b"\n"))
        return child

    yield run
    processes.end_all(processes.members(tmp_path), kill=True)
    for child in started:
        child.wait(20)


def test_a_trainer_gets_a_session_of_its_own_and_its_output_goes_to_the_log(
    start: Start, tmp_path: Path
) -> None:
    code = (
        "import os, sys; print(os.getsid(0), os.environ['RL_STUDIO_RUN'], repr(sys.stdin.read()));"
        "sys.stderr.write('oops\\n')"
    )
    child = start(code)
    child.wait(20)
    log = (tmp_path / "output.log").read_text(encoding="utf-8")
    assert sorted(log.splitlines()) == sorted([f"{child.pid} {tmp_path} ''", "oops"])


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        processes.spawn(["/nowhere/python"], cwd=tmp_path, run_dir=tmp_path, log_file=tmp_path / "log")


def test_a_living_trainer_is_found_until_it_ends(start: Start, tmp_path: Path) -> None:
    child = start(HEARTY)
    created = processes.creation_time(child.pid)
    assert processes.find(child.pid, created, tmp_path) is not None
    child.kill()
    eventually(lambda: processes.find(child.pid, created, tmp_path) is None)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    child.wait(20)
    assert processes.find(child.pid, created, tmp_path) is None


def test_another_process_with_the_same_pid_is_not_taken_for_the_trainer(tmp_path: Path) -> None:
    pid = os.getpid()
    created = processes.creation_time(pid)
    assert created is not None
    assert processes.find(pid, created - 100.0, tmp_path) is None
    assert processes.find(pid, None, tmp_path) is None
    assert processes.find(2**22 + 1, created, tmp_path) is None


def test_a_trainer_is_still_known_after_the_clock_was_set(start: Start, tmp_path: Path) -> None:
    child = start(HEARTY)
    created = processes.creation_time(child.pid)
    assert created is not None
    assert processes.find(child.pid, created - 3600.0, tmp_path) is not None


def test_an_interrupt_reaches_the_trainer_alone(start: Start, tmp_path: Path) -> None:
    child = start(
        f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {HEARTY!r}])\nchild.wait()"
    )
    found = processes.members(tmp_path)
    assert found[0].pid == child.pid
    assert len(found) == 2
    processes.interrupt(found[0])
    assert child.wait(20) in (-signal.SIGINT, 1)
    assert not is_gone(found[1].pid)


def test_killing_takes_everything_below_along(start: Start, tmp_path: Path) -> None:
    child = start(STUBBORN)
    below = int((tmp_path / "output.log").read_text(encoding="ascii"))
    processes.end_all(processes.members(tmp_path), kill=False)
    eventually(lambda: is_gone(below))
    assert child.poll() is None
    processes.end_all(processes.members(tmp_path), kill=True)
    assert child.wait(20) == -signal.SIGKILL


def test_what_left_the_group_and_lost_its_parent_is_found(start: Start, tmp_path: Path) -> None:
    child = start(
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {HEARTY!r}], start_new_session=True, stdout=-3)\n"
        "print(child.pid, flush=True)"
    )
    child.wait(20)
    orphan = int((tmp_path / "output.log").read_text(encoding="ascii"))
    assert [item.pid for item in processes.members(tmp_path)] == [orphan]
    processes.end_all(processes.members(tmp_path), kill=True)
    eventually(lambda: is_gone(orphan))


def test_processes_of_another_run_are_left_alone(start: Start, tmp_path: Path) -> None:
    child = start(HEARTY)
    other = tmp_path / "other"
    assert processes.members(other) == []
    assert child.poll() is None
