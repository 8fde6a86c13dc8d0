from __future__ import annotations

from rl_studio_training.episodes import Episode, EpisodeWindow, read_metrics, read_success


def test_an_empty_window_has_no_numbers() -> None:
    assert EpisodeWindow().summary() == {
        "reward_mean": None,
        "reward_min": None,
        "reward_max": None,
        "episode_len_mean": None,
        "episodes": 0,
        "success_rate": None,
    }


def test_only_the_last_hundred_count() -> None:
    window = EpisodeWindow()
    for number in range(150):
        window.add(Episode(float(number), number + 1))
    summary = window.summary()
    assert (summary["reward_min"], summary["reward_max"], summary["reward_mean"]) == (50.0, 149.0, 99.5)
    assert (summary["episodes"], summary["episode_len_mean"]) == (150, 100.5)


def test_rates_are_over_the_episodes_that_tell() -> None:
    window = EpisodeWindow()
    window.add(Episode(0.0, 1, success=True, metrics={"height": 4.0}))
    window.add(Episode(0.0, 1, success=False))
    window.add(Episode(0.0, 1, metrics={"height": 2.0, "apples": 1.0}))
    assert window.success_rate == 0.5
    assert window.custom_metrics() == {"apples": 1.0, "height": 3.0}


def test_what_a_game_logs_is_read_with_care() -> None:
    assert read_metrics({}) == {}
    assert read_metrics({"metrics": [1]}) == {}
    assert read_metrics({"metrics": {"a": 1, "b": None, "is_success": 1.0}}) == {"a": 1.0}
    assert read_success({}) is None
    assert read_success({"is_success": 1.0}) is True
