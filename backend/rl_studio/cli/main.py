"""Finds the verb, imports only its module, runs it, and turns errors into words and an exit code."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from rl_studio import __version__, storage, streams
from rl_studio.cli.exit_codes import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from rl_studio.cli.output import Output
from rl_studio.errors import StudioError

logger = logging.getLogger(__name__)

_COMMANDS = {
    "train": ("rl_studio.cli.train", "train a policy in a Godot project"),
    "check": ("rl_studio.cli.check", "look at a scene before it is trained, without starting the game"),
    "config": ("rl_studio.cli.config", "show and change the configuration of an experiment"),
    "import-config": (
        "rl_studio.cli.import_config",
        "make an experiment of the predecessor's configuration files",
    ),
    "runs": ("rl_studio.cli.runs", "list the runs of a project"),
    "stop": ("rl_studio.cli.stop", "stop a run; it saves a checkpoint first"),
    "metrics": ("rl_studio.cli.metrics", "print the metrics of a run"),
    "export": ("rl_studio.cli.export", "export a checkpoint as a verified ONNX file into the game"),
    "evaluate": ("rl_studio.cli.evaluate", "play a policy in Godot and count successes"),
    "build-game": (
        "rl_studio.cli.build_game",
        "export the game for Linux, for the machines of a Ray cluster",
    ),
    "install-addon": ("rl_studio.cli.install_addon", "copy the Godot addon into a project and enable it"),
    "setup": ("rl_studio.cli.setup", "make, mend or remove the Python environment that the editor uses"),
    "doctor": ("rl_studio.cli.doctor", "say what is here, what is missing, and what mends it"),
    "godot": ("rl_studio.cli.godot", "find Godot, or set one up where there is none"),
    "serve": ("rl_studio.cli.serve", "serve a project to the editor"),
    "demo": ("rl_studio.cli.demo", "train, export and play the sample game"),
}
"""Verb → (module with `configure(parser)` and `run(args, output) -> int`, help)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `rl-studio`.

    Args:
        argv: None for those of the process.

    Returns:
        0 if what was asked for was done, 1 if not, 2 for a wrong command line, 130 after Ctrl+C.
    """
    if argv is None:
        streams.use_utf8_names()
    streams.prepare()
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        problem = streams.end()
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain again while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    if problem is not None:
        sys.stderr.write(f"rl-studio: The output could not be written: {problem.strerror}.\n")
        return code or EXIT_FAILED
    return code


def build_parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, with all its arguments."""
    parsers = {}
    for verb, (path, summary) in _COMMANDS.items():
        parsers[verb] = argparse.ArgumentParser(prog=f"rl-studio {verb}", description=_sentence(summary))
        importlib.import_module(path).configure(parsers[verb])
    return parsers


def _run(words: list[str]) -> int:
    verb = next((word for word in words if not word.startswith("-")), None)
    parser, module = _build_parser(verb)
    args = parser.parse_args(words)
    if module is None:
        parser.print_help()
        return EXIT_USAGE
    logging.basicConfig(
        level=os.environ.get("RL_STUDIO_LOG", "WARNING").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    output = Output(as_json=getattr(args, "json", False))
    try:
        return int(module.run(args, output))
    except StudioError as error:
        output.error(error)
        return EXIT_FAILED
    except BrokenPipeError:
        raise
    except (OSError, sqlite3.Error) as error:
        logger.debug("the command failed", exc_info=True)
        output.error(storage.describe(error, getattr(args, "project", None) or Path.cwd()))
        return EXIT_FAILED
    except KeyboardInterrupt:
        output.say("Interrupted.")
        return EXIT_INTERRUPTED


def _build_parser(verb: str | None) -> tuple[argparse.ArgumentParser, ModuleType | None]:
    parser = argparse.ArgumentParser(
        prog="rl-studio", description="Reinforcement learning for Godot games: train, watch, export, play."
    )
    parser.add_argument("--version", action="version", version=f"rl-studio {__version__}")
    verbs = parser.add_subparsers(metavar="COMMAND", dest="command")
    module = None
    for name, (path, summary) in _COMMANDS.items():
        child = verbs.add_parser(name, help=summary, description=_sentence(summary))
        if name == verb:
            module = importlib.import_module(path)
            module.configure(child)
    return parser, module


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."
