"""Ctrl+C and its kin on the command line: the run saves and ends, however they come, and no game is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_support import eventually, is_gone, make_service
from rl_studio.project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

PROGRAM = """
import sys
from backend_support import make_service
from rl_studio.cli import main, train
from rl_studio.runs import StopPatience
train.RunService = lambda project: make_service(project, patience=StopPatience(60, 60))
sys.exit(main(sys.argv[1:]))
"""
"""`rl-studio` that knows the fake trainer, and is in no hurry to kill a run that takes its time to save."""


@pytest.fixture
def train(project: Project) -> Iterator[Train]:
    trainings = Train(project)
    yield trainings
    trainings.end()


class Train:
    """`rl-studio train` in a process of its own."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._processes: list[subprocess.Popen[str]] = []

    def __call__(self, *steps: str, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Starts one, and waits until its trainer has come as far as `touch up`."""
        text = json.dumps("\n".join([*steps, "touch up", "forever"]))
        words = ["train", "--project", str(self.project.root), "--trainer", "fake", "--set", f"steps={text}"]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words, "--no-check", *options],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._processes.append(process)
        eventually(lambda: list(self.project.runs_dir.glob("*/up")) or (process.poll() or 0) > 0)
        assert not process.poll()
        return process

    def run_folder(self) -> Path:
        [found] = self.project.runs_dir.glob("*/up")
        return found.parent

    def trainer(self) -> int:
        """The pid of the trainer."""
        return int(json.loads((self.run_folder() / "run.json").read_text(encoding="utf-8"))["pid"])

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        with make_service(self.project) as service:
            for run_id in service.ids():
                service.kill(run_id)
                service.wait(run_id, timeout=20)


def press(process: subprocess.Popen[str], *numbers: signal.Signals, gap_s: float = 0.0) -> None:
    for number in numbers:
        process.send_signal(number)
        time.sleep(gap_s)


ONE = [(signal.SIGINT,), (signal.SIGTERM,)]
TWO = [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)]


@pytest.mark.parametrize(
    ("signals", "gap_s"),
    [(one, 0.0) for one in ONE] + [(two, gap) for two in TWO for gap in (0.0, 0.01, 0.3)],
)
def test_one_or_two_stop_the_run(train: Train, signals: tuple[signal.Signals, ...], gap_s: float) -> None:
    process = train("metric 3")
    press(process, *signals, gap_s=gap_s)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Stopping: the run saves a checkpoint." in said
    assert json.loads((train.run_folder() / "run.json").read_text())["reason"] == "interrupted"
    assert is_gone(train.trainer())


def test_a_closed_terminal_stops_the_run(train: Train) -> None:
    process = train("metric 1")
    press(process, signal.SIGHUP)
    process.communicate(timeout=30)
    assert json.loads((train.run_folder() / "run.json").read_text())["reason"] == "interrupted"


def test_a_third_one_kills_the_run_with_all_that_it_started(train: Train) -> None:
    process = train("ignore SIGINT", "ignore SIGTERM", "grandchild")
    game = int((train.run_folder() / "grandchild.pid").read_text())
    press(process, signal.SIGINT, signal.SIGINT, gap_s=0.5)
    assert process.poll() is None and not is_gone(train.trainer()), "it waits for the checkpoint"
    press(process, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "killed with its games" in said
    assert is_gone(train.trainer())
    eventually(lambda: is_gone(game))
    meta = json.loads((train.run_folder() / "run.json").read_text())
    assert (meta["state"], meta["reason"]) == ("stopped", "killed")


def test_a_second_stop_does_not_interrupt_a_trainer_that_saves(train: Train) -> None:
    """Our trainers take a second SIGINT as a kill."""
    train("metric 1", options=("--detach",))
    with make_service(train.project) as service:
        run_id = train.run_folder().name
        os.kill(train.trainer(), signal.SIGSTOP)
        service.stop(run_id)
        service.stop(run_id)
        os.kill(train.trainer(), signal.SIGCONT)
        info = service.wait(run_id, timeout=20)
    assert (info.state, info.reason) == ("stopped", "interrupted")


def test_help_tells_what_signals_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rl_studio", "train", "--help"], capture_output=True, text=True, check=True
    )
    text = " ".join(done.stdout.split())
    assert "SIGTERM" in text and "A third kills it" in text
