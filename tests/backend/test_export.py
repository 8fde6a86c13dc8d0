"""rl_studio.export: which checkpoint and policies, which files, and that they get there together or not at all.

The converters have tests of their own; here a fake one says what it was asked for.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from rl_studio import export_converter
from rl_studio.errors import StudioError
from rl_studio.export import ExportOptions, export_policies
from rl_studio.export_errors import ExportCancelledError, ExportError
from rl_studio.export_files import drop
from rl_studio.packages import install_command
from rl_studio.project import Project
from rl_studio.trainers import registry

RUN = "run-1"
find_converter = export_converter.find


@pytest.fixture(autouse=True)
def fake_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    script = str(Path(__file__).with_name("fake_converter.py"))
    monkeypatch.setattr(export_converter, "find", lambda trainer: [sys.executable, script])


def make_checkpoint(project: Project, timesteps: int, *policies: str, best: bool = False) -> Path:
    folder = project.runs_dir / RUN / "checkpoints" / f"step_{timesteps:012d}"
    folder.mkdir(parents=True)
    (folder / "checkpoint.json").write_text(
        json.dumps({"timesteps": timesteps, "trainer": "sb3", "policies": {name: {} for name in policies}})
    )
    if best:
        note = {"checkpoint": folder.name, "value": 1.0, "metric": "episode_reward_mean"}
        (folder.parent / "best.json").write_text(json.dumps(note))
    return folder


def export(project: Project, **options: Any) -> dict[str, Any]:
    return export_policies(project, RUN, ExportOptions(**options))


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def names(folder: Path) -> list[str]:
    """All files, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def test_all_policies_of_a_checkpoint_go_into_the_game(project: Project) -> None:
    checkpoint = make_checkpoint(project, 900, "prey", "hunter")
    result = export(project, opset=18, ir_version=9, godot=Path("/nowhere/godot"))
    assert (result["run"], result["checkpoint"]) == (RUN, 900)
    assert [file["path"] for file in result["files"]] == [
        "res://policies/hunter.onnx",
        "res://policies/prey.onnx",
    ]
    assert read(project.root / "policies" / "prey.onnx") == {
        "policy": "prey",
        "checkpoint": str(checkpoint),
        "run_id": RUN,
        "opset": "18",
        "ir_version": "9",
        "godot": "/nowhere/godot",
    }
    assert result["files"][1]["file"] == str(project.root / "policies" / "prey.onnx")
    assert names(project.root / "policies") == ["hunter.onnx", "prey.onnx"]


def test_the_run_keeps_the_proofs(project: Project) -> None:
    make_checkpoint(project, 900, "prey", "hunter")
    result = export(project)
    noted = read(project.runs_dir / RUN / "exports" / "prey-900.json")
    assert noted == {**result, "files": [result["files"][1]]}
    assert noted["files"][0]["proof"]["observations"] == 1000


def test_only_chosen_policies_are_exported(project: Project) -> None:
    make_checkpoint(project, 900, "hunter", "prey", "crash")
    result = export(project, policies=["prey", "prey"], to="res://a/b.onnx")
    assert [(file["policy"], file["path"]) for file in result["files"]] == [("prey", "res://a/b.onnx")]


@pytest.mark.parametrize(("which", "found"), [("latest", 10_000), ("best", 900), (500, 500)])
def test_a_checkpoint_is_the_latest_the_best_or_that_of_a_timestep(
    project: Project, which: Any, found: int
) -> None:
    make_checkpoint(project, 500, "a")
    make_checkpoint(project, 900, "a", best=True)
    make_checkpoint(project, 10_000, "a")
    assert export(project, checkpoint=which)["checkpoint"] == found


