from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rl_studio_training.checkpoints import MODEL_FILE, CheckpointFolder, Counters, Reason, read_description
from rl_studio_training.errors import CheckpointError
from rl_studio_training.judging import Judge


def save(folder: CheckpointFolder, timesteps: int, reason: Reason = "periodic") -> Path:
    return folder.save(timesteps, reason, write_model, {"mean": float("nan")})


def write_model(path: Path) -> None:
    (path / MODEL_FILE).write_bytes(b"model")


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
        (path / MODEL_FILE).write_bytes(b"half")
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


HALF = """
import sys, time
from pathlib import Path
from rl_studio_training.checkpoints import CheckpointFolder

def write(folder):
    (folder / "model.zip").write_bytes(b"half")
    print("half", flush=True)
    time.sleep(600)

CheckpointFolder(Path(sys.argv[1]), 5).save(8, "periodic", write, {})
"""


def test_kill_while_one_is_written_leaves_the_others_and_nothing_of_it(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 5)
    save(folder, 7)
    scripts = Path(__file__).resolve().parents[2] / "training_scripts"
    child = subprocess.Popen(
        [sys.executable, "-c", HALF, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=scripts
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
    finally:
        child.kill()
        child.communicate()
    assert names(folder) == ["step_000000000007"]
    assert read_description(folder.find("latest"))["timesteps"] == 7
    assert (save(folder, 8) / MODEL_FILE).read_bytes() == b"model"


def test_the_best_is_kept_beside_the_newest(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 2)
    judge = Judge(("cat",))
    folder.set_best(save(folder, 1), {"cat": 3.5}, "evaluation_reward", judge)
    for timesteps in (2, 3, 4):
        save(folder, timesteps)
    assert names(folder) == ["step_000000000001", "step_000000000003", "step_000000000004"]
    assert folder.find("best").name == "step_000000000001"
    told = json.loads((tmp_path / "best.json").read_text())
    best = {"checkpoint": "step_000000000001", "value": 3.5, "metric": "evaluation_reward"}
    assert told == {**best, "policies": {"cat": best}, "judged": ["cat"]}
    folder.set_best(save(folder, 5, "best"), {"cat": 4.0}, "evaluation_reward", judge)
    folder.set_best(save(folder, 6, "best"), {"cat": 5.0}, "evaluation_reward", judge)
    assert names(folder) == ["step_000000000004", "step_000000000006"]


def test_each_policy_has_a_best_one_of_its_own(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "my-run" / "checkpoints", 1)
    judge = Judge(("cat", "mouse"))
    folder.set_best(save(folder, 1), {"cat": 3.0, "mouse": 1.0}, "episode_reward_mean", judge)
    assert folder.find("best").name == "step_000000000001"  # the same for both
    folder.set_best(save(folder, 2), {"mouse": 2.0}, "episode_reward_mean", judge)
    for timesteps in (3, 4):
        save(folder, timesteps)
    assert names(folder) == ["step_000000000001", "step_000000000002", "step_000000000004"]
    assert folder.find("best", "cat").name == "step_000000000001"
    assert folder.find("best", "mouse").name == "step_000000000002"
    assert folder.find("best", "dog").name == "step_000000000002"  # it does not learn
    with pytest.raises(CheckpointError, match="for each policy: cat at 1, mouse at 2 steps"):
        folder.find("best")
    assert "checkpoint" not in json.loads((folder.path / "best.json").read_text())
    folder.set_best(save(folder, 5), {"cat": 4.0}, "episode_reward_mean", judge)
    assert names(folder) == ["step_000000000002", "step_000000000005"]


def test_a_policy_whose_episodes_never_ended_has_no_best_one(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "my-run" / "checkpoints", 1)
    folder.set_best(save(folder, 1), {"cat": 3.0}, "episode_reward_mean", Judge(("cat", "mouse")))
    with pytest.raises(CheckpointError, match="no best checkpoint of the policy mouse"):
        folder.find("best", "mouse")


def test_the_best_one_of_the_judged_policy_is_that_of_all(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 1)
    folder.set_best(save(folder, 1), {"cat": 3.0}, "episode_reward_mean", Judge(("cat",)))
    save(folder, 2)
    assert folder.find("best", "mouse") == folder.find("best", "cat") == folder.find("best")


def test_a_note_of_an_older_version_is_read(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 1)
    path = save(folder, 1)
    told = {"checkpoint": path.name, "value": 9.4, "metric": "evaluation_reward"}
    (tmp_path / "best.json").write_text(json.dumps(told))
    assert folder.find("best") == folder.find("best", "cat") == path
    save(folder, 2)
    assert names(folder) == [path.name, "step_000000000002"]


def test_a_checkpoint_is_found_by_name(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "my-run" / "checkpoints", 5)
    with pytest.raises(CheckpointError, match=r"my-run has no checkpoint\."):
        folder.find("latest")
    save(folder, 100)
    save(folder, 90)
    assert folder.find("latest").name == "step_000000000100"
    assert folder.find(90).name == "step_000000000090"
    with pytest.raises(CheckpointError, match="no checkpoint at 95 steps") as caught:
        folder.find(95)
    assert "90, 100" in str(caught.value.hint)
    with pytest.raises(CheckpointError, match="no best checkpoint"):
        folder.find("best")


def test_large_files_stay_with_the_latest_only(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, 5, only_latest=("replay.npz",))

    def write(path: Path) -> None:
        write_model(path)
        (path / "replay.npz").write_bytes(b"large")

    for timesteps in (1, 2):
        folder.save(timesteps, "periodic", write, {})
    assert [path.parent.name for path in tmp_path.glob("*/replay.npz")] == ["step_000000000002"]
    assert len(names(folder)) == 2


def test_counters_of_an_old_checkpoint_are_missed_in_words() -> None:
    told = {"timesteps": 3, "env_steps": 2, "iterations": 1, "episodes": 0, "time_total_s": 0.5}
    assert Counters.read({"counters": told}) == Counters(3, 2, 1, 0, 0.5)
    with pytest.raises(CheckpointError, match="how far"):
        Counters.read({"timesteps": 3})
