"""The RLlib training script as a process, with fake games: what it tells, how it ends, and that nothing stays."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from rl_studio.project import Project
from rl_studio_training.kept_observations import OBSERVATIONS_FILE, read_kept
from rl_studio_training.layout import ObservationPart
from rl_studio_training.rllib_policy import load_policy
from training.conftest import MakeBuild, wait_until
from training.rllib_trainers import description, leftovers, start_trainer

pytestmark = [pytest.mark.training, pytest.mark.timeout(240)]

PART = ObservationPart("obs", (3,), np.dtype(np.float32))
"""What a fake game's agents see."""


@pytest.fixture
def start(project: Project, tmp_path: Path, make_build: MakeBuild) -> Iterator[Any]:
    """Starts the script on a fake game; kills it if a test leaves it running."""
    trainers = []

    def make(mode: str = "two_policies", *arguments: str, **config: Any) -> Any:
        trainers.append(start_trainer(project.root, tmp_path, make_build(mode), *arguments, **config))
        return trainers[-1]

    yield make
    for trainer in trainers:
        trainer.process.kill()
        trainer.process.wait(20)


def test_two_policies_train_evaluate_and_end_at_their_timesteps(start: Any) -> None:
    trainer = start(total_timesteps=200, eval_frequency=100, eval_episodes=4, checkpoint_frequency=40)
    trainer.wait_for_metrics()
    left = leftovers(trainer)
    assert trainer.end(120) == 0, trainer.log.read_text()
    rows = trainer.metrics
    assert [row["timesteps_total"] for row in rows] == list(range(40, 201, 40))
    assert [row["env_steps_total"] for row in rows] == list(range(20, 101, 20))
    last = rows[-1]
    # One wins what the other loses: they have no common figure.
    assert (last["episodes_total"], last["episode_reward_mean"], last["success_rate"]) == (40, None, None)
    red, blue = last["policies"]["red"], last["policies"]["blue"]
    assert (red["reward_mean"], red["reward_min"], red["reward_max"], red["success_rate"]) == (5, 5, 5, 1.0)
    assert (blue["reward_mean"], blue["episode_len_mean"], blue["episodes"]) == (10.0, 5.0, 20)
    assert blue["custom_metrics"] == {"height": 3.0}
    assert red["learner"]["loss"] != blue["learner"]["loss"]
    assert all(isinstance(red["learner"][key], float) for key in ("policy_loss", "value_loss", "entropy"))
    assert blue["learner"]["learning_rate"] == pytest.approx(1e-3)
    throughput = last["throughput"]
    shares = [throughput[f"{part}_share"] for part in ("game", "wire", "policy", "update", "other")]
    assert sum(shares) == pytest.approx(1.0)
    assert min(shares[:4]) > 0.0
    (first, second) = trainer.events("evaluation")
    assert (first["timesteps_total"], first["reward_mean"]) == (120, None)
    assert {name: own["episodes"] for name, own in first["policies"].items()} == {"red": 4, "blue": 4}
    assert (first["best_of"], second["best_of"]) == (["red", "blue"], [])
    figures = {
        "red": {"reward_mean": 5.0, "success_rate": 1.0},
        "blue": {"reward_mean": 10.0, "success_rate": 0.0},
    }
    nothing = {"reward_mean": None, "success_rate": None}
    assert last["evaluation"] == {**nothing, "timesteps_total": 120, "policies": figures}
    started = trainer.events("started")[0]
    assert (started["n_agents"], started["policies"]) == (2, {"red": 1, "blue": 1})
    finished = trainer.events("finished")[0]
    assert (finished["reason"], finished["timesteps_total"]) == ("timesteps", 200)
    told = description(trainer)
    assert (told["reason"], told["trainer"], told["counters"]["env_steps"]) == ("final", "rllib", 100)
    assert json.loads((trainer.run / "run.json").read_text())["trainer"] == "rllib"
    newest = trainer.run / "checkpoints" / "step_000000000200"
    assert load_policy(newest, "blue").action_space.shape == (2,)
    for number, name in enumerate(("red", "blue")):
        kept = read_kept(newest / OBSERVATIONS_FILE, name, [PART])
        assert kept is not None and set(np.round(kept.rows["obs"][:, 0] * 10)) == {number}
        assert set(np.round(kept.rows["obs"][:, 1] * 5)) == set(range(5))
    assert left() == []
    assert "Traceback" not in trainer.log.read_text()


