"""Editors of another scale and theme, for tests and pictures of the docks; and the trainers they show."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rl_studio.godot import headless_environment
from rl_studio.project import Project
from rl_studio.runs import RunService
from rl_studio.transport.describe import describe_trainer

LOOKS = {
    "100-dark": (1.0, "Default"),
    "100-light": (1.0, "Light"),
    "200-dark": (2.0, "Default"),
    "200-light": (2.0, "Light"),
}
"""Scale and colours of the editor by name."""

_SETTINGS = """[gd_resource type="EditorSettings" format=3]

[resource]
interface/editor/display_scale = 7
interface/editor/custom_display_scale = {scale}
interface/theme/follow_system_theme = false
interface/theme/preset = "{theme}"
interface/theme/color_preset = "{theme}"
"""


def write_editor_settings(project: Project, look: str) -> None:
    """Gives the editor that is started next with `dock_environment` the settings of `look`."""
    scale, theme = LOOKS[look]
    folder = _private(project)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(project.root / ".godot" / "editor", ignore_errors=True)  # the layout of the look before
    settings = headless_environment(private_dir=folder)["XDG_CONFIG_HOME"]
    path = Path(settings) / "godot" / "editor_settings-4.6.tres"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_SETTINGS.format(scale=scale, theme=theme), encoding="utf-8")


def dock_environment(project: Project) -> dict[str, str]:
    """The environment of an editor whose docks are put into states by dock_states.gd."""
    trainers = project.root.parent / "trainers.json"
    service = RunService(project)
    answer = {"trainers": [describe_trainer(one).model_dump(mode="json") for one in service.trainers.all()]}
    trainers.write_text(json.dumps(answer), encoding="utf-8")
    return headless_environment(private_dir=_private(project)) | {
        "RL_STUDIO_EDITOR_TEST": "1",
        "RL_STUDIO_TEST_TRAINERS": str(trainers),
    }


@contextmanager
def screen(size: str) -> Iterator[str]:
    """An X server with a screen of `size`, such as 1152x648; the name of its display."""
    read, write = os.pipe()
    argv = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    with subprocess.Popen(argv, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as told:
            number = told.readline().strip()
        if number == "":
            raise RuntimeError("Xvfb ended at once")
        try:
            yield f":{number}"
        finally:
            server.terminate()


def windowed(display: str, size: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and variables of an editor that draws on `display`."""
    variables = {"DISPLAY": display}
    if "LIBGL_DRIVERS_PATH" in os.environ:
        variables["LIBGL_DRIVERS_PATH"] = os.environ["LIBGL_DRIVERS_PATH"]
    arguments = ["--single-window", "--audio-driver", "Dummy", "--rendering-driver", "opengl3"]
    return [*arguments, "--resolution", size, "--position", "0,0"], variables


def _private(project: Project) -> Path:
    return project.root.parent / "xdg"
