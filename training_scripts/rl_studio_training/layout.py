"""Which numbers a game exchanges: its agents in groups of one policy each, and what each group sees and does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.errors import SpacesError


@dataclass(frozen=True, slots=True)
class ActionPart:
    """One named action. `size`: numbers of a continuous action, choices of a discrete one."""

    name: str
    kind: Literal["continuous", "discrete"]
    size: int


@dataclass(frozen=True, slots=True)
class ObservationPart:
    """One named observation.

    Args:
        shape: of one agent's value; a picture is (channels, height, width).
        dtype: float32, or uint8 for a picture, or int64 for a discrete observation (JSON games only).
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """The agents of one game that share a policy, and so their spaces; or the rows for them, if they come and go.

    Args:
        policy: its name.
        agents: int64 (n,), the numbers of these rows in the game, ascending. Where agents neither come nor go, a row
            is an agent.
        observations: in alphabetical order.
        actions: in wire order.
        has_masks: whether its agents say which discrete choices are allowed; never without discrete actions.
    """

    policy: str
    agents: NDArray[np.int64]
    observations: tuple[ObservationPart, ...]
    actions: tuple[ActionPart, ...]
    has_masks: bool

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.agents)

    @property
    def continuous_width(self) -> int:
        """Numbers of all continuous actions of one agent."""
        return sum(part.size for part in self.actions if part.kind == "continuous")

    @property
    def discrete_width(self) -> int:
        """Number of discrete actions of one agent."""
        return sum(part.kind == "discrete" for part in self.actions)

    @property
    def mask_width(self) -> int:
        """Choices of all discrete actions of one agent."""
        return sum(part.size for part in self.actions if part.kind == "discrete")


@dataclass(frozen=True, slots=True)
class GroupActions:
    """What the agents of one group do; rows without an agent do not matter.

    Args:
        continuous: float32 (n, continuous_width), within -1 … 1, actions in wire order side by side.
        discrete: int32 (n, discrete_width), each within its choices.
    """

    continuous: NDArray[np.float32]
    discrete: NDArray[np.int32]


def group_by_policy(policy_names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """The agents of each policy, policies in the order of their first agent."""
    found: dict[str, list[int]] = {}
    for agent, policy in enumerate(policy_names):
        found.setdefault(policy, []).append(agent)
    return {policy: np.array(agents, dtype=np.int64) for policy, agents in found.items()}


def make_groups(
    policy_names: Sequence[str],
    observations: Sequence[tuple[ObservationPart, ...]],
    actions: Sequence[tuple[ActionPart, ...]],
    masked_policies: frozenset[str] = frozenset(),
    paths: Sequence[str] | None = None,
) -> tuple[PolicyGroup, ...]:
    """Gathers agents by policy; all but `masked_policies` has one item per agent.

    Args:
        paths: what messages call the agents; None calls them by their numbers.

    Raises:
        SpacesError: agents of one policy differ in their observations or actions.
    """
    groups = []
    for policy, agents in group_by_policy(policy_names).items():
        first = int(agents[0])
        for word, parts in (("observations", observations), ("actions", actions)):
            for agent in agents.tolist():
                if parts[agent] != parts[first]:
                    one, other = (
                        str(n) if paths is None else paths[n] or f"in row {n}" for n in (agent, first)
                    )
                    raise SpacesError(
                        f"Agent {one} has the {word} {describe(parts[agent])}, but agent {other} with the same "
                        f"policy {policy!r} has {describe(parts[first])}.",
                        hint="Agents of one policy need the same spaces; give others another policy_name.",
                    )
        has_masks = policy in masked_policies and any(part.kind == "discrete" for part in actions[first])
        groups.append(PolicyGroup(policy, agents, observations[first], actions[first], has_masks))
    return tuple(groups)


def describe(parts: Sequence[ObservationPart] | Sequence[ActionPart]) -> str:
    """The parts in words, for messages: `obs 3 x 4, rays 21`, or `jump discrete 2`."""
    return ", ".join(
        f"{part.name} {part.kind} {part.size}"
        if isinstance(part, ActionPart)
        else f"{part.name} {' x '.join(map(str, part.shape)) or '1'}"
        for part in parts
    )
