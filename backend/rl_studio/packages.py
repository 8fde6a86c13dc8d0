"""Which of our own dependencies are installed, from package metadata alone: nothing is imported."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from packaging.requirements import Requirement

from rl_studio.setup import places

DISTRIBUTION = "godot-rl-studio"


@dataclass(frozen=True, slots=True)
class Found:
    """What is installed of a set of requirements.

    Attributes:
        present: "name version" of what is there and new enough.
        problems: one text for each requirement that is not met.
    """

    present: tuple[str, ...]
    problems: tuple[str, ...]


def inspect(extra: str | None) -> Found:
    """Compares what we require with what is installed in this Python.

    Args:
        extra: "sb3", "rllib", …; None for what every installation needs.
    """
    try:
        requirements = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return Found((), (f"{DISTRIBUTION} itself is not installed in this Python",))
    present: list[str] = []
    problems: list[str] = []
    for requirement in _wanted(requirements, extra):
        name, bounds = requirement.name, requirement.specifier
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"{name} is not installed")
            continue
        if bounds.contains(version, prereleases=True):
            present.append(f"{name} {version}")
        else:
            problems.append(f"{name} {version} is installed, {bounds} is needed")
    return Found(tuple(present), tuple(problems))


def install_command(extra: str | None) -> str:
    """The command that installs us with `extra` into this Python, from where we were installed from."""
    if is_managed():
        return shell_command("rl-studio", "setup", *(("--extras", extra) if extra else ("--repair",)))
    suffix = f"[{extra}]" if extra else ""
    checkout, editable = _origin()
    target = [f"{checkout or DISTRIBUTION}{suffix}"]
    if editable:
        target.insert(0, "-e")
    if importlib.util.find_spec("pip") is None:
        return shell_command("uv", "pip", "install", "--python", sys.executable, *target)
    return shell_command(sys.executable, "-m", "pip", "install", *target)


def is_managed() -> bool:
    """Whether this Python is that of the managed environment."""
    return Path(sys.prefix) == places.usual().env


def shell_command(*argv: str) -> str:
    """A command line to be pasted into a terminal of this system."""
    return subprocess.list2cmdline(argv) if sys.platform == "win32" else shlex.join(argv)


def _wanted(requirements: list[str], extra: str | None) -> Iterator[Requirement]:
    """The requirements of this system that come with `extra` and do not come without it."""
    for text in requirements:
        requirement = Requirement(text)
        marker = requirement.marker
        always = marker is None or marker.evaluate({"extra": ""})
        if (
            always
            if extra is None
            else (not always and marker is not None and marker.evaluate({"extra": extra}))
        ):
            yield requirement


def _origin() -> tuple[str | None, bool]:
    """The folder we were installed from and whether that is editable; (None, False) for a package index."""
    try:
        note = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        data = json.loads(note) if note else {}
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None, False
    address = urlparse(data.get("url", ""))
    if address.scheme != "file":
        return None, False
    return url2pathname(unquote(address.path)), bool(data.get("dir_info", {}).get("editable"))
