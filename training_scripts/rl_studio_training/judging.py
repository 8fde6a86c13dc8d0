"""Whose episodes say how good a run is: opposed policies have no common figure, what one wins the other loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rl_studio.errors import ConfigError, closest

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Judge:
    """The policies that are judged, each for itself.

    Args:
        policies: at least one.
    """

    policies: tuple[str, ...]

    @classmethod
    def choose(cls, learning: Sequence[str], wanted: str = "") -> Judge:
        """The policies that learn, or of them the one that the configuration names.

        Raises:
            ConfigError: that one does not learn.
        """
        if not wanted:
            return cls(tuple(learning))
        if wanted not in learning:
            near = closest(wanted, learning)
            raise ConfigError(
                f"judge: no policy {wanted!r} learns in this run; {', '.join(learning)} "
                f"{'does' if len(learning) == 1 else 'do'}.",
                hint=f"Did you mean {near}?" if near else "Name one of them, or leave judge empty.",
            )
        return cls((wanted,))

    @property
    def sole(self) -> str | None:
        """The only one; None if there are several."""
        return self.policies[0] if len(self.policies) == 1 else None

    def among(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Those of the judged policies."""
        return {name: values[name] for name in self.policies if name in values}

    def overall(self, results: Mapping[str, Mapping[str, Any]], key: str) -> Any:
        """A figure of the whole run: that of the only policy that is judged, None if there are several.

        Args:
            results: figures by policy.
        """
        return None if self.sole is None else results.get(self.sole, {}).get(key)
