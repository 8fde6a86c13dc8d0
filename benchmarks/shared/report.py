"""The rows of a benchmark: measured values, goals, what was missed and what could not be measured."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["at_least", "at_most"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a value should be."""

    kind: Kind
    value: float

    def is_met_by(self, value: float) -> bool:
        return value >= self.value if self.kind == "at_least" else value <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.kind == 'at_least' else '≤'} {format_number(self.value)}"


def at_least(value: float) -> Goal:
    return Goal("at_least", value)


def at_most(value: float) -> Goal:
    return Goal("at_most", value)


@dataclass(frozen=True, slots=True)
class Row:
    """One measure.

    Args:
        value: median of `runs`, or made from other rows.
        runs: the single measurements; empty if it is made from other rows.
        goals: all must be met.
    """

    name: str
    value: float
    unit: str
    runs: tuple[float, ...] = ()
    goals: tuple[Goal, ...] = ()

    @property
    def is_missed(self) -> bool:
        return not all(goal.is_met_by(self.value) for goal in self.goals)

    def to_json(self) -> dict[str, Any]:
        goals = {goal.kind: goal.value for goal in self.goals}
        runs = [round(run, 4) for run in self.runs]
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "goal": goals or None,
            "runs": runs,
        }


@dataclass(slots=True)
class Report:
    """Collects rows and shows them as a table or as JSON.

    Args:
        not_measured: name of a row → why there is no such row.
        notes: more facts for the JSON document, shown below the table.
    """

    rows: list[Row] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, runs: Sequence[float], unit: str, *goals: Goal) -> None:
        """Adds the median of some runs."""
        self.rows.append(Row(name, statistics.median(runs), unit, tuple(runs), goals))

    def add_value(self, name: str, value: float, unit: str, *goals: Goal) -> None:
        """Adds a value that follows from others."""
        self.rows.append(Row(name, value, unit, (), goals))

    def add_ratio(self, name: str, ours: str, other: str, *goals: Goal) -> None:
        """Adds how many times the value of row `ours` is that of row `other`; without both: not measured."""
        self._add_quotient(name, ours, other, 1.0, "x", goals)

    def add_share(self, name: str, part: str, whole: str, *goals: Goal) -> None:
        """Adds the value of row `part` in percent of that of row `whole`; without both: not measured."""
        self._add_quotient(name, part, whole, 100.0, "%", goals)

    def _add_quotient(
        self, name: str, part: str, whole: str, factor: float, unit: str, goals: Sequence[Goal]
    ) -> None:
        found = self.values()
        missing = [row for row in (part, whole) if row not in found]
        if missing:
            self.skip(name, self.not_measured.get(missing[0], f"there is no {missing[0]!r}"))
        else:
            self.add_value(name, factor * found[part] / found[whole], unit, *goals)

    def skip(self, name: str, reason: str) -> None:
        """Notes that a row could not be measured."""
        self.not_measured[name] = reason

    def values(self) -> Mapping[str, float]:
        """Row name → value."""
        return {row.name: row.value for row in self.rows}

    @property
    def missed(self) -> list[str]:
        """Names of the rows whose goals are not met."""
        return [row.name for row in self.rows if row.is_missed]

    def show(self, *, as_json: bool) -> int:
        """Writes everything to stdout; returns the exit code: 1 if a goal is missed."""
        sys.stdout.write((self._json() if as_json else self._table()) + "\n")
        return 1 if self.missed else 0

    def _json(self) -> str:
        document = {
            "results": [row.to_json() for row in self.rows],
            "missed": self.missed,
            "not_measured": [{"name": name, "why": why} for name, why in self.not_measured.items()],
            "notes": self.notes,
        }
        return json.dumps(document, allow_nan=False, ensure_ascii=False)

    def _table(self) -> str:
        width = max([30, *(len(row.name) for row in self.rows)])
        lines = [f"{'measure':<{width}}{'median':>10}  {'unit':<14}{'range of the runs':<22}goal"]
        for row in self.rows:
            spread = f"{format_number(min(row.runs))} … {format_number(max(row.runs))}" if row.runs else ""
            goal = ", ".join(map(str, row.goals)) + ("  MISSED" if row.is_missed else "")
            line = f"{row.name:<{width}}{format_number(row.value):>10}  {row.unit:<14}{spread:<22}{goal}"
            lines.append(line.rstrip())
        lines += [f"{name}: {text}" for name, text in self.notes.items()]
        for reason in dict.fromkeys(self.not_measured.values()):
            names = "; ".join(name for name, why in self.not_measured.items() if why == reason)
            lines.append(f"not measured: {names} ({reason})")
        lines.append("missed: " + "; ".join(self.missed) if self.missed else "all measured goals met")
        return "\n".join(lines)


def format_number(value: float) -> str:
    """Three significant digits or whole numbers, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def say(text: str) -> None:
    """Tells whoever waits what is being done."""
    sys.stderr.write(f"… {text}\n")
    sys.stderr.flush()
