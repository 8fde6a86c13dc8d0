from __future__ import annotations

import json

import numpy as np

from rl_studio_training.episodes import (
    Episode,
    EpisodeWindow,
    RunningEpisodes,
    read_metrics,
    read_success,
    with_outcome,
)


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


def test_means_of_metrics_are_over_the_episodes_that_tell() -> None:
    window = EpisodeWindow()
    window.add(Episode(0.0, 1, metrics={"height": 4.0}))
    window.add(Episode(0.0, 1))
    window.add(Episode(0.0, 1, metrics={"height": 2.0, "apples": 1.0}))
    assert window.custom_metrics() == {"apples": 1.0, "height": 3.0}


def test_an_episode_that_does_not_tell_is_no_success_once_one_has_told() -> None:
    window = EpisodeWindow(size=3)
    window.add(Episode(0.0, 1))
    assert (window.success_rate, window.last(5).success_rate) == (None, None)
    window.add(Episode(0.0, 1, success=True))
    assert window.success_rate == 0.5
    for _ in range(3):
        window.add(Episode(0.0, 1))
    assert window.success_rate == 0.0, "also when the one that told is out of the window"
    assert window.last(5).success_rate == 0.2


def test_what_is_known_of_success_is_restored() -> None:
    window = EpisodeWindow()
    window.add(Episode(0.0, 1, success=True))
    window.add(Episode(1.0, 1))
    for count, rate in ((2, 0.5), (1, 0.0)):
        again = EpisodeWindow()
        again.restore(json.loads(json.dumps(window.state(count))))
        assert (again.total, again.success_rate) == (2, rate)
    silent = EpisodeWindow()
    silent.add(Episode(1.0, 1))
    again.restore(silent.state())
    assert again.success_rate is None
    again.restore({"total": 5, "episodes": [[0.0, 1, True, {}], [0.0, 1, None, {}]]})  # of an older run
    assert again.success_rate == 0.5


def test_the_episodes_of_one_policy_all_have_an_outcome_or_none_has() -> None:
    silent = [Episode(0.0, 1), Episode(1.0, 1)]
    assert with_outcome(silent) == silent
    told = with_outcome([*silent, Episode(2.0, 1, success=True)])
    assert [episode.success for episode in told] == [False, False, True]


def test_rows_that_did_not_act_have_no_longer_episodes() -> None:
    running = RunningEpisodes(3)
    running.add(slice(0, 3), np.float32([1.0, 0.0, 2.0]), np.array([True, False, True]))
    running.add(slice(1, 3), np.float32([4.0, 8.0]))
    assert [running.finish(row) for row in range(3)] == [(1.0, 1), (4.0, 1), (10.0, 2)]


def test_episodes_move_along_with_their_rows() -> None:
    running = RunningEpisodes(2)
    running.add(slice(0, 2), np.float32([1.0, 2.0]))
    running.carry(np.array([0, -1, 1, -1]))
    assert [running.finish(row) for row in range(4)] == [(1.0, 1), (0.0, 0), (2.0, 1), (0.0, 0)]


def test_what_a_game_logs_is_read_with_care() -> None:
    assert read_metrics({}) == {}
    assert read_metrics({"metrics": [1]}) == {}
    assert read_metrics({"metrics": {"a": 1, "b": None, "is_success": 1.0}}) == {"a": 1.0}
    assert read_success({}) is None
    assert read_success({"is_success": 1.0}) is True
