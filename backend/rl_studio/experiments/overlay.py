"""The hand-written overlay of an experiment: `rllib_config.yaml`, laid over its saved values.

Its keys are the fields of `RLlibConfig`; `rllib:` holds arguments of RLlib's own `AlgorithmConfig`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rl_studio.errors import ConfigError, closest
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.yaml_values import Loader

FILE = "rllib_config.yaml"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the file says.

    Attributes:
        values: by field.
        lines: where each key stands, counted from 1; keys within keys are joined by dots.
    """

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int | None:
        """The line of a key, or of the innermost one around it that is in the file."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return self.lines.get(key)


def read(path: Path) -> dict[str, Any]:
    """The values of an overlay by field; empty if there is no such file. Only their names are checked here.

    Raises:
        ConfigError: as `load`.
    """
    return load(path).values


def load(path: Path) -> Overlay:
    """Reads an overlay; empty if there is no such file.

    Raises:
        ConfigError: it cannot be read, is not YAML, or has unknown or repeated keys; each with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Overlay()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    try:
        loader = Loader(text)
        root = loader.get_single_node()
        if root is None:
            return Overlay()
        problems = list(_problems(root))
        values = loader.construct_document(root) if not problems else {}
        lines = dict(_lines(root))
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from error
    except RecursionError as error:
        raise _refusal(path, [("configuration", "is nested in itself, or too deeply", 1)]) from error
    if problems:
        raise _refusal(path, problems)
    return Overlay(values, lines)


Problem = tuple[str, str, int]
"""Key, what is wrong, line."""


def _problems(root: yaml.Node) -> Iterator[Problem]:
    if not isinstance(root, yaml.MappingNode):
        yield "configuration", "must be keys with values, such as learning_rate: 3e-4", _line(root)
        return
    for key, _ in root.value:
        if key.value not in RLlibConfig.model_fields:
            near = closest(str(key.value), RLlibConfig.model_fields)
            hint = f", did you mean {near}?" if near else ""
            yield str(key.value), f"unknown field{hint}", _line(key)
    yield from _repeated(root, "")


def _repeated(node: yaml.MappingNode, path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for key, value in node.value:
        name = f"{path}{key.value}"
        if name in seen:
            yield name, "is there twice", _line(key)
        seen.add(name)
        if isinstance(value, yaml.MappingNode):
            yield from _repeated(value, f"{name}.")


def _lines(node: yaml.Node, path: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield f"{path}{key.value}", _line(key)
            yield from _lines(value, f"{path}{key.value}.")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _not_yaml(path: Path, error: yaml.YAMLError) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    reason = getattr(error, "problem", None) or str(error)
    return _refusal(path, [("configuration", str(reason), line)])


def _refusal(path: Path, problems: list[Problem]) -> ConfigError:
    text = "; ".join(f"line {line}: {key}: {message}" for key, message, line in problems)
    return ConfigError(
        f"{path.name} is not valid: {text}",
        hint=f"Correct {path}.",
        data={
            "errors": [
                {"key": key, "message": f"{message} ({path.name}, line {line})", "value": None}
                for key, message, line in problems
            ]
        },
    )
