from __future__ import annotations

from rl_studio.evaluate import Episode, summarise


def episode(reward: float, *, success: bool | None, metrics: dict[str, float] | None = None) -> Episode:
    return Episode("Arena1/Agent", "p", reward, 10, False, success, metrics or {})


def test_the_success_rate_counts_only_episodes_that_say() -> None:
    outcome = summarise(
        [episode(1, success=True), episode(2, success=False), episode(3, success=None)], policy="p", scene="s"
    )
    assert outcome.success_rate == 0.5
    assert outcome.reward_mean == 2
    assert (outcome.reward_min, outcome.reward_max) == (1, 3)


def test_a_game_that_logs_no_success_has_no_success_rate() -> None:
    assert summarise([episode(1, success=None)], policy="p", scene="s").success_rate is None


def test_a_metric_is_averaged_over_the_episodes_that_logged_it() -> None:
    outcome = summarise(
        [episode(0, success=None, metrics={"coins": 4.0}), episode(0, success=None)], policy="p", scene="s"
    )
    assert outcome.metrics == {"coins": 4.0}
