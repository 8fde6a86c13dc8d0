"""The game's side of the binary frames in plain Python: what the fixtures are made with and fake games speak.

Written apart from `rl_studio_training.binary_frames`, without numpy, so that each checks the other. Groups and fields
are those of the files in fixtures/wire (see wire_fixtures.py).
"""

from __future__ import annotations

import json
import struct
from itertools import chain
from typing import Any

RESET, ACTION, OBSERVATION, STEP = 1, 2, 3, 4
KINDS = {"reset": RESET, "action": ACTION, "observation": OBSERVATION, "step": STEP}

Group = dict[str, Any]
Fields = dict[str, Any]


def encode(kind: str, groups: list[Group], fields: Fields) -> bytes:
    """The payload of one frame."""
    encoder = {"reset": _reset, "action": _action, "observation": _observation, "step": _step}[kind]
    return encoder(groups, fields)


def kind_of(payload: bytes) -> int:
    """The kind of a binary frame; 0 if it is none."""
    return payload[3] if payload[:3] == b"RL\x01" and len(payload) >= 8 else 0


def decode_reset(payload: bytes) -> int | None:
    """The seed of a reset, None without one."""
    header, seed = struct.unpack("<4sxxxxq", payload)
    assert header == b"RL\x01\x01"
    return seed if struct.unpack_from("<I", payload, 4)[0] else None


def decode_action(groups: list[Group], payload: bytes) -> Fields:
    """Continuous and discrete actions per group, a row per agent."""
    header, count = struct.unpack_from("<4sI", payload)
    assert (header, count) == (b"RL\x01\x02", _count(groups))
    fields: Fields = {"continuous": [], "discrete": []}
    position = 8
    for group in groups:
        n = len(group["agents"])
        for kind, code, width in (
            ("continuous", "f", continuous_width(group)),
            ("discrete", "i", discrete_width(group)),
        ):
            numbers = struct.unpack_from(f"<{n * width}{code}", payload, position)
            position += 4 * n * width
            fields[kind].append([list(numbers[row * width : (row + 1) * width]) for row in range(n)])
    assert position == len(payload), f"{position} bytes expected, {len(payload)} found"
    return fields


def continuous_width(group: Group) -> int:
    return sum(part["size"] for part in group["actions"] if part["kind"] == "continuous")


def discrete_width(group: Group) -> int:
    return sum(part["kind"] == "discrete" for part in group["actions"])


def infos_json(infos: list[dict[str, Any]]) -> str:
    """The text of the infos in a step."""
    return json.dumps(infos, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _count(groups: list[Group]) -> int:
    return sum(len(group["agents"]) for group in groups)


def _header(kind: int, value: int) -> bytes:
    return struct.pack("<2sBBI", b"RL", 1, kind, value)


def _join(blocks: list[bytes]) -> bytes:
    """Pads every block but the last to a multiple of four bytes."""
    padded = [block + bytes(-len(block) % 4) for block in blocks if block]
    return b"".join(padded[:-1]) + [block for block in blocks if block][-1]


def _reset(_groups: list[Group], fields: Fields) -> bytes:
    seed = fields["seed"]
    return _header(RESET, int(seed is not None)) + struct.pack("<q", seed or 0)


def _action(groups: list[Group], fields: Fields) -> bytes:
    blocks = [_header(ACTION, _count(groups))]
    for number in range(len(groups)):
        blocks.append(_block("float32", fields["continuous"][number]))
        blocks.append(_block("int32", fields["discrete"][number]))
    return _join(blocks)


def _observation(groups: list[Group], fields: Fields) -> bytes:
    blocks = [_header(OBSERVATION, _count(groups)), struct.pack("<I", fields["game_usec"])]
    return _join(blocks + _groups(groups, fields))


def _step(groups: list[Group], fields: Fields) -> bytes:
    n = _count(groups)
    pairs = list(zip(fields["terminated"], fields["truncated"], strict=True))
    n_ended = sum(terminated or truncated for terminated, truncated in pairs)
    blocks = [
        _header(STEP, n),
        struct.pack("<II", fields["game_usec"], n_ended),
        struct.pack(f"<{n}f", *fields["rewards"]),
        bytes(terminated | truncated << 1 for terminated, truncated in pairs),
        *_groups(groups, fields),
    ]
    if n_ended:
        for group, values in zip(groups, fields["terminal_observations"], strict=True):
            blocks += _observations(group, values)
        text = infos_json(fields["infos"]).encode()
        blocks += [struct.pack("<I", len(text)), text]
    return _join(blocks)


def _groups(groups: list[Group], fields: Fields) -> list[bytes]:
    blocks = []
    for group, values, masks in zip(groups, fields["observations"], fields["masks"], strict=True):
        blocks += _observations(group, values)
        if group["masked"]:
            blocks.append(_block("uint8", masks))
    return blocks


def _observations(group: Group, values: dict[str, list[list[float]]]) -> list[bytes]:
    blocks = []
    for part in sorted(group["observations"], key=lambda part: str(part["name"])):
        rows = values.get(part["name"], [])
        blocks.append(_block(part["dtype"], rows))
    return blocks


def _block(dtype: str, rows: list[list[float]]) -> bytes:
    numbers = list(chain.from_iterable(rows))
    return struct.pack(f"<{len(numbers)}{ {'float32': 'f', 'int32': 'i', 'uint8': 'B'}[dtype] }", *numbers)
