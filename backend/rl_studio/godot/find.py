"""Finds a Godot: the one asked for, else the first good one in the usual places."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rl_studio.errors import StudioError
from rl_studio.godot import places
from rl_studio.godot.binary import GodotBinary, Source, UnusableGodotError, editors_in, open_binary
from rl_studio.godot.managed import can_install, managed_path
from rl_studio.godot.version import MINIMUM_TEXT

logger = logging.getLogger(__name__)

_INSTALL = "rl-studio godot --install"


class GodotNotFoundError(StudioError):
    """No usable Godot; `data["tried"]` lists {source, path, problem} of each one that was looked at."""

    code = "godot_not_found"


def find_godot(
    explicit: Path | str | None = None, *, environ: Mapping[str, str] | None = None
) -> GodotBinary:
    """Finds the Godot to work with.

    The order: `explicit`, $GODOT, the PATH, the usual install folders, the studio's own copy. The first two
    are the user's word: if such a one does not work that is an error, and nothing else is taken in its place.
    A Godot that is too old or broken is passed over elsewhere, and named in the error when nothing better
    turns up.

    Args:
        explicit: an executable, a macOS .app bundle, a folder with one in it, or the name of a program on the
            PATH.
        environ: the environment to look in; None for ours.

    Raises:
        GodotNotFoundError: none was found, or the one asked for is no good.
    """
    env = os.environ if environ is None else environ
    if explicit is not None and str(explicit):
        return _asked_for(Path(explicit), "option", "--godot", env)
    if env.get("GODOT"):
        return _asked_for(Path(env["GODOT"]), "GODOT", "The environment variable GODOT:", env)
    tried: list[dict[str, str]] = []
    seen: set[Path] = set()
    for source, path in _candidates(env):
        if path in seen:
            continue
        seen.add(path)
        try:
            return open_binary(path, source)
        except UnusableGodotError as problem:
            logger.info("passed over %s: it %s", path, problem)
            tried.append({"source": source, "path": str(path), "problem": str(problem)})
    raise _nothing_found(tried, env)


def download_hint(environ: Mapping[str, str] | None = None) -> str:
    """What to do on this machine when there is no Godot, in one sentence."""
    by_hand = f"download Godot {MINIMUM_TEXT} or newer from godotengine.org and {_how_to_name_it()}"
    if can_install(environ) is None:
        return f"Run `{_INSTALL}` (about 200 MB, needs no root), or {by_hand}."
    return by_hand[0].upper() + by_hand[1:] + "."


def _how_to_name_it() -> str:
    if sys.platform == "darwin":
        return "move Godot.app to /Applications, or pass --godot PATH or set GODOT"
    if sys.platform == "win32":
        return "pass --godot C:\\path\\to\\Godot.exe or set the environment variable GODOT"
    return "pass --godot PATH or set GODOT"


def _asked_for(path: Path, source: Source, name: str, env: Mapping[str, str]) -> GodotBinary:
    if len(path.parts) == 1 and not path.exists():
        found = shutil.which(str(path), path=env.get("PATH"))
        path = Path(found) if found else path
    try:
        return open_binary(path, source)
    except UnusableGodotError as problem:
        raise GodotNotFoundError(
            f"{name} {path} {problem}.",
            hint=f"Give the path of a Godot {MINIMUM_TEXT} or newer, or leave it out to have one found.",
            data={"tried": [{"source": source, "path": str(path), "problem": str(problem)}]},
        ) from problem


def _candidates(env: Mapping[str, str]) -> Iterator[tuple[Source, Path]]:
    for text in env.get("PATH", "").split(os.pathsep):
        folder = Path(text)
        if folder.is_absolute():
            for path in editors_in(folder):
                yield "PATH", path
    for path in places.candidates(env):
        yield "folder", path
    managed = managed_path(env)
    if managed is not None:
        yield "managed", managed


def _nothing_found(tried: list[dict[str, str]], env: Mapping[str, str]) -> GodotNotFoundError:
    message = (
        f"No Godot {MINIMUM_TEXT} or newer was found: not on the PATH, not in the usual install folders, "
        "and the studio has no copy of its own."
    )
    for entry in tried:
        message += f"\n  {entry['path']} {entry['problem']}"
    return GodotNotFoundError(message, hint=download_hint(env), data={"tried": tried})
