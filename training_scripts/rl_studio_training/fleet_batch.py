"""What the agents of several games report at once: batches of single games joined row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.spaces import ActionCodec, ObservationCodec, Observations


@dataclass(frozen=True, slots=True)
class FleetGroup:
    """The agents of all games that share a policy.

    Args:
        policy: its name.
        observations: turns named observations into what the algorithm sees; knows its space.
        actions: turns what the algorithm says into what the games are sent; knows its space.
        rows: int64 (n,), the rows of these agents in the fleet, ascending.
        mask_width: choices of all discrete actions of one agent.
        has_masks: whether the agents say which of them are allowed.
    """

    policy: str
    observations: ObservationCodec
    actions: ActionCodec
    rows: NDArray[np.int64]
    mask_width: int
    has_masks: bool


@dataclass(slots=True)
class FleetBatch:
    """One answer of the games of a section, or of all; n rows, agents game by game. The arrays are new ones.

    Args:
        observations: (n, *shape), or one such array per name; beside an end already those of the next episode.
        rewards: float32 (n,); finite.
        terminated, truncated, ended: bool (n,); an episode that ended is either terminated or truncated.
        terminal_observations: of the m rows `np.flatnonzero(ended)`, (m, *shape) or one array per name; None if
            no episode ended. Where a game does not tell, they are the last observations before.
        masks: bool (n, mask_width), which discrete choices each agent has now; None without masks.
        infos: for rows whose episode ended: `episode` with r (reward), l (steps), t (seconds since the start), and
            `is_success` if the game says so. Rows cut off by the end of their game have none.
    """

    observations: Observations
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    terminal_observations: Observations | None = None
    masks: NDArray[np.bool_] | None = None
    infos: dict[int, dict[str, Any]] = field(default_factory=dict)


def join(
    batches: Sequence[Batch], last_seen: Sequence[KeyedArrays | None], codec: ObservationCodec
) -> FleetBatch:
    """Joins the answers of several games of one policy.

    Args:
        batches: one per game.
        last_seen: what each game's agents saw before; None after a reset.
    """
    ended = _join([batch.ended for batch in batches])
    terminal = None
    if ended.any():
        terminal = codec.assemble(
            _join_named(
                [
                    _terminal(batch, seen)
                    for batch, seen in zip(batches, last_seen, strict=True)
                    if batch.ended.any()
                ]
            )
        )
    masks = [batch.groups[0].masks for batch in batches]
    return FleetBatch(
        observations=codec.assemble(_join_named([batch.groups[0].observations for batch in batches])),
        rewards=_join([batch.rewards for batch in batches]),
        terminated=_join([batch.terminated for batch in batches]),
        truncated=_join([batch.truncated for batch in batches]),
        ended=ended,
        terminal_observations=terminal,
        masks=None if masks[0] is None else _join([mask for mask in masks if mask is not None]),
    )


def join_sections(batches: Sequence[FleetBatch]) -> FleetBatch:
    """Joins the batches of sections that follow each other."""
    if len(batches) == 1:
        return batches[0]
    infos: dict[int, dict[str, Any]] = {}
    first = 0
    for batch in batches:
        infos.update({first + row: info for row, info in batch.infos.items()})
        first += len(batch.rewards)
    terminal = [batch.terminal_observations for batch in batches]
    told = [observations for observations in terminal if observations is not None]
    masks = [batch.masks for batch in batches if batch.masks is not None]
    return FleetBatch(
        observations=_join_observations([batch.observations for batch in batches]),
        rewards=_join([batch.rewards for batch in batches]),
        terminated=_join([batch.terminated for batch in batches]),
        truncated=_join([batch.truncated for batch in batches]),
        ended=_join([batch.ended for batch in batches]),
        terminal_observations=_join_observations(told) if told else None,
        masks=_join(masks) if masks else None,
        infos=infos,
    )


def without_outcome(batch: Batch) -> Batch:
    """The same with no rewards and no ends: what a stock game reports first after a reset is from before it."""
    nobody = np.zeros(len(batch.rewards), np.bool_)
    return replace(batch, rewards=np.zeros_like(batch.rewards), terminated=nobody, truncated=nobody, infos={})


def cut_off(first: Batch, last_seen: KeyedArrays | None) -> Batch:
    """What is told of a game that died: every episode is truncated, and the next has begun.

    Args:
        first: what the restarted game's agents see.
        last_seen: what they saw last in the game that died.
    """
    everybody = np.ones(len(first.rewards), np.bool_)
    group = first.groups[0]
    return replace(
        first,
        groups=(replace(group, terminal_observations=last_seen or group.observations),),
        rewards=np.zeros_like(first.rewards),
        terminated=~everybody,
        truncated=everybody,
        infos={},
    )


def _terminal(batch: Batch, last_seen: KeyedArrays | None) -> KeyedArrays:
    told = batch.groups[0].terminal_observations
    if told:
        return told
    seen = last_seen if last_seen is not None else batch.groups[0].observations
    return {name: values[batch.ended] for name, values in seen.items()}


def _join(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _join_named(parts: Sequence[KeyedArrays]) -> KeyedArrays:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _join_observations(parts: Sequence[Observations]) -> Observations:
    named = [part for part in parts if isinstance(part, dict)]
    if named:
        return _join_named(named)
    return _join([part for part in parts if not isinstance(part, dict)])
