"""From what a user typed to a complete, validated configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rl_studio.errors import ConfigError, closest
from rl_studio.experiments import yaml_values
from rl_studio.experiments.training_config import TrainingConfig

Model = TypeVar("Model", bound=BaseModel)


def resolve(model: type[Model], overrides: Mapping[str, Any]) -> Model:
    """Makes the complete configuration from the values that differ from the defaults.

    Raises:
        ConfigError: unknown keys or bad values; `data["errors"]` lists each as {key, message, value}.
    """
    try:
        config = model.model_validate(dict(overrides))
    except ValidationError as error:
        raise refusal([_problem(model, item) for item in error.errors(include_url=False)]) from error
    if isinstance(config, TrainingConfig) and (found := list(config.contradictions())):
        raise refusal(
            [{"key": key, "message": message, "value": getattr(config, key, None)} for key, message in found]
        )
    return config


def differing(config: BaseModel) -> dict[str, Any]:
    """Only the values of `config` that are not the default of its algorithm, as JSON-compatible data."""
    if not isinstance(config, TrainingConfig):
        return config.model_dump(mode="json", exclude_defaults=True)
    model = type(config)
    standard = model.model_validate({"algorithm": config.algorithm}).complete()
    changed = {key: value for key, value in config.complete().items() if value != standard[key]}
    is_default = config.algorithm == model.model_fields["algorithm"].default
    return changed if is_default else {"algorithm": config.algorithm, **changed}


def complete(config: BaseModel) -> dict[str, Any]:
    """All values as JSON-compatible data, without those of fields that the algorithm has not."""
    return config.complete() if isinstance(config, TrainingConfig) else config.model_dump(mode="json")


def refusal(problems: list[dict[str, Any]]) -> ConfigError:
    """The error about problems {key, message, value}."""
    text = "; ".join(f"{item['key']}: {item['message']}" for item in problems)
    return ConfigError(
        f"The configuration is not valid: {text}",
        hint="Correct the values named; `rl-studio train --help-config` lists all fields.",
        data={"errors": problems},
    )


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Parses `key=value` texts; a value is read as YAML, so 3e-4, true, null, [64, 64] and text all work.

    Dots lead into maps: `policies.pursuer.gamma=0.9` is `policies={pursuer: {gamma: 0.9}}`.

    Raises:
        ConfigError: a text has no "=", its value is not YAML, or it leads into something that is no map.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError(
                f"{assignment!r} is not key=value.", hint="For example --set learning_rate=3e-4"
            )
        _put(values, key.strip().split("."), _parse_value(key, text))
    return values


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    *outer, last = path
    for number, name in enumerate(outer, start=1):
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise ConfigError(
                f"{'.'.join(path)} leads into {'.'.join(path[:number])}, which was given a value."
            )
    values[last] = value


def _parse_value(key: str, text: str) -> Any:
    try:
        return yaml_values.parse(text) if text.strip() else ""
    except yaml.YAMLError as error:
        raise ConfigError(f"The value of {key!r} cannot be read: {text!r}.") from error


def _problem(model: type[BaseModel], error: Any) -> dict[str, Any]:
    key = ".".join(str(part) for part in error["loc"]) or "configuration"
    value = error.get("input")
    if error["type"] == "extra_forbidden":
        near = closest(key, model.model_fields)
        message = "unknown field" + (f", did you mean {near}?" if near else "")
    else:
        message = error["msg"].removeprefix("Value error, ")
        message = f"{message[:1].lower()}{message[1:]} (it is {value!r})"
    if not isinstance(value, str | int | float | bool | list | dict | None):
        value = repr(value)
    return {"key": key, "message": message, "value": value}
