"""SB3's PPO and A2C with rollouts that keep games and policy busy at the same time."""

from __future__ import annotations

import numpy as np
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.sb3_actor import make_actor
from rl_studio_training.sb3_base import StudioAlgorithm
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.sb3_rollouts import SectionedRollout
from rl_studio_training.vec_env import GodotVecEnv


class FleetRollouts(StudioAlgorithm, OnPolicyAlgorithm):
    """A mixin for algorithms that learn from SB3's plain rollout buffer."""

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Fills the buffer; False if `callback` ended it early.

        Args:
            env: a GodotVecEnv, or a StudioNormalize over one.
        """
        normalize = env if isinstance(env, StudioNormalize) else None
        games = env if normalize is None else normalize.games
        assert isinstance(games, GodotVecEnv)
        assert isinstance(self.policy, ActorCriticPolicy) and self._last_obs is not None
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        rollout = SectionedRollout(
            games.fleet,
            make_actor(self.policy),
            rollout_buffer,
            self._last_obs,
            np.asarray(self._last_episode_starts, dtype=bool),
            self.gamma,
            normalize,
        )
        try:
            if not self._steps(rollout, games, callback, n_rollout_steps):
                return False
            self._last_obs, self._last_episode_starts = rollout.finish()
        finally:
            self.spent.policy_s += rollout.policy_s
        callback.on_rollout_end()
        return True

    def _steps(self, rollout: SectionedRollout, env: GodotVecEnv, callback: BaseCallback, count: int) -> bool:
        sections = range(len(env.fleet.sections))
        for section in sections:
            rollout.act(section, 0)
        for step in range(count):
            for section in sections:
                batch = rollout.collect(section, step)
                if step + 1 < count:
                    rollout.act(section, step + 1)
                self._update_info_buffer(list(batch.infos.values()), np.ones(len(batch.infos), dtype=bool))
            self.num_timesteps += env.num_envs
            if not callback.on_step():
                return False
        return True


class FleetPPO(FleetRollouts, PPO):
    """PPO on our games. Learns exactly what SB3's PPO learns, and saves the same files."""


class FleetA2C(FleetRollouts, A2C):
    """A2C on our games. Learns exactly what SB3's A2C learns, and saves the same files."""
