"""The proof of one exported policy: all its cases in each runtime, and what is too different."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from rl_studio.godot import find_godot
from rl_studio.words import counted
from rl_studio_training import godot_proof, onnx_verify
from rl_studio_training.errors import ExportError
from rl_studio_training.onnx_cases import Cases
from rl_studio_training.onnx_exportable import Exportable
from rl_studio_training.onnx_metadata import Proof, to_bytes
from rl_studio_training.onnx_options import ExportOptions
from rl_studio_training.onnx_verify import Comparison


def prove(
    policy: Exportable,
    model: onnx.ModelProto,
    cases: Cases,
    options: ExportOptions,
    on_status: Callable[[str], None],
) -> Proof:
    """Runs all cases through the policy, onnxruntime and, if it is wanted, Godot.

    Args:
        model: without metadata.
        on_status: called with a sentence before each part.

    Raises:
        ExportError: something differs by more than the tolerance, or another action is taken.
        GodotProofError: Godot could not run the file.
    """
    facts, data = policy.facts, to_bytes(model)
    on_status(f"{facts.name}: comparing {counted(cases.count, 'observation')} in PyTorch and ONNX Runtime")
    expected = onnx_verify.run_policy(policy, cases)

    def judge(outputs: dict[str, Any], where: str) -> Comparison:
        found = onnx_verify.compare(expected, outputs, facts.actions, options.tolerance)
        _require(found, options.tolerance, facts.name, where)
        return found

    found = _worst(
        judge(onnx_verify.run_onnxruntime(data, cases, facts.memory, single=single), "ONNX Runtime")
        for single in (False, True)
    )
    if options.godot is None:
        return Proof(cases, options.tolerance, found)
    on_status(f"{facts.name}: comparing {counted(cases.count, 'observation')} in Godot")
    binary = find_godot(options.godot)
    with tempfile.TemporaryDirectory(prefix="rl-studio-export-") as folder:
        file = Path(folder) / "policy.onnx"
        file.write_bytes(data)
        in_godot = _worst(
            judge(godot_proof.prove(binary.path, file, cases.inputs, cases.starts, single=single), "Godot")
            for single in (False, True)
        )
    return Proof(cases, options.tolerance, found, in_godot, binary.version.text)


def _worst(found: Iterable[Comparison]) -> Comparison:
    """The largest differences of several comparisons of the same outputs."""
    several = list(found)
    return Comparison(
        {name: float(np.max([one.differences[name] for one in several])) for name in several[0].differences},
        max(one.different_actions for one in several),
    )


def _require(found: Comparison, tolerance: float, policy: str, where: str) -> None:
    if found.passes(tolerance):
        return
    data: dict[str, Any] = {
        "differences": {
            name: None if math.isnan(value) else value for name, value in found.differences.items()
        },
        "different_actions": found.different_actions,
    }
    hint = (
        "This may be a bug: please report it. To use the file all the same, export it with "
        "rl-studio export RUN --tolerance, somewhat above that difference."
    )
    if found.largest <= tolerance:
        raise ExportError(
            f"The exported network of {policy} takes another action than the trained one in "
            f"{found.different_actions} cases, in {where}.",
            hint=hint,
            data=data,
        )
    raise ExportError(
        f"The exported network of {policy} differs by {found.largest:.3g} from the trained one, in {where}; "
        f"{tolerance:.3g} is allowed.",
        hint=hint,
        data=data,
    )
