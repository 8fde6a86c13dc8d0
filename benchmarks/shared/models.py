"""Small networks like those that our converters make, written as .onnx files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

UNITS = 64
"""Of the networks with a memory."""

Layer = dict[str, Any]
Array = NDArray[np.float32]


def save(
    path: Path,
    nodes: Sequence[NodeProto],
    weights: Mapping[str, Array],
    sizes: Sequence[int],
    memory: int = 0,
) -> None:
    """Writes a model from `obs` to `output`, with `memory` numbers in `state_ins` and `state_outs`."""
    real = TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("obs", real, ["batch", sizes[0]])]
    outputs = [helper.make_tensor_value_info("output", real, ["batch", sizes[-1]])]
    if memory:
        inputs.append(helper.make_tensor_value_info("state_ins", real, ["batch", memory]))
        outputs.append(helper.make_tensor_value_info("state_outs", real, ["batch", memory]))
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(list(nodes), "policy", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))


def write_mlp(sizes: Sequence[int]) -> Callable[[Path], list[Layer]]:
    """A network like those that the converters make, with layers [outputs, inputs]."""

    def write(path: Path) -> list[Layer]:
        rng = np.random.default_rng(0)
        layers: list[Layer] = []
        nodes = [helper.make_node("Flatten", ["obs"], ["x0"])]
        weights: dict[str, Array] = {}
        for index, (before, after) in enumerate(pairwise(sizes)):
            matrix = (rng.normal(size=(after, before)) / before**0.5).astype(np.float32)
            bias = rng.normal(size=after).astype(np.float32)
            layers.append({"weights": matrix.ravel().tolist(), "bias": bias.tolist()})
            weights |= {f"w{index}": matrix, f"b{index}": bias}
            last = index == len(sizes) - 2
            result = "output" if last else f"h{index}"
            nodes.append(
                helper.make_node("Gemm", [f"x{index}", f"w{index}", f"b{index}"], [result], transB=1)
            )
            if not last:
                nodes.append(helper.make_node("Tanh", [result], [f"x{index + 1}"]))
        save(path, nodes, weights, sizes)
        return layers

    return write


def write_lstm(*, as_node: bool) -> Callable[[Path], list[Layer]]:
    """8 numbers → LSTM → 2 actions; the memory is the hidden state and then the cell state."""

    def write(path: Path) -> list[Layer]:
        rng = np.random.default_rng(2)
        shapes = {
            "w": (4 * UNITS, 8),
            "r": (4 * UNITS, UNITS),
            "b": (4 * UNITS,),
            "w1": (2, UNITS),
            "b1": (2,),
        }
        made = {name: (rng.normal(size=shape) / 8).astype(np.float32) for name, shape in shapes.items()}
        nodes = [helper.make_node("Split", ["state_ins"], ["h", "c"], axis=1)]
        weights: dict[str, Array] = {"w1": made["w1"], "b1": made["b1"]}
        if as_node:
            weights |= {
                "w": made["w"][None],
                "r": made["r"][None],
                "b": np.concatenate([made["b"], np.zeros(4 * UNITS, np.float32)])[None],
            }
            nodes += node_of_its_own()
        else:
            order = np.arange(4 * UNITS).reshape(4, UNITS)[[0, 2, 3, 1]].ravel()  # i o f g → i f g o
            whole = np.concatenate([made["w"], made["r"]], axis=1)[order]
            weights |= {"wr": whole, "b": made["b"][order]}
            nodes += written_out()
        nodes += [
            helper.make_node("Concat", ["h1", "c1"], ["state_outs"], axis=1),
            helper.make_node("Gemm", ["h1", "w1", "b1"], ["output"], transB=1),
        ]
        save(path, nodes, weights, [8, 2], 2 * UNITS)
        return []

    return write


def node_of_its_own() -> list[NodeProto]:
    first = helper.make_tensor("first", TensorProto.INT64, [1], [0])
    nodes = [helper.make_node("Constant", [], ["first"], value=first)]
    for name in ("obs", "h", "c"):
        nodes.append(helper.make_node("Unsqueeze", [name, "first"], [f"{name}_long"]))
    inputs = ["obs_long", "w", "r", "b", "", "h_long", "c_long"]
    nodes.append(helper.make_node("LSTM", inputs, ["", "h1_long", "c1_long"], hidden_size=UNITS))
    for name in ("h1", "c1"):
        nodes.append(helper.make_node("Squeeze", [f"{name}_long", "first"], [name]))
    return nodes


def written_out() -> list[NodeProto]:
    steps = """
        Concat obs,h > x; Gemm x,wr,b > gates; Split gates > i,f,g,o; Sigmoid i > i1; Sigmoid f > f1;
        Sigmoid o > o1; Tanh g > g1; Mul f1,c > kept; Mul i1,g1 > added; Add kept,added > c1; Tanh c1 > c2;
        Mul o1,c2 > h1
    """
    nodes = []
    for step in steps.split(";"):
        op, inputs, _, outputs = step.split()
        attributes = {"Concat": {"axis": 1}, "Split": {"axis": 1}, "Gemm": {"transB": 1}}.get(op, {})
        nodes.append(helper.make_node(op, inputs.split(","), outputs.split(","), **attributes))
    return nodes
