"""rl_studio.runs: runs from their start to their end, however they end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import psutil
import pytest

from backend_support import (
    FINISHED,
    Start,
    eventually,
    is_gone,
    make_service,
    read_meta,
    release,
)
from rl_studio.project import Project
from rl_studio.runs import RunService, StopPatience, processes


def test_a_run_that_finishes(service: RunService, start: Start) -> None:
    info = start('event {"kind": "started", "timesteps_target": 200}', "metric 3", FINISHED)
    assert info.state in ("starting", "running")
    info = service.wait(info.id, timeout=20)
    assert (info.state, info.reason, info.exit_code) == ("finished", "timesteps", 0)
    assert (info.timesteps, info.timesteps_target, info.last_seq) == (100, 200, 3)
    assert (info.episodes, info.iteration, info.episode_reward_mean, info.success_rate) == (3, 3, 3.0, 0.5)
    assert (info.timesteps_per_second, info.message, info.error) == (100.0, "Done", None)
    assert info.ended is not None
    assert info.duration_s == pytest.approx(info.ended - info.started)
    assert [sample["seq"] for sample in service.samples(info.id).samples] == [1, 2, 3]


def test_a_run_whose_games_die(service: RunService, start: Start) -> None:
    died = {"instance": 1, "reason": "game_crashed", "attempt": 2, "limit": 10, "message": "It fell."}
    event = json.dumps({"kind": "game_restarted", **died})
    shares = {"game_share": 0.6, "other_share": 0.4, "bottleneck": "game", "advice": "Add arenas."}
    info = start(f"event {event}", f"metric 1 {json.dumps(shares)}", FINISHED)
    info = service.wait(info.id, timeout=20)
    assert (info.restarts, info.message) == (2, "Done")
    assert info.last_restart is not None
    assert (info.last_restart.instance, info.last_restart.message) == (1, "It fell.")
    assert info.to_dict()["last_restart"]["summary"] == "Game 1 crashed and was restarted (2 of 10)."
    [sample] = service.samples(info.id).samples
    assert sample["throughput"] == {"timesteps_per_second": 100.0, **shares}


def test_a_run_folder_explains_itself(service: RunService, start: Start, project: Project) -> None:
    subprocess.run(["git", "init", "-q", str(project.root)], check=True)
    identity = ["-c", "user.name=x", "-c", "user.email=x@y"]
    git = ["git", "-C", str(project.root), *identity]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    info = start("wait go", seed=5, total_timesteps=300)
    folder = service.folder(info.id)
    data = read_meta(service, info.id)
    assert data["id"] == folder.name == info.id
    assert (data["experiment"], data["trainer"], data["scene"]) == ("default", "fake", "res://main.tscn")
    assert (data["seed"], data["timesteps_target"], data["python"]) == (5, 300, sys.executable)
    assert data["versions"]["python"].startswith("3.")
    assert data["versions"]["godot"] == "4.6.3.stable.official.abc"
    assert data["versions"]["pytest"] == pytest.__version__
    assert data["git_revision"].startswith(
        subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    )
    assert data["process_created"] == pytest.approx(psutil.Process(data["pid"]).create_time())
    assert data["argv"][-2:] == ["--godot", "/nowhere/godot"]
    assert str(folder / "config.json") in (folder / "command.txt").read_text(encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config == {"scene": "res://main.tscn", "total_timesteps": 300, "seed": 5, "steps": "wait go"}
    release(service, info.id)


def test_a_running_run_is_seen_to_run(service: RunService, start: Start) -> None:
    info = start("touch up", "wait go", "metric 1", "touch sampled", "forever")
    eventually((service.folder(info.id) / "up").exists)
    assert service.get(info.id).state == "starting"
    release(service, info.id)
    eventually((service.folder(info.id) / "sampled").exists)
    assert service.get(info.id).state == "running"
    assert read_meta(service, info.id)["state"] == "running"


def test_a_stopped_run_saves_and_leaves(service: RunService, start: Start) -> None:
    info = start("touch up", "forever")
    eventually((service.folder(info.id) / "up").exists)
    assert service.stop(info.id).state in ("stopping", "stopped")
    info = service.wait(info.id, timeout=20)
    assert (info.state, info.reason, info.exit_code, info.error) == ("stopped", "interrupted", 0, None)
    assert service.stop(info.id) == info


def test_a_run_that_will_not_stop_is_killed_with_all_it_started(service: RunService, start: Start) -> None:
    info = start("ignore SIGINT", "ignore SIGTERM", "grandchild", "touch up", "forever")
    folder = service.folder(info.id)
    eventually((folder / "up").exists)
    grandchild = int((folder / "grandchild.pid").read_text(encoding="ascii"))
    service.stop(info.id)
    info = service.wait(info.id, timeout=20)
    assert (info.state, info.reason, info.exit_code) == ("stopped", "killed", -signal.SIGKILL)
    eventually(lambda: is_gone(grandchild))


def test_games_left_behind_by_a_crash_are_ended(service: RunService, start: Start) -> None:
    info = start("grandchild", "exit 3")
    info = service.wait(info.id, timeout=20)
    assert (info.state, info.reason, info.exit_code) == ("failed", "crashed", 3)
    pid = int((service.folder(info.id) / "grandchild.pid").read_text(encoding="ascii"))
    eventually(lambda: is_gone(pid))


def test_a_crash_shows_the_last_lines(service: RunService, start: Start) -> None:
    info = start("say first", "metric 1", "say last words", "exit 3")
    info = service.wait(info.id, timeout=20)
    assert info.error is not None
    assert info.error.message == "The trainer crashed (exit code 3)."
    assert info.error.log_tail == ["first", "last words"]


def test_the_last_lines_do_not_begin_within_a_metric(service: RunService, start: Start) -> None:
    long = "x" * 4000
    metric = f"say @METRIC {{{long}}}"
    info = service.wait(start("say first", *[metric] * 40, "say last words", "exit 3").id, timeout=20)
    assert info.error is not None
    assert info.error.log_tail == ["last words"]


def test_a_kill_from_outside_is_seen(service: RunService, start: Start) -> None:
    info = service.wait(start("metric 2", "kill").id, timeout=20)
    assert (info.state, info.reason, info.exit_code, info.last_seq) == ("failed", "killed", -9, 2)
    assert info.error is not None
    assert "SIGKILL" in info.error.message


def test_an_error_of_the_trainer_is_passed_on(service: RunService, start: Start) -> None:
    info = start(
        'event {"kind": "error", "code": "game", "message": "No game.", "hint": "Get one."}', "exit 1"
    )
    info = service.wait(info.id, timeout=20)
    assert (info.state, info.reason, info.exit_code) == ("failed", "error", 1)
    assert info.error is not None
    assert (info.error.message, info.error.hint) == ("No game.", "Get one.")


def test_everything_said_before_a_sudden_end_is_kept(service: RunService, start: Start) -> None:
    info = service.wait(
        start("metric 500", "flood 3000000", "metric 1", 'partial @METRIC {"a": 1}', "kill").id
    )
    assert info.last_seq == 502


def test_several_runs_go_side_by_side(service: RunService, start: Start) -> None:
    first, second = start("wait go", FINISHED), start("wait go", FINISHED)
    release(service, second.id)
    assert service.wait(second.id, timeout=20).state == "finished"
    assert not service.get(first.id).is_final
    release(service, first.id)


def test_patience_is_given_before_force(project: Project) -> None:
    with make_service(project, patience=StopPatience(interrupt=1000, terminate=1000)) as service:
        info = service.start(
            "default", trainer="fake", overrides={"steps": "ignore SIGINT\ntouch up\nforever"}
        )
        eventually((service.folder(info.id) / "up").exists)
        service.stop(info.id)
        assert service.wait(info.id, timeout=0.5).state == "stopping"
        processes.end_all(processes.members(service.folder(info.id)), kill=True)
        assert service.wait(info.id, timeout=20).state == "stopped"
