from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.project import Project
from rl_studio.runs import RunService
from rl_studio.runs.info import RunWarning
from rl_studio.runs.provenance import git_revision
from rl_studio_training.run_folder import RunFolder


def test_a_run_by_hand_explains_itself(project: Project) -> None:
    run = RunFolder.fresh(project)
    assert re.fullmatch(r"\d{8}-\d{6}-by-hand-[0-9a-f]{4}", run.path.name)
    config = SB3Config(seed=7).model_dump(mode="json")
    run.describe(project, "res://a.tscn", config, Path("/opt/godot"))
    facts = json.loads((run.path / "run.json").read_text())
    assert (facts["id"], facts["seed"], facts["scene"]) == (run.path.name, 7, "res://a.tscn")
    assert (facts["pid"], facts["state"]) == (os.getpid(), "running")
    assert facts["versions"]["torch"]
    assert json.loads((run.path / "config.json").read_text()) == config
    assert (run.path / "command.txt").read_text().strip()
    run.finish("failed", "error", 1, {"odd": 2})
    facts = json.loads((run.path / "run.json").read_text())
    assert facts["warnings"] == [{"message": "odd", "count": 2}]
    with RunService(project) as service:
        assert service.get(run.path.name).warnings == [RunWarning("odd", 2)]
    assert (facts["state"], facts["reason"], facts["exit_code"]) == ("failed", "error", 1)
    assert facts["ended"].endswith("Z")


def test_the_backends_folder_is_left_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"id": "theirs"}')
    run = RunFolder(tmp_path)
    run.describe(project, "", {}, None)
    run.finish("finished", "timesteps", 0)
    assert (tmp_path / "run.json").read_text() == '{"id": "theirs"}'
    assert [path.name for path in tmp_path.glob("*.json")] == ["run.json"]


def test_the_revision_says_whether_files_differ(tmp_path: Path) -> None:
    assert git_revision(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True, timeout=30)
    clean = git_revision(tmp_path)
    assert clean is not None
    assert re.fullmatch(r"[0-9a-f]{40}", clean)
    (tmp_path / "file").write_text("2")
    assert git_revision(tmp_path) == clean + "-dirty"
