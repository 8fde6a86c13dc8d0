"""Runs of a project whose disk is full, or read-only: what can be done is done, and the rest is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend_client import Client
from backend_support import FINISHED, eventually, make_service, read_meta, release
from disks import fill, read_only, small_disk, without_powers
from rl_studio.addon import install_addon
from rl_studio.files import read_json
from rl_studio.project import Project
from rl_studio.runs import RunInfo, RunService, processes, store
from rl_studio.runs import disk as disk_of_runs
from rl_studio.storage import DiskFullError, ReadOnlyError
from rl_studio.transport.backend import Backend

ROOMY = "4m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    with small_disk(tmp_path / "disk", ROOMY) as folder:
        yield folder


@pytest.fixture
def project(disk: Path) -> Project:
    """A project on that disk."""
    (disk / "project.godot").write_text(
        '[application]\n\nrun/main_scene="res://main.tscn"\n', encoding="utf-8"
    )
    return Project.open(disk)


@pytest.fixture
def godot_option(tmp_path: Path) -> list[str]:
    """A program that answers like Godot, and is never asked for more."""
    program = tmp_path / "godot"
    program.write_text("#!/bin/sh\necho 4.6.3.stable.official\n", encoding="utf-8")
    program.chmod(0o755)
    return ["--godot", str(program)]


def studio(*words: str, project: Project) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rl_studio", *words, "--project", str(project.root)]
    return subprocess.run(
        without_powers(command), capture_output=True, text=True, timeout=60, check=False, encoding="utf-8"
    )


def begin(service: RunService, *steps: str) -> RunInfo:
    return service.start("default", trainer="fake", overrides={"steps": "\n".join(steps)})


def test_a_run_on_a_full_disk_is_seen_stopped_and_written_when_there_is_room(
    project: Project, service: RunService
) -> None:
    run = begin(service, "metric 3", "wait go", "metric 2", "forever")
    eventually(lambda: service.get(run.id).last_seq == 3)
    filler = fill(project.root)
    with make_service(project) as fresh:
        assert isinstance(fresh.problem, DiskFullError)
        (info,) = fresh.list()
        assert (info.state, info.last_seq) == ("running", 3)
        assert info.message == fresh.problem.message
        assert "has 0 bytes free" in fresh.problem.message
        assert len(fresh.samples(run.id).samples) == 3
        fresh.stop(run.id)
        ended = fresh.wait(run.id, timeout=20)
        assert (ended.state, ended.reason) in (("stopped", "interrupted"), ("stopped", "killed"))
        assert read_meta(fresh, run.id)["state"] == "running", "there is no room for another word"
        filler.unlink()
        fresh.get(run.id)
        assert read_meta(fresh, run.id)["state"] == "stopped"


def test_the_index_goes_on_in_memory_and_back_to_its_disk(
    project: Project, service: RunService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "RETRY_S", 0.2)
    monkeypatch.setattr(disk_of_runs, "_LASTS_S", 0.2)
    run = begin(service, "metric 3", "wait go", "metric 200", "wait end", FINISHED)
    eventually(lambda: service.get(run.id).last_seq == 3)
    # Just room enough for the log, which the index would have to write again.
    filler = fill(project.root, but=64 * 1024)
    release(service, run.id)
    eventually(lambda: service.get(run.id).last_seq == 203)
    assert [sample["seq"] for sample in service.samples(run.id).samples] == list(range(1, 204))
    assert isinstance(service.problem, DiskFullError)
    filler.unlink()
    eventually(lambda: service.get(run.id) and service.problem is None)
    eventually(lambda: service.get(run.id).last_seq == 203)
    with make_service(project) as fresh:
        # From the file alone: what it reads of a log is noted in it, and nothing is new.
        assert len(fresh.samples(run.id).samples) == 203
        assert fresh.problem is None
    release(service, run.id, "end")
    assert service.wait(run.id, timeout=20).state == "finished"
    assert not list(project.state_dir.glob("studio.db.corrupt*")), "nothing was wrong with the file"


def test_a_start_without_room_leaves_nothing(project: Project, service: RunService) -> None:
    project.prepare_state_dir()
    filler = fill(project.root)
    with pytest.raises(DiskFullError, match=r"The disk is full: .* has 0 bytes free"):
        begin(service, "metric 1", FINISHED)
    os.truncate(filler, filler.stat().st_size - 80 * 1024)
    with pytest.raises(OSError, match="No space left"):
        # Enough to begin with, and not for the description.
        begin(service, "metric 1", *["say " + "x" * 100_000])
    assert not project.runs_dir.exists() or not list(project.runs_dir.iterdir())
    filler.unlink()
    assert service.wait(begin(service, "metric 1", FINISHED).id, timeout=20).state == "finished"


def test_what_a_killed_trainer_left_half_done_makes_room(project: Project, service: RunService) -> None:
    run = begin(service, 'checkpoint {"timesteps": 30}', "wait go", "kill")
    folder = service.folder(run.id)
    half = folder / "checkpoints" / ".step_000000000060.1.tmp"
    eventually(lambda: service.get(run.id).checkpoints == 1)
    half.mkdir()
    (half / "model.zip").write_bytes(b"x" * 1000)
    (folder / ".reserve").write_bytes(b"x" * 1000)
    release(service, run.id)
    assert service.wait(run.id, timeout=20).checkpoints == 1
    assert [path.name for path in folder.rglob(".*")] == []


def test_verbs_name_the_full_disk_and_have_no_traceback(project: Project, service: RunService) -> None:
    run = begin(service, "metric 3", FINISHED)
    service.wait(run.id, timeout=20)
    for path in project.state_dir.glob("studio.db*"):
        path.unlink()  # a new one does not fit
    service.close()
    fill(project.root)
    for words, code in ((["runs"], 0), (["metrics", "latest"], 0), (["stop", "latest"], 0), (["serve"], 4),
                        (["config", "set", "seed=3"], 1), (["doctor"], None)):  # fmt: skip
        done = studio(*words, project=project)
        assert "Traceback" not in done.stderr
        assert "sqlite" not in done.stderr
        if code is None:
            continue
        assert done.returncode == code, (words, done)
        assert f"The disk is full: {project.root}" in done.stderr
        assert "0 bytes free" in done.stderr
        assert "Make room" in done.stderr
    assert "finished" in studio("runs", project=project).stdout
    done = studio("metrics", "latest", "--csv", project=project)
    assert len(done.stdout.splitlines()) == 4


def test_a_backend_whose_disk_gets_full_answers_and_recovers(
    project: Project, backend: Backend, client: Client
) -> None:
    run_id = client.start_run("metric 2", "wait go", "metric 3", "forever")

    def told() -> dict[str, Any]:
        run: dict[str, Any] = client.call("run.get", run_id=run_id)["run"]
        return run

    eventually(lambda: told()["last_seq"] == 2)
    filler = fill(project.root)
    assert [run["state"] for run in client.call("run.list")["runs"]] == ["running"]
    assert "The disk is full" in eventually(lambda: told()["message"] or "")
    error = client.fails("experiment.save", name="new", trainer="fake", overrides={"seed": 3})
    assert error["code"] == "disk_full"
    assert "has 0 bytes free" in error["message"]
    client.call("run.stop", run_id=run_id)
    client.until_state(run_id, "stopped")  # nobody looks at it any more
    filler.unlink()
    client.call("experiment.save", name="new", trainer="fake", overrides={"seed": 3})
    meta = project.runs_dir / run_id / "run.json"
    eventually(lambda: read_json(meta)["state"] == "stopped")


def test_an_addon_that_does_not_fit_leaves_the_old_one(project: Project) -> None:
    install_addon(project)
    before = sorted(path.name for path in (project.root / "addons").rglob("*"))
    (project.root / "addons" / "rl_studio" / "mark").touch()
    fill(project.root, but=100_000)
    done = subprocess.run(
        [sys.executable, "-m", "rl_studio", "install-addon", str(project.root)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    names = sorted(path.name for path in (project.root / "addons").rglob("*"))
    assert names == sorted([*before, "mark"])


@pytest.fixture
def frozen(tmp_path: Path, service: RunService, project: Project) -> Path:
    """A copy of a project with a run that is over and one that was never told to be, to be made read-only."""
    lost = begin(service, "metric 2", "kill")
    service.wait(lost.id, timeout=20)
    run = begin(
        service,
        "metric 3",
        'checkpoint {"timesteps": 30, "trainer": "sb3", "policies": {"cat": {}}}',
        FINISHED,
    )
    service.wait(run.id, timeout=20)
    meta = read_meta(service, lost.id) | {"state": "running", "reason": None, "ended": None}
    service.close()
    folder = tmp_path / "frozen"
    shutil.copytree(project.root, folder)
    (folder / ".rl_studio" / "runs" / lost.id / "run.json").write_text(json.dumps(meta))
    return folder


@pytest.mark.parametrize("way", ["disk", "permissions"])
def test_a_read_only_project_can_be_read_and_says_what_cannot_be_done(
    frozen: Path, godot_option: list[str], way: str
) -> None:
    project = Project.open(frozen)
    if way == "permissions":
        for path in (frozen, *frozen.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        _try_verbs(project, godot_option)
        return
    with read_only(frozen):
        _try_verbs(project, godot_option)


def _try_verbs(project: Project, godot_option: list[str]) -> None:
    for words in (
        ["runs"],
        ["metrics", "latest"],
        ["metrics", "latest", "--csv"],
        ["config", "show"],
        ["stop", "latest"],
    ):
        done = studio(*words, project=project)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (words, done.stderr)
    assert "finished" in studio("runs", project=project).stdout
    assert "cannot be written" in studio("doctor", project=project).stdout
    for words, code in ((["train", *godot_option], 1), (["serve"], 5), (["config", "set", "seed=3"], 1),
                        (["export", "--no-godot"], 1), (["build-game", *godot_option], 1)):  # fmt: skip
        done = studio(*words, project=project)
        assert done.returncode == code, (words, done)
        assert "cannot be written" in done.stderr, words
        assert ("read-only" in done.stderr) or ("no permission" in done.stderr)
        assert "  → " in done.stderr
        assert "Traceback" not in done.stderr
    done = subprocess.run(
        without_powers([sys.executable, "-m", "rl_studio", "install-addon", str(project.root)]),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True)


def test_the_state_of_a_run_that_cannot_be_noted_is_known_all_the_same(frozen: Path) -> None:
    with read_only(frozen), make_service_read_only(frozen) as service:
        states = sorted(info.state for info in service.list())
        assert states == ["failed", "finished"]
        assert isinstance(service.problem, ReadOnlyError)
        assert sum(len(service.samples(info.id).samples) for info in service.list()) == 5


def make_service_read_only(folder: Path) -> RunService:
    return RunService(Project.open(folder))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="takes /proc/self/mem, which cannot be read")
def test_files_that_a_broken_disk_does_not_give_back_spoil_one_run_only(
    project: Project, service: RunService
) -> None:
    good = begin(service, "metric 3", FINISHED)
    bad = begin(service, "metric 3", FINISHED)
    for run in (good, bad):
        service.wait(run.id, timeout=20)
    service.close()
    for path in project.state_dir.glob("studio.db*"):
        path.unlink()
    log = service.folder(bad.id) / "output.log"
    log.unlink()
    log.symlink_to("/proc/self/mem")
    with make_service(project) as fresh:
        found = {info.id: info.last_seq for info in fresh.list()}
        assert found == {good.id: 3, bad.id: 0}
        log.unlink()
        log.write_bytes((service.folder(good.id) / "output.log").read_bytes())
        assert fresh.get(bad.id).last_seq == 3, "what could not be read is read later"
    assert processes.members(service.folder(bad.id)) == []
