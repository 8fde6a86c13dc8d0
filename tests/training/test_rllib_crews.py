"""RLlib's algorithms on games whose agents come and go: they learn, and from the right agents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tree

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from rl_studio_training.rllib_games import RunnerGames
from rl_studio_training.rllib_policy import RLlibPolicy
from rl_studio_training.rllib_reports import games_reports
from rl_studio_training.rllib_session import ray_session
from training.conftest import MakeBuild
from training.rllib_runs import built, games_of, small

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning"),
    pytest.mark.timeout(240),
    pytest.mark.training,
]

RESTLESS = {"crew": "red,blue,red", "unrest": "0.3", "most": "5"}
"""See changing_game.py."""


@pytest.fixture(scope="module", autouse=True)
def ray_for_all() -> Iterator[None]:
    """One Ray for all trainings."""
    with ray_session(cores=1):
        yield


@pytest.fixture
def games(make_build: MakeBuild, tmp_path: Path) -> RunnerGames:
    """Two games in which each agent is told something else, and red ones should do it, blue ones the opposite."""
    return games_of(make_build("crew"), tmp_path / "logs", games=2, wire="binary", task="signs", **RESTLESS)


@pytest.mark.parametrize("network", ["mlp", "lstm"])
def test_both_policies_learn_what_is_asked_of_each_agent(games: RunnerGames, network: str) -> None:
    """If rows were mixed up, what an agent is told would have nothing to do with what it gets."""
    values = {"train_batch_size": 512, "minibatch_size": 128, "n_epochs": 8, "learning_rate": 0.01}
    values |= {"network": network, "lstm_hidden_size": 8, "max_seq_len": 5}
    algorithm = built(games, small("ppo", gamma=0.5, **values)).build_algo()
    try:
        before = {name: misses(algorithm, name) for name in ("red", "blue")}
        for _ in range(12):
            algorithm.train()
        after = {name: misses(algorithm, name) for name in ("red", "blue")}
    finally:
        algorithm.stop()
    assert min(before.values()) > 0.8
    assert max(after.values()) < 0.4, f"from {before} to {after}"


def misses(algorithm: Any, policy: str) -> float:
    """How far the actions of newcomers are from what is asked of them, 0 to 2."""
    told = np.array([1.0, -1.0], np.float32)
    seen = np.stack([told, np.zeros(2, np.float32), np.ones(2, np.float32)], axis=1)
    actions, _ = RLlibPolicy(algorithm.get_module(policy)).act(seen)
    wanted = -told if policy == "blue" else told
    return float(np.abs(actions[:, 0] - wanted).max())


@pytest.mark.parametrize("algorithm", ["appo", "impala", "sac"])
def test_all_algorithms_go_on_with_whoever_is_there(games: RunnerGames, algorithm: str) -> None:
    trainer = built(games, small(algorithm)).build_algo()
    try:
        before = tree.map_structure(np.copy, trainer.learner_group.get_weights())
        results = [trainer.train() for _ in range(5)]
        after = trainer.learner_group.get_weights()
    finally:
        trainer.stop()
    for name in ("red", "blue"):
        pairs = zip(tree.flatten(before[name]), tree.flatten(after[name]), strict=True)
        assert any(not np.array_equal(one, other) for one, other in pairs), f"{name} has learned nothing"
    assert all(bool(np.isfinite(array).all()) for array in tree.flatten(after))
    steps = sum(sum(report.agent_steps.values()) for result in results for report in games_reports(result))
    assert results[-1]["env_runners"]["num_env_steps_sampled_lifetime"] == steps
