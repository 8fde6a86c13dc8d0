"""Training whose disk gets full: it goes on, says so, and nothing that was whole is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from disks import fill, small_disk
from rl_studio.project import Project
from rl_studio.runs.folder import RunFolder
from rl_studio_training.reporter import Reporter
from rl_studio_training.tensorboard import TensorBoardEvents
from training.conftest import MakeBuild, wait_until
from training.test_training_script import SCRIPT, Trainer

pytestmark = [pytest.mark.training, pytest.mark.timeout(240)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Where the run is."""
    with small_disk(tmp_path / "run", "6m") as folder:
        yield folder


@pytest.fixture
def trainer(project: Project, tmp_path: Path, disk: Path, make_build: MakeBuild) -> Iterator[Trainer]:
    """The script at work, with its log in the run's folder, as the backend starts it."""
    build = make_build("continuous")
    values: dict[str, Any] = {"n_steps": 64, "batch_size": 64, "n_epochs": 1, "hidden_layers": [128, 128]}
    values |= {"total_timesteps": 10**9, "checkpoint_frequency": 256, "keep_checkpoints": 2}
    (disk / "config.json").write_text(json.dumps({**values, "game_args": {"wire": "binary"}}))
    argv = ["--project", str(project.root), "--run-dir", str(disk), "--config", str(disk / "config.json")]
    log = disk / "output.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *argv, "--game", str(build)],
            env={**os.environ, "CONTROLLER_METRICS": "1", "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    yield Trainer(process, disk, log, build.parent)
    process.kill()
    process.wait(20)


def checkpoints(trainer: Trainer) -> list[Path]:
    """The complete ones; fails if one lacks something."""
    found = sorted(trainer.run.glob("checkpoints/step_*"))
    assert all((path / "model.zip").is_file() and (path / "checkpoint.json").is_file() for path in found)
    return found


def test_training_goes_on_without_room_and_loses_no_line(trainer: Trainer) -> None:
    trainer.wait_for_events("checkpoint", 2)
    filler = fill(trainer.run)
    whole = len(trainer.metrics)
    computed = cpu_seconds(trainer)
    wait_until(lambda: cpu_seconds(trainer) > computed + 3.0, 60)  # its lines wait, and do not tell
    assert len(trainer.metrics) <= whole + 2
    filler.unlink()
    trainer.wait_for_metrics(whole + 20)
    numbers = [row["training_iteration"] for row in trainer.metrics]
    assert numbers == list(range(1, len(numbers) + 1))
    warnings = [event["message"] for event in trainer.events("warning")]
    assert len([text for text in warnings if "could not be saved: The disk is full" in text]) == 1, warnings
    saved = len(trainer.events("checkpoint"))
    trainer.wait_for_events("checkpoint", saved + 1)
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end(60) == 0, trainer.log.read_text()
    assert trainer.events("finished")[0]["reason"] == "interrupted"
    assert not (trainer.run / ".reserve").exists()
    assert not list(trainer.run.glob("checkpoints/.*"))


def cpu_seconds(trainer: Trainer) -> float:
    """How long the script has computed; fails if it has ended."""
    assert trainer.process.poll() is None, trainer.log.read_text()
    times = psutil.Process(trainer.process.pid).cpu_times()
    return float(times.user + times.system)


def test_a_run_that_is_stopped_without_room_says_why_it_is_not_saved(trainer: Trainer) -> None:
    trainer.wait_for_events("checkpoint", 1)
    fill(trainer.run)
    before = checkpoints(trainer)
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end(60) == 1
    (error,) = trainer.events("error")
    assert error["code"] == "disk_full"
    assert f"the latest that was saved is {before[-1]}" in error["message"]
    assert "0 bytes free" in error["message"]
    assert "Make room" in error["hint"]
    assert checkpoints(trainer) == before
    assert "Traceback" not in trainer.log.read_text()
    meta = RunFolder(trainer.run).read_meta()
    assert meta is not None
    assert meta.state == "failed", "the reserve has room for that too"


def test_events_for_tensorboard_pause_and_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rl_studio_training.tensorboard._RETRY_S", 0.0)
    said: list[str] = []
    reporter = Reporter(enabled=False)
    monkeypatch.setattr(reporter, "warning", said.append)
    with small_disk(tmp_path / "disk", "1m") as folder:
        events = TensorBoardEvents(folder / "tensorboard", reporter)
        events.write({"a": 1.0}, {"a": ()}, 1)
        filler = fill(folder)
        for step in range(2, 50):
            events.write({"a": 2.0}, {"a": ()}, step)
        assert len(said) == 1
        assert "TensorBoard events are not written for now. The disk is full" in said[0]
        filler.unlink()
        events.write({"a": 3.0}, {"a": ()}, 50)
        events.close()
        assert values(folder / "tensorboard") == [(1, 1.0), (50, 3.0)]


def values(folder: Path) -> list[tuple[int, float]]:
    """All values of "a" that TensorBoard finds in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = []
    for path in sorted(folder.iterdir()):
        accumulator = EventAccumulator(str(path))
        accumulator.Reload()
        if "a" in accumulator.Tags()["scalars"]:
            found += [(event.step, event.value) for event in accumulator.Scalars("a")]
    return found
