"""Trains the agents of a Godot project, one policy or many, with RLlib.

By hand:
    python rllib_training_script.py --project DIR [--set key=value]... [--timesteps N]

Top-down: `main` reads the arguments and turns every end into an exit code, `train` is one training run: it starts
Ray and the games (rl_studio_training/rllib_start.py) and hands them to `RLlibTraining`
(rl_studio_training/rllib_training.py). Everything a user may set is a field of RLlibConfig.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.project import Project
from rl_studio.runs.info import StateName
from rl_studio_training.arguments import Args, parse_args, read_config
from rl_studio_training.errors import Interrupted
from rl_studio_training.reporter import Reporter, wants_lines
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.script import begin, game_settings, load_torch, report_error
from rl_studio_training.stop_conditions import INTERRUPTED, StopReason
from rl_studio_training.stopping import StopSwitch


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the script; returns its exit code: 0 when training ended as it should, 1 after an error."""
    begin(arguments)
    reporter = Reporter(enabled=wants_lines())
    switch = StopSwitch(on_force=lambda: None)  # games and Ray's processes die with this one
    switch.install()
    run: RunFolder | None = None
    try:
        args = parse_args("Train the agents of a Godot project with RLlib.", arguments)
        project = Project.open(args.project)
        config = read_config(RLlibConfig, args)
        run = RunFolder(args.run_dir.resolve()) if args.run_dir else RunFolder.fresh(project)
        stop, timesteps = train(args, project, config, run, reporter, switch)
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
    args: Args, project: Project, config: RLlibConfig, run: RunFolder, reporter: Reporter, switch: StopSwitch
) -> tuple[StopReason, int]:
    """One training run, from nothing to the last checkpoint.

    Returns:
        Why it ended and how many agent steps were done.

    Raises:
        StudioError: it could not go on; what there was is saved.
        Interrupted: the user stopped it before there was anything to save.
    """
    if config.game_build and args.game == "project":
        args = dataclasses.replace(args, game=config.game_build)
    settings = game_settings(args, project, config, reporter)
    godot = settings.godot.path if settings.godot else None
    run.describe(
        project,
        settings.scene,
        config.complete(),
        godot,
        trainer="rllib",
        resume=args.resume,
        init_from=args.init_from,
    )
    switch.defer()  # an import that is broken off anywhere may leave files open and modules half made
    reporter.status("Loading RLlib")
    load_torch(config.torch_threads)
    from rl_studio_training import rllib_start
    from rl_studio_training.rllib_training import RLlibTraining

    with rllib_start.start(config, settings, run.path, reporter, switch) as started:
        training = RLlibTraining(config, started, run, reporter, switch)
        if args.resume is not None:
            training.resume(args.resume)
        elif args.init_from is not None:
            training.initialise(args.init_from)
        return training.run()


if __name__ == "__main__":
    sys.exit(main())
