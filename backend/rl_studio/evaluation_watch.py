"""Reads what an evaluating game prints, and knows at any moment how far it is and what it waits for."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rl_studio.errors import StudioError
from rl_studio.evaluation_results import Episode
from rl_studio.godot import ErrorCounts, ErrorReader, PrintedError
from rl_studio.words import counted

LONG_EPISODE = 0.1
"""Share of the longest allowed episode from which on the agent that is in it is named."""

HOW_TO_END = "Set max_episode_steps on the RLAgent, or call end_episode() in the game"
"""What to do about episodes without end."""

_MARK = "@"
_LAST_LINES = 15
_NAMED_AGENTS = 3


class EvaluationError(StudioError):
    """The game did not play all episodes."""

    code = "evaluation"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an evaluation is.

    Attributes:
        ended: by policy, the episodes that have ended.
        wanted: by policy, the episodes to play; empty as long as the game has not said which policies it has.
        total: episodes to play of each policy.
        decisions: of all agents together; None if the game does not say.
        seconds: since the game was started.
        agent, agent_decisions: who is in the longest episode, and how long that is already; "" if nobody is.
        max_decisions: at which length that is cut.
        status: what the game waits for; "" if for nothing.
        is_playing: whether the game has said anything yet.
    """

    ended: dict[str, int]
    wanted: dict[str, int]
    total: int
    decisions: int | None
    seconds: float
    agent: str
    agent_decisions: int
    max_decisions: int
    status: str
    is_playing: bool

    def __str__(self) -> str:
        """The standing in one line for people."""
        if not self.is_playing:
            return f"Starting the game, {self.seconds:.0f} s"
        parts = [self.counts()]
        if self.decisions is not None:
            parts.append(counted(self.decisions, "decision"))
        parts.append(f"{self.seconds:.0f} s")
        text = ", ".join(parts)
        if self.status:
            return f"{text}. {self.status}"
        return f"{text}. {self.longest()}" if self._is_long else text

    def counts(self) -> str:
        """The episodes, such as "evader 3 of 100, pursuer 40 of 100 episodes"."""
        wanted = self.wanted or dict.fromkeys(self.ended, self.total) or {"": self.total}
        told = [f"{name} {self.ended.get(name, 0)} of {count}".strip() for name, count in wanted.items()]
        return f"{', '.join(told)} {'episode' if set(wanted.values()) == {1} else 'episodes'}"

    def longest(self) -> str:
        """A sentence about the longest episode; "" if none is known."""
        if not self.agent:
            return ""
        return f"{self.agent} is at decision {self.agent_decisions} of its episode."

    @property
    def _is_long(self) -> bool:
        return self.agent_decisions >= LONG_EPISODE * self.max_decisions


