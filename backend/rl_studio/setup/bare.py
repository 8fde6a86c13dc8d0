"""Makes the bare environment: a virtual one, and pip in it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
import urllib.request
import venv
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin

from rl_studio.files import write_bytes_atomic
from rl_studio.setup.errors import SetupError
from rl_studio.setup.places import Places, python_of

PIP = "26.3"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
_PIP_FILE = f"pip-{PIP}-py3-none-any.whl"
_TIMEOUT_S = 20.0


def base_python() -> str:
    """The Python that runs this, or the one that its virtual environment was made with."""
    return str(getattr(sys, "_base_executable", sys.executable))


def make(places: Places) -> None:
    """Makes the virtual environment, without pip.

    Raises:
        OSError: it cannot be written.
        SetupError: this Python cannot make one.
    """
    try:
        builder = venv.EnvBuilder(symlinks=os.name != "nt", with_pip=False)
        builder.create(places.env)
    except (SystemExit, ValueError) as error:
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment: {error}", hint="Choose another Python."
        ) from error
    if not places.python.is_file():
        raise SetupError(
            f"{sys.executable} made an environment without a Python in it.", hint="Choose another Python."
        )


def has_ensurepip() -> bool:
    """Whether this Python brings a pip for new environments; Debian's does only with its package python3-venv."""
    try:
        return importlib.util.find_spec("ensurepip") is not None
    except (ImportError, ValueError):
        return False


def pip_wheel(places: Places) -> Path:
    """Fetches pip from the package index, for Pythons that bring none. It is checked against a fixed checksum.

    Raises:
        SetupError: it cannot be had.
    """
    target = places.downloads / _PIP_FILE
    if target.is_file() and _checksum(target.read_bytes()) == PIP_SHA256:
        return target
    page = (os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple").rstrip("/") + "/pip/"
    try:
        data = _get(_link(page))
    except (OSError, ValueError) as error:
        raise SetupError(
            f"{sys.executable} has no pip for new environments, and none could be fetched from {page}: "
            f"{getattr(error, 'reason', error)}",
            hint=_without_pip(),
        ) from error
    if _checksum(data) != PIP_SHA256:
        raise SetupError(f"{page} gave another {_PIP_FILE} than the one expected.", hint=_without_pip())
    write_bytes_atomic(target, data)
    return target


def remove(folder: Path) -> None:
    """Removes an environment: by one rename, so that no half of it is taken for one; then what is left, at leisure.

    Raises:
        SetupError: it is in use.
    """
    clear_removed(folder)
    if not os.path.lexists(folder):
        return
    aside = folder.with_name(f"{folder.name}.removed")
    number = 1
    while os.path.lexists(aside):
        number += 1
        aside = folder.with_name(f"{folder.name}.removed-{number}")
    try:
        folder.replace(aside)
    except OSError as error:
        raise SetupError(
            f"{folder} cannot be removed: {error.strerror or error}",
            hint="Stop trainings and close other editors that use RL Studio, then try again.",
        ) from error
    shutil.rmtree(aside, ignore_errors=True)


def clear_removed(folder: Path) -> None:
    """Removes what earlier removals left over."""
    for leftover in folder.parent.glob(f"{folder.name}.removed*"):
        shutil.rmtree(leftover, ignore_errors=True)


def works(env: Path) -> bool:
    """Whether the Python of an environment is there, and the one that it was made with."""
    if not python_of(env).exists():
        return False
    with suppress(OSError, UnicodeDecodeError):
        for line in (env / "pyvenv.cfg").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            if name.strip() == "home":
                return Path(value.strip()).is_dir()
    return False


def _without_pip() -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    debian = (
        f" On Debian and Ubuntu `sudo apt install python{version}-venv` brings it."
        if sys.platform == "linux"
        else ""
    )
    return f"Check the connection, or choose another Python.{debian}"


def _link(page: str) -> str:
    """Where an index has the file. Indexes of either kind, JSON and HTML, are understood."""
    text = _get(page, accept="application/vnd.pypi.simple.v1+json, text/html;q=0.5").decode(
        "utf-8", "replace"
    )
    with suppress(ValueError):
        for file in json.loads(text)["files"]:
            if file["filename"] == _PIP_FILE:
                return urljoin(page, str(file["url"]))
    for piece in text.split('href="')[1:]:
        link = piece.split('"')[0].split("#")[0]
        if link.endswith(_PIP_FILE):
            return urljoin(page, link)
    raise ValueError(f"it has no {_PIP_FILE}")


def _get(url: str, *, accept: str = "*/*") -> bytes:
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "godot-rl-studio"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        data: bytes = answer.read()
    return data


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
