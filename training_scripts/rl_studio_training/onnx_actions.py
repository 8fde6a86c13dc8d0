"""How actions lie in `output`, and how they are read from it.

Only continuous actions: their means. Only discrete ones: logits or values of each choice. Both: a continuous action
is its means followed by its log-stds, a discrete one the logits of its choices. Actions come in wire order.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.layout import ActionPart
from rl_studio_training.onnx_graph import Graph, Value

Distribution = Literal["gaussian", "squashed_gaussian", "categorical", "greedy", "deterministic", "mixed"]


@dataclass(frozen=True, slots=True)
class Affine:
    """rows · weightᵀ + bias.

    Args:
        weight: (units, width).
        bias: (units,).
    """

    weight: NDArray[Any]
    bias: NDArray[Any]

    def rows(self, chosen: slice) -> Affine:
        """Some of its units."""
        return Affine(self.weight[chosen], self.bias[chosen])


@dataclass(frozen=True, slots=True)
class Spread:
    """Log-stds of continuous actions, before squashing.

    Args:
        log_std: how they follow from features, or (units,) that do not depend on them.
        limits: they are held within.
    """

    log_std: Affine | NDArray[Any]
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last layer of a policy: a number for each continuous action and for each binary one beside them, or the
    logits of discrete ones.

    Args:
        means: from features.
        squashes: whether tanh follows.
        spread: of what is drawn around the means; None for a policy that draws nothing, or only choices.
    """

    means: Affine
    squashes: bool = False
    spread: Spread | None = None

    def write(self, graph: Graph, features: Value, parts: Sequence[ActionPart]) -> dict[str, Value]:
        """`output`, and `log_std` if all actions are continuous and drawn at random."""
        if is_mixed(parts):
            return {"output": self._write_mixed(graph, features, parts)}
        output = self._squash(graph, graph.gemm(features, self.means.weight, self.means.bias))
        if self.spread is None:
            return {"output": output}
        log_std = self.spread.log_std
        if not isinstance(log_std, Affine):
            return {"output": output, "log_std": graph.rows_of(log_std, like=output)}
        spread = graph.gemm(features, log_std.weight, log_std.bias)
        return {"output": output, "log_std": self._limit(graph, spread)}

    def _write_mixed(self, graph: Graph, features: Value, parts: Sequence[ActionPart]) -> Value:
        """One layer whose units lie as `output` has them; then what each stretch of it needs."""
        stretches = [
            (kind, [affine for _, affine in group])
            for kind, group in itertools.groupby(self._stretches(parts), lambda stretch: stretch[0])
        ]
        units = [affine for _, group in stretches for affine in group]
        whole = graph.gemm(
            features,
            np.concatenate([affine.weight for affine in units]),
            np.concatenate([affine.bias for affine in units]),
        )
        sizes = [sum(len(affine.bias) for affine in group) for _, group in stretches]
        finish = {"": lambda _graph, value: value, "squash": self._squash, "limit": self._limit}
        pieces = zip(stretches, graph.split(whole, sizes), strict=True)
        return graph.concat([finish[kind](graph, piece) for (kind, _), piece in pieces])

    def _stretches(self, parts: Sequence[ActionPart]) -> list[tuple[str, Affine]]:
        width = self.means.weight.shape[1]
        spread = self.spread or Spread(np.full(len(self.means.bias), _NO_LOG_STD))
        around = spread.log_std
        if not isinstance(around, Affine):
            around = Affine(np.zeros((len(around), width)), around)
        mean_kind = "squash" if self.squashes else ""
        found: list[tuple[str, Affine]] = []
        start = 0
        for part in parts:
            units = slice(start, start + (part.size if part.kind == "continuous" else 1))
            block = [(mean_kind, self.means.rows(units))]
            if part.kind == "continuous":
                block.append(("limit" if spread.limits else "", around.rows(units)))
            elif part.size > 1:
                block.insert(0, (mean_kind, Affine(np.zeros((1, width)), np.zeros(1))))
            found += block
            start = units.stop
        return found

    def _squash(self, graph: Graph, value: Value) -> Value:
        return graph.unary("Tanh", value) if self.squashes else value

    def _limit(self, graph: Graph, value: Value) -> Value:
        limits = None if self.spread is None else self.spread.limits
        return value if limits is None else graph.clip(value, *limits)


_NO_LOG_STD = -20.0
"""Where `output` has room for a log-std and the policy draws nothing."""


