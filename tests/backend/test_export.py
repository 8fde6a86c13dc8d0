from __future__ import annotations

import json
from pathlib import Path

import pytest

from rl_studio.errors import ProjectError
from rl_studio.export import ExportError, export_policy, find_checkpoint
from rl_studio.project import Project


def make_checkpoint(project: Project, timesteps: int, policies: list[str], trainer: str = "sb3") -> Path:
    folder = project.runs_dir / "run-1" / "checkpoints" / f"step_{timesteps:012d}"
    folder.mkdir(parents=True)
    (folder / "checkpoint.json").write_text(
        json.dumps({"timesteps": timesteps, "trainer": trainer, "policies": {name: {} for name in policies}})
    )
    return folder


def test_the_latest_checkpoint_is_the_one_with_most_timesteps(project: Project) -> None:
    make_checkpoint(project, 900, ["a"])
    newest = make_checkpoint(project, 10_000, ["a"])
    run = project.runs_dir / "run-1"
    assert find_checkpoint(run, "latest") == newest
    assert find_checkpoint(run, 900).name.endswith("000900")


def test_a_wrong_checkpoint_lists_those_there_are(project: Project) -> None:
    make_checkpoint(project, 900, ["a"])
    with pytest.raises(ExportError) as caught:
        export_policy(project, "run-1", checkpoint="901")
    assert caught.value.hint is not None and "900" in caught.value.hint


def test_a_run_without_checkpoint_says_how_to_get_one(project: Project) -> None:
    (project.runs_dir / "run-1").mkdir(parents=True)
    with pytest.raises(ExportError, match="no checkpoint yet"):
        export_policy(project, "run-1")


def test_among_several_policies_one_must_be_named(project: Project) -> None:
    make_checkpoint(project, 900, ["hunter", "prey"])
    with pytest.raises(ExportError) as caught:
        export_policy(project, "run-1")
    assert caught.value.hint is not None and "hunter, prey" in caught.value.hint


@pytest.mark.parametrize("to", ["res://../x.onnx", "/tmp/x.onnx"])
def test_a_target_out_of_the_project_is_refused(project: Project, to: str) -> None:
    make_checkpoint(project, 900, ["a"])
    with pytest.raises(ProjectError):
        export_policy(project, "run-1", to=to)


def test_a_failed_conversion_leaves_the_old_file(project: Project) -> None:
    make_checkpoint(project, 900, ["a"])  # has no model.zip
    target = project.root / "policies" / "a.onnx"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(ExportError):
        export_policy(project, "run-1")
    assert target.read_bytes() == b"old"
