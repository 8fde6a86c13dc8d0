"""Agents that come and go: each is trained with its own samples, in whatever row, and a row without one is none."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from games.conftest import Games, Seen, lives

pytestmark = pytest.mark.godot

NUMBER, DECIDED, TICKS = range(3)
REPEAT = 8


def by_name(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Everybody does what only it may do."""
    return seen[:, :1] / np.float32(1000.0)


def samples(seen: Seen) -> list[tuple[int, int, float, bool]]:
    """(number, decisions before, reward, whether the episode ended) of each sample, in order."""
    found = []
    for policy in range(len(seen.policies)):
        before = seen.first[policy]
        for batches in seen.batches:
            batch = batches[policy]
            there = np.ones(len(before.rewards), bool) if before.present is None else before.present
            acted = np.ones(len(batch.rewards), bool) if batch.acted is None else batch.acted
            # Rows that were added in between are empty.
            expected = np.concatenate([there, np.zeros(len(acted) - len(there), bool)])
            np.testing.assert_array_equal(acted, expected, "those that were there have acted, nobody else")
            for row in np.flatnonzero(acted).tolist():
                number, decided, _ = before.observations[row].tolist()  # type: ignore[union-attr]
                found.append((int(number), int(decided), float(batch.rewards[row]), bool(batch.ended[row])))
            before = batch
    return found


def check_everything(seen: Seen, most_lost: int = 1) -> Counter[int]:
    """Nothing is made up and nothing mixed: returns how many samples there are of each agent.

    Args:
        most_lost: decisions of an agent that may be missing: the last step of a run is not told of any more.
    """
    found = samples(seen)
    counts: Counter[int] = Counter()
    for number, decided, reward, _ended in found:
        assert decided == counts[number], (
            f"agent {number}: its decisions come in order, none twice, none left out"
        )
        counts[number] += 1
        assert reward % number == 0 and 0 <= reward <= number * 2 * REPEAT, (
            f"agent {number} was paid {reward}"
        )
    lived = lives(seen.output)
    for number, (decided, wrong) in lived.items():
        assert wrong == 0, f"agent {number} got actions of others"
        assert decided - most_lost <= counts[number] <= decided, f"agent {number}"
    assert set(counts) <= set(lived)
    return counts


@pytest.mark.parametrize("gap", [0, 5, 30])
@pytest.mark.parametrize("games_count", [1, 2])
def test_the_place_of_the_dead_is_taken(games: Games, gap: int, games_count: int) -> None:
    scene = games.scene(f"respawn{gap}", "crew/tagged.gd", "crew/respawn.gd", count=3, gap=gap)
    seen = games.train(scene, 60, by_name, games=games_count)
    if games_count == 1:
        counts = check_everything(seen)
        assert len(counts) > 15, "newcomers are trained"
    assert len(seen.episodes) > 15 * games_count
    assert not any(batch.truncated.any() for batches in seen.batches for batch in batches), (
        "they ended themselves"
    )
    lengths = {episode.length for _policy, episode in seen.episodes}
    assert lengths <= {2, 3, 4}, "of 20 to 26 ticks, of which the first may be over before the next decision"


@pytest.mark.parametrize("action_repeat", [1, 3, 8])
def test_a_crowd_of_two_policies_never_mixes(games: Games, action_repeat: int) -> None:
    scene = games.scene(
        f"crowd{action_repeat}", "crew/tagged.gd", "crew/crowd.gd", count=0, action_repeat=action_repeat
    )
    seen = games.train(scene, 2400 // action_repeat, by_name)
    assert seen.policies == ["cat", "dog"]
    counts = check_everything(seen)
    assert len(counts) > 15
    ended = [batch for batches in seen.batches for batch in batches if batch.ended.any()]
    assert any(batch.truncated.any() for batch in ended), "who leaves without a word is cut off"
    assert any(batch.terminated.any() for batch in ended), "who says so before has ended"


def test_nobody_for_ten_seconds(games: Games) -> None:
    scene = games.scene("late", "crew/tagged.gd", "crew/late.gd", count=0)
    seen = games.train(scene, 20, by_name)
    assert check_everything(seen) == {1: 20, 2: 20, 3: 20}
    assert {episode.length for _policy, episode in seen.episodes} == {2}


def test_waves_with_nobody_in_between(games: Games) -> None:
    scene = games.scene("waves", "crew/tagged.gd", "crew/waves.gd", count=0)
    seen = games.train(scene, 120, by_name)
    counts = check_everything(seen)
    assert len(counts) > 10
    present = [0 if b[0].present is None else int(b[0].present.sum()) for b in seen.batches]
    assert max(len(batches[0].rewards) for batches in seen.batches) == 4, "as many rows as were seen at once"
    assert min(present) >= 0


def test_more_agents_than_rows_wait_and_are_counted(games: Games) -> None:
    scene = games.scene("rows", "crew/tagged.gd", "crew/rows.gd", count=5)
    seen = games.train(scene, 10, by_name)
    assert check_everything(seen) == {1: 10, 2: 10, 3: 10}
    told = [text for text in seen.warnings + seen.statuses if "wait" in text]
    assert told and "2" in told[0] and "shared_policy" in told[0]
