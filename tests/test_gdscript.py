"""Runs the GDScript tests, and lets the real editor check every script of the addon and the sample."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from godot_project import ADDON, GD_TESTS, copy_sample, import_project, make_project, run_gd_tests, run_godot
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project

pytestmark = pytest.mark.godot

_FILES = sorted(path.name for path in GD_TESTS.glob("test_*.gd") if path.name != "test_case.gd")


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def gd_project(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("gd") / "project", gd_tests=True)
    import_project(godot, project)
    return project


@pytest.mark.parametrize("file", _FILES)
def test_gd_file(godot: GodotBinary, gd_project: Project, file: str) -> None:
    run_gd_tests(godot, gd_project, f"{file}::")


def test_all_scripts_compile(godot: GodotBinary, gd_project: Project) -> None:
    """Also those that nothing loads: each is checked on its own."""
    (gd_project.root / "check_all.gd").write_text(_CHECK_ALL, encoding="utf-8")
    output = run_godot(godot, gd_project, ["-e", "-s", "res://check_all.gd"])
    assert "checked" in output


def test_no_class_of_a_game_hides_one_of_ours(godot: GodotBinary, tmp_path: Path) -> None:
    """GDScript looks at the global classes of a project before it looks at the names that a script declares."""
    declared = re.compile(
        r"^\t*(?:const ([A-Z]\w*) := preload|enum ([A-Z]\w*)|class ([A-Z]\w*))", re.MULTILINE
    )
    names: set[str] = set()
    for script in ADDON.rglob("*.gd"):
        for found in declared.finditer(script.read_text(encoding="utf-8")):
            names.add("".join(filter(None, found.groups())).removeprefix("Rl"))
    names -= {"Input", "Node", "SceneTree"}  # no game can have a class with the name of one of Godot's
    assert len(names) > 150
    files = {f"classes/{name.lower()}.gd": f"class_name {name}\nextends Node\n" for name in names}
    project = make_project(tmp_path / "namesakes", {**files, "check_all.gd": _CHECK_ALL})
    import_project(godot, project)
    assert "checked" in run_godot(godot, project, ["-e", "-s", "res://check_all.gd"])


def test_sample_project_compiles(godot: GodotBinary, tmp_path: Path) -> None:
    import_project(godot, copy_sample(tmp_path / "Chase ä"))


_CHECK_ALL = """\
extends SceneTree


func _initialize() -> void:
	var count: int = _check("res://addons/rl_studio")
	print("%d scripts checked" % count)
	quit(0)


func _check(folder: String) -> int:
	var count: int = 0
	for file: String in DirAccess.get_files_at(folder):
		if file.ends_with(".gd"):
			count += 1
			var script: GDScript = load(folder.path_join(file))
			if script == null:
				push_error("Parse Error in %s" % file)
	for sub: String in DirAccess.get_directories_at(folder):
		count += _check(folder.path_join(sub))
	return count
"""
