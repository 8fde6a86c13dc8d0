"""The game's replies as checked data. Every peculiarity of older and stock-plugin games ends here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio.words import counted
from rl_studio_training.errors import GameDataError, GameProtocolError

DEFAULT_POLICY = "shared_policy"
"""The policy name of agents whose game sends none."""


@dataclass(frozen=True, slots=True)
class StudioInfo:
    """What a game with the RL Studio addon says about itself.

    Args:
        binary: version of the binary frames it will speak from now on; 0 for JSON.
        agent_paths: where each agent is in the scene; "" for a row without one.
        masked_policies: policies whose agents say which discrete choices are allowed.
        fixed_rows: policies of which the game has so many rows and never more.
        action_repeat: physics ticks per decision; None if the game does not say.
        scene_action_repeat: those that the scene itself has set.
    """

    binary: int
    agent_paths: list[str]
    masked_policies: frozenset[str]
    fixed_rows: frozenset[str] = frozenset()
    action_repeat: int | None = None
    scene_action_repeat: int | None = None


@dataclass(frozen=True, slots=True)
class EnvInfo:
    """What a game says about its agents; all lists have one item per agent, or per row where agents come and go.

    Args:
        studio: None if the game has another plugin.
    """

    n_agents: int
    observation_spaces: list[dict[str, Any]]
    action_spaces: list[dict[str, Any]]
    policy_names: list[str]
    studio: StudioInfo | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of all agents of a game.

    Args:
        rewards: float64 (n_agents,), NaN where the game sent null.
        dones: bool (n_agents,), true for terminated and truncated alike.
    """

    observations: list[dict[str, Any]]
    rewards: NDArray[np.float64]
    dones: NDArray[np.bool_]
    infos: list[dict[str, Any]]

    @property
    def truncated(self) -> NDArray[np.bool_]:
        """bool (n_agents,): those among the done whose episode a limit cut."""
        cut = [bool(info.get("TimeLimit.truncated")) for info in self.infos]
        return self.dones & np.array(cut, dtype=np.bool_)


def parse_env_info(message: dict[str, Any]) -> EnvInfo:
    """Reads an `env_info` reply; old plugins send one space for all agents, and no policy names.

    Raises:
        GameProtocolError: a field is missing or wrong.
    """
    count = message.get("n_agents")
    if isinstance(count, bool) or not isinstance(count, int | float) or count < 0:
        raise GameProtocolError(f"The game says it has {count!r} agents.")
    number = int(count)
    names = message.get("agent_policy_names") or [DEFAULT_POLICY] * number
    if not isinstance(names, list) or len(names) != number:
        raise GameProtocolError(f"The game has {counted(number, 'agent')} but names the policies {names!r}.")
    return EnvInfo(
        number,
        _per_agent(message, "observation_space", number),
        _per_agent(message, "action_space", number),
        [str(name) for name in names],
        _parse_studio(message.get("rl_studio"), number),
    )


def _parse_studio(value: Any, n_agents: int) -> StudioInfo | None:
    if value is None:
        return None
    entries = value if isinstance(value, dict) else {}
    binary, paths = entries.get("binary"), entries.get("agent_paths")
    masked, fixed = (entries.get(key) or [] for key in ("masked_policies", "fixed_rows"))
    if (
        binary not in (None, 0, 1, 2)
        or not isinstance(paths, list)
        or len(paths) != n_agents
        or not isinstance(masked, list)
        or not isinstance(fixed, list)
    ):
        raise GameProtocolError(
            f"The game has {counted(n_agents, 'agent')} and says about itself {value!r}.",
            hint="Install the addon of this version of RL Studio in the project.",
        )
    return StudioInfo(
        int(binary or 0),
        [str(path) for path in paths],
        frozenset(map(str, masked)),
        frozenset(map(str, fixed)),
        _ticks(entries.get("action_repeat")),
        _ticks(entries.get("scene_action_repeat")),
    )


def _ticks(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 1 else None


def parse_observations(message: dict[str, Any], n_agents: int) -> list[dict[str, Any]]:
    """The `obs` of a reply: one dict per agent.

    Raises:
        GameProtocolError: it is missing or has another length.
    """
    return _per_agent(message, "obs", n_agents)


def parse_step(message: dict[str, Any], n_agents: int) -> Step:
    """Reads a `step` reply; games without `info` get empty ones.

    Raises:
        GameProtocolError: a field is missing, or has another length than the number of agents.
    """
    try:
        rewards = np.array(message["reward"], dtype=np.float64)
        dones = np.array(message["done"], dtype=np.bool_)
    except (KeyError, TypeError, ValueError) as error:
        raise GameProtocolError("The game's step has no usable rewards or done flags.") from error
    if rewards.shape != (n_agents,) or dones.shape != (n_agents,):
        raise GameDataError(
            f"The game has {counted(n_agents, 'agent')} but sent {counted(rewards.size, 'reward')} and "
            f"{counted(dones.size, 'done flag')}.",
            hint="Agents can come and go only where the game has the RL Studio addon and binary frames are spoken.",
        )
    return Step(
        _per_agent(message, "obs", n_agents),
        rewards,
        dones,
        parse_infos(message, n_agents),
    )


def parse_infos(message: dict[str, Any], n_agents: int) -> list[dict[str, Any]]:
    """The `info` of a reply: one dict per agent, empty ones if the game sends none."""
    infos = message.get("info")
    if not isinstance(infos, list) or len(infos) != n_agents:
        return [{} for _ in range(n_agents)]
    return [info if isinstance(info, dict) else {} for info in infos]


def _per_agent(message: dict[str, Any], key: str, n_agents: int) -> list[dict[str, Any]]:
    value = message.get(key)
    if isinstance(value, dict):
        return [dict(value) for _ in range(n_agents)]
    if (
        not isinstance(value, list)
        or len(value) != n_agents
        or not all(isinstance(item, dict) for item in value)
    ):
        raise GameDataError(
            f"The game has {counted(n_agents, 'agent')}, but its {key!r} is not a list of as many dictionaries.",
            hint="Agents can come and go only where the game has the RL Studio addon and binary frames are spoken.",
        )
    return value
