"""Games that speak JSON: the same batches as from binary frames, put together from dictionaries.

Slower by far, and tolerant: what a stock game sends amiss (null, NaN, no infos) is put right with one warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, GroupBatch, KeyedArrays
from rl_studio_training.errors import GameDataError, GameProtocolError
from rl_studio_training.layout import GroupActions, PolicyGroup
from rl_studio_training.messages import Step, parse_infos, parse_observations, parse_step
from rl_studio_training.spaces import ObservationCodec

Rows = list[dict[str, Any]]

DATA_HINT = (
    "Look at what that agent computes in each step: a division by zero, or a vector without a length that is "
    "normalized. Agents count from 0, in the order of the scene tree."
)
"""The way out where an agent sends what is no finite number."""


class JsonBatches:
    """Translates the messages of one game.

    Args:
        groups: its agents.
        codecs: one per group.
    """

    def __init__(
        self,
        groups: Sequence[PolicyGroup],
        codecs: Sequence[ObservationCodec],
    ) -> None:
        self._groups = tuple(zip(groups, codecs, strict=True))
        self._agents = sum(group.count for group in groups)

    def encode_reset(self, seed: int | None = None) -> dict[str, Any]:
        """A request to restart all agents; games with another plugin do not look at the seed."""
        return {"type": "reset"} if seed is None else {"type": "reset", "seed": seed}

    def encode_actions(self, actions: Sequence[GroupActions]) -> dict[str, Any]:
        """What all agents do.

        Args:
            actions: one item per group.
        """
        rows: Rows = [{} for _ in range(self._agents)]
        for (group, _codec), acts in zip(self._groups, actions, strict=True):
            for agent, row in zip(group.agents.tolist(), action_rows(group, acts), strict=True):
                rows[agent] = row
        return {"type": "action", "action": rows}

    def decode_observation(self, message: dict[str, Any]) -> Batch:
        """The answer to a reset.

        Raises:
            GameProtocolError: something is missing or does not fit.
        """
        rows = parse_observations(message, self._agents)
        infos = parse_infos(message, self._agents)
        nobody = np.zeros(self._agents, np.bool_)
        return Batch(
            groups=tuple(self._group(group, codec, rows, infos, nobody) for group, codec in self._groups),
            rewards=np.zeros(self._agents, np.float32),
            terminated=nobody,
            truncated=nobody.copy(),
            infos={},
            game_s=None,
        )

    def decode_step(self, message: dict[str, Any]) -> Batch:
        """The answer to actions.

        Raises:
            GameProtocolError: something is missing or does not fit.
            GameDataError: a reward is no finite number.
        """
        step = parse_step(message, self._agents)
        infos = {agent: step.infos[agent] for agent in np.flatnonzero(step.dones).tolist()}
        return Batch(
            groups=tuple(
                self._group(group, codec, step.observations, step.infos, step.dones)
                for group, codec in self._groups
            ),
            rewards=_finite_rewards(step),
            terminated=step.dones & ~step.truncated,
            truncated=step.truncated,
            infos={
                agent: {key: info[key] for key in ("metrics", "is_success") if key in info}
                for agent, info in infos.items()
            },
            game_s=None,
        )

    def _group(
        self,
        group: PolicyGroup,
        codec: ObservationCodec,
        rows: Rows,
        infos: Rows,
        dones: NDArray[np.bool_],
    ) -> GroupBatch:
        agents = group.agents.tolist()
        return GroupBatch(
            codec.stack([rows[agent] for agent in agents], agents),
            _terminal_observations(codec, [agent for agent in agents if dones[agent]], rows, infos),
            np.array([_mask(group, infos[agent], agent) for agent in agents]) if group.has_masks else None,
        )


def action_rows(group: PolicyGroup, actions: GroupActions) -> Rows:
    """The actions of a group as one dictionary per agent."""
    columns: dict[str, list[Any]] = {}
    number = choice = 0
    for part in group.actions:
        if part.kind == "continuous":
            columns[part.name] = actions.continuous[:, number : number + part.size].tolist()
            number += part.size
        else:
            columns[part.name] = actions.discrete[:, choice].tolist()
            choice += 1
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def actions_of_rows(group: PolicyGroup, rows: Sequence[dict[str, Any]]) -> GroupActions:
    """The other way round: dictionaries of the agents of a group as arrays, numbers clipped to -1 … 1.

    Raises:
        KeyError, ValueError: an action is missing or has another size.
    """
    continuous = [
        np.array([row[part.name] for row in rows], np.float32).reshape(len(rows), part.size)
        for part in group.actions
        if part.kind == "continuous"
    ]
    discrete = [
        np.array([row[part.name] for row in rows]).reshape(len(rows), 1).astype(np.int32)
        for part in group.actions
        if part.kind == "discrete"
    ]
    return GroupActions(
        np.hstack([np.empty((len(rows), 0), np.float32), *continuous]).clip(-1.0, 1.0),
        np.hstack([np.empty((len(rows), 0), np.int32), *discrete]),
    )


def _finite_rewards(step: Step) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        rewards = step.rewards.astype(np.float32)
    if not np.isfinite(rewards).all():
        agent = int(np.flatnonzero(~np.isfinite(rewards))[0])
        raise GameDataError(f"Agent {agent} sent the reward {step.rewards[agent]}.", hint=DATA_HINT)
    return rewards


def _terminal_observations(codec: ObservationCodec, ended: list[int], rows: Rows, infos: Rows) -> KeyedArrays:
    """Empty if no ended agent tells; if only some tell, the others' are what they see now."""
    told = {agent: infos[agent].get("terminal_observation") for agent in ended}
    if not any(isinstance(value, dict) for value in told.values()):
        return {}
    return codec.stack(
        [value if isinstance(value, dict) else rows[agent] for agent, value in told.items()], ended
    )


def _mask(group: PolicyGroup, info: dict[str, Any], agent: int) -> NDArray[np.bool_]:
    masks: Any = info.get("action_mask")
    parts = [part for part in group.actions if part.kind == "discrete"]
    try:
        mask = np.concatenate(
            [np.array(masks[part.name], dtype=np.bool_).reshape(part.size) for part in parts]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise GameProtocolError(
            f"Agent {agent} sent the action mask {masks!r}, which does not fit its actions."
        ) from error
    return mask
