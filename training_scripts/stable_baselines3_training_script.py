"""Trains the agents of a Godot project with PPO from Stable-Baselines3.

By hand:
    python stable_baselines3_training_script.py --project DIR [--set key=value]... [--timesteps N]

Top-down: `main` reads the arguments and turns every end into an exit code, `train` is one training run,
`Training` holds what a run consists of. Everything a user may set is a field of SB3Config.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rl_studio.errors import StudioError
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.godot import GodotBinary, ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio_training.arguments import Args, parse_args, read_config
from rl_studio_training.errors import Interrupted
from rl_studio_training.launch import GameSettings, find_scene
from rl_studio_training.progress import Progress
from rl_studio_training.reporter import Reporter, wants_lines
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.stopping import StopSwitch

if TYPE_CHECKING:
    from stable_baselines3 import PPO

    from rl_studio_training.checkpoints import Reason
    from rl_studio_training.godot_env import StudioGodotEnv
    from rl_studio_training.vec_env import GodotVecEnv

EndReason = Literal["timesteps", "time_limit", "interrupted"]

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
    reporter.status("Loading PyTorch")
    load_torch(config.torch_threads)
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
    from rl_studio_training.godot_env import StudioGodotEnv
    from rl_studio_training.vec_env import open_games

    switch.defer()
    count = 1 if settings.is_played_in_editor else config.n_envs
    waiting = "Waiting for a game: press Play in the Godot editor"
    reporter.status(
        waiting if settings.is_played_in_editor else f"Starting {count} game{'s' if count > 1 else ''}"
    )
    for number in range(count):
        switch.check()
        games.append(
            StudioGodotEnv(
                settings,
                seed=config.seed + number,
                instance=number,
                log_path=run.path / f"game-{number}.log",
                connect=False,
                on_wait=switch.check,
                on_warning=reporter.warning,
            )
        )
    stock = settings.may_be_stock and not (settings.project and settings.project.has_addon)
    return open_games(games, drop_first_reward=stock)


class Training:
    """A model in its environment, and what has to be written down about it.

    Args:
        env: owned by the caller.
    """

    def __init__(
        self, config: SB3Config, env: GodotVecEnv, run: RunFolder, reporter: Reporter, switch: StopSwitch
    ) -> None:
        from rl_studio_training.checkpoints import CheckpointFolder
        from rl_studio_training.sb3_callback import TrainingCallback
        from rl_studio_training.sb3_model import batch_advice, build_model

        self.config = config
        self.env = env
        self.run_folder = run
        self.reporter = reporter
        self.switch = switch
        self.checkpoints = CheckpointFolder(run.checkpoints, config.keep_checkpoints)
        advice = batch_advice(config, env.num_envs)
        if advice:
            reporter.warning(advice)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="You have specified a mini-batch size")
            self.model: PPO = build_model(config, env)
        self.progress = Progress(config.total_timesteps, enabled=not reporter.enabled)
        reporter.write_above = self.progress.write
        self.callback = TrainingCallback(
            env,
            reporter,
            self.progress,
            switch,
            save_periodic=lambda: self.save("periodic"),
            checkpoint_frequency=config.checkpoint_frequency,
            time_limit_s=config.time_limit_s,
        )

    def run(self) -> tuple[EndReason, int]:
        """Trains, and saves a checkpoint however it ends."""
        from rl_studio_training.sb3_callback import forward_game_errors
        from rl_studio_training.tensorboard import make_logger

        self.model.set_logger(make_logger(self.run_folder.tensorboard, self.reporter))
        self._announce()
        try:
            self.model.learn(self.config.total_timesteps, callback=self.callback, log_interval=None)  # type: ignore[arg-type]
        except Interrupted:
            pass
        except BaseException:
            forward_game_errors(self.env, self.reporter)
            self.save("error")
            raise
        finally:
            self.reporter.write_above = None
            self.progress.close()
            self.model.logger.close()
        reason = self._end_reason()
        self.save("interrupted" if reason == "interrupted" else "final")
        return reason, self.model.num_timesteps

    def _announce(self) -> None:
        info = self.env.games[0].env_info
        self.reporter.event(
            "started",
            timesteps_target=self.config.total_timesteps,
            n_agents=self.env.num_envs,
            n_envs=len(self.env.games),
            policies={self.env.policy_name: self.env.num_envs},
            observation_space=info.observation_spaces[0],
            action_space=info.action_spaces[0],
        )
        self.reporter.status(f"Training {self.env.num_envs} agents of policy {self.env.policy_name}")

    def _end_reason(self) -> EndReason:
        if self.model.num_timesteps >= self.config.total_timesteps:
            return "timesteps"
        return "interrupted" if self.switch.requested else "time_limit"

    def save(self, reason: Reason) -> None:
        """Saves a checkpoint; one that cannot be saved ends training only if it was the last one."""
        from rl_studio_training.sb3_model import has_finite_weights, save_model

        if not has_finite_weights(self.model):
            self.reporter.warning("The weights are NaN, so there is no checkpoint of them.")
            return
        window = self.env.episodes
        info = self.env.games[0].env_info
        policy = {
            "observation_space": info.observation_spaces[0],
            "action_space": info.action_spaces[0],
        }
        facts = {
            "iteration": self.callback.iteration,
            "episodes": window.total,
            "episode_reward_mean": window.reward_mean,
            "success_rate": window.success_rate,
            "trainer": "sb3",
            "algorithm": "ppo",
            "network": {
                "hidden_layers": self.config.hidden_layers,
                "activation": self.config.activation,
            },
            "policies": {self.env.policy_name: policy},
        }
        timesteps = self.model.num_timesteps
        try:
            path = self.checkpoints.save(timesteps, reason, lambda file: save_model(self.model, file), facts)
        except OSError as error:
            if reason in ("final", "interrupted"):
                raise
            self.reporter.warning(f"The checkpoint at {timesteps} steps could not be saved: {error}")
            return
        self.reporter.event(
            "checkpoint",
            path=path.relative_to(self.run_folder.path).as_posix(),
            timesteps_total=timesteps,
            episode_reward_mean=window.reward_mean,
            reason=reason,
        )


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
