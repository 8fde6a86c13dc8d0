"""What all agents of all games must have in common to be trained as one policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rl_studio_training.errors import SpacesError
from rl_studio_training.godot_env import StudioGodotEnv


def common_policy(games: Sequence[StudioGodotEnv]) -> str:
    """The policy of all agents.

    Raises:
        SpacesError: there are several.
    """
    names = list(dict.fromkeys(name for game in games for name in game.agent_policy_names))
    if len(names) > 1:
        raise SpacesError(
            f"This game has the policies {', '.join(names)}; this trainer trains a single one.",
            hint="Train with RLlib, or give all agents the same policy_name.",
        )
    return names[0]


def check_same_spaces(games: Sequence[StudioGodotEnv]) -> None:
    """Makes sure that every agent sees and does the same.

    Raises:
        SpacesError: one differs from agent 0 of the first game.
    """
    wanted = _agents(games[0])[0]
    for game in games:
        for number, found in enumerate(_agents(game)):
            for what, expected in wanted.items():
                if found[what] != expected:
                    raise SpacesError(
                        f"Agent {number} of {game.name} has the {what} {found[what]}, but agent 0 has {expected}.",
                        hint="Agents of one policy need the same spaces; give others another policy_name.",
                    )
        if game.groups[0].has_masks != games[0].groups[0].has_masks:
            raise SpacesError(
                f"The agents of {game.name} and {games[0].name} do not agree on having action masks.",
                hint="All games of a run must play the same scene.",
            )


def check_unchanged(before: StudioGodotEnv, after: StudioGodotEnv) -> None:
    """Makes sure that a game has come back with the agents that it had.

    Raises:
        SpacesError: it has not.
    """
    if after.agent_policy_names != before.agent_policy_names:
        raise SpacesError(
            f"{after.name} had agents {_count(before)}; since its restart it has {_count(after)}.",
            hint="A scene must begin with the same agents each time.",
        )
    check_same_spaces([before, after])


def _agents(game: StudioGodotEnv) -> list[dict[str, Any]]:
    info = game.env_info
    pairs = zip(info.observation_spaces, info.action_spaces, strict=True)
    return [{"observations": observations, "actions": actions} for observations, actions in pairs]


def _count(game: StudioGodotEnv) -> str:
    names = game.agent_policy_names
    return ", ".join(f"{names.count(name)} of {name}" for name in dict.fromkeys(names))
