from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rl_studio.godot import (
    GodotBinary,
    GodotNotFoundError,
    GodotVersion,
    ProjectImportError,
    ensure_imported,
    find_godot,
    game_argv,
    headless_environment,
    window_environment,
)
from rl_studio.project import Project

VERSION = GodotVersion(4, 6, 3, "stable", "4.6.3.stable.test")
posix = pytest.mark.skipif(sys.platform == "win32", reason="the fake Godots are shell scripts")

IMPORTS = 'mkdir -p "$3/.godot"; echo x >> "$3/../runs"\n'


def fake(tmp_path: Path, body: str, version: GodotVersion = VERSION) -> GodotBinary:
    """A Godot that does `body` when it is told to import; $3 is the project."""
    path = tmp_path / "godot"
    path.write_text(f"#!/bin/sh\n{body}", encoding="utf-8")
    path.chmod(0o755)
    return GodotBinary(path, version, "option")


def imports(tmp_path: Path) -> int:
    path = tmp_path / "runs"
    return len(path.read_text().split()) if path.exists() else 0


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    try:
        return find_godot()
    except GodotNotFoundError as error:
        pytest.skip(f"needs Godot: {error.hint}")


def test_the_command_line_is_what_both_plugins_read(project: Project) -> None:
    binary = GodotBinary(Path("/opt/godot"), VERSION, "option")
    argv = game_argv(binary, project, "res://a b.tscn", fixed_fps=60, args={"port": "11008", "env_seed": "3"})
    head = ["/opt/godot", "--headless", "--fixed-fps", "60", "--path", str(project.root), "res://a b.tscn"]
    assert argv == [str(Path("/opt/godot")), *head[1:], "--port=11008", "--env_seed=3"]
    assert game_argv(binary, project, headless=False) == [
        str(Path("/opt/godot")),
        "--path",
        str(project.root),
    ]


