"""What the converter for Stable-Baselines3 writes, says and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training import onnx_export, sb3_export
from rl_studio_training.errors import CheckpointError, ExportError
from rl_studio_training.onnx_export import ExportResult, export_checkpoint
from rl_studio_training.onnx_options import ExportOptions
from rl_studio_training.sb3_policy import load_policy
from training import exported
from training.fake_game import ACTIONS
from training.untrained import FLAT, LAMP, TWO_KEYS, sb3_checkpoint

SCRIPT = Path(__file__).resolve().parents[2] / "training_scripts" / "convert_sb3_to_onnx.py"


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


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_checkpoints_that_describe_only_their_layers_still_work(tmp_path: Path, name: str) -> None:
    checkpoint = sb3_checkpoint(
        tmp_path / "c",
        activation=name,
        describe=lambda config: {"network": {"hidden_layers": [16, 8], "activation": config.activation}},
    )
    assert load_policy(checkpoint).config.activation == name
    assert export(checkpoint, tmp_path / "policy.onnx").parameters > 0


def test_a_checkpoint_that_describes_nothing_is_refused(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "c", describe=lambda _config: {})
    with pytest.raises(CheckpointError, match="does not describe its network"):
        load_policy(checkpoint)


def test_weights_that_do_not_fit_the_description_are_told(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(
        tmp_path / "c", describe=lambda _config: {"config": SB3Config(hidden_layers=[4]).complete()}
    )
    with pytest.raises(CheckpointError, match="not those that it describes"):
        load_policy(checkpoint)


def test_the_file_explains_itself_and_has_no_clutter(tmp_path: Path) -> None:
    run = tmp_path / "20260101-000000-x-abcd"
    checkpoint = sb3_checkpoint(run / "checkpoints")
    (run / "run.json").write_text(json.dumps({"id": run.name}))
    output = tmp_path / "policy.onnx"
    result = export(checkpoint, output)
    told = exported.metadata(output)
    assert list(told) == sorted(told)
    assert (told["format"], told["policy"], told["run"]) == (2, "walker", run.name)
    assert (told["trainer"], told["algorithm"], told["network"]) == ("sb3", "ppo", "mlp")
    assert (told["observation_space"], told["memory"], told["timesteps"]) == (FLAT, 0, 1000)
    assert told["proof"] == result.proof
    assert {"torch", "stable-baselines3", "onnx", "python"} <= set(told["versions"])
    assert exported.operators(output) == [
        *("Gemm", "Tanh", "Gemm", "Tanh", "Gemm", "Shape", "Expand", "Identity")
    ]
    model = onnx.load(str(output))
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert result.inputs == {"obs": ["batch", 5], "state_ins": ["batch"]}
    assert result.outputs == {
        "output": ["batch", 2],
        "state_outs": ["batch"],
        "log_std": ["batch", 2],
    }
    assert result.parameters == 5 * 16 + 16 + 16 * 8 + 8 + 8 * 2 + 2 + 2
    assert result.size_bytes == output.stat().st_size


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"action_repeat": 4, "config": {}}, 4),
        ({"config": {"action_repeat": 8}}, 8),  # of an older version, which always passed its own to the game
        ({"config": {}}, None),
    ],
)
def test_the_file_tells_how_long_a_decision_lasted(
    tmp_path: Path, facts: dict[str, Any], told: int | None
) -> None:
    def describe(config: SB3Config) -> dict[str, Any]:
        return {**facts, "config": {**config.complete(), **facts["config"]}}

    checkpoint = sb3_checkpoint(tmp_path / "c", describe=describe)
    export(checkpoint, tmp_path / "policy.onnx")
    assert exported.metadata(tmp_path / "policy.onnx")["action_repeat"] == told


def test_actions_keep_the_order_of_the_wire(tmp_path: Path) -> None:
    actions = {
        "turn": {"action_type": "discrete", "size": 3},
        "jump": {"action_type": "discrete", "size": 2},
    }
    export(sb3_checkpoint(tmp_path / "c", FLAT, actions), tmp_path / "policy.onnx")
    assert list(exported.metadata(tmp_path / "policy.onnx")["action_space"]) == ["turn", "jump"]


@pytest.mark.parametrize("algorithm", ["ppo", "recurrent_ppo"])
def test_the_same_checkpoint_gives_the_same_bytes(tmp_path: Path, algorithm: str) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "c", TWO_KEYS, algorithm=algorithm)
    for name in ("a.onnx", "b.onnx"):
        export(checkpoint, tmp_path / name, run_id="r")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_the_checksum_is_of_the_graph_alone(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "c")
    other = sb3_checkpoint(tmp_path / "d", seed=4)
    sums = []
    for source, name, run in ((checkpoint, "a", "r1"), (checkpoint, "b", "r2"), (other, "c", "r1")):
        export(source, tmp_path / f"{name}.onnx", run_id=run)
        sums.append(exported.metadata(tmp_path / f"{name}.onnx")["graph_sha256"])
    assert sums[0] == sums[1] != sums[2]
    assert len(sums[0]) == 64


@pytest.mark.parametrize(
    ("opset", "ir_version"), [(9, 4), (15, 8), (20, 9), *((n, 9) for n in (10, 11, 12, 13, 14, 16, 18, 19))]
)
def test_every_opset_can_be_had(tmp_path: Path, opset: int, ir_version: int) -> None:
    checkpoint = sb3_checkpoint(
        *(tmp_path / "c", LAMP, ACTIONS["mixed"]),
        algorithm="sac",
        network="gated",
        normalize_observations=True,
    )
    export(checkpoint, tmp_path / "policy.onnx", opset=opset, ir_version=ir_version)
    model = onnx.load(str(tmp_path / "policy.onnx"))
    assert (model.ir_version, model.opset_import[0].version) == (ir_version, opset)
    assert ("LayerNormalization" in {node.op_type for node in model.graph.node}) == (opset >= 17)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"opset": 8}, "Opset 8"),
        ({"opset": 21}, "Opset 21"),
        ({"opset": 20, "ir_version": 8}, "IR version 8"),
        ({"ir_version": 99}, "IR version 99"),
        ({"samples": 0}, "samples"),
        ({"tolerance": 0.0}, "tolerance"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ExportError, match=words):
        export(tmp_path, tmp_path / "x.onnx", **options)


def test_a_difference_above_the_tolerance_writes_nothing(tmp_path: Path) -> None:
    output = tmp_path / "policy.onnx"
    output.write_bytes(b"the old one")
    with pytest.raises(ExportError, match=r"walker differs by .* in ONNX Runtime; 1e-12 is allowed"):
        export(sb3_checkpoint(tmp_path / "c"), output, tolerance=1e-12)
    assert output.read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "policy.onnx"]


@pytest.mark.parametrize("kind", ["discrete", "multidiscrete"])
def test_rounding_of_a_logit_near_zero_beside_large_ones_is_no_difference(tmp_path: Path, kind: str) -> None:
    """It is as large as that of its neighbours, and grows with them in training."""
    checkpoint = sb3_checkpoint(
        *(tmp_path / "c", FLAT, ACTIONS[kind]),
        **{"algorithm": "recurrent_ppo", "lstm_hidden_size": 64, "hidden_layers": [64, 64], "logits": 200.0},
    )
    result = export(checkpoint, tmp_path / "policy.onnx")
    assert result.proof["actions"]["different"] == 0


def test_nan_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="NaN"):
        export(sb3_checkpoint(tmp_path / "c", spoil=True), tmp_path / "x.onnx")


def spoil_models(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Lets `change(model)` loose on each model before it is proven."""
    make_model = onnx_export.make_model

    def make_wrong_model(*args: Any) -> onnx.ModelProto:
        model = make_model(*args)
        change(model)
        return model

    monkeypatch.setattr(onnx_export, "make_model", make_wrong_model)


