"""What the Godot runtime says of small networks, against the same computed by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rl_studio.godot import find_godot
from rl_studio_training import godot_proof
from rl_studio_training.errors import GodotProofError
from training.conftest import is_alive, wait_until
from training.untrained import sb3_checkpoint

CONVERTER = Path(__file__).resolve().parents[2] / "training_scripts" / "convert_sb3_to_onnx.py"
BATCH = godot_proof.BATCH
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=(6, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def godot() -> Path:
    return find_godot().path


def write(
    path: Path,
    nodes: Sequence[tuple[str, str, str]],
    inputs: dict[str, Sequence[int]],
    outputs: dict[str, Sequence[int]],
) -> Path:
    """Writes a network.

    Args:
        nodes: operator, inputs and output; names with blanks between. `weights`, `decay` and `twice` are there.
        inputs, outputs: lengths behind that of the batch, by name.
    """

    def values(shapes: dict[str, Sequence[int]]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in shapes.items()
        ]

    constants = {"weights": WEIGHTS, "decay": np.float32([0.5]), "twice": np.float32([2.0])}
    graph = helper.make_graph(
        [helper.make_node(operator, given.split(), [made]) for operator, given, made in nodes],
        "test",
        values(inputs),
        values(outputs),
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def two_inputs(tmp_path: Path) -> Path:
    """A picture of 2 x 1 x 2 and two numbers, side by side times the weights."""
    nodes = [
        ("Flatten", "picture", "flat"),
        ("Concat", "body flat", "all"),
        ("MatMul", "all weights", "output"),
        ("Identity", "state_ins", "state_outs"),
    ]
    shapes = {"body": [2], "picture": [2, 1, 2], "state_ins": []}
    path = write(tmp_path / "two.onnx", nodes, shapes, {"output": [3], "state_outs": []})
    model = onnx.load(str(path))
    model.graph.node[1].attribute.append(helper.make_attribute("axis", 1))
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def with_memory(tmp_path: Path) -> Path:
    """Remembers half of what it remembered and all that it sees; puts out twice of that."""
    nodes = [
        ("Mul", "state_ins decay", "faded"),
        ("Add", "faded obs", "state_outs"),
        ("Mul", "state_outs twice", "output"),
    ]
    shapes = {"obs": [2], "state_ins": [2]}
    return write(tmp_path / "memory.onnx", nodes, shapes, {"output": [2], "state_outs": [2]})


@pytest.mark.godot
@pytest.mark.parametrize("single", [False, True])
def test_every_row_is_run(godot: Path, two_inputs: Path, single: bool) -> None:
    count = 2 * BATCH + 7
    body = RANDOM.normal(size=(count, 2)).astype(np.float32)
    picture = RANDOM.normal(size=(count, 2, 1, 2)).astype(np.float32)
    found = godot_proof.prove(godot, two_inputs, {"picture": picture, "body": body}, single=single)
    assert list(found) == ["output"]
    expected = np.concatenate([body, picture.reshape(count, 4)], axis=1) @ WEIGHTS
    np.testing.assert_allclose(found["output"], expected, atol=1e-5)
    assert found["output"].dtype == np.float32


@pytest.mark.godot
@pytest.mark.parametrize("single", [False, True])
def test_memory_goes_on_until_the_next_start(godot: Path, with_memory: Path, single: bool) -> None:
    starts = np.zeros(50, bool)
    starts[[0, 7, 8, 30]] = True  # sequences of 7, 1, 22 and 20 rows
    seen = RANDOM.normal(size=(50, 2)).astype(np.float32)
    found = godot_proof.prove(godot, with_memory, {"obs": seen}, starts, single=single)
    memory: NDArray[np.float32] = np.zeros(2, np.float32)
    for row in range(50):
        memory = seen[row] + (0.0 if starts[row] else 0.5) * memory
        np.testing.assert_allclose(found["state_outs"][row], memory, atol=1e-5)
        np.testing.assert_allclose(found["output"][row], 2.0 * memory, atol=1e-5)


@pytest.mark.godot
def test_a_file_that_the_runtime_refuses_is_told_with_the_operator(godot: Path, tmp_path: Path) -> None:
    nodes = [("Conquer", "obs", "output")]
    path = write(tmp_path / "odd.onnx", nodes, {"obs": [2]}, {"output": [2]})
    with pytest.raises(GodotProofError, match="Conquer"):
        godot_proof.prove(godot, path, {"obs": np.zeros((1, 2), np.float32)})


@pytest.mark.godot
def test_an_input_that_is_missing_is_told(godot: Path, two_inputs: Path) -> None:
    with pytest.raises(GodotProofError, match="picture"):
        godot_proof.prove(godot, two_inputs, {"body": np.zeros((1, 2), np.float32)})


def test_rows_before_the_first_start_are_refused(with_memory: Path) -> None:
    with pytest.raises(ValueError, match="begins no sequence"):
        godot_proof.prove(
            Path("godot"), with_memory, {"obs": np.zeros((2, 2), np.float32)}, np.array([False, True])
        )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
@pytest.mark.parametrize(("says", "told"), [("exit 1", "code 1"), ("echo Killed; exit 9", "Killed")])
def test_a_godot_that_dies_is_told(tmp_path: Path, with_memory: Path, says: str, told: str) -> None:
    broken = tmp_path / "godot"
    broken.write_text(f"#!/bin/sh\n{says}\n")
    broken.chmod(0o755)
    with pytest.raises(GodotProofError, match=told):
        godot_proof.prove(broken, with_memory, {"obs": np.zeros((1, 2), np.float32)})


def test_a_godot_that_is_not_there_is_told(tmp_path: Path, with_memory: Path) -> None:
    with pytest.raises(GodotProofError, match="cannot be started"):
        godot_proof.prove(tmp_path / "nowhere", with_memory, {"obs": np.zeros((1, 2), np.float32)})


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
def test_an_export_that_is_cancelled_leaves_no_godot_and_no_files(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "checkpoints")
    temporary, started, target = tmp_path / "tmp", tmp_path / "started", tmp_path / "a.onnx"
    temporary.mkdir()
    stuck = tmp_path / "godot"
    stuck.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo 4.6.3.stable && exit\necho $$ > "{started}"\nexec sleep 60\n'
    )
    stuck.chmod(0o755)
    words = [str(checkpoint), "--output", str(target), "--godot", str(stuck)]
    converter = subprocess.Popen(
        [sys.executable, str(CONVERTER), *words],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: started.is_file() and started.read_text().strip() != "", timeout_s=60)
        assert list(temporary.glob("rl-studio-*"))
        converter.send_signal(signal.SIGTERM)
        assert converter.wait(20) == 143
    finally:
        converter.kill()
    assert not is_alive(int(started.read_text()))
    assert list(temporary.glob("rl-studio-*")) == []
    assert not target.exists()
