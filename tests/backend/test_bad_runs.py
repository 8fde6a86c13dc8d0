"""Runs whose files make no sense: each is listed with what is wrong, and all others go on as if it were not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_client import Client
from backend_support import FINISHED, Start, eventually, make_service
from rl_studio.cli.main import main
from rl_studio.errors import StudioError
from rl_studio.export import ExportOptions, export_policies
from rl_studio.project import Project
from rl_studio.protocol.codec import encode
from rl_studio.runs import RunCheckpoint, RunError, RunInfo, RunService
from rl_studio.runs.folder import UNREADABLE, RunFolder
from rl_studio.transport.backend import listen

FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "pid-negative": ({"pid": -1}, '"pid" is -1'),
    "pid-half": ({"pid": 1.5}, '"pid" is 1.5'),
    "pid-true": ({"pid": True}, '"pid" is true'),
    "pid-huge": ({"pid": 10**12}, '"pid" is 1000000000000'),
    "stop-nan": ({"stop_requested": float("nan")}, '"stop_requested" is nan'),
    "created-inf": ({"process_created": float("inf")}, '"process_created" is inf'),
    "exit-huge": ({"exit_code": 10**30}, '"exit_code" is a number of more than 20 digits'),
    "steps-negative": ({"timesteps_target": -5}, '"timesteps_target" is -5'),
    "surrogate": ({"experiment": "\ud800"}, '"experiment" is '),
    "long": ({"scene": "res://" + "x" * 2_000_000}, "which is more than the studio writes"),
    "long-scene": ({"scene": "res://" + "x" * 20_000}, '"scene" is \'res://xxx'),
    "no-text": ({"trainer": 7}, '"trainer" is 7; text is due'),
    "no-time": ({"created": "yesterday"}, "\"created\" is 'yesterday'"),
    "far-time": ({"ended": "9999-12-31T23:59:59Z"}, '"ended" is'),
    "state": ({"state": "dancing"}, "\"state\" is 'dancing'"),
    "state-list": ({"state": ["finished"]}, '"state" is a list'),
    "empty-origin": ({"resumed_from": {}}, '"resumed_from" is {}'),
    "origin-list": ({"initialised_from": ["a"]}, '"initialised_from" is a list'),
    "argv": ({"argv": "python"}, "\"argv\" is 'python'"),
    "versions": ({"versions": {"godot": 4}}, '"versions" is an object'),
    "warnings": ({"warnings": [{"message": "x"}]}, '"warnings" is a list'),
    "warned-inf": ({"warnings": [{"message": "x", "count": float("inf")}]}, '"warnings" is a list'),
}
"""Name → what its run.json has other than a good one, and what is said of it."""

CONTENTS: dict[str, tuple[bytes, str]] = {
    "deep": (b"[" * 100_000, "nested too deep"),
    "empty": (b"", "is not JSON"),
    "cut": (b'{"experiment": "a", "tra', "is not JSON"),
    "binary": (b"\xff\xfe\x00\x01\xff", "is not JSON"),
    "nul": (b"\0" * 4096, "is not JSON"),
    "list": (b"[]", "it has no fields"),
    "null": (b"null", "it has no fields"),
    "missing": (b"{}", '"experiment" is missing'),
    "many-digits": (b'{"pid": ' + b"9" * 5000 + b"}", "is not JSON"),
}
"""Name → the content of its run.json, and what is said of it."""


@pytest.fixture
def good(service: RunService, start: Start) -> RunInfo:
    """A run that is over."""
    return service.wait(start("metric 3", FINISHED).id, timeout=20)


def copy_of(service: RunService, good: RunInfo, name: str) -> Path:
    """A copy of a run, under another id."""
    folder = service.folder(good.id).with_name(f"20990101-000000-{name}-0000")
    shutil.copytree(service.folder(good.id), folder)
    return folder


def spoil(service: RunService, good: RunInfo, name: str) -> Path:
    """A copy of a run with one of the faults."""
    folder = copy_of(service, good, name)
    if name in CONTENTS:
        (folder / "run.json").write_bytes(CONTENTS[name][0])
        return folder
    fields = json.loads((folder / "run.json").read_text(encoding="utf-8")) | FIELDS[name][0]
    (folder / "run.json").write_text(json.dumps({**fields, "id": folder.name}), encoding="utf-8")
    return folder


@pytest.fixture
def bad(service: RunService, good: RunInfo) -> dict[str, str]:
    """Run id → what is said of it, of runs with each of the faults."""
    return {spoil(service, good, name).name: told for name, (_, told) in {**FIELDS, **CONTENTS}.items()}


def test_bad_runs_are_listed_with_what_is_wrong(
    service: RunService, good: RunInfo, bad: dict[str, str]
) -> None:
    found = {info.id: info for info in service.list()}
    assert set(found) == {good.id, *bad}
    assert found[good.id] == good
    for run_id, told in bad.items():
        info = found[run_id]
        assert (info.state, info.reason) == ("failed", UNREADABLE), run_id
        assert info.error is not None
        assert told in info.error.message, info.error.message
        assert info.error.hint is not None and run_id in info.error.hint
        assert (info.timesteps, info.last_seq) == (100, 3), "what its log says is known"
        assert len(encode(info.to_dict())) < 20_000


def test_a_bad_run_is_left_as_it_is(service: RunService, good: RunInfo) -> None:
    folder = spoil(service, good, "pid-negative")
    before = (folder / "run.json").read_bytes()
    assert service.stop(folder.name).reason == UNREADABLE
    assert len(service.samples(folder.name).samples) == 3
    assert (folder / "run.json").read_bytes() == before
    with pytest.raises(RunError, match='"pid" is -1'):
        service.start(resume=RunCheckpoint(folder.name))
    assert service.resolve("latest") == good.id, "one that can be read comes first"


def test_fields_of_newer_versions_are_passed_over(service: RunService, good: RunInfo) -> None:
    folder = copy_of(service, good, "newer")
    fields = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    fields |= {"schema": 7, "cloud": {"a": 1}, "resumed_from": {"run": "a", "checkpoint": "b", "newer": 1}}
    (folder / "run.json").write_text(json.dumps(fields), encoding="utf-8")
    info = service.get(folder.name)
    assert info.state == "finished" and info.resumed_from is not None and info.resumed_from.run == "a"


def test_byte_order_marks_and_utf_16_are_read(service: RunService, good: RunInfo) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        folder = copy_of(service, good, encoding)
        text = (folder / "run.json").read_text(encoding="utf-8")
        (folder / "run.json").write_text(text, encoding=encoding)
        assert service.get(folder.name).state == "finished"


def _a_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _a_file(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.write_bytes(b"\0no folder")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("run.json", _a_folder),
        ("output.log", _a_folder),
        ("config.json", _a_folder),
        ("checkpoints", _a_file),
        ("exports", _a_file),
    ],
)
def test_files_that_are_folders_and_folders_that_are_files(
    service: RunService, good: RunInfo, name: str, make: Callable[[Path], None]
) -> None:
    folder = copy_of(service, good, "odd")
    make(folder / name)
    assert {info.id for info in service.list()} == {good.id, folder.name}
    info = service.get(folder.name)
    assert info.state == ("failed" if name == "run.json" else "finished")
    assert service.checkpoints(folder.name) == []
    service.log(folder.name)
    service.stop(folder.name)


def test_a_file_among_the_runs_is_none(service: RunService, good: RunInfo) -> None:
    _a_file(service.folder(good.id).with_name("notes"))
    assert service.ids() == {good.id}


def test_broken_checkpoints_hide_no_others(service: RunService, start: Start) -> None:
    info = service.wait(start('checkpoint {"timesteps": 50}', FINISHED).id, timeout=20)
    folder = service.folder(info.id) / "checkpoints"
    for name, text in {
        "step_000000000060": "{",
        "step_000000000061": '{"timesteps": 1e400, "created": "x", "reason": "final"}',
        "step_000000000062": '{"timesteps": -1, "created": "x", "reason": "final"}',
        "step_000000000063": "[" * 100_000,
        "step_000000000064": '{"timesteps": 64, "created": 5, "reason": "\\ud800", "policies": [1], "results": []}',
        "step_mine": '{"timesteps": 50, "created": "x", "reason": "final"}',
    }.items():
        (folder / name).mkdir()
        (folder / name / "checkpoint.json").write_text(text, encoding="utf-8")
    found = service.checkpoints(info.id)
    assert [item.timesteps for item in found] == [64, 50]
    encode({"checkpoints": [item.reason for item in found]})


@pytest.fixture
def client(service: RunService, bad: dict[str, str]) -> Iterator[Client]:
    """Of a backend that was started when the bad runs were there."""
    with make_service(service.project) as own, start_blocking_portal() as portal:
        context = portal.wrap_async_context_manager(listen(own))
        with context as backend, Client(backend.discovery) as client:
            yield client


def test_the_backend_serves_the_others(client: Client, good: RunInfo, bad: dict[str, str]) -> None:
    listed = client.call("run.list")["runs"]
    assert {run["id"] for run in listed} == {good.id, *bad}
    for run_id, told in bad.items():
        assert told in client.call("run.get", run_id=run_id)["run"]["error"]["message"]
        client.call("run.follow", run_id=run_id)
        client.call("run.checkpoints", run_id=run_id)
        client.call("run.config", run_id=run_id)
        assert client.call("run.stop", run_id=run_id)["run"]["reason"] == UNREADABLE
    assert client.call("run.get", run_id=good.id)["run"]["state"] == "finished"


def test_a_run_that_is_mended_is_told(client: Client, service: RunService, good: RunInfo) -> None:
    folder = service.folder(good.id)
    broken = folder.with_name("20990101-000000-list-0000")
    assert client.call("run.get", run_id=broken.name)["run"]["state"] == "failed"
    shutil.copy(folder / "run.json", broken / "run.json")
    client.until_state(broken.name, "finished")


def test_the_command_line_names_them(
    service: RunService, good: RunInfo, bad: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--project", str(service.project.root)]
    assert main(["runs", *asked]) == 0
    said = capsys.readouterr().out
    for run_id, told in bad.items():
        assert f"! {run_id}: " in said and told in said
    for verb in (["runs"], ["metrics"], ["stop"]):
        assert main([*verb, next(iter(bad)), *asked]) == 0
    assert main(["metrics", good.id, "--csv", *asked]) == 0


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    [
        *("experiment", "trainer", "scene", "project", "created", "pid", "process_created", "ended"),
        *("stop_requested", "state", "reason", "exit_code", "resumed_from", "warnings", "versions", "argv"),
        *("seed", "timesteps_target", "schema"),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=4))
def test_any_value_in_a_run_json_can_be_listed(project: Project, changes: dict[str, Any]) -> None:
    folder = RunFolder(project.runs_dir / "fuzzed")
    folder.path.mkdir(parents=True, exist_ok=True)
    fields = {"experiment": "e", "trainer": "sb3", "scene": "res://a.tscn", "project": "p"}
    fields |= {"created": "2026-01-02T03:04:05Z", "state": "finished", "pid": None}
    folder.meta_file.write_text(json.dumps({**fields, **changes}), encoding="utf-8")
    with make_service(project) as service:
        [info] = service.list()
        encode({"run": info.to_dict()})
        service.stop(info.id)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=64) | st.text(alphabet='{}[]":,0123456789eE.-ntf\\u ').map(str.encode))
def test_any_bytes_in_a_run_json_can_be_listed(project: Project, data: bytes) -> None:
    folder = RunFolder(project.runs_dir / "fuzzed")
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.meta_file.write_bytes(data)
    with make_service(project) as service:
        [info] = service.list()
        assert info.reason == UNREADABLE
        encode({"run": info.to_dict()})


def test_a_list_of_huge_runs_fits_into_a_message(service: RunService, good: RunInfo) -> None:
    for number in range(30):
        folder = copy_of(service, good, f"huge{number:02d}")
        with (folder / "output.log").open("ab") as log:
            for text in range(50):
                line = {"kind": "warning", "message": f"{text} " + "x" * 100_000}
                log.write(f"@EVENT {json.dumps(line)}\n".encode())
    with make_service(service.project) as own, start_blocking_portal() as portal:
        context = portal.wrap_async_context_manager(listen(own))
        with context as backend, Client(backend.discovery) as client:
            listed = eventually(lambda: client.call("run.list")["runs"])
    assert len(listed) == 31


@pytest.mark.parametrize(
    "changes",
    [
        {"counters": [1]},
        {"counters": {"timesteps": "many"}},
        {"config": 7},
        {"config": {"newer_field": 1}},
        {"timesteps": 1e300},
        {"policies": ["walker"]},
        {"trainer": ["fake"]},
    ],
    ids=str,
)
def test_odd_checkpoints_are_refused_or_used_in_words(
    service: RunService, start: Start, changes: dict[str, Any]
) -> None:
    """Of other versions, other trainers and broken disks: a StudioError with words, or a run."""
    info = service.wait(start('checkpoint {"timesteps": 50}', FINISHED).id, timeout=20)
    file = service.folder(info.id) / "checkpoints" / "step_000000000050" / "checkpoint.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    with suppress(StudioError):
        service.wait(service.start(resume=RunCheckpoint(info.id)).id, timeout=20)
    with pytest.raises(StudioError):
        export_policies(service.project, info.id, ExportOptions(to="res://a.onnx"))
    service.checkpoints(info.id)
