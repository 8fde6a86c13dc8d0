"""What others may know about a run: plain data, as the CLI prints it and the backend sends it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

StateName = Literal["starting", "running", "stopping", "finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run failed."""

    message: str
    """What happened, one sentence."""
    hint: str | None
    """What to do about it."""
    log_tail: list[str]
    """The last lines of the log, at most 20."""


@dataclass(frozen=True, slots=True)
class GameRestart:
    """A game of a run died and was started again."""

    instance: int
    """Number of the game, from 0."""
    attempt: int
    """How many restarts the run has had with this one."""
    limit: int | None
    """How many it may have; null if the trainer did not say."""
    reason: str
    """Why: game_crashed, game_timeout, game_protocol, game, or a word of the trainer's own."""
    summary: str
    """What happened, one sentence."""
    message: str
    """What happened, with the last lines of the game; may be empty."""


@dataclass(frozen=True, slots=True)
class CheckpointOrigin:
    """The checkpoint that a run began with."""

    run: str
    """Id of the run that made it, which may be gone."""
    checkpoint: str
    """Name of its folder."""


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """How the agents of one policy do."""

    reward_mean: float | None
    """Mean reward of its last episodes."""
    success_rate: float | None
    """Share of successful episodes among them, 0 to 1; null if none ever told."""
    episodes: int
    """Episodes finished."""


@dataclass(frozen=True, slots=True)
class RunWarning:
    """Something odd that a run went on with."""

    message: str
    """What, and what to do about it."""
    count: int
    """How often it was told."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run at one moment."""

    id: str
    """Name of the run's folder; unique in the project."""
    experiment: str
    """The experiment it was started from."""
    trainer: str
    """Name of the trainer."""
    scene: str
    """The scene it trains in, a res:// or uid:// path."""
    state: StateName
    """`finished`, `stopped` and `failed` are final."""
    reason: str | None
    """Why it ended. Finished: timesteps, time_limit, iterations, episodes, reward, success_rate, plateau or
    stop_file; stopped: interrupted or killed; failed: error, killed, crashed, not_started, or unreadable: what its
    run.json says makes no sense. `message` says it in a sentence."""
    exit_code: int | None
    """Exit code of the trainer, -N for signal N; null while it runs, or if nobody was there to see it."""
    started: float
    """When it was started, Unix time in seconds."""
    ended: float | None
    """When it reached its final state, Unix time in seconds."""
    duration_s: float
    """Seconds from start to end, or until now."""
    timesteps: int
    """Agent steps done."""
    timesteps_target: int
    """Agent steps to do; 0 if the trainer did not say."""
    episodes: int
    """Episodes finished."""
    episode_reward_mean: float | None
    """Mean reward of the last episodes; null if several policies learn and none of them is named to be judged by."""
    success_rate: float | None
    """Share of successful episodes among the last ones, 0 to 1; null likewise, and if no episode ever told."""
    policies: dict[str, PolicyResult]
    """By policy, how its agents do."""
    iteration: int
    """Training iterations done."""
    timesteps_per_second: float | None
    """Speed of the last iteration."""
    checkpoints: int
    """Checkpoints in the run's folder."""
    last_seq: int
    """Number of the last sample; samples count from 1."""
    message: str | None
    """The last status the trainer reported."""
    restarts: int
    """How often a game of this run died and was started again."""
    last_restart: GameRestart | None
    """The last time one was."""
    error: RunFailure | None
    """Set if the state is `failed`."""
    warnings: list[RunWarning]
    """What was odd, in the order in which it came up, each once."""
    action_repeat: int | None
    """Physics ticks that a decision lasts, as the game says; null if it does not."""
    resumed_from: CheckpointOrigin | None
    """The checkpoint it goes on from."""
    initialised_from: CheckpointOrigin | None
    """The checkpoint whose policies it began with."""

    @property
    def is_final(self) -> bool:
        return self.state in ("finished", "stopped", "failed")

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON-compatible data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class CheckpointResult:
    """How one policy of a checkpoint did."""

    reward_mean: float | None
    """Mean reward of its last episodes at that point."""
    success_rate: float | None
    """Success rate of its last episodes at that point, 0 to 1."""
    evaluation_reward: float | None
    """Its mean reward in the evaluation at this checkpoint; null if there was none."""


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """A complete checkpoint in a run's folder."""

    name: str
    """Name of its folder."""
    timesteps: int
    """Agent steps at which it was made."""
    created: str
    """When it was made, ISO 8601 UTC."""
    reason: str
    """periodic, best, final, interrupted or error."""
    episode_reward_mean: float | None
    """Mean reward of the last episodes at that point; null if several policies learn and none is named."""
    success_rate: float | None
    """Success rate of the last episodes at that point, 0 to 1; null likewise."""
    policies: list[str]
    """Names of the policies in it."""
    best: bool
    """Whether it is the best of its run: by evaluation, or without evaluations by the mean reward of training. Never
    set if several policies are judged, each for itself."""
    evaluation_reward: float | None
    """Mean reward of the evaluation at this checkpoint; null if there was none, or as for `episode_reward_mean`."""
    best_of: list[str]
    """Policies for which it is the best one, where several are judged, each for itself."""
    results: dict[str, CheckpointResult]
    """By policy, how it did; empty in checkpoints of older versions."""


@dataclass(frozen=True, slots=True)
class SamplePage:
    """Some samples of a run in order."""

    samples: list[dict[str, Any]]
    """Each has `seq` and the fields of the line protocol's @METRIC."""
    last_seq: int
    """`seq` of the last one here; what was asked after if there are none."""
    more: bool
    """Whether there are samples after these."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """A piece of a run's log. Positions are bytes; bytes that are not UTF-8 show as U+FFFD."""

    start: int
    """Position of the first byte here."""
    end: int
    """Position after the last byte here; ask from there to go on."""
    size: int
    """Size of the whole log."""
    text: str
    """The piece."""
