"""What outlives an RLlib run and what ends it: checkpoints, policies, lost runners, a stop that is in a hurry."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tree

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from ray.exceptions import ActorDiedError, RayTaskError
from ray.rllib.algorithms import Algorithm

from rl_studio_training.errors import CheckpointError, GameCrashedError, GameFault, GameStartError
from rl_studio_training.patience import BrokenOff, breakable
from rl_studio_training.restarts import MAX_RESTARTS
from rl_studio_training.rllib_checkpoints import (
    REPLAY_FILE,
    initialise_algorithm,
    restore_algorithm,
    write_algorithm,
)
from rl_studio_training.rllib_faults import tell
from rl_studio_training.rllib_metrics import Iteration
from rl_studio_training.rllib_opponents import require_trained
from rl_studio_training.rllib_policy import load_policy
from rl_studio_training.rllib_reports import GamesReport
from rl_studio_training.rllib_runners import LOOK_EVERY_S, RunnersLostError, RunnerWatch, root_cause
from rl_studio_training.rllib_session import ray_session
from rl_studio_training.timing import Timing
from training.conftest import MakeBuild, wait_until
from training.rllib_runs import built, games_of, small

pytestmark = pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning")

MakeAlgorithm = Callable[..., Algorithm]


@pytest.fixture(scope="module")
def ray_for_all() -> Iterator[None]:
    """One Ray for all algorithms."""
    with ray_session(cores=1):
        yield


@pytest.fixture
def make_algorithm(ray_for_all: None, make_build: MakeBuild, tmp_path: Path) -> Iterator[MakeAlgorithm]:
    """Builds small algorithms on fake games; ends them after the test."""
    algorithms: list[Algorithm] = []

    def make(
        name: str = "ppo", mode: str = "continuous", policies: str = "red,blue", **values: Any
    ) -> Algorithm:
        games = games_of(make_build(mode), tmp_path / "logs", policies=policies)
        algorithms.append(built(games, small(name, **values)).build_algo())
        return algorithms[-1]

    yield make
    for algorithm in algorithms:
        algorithm.stop()


def checkpoint(algorithm: Algorithm, folder: Path, *policies: str) -> Path:
    """A checkpoint of the algorithm, as a run saves it."""
    folder.mkdir()
    assert write_algorithm(algorithm, folder) == []
    description = {"trainer": "rllib", "policies": {name: {} for name in policies}}
    (folder / "checkpoint.json").write_text(json.dumps(description))
    return folder


def weights_of(algorithm: Algorithm) -> dict[str, Any]:
    return dict(algorithm.learner_group.get_weights())


def equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(tree.flatten(one), tree.flatten(other), strict=True))


# --- checkpoints


def test_a_restored_algorithm_goes_on_as_the_one_that_was_saved(
    make_algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    first = make_algorithm(policies_to_train=["red"])
    before = weights_of(first)
    first.train()
    trained = weights_of(first)
    assert not equal(before["red"], trained["red"])
    assert equal(before["blue"], trained["blue"]), "a policy that does not learn stays as it is"
    folder = checkpoint(first, tmp_path / "saved", "red", "blue")
    second = make_algorithm(policies_to_train=["red"])
    assert restore_algorithm(second, folder) == []
    assert equal(weights_of(second), trained)
    result = second.train()
    assert result["training_iteration"] == 2
    assert result["num_env_steps_sampled_lifetime"] == 80


def test_policies_play_from_a_checkpoint_as_in_training(
    make_algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    algorithm = make_algorithm()
    folder = checkpoint(algorithm, tmp_path / "saved", "red", "blue")
    seen = np.random.default_rng(0).uniform(-1, 1, (7, 3)).astype(np.float32)
    red, blue = load_policy(folder, "red"), load_policy(folder, "blue")
    actions, state = red.act(seen)
    assert actions.shape == (7, 2)
    assert state == {}
    np.testing.assert_array_equal(red.act(seen)[0], actions)
    assert not np.array_equal(blue.act(seen)[0], actions)
    drawn = red.act(np.repeat(seen[:1], 200, axis=0), explore=True)[0]
    assert drawn.std() > 0.3
    assert np.abs(drawn).max() <= 1.0
    with pytest.raises(CheckpointError, match="no policy 'rde'"):
        load_policy(folder, "rde")
    with pytest.raises(CheckpointError, match="Which policy"):
        load_policy(folder)


def test_a_policy_with_memory_forgets_what_ended(make_algorithm: MakeAlgorithm, tmp_path: Path) -> None:
    algorithm = make_algorithm(policies="walker,walker", network="lstm", max_seq_len=5)
    policy = load_policy(checkpoint(algorithm, tmp_path / "saved", "walker"))
    seen = np.ones((2, 3), np.float32)
    fresh, state = policy.act(seen)
    later, state = policy.act(seen, state)
    assert not np.array_equal(fresh, later)
    mixed, _ = policy.act(seen, policy.forget(state, np.array([True, False])))
    np.testing.assert_allclose(mixed[0], fresh[0], atol=1e-6)
    assert not np.allclose(mixed[1], fresh[1], atol=1e-6)


def test_another_runs_policy_is_taken_over_as_far_as_it_fits(
    make_algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    theirs = make_algorithm(hidden_layers=[8, 8])
    folder = checkpoint(theirs, tmp_path / "saved", "red", "blue")
    mine = make_algorithm(hidden_layers=[8, 4])
    missing = initialise_algorithm(mine, folder, ["red", "blue"], ["red", "blue"])
    assert any(line.startswith("red: ") and "4x8 here, 8x8 there" in line for line in missing)
    fitting = [
        name
        for name, value in weights_of(mine)["red"].items()
        if np.shape(value) == np.shape(weights_of(theirs)["red"][name])
    ]
    assert fitting
    for name in fitting:
        np.testing.assert_array_equal(weights_of(mine)["red"][name], weights_of(theirs)["red"][name])
        assert not any(line == f"red: {name}" or f" {name} " in line for line in missing)
    assert initialise_algorithm(theirs, folder, ["red", "blue"], ["red"])[0].startswith("blue: all of it")
    with pytest.raises(CheckpointError, match="has the policies green, gray"):
        initialise_algorithm(mine, folder, ["red", "blue"], ["green", "gray"])


def test_an_opponent_that_does_not_fit_is_refused(make_algorithm: MakeAlgorithm, tmp_path: Path) -> None:
    """It would play at random, and whoever learns against it would look perfect."""
    folder = checkpoint(make_algorithm(hidden_layers=[8, 8]), tmp_path / "saved", "red", "blue")
    mine = make_algorithm(hidden_layers=[8, 4], policies_to_train=["red"])
    before = weights_of(mine)
    both = ["red", "blue"]
    with pytest.raises(CheckpointError, match=r"policy blue would play .*\(4x8 here, 8x8 there\)") as caught:
        initialise_algorithm(mine, folder, both, both, frozen=["blue"])
    assert equal(weights_of(mine), before), "nothing has been taken over"
    assert "allow_untrained_opponents" in str(caught.value.hint)
    assert list(caught.value.data["policies"]) == ["blue"]
    with pytest.raises(CheckpointError, match=r"policy blue would play .*no such policy there"):
        initialise_algorithm(mine, folder, both, ["red"], frozen=["blue"])
    assert any(line.startswith("blue: ") for line in initialise_algorithm(mine, folder, both, both))


def test_an_opponent_that_fits_may_be_one_that_does_not_learn(
    make_algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    theirs = make_algorithm(policies="green,blue")
    folder = checkpoint(theirs, tmp_path / "saved", "green", "blue")
    mine = make_algorithm(policies_to_train=["red"])
    missing = initialise_algorithm(mine, folder, ["red", "blue"], ["green", "blue"], frozen=["blue"])
    assert missing == ["red: all of it (no such policy there)"]
    assert equal(weights_of(mine)["blue"], weights_of(theirs)["blue"])


def test_a_policy_that_a_resumed_run_would_not_find_is_named(
    make_algorithm: MakeAlgorithm, tmp_path: Path
) -> None:
    folder = checkpoint(make_algorithm(policies="red,red"), tmp_path / "saved", "red")
    with pytest.raises(CheckpointError, match="has no policy blue, which this run has"):
        restore_algorithm(make_algorithm(), folder)


def test_what_opponents_lack_is_told_in_a_sentence() -> None:
    require_trained({}, None)
    with pytest.raises(CheckpointError, match=r"The policy blue would .* train it, and begins without"):
        require_trained({"blue": ()}, None)
    with pytest.raises(CheckpointError, match=r"The policies blue and green would .* train them, and"):
        require_trained({"blue": (), "green": ()}, None)
    with pytest.raises(CheckpointError, match=r"SAVED does not fit: blue: a; b; c, and 2 more\."):
        require_trained({"blue": ["a", "b", "c", "d", "e"]}, "SAVED")


def test_the_replay_buffer_goes_along(make_algorithm: MakeAlgorithm, tmp_path: Path) -> None:
    first = make_algorithm("dqn", "discrete")
    first.train()
    held = len(first.local_replay_buffer)
    folder = checkpoint(first, tmp_path / "saved", "red", "blue")
    second = make_algorithm("dqn", "discrete")
    assert restore_algorithm(second, folder) == []
    assert len(second.local_replay_buffer) == held > 0
    (folder / REPLAY_FILE).unlink()
    third = make_algorithm("dqn", "discrete")
    (told,) = restore_algorithm(third, folder)
    assert "no replay buffer" in told
    third.train()  # the first updates have nothing to learn from
    assert len(third.local_replay_buffer) == held


def test_what_is_no_checkpoint_of_rllib_is_refused(make_algorithm: MakeAlgorithm, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.json").write_text('{"trainer": "sb3", "policies": {"red": {}}}')
    (tmp_path / "model.zip").touch()
    algorithm = make_algorithm()
    for use in (
        lambda: restore_algorithm(algorithm, tmp_path),
        lambda: initialise_algorithm(algorithm, tmp_path, ["red"], ["red"]),
        lambda: load_policy(tmp_path, "red"),
    ):
        with pytest.raises(CheckpointError, match="no checkpoint of RLlib"):
            use()


# --- runners that are lost


class Group:
    """As much of RLlib's group of runners as is watched."""

    def __init__(self, *healthy: int, remote: int = 2) -> None:
        self.healthy = list(healthy)
        self.remote = remote
        self.env_runner_group = self

    def num_remote_workers(self) -> int:
        return self.remote

    def healthy_worker_ids(self) -> list[int]:
        return self.healthy


