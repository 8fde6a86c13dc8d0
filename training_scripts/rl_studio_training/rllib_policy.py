"""A policy that RLlib has trained, taken from a checkpoint: plays without a running Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from ray.rllib.core.rl_module.rl_module import RLModule

from rl_studio_training.checkpoints import read_description
from rl_studio_training.errors import CheckpointError
from rl_studio_training.rllib_actor import Memory, ModuleActor
from rl_studio_training.rllib_checkpoints import modules_folder
from rl_studio_training.rllib_modules import SETTINGS, ActorCriticModule
from rl_studio_training.spaces import Observations

_LATE = 2**40
"""A timestep at which every schedule of exploration has come to its end."""


class RLlibPolicy:
    """Decides for any number of agents of one policy at a time.

    Args:
        module: of `rllib_modules`, with a policy's weights.
    """

    def __init__(self, module: RLModule) -> None:
        self.module = module
        self.observation_space: spaces.Space[Any] = module.observation_space
        self.action_space: spaces.Space[Any] = module.action_space
        self.module = module
        self.is_recurrent = bool(module.is_stateful())
        self._actor = ModuleActor(module, keeps_extras=False)

    def initial_state(self, count: int) -> Memory:
        """The memory of `count` agents at the beginning of an episode; empty for a policy without memory."""
        return self._actor.begin(count)

    def act(
        self,
        observations: Observations,
        state: Memory | None = None,
        *,
        explore: bool = False,
        masks: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], Memory]:
        """Chooses an action for each agent.

        Args:
            observations: (n, …), or dictionaries of such, of `observation_space`.
            state: what the call before returned, with `forget` for agents whose episode has ended; None for
                agents at the beginning of an episode.
            explore: draw actions at random as at the end of training; else the most probable ones.
            masks: make no difference: policies of RLlib know none.

        Returns:
            Actions of `action_space`, (n,) for Discrete, else (n, width), numbers within its limits; and the
            new state.
        """
        memory = self.initial_state(_count(observations)) if state is None else state
        actions, _, memory = self._actor.act(observations, memory, explore=explore, timestep=_LATE)
        if isinstance(self.action_space, spaces.Box):
            actions = np.clip(actions, self.action_space.low, self.action_space.high)
        return actions, memory

    def forget(self, state: Memory, rows: NDArray[np.bool_]) -> Memory:
        """The state with that of `rows`, (n,), as at the beginning of an episode."""
        fresh = self.initial_state(len(rows))
        is_fresh = torch.from_numpy(rows).unsqueeze(1)
        return {name: torch.where(is_fresh, fresh[name], values) for name, values in state.items()}


def load_policy(checkpoint: Path, name: str | None = None) -> RLlibPolicy:
    """The policy `name` of a checkpoint.

    Args:
        checkpoint: the folder, with checkpoint.json.
        name: None for the only one.

    Raises:
        CheckpointError: it is no checkpoint of RLlib, or has no such policy.
    """
    description = read_description(checkpoint)
    names = list(description.get("policies") or {})
    if description.get("trainer") != "rllib" or not names:
        raise CheckpointError(
            f"{checkpoint} is no checkpoint of RLlib.", hint="Its checkpoint.json says which trainer made it."
        )
    if name is None and len(names) == 1:
        name = names[0]
    if name is None or name not in names:
        what = "Which policy?" if name is None else f"{checkpoint} has no policy {name!r}."
        raise CheckpointError(what, hint=f"It has {', '.join(names)}.")
    # RLlib takes a relative path for an address.
    return RLlibPolicy(RLModule.from_checkpoint(modules_folder(checkpoint.resolve()) / name))


def untrained_policy(
    observations: spaces.Space[Any], actions: spaces.Space[Any], like: Path | None, name: str
) -> RLlibPolicy:
    """A fresh network with the layers of the policy `name` in the checkpoint `like`; None: PPO with the defaults."""
    spaces_of = {"observation_space": observations, "action_space": actions}
    if like is None:
        return RLlibPolicy(ActorCriticModule(**spaces_of, model_config={SETTINGS: {}}))
    trained = load_policy(like, name).module
    return RLlibPolicy(type(trained)(**spaces_of, model_config=trained.model_config))


def _count(observations: Observations) -> int:
    return len(next(iter(observations.values())) if isinstance(observations, dict) else observations)
