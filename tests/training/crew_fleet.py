"""A fleet without any game whose agents come, go, wait and share rows, for what learns from them.

Each moment of each agent has a number of its own, its tag, which is what the agent sees: so whatever reaches a learner
tells where it is from, and `CrewFleet.acts` tells what should be there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.fleet_batch import FleetBatch, FleetGroup
from rl_studio_training.spaces import ActionCodec, ObservationCodec, Observations, parse_actions
from rl_studio_training.timing import Timing

AGENTS, MOMENTS = 128, 32
"""The most agents that tags can tell apart, and the most that each may see."""
PLAIN = {"seen": {"space": "box", "size": [3]}}
TAGGED = {"seen": {"space": "box", "size": [3]}, "tag": {"space": "discrete", "size": AGENTS * MOMENTS}}
"""The tag stays as it is when observations are normalized."""
CHOICES = 4
TURN = {"turn": {"action_type": "discrete", "size": CHOICES}}
MOVE = {"move": {"action_type": "continuous", "size": 2}}


@dataclass(frozen=True)
class Act:
    """What an agent did, and what came of it.

    Args:
        action: as the game got it.
        next_tag: what it saw then; at an end the last observation of the episode.
        begins: it was the first of an episode.
        end: "" or "terminated" or "truncated".
    """

    action: NDArray[Any]
    reward: float
    next_tag: int
    begins: bool
    end: str


@dataclass
class Agent:
    """An agent of a game, and how long it stays.

    Args:
        lengths: of its episodes; it leaves with the last one.
    """

    number: int
    lengths: list[int]
    moment: int = 0
    age: int = 0

    @property
    def tag(self) -> int:
        return self.number * MOMENTS + self.moment


@dataclass
class Game:
    """One game: an agent or nobody in each row, and agents that wait for one."""

    rows: list[Agent | None]
    waiting: list[Agent] = field(default_factory=list)

    @property
    def present(self) -> list[bool]:
        return [agent is not None for agent in self.rows]


Births = Callable[[Game], Iterator[Agent]]
"""Who is born in a game after a step; agents without a free row wait."""


class CrewFleet:
    """Some games whose agents come and go; it stands in for a `GameFleet`.

    Args:
        crews: the agents of each game at first.
        rows: of each game at first.
        births: who comes later.
        reward: of an agent for an action.
        see: what an agent sees, in place of its tag; float32.
    """

    def __init__(
        self,
        crews: list[list[Agent]],
        rows: int,
        births: Births = lambda _game: iter(()),
        *,
        observations: dict[str, Any] = PLAIN,
        actions: dict[str, Any] = MOVE,
        sections: int = 1,
        masks: bool = False,
        reward: Callable[[Agent, NDArray[Any]], float] = lambda agent, _action: float(agent.tag % 7),
        see: Callable[[int], list[float]] | None = None,
    ) -> None:
        self.acts: dict[int, Act] = {}
        """Everything that agents did, by tag."""
        self.shared_answers = 0
        """How often an agent took the row of another in the answer in which that one left."""
        self.empty_rows = 0
        """The rows that were empty, summed up over all decisions."""
        self.timing = Timing()
        self.games = [SimpleNamespace(instance=number, render_mode=None) for number in range(len(crews))]
        self.sections = [[0, 1], [2]] if sections == 2 else [list(range(len(crews)))]
        self._games = [Game([*crew, *[None] * (rows - len(crew))]) for crew in crews]
        self._births = births
        self._reward = reward
        self._see = see or (lambda tag: [tag // MOMENTS / AGENTS, tag % MOMENTS / MOMENTS, 0.5])
        self._is_tagged = "tag" in observations
        self._actions: dict[int, NDArray[Any]] = {}
        self._codecs = (
            ObservationCodec(observations, lambda _row, _key: None),
            ActionCodec(parse_actions(actions)),
        )
        self._has_masks = masks
        self._lay_out()

    def _lay_out(self) -> None:
        count = len(self._games[0].rows)
        self.n_rows = count * len(self._games)
        self.rows = [slice(number * count, (number + 1) * count) for number in range(len(self._games))]
        self.section_rows = [slice(part[0] * count, (part[-1] + 1) * count) for part in self.sections]
        width = CHOICES if self._has_masks else 0
        self.groups = [FleetGroup("walker", *self._codecs, np.arange(self.n_rows), width, self._has_masks)]

    # --- who is there

    @property
    def present(self) -> list[NDArray[np.bool_]]:
        return [np.array([there for game in self._games for there in game.present])]

    @property
    def agents(self) -> dict[str, int]:
        return {"walker": sum(sum(game.present) for game in self._games)}

    @property
    def waiting(self) -> dict[str, int]:
        return {"walker": sum(len(game.waiting) for game in self._games)}

    def grow(self) -> list[NDArray[np.int64]] | None:
        more = max(len(game.waiting) - game.present.count(False) for game in self._games)
        if more <= 0:
            return None
        count = len(self._games[0].rows)
        old = np.arange(self.n_rows).reshape(-1, count)
        for game in self._games:
            game.rows += [None] * more
        self._lay_out()
        return [np.pad(old, ((0, 0), (0, more)), constant_values=-1).ravel()]

    # --- stepping

    def reset(self, _seed: int | None = None) -> FleetBatch:
        nobody = np.zeros(self.n_rows, np.bool_)
        zero = np.zeros(self.n_rows, np.float32)
        return self._answer(self._games, zero, nobody, nobody, [], acted=nobody)

    def send(self, section: int, actions: NDArray[Any]) -> None:
        rows = self.section_rows[section]
        assert len(actions) == rows.stop - rows.start
        self._actions[section] = actions.copy()

    def receive(self, section: int) -> FleetBatch:
        games = [self._games[number] for number in self.sections[section]]
        actions = self._actions.pop(section)
        count = len(actions)
        rewards, terminated, truncated = (np.zeros(count, kind) for kind in (np.float32, np.bool_, np.bool_))
        acted = np.array([there for game in games for there in game.present])
        last: list[int] = []
        for start, game in zip(range(0, count, len(games[0].rows)), games, strict=True):
            left = set()
            for row, agent in enumerate(game.rows):
                if agent is None:
                    self.empty_rows += 1
                    continue
                act = self._act(agent, actions[start + row])
                rewards[start + row] = act.reward
                terminated[start + row] = act.end == "terminated"
                truncated[start + row] = act.end == "truncated"
                last += [act.next_tag] if act.end else []
                if not agent.lengths:
                    game.rows[row] = None
                    left.add(row)
            game.waiting += self._births(game)
            for row in np.flatnonzero(np.logical_not(game.present)).tolist():
                if game.waiting:
                    game.rows[row] = game.waiting.pop(0)
                    self.shared_answers += row in left
            assert any(game.present), "a game waits for agents before it answers"
        return self._answer(games, rewards, terminated, truncated, last, acted=acted)

    def _act(self, agent: Agent, action: NDArray[Any]) -> Act:
        tag, begins = agent.tag, agent.age == 0
        reward = self._reward(agent, action)
        agent.age += 1
        agent.moment += 1
        end = ""
        next_tag = agent.tag
        if agent.age == agent.lengths[0]:
            end = "truncated" if agent.number % 2 else "terminated"
            del agent.lengths[0]
            agent.age = 0
            agent.moment += 1  # the first of the next episode is not the last of this one
        self.acts[tag] = Act(action, reward, next_tag, begins, end)
        return self.acts[tag]

    def _answer(
        self,
        games: list[Game],
        rewards: NDArray[np.float32],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        last: list[int],
        *,
        acted: NDArray[np.bool_],
    ) -> FleetBatch:
        tags = [0 if agent is None else agent.tag for game in games for agent in game.rows]
        present = np.array([there for game in games for there in game.present])
        return FleetBatch(
            self._observe(tags, present),
            rewards,
            terminated,
            truncated,
            terminated | truncated,
            self._observe(last, np.ones(len(last), np.bool_)) if last else None,
            np.stack([mask(tag) for tag in tags]) if self._has_masks else None,
            acted=None if acted.all() else acted,
            present=None if present.all() else present,
        )

    def _observe(self, tags: list[int], present: NDArray[np.bool_]) -> Observations:
        seen = np.array([self._see(tag) for tag in tags], np.float32)
        seen[~present] = 0.0
        return {"seen": seen, "tag": np.array(tags, np.int64)} if self._is_tagged else seen

    def close(self) -> None:
        pass


def mask(tag: int) -> NDArray[np.bool_]:
    """All choices but one, which depends on the moment; all where nobody is."""
    return np.arange(CHOICES) != tag % CHOICES if tag else np.ones(CHOICES, np.bool_)


def tags_of(observations: Any) -> NDArray[np.int64]:
    """The tags in observations as an algorithm has them."""
    if isinstance(observations, dict):
        return np.asarray(observations["tag"]).reshape(-1).astype(np.int64)
    seen = np.asarray(observations)
    return (
        (np.rint(seen[..., 0] * AGENTS) * MOMENTS + np.rint(seen[..., 1] * MOMENTS)).astype(np.int64).ravel()
    )


def random_crew(seed: int, *, rows: int = 2, **options: Any) -> CrewFleet:
    """Three games at whose agents nobody can count on: some stay for one episode of a step, some for many."""
    rng = np.random.default_rng(seed)
    numbers = itertools.count(1)

    def born() -> Agent:
        return Agent(next(numbers), rng.integers(1, 6, size=rng.integers(1, 5)).tolist())

    def births(game: Game) -> Iterator[Agent]:
        if not any(game.present) or rng.random() < 0.2:
            yield born()

    return CrewFleet([[born() for _ in range(count)] for count in (1, 2, 2)], rows, births, **options)
