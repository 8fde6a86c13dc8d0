"""`rl-studio train`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from rl_studio.cli.arguments import add_godot, add_json, add_project, open_project, with_resources
from rl_studio.cli.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED
from rl_studio.cli.fields import print_fields
from rl_studio.cli.follow import follow, outcome_text, progress_text
from rl_studio.cli.output import Output
from rl_studio.cli.presses import KILLS, Presses
from rl_studio.cli.seeds import first_seed, train_with_seeds
from rl_studio.errors import ConfigError
from rl_studio.experiments import DEFAULT_EXPERIMENT, ExperimentStore, layers, parse_assignments, resolve
from rl_studio.experiments.presets import find_preset, preset_values
from rl_studio.godot import GodotBinary, require_trainable
from rl_studio.godot.script_errors import without_numbers
from rl_studio.runs import RunCheckpoint, RunInfo, RunService
from rl_studio.trainers import Trainer
from rl_studio.words import counted

_SHORTHANDS = {
    "scene": "scene",
    "timesteps": "total_timesteps",
    "n_envs": "n_envs",
    "seed": "seed",
}
"""Options that stand for a field of the configuration."""

_EXIT_CODES = {"finished": EXIT_DONE, "stopped": EXIT_INTERRUPTED, "failed": EXIT_FAILED}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Ctrl+C, SIGTERM and SIGHUP (a terminal that is closed) stop the run, which saves a checkpoint and ends with "
        "its games; so does a second one. A third kills it. With --detach the run goes on by itself."
    )
    add_project(parser)
    parser.add_argument(
        "--experiment", default=DEFAULT_EXPERIMENT, metavar="NAME", help="a saved experiment to start from"
    )
    parser.add_argument(
        "--preset", metavar="NAME", help="values to start from, below all others; --help-config lists them"
    )
    parser.add_argument("--scene", metavar="PATH", help="the scene to train in (default: the training scene)")
    parser.add_argument("--timesteps", metavar="N", help="agent steps to train for")
    parser.add_argument("--n-envs", metavar="N", help="game processes side by side, or auto")
    parser.add_argument("--seed", metavar="N", help="of the game and the networks (default: 0)")
    parser.add_argument(
        "--trainer", metavar="NAME", help="sb3 or rllib (default: that of the experiment, else sb3)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="assignments",
        metavar="KEY=VALUE",
        help="any field of the configuration; may be given again and again",
    )
    parser.add_argument(
        "--help-config",
        action="store_true",
        help="list all fields of the configuration, or those of --set algorithm=NAME",
    )
    parser.add_argument("--detach", action="store_true", help="start the run and leave it alone")
    parser.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="train N times, with seeds from --seed on, and compare the results",
    )
    parser.add_argument("--no-check", action="store_true", help="start without a look at the scene first")
    _add_beginnings(parser)
    add_godot(parser)
    add_json(parser)


def _add_beginnings(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--resume",
        metavar="RUN",
        help="go on where this run ended, with its configuration and --set on top; a new run is made of it. One that "
        "had done all its steps does as many again, unless --timesteps says how many there are to be in all",
    )
    either.add_argument("--init-from", metavar="RUN", help="begin with the policies of this run")
    parser.add_argument(
        "--checkpoint",
        default="latest",
        metavar="latest|best|N",
        help="which checkpoint of that run, N: the one at N timesteps (default: latest)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    if args.help_config:
        return _print_fields(args, output)
    _check_options(args)
    project = open_project(args)
    overrides = with_resources(project, parse_assignments(args.assignments) | _shorthands(args))
    with RunService(project) as service, Presses() as presses:
        if args.preset is not None:
            overrides = _preset_values(service, args, overrides) | overrides
        if args.seeds is not None:
            return _run_seeds(service, args, overrides, output, presses)
        started = _start(service, args, overrides, output, presses)
        output.say(f"Run {started.id} in {service.folder(started.id)}")
        if started.resumed_from is not None:
            output.say(
                f"It goes on from {started.resumed_from.run} up to {counted(started.timesteps_target, 'step')}."
            )
        if args.detach and not presses.count:
            output.say(f"rl-studio stop {started.id} --project {project.root} stops it.")
            output.result(_document(service, started))
            return 0
        info = follow(service, started.id, Terminal(output), presses)
        output.say(outcome_text(info))
        output.result(_document(service, info))
    return _EXIT_CODES[info.state]


def _run_seeds(
    service: RunService,
    args: argparse.Namespace,
    overrides: dict[str, Any],
    output: Output,
    presses: Presses,
) -> int:
    first = first_seed(service, args.experiment, args.trainer, overrides)
    return train_with_seeds(
        service,
        lambda seed: _start(service, args, overrides | {"seed": seed}, output, presses),
        range(first, first + args.seeds),
        Terminal(output),
        output,
        presses,
    )


def _start(
    service: RunService,
    args: argparse.Namespace,
    overrides: dict[str, Any],
    output: Output,
    presses: Presses,
) -> RunInfo:
    def look(godot: GodotBinary, scene: str, trainer: Trainer) -> None:
        require_trainable(
            godot,
            service.project,
            scene,
            on_warning=lambda message: output.say(f"Warning: {message}"),
            many=service.trainers.instead_of(trainer),
            progress=lambda *told: output.progress(told[-1]),
        )

    return service.start(
        args.experiment,
        overrides=overrides,
        trainer=args.trainer,
        godot=args.godot,
        resume=_checkpoint(service, args.resume, args.checkpoint),
        init_from=_checkpoint(service, args.init_from, args.checkpoint),
        look=None if args.no_check else look,
        on_start=presses.hold,
    )


def _checkpoint(service: RunService, run_name: str | None, which: str) -> RunCheckpoint | None:
    """What --resume or --init-from and --checkpoint mean; None if the option was not given.

    Raises:
        RunError: there is no such run.
        ConfigError: `which` is none of latest, best and a number.
    """
    if run_name is None:
        return None
    run_id = service.resolve(run_name)
    if which == "latest":
        return RunCheckpoint(run_id, "latest")
    if which == "best":
        return RunCheckpoint(run_id, "best")
    if not which.isdecimal():
        raise ConfigError(
            f"--checkpoint {which}: there is no such checkpoint.", hint="latest, best or a number"
        )
    return RunCheckpoint(run_id, int(which))


def _check_options(args: argparse.Namespace) -> None:
    """Refuses options that contradict each other.

    Raises:
        ConfigError: they do.
    """
    if args.seeds is not None and args.seeds < 1:
        raise ConfigError(f"--seeds {args.seeds} trains nothing.", hint="Give 1 or more.")
    if args.seeds is not None and (args.detach or args.resume):
        other = "--detach" if args.detach else "--resume"
        raise ConfigError(
            f"--seeds does not go with {other}.",
            hint="It starts one new run after the other and compares them.",
        )
    if args.resume and (args.preset or args.trainer):
        other = "--preset" if args.preset else "--trainer"
        raise ConfigError(
            f"--resume does not go with {other}: the run goes on with its own configuration.",
            hint="Change single values with --set, or use --init-from.",
        )


class Terminal:
    """A `Listener` that shows how a run gets on, or with --json its @METRIC lines."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._message = ""
        self._timesteps = 0
        self._warned: set[str] = set()

    def changed(self, info: RunInfo) -> None:
        for warning in info.warnings:
            if warning.message not in self._warned:
                self._warned.add(warning.message)
                self._output.say(f"Warning: {warning.message}")
        if info.message and info.message != self._message:
            is_same = without_numbers(info.message) == without_numbers(self._message)  # but goes on
            self._message = info.message
            if is_same:
                self._output.progress(info.message)
            elif info.message.removeprefix("Warning: ") not in self._warned:
                self._output.say(info.message)
        if info.timesteps != self._timesteps:
            self._timesteps = info.timesteps
            self._output.progress(progress_text(info))

    def sampled(self, sample: dict[str, Any]) -> None:
        if self._output.as_json:
            fields = {key: value for key, value in sample.items() if key != "seq"}
            self._output.raw("@METRIC " + json.dumps(fields, allow_nan=False))

    def stopping(self, presses: int) -> None:
        if presses >= KILLS:
            self._output.say("The run is killed with its games; its last checkpoint stays.")
        elif presses > 1:
            self._output.say("Still stopping: the run saves a checkpoint. Ctrl+C once more kills it.")
        else:
            self._output.say("Stopping: the run saves a checkpoint. Ctrl+C twice more kills it.")


