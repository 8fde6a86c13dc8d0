"""The RLlib training script as a process, on fake games."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from training.test_training_script import Trainer

SCRIPT = Path(__file__).resolve().parents[2] / "training_scripts" / "rllib_training_script.py"

SMALL = {
    "train_batch_size": 40,
    "minibatch_size": 20,
    "n_epochs": 1,
    "hidden_layers": [8],
    "total_timesteps": 10**9,
}
"""What makes iterations short."""


def start_trainer(
    project: Path, folder: Path, build: Path, *arguments: str, run: str = "run", **config: Any
) -> Trainer:
    """Starts the script on a fake game.

    Args:
        project: the folder of a Godot project.
        folder: gets the run's folder, the log and the configuration.
        build: of the fake game.
        run: names the run's folder and its log.
        config: values over `SMALL`; `game_args` are options of the fake game.
    """
    values = {**SMALL, **config, "game_args": {"wire": "binary", **config.get("game_args", {})}}
    config_file, log = folder / f"{run}.json", folder / f"{run}.log"
    config_file.write_text(json.dumps(values))
    argv = ["--project", str(project), "--run-dir", str(folder / run), "--config", str(config_file)]
    argv += ["--game", str(build), *arguments]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *argv],
            env={**os.environ, "CONTROLLER_METRICS": "1"},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    return Trainer(process, folder / run, log, build.parent)


def leftovers(trainer: Trainer) -> Callable[[], list[str]]:
    """What says which processes that the trainer has now still live, and which folders it has not removed."""
    children = psutil.Process(trainer.process.pid).children(recursive=True)
    command = " ".join(word for child in children for word in _command(child))
    folders = [path for path in Path(tempfile.gettempdir()).glob("rls-*") if path.name in command]
    assert any("raylet" in child.name() for child in children)
    assert folders

    def left() -> list[str]:
        names = [name for child in children if (name := name_if_alive(child))]
        return names + [str(path) for path in folders if path.exists()]

    return left


def _command(process: psutil.Process) -> list[str]:
    """Nothing for one that has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


def name_if_alive(process: psutil.Process) -> str:
    """The name of a process; "" when it has ended, reaped or not."""
    try:
        alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return process.name() if alive else ""
    except psutil.NoSuchProcess:  # gone in this moment
        return ""


def description(trainer: Trainer) -> dict[str, Any]:
    """checkpoint.json of the newest checkpoint."""
    newest = sorted((trainer.run / "checkpoints").glob("step_*"))[-1]
    return dict(json.loads((newest / "checkpoint.json").read_text()))
