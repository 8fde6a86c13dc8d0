from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rl_studio.addon import install_addon
from rl_studio.doctor import Check, diagnose
from rl_studio.project import Project


@pytest.fixture
def godot(tmp_path: Path) -> Path:
    if sys.platform == "win32":
        pytest.skip("the fake Godot is a shell script")
    path = tmp_path / "godot"
    path.write_text("#!/bin/sh\necho 4.6.3.stable.test\n")
    path.chmod(0o755)
    return path


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_good_machine_and_project_are_ok(godot: Path, project: Project) -> None:
    install_addon(project)
    (project.root / "main.tscn").touch()
    checks = by_name(diagnose(project, godot))
    for name in ("Python", "Packages", "Godot", "Project", "Addon", "Scene to train in", "Project's state"):
        assert checks[name].status == "ok", checks[name]
        assert checks[name].fix is None
    assert "4.6.3.stable.test" in checks["Godot"].detail
    json.dumps([check.to_json() for check in checks.values()])


def test_without_a_project_nothing_is_said_of_one(godot: Path) -> None:
    assert {"Project", "Addon"}.isdisjoint(by_name(diagnose(None, godot)))


def test_a_godot_that_does_not_work_is_missing_and_the_rest_goes_on(tmp_path: Path, project: Project) -> None:
    checks = by_name(diagnose(project, tmp_path / "nothing"))
    assert checks["Godot"].status == "missing"
    assert str(tmp_path / "nothing") in checks["Godot"].detail
    assert checks["Godot"].fix
    assert "Export template" not in checks
    assert "Project" in checks


def test_an_absent_or_disabled_addon_has_a_command_that_mends_it(godot: Path, project: Project) -> None:
    absent = by_name(diagnose(project, godot))["Addon"]
    assert absent.status == "missing"
    assert "RLAgent" in absent.detail
    assert absent.fix is not None
    assert absent.fix.startswith("rl-studio install-addon ")
    (project.root / "addons" / "godot_rl_agents").mkdir(parents=True)
    stock = by_name(diagnose(project, godot))["Addon"]
    assert (stock.status, stock.fix) == ("warning", absent.fix)
    assert "docks" in stock.detail
    install_addon(project, enable=False)
    assert "not enabled" in by_name(diagnose(project, godot))["Addon"].detail


def test_an_addon_of_another_version_is_told(godot: Path, project: Project) -> None:
    install_addon(project)
    cfg = project.root / "addons/rl_studio/plugin.cfg"
    cfg.write_text('[plugin]\nname="RL Studio"\nversion="0.0.1"\n')
    assert "version 0.0.1 in the project" in by_name(diagnose(project, godot))["Addon"].detail


def test_a_main_scene_that_does_not_exist_is_missing(godot: Path, project: Project) -> None:
    scene = by_name(diagnose(project, godot))["Scene to train in"]
    assert (scene.status, scene.detail) == ("missing", "res://main.tscn does not exist")


def test_a_file_in_place_of_the_state_folder_is_told(godot: Path, project: Project) -> None:
    project.state_dir.write_text("oops")
    assert by_name(diagnose(project, godot))["Project's state"].status == "missing"


def test_a_missing_extra_has_the_command_that_installs_it(
    godot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name in ("stable-baselines3", "ray"):
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.7.0" if name == "godot-rl" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    checks = by_name(diagnose(None, godot))
    sb3, rllib = checks["Training with Stable-Baselines3"], checks["Training with RLlib"]
    assert sb3.status == "missing"
    assert "stable-baselines3 is not installed" in sb3.detail
    assert "godot-rl 0.7.0 is installed, ==0.8.0 is needed" in sb3.detail
    assert "[sb3]" in (sb3.fix or "")
    assert (rllib.status, "[rllib]" in (rllib.fix or "")) == ("warning", True)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from rl_studio.doctor import diagnose; diagnose(None, None);"
        "print(sorted({'torch', 'ray', 'stable_baselines3', 'onnx', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
