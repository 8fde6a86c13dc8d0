from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from packaging.requirements import Requirement

import rl_studio
from rl_studio.addon import PLUGIN, addon_version, install_addon
from rl_studio.build_addon import build
from rl_studio.project import Project
from rl_studio.resources import addon_dir
from rl_studio.setup.wheel import PATTERN, Wheel


def text_of(project: Project) -> str:
    return (project.root / "project.godot").read_text(encoding="utf-8")


def test_the_addon_is_copied_and_enabled(project: Project) -> None:
    done = install_addon(project)
    assert done.replaced is None
    assert done.enabled
    assert done.version == addon_version(addon_dir())
    assert (project.root / "addons/rl_studio/plugin.gd").is_file()
    assert f'[editor_plugins]\n\nenabled=PackedStringArray("{PLUGIN}")' in text_of(project)


def test_other_plugins_stay_enabled(project: Project) -> None:
    path = project.root / "project.godot"
    path.write_text(
        text_of(project)
        + '\n[editor_plugins]\n\nenabled=PackedStringArray("res://addons/other/plugin.cfg")\n\n[physics]\na=1\n'
    )
    install_addon(project)
    assert f'enabled=PackedStringArray("res://addons/other/plugin.cfg", "{PLUGIN}")' in text_of(project)
    assert text_of(project).endswith("[physics]\na=1\n")


def test_a_second_install_replaces_files_and_enables_once(project: Project) -> None:
    install_addon(project)
    stale = project.root / "addons/rl_studio/removed_in_new_version.gd"
    stale.write_text("extends Node\n")
    done = install_addon(project)
    assert done.replaced == done.version
    assert not stale.exists()
    assert text_of(project).count(PLUGIN) == 1
    assert [path.name for path in (project.root / "addons").iterdir()] == ["rl_studio"]


def test_without_enable_the_project_file_is_left_alone(project: Project) -> None:
    before = text_of(project)
    assert not install_addon(project, enable=False).enabled
    assert text_of(project) == before


def test_a_copy_has_the_pages_that_its_help_opens(project: Project) -> None:
    install_addon(project)
    addon = project.root / "addons" / "rl_studio"
    opened = set()
    for path in [*addon.rglob("*.tscn"), *addon.rglob("*.gd")]:
        text = path.read_text(encoding="utf-8")
        opened |= set(re.findall(r'^page = "([^"]+)"', text, re.MULTILINE))
        opened |= set(
            re.findall(
                r"^## @tutorial\(.+\): res://addons/rl_studio/manual/(\S+?)(?:#\S*)?$", text, re.MULTILINE
            )
        )
    assert len(opened) > 3
    assert [page for page in opened if not (addon / "manual" / page).is_file()] == []
    assert (addon / "manual" / ".gdignore").is_file()


def test_a_copied_addon_carries_the_package(project: Project) -> None:
    install_addon(project)
    (wheel,) = (project.root / "addons/rl_studio/setup").glob(PATTERN)
    assert Wheel(wheel).version == addon_version(addon_dir())


def test_the_addon_for_users_has_the_package_and_nothing_of_development(tmp_path: Path) -> None:
    target, wheel, archive = build(tmp_path)
    assert wheel.parent == target / "setup"
    assert wheel.stat().st_size < 3_000_000
    assert b"torch==" in Wheel(wheel).constraints()
    names = zipfile.ZipFile(archive).namelist()
    assert all(name.startswith("addons/rl_studio/") for name in names)
    assert not any(
        "__pycache__" in name or "/test" in name or "/.g" in name.replace("/.gdignore", "") for name in names
    )
    scripts = [name for name in names if name.endswith(".gd")]
    assert [name for name in scripts if f"{name}.uid" not in names] == []
    inside = zipfile.ZipFile(wheel).namelist()
    assert "rl_studio/bundled/addon/plugin.gd" in inside
    assert not any(name.endswith((".whl", ".pyc")) for name in inside), "a package within a package"
    first = wheel.read_bytes()
    build(tmp_path)
    assert wheel.read_bytes() == first


def test_the_addon_is_built_with_nothing_but_python(tmp_path: Path) -> None:
    backend = Path(rl_studio.__file__).parent.parent
    program = (
        f"import sys; sys.path.insert(0, {str(backend)!r}); from rl_studio.build_addon import main; main()"
    )
    argv = [sys.executable, "-I", "-S", "-c", program, str(tmp_path)]
    subprocess.run(argv, check=True, capture_output=True)
    (wheel,) = (tmp_path / "addons/rl_studio/setup").glob(PATTERN)
    (found,) = importlib.metadata.distributions(path=[str(wheel)])
    ours = importlib.metadata.distribution("godot-rl-studio")
    assert (found.version, found.metadata["Requires-Python"]) == (
        ours.version,
        ours.metadata["Requires-Python"],
    )
    assert [(one.name, one.value) for one in found.entry_points] == [("rl-studio", "rl_studio.cli:main")]
    for extra in ("", "sb3", "rllib"):
        assert needed(found, extra) == needed(ours, extra)


def needed(distribution: importlib.metadata.Distribution, extra: str) -> set[str]:
    """What pip installs with an extra."""
    all_of_them = [Requirement(text) for text in distribution.requires or []]
    wanted = [one for one in all_of_them if one.marker is None or one.marker.evaluate({"extra": extra})]
    return {f"{one.name}{sorted(one.extras)}{one.specifier}" for one in wanted}
