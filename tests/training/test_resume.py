"""A run that is interrupted and resumed, or begins with another run's policy: on fake games, without the script.

A fake game does not depend on chance, and its episodes last five steps: a run that resumes where episodes end must go
on exactly as the one that was not interrupted.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rl_studio.errors import ConfigError
from rl_studio.experiments.overrides import resolve
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.arguments import Args, read_config
from rl_studio_training.checkpoints import CheckpointFolder, read_description
from rl_studio_training.errors import CheckpointError
from rl_studio_training.kept_observations import OBSERVATIONS_FILE, read_kept
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.sb3_replay_file import REPLAY_FILE
from rl_studio_training.sb3_state import STATE_FILE
from rl_studio_training.sb3_training import Training
from rl_studio_training.stopping import StopSwitch
from rl_studio_training.vec_env import GodotVecEnv
from training.conftest import MakeFleet

MODES = {"dqn": "discrete", "maskable_ppo": "discrete"}
STEPS = 160
"""Of a whole run; agents * steps of an episode divide its half."""


class Run:
    """A training in this process, and what it said."""

    def __init__(self, training: Training, output: io.BytesIO) -> None:
        self.training = training
        self._output = output

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        return {name: tensor.clone() for name, tensor in self.training.model.policy.state_dict().items()}

    @property
    def checkpoints(self) -> CheckpointFolder:
        return CheckpointFolder(self.training.run_folder.checkpoints, 99)

    @property
    def last(self) -> dict[str, Any]:
        return read_description(self.checkpoints.find("latest"))

    def lines(self, tag: str) -> list[dict[str, Any]]:
        lines = self._output.getvalue().decode().splitlines()
        return [json.loads(line.removeprefix(tag)) for line in lines if line.startswith(tag)]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return self.lines("@METRIC ")

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.lines("@EVENT ") if event["kind"] == kind]


Begin = Callable[..., Run]


@pytest.fixture
def begin(make_fleet: MakeFleet, tmp_path: Path) -> Iterator[Begin]:
    """Makes trainings that have not begun, each in a folder and with a game of its own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    count = 0

    def make(config: SB3Config, *, game: dict[str, str] | None = None, games: int = 1) -> Run:
        nonlocal count
        count += 1
        options = {"masks": "1"} if config.algorithm == "maskable_ppo" else {}
        mode = MODES.get(config.algorithm, "continuous")
        fleet = make_fleet([mode] * games, extra={**options, **(game or {})}, seed=config.seed)
        output = io.BytesIO()
        reporter = Reporter(enabled=True, stream=output, human=io.StringIO())
        folder = RunFolder(tmp_path / f"run-{count}")
        switch = StopSwitch(on_force=lambda: None)
        return Run(Training(config, GodotVecEnv(fleet), folder, reporter, switch), output)

    yield make
    torch.set_num_threads(threads)


def small(algorithm: str = "ppo", **others: Any) -> SB3Config:
    """A configuration that trains 160 steps of two agents in well under a second."""
    values: dict[str, Any] = {
        "algorithm": algorithm,
        "total_timesteps": STEPS,
        "checkpoint_frequency": STEPS // 2,
        "hidden_layers": [8],
        "seed": 3,
    }
    if algorithm in ("sac", "td3", "dqn"):
        values |= {"learning_starts": 20, "batch_size": 8, "buffer_size": 60, "train_freq": 5}
        values |= {"target_update_interval": 40} if algorithm == "dqn" else {}
    elif algorithm == "a2c":
        values |= {"n_steps": 5}
    else:
        values |= {"n_steps": 10, "batch_size": 20, "n_epochs": 2}
    return resolve(SB3Config, values | others)


def scramble() -> None:
    """Random numbers are elsewhere, as in another process."""
    random.seed(77)
    np.random.seed(77)
    torch.manual_seed(77)


