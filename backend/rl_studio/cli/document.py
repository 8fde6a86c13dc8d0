"""Makes docs/command-line.md from the commands: `python -m rl_studio.cli.document docs/command-line.md`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from rl_studio.cli.main import build_parsers

_INTRODUCTION = """# Command line

*Made from the commands in `backend/rl_studio/cli/` by `make docs`.*

`rl-studio COMMAND --help` shows the same in the terminal, and `rl-studio --version` the version. Commands that work
on a project look for it in the current folder, unless `--project` names another one. With `--json` the last line on
stdout is one JSON document.

The exit code is 0 if the command did what it was asked for, 1 if it failed, 2 if the command line was wrong, and 130
if it was interrupted. The environment variable `RL_STUDIO_LOG` (`DEBUG`, `INFO`) makes commands tell more on stderr.
"""


def document() -> str:
    """The page, ending in a newline."""
    parts = [_INTRODUCTION]
    for verb, parser in build_parsers().items():
        children = list(_children(parser))
        parts.append(_section("##", f"rl-studio {verb}", parser, parser.description or "", not children))
        for name, summary, child in children:
            parts.append(_section("###", f"rl-studio {verb} {name}", child, _sentence(summary), True))
    return "\n".join(parts)


def _section(level: str, title: str, parser: argparse.ArgumentParser, text: str, has_table: bool) -> str:
    lines = [f"{level} {title}", "", text, ""]
    if has_table:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [_row(action) for action in parser._actions if action.dest != "help"]
        lines.append("")
    if parser.epilog:
        lines += [parser.epilog, ""]
    return "\n".join(lines)


def _row(action: argparse.Action) -> str:
    """An argument with the word for its value, and its help."""
    name = ", ".join(action.option_strings)
    if action.choices:
        value = "|".join(str(choice) for choice in action.choices)
    else:
        metavar = action.metavar if isinstance(action.metavar, str) else None
        value = metavar or action.dest.upper()
    if action.nargs == 0:
        value = ""
    elif action.nargs in ("*", "?") and not name:
        value = f"[{value}]"
    shown = f"`{name} {value}`".replace(" `", "`").replace("` ", "`").replace("|", r"\|")
    meaning = (action.help or "").replace("|", r"\|")
    required = "; has to be given" if action.required and name else ""
    return f"| {shown} | {meaning}{required} |"


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""


def _children(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """The actions of a command such as `config`, with their help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield choice.dest, choice.help or "", action.choices[choice.dest]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
