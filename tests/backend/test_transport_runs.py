"""rl_studio.transport: runs and exports, started and followed over a socket."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from backend_client import Client
from backend_support import FINISHED, eventually, fake_godot, make_service
from protocol_fixtures import EXPORT
from rl_studio.export import ExportOptions
from rl_studio.project import Project
from rl_studio.transport.backend import Backend
from rl_studio.transport.discovery import Discovery


def test_a_run_from_start_to_end(client: Client) -> None:
    run_id = client.start_run("metric 3", FINISHED)
    run = client.until_state(run_id, "finished")
    assert (run["exit_code"], run["last_seq"], run["timesteps"]) == (0, 3, 100)
    assert client.call("run.get", run_id=run_id)["run"]["state"] == "finished"
    assert [item["id"] for item in client.call("run.list")["runs"]] == [run_id]
    page = client.call("run.samples", run_id=run_id, after_seq=1, limit=1)
    assert (page["last_seq"], page["more"], page["samples"][0]["timesteps_total"]) == (2, True, 20)
    log = client.call("run.log", run_id=run_id, offset=0)
    assert log["text"].startswith("@METRIC ")
    assert log["end"] == log["size"]
    assert client.call("run.checkpoints", run_id=run_id) == {"checkpoints": []}


def test_the_configuration_of_a_run(client: Client) -> None:
    run_id = client.start_run(FINISHED, seed=5)
    found = client.call("run.config", run_id=run_id)
    assert found["trainer"] == "fake"
    assert (found["config"]["seed"], found["config"]["total_timesteps"]) == (5, 100)
    assert client.fails("run.config", run_id="nope")["code"] == "run"


CHECKPOINT = 'checkpoint {"timesteps": 60, "policies": {"cat": {}}, "counters": {"timesteps": 60}}'


@pytest.mark.parametrize(
    ("beginning", "option", "field"),
    [("resume", "--resume", "resumed_from"), ("init_from", "--init-from", "initialised_from")],
)
def test_a_run_begins_with_a_checkpoint(
    client: Client, project: Project, beginning: str, option: str, field: str
) -> None:
    first = client.start_run(CHECKPOINT, FINISHED)
    assert client.until_state(first, "finished")[field] is None
    chosen = {"run_id": first, "checkpoint": 60}
    run = client.call("run.start", experiment="fake", overrides={"seed": 7}, **{beginning: chosen})["run"]
    assert run[field] == {"run": first, "checkpoint": "step_000000000060"}
    folder = project.runs_dir / first / "checkpoints" / "step_000000000060"
    command = (project.runs_dir / run["id"] / "command.txt").read_text(encoding="utf-8")
    assert f"{option} {folder}" in command
    assert client.call("run.config", run_id=run["id"])["config"]["seed"] == 7


def test_a_beginning_that_is_none_is_refused(client: Client) -> None:
    run_id = client.start_run(FINISHED)
    client.until_state(run_id, "finished")
    chosen = {"run_id": run_id, "checkpoint": "best"}
    both = client.fails("run.start", experiment="fake", resume=chosen, init_from=chosen)
    assert both["code"] == "invalid_params"
    assert client.fails("run.start", experiment="fake", resume=chosen)["code"] in ("run", "invalid_config")
    odd = client.fails("run.start", experiment="fake", resume={"run_id": run_id, "checkpoint": "oldest"})
    assert odd["code"] == "invalid_params"


def test_stopping_returns_at_once(client: Client, project: Project) -> None:
    run_id = client.start_run("ignore SIGINT", "touch up", "forever")
    eventually((project.runs_dir / run_id / "up").exists)
    assert client.call("run.stop", run_id=run_id)["run"]["state"] == "stopping"
    assert client.until_state(run_id, "stopped")["reason"] == "killed"


def test_a_run_of_another_process_shows_up_and_can_be_stopped(client: Client, project: Project) -> None:
    with make_service(project) as other:
        info = other.start("default", trainer="fake", overrides={"steps": "metric 1\nforever"})
        assert client.until_state(info.id, "running")["id"] == info.id
        client.call("run.stop", run_id=info.id)
        assert client.until_state(info.id, "stopped")["id"] == info.id
        assert other.wait(info.id, timeout=20).exit_code in (0, -15)


def collect(client: Client, run_id: str) -> tuple[list[int], bytes]:
    """The samples and the log that a follower gets until the run's end."""
    seqs: list[int] = []
    text, end = b"", None

    def take(event: str, data: dict[str, Any]) -> bool:
        nonlocal text, end
        if event == "run.samples":
            seqs.extend(sample["seq"] for sample in data["samples"])
        elif event == "run.log":
            assert end is None or data["start"] == end, "the log has a gap or a part twice"
            text += data["text"].encode()
            end = data["end"]
        return event == "run.changed" and data["run"]["id"] == run_id and data["run"]["ended"] is not None

    client.until(take)
    return seqs, text