def is_mixed(parts: Sequence[ActionPart]) -> bool:
    """Whether there are continuous and discrete actions."""
    return len({part.kind for part in parts}) > 1


def kind_of(parts: Sequence[ActionPart], continuous: Distribution, discrete: Distribution) -> Distribution:
    """What a policy with these actions draws from, if it draws from these."""
    if is_mixed(parts):
        return "mixed"
    return continuous if parts[0].kind == "continuous" else discrete


def lay_out(
    means: NDArray[Any], log_std: NDArray[Any] | None, parts: Sequence[ActionPart]
) -> dict[str, NDArray[np.float32]]:
    """The outputs for the numbers that a policy itself gives.

    Args:
        means: (n, width), squashed if the policy squashes; or logits.
        log_std: (n, width); None for a policy that draws nothing, or only choices.

    Returns:
        `output` (n, …), and `log_std` if all actions are continuous and drawn at random.
    """
    if not is_mixed(parts):
        alone = {} if log_std is None else {"log_std": np.asarray(log_std, dtype=np.float32)}
        return {"output": np.asarray(means, dtype=np.float32), **alone}
    spread = np.full_like(means, _NO_LOG_STD) if log_std is None else log_std
    columns: list[NDArray[Any]] = []
    start = 0
    for part in parts:
        stop = start + (part.size if part.kind == "continuous" else 1)
        block = means[:, start:stop]
        if part.kind == "continuous":
            columns += [block, spread[:, start:stop]]
        else:
            columns += [np.zeros_like(block), block][-part.size :]
        start = stop
    return {"output": np.concatenate(columns, axis=1).astype(np.float32)}


def decode_actions(output: NDArray[Any], parts: Sequence[ActionPart]) -> NDArray[np.float64]:
    """Actions from `output`, read as the stock plugin and our runtime read it: (n, width)."""
    columns = [
        np.clip(block, -1.0, 1.0) if part.kind == "continuous" else np.argmax(block, axis=1, keepdims=True)
        for part, block in _blocks(output, parts)
    ]
    return np.concatenate(columns, axis=1).astype(np.float64)


def plain_actions(
    actions: NDArray[Any], parts: Sequence[ActionPart], *, binary_slots: bool
) -> NDArray[np.float64]:
    """An algorithm's actions as `decode_actions` has them: (n, width).

    Args:
        actions: (n,) or (n, width).
        binary_slots: a discrete action is a number that means 1 above 0.
    """
    table = np.array(actions, dtype=np.float64).reshape(len(actions), -1)
    start = 0
    for part in parts:
        if part.kind == "discrete" and binary_slots:
            table[:, start] = table[:, start] > 0 if part.size > 1 else 0.0
        start += part.size if part.kind == "continuous" else 1
    return table


def count_different(
    expected: NDArray[np.float64], output: NDArray[Any], parts: Sequence[ActionPart], tolerance: float
) -> int:
    """Rows in which an action read from `output` is not the one expected.

    Numbers may differ by the tolerance, and a choice where its logit is nearer than that to the best one. As in the
    proof, the tolerance grows with the largest number of a row.
    """
    is_different = np.zeros(len(output), dtype=bool)
    start = 0
    for part, block in _blocks(output, parts):
        stop = start + (part.size if part.kind == "continuous" else 1)
        actions = expected[:, start:stop]
        if part.kind == "continuous":
            allowed = tolerance * np.maximum(1.0, np.abs(block).max(axis=1, keepdims=True))
            is_different |= ~(np.abs(np.clip(block, -1.0, 1.0) - actions) <= allowed).all(axis=1)
        else:
            is_different |= _is_worse(block, actions, tolerance)
        start = stop
    return int(is_different.sum())


def _is_worse(logits: NDArray[Any], choices: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Whether a choice is not the best one, even if logits are off by the tolerance."""
    best = logits.max(axis=1)
    chosen = np.take_along_axis(logits, choices.astype(np.int64), axis=1)[:, 0]
    return np.asarray(~(best - chosen <= tolerance * np.maximum(1.0, np.abs(logits).max(axis=1))))


def _blocks(output: NDArray[Any], parts: Sequence[ActionPart]) -> list[tuple[ActionPart, NDArray[Any]]]:
    """Means or logits of each action."""
    mixed = is_mixed(parts)
    found = []
    start = 0
    for part in parts:
        found.append((part, output[:, start : start + part.size]))
        start += 2 * part.size if mixed and part.kind == "continuous" else part.size
    return found
