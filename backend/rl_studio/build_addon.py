"""Builds the addon as it is given to users, with the Python package in it: `python -m rl_studio.build_addon dist`.

dist/addons/rl_studio/        to be copied into a project
dist/rl_studio-VERSION.zip    the same, for the asset library and for "Import" of Godot's AssetLib tab
"""

from __future__ import annotations

import argparse
import shutil
import sys
import zipfile
from pathlib import Path

from rl_studio import streams
from rl_studio.addon import addon_version, put_manual_into
from rl_studio.disk_facts import size_text
from rl_studio.errors import StudioError
from rl_studio.resources import addon_dir
from rl_studio.setup import own_wheel
from rl_studio.setup.wheel import PATTERN

_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", PATTERN)


def build(folder: Path) -> tuple[Path, Path, Path]:
    """Builds the addon in a folder; what an earlier build left there is replaced.

    Returns:
        The addon's folder, the package in it, and the archive.

    Raises:
        StudioError: this is no installation that a package can be made of, or its version is not the addon's.
    """
    target = folder / "addons" / "rl_studio"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(addon_dir(), target, ignore=_LEFT_OUT)
    put_manual_into(target)
    wheel = own_wheel.make(target / "setup")
    version = addon_version(target)
    if f"-{version}-" not in wheel.name:
        raise StudioError(
            f"The addon is version {version}, the package {wheel.name}.", hint="Bring both to one version."
        )
    archive = folder / f"rl_studio-{version}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(target.rglob("*")):
            if path.is_file():
                out.write(path, path.relative_to(folder))
    return target, wheel, archive


def main() -> int:
    """Builds it, and says how large it is."""
    streams.prepare()
    parser = argparse.ArgumentParser(description="Builds the addon with the Python package in it.")
    parser.add_argument("folder", type=Path)
    try:
        target, wheel, archive = build(parser.parse_args().folder)
    except StudioError as error:
        sys.stderr.write(f"{error.message}\n{error.hint or ''}\n")
        return 1
    files = [path.stat().st_size for path in target.rglob("*") if path.is_file()]
    sys.stdout.write(
        f"{target}: {len(files)} files, {size_text(sum(files))}, of which the Python package {wheel.name} is "
        f"{size_text(wheel.stat().st_size)}\n{archive}: {size_text(archive.stat().st_size)}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
