"""Models like those that ML-Agents writes: drawn and best actions, masks, a memory, and facts about the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

OBSERVATIONS = 6
CONTINUOUS = 3
BRANCHES = (3, 2)
MEMORY = 4


class Builder:
    """Nodes, weights, inputs and outputs as they come."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self._rng = np.random.default_rng(7)

    def constant(self, name: str, values: Any) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values), name))
        return name

    def node(self, op: str, inputs: str, output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs.split(), output.split(), **attributes))
        return output

    def layer(self, source: str, width: int, size: int, name: str) -> str:
        weights = self.constant(f"{name}.w", self._rng.normal(size=(size, width)).astype(np.float32))
        bias = self.constant(f"{name}.b", self._rng.normal(size=size).astype(np.float32))
        return self.node("Gemm", f"{source} {weights} {bias}", name, transB=1)

    def takes(self, name: str, *shape: int) -> None:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape]))

    def gives(self, *names: str) -> None:
        self.outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]


def write(path: Path, *, continuous: bool, discrete: bool, memory: bool = False) -> None:
    """Writes a model of one kind of actions, or of both."""
    to = Builder()
    to.takes("obs_0", OBSERVATIONS)
    hidden = to.node("Sigmoid", to.layer("obs_0", OBSERVATIONS, 8, "body"), "features")
    for name, number in (("version_number", 3.0), ("memory_size", float(MEMORY if memory else 0))):
        to.node("Identity", to.constant(f"{name}.value", np.float32([number])), name)
        to.gives(name)
    if memory:
        hidden = _add_memory(to, hidden)
    if continuous:
        _add_continuous(to, hidden)
    if discrete:
        _add_discrete(to, hidden)
    graph = helper.make_graph(to.nodes, "policy", to.inputs, to.outputs, to.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(path))


def _add_memory(to: Builder, hidden: str) -> str:
    to.takes("recurrent_in", 1, MEMORY)
    to.node("Squeeze", f"recurrent_in {to.constant('one', np.int64([1]))}", "before")
    joined = to.node("Concat", f"{hidden} before", "with_memory", axis=1)
    to.node("Tanh", to.layer(joined, 8 + MEMORY, MEMORY, "cell"), "after")
    to.node("Unsqueeze", "after one", "recurrent_out")
    to.gives("recurrent_out")
    return to.node("Concat", f"{hidden} after", "all_features", axis=1)


def _add_continuous(to: Builder, hidden: str) -> None:
    width = 8 + (MEMORY if hidden == "all_features" else 0)
    means = to.layer(hidden, width, CONTINUOUS, "means")
    noise = to.node("RandomNormalLike", means, "noise")
    drawn = to.node("Add", f"{means} {noise}", "drawn")
    three = to.constant("three", np.float32(3.0))
    limits = f"{to.constant('low', np.float32(-3.0))} {to.constant('high', np.float32(3.0))}"
    for source, output in ((drawn, "continuous_actions"), (means, "deterministic_continuous_actions")):
        clipped = to.node("Clip", f"{source} {limits}", f"{output}.clipped")
        to.node("Div", f"{clipped} {three}", output)
    to.node(
        "Identity", to.constant("shape.value", np.float32([CONTINUOUS])), "continuous_action_output_shape"
    )
    to.gives("continuous_actions", "continuous_action_output_shape", "deterministic_continuous_actions")


def _add_discrete(to: Builder, hidden: str) -> None:
    to.takes("action_masks", sum(BRANCHES))
    width = 8 + (MEMORY if hidden == "all_features" else 0)
    logits = to.layer(hidden, width, sum(BRANCHES), "logits")
    forbidden = to.node("Sub", f"{to.constant('ones', np.float32(1.0))} action_masks", "forbidden")
    penalty = to.node("Mul", f"{forbidden} {to.constant('much', np.float32(-1e8))}", "penalty")
    allowed = to.node("Add", f"{logits} {penalty}", "allowed")
    parts = [f"branch_{index}" for index in range(len(BRANCHES))]
    to.node("Split", f"{allowed} {to.constant('sizes', np.int64(BRANCHES))}", " ".join(parts), axis=1)
    for index, part in enumerate(parts):
        best = to.node("ArgMax", part, f"best_{index}", axis=1, keepdims=1)
        to.node("Cast", best, f"best_{index}.f", to=TensorProto.FLOAT)
        drawn = to.node("Multinomial", to.node("LogSoftmax", part, f"chances_{index}"), f"drawn_{index}")
        to.node("Cast", drawn, f"drawn_{index}.f", to=TensorProto.FLOAT)
    for kind, output in (("drawn", "discrete_actions"), ("best", "deterministic_discrete_actions")):
        to.node("Concat", " ".join(f"{kind}_{index}.f" for index in range(len(parts))), output, axis=1)
    to.node("Identity", to.constant("branches", np.float32([BRANCHES])), "discrete_action_output_shape")
    to.gives("discrete_actions", "discrete_action_output_shape", "deterministic_discrete_actions")