@dataclass(slots=True)
class EvaluationWatch:
    """Takes the lines of one game.

    Args:
        total: episodes to play of each policy.
        max_decisions: at which length an episode is cut.
        on_warning: called with a sentence about something odd, once each.
        how_to_end: what to do about episodes without end; no full stop.
        clock: gives seconds.
    """

    total: int
    max_decisions: int
    on_warning: Callable[[str], object] = lambda _message: None
    how_to_end: str = HOW_TO_END
    clock: Callable[[], float] = time.monotonic
    episodes: list[Episode] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    words: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    """The last lines that are for people."""
    wanted: dict[str, int] = field(default_factory=dict)
    action_repeat: int | None = None
    is_complete: bool = False
    _began: float = 0.0
    _decisions: int | None = None
    _agent: str = ""
    _agent_decisions: int = 0
    _status: str = ""
    _is_playing: bool = False
    _cut: Counter[str] = field(default_factory=Counter)
    _reader: ErrorReader = field(default_factory=ErrorReader)
    _errors: ErrorCounts = field(default_factory=ErrorCounts)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def take(self, line: str) -> None:
        """Takes in one line.

        Raises:
            EvaluationError: the game says that it cannot be evaluated.
        """
        word, _, rest = line.partition(" ")
        handler = _HANDLERS.get(word) if word.startswith(_MARK) else None
        data = _parse(rest) if handler is not None else None
        if handler is not None and data is not None:
            try:
                handler(self, data)
            except (KeyError, TypeError, ValueError):
                pass  # not a line of ours after all
            else:
                self._is_playing = True
                return
        if line.strip():
            self.words.append(line)
        self._note_error(self._reader.take(line))

    def standing(self) -> Standing:
        """How far it is now."""
        return Standing(
            ended=dict(Counter(episode.policy for episode in self.episodes)),
            wanted=dict(self.wanted),
            total=self.total,
            decisions=self._decisions,
            seconds=self.clock() - self._began,
            agent=self._agent,
            agent_decisions=self._agent_decisions,
            max_decisions=self.max_decisions,
            status=self._status,
            is_playing=self._is_playing,
        )

    @property
    def has_of_each(self) -> bool:
        """Whether an episode of each policy has ended."""
        ended = {episode.policy for episode in self.episodes}
        return bool(ended) and ended >= self.wanted.keys()

    def missing(self) -> bool:
        """Whether fewer episodes than wanted have ended, of any policy."""
        ended = Counter(episode.policy for episode in self.episodes)
        if self.wanted:
            return any(ended[name] < count for name, count in self.wanted.items())
        return len(self.episodes) < self.total

    def warn(self, message: str) -> None:
        """Keeps a warning and passes it on, the first time only."""
        if message not in self.warnings:
            self.warnings.append(message)
            self.on_warning(message)

    def tell_script_errors(self) -> None:
        """Warns of the errors of the game's scripts, equal ones together."""
        self._note_error(self._reader.end())
        for error, count in self._errors:
            self.warn(error.warning() + (f" ({count} times)" if count > 1 else ""))

    def _note_error(self, error: PrintedError | None) -> None:
        if error is not None:
            self._errors.add(error)

    def name_endless(self) -> None:
        """Warns of the agents whose episodes had no end."""
        if not self._cut:
            return
        agents = [agent for agent, _ in self._cut.most_common()]
        named = ", ".join(agents[:_NAMED_AGENTS])
        others = (
            f" and {counted(len(agents) - _NAMED_AGENTS, 'other')}" if len(agents) > _NAMED_AGENTS else ""
        )
        self.warn(
            f"{self._cut.total()} of {counted(len(self.episodes), 'episode')} did not end within "
            f"{counted(self.max_decisions, 'decision')} "
            f"and were cut: of {named}{others}. {self.how_to_end}; --max-decisions allows longer episodes."
        )

    # --- lines of the game

    def _play(self, data: dict[str, Any]) -> None:
        policies = data.get("policies")
        if isinstance(policies, dict):
            self.wanted = {str(name): int(told["episodes"]) for name, told in policies.items()}
        repeat = data.get("action_repeat")
        self.action_repeat = None if repeat is None else int(repeat)

    def _progress(self, data: dict[str, Any]) -> None:
        self._decisions = int(data["decisions"])
        self._agent = str(data.get("agent") or "")
        self._agent_decisions = int(data.get("agent_decisions") or 0)
        self._status = ""

    def _episode(self, data: dict[str, Any]) -> None:
        episode = Episode.read(data)
        self.episodes.append(episode)
        if episode.agent == self._agent:
            self._agent, self._agent_decisions = "", 0
        if episode.is_cut:
            self._cut[episode.agent] += 1

    def _end(self, _data: dict[str, Any]) -> None:
        self.is_complete = True

    def _say(self, data: dict[str, Any]) -> None:
        self._status = str(data.get("message") or "")

    def _warning(self, data: dict[str, Any]) -> None:
        self.warn(str(data.get("message")))

    def _error(self, data: dict[str, Any]) -> None:
        hint = data.get("hint")
        raise EvaluationError(str(data.get("message")), hint=None if hint is None else str(hint))


_HANDLERS: dict[str, Callable[[EvaluationWatch, dict[str, Any]], None]] = {
    "@PLAY": EvaluationWatch._play,
    "@PROGRESS": EvaluationWatch._progress,
    "@EPISODE": EvaluationWatch._episode,
    "@EVALUATION": EvaluationWatch._end,
    "@STATUS": EvaluationWatch._say,
    "@WARNING": EvaluationWatch._warning,
    "@ERROR": EvaluationWatch._error,
}


def _parse(text: str) -> dict[str, Any] | None:
    """The JSON object of a line; None if it is none, as in a line of the game's own that looks like one of ours."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
