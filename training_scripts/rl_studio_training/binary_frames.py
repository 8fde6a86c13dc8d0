"""The binary frames between trainer and game, version 2: bytes to arrays and back, without any input or output.

docs/wire-protocol.md has the layout. On the wire are only the rows that have an agent; the arrays have all rows.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training import frame_blocks as blocks
from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.connection import BadFrameError
from rl_studio_training.frame_rows import FrameRows
from rl_studio_training.layout import GroupActions, PolicyGroup

VERSION = 2

_OBSERVATION_HEAD = struct.Struct("<2sBBII")
_STEP_HEAD = struct.Struct("<2sBBIIII")
_FLAGS = (0, blocks.TERMINATED, blocks.TRUNCATED)
_LEFT_FLAGS = (blocks.TERMINATED | blocks.LEFT, blocks.TRUNCATED | blocks.LEFT)


class BinaryFrames:
    """Encodes and decodes the frames of one game. It remembers which rows have an agent, as the last frame told.

    Args:
        groups: the rows of the game, as its env_info describes them: those of the first group, then those of the
            second, …. Their observations are float32 or uint8.
    """

    def __init__(self, groups: Sequence[PolicyGroup]) -> None:
        self._set_groups(groups)
        self._crew = FrameRows.of(VERSION, self._groups, [np.arange(group.count) for group in groups])

    def _set_groups(self, groups: Sequence[PolicyGroup]) -> None:
        self._groups = tuple(groups)
        self._rows = sum(group.count for group in groups)
        self._nothing: tuple[KeyedArrays, ...] = tuple({} for _ in groups)

    def resize(self, groups: Sequence[PolicyGroup]) -> None:
        """Goes on with more rows or groups; the agents stay in their rows.

        Args:
            groups: those of before in their order, none of them smaller, and perhaps further ones.
        """
        rows = [
            np.arange(group.count) if found is None else found
            for group, found in zip(self._groups, self._crew.rows, strict=True)
        ]
        rows += [np.empty(0, np.int64) for _ in groups[len(rows) :]]
        self._set_groups(groups)
        self._crew = FrameRows.of(VERSION, self._groups, rows)

    # --- to the game

    def encode_reset(self, seed: int | None = None) -> bytes:
        """A request to restart all agents.

        Args:
            seed: for the game's random numbers, within 64 bits; None leaves them as they are.

        Raises:
            ValueError: the seed does not fit.
        """
        return blocks.encode_reset(VERSION, seed)

    def encode_actions(self, actions: Sequence[GroupActions]) -> bytes:
        """What all agents do.

        Args:
            actions: one item per group, with all of its rows; those without an agent do not matter.

        Raises:
            ValueError: an array has another shape than its group.
        """
        crew = self._crew
        parts = [crew.action_header]
        for group, rows, acts in zip(self._groups, crew.rows, actions, strict=True):
            blocks.check_actions(group, acts)
            continuous, discrete = acts.continuous, acts.discrete
            if rows is not None:
                continuous, discrete = continuous[rows], discrete[rows]
            parts.append(continuous.astype("<f4", copy=False).tobytes())
            parts.append(discrete.astype("<i4", copy=False).tobytes())
        return b"".join(parts)

    # --- from the game

    def decode_observation(self, payload: bytearray) -> Batch:
        """The answer to a reset; rewards are 0 and nobody has ended.

        Args:
            payload: the frame without its length. The arrays of the batch lie in it; it must not be reused.

        Raises:
            BadFrameError: it is no such frame of this game.
        """
        agents, usec = blocks.read_head(payload, _OBSERVATION_HEAD, VERSION, blocks.OBSERVATION)
        crew, start = self._read_table(payload, _OBSERVATION_HEAD.size)
        if agents != crew.count:
            raise BadFrameError(f"an observation of {agents} agents, but {crew.count} rows")
        blocks.check_size(payload, blocks.OBSERVATION, start + crew.end)
        self._crew = crew
        return Batch(
            groups=crew.read(payload, start, self._nothing),
            rewards=np.zeros(self._rows, np.float32),
            terminated=np.zeros(self._rows, np.bool_),
            truncated=np.zeros(self._rows, np.bool_),
            infos={},
            game_s=usec / 1e6,
            present=None if crew.present is None else crew.present.copy(),
        )

    def decode_step(self, payload: bytearray) -> Batch:
        """The answer to actions. Its numbers may be NaN or infinite.

        Args:
            payload: the frame without its length. The arrays of the batch lie in it; it must not be reused.

        Raises:
            BadFrameError: it is no such frame of this game.
        """
        acting = now = self._crew
        agents, usec, n_ended, rows_changed = blocks.read_head(payload, _STEP_HEAD, VERSION, blocks.STEP)
        if agents != acting.count:
            raise BadFrameError(f"a step of {agents} agents; {acting.count} acted")
        flags_start = _STEP_HEAD.size + 4 * acting.count
        start = flags_start + blocks.padded(acting.count)
        if len(payload) < start:
            raise BadFrameError(f"a step of {len(payload)} bytes; {start} or more were due")
        terminated, truncated = _read_flags(payload, flags_start, acting, n_ended, rows_changed)
        if rows_changed:
            now, start = self._read_table(payload, start)
            flags = np.ndarray(acting.count, np.uint8, payload, flags_start)
            self._check_stayed(acting, acting.spread(flags) & blocks.LEFT != 0, now)
        fixed = start + (blocks.padded(now.end) if n_ended else now.end)
        if not n_ended or len(payload) < fixed:
            blocks.check_size(payload, blocks.STEP, fixed)
        terminal: Sequence[KeyedArrays] = self._nothing
        infos: dict[int, dict[str, Any]] = {}
        if n_ended:
            terminal, infos = self._read_ends(payload, fixed, n_ended, terminated | truncated)
        rewards: NDArray[np.float32] = np.ndarray(acting.count, "<f4", payload, _STEP_HEAD.size)
        self._crew = now
        return Batch(
            now.read(payload, start, terminal),
            acting.spread(rewards),
            terminated,
            truncated,
            infos,
            usec / 1e6,
            None if acting.present is None else acting.present.copy(),
            None if now.present is None else now.present.copy(),
        )

    def _read_table(self, payload: bytearray, start: int) -> tuple[FrameRows, int]:
        """Which rows have an agent now, and where the groups begin."""
        rows = []
        for group in self._groups:
            (count,) = _numbers(payload, start, 1).tolist()
            if count > group.count:
                raise BadFrameError(f"a frame with {count} rows of {group.policy!r}; it has {group.count}")
            found = _numbers(payload, start + 4, count).astype(np.int64)
            start += 4 + 4 * count
            if count and (found[-1] >= group.count or (np.diff(found) <= 0).any()):
                raise BadFrameError(
                    f"a frame with the rows {found.tolist()} of {group.policy!r}; "
                    f"ascending numbers below {group.count} were due"
                )
            rows.append(found)
        if not any(len(found) for found in rows):
            raise BadFrameError("a frame without any agent")
        return FrameRows.of(VERSION, self._groups, rows), start

    def _check_stayed(self, acting: FrameRows, left: NDArray[np.bool_], now: FrameRows) -> None:
        """Every agent that acted and has not left must be in its row still."""
        if now.present is None:
            return
        gone = ~left & ~now.present
        if acting.present is not None:
            gone &= acting.present
        if gone.any():
            raise BadFrameError(
                f"a step without the agent in {self._place(int(gone.argmax()))}, of which no flag says that it left"
            )

    def _place(self, row: int) -> str:
        for group in self._groups:
            if row < group.count:
                return f"row {row} of {group.policy!r}"
            row -= group.count
        raise IndexError(row)

    def _read_ends(
        self, payload: bytearray, start: int, n_ended: int, ended: NDArray[np.bool_]
    ) -> tuple[list[KeyedArrays], dict[int, dict[str, Any]]]:
        """The terminal observations per group, and the infos."""
        counts = [n_ended]
        if len(self._groups) > 1:
            ends = np.cumsum([group.count for group in self._groups])[:-1]
            counts = [int(np.count_nonzero(part)) for part in np.split(ended, ends)]
        terminal, end = blocks.read_terminal(self._crew.layouts, counts, payload, start)
        return terminal, blocks.read_infos(payload, end, np.flatnonzero(ended).tolist())


def _read_flags(
    payload: bytearray, start: int, acting: FrameRows, n_ended: int, rows_changed: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows terminated, and which were truncated."""
    count = acting.count
    set_flags = count - payload.count(0, start, start + count)
    if set_flags != n_ended:
        raise BadFrameError(f"a step with {n_ended} ended agents, but {set_flags} flags say so")
    if rows_changed > 1:
        raise BadFrameError(f"a step that says {rows_changed} where 0 or 1 (rows changed) was due")
    rows = count if acting.present is None else len(acting.present)
    if not n_ended:
        return np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    flags = np.ndarray(count, np.uint8, payload, start)
    if flags.max() > blocks.TRUNCATED:
        _check_flags(flags, rows_changed)
    flags = acting.spread(flags)
    if not rows_changed:
        return flags == blocks.TERMINATED, flags == blocks.TRUNCATED
    return flags & blocks.TERMINATED != 0, flags & blocks.TRUNCATED != 0


def _check_flags(flags: NDArray[np.uint8], rows_changed: int) -> None:
    known = (*_FLAGS, *_LEFT_FLAGS) if rows_changed else _FLAGS
    for agent, flag in enumerate(flags.tolist()):
        if flag not in known:
            words = ", ".join(map(str, known))
            what = "where rows changed" if rows_changed else "where no rows changed"
            raise BadFrameError(
                f"the flags {flag} for agent {agent} of those that acted; {words} are known {what}"
            )


def _numbers(payload: bytearray, start: int, count: int) -> NDArray[np.uint32]:
    if len(payload) < start + 4 * count:
        raise BadFrameError(f"a frame of {len(payload)} bytes; {start + 4 * count} or more were due")
    return np.ndarray(count, "<u4", payload, start)
