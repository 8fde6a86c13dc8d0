"""Games that have to draw: the switch to a screen that nobody sees, with fake games."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from pathlib import Path

import pytest

from rl_studio.godot import hidden_display
from rl_studio_training.crew import launcher
from rl_studio_training.drawing import Drawing, needs_drawing
from rl_studio_training.errors import GameCrashedError, GameError, GameFault
from rl_studio_training.fleet import GameFleet
from rl_studio_training.launch import GameSettings, game_argv, game_environment
from training.conftest import MakeBuild
from training.fleet_steps import step

needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")


@pytest.fixture
def settings(make_build: MakeBuild) -> GameSettings:
    """Games whose agents look at pictures."""
    return GameSettings(build=make_build("camera"), extra={"wire": "binary"}, startup_timeout_s=20.0)


@pytest.fixture
def no_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that can draw nowhere."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def arguments(build: Path) -> dict[str, list[str]]:
    """What the games were started with at last, by their seed."""
    return {
        path.stem.partition("-")[2]: json.loads(path.read_text()) for path in build.parent.glob("argv-*.json")
    }


@needs_xvfb
@linux
def test_all_games_start_again_and_draw(settings: GameSettings, tmp_path: Path) -> None:
    said: list[str] = []
    events: list[str] = []
    fleet = GameFleet(
        launcher(settings, tmp_path),
        2,
        seed=3,
        on_status=said.append,
        on_event=lambda kind, **_fields: events.append(kind),
    )
    try:
        fleet.reset()
        for batch in step(fleet):
            assert batch.rewards.tolist() == [1.0, 2.0]
        assert settings.build is not None
        told = arguments(settings.build)
        assert sorted(told) == ["3", "4"]
        for argv in told.values():
            assert "--headless" not in argv
            assert argv[argv.index("--rendering-driver") + 1] == "opengl3"
        (sentence,) = said
        assert "look at pictures" in sentence
        assert "Xvfb" in sentence
        assert events == [], "no game has died"
        assert settings.draws_unseen, "the next games of the run draw at once"
    finally:
        fleet.close()


@needs_xvfb
@linux
def test_a_picture_may_be_wanted_in_the_middle_of_training(make_build: MakeBuild, tmp_path: Path) -> None:
    events: list[str] = []
    extra = {"wire": "binary", "misbehave_at": "2"}
    settings = GameSettings(build=make_build("camera_later"), extra=extra, startup_timeout_s=20.0)
    fleet = GameFleet(
        launcher(settings, tmp_path),
        1,
        seed=0,
        on_event=lambda kind, **_fields: events.append(kind),
        max_restarts=0,
    )
    try:
        fleet.reset()
        assert not step(fleet)[0].ended.any()
        assert step(fleet)[0].truncated.all()
        for _ in range(3):
            assert not step(fleet)[0].ended.any()
        assert events == []
    finally:
        fleet.close()


@needs_xvfb
@linux
def test_a_game_that_dies_with_its_screen_is_not_at_fault(make_build: MakeBuild, tmp_path: Path) -> None:
    said: list[str] = []
    extra = {"wire": "binary", "misbehave_at": "1"}
    settings = GameSettings(build=make_build("crash"), extra=extra, startup_timeout_s=20.0)
    settings.drawing.is_on = True
    fleet = GameFleet(
        launcher(settings, tmp_path),
        1,
        seed=0,
        on_status=said.append,
        clock=iter(range(0, 10**6, 100)).__next__,
    )
    try:
        fleet.reset()
        for _ in range(2):
            screen = hidden_display()
            screen.close()
            assert step(fleet)[0].truncated.all()
            assert "The X server that it drew on (Xvfb) has ended" in said[-1]
            assert hidden_display() is not screen
        step(fleet)
        with pytest.raises(GameCrashedError, match="second time"):
            step(fleet)
    finally:
        fleet.close()


@linux
def test_where_nothing_can_be_drawn_the_run_ends_and_says_what_to_do(
    settings: GameSettings, tmp_path: Path, no_screen: None
) -> None:
    said: list[str] = []
    with pytest.raises(
        GameFault, match=r"Game 0: eye_2d cannot be read\. .*neither a screen nor Xvfb"
    ) as caught:
        GameFleet(launcher(settings, tmp_path), 2, seed=0, on_status=said.append)
    assert caught.value.code == "needs_drawing"
    assert caught.value.hint is not None
    assert "xvfb" in caught.value.hint
    assert "show_window" in caught.value.hint
    assert said == []
    assert not settings.draws_unseen


@linux
def test_a_screen_does_where_there_is_no_xvfb(
    settings: GameSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DISPLAY", ":7")
    assert "windows outside of the screen" in settings.drawing.turn_on(GameError("no picture"))
    argv = game_argv(settings, 1, 0)
    assert "--headless" not in argv
    assert "--windowed" in argv
    assert "--rl_studio_unseen=1" in argv
    assert "--disable-vsync" in argv
    assert game_environment(settings)["DISPLAY"] == ":7"


@needs_xvfb
@linux
def test_what_one_game_of_a_run_finds_out_all_know(settings: GameSettings) -> None:
    assert "--headless" in game_argv(settings, 1, 0)
    settings.drawing.turn_on(GameError("no picture"))
    assert "--headless" not in game_argv(settings, 1, 0)
    assert game_environment(settings)["DISPLAY"] == hidden_display().name != os.environ.get("DISPLAY")
    elsewhere: GameSettings = pickle.loads(pickle.dumps(settings))
    assert elsewhere.draws_unseen
    assert not GameSettings(build=settings.build).draws_unseen, "another run does not"


def test_a_visible_window_draws_anyway(make_build: MakeBuild) -> None:
    settings = GameSettings(build=make_build("camera"), show_window=True)
    settings.drawing.is_on = True
    assert "--rl_studio_unseen=1" not in game_argv(settings, 1, 0)
    assert not settings.draws_unseen


def test_games_with_an_older_addon_are_understood() -> None:
    said = (
        'Game 0: agent /root/A: _get_observation returned Object for "eye_2d"; expected a PackedFloat32Array'
    )
    assert needs_drawing(GameError(said))
    assert needs_drawing(
        GameError('the observation "eye_2d" is an empty Image; without a window nothing is drawn')
    )
    assert needs_drawing(GameFault("no", code="needs_drawing"))
    assert not needs_drawing(GameFault("reward is nan", code="data"))


def test_nothing_draws_unless_it_must() -> None:
    assert not Drawing().is_on
