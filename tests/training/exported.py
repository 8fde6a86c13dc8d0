"""Runs exported files as a game would: with onnxruntime, one decision after another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from rl_studio_training.onnx_inputs import Inputs


def run(file: Path, inputs: Inputs, starts: NDArray[np.bool_] | None = None) -> dict[str, NDArray[Any]]:
    """All outputs for rows (n, …); with `starts` one agent's decisions in order, its memory empty at each start."""
    session = onnxruntime.InferenceSession(str(file))
    names = [output.name for output in session.get_outputs()]
    count = len(next(iter(inputs.values())))

    def decide(fed: Inputs, state: NDArray[Any]) -> dict[str, NDArray[Any]]:
        return dict(zip(names, session.run(names, {**fed, "state_ins": state}), strict=True))

    if starts is None:
        return decide(inputs, np.ones(count, np.float32))
    memory = next(value for value in session.get_inputs() if value.name == "state_ins").shape[1]
    told: list[dict[str, NDArray[Any]]] = []
    for row in range(count):
        state = np.zeros((1, memory), np.float32) if starts[row] else told[-1]["state_outs"]
        fed = {name: values[row : row + 1] for name, values in inputs.items()}
        told.append(decide(fed, state))
    return {name: np.concatenate([outputs[name] for outputs in told]) for name in names}


def metadata(file: Path) -> dict[str, Any]:
    """What a file tells of itself."""
    (prop,) = onnx.load(str(file)).metadata_props
    assert prop.key == "rl_studio"
    told: dict[str, Any] = json.loads(prop.value)
    return told


def operators(file: Path) -> list[str]:
    """The operators of a file in order."""
    return [node.op_type for node in onnx.load(str(file)).graph.node]
