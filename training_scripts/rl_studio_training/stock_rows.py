"""Batches and spaces as godot-rl's own `GodotEnv` hands them out: one dictionary per agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from rl_studio_training.batch import Batch, GroupBatch
from rl_studio_training.layout import ActionPart, PolicyGroup
from rl_studio_training.spaces import ObservationCodec

Rows = list[dict[str, Any]]


def observation_space(codec: ObservationCodec) -> spaces.Dict:
    """The space of one agent's observations by name."""
    return spaces.Dict({key: codec.space_of(key) for key in codec.keys})


def action_space(parts: Sequence[ActionPart]) -> spaces.Dict:
    """The space of one agent's actions by name, in wire order."""
    return spaces.Dict([(part.name, _action_part_space(part)) for part in parts])


def observation_rows(groups: Sequence[PolicyGroup], batch: Batch) -> Rows:
    """One dictionary of arrays per agent, in the order of the agents."""
    rows: Rows = [{} for _ in batch.rewards]
    for group, values in zip(groups, batch.groups, strict=True):
        for position, agent in enumerate(group.agents.tolist()):
            rows[agent] = {name: array[position] for name, array in values.observations.items()}
    return rows


def info_rows(groups: Sequence[PolicyGroup], batch: Batch) -> Rows:
    """One dictionary per agent with the keys that a game writes into `info` when it speaks JSON."""
    rows: Rows = [dict(batch.infos.get(agent, {})) for agent in range(len(batch.rewards))]
    for group, values in zip(groups, batch.groups, strict=True):
        _add_masks(group, values, rows)
        ended = [agent for agent in group.agents.tolist() if batch.ended[agent]]
        for position, agent in enumerate(ended):
            rows[agent]["TimeLimit.truncated"] = bool(batch.truncated[agent])
            rows[agent]["terminal_observation"] = {
                name: array[position].tolist() for name, array in values.terminal_observations.items()
            }
    return rows


def _add_masks(group: PolicyGroup, values: GroupBatch, rows: Rows) -> None:
    if values.masks is None:
        return
    for agent, mask in zip(group.agents.tolist(), values.masks.astype(int).tolist(), strict=True):
        masks: dict[str, list[int]] = {}
        start = 0
        for part in group.actions:
            if part.kind == "discrete":
                masks[part.name] = mask[start : start + part.size]
                start += part.size
        rows[agent]["action_mask"] = masks


def _action_part_space(part: ActionPart) -> spaces.Space[Any]:
    if part.kind == "discrete":
        return spaces.Discrete(part.size)
    return spaces.Box(-1.0, 1.0, (part.size,), np.float32)
