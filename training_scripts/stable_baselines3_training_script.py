"""Trains the agents of a Godot project, all with one policy, with an algorithm of Stable-Baselines3.

By hand:
    python stable_baselines3_training_script.py --project DIR [--set key=value]... [--timesteps N]

Top-down: `main` reads the arguments and turns every end into an exit code, `train` is one training run: it
starts the games and hands them to `Training` (rl_studio_training/sb3_training.py). Everything a user may set is a
field of SB3Config.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.project import Project
from rl_studio.runs.info import StateName
from rl_studio_training.arguments import Args, parse_args, read_config
from rl_studio_training.errors import Interrupted
from rl_studio_training.launch import GameSettings
from rl_studio_training.reporter import Reporter, wants_lines
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.script import begin, game_settings, load_torch, report_error
from rl_studio_training.stop_conditions import INTERRUPTED, StopReason
from rl_studio_training.stopping import StopSwitch

if TYPE_CHECKING:
    from rl_studio_training.fleet import GameFleet
    from rl_studio_training.godot_env import StudioGodotEnv


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the script; returns its exit code: 0 when training ended as it should, 1 after an error."""
    begin(arguments)
    reporter = Reporter(enabled=wants_lines())
    games: list[StudioGodotEnv] = []
    switch = StopSwitch(on_force=lambda: _kill_games(games))
    switch.install()
    run: RunFolder | None = None
    try:
        args = parse_args("Train the agents of a Godot project with Stable-Baselines3.", arguments)
        project = Project.open(args.project)
        config = read_config(SB3Config, args)
        run = RunFolder(args.run_dir.resolve()) if args.run_dir else RunFolder.fresh(project)
        stop, timesteps = train(args, project, config, run, reporter, switch, games)
    except Interrupted:
        stop, timesteps = INTERRUPTED, 0
    except Exception as error:
        report_error(reporter, error, run.path if run is not None else Path.cwd())
        if run is not None:
            run.finish("failed", "error", 1, reporter.warned)
        return 1
    message = f"{stop.message} {reporter.closing}".rstrip()
    reporter.event("finished", reason=stop.reason, timesteps_total=timesteps, message=message)
    if run is not None:
        state: StateName = "stopped" if stop.reason == "interrupted" else "finished"
        run.finish(state, stop.reason, 0, reporter.warned)
        if not reporter.enabled:
            reporter.say(f"{message} The run is in {run.path}")
    return 0


def train(
    args: Args,
    project: Project,
    config: SB3Config,
    run: RunFolder,
    reporter: Reporter,
    switch: StopSwitch,
    games: list[StudioGodotEnv],
) -> tuple[StopReason, int]:
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
    run.describe(
        project, settings.scene, config.complete(), godot, resume=args.resume, init_from=args.init_from
    )
    switch.defer()  # an import that is broken off anywhere may leave files open and modules half made
    fleet = start_games(settings, config, run, reporter, switch, games)
    try:
        from rl_studio_training.sb3_training import Training
        from rl_studio_training.vec_env import GodotVecEnv

        env = GodotVecEnv(fleet)
        training = Training(config, env, run, reporter, switch)
        if args.resume is not None:
            training.resume(args.resume)
        elif args.init_from is not None:
            training.initialise(args.init_from)
        return training.run()
    finally:
        fleet.close()


def start_games(
    settings: GameSettings,
    config: SB3Config,
    run: RunFolder,
    reporter: Reporter,
    switch: StopSwitch,
    games: list[StudioGodotEnv],
) -> GameFleet:
    """Starts all games at once, and loads PyTorch and Stable-Baselines3 while they start."""
    from rl_studio_training import instances
    from rl_studio_training.fleet import GameFleet
    from rl_studio_training.godot_env import StudioGodotEnv

    def load_learner() -> None:
        reporter.status("Loading PyTorch")
        load_torch(config.torch_threads)
        importlib.import_module("rl_studio_training.sb3_training")
        if settings.is_played_in_editor:
            reporter.status("Waiting for a game: press Play in the Godot editor")

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
            meanwhile=load_learner,
        )

    switch.check()
    if settings.is_played_in_editor:
        count = 1
    else:
        chosen = config.n_envs
        count = instances.choose(make_fleet, on_status=reporter.status) if chosen == "auto" else chosen
        reporter.status(f"Starting {count} game{'s' if count > 1 else ''}")
    return make_fleet(count)


def _kill_games(games: Sequence[StudioGodotEnv]) -> None:
    for game in games:
        if game.game is not None:
            game.game.kill()


if __name__ == "__main__":
    sys.exit(main())
