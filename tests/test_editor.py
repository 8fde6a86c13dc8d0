"""Drives the real editor, headless, as a user would: real clicks on the docks, the real backend behind them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from backend_support import FINISHED
from godot_project import GD_TESTS, copy_sample, import_project, make_project, run_godot
from rl_studio.cli.exit_codes import EXIT_DISK_FULL, EXIT_READ_ONLY
from rl_studio.experiments import ExperimentStore
from rl_studio.godot import GodotBinary, headless_environment
from rl_studio.project import Project

pytestmark = [pytest.mark.godot, pytest.mark.timeout(300)]

DRIVERS = GD_TESTS / "editor"
FIXTURES = Path(__file__).resolve().parent / "fixtures" / "protocol"

_BAD = ("SCRIPT ERROR", "Parse Error", "Compile Error", "RL Studio:")


def drive(
    godot: GodotBinary,
    project: Project,
    script: str,
    *,
    timeout_s: float = 200.0,
    allow_errors: bool = False,
    display: str = "",
    **environment: str,
) -> str:
    """Runs a driver script in the editor and returns what was printed.

    Args:
        script: name of a file in tests/godot/editor.
        allow_errors: scripts of the game have errors, which Godot prints.
        display: the X display of a window; without one the editor is headless.
        environment: PYTHONPATH, variables with RL_STUDIO_ in their name, and arguments of the script.
    """
    env = headless_environment(private_dir=project.root.parent / "xdg")
    env |= {"RL_STUDIO_EDITOR_TEST": "1", "RL_STUDIO_PYTHON": sys.executable, "GODOT": str(godot.path)}
    for name, value in environment.items():
        is_variable = name == "PYTHONPATH" or "RL_STUDIO_" in name
        env[name if is_variable else f"RL_STUDIO_TEST_{name}"] = value
    window = ["--headless"]
    if display:
        env["DISPLAY"] = display
        window = ["--single-window", "--audio-driver", "Dummy", "--rendering-driver", "opengl3"]
        window += ["--resolution", "1600x900", "--position", "0,0"]
    argv = [str(godot.path), *window, "-e", "--path", str(project.root), "-s", str(DRIVERS / script)]
    log = project.root.parent / "editor.log"
    with log.open("w", encoding="utf-8") as output:
        # Not a pipe: the backend outlives the editor and would hold it open.
        done = subprocess.run(argv, env=env, timeout=timeout_s, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, text
    assert allow_errors or not any(bad in text for bad in _BAD), text
    return text


@pytest.fixture
def game(godot: GodotBinary, tmp_path: Path) -> Iterator[Project]:
    """A copy of the sample project, imported. Its backend and its runs are ended afterwards."""
    project = copy_sample(tmp_path / "a gäme")
    import_project(godot, project)
    yield project
    end_processes(project)


def end_processes(project: Project) -> None:
    """Kills what a test left running: the backend, the trainers of `project` with their games, and played games."""
    folder = str(project.root.parent)  # editors write the project itself with %20
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "--editor-pid" in words and any(folder in word for word in words):
            with suppress(psutil.Error):
                process.kill()
    pids: list[int] = []
    for path in [project.discovery_file, *project.runs_dir.glob("*/run.json")]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            pids.append(int(json.loads(path.read_text(encoding="utf-8"))["pid"]))
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if str(project.root) in " ".join(process.cmdline()):
                for one in [*process.children(recursive=True), process]:
                    one.kill()


@pytest.mark.training
def test_train_watch_stop_and_export(godot: GodotBinary, game: Project) -> None:
    drive(godot, game, "drive_train.gd")
    assert (game.root / "policies" / "chase.onnx").is_file()
    assert (game.root / "policies" / "chase.onnx.import").is_file()


def test_form_saves_what_is_typed(godot: GodotBinary, game: Project) -> None:
    drive(godot, game, "drive_form.gd")


def test_a_run_tells_where_its_time_goes_and_what_its_games_do(
    godot: GodotBinary, game: Project, tmp_path: Path
) -> None:
    shares = {"game_share": 0.62, "wire_share": 0.03, "policy_share": 0.09, "update_share": 0.24}
    shares |= {"other_share": 0.02}
    died = {
        "instance": 1,
        "reason": "game_crashed",
        "attempt": 2,
        "limit": 10,
        "message": "It fell.\n  x = 3",
    }
    steps = [
        'event {"kind": "started", "timesteps_target": 200, "n_agents": 2, "wire": "binary", "sections": 1}',
        "metric 2",
        "wait shares",
        f"metric 5 {json.dumps(shares | {'bottleneck': 'game', 'advice': 'Add arenas.'})}",
        "wait crash",
        f"event {json.dumps({'kind': 'game_restarted', **died})}",
        "wait calm",
        f"metric 1 {json.dumps(shares | {'bottleneck': None, 'advice': None})}",
        "wait end",
        FINISHED,
    ]
    ExperimentStore(game).save("default", "fake", {"steps": "\n".join(steps)})
    drive(godot, game, "drive_readout.gd", PYTHONPATH=fake_trainer_path(tmp_path / "plugin"))


def test_policies_evaluations_and_a_run_that_goes_on(
    godot: GodotBinary, game: Project, tmp_path: Path
) -> None:
    steps = ['event {"kind": "started", "timesteps_target": 300, "n_agents": 4}']
    for index in (1, 2, 3):
        reward = {"reward_mean": float(index), "reward_min": 0.0, "reward_max": 9.0}
        metric = {
            "kind": "iteration",
            "training_iteration": index,
            "timesteps_total": index * 100,
            "env_steps_total": index * 25,
            "time_total_s": index * 1.5,
            "episodes_total": index,
            "episode_reward_mean": float(index),
            "policies": {"cat": reward, "dog": reward | {"reward_mean": -float(index)}},
            "evaluation": {"timesteps_total": 100 if index < 3 else 300, "reward_mean": 4.0 * index},
        }
        steps.append(f"say @METRIC {json.dumps(metric)}")
        facts = {"timesteps": index * 100, "policies": {"cat": {}, "dog": {}}}
        facts["evaluation"] = {"timesteps_total": index * 100, "reward_mean": 8.0 if index == 2 else 1.0}
        facts |= {"counters": {"timesteps": index * 100}}
        steps.append(f"checkpoint {json.dumps(facts)}")
    best = {"checkpoint": "step_000000000200", "value": 8.0, "metric": "evaluation_reward"}
    finished = {
        "kind": "finished",
        "reason": "reward",
        "timesteps_total": 300,
        "message": "Reached reward 3: it was 3.",
    }
    steps += [f"best {json.dumps(best)}", "wait end", f"event {json.dumps(finished)}"]
    ExperimentStore(game).save("default", "fake", {"steps": "\n".join(steps)})
    drive(godot, game, "drive_policies.gd", PYTHONPATH=fake_trainer_path(tmp_path / "plugin"))


SCRIPT_ERROR = "Error in a script of the game, res://scripts/puck.gd:7, in _hit: Division by zero."


def test_opposed_policies_are_told_apart_and_warnings_are_listed(
    godot: GodotBinary, game: Project, tmp_path: Path
) -> None:
    warning = "The observation 'obs' of cat leaves -10 to 10."
    results = {
        "cat": {"reward_mean": 0.42, "success_rate": 0.02, "episodes": 7},
        "dog": {"reward_mean": 5.1, "success_rate": 0.99, "episodes": 7},
    }
    steps = [
        'event {"kind": "started", "timesteps_target": 300, "n_agents": 4}',
        *[f"event {json.dumps({'kind': 'warning', 'message': warning})}"] * 2,
        f"event {json.dumps({'kind': 'warning', 'message': SCRIPT_ERROR, 'count': 28})}",
    ]
    broken = game.runs_dir / "20200102-030405-broken-0000"
    broken.mkdir(parents=True)
    (broken / "run.json").write_text('{"state": "dancing"}', encoding="utf-8")
    bests = {}
    for index, policy in enumerate(results, start=1):
        evaluation = {"timesteps_total": index * 100, "reward_mean": None, "policies": results}
        metric = {
            "kind": "iteration",
            "training_iteration": index,
            "timesteps_total": index * 100,
            "episode_reward_mean": None,
            "success_rate": None,
            "policies": results,
            "evaluation": evaluation,
        }
        steps.append(f"say @METRIC {json.dumps(metric)}")
        facts = {"timesteps": index * 100, "policies": {"cat": {}, "dog": {}}, "results": results}
        facts |= {"evaluation": evaluation, "counters": {"timesteps": index * 100}}
        steps.append(f"checkpoint {json.dumps(facts)}")
        bests[policy] = {
            "checkpoint": f"step_{index * 100:012d}",
            "value": 1.0,
            "metric": "evaluation_reward",
        }
    steps += [f"best {json.dumps({'policies': bests, 'judged': list(bests)})}", "wait end", FINISHED]
    ExperimentStore(game).save("default", "fake", {"steps": "\n".join(steps)})
    drive(godot, game, "drive_opposed.gd", PYTHONPATH=fake_trainer_path(tmp_path / "plugin"))


def test_policies_are_exported_assigned_looked_at_and_played(
    godot: GodotBinary, game: Project, tmp_path: Path
) -> None:
    policies = {"evader": {"observations": 23, "actions": 2}}
    policies["pursuer"] = {"observations": 9, "actions": 2, "slow": True}
    steps = ['event {"kind": "started", "timesteps_target": 300, "n_agents": 3}', "metric 3"]
    for timesteps in (100, 200, 300):
        facts = {"timesteps": timesteps, "policies": policies, "counters": {"timesteps": timesteps}}
        steps.append(f"checkpoint {json.dumps(facts)}")
    best = {"checkpoint": "step_000000000200", "value": 8.0, "metric": "evaluation_reward"}
    steps += [f"best {json.dumps(best)}", FINISHED]
    scene = "res://scenes/tag_train.tscn"
    ExperimentStore(game).save("default", "fake", {"steps": "\n".join(steps), "scene": scene})
    path = fake_trainer_path(tmp_path / "plugin", "editor_exporter:exported_trainer")
    text = drive(godot, game, "drive_export.gd", PYTHONPATH=path, allow_errors=True)
    assert "evader is played by res://policies/evader.onnx" in text
    unused = 'WARNING: RL Studio: no agent here has the policy name "nobody"'
    assert not any(bad in text.replace(unused, "") for bad in _BAD), text


def fake_trainer_path(folder: Path, entry: str = "backend_support:fake_trainer") -> str:
    """A PYTHONPATH on which backends find the fake trainer, as one of an installed package."""
    info = folder / "fake_trainer-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fake-trainer\nVersion: 1\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(f"[rl_studio.trainers]\nfake = {entry}\n", encoding="utf-8")
    return os.pathsep.join([str(folder), str(Path(__file__).resolve().parent)])


def test_what_keeps_a_scene_from_being_trained_is_found_and_mended(
    godot: GodotBinary, game: Project, tmp_path: Path
) -> None:
    (game.root / "scripts" / "other_agent.gd").write_text(
        "extends RLAgent\n\n\nfunc _get_observation() -> Variant:\n\treturn PackedFloat32Array([0.0])\n\n\n"
        'func _get_action_space() -> Dictionary:\n\treturn {"a": {"action_type": "continuous", "size": 1}}\n\n\n'
        "func _apply_action(_action: Dictionary) -> void:\n\tpass\n",
        encoding="utf-8",
    )
    (game.root / "bare.tscn").write_text(
        '[gd_scene format=3]\n\n[ext_resource type="Script" path="res://scripts/other_agent.gd" id="1"]\n\n'
        '[node name="Bare" type="Node2D"]\n\n[node name="Agent" type="Node" parent="."]\n'
        'script = ExtResource("1")\n',
        encoding="utf-8",
    )
    (game.root / "empty.tscn").write_text(
        '[gd_scene format=3]\n\n[node name="Empty" type="Node2D"]\n', encoding="utf-8"
    )
    ExperimentStore(game).save("default", "fake", {"steps": FINISHED, "scene": "res://bare.tscn"})
    path = fake_trainer_path(tmp_path / "plugin")
    drive(godot, game, "drive_findings.gd", PYTHONPATH=path, allow_errors=True)


@pytest.mark.training
def test_backend_killed_while_connected(godot: GodotBinary, game: Project) -> None:
    drive(godot, game, "drive_lost.gd")


@pytest.mark.training
def test_a_fresh_editor_picks_up_the_run(godot: GodotBinary, game: Project) -> None:
    drive(godot, game, "drive_start.gd")
    drive(godot, game, "drive_resume.gd")


@pytest.mark.training
def test_failed_run_shows_its_last_lines(godot: GodotBinary, game: Project) -> None:
    scene = game.to_disk(game.training_scene)
    script = game.root / "quits.gd"
    script.write_text(
        'extends Node2D\n\n\nfunc _ready() -> void:\n\tprinterr("the dog ate it")\n'
        "\tget_tree().quit(3)\n\tvar body: Node = null\n\tbody.queue_free()\n",
        encoding="utf-8",
    )
    scene.write_text(
        '[gd_scene format=3]\n\n[ext_resource type="Script" path="res://quits.gd" id="1"]\n\n'
        '[node name="Train" type="Node2D"]\nscript = ExtResource("1")\n',
        encoding="utf-8",
    )
    drive(godot, game, "drive_crash.gd", EXPECTED="the dog ate it", allow_errors=True)


@pytest.mark.parametrize("kind", ["missing", "without_studio", "dying", "full_disk", "read_only"])
def test_no_usable_python(godot: GodotBinary, game: Project, tmp_path: Path, kind: str) -> None:
    python, expected, hint = _bad_python(tmp_path, kind)
    drive(godot, game, "drive_no_python.gd", RL_STUDIO_PYTHON=str(python), EXPECTED=expected, HINT=hint)


def _bad_python(folder: Path, kind: str) -> tuple[Path, str, str]:
    python = folder / "bad python"
    scripts = {
        "missing": None,
        "without_studio": "echo \"ModuleNotFoundError: No module named 'rl_studio'\" >&2; exit 1",
        "dying": '[ "$1" = -c ] && echo rl_studio && exit 0; exit 7',
        "full_disk": f'[ "$1" = -c ] && echo rl_studio && exit 0; exit {EXIT_DISK_FULL}',
        "read_only": f'[ "$1" = -c ] && echo rl_studio && exit 0; exit {EXIT_READ_ONLY}',
    }
    script = scripts[kind]
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
    return {
        "missing": (python, "there is no such program", "Set up"),
        "without_studio": (python, f"not installed in {python}, named by the environment", "Set up"),
        "dying": (python, "exit code 7", "backend.log"),
        "full_disk": (python, "disk of the project is full", "Make room"),
        "read_only": (python, "cannot be written to", "writable"),
    }[kind]


def test_headless_editor_starts_nothing(godot: GodotBinary, game: Project) -> None:
    """An import or an export must not start Python, nor put up docks."""
    marker = game.root.parent / "started"
    python = game.root.parent / "python"
    python.write_text(f'#!/bin/sh\ntouch "{marker}"\n', encoding="utf-8")
    python.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RL_STUDIO_PYTHON", str(python))
        run_godot(godot, game, ["-e", "--quit-after", "60"])
    assert not marker.exists()
    assert not game.discovery_file.exists()


def test_golden_messages_in_gdscript(godot: GodotBinary, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    import_project(godot, project)
    output = run_godot(godot, project, ["-s", str(DRIVERS / "golden_messages.gd"), "--", str(FIXTURES)])
    assert "0 failed" in output
