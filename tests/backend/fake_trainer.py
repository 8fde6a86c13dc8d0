"""A trainer that misbehaves on demand. It does what the lines of the configuration's `steps` say, one after another.

metric N            N @METRIC lines, numbered on from the last
metric N {json}     the same with these fields of throughput
event {json}        an @EVENT line
checkpoint {json}   a checkpoint with these facts, at its timesteps; `best {json}` makes one the best
say TEXT            a line of output; `partial TEXT` is one without its end
flood N             N bytes of output without any protocol line
ignore NAME         ignore this signal from now on
grandchild          a child in a session of its own that ignores SIGINT and SIGTERM; its pid goes to grandchild.pid
wait NAME           until the file NAME is in the run folder
touch NAME          makes the file NAME in the run folder
exit N | kill       leaves with this code, or dies by SIGKILL
forever             until a signal
On SIGINT it says that it was interrupted and leaves with 0, as a good trainer does.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

_CHILD = (
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


class FakeTrainer:
    """Carries out the steps."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._iteration = 0

    def do(self, step: str) -> None:
        verb, _, rest = step.strip().partition(" ")
        getattr(self, f"_{verb}")(rest)

    def _metric(self, rest: str) -> None:
        count, _, fields = rest.partition(" ")
        throughput = {"timesteps_per_second": 100.0} | json.loads(fields or "{}")
        for _ in range(int(count)):
            self._iteration += 1
            data = {
                "kind": "iteration",
                "timestamp": "2026-01-02T03:04:05Z",
                "training_iteration": self._iteration,
                "timesteps_total": self._iteration * 10,
                "episodes_total": self._iteration,
                "episode_reward_mean": float(self._iteration),
                "success_rate": 0.5,
                "throughput": throughput,
            }
            say("@METRIC " + json.dumps(data))

    def _event(self, text: str) -> None:
        say("@EVENT " + text)

    def _checkpoint(self, text: str) -> None:
        config = json.loads((self._run_dir / "config.json").read_text(encoding="utf-8"))
        facts = {"created": "2026-01-02T03:04:05Z", "reason": "periodic", "trainer": "fake", "config": config}
        facts |= json.loads(text)
        folder = self._run_dir / "checkpoints" / f"step_{facts['timesteps']:012d}"
        folder.mkdir(parents=True)
        (folder / "checkpoint.json").write_text(json.dumps(facts), encoding="utf-8")

    def _best(self, text: str) -> None:
        (self._run_dir / "checkpoints" / "best.json").write_text(text, encoding="utf-8")

    def _say(self, text: str) -> None:
        say(text)

    def _partial(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def _flood(self, size: str) -> None:
        line = "x" * 99 + "\n"
        for _ in range(int(size) // 100):
            sys.stdout.write(line)
        sys.stdout.flush()

    def _ignore(self, name: str) -> None:
        signal.signal(getattr(signal, name), signal.SIG_IGN)

    def _grandchild(self, _: str) -> None:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD], start_new_session=True, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        (self._run_dir / "grandchild.pid").write_text(str(child.pid), encoding="ascii")

    def _wait(self, name: str) -> None:
        while not (self._run_dir / name).exists():
            time.sleep(0.005)

    def _touch(self, name: str) -> None:
        (self._run_dir / name).touch()

    def _exit(self, code: str) -> NoReturn:
        sys.stdout.flush()
        os._exit(int(code))

    def _kill(self, _: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _forever(self, _: str) -> None:
        while True:
            time.sleep(0.02)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def interrupted(number: int, frame: FrameType | None) -> NoReturn:
    say(
        '@EVENT {"kind": "finished", "reason": "interrupted", "timesteps_total": 7, "message": "Interrupted"}'
    )
    sys.exit(0)


def main() -> None:
    signal.signal(signal.SIGINT, interrupted)
    parser = argparse.ArgumentParser()
    for option in ("--project", "--run-dir", "--config", "--godot"):
        parser.add_argument(option, type=Path, required=True)
    for option in ("--resume", "--init-from"):
        parser.add_argument(option, type=Path)
    args = parser.parse_args()
    assert os.environ["CONTROLLER_METRICS"] == "1"
    config = json.loads(args.config.read_text(encoding="utf-8"))
    trainer = FakeTrainer(args.run_dir)
    for step in config["steps"].splitlines():
        if step.strip():
            trainer.do(step)


if __name__ == "__main__":
    main()
