"""Turns a configuration model into plain field descriptions, from which every form is made."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rl_studio.experiments.training_config import ordered_fields

_SCALARS: dict[Any, str] = {int: "int", float: "float", bool: "bool", str: "string"}
_LISTS: dict[tuple[Any, ...], str] = {(int,): "int_list", (str,): "string_list"}


def form_fields(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Describes the fields of `model`, section by section.

    Returns:
        One dict per field: key, title, help, type (int, float, bool, string, enum, int_list, string_list, scene,
        dict, json, or int_or_auto and float_or_auto for a number or the word "auto"), default, nullable, minimum,
        maximum, exclusive_minimum (numbers or None), choices (list or None), unit, group, level ("basic" or
        "advanced"), algorithms (the only ones that have it, or None for all), defaults ({algorithm: default},
        where it is another one).
    """
    fields = [_describe(key, model.model_fields[key]) for key in ordered_fields(model)]
    known = next((field["choices"] or [] for field in fields if field["key"] == "algorithm"), [])
    for field in fields:
        field["defaults"] = {name: value for name, value in field["defaults"].items() if name in known}
    return fields


def _describe(key: str, field: FieldInfo) -> dict[str, Any]:
    annotation, nullable = _without_none(field.annotation)
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    choices = list(get_args(annotation)) if get_origin(annotation) is Literal else None
    minimum, maximum, exclusive_minimum = _limits(field)
    return {
        "key": key,
        "title": field.title or key,
        "help": field.description or "",
        "type": extra.get("kind") or _type_name(annotation),
        "default": field.get_default(call_default_factory=True),
        "nullable": nullable,
        "minimum": minimum,
        "maximum": maximum,
        "exclusive_minimum": exclusive_minimum,
        "choices": choices,
        "unit": extra.get("unit"),
        "group": extra.get("group", "Other"),
        "level": extra.get("level", "advanced"),
        "algorithms": extra.get("algorithms"),
        "defaults": extra.get("defaults", {}),
    }


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def _type_name(annotation: Any) -> str:
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin = get_origin(annotation)
    if number := _number_or_auto(annotation):
        return f"{number}_or_auto"
    if origin is Literal:
        return "enum"
    if origin is list and get_args(annotation) in _LISTS:
        return _LISTS[get_args(annotation)]
    if origin is dict or annotation is dict:
        return "dict"
    raise TypeError(f"no form editor for a field of type {typing.cast(object, annotation)!r}")


def _number_or_auto(annotation: Any) -> str | None:
    if get_origin(annotation) not in (Union, types.UnionType):
        return None
    number, *rest = [_bare(part) for part in get_args(annotation)]
    return _SCALARS.get(number) if rest == [Literal["auto"]] else None


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _constraints(field: FieldInfo) -> list[Any]:
    """What limits the value, also where only one member of a union is limited."""
    found = list(field.metadata)
    for part in get_args(field.annotation):
        if get_origin(part) is Annotated:
            found += [limit for item in part.__metadata__ for limit in getattr(item, "metadata", [item])]
    return found


def _limits(field: FieldInfo) -> tuple[Any, Any, Any]:
    minimum = maximum = exclusive_minimum = None
    for item in _constraints(field):
        if isinstance(item, annotated_types.Ge):
            minimum = item.ge
        elif isinstance(item, annotated_types.Gt):
            exclusive_minimum = item.gt
        elif isinstance(item, annotated_types.Le):
            maximum = item.le
    return minimum, maximum, exclusive_minimum
