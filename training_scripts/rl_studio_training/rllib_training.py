"""One training run with RLlib: its plain `train()` loop, and what has to be written down about it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import tree

from rl_studio.experiments import checks
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training.action_repeat import ActionRepeat
from rl_studio_training.beginnings import FROM_POLICY, changes, not_taken_over
from rl_studio_training.bottleneck import Bottleneck
from rl_studio_training.checkpoints import Counters, read_description
from rl_studio_training.continuation import read_progress, write_progress
from rl_studio_training.episodes import EpisodeWindow
from rl_studio_training.errors import CheckpointError, DivergedError, GameError, Interrupted
from rl_studio_training.evaluation import Evaluation, evaluation_games
from rl_studio_training.judging import Judge
from rl_studio_training.kept_observations import KeptObservations
from rl_studio_training.patience import BrokenOff, breakable
from rl_studio_training.policy_names import name_warnings
from rl_studio_training.progress import Progress
from rl_studio_training.reporter import Reporter
from rl_studio_training.rllib_announcement import announce, facts_of
from rl_studio_training.rllib_checkpoints import (
    REPLAY_FILE,
    initialise_algorithm,
    restore_algorithm,
    write_algorithm,
)
from rl_studio_training.rllib_metrics import Iteration, RunMetrics
from rl_studio_training.rllib_opponents import require_trained
from rl_studio_training.rllib_policy import RLlibPolicy
from rl_studio_training.rllib_runners import RunnerWatch, root_cause
from rl_studio_training.rllib_start import Started
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.sample_watch import SampleWatch
from rl_studio_training.saving import Saving
from rl_studio_training.script_error_watch import ScriptErrorWatch
from rl_studio_training.spaces import ObservationCodec
from rl_studio_training.stop_conditions import INTERRUPTED, Situation, StopConditions, StopReason
from rl_studio_training.stopping import StopSwitch

PATIENCE_S = 4.0
"""How long a stop waits for the iteration under way; what that has sampled is lost if it takes longer."""


class RLlibTraining:
    """An algorithm with its games, from the first iteration to the last checkpoint.

    Args:
        started: owned by the caller.
    """

    def __init__(
        self, config: RLlibConfig, started: Started, run: RunFolder, reporter: Reporter, switch: StopSwitch
    ) -> None:
        self.config = config
        self.started = started
        self.algorithm = started.algorithm
        self.reporter = reporter
        self.switch = switch
        self.policies = list(started.found.policies)
        self.learning = config.policies_to_train or self.policies
        self.judge = Judge.choose(self.learning, config.judge)
        self.action_repeat = ActionRepeat.of(config.action_repeat, started.found.studio)
        agents = {name: facts.n_agents for name, facts in started.found.policies.items()}
        for advice in (*checks.warnings(config), *name_warnings(agents), self.action_repeat.warning):
            if advice is not None:
                reporter.warning(advice)
        self.metrics = RunMetrics(
            self.policies, self.judge, Bottleneck(facts_of(config, started)), Counters(), started.n_games
        )
        self.kept = KeptObservations()
        self.samples = SampleWatch(
            reporter.warning, normalizes=config.normalize_observations, is_stock=started.found.studio is None
        )
        self.stop = StopConditions(config, run.path)
        self.saving = Saving(config, self, run, reporter, only_latest=(REPLAY_FILE,))
        games = evaluation_games(
            started.games.settings,
            run.path,
            shared=started.games.shared,
            on_wait=self._check_stop,
            on_status=reporter.status,
            on_warning=reporter.warning,
        )
        self.script_errors = ScriptErrorWatch(reporter.counted_warning)
        self.evaluation = Evaluation(
            config,
            games,
            on_step=self._check_stop,
            on_errors=self.script_errors.add,
            on_status=reporter.status,
        )
        self.watch = RunnerWatch(started.algorithm, config.sample_timeout_s, reporter.warning)
        self.progress = Progress(config.total_timesteps, enabled=not reporter.enabled)
        reporter.write_above = self.progress.write
        self._iteration_began = 0.0
        self._begins_anew = True
        self._warned: set[str] = set()
        if not config.num_env_runners:
            started.algorithm.env_runner.env.tell(reporter.status, self._warn_once)

    # --- where it begins

    def resume(self, checkpoint: Path) -> None:
        """Goes on where `checkpoint` was written: weights, optimizers, replay buffer, counters.

        Raises:
            CheckpointError: it is no checkpoint of RLlib, or of other networks.
        """
        self._begins_anew = False
        description = read_description(checkpoint)
        told = changes(description.get("policies") or {}, self.facts()["policies"])
        if told and description.get("trainer") == "rllib":
            raise CheckpointError(
                f"The agents have changed since that run, so it cannot go on. {' '.join(told)}",
                hint=FROM_POLICY,
            )
        for sentence in restore_algorithm(self.algorithm, checkpoint):
            self.reporter.warning(sentence)
        self.metrics.counters = Counters.read(description)
        read_progress(checkpoint, self.stop, self._saved_windows(), self.judge.policies)
        for name, facts in self.started.found.policies.items():
            codec = ObservationCodec(facts.wire_observations, lambda _agent, _key: None)
            self.kept.restore(checkpoint, name, codec.parts)
        self.saving.resume(description)

    def initialise(self, checkpoint: Path) -> None:
        """Begins with the policies of `checkpoint`, as far as they fit.

        Raises:
            CheckpointError: it is no checkpoint of RLlib, or has none of the policies; or one that does not learn
                does not fit, and may not play untrained.
        """
        self._begins_anew = False
        theirs = read_description(checkpoint).get("policies") or {}
        missing = initialise_algorithm(
            self.algorithm, checkpoint, self.policies, theirs, self._to_be_trained_before()
        )
        if missing:
            told = changes(theirs, self.facts()["policies"])
            self.reporter.warning(" ".join([not_taken_over(missing), *told]))

    def _to_be_trained_before(self) -> list[str]:
        """The policies that do not learn here, and may not play with random weights."""
        if self.config.allow_untrained_opponents:
            return []
        return [name for name in self.policies if name not in self.learning]

    # --- what a checkpoint holds

    @property
    def counters(self) -> Counters:
        """How far the run is."""
        return self.metrics.counters

    @property
    def windows(self) -> dict[str, EpisodeWindow]:
        """The latest episodes, by policy."""
        return self.metrics.windows

    @property
    def has_finite_weights(self) -> bool:
        """False once training has diverged to NaN or infinity."""
        weights = self.algorithm.learner_group.get_weights()
        return all(bool(np.isfinite(array).all()) for array in tree.flatten(weights))

    def write(self, folder: Path) -> list[str]:
        """Writes all files of a checkpoint; returns what was left out, in sentences."""
        write_progress(folder, self.stop, self._saved_windows(), self.config.stop_window)
        self.kept.write(folder)
        return write_algorithm(self.algorithm, folder)

    def facts(self) -> dict[str, Any]:
        """Fields of checkpoint.json: the trainer, and the policies with their spaces."""
        return {
            "trainer": "rllib",
            "algorithm": self.config.algorithm,
            "policies": {
                name: {"observation_space": facts.wire_observations, "action_space": facts.wire_actions}
                for name, facts in self.started.found.policies.items()
            },
            "action_repeat": self.action_repeat.in_force,
        }

    def _saved_windows(self) -> dict[str, EpisodeWindow]:
        return {f"policy {name}": window for name, window in self.windows.items()}

    # --- training

    def run(self) -> tuple[StopReason, int]:
        """Trains until there is a reason to stop, and saves a checkpoint however it ends.

        Returns:
            The reason, and the agent steps of the run.

        Raises:
            CheckpointError: a policy would neither learn nor has learned before.
        """
        if self._begins_anew:
            require_trained({name: () for name in self._to_be_trained_before()}, None)
        announce(self.config, self.started, self.action_repeat, self.reporter)
        try:
            stop = self._loop()
        except BaseException:
            self.saving.save("error")
            raise
        finally:
            self.reporter.write_above = None
            self.progress.close()
            self.evaluation.close()
            self.script_errors.flush()
        self.saving.save("interrupted" if stop is INTERRUPTED else "final")
        self.reporter.closing = self.script_errors.summary()
        return stop, self.counters.timesteps

    def _loop(self) -> StopReason:
        self.switch.begin()
        self._iteration_began = time.perf_counter()
        try:
            while True:
                stop = self._iterate()
                if stop is not None:
                    return stop
        except (BrokenOff, Interrupted):
            return INTERRUPTED
        except Exception as error:
            cause = self.watch.reason or root_cause(error)
            if cause is error:
                raise
            raise cause from error

    def _iterate(self) -> StopReason | None:
        """One iteration of RLlib's, and what follows from it; returns why to stop, if so."""
        result: dict[str, Any] = {}
        try:
            with breakable(lambda: self.switch.requested or self.watch.is_hopeless(), PATIENCE_S):
                result = self.algorithm.train()
        except BrokenOff:
            self._check_stop()
        now = time.perf_counter()
        iteration = Iteration.of(result, now - self._iteration_began)
        self._forward(iteration)
        self.watch.check(iteration)
        if iteration.timesteps:
            self._iteration_began = now
            self._finish(iteration)
        self._check_stop()
        return self.stop.check(self._situation()) if iteration.timesteps else None

    def _finish(self, iteration: Iteration) -> None:
        before = self.counters.timesteps
        line = {**self.metrics.add(iteration), "evaluation": self.saving.evaluation}
        self.reporter.metric(line)
        self.progress.update(line)
        self.samples.check(self.windows, self.counters.env_steps // self.started.n_games)
        if not self.has_finite_weights:
            raise DivergedError(
                f"Training diverged: weights became NaN in iteration {self.counters.iterations}.",
                hint="Lower learning_rate, or look for huge rewards or observations in the game.",
            )
        if self.evaluation.is_due(self.counters.timesteps, before):
            self._evaluate()
        if self.saving.is_due(before):
            self.saving.save("periodic")

    def _evaluate(self) -> None:
        players = {name: RLlibPolicy(self.algorithm.get_module(name)) for name in self.policies}
        try:
            with breakable(lambda: self.switch.requested, PATIENCE_S):
                found = self.evaluation.run(players)
        except GameError as error:
            self.reporter.warning(
                f"There is no evaluation at {self.counters.timesteps} steps: {error.message}"
            )
        else:
            self.saving.judge(found)

    def _check_stop(self) -> None:
        if self.switch.requested:
            raise Interrupted

    def _situation(self) -> Situation:
        counters = self.counters
        return Situation(
            timesteps=counters.timesteps,
            iterations=counters.iterations,
            episodes=counters.episodes,
            elapsed_s=counters.time_total_s,
            windows=self.judge.among(self.windows),
        )

    # --- what is told

    def _warn_once(self, message: str) -> None:
        """Several runners may say the same of their games."""
        if message not in self._warned:
            self._warned.add(message)
            self.reporter.warning(message)

    def _forward(self, iteration: Iteration) -> None:
        """Passes on what happened to the games, and keeps some of what their agents saw."""
        for event in iteration.events:
            if event["event"] == "warning":
                self._warn_once(event["message"])
                continue
            fields = {key: value for key, value in event.items() if key != "event"}
            self.reporter.event(event["event"], **fields)
        for report in iteration.reports:
            self.script_errors.add(report.script_errors)
            for policy, piece in report.observations:
                self.kept.add(policy, piece)
                self.samples.add(policy, piece)
