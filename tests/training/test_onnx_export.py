"""The converter on policies of Stable-Baselines3 with every network and every kind of spaces.

One file per odd pair is made by default; `make test-all` makes the whole matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rl_studio_training import sb3_export
from rl_studio_training.onnx_actions import decode_actions
from rl_studio_training.onnx_export import ExportResult, export_checkpoint
from rl_studio_training.onnx_inputs import as_observations, sample_inputs
from rl_studio_training.onnx_options import ExportOptions
from rl_studio_training.sb3_policy import load_policy
from training import exported
from training.fake_game import ACTIONS
from training.test_sb3_matrix import SUPPORTED
from training.untrained import FLAT, PICTURE, SEEN, sb3_checkpoint

FAST = {
    ("ppo", "flat", "mixed", "mlp"),
    ("ppo", "picture", "multidiscrete", "gated"),
    ("a2c", "two_keys", "continuous", "mlp"),
    ("maskable_ppo", "lamp", "multidiscrete", "mlp"),
    ("recurrent_ppo", "flat", "continuous", "gated"),
    ("recurrent_ppo", "picture", "mixed", "mlp"),
    ("sac", "lamp", "continuous", "gated"),
    ("sac", "flat", "mixed", "mlp"),
    ("td3", "two_keys", "mixed", "mlp"),
    ("td3", "flat", "continuous", "gated"),
    ("dqn", "two_keys", "discrete", "gated"),
    ("dqn", "picture", "discrete", "mlp"),
}
MATRIX = [
    pytest.param(
        *(algorithm, seen, kind, network),
        marks=[] if (algorithm, seen, kind, network) in FAST else pytest.mark.matrix,
        id=f"{algorithm}-{seen}-{kind}-{network}",
    )
    for algorithm, kinds in SUPPORTED.items()
    for seen in SEEN
    for kind in kinds
    for network in ("mlp", "gated")
]
DRAWN = {"sac": "squashed_gaussian", "td3": "deterministic", "dqn": "greedy"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the script: more threads than cores to spare take many times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def export(checkpoint: Path, output: Path, **options: Any) -> ExportResult:
    """Exports the only policy."""
    (result,) = export_checkpoint(checkpoint, str(output), sb3_export.load, ExportOptions(**options))
    return result


@pytest.mark.parametrize(("algorithm", "seen", "kind", "network"), MATRIX)
def test_the_file_acts_as_the_policy_does(
    tmp_path: Path, algorithm: str, seen: str, kind: str, network: str
) -> None:
    actions = ACTIONS[kind]
    fields: dict[str, Any] = {"lstm_layers": 2} if algorithm == "recurrent_ppo" else {}
    checkpoint = sb3_checkpoint(
        tmp_path / "c",
        SEEN[seen],
        actions,
        algorithm=algorithm,
        network=network,
        normalize_observations=True,
        cnn_channels=[4, 3],
        **fields,
    )
    output = tmp_path / "out" / "policy.onnx"
    result = export(checkpoint, output)
    assert result.max_difference <= 1e-5
    assert result.proof["observations"] >= 1000
    assert result.proof["actions"] == {"compared": result.proof["observations"], "different": 0}

    policy = load_policy(checkpoint)
    inputs = sample_inputs(policy.observations, 50, seed=1)
    starts = np.arange(50) % 20 == 0 if algorithm == "recurrent_ppo" else None
    found = exported.run(output, inputs, starts)
    assert len(np.unique(found["output"], axis=0)) > 1  # it does look at what it sees
    decoded = decode_actions(found["output"], policy.actions)
    np.testing.assert_allclose(decoded, play(policy, inputs, starts), atol=1e-5)

    continuous = "continuous" if kind == "continuous" else "discrete"
    drawn = {"continuous": "gaussian", "discrete": "categorical"}[continuous]
    told = exported.metadata(output)
    assert told["distribution"] == ("mixed" if kind == "mixed" else DRAWN.get(algorithm, drawn))
    assert ("log_std" in found) == (kind == "continuous" and algorithm != "td3")
    assert set(exported.operators(output)).isdisjoint(
        {"Cast", "Constant"} if seen == "flat" else {"Constant"}
    )


def play(policy: Any, inputs: Any, starts: Any) -> Any:
    """What SB3 itself does with these observations, one agent's decisions in order if it remembers."""
    player = policy.player()
    seen = as_observations(policy.observations, inputs)
    if starts is None:
        actions, _ = player.act(seen)
    else:
        chosen, state = [], None
        for row, is_start in enumerate(starts):
            one = {key: rows[row : row + 1] for key, rows in seen.items()} if isinstance(seen, dict) else None
            action, state = player.act(
                seen[row : row + 1] if one is None else one, None if is_start else state
            )
            chosen.append(action)
        actions = np.concatenate(chosen)
    table = np.asarray(actions, dtype=float).reshape(len(actions), -1)
    if isinstance(policy.network.action_space, spaces.Box) and len(policy.actions) > 1:
        table[:, 2] = table[:, 2] > 0
    return table


