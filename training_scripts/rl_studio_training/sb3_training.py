"""One training run with SB3: the model in its environment, and what has to be written down about it."""

from __future__ import annotations

import warnings
from typing import Any, Literal

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.bottleneck import Bottleneck, Facts
from rl_studio_training.checkpoints import CheckpointFolder, Reason
from rl_studio_training.cores import available_cores
from rl_studio_training.errors import Interrupted
from rl_studio_training.progress import Progress
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.sb3_callback import TrainingCallback, forward_game_errors
from rl_studio_training.sb3_model import batch_advice, build_model, has_finite_weights, save_model
from rl_studio_training.stopping import StopSwitch
from rl_studio_training.tensorboard import make_logger
from rl_studio_training.vec_env import GodotVecEnv

EndReason = Literal["timesteps", "time_limit", "interrupted"]


class Training:
    """A model in its environment, and what has to be written down about it.

    Args:
        env: owned by the caller.
    """

    def __init__(
        self, config: SB3Config, env: GodotVecEnv, run: RunFolder, reporter: Reporter, switch: StopSwitch
    ) -> None:
        self.config = config
        self.env = env
        self.run_folder = run
        self.reporter = reporter
        self.switch = switch
        # Noted now: at the end a game that died may have none.
        info = env.games[0].env_info
        self.spaces: dict[str, Any] = {
            "observation_space": info.observation_spaces[0],
            "action_space": info.action_spaces[0],
        }
        self.checkpoints = CheckpointFolder(run.checkpoints, config.keep_checkpoints)
        advice = batch_advice(config, env.num_envs)
        if advice:
            reporter.warning(advice)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="You have specified a mini-batch size")
            self.model = build_model(config, env)
        self.progress = Progress(config.total_timesteps, enabled=not reporter.enabled)
        reporter.write_above = self.progress.write
        self.callback = TrainingCallback(
            env,
            reporter,
            self.progress,
            switch,
            Bottleneck(self._facts()),
            save_periodic=lambda: self.save("periodic"),
            checkpoint_frequency=config.checkpoint_frequency,
            time_limit_s=config.time_limit_s,
        )

    @property
    def _speaks_binary(self) -> bool:
        return all(game.is_binary for game in self.env.games)

    def _facts(self) -> Facts:
        return Facts(
            n_envs=len(self.env.games),
            cores=available_cores(),
            agents=self.env.num_envs,
            batch_size=self.config.batch_size,
            n_epochs=self.config.n_epochs,
            binary=self._speaks_binary,
            may_add_games=not self.env.games[0].settings.is_played_in_editor,
        )

    def run(self) -> tuple[EndReason, int]:
        """Trains, and saves a checkpoint however it ends."""
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
        self.reporter.event(
            "started",
            timesteps_target=self.config.total_timesteps,
            n_agents=self.env.num_envs,
            n_envs=len(self.env.games),
            policies={self.env.policy_name: self.env.num_envs},
            **self.spaces,
            wire="binary" if self._speaks_binary else "json",
            sections=len(self.env.fleet.sections),
        )
        self.reporter.status(f"Training {self.env.num_envs} agents of policy {self.env.policy_name}")

    def _end_reason(self) -> EndReason:
        if self.model.num_timesteps >= self.config.total_timesteps:
            return "timesteps"
        return "interrupted" if self.switch.requested else "time_limit"

    def save(self, reason: Reason) -> None:
        """Saves a checkpoint; one that cannot be saved ends training only if it was the last one."""
        if not has_finite_weights(self.model):
            self.reporter.warning("The weights are NaN, so there is no checkpoint of them.")
            return
        window = self.env.episodes
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
            "policies": {self.env.policy_name: self.spaces},
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
