"""What is said about exports. See `messages` for how these models are written."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rl_studio.protocol.envelopes import ErrorInfo, Message


class ExportStartParams(Message):
    run_id: str
    checkpoint: Literal["latest", "best"] | int = "latest"
    """Timesteps of the checkpoint, or which one; the best one for each of the policies."""
    policies: list[str] | None = Field(None, min_length=1)
    """Which policies; null for all."""
    to: str | None = None
    """The .onnx file to write, a res:// path, with `{policy}` where a policy's name goes; null for
    `res://policies/{policy}.onnx`. Several policies need the placeholder."""
    opset: int = Field(17, ge=1)
    ir_version: int = Field(8, ge=1)


class ExportParams(Message):
    export_id: str


class ComparedActions(Message):
    """Actions that the exported network takes, against those of the trained one."""

    compared: int
    """In so many cases."""
    different: int
    """In so many cases it was another one."""


class ExportProof(Message):
    """How an exported network was compared with the trained one. A difference is |a - b|, relative to
    the largest number that the trained one gives in that row of an output, or to 1 if that is larger."""

    observations: int
    """How many were tried."""
    source: Literal["run", "space", "run and space"]
    """Whether the run met them, or they were drawn from the space of observations, or some of both."""
    sequences: int
    """How many sequences they are, of a policy with a memory; else 0."""
    sequence_length: int
    tolerance: float
    """The largest difference that is allowed."""
    onnxruntime: dict[str, float]
    """The largest difference in ONNX Runtime, by output."""
    godot: dict[str, float] | None
    """The same in the Godot runtime; null if that was not tried."""
    godot_version: str | None
    actions: ComparedActions


class ExportedFile(Message):
    """One exported policy."""

    path: str
    """The file as a res:// path."""
    file: str
    """The file on the disk."""
    policy: str
    proof: ExportProof
    max_difference: float
    """The largest difference of all."""
    tolerance: float
    opset: int
    ir_version: int
    inputs: dict[str, list[int | str]]
    """Shapes by name, in the order of the file; the first length is "batch"."""
    outputs: dict[str, list[int | str]]
    parameters: int
    """Numbers of the network."""
    timesteps: int
    size_bytes: int


class ExportResult(Message):
    """What an export wrote."""

    run: str
    checkpoint: int
    """Timesteps of the checkpoint; of the newest one, if the best ones for several policies are not the same."""
    files: list[ExportedFile]
    """One for each policy."""


class ExportProgress(Message):
    """An export reports what it does. Export events go to every client."""

    export_id: str
    message: str
    """Which policy, and which step."""


class ExportFinished(Message):
    """An export is done; all its files are in place."""

    export_id: str
    result: ExportResult


class ExportFailed(Message):
    """An export failed or was cancelled (code `cancelled`); the game's files are as they were."""

    export_id: str
    error: ErrorInfo
    """If the network differs by too much, `data` has `differences` by output and `different_actions`."""
