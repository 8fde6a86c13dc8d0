"""Turns a configuration model into plain field descriptions, from which every form is made."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

_SCALARS: dict[Any, str] = {int: "int", float: "float", bool: "bool", str: "string"}


def form_fields(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Describes the fields of `model`, in their order.

    Returns:
        One dict per field: key, title, help, type (int, float, bool, string, enum, int_list, scene, dict, or
        int_or_auto for a whole number or the word "auto"), default, nullable, minimum, maximum,
        exclusive_minimum (numbers or None), choices (list or None), unit, group, level ("basic" or "advanced").
    """
    return [_describe(key, field) for key, field in model.model_fields.items()]


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
    if _is_int_or_auto(annotation):
        return "int_or_auto"
    if origin is Literal:
        return "enum"
    if origin is list and get_args(annotation) == (int,):
        return "int_list"
    if origin is dict or annotation is dict:
        return "dict"
    raise TypeError(f"no form editor for a field of type {typing.cast(object, annotation)!r}")


def _is_int_or_auto(annotation: Any) -> bool:
    if get_origin(annotation) not in (Union, types.UnionType):
        return False
    return [_bare(part) for part in get_args(annotation)] == [int, Literal["auto"]]


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
