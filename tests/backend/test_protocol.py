"""rl_studio.protocol: bytes, messages, and a session, without a socket."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

import protocol_fixtures
from rl_studio.errors import StudioError
from rl_studio.protocol import MAX_FRAME, document
from rl_studio.protocol.codec import MAX_DEPTH, ProtocolError, TooLargeError, decode, encode
from rl_studio.protocol.envelopes import Nothing
from rl_studio.protocol.export_messages import ExportProgress
from rl_studio.protocol.messages import (
    EVENTS,
    METHODS,
    RunLogEvent,
    RunResult,
    RunSamplesEvent,
)
from rl_studio.protocol.session import Session, run_changed
from rl_studio.runs import CheckpointOrigin, GameRestart, RunInfo, SamplePage
from rl_studio.runs.info import PolicyResult, RunWarning

FIXTURES = sorted(protocol_fixtures.FOLDER.glob("*.json"))
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def run_info(**changes: Any) -> RunInfo:
    """The golden run, with other values."""
    fields = protocol_fixtures.RUN | changes
    fields |= {"last_restart": GameRestart(**fields["last_restart"])}
    fields |= {"resumed_from": CheckpointOrigin(**fields["resumed_from"])}
    fields |= {"policies": {name: PolicyResult(**told) for name, told in fields["policies"].items()}}
    fields |= {"warnings": [RunWarning(**told) for told in fields["warnings"]]}
    return RunInfo(**fields)


RUN = run_info()


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from 1.0 and True, and takes NaN for NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def request(method: str, params: Any = None, request_id: Any = 1) -> bytes:
    return encode({"type": "request", "id": request_id, "method": method, "params": params or {}})


def sent(session: Session) -> list[dict[str, Any]]:
    messages = []
    while (frame := session.next_frame()) is not None:
        messages.append(decode(frame))
    return messages


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_golden_message_is_read_and_written_as_it_stands(path: Path) -> None:
    fixture = json.loads(path.read_text(encoding="utf-8"))
    message = protocol_fixtures.from_json(fixture["message"])
    data = bytes.fromhex(fixture["hex"])
    assert same(decode(data), message)
    assert encode(message) == data


def test_the_golden_files_are_those_of_the_generator() -> None:
    wanted = {
        name: protocol_fixtures.fixture_text(name, m) for name, m in protocol_fixtures.all_messages().items()
    }
    assert {path.stem: path.read_text(encoding="utf-8") for path in FIXTURES} == wanted


def test_bytes_are_those_of_the_msgpack_specification() -> None:
    assert encode({"a": 1, "b": 1.0}) == bytes.fromhex("82 a161 01 a162 cb3ff0000000000000")
    assert encode({"v": [None, False, True, -1, -33, 128, 256, 65536, 2**32]}) == bytes.fromhex(
        "81 a176 99 c0 c2 c3 ff d0df cc80 cd0100 ce00010000 cf0000000100000000"
    )
    assert encode({"": b"\x00"}) == bytes.fromhex("81 a0 c40100")


def test_golden_requests_and_results_fit_their_models() -> None:
    assert set(protocol_fixtures.CALLS) == set(METHODS)
    assert set(protocol_fixtures.EVENTS) == set(EVENTS)
    for name, (params, result) in protocol_fixtures.CALLS.items():
        model = METHODS[name].params.model_validate(params)
        assert model.model_dump(exclude_unset=True) == params
        if hasattr(METHODS[name].result, "model_validate"):
            METHODS[name].result.model_validate(result)
        else:
            assert set(METHODS[name].result.__dataclass_fields__) == set(result)
    for name, data in protocol_fixtures.EVENTS.items():
        EVENTS[name].model_validate(data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not msgpack"),
        (b"\xc1", "not msgpack"),
        (b"\x81\xa1a", "not msgpack"),
        (b"\x80\x80", "not msgpack"),
        (b"\x93\x01\x02\x03", "a list"),
        (b"\x2a", "an? int"),
        (b"\x81\x01\x02", "not msgpack"),
        (b"\x81\xc4\x01a\x02", "key that is not text"),
        (b"\x81\xa1a\xa1\xff", "not msgpack"),
        (b"\x81\xa1a\xd4\x05\x00", "extension"),
        (b"\x81\xa1a\xd6\xff\x00\x00\x00\x00", "extension"),
        (b"\xdf\xff\xff\xff\xff", "not msgpack"),
        (b"\x81\xa1a" + b"\x91" * MAX_DEPTH + b"\x01", "nested"),
        (b"\x91" * 5000 + b"\x01", "not msgpack"),
        (b"\x00" * (MAX_FRAME + 1), "bytes"),
    ],
)
def test_bad_bytes_are_refused(data: bytes, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        decode(data)


def test_a_message_too_long_is_not_made() -> None:
    with pytest.raises(TooLargeError):
        encode({"text": "x" * MAX_FRAME})


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(st.dictionaries(st.text(), plain))
def test_whatever_is_encoded_comes_back(message: dict[str, Any]) -> None:
    assert same(decode(encode(message)), message)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(ProtocolError):
        assert isinstance(decode(data), dict)


@given(st.dictionaries(st.sampled_from(["type", "id", "method", "params", "x"]), plain))
def test_no_message_breaks_a_session(message: dict[str, Any]) -> None:
    session = Session()
    call = session.receive(msgpack.packb(message))
    answers = sent(session)
    assert call is not None or answers[0]["type"] == "error"


def test_a_request_becomes_a_call_and_its_result_a_response() -> None:
    session = Session()
    call = session.receive(request("run.get", {"run_id": RUN.id}, 7))
    assert call is not None
    assert (call.id, call.method, call.params.model_dump()) == (7, "run.get", {"run_id": RUN.id})
    session.respond(call, RunResult(run=RUN))
    assert sent(session) == [{"type": "response", "id": 7, "result": {"run": protocol_fixtures.RUN}}]


def test_whole_numbers_may_come_as_floats() -> None:
    call = Session().receive(request("run.list", {"limit": 5.0}, 3.0))
    assert call is not None
    assert (call.id, call.params.model_dump()) == (3, {"limit": 5})


def test_a_data_class_is_a_result_too() -> None:
    session = Session()
    call = session.receive(request("run.samples", {"run_id": "x"}))
    assert call is not None
    session.respond(call, SamplePage(samples=[{"seq": 1}], last_seq=1, more=False))
    assert sent(session)[0]["result"] == {"samples": [{"seq": 1}], "last_seq": 1, "more": False}


@pytest.mark.parametrize(
    ("method", "params", "code", "words"),
    [
        ("run.strat", {}, "unknown_method", "run.strat"),
        ("run.get", {}, "invalid_params", "run_id"),
        ("run.get", {"run_id": 5}, "invalid_params", "run_id"),
        ("run.get", {"run_id": "x", "extra": 1}, "invalid_params", "extra"),
        ("run.list", {"limit": 5.5}, "invalid_params", "limit"),
        ("run.list", {"limit": 0}, "invalid_params", "limit"),
        (
            "export.start",
            {"run_id": "x", "to": "res://a.onnx", "checkpoint": "newest"},
            "invalid_params",
            "checkpoint",
        ),
    ],
)
def test_a_bad_request_is_answered_and_the_session_goes_on(
    method: str, params: dict[str, Any], code: str, words: str
) -> None:
    session = Session()
    assert session.receive(request(method, params, 4)) is None
    [answer] = sent(session)
    assert (answer["type"], answer["id"], answer["error"]["code"]) == ("error", 4, code)
    assert words in answer["error"]["message"]
    assert session.violation is None


def test_a_mistyped_method_is_recognised() -> None:
    session = Session()
    session.receive(request("run.strat"))
    assert sent(session)[0]["error"]["hint"] == "Did you mean run.start?"


@pytest.mark.parametrize(
    "frame",
    [
        "text",
        b"\xc1",
        encode({}),
        encode({"type": "response", "id": 1, "result": {}}),
        encode({"type": "request", "id": -1, "method": "hello", "params": {}}),
        encode({"type": "request", "id": 1, "method": "hello", "params": [1]}),
        encode({"type": "request", "id": 1, "method": "hello", "params": {}, "extra": 1}),
    ],
)
def test_who_breaks_the_protocol_is_told_and_heard_no_more(frame: bytes | str) -> None:
    session = Session()
    assert session.receive(frame) is None
    assert session.violation
    [answer] = sent(session)
    assert (answer["id"], answer["error"]["code"]) == (None, "protocol")
    assert session.receive(request("hello", {"client": "x"})) is None
    assert sent(session) == []


def test_an_error_has_all_its_parts() -> None:
    session = Session()
    call = session.receive(request("hello", {"client": "x"}))
    assert call is not None
    session.fail(call, StudioError("No.", hint="Yes.", data={"a": 1}))
    [answer] = sent(session)
    assert answer["error"] == {"code": "error", "message": "No.", "hint": "Yes.", "data": {"a": 1}}


def test_a_result_too_large_becomes_an_error() -> None:
    session = Session()
    call = session.receive(request("run.samples", {"run_id": "x"}))
    assert call is not None
    session.respond(call, SamplePage(samples=[{"x": "x" * MAX_FRAME}], last_seq=1, more=False))
    [answer] = sent(session)
    assert (answer["id"], answer["error"]["code"]) == (1, "too_large")


def test_an_event_that_cannot_be_packed_is_left_out() -> None:
    session = Session()
    session.emit("run.log", RunLogEvent(run_id="x", start=0, end=1, text="x" * MAX_FRAME))
    session.emit("run.samples", RunSamplesEvent(run_id="x", samples=[{"a": 2**70}]))
    assert sent(session) == []


def test_waiting_events_that_are_overtaken_are_replaced() -> None:
    session = Session()
    other = run_info(id="other")
    for _ in range(1000):
        session.emit("run.changed", run_changed(RUN))
        session.emit("run.changed", run_changed(other))
        session.emit("export.progress", ExportProgress(export_id="e", message="m"))
    assert [message["event"] for message in sent(session)] == [
        "run.changed",
        "run.changed",
        "export.progress",
    ]


def test_answers_are_never_replaced_and_are_counted() -> None:
    session = Session()
    for number in range(5):
        call = session.receive(request("run.unfollow", {"run_id": "x"}, number))
        assert call is not None
        session.respond(call, Nothing())
    assert session.pending_answers == 5
    assert [message["id"] for message in sent(session)] == [0, 1, 2, 3, 4]
    assert session.pending_answers == 0


def test_the_end_of_a_run_is_seen_coming() -> None:
    session = Session()
    assert session.next_ends_run() is None
    session.emit("run.changed", run_changed(RUN))
    assert session.next_ends_run() is None
    sent(session)
    session.emit("run.changed", run_changed(run_info(ended=1.0)))
    assert session.next_ends_run() == RUN.id


def test_the_page_about_the_protocol_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document.document(), (
        "run: python -m rl_studio.protocol.document docs/protocol.md"
    )
