"""What is wrong with the content of a run.json: other programs, other versions and broken disks write them too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rl_studio.metrics.numbers import MAX_COUNT, is_count, is_number
from rl_studio.runs.bounds import cut

MAX_BYTES = 512 * 1024
"""A longer run.json is none that the studio wrote."""

MAX_WARNINGS = 50
"""Different warnings of a run that are kept."""

STATES = ("starting", "running", "stopping", "finished", "stopped", "failed")
NEEDED = ("experiment", "trainer", "scene", "project", "created")

_MAX_TEXT = 4096
_MAX_ITEMS = 1000
_MAX_CODE = 2**32
"""Exit codes of Windows are unsigned."""
_LAST_YEAR = 2999


def check_fields(data: Any) -> tuple[dict[str, Any], list[str]]:
    """The fields that can be used, and what is wrong with the others.

    Args:
        data: the content of a run.json.

    Returns:
        Fields by name, those that are unknown left out, and sentences without their ends.
    """
    if not isinstance(data, dict):
        return {}, [f"it has no fields, but is {_shown(data)}"]
    good: dict[str, Any] = {}
    problems = [f'"{name}" is missing' for name in NEEDED if name not in data]
    for name, value in data.items():
        check = _CHECKS.get(name)
        if check is None:
            continue
        try:
            good[name] = check(value)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            why = str(error) if type(error) is _Wrong else "something else is due"
            problems.append(f'"{name}" is {_shown(value)}; {why}')
    return good, problems


class _Wrong(ValueError):  # noqa: N818 - never leaves this module
    """What would be right."""


def _text(value: Any) -> str:
    """Text that can be shown and sent."""
    if not isinstance(value, str):
        raise _Wrong("text is due")
    if len(value) > _MAX_TEXT:
        raise _Wrong(f"{len(value)} characters are too many")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Wrong("that is no text") from None
    return value


def _name_of_file(value: Any) -> str:
    """Text that may hold bytes of a name that is not UTF-8."""
    if isinstance(value, str) and len(value) <= _MAX_TEXT:
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise _Wrong("that is no text") from None
        return value
    return _text(value)


def _time(value: Any) -> str:
    try:
        year = datetime.fromisoformat(_text(value)).year
    except ValueError:
        year = 0
    if not 1970 < year <= _LAST_YEAR:
        raise _Wrong("a time such as 2026-01-02T03:04:05Z is due")
    return str(value)


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _Wrong(f"a whole number from {low} to {high} is due")
        return value

    return check


def _moment(value: Any) -> float:
    """Unix time in seconds."""
    if not is_number(value) or not 0 <= value < MAX_COUNT:
        raise _Wrong("a time in seconds is due")
    return float(value)


def _state(value: Any) -> str:
    if value not in STATES:
        raise _Wrong(f"one of {', '.join(STATES)} is due")
    return str(value)


def _origin(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not {"run", "checkpoint"} <= value.keys():
        raise _Wrong('{"run": …, "checkpoint": …} is due')
    return {key: _text(value[key]) for key in ("run", "checkpoint")}


def _words(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > _MAX_ITEMS:
        raise _Wrong("a list of words is due")
    return [_name_of_file(item) for item in value]


def _versions(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > _MAX_ITEMS:
        raise _Wrong("names with versions are due")
    return {_text(name): _text(version) for name, version in value.items()}


def _warnings(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(
        isinstance(told, dict) and isinstance(told.get("message"), str) and is_count(told.get("count"))
        for told in value
    ):
        raise _Wrong('a list of {"message": …, "count": …} is due')
    return [{"message": cut(told["message"]), "count": told["count"]} for told in value[:MAX_WARNINGS]]


def _or_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "experiment": _text,
    "trainer": _text,
    "scene": _text,
    "project": _name_of_file,
    "created": _time,
    "seed": _or_none(_whole(-(2**63), 2**63 - 1)),
    "argv": _words,
    "python": _name_of_file,
    "versions": _versions,
    "git_revision": _or_none(_text),
    "godot": _name_of_file,
    "timesteps_target": _whole(0, MAX_COUNT),
    "pid": _or_none(_whole(1, 2**31 - 1)),
    "process_created": _or_none(_moment),
    "stop_requested": _or_none(_moment),
    "state": _state,
    "reason": _or_none(_text),
    "exit_code": _or_none(_whole(-_MAX_CODE, _MAX_CODE)),
    "ended": _or_none(_time),
    "resumed_from": _or_none(_origin),
    "initialised_from": _or_none(_origin),
    "warnings": _warnings,
    "schema": _whole(1, MAX_COUNT),
}
"""Field → what returns its value as it can be used, or raises."""


def _shown(value: Any) -> str:
    """A value as a message has it."""
    if isinstance(value, str):
        return repr(value[:60]) + ("…" if len(value) > 60 else "")
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object" if value else "{}"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
