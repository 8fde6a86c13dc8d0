"""Games for RLlib: what its runners, in whatever process, need to know to start theirs."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from gymnasium import spaces
from ray.tune.registry import register_env

from rl_studio.errors import closest
from rl_studio_training.crew import launcher
from rl_studio_training.errors import SpacesError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.launch import GameSettings
from rl_studio_training.rllib_vector_env import Autoreset, GodotVectorEnv, Masks

ENV_NAME = "rl_studio_games"
"""What `register` calls the environment."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerGames:
    """The `env_config`: which games each of RLlib's runners starts. All of it can be pickled.

        register()
        games = RunnerGames(settings=settings, log_folder=run.path)
        found = probe(settings, run.path / "probe.log")
        config.environment(ENV_NAME, env_config=games.env_config(), disable_env_checking=True)
        config.env_runners(
            env_runner_cls=GodotEnvRunner,
            gym_env_vectorize_mode="vector_entry_point",
            num_envs_per_env_runner=found.n_agents * games.games,
        )

    Args:
        settings: what to launch; ports are free ones, whatever the process.
        log_folder: each runner gets a folder in it, runner-<number>, for what its games print.
        games: of each runner.
        seed: the first game of runner r starts with seed + r · games. RLlib's own `seed` is that of resets.
        masks: see `GodotVectorEnv`.
        autoreset: see `GodotVectorEnv`; `GodotEnvRunner` sets it.
        runner: number of the runner; `GodotEnvRunner` sets it. RLlib's own runner tells nobody: it is the
            process id then.
    """

    settings: GameSettings
    log_folder: Path
    games: int = 1
    seed: int = 0
    masks: Masks = "info"
    autoreset: Autoreset = "next_step"
    runner: int | None = None

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
    """Starts the games of one runner. RLlib calls this.

    Args:
        env_config: of `RunnerGames`; RLlib adds `num_envs`.

    Raises:
        GameError: a game does not start.
        SpacesError: the agents cannot be trained together, or are not as many as RLlib was told.
    """
    config = dict(env_config)
    rows = config.pop("num_envs")
    games = RunnerGames.read(config)
    events: list[dict[str, Any]] = []
    env = GodotVectorEnv(
        start_fleet(games, events=events), autoreset=games.autoreset, masks=games.masks, events=events
    )
    if env.num_envs != rows:
        env.close()
        raise SpacesError(
            f"num_envs_per_env_runner is {rows}, but {games.games} games have {env.num_envs} agents.",
            hint="Set it to the agents that probe() finds, times the number of games.",
        )
    return env


def start_fleet(
    games: RunnerGames, *, count: int | None = None, events: list[dict[str, Any]] | None = None
) -> GameFleet:
    """Starts the games of one runner.

    Args:
        count: another number of games.
        events: gets what happens to the games, in the form of docs/line-protocol.md.

    Raises:
        GameError, SpacesError: as `GameFleet`.
    """
    runner = os.getpid() if games.runner is None else games.runner
    folder = Path(games.log_folder) / f"runner-{runner}"

    def note(kind: str, **fields: Any) -> None:
        if events is not None:
            events.append({"event": kind, "runner": runner, **fields})

    return GameFleet(
        launcher(games.settings, folder, on_warning=logger.warning),
        count or games.games,
        seed=games.seed + runner * games.games,
        on_status=logger.info,
        on_warning=logger.warning,
        on_event=note,
        keeps_core=False,
    )


@dataclass(frozen=True, slots=True)
class Probe:
    """What one game said of itself.

    Args:
        n_agents: of one game; a runner has this many rows for each of its games.
        observation_space, action_space: of one agent.
        has_masks: whether agents say which discrete choices are allowed.
    """

    n_agents: int
    observation_space: spaces.Space[Any]
    action_space: spaces.Space[Any]
    has_masks: bool


def probe(games: RunnerGames) -> Probe:
    """Starts a single game to learn about its agents, and ends it. Takes about a second.

    Raises:
        GameError: it does not start.
        SpacesError: its agents cannot be trained together.
    """
    env = GodotVectorEnv(start_fleet(games, count=1), masks=games.masks)
    try:
        return Probe(
            env.num_envs,
            env.single_observation_space,
            env.single_action_space,
            env.fleet.games[0].groups[0].has_masks,
        )
    finally:
        env.close()
