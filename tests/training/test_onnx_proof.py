"""The part of an export's proof that runs in Godot, and what it makes of differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl_studio.godot import GodotBinary, GodotNotFoundError
from rl_studio_training import godot_proof, sb3_export
from rl_studio_training.errors import ExportError
from rl_studio_training.onnx_export import ExportResult, export_checkpoint
from rl_studio_training.onnx_options import ExportOptions
from training import exported
from training.fake_game import ACTIONS
from training.test_sb3_matrix import SUPPORTED
from training.untrained import LAMP, SEEN, rllib_checkpoint, sb3_checkpoint

pytestmark = pytest.mark.godot

FAST = {
    ("sac", "two_keys", "mixed", "gated"),
    ("recurrent_ppo", "lamp", "continuous", "mlp"),
    ("ppo", "picture", "discrete", "mlp"),
}
MATRIX = [
    pytest.param(
        *case, marks=[] if case in FAST else [pytest.mark.matrix, pytest.mark.godot], id="-".join(case)
    )
    for case in (
        (algorithm, seen, kind, network)
        for algorithm, kinds in SUPPORTED.items()
        for seen in SEEN
        for kind in kinds
        for network in ("mlp", "gated")
    )
]


def export(checkpoint: Path, output: Path, **options: Any) -> ExportResult:
    (result,) = export_checkpoint(checkpoint, str(output), sb3_export.load, ExportOptions(**options))
    return result


@pytest.mark.parametrize(("algorithm", "seen", "kind", "network"), MATRIX)
def test_the_file_does_the_same_in_godot(
    godot: GodotBinary, tmp_path: Path, algorithm: str, seen: str, kind: str, network: str
) -> None:
    checkpoint = sb3_checkpoint(
        *(tmp_path / "c", SEEN[seen], ACTIONS[kind]),
        algorithm=algorithm,
        network=network,
        normalize_observations=True,
        cnn_channels=[4, 3],
    )
    result = export(checkpoint, tmp_path / "policy.onnx", godot=godot.path)
    proof = result.proof
    outputs = set(result.outputs) - (set() if algorithm == "recurrent_ppo" else {"state_outs"})
    assert set(proof["godot"]) == outputs
    assert max(proof["godot"].values()) <= 1e-5
    assert proof["godot_version"] == godot.version.text
    assert proof["actions"]["different"] == 0
    assert exported.metadata(tmp_path / "policy.onnx")["proof"] == proof


@pytest.mark.matrix
@pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning")
@pytest.mark.parametrize("seen", ["two_keys", "picture"])
@pytest.mark.parametrize(
    ("module", "kind", "settings"),
    [
        ("ppo", "continuous", {"network": "gated"}),
        ("ppo", "mixed", {"network": "lstm"}),
        ("sac", "mixed", {"network": "mlp"}),
        ("dqn", "discrete", {"model_config": {"dueling": True}}),
        ("dqn", "discrete", {"model_config": {"num_atoms": 11}}),
    ],
)
def test_policies_of_rllib_do_the_same_in_godot(
    godot: GodotBinary, tmp_path: Path, module: str, kind: str, settings: dict[str, Any], seen: str
) -> None:
    pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")
    from rl_studio_training import rllib_export

    checkpoint = rllib_checkpoint(
        *(tmp_path / "c", module, SEEN[seen], ACTIONS[kind]), normalize=True, **settings
    )
    (result,) = export_checkpoint(
        checkpoint, str(tmp_path / "policy.onnx"), rllib_export.load, ExportOptions(godot=godot.path)
    )
    assert max(result.proof["godot"].values()) <= 1e-5


def lie(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]) -> None:
    """Has Godot say what onnxruntime says, and something else."""

    def prove(_godot: Path, model: Path, cases: Any, starts: Any, *, single: bool) -> dict[str, Any]:
        told = exported.run(model, cases, starts)
        if single:
            change(told)
        return told

    monkeypatch.setattr(godot_proof, "prove", prove)


def test_a_difference_in_godot_writes_nothing(
    godot: GodotBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(told: dict[str, Any]) -> None:
        told["output"][500] += 0.001

    lie(monkeypatch, change)
    with pytest.raises(
        ExportError, match=r"walker differs by 0\.00\d+ from the trained one, in Godot"
    ) as caught:
        export(sb3_checkpoint(tmp_path / "c"), tmp_path / "x.onnx", godot=godot.path)
    assert caught.value.data["differences"]["output"] > 1e-5
    assert not (tmp_path / "x.onnx").exists()


def test_a_memory_that_goes_wrong_in_godot_is_noticed(
    godot: GodotBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(told: dict[str, Any]) -> None:
        told["state_outs"] = np.zeros_like(told["state_outs"])

    lie(monkeypatch, change)
    with pytest.raises(ExportError, match="in Godot"):
        checkpoint = sb3_checkpoint(tmp_path / "c", LAMP, algorithm="recurrent_ppo")
        export(checkpoint, tmp_path / "x.onnx", godot=godot.path)


def test_a_godot_that_is_none_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(GodotNotFoundError):
        export(sb3_checkpoint(tmp_path / "c"), tmp_path / "x.onnx", godot=tmp_path / "none")
    assert not (tmp_path / "x.onnx").exists()
