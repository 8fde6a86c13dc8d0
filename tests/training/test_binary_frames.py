"""The binary frames: against the golden fixtures of both languages, against random crews, and against nonsense."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wire_codec
import wire_fixtures
from rl_studio_training.batch import Batch
from rl_studio_training.batch_checks import BatchChecks
from rl_studio_training.binary_frames import BinaryFrames
from rl_studio_training.connection import BadFrameError
from rl_studio_training.errors import GameFault
from rl_studio_training.layout import GroupActions
from rl_studio_training.seats import Seats
from wire_batches import actions_of, fields_of, make_groups, told
from wire_codec import Fields, Group, Rows

FIXTURES = wire_fixtures.read_all()
CHANGED = FIXTURES["step_crew_changed"]
ENDED = FIXTURES["step_two_groups_ended"]


def fixtures(*kinds: str) -> list[str]:
    return [name for name, fixture in FIXTURES.items() if fixture["kind"] in kinds]


def frames_of(groups: list[Group], before: Rows | None = None) -> BinaryFrames:
    """A codec that has read an answer with the rows `before`."""
    frames = BinaryFrames(make_groups(groups))
    if before is not None:
        fields: Fields = {"game_usec": 0, "observations": [], "masks": []}
        for group, rows in zip(groups, before, strict=True):
            width = sum(part["size"] for part in group["actions"] if part["kind"] == "discrete")
            fields["observations"].append(blank(group, len(rows)))
            fields["masks"].append([[1] * width for _ in rows] if group["masked"] else None)
        payload = wire_codec.encode("observation", groups, fields, None, before)
        frames.decode_observation(bytearray(payload))
    return frames


def blank(group: Group, count: int) -> dict[str, Any]:
    parts = group["observations"] if count else ()
    return {part["name"]: [[0] * math.prod(part["shape"])] * count for part in parts}


def decode(frames: BinaryFrames, kind: str, payload: bytes) -> Batch:
    decoder = frames.decode_step if kind == "step" else frames.decode_observation
    return decoder(bytearray(payload))


def read_golden(name: str, payload: bytes | None = None) -> Batch:
    """What is read of a fixture, or of another payload in its place."""
    fixture = FIXTURES[name]
    frames = frames_of(fixture["groups"], fixture["before"])
    return decode(frames, fixture["kind"], bytes.fromhex(fixture["hex"]) if payload is None else payload)


# --- the golden frames


def test_the_fixtures_on_disk_are_those_of_their_generator() -> None:
    assert {name: wire_fixtures.describe(name) for name in wire_fixtures.FIXTURES} == FIXTURES


@pytest.mark.parametrize("name", fixtures("observation", "step"))
def test_a_golden_answer_is_read(name: str) -> None:
    fixture = FIXTURES[name]
    batch = read_golden(name)
    found = fields_of(fixture["groups"], fixture["kind"], batch, fixture["before"], fixture["after"])
    assert found == told(fixture["fields"])


@pytest.mark.parametrize("name", fixtures("reset"))
def test_a_golden_reset_is_written(name: str) -> None:
    fixture = FIXTURES[name]
    assert frames_of(fixture["groups"]).encode_reset(fixture["fields"]["seed"]).hex() == fixture["hex"]


@pytest.mark.parametrize("name", fixtures("action"))
def test_golden_actions_are_written(name: str) -> None:
    fixture = FIXTURES[name]
    groups, before = fixture["groups"], fixture["before"]
    actions = actions_of(groups, before, fixture["fields"])
    assert frames_of(groups, before).encode_actions(actions).hex() == fixture["hex"]


def test_where_all_rows_have_agents_nothing_is_copied() -> None:
    payload = bytearray.fromhex(FIXTURES["step_nobody_ended"]["hex"])
    fixture = FIXTURES["step_nobody_ended"]
    batch = frames_of(fixture["groups"], fixture["before"]).decode_step(payload)
    assert (batch.acted, batch.present) == (None, None)
    for array in (batch.rewards, batch.groups[0].observations["obs"], batch.groups[1].observations["near"]):
        assert np.shares_memory(array, np.frombuffer(payload, np.uint8))


def test_a_picture_becomes_planes() -> None:
    picture = read_golden("observation_two_groups").groups[0].observations["camera_2d"][0]
    assert picture.tolist() == [[[0, 127]], [[1, 128]], [[2, 255]]]  # sent as r g b, r g b


def test_an_answer_changes_which_rows_act_next() -> None:
    groups = CHANGED["groups"]
    frames = frames_of(groups, CHANGED["before"])
    frames.decode_step(bytearray.fromhex(CHANGED["hex"]))
    fields = FIXTURES["action_two_groups"]["fields"]
    payload = frames.encode_actions(actions_of(groups, CHANGED["after"], fields))
    assert wire_codec.decode_action(groups, CHANGED["after"], payload) == fields


def test_a_frame_that_is_refused_changes_nothing() -> None:
    frames = frames_of(CHANGED["groups"], CHANGED["before"])
    payload = bytes.fromhex(CHANGED["hex"])
    for cut in range(0, len(payload) - 1, 3):
        with pytest.raises(BadFrameError):
            frames.decode_step(bytearray(payload[:cut]))
    batch = frames.decode_step(bytearray(payload))
    assert fields_of(CHANGED["groups"], "step", batch, CHANGED["before"], CHANGED["after"]) == told(
        CHANGED["fields"]
    )


def test_agents_stay_in_their_rows_when_there_are_more_of_them() -> None:
    small, large = wire_fixtures.TWO_GROUPS, [{**wire_fixtures.WALKER, "rows": 4}, wire_fixtures.GUARD]
    large = [*large, {**wire_fixtures.TURRET, "rows": 2}]
    frames = frames_of(small, [[1], [0]])
    frames.resize(make_groups(large))
    before: Rows = [[1], [0], []]
    step: Fields = {
        **wire_fixtures.outcome([0.5, 0.25], "..", rows_changed=True),
        "observations": [blank(large[0], 2), blank(large[1], 1), blank(large[2], 1)],
        "masks": [[[1] * 5] * 2, None, [[1] * 5]],
        "terminal_observations": [{}, {}, {}],
        "infos": [],
    }
    after: Rows = [[1, 3], [0], [1]]
    batch = frames.decode_step(bytearray(wire_codec.encode("step", large, step, before, after)))
    assert fields_of(large, "step", batch, before, after) == told(step)


def test_actions_of_another_shape_are_refused() -> None:
    frames = frames_of(FIXTURES["action_trivial"]["groups"])
    with pytest.raises(ValueError, match=r"'shared_policy' are \(1, 2\), not \(1, 1\)"):
        frames.encode_actions([GroupActions(np.zeros((1, 2), np.float32), np.zeros((1, 0), np.int32))])


def test_a_seed_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="9223372036854775808"):
        frames_of(FIXTURES["reset"]["groups"]).encode_reset(1 << 63)


def test_the_example_of_the_documentation_is_a_golden_frame() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "wire-protocol.md"
    rows = re.findall(r"^\| (\d+) \| (\S.*?) \| (.*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    found = b""
    for offset, data, what in rows:
        assert int(offset) == len(found)
        found += what.strip("`").encode() if data == "…" else bytes.fromhex(data.strip("`"))
    assert found.hex() == CHANGED["hex"]


# --- frames that are wrong


def put(offset: int, *data: int) -> Any:
    """A change of some bytes."""
    return lambda payload: payload[:offset] + bytes(data) + payload[offset + len(data) :]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("step_trivial", lambda data: data[:-1], "a step of 35 bytes; 36 were due"),
        ("step_trivial", lambda data: data + b"\0", "a step of 37 bytes; 36 were due"),
        ("step_trivial", lambda data: data[:10], "a step of 10 bytes, too short even for its head"),
        ("step_trivial", lambda data: data[:26], "a step of 26 bytes; 28 or more were due"),
        ("step_trivial", put(2, 1), "begins with.*where a step.*was due"),
        ("step_trivial", put(3, 3), "begins with.*where a step.*was due"),
        ("step_trivial", put(4, 2), "a step of 2 agents; 1 acted"),
        ("step_trivial", put(12, 1), "1 ended agents, but 0 flags say so"),
        ("step_trivial", put(16, 2), r"says 2 where 0 or 1 \(rows changed\) was due"),
        ("step_trivial", put(24, 1), "0 ended agents, but 1 flags say so"),
        ("step_trivial", put(24, 3), "0 ended agents, but 1 flags say so"),
        # flags of three that acted, from 32 on
        ("step_two_groups_ended", put(33, 3), "flags 3 for agent 1.*0, 1, 2 are known where no rows changed"),
        ("step_two_groups_ended", put(33, 5), "flags 5 for agent 1.*0, 1, 2 are known where no rows changed"),
        ("step_crew_changed", put(32, 4), "flags 4 for agent 0.*0, 1, 2, 5, 6 are known where rows changed"),
        ("step_crew_changed", put(32, 7), "flags 7 for agent 0"),
        ("step_crew_changed", put(34, 9), "flags 9 for agent 2"),
        (
            "step_crew_changed",
            put(32, 1),
            "without the agent in row 0 of 'walker', of which no flag says that it",
        ),
        # the table from 36 on: 2 rows of walkers, 1 and 2; 1 row of guards, 0
        ("step_crew_changed", put(36, 4), "4 rows of 'walker'; it has 3"),
        ("step_crew_changed", put(36, 255, 255, 255, 255), "4294967295 rows of 'walker'; it has 3"),
        ("step_crew_changed", put(40, 2), r"the rows \[2, 2\] of 'walker'; ascending numbers below 3"),
        ("step_crew_changed", put(40, 2, 0, 0, 0, 1), r"the rows \[2, 1\] of 'walker'; ascending"),
        ("step_crew_changed", put(44, 3), r"the rows \[1, 3\] of 'walker'; ascending numbers below 3"),
        ("step_crew_changed", put(52, 1), "without the agent in row 0 of 'Wächter'"),
        ("step_crew_changed", lambda data: data[:50], "a frame of 50 bytes; 52 or more were due"),
        ("step_crew_changed", lambda data: data[:42], "a frame of 42 bytes; 48 or more were due"),
        ("step_two_groups_ended", lambda data: data[:-1], "infos"),
        ("step_two_groups_ended", lambda data: data[:-2] + b"]]", "infos that are not JSON"),
        ("step_two_groups_ended", lambda data: data[:-1] + b"\xff", "infos that are not JSON"),
        ("observation_picture_last", lambda data: data + b"\0", "an observation of 24 bytes; 23 were due"),
        ("observation_picture_last", put(4, 2), "an observation of 2 agents, but 1 rows"),
        ("observation_picture_last", put(4, 0, 0, 0, 0, 0, 0, 0, 0, 0), "a frame without any agent"),
        ("observation_empty_group", lambda data: data[:16], "a frame of 16 bytes; 20 or more were due"),
    ],
)
def test_what_is_wrong_with_a_frame_is_named(name: str, change: Any, words: str) -> None:
    with pytest.raises(BadFrameError, match=words):
        read_golden(name, change(bytes.fromhex(FIXTURES[name]["hex"])))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[{},{},{}]", "3 infos for 2 ended agents"),
        (b"[{},1]", "not a list of objects"),
        (b"{}", "not a list of objects"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_infos_that_do_not_fit_are_refused(text: bytes, words: str) -> None:
    payload = bytes.fromhex(ENDED["hex"])
    head = payload[: len(payload) - len(ENDED["fields"]["infos_json"].encode()) - 4]
    with pytest.raises(BadFrameError, match=words):
        read_golden("step_two_groups_ended", head + struct.pack("<I", len(text)) + text)


def test_a_forged_length_of_the_infos_is_no_reason_to_allocate() -> None:
    payload = bytes.fromhex(ENDED["hex"])
    position = len(payload) - len(ENDED["fields"]["infos_json"].encode()) - 4
    forged = payload[:position] + b"\xff\xff\xff\xff" + payload[position + 4 :]
    with pytest.raises(BadFrameError, match="4294967295 of them infos"):
        read_golden("step_two_groups_ended", forged)


# --- random crews and random bytes

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def observation_parts(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.text("abcöZ_", min_size=1, max_size=4), min_size=1, max_size=3, unique=True))
    parts = []
    for name in sorted(names):
        if draw(st.booleans()):
            shape = [draw(st.integers(1, 3)) for _ in range(3)]
            parts.append({"name": name, "shape": shape, "dtype": "uint8"})
        else:
            parts.append({"name": name, "shape": [draw(st.integers(1, 5))], "dtype": "float32"})
    return parts


@st.composite
def layouts(draw: st.DrawFn) -> list[Group]:
    kinds = st.sampled_from(["continuous", "discrete"])
    groups = []
    for policy in range(draw(st.integers(1, 3))):
        actions = [
            {"name": f"a{number}", "kind": draw(kinds), "size": draw(st.integers(1, 3))}
            for number in range(draw(st.integers(1, 3)))
        ]
        groups.append(
            {
                "policy": str(policy),
                "rows": draw(st.integers(1, 4)),
                "observations": draw(observation_parts()),
                "actions": actions,
                "masked": any(part["kind"] == "discrete" for part in actions) and draw(st.booleans()),
            }
        )
    return groups


@st.composite
def crews(draw: st.DrawFn, groups: list[Group]) -> Rows:
    """Which rows have an agent: at least one."""
    rows = [sorted(draw(st.sets(st.integers(0, group["rows"] - 1)))) for group in groups]
    return rows if any(rows) else [[0], *rows[1:]]


def draw_rows(draw: st.DrawFn, group: Group, count: int) -> dict[str, Any]:
    rows = {}
    for part in group["observations"] if count else ():
        numbers = st.integers(0, 255) if part["dtype"] == "uint8" else NUMBERS
        size = math.prod(part["shape"])
        rows[part["name"]] = [draw(st.lists(numbers, min_size=size, max_size=size)) for _ in range(count)]
    return rows


def draw_seen(draw: st.DrawFn, groups: list[Group], after: Rows) -> Fields:
    fields: Fields = {"game_usec": draw(st.integers(0, 2**32 - 1)), "observations": [], "masks": []}
    for group, rows in zip(groups, after, strict=True):
        width = sum(part["size"] for part in group["actions"] if part["kind"] == "discrete")
        bits = st.lists(st.integers(0, 1), min_size=width, max_size=width)
        fields["observations"].append(draw_rows(draw, group, len(rows)))
        fields["masks"].append([draw(bits) for _ in rows] if group["masked"] else None)
    return fields


@st.composite
def steps(draw: st.DrawFn) -> tuple[list[Group], Fields, Rows, Rows]:
    groups = draw(layouts())
    before = draw(crews(groups))
    after = draw(crews(groups)) if draw(st.booleans()) else before
    flags = []
    for old, new in zip(before, after, strict=True):
        for row in old:
            may_stay = row in new
            left = not may_stay or (draw(st.integers(0, 5)) == 0)
            flags.append(4 + draw(st.sampled_from([1, 2])) if left else draw(st.sampled_from([0, 0, 1, 2])))
    changed = before != after or any(flag > 2 for flag in flags)
    fields: Fields = {
        **draw_seen(draw, groups, after),
        "rewards": draw(st.lists(NUMBERS, min_size=len(flags), max_size=len(flags))),
        "terminated": [bool(flag & 1) for flag in flags],
        "truncated": [bool(flag & 2) for flag in flags],
        "left": [bool(flag & 4) for flag in flags],
        "rows_changed": changed,
        "terminal_observations": [],
        "infos": [{"metrics": {"höhe": draw(NUMBERS)}} for flag in flags if flag],
    }
    first = 0
    for group, rows in zip(groups, before, strict=True):
        ended = sum(flag > 0 for flag in flags[first : first + len(rows)])
        first += len(rows)
        fields["terminal_observations"].append(draw_rows(draw, group, ended))
    return groups, fields, before, after


@given(steps())
@settings(deadline=None)
def test_any_step_is_read_as_the_game_wrote_it(step: tuple[list[Group], Fields, Rows, Rows]) -> None:
    groups, fields, before, after = step
    frames = frames_of(groups, before)
    payload = wire_codec.encode("step", groups, fields, before, after)
    assert fields_of(groups, "step", frames.decode_step(bytearray(payload)), before, after) == told(fields)


@given(layouts(), st.data())
@settings(deadline=None)
def test_any_first_answer_is_read_as_the_game_wrote_it(groups: list[Group], data: st.DataObject) -> None:
    after = data.draw(crews(groups))
    fields = draw_seen(data.draw, groups, after)
    payload = wire_codec.encode("observation", groups, fields, None, after)
    frames = frames_of(groups, data.draw(crews(groups)))
    batch = frames.decode_observation(bytearray(payload))
    assert fields_of(groups, "observation", batch, None, after) == fields
    assert not batch.ended.any() and batch.acted is None


@given(layouts(), st.data())
@settings(deadline=None)
def test_any_actions_are_read_by_the_game_as_they_were_sent(groups: list[Group], data: st.DataObject) -> None:
    before = data.draw(crews(groups))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    actions = [
        GroupActions(
            rng.uniform(-1, 1, (group.count, group.continuous_width)).astype(np.float32),
            rng.integers(0, 9, (group.count, group.discrete_width), np.int32),
        )
        for group in make_groups(groups)
    ]
    decoded = wire_codec.decode_action(groups, before, frames_of(groups, before).encode_actions(actions))
    pairs = list(zip(actions, before, strict=True))
    assert decoded["continuous"] == [item.continuous[rows].tolist() for item, rows in pairs]
    assert decoded["discrete"] == [item.discrete[rows].tolist() for item, rows in pairs]


def read_like_a_trainer(fixture: dict[str, Any], payload: bytes) -> None:
    """Reads and checks a frame; it is fine, or refused in the proper way."""
    groups = make_groups(fixture["groups"])
    rows = sum(group.count for group in groups)
    seats = Seats(groups, [str(row) for row in range(rows)])
    try:
        batch = decode(frames_of(fixture["groups"], fixture["before"]), fixture["kind"], payload)
        BatchChecks(groups, seats, "Game 0").check(batch, lambda: "now")
    except (BadFrameError, GameFault):
        return
    assert np.isfinite(batch.rewards).all()
    assert batch.rewards.shape == batch.ended.shape == (rows,)
    assert not (batch.terminated & batch.truncated).any()
    for group, values in zip(groups, batch.groups, strict=True):
        assert {len(array) for array in values.observations.values()} == {group.count}


@given(st.sampled_from(fixtures("step", "observation")), st.data())
@settings(deadline=None, max_examples=500)
def test_a_damaged_frame_is_refused_or_read_but_nothing_else(name: str, data: st.DataObject) -> None:
    payload = bytearray.fromhex(FIXTURES[name]["hex"])
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    payload = payload[: data.draw(st.integers(0, len(payload)) | st.just(len(payload)))]
    read_like_a_trainer(FIXTURES[name], bytes(payload))


@given(st.sampled_from(fixtures("step", "observation")), st.binary(max_size=300), st.integers(0, 60))
@settings(deadline=None, max_examples=500)
def test_random_bytes_are_refused_or_read_but_nothing_else(name: str, noise: bytes, kept: int) -> None:
    payload = bytes.fromhex(FIXTURES[name]["hex"])[:kept] + noise
    read_like_a_trainer(FIXTURES[name], payload)
