"""Proof that an exported file computes what the policy computes, and decides what it decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from rl_studio_training.layout import ActionPart
from rl_studio_training.onnx_actions import count_different
from rl_studio_training.onnx_cases import SEQUENCE_LENGTH, Cases
from rl_studio_training.onnx_exportable import Exportable, Outputs
from rl_studio_training.onnx_inputs import Inputs

STATE_INPUT, STATE_OUTPUT = "state_ins", "state_outs"

BLOCK = 256
"""Rows that go through together, of a policy without memory; all pictures at once would fill the machine."""

_Step = Callable[[Inputs, NDArray[np.float32]], Mapping[str, NDArray[Any]]]
"""Rows and what they remember → outputs."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the policy itself does.

    Args:
        outputs: (n, …) by name.
        actions: (n, width), deterministic.
    """

    outputs: Outputs
    actions: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How what was found differs from what was expected.

    Args:
        differences: the largest by output, relative to the largest number of its row, or to 1 if that is larger;
            NaN if there is one.
        different_actions: rows in which another action would be taken.
    """

    differences: dict[str, float]
    different_actions: int

    @property
    def largest(self) -> float:
        """The largest difference of all outputs; NaN if there is one."""
        return float(np.max(list(self.differences.values())))

    def passes(self, tolerance: float) -> bool:
        """Whether nothing differs by more, and all actions are the same."""
        return self.largest <= tolerance and not self.different_actions


def run_policy(policy: Exportable, cases: Cases) -> Expected:
    """What the trained policy says and does."""

    def step(inputs: Inputs, memory: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        return {**policy.forward(inputs, memory), "actions": policy.act(inputs, memory)}

    width = policy.facts.memory
    found = _roll(step, cases, width)
    actions = found.pop("actions")
    if not width:
        found[STATE_OUTPUT] = np.ones(cases.count, dtype=np.float32)
    return Expected(found, actions.astype(np.float64))


def run_onnxruntime(model: bytes, cases: Cases, memory: int, *, single: bool = False) -> Outputs:
    """What the file says in onnxruntime.

    Args:
        memory: numbers of it.
        single: row by row, as a game with one agent does; else many rows, or all sequences, at once.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def step(inputs: Inputs, state: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        fed = state if memory else np.ones(len(state), dtype=np.float32)
        return dict(zip(names, session.run(names, {**inputs, STATE_INPUT: fed}), strict=True))

    return _roll(step, cases, memory, single=single)


def compare(
    expected: Expected, found: Mapping[str, NDArray[Any]], parts: tuple[ActionPart, ...], tolerance: float
) -> Comparison:
    """How outputs that a runtime gave differ from those of the policy; outputs that it did not give are left out."""
    differences = {
        name: _difference(values, found[name]) for name, values in expected.outputs.items() if name in found
    }
    return Comparison(differences, count_different(expected.actions, found["output"], parts, tolerance))


def _roll(step: _Step, cases: Cases, memory: int, *, single: bool = False) -> dict[str, NDArray[Any]]:
    """Outputs of all rows; each row of a sequence gets the memory that the one before it left."""
    state = np.zeros((0, memory), dtype=np.float32)
    told: list[Mapping[str, NDArray[Any]]] = []
    turns = _turns(cases, single=single)
    for turn in turns:
        if not memory or not told:
            state = np.zeros((len(turn), memory), dtype=np.float32)
        if cases.starts is not None:
            state[cases.starts[turn]] = 0.0
        told.append(step({name: values[turn] for name, values in cases.inputs.items()}, state))
        if memory:
            state = np.array(told[-1][STATE_OUTPUT])
    order = np.argsort(np.concatenate(turns))
    return {name: np.concatenate([outputs[name] for outputs in told])[order] for name in told[0]}


def _turns(cases: Cases, *, single: bool) -> list[NDArray[np.int64]]:
    """The rows that go through together: one, some, or the next of each sequence."""
    rows = np.arange(cases.count)
    if cases.starts is not None and not single:
        return list(rows.reshape(-1, SEQUENCE_LENGTH).T)
    size = 1 if single else BLOCK
    return [rows[start : start + size] for start in range(0, cases.count, size)]


def _difference(expected: NDArray[Any], found: NDArray[Any]) -> float:
    if expected.shape != found.shape:
        return float("nan")
    # Each number of a row is a sum over the same features: it is rounded as coarsely as the largest of them.
    rows, others = (values.reshape(len(values), -1) for values in (expected, found))
    scale = np.maximum(1.0, np.abs(rows).max(axis=1, keepdims=True, initial=0.0))
    return float(np.max(np.abs(rows - others) / scale, initial=0.0))
