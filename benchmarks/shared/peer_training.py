"""Trains like the peer's own Stable-Baselines3 example: its wrapper, its hyperparameters, nothing of ours.

Started by the benchmarks. Prints a line at the end of each rollout, with the fields of our @METRIC lines that
the benchmarks read. Ends with SIGINT.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import IO, Any

from godot_rl.wrappers.stable_baselines_wrapper import StableBaselinesGodotEnv
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env.vec_monitor import VecMonitor


class Lines(BaseCallback):
    """Prints a line for each rollout."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream
        self._episodes = 0

    def _on_step(self) -> bool:
        self._episodes += int(self.locals["dones"].sum())
        return True

    def _on_rollout_end(self) -> None:
        recent = [float(episode["r"]) for episode in self.model.ep_info_buffer or ()]
        line = {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "timesteps_total": self.num_timesteps,
            "episodes_total": self._episodes,
            "episode_reward_mean": sum(recent) / len(recent) if recent else None,
        }
        self._stream.write(f"@METRIC {json.dumps(line)}\n")
        self._stream.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--env_path", required=True)
    parser.add_argument("--experiment_dir", required=True)
    for name in ("port", "n_parallel", "seed", "speedup", "framerate", "action_repeat"):
        parser.add_argument(f"--{name}", type=int)
    given: dict[str, Any] = {
        key: value for key, value in vars(parser.parse_args()).items() if value is not None
    }
    folder = given.pop("experiment_dir")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    set_random_seed(given.get("seed", 0))  # PPO's own seed would ask the wrapper, which has none
    with os.fdopen(os.dup(1), "w") as stream, contextlib.redirect_stdout(sys.stderr):
        env = VecMonitor(StableBaselinesGodotEnv(**given))
        model = PPO(
            "MultiInputPolicy",
            env,
            ent_coef=0.0001,
            verbose=2,
            n_steps=32,
            learning_rate=0.0003,
            tensorboard_log=folder,
        )
        with contextlib.suppress(KeyboardInterrupt):
            model.learn(100_000_000, callback=Lines(stream))
        env.close()


if __name__ == "__main__":
    main()
