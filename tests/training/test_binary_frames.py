"""The binary frames: against the golden fixtures of both languages, against random layouts, and against nonsense."""

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
from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.batch_checks import BatchChecks
from rl_studio_training.binary_frames import BinaryFrames
from rl_studio_training.connection import BadFrameError
from rl_studio_training.errors import GameProtocolError
from rl_studio_training.layout import ActionPart, GroupActions, ObservationPart, PolicyGroup

FIXTURES = wire_fixtures.read_all()
ENDED = FIXTURES["step_two_groups_ended"]


def fixtures(*kinds: str) -> list[str]:
    return [name for name, fixture in FIXTURES.items() if fixture["kind"] in kinds]


def group_of(entry: dict[str, Any]) -> PolicyGroup:
    parts = sorted(entry["observations"], key=lambda part: str(part["name"]))
    return PolicyGroup(
        entry["policy"],
        np.array(entry["agents"]),
        tuple(ObservationPart(part["name"], tuple(part["shape"]), np.dtype(part["dtype"])) for part in parts),
        tuple(ActionPart(**part) for part in entry["actions"]),
        entry["masked"],
    )


def frames_of(fixture: dict[str, Any]) -> BinaryFrames:
    return BinaryFrames([group_of(entry) for entry in fixture["groups"]])


def wire_rows(entry: dict[str, Any], arrays: KeyedArrays) -> dict[str, Any]:
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


def fields_of(groups: list[dict[str, Any]], kind: str, batch: Batch) -> dict[str, Any]:
    """A batch as the fields of a fixture."""
    pairs = list(zip(groups, batch.groups, strict=True))
    assert batch.game_s is not None
    fields: dict[str, Any] = {
        "game_usec": round(batch.game_s * 1e6),
        "observations": [wire_rows(entry, values.observations) for entry, values in pairs],
        "masks": [None if v.masks is None else v.masks.astype(int).tolist() for _, v in pairs],
    }
    if kind == "step":
        fields["rewards"] = batch.rewards.tolist()
        fields["terminated"] = batch.terminated.tolist()
        fields["truncated"] = batch.truncated.tolist()
        fields["terminal_observations"] = [wire_rows(e, v.terminal_observations) for e, v in pairs]
        fields["infos"] = [batch.infos[agent] for agent in np.flatnonzero(batch.ended)]
        assert len(batch.infos) == len(fields["infos"])
    return fields


def decode(frames: BinaryFrames, kind: str, payload: bytes) -> Batch:
    decoder = frames.decode_step if kind == "step" else frames.decode_observation
    return decoder(bytearray(payload))


# --- the golden frames


def test_the_fixtures_on_disk_are_those_of_their_generator() -> None:
    assert {name: wire_fixtures.describe(name) for name in wire_fixtures.FIXTURES} == FIXTURES


@pytest.mark.parametrize("name", fixtures("observation", "step"))
def test_a_golden_answer_is_read(name: str) -> None:
    fixture = FIXTURES[name]
    batch = decode(frames_of(fixture), fixture["kind"], bytes.fromhex(fixture["hex"]))
    expected = {key: value for key, value in fixture["fields"].items() if key != "infos_json"}
    assert fields_of(fixture["groups"], fixture["kind"], batch) == expected


@pytest.mark.parametrize("name", fixtures("reset"))
def test_a_golden_reset_is_written(name: str) -> None:
    fixture = FIXTURES[name]
    assert frames_of(fixture).encode_reset(fixture["fields"]["seed"]).hex() == fixture["hex"]


@pytest.mark.parametrize("name", fixtures("action"))
def test_golden_actions_are_written(name: str) -> None:
    fixture = FIXTURES[name]
    fields = fixture["fields"]
    actions = [
        GroupActions(np.array(continuous, np.float32), np.array(discrete, np.int32))
        for continuous, discrete in zip(fields["continuous"], fields["discrete"], strict=True)
    ]
    assert frames_of(fixture).encode_actions(actions).hex() == fixture["hex"]


def test_a_picture_becomes_planes() -> None:
    fixture = FIXTURES["observation_two_groups"]
    batch = decode(frames_of(fixture), "observation", bytes.fromhex(fixture["hex"]))
    picture = batch.groups[0].observations["camera_2d"][0]
    assert picture.tolist() == [[[0, 127]], [[1, 128]], [[2, 255]]]  # sent as r g b, r g b


def test_actions_of_another_shape_are_refused() -> None:
    frames = frames_of(FIXTURES["action_trivial"])
    with pytest.raises(ValueError, match=r"'shared_policy' are \(1, 2\), not \(1, 1\)"):
        frames.encode_actions([GroupActions(np.zeros((1, 2), np.float32), np.zeros((1, 0), np.int32))])


def test_a_seed_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="9223372036854775808"):
        frames_of(FIXTURES["reset"]).encode_reset(1 << 63)


