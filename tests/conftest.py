"""Fixtures shared by all tests: a clean environment and small Godot projects."""

from __future__ import annotations

from pathlib import Path

import pytest
from rl_studio.project import Project

_OURS = ("RL_STUDIO_", "CONTROLLER_METRICS")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No variable of ours leaks in; what the studio notes for the user goes to a temporary folder."""
    import os

    keep = {"RL_STUDIO_DATA_DIR"}
    for name in list(os.environ):
        if name.startswith(_OURS) and name not in keep:
            monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty Godot project."""
    root = tmp_path / "game"
    root.mkdir()
    (root / "project.godot").write_text(
        'config_version=5\n\n[application]\n\nconfig/name="Test Game"\nrun/main_scene="res://main.tscn"\n',
        encoding="utf-8",
    )
    return Project.open(root)
