"""What the command line says of a run: opposed policies have figures of their own, and warnings are listed."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

import pytest

from backend_support import FINISHED, Start
from rl_studio.cli import main
from rl_studio.cli.follow import outcome_text, progress_text
from rl_studio.cli.metrics import columns, row
from rl_studio.cli.output import Output, table
from rl_studio.cli.train import Terminal
from rl_studio.runs import RunInfo, RunService

BOTH = {
    "evader": {"reward_mean": 0.42, "success_rate": 0.02, "episodes": 40},
    "pursuer": {"reward_mean": 5.1, "success_rate": 0.99, "episodes": 80},
}
ONE = {"chase": {"reward_mean": 4.0, "success_rate": 0.5, "episodes": 9}}


def metric(policies: dict[str, Any], **fields: Any) -> str:
    line = {
        "timesteps_total": 100,
        "training_iteration": 3,
        "episodes_total": 7,
        "policies": policies,
        **fields,
    }
    return "say @METRIC " + json.dumps(line)


def ended(service: RunService, start: Start, *steps: str) -> RunInfo:
    return service.wait(start(*steps, FINISHED).id, timeout=20)


def test_policies_are_told_apart(service: RunService, start: Start) -> None:
    info = ended(service, start, metric(BOTH, episode_reward_mean=None, success_rate=None))
    assert progress_text(info).endswith("evader 0.42 (2%), pursuer 5.10 (99%)")
    assert ", evader 0.42 (2%), pursuer 5.10 (99%)" in outcome_text(info)


def test_a_failure_is_told_once(service: RunService, start: Start) -> None:
    event = {"kind": "error", "code": "paused", "message": "Game 0: paused for 3 s.", "hint": "Unpause it."}
    info = service.wait(
        start(
            "say Loading the level.",
            "say @EVENT " + json.dumps(event),
            "say Error: Game 0: paused for 3 s.",
            "say Unpause it.",
            "exit 1",
        ).id,
        timeout=20,
    )
    told = outcome_text(info)
    assert told.count("paused for 3 s.") == 1 and told.count("Unpause it.") == 1
    assert "Its last lines:" in told and "Loading the level." in told


def test_a_wait_that_goes_on_is_one_line(service: RunService, start: Start) -> None:
    out = io.StringIO()
    terminal = Terminal(Output(as_json=False, stdout=out, stderr=io.StringIO()))
    info = ended(service, start)
    for seconds in (1, 2, 3):
        terminal.changed(dataclasses.replace(info, message=f"Game 0: paused for {seconds} s", timesteps=0))
    terminal.changed(dataclasses.replace(info, message="Training 1 agent", timesteps=0))
    said = [line for line in out.getvalue().splitlines() if "paused" in line]
    assert said[0] == "Game 0: paused for 1 s" and len(said) <= 2, "the next one is progress, now and then"
    assert "Training 1 agent" in out.getvalue()


def test_a_single_policy_is_that_of_the_run(service: RunService, start: Start) -> None:
    info = ended(service, start, metric(ONE, episode_reward_mean=4.0, success_rate=0.5))
    assert progress_text(info).endswith("reward 4.00 · success 50%")


def test_a_policy_without_an_episode_has_no_figure(service: RunService, start: Start) -> None:
    none = {"reward_mean": None, "success_rate": None, "episodes": 0}
    info = ended(service, start, metric({"evader": none, "pursuer": none}))
    assert progress_text(info).endswith("evader -, pursuer -")


def test_runs_lists_figures_and_counts_warnings_and_tells_of_one_run_with_them(
    service: RunService, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = 'event {"kind": "warning", "message": "The observation is odd."}'
    other = 'event {"kind": "warning", "message": "The wire is slow."}'
    info = ended(service, start, odd, metric(BOTH), odd, other)
    words = ["runs", "--project", str(service.project.root)]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-4:] == ["restarts", "warnings", "started", "took"]
    assert "evader 0.42, pursuer 5.10" in lines[1]
    assert "evader 2%, pursuer 99%" in lines[1]
    assert main([*words, "latest"]) == 0
    text = capsys.readouterr().out
    assert "  2 warnings:\n    The observation is odd. (2 times)\n    The wire is slow.\n" in text
    assert main([*words, info.id, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["id"] == info.id
    assert told["warnings"][0] == {"message": "The observation is odd.", "count": 2}


def test_samples_of_several_policies_have_columns_for_each() -> None:
    sample = {"training_iteration": 3, "timesteps_total": 100, "episodes_total": 7, "policies": BOTH}
    lines = table([row(sample)], columns(sample)).splitlines()
    assert lines[0].split("  ") == [
        *("iteration", "steps", "episodes", "reward evader", "reward pursuer"),
        *("success evader", "success pursuer"),
    ]
    assert lines[1].split() == ["3", "100", "7", "0.42", "5.1", "0.02", "0.99"]
    alone = {**sample, "policies": ONE, "episode_reward_mean": 4.0}
    assert "reward" in columns(alone).values()
