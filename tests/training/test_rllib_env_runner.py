"""RLlib with our games: what its runners make of episodes, and that PPO trains with them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

import tree
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

from rl_studio_training.launch import GameSettings
from rl_studio_training.rllib_env_runner import GodotEnvRunner, games_reports
from rl_studio_training.rllib_games import ENV_NAME, RunnerGames, register
from rl_studio_training.rllib_session import ray_session
from training.conftest import MakeBuild, is_alive, wait_until

# RLlib gives each runner's environment the same name.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*Overriding environment rllib-single-agent-env-v0:UserWarning"
)

BOTH = pytest.mark.parametrize("runner_class", [GodotEnvRunner, SingleAgentEnvRunner])


@pytest.fixture
def games(make_build: MakeBuild, tmp_path: Path) -> RunnerGames:
    """Fake games with two agents each."""
    settings = GameSettings(build=make_build("continuous"), extra={"wire": "binary"})
    return RunnerGames(settings=settings, log_folder=tmp_path / "logs")


@pytest.fixture
def staggered(games: RunnerGames, make_build: MakeBuild) -> RunnerGames:
    """Two games, the first of which dies in step 3: its episodes end at other times than those of the second."""
    extra = {"wire": "binary", "misbehave_at": "3", "misbehave_seed": "0"}
    settings = replace(games.settings, build=make_build("crash"), extra=extra)
    return replace(games, games=2, runner=0, settings=settings)


def ppo(games: RunnerGames, runner_class: type[SingleAgentEnvRunner] = GodotEnvRunner) -> PPOConfig:
    register()
    return (
        PPOConfig()
        .environment(ENV_NAME, env_config=games.env_config(), disable_env_checking=True)
        .env_runners(
            env_runner_cls=runner_class,
            num_env_runners=0,
            num_envs_per_env_runner=2 * games.games,
            gym_env_vectorize_mode="vector_entry_point",
        )
        .training(train_batch_size_per_learner=60, minibatch_size=30, num_epochs=2)
        .rl_module(model_config={"fcnet_hiddens": [8]})
        .debugging(seed=3, log_level="ERROR")
    )


def sample(config: PPOConfig, *sizes: int) -> tuple[list[Any], SingleAgentEnvRunner]:
    """Episodes, or parts of them, from several calls; the runner is stopped."""
    runner = config.env_runner_cls(config=config)
    try:
        return [episode for size in sizes for episode in runner.sample(num_timesteps=size)], runner
    finally:
        runner.stop()


def clocks(episode: Any) -> list[int]:
    """How far into the game's episode each observation is, in steps."""
    return [round(float(observation[1]) * 5) for observation in episode.get_observations()]


@BOTH
def test_episodes_go_from_their_first_observation_to_their_last(
    games: RunnerGames, runner_class: type[SingleAgentEnvRunner]
) -> None:
    episodes, _ = sample(ppo(games, runner_class), 24)
    whole, parts = episodes[:4], episodes[4:]
    assert [clocks(episode) for episode in whole] == [[0, 1, 2, 3, 4, 5]] * 4
    assert [clocks(episode) for episode in parts] == [[0, 1, 2]] * 2
    assert [episode.get_return() for episode in whole] == [5.0, 10.0, 5.0, 10.0]
    assert [episode.is_terminated for episode in whole] == [True, False, True, False]
    assert [episode.is_truncated for episode in whole] == [False, True, False, True]
    assert whole[1].get_infos(-1)["episode"]["l"] == 5


def test_our_runner_loses_no_step_where_other_agents_go_on(staggered: RunnerGames) -> None:
    episodes, _ = sample(ppo(staggered), 40)
    assert sum(len(episode) for episode in episodes) == 40
    assert sorted(map(clocks, episodes)) == sorted(
        [[0, 1, 2, 2]] * 2  # the game died: truncated where it was last seen
        + [[0, 1, 2, 3, 4, 5]] * 6
        + [[0, 1, 2]] * 2
    )