def iteration(*, steps: int = 10, restarts: int = 0, **facts: int) -> Iteration:
    event = {"event": "game_restarted", "runner": 1, "message": "Game 0 exited with code 3."}
    report = GamesReport(1, {}, {"red": steps}, steps, Timing(), 0.0, (event,) * restarts)
    return Iteration.of({"env_runners": {"games": {"reports": [report]}}, "fault_tolerance": facts}, 1.0)


def test_a_lost_runner_is_told_once() -> None:
    told: list[str] = []
    group = Group(1, 2)
    watch = RunnerWatch(group, 10.0, told.append)  # type: ignore[arg-type]
    watch.check(iteration())
    group.healthy = [1]
    watch.check(iteration())
    watch.check(iteration())
    assert told == ["Env runner 2 died; 1 of 2 play on."]


def test_games_that_die_too_often_end_the_run() -> None:
    watch = RunnerWatch(Group(remote=0), 10.0, lambda _told: None)  # type: ignore[arg-type]
    watch.check(iteration(restarts=MAX_RESTARTS))
    with pytest.raises(GameCrashedError, match="exited with code 3"):
        watch.check(iteration(restarts=1))


def test_runners_that_die_too_often_end_the_run() -> None:
    watch = RunnerWatch(Group(1, 2), 10.0, lambda _told: None)  # type: ignore[arg-type]
    watch.check(iteration(num_remote_worker_restarts=MAX_RESTARTS))
    with pytest.raises(RunnersLostError, match="11 times"):
        watch.check(iteration(num_remote_worker_restarts=MAX_RESTARTS + 1))


