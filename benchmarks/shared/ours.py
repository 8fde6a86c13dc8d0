"""Our side: the environment that our trainer uses, and `rl-studio train` as a user types it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio.resources import training_scripts_dir

if TYPE_CHECKING:
    from rl_studio_training.launch import GameSettings
    from rl_studio_training.vec_env import GodotVecEnv

ACTION_REPEAT = 8
PEERS_HYPERPARAMETERS: Mapping[str, object] = {
    "n_envs": 1,
    "n_steps": 32,
    "batch_size": 64,
    "n_epochs": 10,
    "learning_rate": 3e-4,
    "learning_rate_schedule": "constant",
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "ent_coef": 1e-4,
    "vf_coef": 0.5,
    "max_grad_norm": 0.5,
    "hidden_layers": "[64,64]",
    "activation": "tanh",
}
"""What the peer's example trains with: its own few values, and SB3's defaults for the rest."""


def find_scripts() -> None:
    """Makes our training scripts importable."""
    if str(training_scripts_dir()) not in sys.path:
        sys.path.append(str(training_scripts_dir()))


def game_settings(
    project: Project, godot: GodotBinary, scene: str, extra: Mapping[str, str] | None = None
) -> GameSettings:
    """How our games are started, as fast as the machine can.

    Args:
        extra: further arguments of the game.
    """
    find_scripts()
    from rl_studio_training.launch import GameSettings

    return GameSettings(
        project=project, godot=godot, scene=scene, action_repeat=ACTION_REPEAT, extra=extra or {}
    )


@contextmanager
def open_ours(
    project: Project, godot: GodotBinary, scene: str, n_envs: int = 1, seed: int = 0
) -> Iterator[GodotVecEnv]:
    """A running `GodotVecEnv` with `n_envs` games."""
    settings = game_settings(project, godot, scene)
    from rl_studio_training.fleet import GameFleet, launcher
    from rl_studio_training.vec_env import GodotVecEnv

    env = GodotVecEnv(GameFleet(launcher(settings, project.root.parent), n_envs, seed=seed))
    try:
        yield env
    finally:
        env.close()


def training_argv(
    project: Project,
    godot: GodotBinary,
    values: Mapping[str, object],
    *,
    time_limit_s: float,
    scene: str = "",
    trainer: str = "sb3",
) -> list[str]:
    """The command of a training with our defaults but for `values`; it prints @METRIC lines."""
    argv = [sys.executable, "-m", "rl_studio", "train", "--project", str(project.root), "--json"]
    argv += ["--godot", str(godot.path), "--trainer", trainer, *(["--scene", scene] if scene else [])]
    given = {"total_timesteps": 100_000_000, "time_limit_s": time_limit_s, **values}
    for key, value in given.items():
        argv += ["--set", f"{key}={value}"]
    return argv


def script_argv(
    project: Project, godot: GodotBinary, run_dir: Path, values: Mapping[str, object]
) -> list[str]:
    """The training script run by hand, without the studio around it."""
    script = training_scripts_dir() / "stable_baselines3_training_script.py"
    argv = [sys.executable, str(script), "--project", str(project.root), "--godot", str(godot.path)]
    argv += ["--run-dir", str(run_dir)]
    for key, value in values.items():
        argv += ["--set", f"{key}={value}"]
    return argv
