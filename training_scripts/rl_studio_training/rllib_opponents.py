"""Policies that do not learn in a run must have learned before: random opponents make any policy look good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rl_studio_training.errors import CheckpointError

_MOST_SHOWN = 3


def require_trained(untrained: Mapping[str, Sequence[str]], source: str | None) -> None:
    """Makes sure that every policy that does not learn plays with weights that something has learned.

    Args:
        untrained: policies that do not learn, with what of their weights is not there or differs, in words.
        source: the checkpoint that the run begins with; None if it begins without one.

    Raises:
        CheckpointError: there are such policies.
    """
    if not untrained:
        return
    who, it = ("policy", "it") if len(untrained) == 1 else ("policies", "them")
    names = " and ".join(untrained)
    reason = "begins without a checkpoint"
    if source is not None:
        told = "; ".join(f"{name}: {_shortened(problems)}" for name, problems in untrained.items())
        reason = f"{source} does not fit: {told}"
    raise CheckpointError(
        f"The {who} {names} would play with random weights, and whoever learns against {it} would look good: this "
        f"run does not train {it}, and {reason}.",
        hint=f"Begin with a run that has {names} with the same observations, actions and layers, train "
        f"{it} as well (policies_to_train), or set allow_untrained_opponents.",
        data={"policies": {name: list(problems) for name, problems in untrained.items()}},
    )


def _shortened(problems: Sequence[str]) -> str:
    more = f", and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
    return "; ".join(problems[:_MOST_SHOWN]) + more
