"""Real games that fail in the ways games fail: what their trainer says, and how soon."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from godot_project import import_project, make_project
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio_training import stall_watch
from rl_studio_training.crew import launcher
from rl_studio_training.errors import GameCrashedError, GameError, GameFault, GameTimeoutError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.launch import GameSettings
from training.fleet_steps import step

pytestmark = [
    pytest.mark.godot,
    pytest.mark.skipif(sys.platform != "linux", reason="crash reports and dialogs are those of Linux"),
]

AGENT = """extends RLAgent

var _decisions: int = 0
var _act: String = ""


func _ready() -> void:
	for argument: String in OS.get_cmdline_args():
		if argument.begins_with("--act="):
			_act = argument.substr(6)


func _get_observation() -> Variant:
	return PackedFloat32Array([_decisions])


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 1}}


func _apply_action(_action: Dictionary) -> void:
	_decisions += 1
	if _decisions != 3:
		return
	match _act:
		"loop":
			search()
		"alert":
			OS.alert("You have won", "Well done")
		"quit":
			get_tree().quit()
		"crash":
			OS.crash("on purpose")
		"null":
			add_reward(float(_nothing().get_index()))


func search() -> void:
	while true:
		_decisions += 1


func _nothing() -> Node:
	return null
"""

CAMERA = """extends RLAgent

var _port: SubViewport


func _ready() -> void:
	_port = SubViewport.new()
	_port.size = Vector2i(8, 8)
	_port.render_target_update_mode = SubViewport.UPDATE_ALWAYS
	var red: ColorRect = ColorRect.new()
	red.color = Color.RED
	red.size = Vector2(8, 4)
	_port.add_child(red)
	add_child(_port)


func _get_observation() -> Variant:
	return {"eye_2d": _port.get_texture().get_image()}


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 1}}
"""

TYPO = AGENT.replace(
    "func search", 'func _begin_episode() -> void:\n\tlgo_metric(&"won", 1.0)\n\n\nfunc search'
)

SCENE = """[gd_scene format=3]

[ext_resource type="Script" path="res://addons/rl_studio/runtime/rl_sync.gd" id="1"]
[ext_resource type="Script" path="res://{script}.gd" id="2"]

[node name="Main" type="Node"]

[node name="RLSync" type="Node" parent="."]
script = ExtResource("1")

[node name="A" type="Node" parent="."]
script = ExtResource("2")
"""

Play = Callable[..., list[FleetBatch]]


@pytest.fixture(scope="module")
def game(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    scripts = {"agent": AGENT, "camera": CAMERA}
    files = {f"{name}.gd": text for name, text in scripts.items()}
    files |= {f"{name}.tscn": SCENE.format(script=name) for name in (*scripts, "typo")}
    project = make_project(tmp_path_factory.mktemp("failures") / "game", files)
    import_project(godot, project)
    (project.root / "typo.gd").write_text(TYPO)  # as if it were edited after the last import
    return project


@pytest.fixture
def said() -> list[str]:
    """The statuses."""
    return []


@pytest.fixture
def play(game: Project, godot: GodotBinary, tmp_path: Path, said: list[str]) -> Iterator[Play]:
    """Plays some steps of a scene; what the agent does in its third decision is an argument."""
    fleets: list[GameFleet] = []

    def make(act: str = "", scene: str = "agent", steps: int = 8, **options: Any) -> list[FleetBatch]:
        settings = GameSettings(
            project=game,
            godot=godot,
            scene=f"res://{scene}.tscn",
            extra={"act": act},
            action_repeat=1,
            **options,
        )
        fleet = GameFleet(launcher(settings, tmp_path), 1, seed=0, on_status=said.append)
        fleets.append(fleet)
        fleet.reset()
        return [step(fleet)[0] for _ in range(steps)]

    yield make
    for fleet in fleets:
        fleet.close()


def test_a_parse_error_is_told_with_file_and_line(play: Play) -> None:
    line = TYPO.splitlines().index('\tlgo_metric(&"won", 1.0)') + 1
    with pytest.raises(GameError) as caught:
        play(scene="typo", startup_timeout_s=20.0)
    assert caught.value.message.startswith(
        f'res://typo.gd:{line}: Parse Error: Function "lgo_metric()" not found'
    )
    assert caught.value.hint is not None
    assert "game-0.log" in caught.value.hint


def test_a_loop_without_end_is_named_with_its_line(
    play: Play, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall_watch, "TELL_AFTER_S", 1.0)
    with pytest.raises(GameTimeoutError, match="second time") as caught:
        play("loop", step_timeout_s=2.5)
    assert any(
        re.match(r"Game 0 has not answered for \d s: a script runs without end", text) for text in said
    )
    message = caught.value.message
    assert "a script runs without end" in message
    lines = [AGENT.splitlines().index(text) + 1 for text in ("\twhile true:", "\t\t_decisions += 1")]
    assert any(f"at res://agent.gd:{line}, in search" in message for line in lines), message


def test_an_alert_holds_nobody_up(play: Play, tmp_path: Path) -> None:
    assert not any(batch.ended.any() for batch in play("alert"))
    assert "OS.alert(): Well done: You have won" in (tmp_path / "game-0.log").read_text()


def test_a_game_that_quits_is_told_to_end_the_episode(play: Play, said: list[str]) -> None:
    with pytest.raises(GameCrashedError, match=r"^Game 0 ended itself \(get_tree\(\)\.quit\(\)\)") as caught:
        play("quit")
    assert "second time" in caught.value.message
    assert caught.value.hint is not None
    assert "end_episode()" in caught.value.hint
    assert len(said) == 1


def test_a_crash_of_the_engine_has_the_scripts_line(play: Play, said: list[str]) -> None:
    line = AGENT.splitlines().index('\t\t\tOS.crash("on purpose")') + 1
    with pytest.raises(GameCrashedError, match=r"^Game 0 crashed with SIG\w+, at ") as caught:
        play("crash")
    assert f"res://agent.gd:{line}, in _apply_action" in caught.value.message.partition("\n")[0]
    assert "after 2 steps" in said[0]


def test_an_error_of_a_script_that_the_game_lives_through_is_no_fault(play: Play) -> None:
    assert not any(batch.ended.any() for batch in play("null"))


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
def test_a_game_that_looks_through_a_camera_draws_by_itself(play: Play, said: list[str]) -> None:
    batch = play(scene="camera", steps=6)[-1]
    assert isinstance(batch.observations, dict)
    (picture,) = batch.observations["eye_2d"]
    assert picture.shape == (3, 8, 8)
    assert picture[:, 0, 0].tolist() == [255, 0, 0]
    assert picture[:, 7, 0].tolist() != [255, 0, 0]
    (sentence,) = said
    assert "Xvfb" in sentence


def test_without_a_screen_a_camera_is_a_fault_within_seconds(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(GameFault, match="neither a screen nor Xvfb") as caught:
        play(scene="camera")
    assert caught.value.hint is not None
    assert "show_window" in caught.value.hint
