"""`rl-studio import-config`."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from rl_studio import interpreter
from rl_studio.cli.arguments import add_json
from rl_studio.cli.exit_codes import EXIT_DONE
from rl_studio.cli.output import Output, table
from rl_studio.errors import ConfigError
from rl_studio.experiments import ExperimentStore, predecessor
from rl_studio.experiments.store import check_name
from rl_studio.project import Project

_COLUMNS = {"outcome": "", "key": "setting", "value": "value", "to": "becomes", "why": "because"}
_OUTCOMES = ("changed", "mapped", "dropped")
_WIDTH = 32


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help=f"the old project, its {predecessor.FOLDER}, or {predecessor.FORM} or {predecessor.YAML} in it",
    )
    parser.add_argument(
        "--project",
        type=Path,
        metavar="DIR",
        help="the Godot project (default: that of PATH, else this folder)",
    )
    parser.add_argument("--experiment", metavar="NAME", help="its name here (default: the name it had)")
    parser.add_argument(
        "--trainer", choices=("sb3", "rllib"), help="what it trains with (default: by the mode it was in)"
    )
    parser.add_argument("--replace", action="store_true", help="even if there is an experiment of that name")
    parser.add_argument("--dry-run", action="store_true", help="only report")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    found = predecessor.convert(predecessor.read(args.path), args.trainer)
    project = Project.open(_project_of(args))
    interpreter.remember(project)
    name = check_name(args.experiment or found.name)
    store = ExperimentStore(project)
    if not args.dry_run:
        if store.is_saved(name) and not args.replace:
            raise ConfigError(
                f"There is an experiment {name!r} already.",
                hint="Give another --experiment NAME, or --replace.",
            )
        store.save(name, found.trainer, found.overrides)
    ordered = sorted(found.rows, key=lambda row: _OUTCOMES.index(row.fate.outcome))
    output.say(table([_row(row) for row in ordered], _COLUMNS))
    counts: Counter[str] = Counter(row.fate.outcome for row in found.rows)
    output.say("\n" + ", ".join(f"{counts[kind]} {kind}" for kind in _OUTCOMES) + ".")
    verb = "would be" if args.dry_run else "is"
    output.say(
        f"The experiment {name!r} {verb} saved in {project.experiments_dir / name}, for {found.trainer}."
    )
    output.result(
        {
            "experiment": name,
            "trainer": found.trainer,
            "saved": not args.dry_run,
            "overrides": found.overrides,
            "report": [row.to_dict() for row in found.rows],
        }
    )
    return EXIT_DONE


def _project_of(args: argparse.Namespace) -> Path:
    if args.project is not None:
        return Path(args.project)
    path = args.path.resolve()
    return next((folder for folder in (path, *path.parents) if (folder / "project.godot").is_file()), Path())


def _row(row: predecessor.Row) -> dict[str, Any]:
    fate = row.fate
    becomes = ", ".join(f"{key} = {_short(value)}" for key, value in fate.to.items())
    return {
        "outcome": fate.outcome,
        "key": row.key or row.file,
        "value": "" if row.value is None else _short(row.value),
        "to": becomes,
        "why": fate.why,
    }


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
