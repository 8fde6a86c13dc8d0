"""How the games of RLlib's runners do, on its way through RLlib's metrics to the trainer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rl_studio.godot import ErrorCounts
from rl_studio_training.episodes import Episode
from rl_studio_training.kept_observations import Kept
from rl_studio_training.timing import Timing

REPORTS = ("games", "reports")
"""Where the runners log their reports."""


@dataclass(frozen=True, slots=True)
class GamesReport:
    """How the games of one runner did since its last report.

    Args:
        runner: its number; 0 is the trainer itself.
        episodes: by policy, the episodes that ended, in order; for the trainer's own `EpisodeWindow`s.
        agent_steps: by policy, the steps that its agents took.
        env_steps: decisions of whole games: one per game and step.
        timing: the time spent on the games; `steps` are those of all agents.
        policy_s: seconds spent on choosing actions.
        events: what happened to games and what is odd about them ("warning"), in the form of docs/line-protocol.md,
            with the number of the runner.
        observations: some of what agents saw, with their policies.
        waiting: by policy, agents for which there is no row now.
        script_errors: that the games printed.
    """

    runner: int
    episodes: dict[str, list[Episode]]
    agent_steps: dict[str, int]
    env_steps: int
    timing: Timing
    policy_s: float
    events: tuple[dict[str, Any], ...]
    observations: tuple[tuple[str, Kept], ...] = ()
    waiting: dict[str, int] = field(default_factory=dict)
    script_errors: ErrorCounts = field(default_factory=ErrorCounts)


def games_reports(result: dict[str, Any]) -> list[GamesReport]:
    """The reports of all runners' games in what `Algorithm.train` returned, in no order; a runner may have none
    or several."""
    found: Any = result.get("env_runners", {})
    for key in REPORTS:
        found = found.get(key, {})
    if isinstance(found, GamesReport):  # RLlib unpacks a list of one
        return [found]
    return list(found)


def policy_of(agent_id: str) -> str:
    """The policy of an agent "<policy>__<slot>#<generation>"."""
    return agent_id.rpartition("__")[0]
