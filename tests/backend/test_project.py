from __future__ import annotations

from pathlib import Path

import pytest

from rl_studio.errors import ProjectError
from rl_studio.project import Project


def write(root: Path, text: str) -> Project:
    root.mkdir(exist_ok=True)
    (root / "project.godot").write_text(text, encoding="utf-8")
    return Project.open(root)


def test_settings_are_read_by_section(tmp_path: Path) -> None:
    project = write(
        tmp_path,
        '[application]\nconfig/name="Jäger"\nrun/main_scene="res://a.tscn"\n'
        "[physics]\ncommon/physics_ticks_per_second=120\n",
    )
    assert project.name == "Jäger"
    assert project.main_scene == "res://a.tscn"
    assert project.physics_ticks_per_second == 120


def test_the_training_scene_is_the_main_scene_unless_the_project_names_one(tmp_path: Path) -> None:
    main = '[application]\nrun/main_scene="res://a.tscn"\n'
    assert write(tmp_path, main).training_scene == "res://a.tscn"
    named = write(tmp_path, main + '[rl_studio]\ntraining/scene="res://t.tscn"\n')
    assert named.training_scene == "res://t.tscn"


def test_a_folder_without_project_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no project\.godot") as caught:
        Project.open(tmp_path)
    assert caught.value.hint is not None and "--project" in caught.value.hint


@pytest.mark.parametrize(
    "path", ["res://../../etc/passwd", "/etc/passwd", "policies/a.onnx", "res://a/../../b"]
)
def test_paths_out_of_the_project_are_refused(project: Project, path: str) -> None:
    with pytest.raises(ProjectError):
        project.to_disk(path)


def test_resource_paths_map_both_ways(project: Project) -> None:
    path = project.to_disk("res://policies/näh.onnx")
    assert path == project.root / "policies" / "näh.onnx"
    assert project.to_res(path) == "res://policies/näh.onnx"


def test_any_usual_name_of_a_file_is_a_resource_path(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "levels").mkdir()
    (project.root / "levels" / "one.tscn").touch()
    monkeypatch.chdir(project.root / "levels")
    for text in (
        "levels/one.tscn",
        "./levels/one.tscn",
        "one.tscn",
        str(project.root / "levels" / "one.tscn"),
    ):
        assert project.resource(text) == "res://levels/one.tscn"
    assert project.resource("new/{policy}.onnx") == "res://new/{policy}.onnx"
    for text in ("", "res://gone.tscn", "uid://b3x"):
        assert project.resource(text) == text
    for text in ("../other.tscn", "/etc/passwd"):
        with pytest.raises(ProjectError, match="outside of the project"):
            project.resource(text)


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("res://trian.tscn", "res://train.tscn"),
        ("res://one.tscn", "res://levels/one.tscn"),
        ("res://train.onnx", None),
        ("res://zoo.tscn", None),
        ("res://mine.tscn", None),
    ],
)
def test_a_file_that_may_be_meant_is_found(project: Project, named: str, meant: str | None) -> None:
    for file in ("train.tscn", "levels/one.tscn", "addons/mine.tscn"):
        (project.root / file).parent.mkdir(exist_ok=True)
        (project.root / file).touch()
    assert project.nearest(named) == meant


def test_state_stays_out_of_version_control_but_experiments_do_not(project: Project) -> None:
    project.prepare_state_dir()
    rules = (project.state_dir / ".gitignore").read_text().splitlines()
    assert rules[0] == "*"
    assert "!experiments/**" in rules
