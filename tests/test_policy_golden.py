"""The .onnx importer in the real editor, on the small networks in fixtures/onnx."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import numpy as np
import pytest

from godot_project import import_project, make_project, run_godot
from policy_runs import FIXTURES, IMPORTER_PLUGIN, IMPORTER_SETTINGS, PolicyCase, PolicyRun, run_cases
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project

pytestmark = pytest.mark.godot

EXPECTED: dict[str, Any] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FIXTURES.glob("*.json"))
}
ACCEPTED = [name for name, document in EXPECTED.items() if "outputs" in document]
REFUSED = [name for name, document in EXPECTED.items() if "problem" in document]


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def policies(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has imported the networks that can be run."""
    root = tmp_path_factory.mktemp("golden") / "project"
    project = make_project(root, IMPORTER_PLUGIN, settings=IMPORTER_SETTINGS, gd_tests=True)
    (root / "policies").mkdir()
    for name in ACCEPTED:
        shutil.copy(FIXTURES / f"{name}.onnx", root / "policies")
    shutil.copy(FIXTURES / "external.bin", root / "policies")
    import_project(godot, project)
    return project


@pytest.fixture(scope="module")
def runs(godot: GodotBinary, policies: Project) -> dict[str, PolicyRun]:
    cases = []
    for name in ACCEPTED:
        rows = {key: np.array(values, np.float32) for key, values in EXPECTED[name]["inputs"].items()}
        cases.append(PolicyCase(name, f"res://policies/{name}.onnx", rows))
    return run_cases(godot, policies, cases)


@pytest.fixture(scope="module")
def refusals(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The one error message each bad file gets at import, by name of the file."""
    root = tmp_path_factory.mktemp("refused") / "project"
    project = make_project(root, IMPORTER_PLUGIN, settings=IMPORTER_SETTINGS)
    import_project(godot, project)
    for name in [*REFUSED, "external"]:  # without the data that lies beside it
        shutil.copy(FIXTURES / f"{name}.onnx", root)
    whole = (FIXTURES / "sb3_like.onnx").read_bytes()
    (root / "damaged.onnx").write_bytes(whole[: len(whole) // 2])
    output = run_godot(godot, project, ["--import"], code=None, allow_errors=True)
    messages = re.findall(r"RL Studio: (res://(\w+)\.onnx: .*)", output)
    assert len(messages) == len({name for _, name in messages})
    return {name: message for message, name in messages}


@pytest.mark.parametrize("name", ACCEPTED)
def test_imported_policy_gives_the_recorded_outputs(runs: dict[str, PolicyRun], name: str) -> None:
    run = runs[name]
    assert run.problem == ""
    assert run.inputs == {key: len(rows[0]) for key, rows in EXPECTED[name]["inputs"].items()}
    expected = np.array(EXPECTED[name]["outputs"]["output"])
    assert run.output is not None
    assert run.batch is not None
    np.testing.assert_allclose(run.output, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(run.batch, expected, rtol=0, atol=1e-5)
    if run.flat is not None:
        np.testing.assert_allclose(run.flat, expected, rtol=0, atol=1e-5)


def test_plain_networks_take_the_fast_path(runs: dict[str, PolicyRun]) -> None:
    assert {name for name, run in runs.items() if run.chain} >= {"sb3_like", "dynamo", "external"}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_network_is_one_clear_import_error(refusals: dict[str, str], name: str) -> None:
    for part in EXPECTED[name]["problem"]:
        assert part in refusals[name]


def test_missing_external_data_names_the_file(refusals: dict[str, str]) -> None:
    assert 'external.onnx: weights "w0"' in refusals["external"]
    assert "external.bin" in refusals["external"]


def test_damaged_file_is_refused(refusals: dict[str, str]) -> None:
    assert "damaged.onnx: this is no ONNX model, or it is damaged" in refusals["damaged"]


def test_reimport_changes_a_loaded_policy_in_place(godot: GodotBinary, policies: Project) -> None:
    shutil.copy(FIXTURES / "dynamo.onnx", policies.root / "policies" / "changing.onnx")
    import_project(godot, policies)
    args = ["-e", "-s", "res://tests/policy_reimport.gd", "--", f"--new={FIXTURES / 'sb3_like.onnx'}"]
    output = run_godot(godot, policies, args)
    assert "reimported in place" in output
