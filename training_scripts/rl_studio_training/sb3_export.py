"""The deterministic part of a policy, as a network with the inputs and outputs of an exported file."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.dqn.policies import DQNPolicy
from stable_baselines3.sac.policies import LOG_STD_MAX, LOG_STD_MIN, SACPolicy
from stable_baselines3.td3.policies import TD3Policy
from torch import nn

from rl_studio_training.sb3_networks import is_picture
from rl_studio_training.sb3_policy import TrainedPolicy


def why_not(policy: TrainedPolicy) -> str | None:
    """Why a policy cannot be exported; None if it can."""
    if isinstance(policy.network, RecurrentActorCriticPolicy):
        return "A recurrent policy cannot be exported yet."
    pictures = [key for key in policy.observations.keys if is_picture(policy.observations.space_of(key))]
    if pictures:
        return f"A policy that sees pictures ({', '.join(pictures)}) cannot be exported yet."
    return None


class ExportNetwork(nn.Module):
    """`forward` takes one tensor per observation key, then `state_ins`; it returns `output` and `state_outs`.

    Observations come as the game gives them and are normalized here, if the policy wants them so. `output` is all
    means (only continuous actions) or all logits or values (only discrete ones); where both are mixed a continuous
    action is its means followed by its log-stds, and a binary one the two logits (0, x).
    """

    def __init__(self, policy: TrainedPolicy) -> None:
        super().__init__()
        self.policy = policy.network
        self.single_key = policy.observations.single_key
        self.keys = policy.observations.keys
        self.parts = policy.actions
        self.scale = _Scale(policy)

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        *observations, state = inputs
        seen = self.scale(dict(zip(self.keys, observations, strict=True)))
        means, log_std = _head(self.policy, seen[self.single_key] if self.single_key else seen)
        return self._lay_out(means, log_std), state

    def _lay_out(self, means: torch.Tensor, log_std: torch.Tensor | None) -> torch.Tensor:
        if len({part.kind for part in self.parts}) == 1:
            return means
        assert log_std is not None
        columns: list[torch.Tensor] = []
        start = 0
        for part in self.parts:
            width = part.size if part.kind == "continuous" else 1
            block = means[:, start : start + width]
            if part.kind == "continuous":
                columns += [block, log_std[..., start : start + width].expand_as(block)]
            else:
                columns += [torch.zeros_like(block), block][-part.size :]
            start += width
        return torch.cat(columns, dim=1)


class _Scale(nn.Module):
    """Normalizes observations by name."""

    def __init__(self, policy: TrainedPolicy) -> None:
        super().__init__()
        self.limit = 0.0 if policy.scale is None else policy.scale.limit
        self.numbers: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        if policy.scale is not None:
            for key, mean in policy.scale.mean.items():
                deviation = policy.scale.deviation[key]
                name = key or policy.observations.single_key or ""
                self.numbers[name] = (
                    torch.as_tensor(mean, dtype=torch.float32),
                    torch.as_tensor(deviation, dtype=torch.float32),
                )

    def forward(self, observations: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        found = dict(observations)
        for key, (mean, deviation) in self.numbers.items():
            found[key] = torch.clamp((found[key] - mean) / deviation, -self.limit, self.limit)
        return found


def _head(policy: nn.Module, seen: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """What the last layer says: means, logits or values (n, width); and the log-stds of means."""
    if isinstance(policy, ActorCriticPolicy | MaskableActorCriticPolicy):
        features: Any = policy.extract_features(seen, policy.pi_features_extractor)
        means: torch.Tensor = policy.action_net(policy.mlp_extractor.forward_actor(features))
        return means, getattr(policy, "log_std", None)
    if isinstance(policy, SACPolicy):
        latent = policy.actor.latent_pi(policy.actor.extract_features(seen, policy.actor.features_extractor))
        spread: Any = policy.actor.log_std
        log_std = torch.clamp(spread(latent), LOG_STD_MIN, LOG_STD_MAX)
        return torch.tanh(policy.actor.mu(latent)), log_std
    if isinstance(policy, TD3Policy):
        means = policy.actor.mu(policy.actor.extract_features(seen, policy.actor.features_extractor))
        return means, torch.full_like(means, LOG_STD_MIN)
    assert isinstance(policy, DQNPolicy)
    return policy.q_net.q_net(policy.q_net.extract_features(seen, policy.q_net.features_extractor)), None