def test_the_example_of_the_documentation_is_a_golden_frame() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "wire-protocol.md"
    rows = re.findall(r"^\| (\d+) \| (\S.*?) \| (.*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    found = b""
    for offset, data, what in rows:
        assert int(offset) == len(found)
        found += what.strip("`").encode() if data == "…" else bytes.fromhex(data.strip("`"))
    assert found.hex() == ENDED["hex"]


# --- frames that are wrong


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("step_trivial", lambda data: data[:-1], "a step of 31 bytes; 32 were due"),
        ("step_trivial", lambda data: data + b"\0", "a step of 33 bytes; 32 were due"),
        ("step_trivial", lambda data: data[:10], "a step of 10 bytes, too short even for its head"),
        ("step_trivial", lambda data: b"RL\x02" + data[3:], "begins with.*where a step.*was due"),
        ("step_trivial", lambda data: b"RL\x01\x03" + data[4:], "begins with.*where a step.*was due"),
        ("step_trivial", lambda data: data[:4] + b"\2" + data[5:], "a step of 2 agents; it has 1"),
        (
            "step_trivial",
            lambda data: data[:12] + b"\1" + data[13:],
            "1 ended agents, but 0 flags say so",
        ),
        ("step_trivial", lambda data: data[:20] + b"\1" + data[21:], "0 ended agents, but 1 flags say so"),
        ("step_trivial", lambda data: data[:20] + b"\3" + data[21:], "0 ended agents, but 1 flags say so"),
        ("step_two_groups_ended", lambda data: data[:29] + b"\3" + data[30:], "the flags 3 for agent 1"),
        ("step_two_groups_ended", lambda data: data[:-1], "infos"),
        ("step_two_groups_ended", lambda data: data[:-2] + b"]]", "infos that are not JSON"),
        ("step_two_groups_ended", lambda data: data[:-1] + b"\xff", "infos that are not JSON"),
        ("observation_picture_last", lambda data: data + b"\0", "an observation of 16 bytes; 15 were due"),
    ],
)
def test_what_is_wrong_with_a_frame_is_named(name: str, change: Any, words: str) -> None:
    fixture = FIXTURES[name]
    with pytest.raises(BadFrameError, match=words):
        decode(frames_of(fixture), fixture["kind"], change(bytes.fromhex(fixture["hex"])))


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
        decode(frames_of(ENDED), "step", head + struct.pack("<I", len(text)) + text)


def test_a_forged_length_of_the_infos_is_no_reason_to_allocate() -> None:
    payload = bytes.fromhex(ENDED["hex"])
    position = len(payload) - len(ENDED["fields"]["infos_json"].encode()) - 4
    forged = payload[:position] + b"\xff\xff\xff\xff" + payload[position + 4 :]
    with pytest.raises(BadFrameError, match="4294967295 of them infos"):
        decode(frames_of(ENDED), "step", forged)


# --- random layouts and random bytes

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
def layouts(draw: st.DrawFn) -> list[dict[str, Any]]:
    owners = draw(st.lists(st.integers(0, 2), min_size=1, max_size=6))
    kinds = st.sampled_from(["continuous", "discrete"])
    groups = []
    for policy in dict.fromkeys(owners):
        actions = [
            {"name": f"a{number}", "kind": draw(kinds), "size": draw(st.integers(1, 3))}
            for number in range(draw(st.integers(1, 3)))
        ]
        groups.append(
            {
                "policy": str(policy),
                "agents": [agent for agent, owner in enumerate(owners) if owner == policy],
                "observations": draw(observation_parts()),
                "actions": actions,
                "masked": any(part["kind"] == "discrete" for part in actions) and draw(st.booleans()),
            }
        )
    return groups


def draw_rows(draw: st.DrawFn, group: dict[str, Any], count: int) -> dict[str, Any]:
    rows = {}
    for part in group["observations"] if count else ():
        numbers = st.integers(0, 255) if part["dtype"] == "uint8" else NUMBERS
        size = math.prod(part["shape"])
        rows[part["name"]] = [draw(st.lists(numbers, min_size=size, max_size=size)) for _ in range(count)]
    return rows


