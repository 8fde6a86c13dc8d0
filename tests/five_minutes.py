"""Does what docs/five-minutes.md says, in the real editor, from an empty project and an empty home.

    python tests/five_minutes.py [--output docs/images/five-minutes]

takes the pictures of the page (Linux with Xvfb, and a Godot that can draw with OpenGL). Its test: test_five_minutes.py.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from doc_pages import Page
from doc_scripts import file_name
from godot_project import ADDON, GD_TESTS, REPOSITORY, SAMPLE
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project
from rl_studio.setup import own_wheel
from screenshots import SCREEN, wait_for_display

PAGE = "docs/five-minutes.md"
PROJECT = """\
config_version=5

[application]

config/name="Five minutes"
"""
BAD_OUTPUT = ("SCRIPT ERROR", "Parse Error", "Compile Error", "RL Studio:", "recursively")
OURS = ("XDG_", "RL_STUDIO_", "PYENV_", "VIRTUAL_ENV")


def make_project(root: Path) -> Project:
    """A project as Godot makes it, with the addon that users get in its folder and not enabled."""
    shutil.copytree(ADDON, root / "addons" / "rl_studio")
    own_wheel.put_into(root / "addons" / "rl_studio")
    (root / "project.godot").write_text(PROJECT, encoding="utf-8")
    shutil.copy(SAMPLE / "icon.svg", root)
    return Project.open(root)


def write_scripts(folder: Path) -> None:
    """The scripts of the page, for the driver to type."""
    for block in Page(PAGE).blocks():
        if block.language == "gdscript":
            (folder / file_name(block.text)).write_text(block.text, encoding="utf-8")


def drive(
    godot: GodotBinary,
    project: Project,
    home: Path,
    *,
    pictures: str = "",
    display: str = "",
    cancel_at: str = "",
) -> str:
    """Goes through the page; returns what the editor printed.

    Args:
        home: the folder of a user who has nothing.
        pictures: where to put them.
        display: the X display of a window; without one the editor is headless, and there are no pictures.
        cancel_at: what the set-up says when it is cancelled once, and pressed again.

    Raises:
        AssertionError: a step was not as the page says, or an error was printed.
    """
    scripts = home.parent / "scripts"
    scripts.mkdir()
    write_scripts(scripts)
    env = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    env |= {"HOME": str(home), "GODOT": str(godot.path), "RL_STUDIO_EDITOR_TEST": "1"}
    env |= {"RL_STUDIO_TEST_SCRIPTS": str(scripts), "RL_STUDIO_TEST_PICTURES": pictures}
    env["RL_STUDIO_TEST_CANCEL"] = cancel_at
    window = ["--headless"]
    if display:
        env["DISPLAY"] = display
        window = ["--single-window", "--audio-driver", "Dummy", "--rendering-driver", "opengl3"]
        window += ["--resolution", SCREEN, "--position", "0,0"]
    argv = [str(godot.path), *window, "-e", "--path", str(project.root)]
    argv += ["-s", str(GD_TESTS / "editor" / "drive_five_minutes.gd")]
    log = home.parent / "editor.log"
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(argv, env=env, timeout=900, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, text
    assert not any(bad in text for bad in BAD_OUTPUT), text
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "docs" / "images" / "five-minutes")
    parser.add_argument("--display", type=int, default=94, help="number of the X display to make")
    options = parser.parse_args()
    output: Path = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(
        ["Xvfb", f":{options.display}", "-screen", "0", f"{SCREEN}x24"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for_display(server, options.display)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            home = Path(folder) / "home"
            home.mkdir()
            project = make_project(Path(folder) / "Five minutes")
            text = drive(find_godot(), project, home, pictures=str(output), display=f":{options.display}")
    finally:
        server.terminate()
        server.wait(timeout=10)
    print(text)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
