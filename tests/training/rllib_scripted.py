"""A fleet without games in which agents come, go and follow each other as written down, and which notes all they do."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_studio_training.fleet_batch import FleetBatch

SEEN = spaces.Box(0.0, 1.0, (5,))
MOVE = spaces.Box(-1.0, 1.0, (2,))

Script = Mapping[str, Sequence[Sequence[str]]]
"""Policy → a list for each game → what happens in each row, step by step: a letter is the agent who acts, a capital
one ends its episode (A to M are terminated, N to Z truncated), "." is nobody, and "~" that there is no such row yet."""

Tag = tuple[float, ...]
"""An observation: policy, agent, episode of that agent, step of the games, and 1 if it is the last of the episode."""


@dataclass(frozen=True, slots=True)
class Did:
    """A step of an agent."""

    seen: Tag
    action: tuple[float, ...]
    reward: float
    then: Tag
    terminated: bool
    truncated: bool


class ScriptedFleet:
    """Plays a script. Growth comes when a row is there that was not; one of a fragment's steps must be its first.

    Args:
        script: what happens; rows that come later are "." at their first step.
        sections: the games that are stepped together.
        space: what agents do.
    """

    def __init__(self, script: Script, sections: list[list[int]], space: spaces.Space[Any] = MOVE) -> None:
        self.script = script
        self.sections = sections
        self.did: list[Did] = []
        """All that agents did."""
        self.waiting: dict[str, int] = {}
        self._space = space
        self._time = [0] * len(sections)
        self._actions: dict[int, list[NDArray[Any]]] = {}
        self._rows = [self._rows_at(policy, 0) for policy in script]
        """By policy, the game and the number of each row that is there."""

    @property
    def groups(self) -> list[Any]:
        return [
            SimpleNamespace(
                policy=policy, rows=np.arange(len(rows)), actions=SimpleNamespace(space=self._space)
            )
            for policy, rows in zip(self.script, self._rows, strict=True)
        ]

    @property
    def games(self) -> list[int]:
        return [game for section in self.sections for game in section]

    @property
    def section_rows(self) -> list[list[slice]]:
        found = []
        for rows in self._rows:
            ends = np.cumsum([sum(game in section for game, _ in rows) for section in self.sections]).tolist()
            found.append([slice(start, end) for start, end in zip([0, *ends], ends, strict=False)])
        return found

    def reset(self) -> list[FleetBatch]:
        return [self._answer(policy, slice(0, len(rows)), -1) for policy, rows in enumerate(self._rows)]

    def grow(self) -> list[NDArray[np.int64]] | None:
        (now,) = set(self._time)
        rows = [self._rows_at(policy, now) for policy in self.script]
        if rows == self._rows:
            return None
        former = [
            np.array([old.index(row) if row in old else -1 for row in new])
            for old, new in zip(self._rows, rows, strict=True)
        ]
        self._rows = rows
        return former

    def send(self, section: int, actions: Sequence[NDArray[Any]]) -> None:
        assert section not in self._actions
        self._actions[section] = [part.copy() for part in actions]

    def receive(self, section: int) -> list[FleetBatch]:
        now = self._time[section]
        actions = self._actions.pop(section)
        self._time[section] += 1
        answers = []
        for policy, own in enumerate(self.section_rows):
            rows = own[section]
            assert len(actions[policy]) == rows.stop - rows.start
            batch = self._answer(policy, rows, now)
            self._note(policy, rows, now, actions[policy], batch)
            answers.append(batch)
        return answers

    # --- what happens

    def _rows_at(self, policy: str, step: int) -> list[tuple[int, int]]:
        return [
            (game, number)
            for game in self.games
            for number, story in enumerate(self.script[policy][game])
            if story[step] != "~"
        ]

    def _stories(self, policy: int, rows: slice) -> list[str]:
        name = list(self.script)[policy]
        return [self.script[name][game][number] for game, number in self._rows[policy][rows]]

    def _answer(self, policy: int, rows: slice, step: int) -> FleetBatch:
        """To the actions of `step`; to a reset if it is -1."""
        stories = self._stories(policy, rows)
        acted = np.array([step >= 0 and acts(story[step]) for story in stories], np.bool_)
        ended = np.array([step >= 0 and story[step].isupper() for story in stories], np.bool_)
        present = np.array([acts(story[step + 1]) for story in stories], np.bool_)
        truncated = np.array([step >= 0 and story[step] in "NOPQRSTUVWXYZ" for story in stories], np.bool_)
        now = [tag(policy, story, step + 1) if acts(story[step + 1]) else (0.0,) * 5 for story in stories]
        last = [last_tag(policy, story, step) for story in stories if step >= 0 and story[step].isupper()]
        return FleetBatch(
            observations=np.array(now, np.float32).reshape(-1, 5),
            rewards=np.array(
                [reward(story[step], step) if acted[row] else 0.0 for row, story in enumerate(stories)],
                np.float32,
            ),
            terminated=ended & ~truncated,
            truncated=truncated,
            ended=ended,
            terminal_observations=np.array(last, np.float32) if last else None,
            acted=None if acted.all() and step >= 0 else acted,
            present=None if present.all() else present,
        )

    def _note(self, policy: int, rows: slice, step: int, actions: NDArray[Any], batch: FleetBatch) -> None:
        for row, story in enumerate(self._stories(policy, rows)):
            if acts(story[step]):
                over = story[step].isupper()
                self.did.append(
                    Did(
                        tag(policy, story, step),
                        tuple(np.atleast_1d(actions[row]).tolist()),
                        float(batch.rewards[row]),
                        last_tag(policy, story, step) if over else tag(policy, story, step + 1),
                        bool(batch.terminated[row]),
                        bool(batch.truncated[row]),
                    )
                )


def acts(letter: str) -> bool:
    """Whether there is an agent."""
    return letter not in ".~"


def tag(policy: int, story: str, step: int) -> Tag:
    """What the agent of a row sees before a step; fractions that are exact as float32."""
    agent = story[step].lower()
    episode = sum(letter == agent.upper() for letter in story[:step])
    return (policy / 2, ord(agent) / 128, episode / 64, step / 256, 0.0)


def last_tag(policy: int, story: str, step: int) -> Tag:
    """What it sees after a step that ended its episode."""
    seen = tag(policy, story, step)
    return (*seen[:3], (step + 1) / 256, 1.0)


def reward(letter: str, step: int) -> float:
    """What an agent gets for a step."""
    return ord(letter.lower()) / 128 + step


def random_script(
    seed: int, steps: int, rows: Mapping[str, Sequence[int]], later: Mapping[int, Sequence[str]] | None = None
) -> dict[str, list[list[str]]]:
    """Agents that come and go by chance, each of them in one row only.

    Args:
        rows: by policy, how many each game has.
        later: step → policies that each game then gets one more row for.
    """
    rng = np.random.default_rng(seed)
    script: dict[str, list[list[str]]] = {}
    for policy, counts in rows.items():
        added = [step for step, names in (later or {}).items() if policy in names]
        script[policy] = []
        for count in counts:
            begins = [0] * count + added
            script[policy].append([_random_story(rng, steps, begin) for begin in begins])
    return script


def _random_story(rng: np.random.Generator, steps: int, begin: int) -> str:
    story = "~" * begin + ("." if begin else "")
    letters = iter(rng.permutation(list(string.ascii_lowercase)).tolist())
    agent = next(letters) if rng.random() < 0.5 else "."
    while len(story) < steps:
        if agent == ".":
            story += "." * int(rng.integers(1, 12))
            agent = next(letters)
            continue
        for _ in range(int(rng.integers(1, 4))):
            story += agent * int(rng.integers(0, 9)) + agent.upper()
        agent = "." if rng.random() < 0.6 else next(letters)
    return story[:steps]