def test_runners_that_send_nothing_end_the_run() -> None:
    now = [0.0]
    watch = RunnerWatch(Group(1, 2), 10.0, lambda _told: None, clock=lambda: now[0])  # type: ignore[arg-type]
    now[0] = 29.0
    watch.check(iteration(steps=0))
    now[0] = 31.0
    with pytest.raises(RunnersLostError, match="31 seconds") as caught:
        watch.check(iteration(steps=0))
    assert "sample_timeout_s" in str(caught.value.hint)


def test_a_fault_that_a_runner_tells_of_ends_the_run_with_its_own_words(ray_for_all: None) -> None:
    told: list[str] = []
    now = [0.0]
    watch = RunnerWatch(Group(1), 10.0, told.append, clock=lambda: now[0])  # type: ignore[arg-type]
    assert not watch.is_hopeless()
    fault = GameFault("Game 0: agent Puck: reward is inf.", code="data", hint="Look at it.")
    tell(fault)
    tell(GameFault("Another one, later."))
    now[0] = LOOK_EVERY_S
    assert watch.is_hopeless()
    with pytest.raises(GameFault, match="reward is inf") as caught:
        watch.check(iteration())
    assert (caught.value.code, caught.value.hint) == ("data", "Look at it.")
    assert told == [], "that a runner is missing is nothing to tell then"
    assert not RunnerWatch(Group(1), 10.0, told.append).is_hopeless(), "the next run begins anew"  # type: ignore[arg-type]


