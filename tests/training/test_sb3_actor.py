"""The lean way to choose actions is the same as SB3's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy, MultiInputActorCriticPolicy
from torch import nn

from rl_studio_training.sb3_actor import LeanActor, PolicyActor, make_actor

BOX = spaces.Box(-np.inf, np.inf, (7,), np.float32)
ACTIONS: dict[str, spaces.Space[Any]] = {
    "gaussian": spaces.Box(-1.0, 1.0, (3,), np.float32),
    "categorical": spaces.Discrete(4),
    "multi-categorical": spaces.MultiDiscrete([3, 2, 5]),
}


def policy_for(actions: spaces.Space[Any], activation: type[nn.Module] = nn.Tanh) -> ActorCriticPolicy:
    torch.manual_seed(3)
    policy = ActorCriticPolicy(
        BOX, actions, lambda _: 1e-3, net_arch=[16, 8], activation_fn=activation, ortho_init=False
    )
    if hasattr(policy, "log_std"):
        policy.log_std.data += torch.tensor([-0.5, 0.0, 0.7])
    return policy


@pytest.mark.parametrize("rows", [1, 5, 40])
@pytest.mark.parametrize("actions", ACTIONS.values(), ids=ACTIONS)
def test_the_same_seed_gives_what_sb3_gives(actions: spaces.Space[Any], rows: int) -> None:
    policy = policy_for(actions)
    seen = np.random.default_rng(0).normal(size=(rows, 7)).astype(np.float32)
    torch.manual_seed(9)
    expected = PolicyActor(policy).act(seen)
    torch.manual_seed(9)
    found = LeanActor(policy).act(seen)
    for one, other in zip(found, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.ELU])
def test_values_are_those_of_sb3(activation: type[nn.Module]) -> None:
    policy = policy_for(ACTIONS["categorical"], activation)
    seen = np.random.default_rng(0).normal(size=(6, 7)).astype(np.float32)
    np.testing.assert_allclose(LeanActor(policy).values(seen), PolicyActor(policy).values(seen), atol=1e-6)


def test_it_follows_the_weights_through_an_update() -> None:
    policy = policy_for(ACTIONS["gaussian"])
    lean, seen = LeanActor(policy), np.ones((2, 7), np.float32)
    before = lean.values(seen)
    policy.evaluate_actions(torch.ones(2, 7), torch.ones(2, 3))[0].sum().backward()
    policy.optimizer.step()
    assert abs(lean.values(seen) - before).min() > 1e-5
    np.testing.assert_allclose(lean.values(seen), PolicyActor(policy).values(seen), atol=1e-6)


def test_the_observations_are_left_as_they_are() -> None:
    seen = np.ones((2, 7), np.float32)
    LeanActor(policy_for(ACTIONS["gaussian"], nn.ReLU)).act(seen)
    assert (seen == 1.0).all()


def test_policies_of_another_kind_are_left_to_sb3() -> None:
    several = spaces.Dict({"a": BOX, "b": BOX})
    mixed = MultiInputActorCriticPolicy(several, ACTIONS["gaussian"], lambda _: 1e-3)
    unknown = policy_for(ACTIONS["gaussian"], nn.Softplus)
    assert isinstance(make_actor(mixed), PolicyActor)
    assert isinstance(make_actor(unknown), PolicyActor)
    assert isinstance(make_actor(policy_for(ACTIONS["gaussian"])), LeanActor)
    row = {"a": np.ones((2, 7), np.float32), "b": np.ones((2, 7), np.float32)}
    actions, values, log_probs = make_actor(mixed).act(row)
    assert (actions.shape, values.shape, log_probs.shape) == ((2, 3), (2,), (2,))
