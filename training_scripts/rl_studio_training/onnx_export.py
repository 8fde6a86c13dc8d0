"""From a checkpoint to self-contained ONNX files that games can run, each proven against its policy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from rl_studio.files import write_bytes_atomic
from rl_studio.runs.folder import RunFolder
from rl_studio_training import onnx_verify
from rl_studio_training.action_repeat import action_repeat_of
from rl_studio_training.checkpoints import read_description
from rl_studio_training.errors import ExportError
from rl_studio_training.kept_observations import OBSERVATIONS_FILE, Kept, read_kept
from rl_studio_training.onnx_cases import make_cases
from rl_studio_training.onnx_exportable import Exportable, PolicyFacts
from rl_studio_training.onnx_graph import Graph
from rl_studio_training.onnx_inputs import input_shape
from rl_studio_training.onnx_metadata import Proof, describe, to_bytes
from rl_studio_training.onnx_options import ExportOptions
from rl_studio_training.onnx_proof import prove

PLACEHOLDER = "{policy}"
"""In the name of the output: the policy's name."""

_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
"""What no name of a file has."""

Load = Callable[[Path, str], Exportable]
"""A checkpoint's folder and a policy's name → the policy."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written. Shapes begin with "batch"."""

    path: str
    policy: str
    proof: dict[str, Any]
    max_difference: float
    tolerance: float
    opset: int
    ir_version: int
    inputs: dict[str, list[int | str]]
    outputs: dict[str, list[int | str]]
    parameters: int
    timesteps: int
    size_bytes: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def export_checkpoint(
    checkpoint: Path,
    output: str,
    load: Load,
    options: ExportOptions | None = None,
    on_status: Callable[[str], None] = lambda _message: None,
) -> list[ExportResult]:
    """Exports policies of a checkpoint. All files are proven before the first one is written.

    Args:
        checkpoint: the folder.
        output: the file to write, with `{policy}` where the policy's name goes.
        load: reads one policy of a checkpoint, as `sb3_export` and `rllib_export` do.
        on_status: called with a sentence before each longer part.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        ExportError: bad options, a policy that cannot be exported, or a difference above the tolerance; nothing
            was written.
        GodotProofError: Godot could not run the file.
    """
    options = options or ExportOptions()
    options.check()
    names = list(dict.fromkeys(options.policies)) or sorted(
        read_description(checkpoint).get("policies") or {}
    )
    paths = _paths(output, names)
    finished = [_export(checkpoint, name, load, options, on_status) for name in names]
    return [_write(export, path, options) for export, path in zip(finished, paths, strict=True)]


def _paths(output: str, names: Sequence[str]) -> list[Path]:
    """The file of each policy."""
    if not names:
        raise ExportError("The checkpoint has no policies.")
    paths = [Path(output.replace(PLACEHOLDER, _FORBIDDEN.sub("_", name))) for name in names]
    if len(set(paths)) < len(paths):
        raise ExportError(
            f"The policies {', '.join(names)} would go into the same file.",
            hint=f"Write {PLACEHOLDER} where the policy's name goes, or name one policy.",
        )
    return paths


@dataclass(frozen=True, slots=True)
class _Export:
    """A policy that has passed."""

    policy: Exportable
    model: onnx.ModelProto
    proof: Proof


def _export(
    checkpoint: Path,
    name: str,
    load: Load,
    options: ExportOptions,
    on_status: Callable[[str], None],
) -> _Export:
    on_status(f"{name}: loading the policy")
    policy = load(checkpoint, name)
    facts = policy.facts
    on_status(f"{facts.name}: writing the network as ONNX")
    model = make_model(policy, options.opset, options.ir_version)
    cases = make_cases(facts, options.samples, _read_kept(checkpoint, facts, options.observations))
    proof = prove(policy, model, cases, options, on_status)
    run = options.run_id if options.run_id is not None else _run_of(checkpoint)
    describe(model, facts, run, proof, action_repeat=action_repeat_of(read_description(checkpoint)))
    return _Export(policy, model, proof)


def make_model(policy: Exportable, opset: int, ir_version: int) -> onnx.ModelProto:
    """The policy as ONNX, without metadata.

    Raises:
        ExportError: it has a layer that cannot be exported, or observations named like something else in the file.
    """
    facts = policy.facts
    taken = {"output", "log_std", onnx_verify.STATE_INPUT, onnx_verify.STATE_OUTPUT}
    clash = taken.intersection(facts.observations.keys)
    if clash:
        raise ExportError(
            f"The observation {min(clash)!r} cannot be exported: the file has something else of that name.",
            hint="Give the observation another name in the game, and train again.",
        )
    graph = Graph(opset, [*taken, *facts.observations.keys])
    inputs = {part.name: graph.input(part.name, input_shape(part)) for part in facts.observations.parts}
    state = graph.input(onnx_verify.STATE_INPUT, (facts.memory,) if facts.memory else ())
    written = policy.write(graph, inputs, state if facts.memory else None)
    outputs = {"output": written["output"], onnx_verify.STATE_OUTPUT: written.get("state_outs", state)}
    if "log_std" in written:
        outputs["log_std"] = written["log_std"]
    return graph.model(outputs, ir_version)


def _write(export: _Export, path: Path, options: ExportOptions) -> ExportResult:
    facts, graph = export.policy.facts, export.model.graph
    data = to_bytes(export.model)
    write_bytes_atomic(path, data)
    return ExportResult(
        path=str(path),
        policy=facts.name,
        proof=export.proof.to_json(),
        max_difference=export.proof.largest,
        tolerance=options.tolerance,
        opset=options.opset,
        ir_version=options.ir_version,
        inputs={value.name: _shape(value) for value in graph.input},
        outputs={value.name: _shape(value) for value in graph.output},
        parameters=_count_parameters(graph),
        timesteps=facts.timesteps,
        size_bytes=len(data),
    )


def _read_kept(checkpoint: Path, facts: PolicyFacts, named: Path | None) -> Kept | None:
    kept = read_kept(named or checkpoint / OBSERVATIONS_FILE, facts.name, facts.observations.parts)
    if kept is None and named is not None:
        raise ExportError(
            f"{named} has no observations of the policy {facts.name}.",
            hint=f"Name the {OBSERVATIONS_FILE} of a checkpoint, or leave --observations out.",
        )
    return kept


def _run_of(checkpoint: Path) -> str | None:
    """The id of the run that a checkpoint lies in, if it does."""
    run = RunFolder(checkpoint.resolve().parent.parent)
    return run.id if run.meta_file.is_file() else None


def _count_parameters(graph: onnx.GraphProto) -> int:
    """Numbers of the network, without those that only say how nodes work."""
    return sum(
        math.prod(tensor.dims) for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT
    )


def _shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