def test_rllibs_runner_loses_the_first_step_there(staggered: RunnerGames) -> None:
    episodes, _ = sample(ppo(staggered, SingleAgentEnvRunner), 36)
    beginnings = {tuple(clocks(episode)[:2]) for episode in episodes}
    assert beginnings == {(0, 1), (1, 2)}


def test_the_policy_answers_what_the_episode_shows(staggered: RunnerGames) -> None:
    """The first action of an episode must be that of its first observation, not of the last one before."""
    episodes, runner = sample(ppo(staggered), 20, 20)
    assert runner.module is not None
    for episode in episodes:
        shown = episode.get_observations()[: len(episode)]
        expected = runner.module.forward_inference({Columns.OBS: _tensor(shown)})[Columns.ACTION_DIST_INPUTS]
        found = episode.get_extra_model_outputs(Columns.ACTION_DIST_INPUTS)
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_memory_begins_anew_with_an_episode(staggered: RunnerGames) -> None:
    config = ppo(staggered).rl_module(
        model_config={"fcnet_hiddens": [8], "use_lstm": True, "lstm_cell_size": 4, "max_seq_len": 5}
    )
    episodes, runner = sample(config, 40)
    assert runner.module is not None
    outputs: dict[tuple[float, ...], list[Any]] = {}
    for episode in episodes:
        first = tree.flatten(episode.get_extra_model_outputs(Columns.STATE_OUT))[0][0]
        outputs.setdefault(tuple(episode.get_observations()[0].tolist()), []).append(first)
    assert [len(same) for same in outputs.values()] == [5, 5]
    for same in outputs.values():
        np.testing.assert_allclose(same, [same[0]] * len(same), atol=1e-6)


def test_complete_episodes_can_be_sampled(staggered: RunnerGames) -> None:
    config = ppo(staggered)
    runner = config.env_runner_cls(config=config)
    try:
        episodes = runner.sample(num_episodes=3)
        assert [len(episode) for episode in episodes][:2] == [3, 3]
        assert all(clocks(episode)[0] == 0 for episode in runner.sample(num_timesteps=40))
    finally:
        runner.stop()


def test_masks_reach_the_policy_input(games: RunnerGames, make_build: MakeBuild) -> None:
    settings = replace(games.settings, build=make_build("discrete"), extra={"wire": "binary", "masks": "1"})
    episodes, _ = sample(ppo(replace(games, settings=settings)), 24)
    masks = [info["action_mask"].tolist() for info in episodes[0].get_infos()]
    assert masks[:2] == [[False, True, True, True], [True, False, True, True]]
    assert episodes[2].get_infos(0)["action_mask"].tolist() == masks[5]


def _tensor(array: Any) -> Any:
    import torch

    return torch.from_numpy(np.asarray(array))


def test_ppo_trains_and_leaves_nothing_behind(
    games: RunnerGames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home := tmp_path / "home"))
    home.mkdir()
    before = {path.name for path in Path(tempfile.gettempdir()).iterdir()}
    with ray_session(cores=1):
        algorithm = ppo(games).build_algo()
        try:
            weights = algorithm.get_weights()["default_policy"]
            results = [algorithm.train() for _ in range(2)]
            trained = algorithm.get_weights()["default_policy"]
        finally:
            algorithm.stop()
        running = psutil.Process().children(recursive=True)
    last = results[-1]["env_runners"]
    assert last["num_env_steps_sampled_lifetime"] == 120
    assert (last["episode_return_mean"], last["episode_len_mean"]) == (7.5, 5.0)
    (report,) = games_reports(results[-1])
    assert report.episodes["episodes"] == 24
    assert report.metrics == {"height": 2.5}
    assert any(not np.array_equal(weights[key], value) for key, value in trained.items())
    assert len(running) > 2, "Ray itself"
    wait_until(lambda: not any(is_alive(process.pid) for process in running))
    assert list(home.iterdir()) == []
    assert {path.name for path in Path(tempfile.gettempdir()).glob("rls-*")} <= before
