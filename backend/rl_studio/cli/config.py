"""`rl-studio config`: looks at an experiment's configuration and changes it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rl_studio.cli.arguments import add_json, add_project, open_project, with_resources
from rl_studio.cli.exit_codes import EXIT_DONE, EXIT_USAGE
from rl_studio.cli.output import Output, table
from rl_studio.errors import ConfigError, closest
from rl_studio.experiments import (
    DEFAULT_EXPERIMENT,
    Experiment,
    ExperimentStore,
    checks,
    complete,
    differing,
    layers,
    overlay,
    parse_assignments,
    resolve,
)
from rl_studio.experiments.training_config import TrainingConfig
from rl_studio.project import Project
from rl_studio.trainers import Trainer, TrainerRegistry

_COLUMNS = {"key": "key", "value": "value", "from": "from"}


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="ACTION", dest="action")
    show = verbs.add_parser("show", help="print each value and where it comes from")
    show.add_argument("keys", nargs="*", metavar="KEY", help="only these fields")
    show.add_argument("--changed", action="store_true", help="only what is not a default")
    assign = verbs.add_parser("set", help="change values of an experiment, if all of them are valid")
    assign.add_argument("assignments", nargs="+", metavar="KEY=VALUE", help="a field and its new value")
    reset = verbs.add_parser("reset", help="go back to defaults")
    reset.add_argument("keys", nargs="*", metavar="KEY", help="only these fields")
    reset.add_argument("--all", action="store_true", help="all fields")
    schema = verbs.add_parser("schema", help="print the JSON schema of a trainer's configuration")
    for child in (show, assign, reset, schema):
        add_project(child)
        child.add_argument(
            "--experiment",
            default=DEFAULT_EXPERIMENT,
            metavar="NAME",
            help=f"which experiment (default: {DEFAULT_EXPERIMENT})",
        )
        child.add_argument("--trainer", metavar="NAME", help="sb3 or rllib (default: that of the experiment)")
        add_json(child)
    parser.set_defaults(help_text=parser.format_help())


def run(args: argparse.Namespace, output: Output) -> int:
    if args.action is None:
        output.say(args.help_text)
        return EXIT_USAGE
    if args.action == "schema":
        return _schema(args, output)
    desk = _Desk(open_project(args), args.experiment, args.trainer)
    if args.action == "show":
        return _show(desk, args, output)
    return _set(desk, args, output) if args.action == "set" else _reset(desk, args, output)


class _Desk:
    """An experiment on the table: what is saved, whose it is, and what lies over it.

    Args:
        trainer: another trainer than the experiment's; of the saved values it takes those that all trainers share.

    Raises:
        ConfigError: the experiment's name is none, or its overlay cannot be read.
        TrainerError: there is no such trainer.
    """

    def __init__(self, project: Project, experiment: str, trainer: str | None) -> None:
        self.project = project
        self._store = ExperimentStore(project)
        self.saved: Experiment = self._store.get(experiment)
        self.trainer: Trainer = TrainerRegistry().get(trainer or self.saved.trainer)
        self.model: type[BaseModel] = self.trainer.config_model()
        self.overlay_file: Path = project.experiments_dir / experiment / overlay.FILE
        self.overlay: dict[str, Any] = (
            overlay.read(self.overlay_file) if layers.has_overlay(self.model) else {}
        )
        self.values = layers.saved_for(self.saved, self.trainer.name, self.model)

    def configuration(self, values: Mapping[str, Any]) -> BaseModel:
        """The configuration of these values with the overlay on top.

        Raises:
            ConfigError: they are not valid.
        """
        return layers.configure(self.model, values, self.overlay_file, {})

    def save(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Saves what differs from the defaults, if it is valid with the overlay and without; returns that.

        Raises:
            ConfigError: it is not.
            OSError: the file cannot be written.
        """
        own = differing(resolve(self.model, values))
        self.configuration(values)
        self._store.save(self.saved.name, self.trainer.name, own)
        return own

    def check_keys(self, keys: list[str]) -> None:
        """Raises ConfigError for a key that is neither a field nor among what is saved."""
        for key in keys:
            if key not in self.model.model_fields and key not in self.values:
                near = closest(key, self.model.model_fields)
                raise ConfigError(
                    f"{self.trainer.title} has no field {key!r}.",
                    hint=f"Did you mean {near}?" if near else "`rl-studio config show` lists all fields.",
                    data={"errors": [{"key": key, "message": "unknown field", "value": None}]},
                )

    def origin(self, key: str) -> str:
        """Where the value of a field comes from; "experiment, overlay" for maps of which each has a part."""
        found = {"experiment": self.values, "overlay": self.overlay}
        names = [name for name, values in found.items() if key in values]
        merged = {**self.values, **self.overlay}.get(key)
        return ", ".join(names if isinstance(merged, dict) else names[-1:]) or "default"


