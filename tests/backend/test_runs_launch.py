"""rl_studio.runs.launch: what is checked before a run starts."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from backend_support import (
    FINISHED,
    Start,
    fake_trainer,
    make_service,
)
from rl_studio.errors import ConfigError, ProjectError
from rl_studio.experiments import ExperimentStore
from rl_studio.project import Project
from rl_studio.runs import RunError, RunService
from rl_studio.trainers import TrainerError, TrainerRegistry


def test_an_experiment_is_the_base_of_a_run(service: RunService, project: Project) -> None:
    ExperimentStore(project).save("My Experiment", "fake", {"steps": FINISHED, "seed": 3})
    info = service.start("My Experiment", overrides={"total_timesteps": 7})
    assert "-my-experiment-" in info.id
    config = json.loads((service.folder(info.id) / "config.json").read_text(encoding="utf-8"))
    assert (config["seed"], config["total_timesteps"]) == (3, 7)


@pytest.mark.parametrize(
    ("overrides", "error", "words"),
    [
        ({"seed": -1}, ConfigError, "seed"),
        ({"sed": 1}, ConfigError, "did you mean seed"),
        ({"scene": "res://nowhere.tscn"}, RunError, "does not exist"),
        ({"scene": "res://../x.tscn"}, ProjectError, "leads out"),
        ({"scene": "/etc/passwd"}, ProjectError, "not a path"),
    ],
)
def test_what_is_wrong_is_found_before_anything_starts(
    start: Start, service: RunService, overrides: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        start("forever", **overrides)
    assert service.list() == []
    assert not service.project.runs_dir.exists()


def test_a_project_without_a_scene_cannot_train(service: RunService, start: Start, project: Project) -> None:
    (project.root / "project.godot").write_text("config_version=5\n", encoding="utf-8")
    bare = make_service(Project.open(project.root))
    with pytest.raises(RunError, match="no main scene"):
        bare.start("default", trainer="fake")
    bare.close()


def test_a_trainer_that_lacks_something_says_so(project: Project) -> None:
    broken = fake_trainer(packages=("no-such-thing",), hint="Get it.")
    with make_service(project, trainers=TrainerRegistry([broken])) as service:
        with pytest.raises(TrainerError, match="no-such-thing is not installed") as caught:
            service.start("default", trainer="fake")
        assert caught.value.hint == "Get it."
        with pytest.raises(TrainerError, match="no trainer 'sb3'"):
            service.start("default")


def test_a_process_that_cannot_be_started_is_a_failed_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with make_service(project) as service:
        with pytest.raises(RunError, match="could not be started"):
            service.start("default", trainer="fake")
        [info] = service.list()
    assert (info.state, info.reason) == ("failed", "not_started")
