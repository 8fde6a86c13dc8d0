"""How policies are exported: what the converters' command lines take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from rl_studio_training.errors import ExportError

MIN_OPSET, MAX_OPSET = 9, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How to export.

    Args:
        policies: their names; none for all.
        opset, ir_version: of the files; 17 and 8 are what the stock C# plugin loads.
        samples: observations to try at least.
        tolerance: largest difference allowed, relative to the largest number of an output's row, or to 1 if that is
            larger.
        run_id: for the metadata; None takes it from the run folder.
        observations: a file of observations to try; None for those that the checkpoint kept, if it did.
        godot: the binary that the proof runs in as well; None for none.
    """

    policies: Sequence[str] = ()
    opset: int = 17
    ir_version: int = 8
    samples: int = 1000
    tolerance: float = 1e-5
    run_id: str | None = None
    observations: Path | None = None
    godot: Path | None = None

    def check(self) -> None:
        """Raises ExportError for what is not possible."""
        if not MIN_OPSET <= self.opset <= MAX_OPSET:
            raise ExportError(
                f"Opset {self.opset} is not possible.",
                hint=f"Choose one from {MIN_OPSET} to {MAX_OPSET}; 17 runs everywhere.",
            )
        needed = onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", self.opset)])
        newest = int(onnx.IR_VERSION)
        if not needed <= self.ir_version <= newest:
            raise ExportError(
                f"IR version {self.ir_version} does not go with opset {self.opset}.",
                hint=f"Choose one from {needed} to {newest}.",
            )
        if self.samples < 1 or not 0 < self.tolerance < 1:
            raise ExportError("The samples must be at least 1, and the tolerance above 0 and below 1.")
