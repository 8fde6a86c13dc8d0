"""Policy names that look like typing errors: a single agent of one beside many of another that is nearly the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

MANY = 3
"""So many times the agents of the other name make one suspicious."""

_ALIKE = 0.85


def suspicious_names(agents: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """(name, the one that was probably meant) of names that few agents have.

    Args:
        agents: by policy name, how many have it.
    """
    for name, count in agents.items():
        others = [other for other, many in agents.items() if many >= MANY * count and _is_alike(name, other)]
        if others:
            yield name, max(others, key=lambda other: agents[other])


def name_warnings(agents: Mapping[str, int]) -> list[str]:
    """What to say of suspicious names.

    Args:
        agents: as for `suspicious_names`.
    """
    return [
        f"policy_name: {_agents(agents[name], name)} beside {_agents(agents[meant], meant)}. If that is a typing "
        f"error, set policy_name to {meant!r} in the scene; each name is a policy of its own and learns alone."
        for name, meant in suspicious_names(agents)
    ]


def _is_alike(one: str, other: str) -> bool:
    """Whether the names differ by a letter or two, in case, or in what stands between words; not in a number."""
    plain, also = (re.sub(r"[\W_]+", "", name.casefold()) for name in (one, other))
    if plain == also:
        return one != other
    if re.sub(r"\d+", "", plain) == re.sub(r"\d+", "", also):
        return False
    return difflib.SequenceMatcher(None, plain, also).ratio() >= _ALIKE


def _agents(count: int, name: str) -> str:
    return f"{count} agent{'s' if count != 1 else ''} of {name!r}"
