"""sb3-contrib's recurrent PPO on our games."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.utils import obs_as_tensor

from rl_studio_training.row_arrays import Rows, regrow
from rl_studio_training.sb3_actor import Decision, PolicyActor
from rl_studio_training.sb3_buffers import (
    MEMORY,
    ActedRecurrentBuffer,
    ActedRecurrentDictBuffer,
)
from rl_studio_training.sb3_ppo import FleetRollouts
from rl_studio_training.sb3_rollouts import Beginning, JointRollout
from rl_studio_training.spaces import Observations

Memory = NDArray[np.float32]
"""(4, layers, rows, units): hidden and cell state of the policy, then those of its value function."""


class RecurrentRollout(JointRollout):
    """A rollout of agents that remember, each from the beginning of its episode on.

    Args:
        memory: of all rows.
    """

    _buffer: ActedRecurrentBuffer | ActedRecurrentDictBuffer

    def __init__(self, beginning: Beginning, policy: RecurrentActorCriticPolicy, memory: Memory) -> None:
        super().__init__(beginning, PolicyActor(policy))
        self._policy: Any = policy
        self.memory = memory
        self._cut_memory: list[Memory] = []

    def _decide(self, step: int, rows: Rows, seen: Observations, starts: NDArray[np.bool_]) -> Decision:
        before = self.memory[:, :, rows]
        for name, part in zip(MEMORY, before, strict=True):
            getattr(self._buffer, name)[step][:, rows] = part
        with torch.inference_mode():
            actions, values, log_probs, after = self._policy(
                obs_as_tensor(seen, self._policy.device),
                to_states(before, self._policy.device),
                self._tensor(starts),
            )
        self.memory[:, :, rows] = from_states(after)
        return actions.cpu().numpy(), values.flatten().cpu().numpy(), log_probs.cpu().numpy()

    def _value(self, rows: Rows, seen: Observations, starts: NDArray[np.bool_]) -> NDArray[np.float32]:
        return self._value_of(seen, self.memory[:, :, rows], starts)

    def _note_cut(self, step: int, rows: NDArray[np.int64], seen: Observations) -> None:
        super()._note_cut(step, rows, seen)
        self._cut_memory.append(self.memory[:, :, rows])

    def _cut_values(self, seen: Observations) -> NDArray[np.float32]:
        memory = np.concatenate(self._cut_memory, axis=2)
        return self._value_of(seen, memory, np.zeros(memory.shape[2], np.bool_))

    def _value_of(self, seen: Observations, memory: Memory, starts: NDArray[np.bool_]) -> NDArray[np.float32]:
        device = self._policy.device
        with torch.inference_mode():
            values = self._policy.predict_values(
                obs_as_tensor(seen, device), to_states(memory, device).vf, self._tensor(starts)
            )
        return np.asarray(values.flatten().cpu().numpy())

    def _tensor(self, starts: NDArray[np.bool_]) -> torch.Tensor:
        return torch.tensor(starts, dtype=torch.float32, device=self._policy.device)


class StudioRecurrentPPO(FleetRollouts, RecurrentPPO):
    """sb3-contrib's recurrent PPO, which learns what that learns from agents that are always there."""

    _last_lstm_states: Any
    buffer_kinds = (ActedRecurrentBuffer, ActedRecurrentDictBuffer)

    def _buffer_options(self) -> dict[str, Any]:
        lstm: Any = self.policy.lstm_actor
        return {"hidden_state_shape": (self.n_steps, lstm.num_layers, self.n_envs, lstm.hidden_size)}

    def _regrow(self, old: NDArray[np.int64]) -> None:
        super()._regrow(old)
        memory = np.moveaxis(from_states(self._last_lstm_states), 2, 0)
        self._last_lstm_states = to_states(np.moveaxis(regrow(memory, old), 0, 2), self.device)

    def _begin_rollout(self, beginning: Beginning) -> RecurrentRollout:
        assert isinstance(self.policy, RecurrentActorCriticPolicy)
        return RecurrentRollout(beginning, self.policy, from_states(self._last_lstm_states))

    def _finish_rollout(self, rollout: RecurrentRollout) -> None:
        super()._finish_rollout(rollout)
        self._last_lstm_states = to_states(rollout.memory, self.device)


def from_states(states: RNNStates) -> Memory:
    """The states of sb3-contrib in one array of its own."""
    return np.stack([part.cpu().numpy() for part in (*states.pi, *states.vf)])


def to_states(memory: Memory, device: torch.device | str) -> RNNStates:
    """Memory as sb3-contrib wants it."""
    parts = [torch.from_numpy(np.ascontiguousarray(part)).to(device) for part in memory]
    return RNNStates((parts[0], parts[1]), (parts[2], parts[3]))
