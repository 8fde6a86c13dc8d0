"""From a checked configuration to an algorithm whose games run: as much as possible side by side."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from ray.rllib.algorithms import Algorithm

from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training.cores import available_cores
from rl_studio_training.errors import Interrupted
from rl_studio_training.launch import GameSettings
from rl_studio_training.patience import BrokenOff, breakable
from rl_studio_training.reporter import Reporter
from rl_studio_training.rllib_config import build_config
from rl_studio_training.rllib_games import Probe, RunnerGames, probe
from rl_studio_training.rllib_runners import root_cause
from rl_studio_training.rllib_session import ray_session
from rl_studio_training.stopping import StopSwitch

PATIENCE_S = 0.5
"""How long a stop waits for something that starts."""

Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True, slots=True)
class Started:
    """An algorithm that is ready to train.

    Args:
        games: of each runner.
        found: what a game said of its agents.
        n_games: of all runners.
    """

    algorithm: Algorithm
    games: RunnerGames
    found: Probe
    n_games: int


@contextlib.contextmanager
def start(
    config: RLlibConfig, settings: GameSettings, log_folder: Path, reporter: Reporter, switch: StopSwitch
) -> Iterator[Started]:
    """Starts Ray, looks at a game, builds the algorithm; ends all of it on leaving.

    Raises:
        StudioError: a game does not start, or its agents cannot be trained this way.
        ClusterError: the Ray cluster cannot be joined.
        Interrupted: the user asked to stop meanwhile.
    """
    _be_quiet()
    games = runner_games(config, settings, log_folder)
    probing = _Background(lambda: probe(dataclasses.replace(games, runner=0), reporter.status))
    reporter.status("Starting Ray" if not config.ray_address else f"Joining Ray at {config.ray_address}")
    cores = config.num_cpus or max(available_cores(), config.num_env_runners + 1)
    with contextlib.ExitStack() as stack:
        with _impatient(switch):
            stack.enter_context(ray_session(cores, config.ray_address))
            switch.install()  # Ray has taken over SIGTERM
            found = probing.result()
            n_games = games.games * max(1, config.num_env_runners)
            reporter.status(f"Starting {n_games} game{'s' if n_games > 1 else ''}")
            algorithm = _build(config, games, found)
        stack.callback(_stop, algorithm)
        yield Started(algorithm, games, found, n_games)


def runner_games(config: RLlibConfig, settings: GameSettings, log_folder: Path) -> RunnerGames:
    """The games of each runner. "auto" leaves the trainer a core; a runner gets one game, as it has one core."""
    chosen = config.n_envs
    automatic = 1 if config.num_env_runners else max(1, available_cores() - 1)
    count = automatic if chosen == "auto" else chosen
    return RunnerGames(
        settings=settings,
        log_folder=log_folder,
        games=count,
        seed=config.seed,
        shared=config.policy_mapping == "shared",
    )


def _build(config: RLlibConfig, games: RunnerGames, found: Probe) -> Algorithm:
    try:
        return build_config(config, games, found).build_algo()
    except Exception as error:
        cause = root_cause(error)
        if cause is error:
            raise
        raise cause from error


def _stop(algorithm: Algorithm) -> None:
    # RLlib would ask its runners to stop, and wait for one whose game hangs. Games end with their runner.
    algorithm.env_runner_group._worker_manager.clear()
    algorithm.stop()


@contextlib.contextmanager
def _impatient(switch: StopSwitch) -> Iterator[None]:
    """A stop does not wait for what goes on in the block."""
    switch.check()
    try:
        with breakable(lambda: switch.requested, PATIENCE_S):
            yield
    except BrokenOff:
        raise Interrupted from None
    switch.check()


class _Background(Generic[Result]):
    """Calls a function in a thread of its own that ends with the program, done or not."""

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self._result: list[Result] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result.append(self._function())
        except Exception as error:  # raised again in `result`
            self._error = error

    def result(self) -> Result:
        """Waits; returns what the function returned or raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result[0]


def _be_quiet() -> None:
    """RLlib warns of its own ways at every start; what goes wrong it raises."""
    for name in ("ray", "ray.rllib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(ray|gymnasium)\.")
