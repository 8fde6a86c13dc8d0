"""From layers of PyTorch to nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rl_studio_training.errors import ExportError
from rl_studio_training.onnx_graph import Graph, Value

Write = Callable[["Layers", Any, Value], Value]
"""Writes one kind of module: the layers it may call for its parts, the module, what goes in → what comes out."""


class Layers:
    """Writes modules into a graph.

    Args:
        graph: gets the nodes.
        own: how further kinds of modules are written.
    """

    def __init__(self, graph: Graph, own: Mapping[type[nn.Module], Write] | None = None) -> None:
        self.graph = graph
        self._known = {**_STANDARD, **(own or {})}

    def write(self, module: nn.Module, x: Value) -> Value:
        """Writes a module.

        Raises:
            ExportError: it is of a kind that is not known.
        """
        if type(module) not in self._known:
            raise ExportError(
                f"A layer of the type {type(module).__name__} cannot be exported.",
                hint="Policies of the networks that the configuration offers can.",
            )
        return self._known[type(module)](self, module, x)

    def picture(self, eye: nn.Sequential, x: Value) -> Value:
        """Convolutions over (height, width, channels) from 0 to 255; the scale to 0 … 1 goes into the first one."""
        first, *rest = eye
        assert isinstance(first, nn.Conv2d)
        seen = self.graph.transpose(x, (2, 0, 1))
        features = _conv(self, first, seen, scale=1.0 / 255.0)
        for module in rest:
            features = self.write(module, features)
        return features

    def lstm(
        self, module: nn.LSTM, x: Value, hidden: Sequence[Value], cell: Sequence[Value]
    ) -> tuple[list[Value], list[Value]]:
        """One step: hidden and cell states of each layer after it; the last hidden state is the output."""
        found: tuple[list[Value], list[Value]] = ([], [])
        for number, (h, c) in enumerate(zip(hidden, cell, strict=True)):
            x, c = self._cell(module, number, x, h, c)
            found[0].append(x)
            found[1].append(c)
        return found

    def _cell(self, module: nn.LSTM, number: int, x: Value, h: Value, c: Value) -> tuple[Value, Value]:
        weights = [getattr(module, f"weight_{kind}_l{number}") for kind in ("ih", "hh")]
        biases = [getattr(module, f"bias_{kind}_l{number}") for kind in ("ih", "hh")]
        graph = self.graph
        gates = graph.gemm(
            graph.concat([x, h]), numbers(torch.cat(weights, dim=1)), numbers(biases[0].double() + biases[1])
        )
        i, f, g, o = graph.split(gates, [module.hidden_size] * 4)
        kept = graph.math("Mul", graph.unary("Sigmoid", f), c)
        added = graph.math("Mul", graph.unary("Sigmoid", i), graph.unary("Tanh", g))
        after = graph.math("Add", kept, added)
        return graph.math("Mul", graph.unary("Sigmoid", o), graph.unary("Tanh", after)), after


def numbers(tensor: torch.Tensor) -> NDArray[Any]:
    """The tensor's values."""
    return np.asarray(tensor.detach().cpu().numpy())


def _linear(layers: Layers, module: nn.Linear, x: Value) -> Value:
    bias = None if module.bias is None else numbers(module.bias)
    return layers.graph.gemm(x, numbers(module.weight), bias)


def _conv(layers: Layers, module: nn.Conv2d, x: Value, *, scale: float = 1.0) -> Value:
    assert isinstance(module.padding, tuple)
    bias = None if module.bias is None else numbers(module.bias)
    weight = numbers(module.weight).astype(np.float64) * scale
    return layers.graph.conv(x, weight, bias, module.stride, module.padding)


def _sequential(layers: Layers, module: nn.Sequential, x: Value) -> Value:
    for part in module:
        x = layers.write(part, x)
    return x


def _layer_norm(layers: Layers, module: nn.LayerNorm, x: Value) -> Value:
    return layers.graph.layer_norm(x, numbers(module.weight), numbers(module.bias), module.eps)


def _elementwise(kind: str) -> Write:
    return lambda layers, _module, x: layers.graph.unary(kind, x)


_STANDARD: dict[type[nn.Module], Write] = {
    nn.Linear: _linear,
    nn.Conv2d: _conv,
    nn.Sequential: _sequential,
    nn.LayerNorm: _layer_norm,
    nn.Flatten: lambda layers, _module, x: layers.graph.flatten(x),
    nn.Identity: lambda _layers, _module, x: x,
    nn.Tanh: _elementwise("Tanh"),
    nn.ReLU: _elementwise("Relu"),
    nn.Sigmoid: _elementwise("Sigmoid"),
    nn.ELU: lambda layers, module, x: layers.graph.unary("Elu", x, alpha=float(module.alpha)),
}