def _show(desk: _Desk, args: argparse.Namespace, output: Output) -> int:
    desk.check_keys(args.keys)
    config = desk.configuration(desk.values)
    values = complete(config)
    rows = [
        {"key": key, "value": value, "from": desk.origin(key)}
        for key, value in values.items()
        if key in args.keys or not args.keys
    ]
    if args.changed:
        rows = [row for row in rows if row["from"] != "default"]
    without = [key for key in args.keys if key not in values]
    warnings = checks.warnings(config) if isinstance(config, TrainingConfig) else []
    output.say(f"{desk.saved.name}: {desk.trainer.title}")
    if rows:
        output.say(table([{**row, "value": json.dumps(row["value"])} for row in rows], _COLUMNS))
    elif not without:
        output.say("All values are the defaults.")
    for key in without:
        output.say(f"{getattr(config, 'algorithm', desk.trainer.title)} has no field {key}.")
    for warning in warnings:
        output.say(f"! {warning}")
    document = {"experiment": desk.saved.name, "trainer": desk.trainer.name, "fields": rows}
    output.result({**document, "warnings": warnings})
    return EXIT_DONE


def _set(desk: _Desk, args: argparse.Namespace, output: Output) -> int:
    assigned = with_resources(desk.project, parse_assignments(args.assignments))
    values = layers.merge(desk.model, desk.values, assigned)
    return _save(desk, values, output)


def _reset(desk: _Desk, args: argparse.Namespace, output: Output) -> int:
    if args.all == bool(args.keys):
        raise ConfigError("Nothing to reset is named.", hint="Name fields, or give --all.")
    desk.check_keys(args.keys)
    values: Mapping[str, Any] = {} if args.all else desk.values
    if "algorithm" in args.keys and "algorithm" in values:
        standard = desk.model.model_fields["algorithm"].default
        values = layers.merge(desk.model, values, {"algorithm": standard})
    return _save(desk, {key: value for key, value in values.items() if key not in args.keys}, output)


def _save(desk: _Desk, values: Mapping[str, Any], output: Output) -> int:
    """Saves, and says what is different now."""
    own = desk.save(values)
    changes = _changes(desk.saved.overrides, own)
    if desk.trainer.name != desk.saved.trainer:
        output.say(f"{desk.saved.name} is trained by {desk.trainer.title} now.")
    config = resolve(desk.model, own)
    for key in changes:
        covered = f", but {overlay.FILE} has a value of its own" if key in desk.overlay else ""
        if key in own:
            output.say(f"{key} = {json.dumps(own[key])}{covered}")
        elif key in complete(config):
            output.say(f"{key} is back to its default{covered}")
        else:
            output.say(f"{key} is gone: {getattr(config, 'algorithm', desk.trainer.title)} has no such field")
    if not changes:
        output.say("Nothing to change.")
    document = {"experiment": desk.saved.name, "trainer": desk.trainer.name}
    output.result({**document, "overrides": own, "changes": changes})
    return EXIT_DONE


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """{key: {before, now}} of what differs; null for a default."""
    return {
        key: {"before": before.get(key), "now": now.get(key)}
        for key in [*now, *(key for key in before if key not in now)]
        if (key in before) != (key in now) or before.get(key) != now.get(key)
    }


def _schema(args: argparse.Namespace, output: Output) -> int:
    """The JSON schema: without a project that of the first trainer or the one asked for."""
    name = args.trainer
    if name is None and (args.project / "project.godot").is_file():
        name = ExperimentStore(Project.open(args.project)).get(args.experiment).trainer
    trainers = TrainerRegistry()
    trainer = trainers.get(name) if name else trainers.all()[0]
    schema = trainer.config_model().model_json_schema()
    output.raw(json.dumps(schema, allow_nan=False, indent=None if output.as_json else 2))
    return EXIT_DONE