@pytest.mark.parametrize("key", ["", "-x", "two words", "a=b", "1st"])
def test_a_bad_argument_name_is_refused(project: Project, key: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        game_argv(GodotBinary(Path("/opt/godot"), VERSION, "option"), project, args={key: "1"})


def test_a_private_folder_takes_godots_files(tmp_path: Path) -> None:
    env = headless_environment(private_dir=tmp_path / "p", environ={"PATH": "/bin"})
    assert env["PATH"] == "/bin"
    for name in ("DATA", "CONFIG", "CACHE"):
        assert Path(env[f"XDG_{name}_HOME"]).is_dir()
    assert headless_environment(environ={"PATH": "/bin"}) == {"PATH": "/bin"}


def test_only_a_relocated_godot_is_told_of_its_drivers(tmp_path: Path, project: Project) -> None:
    root = tmp_path / "root" / "usr"
    (root / "lib" / "some-triplet").mkdir(parents=True)
    (root / "lib" / "some-triplet" / "libc.so.6").write_bytes(b"")
    own = GodotBinary(root / "bin" / "godot", VERSION, "managed")
    drivers = window_environment(own, environ={})["LIBGL_DRIVERS_PATH"]
    assert Path(drivers) == root / "lib" / "some-triplet" / "dri"
    assert "opengl3" in game_argv(own, project, headless=False)
    other = GodotBinary(tmp_path / "godot", VERSION, "PATH")
    assert window_environment(other, environ={}) == {}


@posix
def test_a_project_is_imported_once_per_change(tmp_path: Path, project: Project) -> None:
    binary = fake(tmp_path, IMPORTS)
    assert ensure_imported(binary, project)
    assert not ensure_imported(binary, project)
    assert imports(tmp_path) == 1
    (project.root / "player.gd").write_text("extends Node\n")
    assert ensure_imported(binary, project)
    os.utime(project.root / "player.gd", ns=(1, 1))  # older than what is there, but not the same
    assert ensure_imported(binary, project)
    (project.root / "player.gd").unlink()
    assert ensure_imported(binary, project)
    assert imports(tmp_path) == 4


@posix
def test_runs_and_ignored_folders_do_not_count_as_changes(tmp_path: Path, project: Project) -> None:
    (project.root / "raw").mkdir()
    (project.root / "raw" / ".gdignore").touch()
    binary = fake(tmp_path, IMPORTS)
    assert ensure_imported(binary, project)
    (project.root / "raw" / "picture.png").write_bytes(b"x")
    (project.state_dir / "runs").mkdir()
    (project.state_dir / "runs" / "output.log").write_text("x")
    assert not ensure_imported(binary, project)


@posix
def test_another_godot_or_a_lost_cache_imports_again(tmp_path: Path, project: Project) -> None:
    assert ensure_imported(fake(tmp_path, IMPORTS), project)
    newer = GodotVersion(4, 7, 0, "stable", "4.7.stable.test")
    assert ensure_imported(fake(tmp_path, IMPORTS, newer), project)
    (project.root / ".godot").rmdir()
    assert ensure_imported(fake(tmp_path, IMPORTS, newer), project)


@posix
def test_progress_is_read_from_godots_steps(tmp_path: Path, project: Project) -> None:
    step = r"printf '[  50%% ] \033[90m\033[1mreimport\033[22m | icon.svg\033[39m\033[0m\n'"
    seen: list[tuple[str, float | None, str]] = []
    binary = fake(tmp_path, IMPORTS + step + "\n")
    ensure_imported(binary, project, progress=lambda *call: seen.append(call))
    assert ("import", 0.5, "icon.svg") in seen


@posix
def test_a_failed_import_tells_godots_last_words(tmp_path: Path, project: Project) -> None:
    with pytest.raises(ProjectImportError, match=r"exit code 1.*\nERROR: no such luck"):
        ensure_imported(fake(tmp_path, 'echo "ERROR: no such luck"; exit 1\n'), project)
    assert not (project.state_dir / "imported.json").exists()


@posix
def test_a_project_without_the_addon_is_told_so(tmp_path: Path, project: Project) -> None:
    words = 'SCRIPT ERROR: Parse Error: Could not find base class "RLAgent".'
    binary = fake(tmp_path, f"{IMPORTS}echo '{words}'\n")
    with pytest.raises(ProjectImportError) as caught:
        ensure_imported(binary, project)
    assert caught.value.hint is not None
    assert f"rl-studio install-addon {project.root}" in caught.value.hint


@posix
def test_an_error_that_the_second_import_no_longer_has_is_none(tmp_path: Path, project: Project) -> None:
    first = '[ -d "$3/.godot" ] || echo "SCRIPT ERROR: Parse Error: Could not preload resource file."\n'
    assert ensure_imported(fake(tmp_path, first + IMPORTS), project)
    assert imports(tmp_path) == 2


@posix
def test_runtime_errors_of_other_addons_are_not_ours(tmp_path: Path, project: Project) -> None:
    error = (
        'echo "SCRIPT ERROR: Invalid call."; echo "   at: _enter_tree (res://addons/{addon}/plugin.gd:3)"\n'
    )
    assert ensure_imported(fake(tmp_path, IMPORTS + error.format(addon="other")), project)
    (project.root / "changed").touch()
    with pytest.raises(ProjectImportError, match=r"Invalid call\. at: _enter_tree"):
        ensure_imported(fake(tmp_path, IMPORTS + error.format(addon="rl_studio")), project)


@posix
def test_a_hanging_import_is_ended(tmp_path: Path, project: Project) -> None:
    binary = fake(tmp_path, 'echo "last word"; exec sleep 60\n')
    with pytest.raises(ProjectImportError, match=r"did not finish.*within 0\.5 s.*\nlast word"):
        ensure_imported(binary, project, timeout_s=0.5)


@pytest.mark.godot
def test_godot_imports_a_project_and_reports_a_broken_script(
    godot: GodotBinary, tmp_path: Path, project: Project
) -> None:
    env = headless_environment(private_dir=tmp_path / "xdg")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'
    (project.root / "icon.svg").write_text(svg)
    (project.root / "player.gd").write_text(
        'class_name Player\nextends Node\nconst ICON = preload("res://icon.svg")\n'
    )
    (project.root / "main.tscn").write_text(
        '[gd_scene load_steps=2 format=3]\n[ext_resource type="Script" path="res://player.gd" id="1"]\n'
        '[node name="Main" type="Node"]\nscript = ExtResource("1")\n'
    )
    assert ensure_imported(godot, project, environ=env)
    assert (project.root / "icon.svg.import").is_file()
    assert not ensure_imported(godot, project, environ=env)
    (project.root / "broken.gd").write_text("extends Node\nfunc _ready() -> void:\n\tvar x: int = f(\n")
    (project.root / "main.tscn").write_text(
        (project.root / "main.tscn").read_text().replace("player.gd", "broken.gd")
    )
    with pytest.raises(ProjectImportError, match=r"Parse Error.*res://broken\.gd:3"):
        ensure_imported(godot, project, environ=env)


@pytest.mark.godot
def test_a_blend_file_without_blender_keeps_nothing_else_from_being_imported(
    tmp_path: Path, project: Project
) -> None:
    """Godot by itself abandons the whole import then, and blames the first picture that a script preloads."""
    blend = project.root / "props" / "tree.blend"
    blend.parent.mkdir()
    blend.write_bytes(b"BLENDER-v300")
    icon = Path(__file__).parents[2] / "sample_project" / "icon.svg"
    (project.root / "icon.svg").write_bytes(icon.read_bytes())
    (project.root / "player.gd").write_text('extends Node\n\nconst ICON = preload("res://icon.svg")\n')
    before = (project.root / "project.godot").read_bytes()
    assert ensure_imported(find_godot(), project)
    assert list((project.root / ".godot" / "imported").glob("icon.svg-*.ctex"))
    assert (project.root / "project.godot").read_bytes() == before
    assert not ensure_imported(find_godot(), project)
