"""What RLlib's learners are fed with: advantages, and a replay buffer of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.utils.postprocessing.value_predictions import compute_value_targets

from rl_studio_training.rllib_learners import advantages_of
from rl_studio_training.rllib_replay import ArrayEpisodeReplayBuffer


def test_advantages_by_hand() -> None:
    advantages, targets = advantages_of(
        values=np.array([1.0, 2.0, 4.0, 3.0, 5.0], np.float32),
        rewards=np.array([1.0, 1.0, 2.0], np.float32),
        lengths=np.array([2, 1]),
        terminated=np.array([False, True]),
        gamma=0.5,
        lambda_=0.5,
    )
    last = 1.0 + 0.5 * 4.0 - 2.0
    first = 1.0 + 0.5 * 2.0 - 1.0 + 0.25 * last
    np.testing.assert_allclose(advantages, [first, last, 2.0 - 3.0])
    np.testing.assert_allclose(targets, [first + 1.0, last + 2.0, 2.0])


def test_advantages_are_those_of_rllib() -> None:
    rng = np.random.default_rng(0)
    lengths, terminated = np.array([3, 1, 5]), np.array([True, False, False])
    values = rng.normal(size=lengths.sum() + 3).astype(np.float32)
    rewards = rng.normal(size=lengths.sum()).astype(np.float32)
    advantages, targets = advantages_of(values, rewards, lengths, terminated, 0.9, 0.8)
    start = step = 0
    for length, is_over in zip(lengths, terminated, strict=True):
        flags = np.zeros(length + 1, np.bool_)
        ends = flags.copy()
        flags[length - 1], ends[length - 1] = is_over, not is_over
        expected = compute_value_targets(
            values=values[start : start + length + 1],
            rewards=np.append(rewards[step : step + length], 0.0),
            terminateds=flags,
            truncateds=ends,
            gamma=0.9,
            lambda_=0.8,
        )[:length]
        np.testing.assert_allclose(targets[step : step + length], expected, atol=1e-5)
        start, step = start + length + 1, step + length
    assert len(advantages) == lengths.sum()


# --- replay


def part(first: int, steps: int, *, terminated: bool = False, policy: str = "red") -> SingleAgentEpisode:
    """Steps `first`, `first` + 1, …: observations, actions and rewards are their number."""
    numbers = np.arange(first, first + steps + 1, dtype=np.float32)
    episode = SingleAgentEpisode(
        observations=[np.array([number], np.float32) for number in numbers],
        actions=[int(number) for number in numbers[:-1]],
        rewards=numbers[:-1].tolist(),
        terminated=terminated,
        len_lookback_buffer=0,
        agent_id="agent",
        module_id=policy,
    )
    return episode.to_numpy()


def drawn(buffer: ArrayEpisodeReplayBuffer, n_step: int = 1, count: int = 200) -> dict[int, dict[str, Any]]:
    """A sample of red by action."""
    (sample,) = buffer.sample(count, n_step=n_step, gamma=0.5)
    columns = sample.policies["red"]
    return {
        int(action): {
            "obs": float(columns[Columns.OBS][row, 0]),
            "next": float(columns[Columns.NEXT_OBS][row, 0]),
            "reward": float(columns[Columns.REWARDS][row]),
            "over": bool(columns[Columns.TERMINATEDS][row]),
            "n": float(columns["n_step"][row]),
        }
        for row, action in enumerate(columns[Columns.ACTIONS])
    }


def test_every_step_is_drawn_with_what_followed() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=100)
    buffer.add([part(0, 3, terminated=True), part(10, 2)])
    found = drawn(buffer)
    assert sorted(found) == [0, 1, 2, 10, 11]
    assert found[1] == {"obs": 1.0, "next": 2.0, "reward": 1.0, "over": False, "n": 1.0}
    assert found[2] == {"obs": 2.0, "next": 3.0, "reward": 2.0, "over": True, "n": 1.0}
    assert not found[11]["over"]


def test_rewards_of_some_steps_are_summed_as_far_as_the_part_goes() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=100)
    buffer.add([part(0, 3, terminated=True), part(10, 2)])
    found = drawn(buffer, n_step=2)
    assert found[0] == {"obs": 0.0, "next": 2.0, "reward": 0.5, "over": False, "n": 2.0}
    assert found[1] == {"obs": 1.0, "next": 3.0, "reward": 2.0, "over": True, "n": 2.0}
    assert found[2]["n"] == 1.0
    assert found[11] == {"obs": 11.0, "next": 12.0, "reward": 11.0, "over": False, "n": 1.0}


def test_the_oldest_steps_make_room() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=4)
    buffer.add([part(0, 3), part(10, 3)])
    assert (len(buffer), sorted(drawn(buffer))) == (4, [2, 10, 11, 12])
    buffer.add([part(20, 9)])
    assert sorted(drawn(buffer)) == [25, 26, 27, 28]


def test_each_policy_has_its_own_steps_and_discount() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=10, gammas={"blue": 0.1})
    buffer.add([part(1, 2), part(1, 2, policy="blue")])
    (sample,) = buffer.sample(50, n_step=2, gamma=0.5)
    assert len(sample) == 100
    rewards = {name: np.unique(columns[Columns.REWARDS]) for name, columns in sample.policies.items()}
    np.testing.assert_allclose(rewards["red"], [2.0])
    np.testing.assert_allclose(rewards["blue"], [1.2, 2.0])


def test_a_restored_buffer_draws_the_same(tmp_path: Any) -> None:
    buffer, other = ArrayEpisodeReplayBuffer(capacity=5), ArrayEpisodeReplayBuffer(capacity=5, seed=9)
    buffer.add([part(0, 3), part(10, 4)])
    other.set_state(buffer.get_state())
    before, after = (one.sample(20, n_step=2, gamma=0.9)[0].policies["red"] for one in (buffer, other))
    assert set(before[Columns.ACTIONS].tolist()) == set(after[Columns.ACTIONS].tolist())
    other.add([part(20, 2)])
    assert len(other) == 5
    assert set(drawn(other)) == {11, 12, 13, 20, 21}
    assert buffer.nbytes == other.nbytes


def test_a_smaller_buffer_takes_the_last_steps() -> None:
    buffer, small = ArrayEpisodeReplayBuffer(capacity=10), ArrayEpisodeReplayBuffer(capacity=3)
    buffer.add([part(0, 5)])
    small.set_state(buffer.get_state())
    assert set(drawn(small)) == {2, 3, 4}
