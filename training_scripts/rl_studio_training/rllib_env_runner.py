"""RLlib's runner for our games: one or several policies, whole fragments at a time."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from gymnasium import spaces
from ray.rllib.core.rl_module.apis import ValueFunctionAPI
from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.utils.metrics import (
    NUM_AGENT_STEPS_SAMPLED,
    NUM_AGENT_STEPS_SAMPLED_LIFETIME,
    NUM_ENV_STEPS_SAMPLED,
    NUM_ENV_STEPS_SAMPLED_LIFETIME,
    NUM_MODULE_STEPS_SAMPLED,
    NUM_MODULE_STEPS_SAMPLED_LIFETIME,
    SAMPLE_TIMER,
    WEIGHTS_SEQ_NO,
)

from rl_studio.errors import StudioError
from rl_studio.godot import ErrorCounts
from rl_studio_training.episodes import Episode
from rl_studio_training.errors import SpacesError
from rl_studio_training.kept_observations import Kept
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.rllib_actor import ModuleActor
from rl_studio_training.rllib_faults import LASTING, tell
from rl_studio_training.rllib_games import RunnerGames, start_games
from rl_studio_training.rllib_reports import REPORTS, GamesReport
from rl_studio_training.rllib_sampler import FragmentSampler
from rl_studio_training.timing import Timing

_POLICY_COUNTERS = (
    (NUM_AGENT_STEPS_SAMPLED, NUM_AGENT_STEPS_SAMPLED_LIFETIME),
    (NUM_MODULE_STEPS_SAMPLED, NUM_MODULE_STEPS_SAMPLED_LIFETIME),
)

STRETCH = 16
"""How many times as many steps of the games a fragment may take as it would with an agent in each row."""

FAULT_PATIENCE_S = 60.0
"""How long a remote runner with a fault waits for the trainer to end the run."""

_FAULTY_PAUSE_S = 0.2

logger = logging.getLogger(__name__)


class RunningGames:
    """The games of one runner, with what RLlib asks of an environment. Spaces are by policy.

    Args:
        games: which ones; started at once.

    Raises:
        GameError, SpacesError: as `PolicyFleet`.
    """

    def __init__(self, games: RunnerGames) -> None:
        self.number = games.runner_number
        self._episodes: dict[str, list[Episode]] = {}
        self._events: list[dict[str, Any]] = []
        self._on_status: Callable[[str], object] = logger.info
        self._on_warning: Callable[[str], None] = self._note_warning
        self.fleet: PolicyFleet = start_games(
            games,
            on_event=self._events.append,
            on_episode=self._add_episode,
            on_status=lambda message: self._on_status(message),
            on_warning=lambda message: self._on_warning(message),
        )
        groups = {group.policy: group for group in self.fleet.groups}
        self.observation_space = spaces.Dict(
            {name: group.observations.space for name, group in groups.items()}
        )
        self.action_space = spaces.Dict({name: group.actions.space for name, group in groups.items()})
        self.single_observation_space = self.observation_space
        self.single_action_space = self.action_space
        self.unwrapped = self
        self._observations: list[tuple[str, Kept]] = []
        self._told = (Timing(), dict.fromkeys(groups, 0), 0, 0.0)

    @property
    def num_envs(self) -> int:
        """Rows of all policies, with an agent or not."""
        return sum(len(group.rows) for group in self.fleet.groups)

    def _add_episode(self, policy: str, episode: Episode) -> None:
        self._episodes.setdefault(policy, []).append(episode)

    def _note_warning(self, message: str) -> None:
        self._events.append({"event": "warning", "runner": self.number, "message": message})

    def tell(self, on_status: Callable[[str], object], on_warning: Callable[[str], None]) -> None:
        """Has what goes on told to others in this process at once; else warnings wait for the next report.

        Args:
            on_status, on_warning: as `FleetCore` has them.
        """
        self._on_status, self._on_warning = on_status, on_warning

    def watch(self, with_memory: Collection[str]) -> None:
        """Has reports bring some of what agents see; see `FleetCore.watch_observations`."""
        self.fleet.watch_observations(
            lambda policy, piece: self._observations.append((policy, piece)), with_memory
        )

    def script_errors(self) -> ErrorCounts:
        """Errors of the games' scripts since the last call."""
        for _ in self.fleet.new_errors():
            pass  # they are in the games' own logs
        return self.fleet.script_errors()

    def report(self, sampler: FragmentSampler) -> GamesReport:
        """How the games did since the last report."""
        timing, steps = replace(self.fleet.timing), sampler.agent_steps
        decisions = sampler.steps * len(self.fleet.games)
        old_timing, old_steps, old_decisions, old_policy_s = self._told
        self._told = (timing, steps, decisions, sampler.policy_s)
        report = GamesReport(
            self.number,
            dict(self._episodes),
            {policy: steps[policy] - old_steps[policy] for policy in steps},
            decisions - old_decisions,
            timing - old_timing,
            sampler.policy_s - old_policy_s,
            tuple(self._events),
            tuple(self._observations),
            dict(self.fleet.waiting),
            self.script_errors(),
        )
        self._observations.clear()
        self._episodes.clear()
        self._events.clear()
        return report

    def close(self) -> None:
        """Ends the games."""
        self.fleet.close()


