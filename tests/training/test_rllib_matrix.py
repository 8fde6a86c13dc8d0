"""Every algorithm with every kind of action and observation it supports: trains, saves, goes on, predicts.

A few pairs always run; all of them with `-m matrix`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tree

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from ray.rllib.core.rl_module.rl_module import RLModule

from rl_studio_training.errors import SpacesError
from rl_studio_training.rllib_games import RunnerGames, probe
from rl_studio_training.rllib_policy import RLlibPolicy
from rl_studio_training.rllib_reports import games_reports
from rl_studio_training.rllib_session import ray_session
from training.conftest import MakeBuild
from training.rllib_runs import built, games_of, small

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning"),
    pytest.mark.timeout(180),
]

ON_POLICY = ("ppo", "appo", "impala")
ACTIONS = {
    "ppo": ("continuous", "discrete", "multidiscrete", "mixed"),
    "appo": ("continuous", "discrete", "multidiscrete", "mixed"),
    "impala": ("continuous", "discrete", "multidiscrete", "mixed"),
    "dqn": ("discrete",),
    "sac": ("continuous", "discrete", "mixed"),
}
SEEN = ("", "extra,lamp", "camera_2d")
NETWORKS = {algorithm: ("mlp", "gated", "lstm") for algorithm in ON_POLICY} | {
    "dqn": ("mlp", "gated"),
    "sac": ("mlp", "gated"),
}
ALL = [
    (algorithm, actions, seen, network)
    for algorithm, kinds in ACTIONS.items()
    for actions in kinds
    for seen in SEEN
    for network in NETWORKS[algorithm]
]
FAST = {
    ("ppo", "mixed", "extra,lamp", "gated"),
    ("ppo", "multidiscrete", "camera_2d", "lstm"),
    ("impala", "discrete", "", "mlp"),
    ("dqn", "discrete", "camera_2d", "gated"),
    ("sac", "continuous", "extra,lamp", "mlp"),
    ("sac", "discrete", "", "mlp"),
}
CASES = [case if case in FAST else pytest.param(*case, marks=pytest.mark.matrix) for case in ALL]


@pytest.fixture(scope="module", autouse=True)
def ray_for_all() -> Iterator[None]:
    """One Ray for all trainings."""
    with ray_session(cores=1):
        yield


def train_save_and_go_on(games: RunnerGames, config: Any, folder: Path) -> dict[str, RLlibPolicy]:
    """Two iterations, a checkpoint, one more in another algorithm; the policies at the end."""
    algorithm = built(games, config).build_algo()
    try:
        results = [algorithm.train() for _ in range(2)]
        algorithm.save_to_path(folder)
    finally:
        algorithm.stop()
    assert all(report.agent_steps for result in results for report in games_reports(result))
    restored = built(games, config).build_algo()
    try:
        restored.restore_from_path(folder)
        for name, weights in restored.learner_group.get_weights().items():
            saved = RLModule.from_checkpoint(folder / "learner_group/learner/rl_module" / name).get_state()
            for key in saved:  # target networks are made when training begins
                np.testing.assert_array_equal(weights[key], saved[key])
        steps = restored.train()["env_runners"]["num_env_steps_sampled_lifetime"]
        assert steps > results[-1]["env_runners"]["num_env_steps_sampled_lifetime"]
        losses = results[-1]["learners"]
        found = {name: losses[name] for name in probe(games).policies}
        assert all(math.isfinite(values["total_loss"]) for values in found.values())
        modules = restored.env_runner.module
        return {name: RLlibPolicy(modules[name]) for name in found}
    finally:
        restored.stop()


def predict(policy: RLlibPolicy) -> None:
    """Two steps of three agents, with and without exploration."""
    for explore in (False, True):
        state = None
        for _ in range(2):
            seen = [policy.observation_space.sample() for _ in range(3)]
            actions, state = policy.act(
                tree.map_structure(lambda *rows: np.stack(rows), *seen), state, explore=explore
            )
            assert len(actions) == 3
            assert all(policy.action_space.contains(action) for action in actions)


@pytest.mark.parametrize(("algorithm", "actions", "seen", "network"), CASES)
def test_trains_saves_goes_on_and_predicts(
    make_build: MakeBuild, tmp_path: Path, algorithm: str, actions: str, seen: str, network: str
) -> None:
    games = games_of(make_build(actions), tmp_path / "logs", see=seen)
    config = small(algorithm, network=network, max_seq_len=5, lstm_hidden_size=4, cnn_channels=[2, 3])
    policies = train_save_and_go_on(games, config, tmp_path / "checkpoint")
    predict(policies["walker"])


@pytest.mark.parametrize(
    "algorithm",
    [case if case in ("ppo", "sac") else pytest.param(case, marks=pytest.mark.matrix) for case in ACTIONS],
)
def test_two_policies_with_ends_of_their_own(make_build: MakeBuild, tmp_path: Path, algorithm: str) -> None:
    kind = ACTIONS[algorithm][0]
    games = games_of(make_build(kind), tmp_path / "logs", policies="red,blue", lengths="5,3", games=2)
    own = {"red": {"learning_rate": 1e-4, "hidden_layers": [6, 6]}}
    config = small(algorithm, policies=own, normalize_observations=True)
    for policy in train_save_and_go_on(games, config, tmp_path / "checkpoint").values():
        predict(policy)


@pytest.mark.parametrize(
    "algorithm",
    [case if case in ("ppo", "impala") else pytest.param(case, marks=pytest.mark.matrix) for case in ACTIONS],
)
def test_the_policy_that_plays_is_the_one_that_learns(
    make_build: MakeBuild, tmp_path: Path, algorithm: str
) -> None:
    games = games_of(make_build(ACTIONS[algorithm][0]), tmp_path / "logs")
    trainer = built(games, small(algorithm, learning_rate=0.01)).build_algo()
    try:
        state = trainer.env_runner.get_state()
        before = {key: np.copy(value) for key, value in state["rl_module"]["walker"].items()}
        for _ in range(20):
            trainer.train()
            state = trainer.env_runner.get_state()
            if state["weights_seq_no"] > 3:
                break
        after = state["rl_module"]["walker"]
        assert any(not np.array_equal(after[key], before[key]) for key in after)
    finally:
        trainer.stop()
    assert state["weights_seq_no"] > 3


@pytest.mark.parametrize(
    ("algorithm", "actions", "message"),
    [
        ("dqn", "continuous", r"dqn needs one discrete action; the policy walker has move continuous 2\."),
        ("dqn", "multidiscrete", r"dqn needs one discrete action; .* a_turn discrete 3, b_jump discrete 2"),
        ("dqn", "mixed", r"dqn needs one discrete action; .* move continuous 2, shoot discrete 2"),
        (
            "sac",
            "multidiscrete",
            r"sac needs continuous actions, or one discrete action; .* a_turn discrete 3",
        ),
    ],
)
def test_other_pairs_are_refused_by_name(
    make_build: MakeBuild, tmp_path: Path, algorithm: str, actions: str, message: str
) -> None:
    games = games_of(make_build(actions), tmp_path / "logs")
    with pytest.raises(SpacesError, match=message) as caught:
        built(games, small(algorithm))
    assert "ppo" in str(caught.value.hint)
