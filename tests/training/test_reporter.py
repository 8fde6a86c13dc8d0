from __future__ import annotations

import io
import json
import math
import threading

import numpy as np
import pytest

from rl_studio_training.reporter import Reporter, clean, timestamp, wants_lines


def make(*, enabled: bool = True) -> tuple[Reporter, io.BytesIO, io.StringIO]:
    lines, human = io.BytesIO(), io.StringIO()
    return Reporter(enabled=enabled, stream=lines, human=human), lines, human


def strict(text: str) -> object:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_a_metric_is_one_line_of_strict_json() -> None:
    reporter, lines, _human = make()
    reporter.metric(
        {"loss": math.nan, "best": math.inf, "deep": [np.float32("nan"), np.int64(3)], "ü": "ö\n"}
    )
    tag, _, text = lines.getvalue().decode().removesuffix("\n").partition(" ")
    assert tag == "@METRIC"
    assert "\n" not in text
    found = strict(text)
    assert isinstance(found, dict)
    assert found.pop("timestamp").endswith("Z")
    assert found == {"kind": "iteration", "loss": None, "best": None, "deep": [None, 3], "ü": "ö\n"}


def test_errors_are_told_to_programs_and_people() -> None:
    reporter, lines, human = make()
    reporter.error("game_crashed", "Game 0 crashed.", "Look.")
    event = json.loads(lines.getvalue().removeprefix(b"@EVENT "))
    assert (event["kind"], event["code"], event["hint"]) == ("error", "game_crashed", "Look.")
    assert human.getvalue() == "Error: Game 0 crashed.\nLook.\n"


def test_without_a_reader_there_are_only_plain_words() -> None:
    reporter, lines, human = make(enabled=False)
    reporter.metric({})
    reporter.status("Starting")
    reporter.warning("Odd")
    assert lines.getvalue() == b""
    assert human.getvalue() == "Starting\nWarning: Odd\n"
    assert reporter.warned == {"Odd": 1}


def test_lines_of_several_threads_do_not_mix() -> None:
    class OneByteAtATime(io.BytesIO):
        def write(self, data: object) -> int:
            return super().write(bytes(data)[:1])  # type: ignore[call-overload]

    lines = OneByteAtATime()
    reporter = Reporter(enabled=True, stream=lines, human=io.StringIO())
    threads = [threading.Thread(target=reporter.event, args=("status",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = lines.getvalue().decode().splitlines()
    assert len(written) == 8
    for line in written:
        strict(line.removeprefix("@EVENT "))


def test_a_reader_that_left_does_not_stop_training() -> None:
    class Gone(io.BytesIO):
        def write(self, data: object) -> int:
            raise BrokenPipeError

    Reporter(enabled=True, stream=Gone(), human=io.StringIO()).event("status")


def test_the_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROLLER_METRICS", "1")
    assert wants_lines()
    monkeypatch.setenv("CONTROLLER_METRICS", "0")
    assert not wants_lines()


def test_odd_values_become_text() -> None:
    assert clean({1: np.array([1, 2]), "b": np.bool_(True)}) == {"1": "[1 2]", "b": True}
    assert len(timestamp()) == len("2026-01-01T00:00:00.000Z")


def test_the_same_sentence_is_not_said_over_and_over() -> None:
    stream, human = io.BytesIO(), io.StringIO()
    reporter = Reporter(enabled=True, stream=stream, human=human)
    for _ in range(100):
        reporter.status("Waiting")
        reporter.warning("Odd")
    reporter.status("Going on")
    kinds = [json.loads(line.removeprefix(b"@EVENT "))["kind"] for line in stream.getvalue().splitlines()]
    assert kinds == ["status", "warning", "status"]
    assert human.getvalue() == "Warning: Odd\n"
