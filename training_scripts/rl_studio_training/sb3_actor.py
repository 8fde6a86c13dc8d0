"""What a policy does and expects for a batch of observations, at the least cost.

SB3's `ActorCriticPolicy.forward` makes modules call modules and builds distribution objects; for the few rows of one
decision that takes longer than the arithmetic. `LeanActor` computes the same from the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.distributions import (
    CategoricalDistribution,
    DiagGaussianDistribution,
    MultiCategoricalDistribution,
)
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.utils import obs_as_tensor
from torch import nn

from rl_studio_training.spaces import Observations

Decision = tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]
"""Actions (n, *shape of the action space), values (n,) and log-probabilities (n,)."""

_Sampler = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_IN_PLACE: dict[type[nn.Module], Callable[[torch.Tensor], torch.Tensor]] = {
    nn.Tanh: torch.tanh_,
    nn.ReLU: torch.relu_,
    nn.ELU: lambda x: nn.functional.elu(x, inplace=True),
}


class Actor(Protocol):
    """Chooses actions with the weights that the policy has at that moment."""

    def act(self, observations: Observations) -> Decision:
        """Samples one action per row."""

    def values(self, observations: Observations) -> NDArray[np.float32]:
        """The value of each row, (n,)."""


def make_actor(policy: ActorCriticPolicy) -> Actor:
    """The leanest actor for `policy`: SB3's own code for pictures, several observations and other devices."""
    return LeanActor(policy) if LeanActor.fits(policy) else PolicyActor(policy)


class PolicyActor:
    """An actor that leaves everything to SB3's policy.

    Args:
        policy: of an algorithm that values what it sees; some want to know more than that, see `act`.
    """

    def __init__(self, policy: ActorCriticPolicy | MaskableActorCriticPolicy) -> None:
        self._policy: Any = policy

    def act(self, observations: Observations, **more: Any) -> Decision:
        """As `Actor.act`, with what else the policy goes by: `action_masks`."""
        with torch.inference_mode():
            actions, values, log_probs = self._policy(self._tensors(observations), **more)
        return actions.cpu().numpy(), values.flatten().cpu().numpy(), log_probs.cpu().numpy()

    def values(self, observations: Observations) -> NDArray[np.float32]:
        with torch.inference_mode():
            values = self._policy.predict_values(self._tensors(observations))
        return np.asarray(values.flatten().cpu().numpy())

    def _tensors(self, observations: Observations) -> Any:
        return obs_as_tensor(observations, self._policy.device)


class LeanActor:
    """An actor for flat observations and plain layers on the CPU.

    It draws the same random numbers as SB3's policy does, in the same order.

    Args:
        policy: one that `fits`. The actor reads its weights in place.
    """

    def __init__(self, policy: ActorCriticPolicy) -> None:
        extractor = policy.mlp_extractor
        self._policy_layers = _layers([*extractor.policy_net, policy.action_net])
        self._value_layers = _layers([*extractor.value_net, policy.value_net])
        self._sample = _sampler(policy)

    @staticmethod
    def fits(policy: ActorCriticPolicy) -> bool:
        """Whether this policy computes what a LeanActor computes."""
        space = policy.observation_space
        known: tuple[type[nn.Module], ...] = (nn.Linear, *_IN_PLACE)
        return (
            type(policy) is ActorCriticPolicy
            and isinstance(space, spaces.Box)
            and len(space.shape) == 1
            and isinstance(policy.features_extractor, FlattenExtractor)
            and policy.device.type == "cpu"
            and not policy.use_sde
            and isinstance(policy.action_dist, tuple(_SAMPLERS))
            and all(isinstance(module, known) for module in policy.mlp_extractor.policy_net)
            and all(isinstance(module, known) for module in policy.mlp_extractor.value_net)
        )

    def act(self, observations: Observations) -> Decision:
        with torch.inference_mode():
            rows = _tensor(observations)
            actions, log_probs = self._sample(_run(self._policy_layers, rows))
            values = _run(self._value_layers, rows)
            return actions.numpy(), values.flatten().numpy(), log_probs.numpy()

    def values(self, observations: Observations) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(_run(self._value_layers, _tensor(observations)).flatten().numpy())


_Layer = tuple[torch.Tensor, torch.Tensor] | Callable[[torch.Tensor], torch.Tensor]


def _layers(modules: list[nn.Module]) -> list[_Layer]:
    """(bias, transposed weight) of each linear layer, and the functions between them."""
    found: list[_Layer] = []
    for module in modules:
        if isinstance(module, nn.Linear):
            found.append((module.bias.detach(), module.weight.detach().t()))
        else:
            found.append(_IN_PLACE[type(module)])
    return found


def _run(layers: list[_Layer], rows: torch.Tensor) -> torch.Tensor:
    for layer in layers:
        rows = torch.addmm(layer[0], rows, layer[1]) if isinstance(layer, tuple) else layer(rows)
    return rows


def _tensor(observations: Observations) -> torch.Tensor:
    assert isinstance(observations, np.ndarray)
    return torch.from_numpy(observations)


def _sampler(policy: ActorCriticPolicy) -> _Sampler:
    return next(make for kind, make in _SAMPLERS.items() if isinstance(policy.action_dist, kind))(policy)


def _gaussian(policy: ActorCriticPolicy) -> _Sampler:
    log_std = policy.log_std.detach()

    def sample(means: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        noise = torch.empty_like(means).normal_()
        constant = log_std.sum() + _HALF_LOG_2PI * means.shape[1]
        return means + noise * log_std.exp(), noise.square().sum(dim=1).mul_(-0.5) - constant

    return sample


def _categorical(_policy: ActorCriticPolicy) -> _Sampler:
    def sample(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        choices, log_probs = _choose(logits)
        return choices[:, 0], log_probs[:, 0]

    return sample


def _multi_categorical(policy: ActorCriticPolicy) -> _Sampler:
    assert isinstance(policy.action_dist, MultiCategoricalDistribution)
    sizes = [int(size) for size in policy.action_dist.action_dims]

    def sample(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = [_choose(part) for part in torch.split(logits, sizes, dim=1)]
        choices = torch.cat([choices for choices, _ in chosen], dim=1)
        return choices, torch.cat([log_probs for _, log_probs in chosen], dim=1).sum(dim=1)

    return sample


def _choose(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples a choice per row; returns it and its log-probability, both (n, 1)."""
    log_probs = torch.log_softmax(logits, dim=1)
    choices = torch.multinomial(log_probs.exp(), 1, replacement=True)
    return choices, log_probs.gather(1, choices)


_SAMPLERS: dict[type[Any], Callable[[ActorCriticPolicy], _Sampler]] = {
    DiagGaussianDistribution: _gaussian,
    CategoricalDistribution: _categorical,
    MultiCategoricalDistribution: _multi_categorical,
}
