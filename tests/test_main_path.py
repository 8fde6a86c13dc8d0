"""The whole main path on the sample game, through the command line: train, look, stop, export, play."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import psutil
import pytest

import godot_project
from rl_studio.godot import GodotBinary, release_template
from rl_studio.project import Project

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(180)]

POLICY = "res://policies/chase.onnx"


def studio(*words: str, code: int = 0) -> list[str]:
    """Runs `rl-studio` as a user would and returns the lines of its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "rl_studio", *words], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout.splitlines()


def document(*words: str, code: int = 0) -> Any:
    """The JSON document of a command."""
    return json.loads(studio(*words, "--json", code=code)[-1])


def games_of(project: Project) -> list[psutil.Process]:
    """Godot processes that play this project."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "--path" in words and str(project.root) in words:
            found.append(process)
    return found


@pytest.fixture(scope="module")
def trained(sample: Project) -> dict[str, Any]:
    """A run that learned the game, as `train --json` told it, with its metrics under "metrics"."""
    lines = studio(
        *("train", "--project", str(sample.root), "--json", "--seed", "7"),
        *("--timesteps", "60000", "--set", "time_limit_s=50", "--set", "checkpoint_frequency=20000"),
    )
    metrics = [json.loads(line.removeprefix("@METRIC ")) for line in lines if line.startswith("@METRIC ")]
    return json.loads(lines[-1]) | {"metrics": metrics}


@pytest.fixture(scope="module")
def exported(sample: Project, trained: dict[str, Any]) -> dict[str, Any]:
    """The export of that run."""
    outcome = document("export", trained["id"], "--project", str(sample.root), "--to", POLICY)
    return dict(outcome["files"][0])


def test_training_reaches_the_threshold(trained: dict[str, Any]) -> None:
    assert trained["state"] == "finished"
    first = next(sample for sample in trained["metrics"] if sample["success_rate"] is not None)
    assert first["success_rate"] < 0.7
    assert trained["metrics"][-1]["success_rate"] >= 0.9
    assert trained["metrics"][-1]["episode_reward_mean"] > first["episode_reward_mean"]


def test_metrics_stream_while_training(trained: dict[str, Any]) -> None:
    steps = [sample["timesteps_total"] for sample in trained["metrics"]]
    assert steps == sorted(set(steps))
    assert steps[-1] == trained["timesteps"]
    assert [sample["training_iteration"] for sample in trained["metrics"]] == list(range(1, len(steps) + 1))


def test_the_run_folder_explains_itself(sample: Project, trained: dict[str, Any]) -> None:
    folder = Path(trained["path"])
    assert folder.parent == sample.runs_dir
    config = json.loads((folder / "config.json").read_text())
    assert config["seed"] == 7
    assert config["scene"] == "res://scenes/train.tscn"
    meta = json.loads((folder / "run.json").read_text())
    assert {"godot", "stable-baselines3", "torch"} <= set(meta["versions"])
    assert "stable_baselines3_training_script.py" in (folder / "command.txt").read_text()
    assert list(folder.glob("tensorboard/**/events.out.tfevents.*"))


def test_checkpoints_are_made_on_the_way_and_at_the_end(trained: dict[str, Any]) -> None:
    checkpoints = Path(trained["path"], "checkpoints")
    best = json.loads((checkpoints / "best.json").read_text())
    folders = sorted(path for path in checkpoints.iterdir() if path.name != "best.json")
    assert best["checkpoint"] in [folder.name for folder in folders]
    details = [json.loads((folder / "checkpoint.json").read_text()) for folder in folders]
    assert [item["reason"] for item in details] == ["periodic"] * (len(details) - 1) + ["final"]
    assert len(details) >= 3
    assert details[-1]["timesteps"] == trained["timesteps"]


def test_no_game_is_left_behind(sample: Project, trained: dict[str, Any]) -> None:
    assert games_of(sample) == []


def test_runs_are_listed_newest_first_with_their_figures(sample: Project, trained: dict[str, Any]) -> None:
    listed = document("runs", "--project", str(sample.root))
    started = [run["started"] for run in listed]
    assert started == sorted(started, reverse=True)
    run = next(run for run in listed if run["id"] == trained["id"])
    assert {"id", "state", "timesteps", "episode_reward_mean", "started", "duration_s"} <= set(run)


def test_metrics_are_kept_as_they_were_printed(sample: Project, trained: dict[str, Any]) -> None:
    kept = document("metrics", trained["id"], "--project", str(sample.root))["samples"]
    assert [{k: v for k, v in item.items() if k != "seq"} for item in kept] == trained["metrics"]


def test_metrics_come_as_csv_too(sample: Project, trained: dict[str, Any]) -> None:
    text = "\n".join(studio("metrics", trained["id"], "--project", str(sample.root), "--csv"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["timesteps_total"]) for row in rows] == [s["timesteps_total"] for s in trained["metrics"]]
    assert float(rows[-1]["episode_reward_mean"]) == trained["metrics"][-1]["episode_reward_mean"]


def test_the_export_proves_itself_and_lands_in_the_game(sample: Project, exported: dict[str, Any]) -> None:
    assert exported["path"] == POLICY
    assert exported["max_difference"] <= 1e-5
    assert exported["proof"]["observations"] >= 1000
    assert exported["proof"]["source"] == "run and space"
    assert max(exported["proof"]["godot"].values()) <= 1e-5
    model = onnx.load(sample.to_disk(POLICY))
    assert {item.name for item in model.graph.input} == {"obs", "state_ins"} == set(exported["inputs"])
    outputs = [item.name for item in model.graph.output]
    assert outputs == ["output", "state_outs", "log_std"] == list(exported["outputs"])


def test_the_game_plays_with_the_exported_policy(sample: Project, exported: dict[str, Any]) -> None:
    words = ("--project", str(sample.root), "--episodes", "96")
    played = document("evaluate", *words, "--policy", exported["path"])
    assert played["episodes"] == 96
    assert played["success_rate"] >= 0.9
    by_chance = document("evaluate", *words, "--policy", "random")
    assert by_chance["success_rate"] < 0.3
    assert by_chance["reward_mean"] < played["reward_mean"]


def test_an_earlier_checkpoint_can_be_exported(sample: Project, trained: dict[str, Any]) -> None:
    runs = document("metrics", trained["id"], "--project", str(sample.root))
    step = next(s["timesteps_total"] for s in runs["samples"] if s["timesteps_total"] >= 20_000)
    result = document(
        *("export", trained["id"], "--project", str(sample.root), "--to", "res://policies/early.onnx"),
        *("--checkpoint", str(step), "--opset", "13", "--ir-version", "7"),
    )
    assert (result["checkpoint"], result["files"][0]["timesteps"]) == (step, step)
    model = onnx.load(sample.to_disk("res://policies/early.onnx"))
    assert model.opset_import[0].version == 13
    assert model.ir_version == 7


def test_a_policy_that_is_not_there_is_an_error(sample: Project) -> None:
    answer = document(
        "evaluate",
        "--project",
        str(sample.root),
        "--policy",
        "res://policies/none.onnx",
        "--episodes",
        "1",
        code=1,
    )
    assert "res://policies/none.onnx" in answer["error"]["message"]


def test_a_run_can_be_stopped_from_another_terminal(sample: Project) -> None:
    started = document("train", "--project", str(sample.root), "--detach")
    wait_for_progress(sample, started["id"])
    stopped = document("stop", started["id"], "--project", str(sample.root))
    assert stopped["state"] == "stopped"
    assert stopped["checkpoints"] >= 1
    assert games_of(sample) == []


def test_ctrl_c_saves_and_stops(sample: Project) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rl_studio", "train", "--project", str(sample.root), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        first = process.stdout.readline()
        assert first.startswith("@METRIC ")
        process.send_signal(signal.SIGINT)
        last = process.stdout.read().splitlines()[-1]
    assert process.wait() == 130
    info = json.loads(last)
    assert info["state"] == "stopped"
    assert info["checkpoints"] >= 1
    assert games_of(sample) == []


def test_an_exported_game_plays_the_policy(
    sample: Project, exported: dict[str, Any], godot: GodotBinary, tmp_path: Path
) -> None:
    template = release_template(godot)
    assert template is not None, "the release template belongs to the Godot that `make godot` sets up"
    presets = sample.root / "export_presets.cfg"
    text = presets.read_text(encoding="utf-8")
    presets.write_text(
        text.replace('template/release=""', f'template/release="{template}"'), encoding="utf-8"
    )
    game = tmp_path / "chase.x86_64"
    godot_project.run_godot(godot, sample, ["--export-release", "Linux", str(game)], timeout_s=120)
    done = subprocess.run(
        [
            *(str(game), "--headless", "--fixed-fps", "60", "--rl_studio_fixed_fps=60"),
            *(f"--rl_studio_policy={exported['path']}", "--rl_studio_evaluate=20", "--env_seed=3"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("@EPISODE ")]
    episodes = [json.loads(line.removeprefix("@EPISODE ")) for line in lines]
    assert len(episodes) == 20
    assert sum(episode["is_success"] for episode in episodes) >= 18


def wait_for_progress(project: Project, run_id: str) -> None:
    """Returns when the run has trained for one iteration."""
    from rl_studio.runs import RunService

    with RunService(project) as service:
        for _ in range(600):
            info = service.wait(run_id, timeout=0.1)
            if info.timesteps > 0:
                return
            assert not info.is_final, info
    pytest.fail("the run made no progress within a minute")
