"""New agent scripts: made in the real editor, and each template trains as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from godot_project import ADDON, import_project, make_project
from raw_game import RawGame
from rl_studio.cli import main
from rl_studio.evaluate import evaluate
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from test_editor import drive

pytestmark = [pytest.mark.godot, pytest.mark.timeout(300)]

TEMPLATES = ADDON / "agents" / "templates" / "RLAgent"
SYNC = "res://addons/rl_studio/runtime/rl_sync.gd"
AGENT = "res://addons/rl_studio/runtime/rl_agent.gd"


def scene(script: str, *policies: str) -> str:
    """A scene with an agent for each policy name."""
    nodes = "".join(
        f'[node name="Agent{index}" type="Node" parent="."]\nscript = ExtResource("1")\npolicy_name = "{name}"\n'
        "max_episode_steps = 50\n\n"
        for index, name in enumerate(policies)
    )
    return (
        f'[gd_scene load_steps=3 format=3]\n\n[ext_resource type="Script" path="{script}" id="1"]\n'
        f'[ext_resource type="Script" path="{SYNC}" id="2"]\n\n[node name="Main" type="Node"]\n\n{nodes}'
        '[node name="RLSync" type="Node" parent="."]\nscript = ExtResource("2")\n'
    )


def template(name: str) -> str:
    return (TEMPLATES / f"{name}.gd").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A game for each template, as the addon writes them."""
    files = {
        "continuous.gd": template("continuous_actions"),
        "discrete.gd": template("discrete_actions"),
        "several.gd": template("several_policies"),
        "continuous.tscn": scene("res://continuous.gd", "dot", "dot"),
        "discrete.tscn": scene("res://discrete.gd", "walker", "walker"),
        "several.tscn": scene("res://several.gd", "hunter", "prey"),
    }
    settings = '[editor_plugins]\n\nenabled=PackedStringArray("res://addons/rl_studio/plugin.cfg")\n'
    project = make_project(tmp_path_factory.mktemp("templates") / "game", files, settings=settings)
    import_project(godot, project)
    return project


def train(project: Project, name: str, *settings: str, trainer: str = "sb3", timesteps: int = 600) -> str:
    argv = [sys.executable, "-m", "rl_studio", "train", "--project", str(project.root), "--trainer", trainer]
    argv += ["--scene", f"res://{name}.tscn", "--timesteps", str(timesteps), "--n-envs", "1"]
    argv += [word for setting in settings for word in ("--set", setting)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.training
@pytest.mark.parametrize(
    ("name", "settings"),
    [("continuous", ["algorithm=ppo"]), ("discrete", ["algorithm=maskable_ppo"])],
)
def test_a_template_trains_as_it_is(project: Project, name: str, settings: list[str]) -> None:
    said = train(project, name, *settings, "n_steps=64", "batch_size=64")
    assert "finished after" in said
    assert "Warning" not in said, said


@pytest.mark.training
@pytest.mark.matrix
@pytest.mark.parametrize("name", ["continuous", "discrete"])
def test_a_template_learns_and_its_policy_plays(godot: GodotBinary, project: Project, name: str) -> None:
    """What was trained with the defaults wins, also with the best actions in place of drawn ones."""
    train(project, name, timesteps=20_000)
    policy = f"res://policies/{name}.onnx"
    assert main(["export", "--project", str(project.root), "--to", policy]) == 0
    outcome = evaluate(project, godot, policy=policy, episodes=100, scene=f"res://{name}.tscn")
    assert outcome.success_rate is not None
    assert outcome.success_rate > 0.95
    chance = evaluate(project, godot, policy="random", episodes=100, scene=f"res://{name}.tscn")
    assert chance.success_rate is not None
    assert chance.success_rate < 0.8


@pytest.mark.training
@pytest.mark.matrix
def test_the_template_of_several_policies_trains(project: Project) -> None:
    said = train(project, "several", trainer="rllib", timesteps=4000)
    assert "finished after" in said
    assert "came after end_episode" not in said


def test_the_template_of_several_policies_has_sides_that_differ(godot: GodotBinary, project: Project) -> None:
    with RawGame(godot, project, "res://several.tscn") as game:
        info = game.env_info()
        assert info["agent_policy_names"] == ["hunter", "prey"]
        assert [list(space) for space in info["action_space"]] == [["run"], ["dodge"]]
        game.reset()
        for _ in range(60):  # the hunter runs to where the prey stands still
            answer = game.act({"run": [1.0]}, {"dodge": 1})
            assert len(answer["reward"]) == 2
        game.send({"type": "close"})
        assert game.exit_code() == 0


def test_scripts_are_made_in_the_editor(godot: GodotBinary, tmp_path: Path) -> None:
    yard = (
        f'[gd_scene load_steps=2 format=3]\n\n[ext_resource type="Script" path="{AGENT}" id="1"]\n\n'
        '[node name="Yard" type="Node2D"]\n\n[node name="Fox" type="Node2D" parent="."]\n\n'
        '[node name="Hen" type="Node2D" parent="."]\n\n[node name="Agent" type="Node" parent="Hen"]\n'
        'script = ExtResource("1")\npolicy_name = "hens"\n'
    )
    settings = '[editor_plugins]\n\nenabled=PackedStringArray("res://addons/rl_studio/plugin.cfg")\n'
    project = make_project(tmp_path / "yard", {"yard.tscn": yard}, settings=settings)
    import_project(godot, project)
    drive(godot, project, "drive_agents.gd")
