"""The golden binary frames that the Python and the GDScript codec both read; `python wire_fixtures.py` writes them.

Each file has: `kind`; `groups`, what both sides know from env_info, each with its number of `rows`; `before` and
`after`; `fields`, what the frame says; `hex`, its payload (without the 4-byte length).

`before` and `after` have a list for each group: the numbers of its rows that had an agent in the last answer before
the frame, and of those that have one in the frame itself, ascending. `before` is null where it does not matter (resets
and their answers), `after` in what trainers send.

In `fields` `continuous`, `discrete`, `rewards`, `terminated`, `truncated` and `left` have an item for each row of
`before` (the last four: of all groups one after the other); `observations` and `masks` one for each row of `after`;
`terminal_observations` and `infos` one for each that ended. Each observation is one flat row of numbers, pictures in
the order of the wire (height, width, channel); masks are null for groups without. `infos_json` is the exact text of
`infos`. All numbers are exact in float32.

The folder v1 has frames of version 1, for Python only: their groups have `agents`, the numbers of the agents in the
game, instead of `rows`; there is no `before`, `after`, `left` or `rows_changed`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import wire_codec
from wire_codec import Fields, Group, Rows

FOLDER = Path(__file__).resolve().parent / "fixtures" / "wire"
OLD_FOLDER = FOLDER / "v1"


def observation(name: str, *shape: int, dtype: str = "float32") -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "dtype": dtype}


def action(name: str, kind: str, size: int) -> dict[str, Any]:
    return {"name": name, "kind": kind, "size": size}


WALKER: dict[str, Any] = {
    "policy": "walker",
    "rows": 2,
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
    "rows": 1,
    "observations": [observation("near", 2), observation("rays", 1)],
    "actions": [action("move", "continuous", 1)],
    "masked": False,
}
TURRET: dict[str, Any] = {
    "policy": "turret",
    "rows": 3,
    "observations": [observation("obs", 1)],
    "actions": [action("aim", "discrete", 3), action("fire", "discrete", 2)],
    "masked": True,
}
EYE: dict[str, Any] = {
    "policy": "eye",
    "rows": 1,
    "observations": [observation("camera_2d", 1, 1, 3, dtype="uint8")],
    "actions": [action("fire", "discrete", 2)],
    "masked": False,
}
TRIVIAL: dict[str, Any] = {
    "policy": "shared_policy",
    "rows": 1,
    "observations": [observation("obs", 2)],
    "actions": [action("move", "continuous", 1)],
    "masked": False,
}
TWO_GROUPS = [WALKER, GUARD]
ROOMY = [{**WALKER, "rows": 3}, {**GUARD, "rows": 2}]
"""The same with more rows than agents."""


def outcome(rewards: list[float], ends: str, *, rows_changed: bool = False) -> Fields:
    """What comes of the actions.

    Args:
        ends: a letter for each row that acted: t for terminated, c for truncated, "." for none; a capital one if
            its agent left.
    """
    return {
        "game_usec": 1700,
        "rewards": rewards,
        "terminated": [end in "tT" for end in ends],
        "truncated": [end in "cC" for end in ends],
        "left": [end.isupper() for end in ends],
        "rows_changed": rows_changed,
    }


def walkers(*rows: tuple[list[int], list[float]]) -> Fields:
    """What walkers see."""
    return (
        {"camera_2d": [pixels for pixels, _ in rows], "obs": [numbers for _, numbers in rows]} if rows else {}
    )


def guards(*rows: tuple[list[float], list[float]]) -> Fields:
    """What guards see."""
    return {"near": [near for near, _ in rows], "rays": [rays for _, rays in rows]} if rows else {}


FIRST = ([0, 1, 2, 127, 128, 255], [0.5, -0.25, 1.0])
SECOND = ([10, 20, 30, 40, 50, 60], [-1.0, 0.0, 1024.0])
THIRD = ([9, 8, 7, 6, 5, 4], [0.25, 0.5, 0.75])
LAST = ([6, 5, 4, 3, 2, 1], [0.875, -0.875, 2.0])
GUARDED = ([0.125, -8.0], [0.75])
GUARDED_LAST = ([3.0, 4.0], [0.0])
MASKS = [[1, 0, 1, 1, 0], [1, 1, 0, 0, 1], [0, 1, 1, 0, 0]]
TWO_GROUPS_SEEN: Fields = {
    "observations": [walkers(FIRST, SECOND), guards(GUARDED)],
    "masks": [MASKS[:2], None],
}
NO_END: Fields = {"terminal_observations": [{}, {}], "infos": []}

Fixture = tuple[str, list[Group], Rows | None, Rows | None, Fields]

FIXTURES: dict[str, Fixture] = {
    "reset": ("reset", [TRIVIAL], None, None, {"seed": None}),
    "reset_seed": ("reset", [TRIVIAL], None, None, {"seed": 1234567890123}),
    "reset_seed_negative": ("reset", [TRIVIAL], None, None, {"seed": -2}),
    "reset_seed_zero": ("reset", [TRIVIAL], None, None, {"seed": 0}),
    "action_two_groups": (
        "action",
        TWO_GROUPS,
        [[0, 1], [0]],
        None,
        {
            "continuous": [[[0.5, -1.0], [0.25, 1.0]], [[-0.125]]],
            "discrete": [[[1, 2], [0, 1]], [[]]],
        },
    ),
    "action_discrete": (
        "action",
        [TURRET],
        [[0, 1, 2]],
        None,
        {"continuous": [[[], [], []]], "discrete": [[[2, 0], [0, 1], [1, 1]]]},
    ),
    "action_trivial": ("action", [TRIVIAL], [[0]], None, {"continuous": [[[0.75]]], "discrete": [[[]]]}),
    "action_some_rows": (
        "action",
        ROOMY,
        [[0, 2], [1]],
        None,
        {
            "continuous": [[[0.5, -1.0], [0.25, 1.0]], [[-0.125]]],
            "discrete": [[[1, 2], [0, 1]], [[]]],
        },
    ),
    "action_empty_group": (
        "action",
        ROOMY,
        [[], [0, 1]],
        None,
        {"continuous": [[], [[0.5], [-0.5]]], "discrete": [[], [[], []]]},
    ),
    "observation_two_groups": (
        "observation",
        TWO_GROUPS,
        None,
        [[0, 1], [0]],
        {"game_usec": 250, **TWO_GROUPS_SEEN},
    ),
    "observation_masks_last": (
        "observation",
        [TURRET],
        None,
        [[0, 1, 2]],
        {
            "game_usec": 4294967295,
            "observations": [{"obs": [[0.5], [0.25], [-0.5]]}],
            "masks": [[[1, 1, 1, 1, 0], [0, 1, 0, 1, 1], [0, 0, 1, 0, 1]]],
        },
    ),
    "observation_picture_last": (
        "observation",
        [EYE],
        None,
        [[0]],
        {"game_usec": 3, "observations": [{"camera_2d": [[7, 8, 9]]}], "masks": [None]},
    ),
    "observation_changed_crew": (
        "observation",
        ROOMY,
        None,
        [[1, 2], [1]],
        {"game_usec": 251, **TWO_GROUPS_SEEN},
    ),
    "observation_empty_group": (
        "observation",
        ROOMY,
        None,
        [[0], []],
        {"game_usec": 252, "observations": [walkers(FIRST), {}], "masks": [MASKS[:1], None]},
    ),
    "step_trivial": (
        "step",
        [TRIVIAL],
        [[0]],
        [[0]],
        {
            **outcome([1.5], "."),
            "observations": [{"obs": [[0.5, -0.5]]}],
            "masks": [None],
            "terminal_observations": [{}],
            "infos": [],
        },
    ),
    "step_nobody_ended": (
        "step",
        TWO_GROUPS,
        [[0, 1], [0]],
        [[0, 1], [0]],
        {**outcome([0.0, -2.5, 0.0625], "..."), **TWO_GROUPS_SEEN, **NO_END},
    ),
    "step_nobody_changed": (
        "step",
        ROOMY,
        [[0, 2], [1]],
        [[0, 2], [1]],
        {**outcome([0.0, -2.5, 0.0625], "..."), **TWO_GROUPS_SEEN, **NO_END},
    ),
    "step_two_groups_ended": (
        "step",
        TWO_GROUPS,
        [[0, 1], [0]],
        [[0, 1], [0]],
        {
            **outcome([1.0, -0.5, 100.0], ".ct"),
            **TWO_GROUPS_SEEN,
            "terminal_observations": [walkers(LAST), guards(GUARDED_LAST)],
            "infos": [{"metrics": {}}, {"is_success": True, "metrics": {"höhe": 3.5, "日本": -0.25}}],
        },
    ),
    "step_one_group_ended": (
        "step",
        TWO_GROUPS,
        [[0, 1], [0]],
        [[0, 1], [0]],
        {
            **outcome([0.25, 0.5, 0.75], "tt."),
            **TWO_GROUPS_SEEN,
            "terminal_observations": [walkers(THIRD, LAST), {}],
            "infos": [{}, {"is_success": False}],
        },
    ),
    "step_picture_ended": (
        "step",
        [EYE],
        [[0]],
        [[0]],
        {
            **outcome([-1.0], "c"),
            "observations": [{"camera_2d": [[7, 8, 9]]}],
            "masks": [None],
            "terminal_observations": [{"camera_2d": [[1, 2, 3]]}],
            "infos": [{}],
        },
    ),
    "step_newcomer": (
        "step",
        ROOMY,
        [[0], [1]],
        [[0, 2], [1]],
        {**outcome([0.5, 0.25], "..", rows_changed=True), **TWO_GROUPS_SEEN, **NO_END},
    ),
    "step_left_terminated": (
        "step",
        ROOMY,
        [[0, 1, 2], [1]],
        [[0, 2], [1]],
        {
            **outcome([0.5, -1.0, 0.25, 0.125], ".T..", rows_changed=True),
            **TWO_GROUPS_SEEN,
            "terminal_observations": [walkers(LAST), {}],
            "infos": [{"is_success": False}],
        },
    ),
    "step_left_truncated_replaced": (
        "step",
        ROOMY,
        [[0, 2], [1]],
        [[0, 2], [1]],
        {
            **outcome([0.5, -1.0, 0.125], ".C.", rows_changed=True),
            **TWO_GROUPS_SEEN,
            "terminal_observations": [walkers(LAST), {}],
            "infos": [{"metrics": {}}],
        },
    ),
    "step_left_and_others_ended": (
        "step",
        ROOMY,
        [[0, 1, 2], [0, 1]],
        [[1, 2], [0]],
        {
            **outcome([0.5, -1.0, 0.25, 0.125, 8.0], "Tc..C", rows_changed=True),
            **TWO_GROUPS_SEEN,
            "terminal_observations": [walkers(THIRD, LAST), guards(GUARDED_LAST)],
            "infos": [{"metrics": {"a": 1.0}}, {"metrics": {"b": 2.0}}, {"metrics": {"c": 3.0}}],
        },
    ),
    "step_group_emptied": (
        "step",
        ROOMY,
        [[1], [0, 1]],
        [[1], []],
        {
            **outcome([0.5, -1.0, 1.0], ".TC", rows_changed=True),
            "observations": [walkers(FIRST), {}],
            "masks": [MASKS[:1], None],
            "terminal_observations": [{}, guards(GUARDED_LAST, GUARDED)],
            "infos": [{}, {"is_success": True}],
        },
    ),
    "step_group_empty_from_the_start": (
        "step",
        ROOMY,
        [[], [0]],
        [[], [0]],
        {
            **outcome([0.5], "."),
            "observations": [{}, guards(GUARDED)],
            "masks": [[], None],
            **NO_END,
        },
    ),
    "step_group_filled": (
        "step",
        ROOMY,
        [[], [0]],
        [[2], [0]],
        {
            **outcome([0.5], ".", rows_changed=True),
            "observations": [walkers(SECOND), guards(GUARDED)],
            "masks": [MASKS[1:2], None],
            **NO_END,
        },
    ),
    "step_all_replaced": (
        "step",
        ROOMY,
        [[0], [1]],
        [[1, 2], [0]],
        {
            **outcome([0.5, 0.75], "TC", rows_changed=True),
            **TWO_GROUPS_SEEN,
            "terminal_observations": [walkers(THIRD), guards(GUARDED_LAST)],
            "infos": [{"is_success": True}, {"is_success": False}],
        },
    ),
    "step_crew_changed": (
        "step",
        ROOMY,
        [[0, 2], [0]],
        [[1, 2], [0]],
        {
            **outcome([1.0, -0.5, 100.0], "T.c", rows_changed=True),
            **TWO_GROUPS_SEEN,
            "terminal_observations": [walkers(LAST), guards(GUARDED_LAST)],
            "infos": [{"metrics": {}}, {"is_success": True, "metrics": {"höhe": 3.5, "日本": -0.25}}],
        },
    ),
}


def describe(name: str) -> dict[str, Any]:
    """What the file of a fixture holds."""
    kind, groups, before, after, fields = FIXTURES[name]
    if "infos" in fields:
        fields = {**fields, "infos_json": wire_codec.infos_json(fields["infos"])}
    payload = wire_codec.encode(kind, groups, fields, before, after)
    return {
        "kind": kind,
        "groups": groups,
        "before": before,
        "after": after,
        "fields": fields,
        "hex": payload.hex(),
    }


def read_all(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The fixtures on disk, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in FIXTURES:
        text = json.dumps(describe(name), ensure_ascii=False, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
