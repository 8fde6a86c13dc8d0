"""Watches a fleet of games of changing_game.py, whose agents tell who they are: any mix-up of rows is noticed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.fleet_core import FleetCore
from training.changing_game import is_truncated, length_of, mask, worth


class Witness:
    """Chooses what one policy's agents do, each of them and in each step something else, and checks what comes of it.

    Args:
        policy: number of the policy in the fleet.
        come_and_go: agents may leave and come.
        sudden: they may leave without a word; what they see last is what they saw before, then, or after it.
    """

    def __init__(self, fleet: FleetCore, policy: int, *, come_and_go: bool, sudden: bool = False) -> None:
        self._fleet = fleet
        self._policy = policy
        self._come_and_go = come_and_go
        self._sudden = sudden
        self._turn = 0
        self.acted = self.ended = self.newcomers = self.replaced = self.empty = 0
        """How often these were seen."""

    @property
    def _sections(self) -> list[slice]:
        return self._fleet.layout.section_rows[self._policy]

    def begin(self, batch: FleetBatch) -> None:
        """The answer to a reset."""
        n = len(self._fleet.groups[self._policy].rows)
        assert len(batch.rewards) == n
        assert not batch.ended.any() and not batch.rewards.any()
        assert batch.terminal_observations is None and batch.infos == {}
        assert (batch.begins == there(batch)).all()
        self.numbers = np.zeros(n)
        self.ages = np.zeros(n)
        self._actions: NDArray[Any] = np.zeros(n)
        self._remember(slice(0, n), batch)
        assert not self.ages.any()

    def act(self) -> NDArray[Any]:
        """What all rows do."""
        self._turn += 1
        rows = np.arange(len(self.numbers)) + 11 * self._policy
        space = self._fleet.groups[self._policy].actions.space
        if space.dtype == np.float32:
            columns = [(rows * 7 + self._turn * 3 + 5 * number) % 33 for number in range(space.shape[0])]
            self._actions = np.float32(np.stack(columns, axis=1) - 16.0) / np.float32(16.0)
        else:
            columns = [(rows + self._turn) % 3, (rows // 2 + self._turn) % 2]
            self._actions = np.stack(columns, axis=1)
        return self._actions

    def look(self, section: int, batch: FleetBatch) -> None:
        """The answer of a section."""
        rows = self._sections[section]
        n = rows.stop - rows.start
        acted = np.ones(n, bool) if batch.acted is None else batch.acted
        numbers, ages, actions = self.numbers[rows].copy(), self.ages[rows].copy(), self._actions[rows]
        assert (acted == (numbers > 0)).all()
        assert (batch.ended == batch.terminated | batch.truncated).all()
        assert not (batch.terminated & batch.truncated).any()
        for row in range(n):
            if acted[row]:
                assert batch.rewards[row] == worth(int(numbers[row]), actions[row].tolist())
            else:
                assert batch.rewards[row] == 0.0 and not batch.ended[row]
        self._look_at_ends(batch, numbers, ages)
        self._remember(rows, batch)
        new = self.numbers[rows]
        begins = (new > 0) & (~acted | batch.ended)
        assert (batch.begins == begins).all()
        goes_on = acted & ~batch.ended
        assert (new == numbers)[goes_on].all()
        assert (self.ages[rows] == np.where(begins, 0, ages + 1))[new > 0].all()
        changed = acted & (new > 0) & (new != numbers)
        assert self._come_and_go or not changed.any()
        self.acted += int(acted.sum())
        self.ended += int(batch.ended.sum())
        self.newcomers += int((~acted & (new > 0)).sum())
        self.replaced += int(changed.sum())
        self.empty += int((new == 0).sum())

    def _look_at_ends(self, batch: FleetBatch, numbers: NDArray[Any], ages: NDArray[Any]) -> None:
        ended = np.flatnonzero(batch.ended)
        if not len(ended):
            assert batch.terminal_observations is None
            return
        last = batch.terminal_observations
        assert isinstance(last, np.ndarray) and len(last) == len(ended)
        assert (last[:, 0] == numbers[ended]).all()
        assert ((last[:, 1] == ages[ended] + 1) | (self._sudden & (last[:, 1] == ages[ended]))).all()
        for row in ended.tolist():
            number, age = int(numbers[row]), int(ages[row]) + 1
            if age == length_of(number):
                assert batch.truncated[row] == is_truncated(number)
            else:
                assert self._come_and_go and batch.truncated[row]
            told = [number % 2 == 0, *([None] if self._sudden else [])]
            assert batch.infos[row].get("is_success") in told
        assert set(batch.infos) == set(ended.tolist())

    def _remember(self, rows: slice, batch: FleetBatch) -> None:
        seen, present = batch.observations, there(batch)
        assert isinstance(seen, np.ndarray)
        assert not seen[~present].any() and (seen[present, 0] > 0).all()
        assert (self._fleet.present[self._policy][rows] == present).all()
        self.numbers[rows], self.ages[rows] = seen[:, 0], seen[:, 1]
        if batch.masks is None:
            return
        sizes = self._fleet.groups[self._policy].actions.space.nvec.tolist()  # type: ignore[attr-defined]
        for row in range(len(seen)):
            number, age = seen[row, :2].astype(int).tolist()
            bits = (
                [bit for size in sizes for bit in mask(number, age, size)]
                if present[row]
                else [1] * sum(sizes)
            )
            assert batch.masks[row].astype(int).tolist() == bits

    def carry(self, rows: NDArray[np.int64]) -> None:
        """The fleet has more rows."""
        is_new = rows < 0
        self.numbers = np.where(is_new, 0, self.numbers[rows])
        self.ages = np.where(is_new, 0, self.ages[rows])


def there(batch: FleetBatch) -> NDArray[np.bool_]:
    """The rows that have an agent."""
    return np.ones(len(batch.rewards), bool) if batch.present is None else batch.present


def watch(
    fleet: Any, steps: int, *, come_and_go: bool, grow_every: int = 0, sudden: bool = False
) -> list[Witness]:
    """Plays a fleet, of one or several policies, and checks every answer; by policy, what was seen."""
    several = hasattr(fleet, "_shared")
    first = fleet.reset()
    batches: Sequence[FleetBatch] = first if several else [first]
    witnesses = [
        Witness(fleet, policy, come_and_go=come_and_go, sudden=sudden) for policy in range(len(batches))
    ]
    for witness, batch in zip(witnesses, batches, strict=True):
        witness.begin(batch)
    for step in range(steps):
        if grow_every and step % grow_every == 0:
            maps = fleet.grow()
            for witness, rows in zip(witnesses, maps or (), strict=bool(maps)):
                witness.carry(rows)
        actions = [witness.act() for witness in witnesses]
        for section in range(len(fleet.sections)):
            parts = [part[w._sections[section]] for w, part in zip(witnesses, actions, strict=True)]
            fleet.send(section, parts if several else parts[0])
        for section in range(len(fleet.sections)):
            answer = fleet.receive(section)
            for witness, batch in zip(witnesses, answer if several else [answer], strict=True):
                witness.look(section, batch)
    return witnesses


def lives(folder: Path) -> list[dict[str, Any]]:
    """The episodes that ended, as all games in a folder tell."""
    files = sorted(folder.rglob("lives-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
