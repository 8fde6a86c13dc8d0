"""The binary frames between trainer and game, version 1: bytes to arrays and back, without any input or output.

docs/wire-protocol.md has the layout. Everything is little-endian; each block is padded to a multiple of four bytes
unless the frame ends with it, so every number can be read where it lies.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, GroupBatch, KeyedArrays
from rl_studio_training.connection import BadFrameError
from rl_studio_training.layout import GroupActions, PolicyGroup

VERSION = 1

_MAGIC = b"RL"
_RESET, _ACTION, _OBSERVATION, _STEP = 1, 2, 3, 4
_NAMES = {_OBSERVATION: "an observation", _STEP: "a step"}
_HEADER = struct.Struct("<2sBBI")
_SEED = struct.Struct("<q")
_U32 = struct.Struct("<I")
_OBSERVATION_HEAD = struct.Struct("<2sBBII")
_STEP_HEAD = struct.Struct("<2sBBIII")
_TERMINATED, _TRUNCATED = 1, 2
_SEED_LIMIT = 1 << 63


@dataclass(frozen=True, slots=True)
class _Block:
    """The rows of one observation in the fixed part of a frame; `offset` counts from where the groups begin."""

    name: str
    shape: tuple[int, ...]
    is_picture: bool
    offset: int
    row_bytes: int

    def read(self, payload: bytearray, start: int, rows: int) -> NDArray[Any]:
        if self.is_picture:
            channels, height, width = self.shape
            pixels = np.ndarray((rows, height, width, channels), np.uint8, payload, start)
            return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        return np.ndarray((rows, *self.shape), "<f4", payload, start)


@dataclass(frozen=True, slots=True)
class _GroupLayout:
    group: PolicyGroup
    blocks: tuple[_Block, ...]
    mask_offset: int


class BinaryFrames:
    """Encodes and decodes the frames of one game.

    Args:
        groups: the agents of the game, as its env_info describes them. Their observations are float32 or uint8.
    """

    def __init__(self, groups: Sequence[PolicyGroup]) -> None:
        self._agents = sum(group.count for group in groups)
        self._action_header = _HEADER.pack(_MAGIC, VERSION, _ACTION, self._agents)
        self._step_start = _STEP_HEAD.size + 4 * self._agents + _padded(self._agents)
        self._layouts, self._groups_end = _lay_out(groups)

    # --- to the game

    def encode_reset(self, seed: int | None = None) -> bytes:
        """A request to restart all agents.

        Args:
            seed: for the game's random numbers, within 64 bits; None leaves them as they are.

        Raises:
            ValueError: the seed does not fit.
        """
        if seed is not None and not -_SEED_LIMIT <= seed < _SEED_LIMIT:
            raise ValueError(f"the seed {seed} does not fit into 64 bits")
        return _HEADER.pack(_MAGIC, VERSION, _RESET, int(seed is not None)) + _SEED.pack(seed or 0)

    def encode_actions(self, actions: Sequence[GroupActions]) -> bytes:
        """What all agents do.

        Args:
            actions: one item per group.

        Raises:
            ValueError: an array has another shape than its group.
        """
        blocks = [self._action_header]
        for layout, acts in zip(self._layouts, actions, strict=True):
            group = layout.group
            for array, width in (
                (acts.continuous, group.continuous_width),
                (acts.discrete, group.discrete_width),
            ):
                if array.shape != (group.count, width):
                    raise ValueError(
                        f"actions of {group.policy!r} are {array.shape}, not {(group.count, width)}"
                    )
            blocks.append(acts.continuous.astype("<f4", copy=False).tobytes())
            blocks.append(acts.discrete.astype("<i4", copy=False).tobytes())
        return b"".join(blocks)

    # --- from the game

    def decode_observation(self, payload: bytearray) -> Batch:
        """The answer to a reset; rewards are 0 and nobody has ended.

        Args:
            payload: the frame without its length. The arrays of the batch lie in it; it must not be reused.

        Raises:
            BadFrameError: it is no such frame of this game.
        """
        (usec,) = self._read_head(payload, _OBSERVATION_HEAD, _OBSERVATION)
        start = _OBSERVATION_HEAD.size
        _check_size(payload, _OBSERVATION, start + self._groups_end)
        return Batch(
            groups=tuple(_read_group(layout, payload, start, {}) for layout in self._layouts),
            rewards=np.zeros(self._agents, np.float32),
            terminated=np.zeros(self._agents, np.bool_),
            truncated=np.zeros(self._agents, np.bool_),
            infos={},
            game_s=usec / 1e6,
        )

    def decode_step(self, payload: bytearray) -> Batch:
        """The answer to actions. Its numbers may be NaN or infinite.

        Args:
            payload: the frame without its length. The arrays of the batch lie in it; it must not be reused.

        Raises:
            BadFrameError: it is no such frame of this game.
        """
        usec, n_ended = self._read_head(payload, _STEP_HEAD, _STEP)
        start = self._step_start
        fixed = start + (_padded(self._groups_end) if n_ended else self._groups_end)
        if not n_ended or len(payload) < fixed:
            _check_size(payload, _STEP, fixed)
        rewards: NDArray[np.float32] = np.ndarray(self._agents, "<f4", payload, _STEP_HEAD.size)
        terminated, truncated = self._read_flags(payload, n_ended)
        terminal: list[KeyedArrays] = [{} for _ in self._layouts]
        infos: dict[int, dict[str, Any]] = {}
        if n_ended:
            ended = terminated | truncated
            terminal, end = self._read_terminal(payload, fixed, ended)
            infos = _read_infos(payload, end, np.flatnonzero(ended).tolist())
        return Batch(
            tuple(
                _read_group(layout, payload, start, values)
                for layout, values in zip(self._layouts, terminal, strict=True)
            ),
            rewards,
            terminated,
            truncated,
            infos,
            usec / 1e6,
        )

    def _read_head(self, payload: bytearray, head: struct.Struct, kind: int) -> tuple[int, ...]:
        if len(payload) < head.size:
            raise BadFrameError(
                f"{_NAMES[kind]} of {len(payload)} bytes, too short even for its head ({head.size} bytes)"
            )
        magic, version, found, agents, *rest = head.unpack_from(payload)
        if (magic, version, found) != (_MAGIC, VERSION, kind):
            raise BadFrameError(
                f"a frame that begins with {bytes(payload[:4])!r} where {_NAMES[kind]} "
                f"({_HEADER.pack(_MAGIC, VERSION, kind, 0)[:4]!r}) was due"
            )
        if agents != self._agents:
            raise BadFrameError(f"{_NAMES[kind]} of {agents} agents; it has {self._agents}")
        return tuple(rest)

    def _read_flags(self, payload: bytearray, n_ended: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Who terminated, and who was truncated."""
        start = _STEP_HEAD.size + 4 * self._agents
        set_flags = self._agents - payload.count(0, start, start + self._agents)
        if set_flags != n_ended:
            raise BadFrameError(f"a step with {n_ended} ended agents, but {set_flags} flags say so")
        if not n_ended:
            return np.zeros(self._agents, np.bool_), np.zeros(self._agents, np.bool_)
        flags = np.ndarray(self._agents, np.uint8, payload, start)
        if flags.max() > _TRUNCATED:
            agent = int(flags.argmax())
            raise BadFrameError(f"the flags {flags[agent]} for agent {agent}; 0, 1 and 2 are known")
        return flags == _TERMINATED, flags == _TRUNCATED

    def _read_terminal(
        self, payload: bytearray, start: int, ended: NDArray[np.bool_]
    ) -> tuple[list[KeyedArrays], int]:
        """The terminal observations per group, and where they end."""
        counts = [int(np.count_nonzero(ended[layout.group.agents])) for layout in self._layouts]
        size = sum(
            _padded(count * block.row_bytes)
            for layout, count in zip(self._layouts, counts, strict=True)
            for block in layout.blocks
        )
        if len(payload) < start + size + _U32.size:
            raise BadFrameError(
                f"a step of {len(payload)} bytes; with {sum(counts)} ended agents "
                f"{start + size + _U32.size} or more were due"
            )
        found = []
        for layout, count in zip(self._layouts, counts, strict=True):
            values: KeyedArrays = {}
            for block in layout.blocks if count else ():
                values[block.name] = block.read(payload, start, count)
                start += _padded(count * block.row_bytes)
            found.append(values)
        return found, start


