"""A trained policy, rebuilt from a checkpoint without its environment and without unpickling anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from stable_baselines3.common.policies import BasePolicy

from rl_studio.errors import closest
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.checkpoints import read_description
from rl_studio_training.errors import CheckpointError
from rl_studio_training.layout import ActionPart
from rl_studio_training.sb3_model import read_parameters
from rl_studio_training.sb3_networks import policy_arguments, policy_class
from rl_studio_training.sb3_normalization import ObservationScale, read_scale
from rl_studio_training.sb3_player import SB3Player
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions


@dataclass(frozen=True, slots=True)
class TrainedPolicy:
    """A policy and what is known about it.

    Args:
        network: SB3's policy in evaluation mode, on the CPU.
        config: what it was trained with.
        scale: how its observations are normalized; None if they are not.
        observation_space, action_space: in wire form.
        observations: the codec the policy was trained with.
        actions: the action parts in wire order.
        description: checkpoint.json.
    """

    name: str
    network: BasePolicy
    config: SB3Config
    scale: ObservationScale | None
    observation_space: dict[str, Any]
    action_space: dict[str, Any]
    observations: ObservationCodec
    actions: tuple[ActionPart, ...]
    description: dict[str, Any]

    def player(self) -> SB3Player:
        """Plays with it."""
        return SB3Player(self.network, self.scale)


def load_policy(checkpoint: Path, name: str | None = None) -> TrainedPolicy:
    """Reads one policy of a checkpoint folder.

    Args:
        name: the policy; None takes the only one.

    Raises:
        CheckpointError: the folder is no SB3 checkpoint of ours, or has no such policy.
    """
    description = read_description(checkpoint)
    if description.get("trainer", "sb3") != "sb3":
        raise CheckpointError(f"{checkpoint} is a checkpoint of {description['trainer']}, not of SB3.")
    chosen = _choose(description, name)
    wire = description["policies"][chosen]
    observations = ObservationCodec(wire["observation_space"], lambda _row, _key: None)
    actions = parse_actions(wire["action_space"])
    config = _config_of(checkpoint, description)
    network = policy_class(config)(
        observations.space,
        ActionCodec(actions).space,
        lr_schedule=lambda _: 0.0,
        optimizer_class=_NoOptimizer,
        **policy_arguments(config, observations.space),
    )
    weights = read_parameters(checkpoint)[0].get("policy", {})
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise CheckpointError(
            f"The weights in {checkpoint.name} are NaN: training had diverged.",
            hint="Take an earlier checkpoint, or train again with a lower learning_rate.",
        )
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"The weights in {checkpoint} are not those that it describes.") from error
    network.set_training_mode(False)
    return TrainedPolicy(
        chosen,
        network,
        config,
        read_scale(checkpoint),
        wire["observation_space"],
        wire["action_space"],
        observations,
        actions,
        description,
    )


class _NoOptimizer:
    """Stands for an optimizer, whose making would load PyTorch's compiler for more than a second."""

    def __init__(self, *_arguments: Any, **_options: Any) -> None:
        pass


def _config_of(checkpoint: Path, description: dict[str, Any]) -> SB3Config:
    try:
        # The first checkpoints describe the layers only.
        return SB3Config.model_validate(description.get("config") or description["network"])
    except (KeyError, ValidationError) as error:
        raise CheckpointError(f"checkpoint.json of {checkpoint} does not describe its network.") from error


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