def test_each_policy_comes_from_its_own_best_checkpoint(project: Project) -> None:
    paths = [make_checkpoint(project, steps, "hunter", "prey", "tree") for steps in (500, 900, 1000)]
    bests = {
        name: {"checkpoint": path.name, "value": 1.0, "metric": "episode_reward_mean"}
        for name, path in zip(("hunter", "prey"), paths, strict=False)
    }
    note = {"policies": bests, "judged": ["hunter", "prey"]}
    (paths[0].parent / "best.json").write_text(json.dumps(note))
    result = export(project, checkpoint="best")
    assert result["checkpoint"] == 900
    sources = {file["policy"]: Path(read(Path(file["file"]))["checkpoint"]).name for file in result["files"]}
    # The tree does not learn: it is the same in all of them.
    assert sources == {"hunter": paths[0].name, "prey": paths[1].name, "tree": paths[1].name}
    assert read(project.runs_dir / RUN / "exports" / "hunter-500.json")["checkpoint"] == 500
    assert export(project, checkpoint="best", policies=["hunter"])["checkpoint"] == 500


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"checkpoint": 901}, "900"),
        ({"policies": ["prai"]}, "Did you mean 'prey'"),
        ({"to": "res://x.onnx"}, "{policy}"),
        ({"to": "res://{policy}.png"}, "res://policies/{policy}.onnx"),
        ({"to": "res://../{policy}.onnx"}, "leads out of the project"),
        ({"to": "/tmp/{policy}.onnx"}, "not a path in the project"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_way_out(
    project: Project, options: dict[str, Any], says: str
) -> None:
    make_checkpoint(project, 900, "hunter", "prey")
    with pytest.raises(StudioError) as caught:
        export(project, **options)
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_a_run_that_is_not_there_is_refused(project: Project) -> None:
    for run in ("nope", "../experiments"):
        with pytest.raises(ExportError, match="There is no run"):
            export_policies(project, run, ExportOptions())


def test_a_run_without_checkpoint_is_refused(project: Project) -> None:
    (project.runs_dir / RUN).mkdir(parents=True)
    with pytest.raises(StudioError, match="has no checkpoint"):
        export(project)


def test_checkpoints_of_other_trainers_cannot_be_exported(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    make_checkpoint(project, 900, "a").joinpath("checkpoint.json").write_text(
        json.dumps({"timesteps": 900, "trainer": "mine", "policies": {"a": {}}})
    )
    with pytest.raises(ExportError, match="'mine'"):
        export(project)


@pytest.mark.parametrize(("trainer", "package"), [("rllib", "ray"), ("sb3", "torch"), ("sb3", "onnx")])
def test_what_a_converter_lacks_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, trainer: str, package: str
) -> None:
    monkeypatch.setattr(registry, "installed_version", lambda name: None if name == package else "1.0")
    with pytest.raises(ExportError, match=f"exported here: {package} is not installed") as caught:
        find_converter(trainer)
    assert caught.value.hint == install_command(trainer)


def test_names_of_policies_become_names_of_files(project: Project) -> None:
    make_checkpoint(project, 900, "team/red: 1", "..")
    paths = [file["path"] for file in export(project)["files"]]
    assert paths == ["res://policies/policy.onnx", "res://policies/team_red_ 1.onnx"]


def test_policies_whose_files_are_the_same_are_refused(project: Project) -> None:
    make_checkpoint(project, 900, "Prey", "prey")
    with pytest.raises(ExportError, match="same file"):
        export(project)


def test_a_policy_that_fails_leaves_all_files_as_they_were(project: Project) -> None:
    make_checkpoint(project, 900, "a", "different")
    target = project.root / "policies" / "a.onnx"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(ExportError, match="Too different") as caught:
        export(project)
    assert caught.value.data == {
        "code": "export",
        "differences": {"output": 0.5},
        "different_actions": 3,
    }
    assert (target.read_bytes(), names(target.parent)) == (b"old", ["a.onnx"])


def test_a_converter_that_dies_is_told_with_its_last_words(project: Project) -> None:
    make_checkpoint(project, 900, "crash")
    with pytest.raises(ExportError, match=r"ended with code 3(.|\n)*Segmentation fault"):
        export(project)


def test_a_cancelled_export_changes_nothing(project: Project) -> None:
    make_checkpoint(project, 900, "a", "endless")
    cancel = threading.Event()

    def progress(message: str) -> None:
        if message.startswith("endless"):
            cancel.set()

    with pytest.raises(ExportCancelledError):
        export_policies(project, RUN, ExportOptions(), progress=progress, cancel=cancel)
    assert not (project.root / "policies").exists()


def test_files_get_there_together_or_not_at_all(tmp_path: Path) -> None:
    old, new, folder = tmp_path / "old.onnx", tmp_path / "new.onnx", tmp_path / "sub"
    old.write_bytes(b"old")
    folder.mkdir()
    with pytest.raises(ExportError, match="as they were"):
        drop({old: b"1", new: b"2", folder: b"3"})
    assert (old.read_bytes(), names(tmp_path)) == (b"old", ["old.onnx", "sub"])
    drop({old: b"1", new: b"2"})
    assert (old.read_bytes(), new.read_bytes()) == (b"1", b"2")
    assert names(tmp_path) == ["new.onnx", "old.onnx", "sub"]


def test_a_rename_that_fails_puts_back_what_was_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (tmp_path / f"{number}.onnx" for number in range(3))
    first.write_bytes(b"old")
    third.write_bytes(b"old")
    rename = Path.replace

    def fail_at_last(path: Path, target: Path) -> Path:
        if target == third and path.name.endswith(".new"):
            raise PermissionError(13, "Another program has it open", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", fail_at_last)
    with pytest.raises(ExportError, match="Another program"):
        drop({first: b"1", second: b"2", third: b"3"})
    assert names(tmp_path) == ["0.onnx", "2.onnx"]
    assert first.read_bytes() == third.read_bytes() == b"old"
