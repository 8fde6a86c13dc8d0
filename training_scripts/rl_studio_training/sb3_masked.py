"""sb3-contrib's maskable PPO on our games."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.row_arrays import Rows
from rl_studio_training.sb3_actor import Decision, PolicyActor
from rl_studio_training.sb3_buffers import ActedMaskableBuffer, ActedMaskableDictBuffer
from rl_studio_training.sb3_ppo import FleetRollouts
from rl_studio_training.sb3_rollouts import Beginning, JointRollout
from rl_studio_training.spaces import Observations


class MaskedRollout(JointRollout):
    """A rollout in which the policy only chooses what the agents may do."""

    _buffer: ActedMaskableBuffer | ActedMaskableDictBuffer
    _actor: PolicyActor

    def _decide(self, step: int, rows: Rows, seen: Observations, _starts: NDArray[np.bool_]) -> Decision:
        masks = self._env.action_masks()[rows]
        self._buffer.action_masks[step, rows] = masks
        return self._actor.act(seen, action_masks=masks)


class StudioMaskablePPO(FleetRollouts, MaskablePPO):
    """sb3-contrib's maskable PPO, which learns what that learns from agents that are always there."""

    buffer_kinds = (ActedMaskableBuffer, ActedMaskableDictBuffer)

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
        use_masking: bool = True,
    ) -> bool:
        """As `FleetRollouts` has it, always with masks."""
        return super().collect_rollouts(env, callback, rollout_buffer, n_rollout_steps)

    def _begin_rollout(self, beginning: Beginning) -> MaskedRollout:
        assert isinstance(self.policy, MaskableActorCriticPolicy)
        return MaskedRollout(beginning, PolicyActor(self.policy))
