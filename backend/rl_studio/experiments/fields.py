"""How a configuration field is declared: one call carries everything a form, the CLI and the docs need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

Level = Literal["basic", "advanced"]


def option(
    default: Any,
    *,
    title: str,
    help: str,
    group: str,
    level: Level = "advanced",
    unit: str | None = None,
    kind: str | None = None,
    algorithms: Sequence[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    target: str | None = None,
    **limits: Any,
) -> Any:
    """Declares one field of a trainer's configuration model.

    Args:
        default: the value when the user sets nothing.
        title: the label in a form.
        help: one or two sentences for a tooltip and the reference page.
        group: the section of the form it belongs to.
        level: "basic" fields are always shown, "advanced" ones behind a fold.
        unit: shown after the value, such as "s" or "timesteps".
        kind: the form's editor where the type alone does not say it ("scene").
        algorithms: the only ones that have the field; None for all.
        defaults: by algorithm, where its default is another one.
        target: where the value ends up, such as "PPO(n_steps)"; for the reference page.
        limits: ge, gt, le, lt, min_length: as in pydantic's Field.
    """
    told = {
        "unit": unit,
        "kind": kind,
        "algorithms": None if algorithms is None else list(algorithms),
        "defaults": None if defaults is None else dict(defaults),
        "target": target,
    }
    extra: dict[str, Any] = {"group": group, "level": level}
    extra |= {key: value for key, value in told.items() if value is not None}
    return Field(default, title=title, description=help, json_schema_extra=extra, **limits)


def number_or_auto(what: str) -> WrapValidator:
    """For fields that take a number or "auto": one error with both, instead of one for each.

    Args:
        what: the numbers that are allowed, such as "a whole number from 1 to 64".
    """

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise ValueError(f"must be {what}, or auto") from error

    return WrapValidator(check)
