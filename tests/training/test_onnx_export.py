"""The converter on checkpoints of untrained policies with every kind of spaces."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training import onnx_export
from rl_studio_training.checkpoints import CheckpointFolder
from rl_studio_training.errors import CheckpointError
from rl_studio_training.onnx_export import ExportError, ExportOptions, export_checkpoint
from rl_studio_training.onnx_verify import decode_actions, sample_inputs
from rl_studio_training.sb3_model import ACTIVATIONS, save_model
from rl_studio_training.sb3_policy import load_policy
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions
from training.fake_game import ACTIONS

SCRIPT = Path(__file__).resolve().parents[2] / "training_scripts" / "convert_sb3_to_onnx.py"
FLAT: dict[str, Any] = {"obs": {"space": "box", "size": [5]}}
TWO_KEYS: dict[str, Any] = {
    "rays": {"space": "box", "size": [4], "low": 0.0, "high": 3.0},
    "body": {"space": "box", "size": [2]},
}
LAMP: dict[str, Any] = {"body": {"space": "box", "size": [2]}, "lamp": {"space": "discrete", "size": 3}}


class Spaces(VecEnv):
    """An environment that has spaces and nothing else."""

    def __init__(self, observation: spaces.Space[Any], action: spaces.Space[Any]) -> None:
        super().__init__(1, observation, action)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [None]

    def seed(self, seed: int | None = None) -> list[int | None]:
        return [seed]

    def reset(self) -> Any:
        raise NotImplementedError

    step_async = step_wait = close = set_attr = env_method = env_is_wrapped = reset  # type: ignore[assignment]


def make_checkpoint(
    folder: Path,
    observations: dict[str, Any] | None = None,
    actions: dict[str, Any] | None = None,
    *,
    activation: str = "tanh",
    names: tuple[str, ...] = ("walker",),
    spoil: bool = False,
) -> Path:
    """Saves an untrained policy as the training script would; `spoil` makes its weights NaN."""
    observations = observations or FLAT
    actions = actions or ACTIONS["continuous"]
    env = Spaces(
        ObservationCodec(observations, lambda _row, _key: None).space,
        ActionCodec(parse_actions(actions)).space,
    )
    kind = "MultiInputPolicy" if isinstance(env.observation_space, spaces.Dict) else "MlpPolicy"
    kwargs = {"net_arch": [16, 8], "activation_fn": ACTIVATIONS[activation], "ortho_init": False}
    model = PPO(kind, env, n_steps=8, batch_size=8, seed=3, policy_kwargs=kwargs, device="cpu")
    if spoil:
        torch.nn.init.constant_(model.policy.action_net.weight, float("nan"))
    policy = {"observation_space": observations, "action_space": actions}
    facts = {
        "algorithm": "ppo",
        "policies": {name: policy for name in names},
        "network": {"hidden_layers": [16, 8], "activation": activation},
    }
    return CheckpointFolder(folder, 5).save(1000, "final", lambda path: save_model(model, path), facts)


CASES = [
    (observations, ACTIONS[kind], activation)
    for observations in (FLAT, TWO_KEYS, LAMP)
    for kind, activation in (
        ("continuous", "tanh"),
        ("discrete", "relu"),
        ("multidiscrete", "elu"),
        ("mixed", "tanh"),
    )
]


@pytest.mark.parametrize(("observations", "actions", "activation"), CASES)
def test_the_file_computes_what_the_policy_computes(
    tmp_path: Path, observations: dict[str, Any], actions: dict[str, Any], activation: str
) -> None:
    checkpoint = make_checkpoint(tmp_path / "c", observations, actions, activation=activation)
    output = tmp_path / "out" / "policy.onnx"
    result = export_checkpoint(checkpoint, output)
    assert result.max_difference <= 1e-5
    assert result.samples >= 1000
    policy = load_policy(checkpoint)
    inputs = sample_inputs(policy.observations, 50, seed=1)
    session = onnxruntime.InferenceSession(str(output))
    found, state = session.run(
        None, {**inputs, "state_ins": np.ones(len(inputs[next(iter(inputs))]), np.float32)}
    )
    assert state.shape == (len(found),)
    arrays = {key: value[:, 0].astype(int) if key == "lamp" else value for key, value in inputs.items()}
    expected, _ = policy.network.predict(
        arrays if isinstance(policy.observations.space, spaces.Dict) else arrays["obs"], deterministic=True
    )
    decoded = decode_actions(found, policy.actions)
    wanted = np.asarray(expected, dtype=float).reshape(len(decoded), -1)
    if actions == ACTIONS["mixed"]:
        assert found.shape[1] == 2 * 2 + 2
        wanted[:, 2] = wanted[:, 2] > 0
    np.testing.assert_allclose(decoded, wanted, atol=1e-5)


def test_the_file_explains_itself_and_has_no_clutter(tmp_path: Path) -> None:
    run = tmp_path / "20260101-000000-x-abcd"
    checkpoint = make_checkpoint(run / "checkpoints")
    (run / "run.json").write_text(json.dumps({"id": run.name}))
    output = tmp_path / "policy.onnx"
    result = export_checkpoint(checkpoint, output)
    model = onnx.load(str(output))
    metadata = json.loads(model.metadata_props[0].value)
    assert model.metadata_props[0].key == "rl_studio"
    assert (metadata["format"], metadata["policy"], metadata["run"]) == (1, "walker", run.name)
    assert metadata["observation_space"] == FLAT
    assert metadata["max_difference"] == result.max_difference
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Tanh", "Gemm", "Tanh", "Gemm", "Identity"]
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert result.inputs == {"obs": ["batch", 5], "state_ins": ["batch"]}
    assert result.outputs == {"output": ["batch", 2], "state_outs": ["batch"]}
    assert result.parameters == 5 * 16 + 16 + 16 * 8 + 8 + 8 * 2 + 2
    assert result.size_bytes == output.stat().st_size


@pytest.mark.parametrize(("opset", "ir_version"), [(9, 4), (15, 8), (20, 9)])
def test_other_versions_can_be_had(tmp_path: Path, opset: int, ir_version: int) -> None:
    output = tmp_path / "policy.onnx"
    export_checkpoint(make_checkpoint(tmp_path), output, ExportOptions(opset=opset, ir_version=ir_version))
    model = onnx.load(str(output))
    assert (model.ir_version, model.opset_import[0].version) == (ir_version, opset)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ExportOptions(opset=8), "Opset 8"),
        (ExportOptions(opset=21), "Opset 21"),
        (ExportOptions(opset=20, ir_version=8), "IR version 8"),
        (ExportOptions(ir_version=99), "IR version 99"),
        (ExportOptions(samples=0), "samples"),
        (ExportOptions(tolerance=0.0), "tolerance"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, options: ExportOptions, words: str) -> None:
    with pytest.raises(ExportError, match=words):
        export_checkpoint(tmp_path, tmp_path / "x.onnx", options)


def test_a_difference_above_the_tolerance_writes_nothing(tmp_path: Path) -> None:
    output = tmp_path / "policy.onnx"
    output.write_bytes(b"the old one")
    with pytest.raises(ExportError, match="differs by"):
        export_checkpoint(make_checkpoint(tmp_path / "c"), output, ExportOptions(tolerance=1e-12))
    assert output.read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "policy.onnx"]


def test_nan_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="NaN"):
        export_checkpoint(make_checkpoint(tmp_path / "c", spoil=True), tmp_path / "x.onnx")


def test_a_wrong_graph_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_model = onnx_export._make_model

    def make_wrong_model(*args: Any) -> onnx.ModelProto:
        model = make_model(*args)
        for node in model.graph.node:
            if node.op_type == "Tanh":
                node.op_type = "Relu"
        return model

    monkeypatch.setattr(onnx_export, "_make_model", make_wrong_model)
    with pytest.raises(ExportError, match="differs by"):
        export_checkpoint(make_checkpoint(tmp_path / "c"), tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_samples_cover_the_bounds_and_their_corners(tmp_path: Path) -> None:
    inputs = sample_inputs(ObservationCodec(TWO_KEYS, lambda _row, _key: None), 1000)
    rays = inputs["rays"]
    assert (rays.shape, rays.dtype) == ((1000, 4), np.float32)
    assert (rays.min(), rays.max()) == (0.0, 3.0)
    assert rays[0].tolist() == [0.0] * 4
    assert rays[1].tolist() == [3.0] * 4
    corners = {tuple(row) for row in rays if set(row) <= {0.0, 3.0}}
    assert len(corners) == 16


def test_one_of_several_policies_has_to_be_named(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path, names=("red", "blue"))
    assert load_policy(checkpoint, "blue").name == "blue"
    with pytest.raises(CheckpointError, match="red, blue"):
        load_policy(checkpoint)
    with pytest.raises(CheckpointError, match="no policy 'blu'") as caught:
        load_policy(checkpoint, "blu")
    assert caught.value.hint == "Did you mean blue?"


def test_broken_weights_are_told(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path)
    (checkpoint / "model.zip").write_bytes(b"no zip")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_policy(checkpoint)


def run_script(*arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout.splitlines()


def test_the_script_ends_with_a_result(tmp_path: Path) -> None:
    output = tmp_path / "a b" / "policy.onnx"
    code, lines = run_script(str(make_checkpoint(tmp_path)), "--output", str(output), "--run-id", "r1")
    assert code == 0
    assert all(line.startswith("@EVENT ") for line in lines[:-1])
    result = json.loads(lines[-1].removeprefix("@RESULT "))
    assert (result["path"], result["timesteps"], result["tolerance"]) == (str(output), 1000, 1e-5)
    assert json.loads(onnx.load(str(output)).metadata_props[0].value)["run"] == "r1"


def test_the_script_fails_in_plain_words(tmp_path: Path) -> None:
    code, lines = run_script(str(tmp_path), "--output", str(tmp_path / "x.onnx"))
    assert code == 1
    event = json.loads(lines[-1].removeprefix("@EVENT "))
    assert (event["kind"], event["code"]) == ("error", "checkpoint")
