"""What RLlib's learners are fed with: advantages, a replay buffer of arrays, and crews that come and go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tree

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from gymnasium import spaces
from ray.rllib.core.columns import Columns
from ray.rllib.core.learner.training_data import TrainingData
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.policy.sample_batch import MultiAgentBatch, SampleBatch
from ray.rllib.utils.postprocessing.value_predictions import compute_value_targets

from rl_studio.experiments.overrides import resolve
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training.launch import GameSettings
from rl_studio_training.rllib_actor import ModuleActor
from rl_studio_training.rllib_config import build_config
from rl_studio_training.rllib_games import PolicyFacts, Probe, RunnerGames
from rl_studio_training.rllib_learners import advantages_of, minibatches
from rl_studio_training.rllib_replay import ArrayEpisodeReplayBuffer
from rl_studio_training.rllib_sampler import FragmentSampler
from rl_studio_training.rllib_session import ray_session
from training.rllib_scripted import MOVE, SEEN, Script, ScriptedFleet, random_script

pytestmark = pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning")


def test_advantages_by_hand() -> None:
    advantages, targets = advantages_of(
        values=np.array([1.0, 2.0, 4.0, 3.0, 5.0], np.float32),
        rewards=np.array([1.0, 1.0, 2.0], np.float32),
        lengths=np.array([2, 1]),
        terminated=np.array([False, True]),
        gamma=0.5,
        lambda_=0.5,
    )
    last = 1.0 + 0.5 * 4.0 - 2.0
    first = 1.0 + 0.5 * 2.0 - 1.0 + 0.25 * last
    np.testing.assert_allclose(advantages, [first, last, 2.0 - 3.0])
    np.testing.assert_allclose(targets, [first + 1.0, last + 2.0, 2.0])


def test_advantages_are_those_of_rllib() -> None:
    rng = np.random.default_rng(0)
    lengths, terminated = np.array([3, 1, 5]), np.array([True, False, False])
    values = rng.normal(size=lengths.sum() + 3).astype(np.float32)
    rewards = rng.normal(size=lengths.sum()).astype(np.float32)
    advantages, targets = advantages_of(values, rewards, lengths, terminated, 0.9, 0.8)
    start = step = 0
    for length, is_over in zip(lengths, terminated, strict=True):
        flags = np.zeros(length + 1, np.bool_)
        ends = flags.copy()
        flags[length - 1], ends[length - 1] = is_over, not is_over
        expected = compute_value_targets(
            values=values[start : start + length + 1],
            rewards=np.append(rewards[step : step + length], 0.0),
            terminateds=flags,
            truncateds=ends,
            gamma=0.9,
            lambda_=0.8,
        )[:length]
        np.testing.assert_allclose(targets[step : step + length], expected, atol=1e-5)
        start, step = start + length + 1, step + length
    assert len(advantages) == lengths.sum()


# --- replay


def part(first: int, steps: int, *, terminated: bool = False, policy: str = "red") -> SingleAgentEpisode:
    """Steps `first`, `first` + 1, …: observations, actions and rewards are their number."""
    numbers = np.arange(first, first + steps + 1, dtype=np.float32)
    episode = SingleAgentEpisode(
        observations=[np.array([number], np.float32) for number in numbers],
        actions=[int(number) for number in numbers[:-1]],
        rewards=numbers[:-1].tolist(),
        terminated=terminated,
        len_lookback_buffer=0,
        agent_id="agent",
        module_id=policy,
    )
    return episode.to_numpy()


def drawn(buffer: ArrayEpisodeReplayBuffer, n_step: int = 1, count: int = 200) -> dict[int, dict[str, Any]]:
    """A sample of red by action."""
    (sample,) = buffer.sample(count, n_step=n_step, gamma=0.5)
    columns = sample.policies["red"]
    return {
        int(action): {
            "obs": float(columns[Columns.OBS][row, 0]),
            "next": float(columns[Columns.NEXT_OBS][row, 0]),
            "reward": float(columns[Columns.REWARDS][row]),
            "over": bool(columns[Columns.TERMINATEDS][row]),
            "n": float(columns["n_step"][row]),
        }
        for row, action in enumerate(columns[Columns.ACTIONS])
    }


def test_every_step_is_drawn_with_what_followed() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=100)
    buffer.add([part(0, 3, terminated=True), part(10, 2)])
    found = drawn(buffer)
    assert sorted(found) == [0, 1, 2, 10, 11]
    assert found[1] == {"obs": 1.0, "next": 2.0, "reward": 1.0, "over": False, "n": 1.0}
    assert found[2] == {"obs": 2.0, "next": 3.0, "reward": 2.0, "over": True, "n": 1.0}
    assert not found[11]["over"]


def test_rewards_of_some_steps_are_summed_as_far_as_the_part_goes() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=100)
    buffer.add([part(0, 3, terminated=True), part(10, 2)])
    found = drawn(buffer, n_step=2)
    assert found[0] == {"obs": 0.0, "next": 2.0, "reward": 0.5, "over": False, "n": 2.0}
    assert found[1] == {"obs": 1.0, "next": 3.0, "reward": 2.0, "over": True, "n": 2.0}
    assert found[2]["n"] == 1.0
    assert found[11] == {"obs": 11.0, "next": 12.0, "reward": 11.0, "over": False, "n": 1.0}


def test_the_oldest_steps_make_room() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=4)
    buffer.add([part(0, 3), part(10, 3)])
    assert (len(buffer), sorted(drawn(buffer))) == (4, [2, 10, 11, 12])
    buffer.add([part(20, 9)])
    assert sorted(drawn(buffer)) == [25, 26, 27, 28]


def test_each_policy_has_its_own_steps_and_discount() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=10, gammas={"blue": 0.1})
    buffer.add([part(1, 2), part(1, 2, policy="blue")])
    (sample,) = buffer.sample(50, n_step=2, gamma=0.5)
    assert len(sample) == 100
    rewards = {name: np.unique(columns[Columns.REWARDS]) for name, columns in sample.policies.items()}
    np.testing.assert_allclose(rewards["red"], [2.0])
    np.testing.assert_allclose(rewards["blue"], [1.2, 2.0])


def test_a_restored_buffer_draws_the_same(tmp_path: Any) -> None:
    buffer, other = ArrayEpisodeReplayBuffer(capacity=5), ArrayEpisodeReplayBuffer(capacity=5, seed=9)
    buffer.add([part(0, 3), part(10, 4)])
    other.set_state(buffer.get_state())
    before, after = (one.sample(20, n_step=2, gamma=0.9)[0].policies["red"] for one in (buffer, other))
    assert set(before[Columns.ACTIONS].tolist()) == set(after[Columns.ACTIONS].tolist())
    other.add([part(20, 2)])
    assert len(other) == 5
    assert set(drawn(other)) == {11, 12, 13, 20, 21}
    assert buffer.nbytes == other.nbytes


def test_a_smaller_buffer_takes_the_last_steps() -> None:
    buffer, small = ArrayEpisodeReplayBuffer(capacity=10), ArrayEpisodeReplayBuffer(capacity=3)
    buffer.add([part(0, 5)])
    small.set_state(buffer.get_state())
    assert set(drawn(small)) == {2, 3, 4}


def test_a_policy_with_few_steps_waits_until_it_has_enough() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=10, least=4)
    buffer.add([part(0, 5), part(0, 3, policy="blue")])
    assert list(buffer.sample(8, n_step=1, gamma=0.9)[0].policies) == ["red"]
    buffer.add([part(3, 1, policy="blue")])
    assert list(buffer.sample(8, n_step=1, gamma=0.9)[0].policies) == ["red", "blue"]
    small = ArrayEpisodeReplayBuffer(capacity=3, least=100)
    small.add([part(0, 3)])
    assert list(small.sample(8, n_step=1, gamma=0.9)[0].policies) == ["red"], "it will never have more"


def test_single_steps_are_drawn_for_themselves() -> None:
    buffer = ArrayEpisodeReplayBuffer(capacity=100)
    buffer.add([part(0, 1, terminated=True), part(10, 1), part(20, 1, terminated=True)])
    found = drawn(buffer, n_step=3)
    assert found[0] == {"obs": 0.0, "next": 1.0, "reward": 0.0, "over": True, "n": 1.0}
    assert found[10] == {"obs": 10.0, "next": 11.0, "reward": 10.0, "over": False, "n": 1.0}


# --- minibatches


def steps_of(**counts: int) -> MultiAgentBatch:
    """By policy so many steps, numbered."""
    parts = {name: SampleBatch({Columns.OBS: np.arange(count)}) for name, count in counts.items()}
    return MultiAgentBatch(parts, sum(counts.values()))


def seen(batches: Sequence[MultiAgentBatch], policy: str) -> list[list[int]]:
    return [
        batch.policy_batches[policy][Columns.OBS].tolist()
        for batch in batches
        if policy in batch.policy_batches
    ]


def test_a_policy_with_few_steps_is_not_learned_by_heart() -> None:
    batches = list(minibatches(steps_of(red=40, blue=3), epochs=2, size=8))
    assert len(batches) == 10
    assert sorted(step for part in seen(batches, "red") for step in part) == sorted([*range(40)] * 2)
    assert seen(batches, "blue") == [[0, 1, 2]] * 2


def test_the_learner_of_ppo_takes_these_minibatches(make_crew: MakeCrew) -> None:
    crew = make_crew("ppo", {"red": [["a" * 64]], "blue": [["aaA" + "." * 61]]})
    update, found = crew.learner._update, []
    crew.learner._update = lambda batch, **options: found.append(sorted(batch)) or update(batch, **options)
    crew.learn(60)
    assert found == [["blue", "red"]] * 2 + [["red"]] * 6


def test_few_steps_of_all_policies_are_learned_from_as_often() -> None:
    batches = list(minibatches(steps_of(red=1, blue=3), epochs=3, size=8))
    assert [sorted(batch.policy_batches) for batch in batches] == [["blue", "red"]] * 3
    assert seen(batches, "red") == [[0]] * 3


# --- a crew that changes


CHOOSE = spaces.Discrete(4)
WIRE = {"turn": {"action_type": "discrete", "size": 4}}
MemoryOf = {"network": "lstm", "lstm_hidden_size": 4, "max_seq_len": 5}
SHORT: dict[str, dict[str, Any]] = {
    "ppo": {"train_batch_size": 40, "minibatch_size": 16, "n_epochs": 2},
    "appo": {"train_batch_size": 40, "rollout_fragment_length": 10},
    "impala": {"train_batch_size": 40, "rollout_fragment_length": 10},
    "dqn": {"train_batch_size": 8, "buffer_size": 1000},
    "sac": {"train_batch_size": 8, "buffer_size": 1000},
}


class Crew:
    """A learner, and agents who play with its policies as a script says."""

    def __init__(self, algorithm: str, script: Script, **values: Any) -> None:
        space = CHOOSE if algorithm == "dqn" else MOVE
        config = resolve(
            RLlibConfig, {"algorithm": algorithm, "hidden_layers": [8], **SHORT[algorithm], **values}
        )
        facts = PolicyFacts(1, 1, SEEN, space, {"obs": {"space": "box", "size": [5]}}, WIRE, False)
        games = RunnerGames(settings=GameSettings(), log_folder=Path("logs"))
        self.config = build_config(config, games, Probe(dict.fromkeys(script, facts)))
        self.learner = self.config.build_learner(spaces=dict.fromkeys(script, (SEEN, space)))
        count = len(next(iter(script.values())))
        fleet = ScriptedFleet(script, [list(range(count))], space)
        keeps = algorithm not in ("dqn", "sac")
        modules = {name: self.learner.module[name].unwrapped() for name in script}
        actors = {name: ModuleActor(module, keeps_extras=keeps) for name, module in modules.items()}
        self.sampler = FragmentSampler(fleet, actors)  # type: ignore[arg-type]
        self.buffer = None if keeps else ArrayEpisodeReplayBuffer(1000, least=8)

    def weights(self) -> dict[str, Any]:
        """Those that play; what target networks follow them with comes by itself."""
        return {
            name: {
                key: np.copy(value)
                for key, value in module.unwrapped().get_state().items()
                if not key.startswith(("_old_", "_target_"))
            }
            for name, module in self.learner.module.items()
        }

    def learn(self, steps: int) -> set[str]:
        """From a fragment of so many steps; returns the policies whose weights are others then."""
        episodes: list[Any] = self.sampler.collect(10**6, longest=steps, explore=True, timestep=0)
        if self.buffer is not None:
            self.buffer.add(episodes)
            episodes = self.buffer.sample(8, n_step=1, gamma=0.9)
        before = self.weights()
        options = {"num_epochs": 2, "minibatch_size": 16} if self.config.algo_class.__name__ == "PPO" else {}
        self.learner.update(
            training_data=TrainingData(episodes=episodes),
            timesteps={"num_env_steps_sampled_lifetime": 0},
            **options,
        )
        assert all(np.isfinite(array).all() for array in tree.flatten(self.weights()))
        return self.changed_since(before)

    def changed_since(self, before: dict[str, Any]) -> set[str]:
        """The policies whose weights are others than these."""
        after = self.weights()
        return {name for name in before if not _same(before[name], after[name])}

    def changed_in_the_end(self, before: dict[str, Any], expected: set[str]) -> set[str]:
        """The same once all are there: APPO learns in a thread, on a busy machine after the last call."""
        deadline = time.monotonic() + 30
        while not (changed := self.changed_since(before)) >= expected and time.monotonic() < deadline:
            threading.Event().wait(0.05)
        return changed


MakeCrew = Callable[..., Crew]


def _same(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(tree.flatten(one), tree.flatten(other), strict=True))


@pytest.fixture(scope="module")
def ray_for_all() -> Iterator[None]:
    """One Ray, which the threads of APPO and IMPALA put weights into."""
    with ray_session(cores=1):
        yield


@pytest.fixture
def make_crew(ray_for_all: None) -> Iterator[MakeCrew]:
    """Makes crews; stops the threads of their learners after the test."""
    crews: list[Crew] = []

    def make(algorithm: str, script: Script, **values: Any) -> Crew:
        crews.append(Crew(algorithm, script, **values))
        return crews[-1]

    yield make
    for crew in crews:
        if hasattr(crew.learner, "shutdown"):
            crew.learner.shutdown()


ALGORITHMS = [
    pytest.param("ppo", {}, id="ppo"),
    pytest.param("ppo", MemoryOf, id="ppo-lstm"),
    pytest.param("appo", {}, id="appo"),
    pytest.param("appo", MemoryOf, id="appo-lstm"),
    pytest.param("impala", {}, id="impala"),
    pytest.param("dqn", {}, id="dqn"),
    pytest.param("sac", {}, id="sac"),
]


@pytest.mark.parametrize(("algorithm", "values"), ALGORITHMS)
def test_learners_cope_with_whoever_is_there(
    make_crew: MakeCrew, algorithm: str, values: dict[str, Any]
) -> None:
    """A policy with all, with none, with single steps; and one with so few that they are no minibatch."""
    script = {
        "red": [["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAAAAAAaaaaaaaaaa"]],
        "blue": [["aaaaaaaaaA..........AAAAaA...................."]],
    }
    crew = make_crew(algorithm, script, **values)
    start, both = crew.weights(), {"red", "blue"}
    found = [crew.learn(steps) for steps in (10, 10, 10, 6)]
    if algorithm in ("appo", "dqn", "sac"):  # they learn from former fragments, too
        assert crew.changed_in_the_end(start, both) == both
    else:
        assert found == [{"red", "blue"}, {"red"}, {"red", "blue"}, {"red"}]


@pytest.mark.parametrize(("algorithm", "values"), ALGORITHMS)
def test_nothing_is_learned_where_only_opponents_played(
    make_crew: MakeCrew, algorithm: str, values: dict[str, Any]
) -> None:
    script = {"red": [["." * 19 + "a" * 200]], "blue": [["a" * 219]]}
    crew = make_crew(algorithm, script, policies_to_train=["red"], **values)
    for _ in range(2):
        assert _in_time(lambda: crew.learn(9)) == set()
    before = crew.weights()
    for _ in range(12):
        _in_time(lambda: crew.learn(10))
    assert crew.changed_in_the_end(before, {"red"}) == {"red"}


def _in_time(learn: Callable[[], set[str]]) -> set[str]:
    """RLlib's learners with a thread wait for ever for one that has died."""
    found: list[set[str]] = []
    thread = threading.Thread(target=lambda: found.append(learn()), daemon=True)
    thread.start()
    thread.join(30)
    assert found, "the learner hangs or has failed"
    return found[0]


@pytest.mark.parametrize(("algorithm", "values"), ALGORITHMS)
def test_learners_take_any_crew(make_crew: MakeCrew, algorithm: str, values: dict[str, Any]) -> None:
    script = random_script(3, 80, {"red": [2, 1], "blue": [1, 2]}, {21: ["red"], 42: ["blue"]})
    crew = make_crew(algorithm, script, **values)
    for steps in (21, 21, 30):
        crew.learn(steps)
