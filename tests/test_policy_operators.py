"""Each operator in Godot against onnxruntime, for one agent and for seven at once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from godot_project import import_project, make_project
from policy_operators import CASES, OperatorCase
from policy_runs import PolicyCase, PolicyRun, known_operators, run_cases
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project

pytestmark = pytest.mark.godot

onnxruntime = pytest.importorskip("onnxruntime")

BATCHES = (1, 7)
PAGE = Path(__file__).resolve().parent.parent / "docs" / "playing.md"

Runs = dict[tuple[str, int], tuple[PolicyRun, dict[str, np.ndarray]]]


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def project(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("operators") / "project", gd_tests=True)
    import_project(godot, project)
    return project


@pytest.fixture(scope="module")
def runs(godot: GodotBinary, project: Project) -> Runs:
    """What Godot and onnxruntime put out, by case and batch."""
    folder = project.root.parent
    asked: list[PolicyCase] = []
    expected: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    for case in CASES:
        path = folder / f"{case.name}.onnx"
        case.write(path)
        session = onnxruntime.InferenceSession(str(path))
        names = [output.name for output in session.get_outputs()]
        for batch in BATCHES:
            feed = case.sample(batch)
            told = session.run(names, feed)
            expected[case.name, batch] = {
                name: values.reshape(batch, -1) for name, values in zip(names, told, strict=True)
            }
            rows = {name: values.reshape(batch, -1) for name, values in feed.items()}
            asked.append(PolicyCase(f"{case.name} {batch}", str(path), rows))
    found = run_cases(godot, project, asked)
    return {(name, batch): (found[f"{name} {batch}"], wanted) for (name, batch), wanted in expected.items()}


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operator_agrees_with_onnxruntime(runs: Runs, case: OperatorCase, batch: int) -> None:
    run, expected = runs[case.name, batch]
    assert run.problem == ""
    assert run.output is not None and run.batch is not None
    for found in (run.output, run.batch, run.flat):
        if found is not None:
            np.testing.assert_allclose(found, expected["output"], rtol=case.tolerance, atol=case.tolerance)
    if "state_outs" in expected:
        assert run.memory is not None
        np.testing.assert_allclose(run.memory, expected["state_outs"], rtol=0, atol=case.tolerance)


def test_every_operator_that_the_runtime_knows_is_compared_and_documented(
    runs: Runs, project: Project
) -> None:
    known = known_operators(project)
    assert known == {node.op_type for case in CASES for node in case.nodes}
    section = (
        PAGE.read_text(encoding="utf-8").partition("## What a file may be made of")[2].partition("\n## ")[0]
    )
    assert known | {"Constant"} == set(re.findall(r"`([A-Z]\w+)`", section))
