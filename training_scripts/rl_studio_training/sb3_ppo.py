"""SB3's PPO with rollouts that keep games and policy busy at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.sb3_actor import make_actor
from rl_studio_training.sb3_rollouts import SectionedRollout
from rl_studio_training.vec_env import GodotVecEnv


@dataclass(slots=True)
class Spent:
    """Seconds of wall time since the model was made.

    Args:
        policy_s: choosing actions and valuing observations.
        update_s: learning.
    """

    policy_s: float = 0.0
    update_s: float = 0.0


class FleetPPO(PPO):
    """PPO on a `GodotVecEnv`. Learns exactly what SB3's PPO learns, and saves the same files."""

    spent: Spent

    def _setup_model(self) -> None:
        super()._setup_model()
        self.spent = Spent()

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Fills the buffer; False if `callback` ended it early.

        An environment that SB3 has wrapped (it does so for some pictures) is left to SB3's own loop.
        """
        if not isinstance(env, GodotVecEnv):
            return super().collect_rollouts(env, callback, rollout_buffer, n_rollout_steps)
        assert isinstance(self.policy, ActorCriticPolicy) and self._last_obs is not None
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        starts = np.asarray(self._last_episode_starts, dtype=bool)
        rollout = SectionedRollout(
            env.fleet,
            make_actor(self.policy),
            rollout_buffer,
            self._last_obs,
            starts,
            self.gamma,
        )
        try:
            if not self._steps(rollout, env, callback, n_rollout_steps):
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

    def train(self) -> None:
        began = perf_counter()
        super().train()
        self.spent.update_s += perf_counter() - began

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "spent"]
