"""What agents that are trained as one policy must have in common, over all games."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rl_studio_training.errors import SpacesError
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.policy_names import suspicious_names

SHARED = "shared_policy"
"""What the policy is called that agents of several policy names share."""


def common_policy(games: Sequence[StudioGodotEnv]) -> str:
    """The policy of all agents.

    Raises:
        SpacesError: there are several.
    """
    names = _policy_names(games)
    if len(names) > 1:
        agents = _agents_by_name(games)
        told = ", ".join(
            f"{name} ({count} agent{'s' if count != 1 else ''})" for name, count in agents.items()
        )
        odd, meant = next(suspicious_names(agents), ("", ""))
        raise SpacesError(
            f"This game has the policies {told}; this trainer trains a single one.",
            hint=f"Is {odd!r} a typing error? Set policy_name to {meant!r} there."
            if odd
            else "Train with RLlib, or give all agents the same policy_name.",
        )
    return names[0]


def policies_by_name(games: Sequence[StudioGodotEnv]) -> dict[str, str]:
    """Each policy_name is a policy of its own.

    Raises:
        SpacesError: a game in which agents cannot come later lacks one.
    """
    names = _policy_names(games)
    for game in (game for game in games if not game.takes_rows):
        if missing := [name for name in names if name not in game.agent_policy_names]:
            raise SpacesError(
                f"{game.name} has no agent of the policy {missing[0]}; another game of this run has.",
                hint="All games of a run must play the same scene, and it must begin with the same agents.",
            )
    return {name: name for name in names}


def one_shared_policy(games: Sequence[StudioGodotEnv]) -> dict[str, str]:
    """All agents follow one policy: the only one there is, else `SHARED`."""
    names = _policy_names(games)
    return dict.fromkeys(names, names[0] if len(names) == 1 else SHARED)


def check_same_spaces(games: Sequence[StudioGodotEnv], policies: Mapping[str, str]) -> None:
    """Makes sure that every agent of a policy sees and does the same.

    Args:
        policies: policy_name → policy.

    Raises:
        SpacesError: one differs from the first agent of its policy.
    """
    wanted: dict[str, tuple[str, dict[str, Any]]] = {}
    for game in games:
        for row, found in enumerate(_agents(game)):
            policy = policies[game.agent_policy_names[row]]
            agent = f"{game.seats.name(row)} of {game.name}"
            first, expected = wanted.setdefault(policy, (agent, found))
            for what, space in expected.items():
                if found[what] != space:
                    raise SpacesError(
                        f"Agent {agent} has the {what} {found[what]}, but agent {first} has {space}.",
                        hint="Agents of one policy need the same spaces; give others another policy_name.",
                    )
    _check_same_masks(games, policies)


def _check_same_masks(games: Sequence[StudioGodotEnv], policies: Mapping[str, str]) -> None:
    wanted: dict[str, tuple[str, bool]] = {}
    for game in games:
        for group in game.groups:
            name, has_masks = wanted.setdefault(policies[group.policy], (game.name, group.has_masks))
            if group.has_masks != has_masks:
                raise SpacesError(
                    f"The agents of {game.name} and {name} do not agree on having action masks.",
                    hint="Agents of one policy must all have masks, or none of them.",
                )


def check_unchanged(before: StudioGodotEnv, after: StudioGodotEnv) -> None:
    """Makes sure that a game has come back with agents that can go on where those before it were.

    Where agents come and go it may have others, as long as the policies are known.

    Raises:
        SpacesError: it has not.
    """
    if after.takes_rows and before.takes_rows:
        new = [name for name in after.agent_policy_names if name not in before.agent_policy_names]
        if new:
            raise SpacesError(
                f"Since its restart {after.name} has an agent of the policy {new[0]}, which no game had at the start.",
                hint="Every policy must have an agent when a game starts, in one game at least.",
            )
    elif after.agent_policy_names != before.agent_policy_names:
        raise SpacesError(
            f"{after.name} had agents {_count(before)}; since its restart it has {_count(after)}.",
            hint="A scene must begin with the same agents each time.",
        )
    check_same_spaces([before, after], {name: name for name in before.agent_policy_names})


def _policy_names(games: Sequence[StudioGodotEnv]) -> list[str]:
    return list(dict.fromkeys(name for game in games for name in game.agent_policy_names))


def _agents_by_name(games: Sequence[StudioGodotEnv]) -> dict[str, int]:
    """By policy name, how many agents of all games have it; a row without an agent has no path."""
    found = dict.fromkeys(_policy_names(games), 0)
    for game in games:
        for name, path in zip(game.agent_policy_names, game.agent_paths, strict=True):
            found[name] += path != ""
    return found


def _agents(game: StudioGodotEnv) -> list[dict[str, Any]]:
    info = game.env_info
    pairs = zip(info.observation_spaces, info.action_spaces, strict=True)
    return [{"observations": observations, "actions": actions} for observations, actions in pairs]


def _count(game: StudioGodotEnv) -> str:
    names = game.agent_policy_names
    return ", ".join(f"{names.count(name)} of {name}" for name in dict.fromkeys(names))
