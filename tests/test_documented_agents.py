"""The scripts of the README and of docs/agents.md in a real Godot: they parse, and their agents play."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from doc_game import make_game
from doc_pages import blocks
from godot_project import import_project, run_godot
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio_training.crew import launcher
from rl_studio_training.launch import GameSettings
from rl_studio_training.policy_fleet import PolicyFleet

pytestmark = [pytest.mark.godot, pytest.mark.timeout(120)]

MOVE = {"move": {"action_type": "continuous", "size": 2}}
CHOICE = {"move": {"action_type": "discrete", "size": 5}}
SPACES: dict[str, tuple[dict[str, list[int]], dict[str, Any]]] = {
    "mouse_agent": ({"obs": [3]}, MOVE),
    "observations-0": ({"obs": [8]}, MOVE),
    "observations-1": ({"body": [2], "cheese": [2]}, MOVE),
    "sensors-0": ({"obs": [18]}, MOVE),
    "pictures-0": ({"map_2d": [1, 16, 16]}, MOVE),
    "actions-0": ({"obs": [3]}, CHOICE),
    "actions-1": ({"obs": [3]}, {**MOVE, "sprint": {"action_type": "discrete", "size": 2}}),
    "masks-0": ({"obs": [3]}, CHOICE),
    "rewards-0": ({"obs": [3]}, MOVE),
    "episodes-and-truncation-0": ({"obs": [3]}, MOVE),
    "memory-0": ({"obs": [8]}, MOVE),
}
"""By heading of the page and place below it: what the agent of the script sees and does."""


@pytest.fixture(scope="module")
def game(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_game(tmp_path_factory.mktemp("documented") / "game")
    import_project(godot, project)
    return project


def play(godot: GodotBinary, game: Project, scene: str, *arguments: str) -> list[str]:
    """What a scene prints; any error or warning of a script fails the test."""
    output = run_godot(godot, game, [f"res://{scene}.tscn", *arguments])
    assert "ERROR" not in output and "WARNING" not in output, output
    return output.splitlines()


def test_agents_see_and_do_what_the_page_says(godot: GodotBinary, game: Project) -> None:
    lines = play(godot, game, "rooms", "--rl_studio_probe")
    agents = [json.loads(line[7:]) for line in lines if line.startswith("@AGENT ")]
    assert {agent["policy"]: (agent["observations"], agent["actions"]) for agent in agents} == SPACES
    assert {agent["problem"] for agent in agents} == {""}


@pytest.mark.parametrize(
    ("scene", "policies"), [("rooms", set(SPACES)), ("hunt", {"cat", "mouse"}), ("car", {"car"})]
)
def test_they_play_episodes(godot: GodotBinary, game: Project, scene: str, policies: set[str]) -> None:
    arguments = ["--fixed-fps", "60", "--rl_studio_fixed_fps=60", "--rl_studio_policy=random", "--env_seed=1"]
    lines = play(godot, game, scene, *arguments, "--rl_studio_evaluate=3")
    episodes = [json.loads(line[9:]) for line in lines if line.startswith("@EPISODE ")]
    assert Counter(episode["policy"] for episode in episodes) == dict.fromkeys(policies, 3)
    if scene != "car":  # its driver gets no reward on the page
        assert all(episode["reward"] != 0.0 for episode in episodes)


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
def test_the_camera_is_seen(godot: GodotBinary, game: Project, tmp_path: Path) -> None:
    settings = GameSettings(project=game, godot=godot, scene="res://camera.tscn")
    fleet = PolicyFleet(launcher(settings, tmp_path), 1, seed=1)
    try:
        assert {str(key): part.shape for key, part in fleet.groups[0].observations.space.spaces.items()} == {
            "camera_2d": (3, 16, 24)
        }
        fleet.reset()
    finally:
        fleet.close()


def test_every_script_of_the_documentation_is_in_this_game() -> None:
    in_the_editor = {"docs/five-minutes.md"}  # test_five_minutes.py does what that page says
    assert {block.page for block in blocks("gdscript")} - in_the_editor == {"README.md", "docs/agents.md"}
