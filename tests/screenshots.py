"""Makes the pictures of the documentation: the real editor, the sample project, real trainings.

    python tests/screenshots.py [--output docs/images]

Needs Linux with Xvfb, a Godot that can draw with OpenGL, and the extras `sb3` and `rllib`. Takes about four minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from godot_project import GD_TESTS, REPOSITORY, copy_sample, import_project
from rl_studio.experiments import ExperimentStore
from rl_studio.godot import find_godot, headless_environment
from rl_studio.project import Project

SCREEN = "1600x900"
PICTURES = ("train.png", "export.png", "policies.png", "inspector.png")
# Two policies against each other, for as long as it takes to have checkpoints to choose from.
TAG = {"scene": "res://scenes/tag_train.tscn", "total_timesteps": 40_000, "checkpoint_frequency": 10_000}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "docs" / "images")
    parser.add_argument("--display", type=int, default=92, help="number of the X display to make")
    options = parser.parse_args()
    if shutil.which("Xvfb") is None:
        parser.error("Xvfb is not installed.")
    with tempfile.TemporaryDirectory() as folder:
        project = copy_sample(Path(folder) / "Chase")
        import_project(find_godot(), project)
        take_pictures(project, options.output.resolve(), options.display)
    return 0


def take_pictures(project: Project, output: Path, display: int) -> None:
    """Runs the driver scripts in editor windows on a display of their own."""
    output.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(
        ["Xvfb", f":{display}", "-screen", "0", f"{SCREEN}x24"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for_display(server, display)
        run_editor(project, output, display, "screenshots.gd")
        ExperimentStore(project).save("default", "rllib", TAG)
        run_editor(project, output, display, "screenshots_policies.gd")
    finally:
        server.terminate()
        server.wait(timeout=10)
    missing = [name for name in PICTURES if not (output / name).is_file()]
    if missing:
        raise SystemExit(f"not made: {', '.join(missing)}")


def wait_for_display(server: subprocess.Popen[bytes], display: int) -> None:
    """Waits until the X server listens."""
    socket = Path(f"/tmp/.X11-unix/X{display}")
    deadline = time.monotonic() + 10
    while not socket.exists() and server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if server.poll() is not None:
        raise SystemExit(f"Xvfb ended at once; is display {display} in use? Choose another with --display.")


def run_editor(project: Project, output: Path, display: int, script: str) -> None:
    """One editor session: a script of tests/godot/editor."""
    godot = find_godot()
    env = headless_environment(private_dir=project.root.parent / "xdg") | {
        "DISPLAY": f":{display}",
        "GODOT": str(godot.path),
        "RL_STUDIO_EDITOR_TEST": "1",
        "RL_STUDIO_PYTHON": sys.executable,
        "RL_STUDIO_TEST_OUTPUT": str(output),
    }
    if "LIBGL_DRIVERS_PATH" in os.environ:
        env["LIBGL_DRIVERS_PATH"] = os.environ["LIBGL_DRIVERS_PATH"]
    argv = [str(godot.path), "-e", "--single-window", "--path", str(project.root)]
    argv += ["-s", str(GD_TESTS / "editor" / script), "--audio-driver", "Dummy"]
    argv += ["--rendering-driver", "opengl3", "--resolution", SCREEN, "--position", "0,0"]
    run_logged(argv, env, project.root.parent / "editor.log")


def run_logged(argv: list[str], env: dict[str, str], log: Path) -> None:
    """Runs an editor, which prints into `log`; ends this program with that text if the editor failed."""
    with log.open("w", encoding="utf-8") as text:
        code = subprocess.run(argv, env=env, timeout=300, stdout=text, stderr=subprocess.STDOUT).returncode
    if code != 0:
        raise SystemExit(log.read_text(encoding="utf-8", errors="replace"))


if __name__ == "__main__":
    sys.exit(main())
