"""`rl-studio train`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from rl_studio.cli.arguments import add_godot, add_json, add_project, open_project
from rl_studio.cli.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED
from rl_studio.cli.follow import follow, outcome_text, progress_text
from rl_studio.cli.output import Output
from rl_studio.experiments import DEFAULT_EXPERIMENT, ExperimentStore, form_fields, parse_assignments
from rl_studio.experiments.presets import find_preset
from rl_studio.runs import RunInfo, RunService

_SHORTHANDS = {
    "scene": "scene",
    "timesteps": "total_timesteps",
    "n_envs": "n_envs",
    "seed": "seed",
}
"""Options that stand for a field of the configuration."""

_EXIT_CODES = {"finished": EXIT_DONE, "stopped": EXIT_INTERRUPTED, "failed": EXIT_FAILED}


def configure(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument(
        "--experiment", default=DEFAULT_EXPERIMENT, metavar="NAME", help="a saved experiment to start from"
    )
    parser.add_argument(
        "--preset", metavar="NAME", help="values to start from, below all others; --help-config lists them"
    )
    parser.add_argument("--scene", metavar="res://…", help="default: the project's training scene")
    parser.add_argument("--timesteps", metavar="N", help="agent steps to train for")
    parser.add_argument("--n-envs", metavar="N", help="game processes side by side, or auto")
    parser.add_argument("--seed", metavar="N")
    parser.add_argument("--trainer", metavar="NAME", help="default: the experiment's (sb3)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="assignments",
        metavar="KEY=VALUE",
        help="any field of the configuration; may be given again and again",
    )
    parser.add_argument("--help-config", action="store_true", help="list all fields of the configuration")
    parser.add_argument("--detach", action="store_true", help="start the run and leave it alone")
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    if args.help_config:
        return _print_fields(args, output)
    project = open_project(args)
    overrides = parse_assignments(args.assignments) | _shorthands(args)
    with RunService(project) as service:
        if args.preset is not None:
            overrides = _preset_values(service, args) | overrides
        started = service.start(args.experiment, overrides=overrides, trainer=args.trainer, godot=args.godot)
        output.say(f"Run {started.id} in {service.folder(started.id)}")
        if args.detach:
            output.say(f"rl-studio stop {started.id} --project {project.root} stops it.")
            output.result(_document(service, started))
            return 0
        info = follow(service, started.id, Terminal(output))
        output.say(outcome_text(info))
        output.result(_document(service, info))
    return _EXIT_CODES[info.state]


class Terminal:
    """A `Listener` that shows how a run gets on, or with --json its @METRIC lines."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._message: str | None = None

    def changed(self, info: RunInfo) -> None:
        if info.message and info.message != self._message:
            self._message = info.message
            self._output.say(info.message)
        if info.timesteps:
            self._output.progress(progress_text(info))

    def sampled(self, sample: dict[str, Any]) -> None:
        if self._output.as_json:
            fields = {key: value for key, value in sample.items() if key != "seq"}
            self._output.raw("@METRIC " + json.dumps(fields, allow_nan=False))

    def stopping(self) -> None:
        self._output.say("Stopping: the run saves a checkpoint. Ctrl+C again leaves it to that.")


def _shorthands(args: argparse.Namespace) -> dict[str, Any]:
    given = {key: getattr(args, option) for option, key in _SHORTHANDS.items()}
    return parse_assignments(f"{key}={value}" for key, value in given.items() if value is not None)


def _preset_values(service: RunService, args: argparse.Namespace) -> dict[str, Any]:
    """The values of the preset that the experiment does not set itself.

    Raises:
        ConfigError: the trainer has no such preset.
        TrainerError: there is no such trainer.
    """
    saved = ExperimentStore(service.project).get(args.experiment)
    trainer = service.trainers.get(args.trainer or saved.trainer)
    values = find_preset(args.preset, trainer.presets()).values
    own = saved.overrides if trainer.name == saved.trainer else {}
    return {key: value for key, value in values.items() if key not in own}


def _document(service: RunService, info: RunInfo) -> dict[str, Any]:
    return info.to_dict() | {"path": str(service.folder(info.id))}


def _print_fields(args: argparse.Namespace, output: Output) -> int:
    from rl_studio.trainers import TrainerRegistry

    trainer = TrainerRegistry().get(args.trainer or "sb3")
    fields = form_fields(trainer.config_model())
    group = ""
    for field in fields:
        if field["group"] != group:
            group = field["group"]
            output.say(f"\n{group}")
        default = json.dumps(field["default"])
        choices = f", one of {', '.join(field['choices'])}" if field["choices"] else ""
        output.say(f"  {field['key']} = {default}{choices}\n      {field['help']}")
    if presets := trainer.presets():
        output.say("\nPresets (--preset NAME)")
    for preset in presets:
        values = ", ".join(f"{key}={json.dumps(value)}" for key, value in preset.values.items())
        output.say(f"  {preset.name}: {values or 'the defaults'}\n      {preset.reason}")
    output.result(fields)
    return 0
