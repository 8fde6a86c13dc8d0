"""The converter on checkpoints of untrained policies with every kind of spaces."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from gymnasium import spaces

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training import onnx_export
from rl_studio_training.checkpoints import CheckpointFolder
from rl_studio_training.errors import CheckpointError
from rl_studio_training.onnx_export import ExportError, ExportOptions, export_checkpoint
from rl_studio_training.onnx_verify import decode_actions, sample_inputs
from rl_studio_training.sb3_model import build_model, save_model, wrap_env
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.sb3_policy import load_policy
from rl_studio_training.spaces import ObservationCodec
from training.fake_fleet import make_env
from training.fake_game import ACTIONS

SCRIPT = Path(__file__).resolve().parents[2] / "training_scripts" / "convert_sb3_to_onnx.py"
FLAT: dict[str, Any] = {"obs": {"space": "box", "size": [5]}}
TWO_KEYS: dict[str, Any] = {
    "rays": {"space": "box", "size": [4], "low": 0.0, "high": 3.0},
    "body": {"space": "box", "size": [2]},
}
LAMP: dict[str, Any] = {"body": {"space": "box", "size": [2]}, "lamp": {"space": "discrete", "size": 3}}


def make_checkpoint(
    folder: Path,
    observations: dict[str, Any] | None = None,
    actions: dict[str, Any] | None = None,
    *,
    names: tuple[str, ...] = ("walker",),
    spoil: bool = False,
    describe: Callable[[SB3Config], dict[str, Any]] = lambda config: {"config": config.complete()},
    **fields: Any,
) -> Path:
    """Saves an untrained policy as the training script would; `spoil` makes its weights NaN."""
    observations = observations or FLAT
    actions = actions or ACTIONS["continuous"]
    config = SB3Config(**{"hidden_layers": [16, 8], "seed": 3, **fields})
    env = wrap_env(config, make_env(observations, actions, masks=config.algorithm == "maskable_ppo"))
    if isinstance(env, StudioNormalize):
        randomize(env)
    model = build_model(config, env)
    for parameter in model.policy.parameters():  # the last layer's are as good as zero before training
        parameter.data += (0.5 if parameter.ndim > 1 else 0.1) * torch.randn_like(parameter)
    if spoil:
        torch.nn.init.constant_(next(model.policy.parameters()), float("nan"))
    policy = {"observation_space": observations, "action_space": actions}
    facts = {"policies": {name: policy for name in names}, **describe(config)}
    return CheckpointFolder(folder, 5).save(1000, "final", lambda path: save_model(model, path), facts)


def randomize(env: StudioNormalize) -> None:
    """Statistics as after some training: some numbers beyond the limit, one that never changed."""
    random = np.random.default_rng(5)
    if not env.norm_obs:
        return
    for values in env.obs_rms.values() if isinstance(env.obs_rms, dict) else [env.obs_rms]:
        values.mean = random.normal(0.0, 0.5, values.mean.shape)
        values.var = random.uniform(0.01, 0.5, values.var.shape)
        values.mean[0], values.var[0] = 0.25, 0.0


KINDS = {"continuous": "tanh", "discrete": "relu", "multidiscrete": "elu", "mixed": "tanh"}
CASES: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    *((seen, kind, {"activation": KINDS[kind]}) for seen in (FLAT, TWO_KEYS, LAMP) for kind in KINDS),
    *((FLAT, kind, {"algorithm": "a2c"}) for kind in ("continuous", "mixed")),
    *((seen, "multidiscrete", {"algorithm": "maskable_ppo"}) for seen in (FLAT, LAMP)),
    *((FLAT, kind, {"algorithm": name}) for kind in ("continuous", "mixed") for name in ("sac", "td3")),
    *((LAMP, "mixed", {"algorithm": name, "normalize_observations": True}) for name in ("sac", "td3")),
    *((seen, "discrete", {"algorithm": "dqn", "normalize_observations": True}) for seen in (FLAT, TWO_KEYS)),
    *((seen, "continuous", {"normalize_observations": True}) for seen in (FLAT, TWO_KEYS, LAMP)),
    (FLAT, "discrete", {"normalize_rewards": True}),
    *((FLAT, "continuous", {"algorithm": name, "network": "gated"}) for name in ("ppo", "sac", "td3")),
    (TWO_KEYS, "discrete", {"algorithm": "dqn", "network": "gated", "normalize_observations": True}),
]


@pytest.mark.parametrize(("observations", "kind", "fields"), CASES)
def test_the_file_computes_what_the_policy_computes(
    tmp_path: Path, observations: dict[str, Any], kind: str, fields: dict[str, Any]
) -> None:
    actions = ACTIONS[kind]
    checkpoint = make_checkpoint(tmp_path / "c", observations, actions, **fields)
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
    expected, _ = policy.player().act(
        arrays if isinstance(policy.observations.space, spaces.Dict) else arrays["obs"]
    )
    decoded = decode_actions(found, policy.actions)
    wanted = np.asarray(expected, dtype=float).reshape(len(decoded), -1)
    assert len(np.unique(found, axis=0)) > 1  # it does look at what it sees
    if kind == "mixed":
        assert found.shape[1] == 2 * 2 + 2
        wanted[:, 2] = wanted[:, 2] > 0
    np.testing.assert_allclose(decoded, wanted, atol=1e-5)


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_checkpoints_that_describe_only_their_layers_still_work(tmp_path: Path, name: str) -> None:
    checkpoint = make_checkpoint(
        tmp_path / "c",
        activation=name,
        describe=lambda config: {"network": {"hidden_layers": [16, 8], "activation": config.activation}},
    )
    assert load_policy(checkpoint).config.activation == name
    assert export_checkpoint(checkpoint, tmp_path / "policy.onnx").parameters > 0


def test_a_checkpoint_that_describes_nothing_is_refused(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "c", describe=lambda _config: {})
    with pytest.raises(CheckpointError, match="does not describe its network"):
        load_policy(checkpoint)


def test_weights_that_do_not_fit_the_description_are_told(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(
        tmp_path / "c", describe=lambda _config: {"config": SB3Config(hidden_layers=[4]).complete()}
    )
    with pytest.raises(CheckpointError, match="not those that it describes"):
        load_policy(checkpoint)


def test_what_cannot_be_exported_is_said_plainly(tmp_path: Path) -> None:
    recurrent = make_checkpoint(tmp_path / "a", algorithm="recurrent_ppo")
    with pytest.raises(ExportError, match=r"^A recurrent policy cannot be exported yet\.$"):
        export_checkpoint(recurrent, tmp_path / "x.onnx")
    pictures = {**FLAT, "camera_2d": {"space": "box", "size": [3, 8, 8]}}
    seeing = make_checkpoint(tmp_path / "b", pictures)
    with pytest.raises(ExportError, match=r"sees pictures \(camera_2d\) cannot be exported yet"):
        export_checkpoint(seeing, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


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
