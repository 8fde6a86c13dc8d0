"""What whole runs say of games that go on although something is wrong: on the command line, and at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from games.conftest import Games
from rl_studio_training.sample_watch import ENDLESS

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(300)]


def train(games: Games, scene: str, kind: str, *options: str) -> tuple[str, dict[str, Any]]:
    """What `rl-studio train` says, and its document."""
    words = ["train", "--project", str(games.project.root), "--scene", scene, "--json", "--no-check"]
    words += ["--set", f"game_args={json.dumps({'kind': kind, 'after': '0'})}", "--n-envs", "1", *options]
    done = subprocess.run(
        [sys.executable, "-m", "rl_studio", *words], capture_output=True, text=True, timeout=240, check=False
    )
    return done.stderr, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("trainer", ["sb3", pytest.param("rllib", marks=pytest.mark.matrix)])
def test_errors_of_scripts_and_missing_ends_are_warnings(games: Games, trainer: str) -> None:
    """A game in which no episode ends, and a script fails now and then."""
    scene = games.scene("endless_run", "faults/faults.gd", count=2)
    steps = str(2 * ENDLESS + 1200)
    said, run = train(games, scene, "endless", "--trainer", trainer, "--timesteps", steps)
    assert run["state"] == "finished", run["error"]
    warnings = {warning["message"]: warning["count"] for warning in run["warnings"]}
    (error,) = [message for message in warnings if "Error in a script of the game" in message]
    assert "res://faults/faults.gd:" in error and "in _over" in error and "'name'" in error
    assert warnings[error] >= 20, "each time is counted"
    (endless,) = [message for message in warnings if "No episode of shared_policy has ended" in message]
    assert said.count(f"Warning: {error}") == said.count(f"Warning: {endless}") == 1
    assert f"There were {warnings[error]} errors in the game's scripts: see the warnings." in run["message"]
