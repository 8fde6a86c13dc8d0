"""Our runner for RLlib: parts of episodes as the learners get them, and its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

import tree
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.rllib.utils.metrics.metrics_logger import MetricsLogger

from rl_studio_training.errors import SpacesError
from rl_studio_training.rllib_env_runner import STRETCH, GodotEnvRunner
from rl_studio_training.rllib_games import ENV_NAME, RunnerGames, probe, register
from rl_studio_training.rllib_reports import GamesReport, games_reports, policy_of
from training.changing_game import worth
from training.conftest import MakeBuild
from training.rllib_runs import built, games_of
from training.witness import lives

# RLlib gives each runner's environment the same name.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*Overriding environment rllib-single-agent-env-v0:UserWarning",
    "ignore:.*RLModule.*has been deprecated:DeprecationWarning",
)

MakeGames = Callable[..., RunnerGames]


@pytest.fixture
def make_games(make_build: MakeBuild, tmp_path: Path) -> MakeGames:
    """Makes fake games, options as in fake_game.py."""

    def make(mode: str = "continuous", **options: Any) -> RunnerGames:
        return games_of(make_build(mode), tmp_path / "logs", **{"wire": "binary", **options})

    return make


@pytest.fixture
def staggered(make_games: MakeGames) -> RunnerGames:
    """Two games, the first of which dies in step 3: its episodes end at other times than those of the second."""
    return replace(make_games("crash", misbehave_at="3", misbehave_seed="0", games=2), runner=0)


def sample(games: RunnerGames, *sizes: int, **values: Any) -> tuple[list[Any], GodotEnvRunner]:
    """Episodes, or parts of them, from several calls; the runner is stopped."""
    probed = replace(
        games, settings=replace(games.settings, extra={**games.settings.extra, "misbehave_at": "0"})
    )
    config = built(probed, **values)
    config.env_config = games.env_config()
    config.env_runners(num_envs_per_env_runner=probe(probed).n_rows * games.games)
    runner = GodotEnvRunner(config=config)
    try:
        return [episode for size in sizes for episode in runner.sample(num_timesteps=size)], runner
    finally:
        runner.stop()


def report_after(runner: GodotEnvRunner, steps: int) -> GamesReport:
    """The report about one fragment, as an algorithm gets it."""
    runner.sample(num_timesteps=steps)
    trainer = MetricsLogger(root=True)
    trainer.aggregate([runner.get_metrics()], key="env_runners")
    (report,) = games_reports(trainer.compile())
    return report


def clocks(episode: Any) -> list[int]:
    """How far into the game's episode each observation is, in steps."""
    return [round(float(observation[1]) * 5) for observation in episode.get_observations()]


def test_episodes_go_from_their_first_observation_to_their_last(make_games: MakeGames) -> None:
    episodes, _ = sample(make_games(), 24)
    whole = [episode for episode in episodes if episode.is_done]
    parts = [episode for episode in episodes if not episode.is_done]
    assert [clocks(episode) for episode in whole] == [[0, 1, 2, 3, 4, 5]] * 4
    assert [clocks(episode) for episode in parts] == [[0, 1, 2]] * 2
    assert [episode.get_return() for episode in whole] == [5.0, 5.0, 10.0, 10.0]
    assert [episode.is_terminated for episode in whole] == [True, True, False, False]
    assert [episode.is_truncated for episode in whole] == [False, False, True, True]


def test_an_episode_goes_on_in_the_next_fragment(make_games: MakeGames) -> None:
    episodes, _ = sample(make_games(), 6, 6)
    first, second, next_one = [e for e in episodes if e.agent_id.startswith("walker__0")]
    assert list(map(clocks, (first, second, next_one))) == [[0, 1, 2, 3], [3, 4, 5], [0, 1]]
    assert first.id_ == second.id_ != next_one.id_
    assert (first.t_started, second.t_started) == (0, 3)
    assert first.multi_agent_episode_id != second.multi_agent_episode_id, "learners must not join them"


