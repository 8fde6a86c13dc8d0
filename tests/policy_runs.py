"""Runs policies in Godot on given observations: shared by the tests of the policy runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from godot_project import run_godot
from rl_studio.godot import GodotBinary
from rl_studio.project import Project

FIXTURES = Path(__file__).resolve().parent / "fixtures" / "onnx"

IMPORTER_PLUGIN = {
    "addons/policy_importer/plugin.cfg": (
        '[plugin]\n\nname="Policies"\ndescription=""\nauthor=""\nversion="1"\nscript="plugin.gd"\n'
    ),
    "addons/policy_importer/plugin.gd": """\
@tool
extends EditorPlugin

const ExportStrip := preload("res://addons/rl_studio/import/export_strip.gd")
const OnnxImporter := preload("res://addons/rl_studio/import/onnx_importer.gd")

var _importer: OnnxImporter = OnnxImporter.new()
var _strip: ExportStrip = ExportStrip.new()


func _enter_tree() -> void:
	add_import_plugin(_importer)
	add_export_plugin(_strip)


func _exit_tree() -> void:
	remove_import_plugin(_importer)
	remove_export_plugin(_strip)
""",
}
"""A plugin that registers the importer and the export filter, and nothing else of the addon."""

IMPORTER_SETTINGS = (
    '\n[editor_plugins]\n\nenabled=PackedStringArray("res://addons/policy_importer/plugin.cfg")\n'
)


@dataclass(frozen=True)
class PolicyRun:
    """What Godot made of one network: float32 [rows, n]; `flat` None if it has several inputs.

    Args:
        output: of `run`, row by row.
        batch: of `run_batch`, all rows at once.
        memory: `state_outs` of `batch`; None if there are none.
    """

    problem: str
    chain: bool = False
    inputs: Mapping[str, int] | None = None
    output: np.ndarray | None = None
    batch: np.ndarray | None = None
    memory: np.ndarray | None = None
    flat: np.ndarray | None = None


@dataclass(frozen=True)
class PolicyCase:
    """A network, a path in the project or on the disk, and its observations [rows, n] by input."""

    name: str
    model: str
    rows: Mapping[str, np.ndarray]


def run_cases(godot: GodotBinary, project: Project, cases: Sequence[PolicyCase]) -> dict[str, PolicyRun]:
    """Runs all cases in one Godot; the project must have the addon and tests/godot."""
    folder = project.root / "cases"
    folder.mkdir(exist_ok=True)
    (folder / ".gdignore").touch()
    listed: list[dict[str, Any]] = []
    for case in cases:
        data = folder / f"{case.name}.f32"
        if case.rows:
            np.concatenate(list(case.rows.values()), axis=1).astype("<f4").tofile(data)
        sizes = {key: values.shape[1] for key, values in case.rows.items()}
        listed.append({"name": case.name, "model": case.model, "inputs": sizes, "data": str(data)})
    path = folder / "cases.json"
    path.write_text(json.dumps(listed), encoding="utf-8")
    run_godot(godot, project, ["-s", "res://tests/policy_parity.gd", "--", f"--cases={path}"], timeout_s=100)
    report = json.loads((folder / "cases.json.report").read_text(encoding="utf-8"))
    return {case.name: _read_run(report[case.name], folder / f"{case.name}.f32", case) for case in cases}


def known_operators(project: Project) -> set[str]:
    """The operators that the runtime knows, after `run_cases`."""
    return set((project.root / "cases" / "cases.json.operators").read_text(encoding="utf-8").split())


def _read_run(report: Mapping[str, Any], data: Path, case: PolicyCase) -> PolicyRun:
    if report["problem"]:
        return PolicyRun(report["problem"])
    count = len(next(iter(case.rows.values())))
    flat, batch, memory = (np.fromfile(f"{data}.{kind}", "<f4") for kind in ("flat", "batch", "memory"))
    return PolicyRun(
        problem="",
        chain=report["chain"],
        inputs={key: int(size) for key, size in report["inputs"].items()},
        output=np.fromfile(f"{data}.output", "<f4").reshape(count, -1),
        batch=batch.reshape(count, -1),
        memory=memory.reshape(count, -1) if memory.size else None,
        flat=flat.reshape(count, -1) if flat.size else None,
    )