def _lay_out(groups: Sequence[PolicyGroup]) -> tuple[list[_GroupLayout], int]:
    """Where the blocks of all groups lie, counted from the first, and where the last one ends."""
    layouts = []
    end = 0
    for group in groups:
        blocks = []
        for part in group.observations:
            row_bytes = part.dtype.itemsize * math.prod(part.shape)
            is_picture = part.dtype == np.uint8
            blocks.append(_Block(part.name, part.shape, is_picture, _padded(end), row_bytes))
            end = _padded(end) + group.count * row_bytes
        mask_offset = _padded(end)
        if group.has_masks:
            end = mask_offset + group.count * group.mask_width
        layouts.append(_GroupLayout(group, tuple(blocks), mask_offset))
    return layouts, end


def _padded(size: int) -> int:
    return (size + 3) & ~3


def _read_group(layout: _GroupLayout, payload: bytearray, start: int, terminal: KeyedArrays) -> GroupBatch:
    group = layout.group
    observations = {
        block.name: block.read(payload, start + block.offset, group.count) for block in layout.blocks
    }
    masks = None
    if group.has_masks:
        shape = (group.count, group.mask_width)
        masks = np.ndarray(shape, np.uint8, payload, start + layout.mask_offset) != 0
    return GroupBatch(observations, terminal, masks)


def _check_size(payload: bytearray, kind: int, expected: int) -> None:
    if len(payload) != expected:
        raise BadFrameError(f"{_NAMES[kind]} of {len(payload)} bytes; {expected} were due")


def _read_infos(payload: bytearray, start: int, ended: list[int]) -> dict[int, dict[str, Any]]:
    """The info of each ended agent, by its number."""
    (length,) = _U32.unpack_from(payload, start)
    text = payload[start + _U32.size :]
    if len(text) != length:
        raise BadFrameError(
            f"a step of {len(payload)} bytes; {start + _U32.size + length} were due, {length} of them infos"
        )
    try:
        infos = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise BadFrameError(f"infos that are not JSON: {bytes(text[:80])!r}") from error
    if not isinstance(infos, list) or not all(isinstance(info, dict) for info in infos):
        raise BadFrameError(f"infos that are not a list of objects: {bytes(text[:80])!r}")
    if len(infos) != len(ended):
        raise BadFrameError(f"{len(infos)} infos for {len(ended)} ended agents")
    return dict(zip(ended, infos, strict=True))
