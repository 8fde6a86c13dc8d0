from __future__ import annotations

from pathlib import Path

import pytest

from rl_studio.godot import GodotBinary
from rl_studio.godot.version import parse_version
from rl_studio.project import Project
from rl_studio_training.errors import SceneError
from rl_studio_training.launch import GameSettings, find_scene, game_argv


@pytest.fixture
def godot() -> GodotBinary:
    version = parse_version("4.6.3.stable.official.abcdef")
    assert version is not None
    return GodotBinary(Path("/opt/my godot"), version, "option")


def test_a_project_runs_headless_at_a_fixed_step(project: Project, godot: GodotBinary) -> None:
    settings = GameSettings(project=project, godot=godot, scene="res://a b.tscn", action_repeat=4)
    assert game_argv(settings, 4711, 3) == [
        str(godot.path),
        "--headless",
        "--fixed-fps",
        "60",
        "--path",
        str(project.root),
        "res://a b.tscn",
        "--port=4711",
        "--env_seed=3",
        "--action_repeat=4",
        "--rl_studio_fixed_fps=60",
    ]


def test_the_physics_rate_is_the_projects_own(project: Project, godot: GodotBinary) -> None:
    file = project.root / "project.godot"
    file.write_text(file.read_text() + "\n[physics]\n\ncommon/physics_ticks_per_second=120\n")
    argv = game_argv(GameSettings(project=Project.open(project.root), godot=godot), 1, 0)
    assert argv[argv.index("--fixed-fps") + 1] == "120"
    assert "--rl_studio_fixed_fps=120" in argv


def test_a_game_of_ours_keeps_to_a_speedup_itself(project: Project, godot: GodotBinary) -> None:
    argv = game_argv(GameSettings(project=project, godot=godot, speedup=2.5), 1, 0)
    assert "--speedup=2.5" in argv
    assert argv[argv.index("--fixed-fps") + 1] == "60", "its time does not depend on the clock"


@pytest.mark.parametrize(("action_repeat", "speedup"), [(4, 4), (None, 8)])
def test_a_stock_game_decides_once_a_frame(
    project: Project, godot: GodotBinary, action_repeat: int | None, speedup: int
) -> None:
    (project.root / "addons" / "godot_rl_agents").mkdir(parents=True)
    file = project.root / "project.godot"
    file.write_text(file.read_text() + "\n[physics]\n\ncommon/physics_ticks_per_second=120\n")
    settings = GameSettings(project=Project.open(project.root), godot=godot, action_repeat=action_repeat)
    argv = game_argv(settings, 1, 0)
    assert f"--speedup={speedup}" in argv
    assert argv[argv.index("--fixed-fps") + 1] == "60", "the stock plugin knows no other rate"


def test_a_stock_game_keeps_the_speedup_it_is_given(project: Project, godot: GodotBinary) -> None:
    (project.root / "addons" / "godot_rl_agents").mkdir(parents=True)
    argv = game_argv(GameSettings(project=project, godot=godot, speedup=1.5), 1, 0)
    assert "--speedup=1.5" in argv
    assert "--fixed-fps" not in argv


def test_a_project_with_both_plugins_keeps_its_rate(project: Project, godot: GodotBinary) -> None:
    (project.root / "addons" / "godot_rl_agents").mkdir(parents=True)
    (project.root / "addons" / "rl_studio").mkdir()
    (project.root / "addons" / "rl_studio" / "plugin.cfg").touch()
    file = project.root / "project.godot"
    file.write_text(file.read_text() + "\n[physics]\n\ncommon/physics_ticks_per_second=120\n")
    argv = game_argv(GameSettings(project=Project.open(project.root), godot=godot), 1, 0)
    assert argv[argv.index("--fixed-fps") + 1] == "120"
    assert "--speedup=8" in argv


def test_a_window_is_silent_and_does_not_wait_for_the_screen(project: Project, godot: GodotBinary) -> None:
    argv = game_argv(GameSettings(project=project, godot=godot, show_window=True), 1, 0)
    assert argv[1:4] == ["--audio-driver", "Dummy", "--disable-vsync"]
    assert "--headless" not in argv


def test_a_window_at_a_given_speed_does_not_wait_for_the_screen_either(
    project: Project, godot: GodotBinary
) -> None:
    argv = game_argv(GameSettings(project=project, godot=godot, show_window=True, speedup=1.0), 1, 0)
    assert argv[1:4] == ["--audio-driver", "Dummy", "--disable-vsync"]


def test_a_build_runs_by_itself() -> None:
    settings = GameSettings(build=Path("/games/My Game.v2"), show_window=True, extra={"level": "a=b"})
    argv = game_argv(settings, 1, 0)
    assert argv[:6] == [
        "/games/My Game.v2",
        "--audio-driver",
        "Dummy",
        "--disable-vsync",
        "--fixed-fps",
        "60",
    ]
    assert argv[-1] == "--level=a=b"


def test_the_scene_defaults_to_the_training_scene(project: Project) -> None:
    (project.root / "main.tscn").touch()
    assert find_scene(project, "") == "res://main.tscn"


def test_a_missing_scene_is_named_with_the_nearest_one(project: Project) -> None:
    (project.root / "main.tscn").touch()
    with pytest.raises(SceneError, match=r"no scene res://mian\.tscn") as caught:
        find_scene(project, "res://mian.tscn")
    assert caught.value.hint == "Did you mean res://main.tscn?"


def test_no_scene_at_all_is_an_error(project: Project) -> None:
    (project.root / "project.godot").write_text("config_version=5\n")
    with pytest.raises(SceneError, match="no main scene"):
        find_scene(Project.open(project.root), "")
