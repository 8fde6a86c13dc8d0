"""Writes ONNX graphs node by node: small, standard operators, the same bytes for the same calls.

Nothing here knows about policies or PyTorch. Operators whose form depends on the operator set are put down in the
form that the chosen one has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from rl_studio import __version__

BATCH = "batch"
"""Name of the first dimension of all values."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph.

    Args:
        name: within the graph.
        shape: without the batch, which comes first; () for one number per row.
    """

    name: str
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        """Numbers per row."""
        return math.prod(self.shape)


class Graph:
    """A graph under construction. Rows of a batch never touch each other.

    Args:
        opset: version of the standard operators, 9 to 20.
        taken: names that no value of the graph's own gets.
    """

    def __init__(self, opset: int, taken: Sequence[str] = ()) -> None:
        self.opset = opset
        self._inputs: list[onnx.ValueInfoProto] = []
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def input(self, name: str, shape: Sequence[int]) -> Value:
        """A float32 input (batch, *shape)."""
        self._taken.add(name)
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, *shape]))
        return Value(name, tuple(shape))

    # --- layers

    def gemm(self, x: Value, weight: ArrayLike, bias: ArrayLike | None = None) -> Value:
        """x · weightᵀ + bias, with weights (units, width)."""
        matrix = np.asarray(weight, dtype=np.float32)
        inputs = [x.name, self._constant(matrix, "weight")]
        if bias is None and self.opset < 11:
            bias = np.zeros(len(matrix))
        if bias is not None:
            inputs.append(self._constant(np.asarray(bias, dtype=np.float32), "bias"))
        return self._node("Gemm", inputs, (len(matrix),), transB=1)

    def conv(
        self,
        x: Value,
        weight: ArrayLike,
        bias: ArrayLike | None,
        stride: Sequence[int],
        padding: Sequence[int],
    ) -> Value:
        """Convolution of (channels, height, width) with weights (out, in, kernel height, kernel width)."""
        kernel = np.asarray(weight, dtype=np.float32)
        inputs = [x.name, self._constant(kernel, "weight")]
        if bias is not None:
            inputs.append(self._constant(np.asarray(bias, dtype=np.float32), "bias"))
        size = [
            (before + 2 * pad - width) // step + 1
            for before, pad, width, step in zip(x.shape[1:], padding, kernel.shape[2:], stride, strict=True)
        ]
        return self._node(
            "Conv",
            inputs,
            (len(kernel), *size),
            kernel_shape=kernel.shape[2:],
            pads=[*padding, *padding],
            strides=list(stride),
        )

    def layer_norm(self, x: Value, weight: ArrayLike, bias: ArrayLike, epsilon: float) -> Value:
        """Each row with mean 0 and variance 1, then times weight plus bias. One node from opset 17 on, else nine."""
        if self.opset >= 17:
            scale = self._constant(np.asarray(weight, dtype=np.float32), "weight")
            shift = self._constant(np.asarray(bias, dtype=np.float32), "bias")
            return self._node("LayerNormalization", [x.name, scale, shift], x.shape, epsilon=epsilon)
        centred = self.math("Sub", x, self._mean(x))
        variance = self._mean(self.math("Mul", centred, centred))
        deviation = self.unary("Sqrt", self.math("Add", variance, epsilon))
        return self.math("Add", self.math("Mul", self.math("Div", centred, deviation), weight), bias)

    def _mean(self, x: Value) -> Value:
        return self._node("ReduceMean", [x.name], (1,), axes=[1], keepdims=1)

    # --- elementwise

    def unary(self, kind: str, x: Value, **attributes: Any) -> Value:
        """An operator of one input that keeps the shape, such as Tanh."""
        return self._node(kind, [x.name], x.shape, **attributes)

    def math(self, kind: str, left: Value, right: Value | ArrayLike) -> Value:
        """Add, Sub, Mul or Div; a right side without a batch is the same for all rows."""
        if isinstance(right, Value):
            return self._node(kind, [left.name, right.name], np.broadcast_shapes(left.shape, right.shape))
        constant = self._constant(np.asarray(right, dtype=np.float32), "value")
        return self._node(kind, [left.name, constant], left.shape)

    def clip(self, x: Value, low: float, high: float) -> Value:
        """Numbers held within low … high."""
        if self.opset < 11:
            return self._node("Clip", [x.name], x.shape, min=float(low), max=float(high))
        limits = [self._constant(np.float32(limit), "limit") for limit in (low, high)]
        return self._node("Clip", [x.name, *limits], x.shape)

    def one_hot(self, x: Value, choices: int) -> Value:
        """(batch, 1) whole numbers from 0 to (batch, choices) with a 1 in each row."""
        whole = self._node("Cast", [x.name], x.shape, to=TensorProto.INT64)
        depth = self._constant(np.array([choices], dtype=np.int64), "depth")
        values = self._constant(np.array([0.0, 1.0], dtype=np.float32), "values")
        hot = self._node("OneHot", [whole.name, depth, values], (1, choices), axis=-1)
        return self.flatten(hot)

    # --- layout

    def flatten(self, x: Value) -> Value:
        """(batch, width)."""
        return x if len(x.shape) == 1 else self._node("Flatten", [x.name], (x.width,), axis=1)

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        """With the dimensions after the batch in another order, counted from 0."""
        shape = tuple(x.shape[axis] for axis in order)
        return self._node("Transpose", [x.name], shape, perm=[0, *(axis + 1 for axis in order)])

    def concat(self, values: Sequence[Value]) -> Value:
        """Rows side by side."""
        if len(values) == 1:
            return values[0]
        width = sum(value.width for value in values)
        return self._node("Concat", [value.name for value in values], (width,), axis=1)

    def split(self, x: Value, sizes: Sequence[int]) -> list[Value]:
        """The opposite of `concat`."""
        if len(sizes) == 1:
            return [x]
        names = [self._name("split") for _ in sizes]
        inputs = [x.name]
        attributes: dict[str, Any] = {"axis": 1}
        if self.opset >= 13:
            inputs.append(self._constant(np.array(sizes, dtype=np.int64), "sizes"))
        else:
            attributes["split"] = list(sizes)
        self._nodes.append(helper.make_node("Split", inputs, names, name=names[0], **attributes))
        return [Value(name, (size,)) for name, size in zip(names, sizes, strict=True)]

    def rows_of(self, row: ArrayLike, like: Value) -> Value:
        """The same numbers in each row, as many rows as another value of the same width has."""
        constant = self._constant(np.asarray(row, dtype=np.float32), "row")
        shape = self._name("shape")
        self._nodes.append(helper.make_node("Shape", [like.name], [shape], name=shape))
        return self._node("Expand", [constant, shape], like.shape)

    # --- the whole

    def model(self, outputs: Mapping[str, Value], ir_version: int) -> onnx.ModelProto:
        """The finished model; the graph must not be used any more.

        Args:
            outputs: values by the names that they get in the file.

        Raises:
            onnx.checker.ValidationError, onnx.shape_inference.InferenceError: what was put down makes no sense.
        """
        made = {name for node in self._nodes for name in node.output}
        renamed: dict[str, str] = {}
        for name, value in outputs.items():
            if value.name in made and value.name not in renamed:
                renamed[value.name] = name
            else:
                source = renamed.get(value.name, value.name)
                self._nodes.append(helper.make_node("Identity", [source], [name], name=name))
        for node in self._nodes:
            for names in (node.input, node.output):
                names[:] = [renamed.get(name, name) for name in names]
        told = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, *value.shape])
            for name, value in outputs.items()
        ]
        graph = helper.make_graph(self._nodes, "policy", self._inputs, told, [*self._constants.values()])
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", self.opset)],
            ir_version=ir_version,
            producer_name="godot-rl-studio",
            producer_version=__version__,
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _node(self, kind: str, inputs: Sequence[str], shape: Sequence[int], **attributes: Any) -> Value:
        name = self._name(kind.lower())
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return Value(name, tuple(shape))

    def _constant(self, array: NDArray[Any] | np.generic, what: str) -> str:
        whole = np.ascontiguousarray(array).reshape(np.shape(array))
        key = (whole.dtype.str, whole.shape, whole.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(whole, self._name(what))
        return self._constants[key].name

    def _name(self, what: str) -> str:
        while True:
            self._counts[what] = self._counts.get(what, 0) + 1
            name = f"{what}_{self._counts[what]}"
            if name not in self._taken:
                return name
