"""Makes an experiment of the files that the predecessor kept in a project's `.rlcontroller/`.

Nothing is lost in silence: each setting gets a row that says where it went, or why not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from rl_studio.errors import ConfigError
from rl_studio.experiments import layers, predecessor_yaml, yaml_values
from rl_studio.experiments.overrides import differing, resolve
from rl_studio.experiments.predecessor_rules import RLLIB, SB3, SHARED, Fate, Outcome, Rule, dropped
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.training_config import TrainingConfig, applies
from rl_studio.files import read_json

FOLDER = ".rlcontroller"
FORM = "training_config.json"
YAML = "rllib_config.yaml"
OTHERS = {
    "mars_training_config.json": "MARS has no counterpart; its script was never published",
    "export_config.json": "an export asks for what it needs",
}
"""Files beside them that hold settings, and why these lead nowhere."""

_MODELS: dict[str, type[TrainingConfig]] = {"sb3": SB3Config, "rllib": RLlibConfig}
_MODES = {"single_agent": "sb3", "multi_agent": "rllib"}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting of the predecessor in the report.

    Attributes:
        file, key, value: where it was, and what.
        fate: what becomes of it.
    """

    file: str
    key: str
    value: Any
    fate: Fate

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-compatible data."""
        plain = isinstance(self.value, str | int | bool | list | dict) or self.value is None
        value = self.value if plain else float(self.value) if _is_finite(self.value) else str(self.value)
        outcome: Outcome = self.fate.outcome
        told = {"outcome": outcome, "to": self.fate.to, "why": self.fate.why}
        return {"file": self.file, "key": self.key, "value": value, **told}


@dataclass(frozen=True, slots=True)
class Files:
    """The predecessor's files, read.

    Attributes:
        form: what its form had saved; None if there is no such file.
        yaml: what its RLlib script read; None if there is no such file.
        others: names of further files that hold settings.
    """

    form: Mapping[str, Any] | None
    yaml: Mapping[str, Any] | None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What the files became.

    Attributes:
        name: of the experiment, after the predecessor's.
        overrides: valid, and only what differs from our defaults.
        rows: one for each setting.
    """

    name: str
    trainer: str
    overrides: dict[str, Any]
    rows: list[Row]


def read(path: Path) -> Files:
    """Reads the files of `path`: a project, its `.rlcontroller`, or one of the two files.

    Raises:
        ConfigError: neither file is there, or one cannot be read.
    """
    folder = path / FOLDER if (path / FOLDER).is_dir() else path
    if not folder.is_dir():
        is_yaml = folder.suffix in (".yaml", ".yml")
        return Files(None, _read(folder)) if is_yaml else Files(_read(folder), None)
    found = [_read(file) if (file := folder / name).is_file() else None for name in (FORM, YAML)]
    if found == [None, None]:
        raise ConfigError(
            f"{path} has neither {FORM} nor {YAML}.",
            hint=f"Give the folder of the old project, its {FOLDER}, or one of the files.",
        )
    return Files(found[0], found[1], tuple(name for name in OTHERS if (folder / name).is_file()))


def convert(files: Files, trainer: str | None = None) -> Imported:
    """Makes our configuration of theirs.

    Args:
        trainer: "sb3" or "rllib"; None for the mode that was chosen, which without a form is RLlib's.

    Raises:
        ConfigError: there is no such trainer.
    """
    form = files.form or {}
    mode = str(form.get("mode", "single_agent" if files.yaml is None else "multi_agent"))
    chosen = trainer or _MODES.get(mode, "sb3")
    if chosen not in _MODELS:
        raise ConfigError(f"Nothing can be imported for {chosen!r}.", hint="There are sb3 and rllib.")
    rows = list(_sb3_rows(form, files.yaml) if chosen == "sb3" else _rllib_rows(form, files.yaml or {}))
    rows, overrides = _settle(_MODELS[chosen], rows)
    first = [Row(FORM, "mode", mode, Fate("mapped", {}, f"trainer {chosen}"))] if "mode" in form else []
    last = [Row(name, "", None, dropped(OTHERS[name])) for name in files.others]
    return Imported(_name(form), chosen, overrides, [*first, *rows, *last])