class GodotEnvRunner(MultiAgentEnvRunner):  # type: ignore[misc]
    """Samples fragments of all agents at once; set as `env_runner_cls` with the `env_config` of `RunnerGames`.

    RLlib's own runners handle each agent's step by itself, which takes longer than a game's step, and wait for
    the last agent of an environment when single episodes end. Here rows are steps of arrays, and episodes end
    and begin whenever they do. To RLlib each agent is an environment: its env steps are our agent steps, and there
    are none where a row has no agent.
    """

    env: RunningGames | None

    def make_env(self) -> None:
        """Starts the games, and ends those of before."""
        self.stop()
        config = {**self.config.env_config, "runner": self.worker_index or 0}
        self.env = RunningGames(RunnerGames.read(config))
        self.num_envs = self.env.num_envs
        self._sampler: FragmentSampler | None = None
        self._fault: StudioError | None = None

    def sample(
        self, *, num_timesteps: int | None = None, explore: bool | None = None, **_options: Any
    ) -> list[SingleAgentEpisode]:
        """What all agents did in the next fragment.

        Args:
            num_timesteps: agent steps of all rows together, at least; the default is the configured fragment, with
                an agent in each row that there was at the beginning. Rows without an agent do not count: it takes
                longer then, up to `STRETCH` times.
            explore: draw actions at random; the default is as configured.

        Returns:
            Parts of episodes, each with the `module_id` of its policy. None from a remote runner with a fault that
            it has told the trainer of.

        Raises:
            GameError, SpacesError, DivergedError: as `PolicyFleet`.
        """
        assert self.env is not None and self.module is not None
        if self._fault is not None:
            self._wait_with(self._fault)
            return self._nothing()
        explore = self.config.explore if explore is None else explore
        fragment = self.config.get_rollout_fragment_length(self.worker_index or 0)
        wanted = num_timesteps or fragment * self.config.num_envs_per_env_runner
        self.metrics.log_value(WEIGHTS_SEQ_NO, self._weights_seq_no, window=1)
        try:
            if self._sampler is None:
                self._sampler = FragmentSampler(self.env.fleet, self._actors())
                self.env.watch([name for name, module in self.module.items() if module.is_stateful()])
            before = self._sampler.agent_steps
            with self.metrics.log_time(SAMPLE_TIMER):
                episodes = self._sampler.collect(
                    wanted,
                    longest=STRETCH * math.ceil(wanted / self.env.num_envs),
                    explore=explore,
                    timestep=self.num_env_steps_sampled_lifetime,
                )
        except LASTING as fault:
            if not self.worker_index:
                raise
            tell(fault)
            self._fault, self._faulty_since = fault, time.monotonic()
            return self._nothing()
        self.num_envs = self.env.num_envs
        for policy, steps in self._sampler.agent_steps.items():
            self._count(policy, steps - before[policy])
        return episodes

    def _nothing(self) -> list[SingleAgentEpisode]:
        assert self.env is not None
        for group in self.env.fleet.groups:
            self._count(group.policy, 0)
        return []

    def _wait_with(self, fault: StudioError) -> None:
        """The trainer has been told. One that does not listen gets an error, some time later."""
        time.sleep(_FAULTY_PAUSE_S)
        if time.monotonic() - self._faulty_since > FAULT_PATIENCE_S:
            raise fault

    def _actors(self) -> dict[str, ModuleActor]:
        assert self.env is not None
        modules = dict(self.module.items())
        for group in self.env.fleet.groups:
            if group.policy not in modules:
                raise SpacesError(
                    f"A game of runner {self.env.number} has agents of the policy {group.policy}; the game that was "
                    f"looked at first had only {', '.join(modules)}.",
                    hint="Begin the scene with an agent of each policy, or name them in the agent_rows of RLSync.",
                )
        return {
            name: ModuleActor(module, keeps_extras=isinstance(module, ValueFunctionAPI))
            for name, module in modules.items()
        }

    def _count(self, policy: str, steps: int) -> None:
        self.num_env_steps_sampled_lifetime += steps * (self.num_workers or 1)
        self.metrics.log_value(NUM_ENV_STEPS_SAMPLED, steps, reduce="sum")
        self.metrics.log_value(NUM_ENV_STEPS_SAMPLED_LIFETIME, steps, reduce="lifetime_sum")
        for now, ever in _POLICY_COUNTERS:
            self.metrics.log_value((now, policy), steps, reduce="sum")
            self.metrics.log_value((ever, policy), steps, reduce="lifetime_sum")

    def get_metrics(self) -> Any:
        """RLlib's metrics, and the report of the games."""
        if self.env is not None and self._sampler is not None:
            report = self.env.report(self._sampler)
            self.metrics.log_value(REPORTS, report, reduce="item_series")
        return self.metrics.reduce()

    def stop(self) -> None:
        """Ends the games."""
        if self.env is not None:
            self.env.close()
