"""Experiments of a project: named overrides in `.rl_studio/experiments/<name>/training_config.json`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rl_studio.errors import ConfigError
from rl_studio.files import read_json, set_aside, write_json_atomic
from rl_studio.project import Project

logger = logging.getLogger(__name__)

DEFAULT_EXPERIMENT = "default"
_NAME = re.compile(r"[\w][\w .\-]{0,47}")
_FILE = "training_config.json"
_OVERLAY = "rllib_config.yaml"
_DEEPEST = 12
"""How deep values of a configuration may be nested."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named configuration; `overrides` holds only what differs from the trainer's defaults."""

    name: str
    trainer: str = "sb3"
    overrides: dict[str, Any] = field(default_factory=dict)


class ExperimentStore:
    """Reads and writes the experiments of one project. An experiment exists once it was saved."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def list(self) -> list[Experiment]:
        """All experiments by name; the default one is always among them, saved or not."""
        folder = self._project.experiments_dir
        found = {path.parent.name for path in folder.glob(f"*/{_FILE}")} if folder.is_dir() else set()
        names = {name for name in found if is_name(name)}
        return [self.get(name) for name in sorted(names | {DEFAULT_EXPERIMENT})]

    def is_saved(self, name: str) -> bool:
        """Whether there is a file of this experiment.

        Raises:
            ConfigError: the name cannot be a folder's name.
        """
        return (self._project.experiments_dir / check_name(name) / _FILE).is_file()

    def get(self, name: str) -> Experiment:
        """The experiment called `name`; one never saved is all defaults.

        A corrupt file is moved aside, logged, and read as all defaults.

        Raises:
            ConfigError: the name cannot be a folder's name.
        """
        path = self._project.experiments_dir / check_name(name) / _FILE
        try:
            data = read_json(path)
            check_values(data)
            return Experiment(name, str(data["trainer"]), dict(data["overrides"]))
        except FileNotFoundError:
            return Experiment(name)
        except (ValueError, KeyError, TypeError, IsADirectoryError) as error:
            aside = set_aside(path)
            logger.warning("%s was not readable (%s) and is now %s", path, error, aside.name)
            return Experiment(name)

    def overlay_file(self, name: str) -> Path | None:
        """The hand-written `rllib_config.yaml` beside an experiment's values, if there is one.

        Raises:
            ConfigError: the name cannot be a folder's name.
        """
        path = self._project.experiments_dir / check_name(name) / _OVERLAY
        return path if path.is_file() else None

    def save(self, name: str, trainer: str, overrides: Mapping[str, Any]) -> Experiment:
        """Saves an experiment whose overrides were validated before.

        Raises:
            ConfigError: the name cannot be a folder's name.
            OSError: the file cannot be written.
        """
        experiment = Experiment(check_name(name), trainer, dict(overrides))
        self._project.prepare_state_dir()
        path = self._project.experiments_dir / name / _FILE
        write_json_atomic(path, {"schema": 1, "trainer": trainer, "overrides": experiment.overrides})
        return experiment


def is_name(name: str) -> bool:
    """Whether `name` can name an experiment."""
    return _NAME.fullmatch(name) is not None and not name.endswith((".", " "))


def check_name(name: str) -> str:
    """Returns `name` if it can name an experiment.

    Raises:
        ConfigError: it is empty, too long, or has characters that a folder's name should not have.
    """
    if not is_name(name):
        raise ConfigError(
            f"{name!r} cannot be an experiment's name.",
            hint="Use up to 48 letters, digits, spaces, dots, - or _, beginning with a letter or digit.",
            data={"errors": [{"key": "name", "message": "not a valid name", "value": name}]},
        )
    return name


def check_values(value: Any, depth: int = _DEEPEST) -> None:
    """Makes sure that values can be sent to the editor.

    Raises:
        ValueError: a number is too large, a text is none, or lists and objects are nested too deep.
    """
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("a number is too large")
    if isinstance(value, str):
        value.encode()
    if isinstance(value, dict | list):
        if depth == 0:
            raise ValueError("nested too deep")
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        for item in inner:
            check_values(item, depth - 1)
