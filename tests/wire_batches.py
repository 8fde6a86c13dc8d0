"""Golden frames and batches of `rl_studio_training` in each other's terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.layout import ActionPart, GroupActions, ObservationPart, PolicyGroup
from wire_codec import Fields, Group, Rows


def make_groups(entries: Sequence[Group]) -> list[PolicyGroup]:
    """The groups of a fixture of either version."""
    groups = []
    first = 0
    for entry in entries:
        rows = entry.get("agents", range(first, first + entry.get("rows", 0)))
        first += len(rows)
        parts = sorted(entry["observations"], key=lambda part: str(part["name"]))
        groups.append(
            PolicyGroup(
                entry["policy"],
                np.array(rows, np.int64),
                tuple(
                    ObservationPart(part["name"], tuple(part["shape"]), np.dtype(part["dtype"]))
                    for part in parts
                ),
                tuple(ActionPart(**part) for part in entry["actions"]),
                entry["masked"],
            )
        )
    return groups


def actions_of(groups: Sequence[Group], before: Rows | None, fields: Fields) -> list[GroupActions]:
    """The actions of a fixture, with NaN and -1 where a row has no agent."""
    found = []
    for number, group in enumerate(groups):
        floats, choices = (fields[kind][number] for kind in ("continuous", "discrete"))
        rows = list(range(len(floats))) if before is None else before[number]
        size = len(floats) if before is None else group["rows"]
        widths = [sum(part["size"] for part in group["actions"] if part["kind"] == "continuous")]
        widths.append(sum(part["kind"] == "discrete" for part in group["actions"]))
        continuous = np.full((size, widths[0]), np.nan, np.float32)
        discrete = np.full((size, widths[1]), -1, np.int32)
        if rows:
            continuous[rows], discrete[rows] = floats, choices
        found.append(GroupActions(continuous, discrete))
    return found


def fields_of(
    groups: Sequence[Group], kind: str, batch: Batch, before: Rows | None = None, after: Rows | None = None
) -> Fields:
    """A batch as the fields of a fixture; makes sure that rows without an agent are empty.

    Args:
        before, after: as fixtures have them; None for version 1.
    """
    pairs = list(zip(groups, batch.groups, strict=True))
    rows = after or [list(range(len(group.get("agents", [])))) for group in groups]
    assert batch.game_s is not None
    if after is not None:
        present = _marks(groups, after)
        assert (batch.present is None) == all(present)
        assert batch.present is None or batch.present.tolist() == present
    fields: Fields = {
        "game_usec": round(batch.game_s * 1e6),
        "observations": [
            _take(entry, values.observations, own) for (entry, values), own in zip(pairs, rows, strict=True)
        ],
        "masks": [
            None if values.masks is None else _masks(values.masks, own)
            for (_, values), own in zip(pairs, rows, strict=True)
        ],
    }
    if kind == "step":
        acted = np.ones(len(batch.rewards), np.bool_)
        if before is not None:
            acted = np.array(_marks(groups, before), np.bool_)
            assert (batch.acted is None) == acted.all()
            assert batch.acted is None or batch.acted.tolist() == acted.tolist()
            assert not batch.rewards[~acted].any() and not batch.ended[~acted].any()
        fields["rewards"] = batch.rewards[acted].tolist()
        fields["terminated"] = batch.terminated[acted].tolist()
        fields["truncated"] = batch.truncated[acted].tolist()
        fields["terminal_observations"] = [_wire_rows(e, v.terminal_observations) for e, v in pairs]
        fields["infos"] = [batch.infos[row] for row in np.flatnonzero(batch.ended)]
        assert len(batch.infos) == len(fields["infos"])
    return fields


def told(fields: Fields) -> Fields:
    """The fields of a fixture that a batch has too."""
    return {key: value for key, value in fields.items() if key not in ("infos_json", "left", "rows_changed")}


def _marks(groups: Sequence[Group], rows: Rows) -> list[bool]:
    return [row in own for group, own in zip(groups, rows, strict=True) for row in range(group["rows"])]


def _take(entry: Group, arrays: KeyedArrays, rows: list[int]) -> dict[str, Any]:
    size = len(next(iter(arrays.values())))
    for array in arrays.values():
        assert not np.delete(array, rows, axis=0).any()
    if not rows and size:
        return {}
    return _wire_rows(entry, {name: array[rows] for name, array in arrays.items()})


def _masks(masks: np.ndarray, rows: list[int]) -> list[list[int]]:
    assert np.delete(masks, rows, axis=0).all()
    return masks[rows].astype(int).tolist()


def _wire_rows(entry: Group, arrays: KeyedArrays) -> dict[str, Any]:
    """Arrays of a batch as the fixtures have them: a flat row per agent, pictures pixel by pixel."""
    rows = {}
    for part in entry["observations"] if arrays else ():
        array = arrays[part["name"]]
        assert array.shape[1:] == tuple(part["shape"])
        assert (array.dtype, array.flags.c_contiguous, array.flags.writeable) == (part["dtype"], True, True)
        if part["dtype"] == "uint8":
            array = array.transpose(0, 2, 3, 1)
        rows[part["name"]] = array.reshape(len(array), -1).tolist()
    return rows
