"""SB3's PPO and A2C with rollouts that keep games and policy busy at the same time."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.sb3_actor import make_actor
from rl_studio_training.sb3_base import StudioAlgorithm
from rl_studio_training.sb3_buffers import ActedDictRolloutBuffer, ActedRolloutBuffer, ActedSteps
from rl_studio_training.sb3_rollouts import Beginning, SectionedRollout


class FleetRollouts(StudioAlgorithm, OnPolicyAlgorithm):
    """A mixin for algorithms that learn from rollouts. It learns from steps in which an agent acted, and counts those.

    Between two rollouts agents that wait get rows of their own, with a new buffer then.
    """

    buffer_kinds: ClassVar[tuple[type[ActedSteps], type[ActedSteps]]] = (
        ActedRolloutBuffer,
        ActedDictRolloutBuffer,
    )
    """The buffer for a single observation, and for named ones."""

    def _setup_model(self) -> None:
        super()._setup_model()
        self.rollout_buffer = self._make_buffer()

    def _make_buffer(self) -> ActedSteps:
        kind = self.buffer_kinds[isinstance(self.observation_space, spaces.Dict)]
        return kind(
            self.n_steps,
            self.observation_space,
            self.action_space,
            device=self.device,
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            n_envs=self.n_envs,
            **self._buffer_options(),
        )

    def _buffer_options(self) -> dict[str, Any]:
        return {}

    def _regrow(self, old: NDArray[np.int64]) -> None:
        self.rollout_buffer = self._make_buffer()

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Fills the model's own buffer, which is another one after the rows have grown.

        Args:
            env: that of the model.

        Returns:
            False if `callback` ended it early.
        """
        self.policy.set_training_mode(False)
        callback.on_rollout_start()
        self._grow()
        buffer, starts = self.rollout_buffer, np.asarray(self._last_episode_starts, dtype=bool)
        assert isinstance(buffer, ActedSteps) and self._last_obs is not None
        buffer.reset()
        rollout = self._begin_rollout(
            Beginning(self.games, buffer, self._last_obs, starts, self.gamma, self.normalize)
        )
        try:
            if not self._steps(rollout, callback, n_rollout_steps):
                return False
            self._finish_rollout(rollout)
        finally:
            self.spent.policy_s += rollout.policy_s
        callback.on_rollout_end()
        return True

    def _begin_rollout(self, beginning: Beginning) -> Any:
        assert isinstance(self.policy, ActorCriticPolicy)
        return SectionedRollout(beginning, make_actor(self.policy))

    def _steps(self, rollout: SectionedRollout, callback: BaseCallback, count: int) -> bool:
        sections = range(len(rollout.section_rows))
        for section in sections:
            rollout.act(section, 0)
        for step in range(count):
            for section in sections:
                batch = rollout.collect(section, step)
                if step + 1 < count:
                    rollout.act(section, step + 1)
                self.num_timesteps += batch.n_acted
                self._update_info_buffer(list(batch.infos.values()), np.ones(len(batch.infos), dtype=bool))
            if not callback.on_step():
                return False
        return True

    def _finish_rollout(self, rollout: Any) -> None:
        self._last_obs, self._last_episode_starts = rollout.finish()


class FleetPPO(FleetRollouts, PPO):
    """PPO on our games. Learns exactly what SB3's PPO learns, and saves the same files."""


class FleetA2C(FleetRollouts, A2C):
    """A2C on our games. Learns exactly what SB3's A2C learns, and saves the same files."""
