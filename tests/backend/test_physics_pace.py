"""The same seed and the same actions move bodies along the same path, to the last bit, at every speed."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from godot_project import import_project, make_project
from raw_game import BinaryGame, install_game
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project
from rl_studio_training.layout import GroupActions

pytestmark = pytest.mark.godot

RATE = 120
ACTION_REPEAT = 7
"""At 7 ticks per decision the plain quotient of tick rates is off by one bit."""
DECISIONS = 60
TIME, TIME_LOW, STEP, FIRST_BODY = 0, 1, 2, 3

FULL_SPEED: dict[str, Any] = {"fixed_fps": RATE}
NORMAL_SPEED: dict[str, Any] = {"fixed_fps": 0, "port_option": "pace_port"}


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def pace(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    settings = f"[physics]\n\ncommon/physics_ticks_per_second={RATE}"
    project = make_project(tmp_path_factory.mktemp("pace") / "pace", settings=settings)
    install_game(project, "pace")
    import_project(godot, project)
    return project


@pytest.fixture(scope="module")
def expected(godot: GodotBinary, pace: Project) -> list[bytes]:
    """What is seen at full speed."""
    return play(godot, pace, **FULL_SPEED)[0]


def play(
    godot: GodotBinary, project: Project, decisions: int = DECISIONS, **options: Any
) -> tuple[list[bytes], float]:
    """Plays a fresh game; returns what each decision saw and was paid, and the seconds it took."""
    rng = np.random.default_rng(3)
    with BinaryGame(godot, project, "res://main.tscn", action_repeat=ACTION_REPEAT, **options) as game:
        game.agree()
        batch = game.reset_batch(seed=5)
        seen = []
        began = time.monotonic()
        for _ in range(decisions):
            push = rng.uniform(-1.0, 1.0, (1, 1)).astype(np.float32)
            batch = game.act_batch(GroupActions(push, np.zeros((1, 0), np.int32)))
            seen.append(batch.groups[0].observations["obs"].tobytes() + batch.rewards.tobytes())
        return seen, time.monotonic() - began


def test_full_speed_is_fast_and_things_happen(expected: list[bytes]) -> None:
    rows = np.array([np.frombuffer(seen, np.float32)[:-1] for seen in expected])
    assert rows[:, STEP].tolist() == [np.float32(1 / RATE)] * DECISIONS
    assert rows[-1, TIME] == pytest.approx(DECISIONS * ACTION_REPEAT / RATE)
    moved = np.abs(rows[-1, FIRST_BODY:] - rows[0, FIRST_BODY:])
    assert (moved > 1.0).sum() >= 4, "walker, ball and crate moved"


def test_normal_speed(godot: GodotBinary, pace: Project, expected: list[bytes]) -> None:
    seen, seconds = play(godot, pace, **NORMAL_SPEED)
    assert seen == expected
    assert seconds > 0.8 * DECISIONS * ACTION_REPEAT / RATE, "in real time"


@pytest.mark.parametrize(
    "options",
    [
        {"fixed_fps": RATE, "args": ["--speedup=4"]},
        {"fixed_fps": RATE, "args": ["--speedup=1"]},
        {"fixed_fps": 0},
        {"fixed_fps": 0, "args": ["--speedup=8"]},
        {"fixed_fps": RATE, "args": ["--action_repeat=7"]},
    ],
    ids=["speedup 4", "speedup 1", "no clock", "as stock godot-rl starts it", "again"],
)
def test_other_speeds(
    godot: GodotBinary, pace: Project, expected: list[bytes], options: dict[str, Any]
) -> None:
    assert play(godot, pace, **options)[0] == expected


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is missing")
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        monkeypatch.setenv("DISPLAY", f":{server.stdout.readline().strip()}")
        yield
        server.terminate()


@pytest.mark.parametrize("speedup", [1, 4])
def test_with_a_window(
    godot: GodotBinary,
    pace: Project,
    expected: list[bytes],
    display: None,
    speedup: int,
) -> None:
    seen, seconds = play(godot, pace, 20, fixed_fps=0, args=[f"--speedup={speedup}"], headless=False)
    assert seen == expected[:20]
    assert seconds > 0.8 * 20 * ACTION_REPEAT / RATE / speedup
