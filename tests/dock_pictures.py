"""Photographs all docks in each state a user meets, at three sizes, two scales and in both themes.

    python tests/dock_pictures.py [--output pictures] [--states idle,failed] [--variants 100-dark,200-light]

Needs Linux with Xvfb and a Godot that can draw with OpenGL; no trainer and no backend. Half a minute for each size
of each variant.
The pictures are for looking at them: what can be measured is in tests/test_docks.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from dock_looks import LOOKS, dock_environment, screen, windowed, write_editor_settings
from godot_project import GD_TESTS, REPOSITORY, copy_sample, import_project
from rl_studio.godot import find_godot
from rl_studio.project import Project
from screenshots import run_logged

SIZES = "1152x648,1600x900,1920x1080"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "pictures")
    parser.add_argument("--states", default="", help="some of those in dock_states.gd; all if not given")
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--variants", default=",".join(LOOKS))
    options = parser.parse_args()
    if shutil.which("Xvfb") is None:
        parser.error("Xvfb is not installed.")
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        project = copy_sample(Path(folder) / "Chase")
        import_project(find_godot(), project)
        for size in options.sizes.split(","):
            with screen(size) as display:
                for variant in options.variants.split(","):
                    take_pictures(project, variant, size, display, options)
    return 0


def take_pictures(
    project: Project, variant: str, size: str, display: str, options: argparse.Namespace
) -> None:
    """One editor session in a window of `size`, with the scale and the theme of `variant`."""
    write_editor_settings(project, variant)
    arguments, variables = windowed(display, size)
    env = dock_environment(project) | variables
    env["RL_STUDIO_TEST_OUTPUT"] = str(options.output.resolve())
    env["RL_STUDIO_TEST_STATES"] = options.states
    env["RL_STUDIO_TEST_VARIANT"] = f"{variant}_{size}"
    argv = [str(find_godot().path), "-e", "--path", str(project.root), *arguments]
    argv += ["-s", str(GD_TESTS / "editor" / "dock_pictures.gd")]
    run_logged(argv, env, options.output / f"{variant}_{size}.log")


if __name__ == "__main__":
    sys.exit(main())
