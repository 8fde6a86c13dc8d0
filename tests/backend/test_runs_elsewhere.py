"""rl_studio.runs: runs that other processes start, stop, watch and leave alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend_support import (
    FINISHED,
    Start,
    eventually,
    is_gone,
    make_service,
    read_meta,
    release,
)
from rl_studio.project import Project
from rl_studio.runs import RunService


def test_a_run_is_watched_by_services_that_did_not_start_it(
    service: RunService, start: Start, project: Project
) -> None:
    info = start("metric 1", "wait go", "metric 1", FINISHED)
    with make_service(project) as other:
        assert [item.id for item in other.list()] == [info.id]
        assert eventually(lambda: other.get(info.id).last_seq == 1)
        release(service, info.id)
        seen = other.wait(info.id, timeout=20)
    assert (seen.state, seen.last_seq) == ("finished", 2)
    # The exit code is known to the parent alone, and noted even if another service saw the end first.
    assert eventually(lambda: service.get(info.id).exit_code == 0)
    assert read_meta(service, info.id)["exit_code"] == 0


def test_a_run_is_stopped_by_a_service_that_did_not_start_it(
    service: RunService, start: Start, project: Project
) -> None:
    info = start("ignore SIGINT", "touch up", "forever")
    eventually((service.folder(info.id) / "up").exists)
    with make_service(project) as other:
        assert other.stop(info.id).state == "stopping"
        assert other.wait(info.id, timeout=20).state == "stopped"
    assert service.get(info.id).state == "stopped"


STARTING = """
import sys
from pathlib import Path
from backend_support import make_service
from rl_studio.project import Project
service = make_service(Project.open(Path(sys.argv[1])))
info = service.start("default", trainer="fake", overrides={"steps": sys.argv[2]})
sys.stdout.write(info.id + "\\n"); sys.stdout.flush()
while True:
    service.wait(info.id, timeout=1)
"""


def start_elsewhere(project: Project, *steps: str) -> tuple[subprocess.Popen[str], str]:
    """Starts a run from another process that goes on watching it."""
    (project.root / "main.tscn").touch()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTING, str(project.root), "\n".join(steps)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert starter.stdout is not None
    return starter, starter.stdout.readline().strip()


def kill(starter: subprocess.Popen[str]) -> None:
    starter.kill()
    starter.wait(20)
    assert starter.stdout is not None
    starter.stdout.close()


def test_a_run_outlives_who_started_it_and_every_sample_counts_once(
    service: RunService, project: Project
) -> None:
    starter, run_id = start_elsewhere(
        project, "metric 300", "wait go", "metric 300", "wait end", "metric 10", FINISHED
    )
    eventually(lambda: service.samples(run_id).last_seq > 0)  # the starter is in the midst of reading
    kill(starter)
    assert eventually(lambda: service.get(run_id).last_seq == 300)
    release(service, run_id)
    release(service, run_id, "end")
    info = service.wait(run_id, timeout=20)
    assert (info.state, info.exit_code, info.last_seq) == ("finished", None, 610)
    samples = service.samples(run_id, 0, 1000).samples
    assert [sample["training_iteration"] for sample in samples] == list(range(1, 611))


@pytest.mark.parametrize(
    ("last", "reason"), [("say hm", "killed"), ("say Traceback (most recent call last):", "crashed")]
)
def test_a_run_that_died_while_nobody_watched(
    service: RunService, project: Project, last: str, reason: str
) -> None:
    starter, run_id = start_elsewhere(project, "metric 1", last, "touch up", "forever")
    eventually((service.folder(run_id) / "up").exists)
    kill(starter)
    os.kill(read_meta(service, run_id)["pid"], signal.SIGKILL)
    eventually(lambda: is_gone(read_meta(service, run_id)["pid"]))
    info = service.get(run_id)
    assert (info.state, info.reason, info.exit_code, info.last_seq) == ("failed", reason, None, 1)
    assert info.ended is not None
    assert info.error is not None
    assert info.error.log_tail == [last.removeprefix("say ")]


def rewrite_meta(service: RunService, run_id: str, **changes: Any) -> None:
    path = service.folder(run_id) / "run.json"
    path.write_text(json.dumps(read_meta(service, run_id) | changes), encoding="utf-8")


def test_a_pid_used_again_is_not_taken_for_the_run(service: RunService, start: Start) -> None:
    info = service.wait(start(FINISHED).id, timeout=20)
    rewrite_meta(service, info.id, state="running", pid=os.getpid(), process_created=12345.0, ended=None)
    assert service.get(info.id).is_final


def test_a_process_never_noted_is_found(service: RunService, start: Start) -> None:
    info = start("touch up", "wait go", FINISHED)
    eventually((service.folder(info.id) / "up").exists)
    pid = read_meta(service, info.id)["pid"]
    old = {"created": "2020-01-01T00:00:00Z"}
    rewrite_meta(service, info.id, pid=None, process_created=None, **old)
    assert not service.get(info.id).is_final
    assert read_meta(service, info.id)["pid"] == pid
    release(service, info.id)
    assert service.wait(info.id, timeout=20).state == "finished"


def test_a_run_whose_starter_was_killed_too_early_has_failed(service: RunService, start: Start) -> None:
    info = service.wait(start(FINISHED).id, timeout=20)
    unborn = {"state": "starting", "pid": None, "ended": None, "reason": None}
    rewrite_meta(service, info.id, **unborn)
    assert (
        service.get(info.id).state == "starting"
    )  # it was created just now, so its starter may still be at it
    rewrite_meta(service, info.id, **unborn, created="2020-01-01T00:00:00Z")
    info = service.get(info.id)
    assert (info.state, info.reason) == ("failed", "not_started")


def test_the_database_may_be_deleted(service: RunService, start: Start, project: Project) -> None:
    before = service.wait(start("metric 5", FINISHED).id, timeout=20)
    service.close()
    for path in project.state_dir.glob("studio.db*"):
        path.unlink()
    assert service.get(before.id) == before
    assert service.samples(before.id).last_seq == 5


def test_a_run_started_by_hand_has_no_log_and_is_still_described(service: RunService, start: Start) -> None:
    info = service.wait(start(FINISHED).id, timeout=20)
    (service.folder(info.id) / "output.log").unlink()
    rewrite_meta(service, info.id, state="failed", reason="error", exit_code=1)
    seen = service.get(info.id)
    assert seen.error is not None
    assert (seen.state, seen.error.message, seen.error.log_tail) == ("failed", "The trainer failed.", [])
    rewrite_meta(
        service, info.id, state="running", pid=os.getpid(), process_created=psutil.Process().create_time()
    )
    assert service.get(info.id).state == "running"
    rewrite_meta(service, info.id, state="finished")
