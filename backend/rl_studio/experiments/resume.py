"""The configuration of a run that goes on from a checkpoint: what may change, and what may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from rl_studio.errors import ConfigError
from rl_studio.experiments.layers import merge
from rl_studio.experiments.overrides import resolve
from rl_studio.metrics.numbers import is_number

Model = TypeVar("Model", bound=BaseModel)

FIXED = (
    "algorithm",
    "network",
    "hidden_layers",
    "activation",
    "cnn_channels",
    "lstm_hidden_size",
    "lstm_layers",
    "dueling",
    "normalize_observations",
    "normalize_rewards",
    "use_rms_prop",
    "policy_mapping",
)
"""Fields that say what weights, statistics and optimizers there are."""

_LIMITS = {
    "total_timesteps": ("timesteps", "steps"),
    "stop_iterations": ("iterations", "iterations"),
    "stop_episodes": ("episodes", "episodes"),
    "time_limit_s": ("time_total_s", "seconds of training"),
}
"""Field → the counter it limits, and what that counts."""


def resumed(model: type[Model], description: Mapping[str, Any], overrides: Mapping[str, Any]) -> Model:
    """The configuration of a run that resumes a checkpoint: the checkpoint's, with the overrides of this start.

    Of what limits the run, such as total_timesteps, and was used up, it gets as much again, unless the overrides say
    how much there is to be.

    Args:
        description: the checkpoint's checkpoint.json.

    Raises:
        ConfigError: the values are bad, change what may not change, or end the run before it has begun.
    """
    before = description.get("config")
    if not isinstance(before, Mapping):
        raise ConfigError(
            "The checkpoint does not say how its run was configured.",
            hint="It was made by an older version. Start from its policy instead of resuming it.",
        )
    old = resolve(model, before)
    changes = list(_changes(old, overrides))
    if changes:
        raise _refusal(changes)
    counters = _counters(description)
    config = resolve(model, merge(model, before, {**_as_much_again(old, counters, overrides), **overrides}))
    problems = [*_policy_changes(old, config), *_reached(config, counters)]
    if problems:
        raise _refusal(problems)
    return config


def _counters(description: Mapping[str, Any]) -> dict[str, float]:
    """How far the run was, as far as the checkpoint says so in numbers."""
    found = description.get("counters")
    return {k: v for k, v in found.items() if is_number(v)} if isinstance(found, Mapping) else {}


def _as_much_again(
    old: BaseModel, counters: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """New values of limits that the run had reached."""
    found = {}
    for key, (counter, _) in _LIMITS.items():
        limit, done = getattr(old, key, None), counters.get(counter, 0)
        if key not in overrides and limit is not None and limit <= done:
            found[key] = limit + done
    return found


def _changes(old: BaseModel, overrides: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in FIXED:
        if key in overrides and hasattr(old, key) and overrides[key] != getattr(old, key):
            yield _change(key, getattr(old, key), overrides[key])
    entropy = overrides.get("ent_coef")
    before = getattr(old, "ent_coef", None)
    if entropy is not None and "auto" in (entropy, before) and entropy != before:
        yield _change("ent_coef", before, entropy)


def _policy_changes(old: BaseModel, new: BaseModel) -> Iterator[dict[str, Any]]:
    """Changes of what single policies have for themselves."""
    before, after = getattr(old, "policies", {}), getattr(new, "policies", {})
    for name in sorted({*before, *after}):
        for key in FIXED:
            default = getattr(new, key, None)
            was, now = before.get(name, {}).get(key, default), after.get(name, {}).get(key, default)
            if was != now:
                yield _change(f"policies.{name}.{key}", was, now)


def _change(key: str, before: Any, now: Any) -> dict[str, Any]:
    return {
        "key": key,
        "message": f"it is {before!r} in the checkpoint and cannot become {now!r}",
        "value": now,
    }


def _reached(config: BaseModel, counters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, (counter, what) in _LIMITS.items():
        limit, done = getattr(config, key, None), counters.get(counter, 0)
        if limit is not None and limit <= done:
            message = (
                f"it is {limit:g}, but the checkpoint has {done:g} {what} already; it is a total, set more"
            )
            yield {"key": key, "message": message, "value": limit}


def _refusal(problems: list[dict[str, Any]]) -> ConfigError:
    text = "; ".join(f"{item['key']}: {item['message']}" for item in problems)
    return ConfigError(
        f"The run cannot be resumed like this: {text}",
        hint="Correct the values named, or start a new run from the checkpoint's policy.",
        data={"errors": problems},
    )
