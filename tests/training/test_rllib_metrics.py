"""The metric line of an RLlib run, from what RLlib and its runners tell."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from rl_studio_training.bottleneck import Bottleneck, Facts
from rl_studio_training.checkpoints import Counters
from rl_studio_training.episodes import Episode
from rl_studio_training.judging import Judge
from rl_studio_training.rllib_metrics import Iteration, RunMetrics
from rl_studio_training.rllib_reports import GamesReport
from rl_studio_training.timing import Timing

FACTS = Facts(
    n_envs=1,
    cores=2,
    agents=4,
    batch_size=64,
    n_epochs=5,
    observation_numbers=5,
    binary=True,
    may_add_games=True,
)
POLICIES = ("pursuer", "evader")


def make_metrics(*, judged: tuple[str, ...] = POLICIES, counters: Counters | None = None) -> RunMetrics:
    return RunMetrics(POLICIES, Judge(judged), Bottleneck(FACTS), counters or Counters())


def report(
    runner: int = 0,
    *,
    pursuer: list[Episode] | None = None,
    evader: list[Episode] | None = None,
    game_s: float = 0.0,
    policy_s: float = 0.0,
) -> GamesReport:
    """Of ten steps of a game with one pursuer and three evaders."""
    return GamesReport(
        runner=runner,
        episodes={"pursuer": pursuer or [], "evader": evader or []},
        agent_steps={"pursuer": 10, "evader": 30},
        env_steps=10,
        timing=Timing(waited_s=game_s, game_s=game_s, codec_s=0.0, steps=40),
        policy_s=policy_s,
        events=(),
    )


def result(*reports: GamesReport, **learners: dict[str, float]) -> dict[str, Any]:
    """What `Algorithm.train` returns, as far as we read it."""
    return {
        "env_runners": {"games": {"reports": list(reports)}},
        "learners": learners,
        "timers": {"learner_update_timer": 0.25},
        "num_training_step_calls_per_iteration": 2,
    }


def test_steps_and_episodes_add_up_over_runners_and_iterations() -> None:
    metrics = make_metrics(judged=("evader",))
    first, second = report(1, pursuer=[Episode(4.0, 10, True)]), report(2, evader=[Episode(-2.0, 30)] * 2)
    metrics.add(Iteration.of(result(first, second), 1.5))
    line = metrics.add(Iteration.of(result(first), 0.5))
    assert (line["training_iteration"], line["timesteps_total"], line["env_steps_total"]) == (2, 120, 30)
    assert (line["episodes_total"], line["time_total_s"]) == (4, 2.0)
    assert line["throughput"]["timesteps_per_second"] == 80.0
    assert (line["episode_reward_mean"], line["episode_reward_min"], line["episode_reward_max"]) == (
        -2,
        -2,
        -2,
    )


def test_every_policy_has_its_own_numbers() -> None:
    episodes = [Episode(4.0, 10, True, {"catches": 2.0}), Episode(0.0, 20, False, {"catches": 0.0})]
    line = make_metrics().add(Iteration.of(result(report(pursuer=episodes)), 1.0))
    pursuer, evader = line["policies"]["pursuer"], line["policies"]["evader"]
    assert (pursuer["reward_mean"], pursuer["reward_min"], pursuer["reward_max"]) == (2.0, 0.0, 4.0)
    assert (pursuer["episode_len_mean"], pursuer["episodes"], pursuer["success_rate"]) == (15.0, 2, 0.5)
    assert pursuer["custom_metrics"] == {"catches": 1.0}
    assert (evader["reward_mean"], evader["episodes"], evader["success_rate"]) == (None, 0, None)


def test_opposed_policies_have_no_common_figure() -> None:
    pursuer, evader = [Episode(2.0, 10, True)] * 200, [Episode(-1.0, 10, False)] * 400
    learned = result(
        report(pursuer=pursuer, evader=evader), pursuer={"entropy": 1.0}, evader={"entropy": 9.0}
    )
    line = make_metrics().add(Iteration.of(learned, 1.0))
    whole = (
        "episode_reward_mean",
        "episode_reward_min",
        "episode_reward_max",
        "episode_len_mean",
        "success_rate",
    )
    assert {line[key] for key in whole} == {None}
    assert line["custom_metrics"] == {}
    assert set(line["learner"].values()) == {None}
    told = {name: (own["reward_mean"], own["success_rate"]) for name, own in line["policies"].items()}
    assert told == {"pursuer": (2.0, 1.0), "evader": (-1.0, 0.0)}
    assert line["episodes_total"] == 600


def test_the_whole_is_that_of_the_judged_policy() -> None:
    metrics = make_metrics(judged=("pursuer",))
    episodes = report(pursuer=[Episode(4.0, 10, None, {"catches": 2.0})], evader=[Episode(-100.0, 10)])
    line = metrics.add(Iteration.of(result(episodes, pursuer={"entropy": 1.0}, evader={"entropy": 9.0}), 1.0))
    assert (line["episode_reward_mean"], line["episode_len_mean"]) == (4.0, 10.0)
    assert line["custom_metrics"] == {"catches": 2.0}
    assert line["policies"]["evader"]["reward_mean"] == -100.0
    assert line["learner"]["entropy"] == 1.0
    assert line["policies"]["evader"]["learner"]["entropy"] == 9.0
    assert line["episodes_total"] == 2


def test_learner_numbers_are_told_by_policy() -> None:
    numbers = {
        "total_loss": 3.0,
        "vf_loss": 1.0,
        "mean_kl_loss": 0.01,
        "default_optimizer_learning_rate": 1e-3,
        "curr_kl_coeff": 0.2,
    }
    learned = result(report(), pursuer=numbers, evader={**numbers, "total_loss": 5.0, "vf_loss": math.nan})
    line = make_metrics().add(Iteration.of(learned, 1.0))
    assert line["policies"]["pursuer"]["learner"] == {
        "policy_loss": None,
        "value_loss": 1.0,
        "entropy": None,
        "approx_kl": 0.01,
        "explained_variance": None,
        "learning_rate": 1e-3,
        "loss": 3.0,
    }
    assert line["policies"]["evader"]["learner"]["loss"] == 5.0
    assert line["policies"]["evader"]["learner"]["value_loss"] is None


def test_what_only_some_algorithms_have_is_told_where_it_is() -> None:
    line = make_metrics(judged=("pursuer",)).add(
        Iteration.of(result(report(), pursuer={"qf_loss": 2.0, "alpha_value": 0.5}), 1)
    )
    assert line["learner"]["q_loss"] == 2.0
    assert line["policies"]["pursuer"]["learner"]["alpha"] == 0.5
    assert "q_loss" not in line["policies"]["evader"]["learner"]


def test_nothing_learned_leaves_the_learner_empty() -> None:
    line = make_metrics().add(Iteration.of(result(report()), 1.0))
    assert set(line["learner"].values()) == {None}


def test_runners_side_by_side_do_not_add_up() -> None:
    """Each of two runners waited a second for its game and chose actions for half of one, in four seconds."""
    both = [report(number, game_s=1.0, policy_s=0.5) for number in (1, 2)]
    throughput = make_metrics().add(Iteration.of(result(*both), 4.0))["throughput"]
    shares = [throughput[f"{part}_share"] for part in ("game", "wire", "policy", "update", "other")]
    assert shares == pytest.approx([0.25, 0.0, 0.125, 0.125, 0.5])
    assert (throughput["bottleneck"], throughput["advice"]) == (None, None)


def test_what_dominates_is_named() -> None:
    throughput = make_metrics().add(Iteration.of(result(report(game_s=0.9)), 1.0))["throughput"]
    assert throughput["bottleneck"] == "game"
    assert "copies of the level" in throughput["advice"]


def test_a_resumed_run_counts_on() -> None:
    metrics = make_metrics(counters=Counters(400, 100, 7, 3, 9.0))
    line = metrics.add(Iteration.of(result(report(evader=[Episode(1.0, 5)])), 1.0))
    told = ("training_iteration", "timesteps_total", "env_steps_total", "episodes_total", "time_total_s")
    assert [line[key] for key in told] == [8, 440, 110, 4, 10.0]


def test_the_number_of_agents_is_that_of_all_games_in_the_mean_of_their_decisions() -> None:
    """Two games, of which one was asked ten times and the other thirty."""
    metrics = RunMetrics(POLICIES, Judge(POLICIES), Bottleneck(FACTS), Counters(), n_games=2)
    few = replace(report(1), agent_steps={"pursuer": 10, "evader": 60}, env_steps=10, waiting={"evader": 4})
    many = replace(report(2), agent_steps={"pursuer": 30, "evader": 0}, env_steps=30, waiting={})
    line = metrics.add(Iteration.of(result(few, many), 1.0))
    assert [line["policies"][policy]["agents"] for policy in POLICIES] == [2.0, 3.0]
    assert (line["agents"], line["agents_waiting"]) == (5.0, 4)
    line = metrics.add(Iteration.of(result(many), 1.0))
    assert (line["agents"], line["agents_waiting"]) == (2.0, 4), "runner 1 has not told of others"
    line = metrics.add(Iteration.of(result(replace(few, waiting={"evader": 1, "pursuer": 1})), 1.0))
    assert line["agents_waiting"] == 2


def test_an_iteration_without_any_report_is_none() -> None:
    iteration = Iteration.of({"learners": {}}, 1.0)
    assert (iteration.timesteps, iteration.env_steps, iteration.events) == (0, 0, [])
