"""The set-up as the addon runs it, straight out of its wheel:

    python -I -c "import sys; sys.path.insert(0, sys.argv[1]); from rl_studio.setup.__main__ import main; main()" \\
        WHEEL set-up|remove [--extras sb3,rllib] [--torch cpu|gpu] [--repair]

Each line on stdout is one JSON document: see `Report`, and at the end {"event": "done", "python", "version", "notes"}
or {"event": "error", "code", "message", "hint"}. It ends, with all that it has started, when its standard input is
closed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from rl_studio import storage
from rl_studio.errors import StudioError
from rl_studio.setup import engine, places
from rl_studio.setup.report import Report
from rl_studio.setup.state import EnvironmentState
from rl_studio.setup.wheel import Wheel


def main() -> None:
    """Runs the command line of this process, and ends it."""
    wheel, *words = sys.argv[1:]
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=("set-up", "remove"))
    parser.add_argument("--extras", default="")
    parser.add_argument("--torch", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--repair", action="store_true")
    options = parser.parse_args(words)
    cancel = threading.Event()
    threading.Thread(target=_watch_stdin, args=(cancel,), daemon=True).start()
    here = places.usual()
    report = Report(lambda event: _emit(event, cancel), here.log)
    try:
        if options.action == "remove":
            engine.remove(here, report, cancel)
            _emit({"event": "done"}, cancel)
        else:
            extras = tuple(word for word in options.extras.split(",") if word)
            request = engine.Request(extras, options.torch, Wheel(Path(wheel)), options.repair)
            _emit(done_event(engine.set_up(here, request, report, cancel)), cancel)
        code = 0
    except StudioError as error:
        code = _fail(error, cancel)
    except OSError as error:
        code = _fail(storage.describe(error, here.data), cancel)
    # Not by way of the interpreter's end: the thread that reads standard input would be in its way.
    os._exit(code)


def done_event(state: EnvironmentState) -> dict[str, Any]:
    """What is said at the end."""
    # Python from the Microsoft Store has its files elsewhere than it says; only it knows where.
    python = places.usual().python
    real = Path(os.path.realpath(python.parent)) / python.name if sys.platform == "win32" else python
    notes = list(state.notes)
    return {"event": "done", "python": str(real), "version": state.version, "notes": notes}


def _fail(error: StudioError, cancel: threading.Event) -> int:
    _emit({"event": "error", **error.to_wire()}, cancel)
    return 1


def _watch_stdin(cancel: threading.Event) -> None:
    with suppress(OSError):
        os.read(0, 1)
    cancel.set()


def _emit(event: dict[str, Any], cancel: threading.Event) -> None:
    try:
        os.write(1, (json.dumps(event) + "\n").encode())
    except OSError:
        cancel.set()  # nobody listens any more


if __name__ == "__main__":
    main()
