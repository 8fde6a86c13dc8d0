"""One training run with SB3: the model in its environment, and what has to be written down about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gymnasium.spaces import flatdim

from rl_studio.experiments import checks
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.training_config import applies
from rl_studio.words import counted
from rl_studio_training.action_repeat import ActionRepeat
from rl_studio_training.beginnings import FROM_POLICY, changes, not_taken_over
from rl_studio_training.bottleneck import Bottleneck, Facts
from rl_studio_training.checkpoints import Counters, read_description
from rl_studio_training.continuation import read_progress, write_progress
from rl_studio_training.cores import available_cores
from rl_studio_training.episodes import EpisodeWindow
from rl_studio_training.errors import CheckpointError, GameError, Interrupted
from rl_studio_training.evaluation import Evaluation, evaluation_games
from rl_studio_training.judging import Judge
from rl_studio_training.kept_observations import Kept, KeptObservations
from rl_studio_training.progress import Progress
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.sample_watch import SampleWatch
from rl_studio_training.saving import Saving
from rl_studio_training.sb3_callback import TrainingCallback, TrainingEnds
from rl_studio_training.sb3_model import (
    build_model,
    has_finite_weights,
    load_into,
    save_model,
    wrap_env,
)
from rl_studio_training.sb3_player import SB3Player
from rl_studio_training.sb3_replay_file import REPLAY_FILE
from rl_studio_training.sb3_state import initialise, restore_state, save_state
from rl_studio_training.script_error_watch import ScriptErrorWatch
from rl_studio_training.stop_conditions import INTERRUPTED, StopConditions, StopReason
from rl_studio_training.stopping import StopSwitch
from rl_studio_training.tensorboard import make_logger
from rl_studio_training.vec_env import GodotVecEnv


class Training:
    """A model in its environment, from the first step to the last checkpoint.

    Call `resume` or `initialise` or neither, then `run`.

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
        self.action_repeat = ActionRepeat.of(config.action_repeat, info.studio)
        for advice in (*checks.warnings(config, env.num_envs), self.action_repeat.warning):
            if advice is not None:
                reporter.warning(advice)
        self.judge = Judge.choose([env.policy_name])
        self.model = build_model(config, wrap_env(config, env))
        self.kept = KeptObservations()
        self.samples = SampleWatch(
            reporter.warning, normalizes=config.normalize_observations, is_stock=info.studio is None
        )
        env.fleet.watch_observations(
            self._see, with_memory=(env.policy_name,) if config.algorithm == "recurrent_ppo" else ()
        )
        self.progress = Progress(config.total_timesteps, enabled=not reporter.enabled)
        self.stop = StopConditions(config, run.path)
        self.saving = Saving(config, self, run, reporter, only_latest=(REPLAY_FILE,))
        self.script_errors = ScriptErrorWatch(reporter.counted_warning)
        self._evaluation = Evaluation(
            config,
            self._evaluation_game(),
            on_step=self._check_stop,
            on_errors=self.script_errors.add,
            on_status=reporter.status,
        )
        self.callback = TrainingCallback(
            config.algorithm,
            env,
            reporter,
            self.progress,
            switch,
            self.stop,
            Bottleneck(self._bottleneck_facts()),
            watch=self,
        )
        self.callback.init_callback(self.model)

    # --- beginnings

    def resume(self, checkpoint: Path) -> None:
        """Goes on where `checkpoint` was written, as if its run had never ended.

        Raises:
            CheckpointError: it is none of SB3, cannot be read, or is of other agents or networks.
        """
        description = self._read(checkpoint)
        policies = description.get("policies") or {}
        name = self.env.policy_name
        if policies != self._policies:
            told = " ".join(changes(policies, self._policies))
            raise CheckpointError(
                f"The agents have changed since that run, so it cannot go on. {told}", hint=FROM_POLICY
            )
        counters = Counters.read(description)
        load_into(self.model, checkpoint)
        read_progress(checkpoint, self.stop, self.windows, self.judge.policies)
        self.kept.restore(checkpoint, name, self.env.fleet.groups[0].observations.parts)
        self.saving.resume(description)
        self.callback.resume(counters)
        # A game cannot be saved. With the old seed it would play once more what it began with.
        self.env.seed((self.config.seed + counters.timesteps) % 2**31)
        for sentence in restore_state(self.model, checkpoint):
            self.reporter.warning(sentence)

    def initialise(self, checkpoint: Path) -> None:
        """Begins with the policy of `checkpoint`, as far as it fits.

        Raises:
            CheckpointError: it is none of SB3, cannot be read, or nothing of it fits.
        """
        policies = self._read(checkpoint).get("policies") or {}
        missing = initialise(self.model, checkpoint)
        if missing:
            told = changes(dict(zip([self.env.policy_name], policies.values(), strict=False)), self._policies)
            self.reporter.warning(" ".join([not_taken_over(missing), *told]))

    def _read(self, checkpoint: Path) -> dict[str, Any]:
        description = read_description(checkpoint)
        trainer = description.get("trainer", "sb3")
        if trainer != "sb3":
            raise CheckpointError(
                f"{checkpoint} is a checkpoint of the trainer {trainer}, not of sb3.",
                hint=f"Choose the trainer {trainer}, or another checkpoint.",
            )
        return description

    # --- the run

    def run(self) -> tuple[StopReason, int]:
        """Trains until there is a reason to stop, and saves a checkpoint however it ends.

        Returns:
            The reason, and the agent steps of the run.
        """
        self.model.set_logger(make_logger(self.run_folder.tensorboard, self.reporter))
        self.reporter.write_above = self.progress.write
        self._announce()
        try:
            self._learn()
        except BaseException:
            self.saving.save("error")
            raise
        finally:
            self.reporter.write_above = None
            self.progress.close()
            self._evaluation.close()
            self.forward_errors()
            self.script_errors.flush()
            self.model.logger.close()
        reason = self._end_reason()
        self.saving.save("interrupted" if reason is INTERRUPTED else "final")
        self.reporter.closing = self.script_errors.summary()
        return reason, self.model.num_timesteps

    def _learn(self) -> None:
        left = self.config.total_timesteps - self.model.num_timesteps
        try:
            self.model.learn(left, callback=self.callback, log_interval=None, reset_num_timesteps=False)  # type: ignore[arg-type]
        except TrainingEnds:
            self.callback.on_training_end()
        except Interrupted:
            self.callback.reason = INTERRUPTED
            self.callback.on_training_end()

    def _end_reason(self) -> StopReason:
        if self.model.num_timesteps >= self.config.total_timesteps:
            return StopReason("timesteps", "All timesteps are done.")
        return self.callback.reason or INTERRUPTED

    def _announce(self) -> None:
        self.reporter.event(
            "started",
            timesteps_target=self.config.total_timesteps,
            timesteps_total=self.model.num_timesteps,
            n_agents=self.env.n_agents,
            n_envs=len(self.env.games),
            policies={self.env.policy_name: self.env.n_agents},
            **self.spaces,
            wire="binary" if self._speaks_binary else "json",
            sections=len(self.env.fleet.sections),
            action_repeat=self.action_repeat.in_force,
            scene_action_repeat=self.action_repeat.scene,
        )
        self.reporter.status(
            f"Training {counted(self.env.n_agents, 'agent')} of policy {self.env.policy_name}"
        )

    @property
    def _speaks_binary(self) -> bool:
        return all(game.is_binary for game in self.env.games)

    def _bottleneck_facts(self) -> Facts:
        config = self.config
        has_batches = applies(SB3Config, "batch_size", config.algorithm)
        return Facts(
            n_envs=len(self.env.games),
            cores=available_cores(),
            agents=self.env.n_agents,
            batch_size=config.batch_size if has_batches else config.n_steps * self.env.n_agents,
            n_epochs=config.n_epochs if applies(SB3Config, "n_epochs", config.algorithm) else 1,
            observation_numbers=flatdim(self.env.observation_space),
            binary=self._speaks_binary,
            may_add_games=not self.env.games[0].settings.is_played_in_editor,
        )

    @property
    def _policies(self) -> dict[str, Any]:
        return {self.env.policy_name: self.spaces}

    # --- between iterations (sb3_callback.Watch)

    def is_due(self, before: int) -> bool:
        """Whether a checkpoint or an evaluation is due after an iteration that began at `before` agent steps."""
        return self.saving.is_due(before) or self._evaluation.is_due(self.model.num_timesteps, before)

    def forward_errors(self) -> None:
        """Passes on the errors that games printed since the last time, as `[game 0] …`, and those of their scripts."""
        for instance, line in self.env.log_errors():
            self.reporter.say(f"[game {instance}] {line}")
        self.script_errors.add(self.env.fleet.script_errors())

    def after_iteration(self, before: int, *, is_last: bool) -> None:
        """Evaluates and saves if it is time."""
        self.samples.check(self.windows, self.counters.env_steps // len(self.env.games))
        if self._evaluation.is_due(self.model.num_timesteps, before) and self._may_evaluate:
            self._evaluate()
        if not is_last and self.saving.is_due(before):
            self.saving.save("periodic")

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The latest evaluation, as the metric line has it."""
        return self.saving.evaluation

    @property
    def _may_evaluate(self) -> bool:
        return not (self.switch.requested or self.env.games[0].settings.is_played_in_editor)

    def _evaluate(self) -> None:
        players = {self.env.policy_name: SB3Player.of(self.model)}
        try:
            found = self._evaluation.run(players)
        except Interrupted:
            return  # the next step sees why
        except GameError as error:
            self.reporter.warning(f"There is no evaluation: {error.message}")
            return
        self.saving.judge(found)

    def _evaluation_game(self) -> Any:
        return evaluation_games(
            self.env.games[0].settings,
            self.run_folder.path,
            on_wait=self._check_stop,
            on_status=self.reporter.status,
            on_warning=self.reporter.warning,
        )

    def _see(self, policy: str, piece: Kept) -> None:
        self.kept.add(policy, piece)
        self.samples.add(policy, piece)

    def _check_stop(self) -> None:
        if self.switch.requested:
            raise Interrupted

    # --- what is saved (saving.Learner)

    @property
    def counters(self) -> Counters:
        """How far the run is."""
        return self.callback.counters

    @property
    def windows(self) -> dict[str, EpisodeWindow]:
        """The episodes that ended last, by policy."""
        return {self.env.policy_name: self.env.episodes}

    @property
    def has_finite_weights(self) -> bool:
        """False once training has diverged."""
        return has_finite_weights(self.model)

    def write(self, folder: Path) -> list[str]:
        """Writes all files of a checkpoint; returns what was left out, in sentences."""
        save_model(self.model, folder)
        self.kept.write(folder)
        write_progress(folder, self.stop, self.windows, self.config.stop_window)
        return save_state(self.model, folder, self.config)

    def facts(self) -> dict[str, Any]:
        """What only this trainer knows of a checkpoint."""
        return {
            "trainer": "sb3",
            "policies": {self.env.policy_name: self.spaces},
            "action_repeat": self.action_repeat.in_force,
        }
