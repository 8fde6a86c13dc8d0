"""With agents that are always there our algorithms learn what those of SB3 and sb3-contrib learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecNormalize

from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.sb3_algorithms import ALGORITHMS, StudioDQN
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.vec_env import GodotVecEnv
from training.fake_fleet import BOX, MOVE, TURN, TWO_KEYS, FakeFleet

CHOICES = 4


class PlainDQN(DQN):
    """SB3's DQN with our way to explore, the only thing in which it differs."""

    predict = StudioDQN.predict  # type: ignore[assignment]


THEIRS: dict[str, type[BaseAlgorithm]] = {
    "ppo": PPO,
    "a2c": A2C,
    "maskable_ppo": MaskablePPO,
    "recurrent_ppo": RecurrentPPO,
    "sac": SAC,
    "td3": TD3,
    "dqn": PlainDQN,
}
OFF_POLICY = ("sac", "td3", "dqn")


class MaskedFleet(FakeFleet):
    """Agent r may do all but choice r % 4."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, masks=True)

    def reset(self, seed: int | None = None) -> FleetBatch:
        return self._masked(super().reset(seed), 0)

    def receive(self, section: int) -> FleetBatch:
        return self._masked(super().receive(section), self.section_rows[section].start)

    @staticmethod
    def _masked(batch: FleetBatch, first: int) -> FleetBatch:
        rows = np.arange(first, first + len(batch.rewards))
        batch.masks = np.arange(CHOICES) != rows[:, None] % CHOICES
        return batch


def weights(
    kind: type[BaseAlgorithm], algorithm: str, sections: int, observations: dict[str, Any], normalizes: bool
) -> dict[str, NDArray[Any]]:
    actions = TURN if algorithm in ("dqn", "maskable_ppo") else MOVE
    fleet = (MaskedFleet if algorithm == "maskable_ppo" else FakeFleet)(sections, observations, actions)
    games = GodotVecEnv(fleet)  # type: ignore[arg-type]
    env: Any = games
    if normalizes and kind is THEIRS[algorithm]:
        env = VecNormalize(games, norm_obs_keys=["a"] if observations is TWO_KEYS else None)
    elif normalizes:
        env = StudioNormalize(games, observations=True, rewards=True, limit=10.0, gamma=0.99)
    fields: dict[str, Any] = {"n_steps": 8}
    if algorithm in OFF_POLICY:
        fields = {"buffer_size": 100, "learning_starts": 12, "batch_size": 8, "train_freq": 2}
        fields |= {"target_update_interval": 40} if algorithm == "dqn" else {}
    elif algorithm != "a2c":
        fields |= {"batch_size": 16, "n_epochs": 2}
    suffix = "LstmPolicy" if algorithm == "recurrent_ppo" else "Policy"
    policy = ("MultiInput" if observations is TWO_KEYS else "Mlp") + suffix
    model = kind(policy, env, learning_rate=0.01, seed=4, device="cpu", **fields)  # type: ignore[arg-type]
    model.set_logger(Logger(None, []))
    model.learn(240, log_interval=None)  # type: ignore[arg-type]
    return {name: tensor.numpy() for name, tensor in model.policy.state_dict().items()}


@pytest.mark.parametrize("normalizes", [False, True])
@pytest.mark.parametrize("observations", [BOX, TWO_KEYS], ids=["box", "two keys"])
@pytest.mark.parametrize("algorithm", THEIRS)
def test_the_weights_are_those_of_sb3(algorithm: str, observations: dict[str, Any], normalizes: bool) -> None:
    torch.set_num_threads(1)
    # Of ppo and a2c only one section is what SB3 does: it never decides for some games while others are at work.
    sections = 1 if algorithm in ("ppo", "a2c") else 2
    ours = weights(ALGORITHMS[algorithm], algorithm, sections, observations, normalizes)
    theirs = weights(THEIRS[algorithm], algorithm, sections, observations, normalizes)
    assert ours.keys() == theirs.keys()
    # Rollouts value all observations at which episodes were cut off at once, which rounds a little differently.
    limit = 0.0 if algorithm in OFF_POLICY else 2e-5
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, rtol=0, atol=limit, err_msg=name)
