from __future__ import annotations

import json
from pathlib import Path

import pytest

from rl_studio_training.checkpoints import CheckpointFolder, Reason, read_description
from rl_studio_training.errors import CheckpointError


def save(folder: CheckpointFolder, timesteps: int, reason: Reason = "periodic") -> Path:
    return folder.save(timesteps, reason, lambda path: path.write_bytes(b"model"), {"mean": float("nan")})


def names(folder: CheckpointFolder) -> list[str]:
    return [path.name for path in folder.list()]


def test_a_checkpoint_is_complete(tmp_path: Path) -> None:
    path = save(CheckpointFolder(tmp_path / "checkpoints", 5), 25600)
    assert path.name == "step_000000025600"
    description = read_description(path)
    assert (description["schema"], description["timesteps"], description["reason"]) == (1, 25600, "periodic")
    assert description["mean"] is None
    assert sorted(item.name for item in path.iterdir()) == ["checkpoint.json", "model.zip"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    folder = CheckpointFolder(tmp_path, 5)
    with pytest.raises(OSError, match="No space"):
        folder.save(1, "periodic", fail, {})
    assert list(tmp_path.iterdir()) == []


def test_older_periodic_ones_are_pruned_and_others_never(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 2)
    save(folder, 1, "interrupted")
    for timesteps in (2, 3, 4):
        save(folder, timesteps)
    assert names(folder) == ["step_000000000001", "step_000000000003", "step_000000000004"]
    save(folder, 5, "final")
    assert names(folder) == ["step_000000000001", "step_000000000004", "step_000000000005"]
    assert len(list(tmp_path.iterdir())) == 3


def test_the_last_one_is_kept_even_alone(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 1)
    for timesteps in (1, 2):
        save(folder, timesteps)
    assert names(folder) == ["step_000000000002"]


def test_the_same_step_again_only_renews_the_description(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 2)
    save(folder, 7)
    path = folder.save(7, "final", lambda _path: pytest.fail("saved twice"), {})
    assert read_description(path)["reason"] == "final"


def test_what_is_no_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        read_description(tmp_path)
    (tmp_path / "checkpoint.json").write_text(json.dumps({}))
    with pytest.raises(CheckpointError, match=r"no model\.zip"):
        read_description(tmp_path)
