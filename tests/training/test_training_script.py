"""The training script as a process, with fake games: how it ends, whatever happens."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rl_studio.project import Project
from training.conftest import MakeBuild, is_alive, wait_until

pytestmark = pytest.mark.training

SCRIPT = Path(__file__).resolve().parents[2] / "training_scripts" / "stable_baselines3_training_script.py"


@dataclass
class Trainer:
    """A running training script."""

    process: subprocess.Popen[bytes]
    run: Path
    log: Path
    games: Path

    def lines(self, tag: str) -> list[dict[str, Any]]:
        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} is not JSON")

        whole = self.log.read_text().splitlines(keepends=True)
        return [
            json.loads(line.removeprefix(tag), parse_constant=refuse)
            for line in whole
            if line.startswith(tag) and line.endswith("\n")
        ]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return self.lines("@METRIC ")

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.lines("@EVENT ") if event["kind"] == kind]

    def wait_for_events(self, kind: str, count: int = 1) -> None:
        wait_until(lambda: len(self.events(kind)) >= count or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.log.read_text()

    def wait_for_metrics(self, count: int = 1) -> None:
        wait_until(lambda: len(self.metrics) >= count or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.log.read_text()

    def game_pid(self, seed: int = 0) -> int:
        return int((self.games / f"pid-{seed}").read_text())

    def end(self, timeout_s: float = 60.0) -> int:
        return self.process.wait(timeout_s)


@pytest.fixture
def start(project: Project, tmp_path: Path, make_build: MakeBuild) -> Iterator[Any]:
    """Starts the script on a fake game; kills it if a test leaves it running."""
    trainers: list[Trainer] = []

    def make(
        mode: str = "continuous",
        *arguments: str,
        lines: bool = True,
        script: Path = SCRIPT,
        options: dict[str, str] | None = None,
        **config: Any,
    ) -> Trainer:
        build = make_build(mode)
        run, log = tmp_path / "run", tmp_path / "output.log"
        small = {} if "algorithm" in config else {"n_steps": 8, "batch_size": 16, "n_epochs": 1}
        values = {**small, "total_timesteps": 10**9, **config}
        values["game_args"] = {"wire": "binary", **(options or {})}
        config_file = tmp_path / "config.json"
        config_file.write_text(json.dumps(values))
        argv = ["--project", str(project.root), "--run-dir", str(run), "--config", str(config_file)]
        env = {**os.environ, "CONTROLLER_METRICS": "1" if lines else "0"}
        with log.open("ab") as output:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-W",
                    "error::ResourceWarning",
                    str(script),
                    *argv,
                    "--game",
                    str(build),
                    *arguments,
                ],
                env=env,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        trainers.append(Trainer(process, run, log, build.parent))
        return trainers[-1]

    yield make
    for trainer in trainers:
        trainer.process.kill()
        trainer.process.wait(20)


def checkpoint(trainer: Trainer) -> dict[str, Any]:
    """The description of the newest checkpoint."""
    newest = sorted((trainer.run / "checkpoints").glob("step_*"))[-1]
    assert (newest / "model.zip").is_file()
    return dict(json.loads((newest / "checkpoint.json").read_text()))


@pytest.mark.parametrize("wire", ["studio", "binary"])
def test_training_ends_at_its_timesteps(start: Any, wire: str) -> None:
    trainer = start(total_timesteps=100, checkpoint_frequency=40, keep_checkpoints=1, options={"wire": wire})
    assert trainer.end() == 0, trainer.log.read_text()
    metrics = trainer.metrics
    assert [row["timesteps_total"] for row in metrics] == list(range(16, 113, 16))
    assert [row["training_iteration"] for row in metrics] == list(range(1, 8))
    last = metrics[-1]
    assert last["episodes_total"] == 2 * (56 // 5)
    assert (last["episode_reward_mean"], last["episode_len_mean"], last["success_rate"]) == (7.5, 5.0, 0.5)
    assert last["policies"]["walker"]["episodes"] == last["episodes_total"]
    assert last["custom_metrics"] == {"height": 2.5}
    learner = {"policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction", "learning_rate", "loss"}
    assert {key for key, value in last["learner"].items() if value is not None} >= learner
    assert last["policies"]["walker"]["learner"] == last["learner"]
    assert (last["env_steps_total"], last["evaluation"]) == (56, None)
    throughput = last["throughput"]
    shares = {key for key in throughput if key.endswith("_share")}
    assert shares == {f"{part}_share" for part in ("game", "wire", "policy", "update", "other")}
    assert sum(throughput[key] for key in shares) == pytest.approx(1.0)
    assert throughput["timesteps_per_second"] > 0
    assert throughput["bottleneck"] in (None, "game", "wire", "policy", "update")
    assert (throughput["advice"] is None) == (throughput["bottleneck"] is None)
    assert [event["reason"] for event in trainer.events("checkpoint")] == ["periodic", "periodic", "final"]
    started = trainer.events("started")[0]
    assert (started["n_agents"], started["n_envs"], started["policies"]) == (2, 1, {"walker": 2})
    assert (started["wire"], started["sections"]) == ("binary" if wire == "binary" else "json", 1)
    finished = trainer.events("finished")[0]
    assert (finished["reason"], finished["timesteps_total"]) == ("timesteps", 112)
    kept = sorted(path.name for path in (trainer.run / "checkpoints").iterdir())
    assert kept == ["best.json", "step_000000000080", "step_000000000112"]
    assert checkpoint(trainer)["policies"]["walker"]["action_space"] == {
        "move": {"action_type": "continuous", "size": 2}
    }
    assert list((trainer.run / "tensorboard").glob("events.*"))
    assert not is_alive(trainer.game_pid())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_ends_well(start: Any, number: signal.Signals) -> None:
    trainer = start()
    trainer.wait_for_metrics()
    trainer.process.send_signal(number)
    assert trainer.end() == 0, trainer.log.read_text()
    finished = trainer.events("finished")[0]
    assert finished["reason"] == "interrupted"
    assert trainer.metrics[-1]["timesteps_total"] == finished["timesteps_total"]
    assert checkpoint(trainer)["reason"] == "interrupted"
    assert "Traceback" not in trainer.log.read_text()
    assert not is_alive(trainer.game_pid())


def test_a_signal_gets_through_to_a_trainer_whose_game_hangs(start: Any) -> None:
    trainer = start("hang", options={"misbehave_at": "30"})
    trainer.wait_for_metrics(2)
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end(20) == 0, trainer.log.read_text()
    assert checkpoint(trainer)["reason"] == "interrupted"


@pytest.mark.parametrize("status", ["Loading PyTorch", "Starting 1 game"])
def test_a_signal_while_starting_ends_it_cleanly(start: Any, status: str) -> None:
    trainer = start("silent")
    wait_until(lambda: any(status in event["message"] for event in trainer.events("status")), 60)
    trainer.process.send_signal(signal.SIGTERM)
    assert trainer.end(20) == 0, trainer.log.read_text()
    assert trainer.events("finished")[0]["reason"] == "interrupted"
    assert "Traceback" not in trainer.log.read_text()


def test_a_second_sigint_ends_it_at_once(start: Any) -> None:
    trainer = start("hang", options={"misbehave_at": "30"})
    trainer.wait_for_metrics(3)
    trainer.process.send_signal(signal.SIGINT)
    wait_until(lambda: trainer.process.poll() is None)
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end(20) in (0, 130)
    wait_until(lambda: not is_alive(trainer.game_pid()))


def test_the_time_limit_ends_training(start: Any) -> None:
    trainer = start(time_limit_s=0.3)
    assert trainer.end() == 0, trainer.log.read_text()
    assert trainer.events("finished")[0]["reason"] == "time_limit"
    assert checkpoint(trainer)["reason"] == "final"


def test_a_stop_file_ends_training_and_says_so(start: Any) -> None:
    trainer = start()
    trainer.wait_for_metrics()
    (trainer.run / "STOP").touch()
    assert trainer.end() == 0, trainer.log.read_text()
    finished = trainer.events("finished")[0]
    assert finished["reason"] == "stop_file"
    assert "STOP" in finished["message"]
    assert checkpoint(trainer)["reason"] == "final"


@pytest.mark.parametrize(
    ("mode", "config", "loss"),
    [
        ("continuous", {"algorithm": "a2c"}, "policy_loss"),
        ("discrete", {"algorithm": "dqn", "learning_starts": 50}, "loss"),
    ],
)
def test_short_updates_are_reported_about_once_a_second(
    start: Any, mode: str, config: dict[str, Any], loss: str
) -> None:
    trainer = start(mode, time_limit_s=3.5, checkpoint_frequency=0, **config)
    assert trainer.end() == 0, trainer.log.read_text()
    metrics = trainer.metrics
    assert 2 <= len(metrics) <= 5
    assert metrics[-1]["timesteps_total"] == trainer.events("finished")[0]["timesteps_total"]
    assert metrics[0]["learner"][loss] is not None
    assert metrics[-1]["throughput"]["update_share"] > 0


def test_a_run_that_was_killed_is_resumed_from_its_latest_checkpoint(start: Any, tmp_path: Path) -> None:
    trainer = start(checkpoint_frequency=64, keep_checkpoints=2, learning_rate_schedule="linear")
    trainer.wait_for_events("checkpoint", 3)
    trainer.process.kill()
    trainer.end()
    trainer.run.rename(tmp_path / "killed")
    latest = sorted((tmp_path / "killed" / "checkpoints").glob("step_*"))[-1]
    before = json.loads((latest / "checkpoint.json").read_text())
    trainer.log.unlink()
    total = before["timesteps"] + 160
    resumed = start("continuous", "--resume", str(latest), total_timesteps=total)
    assert resumed.end() == 0, resumed.log.read_text()
    first, last = resumed.metrics[0], resumed.metrics[-1]
    assert first["timesteps_total"] == before["timesteps"] + 16
    assert first["training_iteration"] == before["iteration"] + 1
    assert first["time_total_s"] > before["counters"]["time_total_s"]
    assert last["timesteps_total"] == total
    meta = json.loads((resumed.run / "run.json").read_text())
    assert meta["resumed_from"] == {"run": "killed", "checkpoint": latest.name}
    assert json.loads((resumed.run / "config.json").read_text())["learning_rate_schedule"] == "linear"
    log = resumed.log
    log.unlink()
    refused = start("continuous", "--resume", str(latest), total_timesteps=total, hidden_layers=[3])
    assert refused.end() == 1
    assert "hidden_layers: it is [64, 64]" in refused.events("error")[0]["message"]


def test_a_game_that_crashes_is_told_of_and_training_goes_on(start: Any) -> None:
    trainer = start("crash", options={"misbehave_at": "30", "misbehave_seed": "1"}, n_envs=2)
    trainer.wait_for_events("game_restarted")
    seen = len(trainer.metrics)
    trainer.wait_for_metrics(seen + 3)
    event = trainer.events("game_restarted")[0]
    assert (event["instance"], event["reason"], event["attempt"], event["limit"]) == (
        1,
        "game_crashed",
        1,
        10,
    )
    assert "Game 1 exited with code 3" in event["message"]
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end() == 0, trainer.log.read_text()
    assert trainer.events("finished")[0]["reason"] == "interrupted"
    log = trainer.log.read_text()
    assert "[game 1] SCRIPT ERROR: Division by zero" in log
    assert "[game 1] at: _physics_process (res://puck.gd:42)" in log
    assert "Traceback" not in log


def test_a_game_that_crashes_the_same_way_twice_fails_the_run_with_the_reason(start: Any) -> None:
    trainer = start("crash", options={"misbehave_at": "30"})
    assert trainer.end() == 1
    assert len(trainer.events("game_restarted")) == 1
    error = trainer.events("error")[0]
    assert error["code"] == "game_crashed"
    assert error["message"].startswith("res://puck.gd:42, in _physics_process: Division by zero")
    assert "Game 0 exited with code 3 (after 29 steps). It is the second time" in error["message"]
    assert checkpoint(trainer)["reason"] == "error"
    assert "Traceback" not in trainer.log.read_text()
    assert not is_alive(trainer.game_pid())


def test_a_signal_ends_the_wait_for_a_restart(start: Any) -> None:
    trainer = start()
    trainer.wait_for_metrics()
    for number in range(3):
        if number:
            trainer.wait_for_events("game_restarted", number)
        os.kill(trainer.game_pid(1000 * number), signal.SIGKILL)
        wait_until(lambda count=number + 1: len(restarts_told(trainer)) == count, 60)
    assert re.search(r"in [1-5] s \(restart 3 of 10\)", restarts_told(trainer)[-1])
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end(20) == 0, trainer.log.read_text()
    assert trainer.events("finished")[0]["reason"] == "interrupted"
    assert len(trainer.events("game_restarted")) == 2


def restarts_told(trainer: Trainer) -> list[str]:
    """The statuses about restarts that are to come."""
    return [event["message"] for event in trainer.events("status") if "It starts again" in event["message"]]


def test_the_number_of_games_is_measured_and_told(start: Any) -> None:
    trainer = start(n_envs="auto", total_timesteps=50)
    assert trainer.end() == 0, trainer.log.read_text()
    statuses = [event["message"] for event in trainer.events("status")]
    told = [text for text in statuses if "Using" in text]
    started = trainer.events("started")[0]
    assert len(told) == 1
    assert f"Using {started['n_envs']}" in told[0]
    assert json.loads((trainer.run / "run.json").read_text())["state"] == "finished"


def test_a_killed_trainer_leaves_no_game(start: Any) -> None:
    trainer = start(n_envs=2)
    trainer.wait_for_metrics()
    trainer.process.kill()
    wait_until(lambda: not is_alive(trainer.game_pid(0)) and not is_alive(trainer.game_pid(1)))


def test_two_policies_are_an_error_in_plain_words(start: Any) -> None:
    trainer = start("two_policies")
    assert trainer.end() == 1
    error = trainer.events("error")[0]
    assert error["code"] == "spaces"
    assert "RLlib" in error["hint"]
    assert f"Error: {error['message']}" in trainer.log.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--set", "n_stepz=3"], "invalid_config", "did you mean n_steps"),
        (["--set", "gamma=1.5"], "invalid_config", "gamma"),
        (["--game", "project", "--set", "scene=res://mian.tscn"], "scene", "res://mian.tscn"),
        (["--game", "project", "--godot", "/nowhere/godot"], "godot_not_found", "/nowhere/godot"),
        (["--project", "/nowhere"], "project", "not a Godot project"),
        (["--config", "/nowhere.json"], "invalid_config", "cannot be read"),
    ],
)
def test_mistakes_are_told_before_anything_starts(
    start: Any, project: Project, arguments: list[str], code: str, words: str
) -> None:
    (project.root / "main.tscn").touch()
    trainer = start("continuous", *arguments)
    assert trainer.end() == 1
    error = trainer.events("error")[0]
    assert error["code"] == code
    assert words in error["message"] + str(error["hint"])
    assert "Traceback" not in trainer.log.read_text()


def test_by_hand_there_are_no_lines_for_programs(start: Any) -> None:
    trainer = start(lines=False, total_timesteps=50)
    assert trainer.end() == 0
    log = trainer.log.read_text()
    assert "@" not in log
    assert "64 of 50 steps" in log
    assert "The run is in" in log
    facts = json.loads((trainer.run / "run.json").read_text())
    assert (facts["state"], facts["exit_code"]) == ("finished", 0)


@pytest.mark.parametrize("wire", ["stock", "binary"])
@pytest.mark.parametrize("mode", ["discrete", "multidiscrete", "mixed", "two_keys"])
def test_all_kinds_of_spaces_train(start: Any, mode: str, wire: str) -> None:
    trainer = start(mode, options={"wire": wire}, total_timesteps=60)
    assert trainer.end() == 0, trainer.log.read_text()
    assert trainer.metrics[-1]["timesteps_total"] == 64


def test_a_game_with_the_stock_plugin_trains(start: Any) -> None:
    trainer = start("stock", options={"wire": "stock"}, total_timesteps=60)
    assert trainer.end() == 0, trainer.log.read_text()
    assert trainer.events("started")[0]["wire"] == "json"


@pytest.mark.parametrize("games", [1, 3])
def test_the_same_seed_learns_the_same(start: Any, games: int) -> None:
    seen = []
    for _ in range(2):
        trainer = start(total_timesteps=64 * games, n_envs=games)
        assert trainer.end() == 0
        seen.append([row["learner"]["loss"] for row in trainer.metrics])
        trainer.log.unlink()
    assert seen[0] == seen[1]
