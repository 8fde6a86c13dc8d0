"""The game's side of version 1 of the binary frames, which exported games of older addons speak.

Groups have the numbers of their `agents` in the game instead of rows; every agent is in every frame.
"""

from __future__ import annotations

import struct

from wire_codec import (
    ACTION,
    OBSERVATION,
    STEP,
    Fields,
    Group,
    actions,
    ends,
    header,
    join,
    numbers,
    read_actions,
    reset,
    seen,
)

VERSION = 1


def encode(kind: str, groups: list[Group], fields: Fields) -> bytes:
    """The payload of one frame."""
    n = sum(len(group["agents"]) for group in groups)
    if kind == "reset":
        return reset(VERSION, fields)
    if kind == "action":
        return join([header(VERSION, ACTION, n), *actions(fields)])
    if kind == "observation":
        return join([header(VERSION, OBSERVATION, n), numbers(fields["game_usec"]), *seen(groups, fields)])
    pairs = list(zip(fields["terminated"], fields["truncated"], strict=True))
    n_ended = sum(terminated or truncated for terminated, truncated in pairs)
    blocks = [
        header(VERSION, STEP, n),
        numbers(fields["game_usec"], n_ended),
        struct.pack(f"<{n}f", *fields["rewards"]),
        bytes(terminated | truncated << 1 for terminated, truncated in pairs),
        *seen(groups, fields),
    ]
    return join(blocks + (ends(groups, fields) if n_ended else []))


def decode_action(groups: list[Group], payload: bytes) -> Fields:
    """Continuous and discrete actions per group, a row per agent."""
    counts = [len(group["agents"]) for group in groups]
    assert struct.unpack_from("<4sI", payload) == (b"RL\x01\x02", sum(counts))
    return read_actions(groups, counts, payload)
