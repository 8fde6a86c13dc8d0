"""Set-ups as the addon starts them, for tests: another Python, straight out of the wheel."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from rl_studio.setup import bare
from rl_studio.setup.places import Places

Event = dict[str, Any]
_RUN = "import sys; sys.path.insert(0, sys.argv[1]); from rl_studio.setup.__main__ import main; main()"


class Run:
    """A set-up as the addon starts it: another Python, straight out of the wheel."""

    def __init__(
        self, places: Places, wheel: Path, *words: str, python: str | None = None, **environment: str
    ) -> None:
        env = os.environ | {"RL_STUDIO_DATA_DIR": str(places.data)} | environment
        argv = [python or bare.base_python(), "-I", "-c", _RUN, str(wheel), *(words or ("set-up",))]
        self.process = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.events: list[Event] = []

    def until(self, holds: Callable[[Event], bool]) -> None:
        """Reads what it says, up to the first event of which that holds."""
        for event in self._read():
            if holds(event):
                return
        pytest.fail(f"that never came; it ended with {self.events[-5:]}")

    def end(self) -> list[Event]:
        """Reads to the end, and gives all that it said."""
        list(self._read())
        self.process.wait(30)
        self.close()
        return self.events

    def kill(self) -> None:
        """kill -9, and what it started has to be gone, too."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait(10)
        self.close()
        gone, alive = psutil.wait_procs(family, 10)
        assert not alive, gone

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def _read(self) -> Iterator[Event]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            yield self.events[-1]


def set_up(places: Places, wheel: Path, *words: str, **environment: str) -> list[Event]:
    return Run(places, wheel, *words, **environment).end()


def works(places: Places) -> bool:
    done = subprocess.run(
        [str(places.python), "-I", "-m", "rl_studio", "--version"], capture_output=True, text=True, timeout=60
    )
    return done.returncode == 0 and done.stdout.startswith("rl-studio")


def is_phase(name: str) -> Callable[[Event], bool]:
    return lambda event: event.get("phase") == name


def says(text: str) -> Callable[[Event], bool]:
    return lambda event: text in str(event.get("text"))


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serves a folder, and gives the address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def as_version(wheel: Path, version: str, folder: Path) -> Path:
    """The same wheel, of another version."""
    target = folder / wheel.name.replace("0.1.0", version)
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(("/METADATA", "/RECORD")):
                data = data.replace(b"Version: 0.1.0", b"Version: " + version.encode())
                data = data.replace(b"-0.1.0.dist", f"-{version}.dist".encode())
            new.writestr(name.replace("-0.1.0.dist", f"-{version}.dist"), data)
    return target


def python_without_ensurepip(folder: Path) -> Path:
    """A Python that is as this one, but has no ensurepip."""
    python = folder / "python without"
    hide = "import sys; sys.modules['ensurepip'] = None; code = sys.argv.pop(1); exec(code)"
    python.write_text(
        f'#!/bin/sh\nshift 2\nexec "{bare.base_python()}" -I -c "{hide}" "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    return python