def interrupted(begin: Begin, algorithm: str = "ppo", **others: Any) -> Path:
    """The checkpoint of a run that stopped halfway."""
    half = begin(small(algorithm, stop_episodes=STEPS // 10, **others))
    assert half.training.run()[1] == STEPS // 2
    scramble()
    return half.checkpoints.find("latest")


@pytest.mark.parametrize("algorithm", ["ppo", "a2c", "sac", "td3", "dqn", "recurrent_ppo", "maskable_ppo"])
def test_a_resumed_run_learns_what_the_uninterrupted_one_learns(begin: Begin, algorithm: str) -> None:
    whole = begin(small(algorithm, learning_rate_schedule="linear"))
    whole.training.run()
    checkpoint = interrupted(begin, algorithm, learning_rate_schedule="linear")
    resumed = begin(small(algorithm, learning_rate_schedule="linear"))
    resumed.training.resume(checkpoint)
    reason, steps = resumed.training.run()
    assert (reason.reason, steps) == ("timesteps", STEPS)
    assert not [event for event in resumed.events("warning") if "checkpoint" in event["message"]]
    expected, found = whole.weights, resumed.weights
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0, msg=name)


@pytest.mark.parametrize("algorithm", ["ppo", "sac", "recurrent_ppo"])
def test_checkpoints_keep_what_agents_saw_as_the_game_sent_it(begin: Begin, algorithm: str) -> None:
    checkpoint = interrupted(begin, algorithm, normalize_observations=True)
    resumed = begin(small(algorithm, normalize_observations=True))
    resumed.training.resume(checkpoint)
    resumed.training.run()
    parts = resumed.training.env.fleet.groups[0].observations.parts
    counts = []
    for folder in (checkpoint, resumed.checkpoints.find("latest")):
        kept = read_kept(folder / OBSERVATIONS_FILE, "walker", parts)
        assert kept is not None
        agents, ages, rest = kept.rows["obs"].T
        assert set(np.round(agents * 10)) == {0, 1} and set(rest) == {0.5}
        assert set(np.round(ages * 5)) == set(range(5))
        assert kept.starts.mean() == pytest.approx(0.2 if algorithm == "recurrent_ppo" else 1.0)
        counts.append(len(kept.starts))
    assert counts[1] > counts[0] >= 40


def test_counters_go_on(begin: Begin) -> None:
    whole = begin(small())
    whole.training.run()
    checkpoint = interrupted(begin)
    resumed = begin(small())
    resumed.training.resume(checkpoint)
    resumed.training.run()
    first, last = resumed.metrics[0], resumed.metrics[-1]
    told = ("timesteps_total", "env_steps_total", "training_iteration", "episodes_total")
    assert [first[key] for key in told] == [100, 50, 5, 20]
    assert [last[key] for key in told] == [whole.metrics[-1][key] for key in told] == [160, 80, 8, 32]
    before = read_description(checkpoint)["counters"]["time_total_s"]
    assert before < first["time_total_s"] < last["time_total_s"]
    assert last["episode_reward_mean"] == whole.metrics[-1]["episode_reward_mean"] == 7.5
    assert resumed.events("started")[0]["timesteps_total"] == STEPS // 2
    assert resumed.last["counters"]["timesteps"] == STEPS


def test_schedules_go_on(begin: Begin) -> None:
    schedules: dict[str, Any] = {"learning_rate_schedule": "linear", "clip_range_schedule": "linear"}
    whole = begin(small(**schedules))
    whole.training.run()
    checkpoint = interrupted(begin, **schedules)
    resumed = begin(small(**schedules))
    resumed.training.resume(checkpoint)
    resumed.training.run()
    rates = [row["learner"]["learning_rate"] for row in resumed.metrics]
    assert rates == [row["learner"]["learning_rate"] for row in whole.metrics[4:]]
    assert rates == sorted(rates, reverse=True)


def test_the_best_so_far_and_the_plateau_go_on(begin: Begin) -> None:
    checkpoint = interrupted(begin, plateau_timesteps=10_000, stop_window=5)
    assert read_description(checkpoint)["best"] == 7.5
    resumed = begin(small(plateau_timesteps=100, stop_window=5))
    resumed.training.resume(checkpoint)
    reason, steps = resumed.training.run()
    # The rewards are always the same: the best was there as soon as the window was full, after 40 steps.
    assert (reason.reason, steps) == ("plateau", 140)
    assert not (resumed.checkpoints.path / "best.json").exists()


def test_normalization_goes_on(begin: Begin) -> None:
    checkpoint = interrupted(begin, normalize_observations=True, normalize_rewards=True)
    resumed = begin(small(normalize_observations=True, normalize_rewards=True))
    normalize = resumed.training.model.get_vec_normalize_env()
    assert normalize is not None
    resumed.training.resume(checkpoint)
    assert normalize.obs_rms.count == pytest.approx(STEPS // 2 + 2, abs=1)
    resumed.training.run()
    assert normalize.obs_rms.count == pytest.approx(STEPS + 4, abs=1)


def test_a_replay_buffer_that_is_too_large_is_left_out_and_said_so(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl_studio_training.sb3_state.MEGABYTE", 1)
    half = begin(small("sac", stop_episodes=STEPS // 10, max_replay_mb=5))
    half.training.run()
    told = [event["message"] for event in half.events("warning")]
    assert len(told) == 1
    assert "replay buffer is not saved" in told[0]
    resumed = begin(small("sac"))
    resumed.training.resume(half.checkpoints.find("latest"))
    assert "has no replay buffer" in resumed.events("warning")[0]["message"]
    assert resumed.training.run()[1] == STEPS


@pytest.mark.parametrize("algorithm", ["sac", "td3", "dqn"])
def test_a_checkpoint_from_before_agents_could_come_and_go_goes_on(begin: Begin, algorithm: str) -> None:
    # With an interval that the half does not divide, the next update of the target network is nearer than usual.
    fields = {"target_update_interval": 48} if algorithm == "dqn" else {}
    whole = begin(small(algorithm, **fields))
    whole.training.run()
    checkpoint = interrupted(begin, algorithm, **fields)
    make_old(checkpoint)
    resumed = begin(small(algorithm, **fields))
    resumed.training.resume(checkpoint)
    resumed.training.run()
    assert not [event for event in resumed.events("warning") if "checkpoint" in event["message"]]
    for name, tensor in whole.weights.items():
        torch.testing.assert_close(resumed.weights[name], tensor, rtol=0, atol=0, msg=name)


def make_old(checkpoint: Path) -> None:
    """Writes the files of a checkpoint as they were when a replay buffer was one of two agents that always act."""
    with np.load(checkpoint / REPLAY_FILE) as saved:
        arrays: dict[str, Any] = dict(saved)
    del arrays["step_size"]
    for name, array in arrays.items():
        if array.ndim:
            arrays[name] = array.reshape(-1, 2, *array.shape[1:])
    arrays["position"] = arrays["position"] // 2
    np.savez(checkpoint / REPLAY_FILE, **arrays)
    state = json.loads((checkpoint / STATE_FILE).read_text())
    state["counters"].pop("_since_target", None)
    (checkpoint / STATE_FILE).write_text(json.dumps(state))


@pytest.mark.parametrize("algorithm", ["sac", "dqn"])
def test_a_replay_buffer_goes_on_with_another_number_of_agents(begin: Begin, algorithm: str) -> None:
    checkpoint = interrupted(begin, algorithm, buffer_size=100)
    resumed = begin(small(algorithm, buffer_size=100), games=2)
    resumed.training.resume(checkpoint)
    (warning,) = (event["message"] for event in resumed.events("warning") if "checkpoint" in event["message"])
    assert warning == (
        "The run of the checkpoint began with 2 agents, this one with 4: it goes on with all that was learned, but "
        "with other random numbers than that run would have had."
    )
    model: Any = resumed.training.model
    assert model.replay_buffer.size() == STEPS // 2
    assert model.learning_starts == 20
    before = resumed.weights
    assert resumed.training.run()[1] == STEPS
    assert model.replay_buffer.size() == 100
    assert resumed.metrics[0]["agents"] == resumed.metrics[0]["policies"]["walker"]["agents"] == 4.0
    assert any(not torch.equal(before[name], tensor) for name, tensor in resumed.weights.items())


def test_other_agents_are_refused(begin: Begin) -> None:
    checkpoint = interrupted(begin)
    other = begin(small(), game={"see": "extra"})
    with pytest.raises(CheckpointError, match="agents have changed") as caught:
        other.training.resume(checkpoint)
    assert 'The observation "extra" (2 numbers) is new.' in caught.value.message
    assert "{" not in caught.value.message
    hint = str(caught.value.hint)
    assert '"A run\'s policy" under "Begin with"' in hint and "--init-from" in hint


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"algorithm": "sac"}, r"algorithm: it is 'ppo' in the checkpoint and cannot become 'sac'"),
        ({"hidden_layers": [16]}, r"hidden_layers: it is \[8\] in the checkpoint and cannot become \[16\]"),
        ({"network": "gated"}, "network: it is 'mlp'"),
        ({"normalize_rewards": True}, "normalize_rewards: it is False"),
        ({"total_timesteps": 80}, "total_timesteps: it is 80, but the checkpoint has 80 steps already"),
        ({"stop_episodes": 16}, "stop_episodes: it is 16, but the checkpoint has 16 episodes already"),
        ({"n_stepz": 3}, "did you mean n_steps"),
    ],
)
def test_what_may_not_change_is_refused_by_name(begin: Begin, changes: dict[str, Any], words: str) -> None:
    checkpoint = interrupted(begin)
    with pytest.raises(ConfigError, match=words) as caught:
        read_config(SB3Config, Args(Path(), overrides={"stop_episodes": None, **changes}, resume=checkpoint))
    assert caught.value.data["errors"][0]["key"] in changes


def test_the_configuration_is_that_of_the_checkpoint_with_this_starts_on_top(begin: Begin) -> None:
    checkpoint = interrupted(begin, gamma=0.9)
    overrides = {"stop_episodes": None, "total_timesteps": 500, "learning_rate": 0.01}
    config = read_config(SB3Config, Args(Path(), overrides=overrides, resume=checkpoint))
    assert config == small(gamma=0.9, total_timesteps=500, learning_rate=0.01)


# --- init-from


def test_a_run_that_begins_with_a_policy_counts_from_zero(begin: Begin) -> None:
    checkpoint = interrupted(begin)
    source = begin(small())
    source.training.resume(checkpoint)
    fresh = begin(small(seed=9))
    fresh.training.initialise(checkpoint)
    for name, tensor in source.weights.items():
        torch.testing.assert_close(fresh.weights[name], tensor, rtol=0, atol=0)
    assert fresh.events("warning") == []
    fresh.training.run()
    assert fresh.metrics[0]["timesteps_total"] == 20
    assert fresh.last["counters"]["timesteps"] == STEPS


def test_what_does_not_fit_is_listed_and_the_rest_is_loaded(begin: Begin) -> None:
    checkpoint = interrupted(begin, hidden_layers=[8, 8])
    source = begin(small(hidden_layers=[8, 8]))
    source.training.resume(checkpoint)
    other = begin(small(hidden_layers=[8, 6]), game={"acts": "continuous,continuous"})
    other.training.initialise(checkpoint)
    (warning,) = other.events("warning")
    assert "parts of the checkpoint do not fit this run" in warning["message"]
    assert "mlp_extractor.policy_net.2.weight (6x8 here, 8x8 there)" in warning["message"]
    assert "action_net.weight (2x6 here, 2x8 there)" in warning["message"]
    assert "policy_net.0.weight" not in warning["message"]
    name = "mlp_extractor.policy_net.0.weight"
    torch.testing.assert_close(other.weights[name], source.weights[name])
    assert other.training.run()[1] == STEPS


def test_a_policy_of_which_nothing_fits_is_an_error(begin: Begin) -> None:
    checkpoint = interrupted(begin, hidden_layers=[8])
    other = begin(small("dqn", hidden_layers=[5]))
    with pytest.raises(CheckpointError, match="Nothing of the policy"):
        other.training.initialise(checkpoint)


def test_a_checkpoint_of_another_trainer_is_named(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.json").write_text('{"trainer": "rllib"}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="of the trainer rllib"):
        begin(small()).training.initialise(tmp_path)