def test_a_follower_gets_history_then_live_without_gap_or_double(client: Client, project: Project) -> None:
    run_id = client.start_run("metric 1200", "touch half", "wait go", "metric 700", "say bye ü", FINISHED)
    eventually((project.runs_dir / run_id / "half").exists)
    client.events.clear()
    followed = client.call("run.follow", run_id=run_id, after_seq=0, log_offset=0)
    assert followed["last_seq"] == 1200
    (project.runs_dir / run_id / "go").touch()
    seqs, text = collect(client, run_id)
    assert seqs == list(range(1, 1901))
    assert text == (project.runs_dir / run_id / "output.log").read_bytes()


def test_a_follower_may_begin_anywhere(client: Client, project: Project) -> None:
    run_id = client.start_run("metric 5", "flood 200000", "say end", FINISHED)
    client.until_state(run_id, "finished")
    client.call("run.follow", run_id=run_id, after_seq=3)
    samples = client.until(lambda event, data: event == "run.samples")
    assert [sample["seq"] for sample in samples["samples"]] == [4, 5]
    log = client.until(lambda event, data: event == "run.log")
    size = (project.runs_dir / run_id / "output.log").stat().st_size
    assert (log["start"], log["end"]) == (size - 65536, size)


def test_unfollow_ends_it(client: Client, project: Project) -> None:
    run_id = client.start_run("metric 1", "touch up", "wait go", "metric 5", FINISHED)
    eventually((project.runs_dir / run_id / "up").exists)
    client.call("run.follow", run_id=run_id)
    client.until(lambda event, data: event == "run.samples")
    client.call("run.unfollow", run_id=run_id)
    client.events.clear()
    (project.runs_dir / run_id / "go").touch()
    seqs, _ = collect(client, run_id)
    assert seqs == []
    assert client.call("run.unfollow", run_id="whatever") == {}
    assert client.fails("run.follow", run_id="whatever")["code"] == "run"


def test_two_clients_see_the_same(client: Client, discovery: Discovery, project: Project) -> None:
    run_id = client.start_run("wait go", "metric 300", FINISHED)
    with Client(discovery) as other:
        for each in (client, other):
            each.call("run.follow", run_id=run_id, log_offset=0)
        (project.runs_dir / run_id / "go").touch()
        assert collect(client, run_id) == collect(other, run_id)


def test_a_slow_client_holds_up_nobody_and_misses_nothing(
    client: Client, discovery: Discovery, project: Project
) -> None:
    run_id = client.start_run("wait go", "metric 2000", "flood 20000000", "metric 2000", FINISHED)
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", discovery.port))
    with Client(discovery, sock=small, max_queue=1) as slow:
        slow.call("run.follow", run_id=run_id, log_offset=0)
        (project.runs_dir / run_id / "go").touch()
        client.until_state(run_id, "finished")  # while the slow one reads nothing
        assert client.call("run.list")["runs"][0]["last_seq"] == 4000
        seqs, text = collect(slow, run_id)
    assert seqs == list(range(1, 4001))
    assert len(text) == (project.runs_dir / run_id / "output.log").stat().st_size


