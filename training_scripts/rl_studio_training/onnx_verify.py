"""Proof that an exported file computes what the policy computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from rl_studio_training.layout import ActionPart
from rl_studio_training.sb3_export import ExportNetwork
from rl_studio_training.sb3_policy import TrainedPolicy
from rl_studio_training.spaces import ActionCodec, ObservationCodec

Inputs = dict[str, NDArray[Any]]

MAX_CORNERS = 256


def sample_inputs(observations: ObservationCodec, count: int, seed: int = 0) -> Inputs:
    """At least `count` observations per key, within the bounds of its space: corners first, then random ones.

    Returns:
        float32 arrays (n, …), the shapes the exported file takes.
    """
    random = np.random.default_rng(seed)
    corners = min(MAX_CORNERS, count // 4) + 3
    total = max(count, corners)
    return {key: _sample(observations.space_of(key), corners, total, random) for key in observations.keys}


def _sample(
    space: spaces.Space[Any], corners: int, total: int, random: np.random.Generator
) -> NDArray[np.float32]:
    if isinstance(space, spaces.Discrete):
        return random.integers(0, int(space.n), (total, 1)).astype(np.float32)
    assert isinstance(space, spaces.Box)
    low, high = np.clip(space.low, -1e3, 1e3), np.clip(space.high, -1e3, 1e3)
    values = random.uniform(low, high, (total, *space.shape))
    at_corner = random.integers(0, 2, (corners, *space.shape)).astype(bool)
    values[:corners] = np.where(at_corner, high, low)
    values[0], values[1], values[2] = low, high, np.clip(0.0, low, high)
    return (np.round(values) if space.dtype == np.uint8 else values).astype(np.float32)


def measure_difference(model: bytes, policy: TrainedPolicy, inputs: Inputs) -> float:
    """The largest difference between the file in onnxruntime and the policy in PyTorch.

    All observations go through at once and one by one. Differences are absolute up to an output of 1 and
    relative above. That the outputs, as a game decodes them, are SB3's own actions is checked as well.

    Returns:
        NaN if an output is.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    count = len(next(iter(inputs.values())))
    expected = _run_torch(policy, inputs)
    together = _run_onnx(session, inputs, slice(0, count))
    single = np.concatenate([_run_onnx(session, inputs, slice(i, i + 1)) for i in range(count)])
    actions = _policy_actions(policy, inputs)
    return float(
        np.max(
            [
                _difference(expected, together),
                _difference(expected, single),
                _difference(actions, decode_actions(expected, policy.actions)),
            ]
        )
    )


def _difference(expected: NDArray[Any], found: NDArray[Any]) -> float:
    scale = np.maximum(1.0, np.abs(expected))
    return float(np.max(np.abs(expected - found) / scale))


def _run_torch(policy: TrainedPolicy, inputs: Inputs) -> NDArray[Any]:
    network = ExportNetwork(policy)
    count = len(next(iter(inputs.values())))
    with torch.no_grad():
        output, _ = network(*(torch.from_numpy(inputs[key]) for key in network.keys), torch.ones(count))
    return np.asarray(output.numpy())


def _run_onnx(session: Any, inputs: Inputs, rows: slice) -> NDArray[Any]:
    feed = {key: value[rows] for key, value in inputs.items()}
    state = np.ones(rows.stop - rows.start, dtype=np.float32)
    output, _ = session.run(["output", "state_outs"], {**feed, "state_ins": state})
    return np.asarray(output)


def _policy_actions(policy: TrainedPolicy, inputs: Inputs) -> NDArray[Any]:
    """What SB3 itself would do, deterministic and clipped: float64 (n, width)."""
    single = policy.observations.single_key
    arrays = {
        key: value[:, 0].astype(np.int64)
        if isinstance(policy.observations.space_of(key), spaces.Discrete)
        else value
        for key, value in inputs.items()
    }
    actions, _ = policy.player().act(arrays[single] if single else arrays)
    table = np.asarray(actions, dtype=np.float64).reshape(len(next(iter(inputs.values()))), -1)
    if isinstance(ActionCodec(policy.actions).space, spaces.Box):
        start = 0
        for part in policy.actions:
            if part.kind == "discrete":
                table[:, start] = table[:, start] > 0
            start += part.size if part.kind == "continuous" else 1
    return table


def decode_actions(output: NDArray[Any], parts: Sequence[ActionPart]) -> NDArray[Any]:
    """Actions from `output`, read as the stock plugin and our runtime read it: float64 (n, width)."""
    means_only = all(part.kind == "continuous" for part in parts)
    columns: list[NDArray[Any]] = []
    start = 0
    for part in parts:
        block = output[:, start : start + part.size]
        if part.kind == "continuous":
            columns.append(np.clip(block, -1.0, 1.0))
            start += part.size if means_only else 2 * part.size
        else:
            columns.append(np.argmax(block, axis=1, keepdims=True))
            start += part.size
    return np.concatenate(columns, axis=1).astype(np.float64)
