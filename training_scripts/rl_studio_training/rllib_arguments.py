"""Arguments of `AlgorithmConfig` as users write them: checked by name, then passed on."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

from rl_studio.errors import ConfigError, closest
from rl_studio.experiments.rllib_fields import SECTIONS

_OURS = {
    "training": ("learner_class", "learner_connector", "add_default_connectors_to_learner_pipeline"),
    "learners": ("num_learners", "learner_class", "learner_connector"),
    "env_runners": (
        "env_runner_cls",
        "num_envs_per_env_runner",
        "gym_env_vectorize_mode",
        "batch_mode",
        "observation_filter",
        "env_to_module_connector",
        "module_to_env_connector",
        "use_env_runner_state_server",
    ),
}
"""Arguments that follow from the games and our own runner and learners."""


def apply_arguments(algorithm: AlgorithmConfig, arguments: Mapping[str, Mapping[str, Any]]) -> None:
    """Passes `arguments` on, method → argument → value; a dictionary is merged into the one that is there.

    Raises:
        ConfigError: a method or an argument is unknown or ours, or RLlib refuses a value; `data["errors"]` lists
            each as {key, message, value}.
    """
    problems = list(_problems(algorithm, arguments))
    if problems:
        raise refusal(problems)
    for section, values in arguments.items():
        try:
            getattr(algorithm, section)(
                **{key: _merged(algorithm, key, value) for key, value in values.items()}
            )
        except (TypeError, ValueError) as error:
            raise refusal([(f"rllib.{section}", str(error), dict(values))]) from error


def refusal(problems: list[tuple[str, str, Any]]) -> ConfigError:
    """The error about (key, what is wrong, value)s."""
    text = "; ".join(f"{key}: {message}" for key, message, _ in problems)
    return ConfigError(
        f"The configuration is not valid: {text}",
        hint="Correct the values named.",
        data={
            "errors": [{"key": key, "message": message, "value": value} for key, message, value in problems]
        },
    )


def _problems(
    algorithm: AlgorithmConfig, arguments: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str, Any]]:
    for section, values in arguments.items():
        if section not in SECTIONS:
            yield f"rllib.{section}", _unknown(section, SECTIONS), None
            continue
        known = _arguments_of(type(algorithm), section)
        for key, value in values.items():
            if key in _OURS.get(section, ()):
                yield f"rllib.{section}.{key}", "follows from the game; it cannot be set", value
            elif key not in known:
                yield f"rllib.{section}.{key}", _unknown(key, known), value


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = closest(name, known)
    return f"unknown, did you mean {near}?" if near else f"unknown; there are {', '.join(known)}"


def _arguments_of(kind: type[AlgorithmConfig], section: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for owner in kind.__mro__:
        if section in vars(owner):
            parameters = inspect.signature(vars(owner)[section]).parameters.values()
            named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            found |= {item.name: None for item in parameters if item.kind in named and item.name != "self"}
    return tuple(found)


def _merged(algorithm: AlgorithmConfig, key: str, value: Any) -> Any:
    present = getattr(algorithm, key, None)
    return {**present, **value} if isinstance(present, dict) and isinstance(value, dict) else value
