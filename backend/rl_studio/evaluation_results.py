"""What an evaluation counts: single episodes, and how each policy did over its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any


@dataclass(frozen=True, slots=True)
class Episode:
    """One finished episode.

    Attributes:
        agent: path of the agent in the scene.
        policy: its policy name.
        reward: sum of its rewards.
        length: its decisions.
        truncated: whether a limit ended it rather than the game.
        is_success: what the game logged as `is_success`, None if it logged none.
        metrics: all other values the game logged in it.
        is_cut: whether it had no end, and was cut at the longest length that was allowed.
    """

    agent: str
    policy: str
    reward: float
    length: int
    truncated: bool
    is_success: bool | None
    metrics: dict[str, float]
    is_cut: bool = False

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Episode:
        """That of a line of the game."""
        outcome = data.get("is_success")
        return cls(
            agent=str(data["agent"]),
            policy=str(data["policy"]),
            reward=float(data["reward"]),
            length=int(data["length"]),
            truncated=bool(data["truncated"]),
            is_success=None if outcome is None else bool(outcome),
            metrics={
                str(name): float(value)
                for name, value in data.get("metrics", {}).items()
                if name != "is_success"
            },
            is_cut=bool(data.get("cut")),
        )


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """How the agents of one policy did. Rewards are sums per episode, lengths are decisions.

    Attributes:
        played_by: the policy's file, or "random".
        success_rate: share of all its episodes that were won; None if none of them logged `is_success`.
        cut: episodes that had no end.
        metrics: of each value the game logged, the mean over the episodes that have it.
    """

    played_by: str
    episodes: int
    reward_mean: float
    reward_min: float
    reward_max: float
    length_mean: float
    success_rate: float | None
    cut: int
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome.

    Attributes:
        scene: where it was played; empty for the main scene.
        action_repeat: physics ticks of a decision; None if the game does not say.
        policies: by name, those that were counted; at least one.
        sampled: whether policies drew their actions as in training, in place of the best ones.
        warnings: what was odd, each once.
    """

    scene: str
    action_repeat: int | None
    policies: dict[str, PolicyResult]
    sampled: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def sole(self) -> PolicyResult | None:
        """The only policy there is; None if there are several: what these did is no common result."""
        return next(iter(self.policies.values())) if len(self.policies) == 1 else None

    @property
    def episodes(self) -> int:
        """Of all policies."""
        return sum(result.episodes for result in self.policies.values())

    @property
    def success_rate(self) -> float | None:
        """That of the only policy."""
        return None if self.sole is None else self.sole.success_rate

    @property
    def reward_mean(self) -> float | None:
        """That of the only policy."""
        return None if self.sole is None else self.sole.reward_mean

    def to_json(self) -> dict[str, Any]:
        """As JSON data: the figures of the only policy stand at the top as well, else null stands there."""
        sole = self.sole
        figures = ("reward_mean", "reward_min", "reward_max", "length_mean", "success_rate", "metrics")
        return {
            "policy": None if sole is None else sole.played_by,
            "scene": self.scene,
            "action_repeat": self.action_repeat,
            "sampled": self.sampled,
            "episodes": self.episodes,
            **{name: None if sole is None else getattr(sole, name) for name in figures},
            "policies": {name: asdict(result) for name, result in self.policies.items()},
            "warnings": list(self.warnings),
        }


def summarise(episodes: Sequence[Episode], played_by: Mapping[str, str] | str) -> dict[str, PolicyResult]:
    """How each policy did, in the order of their names.

    Args:
        played_by: the file of each policy, or the one for all.
    """
    names = sorted({episode.policy for episode in episodes})
    return {
        name: _summarise(
            [episode for episode in episodes if episode.policy == name],
            played_by if isinstance(played_by, str) else played_by.get(name, ""),
        )
        for name in names
    }


def _summarise(episodes: Sequence[Episode], played_by: str) -> PolicyResult:
    rewards = [episode.reward for episode in episodes]
    metrics = sorted({name for episode in episodes for name in episode.metrics})
    return PolicyResult(
        played_by=played_by,
        episodes=len(episodes),
        reward_mean=fmean(rewards),
        reward_min=min(rewards),
        reward_max=max(rewards),
        length_mean=fmean(episode.length for episode in episodes),
        success_rate=_success_rate(episodes),
        cut=sum(episode.is_cut for episode in episodes),
        metrics={name: fmean(e.metrics[name] for e in episodes if name in e.metrics) for name in metrics},
    )


def _success_rate(episodes: Sequence[Episode]) -> float | None:
    """An episode that logs no success was none, as soon as one of them logs it: games may log their wins only."""
    if all(episode.is_success is None for episode in episodes):
        return None
    return fmean(bool(episode.is_success) for episode in episodes)
