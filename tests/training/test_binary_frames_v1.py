"""Version 1 of the binary frames, as exported games of older addons speak it: golden frames, and nonsense."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wire_codec_v1
import wire_fixtures
from rl_studio_training.batch import Batch
from rl_studio_training.binary_frames_v1 import OldBinaryFrames
from rl_studio_training.connection import BadFrameError
from wire_batches import actions_of, fields_of, make_groups

FIXTURES = wire_fixtures.read_all(wire_fixtures.OLD_FOLDER)


def fixtures(*kinds: str) -> list[str]:
    return [name for name, fixture in FIXTURES.items() if fixture["kind"] in kinds]


def read_golden(name: str, payload: bytes | None = None) -> Batch:
    fixture = FIXTURES[name]
    frames = OldBinaryFrames(make_groups(fixture["groups"]))
    decode = frames.decode_step if fixture["kind"] == "step" else frames.decode_observation
    return decode(bytearray(bytes.fromhex(fixture["hex"]) if payload is None else payload))


@pytest.mark.parametrize("name", fixtures("observation", "step"))
def test_a_golden_answer_is_read(name: str) -> None:
    fixture = FIXTURES[name]
    batch = read_golden(name)
    expected = {key: value for key, value in fixture["fields"].items() if key != "infos_json"}
    assert fields_of(fixture["groups"], fixture["kind"], batch) == expected
    assert (batch.acted, batch.present) == (None, None)


@pytest.mark.parametrize("name", fixtures("observation", "step", "action", "reset"))
def test_the_fake_games_write_the_golden_frames(name: str) -> None:
    fixture = FIXTURES[name]
    assert wire_codec_v1.encode(fixture["kind"], fixture["groups"], fixture["fields"]).hex() == fixture["hex"]


@pytest.mark.parametrize("name", fixtures("reset"))
def test_a_golden_reset_is_written(name: str) -> None:
    fixture = FIXTURES[name]
    frames = OldBinaryFrames(make_groups(fixture["groups"]))
    assert frames.encode_reset(fixture["fields"]["seed"]).hex() == fixture["hex"]


@pytest.mark.parametrize("name", fixtures("action"))
def test_golden_actions_are_written(name: str) -> None:
    fixture = FIXTURES[name]
    actions = actions_of(fixture["groups"], None, fixture["fields"])
    frames = OldBinaryFrames(make_groups(fixture["groups"]))
    assert frames.encode_actions(actions).hex() == fixture["hex"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("step_trivial", lambda data: data[:-1], "a step of 31 bytes; 32 were due"),
        ("step_trivial", lambda data: data + b"\0", "a step of 33 bytes; 32 were due"),
        ("step_trivial", lambda data: data[:10], "a step of 10 bytes, too short even for its head"),
        ("step_trivial", lambda data: b"RL\x02" + data[3:], "begins with.*where a step.*was due"),
        ("step_trivial", lambda data: data[:4] + b"\2" + data[5:], "a step of 2 agents; it has 1"),
        ("step_trivial", lambda data: data[:12] + b"\1" + data[13:], "1 ended agents, but 0 flags say so"),
        ("step_two_groups_ended", lambda data: data[:29] + b"\3" + data[30:], "the flags 3 for agent 1"),
        ("step_two_groups_ended", lambda data: data[:29] + b"\5" + data[30:], "the flags 5 for agent 1"),
        ("step_two_groups_ended", lambda data: data[:-1], "infos"),
        ("observation_picture_last", lambda data: data + b"\0", "an observation of 16 bytes; 15 were due"),
    ],
)
def test_what_is_wrong_with_a_frame_is_named(name: str, change: Any, words: str) -> None:
    with pytest.raises(BadFrameError, match=words):
        read_golden(name, change(bytes.fromhex(FIXTURES[name]["hex"])))


@given(st.sampled_from(fixtures("step", "observation")), st.data())
@settings(deadline=None, max_examples=200)
def test_a_damaged_frame_is_refused_or_read_but_nothing_else(name: str, data: st.DataObject) -> None:
    payload = bytearray.fromhex(FIXTURES[name]["hex"])
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    payload = payload[: data.draw(st.integers(0, len(payload)) | st.just(len(payload)))]
    try:
        read_golden(name, bytes(payload))
    except BadFrameError:
        return
