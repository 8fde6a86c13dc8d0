"""The command line as its users and their scripts meet it; runs that train are in tests/test_main_path.py."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rl_studio.cli import main
from rl_studio.cli.main import _COMMANDS
from rl_studio.cli.metrics import csv_lines
from rl_studio.cli.output import Output, table
from rl_studio.project import Project


@pytest.mark.parametrize("verb", list(_COMMANDS))
def test_each_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    assert f"rl-studio {verb}" in capsys.readouterr().out


def test_without_a_verb_the_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    text = capsys.readouterr().out
    assert all(verb in text for verb in _COMMANDS)


def test_an_error_is_told_with_the_way_out_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--project", str(tmp_path), "--json"]) == 1
    captured = capsys.readouterr()
    assert "is not a Godot project" in captured.err
    assert "→" in captured.err
    assert json.loads(captured.out.splitlines()[-1])["error"]["code"] == "project"


def test_a_project_without_runs_has_an_empty_list(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--project", str(project.root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_runs_of_different_scenes_are_listed_with_them(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed(*scenes: str) -> str:
        for scene in scenes:
            folder = project.runs_dir / f"20260102-030405-{scene}"
            folder.mkdir(parents=True)
            meta = {"schema": 1, "id": folder.name, "experiment": "default", "trainer": "sb3"}
            meta |= {"scene": f"res://levels/{scene}.tscn", "state": "finished", "started": 1.0}
            (folder / "run.json").write_text(json.dumps(meta), encoding="utf-8")
        assert main(["runs", "--project", str(project.root)]) == 0
        return capsys.readouterr().out

    assert ".tscn" not in listed("game")
    assert "levels/game.tscn" in listed("duo")


def test_a_bad_value_starts_nothing(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.root / "main.tscn").write_text("[gd_scene format=3]\n")
    assert main(["train", "--project", str(project.root), "--set", "gama=0.9"]) == 1
    assert "did you mean gamma" in capsys.readouterr().err
    assert not project.runs_dir.exists()


def test_a_scene_that_is_not_there_is_named(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--project", str(project.root), "--scene", "res://nowhere.tscn"]) == 1
    assert "res://nowhere.tscn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume", "nope"], "There is no run yet"),
        (["--init-from", "nope"], "There is no run yet"),
        (["--seeds", "0"], "--seeds 0 trains nothing"),
        (["--seeds", "2", "--detach"], "--seeds does not go with --detach"),
        (["--seeds", "2", "--resume", "latest"], "--seeds does not go with --resume"),
        (["--resume", "latest", "--preset", "fast"], "--resume does not go with --preset"),
    ],
)
def test_beginnings_that_make_no_sense_start_nothing(
    project: Project, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["train", "--project", str(project.root), *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not project.runs_dir.exists() or not list(project.runs_dir.iterdir())


def test_the_configuration_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help-config"]) == 0
    text = capsys.readouterr().out
    assert "learning_rate = 0.001" in text
    assert "one of tanh, relu, elu" in text


def test_using_a_project_notes_the_python_for_its_editor(project: Project) -> None:
    main(["runs", "--project", str(project.root)])
    note = json.loads((project.state_dir / "local.json").read_text())
    assert note == {"python": sys.executable}


def test_a_reader_that_leaves_early_is_no_error(project: Project) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "rl_studio", "train", "--help-config"],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert b"Traceback" not in done.stderr


def test_the_backend_process_imports_nothing_heavy() -> None:
    code = (
        "import sys, rl_studio.cli.serve, rl_studio.transport.serve, rl_studio.runs\n"
        "print([m for m in ('torch', 'ray', 'stable_baselines3', 'numpy', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_nested_metrics_become_columns() -> None:
    samples = [
        {"seq": 1, "timesteps_total": 10, "policies": {"a": {"reward_mean": 1.5}}},
        {
            "seq": 2,
            "timesteps_total": 20,
            "policies": {"a": {"reward_mean": None}},
            "custom_metrics": {"x": 1.0},
        },
    ]
    assert list(csv_lines(samples)) == [
        "seq,timesteps_total,policies.a.reward_mean,custom_metrics.x",
        "1,10,1.5,",
        "2,20,,1.0",
    ]


def test_with_json_words_stay_off_stdout() -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    output = Output(as_json=True, stdout=stdout, stderr=stderr)
    output.say("words")
    output.progress("10 %")
    output.result({"a": 1})
    assert stdout.getvalue() == '{"a": 1}\n'
    assert stderr.getvalue() == "words\n10 %\n"


def test_progress_does_not_flood_a_log() -> None:
    stdout = io.StringIO()
    output = Output(as_json=False, stdout=stdout, stderr=io.StringIO())
    output.progress("1 %")
    output.progress("2 %")
    assert stdout.getvalue() == "1 %\n"


def test_a_table_lines_up_and_shows_what_is_missing() -> None:
    text = table([{"n": 1, "s": "a"}, {"n": 1234.5, "s": None}], {"n": "number", "s": "text"})
    assert text.splitlines() == ["number  text", "     1  a", "  1234  -"]
