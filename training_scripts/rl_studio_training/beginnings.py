"""The words for a checkpoint that does not fit the run that is to begin with it, and for what of it was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FROM_POLICY = (
    'Begin a new run with its policy instead: that takes over what fits. It is "A run\'s policy" under "Begin with" in '
    "the Train dock, and --init-from on the command line."
)
"""The way out where a run cannot be resumed."""

_MOST_SHOWN = 6


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is different about the agents, in sentences.

    Args:
        before, now: by policy, the `observation_space` and `action_space` of one agent in godot-rl's wire form; those
            of the checkpoint and those of this run.
    """
    found = [f"The policy {name} is not in this game any more." for name in before if name not in now]
    found += [f"The policy {name} is new in this game." for name in now if name not in before]
    for name in now:
        if name in before:
            of = f" of {name}" if len(now) > 1 else ""
            found += _changed(f"observation{of}", _observations(before[name]), _observations(now[name]))
            found += _changed(f"action{of}", _actions(before[name]), _actions(now[name]))
    return found


def not_taken_over(parts: Sequence[str]) -> str:
    """What to say of parts of a checkpoint that do not fit.

    Args:
        parts: of networks and what else there is, with their sizes, such as "mlp.0.weight (64x21 here, 64x18 there)".
    """
    more = f", and {len(parts) - _MOST_SHOWN} more" if len(parts) > _MOST_SHOWN else ""
    which = (
        "One part of the checkpoint does" if len(parts) == 1 else f"{len(parts)} parts of the checkpoint do"
    )
    begins = "it begins" if len(parts) == 1 else "they begin"
    return (
        f"{which} not fit this run, so {begins} anew: {'; '.join(parts[:_MOST_SHOWN])}{more} (here is this run, there "
        "the checkpoint)."
    )


def _changed(what: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in (*before, *(name for name in now if name not in before)):
        if name not in now:
            yield f'The {what} "{name}" ({before[name]}) is gone.'
        elif name not in before:
            yield f'The {what} "{name}" ({now[name]}) is new.'
        elif before[name] != now[name]:
            yield f'The {what} "{name}" was {before[name]} and is {now[name]} now.'


def _observations(policy: Any) -> dict[str, str]:
    told = _dict(policy, "observation_space")
    return {str(name): _observation(space) for name, space in told.items()}


def _observation(space: Any) -> str:
    size = space.get("size") if isinstance(space, dict) else None
    if isinstance(size, int):
        return _counted(size, "choice")
    if not isinstance(size, list) or not size:
        return str(space)
    if len(size) == 3:
        return f"a picture of {size[1]} x {size[0]} with {_counted(size[2], 'channel')}"
    return " x ".join(map(str, size)) + " numbers" if len(size) > 1 else _counted(size[0], "number")


def _actions(policy: Any) -> dict[str, str]:
    told = _dict(policy, "action_space")
    return {str(name): _action(space) for name, space in told.items()}


def _action(space: Any) -> str:
    if not isinstance(space, dict):
        return str(space)
    size = space.get("size")
    if space.get("action_type") == "discrete":
        return _counted(size, "choice")
    return _counted(size, "continuous number")


def _counted(count: Any, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _dict(policy: Any, key: str) -> dict[str, Any]:
    found = policy.get(key) if isinstance(policy, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}
