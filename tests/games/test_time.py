"""Time is the game's own: training, evaluation and play have the same ticks, whatever the game does to the clock."""

from __future__ import annotations

import time

import pytest

from games.conftest import Games

pytestmark = pytest.mark.godot

LENGTH = 64
TICK = 1 / 60


@pytest.mark.parametrize(
    ("agent", "seconds"),
    [
        ("dot", LENGTH * TICK),
        ("time/slow_motion", 32 * TICK + 32 * TICK / 2),
        ("time/freeze_frame", (LENGTH - 6) * TICK + 6 * TICK / 20),
        ("time/tick_rate", 32 * TICK + 32 / 30),
    ],
)
@pytest.mark.parametrize("action_repeat", [8, 7])
def test_a_tick_is_as_long_as_in_play(games: Games, agent: str, seconds: float, action_repeat: int) -> None:
    scene = games.scene(
        f"time_{agent.replace('/', '_')}", f"{agent}.gd", count=1, action_repeat=action_repeat
    )
    trained = games.train(scene, 40).metric("seconds")
    evaluated = [episode["metrics"]["seconds"] for episode in games.evaluate(scene, 4)]
    assert len(trained) >= 3 and len(evaluated) == 4
    assert trained == pytest.approx([seconds] * len(trained), abs=1.01 * TICK if "freeze" in agent else 1e-9)
    assert evaluated == pytest.approx([trained[0]] * 4, abs=1e-9)


@pytest.mark.parametrize("slow", [False, True])
def test_timers_and_tweens_keep_their_meaning(games: Games, slow: bool) -> None:
    """15 ticks are a quarter of a second; in slow motion at half speed twice as many, but not on the player's clock."""
    scene = games.scene("time_clocks", "time/clocks.gd", count=1)
    seen = games.train(scene, 40, args={"slow": "1"} if slow else {})
    assert len(seen.episodes) >= 3
    for clock in ("scaled", "physics", "tween"):
        assert set(seen.metric(clock)) <= ({30.0, 31.0} if slow else {15.0, 16.0}), clock
    assert set(seen.metric("real")) <= {15.0, 16.0}


@pytest.mark.parametrize("way", ["training", "evaluation"])
def test_what_the_game_wrote_is_what_it_reads(games: Games, way: str) -> None:
    scene = games.scene("time_reader", "time/reader.gd", count=1)
    if way == "training":
        strange = games.train(scene, 60).metric("strange")
    else:
        strange = [episode["metrics"]["strange"] for episode in games.evaluate(scene, 5)]
    assert len(strange) >= 3
    assert set(strange) == {0.0}


def test_a_run_at_a_given_speed_keeps_the_clock(games: Games) -> None:
    """Slow motion takes longer on the player's clock as well: ticks come at the speed that was asked for."""
    scene = games.scene("time_slow_motion_paced", "time/slow_motion.gd", count=1)
    began = time.monotonic()
    seen = games.train(scene, 24, speedup=2.0)
    took_s = time.monotonic() - began
    assert seen.metric("seconds") == pytest.approx([48 * TICK] * 3, abs=1e-9)
    assert took_s >= 0.9 * 24 * 8 * TICK / 2
