from __future__ import annotations

import pytest

from rl_studio_training.restarts import RestartPolicy


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_first_restart_comes_at_once_then_they_come_more_seldom() -> None:
    clock = Clock()
    policy = RestartPolicy(10, clock)
    delays = []
    for number in range(1, 6):
        delays.append(policy.delay_s())
        clock.now += policy.delay_s()
        assert policy.begin() == number
    assert delays == [0.0, 1.0, 5.0, 60.0, 60.0]


def test_time_that_went_well_counts_as_waiting() -> None:
    clock = Clock()
    policy = RestartPolicy(10, clock)
    for _ in range(3):
        policy.begin()
    clock.now += 45.0
    assert policy.delay_s() == pytest.approx(15.0)
    clock.now += 100.0
    assert policy.delay_s() == 0.0


def test_there_is_a_limit() -> None:
    policy = RestartPolicy(2, Clock())
    assert not policy.is_exhausted
    policy.begin()
    policy.begin()
    assert policy.is_exhausted
    assert RestartPolicy(0).is_exhausted
