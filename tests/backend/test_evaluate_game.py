"""`rl-studio evaluate` on a real game whose episodes never end: it ends all the same, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from godot_project import import_project, make_project
from raw_game import install_game
from rl_studio.evaluate import Standing, evaluate
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project

pytestmark = pytest.mark.godot


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def endless(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two agents that never end an episode."""
    project = make_project(tmp_path_factory.mktemp("endless") / "game")
    install_game(project, "probe")
    import_project(godot, project)
    return project


def test_an_episode_without_end_is_cut_and_its_agent_is_named(godot: GodotBinary, endless: Project) -> None:
    told: list[Standing] = []
    outcome = evaluate(
        endless,
        godot,
        policy="random",
        episodes=2,
        scene="res://main.tscn",
        max_decisions=5000,
        timeout_s=60.0,
        progress=told.append,
    )
    assert outcome.policies["probe"].cut == 2
    assert outcome.policies["probe"].length_mean == 5000.0
    assert outcome.action_repeat == 8
    (warning,) = [text for text in outcome.warnings if "max_episode_steps" in text]
    assert "/root/Main/First/Agent" in warning and "/root/Main/Second/Agent" in warning
    assert any(str(standing).startswith("probe 0 of 2 episodes") for standing in told)


def test_policies_are_named_and_counted_each_by_itself(godot: GodotBinary, endless: Project) -> None:
    outcome = evaluate(
        endless,
        godot,
        policy={"probe": "random"},
        episodes=2,
        scene="res://main.tscn",
        max_decisions=20,
        action_repeat=2,
        timeout_s=60.0,
    )
    assert (outcome.policies["probe"].played_by, outcome.action_repeat) == ("random", 2)
    with pytest.raises(Exception, match='no agent has the policy name "prob"; there are probe'):
        evaluate(endless, godot, policy={"prob": "random"}, episodes=2, scene="res://main.tscn")


def test_a_file_that_is_not_there_is_no_policy(godot: GodotBinary, endless: Project) -> None:
    with pytest.raises(Exception, match=r"no policy res://none\.onnx"):
        evaluate(endless, godot, policy={"probe": "res://none.onnx"}, episodes=2)


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_whatever_ends_the_command_ends_the_game(endless: Project, name: str) -> None:
    number = signal.Signals[name]
    if number is signal.SIGKILL and not (sys.platform == "linux" and shutil.which("setpriv")):
        pytest.skip("only Linux with setpriv ends the game of a command that is killed")
    words = ["evaluate", "--project", str(endless.root), "--scene", "res://main.tscn", "--policy", "random"]
    command = subprocess.Popen(
        [sys.executable, "-m", "rl_studio", *words, "--max-decisions", "100000000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        game = _wait_for_game(command.pid)
        command.send_signal(number)
        psutil.wait_procs([game], 20)
        assert not game.is_running()
        assert command.wait(20) != 0
    finally:
        command.kill()
        command.wait(20)


def _wait_for_game(command: int) -> psutil.Process:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        for child in psutil.Process(command).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # the one that tells its version is gone already
                if any(word.startswith("--rl_studio_evaluate=") for word in child.cmdline()):
                    return child
        time.sleep(0.05)
    raise AssertionError("the game did not start")


def test_the_document_has_figures_of_each_policy(
    endless: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    from rl_studio.cli import main

    words = ["evaluate", "--project", str(endless.root), "--scene", "res://main.tscn", "--policy", "random"]
    assert main([*words, "--episodes", "2", "--max-decisions", "50", "--json"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out.splitlines()[-1])
    assert told["policies"]["probe"]["cut"] == 2
    assert told["reward_mean"] == told["policies"]["probe"]["reward_mean"]
    assert "max_episode_steps" in captured.err
