from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rl_studio import children
from rl_studio.children import ProcessTimeoutError, leaving_on_signals, run_lines

STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
print("started", flush=True)
{then}
"""


def python(code: str, *args: str) -> list[str]:
    return [sys.executable, "-c", code, *args]


def wait_for_end(pid: int, within_s: float = 5.0) -> bool:
    try:
        psutil.Process(pid).wait(within_s)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_lines_and_exit_code_come_back() -> None:
    lines: list[str] = []
    code = "import sys; print('one'); print('zwei ü', file=sys.stderr, flush=True); sys.exit(3)"
    finished = run_lines(python(code), on_line=lines.append, env={"PYTHONIOENCODING": "utf-8"}, tail=1)
    assert finished.code == 3
    assert sorted(lines) == ["one", "zwei ü"]
    assert finished.tail == (lines[-1],)


def test_a_flood_of_output_is_taken() -> None:
    finished = run_lines(python("for i in range(50000): print(i)"), timeout_s=60, tail=2)
    assert finished.tail == ("49998", "49999")


def test_a_timeout_ends_grandchildren_too(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(ProcessTimeoutError) as caught:
        run_lines(python(STUBBORN.format(then="time.sleep(60)"), str(note)), timeout_s=1.5)
    assert caught.value.tail == ("started",)
    assert wait_for_end(int(note.read_text()))


def test_a_program_that_only_closed_its_output_is_timed_out_as_well() -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    started = time.monotonic()
    with pytest.raises(ProcessTimeoutError):
        run_lines(python(code), timeout_s=0.5)
    assert time.monotonic() - started < 10


def test_a_child_that_holds_the_pipe_does_not_hold_us(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    started = time.monotonic()
    finished = run_lines(python(STUBBORN.format(then=""), str(note)), timeout_s=30)
    assert (finished.code, finished.tail) == (0, ("started",))
    assert time.monotonic() - started < 20
    if sys.platform != "win32":  # there an orphan cannot be told from a stranger
        assert wait_for_end(int(note.read_text()))


def test_an_exception_of_the_reader_ends_the_program(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def refuse(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_lines(python(STUBBORN.format(then="time.sleep(60)"), str(note)), on_line=refuse)
    assert wait_for_end(int(note.read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to itself")
def test_a_signal_while_the_program_starts_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []

    def start(*args: Any) -> subprocess.Popen[str]:
        started.append(real(*args))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    real = children._start
    monkeypatch.setattr(children, "_start", start)
    with pytest.raises(KeyboardInterrupt):
        run_lines(python("import time; time.sleep(60)"))
    assert started[0].returncode == -signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_missing_program_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_lines([str(tmp_path / "nothing")])


PARENT = """
import sys
from rl_studio.children import leaving_on_signals, run_lines
sleeper = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
with leaving_on_signals():
    run_lines([sys.executable, "-c", sleeper], on_line=lambda line: print(line, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_whatever_ends_us_ends_the_program(name: str) -> None:
    number = signal.Signals[name]
    if number is signal.SIGKILL and not (sys.platform == "linux" and shutil.which("setpriv")):
        pytest.skip("only Linux with setpriv ends children of a program that is killed")
    parent = subprocess.Popen(python(PARENT), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.send_signal(number)
        assert wait_for_end(child)
        code = parent.wait(10)
    finally:
        parent.kill()
        parent.communicate()
    # Ctrl+C is raised as ever; the others leave with the code that shells know them by.
    expected = {"SIGTERM": 143, "SIGHUP": 129, "SIGKILL": -signal.SIGKILL, "SIGINT": -signal.SIGINT}
    assert code == expected[name]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    on_term = signal.getsignal(signal.SIGTERM)  # libraries of other tests may have set their own
    try:
        with leaving_on_signals():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(SystemExit):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is on_term
    finally:
        signal.signal(signal.SIGHUP, before)


def test_whoever_waits_hears_so_in_silence() -> None:
    beats: list[float] = []
    run_lines(python("import time; time.sleep(1.5)"), on_wait=lambda: beats.append(time.monotonic()))
    assert len(beats) >= 3
