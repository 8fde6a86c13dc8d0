"""Godot's outputs against onnxruntime's, on 1000 observations for every kind of network we promise to run."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from godot_project import import_project, make_project
from policy_runs import PolicyCase, PolicyRun, run_cases
from rl_studio.godot import GodotBinary, find_godot

pytestmark = pytest.mark.godot

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from policy_models import CASES, Case  # noqa: E402

OBSERVATIONS = 1000
TOLERANCE = 1e-5


def _missing(case: Case) -> str | None:
    return next((package for package in case.needs if importlib.util.find_spec(package) is None), None)


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def runs(
    godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[PolicyRun, np.ndarray]]:
    """What Godot and onnxruntime put out, by case."""
    folder = tmp_path_factory.mktemp("parity")
    project = make_project(folder / "project", gd_tests=True)
    import_project(godot, project)
    rng = np.random.default_rng(0)
    cases: list[PolicyCase] = []
    expected: dict[str, np.ndarray] = {}
    for case in CASES:
        if _missing(case):
            continue
        path = folder / f"{case.name}.onnx"
        case.write(path)
        rows = {
            key: (case.scale * rng.normal(size=(OBSERVATIONS, size))).astype(np.float32)
            for key, size in case.inputs.items()
        }
        feed = dict(rows)
        if case.states:
            feed["state_ins"] = np.zeros(OBSERVATIONS, np.float32)
        expected[case.name] = onnxruntime.InferenceSession(str(path)).run(["output"], feed)[0]
        cases.append(PolicyCase(case.name, str(path), rows))
    results = run_cases(godot, project, cases)
    return {name: (results[name], expected[name]) for name in expected}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_outputs_agree_with_onnxruntime(runs: dict[str, tuple[PolicyRun, np.ndarray]], case: Case) -> None:
    if missing := _missing(case):
        pytest.skip(f"needs {missing}")
    run, expected = runs[case.name]
    assert run.problem == ""
    assert run.chain == case.chain
    assert run.inputs == case.inputs
    assert run.output is not None
    assert run.batch is not None
    assert float(np.abs(run.output - expected).max()) <= TOLERANCE
    assert float(np.abs(run.batch - expected).max()) <= TOLERANCE
    assert (run.flat is None) == (len(case.inputs) > 1)
    if run.flat is not None:
        assert float(np.abs(run.flat - expected).max()) <= TOLERANCE
