"""From a checkpoint to one self-contained ONNX file that games can run, checked against the original."""

from __future__ import annotations

import io
import json
import math
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from gymnasium import spaces

from rl_studio import __version__
from rl_studio.errors import StudioError
from rl_studio.files import write_bytes_atomic
from rl_studio.runs import provenance
from rl_studio.runs.folder import RunFolder
from rl_studio_training.onnx_verify import measure_difference, sample_inputs
from rl_studio_training.reporter import timestamp
from rl_studio_training.sb3_export import ExportNetwork, why_not
from rl_studio_training.sb3_policy import TrainedPolicy, load_policy

MIN_OPSET, MAX_OPSET = 9, 20
_PACKAGES = ("stable-baselines3", "torch", "onnx")
METADATA_KEY = "rl_studio"

_KNOWN_WARNINGS = ("You are using the legacy TorchScript-based ONNX export", "The feature will be removed")


class ExportError(StudioError):
    """The policy cannot be exported, or the file does not compute the same."""

    code = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How to export.

    Args:
        policy: its name; None takes the only one.
        opset, ir_version: of the file; 17 and 8 are what the stock C# plugin loads.
        samples: observations to verify with, at least 1.
        tolerance: largest difference allowed, absolute up to outputs of 1 and relative above.
        run_id: for the metadata; None takes it from the run folder.
    """

    policy: str | None = None
    opset: int = 17
    ir_version: int = 8
    samples: int = 1000
    tolerance: float = 1e-5
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written. Shapes begin with "batch"."""

    path: str
    policy: str
    max_difference: float
    tolerance: float
    samples: int
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
    output: Path,
    options: ExportOptions | None = None,
    on_status: Callable[[str], None] = lambda _message: None,
) -> ExportResult:
    """Exports one policy of a checkpoint and verifies the file before it is written.

    Args:
        checkpoint: a checkpoint folder of a Stable-Baselines3 run.
        output: the file to write; it appears complete or not at all.
        on_status: called with a sentence before each longer part.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        ExportError: bad options, a policy that cannot be exported, or a difference above the tolerance; nothing
            was written.
    """
    options = options or ExportOptions()
    _check_options(options)
    on_status("Loading the policy")
    policy = load_policy(checkpoint, options.policy)
    problem = why_not(policy)
    if problem:
        raise ExportError(problem)
    on_status("Writing the network as ONNX")
    model = _make_model(policy, options)
    on_status(f"Comparing {options.samples} observations in PyTorch and ONNX Runtime")
    inputs = sample_inputs(policy.observations, options.samples)
    samples = len(next(iter(inputs.values())))
    difference = measure_difference(model.SerializeToString(), policy, inputs)
    if math.isnan(difference) or difference > options.tolerance:
        raise ExportError(
            f"The exported network differs by {difference:.3g} from the trained one; "
            f"{options.tolerance:.3g} is allowed.",
            hint="Raise --tolerance only if you know why; otherwise this is a bug worth reporting.",
            data={"max_difference": None if math.isnan(difference) else difference},
        )
    run_id = options.run_id if options.run_id is not None else _run_of(checkpoint)
    _describe(model, policy, difference, samples, run_id)
    data = model.SerializeToString()
    write_bytes_atomic(output, data)
    return ExportResult(
        str(output),
        policy.name,
        difference,
        options.tolerance,
        samples,
        options.opset,
        options.ir_version,
        {value.name: _shape(value) for value in model.graph.input},
        {value.name: _shape(value) for value in model.graph.output},
        sum(math.prod(tensor.dims) for tensor in model.graph.initializer),
        int(policy.description["timesteps"]),
        len(data),
    )


def _check_options(options: ExportOptions) -> None:
    if not MIN_OPSET <= options.opset <= MAX_OPSET:
        raise ExportError(
            f"Opset {options.opset} is not possible.",
            hint=f"Choose one from {MIN_OPSET} to {MAX_OPSET}; 17 runs everywhere.",
        )
    needed = onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", options.opset)])
    newest = int(onnx.IR_VERSION)
    if not needed <= options.ir_version <= newest:
        raise ExportError(
            f"IR version {options.ir_version} does not go with opset {options.opset}.",
            hint=f"Choose one from {needed} to {newest}.",
        )
    if options.samples < 1 or not options.tolerance > 0:
        raise ExportError("The samples must be at least 1 and the tolerance above 0.")


def _make_model(policy: TrainedPolicy, options: ExportOptions) -> onnx.ModelProto:
    network = ExportNetwork(policy)
    network.eval()
    names = [*network.keys, "state_ins"]
    examples = [torch.zeros(1, *_input_shape(policy, key)) for key in network.keys]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        for message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        torch.onnx.export(
            network,
            (*examples, torch.ones(1)),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=options.opset,
            input_names=names,
            output_names=["output", "state_outs"],
            dynamic_axes={name: {0: "batch"} for name in [*names, "output", "state_outs"]},
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    model.ir_version = options.ir_version
    model.producer_name, model.producer_version = "godot-rl-studio", __version__
    _tidy(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def _input_shape(policy: TrainedPolicy, key: str) -> tuple[int, ...]:
    space = policy.observations.space_of(key)
    return (1,) if isinstance(space, spaces.Discrete) else tuple(space.shape or ())


def _tidy(graph: onnx.GraphProto) -> None:
    """Takes out nodes that do nothing: Identity in the middle, making flat inputs flat or floats float."""
    outputs = {value.name for value in graph.output}
    flat = {value.name for value in graph.input if len(value.type.tensor_type.shape.dim) == 2}
    for node in list(graph.node):
        if not _is_idle(node, flat) or node.output[0] in outputs:
            continue
        for other in graph.node:
            for position, name in enumerate(other.input):
                if name == node.output[0]:
                    other.input[position] = node.input[0]
        graph.node.remove(node)


def _is_idle(node: onnx.NodeProto, flat_floats: set[str]) -> bool:
    settings = [attribute.i for attribute in node.attribute]
    of_input = node.input[0] in flat_floats if node.input else False
    return (
        node.op_type == "Identity"
        or (node.op_type == "Cast" and of_input and settings == [onnx.TensorProto.FLOAT])
        or (node.op_type == "Flatten" and of_input and settings in ([], [1]))
    )


def _describe(
    model: onnx.ModelProto, policy: TrainedPolicy, difference: float, samples: int, run_id: str | None
) -> None:
    metadata = {
        "format": 1,
        "observation_space": policy.observation_space,
        "action_space": policy.action_space,
        "policy": policy.name,
        "run": run_id,
        "timesteps": policy.description["timesteps"],
        "algorithm": policy.config.algorithm,
        "max_difference": difference,
        "samples": samples,
        "versions": provenance.versions(_PACKAGES, None),
        "created": timestamp(),
    }
    onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(metadata, allow_nan=False)})


def _run_of(checkpoint: Path) -> str | None:
    """The id of the run that a checkpoint lies in, if it does."""
    run = RunFolder(checkpoint.resolve().parent.parent)
    return run.id if run.meta_file.is_file() else None


def _shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