def test_normalization_of_what_never_changes_is_exact(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "c", normalize_observations=True)
    policy = load_policy(checkpoint)
    export(checkpoint, tmp_path / "policy.onnx")
    near = np.linspace(0.3 - 1e-5, 0.3 + 1e-5, 41, dtype=np.float32)  # its deviation is 1e-4
    rows = np.zeros((41, 5), np.float32)
    rows[:, 0] = near
    found = exported.run(tmp_path / "policy.onnx", {"obs": rows})["output"]
    expected, _ = policy.player().act(rows)
    np.testing.assert_allclose(np.clip(found, -1, 1), expected, atol=2e-6)


def test_log_stds_are_those_that_training_draws_with(tmp_path: Path) -> None:
    for name, limits in (("ppo", (-np.inf, np.inf)), ("sac", (-20.0, 2.0))):
        checkpoint = sb3_checkpoint(tmp_path / name, algorithm=name)
        export(checkpoint, tmp_path / f"{name}.onnx")
        network: Any = load_policy(checkpoint).network
        rows = sample_inputs(load_policy(checkpoint).observations, 40)
        found = exported.run(tmp_path / f"{name}.onnx", rows)
        tensors = torch.from_numpy(rows["obs"])
        if name == "ppo":
            expected = network.get_distribution(tensors).distribution.stddev.log()
        else:
            expected = network.actor.get_action_dist_params(tensors)[1]
        np.testing.assert_allclose(found["log_std"], expected.detach().numpy(), atol=1e-5)
        assert ((found["log_std"] >= limits[0]) & (found["log_std"] <= limits[1])).all()


def test_a_mixed_policy_has_means_log_stds_and_logits_in_wire_order(tmp_path: Path) -> None:
    actions = {
        "a_shoot": {"action_type": "discrete", "size": 2},
        "move": {"action_type": "continuous", "size": 2},
        "turn": {"action_type": "continuous", "size": 1},
    }
    for algorithm in ("ppo", "sac", "td3"):
        checkpoint = sb3_checkpoint(tmp_path / algorithm, FLAT, actions, algorithm=algorithm)
        export(checkpoint, tmp_path / "policy.onnx")
        policy = load_policy(checkpoint)
        inputs = sample_inputs(policy.observations, 30)
        found = exported.run(tmp_path / "policy.onnx", inputs)["output"]
        chosen, _ = policy.player().act(inputs["obs"])
        assert found.shape == (30, 2 + 4 + 2)
        np.testing.assert_array_equal(found[:, 0], 0.0)
        np.testing.assert_array_equal(found[:, 1] > 0, chosen[:, 0] > 0)
        np.testing.assert_allclose(np.clip(found[:, [2, 3, 6]], -1, 1), chosen[:, 1:], atol=1e-5)
        if algorithm == "td3":
            np.testing.assert_array_equal(found[:, [4, 5, 7]], -20.0)


def test_pictures_come_as_a_game_has_them(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "c", PICTURE, cnn_channels=[4])
    result = export(checkpoint, tmp_path / "policy.onnx")
    assert result.inputs["camera_2d"] == ["batch", 8, 9, 3]
    assert result.inputs["lamp"] == ["batch", 1]
    kinds = exported.operators(tmp_path / "policy.onnx")
    assert kinds.count("Transpose") == kinds.count("Conv") == 1
    assert "Div" not in kinds  # the scale is in the weights
