"""What the binary frames of all versions are made of: a head, and blocks of observations, masks, actions and infos.

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

from rl_studio_training.batch import GroupBatch, KeyedArrays
from rl_studio_training.connection import BadFrameError
from rl_studio_training.layout import GroupActions, PolicyGroup

RESET, ACTION, OBSERVATION, STEP = 1, 2, 3, 4
TERMINATED, TRUNCATED, LEFT = 1, 2, 4
"""The bits of a flag."""

HEADER = struct.Struct("<2sBBI")
U32 = struct.Struct("<I")

_MAGIC = b"RL"
_NAMES = {OBSERVATION: "an observation", STEP: "a step"}
_SEED = struct.Struct("<q")
_SEED_LIMIT = 1 << 63


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one observation in the fixed part of a frame; `offset` counts from where the groups begin."""

    name: str
    shape: tuple[int, ...]
    is_picture: bool
    offset: int
    row_bytes: int

    def read(self, payload: bytearray, start: int, rows: int) -> NDArray[Any]:
        """So many rows from `start` on; numbers are not copied."""
        if self.is_picture:
            channels, height, width = self.shape
            pixels = np.ndarray((rows, height, width, channels), np.uint8, payload, start)
            return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        return np.ndarray((rows, *self.shape), "<f4", payload, start)


@dataclass(frozen=True, slots=True)
class GroupLayout:
    """Where the blocks of a group lie, of which `count` rows are in the frame."""

    group: PolicyGroup
    count: int
    blocks: tuple[Block, ...]
    mask_offset: int

    def read(self, payload: bytearray, start: int, terminal: KeyedArrays) -> GroupBatch:
        """The rows of the group, with groups beginning at `start`."""
        observations = {
            block.name: block.read(payload, start + block.offset, self.count) for block in self.blocks
        }
        masks = None
        if self.group.has_masks:
            shape = (self.count, self.group.mask_width)
            masks = np.ndarray(shape, np.uint8, payload, start + self.mask_offset) != 0
        return GroupBatch(observations, terminal, masks)


def lay_out(groups: Sequence[PolicyGroup], counts: Sequence[int]) -> tuple[tuple[GroupLayout, ...], int]:
    """Where the blocks of all groups lie, counted from the first, and where the last one ends.

    Args:
        counts: rows of each group that are in the frame.
    """
    layouts = []
    end = 0
    for group, count in zip(groups, counts, strict=True):
        blocks = []
        for part in group.observations:
            row_bytes = part.dtype.itemsize * math.prod(part.shape)
            offset = padded(end) if count else end
            blocks.append(Block(part.name, part.shape, part.dtype == np.uint8, offset, row_bytes))
            end = offset + count * row_bytes
        mask_offset = padded(end) if count else end
        if group.has_masks:
            end = mask_offset + count * group.mask_width
        layouts.append(GroupLayout(group, count, tuple(blocks), mask_offset))
    return tuple(layouts), end


def padded(size: int) -> int:
    """The next multiple of four."""
    return (size + 3) & ~3


# --- to the game


def encode_reset(version: int, seed: int | None) -> bytes:
    """A request to restart all agents; docs as `BinaryFrames.encode_reset` has them."""
    if seed is not None and not -_SEED_LIMIT <= seed < _SEED_LIMIT:
        raise ValueError(f"the seed {seed} does not fit into 64 bits")
    return HEADER.pack(_MAGIC, version, RESET, int(seed is not None)) + _SEED.pack(seed or 0)


def action_header(version: int, agents: int) -> bytes:
    """What a frame of actions begins with."""
    return HEADER.pack(_MAGIC, version, ACTION, agents)


def check_actions(group: PolicyGroup, actions: GroupActions) -> None:
    """Makes sure that there is an action for each row of a group.

    Raises:
        ValueError: an array has another shape.
    """
    for array, width in (
        (actions.continuous, group.continuous_width),
        (actions.discrete, group.discrete_width),
    ):
        if array.shape != (group.count, width):
            raise ValueError(f"actions of {group.policy!r} are {array.shape}, not {(group.count, width)}")


# --- from the game


def read_head(payload: bytearray, head: struct.Struct, version: int, kind: int) -> tuple[int, ...]:
    """The numbers in the head of a frame, the value of its header first.

    Raises:
        BadFrameError: it is no such frame.
    """
    if len(payload) < head.size:
        raise BadFrameError(
            f"{_NAMES[kind]} of {len(payload)} bytes, too short even for its head ({head.size} bytes)"
        )
    magic, found_version, found, *rest = head.unpack_from(payload)
    if (magic, found_version, found) != (_MAGIC, version, kind):
        raise BadFrameError(
            f"a frame that begins with {bytes(payload[:4])!r} where {_NAMES[kind]} "
            f"({HEADER.pack(_MAGIC, version, kind, 0)[:4]!r}) was due"
        )
    return tuple(rest)


def check_size(payload: bytearray, kind: int, expected: int) -> None:
    """Makes sure of the size of a frame.

    Raises:
        BadFrameError: it is another.
    """
    if len(payload) != expected:
        raise BadFrameError(f"{_NAMES[kind]} of {len(payload)} bytes; {expected} were due")


def read_terminal(
    layouts: Sequence[GroupLayout], counts: Sequence[int], payload: bytearray, start: int
) -> tuple[list[KeyedArrays], int]:
    """The terminal observations per group, and where they end.

    Args:
        counts: rows of each group that ended.

    Raises:
        BadFrameError: the frame is too short for them.
    """
    size = sum(
        padded(count * block.row_bytes)
        for layout, count in zip(layouts, counts, strict=True)
        for block in layout.blocks
    )
    if len(payload) < start + size + U32.size:
        raise BadFrameError(
            f"a step of {len(payload)} bytes; with {sum(counts)} ended agents "
            f"{start + size + U32.size} or more were due"
        )
    found = []
    for layout, count in zip(layouts, counts, strict=True):
        values: KeyedArrays = {}
        for block in layout.blocks if count else ():
            values[block.name] = block.read(payload, start, count)
            start += padded(count * block.row_bytes)
        found.append(values)
    return found, start


def read_infos(payload: bytearray, start: int, ended: list[int]) -> dict[int, dict[str, Any]]:
    """The info of each row that ended, by its number.

    Raises:
        BadFrameError: they are not a list of as many objects, or not all that is left of the frame.
    """
    (length,) = U32.unpack_from(payload, start)
    text = payload[start + U32.size :]
    if len(text) != length:
        raise BadFrameError(
            f"a step of {len(payload)} bytes; {start + U32.size + length} were due, {length} of them infos"
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
