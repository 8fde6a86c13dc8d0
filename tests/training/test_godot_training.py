"""Trains the sample game for real, in Godot."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rl_studio.godot import GodotBinary, headless_environment
from rl_studio.project import Project
from rl_studio_training import sb3_export
from rl_studio_training.checkpoints import CheckpointFolder
from rl_studio_training.fleet import GameFleet
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings
from rl_studio_training.onnx_export import export_checkpoint
from rl_studio_training.vec_env import GodotVecEnv
from training.conftest import is_alive, wait_until
from training.test_training_script import SCRIPT, Trainer, checkpoint

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def game(imported_sample: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The sample project, imported, to add to."""
    root = tmp_path_factory.mktemp("sample") / "the game"
    shutil.copytree(imported_sample.root, root)
    return Project.open(root)


@pytest.fixture
def start(game: Project, godot: GodotBinary, tmp_path: Path) -> Iterator[Any]:
    """Starts the training script on the sample game; kills it if a test leaves it running."""
    trainers: list[Trainer] = []

    def make(*assignments: str, resume: Path | None = None) -> Trainer:
        run, log = tmp_path / f"run-{len(trainers)}", tmp_path / f"output-{len(trainers)}.log"
        argv = [sys.executable, str(SCRIPT), "--project", str(game.root), "--run-dir", str(run)]
        argv += ["--godot", str(godot.path), *(f"--set={text}" for text in assignments)]
        argv += [] if resume is None else ["--resume", str(resume)]
        env = headless_environment(private_dir=game.root.parent / "xdg", environ=os.environ)
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv, env={**env, "CONTROLLER_METRICS": "1"}, stdout=output, stderr=output
            )
        trainers.append(Trainer(process, run, log, game.root))
        return trainers[-1]

    yield make
    for trainer in trainers:
        trainer.process.kill()
        trainer.process.wait(20)


def games_of(trainer: Trainer) -> list[int]:
    """The ids of the Godot processes that the trainer started."""
    return [child.pid for child in psutil.Process(trainer.process.pid).children(recursive=True)]


def test_the_agents_learn_and_the_policy_exports(start: Any, tmp_path: Path) -> None:
    trainer = start("total_timesteps=40000")
    assert trainer.end(240) == 0, trainer.log.read_text()
    metrics = trainer.metrics
    assert metrics[-1]["success_rate"] > 0.8
    rewards = [
        sample["episode_reward_mean"] for sample in metrics if sample["episode_reward_mean"] is not None
    ]
    assert rewards[-1] > rewards[0] + 5.0
    assert metrics[-1]["custom_metrics"]["time_left"] > 0.0
    newest = CheckpointFolder(trainer.run / "checkpoints", 1).list()[-1]
    (result,) = export_checkpoint(newest, str(tmp_path / "chase.onnx"), sb3_export.load)
    assert result.inputs["obs"][0] == "batch"
    assert result.policy == "chase"


def test_sigint_saves_and_leaves_no_game(start: Any) -> None:
    trainer = start("n_envs=2")
    trainer.wait_for_metrics(2)
    games = games_of(trainer)
    assert len(games) == 2
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end() == 0, trainer.log.read_text()
    assert checkpoint(trainer)["reason"] == "interrupted"
    assert [pid for pid in games if is_alive(pid)] == []


def test_a_killed_game_is_named_and_started_again(start: Any) -> None:
    trainer = start("n_envs=2")
    trainer.wait_for_metrics(2)
    before = games_of(trainer)
    os.kill(before[1], signal.SIGKILL)
    trainer.wait_for_events("game_restarted")
    seen = len(trainer.metrics)
    trainer.wait_for_metrics(seen + 3)
    event = trainer.events("game_restarted")[0]
    assert event["instance"] in (0, 1)
    assert re.search(r"Game [01] was killed by SIGKILL", event["message"])
    after = games_of(trainer)
    assert len(after) == 2
    assert before[1] not in after
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.end() == 0, trainer.log.read_text()
    assert checkpoint(trainer)["reason"] == "interrupted"
    assert [pid for pid in {*before, *after} if is_alive(pid)] == []


