"""A trained policy, rebuilt from a checkpoint without its environment and without unpickling anything."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy, MultiInputActorCriticPolicy
from torch import nn

from rl_studio.errors import closest
from rl_studio_training.checkpoints import MODEL_FILE, read_description
from rl_studio_training.errors import CheckpointError
from rl_studio_training.layout import ActionPart
from rl_studio_training.sb3_model import ACTIVATIONS
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions

_WEIGHTS = "policy.pth"


@dataclass(frozen=True, slots=True)
class TrainedPolicy:
    """A policy and what is known about it.

    Args:
        network: SB3's policy in evaluation mode, on the CPU.
        observation_space, action_space: in wire form.
        observations: the codec the policy was trained with.
        actions: the action parts in wire order.
        description: checkpoint.json.
    """

    name: str
    network: ActorCriticPolicy
    observation_space: dict[str, Any]
    action_space: dict[str, Any]
    observations: ObservationCodec
    actions: tuple[ActionPart, ...]
    description: dict[str, Any]


def load_policy(checkpoint: Path, name: str | None = None) -> TrainedPolicy:
    """Reads one policy of a checkpoint folder.

    Args:
        name: the policy; None takes the only one.

    Raises:
        CheckpointError: the folder is no SB3 checkpoint of ours, or has no such policy.
    """
    description = read_description(checkpoint)
    chosen = _choose(description, name)
    wire = description["policies"][chosen]
    observations = ObservationCodec(wire["observation_space"], lambda _row, _key: None)
    actions = parse_actions(wire["action_space"])
    try:
        layers = [int(units) for units in description["network"]["hidden_layers"]]
        activation = ACTIVATIONS[description["network"]["activation"]]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint.json of {checkpoint} does not describe its network.") from error
    policy_class: type[ActorCriticPolicy] = (
        MultiInputActorCriticPolicy if isinstance(observations.space, spaces.Dict) else ActorCriticPolicy
    )
    network: ActorCriticPolicy = policy_class(
        observations.space,
        ActionCodec(actions).space,
        lambda _: 0.0,
        net_arch=layers,
        activation_fn=activation,
    )
    weights = _read_weights(checkpoint / MODEL_FILE)
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise CheckpointError(
            f"The weights in {checkpoint.name} are NaN: training had diverged.",
            hint="Take an earlier checkpoint, or train again with a lower learning_rate.",
        )
    network.load_state_dict(weights)
    network.set_training_mode(False)
    return TrainedPolicy(
        chosen,
        network,
        wire["observation_space"],
        wire["action_space"],
        observations,
        actions,
        description,
    )


def _choose(description: dict[str, Any], name: str | None) -> str:
    names: Sequence[str] = list(description.get("policies") or {})
    if not names:
        raise CheckpointError("The checkpoint has no policies.")
    if name is None:
        if len(names) > 1:
            raise CheckpointError(
                f"The checkpoint has the policies {', '.join(names)}.", hint="Name one with --policy NAME."
            )
        return names[0]
    if name not in names:
        near = closest(name, names)
        raise CheckpointError(
            f"The checkpoint has no policy {name!r}; it has {', '.join(names)}.",
            hint=f"Did you mean {near}?" if near else None,
        )
    return name


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_WEIGHTS) as file:
            weights: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
            return weights
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError) as error:
        raise CheckpointError(f"The weights in {path} cannot be read: {error}") from error


class ExportNetwork(nn.Module):
    """The deterministic part of a policy with the inputs and outputs of the exported file.

    `forward` takes one tensor per observation key, then `state_ins`; it returns `output` and `state_outs`.
    `output` is all means (only continuous actions) or all logits (only discrete ones); where both are mixed a
    continuous action is its means followed by its log-stds, and a binary one the two logits (0, x).
    """

    def __init__(self, policy: TrainedPolicy) -> None:
        super().__init__()
        self.policy = policy.network
        self.single_key = policy.observations.single_key
        self.keys = policy.observations.keys
        self.parts = policy.actions

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        *observations, state = inputs
        network = self.policy
        obs: Any = observations[0] if self.single_key else dict(zip(self.keys, observations, strict=True))
        features = network.extract_features(obs, network.pi_features_extractor)
        assert isinstance(features, torch.Tensor)
        out = network.action_net(network.mlp_extractor.forward_actor(features))
        return self._lay_out(out), state

    def _lay_out(self, out: torch.Tensor) -> torch.Tensor:
        if len({part.kind for part in self.parts}) == 1:
            return out
        columns: list[torch.Tensor] = []
        start = 0
        for part in self.parts:
            width = part.size if part.kind == "continuous" else 1
            block = out[:, start : start + width]
            if part.kind == "continuous":
                log_std = self.policy.log_std[start : start + width]
                columns += [block, log_std.expand_as(block)]
            else:
                columns += [torch.zeros_like(block), block][-part.size :]
            start += width
        return torch.cat(columns, dim=1)
