"""Networks and modules of RLlib's policies: shapes, normalization, memory, and what inference needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from ray.rllib.core.columns import Columns

from rl_studio_training.rllib_modules import SETTINGS, ActorCriticModule, QModule, SoftModule
from rl_studio_training.rllib_networks import Inputs, NetworkSettings, Trunk

pytestmark = pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning")

BOX = spaces.Box(-1.0, 1.0, (3,), np.float32)
SEEN = spaces.Dict(
    {
        "camera_2d": spaces.Box(0, 255, (3, 8, 8), np.uint8),
        "lamp": spaces.Discrete(4),
        "rays": spaces.Box(-1.0, 1.0, (2, 5), np.float32),
    }
)
DQN = {
    "double_q": True,
    "dueling": False,
    "num_atoms": 1,
    "v_min": 0.0,
    "v_max": 0.0,
    "epsilon": [[0, 1.0], [9, 0.0]],
}


def batch_of(space: spaces.Space[Any], rows: int) -> Any:
    found = [space.sample() for _ in range(rows)]
    if isinstance(space, spaces.Dict):
        return {key: torch.from_numpy(np.stack([one[key] for one in found])) for key in space.spaces}
    return torch.from_numpy(np.stack(found))


def module_of(
    kind: Any,
    space: spaces.Space[Any],
    actions: spaces.Space[Any],
    *,
    inference_only: bool = False,
    **settings: Any,
) -> Any:
    more = {"max_seq_len": 4} if settings.get("network") == "lstm" else {}
    more |= DQN if kind is QModule else {"twin_q": True} if kind is SoftModule else {}
    return kind(
        observation_space=space,
        action_space=actions,
        model_config={SETTINGS: {"hidden_layers": (8,), "cnn_channels": (2,), **settings}, **more},
        inference_only=inference_only,
    )


def test_inputs_keep_pictures_apart_and_spread_choices() -> None:
    inputs = Inputs(SEEN, normalize=False)
    batch = batch_of(SEEN, 5)
    rows, (picture,) = inputs(batch)
    assert (rows.shape, inputs.width) == ((5, 14), 14)
    np.testing.assert_array_equal(rows[:, :10], batch["rays"].flatten(1))
    np.testing.assert_array_equal(rows[:, 10:].argmax(1), batch["lamp"])
    assert picture.shape == (5, 3, 8, 8)
    assert 0.0 <= float(picture.min()) <= float(picture.max()) <= 1.0


@pytest.mark.parametrize("network", ["mlp", "gated"])
def test_a_trunk_respects_the_shape_of_pictures(network: str) -> None:
    inputs = Inputs(SEEN, normalize=False)
    trunk = Trunk(inputs, NetworkSettings(network, (16, 7), "elu", (4, 6)), extra=2)
    convolutions = [layer for layer in trunk.eyes[0] if isinstance(layer, torch.nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == [(3, 4), (4, 6)]
    assert trunk(*inputs(batch_of(SEEN, 5)), torch.zeros(5, 2)).shape == (5, 7)


def test_normalization_learns_mean_and_spread() -> None:
    inputs = Inputs(BOX, normalize=True)
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(rng.normal([5.0, -2.0, 0.0], [2.0, 0.5, 1.0], (400, 3)).astype(np.float32))
    for part in rows.split([100, 250, 50]):
        inputs.learn(part)
    np.testing.assert_allclose(inputs.mean, rows.mean(0), atol=1e-4)
    np.testing.assert_allclose(inputs.variance, rows.var(0, correction=0), rtol=1e-3)
    scaled, _ = inputs(rows)
    np.testing.assert_allclose(scaled.mean(0), 0.0, atol=1e-3)
    plain = Inputs(BOX, normalize=False)
    plain.learn(rows)
    np.testing.assert_array_equal(plain(rows)[0], rows)


def test_memory_carries_over_single_steps_as_over_a_sequence() -> None:
    module = module_of(ActorCriticModule, BOX, spaces.Discrete(3), network="lstm", lstm_hidden_size=5)
    assert module.is_stateful()
    seen = torch.randn(2, 4, 3)
    state = {name: value.repeat(2, 1) for name, value in module.get_initial_state().items()}
    with torch.no_grad():
        whole = module._forward({Columns.OBS: seen, Columns.STATE_IN: state})
        for step in range(4):
            single = module._forward({Columns.OBS: seen[:, step : step + 1], Columns.STATE_IN: state})
            state = single[Columns.STATE_OUT]
            expected = whole[Columns.ACTION_DIST_INPUTS][:, step]
            np.testing.assert_allclose(single[Columns.ACTION_DIST_INPUTS][:, 0], expected, atol=1e-6)
        values = module.compute_values(
            {Columns.OBS: seen, Columns.STATE_IN: {n: v * 0 for n, v in state.items()}}
        )
    for name in ("h", "c"):
        np.testing.assert_allclose(state[name], whole[Columns.STATE_OUT][name], atol=1e-6)
    assert values.shape == (2, 4)


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        (ActorCriticModule, BOX),
        (QModule, spaces.Discrete(3)),
        (SoftModule, BOX),
        (SoftModule, spaces.Discrete(3)),
    ],
)
def test_runners_take_over_the_weights_of_the_learner(kind: Any, actions: spaces.Space[Any]) -> None:
    learner = module_of(kind, SEEN, actions, normalize=True)
    learner.make_target_networks()
    learner.inputs.learn(batch_of(SEEN, 20))
    runner = module_of(kind, SEEN, actions, normalize=True, inference_only=True)
    assert len(runner.state_dict()) < len(learner.state_dict())
    runner.set_state(learner.get_state(inference_only=True))
    batch = {Columns.OBS: batch_of(SEEN, 4)}
    with torch.no_grad():
        first, second = (module._forward_inference(batch) for module in (learner, runner))
    for column in first:
        np.testing.assert_array_equal(first[column], second[column])


def test_the_best_actions_of_sac_are_within_the_limits() -> None:
    module = module_of(SoftModule, BOX, spaces.Box(-1.0, 1.0, (2,), np.float32))
    with torch.no_grad():
        module.pi.bias[:2] = torch.tensor([3.0, -0.5])
        actions = module._forward_inference({Columns.OBS: torch.zeros(1, 3)})[Columns.ACTIONS]
    np.testing.assert_allclose(actions[0], np.tanh([3.0, -0.5]), atol=1e-2)


def test_dqn_explores_less_and_less() -> None:
    module = module_of(QModule, BOX, spaces.Discrete(3))
    batch = {Columns.OBS: torch.zeros(300, 3)}
    with torch.no_grad():
        module.af.bias[1] = 5.0
        early = module._forward_exploration(batch, t=0)[Columns.ACTIONS]
        late = module._forward_exploration(batch, t=9)[Columns.ACTIONS]
    assert set(early.tolist()) == {0, 1, 2}
    assert set(late.tolist()) == {1}
