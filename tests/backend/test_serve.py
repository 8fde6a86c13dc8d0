"""rl_studio.transport.serve: the backend as a process of its own, with its life and its sudden deaths."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend_client import Client
from backend_support import FINISHED, SECONDS, eventually, make_service
from rl_studio.project import Project
from rl_studio.runs import processes
from rl_studio.transport.discovery import Discovery

SERVE = """
import sys
from backend_support import make_service
from rl_studio.project import Project
from rl_studio.transport.serve import serve
idle = float(sys.argv[2]) if len(sys.argv) > 2 else None
sys.exit(serve(Project.open(sys.argv[1]), exit_when_idle=idle, make_service=make_service))
"""


class Served:
    """A backend process."""

    def __init__(self, command: list[str]) -> None:
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.line: dict[str, Any] = json.loads(line)

    def wait(self) -> int:
        return self.process.wait(20 * SECONDS)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


Serve = Callable[..., Served]


@pytest.fixture
def serve(project: Project) -> Iterator[Serve]:
    """Starts a backend with the fake trainer."""
    started: list[Served] = []

    def run(*options: str, command: tuple[str, ...] = ("-c", SERVE)) -> Served:
        (project.root / "main.tscn").touch()
        target = ["serve", "--project", str(project.root)] if command[0] == "-m" else [str(project.root)]
        served = Served([sys.executable, *command, *target, *options])
        started.append(served)
        return served

    yield run
    for served in started:
        served.end()
    with make_service(project) as service:
        for run_id in service.ids():
            processes.end_all(processes.members(service.folder(run_id)), kill=True)


def connect(project: Project) -> Client:
    discovery = Discovery.read(project)
    assert discovery is not None
    return Client(discovery)


def test_the_command_says_when_it_is_ready_and_leaves_on_a_signal(serve: Serve, project: Project) -> None:
    served = serve(command=("-m", "rl_studio"))
    discovery = Discovery.read(project)
    assert discovery is not None
    assert served.line == {
        "event": "ready",
        "port": discovery.port,
        "pid": served.process.pid,
        "protocol": "rl-studio.v1",
    }
    with Client(discovery) as client:
        assert client.call("hello", client="test")["pid"] == served.process.pid
        served.process.send_signal(signal.SIGTERM)
        assert client.until(lambda event, data: event == "backend.closing") == {"reason": "SIGTERM"}
    assert served.wait() == 0
    assert not project.discovery_file.exists()
    assert served.process.communicate() == ("", "")
    assert "serving" in (project.state_dir / "backend.log").read_text(encoding="utf-8")


def test_a_second_backend_points_to_the_first(serve: Serve) -> None:
    first, second = serve(), serve()
    assert second.line == {"event": "already_running", "pid": first.process.pid, "port": first.line["port"]}
    assert second.wait() == 3
    assert first.process.poll() is None


def test_what_a_killed_backend_left_is_no_obstacle(serve: Serve, project: Project) -> None:
    first = serve()
    first.end()
    assert project.discovery_file.exists()
    second = serve()
    assert second.line["event"] == "ready"
    with connect(project) as client:
        assert client.call("hello", client="test")["pid"] == second.process.pid


def test_a_shutdown_ends_the_process(serve: Serve, project: Project) -> None:
    served = serve()
    with connect(project) as client:
        client.call("backend.shutdown")
        client.until(lambda event, data: event == "backend.closing")
    assert served.wait() == 0


def test_an_idle_backend_leaves(serve: Serve, project: Project) -> None:
    served = serve("0.2")
    assert served.wait() == 0
    assert not project.discovery_file.exists()
    assert "idle" in (project.state_dir / "backend.log").read_text(encoding="utf-8")


def test_a_backend_with_a_client_or_a_run_is_not_idle(serve: Serve, project: Project) -> None:
    served = serve("2")
    client = connect(project)
    run_id = client.start_run("touch up", "wait go", FINISHED)
    eventually((project.runs_dir / run_id / "up").exists)
    client.socket.close()
    with pytest.raises(subprocess.TimeoutExpired):
        served.process.wait(3.0)
    (project.runs_dir / run_id / "go").touch()
    assert served.wait() == 0


def test_a_run_survives_its_backend_and_the_next_one_takes_it_up(serve: Serve, project: Project) -> None:
    served = serve()
    client = connect(project)
    run_id = client.start_run(
        "metric 200", "wait second", "metric 200", "wait third", "metric 200", "wait end", FINISHED
    )
    client.call("run.follow", run_id=run_id)
    client.until(lambda event, data: event == "run.samples")
    served.end()  # while it reads
    folder = project.runs_dir / run_id
    (folder / "second").touch()
    served = serve()
    with connect(project) as client:
        client.call("run.follow", run_id=run_id, after_seq=0)
        (folder / "third").touch()
        client.until(lambda event, data: event == "run.samples" and data["samples"][-1]["seq"] > 400)
    served.end()
    (folder / "end").touch()
    serve()
    with connect(project) as client:
        eventually(lambda: client.call("run.get", run_id=run_id)["run"]["state"] == "finished")
        samples = client.call("run.samples", run_id=run_id, limit=1000)["samples"]
    assert [sample["seq"] for sample in samples] == list(range(1, 601))
    assert [sample["training_iteration"] for sample in samples] == list(range(1, 601))


def test_a_run_that_died_with_its_backend_has_failed(serve: Serve, project: Project) -> None:
    served = serve()
    client = connect(project)
    run_id = client.start_run("metric 1", "say last words", "touch up", "forever")
    folder = project.runs_dir / run_id
    eventually((folder / "up").exists)
    served.end()
    pid = json.loads((folder / "run.json").read_text(encoding="utf-8"))["pid"]
    os.kill(pid, signal.SIGKILL)
    serve()
    with connect(project) as client:
        run = client.call("run.get", run_id=run_id)["run"]
    assert (run["state"], run["reason"], run["exit_code"], run["last_seq"]) == ("failed", "killed", None, 1)
    assert run["error"]["log_tail"] == ["last words"]


def test_a_stop_is_carried_on_by_the_next_backend(serve: Serve, project: Project) -> None:
    served = serve()
    client = connect(project)
    run_id = client.start_run("ignore SIGINT", "ignore SIGTERM", "touch up", "forever")
    eventually((project.runs_dir / run_id / "up").exists)
    client.call("run.stop", run_id=run_id)
    served.end()
    serve()
    with connect(project) as client:
        eventually(lambda: client.call("run.get", run_id=run_id)["run"]["state"] == "stopped")


def test_whoever_started_the_backend_need_not_read_on(serve: Serve, project: Project) -> None:
    served = serve()
    assert served.process.stdout is not None
    assert served.process.stderr is not None
    served.process.stdout.close()
    served.process.stderr.close()
    with connect(project) as client:
        run_id = client.start_run("metric 1", FINISHED)
        assert client.until_state(run_id, "finished")["last_seq"] == 1
    served.process.send_signal(signal.SIGTERM)
    assert served.wait() == 0


def test_the_backend_is_small_and_still(serve: Serve, project: Project) -> None:
    served = serve(command=("-m", "rl_studio"))
    with connect(project) as client:
        client.call("hello", client="test")
        client.call("trainer.list")
    process = psutil.Process(served.process.pid)
    assert process.memory_info().rss < 80e6
    loaded = {Path(item.path).name.split(".")[0] for item in process.memory_maps()}
    assert not {name for name in loaded if name.startswith(("libtorch", "_raylet", "_multiarray_umath"))}
    before = process.cpu_times()
    with pytest.raises(subprocess.TimeoutExpired):
        served.process.wait(2.0)
    after = process.cpu_times()
    assert (after.user + after.system) - (before.user + before.system) < 0.2