def test_a_wrong_graph_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            node.op_type = "Relu" if node.op_type == "Tanh" else node.op_type

    spoil_models(monkeypatch, change)
    with pytest.raises(ExportError, match="differs by"):
        export(sb3_checkpoint(tmp_path / "c"), tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_a_memory_that_is_not_handed_on_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(model: onnx.ModelProto) -> None:
        (last,) = (node for node in model.graph.node if "state_outs" in node.output)
        last.input[0], last.input[1] = last.input[1], last.input[0]  # hidden for cell state

    spoil_models(monkeypatch, change)
    with pytest.raises(ExportError, match="differs by"):
        export(sb3_checkpoint(tmp_path / "c", algorithm="recurrent_ppo"), tmp_path / "x.onnx")


def test_the_actions_are_those_of_the_player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    act = sb3_export.SB3Export.act

    def act_otherwise(self: Any, *args: Any) -> Any:
        actions = act(self, *args)
        actions[-1] = (actions[-1] + 1) % 4
        return actions

    monkeypatch.setattr(sb3_export.SB3Export, "act", act_otherwise)
    with pytest.raises(ExportError, match="takes another action than the trained one in 4 cases") as caught:
        export(sb3_checkpoint(tmp_path / "c", FLAT, ACTIONS["discrete"]), tmp_path / "x.onnx")
    assert caught.value.data["different_actions"] == 4  # the last one of each block
    assert not (tmp_path / "x.onnx").exists()


def test_names_of_the_file_s_own_are_refused(tmp_path: Path) -> None:
    for name in ("output", "state_ins", "log_std"):
        seen = {name: {"space": "box", "size": [2]}}
        with pytest.raises(ExportError, match=f"observation '{name}' cannot be exported"):
            export(sb3_checkpoint(tmp_path / name, seen), tmp_path / "x.onnx")


def test_several_policies_go_into_several_files(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "c", names=("red", "blue", "a/b"))
    template = str(tmp_path / "out" / "{policy}.onnx")
    results = export_checkpoint(checkpoint, template, sb3_export.load)
    assert [result.policy for result in results] == ["a/b", "blue", "red"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a_b.onnx", "blue.onnx", "red.onnx"]
    options = ExportOptions(policies=["red", "red"])
    (only,) = export_checkpoint(checkpoint, str(tmp_path / "one.onnx"), sb3_export.load, options)
    assert exported.metadata(Path(only.path))["policy"] == "red"
    with pytest.raises(ExportError, match="a/b, blue, red would go into the same file") as caught:
        export_checkpoint(checkpoint, str(tmp_path / "x.onnx"), sb3_export.load)
    assert "{policy}" in str(caught.value.hint)


def test_all_are_proven_before_one_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoiled: list[str] = []

    def change(model: onnx.ModelProto) -> None:
        spoiled.append("")
        if len(spoiled) == 2:
            model.graph.initializer[0].raw_data = bytes(len(model.graph.initializer[0].raw_data))

    spoil_models(monkeypatch, change)
    with pytest.raises(ExportError, match="network of red differs"):
        export_checkpoint(
            sb3_checkpoint(tmp_path / "c", names=("red", "blue")),
            str(tmp_path / "{policy}.onnx"),
            sb3_export.load,
        )
    assert list(tmp_path.glob("*.onnx")) == []


def test_one_of_several_policies_has_to_be_named(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path, names=("red", "blue"))
    assert load_policy(checkpoint, "blue").name == "blue"
    with pytest.raises(CheckpointError, match="red, blue"):
        load_policy(checkpoint)
    with pytest.raises(CheckpointError, match="no policy 'blu'") as caught:
        export(checkpoint, tmp_path / "x.onnx", policies=["blu"])
    assert caught.value.hint == "Did you mean blue?"


def test_broken_weights_are_told(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path)
    (checkpoint / "model.zip").write_bytes(b"no zip")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_policy(checkpoint)


# --- the script


def run_script(*arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout.splitlines()


def test_the_script_ends_with_a_result(tmp_path: Path) -> None:
    output = tmp_path / "a b" / "{policy}.onnx"
    sb3_checkpoint(tmp_path / "run" / "checkpoints")
    code, lines = run_script(str(tmp_path / "run"), "--output", str(output), "--run-id", "r1")
    assert code == 0
    assert all(line.startswith("@EVENT ") for line in lines[:-1])
    (file,) = json.loads(lines[-1].removeprefix("@RESULT "))["files"]
    path = tmp_path / "a b" / "walker.onnx"
    assert (file["path"], file["timesteps"], file["tolerance"]) == (str(path), 1000, 1e-5)
    assert exported.metadata(path)["run"] == "r1"


def test_the_script_fails_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    arguments = [str(tmp_path), "--output", str(tmp_path / "x.onnx")]
    for more, words in (([], "has no checkpoint"), (["--checkpoint", "newest"], "'newest'")):
        code, lines = run_script(*arguments, *more)
        assert code == 1
        event = json.loads(lines[-1].removeprefix("@EVENT "))
        assert (event["kind"], event["code"]) == ("error", "checkpoint")
        assert words in event["message"]
