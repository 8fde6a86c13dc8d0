"""Trains the agents of a Godot project with PPO from Stable-Baselines3.

By hand:
    python stable_baselines3_training_script.py --project DIR [--set key=value]... [--timesteps N]

Top-down: `main` reads the arguments and turns every end into an exit code, `train` is one training run: it
starts the games and hands them to `Training` (rl_studio_training/sb3_training.py). Everything a user may set is a
field of SB3Config.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_studio.errors import StudioError
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.godot import GodotBinary, ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio_training.arguments import Args, parse_args, read_config
from rl_studio_training.errors import Interrupted
from rl_studio_training.launch import GameSettings, find_scene
from rl_studio_training.reporter import Reporter, wants_lines
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.stopping import StopSwitch

if TYPE_CHECKING:
    from rl_studio_training.godot_env import StudioGodotEnv
    from rl_studio_training.sb3_training import EndReason
    from rl_studio_training.vec_env import GodotVecEnv

_END_MESSAGES: dict[EndReason, str] = {
    "timesteps": "All timesteps are done.",
    "time_limit": "The time limit is reached.",
    "interrupted": "Training was stopped.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the script; returns its exit code: 0 when training ended as it should, 1 after an error."""
    reporter = Reporter(enabled=wants_lines())
    games: list[StudioGodotEnv] = []
    switch = StopSwitch(on_force=lambda: _kill_games(games))
    switch.install()
    run: RunFolder | None = None
    try:
        args = parse_args("Train the agents of a Godot project with PPO.", arguments)
        project = Project.open(args.project)
        config = read_config(SB3Config, args)
        run = RunFolder(args.run_dir.resolve()) if args.run_dir else RunFolder.fresh(project)
        reason, timesteps = train(args, project, config, run, reporter, switch, games)
    except Interrupted:
        reason, timesteps = "interrupted", 0
    except Exception as error:
        _report_error(reporter, error)
        if run is not None:
            run.finish("failed", "error", 1)
        return 1
    reporter.event("finished", reason=reason, timesteps_total=timesteps, message=_END_MESSAGES[reason])
    if run is not None:
        run.finish("stopped" if reason == "interrupted" else "finished", reason, 0)
        if not reporter.enabled:
            reporter.say(f"{_END_MESSAGES[reason]} The run is in {run.path}")
    return 0


def train(
    args: Args,
    project: Project,
    config: SB3Config,
    run: RunFolder,
    reporter: Reporter,
    switch: StopSwitch,
    games: list[StudioGodotEnv],
) -> tuple[EndReason, int]:
    """One training run, from nothing to the last checkpoint.

    Args:
        games: filled with the games as they start, so that the caller can kill them whatever happens.

    Returns:
        Why it ended and how many agent steps were done.

    Raises:
        StudioError: it could not go on; what there was is saved.
        Interrupted: the user stopped it before there was anything to save.
    """
    settings = game_settings(args, project, config, reporter)
    godot = settings.godot.path if settings.godot else None
    run.describe(project, settings.scene, config.model_dump(mode="json"), godot)
    switch.defer()  # an import that is broken off anywhere may leave files open and modules half made
    reporter.status("Loading PyTorch")
    load_torch(config.torch_threads)
    from rl_studio_training.sb3_training import Training

    env = start_games(settings, config, run, reporter, switch, games)
    try:
        return Training(config, env, run, reporter, switch).run()
    finally:
        env.close()


def game_settings(args: Args, project: Project, config: SB3Config, reporter: Reporter) -> GameSettings:
    """Decides what to start, and gets it ready: finds Godot, checks the scene, imports the project."""
    godot: GodotBinary | None = None
    scene = ""
    if args.game == "project":
        scene = find_scene(project, config.scene)
        godot = find_godot(args.godot)
        reporter.status("Importing the project")
        ensure_imported(godot, project)
    return GameSettings(
        project=project,
        godot=godot,
        build=None if args.game in ("project", "editor") else Path(args.game).resolve(),
        scene=scene,
        action_repeat=config.action_repeat,
        speedup=config.speedup,
        show_window=config.show_window,
        extra=config.game_args,
        startup_timeout_s=config.startup_timeout_s,
        step_timeout_s=config.step_timeout_s,
    )


def load_torch(threads: int) -> None:
    """Imports PyTorch with a fixed number of threads: more of them would fight the games for the cores."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)


def start_games(
    settings: GameSettings,
    config: SB3Config,
    run: RunFolder,
    reporter: Reporter,
    switch: StopSwitch,
    games: list[StudioGodotEnv],
) -> GodotVecEnv:
    """Starts all games at once and joins their agents to one environment."""
    from rl_studio_training import instances
    from rl_studio_training.fleet import GameFleet
    from rl_studio_training.godot_env import StudioGodotEnv
    from rl_studio_training.vec_env import GodotVecEnv

    def launch(instance: int, seed: int) -> StudioGodotEnv:
        switch.check()
        game = StudioGodotEnv(
            settings,
            seed=seed,
            instance=instance,
            log_path=run.path / f"game-{instance}.log",
            connect=False,
            on_wait=switch.check,
            on_warning=reporter.warning,
        )
        games.append(game)
        return game

    def make_fleet(count: int) -> GameFleet:
        return GameFleet(
            launch,
            count,
            seed=config.seed,
            on_status=reporter.status,
            on_warning=reporter.warning,
            on_event=reporter.event,
            on_wait=switch.check,
        )

    switch.check()
    if settings.is_played_in_editor:
        count = 1
        reporter.status("Waiting for a game: press Play in the Godot editor")
    else:
        chosen = config.n_envs
        count = instances.choose(make_fleet, on_status=reporter.status) if chosen == "auto" else chosen
        reporter.status(f"Starting {count} game{'s' if count > 1 else ''}")
    return GodotVecEnv(make_fleet(count))


def _kill_games(games: Sequence[StudioGodotEnv]) -> None:
    for game in games:
        if game.game is not None:
            game.game.kill()


def _report_error(reporter: Reporter, error: Exception) -> None:
    if isinstance(error, StudioError):
        reporter.error(error.code, error.message, error.hint)
        return
    name = type(error).__name__
    reporter.error(
        "internal",
        f"Training failed with an unexpected {name}: {error}",
        "The log has the details; please report it.",
    )
    reporter.say("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    sys.exit(main())
