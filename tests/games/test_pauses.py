"""Pauses: a moment is nothing, a reset may end one, and one that nobody ends is named within seconds."""

from __future__ import annotations

import time

import pytest

from games.conftest import Games
from rl_studio_training.errors import GameError

pytestmark = pytest.mark.godot


def test_a_moment_of_pause_takes_no_time_of_the_agents(games: Games) -> None:
    scene = games.scene("pause_moment", "pause/pausing.gd", count=1)
    seen = games.train(scene, 40, args={"kind": "moment"})
    assert seen.metric("seconds") == pytest.approx([64 / 60] * len(seen.episodes), abs=1e-9)
    assert {episode.length for _policy, episode in seen.episodes} == {8}
    assert not seen.statuses or "paused" not in " ".join(seen.statuses)


@pytest.mark.parametrize("count", [1, 2])
def test_a_reset_that_unpauses_goes_on(games: Games, count: int) -> None:
    scene = games.scene(f"pause_reset{count}", "pause/pausing.gd", count=count)
    seen = games.train(scene, 40, args={"kind": "reset"})
    assert len(seen.episodes) >= 4 * count
    assert seen.metric("seconds") == pytest.approx([64 / 60] * len(seen.episodes), abs=1e-9)


@pytest.mark.parametrize("kind", ["over", "middle"])
def test_a_pause_without_end_is_named_at_once(games: Games, kind: str) -> None:
    scene = games.scene(f"pause_{kind}", "pause/pausing.gd", count=1)
    began = time.monotonic()
    with pytest.raises(GameError) as caught:
        games.train(scene, 40, args={"kind": kind})
    assert time.monotonic() - began < 20.0
    assert caught.value.code == "paused"
    for part in ("paused for", "get_tree().paused", "_begin_episode", "process_mode"):
        assert part in caught.value.message


def test_an_evaluation_names_it_as_well(games: Games) -> None:
    scene = games.scene("pause_evaluated", "pause/pausing.gd", count=1)
    output = games.play(
        scene,
        *("--rl_studio_evaluate=5", "--rl_studio_policy=random", "--rl_studio_fixed_fps=60", "--kind=over"),
        frames=10_000_000,
        code=1,
    )
    assert '@ERROR {"message":"the game has been paused for' in output
    assert "@STATUS" in output


def test_an_rlsync_that_always_processes_decides_while_the_game_is_paused(games: Games) -> None:
    scene = games.scene("pause_always", "pause/pausing.gd", "pause/always.gd", count=1)
    seen = games.train(scene, 30, args={"kind": "middle"})
    assert len(seen.batches) == 30