@st.composite
def steps(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    groups = draw(layouts())
    count = sum(len(group["agents"]) for group in groups)
    flags = draw(st.lists(st.sampled_from([0, 0, 1, 2]), min_size=count, max_size=count))
    fields: dict[str, Any] = {
        "game_usec": draw(st.integers(0, 2**32 - 1)),
        "rewards": draw(st.lists(NUMBERS, min_size=count, max_size=count)),
        "terminated": [flag == 1 for flag in flags],
        "truncated": [flag == 2 for flag in flags],
        "observations": [],
        "masks": [],
        "terminal_observations": [],
        "infos": [{"metrics": {"höhe": draw(NUMBERS)}} for flag in flags if flag],
    }
    for group in groups:
        n = len(group["agents"])
        width = sum(part["size"] for part in group["actions"] if part["kind"] == "discrete")
        fields["observations"].append(draw_rows(draw, group, n))
        bits = st.lists(st.integers(0, 1), min_size=width, max_size=width)
        fields["masks"].append([draw(bits) for _ in range(n)] if group["masked"] else None)
        ended = sum(flags[agent] > 0 for agent in group["agents"])
        fields["terminal_observations"].append(draw_rows(draw, group, ended))
    return groups, fields


@given(steps())
@settings(deadline=None)
def test_any_step_is_read_as_the_game_wrote_it(step: tuple[list[dict[str, Any]], dict[str, Any]]) -> None:
    groups, fields = step
    frames = BinaryFrames([group_of(group) for group in groups])
    payload = wire_codec.encode("step", groups, fields)
    assert fields_of(groups, "step", frames.decode_step(bytearray(payload))) == fields


@given(layouts(), st.data())
@settings(deadline=None)
def test_any_actions_are_read_by_the_game_as_they_were_sent(
    groups: list[dict[str, Any]], data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    actions = [
        GroupActions(
            rng.uniform(-1, 1, (group.count, group.continuous_width)).astype(np.float32),
            rng.integers(0, 9, (group.count, group.discrete_width), np.int32),
        )
        for group in map(group_of, groups)
    ]
    payload = BinaryFrames([group_of(group) for group in groups]).encode_actions(actions)
    decoded = wire_codec.decode_action(groups, payload)
    assert decoded["continuous"] == [item.continuous.tolist() for item in actions]
    assert decoded["discrete"] == [item.discrete.tolist() for item in actions]


def read_like_a_trainer(groups: list[dict[str, Any]], kind: str, payload: bytes) -> None:
    """Reads and checks a frame; it is fine, or refused in the proper way."""
    real = [group_of(group) for group in groups]
    agents = sum(group.count for group in real)
    try:
        batch = decode(BinaryFrames(real), kind, payload)
        BatchChecks(real, [str(agent) for agent in range(agents)], "Game 0").check(batch)
    except (BadFrameError, GameProtocolError):
        return
    assert np.isfinite(batch.rewards).all()


@given(st.sampled_from(fixtures("step", "observation")), st.data())
@settings(deadline=None, max_examples=300)
def test_a_damaged_frame_is_refused_or_read_but_nothing_else(name: str, data: st.DataObject) -> None:
    fixture = FIXTURES[name]
    payload = bytearray.fromhex(fixture["hex"])
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    payload = payload[: data.draw(st.integers(0, len(payload)) | st.just(len(payload)))]
    read_like_a_trainer(fixture["groups"], fixture["kind"], bytes(payload))


@given(st.sampled_from(fixtures("step", "observation")), st.binary(max_size=300), st.booleans())
@settings(deadline=None, max_examples=300)
def test_random_bytes_are_refused_or_read_but_nothing_else(name: str, noise: bytes, headed: bool) -> None:
    fixture = FIXTURES[name]
    payload = bytes.fromhex(fixture["hex"])[:12] + noise if headed else noise
    read_like_a_trainer(fixture["groups"], fixture["kind"], payload)


# --- numbers that would spoil the network


def check_changed(name: str, **fields: Any) -> None:
    fixture = FIXTURES[name]
    payload = wire_codec.encode(fixture["kind"], fixture["groups"], {**fixture["fields"], **fields})
    groups = [group_of(entry) for entry in fixture["groups"]]
    batch = decode(BinaryFrames(groups), fixture["kind"], payload)
    BatchChecks(groups, ["/root/A", "/root/B", "/root/C"], "Game 3").check(batch)


def test_good_numbers_pass() -> None:
    for name in fixtures("step", "observation"):
        check_changed(name)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rewards": [0.0, math.inf, math.nan]}, r"^Game 3: agent /root/B: the reward is inf\.$"),
        (
            {
                "observations": [
                    {"camera_2d": [[0] * 6] * 2, "obs": [[0.0] * 3, [1.0, 2.0, math.nan]]},
                    {"near": [[0.0, 0.0]], "rays": [[0.0]]},
                ]
            },
            r"^Game 3: agent /root/C: obs\[2\] is nan\.$",
        ),
        (
            {
                "terminal_observations": [
                    {"camera_2d": [[0] * 6], "obs": [[0.0, -math.inf, 0.0]]},
                    {"near": [[0.0, 0.0]], "rays": [[0.0]]},
                ]
            },
            r"^Game 3: agent /root/C: at the end of the episode obs\[1\] is -inf\.$",
        ),
        (
            {"masks": [[[1, 0, 0, 0, 1], [1, 1, 0, 0, 0]], None]},
            r'^Game 3: agent /root/C: the action mask of "turn" allows nothing\.$',
        ),
    ],
)
def test_bad_numbers_are_told_with_agent_name_and_index(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(GameProtocolError, match=words):
        check_changed("step_two_groups_ended", **fields)
