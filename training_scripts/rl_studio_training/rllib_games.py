"""Games for RLlib: what its runners, in whatever process, need to know to start theirs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from gymnasium import spaces
from ray.tune.registry import register_env

from rl_studio.errors import closest
from rl_studio_training.crew import Launch, launcher
from rl_studio_training.episodes import Episode
from rl_studio_training.errors import SpacesError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.launch import GameSettings
from rl_studio_training.messages import StudioInfo
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.rllib_vector_env import GodotVectorEnv, Masks

ENV_NAME = "rl_studio_games"
"""What `register` calls the environment."""

TRAINER = 0
"""The number of the runner in the trainer's own process: it has games if there is no other runner."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerGames:
    """The `env_config`: which games each of RLlib's runners starts. All of it can be pickled.

        games = RunnerGames(settings=settings, log_folder=run.path)
        config = build_config(RLlibConfig(), games, probe(games))  # rllib_config

    Args:
        settings: what to launch; ports are free ones, whatever the process.
        log_folder: each runner gets a folder in it, runner-<number>, for what its games print.
        games: of each runner.
        seed: the first game of runner r starts with seed + r · games.
        shared: all agents follow one policy, whatever their policy_name.
        masks: see `GodotVectorEnv`; only for RLlib's own runner.
        runner: number of the runner; `GodotEnvRunner` sets it. RLlib's own runner tells nobody: it is the
            process id then.
    """

    settings: GameSettings
    log_folder: Path
    games: int = 1
    seed: int = 0
    shared: bool = False
    masks: Masks = "info"
    runner: int | None = None

    @property
    def runner_number(self) -> int:
        """The number, or what stands for it."""
        return os.getpid() if self.runner is None else self.runner

    def env_config(self) -> dict[str, Any]:
        """What `AlgorithmConfig.environment` wants."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def read(cls, env_config: Mapping[str, Any]) -> Self:
        """The opposite of `env_config`.

        Raises:
            SpacesError: there is an unknown key.
        """
        known = [field.name for field in fields(cls)]
        for key in env_config:
            if key not in known:
                near = closest(key, known)
                raise SpacesError(
                    f"env_config has no {key!r}.",
                    hint=f"Did you mean {near!r}?" if near else f"It has {', '.join(known)}.",
                )
        return cls(**env_config)


def register() -> None:
    """Makes `ENV_NAME` known to RLlib, in all its processes. Call it after `ray.init`."""
    register_env(ENV_NAME, make_env)


def make_env(env_config: Mapping[str, Any]) -> GodotVectorEnv:
    """Starts the games of one of RLlib's own runners, for a single policy. RLlib calls this.

    Args:
        env_config: of `RunnerGames`; RLlib adds `num_envs`.

    Raises:
        GameError: a game does not start.
        SpacesError: the agents cannot be trained together, or are not as many as RLlib was told.
    """
    config = dict(env_config)
    rows = config.pop("num_envs")
    games = RunnerGames.read(config)
    launch, count = _launch(games, logger.warning)
    fleet = GameFleet(
        launch,
        count,
        seed=_seed(games),
        keeps_core=False,
        on_status=logger.info,
        on_warning=logger.warning,
    )
    env = GodotVectorEnv(fleet, masks=games.masks)
    if env.num_envs != rows:
        env.close()
        raise SpacesError(
            f"num_envs_per_env_runner is {rows}, but there is room for {env.num_envs} in its games.",
            hint="Set it to the n_rows that probe() finds, times the number of games.",
        )
    return env


def start_games(
    games: RunnerGames,
    *,
    count: int | None = None,
    on_event: Callable[[dict[str, Any]], object] = lambda _event: None,
    on_episode: Callable[[str, Episode], object] = lambda _policy, _episode: None,
    on_status: Callable[[str], object] = logger.info,
    on_warning: Callable[[str], None] = logger.warning,
) -> PolicyFleet:
    """Starts the games of one runner.

    Args:
        count: another number of games.
        on_event: called with what happens to the games, in the form of docs/line-protocol.md.
        on_episode, on_status, on_warning: as `FleetCore` has them.

    Raises:
        GameError, SpacesError: as `PolicyFleet`.
    """

    def note(kind: str, **told: Any) -> None:
        on_event({"event": kind, "runner": games.runner_number, **told})

    launch, known = _launch(games, on_warning)
    return PolicyFleet(
        launch,
        count or known,
        shared=games.shared,
        seed=_seed(games),
        on_event=note,
        on_episode=on_episode,
        keeps_core=games.runner == TRAINER,
        on_status=on_status,
        on_warning=on_warning,
    )


def _launch(games: RunnerGames, on_warning: Callable[[str], None]) -> tuple[Launch, int]:
    folder = Path(games.log_folder) / f"runner-{games.runner_number}"
    return launcher(games.settings, folder, on_warning=on_warning), games.games


def _seed(games: RunnerGames) -> int:
    return games.seed + games.runner_number * games.games


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What a policy has to do with.

    Args:
        n_agents: that follow it in one game when that begins.
        n_rows: the places that there are for them in one game at first; more where agents are to come.
        observation_space, action_space: of one agent, as the algorithm sees them.
        wire_observations, wire_actions: the same as the game describes them, for checkpoints and exports.
        has_masks: whether its agents say which discrete choices are allowed.
    """

    n_agents: int
    n_rows: int
    observation_space: spaces.Space[Any]
    action_space: spaces.Space[Any]
    wire_observations: dict[str, Any]
    wire_actions: dict[str, Any]
    has_masks: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """What one game said of itself.

    Args:
        policies: by name, in the order of their first agent. In all that RLlib returns they have these names.
        studio: what it said of its addon; None if it has another plugin.
    """

    policies: dict[str, PolicyFacts]
    studio: StudioInfo | None = None

    @property
    def n_agents(self) -> int:
        """Of one game when that begins."""
        return sum(policy.n_agents for policy in self.policies.values())

    @property
    def n_rows(self) -> int:
        """Of one game at first."""
        return sum(policy.n_rows for policy in self.policies.values())


def probe(games: RunnerGames, on_status: Callable[[str], object] = logger.info) -> Probe:
    """Starts a single game to learn about its agents, and ends it. Takes about a second.

    Args:
        on_status: called with a sentence about what the game waits for, or how it has to be started.

    Raises:
        GameError: it does not start.
        SpacesError: its agents cannot be trained together.
    """
    fleet = start_games(games, count=1, on_status=on_status)
    try:
        return facts_of(fleet)
    finally:
        fleet.close()


def facts_of(fleet: PolicyFleet) -> Probe:
    """What the games of a fleet said of themselves; of each policy, the first one that has most agents of it."""
    found: dict[str, PolicyFacts] = {}
    for policy in range(len(fleet.groups)):
        found[fleet.groups[policy].policy] = max(
            (_facts(fleet, number, policy) for number in range(len(fleet.games))),
            key=lambda facts: facts.n_agents,
        )
    return Probe(found, fleet.games[0].env_info.studio)


def _facts(fleet: PolicyFleet, number: int, policy: int) -> PolicyFacts:
    """What one game said of a policy."""
    game, share, group = fleet.games[number], fleet.layout.shares[number][policy], fleet.groups[policy]
    own = [game.groups[wire] for wire in share.groups]
    first = next(int(wire.agents[0]) for wire in own if wire.count)
    return PolicyFacts(
        sum(game.seats.agents(wire.policy) for wire in own),
        sum(share.counts),
        group.observations.space,
        group.actions.space,
        game.env_info.observation_spaces[first],
        game.env_info.action_spaces[first],
        group.has_masks,
    )
