"""The converters: scripts that make ONNX files of a checkpoint and prove them, in processes of their own."""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rl_studio.children import ProcessCancelledError, run_lines
from rl_studio.export_errors import ExportCancelledError, ExportError
from rl_studio.resources import training_scripts_dir
from rl_studio.trainers import ScriptTrainer, TrainerRegistry

_SCRIPTS = {"sb3": "convert_sb3_to_onnx.py", "rllib": "convert_rllib_to_onnx.py"}
"""By trainer."""
_LIBRARIES = ("onnx", "onnxruntime")
"""What converters need beside the trainer's own."""
_EVENT = "@EVENT "
_RESULT = "@RESULT "
_LAST_LINES = 12


def find(trainer: Any) -> list[str]:
    """The command that converts checkpoints of a trainer, without its arguments.

    Raises:
        ExportError: there is none, or this Python lacks what it needs.
    """
    if trainer not in _SCRIPTS:
        raise ExportError(
            f"There is no converter for checkpoints of the trainer {trainer!r}.",
            hint=f"Policies of {' and '.join(_SCRIPTS)} can be exported; for others, have the trainer write ONNX.",
        )
    found = TrainerRegistry().get(trainer)
    lack = found.lack(_LIBRARIES) if isinstance(found, ScriptTrainer) else found.problem()
    if lack is not None:
        raise ExportError(
            f"Policies of {found.title} cannot be exported here: {lack.message}", hint=lack.hint
        )
    return [sys.executable, str(training_scripts_dir() / _SCRIPTS[trainer])]


@dataclass(slots=True)
class _Listener:
    """What a converter said."""

    progress: Callable[[str], None] | None
    result: dict[str, Any] | None = None
    words: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))

    def take(self, line: str) -> None:
        if line.startswith(_RESULT):
            self.result = json.loads(line.removeprefix(_RESULT))
        elif line.startswith(_EVENT):
            self._hear(json.loads(line.removeprefix(_EVENT)))
        elif line.strip():
            self.words.append(line)

    def _hear(self, event: dict[str, Any]) -> None:
        if event["kind"] == "error":
            data = {**(event.get("data") or {}), "code": event.get("code")}
            raise ExportError(event["message"], hint=event.get("hint"), data=data)
        if self.progress is not None and event["kind"] == "status":
            self.progress(event["message"])


def convert(
    command: Sequence[str], progress: Callable[[str], None] | None, cancel: threading.Event | None
) -> list[dict[str, Any]]:
    """Runs a converter; returns its report of each file it wrote. Kills it when cancelled.

    Raises:
        ExportError: it says why there are no files, or ended without a word.
        ExportCancelledError: `cancel` was set.
    """
    listener = _Listener(progress)
    try:
        finished = run_lines(command, on_line=listener.take, cancel=cancel)
    except ProcessCancelledError as error:
        raise ExportCancelledError from error
    if listener.result is None:
        raise ExportError(
            f"The converter ended with code {finished.code}. Its last lines:\n" + "\n".join(listener.words),
            hint="rl-studio doctor tells whether all packages are installed.",
        )
    files: list[dict[str, Any]] = listener.result["files"]
    return files