def test_games_go_with_a_killed_trainer(start: Any) -> None:
    trainer = start()
    trainer.wait_for_metrics()
    games = games_of(trainer)
    trainer.process.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in games))


def test_truncation_and_terminal_observations_arrive(
    game: Project, godot: GodotBinary, tmp_path: Path
) -> None:
    settings = GameSettings(project=game, godot=godot, scene=game.training_scene, action_repeat=8)

    def launch(instance: int, seed: int) -> StudioGodotEnv:
        log = tmp_path / "game.log"
        return StudioGodotEnv(settings, seed=seed, instance=instance, log_path=log, connect=False)

    env = GodotVecEnv(GameFleet(launch, 1, seed=0))
    try:
        env.reset()
        still = env.action_space.sample()[None].repeat(env.num_envs, axis=0) * 0.0
        for _ in range(2000):
            observations, _rewards, dones, infos = env.step(still)
            cut = [info for info in infos if info.get("TimeLimit.truncated")]
            if cut:
                break
        else:
            pytest.fail("no episode was truncated")
        assert cut[0]["terminal_observation"].shape == observations.shape[1:]
        assert cut[0]["is_success"] is False
        assert dones.any()
    finally:
        env.close()


def test_the_same_seed_plays_the_same_game(start: Any) -> None:
    curves = []
    for _ in range(2):
        trainer = start("total_timesteps=4000", "seed=5")
        assert trainer.end() == 0, trainer.log.read_text()
        curves.append([row["episode_reward_mean"] for row in trainer.metrics])
    assert curves[0] == curves[1]


def test_an_interrupted_and_resumed_run_learns_as_the_uninterrupted_one(start: Any) -> None:
    whole = start("total_timesteps=12000")
    assert whole.end() == 0, whole.log.read_text()
    half = start("total_timesteps=12000", "stop_iterations=10")
    assert half.end() == 0, half.log.read_text()
    resumed = start(
        "stop_iterations=null", resume=CheckpointFolder(half.run / "checkpoints", 1).find("latest")
    )
    assert resumed.end() == 0, resumed.log.read_text()

    before, after = half.metrics, resumed.metrics
    told = ("timesteps_total", "env_steps_total", "training_iteration")
    steps = [[row[key] for key in told] for row in [*before, *after]]
    assert steps == [[row[key] for key in told] for row in whole.metrics]
    assert after[0]["episode_reward_mean"] == pytest.approx(before[-1]["episode_reward_mean"], abs=1.5)
    # From nothing it would be about 6 by now; seeds differ by some tenths.
    reward = whole.metrics[-1]["episode_reward_mean"]
    assert reward > 8.0
    assert after[-1]["episode_reward_mean"] == pytest.approx(reward, abs=1.0)


def test_evaluations_find_the_best_policy(start: Any) -> None:
    trainer = start("total_timesteps=10000", "eval_frequency=3000", "eval_episodes=16", "keep_checkpoints=1")
    assert trainer.end() == 0, trainer.log.read_text()
    events = trainer.events("evaluation")
    assert len(events) == 3
    assert events[-1]["reward_mean"] > events[0]["reward_mean"]
    assert events[-1]["success_rate"] > 0.7
    best = max(events, key=lambda event: event["reward_mean"])
    description = CheckpointFolder(trainer.run / "checkpoints", 1).find("best") / "checkpoint.json"
    assert json.loads(description.read_text())["evaluation"]["reward_mean"] == best["reward_mean"]
    assert (trainer.run / "evaluation" / "game-0.log").exists()


def test_a_scene_that_never_connects_is_explained(start: Any, game: Project) -> None:
    (game.root / "empty.tscn").write_text('[gd_scene format=3]\n\n[node name="Empty" type="Node"]\n')
    trainer = start("scene=res://empty.tscn", "startup_timeout_s=4")
    assert trainer.end() == 1
    error = json.loads(trainer.log.read_text().split("@EVENT ")[-1].splitlines()[0])
    assert error["code"] == "game_start"
    assert "RLSync" in error["hint"]
