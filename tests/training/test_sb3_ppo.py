"""Rollouts over sections fill SB3's buffer with what SB3 itself would have put there."""

from __future__ import annotations

import zipfile
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from rl_studio_training.fleet_batch import FleetBatch, FleetGroup
from rl_studio_training.sb3_ppo import FleetPPO
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions
from rl_studio_training.timing import Timing
from rl_studio_training.vec_env import GodotVecEnv

BOX = {"obs": {"space": "box", "size": [3]}}
TWO_KEYS = {"a": {"space": "box", "size": [2]}, "b": {"space": "discrete", "size": 9}}
MOVE = {"move": {"action_type": "continuous", "size": 2}}
TURN = {"turn": {"action_type": "discrete", "size": 4}}
JUMP = {**TURN, "jump": {"action_type": "discrete", "size": 2}}
GAMMA = 0.9


class FakeFleet:
    """Six agents in three games without any game: what an agent sees tells who it is and how far it got.

    Agent r's episodes last 3 + r % 3 steps; those of odd agents are cut off.
    """

    def __init__(self, sections: int, observations: dict[str, Any], actions: dict[str, Any]) -> None:
        codec = ObservationCodec(observations, lambda _row, _key: None)
        self.groups = [
            FleetGroup("walker", codec, ActionCodec(parse_actions(actions)), np.arange(6), 0, False)
        ]
        self.n_rows = 6
        self.games = [SimpleNamespace(instance=number, render_mode=None) for number in range(3)]
        self.rows = [slice(0, 2), slice(2, 4), slice(4, 6)]
        self.sections = [[0, 1, 2]] if sections == 1 else [[0, 1], [2]]
        self.section_rows = [slice(0, 6)] if sections == 1 else [slice(0, 4), slice(4, 6)]
        self.timing = Timing()
        self.calls: list[tuple[str, int]] = []
        self._keyed = len(observations) > 1
        self._age = np.zeros(6, dtype=np.int64)
        self._actions: dict[int, NDArray[Any]] = {}

    def reset(self, seed: int | None = None) -> FleetBatch:
        nobody = np.zeros(6, dtype=bool)
        return FleetBatch(
            self._observe(np.arange(6), self._age), np.zeros(6, np.float32), nobody, nobody, nobody
        )

    def send(self, section: int, actions: NDArray[Any]) -> None:
        self.calls.append(("send", section))
        self._actions[section] = actions.copy()

    def receive(self, section: int) -> FleetBatch:
        self.calls.append(("receive", section))
        agents = np.arange(6)[self.section_rows[section]]
        rewards = reward(agents, self._actions.pop(section))
        self._age[agents] += 1
        ended = self._age[agents] == 3 + agents % 3
        truncated = ended & (agents % 2 == 1)
        last = self._observe(agents[ended], self._age[agents[ended]])
        self._age[agents[ended]] = 0
        infos = {int(row): {"episode": {"r": 1.0, "l": 3, "t": 0.0}} for row in np.flatnonzero(ended)}
        seen = self._observe(agents, self._age[agents])
        return FleetBatch(
            seen,
            rewards,
            ended & ~truncated,
            truncated,
            ended,
            last if ended.any() else None,
            None,
            infos,
        )

    def _observe(self, agents: NDArray[Any], age: NDArray[Any]) -> Any:
        numbers = np.stack([agents / 6, age / 5, np.full(len(agents), 0.5)], axis=1).astype(np.float32)
        return {"a": numbers[:, :2], "b": age.copy()} if self._keyed else numbers

    def close(self) -> None:
        pass


def reward(agents: NDArray[Any], actions: NDArray[Any]) -> NDArray[np.float32]:
    """What each agent gets for its action; continuous ones count within -1 … 1, as a game takes them."""
    taken = actions.reshape(len(agents), -1)
    taken = np.clip(taken, -1.0, 1.0) if taken.dtype == np.float32 else taken
    return (agents + taken.sum(axis=1)).astype(np.float32)


class Ear(BaseCallback):
    """Counts steps; ends training at step `stop_at`."""

    def __init__(self, stop_at: int = 10**9) -> None:
        super().__init__()
        self.steps: list[int] = []
        self.rollouts = 0
        self._stop_at = stop_at

    def _on_step(self) -> bool:
        self.steps.append(self.num_timesteps)
        return len(self.steps) < self._stop_at

    def _on_rollout_end(self) -> None:
        self.rollouts += 1


def learn(
    algorithm: type[PPO],
    sections: int = 1,
    observations: dict[str, Any] = BOX,
    actions: dict[str, Any] = MOVE,
    callback: BaseCallback | None = None,
    rollouts: int = 3,
) -> tuple[Any, FakeFleet]:
    """Trains for some rollouts of 8 steps; the last buffer is left unshuffled."""
    fleet = FakeFleet(sections, observations, actions)
    env = GodotVecEnv(fleet)  # type: ignore[arg-type]
    kind = "MultiInputPolicy" if len(observations) > 1 else "MlpPolicy"
    model = algorithm(
        kind, env, n_steps=8, batch_size=16, n_epochs=2, gamma=GAMMA, learning_rate=0.01, seed=4, device="cpu"
    )
    ear = callback or Ear()
    model.learn((rollouts - 1) * 48, callback=ear, log_interval=None)
    model.collect_rollouts(env, ear, model.rollout_buffer, 8)
    return model, fleet


