"""Runs an exported policy in Godot, in the runtime that games play it with, and tells what it puts out.

The addon's runtime is copied into a project that lives for a second or two, so no game is needed and none is
touched.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio.children import Finished, ProcessTimeoutError, run_lines
from rl_studio.files import read_json
from rl_studio.godot import headless_environment
from rl_studio.resources import addon_dir
from rl_studio_training.errors import GodotProofError

TIMEOUT_S = 900.0
BATCH = 128
"""Rows that are run at once, where they do not depend on each other."""

STATE_OUTPUT = "state_outs"

_PARTS = ("runtime", "import")
_RUNNER = "res://addons/rl_studio/import/proof_runner.gd"
_CLASS = re.compile(r"^class_name (\w+)$", re.MULTILINE)
_BASE = re.compile(r"^extends (\w+)$", re.MULTILINE)

Outputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Turns:
    """The order in which rows are run: those of a turn at once.

    Args:
        rows: int64 (n,), all rows, turn after turn. The first k rows of a turn follow the first k of the turn
            before, each in its sequence, if there are sequences.
        counts: rows of each turn.
    """

    rows: NDArray[np.int64]
    counts: list[int]


def prove(
    godot: Path,
    model: Path,
    cases: Mapping[str, NDArray[np.float32]],
    sequence_starts: NDArray[np.bool_] | None = None,
    *,
    single: bool = False,
) -> Outputs:
    """Runs all rows through the Godot runtime; takes a second or two.

    Args:
        godot: the Godot binary.
        model: the .onnx file.
        cases: float32 (n, …) by input, without `state_ins`.
        sequence_starts: (n,), true where the memory is empty; rows up to the next one follow each other, each with
            the memory that the one before it left. None for a policy without memory.
        single: one row after another, as for an only agent; else in batches.

    Returns:
        float32 (n, width) by output; `state_outs` only with a memory.

    Raises:
        GodotProofError: Godot cannot be started, the runtime refuses the file, or it takes too long.
    """
    count = len(next(iter(cases.values())))
    turns = _make_turns(count, sequence_starts)
    with tempfile.TemporaryDirectory(prefix="rl-studio-proof-") as name:
        folder = Path(name)
        project = _make_project(folder / "project")
        job = _write_job(folder, model, cases, turns, memory=sequence_starts is not None, single=single)
        finished = _run(godot, project, job, folder)
        found = _read(folder, turns, finished, model)
    if sequence_starts is None:
        found.pop(STATE_OUTPUT, None)
    return found


def _make_turns(count: int, starts: NDArray[np.bool_] | None) -> _Turns:
    if starts is None:
        return _Turns(np.arange(count), [min(BATCH, count - row) for row in range(0, count, BATCH)])
    if not len(starts) or not starts[0]:
        raise ValueError("the first row begins no sequence")
    begins = np.flatnonzero(starts)
    lengths = np.diff(np.append(begins, count))
    longest_first = np.argsort(-lengths, kind="stable")
    begins, lengths = begins[longest_first], lengths[longest_first]
    counts = [int(np.sum(lengths > turn)) for turn in range(int(lengths[0]))]
    rows = np.concatenate([begins[:alive] + turn for turn, alive in enumerate(counts)])
    return _Turns(rows, counts)


def _make_project(root: Path) -> Path:
    """A project with the runtime in it, imported as far as it has to be."""
    addon = root / "addons" / "rl_studio"
    for part in _PARTS:
        shutil.copytree(addon_dir() / part, addon / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (root / "project.godot").write_text(
        'config_version=5\n\n[application]\n\nconfig/name="RL Studio proof"\n', encoding="utf-8"
    )
    (root / ".godot").mkdir()
    # What an import would write: it takes seconds, and names of classes are all we need of it.
    classes = [
        _class_entry(found[1], text, f"res://{path.relative_to(root).as_posix()}")
        for path in sorted(addon.rglob("*.gd"))
        if (found := _CLASS.search(text := path.read_text(encoding="utf-8")))
    ]
    (root / ".godot" / "global_script_class_cache.cfg").write_text(
        f"list=[{', '.join(classes)}]\n", encoding="utf-8"
    )
    return root


def _class_entry(name: str, text: str, path: str) -> str:
    base = _BASE.search(text)
    fields = {
        "base": f'&"{base[1] if base else "RefCounted"}"',
        "class": f'&"{name}"',
        "icon": '""',
        "is_abstract": "false",
        "is_tool": "false",
        "language": '&"GDScript"',
        "path": f'"{path}"',
    }
    return "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items()) + "}"


def _write_job(
    folder: Path,
    model: Path,
    cases: Mapping[str, NDArray[np.float32]],
    turns: _Turns,
    *,
    memory: bool,
    single: bool,
) -> Path:
    inputs: dict[str, Any] = {}
    for number, (name, values) in enumerate(cases.items()):
        rows = values.reshape(len(values), -1)[turns.rows]
        file = folder / f"input-{number}.f32"
        rows.astype("<f4").tofile(file)
        inputs[name] = {"file": str(file), "size": rows.shape[1]}
    job = {
        "model": str(model.resolve()),
        "inputs": inputs,
        "turns": turns.counts,
        "memory": memory,
        "single": single,
        "folder": str(folder),
    }
    path = folder / "job.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def _run(godot: Path, project: Path, job: Path, folder: Path) -> Finished:
    argv = [str(godot), "--headless", "--path", str(project), "-s", _RUNNER, "--", f"--job={job}"]
    try:
        return run_lines(argv, timeout_s=TIMEOUT_S, env=headless_environment(private_dir=folder / "user"))
    except OSError as error:
        raise GodotProofError(
            f"Godot cannot be started: {godot}: {error.strerror or error}.",
            hint="rl-studio doctor tells which Godot there is.",
        ) from error
    except ProcessTimeoutError as error:
        raise GodotProofError(
            f"Godot did not run the policy within {TIMEOUT_S:g} s.", hint="Export a smaller network."
        ) from error


def _read(folder: Path, turns: _Turns, finished: Finished, model: Path) -> Outputs:
    try:
        report = read_json(folder / "report.json")
    except (FileNotFoundError, ValueError) as error:
        raise GodotProofError(
            f"Godot ended with code {finished.code} and told nothing. Its last lines:\n"
            + "\n".join(finished.tail),
            hint="rl-studio doctor tells which Godot is used.",
        ) from error
    if "outputs" not in report:
        said = report.get("problem") or "\n".join(line for line in finished.tail if "ERROR" in line)
        raise GodotProofError(
            f"The Godot runtime refuses the exported file: {said.replace(f'{model.resolve()}: ', '')}",
            data={"lines": list(finished.tail)},
        )
    back = np.argsort(turns.rows)
    return {
        name: np.fromfile(folder / f"output-{number}.f32", "<f4").reshape(len(back), -1)[back]
        for number, name in enumerate(report["outputs"])
    }
