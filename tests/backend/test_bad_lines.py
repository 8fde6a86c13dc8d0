"""Logs with lines that make no sense: all others count, once each, and the log is read to its end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_support import make_service
from rl_studio.project import Project
from rl_studio.protocol.codec import encode
from rl_studio.runs import RunInfo, RunService, SamplePage
from rl_studio.runs.folder import RunFolder

GOOD = [
    b'@METRIC {"kind":"iteration","training_iteration":%d,"timesteps_total":%d}' % (number, number * 100)
    for number in range(1, 25)
]
BAD = {
    "beyond int64": b'@METRIC {"training_iteration":2,"timesteps_total":1e30}',
    "2^63": b'@METRIC {"training_iteration":3,"timesteps_total":9223372036854775808}',
    "beyond float": b'@METRIC {"training_iteration":3,"timesteps_total":1%s}' % (b"0" * 400),
    "too many digits": b'@METRIC {"timesteps_total":%s}' % (b"9" * 5000),
    "huge iteration": b'@METRIC {"training_iteration":99999999999999999999999,"timesteps_total":5}',
    "negative": b'@METRIC {"training_iteration":4,"timesteps_total":-100}',
    "nan": b'@METRIC {"training_iteration":4,"timesteps_total":NaN}',
    "half": b'@METRIC {"training_iteration":4,"timesteps_total":100.5}',
    "true": b'@METRIC {"training_iteration":4,"timesteps_total":true}',
    "text": b'@METRIC {"training_iteration":"4","timesteps_total":100}',
    "list": b'@METRIC {"training_iteration":4,"episodes_total":[1]}',
    "cut": b"@METRIC {",
    "deep": b"@METRIC " + b"[" * 50_000,
    "deep object": b'@METRIC {"a":' * 1 + b'{"a":' * 5_000,
    "no text": b"\xff\xfe\x00 no text",
    "long": b"x" * 10_000_000,
    "long metric": b'@METRIC {"a":"' + b"x" * 3_000_000 + b'"}',
    "nul": b"\0" * 10_000,
    "event": b'@EVENT {"kind":"game_restarted","instance":1e300,"attempt":-1e30,"limit":1e30,"reason":[]}',
    "started": b'@EVENT {"kind":"started","timesteps_target":1e30,"timesteps_total":-5,"action_repeat":1e30}',
    "status": b'@EVENT {"kind":"status","message":{"a":[1]}}',
    "kind": b'@EVENT {"kind":["status"]}',
}
"""What no line should be."""


def written(project: Project, data: bytes) -> RunFolder:
    """The folder of a run that is over, with this log."""
    folder = RunFolder(project.runs_dir / "odd")
    folder.path.mkdir(parents=True, exist_ok=True)
    meta = {"experiment": "e", "trainer": "sb3", "scene": "res://a.tscn", "project": str(project.root)}
    meta |= {"created": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:05:05Z", "state": "finished"}
    folder.meta_file.write_text(json.dumps(meta), encoding="utf-8")
    folder.log_file.write_bytes(data)
    return folder


def read(project: Project, data: bytes) -> tuple[RunInfo, SamplePage]:
    """What is known of such a run, and its samples; all of it fits into messages."""
    folder = written(project, data)
    project.database.unlink(missing_ok=True)
    with make_service(project) as service:
        info = service.get(folder.id)
        page = service.samples(folder.id)
        assert service.get(folder.id) == info, "there is no more to be read"
        encode({"run": info.to_dict()})
        encode({"samples": page.samples})
        encode({"log": service.log(folder.id, 0).text})
    return info, page


@pytest.mark.parametrize("name", BAD)
def test_lines_beside_a_bad_one_count(project: Project, name: str) -> None:
    info, page = read(project, b"\n".join([*GOOD[:12], BAD[name], *GOOD[12:], b""]))
    assert [sample["timesteps_total"] for sample in page.samples] == [100 * n for n in range(1, 25)]
    assert (info.timesteps, info.iteration, info.last_seq) == (2400, 24, 24)


def test_all_bad_lines_together(project: Project) -> None:
    lines = [line for pair in zip(GOOD, BAD.values(), strict=False) for line in pair]
    info, page = read(project, b"\n".join([*lines, *GOOD[len(BAD) :], b""]))
    assert page.last_seq == len(GOOD)
    assert any("1e+30" in warning.message for warning in info.warnings), "what was wrong is told"


def test_what_is_said_of_games_and_beginnings_is_bounded(project: Project) -> None:
    info, _ = read(project, b"\n".join([BAD["event"], BAD["started"], b""]))
    assert info.last_restart is not None and info.last_restart.limit is None
    assert (info.timesteps, info.timesteps_target, info.action_repeat) == (0, 0, None)


def test_a_log_that_is_cut_in_the_middle_and_written_anew_is_read(project: Project) -> None:
    folder = written(project, b"\n".join([*GOOD, b""]))
    (folder.path / "run.json").write_text(
        folder.meta_file.read_text(encoding="utf-8").replace("finished", "running"), encoding="utf-8"
    )
    with make_service(project, now=lambda: 1767323046.0) as service:
        assert service.ingest(folder.id) == 24
        folder.log_file.write_bytes(b"\n".join([*GOOD[:3], b'@METRIC {"training_ite']))
        assert service.ingest(folder.id) == 3
        with folder.log_file.open("ab") as log:
            log.write(b'ration":4,"timesteps_total":400}\n')
        assert service.ingest(folder.id) == 4


def test_a_row_of_the_database_that_makes_no_sense_is_made_anew(project: Project) -> None:
    import sqlite3

    folder = written(project, b"\n".join([*GOOD, b""]))
    for text in ("{", "[]", "null", "[" * 100_000):
        with make_service(project) as service:
            assert service.get(folder.id).last_seq == 24
        connection = sqlite3.connect(project.database)
        connection.execute("UPDATE runs SET progress = ?", (text,))
        connection.commit()
        connection.close()
    with make_service(project) as service:
        assert service.get(folder.id).timesteps == 2400


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
_KEYS = st.sampled_from(
    [
        *("timesteps_total", "training_iteration", "episodes_total", "episode_reward_mean", "success_rate"),
        *("throughput", "policies", "message", "hint", "reason", "attempt", "limit", "instance", "code"),
        *("timesteps_target", "action_repeat", "timestamp", "seq"),
    ]
)
_EVENTS = st.sampled_from(
    ["status", "started", "checkpoint", "warning", "game_restarted", "finished", "error"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.tuples(st.sampled_from(["METRIC", "EVENT"]), _EVENTS, st.dictionaries(_KEYS, _JSON, max_size=4)),
        min_size=1,
        max_size=6,
    )
)
def test_any_lines_can_be_read_and_sent(
    project: Project, lines: list[tuple[str, str, dict[str, Any]]]
) -> None:
    written_lines = [f"@{tag} {json.dumps({'kind': kind, **data})}".encode() for tag, kind, data in lines]
    info, page = read(project, b"\n".join([*written_lines, GOOD[0], b""]))
    assert page.samples[-1]["timesteps_total"] == 100
    assert info.timesteps == 100


def test_the_service_goes_on_after_a_bad_line(service: RunService) -> None:
    folder = written(service.project, BAD["beyond int64"] + b"\n" + GOOD[0] + b"\n")
    assert [info.id for info in service.list()] == [folder.id]
    assert service.samples(folder.id).last_seq == 1
