"""SB3's algorithms with a replay buffer, for agents that come and go: they learn from what agents did, nothing else."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import DictReplayBuffer, ReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.noise import ActionNoise, VectorizedActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.type_aliases import RolloutReturn, TrainFreq
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.row_arrays import Rows, spread, take
from rl_studio_training.sb3_base import StudioAlgorithm


class Transitions(ReplayBuffer):
    """A mixin, to stand before a replay buffer of SB3: its entries are single transitions, whoever's they are.

    Args:
        buffer_size: transitions; rounded down so that whole steps fit as long as all rows act.
        n_envs: rows at first. There may be more or fewer later.
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        *,
        device: torch.device | str = "auto",
        n_envs: int = 1,
    ) -> None:
        size = max(buffer_size // n_envs, 1) * n_envs
        super().__init__(size, observation_space, action_space, device=device, n_envs=1)
        self.acted: NDArray[np.bool_] = np.ones(n_envs, np.bool_)
        """Which rows of the next `add` are samples."""
        self.step_size = n_envs
        """Transitions of each step so far; 1 once some step had another number of them."""

    def add(
        self,
        obs: Any,
        next_obs: Any,
        action: NDArray[Any],
        reward: NDArray[Any],
        done: NDArray[Any],
        infos: list[dict[str, Any]],
    ) -> None:
        """Adds the transitions of the rows that acted; the arguments are of all rows, as SB3 has them."""
        count = int(np.count_nonzero(self.acted))
        if count != self.step_size:
            self.step_size = 1
        rows: Rows = slice(None) if count == len(self.acted) else self.acted
        end = self.pos + count
        is_full = end >= self.buffer_size
        where: Rows = np.arange(self.pos, end) % self.buffer_size if is_full else slice(self.pos, end)
        cut = np.array([info.get("TimeLimit.truncated", False) for info in infos])
        for target, values in (
            *((self.observations, obs), (self.next_observations, next_obs), (self.actions, action)),
            *((self.rewards, reward), (self.dones, done), (self.timeouts, cut)),
        ):
            _put(target, where, values, rows)
        self.full = self.full or is_full
        self.pos = end % self.buffer_size

    def sample(self, batch_size: int, env: Any = None) -> Any:
        """Draws transitions; as long as all rows acted, those that SB3 draws: a step, and one of its rows."""
        steps = np.random.randint(0, self.size() // self.step_size, size=batch_size)
        rows = np.random.randint(0, self.step_size, size=batch_size)
        return self._get_samples(steps * self.step_size + rows, env=env)


class TransitionBuffer(Transitions, ReplayBuffer):
    """For a single observation."""


class DictTransitionBuffer(Transitions, DictReplayBuffer):
    """For named observations."""


class StudioReplay(StudioAlgorithm, OffPolicyAlgorithm):
    """A mixin for algorithms with a replay buffer.

    Counters, the warm-up and `gradient_steps` of -1 go by steps in which an agent acted; `train_freq` by decisions of
    all agents that are there.
    """

    replay_buffer: Transitions

    def _setup_model(self) -> None:
        kind = DictTransitionBuffer if isinstance(self.observation_space, spaces.Dict) else TransitionBuffer
        self.replay_buffer = kind(
            self.buffer_size,
            self.observation_space,
            self.action_space,
            device=self.device,
            n_envs=self.n_envs,
        )
        super()._setup_model()

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        train_freq: TrainFreq,
        replay_buffer: ReplayBuffer,
        action_noise: ActionNoise | None = None,
        learning_starts: int = 0,
        log_interval: int | None = None,
    ) -> RolloutReturn:
        """As SB3 has it, for steps only and without its log."""
        self.policy.set_training_mode(False)
        callback.on_rollout_start()
        self._grow()
        acted = ended = 0
        for _ in range(train_freq.frequency):
            actions, kept = self._sample_action(learning_starts, action_noise, env.num_envs)
            seen, rewards, ends, infos = env.step(actions)
            count = self.n_acted
            self.num_timesteps += count
            acted += count
            if not callback.on_step():
                return RolloutReturn(acted, ended, continue_training=False)
            self._update_info_buffer(infos, ends)
            self._store_transition(replay_buffer, kept, seen, rewards, ends, infos)
            self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
            self._on_step()
            ended += int(np.count_nonzero(ends))
        self._episode_num += ended
        callback.on_rollout_end()
        return RolloutReturn(acted, ended, continue_training=True)

    @property
    def n_acted(self) -> int:
        """The agents that acted in the latest step."""
        return int(np.count_nonzero(self.games.acted))

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """As SB3 has it, for rows that have an agent; the actions of the others are zero."""
        began = perf_counter()
        rows = np.flatnonzero(self.games.present)
        noise: Any = None if action_noise is None else partial(_draw, action_noise, len(rows))
        everything = self._last_obs
        if everything is not None and len(rows) < n_envs:
            self._last_obs = take(everything, rows)
        actions, kept = super()._sample_action(learning_starts, noise, len(rows))
        if len(rows) < n_envs:
            self._last_obs = everything
            actions, kept = spread(actions, rows, n_envs), spread(kept, rows, n_envs)
        self.spent.policy_s += perf_counter() - began
        return actions, kept

    def _store_transition(self, replay_buffer: ReplayBuffer, *args: Any, **options: Any) -> None:
        assert isinstance(replay_buffer, Transitions)
        replay_buffer.acted = self.games.acted
        super()._store_transition(replay_buffer, *args, **options)


def _put(target: Any, where: Rows, values: Any, rows: Rows) -> None:
    if isinstance(target, dict):
        for key, array in target.items():
            _put(array, where, values[key], rows)
        return
    samples = values[rows]
    target[where, 0] = samples.reshape(len(samples), *target.shape[2:])


def _draw(noise: ActionNoise, count: int) -> NDArray[np.float32]:
    """Noise for some rows, (count, width), each drawn for itself. Ours remembers nothing: any row may have any."""
    one = noise.base_noise if isinstance(noise, VectorizedActionNoise) else noise
    return np.stack([one() for _ in range(count)])