def test_the_policy_that_is_named_decides_when_it_ends_and_which_checkpoint_is_the_best(start: Any) -> None:
    trainer = start(total_timesteps=4000, judge="blue", stop_reward=8.0, stop_window=12)
    assert trainer.end(120) == 0, trainer.log.read_text()
    assert (
        trainer.events("finished")[0]["message"] == "Reached reward 8: it was 10 over the last 12 episodes."
    )
    last = trainer.metrics[-1]
    assert (last["episode_reward_mean"], last["policies"]["red"]["reward_mean"]) == (10.0, 5.0)
    best = json.loads((trainer.run / "checkpoints" / "best.json").read_text())
    assert (best["value"], list(best["policies"])) == (10.0, ["blue"])


def test_a_stopped_run_is_resumed_where_it_was(start: Any) -> None:
    first = start(policies_to_train=["red"], allow_untrained_opponents=True)
    first.wait_for_metrics(2)
    first.process.send_signal(signal.SIGINT)
    assert first.end(60) == 0, first.log.read_text()
    stopped = first.events("finished")[0]
    assert stopped["reason"] == "interrupted"
    assert description(first)["reason"] == "interrupted"
    checkpoint = first.run / stopped_folder(stopped)
    trainer = start("two_policies", "--resume", str(checkpoint), run="resumed", policies_to_train=["red"])
    trainer.wait_for_metrics()
    (trainer.run / "STOP").touch()
    assert trainer.end(60) == 0, trainer.log.read_text()
    before, after = first.metrics[-1], trainer.metrics[0]
    for key, step in (("timesteps_total", 40), ("env_steps_total", 20), ("training_iteration", 1)):
        assert after[key] == before[key] + step
    assert after["episodes_total"] > before["episodes_total"]
    assert after["time_total_s"] > before["time_total_s"]
    assert after["policies"]["blue"]["learner"]["loss"] is None, "it does not learn"
    assert trainer.events("finished")[0]["reason"] == "stop_file"


def test_an_opponent_that_has_never_learned_is_refused(start: Any) -> None:
    trainer = start(policies_to_train=["red"])
    assert trainer.end(120) == 1, trainer.log.read_text()
    error = trainer.events("error")[0]
    assert error["code"] == "checkpoint"
    assert "The policy blue would play with random weights" in error["message"]
    assert "allow_untrained_opponents" in error["hint"]
    assert trainer.metrics == []
    assert "Traceback" not in trainer.log.read_text()


def stopped_folder(finished: dict[str, Any]) -> str:
    return f"checkpoints/step_{finished['timesteps_total']:012d}"


def test_agents_that_come_and_go_are_told_by_runners_too(start: Any) -> None:
    crew = {"crew": "red,blue,red", "unrest": "0.3", "most": "4", "rows": "blue:1", "lonely": "40"}
    trainer = start("crew", num_env_runners=2, n_envs=2, total_timesteps=1000, game_args=crew)
    assert trainer.end(220) == 0, trainer.log.read_text()
    rows = trainer.metrics
    for before, after in itertools.pairwise(rows):
        steps, decisions = (after[key] - before[key] for key in ("timesteps_total", "env_steps_total"))
        assert after["agents"] == pytest.approx(4 * steps / decisions)
        assert after["agents"] == pytest.approx(sum(own["agents"] for own in after["policies"].values()))
        assert 0.0 < after["policies"]["blue"]["agents"] <= 4.0, "each of four games has one row for them"
    assert len({row["agents"] for row in rows}) > 3
    assert max(row["agents_waiting"] for row in rows) > 0
    warnings = [warning["message"] for warning in trainer.events("warning")]
    assert warnings.count("Game 0: all agents were gone") + warnings.count("Game 1: all agents were gone") > 0
    assert len(set(warnings)) == len(warnings)
    started = trainer.events("started")[0]
    assert (started["n_agents"], started["policies"]) == (12, {"red": 8, "blue": 4})
    assert "Traceback" not in trainer.log.read_text()