def buffer_of(model: Any) -> dict[str, NDArray[Any]]:
    buffer = model.rollout_buffer
    names = ("actions", "rewards", "values", "log_probs", "episode_starts", "advantages", "returns")
    seen = buffer.observations if isinstance(buffer.observations, dict) else {"": buffer.observations}
    return {name: getattr(buffer, name) for name in names} | {f"obs {key}": v for key, v in seen.items()}


@pytest.mark.parametrize("actions", [MOVE, TURN, JUMP])
@pytest.mark.parametrize("observations", [BOX, TWO_KEYS])
def test_one_section_is_what_sb3_collects(observations: dict[str, Any], actions: dict[str, Any]) -> None:
    ours, _ = learn(FleetPPO, 1, observations, actions)
    theirs, _ = learn(PPO, 1, observations, actions)
    expected = buffer_of(theirs)
    for name, found in buffer_of(ours).items():
        assert (found.shape, found.dtype) == (expected[name].shape, expected[name].dtype)
        np.testing.assert_allclose(found, expected[name], atol=2e-5, err_msg=name)
    assert ours.num_timesteps == theirs.num_timesteps
    assert len(ours.ep_info_buffer) == len(theirs.ep_info_buffer)


@pytest.mark.parametrize("observations", [BOX, TWO_KEYS])
def test_two_sections_put_everything_in_its_place(observations: dict[str, Any]) -> None:
    model, fleet = learn(FleetPPO, 2, observations)
    buffer, agents = model.rollout_buffer, np.arange(6)
    seen = buffer.observations["a"] if isinstance(buffer.observations, dict) else buffer.observations
    np.testing.assert_allclose(seen[..., 0], np.tile(agents / 6, (8, 1)), atol=1e-6)
    ages = np.rint(seen[..., 1] * 5).astype(int)
    np.testing.assert_array_equal(buffer.episode_starts, ages == 0)
    np.testing.assert_array_equal(ages[1:], np.where(ages[:-1] + 1 == 3 + agents % 3, 0, ages[:-1] + 1))
    plain = np.stack([reward(agents, row) for row in buffer.actions])
    cut = (ages + 1 == 3 + agents % 3) & (agents % 2 == 1)
    last = fleet._observe(np.nonzero(cut)[1], ages[cut] + 1)
    with torch.no_grad():
        values = model.policy.predict_values(model.policy.obs_to_tensor(last)[0]).numpy().flatten()
        now = model.policy.predict_values(model.policy.obs_to_tensor(model._last_obs)[0])
    expected = plain.copy()
    expected[cut] += GAMMA * values
    assert cut.any()
    np.testing.assert_allclose(buffer.rewards, expected, atol=1e-5)
    advantages = buffer.advantages.copy()
    buffer.compute_returns_and_advantage(now, model._last_episode_starts)
    np.testing.assert_allclose(advantages, buffer.advantages, atol=1e-5)


def test_one_section_simulates_while_the_policy_decides_for_the_other() -> None:
    _, fleet = learn(FleetPPO, 2, rollouts=1)
    assert fleet.calls[:8] == [
        ("send", 0),
        ("send", 1),
        *[("receive", 0), ("send", 0), ("receive", 1), ("send", 1), ("receive", 0), ("send", 0)],
    ]
    assert fleet.calls[-2:] == [("receive", 0), ("receive", 1)]


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = (learn(FleetPPO, 2)[0].policy.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_callback_hears_of_every_step_and_may_end_training() -> None:
    ear = Ear()
    learn(FleetPPO, 2, callback=ear, rollouts=2)
    assert ear.steps[:8] == list(range(6, 54, 6))
    assert ear.rollouts == 2
    fleet = FakeFleet(2, BOX, MOVE)
    model = FleetPPO("MlpPolicy", GodotVecEnv(fleet), n_steps=8, batch_size=16, device="cpu")  # type: ignore[arg-type]
    model.learn(480, callback=Ear(stop_at=11), log_interval=None)
    assert model.num_timesteps == 66


def test_time_is_counted_for_the_policy_and_for_the_update() -> None:
    model, _ = learn(FleetPPO, 2)
    assert model.spent.policy_s > 0.0
    assert model.spent.update_s > 0.0


def test_the_saved_file_is_one_of_sb3(tmp_path: Any) -> None:
    model, _ = learn(FleetPPO)
    path = tmp_path / "model.zip"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert b"rl_studio" not in archive.read(name), name
    loaded = PPO.load(path, device="cpu")
    row = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(
        loaded.predict(row, deterministic=True)[0], model.predict(row, deterministic=True)[0]
    )
