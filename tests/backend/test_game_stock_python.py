"""Unmodified godot-rl trains a game that uses our nodes."""

from __future__ import annotations

import atexit
import socket
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from godot_project import copy_sample, import_project
from rl_studio.godot import GodotBinary, find_godot

pytest.importorskip("godot_rl")
from godot_rl.core.godot_env import GodotEnv
from godot_rl.wrappers.stable_baselines_wrapper import StableBaselinesGodotEnv
from stable_baselines3 import PPO

pytestmark = [pytest.mark.godot, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An executable like an exported game, for a godot-rl that knows no other."""
    godot: GodotBinary = find_godot()
    folder = tmp_path_factory.mktemp("stock")
    project = copy_sample(folder / "chase")
    import_project(godot, project)
    script = folder / "game.x86_64"
    script.write_text(
        f'#!/bin/sh\nexec "{godot.path}" --path "{project.root}" res://scenes/train.tscn "$@"\n',
        encoding="utf-8",
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def close_completely(env: GodotEnv) -> None:
    """Does what godot-rl leaves undone: waits for the game, and drops what would live until Python exits."""
    env.close()
    assert env.proc.wait(10) == 0
    atexit.unregister(env._close)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_stock_environment(game: Path) -> None:
    env = GodotEnv(env_path=str(game), port=free_port(), seed=1, action_repeat=8, speedup=8)
    try:
        assert env.num_envs == 16
        assert env.agent_policy_names == ["chase"] * 16
        observations, _ = env.reset()
        assert len(observations[0]["obs"]) == 18
        began = time.monotonic()
        done_seen = 0
        for _ in range(150):
            actions = [env.action_space.sample() for _ in range(16)]
            observations, _, done, _, _ = env.step(actions, order_ij=True)
            done_seen += sum(done)
        assert done_seen >= 32  # all ran out of time twice
        assert np.isfinite(observations[0]["obs"]).all()
        # In the game that was 16 x 20 s. The engine's own pace would allow 8 times real time at most.
        assert time.monotonic() - began < 15.0
    finally:
        close_completely(env)


def test_stock_stable_baselines_wrapper(game: Path) -> None:
    env = StableBaselinesGodotEnv(env_path=str(game), port=free_port(), seed=0, speedup=8)
    try:
        model = PPO("MultiInputPolicy", env, n_steps=16, batch_size=64, n_epochs=1, device="cpu")
        model.learn(512)
        assert model.num_timesteps == 512
    finally:
        close_completely(env.envs[0])
