"""Where the time goes, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl_studio_training.bottleneck import WINDOW, Bottleneck, Facts, Part, Seconds, advise, dominating

FACTS = Facts(
    n_envs=1,
    cores=2,
    agents=8,
    batch_size=64,
    n_epochs=10,
    observation_numbers=5,
    binary=True,
    may_add_games=True,
)


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
        (FACTS, "more games at once (now 1 game on 2 cores)"),
        (
            replace(FACTS, n_envs=2, agents=8),
            "copies of the level into the training scene (now 4 agents in each game)",
        ),
        (replace(FACTS, n_envs=2, agents=2), "(now 1 agent in each game)"),
        (replace(FACTS, may_add_games=False), "the training scene (now 8 agents in each game)"),
        (replace(FACTS, n_envs=2, agents=64), "simpler scene"),
    ],
)
def test_a_slow_game_is_helped_by_what_is_not_used_yet(facts: Facts, words: str) -> None:
    assert words in advise("game", facts)


def test_each_part_has_its_own_advice() -> None:
    assert "RL Studio addon" in advise("wire", replace(FACTS, binary=False))
    assert "smaller" not in advise("wire", FACTS) and "machine busy" in advise("wire", FACTS)
    large = advise("wire", replace(FACTS, observation_numbers=500))
    assert "make observations smaller (now 500 numbers for an agent)" in large
    assert "hidden layers" in advise("policy", FACTS)
    assert "fewer epochs (now 10) or larger batches (now 64)" in advise("update", FACTS)
    assert "epochs" not in advise("update", replace(FACTS, n_epochs=1))


def test_advice_is_never_against_the_shares_that_are_shown() -> None:
    """The dock shows the mean of the last five lines; a line has its own."""
    watch = Bottleneck(FACTS)
    for _ in range(WINDOW):
        assert watch.add(Seconds(total=1.0, game=0.8, update=0.1))[0] == "game"
    assert watch.add(Seconds(total=1.0, update=1.0)) == (None, None), "the line at hand says something else"
    assert watch.add(Seconds(total=1.0, game=0.8, update=0.1))[0] == "game", (
        "one odd iteration is soon forgotten"
    )
    for _ in range(3):
        assert watch.add(Seconds(total=0.01, game=0.002, update=0.008)) == (None, None)
    part, _ = watch.add(Seconds(total=9.0, game=8.0, update=0.9))
    assert part is None, "the mean of the last lines says update, whatever their lengths"


@given(
    st.lists(st.tuples(*[st.floats(0, 10)] * 5), min_size=1, max_size=40),
)
def test_whatever_dominates_has_the_largest_share_wherever_one_looks(
    iterations: list[tuple[float, float, float, float, float]],
) -> None:
    watch = Bottleneck(FACTS)
    lines: list[dict[str, float]] = []
    for game, wire, policy, update, other in iterations:
        seconds = Seconds(game + wire + policy + update + other, game, wire, policy, update)
        part, advice = watch.add(seconds)
        lines.append(seconds.shares())
        assert (part is None) == (advice is None)
        if part is not None:
            shown = {name: sum(line[name] for line in lines[-5:]) for name in lines[-1]}
            assert lines[-1][f"{part}_share"] >= 0.5
            assert shown[f"{part}_share"] == max(shown.values())


def test_nothing_is_advised_beside_a_game_that_died() -> None:
    watch = Bottleneck(FACTS)
    assert watch.add(Seconds(total=1.0, game=0.8))[0] == "game"
    assert watch.add(Seconds(total=60.0, game=59.0), is_disturbed=True) == (None, None)
    assert watch.add(Seconds(total=1.0, update=0.8))[0] == "update", "what was before it is forgotten"


@pytest.mark.parametrize("part", ["game", "wire", "policy", "update"])
def test_advice_is_in_words_of_users(part: Part) -> None:
    for facts in (
        FACTS,
        replace(FACTS, n_envs=2),
        replace(FACTS, binary=False),
        replace(FACTS, agents=99, n_envs=2),
    ):
        words = advise(part, facts).lower()
        assert not [
            word for word in ("wire", "bound", "arena", "rollout", "binary", "instance") if word in words
        ]