def test_no_step_is_lost_where_other_agents_go_on(staggered: RunnerGames) -> None:
    episodes, _ = sample(staggered, 40)
    assert sum(len(episode) for episode in episodes) == 40
    assert sorted(map(clocks, episodes)) == sorted(
        [[0, 1, 2, 2]] * 2  # the game died: truncated where it was last seen
        + [[0, 1, 2, 3, 4, 5]] * 6
        + [[0, 1, 2]] * 2
    )


def test_rllibs_runner_loses_the_first_step_there(staggered: RunnerGames) -> None:
    from ray.rllib.algorithms.ppo import PPOConfig

    register()
    config = (
        PPOConfig()
        .environment(ENV_NAME, env_config=staggered.env_config(), disable_env_checking=True)
        .env_runners(num_envs_per_env_runner=4, gym_env_vectorize_mode="vector_entry_point")
        .rl_module(model_config={"fcnet_hiddens": [8]})
        .debugging(log_level="ERROR")
    )
    runner = SingleAgentEnvRunner(config=config)
    try:
        episodes = runner.sample(num_timesteps=36)
    finally:
        runner.stop()
    assert {tuple(clocks(episode)[:2]) for episode in episodes} == {(0, 1), (1, 2)}


def test_agents_of_two_policies_end_when_they_end(make_games: MakeGames) -> None:
    episodes, _ = sample(make_games("two_policies", lengths="5,3"), 24)
    found = {name: [clocks(e) for e in episodes if e.module_id == name] for name in ("red", "blue")}
    assert found["red"] == [[0, 1, 2, 3, 4, 5]] * 2 + [[0, 1, 2]]
    assert found["blue"] == [[0, 1, 2, 3]] * 4
    assert {episode.agent_id for episode in episodes if episode.module_id == "blue"} == {
        f"blue__0#{generation}" for generation in range(1, 5)
    }
    assert {policy_of(episode.agent_id) for episode in episodes} == {"red", "blue"}


def test_all_agents_may_share_a_policy(make_games: MakeGames) -> None:
    episodes, _ = sample(make_games("two_policies", lengths="5,3", shared=True, games=2), 24)
    assert {episode.module_id for episode in episodes} == {"shared_policy"}
    assert sum(len(episode) for episode in episodes) == 24
    returns = sorted({episode.get_return() for episode in episodes if episode.is_done})
    assert returns == [5.0, 6.0]


def test_the_policy_answers_what_the_episode_shows(staggered: RunnerGames) -> None:
    """The first action of an episode must be that of its first observation, not of the last one before."""
    episodes, runner = sample(staggered, 20, 20)
    module = runner.module["walker"]
    for episode in episodes:
        shown = episode.get_observations()[: len(episode)]
        expected = module.forward_inference({Columns.OBS: _tensor(shown)})[Columns.ACTION_DIST_INPUTS]
        found = episode.get_extra_model_outputs(Columns.ACTION_DIST_INPUTS)
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_log_probabilities_are_those_of_rllibs_distribution(make_games: MakeGames) -> None:
    for mode in ("continuous", "discrete", "multidiscrete"):
        episodes, runner = sample(make_games(mode), 10)
        kind = runner.module["walker"].get_train_action_dist_cls()
        for episode in episodes:
            inputs = _tensor(episode.get_extra_model_outputs(Columns.ACTION_DIST_INPUTS))
            expected = kind.from_logits(inputs).logp(_tensor(episode.get_actions()))
            np.testing.assert_allclose(
                episode.get_extra_model_outputs(Columns.ACTION_LOGP), expected.numpy(), atol=1e-5
            )


