"""A game whose agents are born and freed at random is learned as well as the same game with a fixed crew."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from games.conftest import Games

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(400)]

STEPS = 12_000
ONE = 'PackedStringArray("seeker")'
TWO = 'PackedStringArray("seeker", "runner")'


def studio(games: Games, verb: str, *words: str) -> Any:
    """The JSON document of `rl-studio`, run as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "rl_studio", verb, *words, "--project", str(games.project.root), "--json"],
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def scenes(games: Games, kinds: str, name: str) -> tuple[str, str]:
    """The scene in which agents come and go, and its twin with a fixed crew."""
    options = {"count": 0, "kinds": kinds}
    spawning = games.scene(f"{name}_spawning", "crew/kinds.gd", "crew/spawner.gd", **options)
    fixed = games.scene(f"{name}_fixed", "crew/kinds.gd", "crew/spawner.gd", is_fixed="true", **options)
    return spawning, fixed


def trained(games: Games, scene: str, *words: str, steps: int = STEPS) -> dict[str, Any]:
    run = studio(games, "train", "--scene", scene, "--timesteps", str(steps), *words)
    assert run["state"] == "finished"
    return dict(run)


def played(games: Games, run: dict[str, Any], policy: str, scene: str) -> dict[str, Any]:
    """How the exported policy does in the game."""
    target = f"res://policies/{run['id']}_{policy}.onnx"
    studio(games, "export", run["id"], "--policy", policy, "--to", target)
    report = studio(games, "evaluate", "--scene", scene, "--policy", f"{policy}={target}", "--episodes", "60")
    return dict(report["policies"][policy])


@pytest.mark.parametrize(
    "algorithm",
    [
        "ppo",
        pytest.param("sac", marks=pytest.mark.matrix),
        pytest.param("recurrent_ppo", marks=pytest.mark.matrix),
    ],
)
def test_one_policy(games: Games, algorithm: str) -> None:
    spawning, fixed = scenes(games, ONE, algorithm)
    run = trained(games, spawning, "--set", f"algorithm={algorithm}")
    twin = trained(games, fixed, "--set", f"algorithm={algorithm}")
    ours, theirs = (played(games, each, "seeker", fixed) for each in (run, twin))
    assert ours["reward_mean"] == pytest.approx(theirs["reward_mean"], abs=0.08)
    assert ours["success_rate"] >= theirs["success_rate"] - 0.2
    among_others = played(games, run, "seeker", spawning)
    assert among_others["reward_mean"] == pytest.approx(ours["reward_mean"], abs=0.1)


@pytest.mark.matrix
def test_two_policies(games: Games) -> None:
    spawning, fixed = scenes(games, TWO, "two")
    run = trained(games, spawning, "--trainer", "rllib", steps=4 * STEPS)
    twin = trained(games, fixed, "--trainer", "rllib", steps=4 * STEPS)
    for policy in ("seeker", "runner"):
        ours, theirs = (played(games, each, policy, fixed) for each in (run, twin))
        assert ours["reward_mean"] == pytest.approx(theirs["reward_mean"], abs=0.15)
        assert ours["success_rate"] >= theirs["success_rate"] - 0.2
