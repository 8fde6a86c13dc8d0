"""Version 1 of the binary frames, which exported games of older addons speak: all agents are in every frame.

docs/wire-protocol.md says what it lacks. Bytes to arrays and back, without any input or output.
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
from rl_studio_training.layout import GroupActions, PolicyGroup

VERSION = 1

_OBSERVATION_HEAD = struct.Struct("<2sBBII")
_STEP_HEAD = struct.Struct("<2sBBIII")


class OldBinaryFrames:
    """Encodes and decodes the frames of one game; as `BinaryFrames`, with agents that never change.

    Args:
        groups: the agents of the game, as its env_info describes them. Their observations are float32 or uint8.
    """

    def __init__(self, groups: Sequence[PolicyGroup]) -> None:
        self._agents = sum(group.count for group in groups)
        self._action_header = blocks.action_header(VERSION, self._agents)
        self._step_start = _STEP_HEAD.size + 4 * self._agents + blocks.padded(self._agents)
        self._layouts, self._groups_end = blocks.lay_out(groups, [group.count for group in groups])

    # --- to the game

    def encode_reset(self, seed: int | None = None) -> bytes:
        """As `BinaryFrames.encode_reset`."""
        return blocks.encode_reset(VERSION, seed)

    def encode_actions(self, actions: Sequence[GroupActions]) -> bytes:
        """As `BinaryFrames.encode_actions`."""
        parts = [self._action_header]
        for layout, acts in zip(self._layouts, actions, strict=True):
            blocks.check_actions(layout.group, acts)
            parts.append(acts.continuous.astype("<f4", copy=False).tobytes())
            parts.append(acts.discrete.astype("<i4", copy=False).tobytes())
        return b"".join(parts)

    # --- from the game

    def decode_observation(self, payload: bytearray) -> Batch:
        """As `BinaryFrames.decode_observation`."""
        agents, usec = blocks.read_head(payload, _OBSERVATION_HEAD, VERSION, blocks.OBSERVATION)
        self._check_agents("an observation", agents)
        start = _OBSERVATION_HEAD.size
        blocks.check_size(payload, blocks.OBSERVATION, start + self._groups_end)
        return Batch(
            groups=tuple(layout.read(payload, start, {}) for layout in self._layouts),
            rewards=np.zeros(self._agents, np.float32),
            terminated=np.zeros(self._agents, np.bool_),
            truncated=np.zeros(self._agents, np.bool_),
            infos={},
            game_s=usec / 1e6,
        )

    def decode_step(self, payload: bytearray) -> Batch:
        """As `BinaryFrames.decode_step`."""
        agents, usec, n_ended = blocks.read_head(payload, _STEP_HEAD, VERSION, blocks.STEP)
        self._check_agents("a step", agents)
        start = self._step_start
        fixed = start + (blocks.padded(self._groups_end) if n_ended else self._groups_end)
        if not n_ended or len(payload) < fixed:
            blocks.check_size(payload, blocks.STEP, fixed)
        rewards: NDArray[np.float32] = np.ndarray(self._agents, "<f4", payload, _STEP_HEAD.size)
        terminated, truncated = self._read_flags(payload, n_ended)
        terminal: list[KeyedArrays] = [{} for _ in self._layouts]
        infos: dict[int, dict[str, Any]] = {}
        if n_ended:
            ended = terminated | truncated
            counts = [int(np.count_nonzero(ended[layout.group.agents])) for layout in self._layouts]
            terminal, end = blocks.read_terminal(self._layouts, counts, payload, fixed)
            infos = blocks.read_infos(payload, end, np.flatnonzero(ended).tolist())
        return Batch(
            tuple(
                layout.read(payload, start, values)
                for layout, values in zip(self._layouts, terminal, strict=True)
            ),
            rewards,
            terminated,
            truncated,
            infos,
            usec / 1e6,
        )

    def _check_agents(self, what: str, agents: int) -> None:
        if agents != self._agents:
            raise BadFrameError(f"{what} of {agents} agents; it has {self._agents}")

    def _read_flags(self, payload: bytearray, n_ended: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Who terminated, and who was truncated."""
        start = _STEP_HEAD.size + 4 * self._agents
        set_flags = self._agents - payload.count(0, start, start + self._agents)
        if set_flags != n_ended:
            raise BadFrameError(f"a step with {n_ended} ended agents, but {set_flags} flags say so")
        if not n_ended:
            return np.zeros(self._agents, np.bool_), np.zeros(self._agents, np.bool_)
        flags = np.ndarray(self._agents, np.uint8, payload, start)
        if flags.max() > blocks.TRUNCATED:
            agent = int(flags.argmax())
            raise BadFrameError(f"the flags {flags[agent]} for agent {agent}; 0, 1 and 2 are known")
        return flags == blocks.TERMINATED, flags == blocks.TRUNCATED