def test_a_client_that_never_reads_its_answers_is_not_listened_to(
    discovery: Discovery, client: Client
) -> None:
    greedy = Client(discovery, max_queue=1)
    stuck = threading.Event()

    def ask() -> None:
        try:
            for _ in range(200_000):
                greedy.send("trainer.list")
        except (OSError, ConnectionClosedError):
            stuck.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    for _ in range(20):
        assert client.call("run.list") == {"runs": []}
    greedy.socket.close_socket()
    thread.join(20)
    assert not thread.is_alive()
    assert stuck.is_set()


def test_a_client_that_vanishes_leaves_no_trace(
    backend: Backend, discovery: Discovery, project: Project
) -> None:
    client = Client(discovery)
    run_id = client.start_run("metric 1", "forever")
    client.call("run.follow", run_id=run_id)
    client.socket.close_socket()
    eventually(lambda: len(backend.clients) == 0)


def test_a_run_deleted_while_it_is_followed_is_forgotten(client: Client, project: Project) -> None:
    run_id = client.start_run("metric 1", FINISHED)
    client.until_state(run_id, "finished")
    client.call("run.follow", run_id=run_id)
    (project.runs_dir / run_id / "run.json").unlink()
    assert client.fails("run.get", run_id=run_id)["code"] == "run"
    assert client.call("run.list") == {"runs": []}


# Exports


@pytest.fixture
def done(client: Client) -> str:
    """A run that is over."""
    run_id = client.start_run(FINISHED)
    client.until_state(run_id, "finished")
    return run_id


def test_an_export_reports_until_it_is_done(client: Client, done: str) -> None:
    export_id = client.call("export.start", run_id=done)["export_id"]
    progress = client.until(lambda event, data: event == "export.progress")
    assert progress == {"export_id": export_id, "message": "cat: loading the policy"}
    finished = client.until(lambda event, data: event == "export.finished")
    assert finished == {"export_id": export_id, "result": {**EXPORT, "run": done}}


def test_an_export_gets_what_was_chosen(client: Client, done: str, fake_export: Any) -> None:
    client.call("export.start", run_id=done)
    chosen = {"checkpoint": "best", "policies": ["cat"], "to": "res://a.onnx", "opset": 18, "ir_version": 9}
    client.until(lambda event, data: event == "export.finished")
    client.call("export.start", run_id=done, **chosen)
    client.until(lambda event, data: event == "export.finished")
    godot = fake_godot().path
    assert fake_export.asked == [ExportOptions(godot=godot), ExportOptions(**chosen, godot=godot)]
    assert client.fails("export.start", run_id=done, policies=[])["code"] == "invalid_params"
    assert client.fails("export.start", run_id=done, checkpoint="oldest")["code"] == "invalid_params"


def test_an_export_that_fails_says_why(client: Client, done: str) -> None:
    client.call("export.start", run_id=done, to="res://fail.onnx")
    failed = client.until(lambda event, data: event == "export.failed")
    assert failed["error"] == {
        "code": "error",
        "message": "Too different.",
        "hint": "Train again.",
        "data": {},
    }
    client.call("export.start", run_id=done, to="res://bug.onnx")
    failed = client.until(lambda event, data: event == "export.failed")
    assert "secret" not in str(failed)


def test_an_export_can_be_cancelled(client: Client, done: str) -> None:
    export_id = client.call("export.start", run_id=done, to="res://cancel.onnx")["export_id"]
    client.call("export.cancel", export_id=export_id)
    failed = client.until(lambda event, data: event == "export.failed")
    assert (failed["export_id"], failed["error"]["code"]) == (export_id, "cancelled")
    assert client.fails("export.cancel", export_id=export_id)["code"] == "no_such_export"


def test_an_export_to_outside_of_the_project_is_refused(client: Client, done: str) -> None:
    assert client.fails("export.start", run_id=done, to="res://../a.onnx")["code"] == "project"
    assert client.fails("export.start", run_id="nope", to="res://a.onnx")["code"] == "run"
