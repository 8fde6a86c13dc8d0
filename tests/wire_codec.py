"""The game's side of the binary frames in plain Python: what the fixtures are made with and fake games speak.

Written apart from `rl_studio_training.binary_frames`, without numpy, so that each checks the other. Groups and fields
are those of the files in fixtures/wire (see wire_fixtures.py). Version 1 is in wire_codec_v1.py.
"""

from __future__ import annotations

import json
import struct
from itertools import chain
from typing import Any

VERSION = 2
RESET, ACTION, OBSERVATION, STEP = 1, 2, 3, 4
KINDS = {"reset": RESET, "action": ACTION, "observation": OBSERVATION, "step": STEP}

Group = dict[str, Any]
Fields = dict[str, Any]
Rows = list[list[int]]
"""For each group the numbers of some of its rows, ascending."""


def encode(kind: str, groups: list[Group], fields: Fields, before: Rows | None, after: Rows | None) -> bytes:
    """The payload of one frame.

    Args:
        before: the rows whose agents act, or acted.
        after: the rows that have an agent when the game answers.
    """
    if kind == "reset":
        return reset(VERSION, fields)
    if kind == "action":
        assert before is not None
        blocks = [header(VERSION, ACTION, count(before)), *actions(fields)]
    elif kind == "observation":
        assert after is not None
        blocks = [header(VERSION, OBSERVATION, count(after)), numbers(fields["game_usec"]), *table(after)]
        blocks += seen(groups, fields)
    else:
        assert before is not None and after is not None
        blocks = step(groups, fields, before, after)
    return join(blocks)


def kind_of(payload: bytes) -> int:
    """The kind of a binary frame of either version; 0 if it is none."""
    return payload[3] if payload[:3] in (b"RL\x01", b"RL\x02") and len(payload) >= 8 else 0


def decode_reset(payload: bytes) -> int | None:
    """The seed of a reset of either version, None without one."""
    start, seed = struct.unpack("<4sxxxxq", payload)
    assert start in (b"RL\x01\x01", b"RL\x02\x01")
    return seed if struct.unpack_from("<I", payload, 4)[0] else None


def decode_action(groups: list[Group], before: Rows, payload: bytes) -> Fields:
    """Continuous and discrete actions per group, a row per agent."""
    start, agents = struct.unpack_from("<4sI", payload)
    assert (start, agents) == (b"RL\x02\x02", count(before)), (start, agents)
    return read_actions(groups, [len(rows) for rows in before], payload)


def read_actions(groups: list[Group], counts: list[int], payload: bytes) -> Fields:
    """The body of actions, which is the same in either version."""
    fields: Fields = {"continuous": [], "discrete": []}
    position = 8
    for group, n in zip(groups, counts, strict=True):
        for kind, code, width in (
            ("continuous", "f", continuous_width(group)),
            ("discrete", "i", discrete_width(group)),
        ):
            found = struct.unpack_from(f"<{n * width}{code}", payload, position)
            position += 4 * n * width
            fields[kind].append([list(found[row * width : (row + 1) * width]) for row in range(n)])
    assert position == len(payload), f"{position} bytes expected, {len(payload)} found"
    return fields


def continuous_width(group: Group) -> int:
    return sum(part["size"] for part in group["actions"] if part["kind"] == "continuous")


def discrete_width(group: Group) -> int:
    return sum(part["kind"] == "discrete" for part in group["actions"])


def infos_json(infos: list[dict[str, Any]]) -> str:
    """The text of the infos in a step."""
    return json.dumps(infos, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


# --- the blocks of a frame


def count(rows: Rows) -> int:
    return sum(len(numbers) for numbers in rows)


def header(version: int, kind: int, value: int) -> bytes:
    return struct.pack("<2sBBI", b"RL", version, kind, value)


def numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def join(blocks: list[bytes]) -> bytes:
    """Pads every block but the last to a multiple of four bytes."""
    padded = [block + bytes(-len(block) % 4) for block in blocks if block]
    return b"".join(padded[:-1]) + [block for block in blocks if block][-1]


def reset(version: int, fields: Fields) -> bytes:
    seed = fields["seed"]
    return header(version, RESET, int(seed is not None)) + struct.pack("<q", seed or 0)


def actions(fields: Fields) -> list[bytes]:
    pairs = zip(fields["continuous"], fields["discrete"], strict=True)
    return [part for floats, choices in pairs for part in (block("float32", floats), block("int32", choices))]


def table(rows: Rows) -> list[bytes]:
    """Which rows have an agent."""
    return [numbers(len(found), *found) for found in rows]


def step(groups: list[Group], fields: Fields, before: Rows, after: Rows) -> list[bytes]:
    n = count(before)
    triples = list(zip(fields["terminated"], fields["truncated"], fields["left"], strict=True))
    n_ended = sum(terminated or truncated for terminated, truncated, _left in triples)
    blocks = [
        header(VERSION, STEP, n),
        numbers(fields["game_usec"], n_ended, int(fields["rows_changed"])),
        struct.pack(f"<{n}f", *fields["rewards"]),
        bytes(terminated | truncated << 1 | left << 2 for terminated, truncated, left in triples),
        *(table(after) if fields["rows_changed"] else []),
        *seen(groups, fields),
    ]
    return blocks + (ends(groups, fields) if n_ended else [])


def seen(groups: list[Group], fields: Fields) -> list[bytes]:
    """Observations and masks, group by group."""
    blocks = []
    for group, values, masks in zip(groups, fields["observations"], fields["masks"], strict=True):
        blocks += observations(group, values)
        if group["masked"]:
            blocks.append(block("uint8", masks))
    return blocks


def ends(groups: list[Group], fields: Fields) -> list[bytes]:
    """Terminal observations, and the infos."""
    blocks = []
    for group, values in zip(groups, fields["terminal_observations"], strict=True):
        blocks += observations(group, values)
    text = infos_json(fields["infos"]).encode()
    return [*blocks, numbers(len(text)), text]


def observations(group: Group, values: dict[str, list[list[float]]]) -> list[bytes]:
    parts = sorted(group["observations"], key=lambda part: str(part["name"]))
    return [block(part["dtype"], values.get(part["name"], [])) for part in parts]


def block(dtype: str, rows: list[list[float]]) -> bytes:
    flat = list(chain.from_iterable(rows))
    return struct.pack(f"<{len(flat)}{ {'float32': 'f', 'int32': 'i', 'uint8': 'B'}[dtype] }", *flat)
