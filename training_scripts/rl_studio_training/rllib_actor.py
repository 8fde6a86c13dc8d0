"""What RLlib's modules do with all rows of a policy at once: one forward pass, no connectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import tree
from gymnasium import spaces
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns

from rl_studio_training.spaces import Observations

Memory = dict[str, torch.Tensor]
"""What rows with a memory remember, (n, units) each; empty without a memory."""
Extras = dict[str, Any]
"""What learners want to know of a decision, by RLlib's column: arrays (n, …)."""


_Sampler = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Inputs of a distribution → actions and their log-probabilities."""
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


class ModuleActor:
    """Chooses actions with the weights that a module has at that moment.

    Args:
        module: of `rllib_modules`.
        keeps_extras: keep log-probabilities and distributions, which on-policy algorithms learn from.
    """

    def __init__(self, module: Any, *, keeps_extras: bool) -> None:
        self._module = module
        self._sample = _sampler(module.action_space) if keeps_extras else None

    def begin(self, rows: int) -> Memory:
        """The memory of `rows` agents at the beginning of their episodes."""
        state = self._module.get_initial_state()
        return {name: value.unsqueeze(0).repeat(rows, 1) for name, value in state.items()}

    def act(
        self, observations: Observations, memory: Memory, *, explore: bool, timestep: int
    ) -> tuple[NDArray[Any], Extras, Memory]:
        """One action for each row, what learners want to know of it, and the memory after it.

        Args:
            timestep: agent steps so far, for schedules of exploration.
        """
        seen = _tensors(observations)
        batch: dict[str, Any] = {Columns.OBS: seen}
        if memory:
            batch = {
                Columns.OBS: tree.map_structure(lambda rows: rows.unsqueeze(1), seen),
                Columns.STATE_IN: memory,
            }
        with torch.no_grad():
            # The public methods around these switch each layer to evaluation and back, which no layer of ours needs.
            output = (
                self._module._forward_exploration(batch, t=timestep)
                if explore
                else self._module._forward_inference(batch)
            )
            actions, extras = self._choose(output, explore=explore, squeezes=bool(memory))
        if memory:
            memory = output[Columns.STATE_OUT]
            extras[Columns.STATE_OUT] = {name: value.numpy() for name, value in memory.items()}
        return actions, extras, memory

    def _choose(
        self, output: dict[str, Any], *, explore: bool, squeezes: bool
    ) -> tuple[NDArray[Any], Extras]:
        if Columns.ACTIONS in output:
            return np.asarray(output[Columns.ACTIONS].numpy()), {}
        inputs = output[Columns.ACTION_DIST_INPUTS]
        inputs = inputs.squeeze(1) if squeezes else inputs
        if explore and self._sample is not None:
            actions, log_probs = self._sample(inputs)
            extras = {Columns.ACTION_DIST_INPUTS: inputs.numpy(), Columns.ACTION_LOGP: log_probs.numpy()}
            return np.asarray(actions.numpy()), extras
        kind = self._module.get_exploration_action_dist_cls()
        distribution = kind.from_logits(inputs)
        chosen = distribution if explore else distribution.to_deterministic()
        return np.asarray(chosen.sample().numpy()), {}


def _tensors(observations: Observations) -> Any:
    if isinstance(observations, dict):
        return {name: torch.from_numpy(array) for name, array in observations.items()}
    return torch.from_numpy(observations)


def _sampler(space: spaces.Space[Any]) -> _Sampler:
    """What RLlib's distributions do, without making them: that takes longer than the arithmetic for a few rows."""
    if isinstance(space, spaces.Box):
        return _gaussian
    if isinstance(space, spaces.Discrete):
        return _categorical
    return lambda inputs: _multi_categorical(inputs, space.nvec.tolist())  # type: ignore[attr-defined]


def _gaussian(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    means, log_std = inputs.chunk(2, dim=1)
    noise = torch.randn_like(means)
    log_probs = (noise.square().mul_(-0.5) - log_std).sum(dim=1) - _HALF_LOG_2PI * means.shape[1]
    return means + noise * log_std.exp(), log_probs


def _categorical(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    log_probs = torch.log_softmax(logits, dim=1)
    choices = torch.multinomial(log_probs.exp(), 1, replacement=True)
    return choices[:, 0], log_probs.gather(1, choices)[:, 0]


def _multi_categorical(logits: torch.Tensor, sizes: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = [_categorical(part) for part in torch.split(logits, sizes, dim=1)]
    choices = torch.stack([choices for choices, _ in chosen], dim=1)
    return choices, torch.stack([log_probs for _, log_probs in chosen], dim=1).sum(dim=1)
