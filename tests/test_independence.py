"""Stable-Baselines3 works where Ray is not installed, and RLlib where Stable-Baselines3 is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from godot_project import REPOSITORY
from rl_studio.project import Project

WITHOUT = Path(__file__).with_name("without")
FAKE_GAME = Path(__file__).with_name("training") / "fake_game.py"
SCRIPTS = REPOSITORY / "training_scripts"

RAY = "ray"
SB3 = "stable_baselines3,sb3_contrib"

Run = Callable[..., subprocess.CompletedProcess[str]]

_TRAINERS = """
import json
from rl_studio.trainers import TrainerRegistry
from rl_studio.transport.describe import describe_trainer
found = [describe_trainer(trainer) for trainer in TrainerRegistry().all()]
print(json.dumps({item.name: [item.available, item.problem, len(item.fields)] for item in found}))
"""


@pytest.fixture
def run() -> Run:
    """Runs Python without some packages; its output is text."""

    def start(without: str, *arguments: str, timeout: float = 100.0) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [str(WITHOUT), os.environ.get("PYTHONPATH", "")]))
        env = {**os.environ, "PYTHONPATH": path, "WITHOUT_PACKAGES": without, "CONTROLLER_METRICS": "1"}
        argv = [sys.executable, *arguments]
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=timeout, check=False)

    return start


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """An "exported game" that starts the fake one."""
    path = tmp_path / "build" / "game.x86_64"
    path.parent.mkdir()
    path.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nsys.argv.insert(1, 'continuous')\n"
        f"sys.path.insert(0, {str(FAKE_GAME.parent)!r})\nrunpy.run_path({str(FAKE_GAME)!r}, run_name='__main__')\n"
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("without", "module"), [(RAY, "ray.rllib"), (SB3, "sb3_contrib")])
def test_the_packages_are_really_gone(run: Run, without: str, module: str) -> None:
    done = run(without, "-c", f"import {module}")
    assert "ModuleNotFoundError" in done.stderr
    done = run(without, "-c", "import importlib.metadata as m; m.version('numpy'); m.version('ray')")
    assert ("PackageNotFoundError" in done.stderr) == (without == RAY)


@pytest.mark.parametrize(
    ("without", "here", "gone"),
    [
        (RAY, "Training with Stable-Baselines3", "Training with RLlib"),
        (SB3, "Training with RLlib", "Training with Stable-Baselines3"),
    ],
)
def test_the_doctor_is_content_with_one_of_them(run: Run, without: str, here: str, gone: str) -> None:
    done = run(without, "-m", "rl_studio", "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout.splitlines()[-1])["checks"]}
    assert checks[here]["status"] == "ok"
    assert checks[gone]["status"] == "warning"
    assert "pip install" in checks[gone]["fix"]


def test_the_doctor_wants_one_of_them(run: Run) -> None:
    done = run(f"{RAY},{SB3}", "-m", "rl_studio", "doctor", "--json")
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout.splitlines()[-1])["checks"]}
    assert checks["Training with Stable-Baselines3"]["status"] == "missing"


@pytest.mark.parametrize(
    ("without", "here", "gone", "missing"),
    [(RAY, "sb3", "rllib", "ray is not installed"), (SB3, "rllib", "sb3", "stable-baselines3, sb3-contrib")],
)
def test_both_trainers_are_listed_with_their_forms(
    run: Run, without: str, here: str, gone: str, missing: str
) -> None:
    done = run(without, "-c", _TRAINERS)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found[here][:2] == [True, None]
    assert found[gone][0] is False
    assert missing in found[gone][1]
    assert found[here][2] > 20 and found[gone][2] > 20


@pytest.mark.training
@pytest.mark.parametrize(
    ("without", "script", "values"),
    [
        (RAY, "stable_baselines3_training_script.py", {"n_steps": 8, "batch_size": 16}),
        (SB3, "rllib_training_script.py", {"train_batch_size": 32, "minibatch_size": 16, "num_cpus": 2}),
    ],
)
def test_each_trains_without_the_other(
    run: Run, project: Project, build: Path, tmp_path: Path, without: str, script: str, values: dict[str, Any]
) -> None:
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps({"n_epochs": 1, "total_timesteps": 64, "game_args": {"wire": "binary"}, **values})
    )
    done = run(
        without,
        *(str(SCRIPTS / script), "--project", str(project.root), "--run-dir", str(tmp_path / "run")),
        *("--config", str(config), "--game", str(build)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line[7:]) for line in done.stdout.splitlines() if line.startswith("@EVENT ")]
    assert (events[-1]["kind"], events[-1]["reason"]) == ("finished", "timesteps")
    assert any((tmp_path / "run" / "checkpoints").iterdir())
