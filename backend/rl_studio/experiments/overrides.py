"""From what a user typed to a complete, validated configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rl_studio.errors import ConfigError, closest

Model = TypeVar("Model", bound=BaseModel)


def resolve(model: type[Model], overrides: Mapping[str, Any]) -> Model:
    """Makes the complete configuration from the values that differ from the defaults.

    Raises:
        ConfigError: unknown keys or bad values; `data["errors"]` lists each as {key, message, value}.
    """
    try:
        return model.model_validate(dict(overrides))
    except ValidationError as error:
        problems = [_problem(model, item) for item in error.errors(include_url=False)]
        text = "; ".join(f"{item['key']}: {item['message']}" for item in problems)
        raise ConfigError(
            f"The configuration is not valid: {text}",
            hint="Correct the values named; `rl-studio train --help-config` lists all fields.",
            data={"errors": problems},
        ) from error


def differing(config: BaseModel) -> dict[str, Any]:
    """Only the values of `config` that are not the default, as JSON-compatible data."""
    return config.model_dump(mode="json", exclude_defaults=True)


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Parses `key=value` texts; a value is read as YAML, so 3e-4, true, null, [64, 64] and text all work.

    Raises:
        ConfigError: a text has no "=", or its value is not YAML.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError(
                f"{assignment!r} is not key=value.", hint="For example --set learning_rate=3e-4"
            )
        values[key.strip()] = _parse_value(key, text)
    return values


def _parse_value(key: str, text: str) -> Any:
    try:
        value = yaml.safe_load(text) if text.strip() else ""
    except yaml.YAMLError as error:
        raise ConfigError(f"The value of {key!r} cannot be read: {text!r}.") from error
    if isinstance(value, str):
        # YAML 1.1 takes 3e-4 for text because it has no dot.
        try:
            return float(value)
        except ValueError:
            return value
    return value


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
