"""What the studio writes into the project arrives in the running editor, whatever that is doing."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_support import FINISHED
from godot_project import copy_sample, import_project
from policy_runs import FIXTURES
from rl_studio.experiments import ExperimentStore
from rl_studio.godot import GodotBinary
from rl_studio.godot.hidden_display import HiddenDisplay
from test_editor import drive, end_processes, fake_trainer_path

pytestmark = [pytest.mark.godot, pytest.mark.timeout(300)]

ENGINE_ERROR = "reimport_files() recursively"
REFUSED = "ERROR: RL Studio: res://bad/i.onnx: this is no ONNX model, or it is damaged"
FOLDERS = [
    "res://policies/",
    "res://policies/new/",
    "res://a/b/c/",
    "res://mit Leerzeichen/",
    "res://löwe 狮子/",
    "res://scenes/policies/",
    "res://Policies 2/é è/",
    "res://policies.d/",
    "res://p'q (1)/",
    "res://x/",
]


def spin() -> None:
    while True:
        pass


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Two processes that compute for the time of the test."""
    context = multiprocessing.get_context("spawn")
    spinners = [context.Process(target=spin, daemon=True) for _ in range(2)]
    for spinner in spinners:
        spinner.start()
    yield
    for spinner in spinners:
        spinner.kill()
        spinner.join()


@pytest.fixture
def screen() -> Iterator[str]:
    """The display of an X server of the test's own: editors without a window rarely import while they scan."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    display = HiddenDisplay()
    yield display.name
    display.close()


def first_export(godot: GodotBinary, folder: Path, target: str, **environment: str) -> None:
    """Exports a policy in a fresh copy of the sample, in which nothing was exported before."""
    project = copy_sample(folder / "gäme one")
    shutil.rmtree(project.root / "policies", ignore_errors=True)
    import_project(godot, project)
    told = {"timesteps": 100, "policies": {"evader": {"observations": 23, "actions": 2}}}
    steps = ['event {"kind": "started", "timesteps_target": 100, "n_agents": 1}', "metric 1"]
    steps += [f"checkpoint {json.dumps({**told, 'counters': {'timesteps': 100}})}", FINISHED]
    ExperimentStore(project).save("default", "fake", {"steps": "\n".join(steps)})
    path = fake_trainer_path(folder / "plugin", "editor_exporter:exported_trainer")
    try:
        text = drive(godot, project, "drive_first_export.gd", PYTHONPATH=path, TARGET=target, **environment)
    finally:
        end_processes(project)
    assert ENGINE_ERROR not in text


def test_the_first_export_into_a_new_folder(
    godot: GodotBinary, tmp_path: Path, busy_machine: None, screen: str
) -> None:
    first_export(godot, tmp_path, "res://neu/löwe 1.onnx", display=screen)


def test_files_arrive_whatever_the_editor_is_doing(
    godot: GodotBinary, tmp_path: Path, busy_machine: None, screen: str
) -> None:
    project = copy_sample(tmp_path / "gäme one")
    import_project(godot, project)
    shutil.copy(FIXTURES / "sb3_like.onnx", project.root / "model.bin")
    try:
        text = drive(godot, project, "drive_intake.gd", display=screen, allow_errors=True)
    finally:
        end_processes(project)
    assert ENGINE_ERROR not in text
    assert not any(bad in text for bad in ("SCRIPT ERROR", "Parse Error")), text
    assert [line for line in text.splitlines() if "RL Studio:" in line] == [REFUSED] * 2, text


@pytest.mark.matrix
@pytest.mark.parametrize("target", FOLDERS)
def test_first_exports_on_a_busy_machine(
    godot: GodotBinary, tmp_path: Path, busy_machine: None, screen: str, target: str
) -> None:
    first_export(godot, tmp_path, f"{target}evader.onnx", display=screen)