def _shorthands(args: argparse.Namespace) -> dict[str, Any]:
    given = {key: getattr(args, option) for option, key in _SHORTHANDS.items()}
    return parse_assignments(f"{key}={value}" for key, value in given.items() if value is not None)


def _preset_values(
    service: RunService, args: argparse.Namespace, overrides: dict[str, Any]
) -> dict[str, Any]:
    """The values of the preset that neither the experiment nor `overrides` set.

    Raises:
        ConfigError: the trainer has no such preset, or not for this algorithm.
        TrainerError: there is no such trainer.
    """
    saved = ExperimentStore(service.project).get(args.experiment)
    trainer = service.trainers.get(args.trainer or saved.trainer)
    model = trainer.config_model()
    own = layers.saved_for(saved, trainer.name, model)
    return preset_values(find_preset(args.preset, trainer.presets()), model, own, overrides)


def _document(service: RunService, info: RunInfo) -> dict[str, Any]:
    return info.to_dict() | {"path": str(service.folder(info.id))}


def _print_fields(args: argparse.Namespace, output: Output) -> int:
    from rl_studio.trainers import TrainerRegistry

    trainer = TrainerRegistry().get(args.trainer or "sb3")
    chosen = parse_assignments(args.assignments).get("algorithm")
    if chosen is not None:
        resolve(trainer.config_model(), {"algorithm": chosen})
    print_fields(trainer, chosen, output)
    return 0
