"""rl_studio.metrics.line_protocol: finds every protocol line in any log, and says so if one is of no use."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl_studio.metrics import LineParser, Record
from rl_studio.metrics.line_protocol import MAX_LINE


def parse(data: bytes, *, final: bool = True) -> list[Record]:
    return LineParser().feed(data, final=final)[0]


def one(data: bytes) -> Record:
    [record] = parse(data)
    return record


def test_metric_event_and_result_lines_are_found_among_other_output() -> None:
    log = b'hello\n@METRIC {"a": 1}\nmail me@home\n@EVENT {"kind": "status"}\n@RESULT {"path": "x"}\n'
    assert [(item.kind, item.data) for item in parse(log)] == [
        ("metric", {"a": 1}),
        ("event", {"kind": "status"}),
        ("result", {"path": "x"}),
    ]


def test_carriage_returns_do_not_matter() -> None:
    assert one(b'@METRIC {"a": 1}\r\n').data == {"a": 1}
    assert one(b'  50%|####    |\r@METRIC {"a": 2}\n').data == {"a": 2}


def test_a_line_that_begins_in_the_middle_of_another_is_saved() -> None:
    assert one(b'half a line@METRIC {"a": 1}\n').data == {"a": 1}


def test_an_unfinished_line_is_left_for_later() -> None:
    parser = LineParser()
    first = b'@METRIC {"a": 1}\n@METRIC {"a"'
    records, consumed = parser.feed(first)
    assert [item.data for item in records] == [{"a": 1}]
    records, more = parser.feed(first[consumed:] + b": 2}\n")
    assert [item.data for item in records] == [{"a": 2}]
    assert consumed + more == len(first) + len(b": 2}\n")


def test_the_last_line_of_a_dead_trainer_counts_without_its_end() -> None:
    assert one(b'@METRIC {"a": 1}').data == {"a": 1}
    assert one(b'@METRIC {"a": ').kind == "warning"


@pytest.mark.parametrize(
    "line",
    [
        b"@METRIC",
        b"@METRIC \n",
        b"@METRIC [1, 2]\n",
        b"@METRIC {oops}\n",
        b'@METRIC {"a": 1} trailing\n',
        b'@EVENT {"a": ' + b"[" * 50000 + b"\n",
        b'@EVENT {"a": ' + b"[" * 13 + b"]" * 13 + b"}\n",
        b'@METRIC {"a": ' + b"1" * 5000 + b"}\n",
    ],
)
def test_a_protocol_line_of_no_use_is_a_warning(line: bytes) -> None:
    record = one(line)
    assert record.kind == "warning"
    assert len(record.data["message"]) < 500


@pytest.mark.parametrize(
    "line", [b"@METRICS {}\n", b"@param x\n", b"METRIC {}\n", b"@@\n", b"\n", b"\xff\xfe@\n"]
)
def test_other_output_is_ignored(line: bytes) -> None:
    assert parse(line) == []


def test_not_a_number_becomes_none() -> None:
    record = one(b'@METRIC {"a": NaN, "b": -Infinity, "c": [Infinity, 1e999], "d": {"e": 1.5}}\n')
    assert record.data == {"a": None, "b": None, "c": [None, None], "d": {"e": 1.5}}


def test_integers_beyond_64_bits_become_floats() -> None:
    data = one(b'@METRIC {"a": 9223372036854775807, "b": 9223372036854775808}\n').data
    assert data == {"a": 2**63 - 1, "b": float(2**63)}
    assert isinstance(data["b"], float)
    assert one(b'@METRIC {"a": 1' + b"0" * 400 + b"}\n").data == {"a": None}


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert one(b'@EVENT {"message": "\xff"}\n').data == {"message": "\ufffd"}
    assert one(b'@EVENT {"message": "\\ud800"}\n').data["message"].encode() == b"?"


def test_an_endless_line_is_skipped_with_one_warning() -> None:
    parser = LineParser()
    records, consumed = parser.feed(b"x" * (MAX_LINE + 1))
    assert [item.kind for item in records] == ["warning"]
    assert consumed == MAX_LINE + 1
    assert parser.skipping
    assert parser.feed(b"y" * 10) == ([], 10)
    again = LineParser(skipping=True)
    records, consumed = again.feed(b'@METRIC {"a": 0}\n@METRIC {"a": 1}\n')
    assert [item.data for item in records] == [{"a": 1}]
    assert not again.skipping


def test_a_long_protocol_line_is_a_warning() -> None:
    line = b'@METRIC {"a": "' + b"x" * MAX_LINE + b'"}\n'
    assert [item.kind for item in parse(line + b'@METRIC {"b": 1}\n')] == ["warning", "metric"]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_any_pieces_give_what_the_whole_gives(noise: bytes, cuts: list[int]) -> None:
    log = noise + b'\n@METRIC {"a": 1}\n' + noise + b'@EVENT {"b": 2}\n'
    parser = LineParser()
    records: list[Record] = []
    rest = b""
    edges = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    for start, end in itertools.pairwise(edges):
        rest += log[start:end]
        found, consumed = parser.feed(rest, final=end == len(log))
        records += found
        rest = rest[consumed:]
    assert records == parse(log)
    assert rest == b""


@given(st.binary(max_size=300))
def test_any_bytes_after_a_marker_give_a_record_that_can_be_sent_on(tail: bytes) -> None:
    for record in parse(b"@METRIC {" + tail + b"\n"):
        json.dumps(record.data, allow_nan=False).encode()
