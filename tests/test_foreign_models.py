"""Models of other tools, such as ML-Agents': what cannot be computed is left out, the rest runs and plays."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest

import foreign_models
from godot_project import GD_TESTS, import_project, make_project, run_gd_tests
from policy_runs import IMPORTER_PLUGIN, IMPORTER_SETTINGS
from rl_studio.godot import GodotBinary
from rl_studio_training import godot_proof

pytestmark = pytest.mark.godot

KINDS = {
    "continuous": {"continuous": True, "discrete": False},
    "discrete": {"continuous": False, "discrete": True},
    "both": {"continuous": True, "discrete": True},
    "memory": {"continuous": True, "discrete": True, "memory": True},
}
DRAWN = {"continuous_actions", "discrete_actions"}


@pytest.mark.parametrize("kind", KINDS)
def test_best_actions_are_those_of_onnxruntime(godot: GodotBinary, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.onnx"
    foreign_models.write(path, **KINDS[kind])
    rng = np.random.default_rng(3)
    rows = 24
    inputs = {"obs_0": rng.normal(size=(rows, foreign_models.OBSERVATIONS)).astype(np.float32)}
    if KINDS[kind]["discrete"]:
        masks = rng.integers(0, 2, size=(rows, sum(foreign_models.BRANCHES)))
        masks[:, [0, 3]] = 1
        inputs["action_masks"] = masks.astype(np.float32)
    fed = dict(inputs)
    if KINDS[kind].get("memory"):
        fed["recurrent_in"] = np.zeros((rows, 1, foreign_models.MEMORY), dtype=np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    expected = dict(zip(names, session.run(names, fed), strict=True))
    for single in (False, True):
        found = godot_proof.prove(godot.path, path, inputs, single=single)
        assert not DRAWN & set(found)
        assert {name for name in names if name.startswith("deterministic")} <= set(found)
        for name, values in found.items():
            if name.startswith("deterministic"):
                np.testing.assert_allclose(values, expected[name].reshape(rows, -1), atol=1.4e-5)


def test_agents_are_played_by_the_outputs_that_are_left(godot: GodotBinary, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", IMPORTER_PLUGIN, settings=IMPORTER_SETTINGS, gd_tests=True)
    for kind, parts in KINDS.items():
        foreign_models.write(project.root / f"{kind}.onnx", **parts)
    shutil.copy(GD_TESTS / "foreign" / "test_policy_foreign.gd", project.root / "tests")
    import_project(godot, project)
    run_gd_tests(godot, project, "foreign")
