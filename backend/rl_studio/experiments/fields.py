"""How a configuration field is declared: one call carries everything a form, the CLI and the docs need."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

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
        limits: ge, gt, le, lt, min_length: as in pydantic's Field.
    """
    extra: dict[str, Any] = {"group": group, "level": level}
    if unit is not None:
        extra["unit"] = unit
    if kind is not None:
        extra["kind"] = kind
    return Field(default, title=title, description=help, json_schema_extra=extra, **limits)
