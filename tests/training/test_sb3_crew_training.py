"""Whole trainings in games whose agents come and go: what is counted, kept and reported is what the agents did."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl_studio.experiments.overrides import resolve
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.checkpoints import CheckpointFolder
from rl_studio_training.fleet import GameFleet
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.sb3_replay_file import REPLAY_FILE
from rl_studio_training.sb3_training import Training
from rl_studio_training.stopping import StopSwitch
from rl_studio_training.vec_env import GodotVecEnv
from training.changing_game import is_truncated, leaves_at_end, length_of, worth
from training.conftest import MakeCrews
from training.witness import lives

STEPS = 600
SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"n_steps": 16, "batch_size": 32, "n_epochs": 1},
    "a2c": {"n_steps": 8},
    "recurrent_ppo": {"n_steps": 16, "batch_size": 32, "n_epochs": 1, "lstm_hidden_size": 6},
    "maskable_ppo": {"n_steps": 16, "batch_size": 32, "n_epochs": 1},
    "sac": {"learning_starts": 50, "batch_size": 8, "buffer_size": 5000, "train_freq": 4},
    "td3": {"learning_starts": 50, "batch_size": 8, "buffer_size": 5000, "train_freq": 4},
}

Run = Callable[..., tuple[Training, list[dict[str, Any]]]]


@pytest.fixture
def begin(make_crews: MakeCrews, tmp_path: Path) -> Run:
    """Makes a training in three games of two agents, of whom others come and go; and what it says as it runs."""

    def make(algorithm: str, number: int = 0, **fields: Any) -> tuple[Training, list[dict[str, Any]]]:
        masks = {"masks": "1"} if algorithm == "maskable_ppo" else {}
        fleet = make_crews(GameFleet, 3, crew="red,red", unrest="0.3", most="5", **masks)
        values = {"algorithm": algorithm, "total_timesteps": STEPS, "hidden_layers": [8], "seed": 3}
        config = resolve(SB3Config, values | SMALL[algorithm] | fields)
        lines: list[dict[str, Any]] = []

        class Output(io.BytesIO):
            def write(self, line: Any) -> int:
                text = bytes(line).decode()
                if text.startswith("@METRIC "):
                    lines.append(json.loads(text.removeprefix("@METRIC ")))
                return len(line)

        reporter = Reporter(enabled=True, stream=Output(), human=io.StringIO())
        run = RunFolder(tmp_path / f"run-{number}")
        return Training(config, GodotVecEnv(fleet), run, reporter, StopSwitch(on_force=lambda: None)), lines

    return make


def latest(training: Training) -> Path:
    return CheckpointFolder(training.run_folder.checkpoints, 9).find("latest")


@pytest.mark.parametrize("algorithm", SMALL)
def test_what_agents_did_is_counted(begin: Run, tmp_path: Path, algorithm: str) -> None:
    training, lines = begin(algorithm)
    reason, steps = training.run()
    env, fleet = training.env, training.env.fleet
    assert reason.reason == "timesteps"
    rows = fleet.n_rows
    assert rows > 6, "more agents came than there were rows"
    assert STEPS <= steps < STEPS + rows * max(training.config.n_steps, 4)
    ended = [life for life in lives(tmp_path) if life["policy"] == "red"]
    ages = np.asarray(training.model._last_obs)[env.present][:, 1]  # type: ignore[index]
    assert steps == sum(life["length"] for life in ended) + round(float(ages.sum()))
    assert training.counters.episodes == len(ended)
    total, before = 0.0, 0
    for line in lines:
        decisions = (line["env_steps_total"] - before) / 3
        before = line["env_steps_total"]
        assert line["agents"] == line["policies"]["red"]["agents"]
        assert 3 <= line["agents"] <= rows
        assert isinstance(line["agents_waiting"], int)
        total += line["agents"] * decisions
        assert total == pytest.approx(line["timesteps_total"])
    assert lines[-1]["timesteps_total"] == steps
    assert len({line["agents"] for line in lines}) > 1
    assert lines[-1]["agents_waiting"] == sum(fleet.waiting.values())


def test_the_replay_buffer_has_the_life_of_each_agent(begin: Run, tmp_path: Path) -> None:
    training, _ = begin("sac")
    _, steps = training.run()
    with np.load(latest(training) / REPLAY_FILE) as saved:
        found = dict(saved)
    assert len(found["rewards"]) == steps
    ages: dict[int, list[int]] = defaultdict(list)
    for seen, then, action, reward, done, cut in zip(
        *(
            found[name]
            for name in ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
        ),
        strict=True,
    ):
        number, age = int(seen[0]), int(seen[1])
        assert then.tolist() == [number, age + 1, 1.0]
        assert reward == pytest.approx(worth(number, action.tolist()), rel=1e-4)
        is_whole = age + 1 == length_of(number)
        assert done or not is_whole
        assert cut == (done and (is_truncated(number) or not is_whole))
        expected = ages[number][-1] + 1 if ages[number] and not is_over(number, ages[number]) else 0
        assert age == expected
        ages[number].append(age)
    assert len(ages) > 12


def is_over(number: int, ages: list[int]) -> bool:
    return ages[-1] + 1 == length_of(number) and not leaves_at_end(number)


def test_a_run_that_has_grown_is_resumed_with_the_rows_of_its_beginning(begin: Run) -> None:
    first, _ = begin("sac")
    first.run()
    resumed, lines = begin("sac", 1, total_timesteps=2 * STEPS)
    assert resumed.env.num_envs == 6 < first.env.num_envs
    resumed.resume(latest(first))
    model: Any = resumed.model
    assert model.replay_buffer.size() == first.model.num_timesteps
    resumed.run()
    assert model.replay_buffer.size() == model.num_timesteps >= 2 * STEPS
    assert lines[0]["learner"]["policy_loss"] is not None
