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
    """The rows of all games that share a policy.

    Args:
        policy: its name.
        observations: turns named observations into what the algorithm sees; knows its space.
        actions: turns what the algorithm says into what the games are sent; knows its space.
        rows: int64 (n,), 0 to n - 1; n is the most agents that all games together can have now.
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
    """One answer of the games of a section, or of all; n rows, game by game. The arrays are new ones.

    A row is a place for an agent, and what it tells is nothing to learn from unless an agent acted there. Where one
    agent left and another came in the same answer, the row acted, ended and is present: as at any end of an episode.

    Args:
        observations: (n, *shape), or one such array per name; beside an end already those of the next episode. Zero
            in rows without an agent.
        rewards: float32 (n,); finite, and 0 in rows that did not act.
        terminated, truncated, ended: bool (n,); an episode that ended is either terminated or truncated.
        terminal_observations: of the m rows `np.flatnonzero(ended)`, (m, *shape) or one array per name; None if
            no episode ended. Where a game does not tell, they are the last observations before.
        masks: bool (n, mask_width), which discrete choices each agent has now, all of them in rows without one; None
            without masks.
        infos: for rows whose episode ended: `episode` with r (reward), l (steps), t (seconds since the start), and
            `is_success` if the game says so. Rows cut off by the end of their game have none.
        acted: bool (n,), the rows that are samples: they had an agent, which acted since the last answer. None stands
            for all. After a reset none has.
        present: bool (n,), the rows that have an agent now, and so an observation. None stands for all.
    """

    observations: Observations
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    terminal_observations: Observations | None = None
    masks: NDArray[np.bool_] | None = None
    infos: dict[int, dict[str, Any]] = field(default_factory=dict)
    acted: NDArray[np.bool_] | None = None
    present: NDArray[np.bool_] | None = None

    @property
    def begins(self) -> NDArray[np.bool_]:
        """bool (n,): rows whose observation is the first of an episode, where memory begins at zero."""
        begins = self.ended if self.acted is None else self.ended | ~self.acted
        return begins if self.present is None else begins & self.present

    @property
    def n_acted(self) -> int:
        """The number of rows that acted."""
        return len(self.rewards) if self.acted is None else int(np.count_nonzero(self.acted))


def join(
    batches: Sequence[Batch],
    last_seen: Sequence[KeyedArrays | None],
    codec: ObservationCodec,
    *,
    is_reset: bool = False,
) -> FleetBatch:
    """Joins the answers of several games of one policy.

    Args:
        batches: one per game.
        last_seen: what each game's agents saw before; None after a reset.
        is_reset: the answers are those to a reset, before which nobody acted.
    """
    terminated = _join([batch.terminated for batch in batches])
    truncated = _join([batch.truncated for batch in batches])
    ended = terminated | truncated
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
    rewards = [batch.rewards for batch in batches]
    return FleetBatch(
        observations=codec.assemble(_join_named([batch.groups[0].observations for batch in batches])),
        rewards=_join(rewards),
        terminated=terminated,
        truncated=truncated,
        ended=ended,
        terminal_observations=terminal,
        masks=None if masks[0] is None else _join([mask for mask in masks if mask is not None]),
        acted=np.zeros(len(ended), np.bool_)
        if is_reset
        else _join_rows([batch.acted for batch in batches], rewards),
        present=_join_rows([batch.present for batch in batches], rewards),
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
    rewards = [batch.rewards for batch in batches]
    return FleetBatch(
        observations=_join_observations([batch.observations for batch in batches]),
        rewards=_join(rewards),
        terminated=_join([batch.terminated for batch in batches]),
        truncated=_join([batch.truncated for batch in batches]),
        ended=_join([batch.ended for batch in batches]),
        terminal_observations=_join_observations(told) if told else None,
        masks=_join(masks) if masks else None,
        infos=infos,
        acted=_join_rows([batch.acted for batch in batches], rewards),
        present=_join_rows([batch.present for batch in batches], rewards),
    )


def without_outcome(batch: Batch) -> Batch:
    """The same with no rewards and no ends: what a stock game reports first after a reset is from before it."""
    nobody = np.zeros(len(batch.rewards), np.bool_)
    return replace(batch, rewards=np.zeros_like(batch.rewards), terminated=nobody, truncated=nobody, infos={})


def of_known(batch: Batch, known: NDArray[np.bool_]) -> Batch:
    """The same without the outcome of agents that nobody had a row for when they acted; they are newcomers.

    Args:
        batch: of one policy.
        known: bool (rows,), the rows whose agents were there before.
    """
    acted = known if batch.acted is None else batch.acted & known
    group = batch.groups[0]
    kept = known[batch.ended]
    last = {name: values[kept] for name, values in group.terminal_observations.items()} if kept.any() else {}
    return replace(
        batch,
        groups=(replace(group, terminal_observations=last),),
        rewards=np.where(known, batch.rewards, np.float32(0.0)),
        terminated=batch.terminated & known,
        truncated=batch.truncated & known,
        infos={row: info for row, info in batch.infos.items() if known[row]},
        acted=None if acted.all() else acted,
    )


def cut_off(first: Batch, last_seen: KeyedArrays | None, acted: NDArray[np.bool_]) -> Batch:
    """What is told of a game that died: every episode is truncated, and the next has begun.

    Args:
        first: what the restarted game's agents see.
        last_seen: what those saw last who were in the game that died.
        acted: bool (rows,), where they were.
    """
    group = first.groups[0]
    seen = last_seen or group.observations
    return replace(
        first,
        groups=(replace(group, terminal_observations={name: rows[acted] for name, rows in seen.items()}),),
        rewards=np.zeros_like(first.rewards),
        terminated=np.zeros(len(acted), np.bool_),
        truncated=acted,
        infos={},
        acted=None if acted.all() else acted,
    )


def _terminal(batch: Batch, last_seen: KeyedArrays | None) -> KeyedArrays:
    told = batch.groups[0].terminal_observations
    if told:
        return told
    seen = last_seen if last_seen is not None else batch.groups[0].observations
    return {name: values[batch.ended] for name, values in seen.items()}


def _join(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _join_rows(
    parts: Sequence[NDArray[np.bool_] | None], rewards: Sequence[NDArray[np.float32]]
) -> NDArray[np.bool_] | None:
    """Joins what is said of the rows of several batches; None, all rows, if it is None everywhere."""
    for part in parts:
        if part is not None:
            break
    else:
        return None
    return _join(
        [
            np.ones(len(like), np.bool_) if part is None else part
            for part, like in zip(parts, rewards, strict=True)
        ]
    )


def _join_named(parts: Sequence[KeyedArrays]) -> KeyedArrays:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _join_observations(parts: Sequence[Observations]) -> Observations:
    named = [part for part in parts if isinstance(part, dict)]
    if named:
        return _join_named(named)
    return _join([part for part in parts if not isinstance(part, dict)])