def test_memory_begins_anew_with_an_episode_and_lasts_as_long(staggered: RunnerGames) -> None:
    episodes, _ = sample(staggered, 12, 28, network="lstm", lstm_hidden_size=4, max_seq_len=3)
    begun: dict[tuple[float, ...], list[Any]] = {}
    for episode in episodes:
        first = tree.flatten(episode.get_extra_model_outputs(Columns.STATE_OUT))[0][0]
        if episode.t_started == 0:
            begun.setdefault(tuple(episode.get_observations()[0].tolist()), []).append(first)
        else:
            before = next(other for other in episodes if other.id_ == episode.id_)
            left = before.get_extra_model_outputs(Columns.STATE_OUT, -1)
            kept = episode.get_extra_model_outputs(Columns.STATE_OUT, -1, neg_index_as_lookback=True)
            tree.map_structure(np.testing.assert_array_equal, left, kept)
    for same in begun.values():
        np.testing.assert_allclose(same, [same[0]] * len(same), atol=1e-6)


def test_the_report_tells_of_the_time_since_the_last_one(make_games: MakeGames) -> None:
    config = built(make_games("two_policies", lengths="5,3"))
    runner = GodotEnvRunner(config=config)
    try:
        first, second = (report_after(runner, steps) for steps in (20, 4))
    finally:
        runner.stop()
    assert {name: [e.reward for e in ended] for name, ended in first.episodes.items()} == {
        "red": [5.0, 5.0],
        "blue": [6.0] * 3,
    }
    assert first.episodes["red"][0].metrics == {"height": 2.0}
    assert first.episodes["red"][0].success is True
    assert (first.agent_steps, first.env_steps, first.timing.steps) == ({"red": 10, "blue": 10}, 10, 20)
    assert (second.agent_steps, second.env_steps) == ({"red": 2, "blue": 2}, 2)
    assert [len(ended) for ended in second.episodes.values()] == [1]
    assert first.policy_s > 0.0


# --- agents that come and go

RESTLESS = {"crew": "red,blue,red", "unrest": "0.3", "most": "5"}
"""See changing_game.py."""


@pytest.mark.parametrize("network", ["mlp", "lstm"])
def test_each_step_is_of_the_agent_it_is_said_to_be(make_games: MakeGames, network: str) -> None:
    games = make_games("crew", games=3, **RESTLESS)
    episodes, runner = sample(games, 150, 150, 100, 300, network=network, max_seq_len=5, lstm_hidden_size=4)
    assert sum(map(len, episodes)) >= 700
    whole: dict[str, list[Any]] = {}
    for episode in episodes:
        seen = episode.get_observations()
        number = int(seen[0, 0])
        assert (seen[:, 0] == number).all()
        assert seen[:, 1].tolist() == [episode.t_started + step for step in range(len(episode) + 1)]
        taken = np.clip(episode.get_actions(), -1.0, 1.0).tolist()
        expected = [worth(number, action) for action in taken]
        np.testing.assert_allclose(episode.get_rewards(), expected, rtol=1e-5, atol=1e-3)
        whole.setdefault(episode.id_, []).append(episode)
    told = Counter(
        (parts[0].module_id, int(parts[0].get_observations()[0, 0]), sum(map(len, parts)), _end(parts[-1]))
        for parts in whole.values()
        if parts[-1].is_done
    )
    happened = Counter(
        (life["policy"], life["number"], life["length"], life["end"])
        for life in lives(games.log_folder.parent)
    )
    assert told == happened
    assert runner.env is not None
    reported = Counter(
        (policy, episode.length, episode.metrics["number"])
        for policy, ended in runner.env._episodes.items()
        for episode in ended
    )
    assert reported == Counter((policy, length, number) for policy, number, length, _ in happened.elements())
    assert len(told) > 50
    assert runner.num_envs > 9, "agents that waited have got rows"


def _end(episode: Any) -> str:
    return "terminated" if episode.is_terminated else "truncated"


def test_only_what_agents_did_is_counted(make_games: MakeGames) -> None:
    config = built(make_games("crew", games=2, **RESTLESS))
    runner = GodotEnvRunner(config=config)
    trainer = MetricsLogger(root=True)
    try:
        episodes = runner.sample(num_timesteps=100)
        trainer.aggregate([runner.get_metrics()], key="env_runners")
        result = trainer.compile()
    finally:
        runner.stop()
    steps = Counter({"red": 0, "blue": 0})
    for episode in episodes:
        steps[episode.module_id] += len(episode)
    assert 100 <= steps.total() < 100 + runner.num_envs
    (report,) = games_reports(result)
    assert report.agent_steps == dict(steps)
    assert report.timing.steps == steps.total()
    found = result["env_runners"]
    assert found["num_env_steps_sampled"] == found["num_env_steps_sampled_lifetime"] == steps.total()
    assert dict(found["num_module_steps_sampled"]) == dict(steps)
    assert runner.num_env_steps_sampled_lifetime == steps.total()