def test_sigterm_gets_through_to_a_trainer_whose_runner_hangs(start: Any) -> None:
    trainer = start("hang", num_env_runners=1, game_args={"misbehave_at": "70"})
    trainer.wait_for_metrics(2)
    left = leftovers(trainer)
    trainer.process.send_signal(signal.SIGTERM)
    assert trainer.end(60) == 0, trainer.log.read_text()
    assert trainer.events("finished")[0]["reason"] == "interrupted"
    assert description(trainer)["reason"] == "interrupted"
    wait_until(lambda: left() == [], 20)


def test_a_killed_trainer_leaves_neither_ray_nor_games(start: Any) -> None:
    trainer = start(num_env_runners=1)
    trainer.wait_for_metrics()
    left = leftovers(trainer)
    assert any("two_policies" in name for name in left())
    trainer.process.kill()
    wait_until(lambda: left() == [], 30)


def test_a_runner_whose_game_cannot_come_back_ends_the_run_with_the_reason(
    start: Any, tmp_path: Path
) -> None:
    """The runner dies in the middle; the one that takes its place finds a game that does not start any more."""
    trainer = start("continuous", num_env_runners=1)
    trainer.wait_for_metrics(2)
    left = leftovers(trainer)
    build = tmp_path / "build" / "continuous.x86_64"
    broken = build.with_suffix(".new")
    broken.write_text("#!/bin/sh\necho \"ERROR: Cannot open file 'res://gone.tscn'.\"\nexit 1\n")
    broken.chmod(0o755)
    broken.replace(build)
    runner = next(
        child
        for child in psutil.Process(trainer.process.pid).children(recursive=True)
        if "GodotEnvRunner" in child.name()
    )
    runner.kill()
    assert trainer.end(120) == 1, trainer.log.read_text()
    error = trainer.events("error")[0]
    assert error["code"] == "game_start"
    assert "res://gone.tscn" in error["message"]
    assert description(trainer)["reason"] == "error"
    wait_until(lambda: left() == [], 20)


@pytest.mark.parametrize("runners", [0, 2])
def test_a_fault_of_a_game_ends_the_run_at_once(start: Any, tmp_path: Path, runners: int) -> None:
    """It would come again: nothing is started anew, and nobody is told of runners."""
    bad = {"misbehave_at": "1500", "misbehave_seed": str(max(0, runners))}
    trainer = start("fault", num_env_runners=runners, game_args=bad)
    trainer.wait_for_metrics()
    left = leftovers(trainer)
    assert trainer.end(60) == 1, trainer.log.read_text()
    error = trainer.events("error")[0]
    assert (error["code"], "Puck: reward is inf" in error["message"]) == ("data", True)
    assert trainer.events("game_restarted") == []
    assert not any("runner" in warning["message"] for warning in trainer.events("warning"))
    assert description(trainer)["reason"] == "error"
    started = [path.name for path in (tmp_path / "build").glob("argv-*.json")]
    assert len(started) == 1 + runners, "the game that was looked at first, and one of each runner"
    log = trainer.log.read_text()
    assert "Traceback" not in log and "died" not in log
    wait_until(lambda: left() == [], 20)


def test_a_game_that_does_not_start_is_explained(start: Any) -> None:
    trainer = start("stillborn")
    assert trainer.end(60) == 1
    error = trainer.events("error")[0]
    assert (error["code"], "missing.tscn" in error["message"]) == ("game_start", True)
    assert "Traceback" not in trainer.log.read_text()


def test_a_mistake_is_told_before_anything_starts(start: Any) -> None:
    trainer = start(num_env_runnerz=1)
    assert trainer.end(60) == 1
    (error,) = trainer.events("error")
    assert error["code"] == "invalid_config"
    assert "did you mean num_env_runners" in error["message"]
    assert trainer.events("status") == []
    assert "Traceback" not in trainer.log.read_text()
