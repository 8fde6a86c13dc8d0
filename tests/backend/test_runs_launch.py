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
    read_meta,
)
from rl_studio.errors import ConfigError, ProjectError
from rl_studio.experiments import ExperimentStore
from rl_studio.packages import install_command
from rl_studio.project import Project
from rl_studio.runs import RunCheckpoint, RunError, RunService
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
    broken = fake_trainer(packages=("no-such-thing",), extra="sb3")
    with make_service(project, trainers=TrainerRegistry([broken])) as service:
        with pytest.raises(TrainerError, match="no-such-thing is not installed") as caught:
            service.start("default", trainer="fake")
        assert caught.value.hint is not None and install_command("sb3") in caught.value.hint
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


# --- runs that begin with a checkpoint

CHECKPOINT = 'checkpoint {"timesteps": 50, "counters": {"timesteps": 50}, "config": {"seed": 4, "total_timesteps": 90}}'


def finished_run(start: Start, service: RunService, *steps: str) -> str:
    info = start("\n".join([*(steps or (CHECKPOINT,)), FINISHED]))
    assert service.wait(info.id, timeout=30).state == "finished"
    return info.id


def test_a_resumed_run_is_a_new_one_with_the_configuration_of_the_checkpoint(
    start: Start, service: RunService
) -> None:
    before = finished_run(start, service)
    info = service.start(resume=RunCheckpoint(before), overrides={"total_timesteps": 200, "steps": FINISHED})
    meta = read_meta(service, info.id)
    assert meta["resumed_from"] == {"run": before, "checkpoint": "step_000000000050"}
    assert meta["initialised_from"] is None
    assert info.resumed_from is not None
    assert (info.id != before, info.resumed_from.run, info.initialised_from) == (True, before, None)
    config = json.loads((service.folder(info.id) / "config.json").read_text(encoding="utf-8"))
    assert (config["seed"], config["total_timesteps"]) == (4, 200)
    checkpoint = service.folder(before) / "checkpoints" / "step_000000000050"
    assert meta["argv"][-2:] == ["--resume", str(checkpoint)]
    assert service.wait(info.id, timeout=30).state == "finished"


@pytest.mark.parametrize(
    ("overrides", "total"), [({}, 100), ({"total_timesteps": 70}, 70), ({"seed": 3}, 100)]
)
def test_a_run_that_had_done_all_its_steps_gets_as_many_again(
    start: Start, service: RunService, overrides: dict[str, Any], total: int
) -> None:
    info = start(CHECKPOINT.replace("90", "50"), FINISHED, total_timesteps=50)
    before = service.wait(info.id, timeout=30).id
    resumed = service.start(resume=RunCheckpoint(before), overrides=overrides)
    config = json.loads((service.folder(resumed.id) / "config.json").read_text(encoding="utf-8"))
    assert (config["total_timesteps"], resumed.timesteps_target) == (total, total)
    service.wait(resumed.id, timeout=30)


def test_a_run_may_begin_with_the_best_policy_of_another(start: Start, service: RunService) -> None:
    other = 'checkpoint {"timesteps": 70}'
    best = 'best {"checkpoint": "step_000000000050", "value": 1.5, "metric": "evaluation_reward"}'
    before = finished_run(start, service, CHECKPOINT, other, best)
    info = service.start(
        trainer="fake", overrides={"steps": FINISHED}, init_from=RunCheckpoint(before, "best")
    )
    meta = read_meta(service, info.id)
    assert meta["initialised_from"] == {"run": before, "checkpoint": "step_000000000050"}
    assert meta["argv"][-2] == "--init-from"
    assert meta["seed"] == 0
    assert info.initialised_from is not None
    service.wait(info.id, timeout=30)


@pytest.mark.parametrize(
    ("which", "overrides", "error", "words"),
    [
        (60, {}, RunError, "no checkpoint at 60 steps"),
        ("best", {}, RunError, "no best checkpoint"),
        ("latest", {"total_timesteps": 50}, ConfigError, "the checkpoint has 50 steps already"),
        ("latest", {"sed": 1}, ConfigError, "did you mean seed"),
    ],
)
def test_what_cannot_be_resumed_is_told_before_anything_starts(
    start: Start,
    service: RunService,
    which: Any,
    overrides: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    before = finished_run(start, service)
    with pytest.raises(error, match=words):
        service.start(resume=RunCheckpoint(before, which), overrides=overrides)
    assert len(service.list()) == 1


def test_a_run_without_checkpoints_or_none_at_all_cannot_be_resumed(
    start: Start, service: RunService
) -> None:
    before = finished_run(start, service, "say hello")
    with pytest.raises(RunError, match="has no checkpoint"):
        service.start(resume=RunCheckpoint(before))
    for nobody in ("gone", "../x"):
        with pytest.raises(RunError, match="There is no run"):
            service.start(resume=RunCheckpoint(nobody))
        with pytest.raises(RunError):
            service.start(trainer="fake", init_from=RunCheckpoint(nobody))


def test_a_trainer_reads_only_its_own_checkpoints(
    start: Start, service: RunService, project: Project
) -> None:
    before = finished_run(start, service, 'checkpoint {"timesteps": 5, "trainer": "other", "config": {}}')
    with pytest.raises(TrainerError, match="one of other, not of fake"):
        service.start(trainer="fake", init_from=RunCheckpoint(before))
    simple = make_service(project, trainers=TrainerRegistry([fake_trainer(can_resume=False)]))
    with pytest.raises(TrainerError, match="cannot begin with a checkpoint"):
        simple.start(resume=RunCheckpoint(before))
    simple.close()
