"""Commands of the documentation, and whether they could be typed as they stand."""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from doc_pages import Block
from godot_project import REPOSITORY
from rl_studio.cli.main import build_parsers

_PLACEHOLDERS = {"N": "1", "NUMBER": "1"}
_OTHERS = {"cd", "git", "source", "python3", "ray", "openssl", "export", "brew", "sudo", "winget", "py"}
"""Programs that are not ours: what they understand is not looked at."""


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a block of shell commands, lines that go on joined.

    Args:
        words: without comments and without the path of the virtual environment.
    """

    block: Block
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return shlex.join(self.words)

    @property
    def program(self) -> str:
        return self.words[0]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block, in order."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            words[0] = words[0].removeprefix(".venv/bin/")
            yield Command(block, tuple(words))


def find_fault(words: Sequence[str]) -> str | None:
    """Why a command cannot be run as it is written; None if nothing is wrong with it."""
    program, *arguments = words
    if program == "rl-studio":
        return find_cli_fault(arguments)
    if program == "make":
        return None if arguments and arguments[0] in make_targets() else f"no target {arguments}"
    if program == "pip":
        return _find_pip_fault(arguments)
    if program == "python":
        return _find_script_fault(arguments)
    return None if program in _OTHERS else f"unknown program {program}"


def find_cli_fault(arguments: Sequence[str]) -> str | None:
    """The same for the arguments of `rl-studio`: its own parser reads them."""
    if arguments[:1] == ["--version"]:
        return None
    printed = io.StringIO()
    words = [_PLACEHOLDERS.get(word, word) for word in arguments]
    try:
        with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(io.StringIO()):
            build_parsers()[words[0]].parse_args(words[1:])
    except SystemExit as stopped:
        return printed.getvalue() if stopped.code else None
    except KeyError:
        return f"rl-studio has no command {words[0]}"
    return None


def verbs() -> list[str]:
    """The commands of `rl-studio`."""
    return sorted(build_parsers())


def flags(verb: str) -> set[str]:
    """The options of a command, those of its actions included."""
    return {
        option
        for parser in _with_children(build_parsers()[verb])
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


@cache
def make_targets() -> set[str]:
    """What `make` can be asked for."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


@cache
def script_flags(script: Path) -> set[str]:
    """The options that a Python script tells of in its help."""
    argv = [sys.executable, str(script), "--help"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return set(re.findall(r"--[a-z][\w-]*", done.stdout))


def _with_children(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from _with_children(child)


def _find_pip_fault(arguments: Sequence[str]) -> str | None:
    """Extras have to exist; files that are named, too."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for word in arguments:
        match = re.fullmatch(r"(?:\.|godot-rl-studio|.*\.whl)\[(.+)\]", word)
        unknown = set(match[1].split(",")) - set(project["optional-dependencies"]) if match else set()
        if unknown:
            return f"no extra {unknown}"
    for before, word in itertools.pairwise(arguments):
        if before == "-c" and not (REPOSITORY / word).is_file():
            return f"no file {word}"
    return None


def _find_script_fault(arguments: Sequence[str]) -> str | None:
    if arguments[0] in ("-m", "-c"):
        return None
    script = REPOSITORY / arguments[0]
    if not script.is_file():
        return f"no script {arguments[0]}"
    unknown = {word for word in arguments if word.startswith("--")} - script_flags(script)
    return f"{arguments[0]} has no {unknown}" if unknown else None
