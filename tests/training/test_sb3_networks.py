"""Networks: pictures of any shape, gates, and a memory that is carried on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import ConvertCallback
from torch import nn

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.sb3_model import build_model
from rl_studio_training.sb3_networks import GatedLayer, PictureExtractor
from rl_studio_training.sb3_player import SB3Player
from training.fake_fleet import BOX, MOVE, TURN, make_env

ALGORITHMS = {
    "ppo": MOVE,
    "a2c": MOVE,
    "recurrent_ppo": MOVE,
    "maskable_ppo": TURN,
    "sac": MOVE,
    "td3": MOVE,
    "dqn": TURN,
}


def model_for(algorithm: str, observations: dict[str, Any] = BOX, **fields: Any) -> Any:
    """An untrained model."""
    if algorithm in ("sac", "td3", "dqn"):
        fields["buffer_size"] = 1000
    config = SB3Config(algorithm=algorithm, **fields)  # type: ignore[arg-type]
    return build_model(
        config, make_env(observations, ALGORITHMS[algorithm], masks=algorithm == "maskable_ppo")
    )


@pytest.mark.parametrize(
    ("shape", "features"),
    [((3, 8, 8), 5 * 2 * 2), ((3, 2, 9), 5 * 1 * 3), ((1, 1, 1), 5), ((4, 36, 7), 5 * 9 * 2)],
)
def test_pictures_of_any_shape_pass(shape: tuple[int, ...], features: int) -> None:
    space = spaces.Dict(
        {"camera_2d": spaces.Box(0, 255, shape, np.uint8), "obs": spaces.Box(-1.0, 1.0, (3,), np.float32)}
    )
    extractor = PictureExtractor(space, [4, 5])
    assert extractor.features_dim == features + 3
    seen = {"camera_2d": torch.rand(2, *shape), "obs": torch.ones(2, 3)}
    assert extractor(seen).shape == (2, features + 3)


def test_rows_and_columns_of_a_picture_are_not_mixed_up() -> None:
    space = spaces.Dict({"camera_2d": spaces.Box(0, 255, (1, 8, 8), np.uint8)})
    torch.manual_seed(0)
    extractor = PictureExtractor(space, [4])
    picture = torch.zeros(1, 1, 8, 8)
    picture[0, 0, 0, :] = 1.0
    turned = picture.transpose(2, 3)
    changed = extractor({"camera_2d": picture}).reshape(4, 4, 4) != extractor(
        {"camera_2d": torch.zeros_like(picture)}
    ).reshape(4, 4, 4)
    assert changed[:, 0, :].any()
    assert not changed[:, 1:, :].any()
    assert not torch.equal(extractor({"camera_2d": picture}), extractor({"camera_2d": turned}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_picture_lower_than_it_has_channels_reaches_the_network(algorithm: str) -> None:
    shape = {"camera_2d": {"space": "box", "size": [3, 2, 8]}}
    model = model_for(algorithm, shape, cnn_channels=[4])
    assert model.observation_space["camera_2d"].shape == (3, 2, 8)
    convolutions = [module for module in model.policy.modules() if isinstance(module, nn.Conv2d)]
    assert convolutions and all(module.out_channels == 4 for module in convolutions)
    seen: Any = {"camera_2d": np.zeros((5, 3, 2, 8), np.uint8)}
    assert len(SB3Player.of(model).act(seen)[0]) == 5


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_gated_layers_have_the_wanted_sizes(algorithm: str) -> None:
    model = model_for(algorithm, network="gated", hidden_layers=[16, 16, 8])
    gated = [module for module in model.policy.modules() if isinstance(module, GatedLayer)]
    assert {layer.norm.normalized_shape for layer in gated} == {(16,), (8,)}
    assert len(gated) % 3 == 0
    hidden = [module for module in model.policy.modules() if isinstance(module, (nn.Tanh, nn.ReLU))]
    assert len(hidden) == (2 if algorithm == "td3" else 0)  # TD3 ends its actors with a tanh
    trained = {id(weight) for group in optimizers(model) for weight in group["params"]}
    wanted = [weight for layer in gated for weight in layer.parameters() if weight.requires_grad]
    online = [weight for weight in wanted if id(weight) in trained]
    assert len(online) >= len(wanted) / 2  # target networks are not trained


def optimizers(model: Any) -> list[dict[str, Any]]:
    """The parameter groups of all optimizers."""
    policy = model.policy
    owners = [policy.actor, policy.critic] if hasattr(policy, "actor") else [policy]
    return [group for owner in owners for group in owner.optimizer.param_groups]


def test_a_gate_keeps_what_came_in() -> None:
    layer = GatedLayer(6, 6)
    for parameter in (layer.blend.weight, layer.blend.bias):
        nn.init.zeros_(parameter)
    rows = torch.randn(4, 6)
    torch.testing.assert_close(layer(rows), nn.functional.layer_norm(rows, (6,)))


def test_a_gate_chooses_between_candidate_and_context() -> None:
    layer = GatedLayer(2, 2)
    nn.init.zeros_(layer.blend.weight)
    rows = torch.zeros(1, 2)
    with torch.no_grad():
        layer.blend.bias.copy_(torch.tensor([-3.0, 1.0, 5.0, -5.0, 50.0, -50.0]))
    blended = torch.tensor([[np.expm1(-3.0), -5.0]], dtype=torch.float32)
    torch.testing.assert_close(layer(rows), nn.functional.layer_norm(blended, (2,)))


def test_a_memory_is_carried_on_and_forgotten_at_the_start_of_an_episode() -> None:
    model = model_for("recurrent_ppo", lstm_hidden_size=5, lstm_layers=2, ortho_init=False)
    player = SB3Player.of(model)
    seen = np.ones((3, 3), np.float32)
    first, state = player.act(seen)
    assert state is not None and state[0].shape == (2, 3, 5)
    second, state = player.act(seen, state)
    assert (first != second).all()
    forgotten = player.forget(state, np.array([True, False, False]))
    third, _ = player.act(seen, forgotten)
    np.testing.assert_array_equal(third[0], first[0])
    assert (third[1:] != first[1:]).all()


def test_training_carries_the_memory_and_resets_it_where_episodes_begin() -> None:
    model = model_for("recurrent_ppo", lstm_hidden_size=5, n_steps=8, batch_size=48, n_epochs=1)
    model.learn(48, log_interval=None)
    callback = ConvertCallback(lambda _locals, _globals: True)
    callback.init_callback(model)
    began = tuple(part.numpy() for part in model._last_lstm_states.pi)
    model.collect_rollouts(model.env, callback, model.rollout_buffer, 8)
    buffer, player, state = model.rollout_buffer, SB3Player.of(model), began
    assert buffer.episode_starts[1:].any() and not buffer.episode_starts.all()
    for step in range(8):
        np.testing.assert_allclose(buffer.hidden_states_pi[step], state[0], atol=1e-6)
        state = player.forget(state, buffer.episode_starts[step].astype(bool))
        _, state = player.act(buffer.observations[step], state)
