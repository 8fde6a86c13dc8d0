"""`rl-studio setup`: the managed environment, as the Set up of the Train dock makes it."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from rl_studio.children import leaving_on_signals
from rl_studio.cli.arguments import add_json
from rl_studio.cli.output import Output
from rl_studio.disk_facts import size_text
from rl_studio.setup import bare, gpu, own_wheel, parts, places, state
from rl_studio.setup.errors import SetupError

_RUN = "import sys; sys.path.insert(0, sys.argv[1]); from rl_studio.setup.__main__ import main; main()"
_PATIENCE_S = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--extras",
        metavar="NAME,…",
        help=f"what to install: {', '.join(parts.extras())}, or none (default: sb3, or what is there)",
    )
    parser.add_argument(
        "--torch", choices=("cpu", "gpu"), help="build of PyTorch (default: gpu if there is an NVIDIA GPU)"
    )
    parser.add_argument("--python", type=Path, metavar="PATH", help="make it with this Python, 3.11 to 3.14")
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help="install this package (default: this very one)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--repair", action="store_true", help="check each file, and install again what is broken"
    )
    what.add_argument("--remove", action="store_true", help="remove the environment and what belongs to it")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    with tempfile.TemporaryDirectory() as folder:
        wheel = (args.wheel or own_wheel.make(Path(folder))).absolute()
        words = ["remove"] if args.remove else ["set-up", *_choices(args, output)]
        done = _follow([str(args.python or bare.base_python()), "-I", "-c", _RUN, str(wheel), *words], output)
    if args.remove:
        output.say("The environment is removed.")
    else:
        output.say(f"The environment is ready: {done['python']}")
        output.say("The editor finds it by itself; press Train there.")
    output.result({name: value for name, value in done.items() if name != "event"})
    return 0


def _choices(args: argparse.Namespace, output: Output) -> list[str]:
    old = state.load(places.usual())
    asked = args.extras if args.extras is not None else ("sb3" if old is None else ",".join(old.extras))
    extras = [] if asked == "none" else [word.strip() for word in asked.split(",") if word.strip()]
    unknown = [name for name in extras if name not in parts.extras()]
    if unknown:
        raise SetupError(
            f"There is no extra {unknown[0]!r}.", hint=f"There are: {', '.join(parts.extras())}, none."
        )
    torch = args.torch or (old.torch if old is not None else "gpu" if gpu.name() else "cpu")
    if old is None:
        size = parts.size_of(extras, torch)
        output.say(f"About {size_text(size.download)} to download, {size_text(size.disk)} on the disk.")
    words = ["--extras", ",".join(extras), "--torch", torch]
    return [*words, "--repair"] if args.repair else words


def _follow(argv: list[str], output: Output) -> dict[str, Any]:
    """Runs the set-up and shows what it says; returns its last words.

    Raises:
        SetupError: it failed.
    """
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
    except OSError as error:
        raise SetupError(
            f"{argv[0]} cannot be started: {error.strerror}.", hint="Name another --python."
        ) from error
    assert process.stdin is not None
    assert process.stdout is not None
    last: dict[str, Any] = {}
    try:
        with leaving_on_signals():
            for event in _events(process):
                last = event
                _show(event, output)
    finally:
        process.stdin.close()  # it ends, and all that it has started
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)
        process.kill()
        process.wait()
        process.stdout.close()
    if last.get("event") == "done":
        return last
    if last.get("event") == "error":
        raise SetupError(str(last["message"]), hint=last.get("hint"))
    raise SetupError(
        f"{argv[0]} ended with exit code {process.returncode}.",
        hint="Python 3.11 to 3.14 is needed; see --python.",
    )


def _events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                yield event


def _show(event: dict[str, Any], output: Output) -> None:
    if event["event"] == "phase":
        output.say(f"{event['text']}…")
    elif event["event"] == "note":
        output.say(event["text"])
    elif event["event"] == "progress":
        output.progress(f"  {event['fraction']:.0%} {event['text']}")
