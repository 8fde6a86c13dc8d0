"""The backend alone: start, memory, answers, and reading logs.

    python benchmarks/backend.py [--json] [--runs 7] [--quick]

Medians over some runs; the backend is a process as the editor starts it. Exit code 1 if a goal is missed. Other work
on the machine shows in the times, but not in the processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import psutil
from shared.options import add_common
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from rl_studio.metrics import LineParser
from rl_studio.project import Project
from rl_studio.runs.folder import RunFolder
from rl_studio.runs.ingest import Ingester
from rl_studio.runs.store import Store
from rl_studio.transport.discovery import Discovery

GOALS = {
    "start to ready, s": 0.4,
    "memory when idle, MB": 60.0,
    "processor when idle, %": 1.0,
    "hello round trip p50, ms": 2.0,
    "hello round trip p99, ms": 10.0,
}
"""The most a median may be, by name of the result."""

ROUND_TRIPS = 500
METRIC_LINES = 5_000
PLAIN_LINES = 200_000
IDLE_S = 2.0
QUICK = 20
"""How many times fewer round trips and lines the quick form has, and how much shorter it is idle."""


@contextmanager
def project() -> Iterator[Project]:
    """An empty project in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "project.godot").write_text("config_version=5\n", encoding="utf-8")
        yield Project.open(root)


def make_godot(folder: Path) -> Path:
    """A Godot that says its version at once, so that our own work is measured; POSIX only."""
    path = folder / "godot"
    path.write_text("#!/bin/sh\necho 4.6.3.stable.official.000000000\n", encoding="ascii")
    path.chmod(0o755)
    return path


def measure_process(runs: int, part: int) -> Iterator[dict[str, float]]:
    """Starts a backend `runs` times and measures it, with a `part`-th of the usual effort."""
    for _ in range(runs):
        with project() as game:
            godot = make_godot(game.root)
            before = time.perf_counter()
            backend = subprocess.Popen(
                [sys.executable, "-m", "rl_studio", "serve", "--project", str(game.root)],
                stdout=subprocess.PIPE,
                env=os.environ | {"GODOT": str(godot)},
            )
            try:
                assert backend.stdout is not None
                assert json.loads(backend.stdout.readline())["event"] == "ready"
                ready = time.perf_counter() - before
                used = sum(psutil.Process(backend.pid).cpu_times()[:2])
                times = round_trips(game, ROUND_TRIPS // part)
                yield {
                    "start to ready, s": ready,
                    "processor time to ready, s": used,
                    "hello round trip p50, ms": times[len(times) // 2] * 1e3,
                    "hello round trip p99, ms": times[len(times) * 99 // 100] * 1e3,
                    **idle(backend.pid, IDLE_S / part),
                }
            finally:
                backend.terminate()
                backend.wait(20)
                if backend.stdout is not None:
                    backend.stdout.close()


def round_trips(game: Project, count: int) -> list[float]:
    """Seconds from sending to having the answer, sorted; the first ones, which load things, left out."""
    discovery = Discovery.read(game)
    assert discovery is not None
    times: list[float] = []
    headers = {"Authorization": f"Bearer {discovery.token}"}
    with connect(
        f"ws://127.0.0.1:{discovery.port}",
        subprotocols=[Subprotocol(discovery.protocol)],
        additional_headers=headers,
        compression=None,
    ) as socket:
        for number in range(count + 10):
            params = {"client": "benchmark"}
            request = {"type": "request", "id": number, "method": "hello", "params": params}
            before = time.perf_counter()
            socket.send(msgpack.packb(request))
            answer = msgpack.unpackb(socket.recv())
            times.append(time.perf_counter() - before)
            assert answer["type"] == "response", answer
    return sorted(times[10:])


def idle(pid: int, seconds: float) -> dict[str, float]:
    """Memory and processor time of a backend that nobody talks to."""
    process = psutil.Process(pid)
    before, started = sum(process.cpu_times()[:2]), time.perf_counter()
    time.sleep(seconds)
    used = (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - started)
    return {"memory when idle, MB": process.memory_info().rss / 1e6, "processor when idle, %": used * 100}


def metric_log(lines: int) -> bytes:
    """A log of nothing but @METRIC lines of the usual size."""
    shares = {
        "timesteps_per_second": 5000.0,
        "game_share": 0.5,
        "wire_share": 0.05,
        "policy_share": 0.1,
        "update_share": 0.3,
        "other_share": 0.05,
    }
    sample: dict[str, Any] = {
        "kind": "iteration",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "training_iteration": 1,
        "timesteps_total": 1024,
        "episodes_total": 5,
        **{f"episode_reward_{name}": 1.25 for name in ("mean", "min", "max")},
        "policies": {"shared_policy": {"reward_mean": 1.25, "episodes": 5, "success_rate": None}},
        "custom_metrics": {"distance": 3.5},
        "learner": {f"value_{number}": 0.123456789 for number in range(9)},
        "throughput": shares,
    }
    return (b"@METRIC " + json.dumps(sample).encode() + b"\n") * lines


def plain_log(lines: int) -> bytes:
    """A log of nothing for us."""
    return b"[12:34:56] rollout/ep_rew_mean | 1.25 | the usual chatter of a trainer\n" * lines


def measure_log(log: bytes, runs: int) -> Iterator[dict[str, float]]:
    """Thousands of lines per second: reading the file, splitting it into lines, parsing it, and all with SQLite."""
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as name:
            folder = RunFolder(Path(name) / "run")
            folder.path.mkdir()
            folder.log_file.write_bytes(log)
            store = Store(Path(name) / "studio.db")
            store.ingested("")  # opens it
            yield measure_ways(folder, store, log.count(b"\n"))
            store.close()


def measure_ways(folder: RunFolder, store: Store, lines: int) -> dict[str, float]:
    """Each way once."""
    ways: dict[str, Callable[[], object]] = {
        "read": folder.log_file.read_bytes,
        "split": lambda: folder.log_file.read_bytes().split(b"\n"),
        "parse": lambda: LineParser().feed(folder.log_file.read_bytes()),
        "ingest": lambda: Ingester(store).ingest(folder),
    }
    rates: dict[str, float] = {}
    for way, work in ways.items():
        before = time.perf_counter()
        work()
        rates[way] = lines / (time.perf_counter() - before) / 1e3
    return rates


def medians(measured: list[dict[str, float]], prefix: str = "") -> dict[str, float]:
    return {prefix + name: statistics.median(one[name] for one in measured) for name in measured[0]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_common(parser)
    parser.add_argument("--runs", type=int, default=7, help="measurements per row (default 7, at least 5)")
    args = parser.parse_args()
    runs, part = (1, QUICK) if args.quick else (max(5, args.runs), 1)
    metrics, plain = metric_log(METRIC_LINES // part), plain_log(PLAIN_LINES // part)
    results = {
        **medians(list(measure_process(runs, part))),
        **medians(list(measure_log(metrics, runs)), "@METRIC lines, thousands/s: "),
        **medians(list(measure_log(plain, runs)), "other lines, thousands/s: "),
    }
    missed = [name for name, goal in GOALS.items() if results[name] > goal]
    if args.json:
        rows = [{"name": name, "value": value, "goal": GOALS.get(name)} for name, value in results.items()]
        sys.stdout.write(json.dumps({"results": rows, "missed": missed}) + "\n")
    else:
        for name, value in results.items():
            goal = f"   (at most {GOALS[name]:g})" if name in GOALS else ""
            sys.stdout.write(f"{name:45} {value:10.2f}{goal}\n")
        sys.stdout.write(f"missed: {', '.join(missed)}\n" if missed else "all goals met\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
