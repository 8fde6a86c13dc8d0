"""A policy of SB3 that plays and learns nothing from it: for evaluations and checkpoints."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy

from rl_studio_training.sb3_normalization import ObservationScale, StudioNormalize
from rl_studio_training.spaces import Observations

Memory = tuple[NDArray[np.float32], NDArray[np.float32]]
"""What the agents of a recurrent policy remember: two arrays (layers, n, units)."""


class SB3Player:
    """Decides for any number of agents of one policy at a time.

    Args:
        policy: its weights are read in place.
        scale: how the policy's observations are normalized, if they are.
    """

    def __init__(self, policy: BasePolicy, scale: ObservationScale | None = None) -> None:
        self._policy = policy
        self._scale = scale

    @classmethod
    def of(cls, model: BaseAlgorithm) -> SB3Player:
        """A player with the weights that `model` has at each moment, and the normalization that it has now."""
        normalize = model.get_vec_normalize_env()
        return cls(model.policy, normalize.scale if isinstance(normalize, StudioNormalize) else None)

    @property
    def is_recurrent(self) -> bool:
        """Whether it remembers."""
        return isinstance(self._policy, RecurrentActorCriticPolicy)

    def act(
        self,
        observations: Observations,
        state: Memory | None = None,
        *,
        explore: bool = False,
        masks: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], Memory | None]:
        """Chooses an action for each agent.

        Args:
            observations: as the games give them, (n, …) or such arrays by name.
            state: what the call before returned; None for agents at the beginning of an episode.
            explore: draw actions at random as the policy does in training; else the most probable ones.
            masks: which discrete choices each agent has; policies that know none take no notice.

        Returns:
            Actions of the algorithm's space, (n,) for Discrete, else (n, width), numbers within its limits; and
            the new state, None without memory.
        """
        seen: Any = observations if self._scale is None else self._scale.apply(observations)
        if isinstance(self._policy, MaskableActorCriticPolicy):
            actions, _ = self._policy.predict(seen, deterministic=not explore, action_masks=masks)
            return np.asarray(actions), None
        actions, memory = self._policy.predict(seen, state, deterministic=not explore)
        if not self.is_recurrent or memory is None:
            return np.asarray(actions), None
        return np.asarray(actions), (memory[0], memory[1])

    def forget(self, state: Memory | None, rows: NDArray[np.bool_]) -> Memory | None:
        """The state with that of these rows as at the beginning of an episode."""
        if state is None:
            return None
        keeps = (~rows).astype(np.float32)[None, :, None]
        return state[0] * keeps, state[1] * keeps