def _sb3_rows(form: Mapping[str, Any], yaml_file: Mapping[str, Any] | None) -> Iterator[Row]:
    for key, value in form.items():
        if key != "mode" and not key.startswith("rllib_"):
            yield _row(FORM, key, value, {**SHARED, **SB3}, form)
    if others := [key for key in form if key.startswith("rllib_")]:
        yield Row(FORM, f"rllib_… ({len(others)})", None, dropped("with one policy RLlib was not used"))
    if yaml_file is not None:
        yield Row(YAML, "", None, dropped("with one policy RLlib was not used"))


def _rllib_rows(form: Mapping[str, Any], yaml_file: Mapping[str, Any]) -> Iterator[Row]:
    """The file wins over the form, which it was made from at some time: it is what was trained with."""
    flat = dict(predecessor_yaml.flatten(yaml_file))
    given = predecessor_yaml.settings_of(flat) if flat else {}
    settings = {**form, **given}
    for key, value in form.items():
        if key == "mode" or key.startswith("sb3_"):
            continue
        if key in given and given[key] != value:
            yield Row(FORM, key, value, dropped(f"{YAML} said {given[key]!r}, and was what counted"))
        else:
            yield _row(FORM, key, value, {**SHARED, **RLLIB}, settings)
    if others := [key for key in form if key.startswith("sb3_")]:
        yield Row(FORM, f"sb3_… ({len(others)})", None, dropped("with several policies SB3 was not used"))
    for key, value in flat.items():
        setting = predecessor_yaml.YAML.get(key)
        if setting is None:
            yield _row(YAML, key, value, predecessor_yaml.YAML_ONLY, settings)
        elif form.get(setting) != given[setting]:
            yield replace(_row(YAML, setting, value, {**SHARED, **RLLIB}, settings), key=key)
    for section, key in (("model", "rllib_policy_type"), ("stop", "rllib_stop_mode")):
        if flat and form.get(key) != given[key]:
            yield replace(_row(YAML, key, given[key], RLLIB, settings), key=section)


def _row(file: str, key: str, value: Any, rules: Mapping[str, Rule], settings: Mapping[str, Any]) -> Row:
    rule = rules.get(key)
    if rule is None:
        return Row(file, key, value, dropped("unknown setting"))
    try:
        return Row(file, key, value, rule(value, settings))
    except (TypeError, ValueError):  # a value of another kind than the predecessor ever wrote
        return Row(file, key, value, dropped("not a value of this setting"))


def _settle(model: type[TrainingConfig], rows: list[Row]) -> tuple[list[Row], dict[str, Any]]:
    """Drops what the algorithm has not and what is not valid, until the rest is a configuration."""
    default = model.model_fields["algorithm"].default
    algorithm = next((row.fate.to["algorithm"] for row in rows if "algorithm" in row.fate.to), default)
    rows = [
        _without(row, key, f"{algorithm} has no such field")
        if (key := _unfit(model, row, algorithm)) is not None
        else row
        for row in rows
    ]
    while True:
        try:
            return rows, differing(resolve(model, _merged(model, rows)))
        except ConfigError as error:
            bad = {str(item["key"]).split(".")[0]: str(item["message"]) for item in error.data["errors"]}
            guilty = next((key for key in bad if any(key in row.fate.to for row in rows)), None)
            if guilty is None:
                raise
            rows = [_without(row, guilty, bad[guilty]) if guilty in row.fate.to else row for row in rows]


def _unfit(model: type[TrainingConfig], row: Row, algorithm: str) -> str | None:
    """A field that the row would set and the algorithm has not."""
    return next((key for key in row.fate.to if not applies(model, key, algorithm)), None)


def _without(row: Row, key: str, why: str) -> Row:
    return replace(row, fate=dropped(f"{key}: {why}"))


def _merged(model: type[TrainingConfig], rows: list[Row]) -> dict[str, Any]:
    return layers.merge(model, *(row.fate.to for row in rows))


def _name(form: Mapping[str, Any]) -> str:
    name = re.sub(r"[^\w .\-]+", "_", str(form.get("experiment_name", "imported")))
    return name.strip(" .-")[:48].strip(" .-") or "imported"


def _read(path: Path) -> dict[str, Any]:
    try:
        is_yaml = path.suffix in (".yaml", ".yml")
        found = yaml_values.parse(path.read_text(encoding="utf-8")) if is_yaml else read_json(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no settings: it is a {type(found).__name__}, not a map.")
    return found


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and value - value == 0
