"""Where the time goes, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rl_studio_training.bottleneck import WINDOW, Bottleneck, Facts, Seconds, advise, dominating

FACTS = Facts(n_envs=1, cores=2, agents=8, batch_size=64, n_epochs=10, binary=True, may_add_games=True)


def test_shares_add_up_to_one_and_what_is_left_is_other() -> None:
    shares = Seconds(total=4.0, game=2.0, wire=0.5, policy=0.5, update=0.8).shares()
    assert shares == pytest.approx(
        {
            "game_share": 0.5,
            "wire_share": 0.125,
            "policy_share": 0.125,
            "update_share": 0.2,
            "other_share": 0.05,
        }
    )


@pytest.mark.parametrize(
    "odd",
    [
        Seconds(),
        Seconds(total=1.0, game=0.9, wire=-0.1, policy=0.3),  # clocks that do not quite agree
        Seconds(total=1.0, update=2.0),
    ],
)
def test_shares_stay_shares_whatever_the_clocks_say(odd: Seconds) -> None:
    shares = odd.shares()
    assert sum(shares.values()) == pytest.approx(1.0)
    assert all(0.0 <= share <= 1.0 for share in shares.values())


def test_a_part_dominates_from_half_of_the_time() -> None:
    assert dominating(Seconds(total=1.0, game=0.49, update=0.4)) is None
    assert dominating(Seconds(total=1.0, game=0.2, update=0.5)) == "update"
    assert dominating(Seconds(total=1.0, game=0.1, policy=0.1)) is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (FACTS, "instances (now 1 of 2 cores used)"),
        (replace(FACTS, n_envs=2, agents=8), "add arenas to the scene (now 4 agents per game)"),
        (replace(FACTS, n_envs=2, agents=2), "(now 1 agent per game)"),
        (replace(FACTS, may_add_games=False), "add arenas to the scene (now 8 agents per game)"),
        (replace(FACTS, n_envs=2, agents=64), "simpler scene"),
    ],
)
def test_a_slow_game_is_helped_by_what_is_not_used_yet(facts: Facts, words: str) -> None:
    assert words in advise("game", facts)


def test_each_part_has_its_own_advice() -> None:
    assert "binary frames" in advise("wire", replace(FACTS, binary=False))
    assert "smaller" in advise("wire", FACTS)
    assert "hidden layers" in advise("policy", FACTS)
    assert "fewer epochs (now 10) or larger batches (now 64)" in advise("update", FACTS)
    assert "epochs" not in advise("update", replace(FACTS, n_epochs=1))


def test_one_odd_iteration_changes_nothing() -> None:
    watch = Bottleneck(FACTS)
    for _ in range(WINDOW):
        assert watch.add(Seconds(total=1.0, game=0.8, update=0.1))[0] == "game"
    part, advice = watch.add(Seconds(total=1.0, update=1.0))
    assert part == "game"
    assert advice is not None
    for _ in range(WINDOW):
        part, advice = watch.add(Seconds(total=1.0, game=0.4, update=0.4))
    assert (part, advice) == (None, None)
