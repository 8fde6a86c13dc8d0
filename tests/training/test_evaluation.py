"""rl_studio_training.evaluation and what follows from it: the best checkpoint, and a training that notices nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.episodes import Episode
from rl_studio_training.errors import GameStartError, Interrupted
from rl_studio_training.evaluation import Evaluation, evaluation_games, summary
from rl_studio_training.launch import GameSettings
from rl_studio_training.rng_state import rng_state, untouched_rng
from training.conftest import MakeBuild, is_alive
from training.test_resume import Begin, begin, small

__all__ = ["begin"]


class Still:
    """A policy that stands still and draws random numbers all the same."""

    def act(self, observations: Any, state: Any = None, **_options: Any) -> tuple[Any, Any]:
        random.random()
        np.random.rand()
        torch.rand(1)
        return np.zeros((len(observations), 2), dtype=np.float32), None

    def forget(self, state: Any, rows: Any) -> Any:
        return state


def make(make_build: MakeBuild, run: Path, mode: str = "continuous", **options: Any) -> Evaluation:
    settings = GameSettings(build=make_build(mode), extra={"wire": "binary"}, startup_timeout_s=20.0)
    config = SB3Config(eval_frequency=50, eval_episodes=6, eval_seed=77)
    return Evaluation(config, evaluation_games(settings, run), **options)


def test_it_plays_whole_episodes_in_a_game_of_its_own(make_build: MakeBuild, tmp_path: Path) -> None:
    evaluation = make(make_build, tmp_path)
    before = rng_state()
    found = evaluation.run({"walker": Still()})
    assert rng_state() == before
    # Two agents with three episodes each of five steps, at 1 and 2 a step; only the first one succeeds.
    assert list(found) == ["walker"]
    assert found["walker"] == {
        "episodes": 6,
        "reward_mean": 7.5,
        "reward_std": 2.5,
        "episode_len_mean": 5.0,
        "success_rate": 0.5,
    }
    folder = next(tmp_path.rglob("pid-77")).parent
    game = int((folder / "pid-77").read_text())
    evaluation.run({"walker": Still()})
    assert int((folder / "pid-77").read_text()) == game  # the same game
    seeds = [json.loads(line)["seed"] for line in (folder / "resets.jsonl").read_text().splitlines()]
    assert seeds == [77, 77]
    assert is_alive(game)
    evaluation.close()
    assert not is_alive(game)


@pytest.mark.parametrize(
    ("before", "now", "due"),
    [(0, 49, False), (0, 50, True), (50, 99, False), (40, 130, True), (100, 149, False)],
)
def test_it_is_due_when_a_multiple_was_passed(tmp_path: Path, before: int, now: int, due: bool) -> None:
    def start(_seed: int) -> Any:
        raise AssertionError("nothing is played here")

    assert Evaluation(SB3Config(eval_frequency=50), start).is_due(now, before) is due
    assert not Evaluation(SB3Config(), start).is_due(now, before)


def test_an_impatient_user_ends_it_and_its_game(make_build: MakeBuild, tmp_path: Path) -> None:
    def stop() -> None:
        raise Interrupted

    evaluation = make(make_build, tmp_path, on_step=stop)
    with pytest.raises(Interrupted):
        evaluation.run({"walker": Still()})
    game = int(next(tmp_path.rglob("pid-77")).read_text())
    assert not is_alive(game)


def test_a_game_that_does_not_start_is_told(make_build: MakeBuild, tmp_path: Path) -> None:
    with pytest.raises(GameStartError):
        make(make_build, tmp_path, "stillborn").run({"walker": Still()})


def test_how_far_it_is_and_how_it_ended_is_told(make_build: MakeBuild, tmp_path: Path) -> None:
    told: list[str] = []
    evaluation = make(make_build, tmp_path, on_status=told.append)
    evaluation.run({"walker": Still()})
    evaluation.close()
    assert told[0] == "Evaluating: 0 of 6 episodes, 0 s of 60 s at most"
    assert told[-1] == "Evaluated: walker, 6 episodes with a mean reward of 7.50"


def test_without_success_there_is_no_success_rate() -> None:
    assert summary([Episode(1.0, 4), Episode(2.0, 6)])["success_rate"] is None
    assert summary([])["reward_mean"] is None


def test_an_episode_that_does_not_tell_is_no_success_where_another_of_its_policy_tells() -> None:
    telling = [Episode(3.0, 4, True), Episode(3.0, 4), Episode(3.0, 4)]
    assert summary(telling)["success_rate"] == pytest.approx(1 / 3)


def test_random_numbers_go_on_as_if_nothing_had_been() -> None:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    expected = (random.random(), np.random.rand(), float(torch.rand(1)))
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    with untouched_rng():
        random.gauss(0, 1)
        np.random.randn(3)
        torch.randn(5)
    assert (random.random(), np.random.rand(), float(torch.rand(1))) == expected


@pytest.mark.parametrize("algorithm", ["ppo", "sac", "recurrent_ppo", "maskable_ppo"])
def test_a_training_with_evaluations_learns_what_it_learns_without(begin: Begin, algorithm: str) -> None:
    plain = begin(small(algorithm))
    plain.training.run()
    evaluated = begin(small(algorithm, eval_frequency=40, eval_episodes=4))
    evaluated.training.run()
    for name, tensor in plain.weights.items():
        torch.testing.assert_close(evaluated.weights[name], tensor, rtol=0, atol=0, msg=name)
    told = ("episodes_total", "episode_reward_mean", "env_steps_total", "timesteps_total")
    assert [plain.metrics[-1][key] for key in told] == [evaluated.metrics[-1][key] for key in told]
    events = evaluated.events("evaluation")
    assert [event["timesteps_total"] for event in events] == [40, 80, 120, 160]
    assert [event["is_best"] for event in events] == [True, False, False, False]
    assert {event["episodes"] for event in events} == {4}
    figures = {"reward_mean": 7.5, "success_rate": 0.5}
    latest = {"timesteps_total": 120, **figures, "policies": {"walker": figures}}
    assert evaluated.metrics[-1]["evaluation"] == latest


def test_the_best_checkpoint_is_that_of_the_best_evaluation(begin: Begin) -> None:
    run = begin(small(eval_frequency=40, eval_episodes=2, keep_checkpoints=1))
    run.training.run()
    best = run.checkpoints.find("best")
    assert best.name == "step_000000000040"
    told = json.loads((best.parent / "best.json").read_text())
    assert (told["metric"], told["value"]) == ("evaluation_reward", 7.5)
    assert [event["reason"] for event in run.events("checkpoint")] == ["best", "periodic", "final"]
    assert [event["is_best"] for event in run.events("checkpoint")] == [True, False, False]
    assert run.last["evaluation"]["timesteps_total"] == 160


def test_a_training_goes_on_without_the_evaluation_that_failed(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = iter([1, 2])

    def fail(*_arguments: Any) -> Any:
        raise GameStartError(f"Game 0 exited with code {next(codes)} before it connected.")

    run = begin(small(eval_frequency=80))
    monkeypatch.setattr(run.training._evaluation, "_start", fail)
    assert run.training.run()[1] == 160
    told = [event["message"] for event in run.events("warning") if "evaluation" in event["message"]]
    assert told == [
        f"There is no evaluation: Game 0 exited with code {code} before it connected." for code in (1, 2)
    ]
