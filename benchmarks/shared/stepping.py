"""Steps an environment with random actions: how fast it goes, and what its episodes are like."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rl_studio_training.vec_env import GodotVecEnv

WARM_UP_S = 0.3
MOST_ROWS = 64
"""Of a game whose crew changes."""
_ACTIONS = 4096


@dataclass(frozen=True, slots=True)
class Play:
    """What some seconds of random actions gave.

    Args:
        agent_steps_per_second: decisions of all agents together.
        lengths, rewards: decisions and reward of each whole episode, the first of each agent left out.
    """

    agent_steps_per_second: float
    lengths: NDArray[np.int64]
    rewards: NDArray[np.float64]


def play(env: Any, seconds: float, seed: int = 0) -> Play:
    """Steps `env`, a VecEnv of either toolkit with one continuous action array, for so long."""
    rng = np.random.default_rng(seed)
    shape = (_ACTIONS, env.num_envs, *env.action_space.shape)
    actions = rng.uniform(-1.0, 1.0, shape).astype(np.float32)
    env.reset()
    rewards: list[NDArray[Any]] = []
    dones: list[NDArray[Any]] = []
    _step(env, actions, WARM_UP_S, rewards, dones)
    warm = len(rewards)
    began = time.perf_counter()
    _step(env, actions, seconds, rewards, dones)
    rate = (len(rewards) - warm) * env.num_envs / (time.perf_counter() - began)
    lengths, returns = _episodes(np.array(rewards, dtype=np.float64), np.array(dones, dtype=bool))
    return Play(rate, lengths, returns)


def play_crew(env: GodotVecEnv, seconds: float, seed: int = 0) -> tuple[float, float]:
    """Steps our environment of a game in which agents may come and go, as trainings do: rows grow between two steps.

    Returns:
        Decisions of all agents together per second, and the agents that decided at once, on average.
    """
    rng = np.random.default_rng(seed)
    shape = (_ACTIONS, MOST_ROWS, *(env.action_space.shape or ()))
    actions = rng.uniform(-1.0, 1.0, shape).astype(np.float32)
    env.reset()
    _step_crew(env, actions, WARM_UP_S)
    began, acted = time.perf_counter(), env.fleet.timing.steps
    steps = _step_crew(env, actions, seconds)
    acted = env.fleet.timing.steps - acted
    return acted / (time.perf_counter() - began), acted / steps


def _step_crew(env: GodotVecEnv, actions: NDArray[np.float32], seconds: float) -> int:
    deadline, steps = time.perf_counter() + seconds, 0
    while time.perf_counter() < deadline:
        env.grow()
        for _ in range(8):
            env.step(actions[steps % _ACTIONS, : env.num_envs])
            steps += 1
    return steps


def _step(
    env: Any, actions: NDArray[np.float32], seconds: float, rewards: list[Any], dones: list[Any]
) -> None:
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        for _ in range(8):
            _, reward, done, _ = env.step(actions[len(rewards) % _ACTIONS])
            rewards.append(reward)
            dones.append(done)


def _episodes(
    rewards: NDArray[np.float64], dones: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Length and reward of the whole episodes in (steps, agents)."""
    lengths: list[int] = []
    returns: list[float] = []
    for agent in range(rewards.shape[1]):
        ends = np.flatnonzero(dones[:, agent]) + 1
        for start, end in pairwise(ends):
            lengths.append(int(end - start))
            returns.append(float(rewards[start:end, agent].sum()))
    return np.array(lengths, dtype=np.int64), np.array(returns)


def compare(ours: Sequence[Play], peer: Sequence[Play]) -> tuple[str, bool]:
    """Whether both sides played the same game: in words, and as a verdict.

    The lengths must be the same, the mean rewards within four standard errors of each other.
    """
    lengths = [np.concatenate([play.lengths for play in side]) for side in (ours, peer)]
    returns = [np.concatenate([play.rewards for play in side]) for side in (ours, peer)]
    if not all(len(side) > 1 for side in returns):
        return "too few episodes to compare", True
    means = [float(side.mean()) for side in returns]
    error = float(np.sqrt(sum(side.var() / len(side) for side in returns)))
    same_length = np.array_equal(np.unique(lengths[0]), np.unique(lengths[1]))
    same = same_length and abs(means[0] - means[1]) <= 4.0 * error + 1e-9
    text = (
        f"decisions an episode {lengths[0].mean():g} and {lengths[1].mean():g}, reward of random actions "
        f"{means[0]:.3f} and {means[1]:.3f} ± {error:.3f} ({len(returns[0])} and {len(returns[1])} episodes)"
    )
    return text, same