def test_agents_for_which_there_is_no_row_are_reported(make_games: MakeGames) -> None:
    runner = GodotEnvRunner(config=built(make_games("crew", rows="red:1", **RESTLESS)))
    try:
        reports = [report_after(runner, 10) for _ in range(20)]
        assert runner.env is not None
        assert len(runner.env.fleet.groups[0].rows) == 1
    finally:
        runner.stop()
    assert max(report.waiting["red"] for report in reports) > 1
    assert all(report.waiting.keys() == {"red", "blue"} for report in reports)


def test_a_fragment_is_of_so_many_agent_steps_however_few_agents_there_are(make_games: MakeGames) -> None:
    """Four rows, two agents: the same number of steps takes twice as long."""
    games = make_games("crew", crew="red,red", rows="red:4")
    config = built(games, rollout_fragment_length=10)
    assert config.num_envs_per_env_runner == 4
    runner = GodotEnvRunner(config=config)
    try:
        assert sum(len(episode) for episode in runner.sample()) == 40
        report = report_after(runner, 10)
        assert (report.agent_steps, report.env_steps) == ({"red": 50}, 25)
    finally:
        runner.stop()


def test_a_fragment_stays_as_large_when_there_are_more_rows(make_games: MakeGames) -> None:
    """RLlib reckons with the rows that there were at the beginning."""
    games = make_games("crew", games=2, **RESTLESS)
    config = built(games, rollout_fragment_length=20, train_batch_size=120)
    runner = GodotEnvRunner(config=config)
    try:
        sizes = [sum(map(len, runner.sample())) for _ in range(8)]
        rows = runner.num_envs
    finally:
        runner.stop()
    wanted = 20 * config.num_envs_per_env_runner
    assert rows > config.num_envs_per_env_runner == 6
    assert all(wanted <= size < wanted + rows for size in sizes)


def test_a_fragment_comes_to_an_end_where_there_are_hardly_any(make_games: MakeGames) -> None:
    games = make_games("crew", crew="red", rows="red:50")
    runner = GodotEnvRunner(config=built(games))
    try:
        episodes = runner.sample(num_timesteps=100)
    finally:
        runner.stop()
    assert sum(map(len, episodes)) == STRETCH * 2


def test_what_is_odd_about_a_game_is_reported_or_told_at_once(make_games: MakeGames) -> None:
    status: list[str] = []
    warnings: list[str] = []
    runner = GodotEnvRunner(config=built(make_games("crew", lonely="7", **RESTLESS)))
    try:
        first = report_after(runner, 10).events
        (second,) = report_after(runner, 40).events
        assert report_after(runner, 10).events == first == ()
        assert runner.env is not None
        runner.env.tell(status.append, warnings.append)
        runner.env.fleet._on_warning("more")
    finally:
        runner.stop()
    assert second == {"event": "warning", "runner": 0, "message": "Game 0: all agents were gone"}
    assert (warnings, runner.env._events) == (["more"], [])


def test_a_policy_that_nobody_knew_of_is_named(make_games: MakeGames) -> None:
    config = built(make_games("crew", crew="red,red"))
    config.env_config = make_games("crew", crew="red,blue").env_config()
    runner = GodotEnvRunner(config=config)
    try:
        with pytest.raises(SpacesError, match=r"agents of the policy blue; .* had only red\.") as caught:
            runner.sample(num_timesteps=4)
    finally:
        runner.stop()
    assert "agent_rows" in str(caught.value.hint)


def _tensor(array: Any) -> Any:
    import torch

    return torch.from_numpy(np.asarray(array))