def test_the_reason_is_found_behind_what_ray_makes_of_it() -> None:
    reason = GameStartError("Game 0 exited.", hint="Look.")
    task = RayTaskError("make", "…", reason)
    assert root_cause(ActorDiedError(task)) is reason
    wrapped = RuntimeError()
    wrapped.__cause__ = reason
    assert root_cause(wrapped) is reason
    bug = ValueError("a bug")
    assert root_cause(bug) is bug
    assert isinstance(root_cause(ActorDiedError()), RunnersLostError)


# --- a stop that is in a hurry


def test_what_takes_too_long_after_a_stop_is_broken_off() -> None:
    stopping = threading.Event()
    with pytest.raises(BrokenOff), breakable(stopping.is_set, 0.05):
        stopping.set()
        threading.Event().wait(30)


def test_what_ends_in_time_is_not() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with breakable(lambda: True, 30.0):
        pass
    with breakable(lambda: False, 0.001):
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 0.15)
    assert signal.getsignal(signal.SIGUSR1) == before


def test_it_is_broken_off_even_if_an_error_handler_swallows_it_once() -> None:
    def stubborn() -> None:
        try:
            threading.Event().wait(30)
        except BaseException:
            threading.Event().wait(30)

    with pytest.raises(BrokenOff), breakable(lambda: True, 0.05):
        stubborn()


def test_what_ray_makes_of_it_is_still_a_stop() -> None:
    def like_ray() -> None:
        try:
            threading.Event().wait(30)
        except BrokenOff:
            raise KeyboardInterrupt from None

    with pytest.raises(BrokenOff), breakable(lambda: True, 0.05):
        like_ray()
    with pytest.raises(KeyboardInterrupt) as caught, breakable(lambda: False, 0.05):
        raise KeyboardInterrupt
    assert not isinstance(caught.value, BrokenOff)
