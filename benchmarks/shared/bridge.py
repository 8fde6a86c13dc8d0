"""A backend with a client that follows a run, as the editor does; and a run that nobody looks at."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import psutil
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio.transport.discovery import Discovery

FINAL = ("finished", "failed", "stopped")


class Bridge:
    """`rl-studio serve` and one client of it."""

    def __init__(self, project: Project, pid: int, socket: ClientConnection) -> None:
        self._project = project
        self._process = psutil.Process(pid)
        self._socket = socket
        self._ids = itertools.count(1)

    def train(self, values: Mapping[str, Any]) -> tuple[Path, float]:
        """Starts a run and takes every event of it until it is over.

        Returns:
            The run's folder, and the share of one core that the backend used meanwhile.
        """
        began, used = time.perf_counter(), self._used()
        run_id = self._call("run.start", experiment="default", overrides=dict(values))["run"]["id"]
        self._call("run.follow", run_id=run_id)
        while True:
            message = msgpack.unpackb(self._socket.recv())
            if message.get("event") == "run.changed" and message["data"]["run"]["id"] == run_id:
                run = message["data"]["run"]
                if run["state"] in FINAL:
                    break
        if run["state"] != "finished":
            raise SystemExit(f"The run ended as {run['state']}: {run['error']}")
        share = (self._used() - used) / (time.perf_counter() - began)
        return self._project.runs_dir / run_id, share

    def _used(self) -> float:
        return float(sum(self._process.cpu_times()[:2]))

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        request = {"type": "request", "id": number, "method": method, "params": params}
        self._socket.send(msgpack.packb(request))
        while True:
            message = msgpack.unpackb(self._socket.recv(timeout=30))
            if message.get("id") == number:
                if message["type"] != "response":
                    raise SystemExit(f"The backend refused {method}: {message}")
                result: dict[str, Any] = message["result"]
                return result


@contextmanager
def open_bridge(project: Project, godot: GodotBinary) -> Iterator[Bridge]:
    """Starts a backend for the project and connects to it."""
    backend = subprocess.Popen(
        [sys.executable, "-m", "rl_studio", "serve", "--project", str(project.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"GODOT": str(godot.path)},
    )
    try:
        assert backend.stdout is not None
        backend.stdout.readline()
        discovery = Discovery.read(project)
        if discovery is None:
            raise SystemExit("The backend did not start.")
        with connect(
            f"ws://127.0.0.1:{discovery.port}",
            subprotocols=[Subprotocol(discovery.protocol)],
            additional_headers={"Authorization": f"Bearer {discovery.token}"},
            compression=None,
            max_size=None,
        ) as socket:
            yield Bridge(project, backend.pid, socket)
    finally:
        backend.terminate()
        backend.communicate(timeout=20)


def train_alone(argv: list[str]) -> None:
    """Runs the training script with neither lines nor a log nor anybody who reads them."""
    env = {name: value for name, value in os.environ.items() if name != "CONTROLLER_METRICS"}
    null = subprocess.DEVNULL
    subprocess.run(argv, env=env, stdin=null, stdout=null, stderr=null, check=True)


def rate_from_tensorboard(folder: Path, warm_up_s: float) -> float:
    """Agent steps per second of a finished run, without its first seconds.

    TensorBoard's files are written in both ways of training, so the clock is the same.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    scalars = events.Scalars("time/fps")
    kept = [one for one in scalars if one.wall_time - scalars[0].wall_time >= warm_up_s]
    if len(kept) < 3:
        raise SystemExit(f"The run in {folder} was too short to be measured.")
    return float((kept[-1].step - kept[0].step) / (kept[-1].wall_time - kept[0].wall_time))
