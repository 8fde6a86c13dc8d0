"""The golden binary frames that the Python and the GDScript codec both read; `python wire_fixtures.py` writes them.

Each file has: `kind`; `groups`, what both sides know from env_info; `fields`, what the frame says; `hex`, its payload
(without the 4-byte length). In `fields` each observation is one flat row of numbers per agent of the group, pictures
in the order of the wire (height, width, channel); masks are null for groups without. `infos_json` is the exact text of
`infos`. All numbers are exact in float32.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import wire_codec

FOLDER = Path(__file__).resolve().parent / "fixtures" / "wire"


def observation(name: str, *shape: int, dtype: str = "float32") -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "dtype": dtype}


def action(name: str, kind: str, size: int) -> dict[str, Any]:
    return {"name": name, "kind": kind, "size": size}


WALKER: dict[str, Any] = {
    "policy": "walker",
    "agents": [0, 2],
    "observations": [observation("camera_2d", 3, 1, 2, dtype="uint8"), observation("obs", 3)],
    "actions": [
        action("jump", "discrete", 2),
        action("move", "continuous", 2),
        action("turn", "discrete", 3),
    ],
    "masked": True,
}
GUARD: dict[str, Any] = {
    "policy": "Wächter",
    "agents": [1],
    "observations": [observation("near", 2), observation("rays", 1)],
    "actions": [action("move", "continuous", 1)],
    "masked": False,
}
TURRET: dict[str, Any] = {
    "policy": "turret",
    "agents": [0, 1, 2],
    "observations": [observation("obs", 1)],
    "actions": [action("aim", "discrete", 3), action("fire", "discrete", 2)],
    "masked": True,
}
EYE: dict[str, Any] = {
    "policy": "eye",
    "agents": [0],
    "observations": [observation("camera_2d", 1, 1, 3, dtype="uint8")],
    "actions": [action("fire", "discrete", 2)],
    "masked": False,
}
TRIVIAL: dict[str, Any] = {
    "policy": "shared_policy",
    "agents": [0],
    "observations": [observation("obs", 2)],
    "actions": [action("move", "continuous", 1)],
    "masked": False,
}

TWO_GROUPS_SEEN: dict[str, Any] = {
    "observations": [
        {
            "camera_2d": [[0, 1, 2, 127, 128, 255], [10, 20, 30, 40, 50, 60]],
            "obs": [[0.5, -0.25, 1.0], [-1.0, 0.0, 1024.0]],
        },
        {"near": [[0.125, -8.0]], "rays": [[0.75]]},
    ],
    "masks": [[[1, 0, 1, 1, 0], [1, 1, 0, 0, 1]], None],
}

FIXTURES: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any]]] = {
    "reset": ("reset", [TRIVIAL], {"seed": None}),
    "reset_seed": ("reset", [TRIVIAL], {"seed": 1234567890123}),
    "reset_seed_negative": ("reset", [TRIVIAL], {"seed": -2}),
    "reset_seed_zero": ("reset", [TRIVIAL], {"seed": 0}),
    "action_two_groups": (
        "action",
        [WALKER, GUARD],
        {
            "continuous": [[[0.5, -1.0], [0.25, 1.0]], [[-0.125]]],
            "discrete": [[[1, 2], [0, 1]], [[]]],
        },
    ),
    "action_discrete": (
        "action",
        [TURRET],
        {"continuous": [[[], [], []]], "discrete": [[[2, 0], [0, 1], [1, 1]]]},
    ),
    "action_trivial": ("action", [TRIVIAL], {"continuous": [[[0.75]]], "discrete": [[[]]]}),
    "observation_two_groups": ("observation", [WALKER, GUARD], {"game_usec": 250, **TWO_GROUPS_SEEN}),
    "observation_masks_last": (
        "observation",
        [TURRET],
        {
            "game_usec": 4294967295,
            "observations": [{"obs": [[0.5], [0.25], [-0.5]]}],
            "masks": [[[1, 1, 1, 1, 0], [0, 1, 0, 1, 1], [0, 0, 1, 0, 1]]],
        },
    ),
    "observation_picture_last": (
        "observation",
        [EYE],
        {"game_usec": 3, "observations": [{"camera_2d": [[7, 8, 9]]}], "masks": [None]},
    ),
    "step_trivial": (
        "step",
        [TRIVIAL],
        {
            "game_usec": 42,
            "rewards": [1.5],
            "terminated": [False],
            "truncated": [False],
            "observations": [{"obs": [[0.5, -0.5]]}],
            "masks": [None],
            "terminal_observations": [{}],
            "infos": [],
        },
    ),
    "step_nobody_ended": (
        "step",
        [WALKER, GUARD],
        {
            "game_usec": 1700,
            "rewards": [0.0, -2.5, 0.0625],
            "terminated": [False, False, False],
            "truncated": [False, False, False],
            **TWO_GROUPS_SEEN,
            "terminal_observations": [{}, {}],
            "infos": [],
        },
    ),
    "step_two_groups_ended": (
        "step",
        [WALKER, GUARD],
        {
            "game_usec": 65536,
            "rewards": [1.0, 100.0, -0.5],
            "terminated": [False, True, False],
            "truncated": [False, False, True],
            **TWO_GROUPS_SEEN,
            "terminal_observations": [
                {"camera_2d": [[6, 5, 4, 3, 2, 1]], "obs": [[0.875, -0.875, 2.0]]},
                {"near": [[3.0, 4.0]], "rays": [[0.0]]},
            ],
            "infos": [
                {"is_success": True, "metrics": {"höhe": 3.5, "日本": -0.25}},
                {"metrics": {}},
            ],
        },
    ),
    "step_one_group_ended": (
        "step",
        [WALKER, GUARD],
        {
            "game_usec": 0,
            "rewards": [0.25, 0.5, 0.75],
            "terminated": [True, False, True],
            "truncated": [False, False, False],
            **TWO_GROUPS_SEEN,
            "terminal_observations": [
                {
                    "camera_2d": [[1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2]],
                    "obs": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
                },
                {},
            ],
            "infos": [{}, {"is_success": False}],
        },
    ),
    "step_picture_ended": (
        "step",
        [EYE],
        {
            "game_usec": 9,
            "rewards": [-1.0],
            "terminated": [False],
            "truncated": [True],
            "observations": [{"camera_2d": [[7, 8, 9]]}],
            "masks": [None],
            "terminal_observations": [{"camera_2d": [[1, 2, 3]]}],
            "infos": [{}],
        },
    ),
}


def describe(name: str) -> dict[str, Any]:
    """What the file of a fixture holds."""
    kind, groups, fields = FIXTURES[name]
    if "infos" in fields:
        fields = {**fields, "infos_json": wire_codec.infos_json(fields["infos"])}
    payload = wire_codec.encode(kind, groups, fields)
    return {"kind": kind, "groups": groups, "fields": fields, "hex": payload.hex()}


def read_all() -> dict[str, dict[str, Any]]:
    """The fixtures on disk, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in FIXTURES:
        text = json.dumps(describe(name), ensure_ascii=False, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
