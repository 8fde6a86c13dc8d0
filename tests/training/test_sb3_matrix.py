"""Every algorithm of SB3 with every kind of observation and action: trains, saves, loads, decides the same.

One pair per algorithm, and each odd observation once, run by default; `make test-all` runs the whole matrix.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.errors import SpacesError
from rl_studio_training.sb3_algorithms import check_spaces
from rl_studio_training.sb3_model import build_model, has_finite_weights, load_into, save_model, wrap_env
from rl_studio_training.sb3_player import SB3Player
from rl_studio_training.sb3_policy import load_policy
from rl_studio_training.spaces import parse_actions
from rl_studio_training.vec_env import GodotVecEnv
from training.conftest import MakeFleet
from training.fake_game import ACTIONS

SEEN = {"flat": "", "two_keys": "extra", "lamp": "lamp", "picture": "camera_2d"}
SUPPORTED = {
    "ppo": ("continuous", "discrete", "multidiscrete", "mixed"),
    "a2c": ("continuous", "discrete", "multidiscrete", "mixed"),
    "recurrent_ppo": ("continuous", "discrete", "multidiscrete", "mixed"),
    "maskable_ppo": ("discrete", "multidiscrete"),
    "sac": ("continuous", "mixed"),
    "td3": ("continuous", "mixed"),
    "dqn": ("discrete",),
}
FAST = {
    ("ppo", "picture", "mixed", "mlp"),
    ("a2c", "two_keys", "multidiscrete", "mlp"),
    ("recurrent_ppo", "flat", "continuous", "gated"),
    ("recurrent_ppo", "picture", "discrete", "mlp"),
    ("maskable_ppo", "lamp", "multidiscrete", "mlp"),
    ("sac", "flat", "mixed", "mlp"),
    ("td3", "picture", "continuous", "gated"),
    ("dqn", "two_keys", "discrete", "mlp"),
    ("dqn", "flat", "discrete", "gated"),
}
STEPS = 240


CASES = [
    (algorithm, seen, actions, network)
    for algorithm, supported in SUPPORTED.items()
    for seen in SEEN
    for actions in supported
    for network in ("mlp", "gated")
]
MATRIX = [
    pytest.param(*case, marks=[] if case in FAST else pytest.mark.matrix, id="-".join(case)) for case in CASES
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in a training: more threads than cores to spare take many times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def config_for(algorithm: str, network: str, **others: Any) -> SB3Config:
    """Small enough to train in a second."""
    fields: dict[str, Any] = {"hidden_layers": [16, 8], "network": network, "cnn_channels": [4, 4], **others}
    if algorithm in ("sac", "td3", "dqn"):
        fields |= {"buffer_size": 500, "learning_starts": 40, "batch_size": 16}
    elif algorithm != "a2c":
        fields |= {"n_steps": 16, "batch_size": 16, "n_epochs": 2}
    if algorithm == "recurrent_ppo":
        fields["lstm_hidden_size"] = 6
    if algorithm == "dqn":
        fields["target_update_interval"] = 50
    return SB3Config(algorithm=algorithm, total_timesteps=STEPS, **fields)


def make_env(make_fleet: MakeFleet, algorithm: str, seen: str, actions: str) -> GodotVecEnv:
    """Two agents of a fake game."""
    extra = {"see": SEEN[seen]} | ({"masks": "1"} if algorithm == "maskable_ppo" else {})
    return GodotVecEnv(make_fleet((actions,), extra=extra))


def write_description(folder: Path, config: SB3Config, env: GodotVecEnv) -> None:
    """What a training says about its checkpoint."""
    info = env.games[0].env_info
    wire = {"observation_space": info.observation_spaces[0], "action_space": info.action_spaces[0]}
    facts = {"trainer": "sb3", "timesteps": STEPS, "config": config.complete(), "policies": {"walker": wire}}
    (folder / "checkpoint.json").write_text(json.dumps(facts))


def decide(player: SB3Player, env: GodotVecEnv) -> list[NDArray[Any]]:
    """What a player does in some steps of the game, with what it remembers of those before."""
    observations: Any = env.reset()
    actions, state = [], None
    for _ in range(7):
        chosen, state = player.act(observations, state)
        actions.append(chosen)
        observations, _, ended, _ = env.step(chosen)
        state = player.forget(state, ended)
    return actions


@pytest.mark.parametrize(("algorithm", "seen", "actions", "network"), MATRIX)
def test_it_trains_saves_loads_and_decides_the_same(
    tmp_path: Path, make_fleet: MakeFleet, algorithm: str, seen: str, actions: str, network: str
) -> None:
    games = make_env(make_fleet, algorithm, seen, actions)
    config = config_for(algorithm, network, normalize_observations=True, normalize_rewards=True)
    env = wrap_env(config, games)
    model = build_model(config, env)
    before = {name: tensor.clone() for name, tensor in model.policy.state_dict().items()}
    model.learn(STEPS, log_interval=None)  # type: ignore[arg-type]
    assert model.num_timesteps >= STEPS
    assert has_finite_weights(model)
    assert any(not torch.equal(before[name], now) for name, now in model.policy.state_dict().items())
    assert min(model.spent.policy_s, model.spent.update_s) > 0.0

    folder = tmp_path / "step_000000000240"
    folder.mkdir()
    save_model(model, folder)
    write_description(folder, config, games)
    expected = decide(SB3Player.of(model), games)

    np.testing.assert_array_equal(decide(load_policy(folder).player(), games), expected)
    other = config.model_copy(update={"seed": 5})
    again = build_model(other, wrap_env(other, games))
    load_into(again, folder)
    np.testing.assert_array_equal(decide(SB3Player.of(again), games), expected)


UNSUPPORTED = [
    (algorithm, actions)
    for algorithm, supported in SUPPORTED.items()
    for actions in ("continuous", "discrete", "multidiscrete", "mixed")
    if actions not in supported
]
WORDS = {
    "sac": "sac needs continuous actions; this game has ",
    "td3": "td3 needs continuous actions; this game has ",
    "dqn": "dqn needs one discrete action; this game has ",
    "maskable_ppo": "maskable_ppo needs discrete actions only; this game has ",
}


@pytest.mark.parametrize(("algorithm", "actions"), UNSUPPORTED)
def test_other_actions_are_refused_by_name(algorithm: str, actions: str) -> None:
    parts = parse_actions(ACTIONS[actions])
    with pytest.raises(SpacesError, match=WORDS[algorithm]) as caught:
        check_spaces(algorithm, parts, False)
    assert all(f"{part.name} {part.kind} {part.size}" in caught.value.message for part in parts)
    assert caught.value.hint is not None
    suggested = caught.value.hint.removeprefix("Use ").removesuffix(".").split(" or ")
    assert all(actions in SUPPORTED[name] for name in suggested)


@pytest.mark.parametrize("algorithm", ["sac", "td3"])
def test_agents_with_masks_are_sent_to_the_algorithm_that_obeys_them(algorithm: str) -> None:
    with pytest.raises(SpacesError) as caught:
        check_spaces(algorithm, parse_actions(ACTIONS["discrete"]), True)
    assert caught.value.hint == "Use maskable_ppo, which obeys the agents' action masks."


def test_the_refusal_comes_before_training(make_fleet: MakeFleet) -> None:
    games = make_env(make_fleet, "dqn", "flat", "continuous")
    with pytest.raises(SpacesError, match="this game has move continuous 2") as caught:
        build_model(config_for("dqn", "mlp"), games)
    assert caught.value.hint == "Use ppo or sac."


def test_maskable_ppo_wants_masks(make_fleet: MakeFleet) -> None:
    games = make_env(make_fleet, "ppo", "flat", "discrete")
    with pytest.raises(SpacesError, match="the agents of this game have none"):
        build_model(config_for("maskable_ppo", "mlp"), games)
