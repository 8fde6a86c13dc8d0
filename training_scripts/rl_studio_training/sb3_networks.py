"""The networks of SB3's policies: plain or gated layers, and convolutions that respect a picture's shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy, BasePolicy, ContinuousCritic
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, CombinedExtractor
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from stable_baselines3.sac.policies import Actor as SACActor
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import Actor as TD3Actor
from stable_baselines3.td3.policies import TD3Policy
from torch import nn

from rl_studio.experiments.sb3_config import SB3Config

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}


def policy_class(config: SB3Config) -> type[BasePolicy]:
    """SB3's policy for the algorithm, or the one with gated layers."""
    plain, gated = _POLICIES[config.algorithm]
    return gated if config.network == "gated" else plain


def policy_arguments(config: SB3Config, observations: spaces.Space[Any]) -> dict[str, Any]:
    """What the policy's class takes beside spaces, learning rate and optimizer.

    Args:
        observations: what the algorithm sees: a flat Box, or a Dict.
    """
    arguments: dict[str, Any] = {
        "net_arch": list(config.hidden_layers),
        "activation_fn": ACTIVATIONS[config.activation],
    }
    if isinstance(observations, spaces.Dict):
        arguments["features_extractor_class"] = CombinedExtractor
        if any(is_picture(part) for part in observations.spaces.values()):
            arguments["features_extractor_class"] = PictureExtractor
            arguments["features_extractor_kwargs"] = {"channels": list(config.cnn_channels)}
    if config.algorithm in ("ppo", "a2c", "recurrent_ppo", "maskable_ppo"):
        arguments["ortho_init"] = config.ortho_init
        if config.algorithm != "maskable_ppo":
            arguments["log_std_init"] = config.log_std_init
    if config.algorithm == "recurrent_ppo":
        arguments["lstm_hidden_size"] = config.lstm_hidden_size
        arguments["n_lstm_layers"] = config.lstm_layers
    return arguments


def is_picture(space: spaces.Space[Any]) -> bool:
    """Whether convolutions are for it: uint8 (channels, height, width)."""
    return isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3


class PictureExtractor(BaseFeaturesExtractor):
    """Convolutions over each picture of a Dict, and everything else flat, joined to one row.

    Each convolution halves the picture, rounding up, so that the smallest ones pass too.

    Args:
        channels: of each convolution.
    """

    def __init__(self, observation_space: spaces.Dict, channels: Sequence[int]) -> None:
        sizes = {key: _features(part, channels) for key, part in observation_space.spaces.items()}
        super().__init__(observation_space, sum(sizes.values()))
        self.extractors = nn.ModuleDict(
            {
                key: _convolutions(part.shape or (1,), channels) if is_picture(part) else nn.Flatten()
                for key, part in observation_space.spaces.items()
            }
        )

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        """Observations as SB3 prepares them: pictures from 0 to 1, choices one-hot."""
        parts = [extract(observations[key]) for key, extract in self.extractors.items()]
        return torch.cat(parts, dim=1)


def _convolutions(shape: Sequence[int], channels: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip([shape[0], *channels], channels, strict=False):
        layers += [nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten())


def _features(space: spaces.Space[Any], channels: Sequence[int]) -> int:
    if not is_picture(space):
        return spaces.flatdim(space)
    _, height, width = space.shape or (1, 1, 1)
    for _ in channels:
        height, width = math.ceil(height / 2), math.ceil(width / 2)
    return channels[-1] * height * width


class GatedLayer(nn.Module):
    """A gate blends an ELU candidate with a linear context; what came in is added, and the sum normalized.

    Args:
        width, units: numbers in and out.
    """

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.blend = nn.Linear(width, 3 * units)
        self.skip = nn.Identity() if width == units else nn.Linear(width, units, bias=False)
        self.norm = nn.LayerNorm(units)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(n, width) to (n, units)."""
        candidate, context, gate = self.blend(rows).chunk(3, dim=-1)
        blended = context + torch.sigmoid(gate) * (nn.functional.elu(candidate) - context)
        normalized: torch.Tensor = self.norm(self.skip(rows) + blended)
        return normalized


def _gated(layers: nn.Module, *, has_head: bool) -> nn.Sequential:
    """The same with a GatedLayer for each hidden layer and its activation; with a head, the last layer stays."""
    assert isinstance(layers, nn.Sequential)
    modules = list(layers)
    linear = [number for number, module in enumerate(modules) if isinstance(module, nn.Linear)]
    end = linear[-1] if has_head else len(modules)
    hidden = [module for module in modules[:end] if isinstance(module, nn.Linear)]
    gated = [GatedLayer(module.in_features, module.out_features) for module in hidden]
    return nn.Sequential(*gated, *modules[end:])


class GatedActorCriticPolicy(ActorCriticPolicy):
    """SB3's policy for PPO and A2C with gated layers."""

    def _build_mlp_extractor(self) -> None:
        super()._build_mlp_extractor()
        _gate_both(self)


class GatedMaskablePolicy(MaskableActorCriticPolicy):
    """The policy for maskable PPO with gated layers."""

    def _build_mlp_extractor(self) -> None:
        super()._build_mlp_extractor()
        _gate_both(self)


class GatedRecurrentPolicy(RecurrentActorCriticPolicy):
    """The policy for recurrent PPO with gated layers after its memory."""

    def _build_mlp_extractor(self) -> None:
        super()._build_mlp_extractor()
        _gate_both(self)


def _gate_both(policy: Any) -> None:
    extractor = policy.mlp_extractor
    extractor.policy_net = _gated(extractor.policy_net, has_head=False)
    extractor.value_net = _gated(extractor.value_net, has_head=False)


def _gate_critic(critic: ContinuousCritic) -> ContinuousCritic:
    for number, network in enumerate(critic.q_networks):
        critic.q_networks[number] = _gated(network, has_head=True)
        critic.add_module(f"qf{number}", critic.q_networks[number])
    return critic


class GatedSACPolicy(SACPolicy):
    """SB3's policy for SAC with gated layers in actor and critics."""

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> SACActor:
        actor = super().make_actor(features_extractor)
        actor.latent_pi = _gated(actor.latent_pi, has_head=False)
        return actor

    def make_critic(self, features_extractor: BaseFeaturesExtractor | None = None) -> ContinuousCritic:
        return _gate_critic(super().make_critic(features_extractor))


class GatedTD3Policy(TD3Policy):
    """SB3's policy for TD3 with gated layers in actor and critics."""

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> TD3Actor:
        actor = super().make_actor(features_extractor)
        actor.mu = _gated(actor.mu, has_head=True)
        return actor

    def make_critic(self, features_extractor: BaseFeaturesExtractor | None = None) -> ContinuousCritic:
        return _gate_critic(super().make_critic(features_extractor))


class GatedDQNPolicy(DQNPolicy):
    """SB3's policy for DQN with gated layers."""

    def make_q_net(self) -> QNetwork:
        network = super().make_q_net()
        network.q_net = _gated(network.q_net, has_head=True)
        return network


_POLICIES: dict[str, tuple[type[BasePolicy], type[BasePolicy]]] = {
    "ppo": (ActorCriticPolicy, GatedActorCriticPolicy),
    "a2c": (ActorCriticPolicy, GatedActorCriticPolicy),
    "recurrent_ppo": (RecurrentActorCriticPolicy, GatedRecurrentPolicy),
    "maskable_ppo": (MaskableActorCriticPolicy, GatedMaskablePolicy),
    "sac": (SACPolicy, GatedSACPolicy),
    "td3": (TD3Policy, GatedTD3Policy),
    "dqn": (DQNPolicy, GatedDQNPolicy),
}
