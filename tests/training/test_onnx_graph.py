"""Graphs written node by node: what they compute in onnxruntime, with every operator set."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from rl_studio_training.errors import ExportError
from rl_studio_training.onnx_graph import Graph, Value
from rl_studio_training.onnx_layers import Layers

OPSETS = (9, 11, 13, 17, 20)
ROWS = np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32)


def evaluate(graph: Graph, outputs: dict[str, Value], **inputs: NDArray[np.float32]) -> list[NDArray[Any]]:
    model = graph.model(outputs, 9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return [np.asarray(value) for value in session.run(list(outputs), inputs)]


@pytest.mark.parametrize("opset", OPSETS)
def test_operators_compute_the_same_whatever_the_opset(opset: int) -> None:
    graph = Graph(opset)
    x = graph.input("x", (6,))
    left, right = graph.split(graph.clip(x, -0.5, 1.0), [2, 4])
    ones = graph.rows_of([1.0, 2.0], like=left)
    outputs = {
        "joined": graph.concat([right, left]),
        "same": graph.math("Add", graph.math("Mul", left, [2.0, 3.0]), ones),
        "layer": graph.gemm(x, np.eye(6)[:3] * 2.0),
        "normal": graph.layer_norm(x, np.arange(6.0), np.ones(6), 1e-5),
    }
    joined, same, layer, normal = evaluate(graph, outputs, x=ROWS)
    clipped = ROWS.clip(-0.5, 1.0)
    np.testing.assert_array_equal(joined, np.concatenate([clipped[:, 2:], clipped[:, :2]], axis=1))
    np.testing.assert_allclose(same, clipped[:, :2] * [2.0, 3.0] + [1.0, 2.0], rtol=1e-6)
    np.testing.assert_allclose(layer, ROWS[:, :3] * 2.0, rtol=1e-6)
    centred = ROWS - ROWS.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt(ROWS.var(axis=1, keepdims=True) + 1e-5) * np.arange(6.0) + 1.0
    np.testing.assert_allclose(normal, expected, atol=2e-6)


@pytest.mark.parametrize("opset", OPSETS)
def test_choices_are_spread_and_pictures_turned(opset: int) -> None:
    graph = Graph(opset)
    hot = graph.one_hot(graph.input("lamp", (1,)), 3)
    planes = graph.flatten(graph.transpose(graph.input("camera", (2, 4, 3)), (2, 0, 1)))
    picture = np.arange(48, dtype=np.float32).reshape(2, 2, 4, 3)
    lamp = np.array([[2.0], [0.0]], np.float32)
    spread, turned = evaluate(graph, {"hot": hot, "planes": planes}, lamp=lamp, camera=picture)
    np.testing.assert_array_equal(spread, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(turned, picture.transpose(0, 3, 1, 2).reshape(2, -1))


def test_names_of_inputs_and_outputs_are_kept_and_never_taken() -> None:
    graph = Graph(17, taken=["gemm_1", "output", "state_outs"])
    x, state = graph.input("gemm_1", (6,)), graph.input("state_ins", ())
    value = graph.gemm(x, np.eye(6))
    model = graph.model({"output": value, "again": value, "state_outs": state}, 8)
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Identity", "Identity"]
    assert [tuple(node.output) for node in model.graph.node] == [("output",), ("again",), ("state_outs",)]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found = session.run(None, {"gemm_1": ROWS, "state_ins": np.full(7, 4.0, np.float32)})
    for values, expected in zip(found, (ROWS, ROWS, np.full(7, 4.0)), strict=True):
        np.testing.assert_array_equal(values, expected)


def test_equal_constants_are_kept_once() -> None:
    graph = Graph(17)
    x = graph.input("x", (6,))
    for _ in range(3):
        x = graph.clip(graph.gemm(x, np.eye(6), np.zeros(6)), -1.0, 1.0)
    assert len(graph.model({"y": x}, 8).graph.initializer) == 4


def test_an_lstm_step_is_that_of_pytorch() -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(6, 5, num_layers=2)
    graph = Graph(17)
    x, memory = graph.input("x", (6,)), graph.input("memory", (20,))
    parts = graph.split(memory, [5] * 4)
    hidden, cell = Layers(graph).lstm(lstm, x, parts[:2], parts[2:])
    before = np.random.default_rng(1).normal(size=(7, 20)).astype(np.float32)
    (after,) = evaluate(graph, {"after": graph.concat([*hidden, *cell])}, x=ROWS, memory=before)
    h, c = (torch.from_numpy(before.reshape(7, 2, 2, 5)[:, which].transpose(1, 0, 2)) for which in (0, 1))
    with torch.no_grad():
        out, (h, c) = lstm(torch.from_numpy(ROWS)[None], (h.contiguous(), c.contiguous()))
    expected = torch.cat([h[0], h[1], c[0], c[1]], dim=1).numpy()
    np.testing.assert_allclose(after, expected, atol=1e-6)
    np.testing.assert_array_equal(out[0].numpy(), expected[:, 5:10])


def test_a_picture_goes_through_convolutions_as_in_pytorch() -> None:
    torch.manual_seed(0)
    eye = nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 2, 3, 2, 1), nn.ReLU(), nn.Flatten()
    )
    graph = Graph(17)
    features = Layers(graph).picture(eye, graph.input("camera", (7, 9, 3)))
    assert features.width == 2 * 2 * 3
    picture = np.random.default_rng(2).integers(0, 256, (5, 7, 9, 3)).astype(np.float32)
    (found,) = evaluate(graph, {"features": features}, camera=picture)
    with torch.no_grad():
        expected = eye(torch.from_numpy(picture).permute(0, 3, 1, 2) / 255.0)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_an_unknown_layer_is_refused_by_name() -> None:
    graph = Graph(17)
    with pytest.raises(ExportError, match=r"A layer of the type Dropout cannot be exported\."):
        Layers(graph).write(nn.Sequential(nn.Linear(6, 2), nn.Dropout()), graph.input("x", (6,)))
