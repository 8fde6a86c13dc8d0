"""ONNX files that want to do harm: sizes out of all proportion, wrong types, loops, damage of all kinds."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

HUGE = 2**62
LARGE = 2**31
NUMBERS = (-1, 0, 3, 10**6, 10**9, LARGE, HUGE, -HUGE, 2**63 - 1, -(2**63))


def ints(name: str, values: Any) -> TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def floats(name: str, values: Any) -> TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=np.float32), name)


def node(op: str, inputs: str, outputs: str = "output", **attributes: Any) -> NodeProto:
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def model(
    nodes: Sequence[NodeProto],
    tensors: Sequence[TensorProto] = (),
    *,
    shape: Sequence[int | str] | None = ("batch", 4),
    outputs: Sequence[str] = ("output",),
    opset: int = 17,
    element: int = TensorProto.FLOAT,
) -> ModelProto:
    """A model with the single input `obs`."""
    graph = helper.make_graph(
        list(nodes),
        "hostile",
        [helper.make_tensor_value_info("obs", element, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        list(tensors),
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    return made


def good() -> ModelProto:
    """A model of several layers that works."""
    rng = np.random.default_rng(1)
    return model(
        [
            node("Gemm", "obs w b", "h", transB=1, alpha=1.0),
            node("Tanh", "h", "t"),
            node("Reshape", "t s", "r"),
            node("Conv", "r k", "c", kernel_shape=[2, 2], pads=[0, 0, 1, 1], strides=[1, 1]),
            node("Flatten", "c", "f"),
            node("Slice", "f begin end axes", "cut"),
            node("Softmax", "cut", "output", axis=-1),
        ],
        [
            *(floats("w", rng.normal(size=(16, 4))), floats("b", np.zeros(16)), ints("s", [-1, 1, 4, 4])),
            *(floats("k", rng.normal(size=(2, 1, 2, 2))), ints("begin", [0]), ints("end", [5])),
            ints("axes", [1]),
        ],
    )


def of_sizes() -> Iterator[tuple[str, ModelProto]]:
    """Sizes that must not be believed, in each operator that takes some."""
    same = node("Identity", "obs")
    for number in NUMBERS:
        yield f"input_{number}", model([same], shape=("batch", number))
        yield f"input_of_two_{number}", model([same], shape=("batch", number, number))
        lists = {
            "ConstantOfShape": ([node("ConstantOfShape", "s", "c")], [ints("s", [number])]),
            "ConstantOfShape_of_two": ([node("ConstantOfShape", "s", "c")], [ints("s", [number, number])]),
            "Expand": ([node("Expand", "obs s", "c")], [ints("s", [number, 4])]),
            "Tile": ([node("Tile", "obs s", "c")], [ints("s", [1, number])]),
            "Tile_of_two": ([node("Tile", "obs s", "c")], [ints("s", [number, number])]),
            "Range": ([node("Range", "a s d", "c")], [ints("a", 0), ints("s", number), ints("d", 1)]),
            "Range_step": ([node("Range", "a s d", "c")], [ints("a", 0), ints("s", 9), ints("d", number)]),
            "OneHot": (
                [node("OneHot", "a s v", "c")],
                [ints("a", [1]), ints("s", number), floats("v", [0, 1])],
            ),
            "Pad": ([node("Pad", "obs s", "c")], [ints("s", [0, number, 0, number])]),
            "Reshape": ([node("Reshape", "obs s", "c")], [ints("s", [number, number])]),
            "Gather": ([node("Gather", "obs s", "c", axis=1)], [ints("s", [number])]),
            "Slice": ([node("Slice", "obs s e", "c")], [ints("s", [0, 0]), ints("e", [number, number])]),
            "Slice_steps": (
                [node("Slice", "obs s s a e", "c")],
                [ints("s", [0, 0]), ints("a", [0, 1]), ints("e", [number, number])],
            ),
            "Split": ([node("Split", "obs s", "c d", axis=1)], [ints("s", [number, 4])]),
            "Unsqueeze": ([node("Unsqueeze", "obs s", "c")], [ints("s", [number])]),
            "Squeeze": ([node("Squeeze", "obs s", "c")], [ints("s", [number])]),
            "CumSum": ([node("CumSum", "obs s", "c")], [ints("s", number)]),
            "ReduceSum": ([node("ReduceSum", "obs s", "c")], [ints("s", [number])]),
            "Div": ([node("Div", "s d", "c")], [ints("s", [-(2**63), 1]), ints("d", [number, 1])]),
            "Mod": ([node("Mod", "s d", "c")], [ints("s", [-(2**63), 1]), ints("d", [number, 1])]),
        }
        for name, (nodes, tensors) in lists.items():
            yield f"{name}_{number}", model([*nodes, node("Add", "obs c")], tensors)
            yield f"{name}_only_{number}", model([*nodes, node("Identity", "c")], tensors)
        yield from _of_attributes(number)


def _of_attributes(number: int) -> Iterator[tuple[str, ModelProto]]:
    picture = {"shape": ("batch", 2, 6, 6)}
    kernel = floats("k", np.ones((2, 2, 3, 3)))
    for key in ("pads", "strides", "dilations", "kernel_shape"):
        values = [number] * (4 if key == "pads" else 2)
        yield f"Conv_{key}_{number}", model([node("Conv", "obs k", **{key: values})], [kernel], **picture)
        others = {"kernel_shape": [2, 2], key: values}
        for op in ("MaxPool", "AveragePool"):
            yield f"{op}_{key}_{number}", model([node(op, "obs", **others)], **picture)
    yield f"Conv_group_{number}", model([node("Conv", "obs k", group=number)], [kernel], **picture)
    for op, key in (
        *(
            ("Softmax", "axis"),
            ("Concat", "axis"),
            ("Flatten", "axis"),
            ("ArgMax", "axis"),
            ("Split", "axis"),
        ),
        *(("LogSoftmax", "axis"), ("LpNormalization", "axis"), ("LpNormalization", "p"), ("Cast", "to")),
        *(("Shape", "start"), ("Shape", "end"), ("Split", "num_outputs"), ("ReduceMean", "keepdims")),
    ):
        yield f"{op}_{key}_{number}", model([node(op, "obs", **{key: number})])
    yield f"Transpose_{number}", model([node("Transpose", "obs", perm=[number, 0])])
    rng = np.random.default_rng(0)
    weights = [floats("w", rng.normal(size=(1, 32, 4))), floats("r", rng.normal(size=(1, 32, 8)))]
    lstm = [node("Unsqueeze", "obs zero", "x"), node("LSTM", "x w r", "y output", hidden_size=number)]
    yield f"LSTM_{number}", model(lstm, [*weights, ints("zero", [0])], outputs=["output"])


def of_growth() -> Iterator[tuple[str, ModelProto]]:
    """Small files that would compute very much."""
    two = ints("two", [1, 2])
    tiles = [node("Tile", f"{f't{i - 1}' if i else 'obs'} two", f"t{i}") for i in range(40)]
    yield "tiles", model([*tiles, node("ReduceSum", "t39")], [two])
    doubled = [
        node("Concat", " ".join([f"c{i - 1}" if i else "obs"] * 9), f"c{i}", axis=1) for i in range(12)
    ]
    yield "concats", model([*doubled, node("Identity", "c11")])
    fill = [node("ConstantOfShape", "s", "c"), node("MatMul", "c c", "m"), node("MatMul", "m c", "n")]
    yield "products", model([*fill, node("Add", "obs n")], [ints("s", [1000, 1000])])
    wide = [node("ConstantOfShape", "s", "c"), node("Transpose", "c", "d"), node("Add", "c d", "e")]
    yield "broadcast", model([*wide, node("Add", "obs e")], [ints("s", [1, 10**6])])
    steps = [node("ConstantOfShape", "s", "c0")]
    steps += [node("Transpose", f"c{i}", f"c{i + 1}") for i in range(2000)]
    yield "many_large_steps", model([*steps, node("Add", "obs c2000")], [ints("s", [1000, 1000])])
    sums = [node("ConstantOfShape", "s", "c"), node("Sum", " ".join(["c"] * 5000), "d")]
    yield "many_large_inputs", model([*sums, node("Add", "obs d")], [ints("s", [1000, 1000])])
    chain = [node("Identity", f"n{i - 1}" if i else "obs", f"n{i}") for i in range(50_000)]
    yield "nodes_50000", model([*chain, node("Identity", "n49999")])
    short = [node("Tanh", f"n{i - 1}" if i else "obs", f"n{i}") for i in range(5_000)]
    yield "nodes_5000", model([*short, node("Identity", "n4999")])
    picture = model(
        [node("Conv", "obs k", pads=[400] * 4)], [floats("k", np.ones((1, 1, 9, 9)))], shape=(1, 1, 9, 9)
    )
    yield "padded_conv", picture
    window = node("MaxPool", "obs", kernel_shape=[500, 500])
    yield "large_windows", model([window], shape=(1, 1, 1000, 1000))
    many = [floats(f"w{i}", [1.0]) for i in range(20_000)]
    yield "tensors_20000", model([node("Identity", "obs")], many)
    yield (
        "outputs_5000",
        model(
            [node("Identity", "obs", f"o{i}") for i in range(5000)], outputs=[f"o{i}" for i in range(5000)]
        ),
    )


def of_nonsense() -> Iterator[tuple[str, ModelProto]]:
    """Graphs that mean nothing."""
    same = node("Identity", "obs")
    kernel = [floats("k", np.ones((1, 1, 1, 1)))]
    yield "layer_of_constants", model([node("Conv", "k k", "c"), node("Add", "obs c")], kernel)
    yield "cycle", model([node("Add", "obs b", "a"), node("Identity", "a", "b"), node("Identity", "b")])
    yield "itself", model([node("Add", "output obs", "output")])
    yield "backwards", model([node("Identity", "a"), node("Identity", "obs", "a")])
    yield "no_such_input", model([node("Add", "obs nobody")])
    yield "no_such_output", model([same], outputs=["nobody"])
    yield "no_output", model([same], outputs=[])
    yield "output_is_input", model([], outputs=["obs"])
    yield "output_is_constant", model([same], [floats("c", [1.0, 2.0])], outputs=["c"])
    yield "made_twice", model([same, node("Tanh", "obs")])
    yield "weights_twice", model([node("Add", "obs w")], [floats("w", [1.0]), floats("w", [2.0])])
    yield (
        "weights_as_output",
        model([node("Add", "obs obs", "w"), node("Add", "obs w")], [floats("w", [1.0])]),
    )
    yield "nameless", model([helper.make_node("Identity", [""], [""]), same])
    yield "no_inputs", model([helper.make_node("Add", [], ["output"])])
    yield "no_outputs", model([helper.make_node("Add", ["obs", "obs"], []), same])
    yield "many_inputs", model([node("Tanh", "obs obs obs obs")])
    yield "many_outputs", model([node("Relu", "obs", "output b c d")])
    for opset in (0, 1, 6, 99, LARGE, 2**63 - 1):
        yield f"opset_{opset}", model([same], opset=opset)
    without = model([same])
    del without.opset_import[:]
    yield "without_opset", without
    for element in (0, TensorProto.STRING, TensorProto.COMPLEX64, 999):
        yield f"input_of_type_{element}", model([same], element=element)
        strange = floats("w", [1.0])
        strange.data_type = element
        yield f"weights_of_type_{element}", model([node("Add", "obs w")], [strange])
    yield "input_without_shape", model([same], shape=None)
    yield "input_scalar", model([same], shape=())
    yield "input_of_many_axes", model([same], shape=("batch", *[1] * 40))
    for op in ("Loop", "If", "Scan", "NonZero", "RandomNormal", "Multinomial", "Resize", "DoesNotExist"):
        yield f"operator_{op}", model([node(op, "obs")])
    loop = node("Loop", "n cond obs")
    body = model([same]).graph
    for _ in range(20):
        outer = model([same]).graph
        outer.node.append(helper.make_node("Loop", ["obs"], ["x"], body=body))
        body = outer
    loop.attribute.append(helper.make_attribute("body", body))
    yield "loop_in_loops", model([loop], [ints("n", HUGE), numpy_helper.from_array(np.array(True), "cond")])
    yield from _of_empty()
    yield from _of_wrong_types()
    yield from _of_data()


def _of_empty() -> Iterator[tuple[str, ModelProto]]:
    for op in (
        *(
            "Add",
            "Mul",
            "Concat",
            "MatMul",
            "Gemm",
            "Where",
            "Max",
            "Mean",
            "PRelu",
            "CumSum",
            "Range",
            "OneHot",
        ),
        *(
            "Gather",
            "Expand",
            "Tile",
            "Reshape",
            "Pad",
            "Slice",
            "Split",
            "Clip",
            "LayerNormalization",
            "Conv",
        ),
        *(
            "LSTM",
            "BatchNormalization",
            "ReduceMax",
            "ArgMax",
            "Softmax",
            "Squeeze",
            "Unsqueeze",
            "Transpose",
        ),
    ):
        more = {"axis": 1} if op == "Concat" else {}
        for shape in ((0,), (0, 4), (1, 0), (4, 0)):
            empty = floats("e", np.zeros(shape))
            none = ints("e", np.zeros(shape))
            for kind, tensor in (("floats", empty), ("ints", none)):
                tag = f"{op}_of_no_{kind}_{'_'.join(map(str, shape))}"
                yield tag, model([node(op, "obs e e", **more)], [tensor])
                yield f"{tag}_first", model([node(op, "e e e", "x", **more), node("Add", "obs x")], [tensor])
    yield "input_of_nothing", model([node("ReduceMax", "obs")], shape=("batch", 0))


def _of_wrong_types() -> Iterator[tuple[str, ModelProto]]:
    values: dict[str, Any] = {
        **{"string": "seven", "float": 0.5, "ints": [1, 2], "floats": [0.5], "strings": ["a"], "int": 3},
        "tensor": floats("t", [1.0]),
        "graph": model([node("Identity", "obs")]).graph,
    }
    keys = {
        "Softmax": ["axis"],
        "Gemm": ["alpha", "transB"],
        "Conv": ["kernel_shape", "pads", "strides", "dilations", "group", "auto_pad"],
        "MaxPool": ["kernel_shape", "ceil_mode"],
        "Concat": ["axis"],
        "Transpose": ["perm"],
        "Clip": ["min", "max"],
        "ConstantOfShape": ["value"],
        "LeakyRelu": ["alpha"],
        "Cast": ["to"],
        "LSTM": ["activations", "direction", "hidden_size"],
        "Pad": ["mode", "pads", "value"],
        "Gelu": ["approximate"],
        "Constant": ["value", "value_float", "value_floats", "value_int", "value_ints", "value_string"],
    }
    for op, names in keys.items():
        for key in names:
            for kind, value in values.items():
                inputs = [] if op == "Constant" else ["obs", "obs", "obs"]
                made = helper.make_node(op, inputs, ["x"])
                made.attribute.append(helper.make_attribute(key, value))
                yield f"{op}_{key}_as_{kind}", model([made, node("Add", "obs x")])
    bare = AttributeProto(name="axis")
    made = node("Softmax", "obs")
    made.attribute.append(bare)
    yield "attribute_without_value", model([made])


def _of_data() -> Iterator[tuple[str, ModelProto]]:
    for dims in ([HUGE], [2**32, 2**32], [-4], [2**32, 2**32, 0], [3, -1], [10**9], [1] * 40):
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims)
        yield f"weights_{len(dims)}_{dims[0]}", model([node("Add", "obs w")], [tensor])
        tensor = TensorProto(name="w", data_type=TensorProto.INT64, dims=dims, raw_data=b"abc")
        yield f"raw_weights_{len(dims)}_{dims[0]}", model([node("Add", "obs w")], [tensor])
    places: list[dict[str, str]] = [
        *(
            {"location": "../secret"},
            {"location": "/etc/hostname"},
            {"location": ""},
            {"location": "nobody.bin"},
        ),
        *({"location": "self.onnx", "length": str(number)} for number in (HUGE, -1, 10**12)),
        *({"location": "self.onnx", "offset": str(number)} for number in (HUGE, -1, 10**12)),
        {"location": "self.onnx", "offset": "a", "length": "b"},
        {"location": "."},
    ]
    for index, place in enumerate(places):
        tensor = TensorProto(
            name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL
        )
        for key, value in place.items():
            tensor.external_data.add(key=key, value=value)
        yield f"external_{index}", model([node("Add", "obs w")], [tensor])
    yield from _of_metadata()


def _of_metadata() -> Iterator[tuple[str, ModelProto]]:
    values = ("7", '"seven"', "null", "[1, null]", "{}", '{"obs": 7}', '{"obs": {"size": "x"}}')
    values += (
        '{"obs": {"space": "box", "size": [null, "4", [], 1e30]}}',
        '{"a": {"action_type": 5, "size": "9"}}',
    )
    values += ('{"a": {"action_type": "discrete", "size": 1e30}}', '{"a": null, "b": []}', "-1e30")
    keys = (
        "action_space",
        "observation_space",
        "proof",
        "action_repeat",
        "output",
        "distribution",
        "versions",
    )
    keys += ("policy", "run", "timesteps", "memory", "algorithm", "trainer", "network")
    for key in keys:
        for index, value in enumerate(values):
            made = good()
            helper.set_model_props(made, {"rl_studio": f'{{"{key}": {value}}}'})
            yield f"metadata_{key}_{index}", made
    for text in ("{", "[]", "7", "[" * 5000):
        made = good()
        helper.set_model_props(made, {"rl_studio": text})
        yield f"metadata_{len(text)}_{text[:3].encode().hex()}", made


def damaged(count: int = 300, seed: int = 5) -> Iterator[tuple[str, bytes]]:
    """A good model cut off, and with bytes changed, inserted or taken away."""
    whole = good().SerializeToString()
    random_ = random.Random(seed)
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        yield f"cut_{end}", whole[:end]
    for index in range(count):
        data = bytearray(whole)
        for _ in range(random_.randint(1, 4)):
            at = random_.randrange(len(data))
            what = random_.random()
            if what < 0.6:
                data[at] = random_.choice((0, 1, 0x7F, 0x80, 0xFF, random_.randrange(256)))
            elif what < 0.8:
                data[at:at] = bytes(random_.randrange(256) for _ in range(random_.randint(1, 9)))
            else:
                del data[at : at + random_.randint(1, 9)]
        yield f"damaged_{index}", bytes(data)
    yield "endless_length", b"\x3a" + b"\xff" * 9 + b"\x7f" + whole
    yield "endless_negative", b"\x3a" + b"\xff" * 9 + b"\x01" + whole
    yield "zeros", bytes(100_000)
    yield "noise", random_.randbytes(100_000)
    yield "text", b"this is no model\n" * 100
    yield "empty", b""
