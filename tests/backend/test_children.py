from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rl_studio import children
from rl_studio.children import ProcessTimeoutError, run_lines

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
