"""One small network for each operator, in each of its forms, for test_policy_operators.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class OperatorCase:
    """A network with outputs `output` and, if `memory` is not 0, `state_outs`.

    Args:
        inputs: shapes without the batch.
        low, high: what observations are between.
    """

    name: str
    nodes: Sequence[NodeProto]
    constants: Arrays
    inputs: Mapping[str, tuple[int, ...]]
    opset: int = 17
    low: float = -2.0
    high: float = 2.0
    memory: int = 0
    tolerance: float = 1e-5

    def write(self, path: Path) -> None:
        real = TensorProto.FLOAT
        infos = [
            helper.make_tensor_value_info(name, real, ["batch", *shape])
            for name, shape in self.inputs.items()
        ]
        outputs = [helper.make_tensor_value_info("output", real, None)]
        if self.memory:
            infos.append(helper.make_tensor_value_info("state_ins", real, ["batch", self.memory]))
            outputs.append(helper.make_tensor_value_info("state_outs", real, ["batch", self.memory]))
        tensors = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(list(self.nodes), "case", infos, outputs, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 8
        onnx.save(model, str(path))

    def sample(self, rows: int) -> dict[str, NDArray[np.float32]]:
        """Observations of some agents, (rows, *shape)."""
        rng = np.random.default_rng(rows)
        shapes = {**self.inputs, **({"state_ins": (self.memory,)} if self.memory else {})}
        return {
            name: rng.uniform(self.low, self.high, (rows, *shape)).astype(np.float32)
            for name, shape in shapes.items()
        }


def node(op: str, inputs: str, outputs: str = "output", **attributes: Any) -> NodeProto:
    """Names are separated by blanks; `-` is one left out."""
    read, made = ([("" if name == "-" else name) for name in names.split()] for names in (inputs, outputs))
    return helper.make_node(op, read, made, name=f"{op}_{made[0]}", **attributes)


def numbers(*shape: int, seed: int = 0, scale: float = 0.5) -> NDArray[np.float32]:
    return np.random.default_rng([seed, *shape]).normal(scale=scale, size=shape).astype(np.float32)


def whole(*values: ArrayLike) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


@dataclass
class _List:
    cases: list[OperatorCase] = field(default_factory=list)

    def add(
        self,
        name: str,
        nodes: Sequence[NodeProto],
        constants: Arrays | None = None,
        shape: tuple[int, ...] = (6,),
        *,
        inputs: Mapping[str, tuple[int, ...]] | None = None,
        **options: Any,
    ) -> None:
        self.cases.append(OperatorCase(name, nodes, constants or {}, inputs or {"obs": shape}, **options))


def _elementwise(to: _List) -> None:
    plain = "Abs Ceil Cos Elu Erf Exp Floor HardSigmoid HardSwish LeakyRelu Neg Relu Selu Sigmoid Sign Sin Softplus"
    for op in f"{plain} Softsign Tanh ThresholdedRelu Round Identity Celu Mish".split():
        to.add(op.lower(), [node(op, "obs")], opset=18)
    for op in ("Sqrt", "Log", "Reciprocal"):
        to.add(op.lower(), [node(op, "obs")], low=0.1)
    for size, scale in ((33, 30.0), (5, 100.0)):
        to.add(f"tanh-{size}", [node("Tanh", "obs")], shape=(size,), low=-scale, high=scale)
        to.add(f"sigmoid-{size}", [node("Sigmoid", "obs")], shape=(size,), low=-scale, high=scale)
    to.add("elu-alpha", [node("Elu", "obs", alpha=0.3)])
    to.add("selu-own", [node("Selu", "obs", alpha=1.2, gamma=0.9)])
    to.add("gelu", [node("Gelu", "obs")], opset=20)
    to.add("gelu-tanh", [node("Gelu", "obs", approximate="tanh")], opset=20)
    to.add("clip-attributes", [node("Clip", "obs", min=-0.5, max=1.0)], opset=9)
    limits = {"low": np.float32(-0.5), "high": np.float32(0.7)}
    to.add("clip", [node("Clip", "obs low high")], {k: np.array(v) for k, v in limits.items()})
    to.add("cast-whole", [node("Cast", "obs", "i", to=7), node("Cast", "i", to=1)])
    to.add("cast-truth", [node("Floor", "obs", "f"), node("Cast", "f", "b", to=9), node("Cast", "b", to=1)])
    to.add("not", [node("Cast", "obs", "b", to=9), node("Not", "b", "n"), node("Cast", "n", to=1)])
    to.add("castlike", [node("CastLike", "obs i", "w"), node("CastLike", "w obs")], {"i": whole(1)})
    to.add("isnan", [node("Div", "obs obs", "x"), node("IsNaN", "x", "b"), node("Cast", "b", to=1)])
    for op in ("Dropout", "Identity"):
        to.add(f"{op.lower()}-between", [node(op, "obs", "x"), node("Tanh", "x")])


def _binary(to: _List) -> None:
    two = {"a": (6,), "b": (6,)}
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Sum", "Mean"):
        to.add(f"{op.lower()}-two", [node(op, "a b")], inputs=two)
        to.add(f"{op.lower()}-constant", [node(op, "obs c")], {"c": numbers(6)})
    to.add("sub-from-constant", [node("Sub", "c obs")], {"c": numbers(6)})
    to.add("div-of-constant", [node("Div", "c obs")], {"c": numbers(6)}, low=0.5)
    to.add(
        "div-then-layer",
        [node("Div", "obs c", "x"), node("MatMul", "x w")],
        {"c": numbers(6), "w": numbers(6, 5)},
    )
    to.add("log-then-layer", [node("Log", "obs", "x"), node("MatMul", "x w")], {"w": numbers(6, 5)}, low=0.5)
    to.add("max-three", [node("Max", "a b c")], {"c": numbers(6)}, inputs=two)
    to.add("pow", [node("Pow", "obs p")], {"p": np.array(3.0, np.float32)})
    to.add("pow-two", [node("Pow", "a b")], inputs=two, low=0.1)
    to.add("mod", [node("Mod", "obs c", fmod=1)], {"c": np.full(6, 0.7, np.float32)})
    to.add(
        "whole-arithmetic",
        [
            node("Cast", "obs", "i", to=7),
            node("Div", "i three", "d"),
            node("Mod", "i three", "m"),
            node("Add", "d m", "s"),
            node("Cast", "s", to=1),
        ],
        {"three": whole(3)},
        low=-20.0,
        high=20.0,
    )
    for op in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"):
        nodes = [
            node("Round", "a", "x"),
            node("Round", "b", "y"),
            node(op, "x y", "t"),
            node("Cast", "t", to=1),
        ]
        to.add(op.lower(), nodes, inputs=two)
    for op in ("And", "Or", "Xor"):
        nodes = [node("Greater", "a zero", "x"), node("Less", "b zero", "y"), node(op, "x y", "t")]
        to.add(op.lower(), [*nodes, node("Cast", "t", to=1)], {"zero": numbers(1, scale=0.0)}, inputs=two)
    to.add("where", [node("Greater", "a b", "t"), node("Where", "t a c")], {"c": numbers(6)}, inputs=two)
    wide = {"a": (3, 1), "b": (1, 4)}
    to.add("add-wide", [node("Add", "a b", "x"), node("Flatten", "x")], inputs=wide)
    to.add("mul-column", [node("Mul", "obs c", "x"), node("Flatten", "x")], {"c": numbers(3, 1)}, (3, 5))
    to.add(
        "spread",
        [node("ReduceMean", "obs", "m", axes=[1], keepdims=1), node("Sub", "obs m")],
        shape=(7,),
        opset=13,
    )


def _layout(to: _List) -> None:
    box = (3, 4, 2)
    for order in ([0, 3, 1, 2], [0, 2, 1, 3], [0, 1, 3, 2]):
        to.add(
            f"transpose-{order}", [node("Transpose", "obs", "t", perm=order), node("Flatten", "t")], shape=box
        )
    to.add("slice", [node("Slice", "obs s e a")], {"s": whole(1), "e": whole(5), "a": whole(1)})
    back = {"s": whole(-1), "e": whole(-(2**62)), "a": whole(1), "d": whole(-2)}
    to.add("slice-back", [node("Slice", "obs s e a d")], back)
    to.add("slice-attributes", [node("Slice", "obs", axes=[1], starts=[2], ends=[99])], opset=9)
    parts = [node("Split", "obs n", "x y z", axis=1), node("Concat", "z x y", axis=-1)]
    to.add("split-concat", parts, {"n": whole(4, 8, 3)}, (15,))
    to.add("split-even", [node("Split", "obs", "x y", axis=1), node("Sub", "x y")], shape=(8,))
    to.add(
        "split-attribute", [node("Split", "obs", "x y", axis=1, split=[2, 4]), node("Tanh", "y")], opset=11
    )
    joined = [node("Shape", "a", "s"), node("ConstantOfShape", "s", "c"), node("Concat", "a c b", axis=1)]
    to.add("concat-constant", joined, inputs={"a": (3,), "b": (2,)})
    to.add(
        "concat-inside",
        [node("Concat", "a b", "x", axis=2), node("Flatten", "x")],
        inputs={"a": (3, 2), "b": (3, 4)},
    )
    to.add("gather", [node("Gather", "obs i", axis=1)], {"i": whole(3, 0, -1)})
    to.add(
        "gather-one", [node("Gather", "obs i", "x", axis=1), node("Mul", "x x")], {"i": np.array(1)}, (3, 4)
    )
    rows = [node("Cast", "obs", "i", to=7), node("Gather", "table i", "x", axis=0), node("Flatten", "x")]
    to.add("gather-rows", rows, {"table": numbers(5, 3)}, (2,), low=0.0, high=4.9)
    to.add("expand", [node("Expand", "obs s", "x"), node("Flatten", "x")], {"s": whole(1, 3, 4)}, (3, 1))
    to.add("tile", [node("Tile", "obs r")], {"r": whole(1, 3)}, (5,))
    to.add("pad", [node("Pad", "obs p v")], {"p": whole(0, 2, 0, 1), "v": np.array(0.5, np.float32)})
    to.add("pad-attributes", [node("Pad", "obs", mode="constant", pads=[0, 1, 0, 2], value=0.25)], opset=9)
    shape = [node("Shape", "obs", "s"), node("Gather", "s z", "n"), node("Concat", "n minus", "to", axis=0)]
    to.add("reshape", [*shape, node("Reshape", "obs to")], {"z": whole(0), "minus": whole(-1)}, (2, 3))
    to.add("squeeze", [node("Squeeze", "obs a")], {"a": whole(1)}, (1, 5))
    to.add("unsqueeze", [node("Unsqueeze", "obs a", "x"), node("Flatten", "x", axis=1)], {"a": whole(1, 3)})
    filled = helper.make_tensor("v", TensorProto.FLOAT, [1], [0.25])
    nodes = [node("Shape", "obs", "s"), node("ConstantOfShape", "s", "c", value=filled), node("Add", "obs c")]
    to.add("constant-of-shape", nodes)
    hot = [
        node("Cast", "obs", "i", to=7),
        node("OneHot", "i depth values", "h", axis=-1),
        node("Flatten", "h"),
    ]
    values = {"depth": whole(4), "values": np.array([0.0, 1.0], np.float32)}
    to.add("one-hot", hot, values, (2,), low=0.0, high=3.9)


def _rows(to: _List) -> None:
    for op in (
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceL1",
        "ReduceL2",
        "ReduceProd",
        "ReduceSumSquare",
    ):
        to.add(f"{op.lower()}", [node(op, "obs", axes=[1], keepdims=1)], shape=(7,))
        to.add(f"{op.lower()}-middle", [node(op, "obs", axes=[1], keepdims=0)], shape=(3, 5))
        to.add(f"{op.lower()}-18", [node(op, "obs a", keepdims=0)], {"a": whole(-1)}, (3, 5), opset=18)
    to.add("reducesum", [node("ReduceSum", "obs a", keepdims=0)], {"a": whole(2)}, (3, 5))
    to.add("reducelogsum", [node("ReduceLogSum", "obs", axes=[1])], shape=(7,), low=0.1)
    to.add("reducelogsumexp", [node("ReduceLogSumExp", "obs", axes=[1])], shape=(7,))
    ends = {"start": np.float32(1), "end": np.float32(4), "step": np.float32(0.5)}
    span = [node("Range", "start end step", "r"), node("Add", "obs r")]
    to.add("range", span, {key: np.array(value) for key, value in ends.items()})
    to.add(
        "size",
        [node("Size", "c", "n"), node("CastLike", "n obs", "x"), node("Mul", "obs x")],
        {"c": numbers(3, 5)},
    )
    for op in ("Softmax", "LogSoftmax"):
        to.add(op.lower(), [node(op, "obs", axis=-1)])
        to.add(f"{op.lower()}-middle", [node(op, "obs", axis=1)], shape=(3, 5))
        to.add(f"{op.lower()}-old", [node(op, "obs", axis=1)], shape=(3, 5), opset=11)
    for op in ("ArgMax", "ArgMin"):
        to.add(op.lower(), [node(op, "obs", "i", axis=1), node("Cast", "i", to=1)])
    to.add("cumsum", [node("CumSum", "obs a")], {"a": np.array(1)})
    to.add("lpnormalization", [node("LpNormalization", "obs", axis=1, p=2)])
    for size in (8, 7):
        constants = {"s": numbers(size), "b": numbers(size, seed=1)}
        to.add(f"layernorm-{size}", [node("LayerNormalization", "obs s b", axis=-1)], constants, (size,))
    constants = {"s": numbers(5), "b": numbers(5, seed=1)}
    inner = [node("LayerNormalization", "obs s b", "x", axis=-1, epsilon=0.01), node("Flatten", "x")]
    to.add("layernorm-inner", inner, constants, (3, 5))
    names = ("s", "b", "m", "v")
    statistics = {name: np.abs(numbers(3, seed=index)) for index, name in enumerate(names)}
    to.add("batchnorm", [node("BatchNormalization", "obs s b m v")], statistics, (3, 4, 2))


def _layers(to: _List) -> None:
    for size, outputs in ((8, 64), (64, 64), (7, 33), (33, 39), (61, 97), (1, 1), (64, 2), (4, 33)):
        constants = {"w": numbers(outputs, size, scale=size**-0.5), "b": numbers(outputs)}
        to.add(f"gemm-{size}-{outputs}", [node("Gemm", "obs w b", transB=1)], constants, (size,))
        constants = {"w": numbers(size, outputs, scale=size**-0.5), "b": numbers(outputs)}
        nodes = [node("MatMul", "obs w", "m"), node("Add", "b m")]
        to.add(f"matmul-{size}-{outputs}", nodes, constants, (size,))
    constants = {"w": numbers(6, 5), "b": numbers(1)}
    to.add("gemm-factors", [node("Gemm", "obs w b", alpha=0.5, beta=2.0)], constants)
    for size, outputs in ((8, 8), (5, 3)):
        constants = {"w": numbers(size, outputs), "b": numbers(outputs)}
        nodes = [node("MatMul", "obs w", "m"), node("Add", "m b", "x"), node("Relu", "x")]
        to.add(f"matmul-rows-{size}-{outputs}", nodes, constants, (3, size))
    to.add("matmul-both", [node("MatMul", "a b")], inputs={"a": (3, 4), "b": (4, 2)})
    scores = [node("MatMul", "w obs", "x"), node("Flatten", "x")]
    to.add("matmul-left", scores, {"w": numbers(2, 3)}, (3, 4))


def _convolutions(to: _List) -> None:
    picture = (3, 9, 8)
    weight = {"w": numbers(5, 3, 3, 3, scale=0.2), "b": numbers(5)}
    forms: dict[str, dict[str, Any]] = {
        "plain": {},
        "stride": {"strides": [2, 2]},
        "pads": {"pads": [1, 0, 1, 2]},
        "dilated": {"dilations": [2, 1], "pads": [2, 1, 2, 1]},
        "same-upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        "same-lower": {"auto_pad": "SAME_LOWER", "strides": [2, 3]},
        "valid": {"auto_pad": "VALID", "kernel_shape": [3, 3]},
    }
    for name, attributes in forms.items():
        to.add(f"conv-{name}", [node("Conv", "obs w b", **attributes)], weight, picture)
    to.add("conv-no-bias", [node("Conv", "obs w")], {"w": weight["w"]}, picture)
    to.add("conv-groups", [node("Conv", "obs w", group=2)], {"w": numbers(6, 2, 2, 3)}, (4, 5, 6))
    to.add("conv-line", [node("Conv", "obs w b")], {"w": numbers(4, 2, 3), "b": numbers(4)}, (2, 9))
    net = [
        node("Transpose", "obs", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t w b", "c", strides=[2, 2]),
        node("Relu", "c", "r"),
        node("Flatten", "r", "f"),
        node("Gemm", "f w2 b2", transB=1),
    ]
    constants = {**weight, "w2": numbers(4, 60, scale=0.1), "b2": numbers(4)}
    to.add("conv-net", net, constants, (9, 8, 3), low=0.0)
    pools: dict[str, dict[str, Any]] = {
        "plain": {},
        "stride": {"strides": [2, 2]},
        "pads": {"pads": [1, 1, 1, 1], "strides": [2, 1]},
        "ceil": {"strides": [2, 2], "ceil_mode": 1},
    }
    for name, attributes in pools.items():
        for op in ("MaxPool", "AveragePool"):
            if op == "MaxPool" or name != "ceil":
                to.add(
                    f"{op.lower()}-{name}",
                    [node(op, "obs", kernel_shape=[3, 2], **attributes)],
                    shape=(2, 8, 7),
                )
    counted = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}
    to.add("averagepool-counted", [node("AveragePool", "obs", **counted)], shape=(2, 5, 5))
    for op in ("GlobalAveragePool", "GlobalMaxPool"):
        to.add(op.lower(), [node(op, "obs", "x"), node("Flatten", "x")], shape=(3, 4, 5))


def _recurrent(to: _List) -> None:
    turn = [node("Transpose", "obs", "x", perm=[1, 0, 2])]
    back = [node("Transpose", "y", "t", perm=[2, 0, 1, 3]), node("Flatten", "t")]
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}
    for op, count in gates.items():
        for units, length in ((8, 1), (5, 1), (5, 4)):
            constants = _recurrent_weights(count, units, 3, 1)
            nodes = [*turn, node(op, "x w r b", "y", hidden_size=units), *back]
            to.add(f"{op.lower()}-{units}-{length}", nodes, constants, (length, 3))
        constants = _recurrent_weights(count, 6, 3, 2)
        both = node(op, "x w r b", "y", hidden_size=6, direction="bidirectional")
        to.add(f"{op.lower()}-both", [*turn, both, *back], constants, (4, 3))
    constants = _recurrent_weights(3, 6, 3, 1)
    for late in (0, 1):
        gru = node("GRU", "x w r b", "y", hidden_size=6, linear_before_reset=late, direction="reverse")
        to.add(f"gru-reverse-{late}", [*turn, gru, *back], constants, (3, 3))
    to.add(
        "lstm-no-bias",
        [*turn, node("LSTM", "x w r", "y", hidden_size=8), *back],
        {key: value for key, value in _recurrent_weights(4, 8, 3, 1).items() if key != "b"},
        (1, 3),
    )
    for units in (8, 5):
        nodes = [
            node("Unsqueeze", "obs first", "x"),
            node("Split", "state_ins", "h c", axis=1),
            node("Unsqueeze", "h first", "h0"),
            node("Unsqueeze", "c first", "c0"),
            node("LSTM", "x w r b - h0 c0", "y h1 c1", hidden_size=units),
            node("Squeeze", "h1 first", "h2"),
            node("Squeeze", "c1 first", "c2"),
            node("Concat", "h2 c2", "state_outs", axis=1),
            node("Gemm", "h2 w2 b2", transB=1),
        ]
        constants = {**_recurrent_weights(4, units, 3, 1), "first": whole(0)}
        constants |= {"w2": numbers(2, units), "b2": numbers(2)}
        to.add(f"lstm-memory-{units}", nodes, constants, (3,), memory=2 * units)
    to.add("memory-passed-on", [node("Tanh", "obs"), node("Neg", "state_ins", "state_outs")], memory=3)


def _recurrent_weights(gates: int, units: int, width: int, directions: int) -> dict[str, NDArray[Any]]:
    return {
        "w": numbers(directions, gates * units, width),
        "r": numbers(directions, gates * units, units),
        "b": numbers(directions, 2 * gates * units),
    }


def _make() -> list[OperatorCase]:
    to = _List()
    for add in (_elementwise, _binary, _layout, _rows, _layers, _convolutions, _recurrent):
        add(to)
    return to.cases


CASES = _make()
