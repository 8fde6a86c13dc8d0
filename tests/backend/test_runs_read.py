"""rl_studio.runs: finding runs, and reading their logs, samples and checkpoints."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from backend_support import (
    FINISHED,
    Start,
    eventually,
    release,
)
from rl_studio.runs import RunError, RunService
from rl_studio.runs.info import CheckpointResult, PolicyResult, RunWarning


@pytest.mark.parametrize("run_id", ["", "nope", "../runs", "..", "a/b", "/", "x\x00"])
def test_an_unknown_run_is_an_error(service: RunService, run_id: str) -> None:
    with pytest.raises(RunError, match="There is no run"):
        service.get(run_id)


def test_runs_are_named_by_id_beginning_or_latest(service: RunService, start: Start) -> None:
    with pytest.raises(RunError, match="no run yet"):
        service.resolve("latest")
    first = start(FINISHED)
    second = start(FINISHED)
    assert service.resolve("latest") == second.id
    assert service.resolve(first.id) == first.id
    assert service.resolve(first.id[:-1]) == first.id or second.id.startswith(first.id[:-1])
    with pytest.raises(RunError, match="may mean"):
        service.resolve("20")
    with pytest.raises(RunError) as caught:
        service.resolve(first.id[1:])
    assert caught.value.hint is not None and "Did you mean" in caught.value.hint


def test_runs_are_listed_newest_first(service: RunService, start: Start) -> None:
    ids = {service.wait(start(FINISHED).id, timeout=20).id for _ in range(3)}
    assert {info.id for info in service.list()} == ids == service.ids()
    assert [info.id for info in service.list()] == sorted(ids, reverse=True)
    assert len(service.list(2)) == 2
    shutil.rmtree(service.folder(min(ids)))
    assert len(service.list()) == 2


def test_the_log_comes_in_pages_of_whole_characters(service: RunService, start: Start) -> None:
    info = service.wait(start("say äöü€🎮x").id, timeout=20)
    whole = service.log(info.id)
    assert (whole.start, whole.end, whole.text) == (0, whole.size, "äöü€🎮x\n")
    for limit in (1, 2, 3, 5, 7):
        text, offset = "", 0
        while offset < whole.size:
            page = service.log(info.id, offset, limit)
            assert page.start == offset < page.end
            text, offset = text + page.text, page.end
        assert limit < 4 or text == whole.text
    assert service.log(info.id, None, 5).text == "x\n"
    beyond = service.log(info.id, 10**6)
    assert (beyond.start, beyond.end, beyond.text) == (whole.size, whole.size, "")


def test_large_samples_make_short_pages(service: RunService, start: Start) -> None:
    info = start("touch up", "wait go")
    folder = service.folder(info.id)
    eventually((folder / "up").exists)
    line = b'@METRIC {"custom_metrics": {"' + b"x" * 200_000 + b'": 1.0}}\n'
    with (folder / "output.log").open("ab") as log:
        log.write(line * 5)
    release(service, info.id)
    service.wait(info.id, timeout=20)
    page = service.samples(info.id)
    assert (len(page.samples), page.last_seq, page.more) == (1, 1, True)


def test_checkpoints_are_listed_newest_first(service: RunService, start: Start) -> None:
    info = service.wait(start(FINISHED).id, timeout=20)
    for steps in (100, 200, 50):
        path = service.folder(info.id) / "checkpoints" / f"step_{steps:012}"
        path.mkdir(parents=True)
        data: dict[str, Any] = {
            "timesteps": steps,
            "created": "2026-01-02T03:04:05Z",
            "reason": "periodic",
            "policies": {"p": {}},
        }
        (path / "checkpoint.json").write_text(json.dumps(data), encoding="utf-8")
    (service.folder(info.id) / "checkpoints" / ".tmp-step").mkdir()
    (service.folder(info.id) / "checkpoints" / "step_000000000300").mkdir()
    found = service.checkpoints(info.id)
    assert [item.timesteps for item in found] == [200, 100, 50]
    assert (found[0].name, found[0].policies) == ("step_000000000200", ["p"])
    assert service.get(info.id).checkpoints == 4


def test_the_best_checkpoint_is_marked_and_evaluations_count_at_their_own_timestep(
    service: RunService, start: Start
) -> None:
    evaluation = {"timesteps_total": 50, "reward_mean": 2.5, "success_rate": None}
    info = start(
        "checkpoint " + json.dumps({"timesteps": 50, "evaluation": evaluation}),
        "checkpoint " + json.dumps({"timesteps": 80, "evaluation": evaluation, "reason": "final"}),
        "checkpoint " + json.dumps({"timesteps": 20, "evaluation": None}),
        'best {"checkpoint": "step_000000000050", "value": 2.5, "metric": "evaluation_reward"}',
        FINISHED,
    )
    service.wait(info.id, timeout=20)
    found = [(item.timesteps, item.best, item.evaluation_reward) for item in service.checkpoints(info.id)]
    assert found == [(80, False, None), (50, True, 2.5), (20, False, None)]
    assert service.get(info.id).checkpoints == 3


def test_the_best_ones_of_single_policies_are_marked(service: RunService, start: Start) -> None:
    def note(steps: int) -> dict[str, Any]:
        return {"checkpoint": f"step_{steps:012d}", "value": 1.0, "metric": "evaluation_reward"}

    results = {
        "cat": {"reward_mean": 1.5, "success_rate": 0.5},
        "dog": {"reward_mean": -1.5, "success_rate": None},
    }
    evaluation = {"timesteps_total": 50, "policies": {"cat": {"reward_mean": 2.5, "success_rate": 1.0}}}
    facts = {"episode_reward_mean": None, "results": results, "evaluation": evaluation}
    info = start(
        *(f"checkpoint {json.dumps({'timesteps': steps, **facts})}" for steps in (50, 80)),
        "best " + json.dumps({"policies": {"cat": note(50), "dog": note(80)}, "judged": ["cat", "dog"]}),
        FINISHED,
    )
    service.wait(info.id, timeout=20)
    newest, oldest = service.checkpoints(info.id)
    assert [(item.best, item.best_of) for item in (newest, oldest)] == [(False, ["dog"]), (False, ["cat"])]
    assert oldest.results == {
        "cat": CheckpointResult(1.5, 0.5, 2.5),
        "dog": CheckpointResult(-1.5, None, None),
    }
    assert newest.results["cat"].evaluation_reward is None  # it is about the older one


def test_warnings_and_figures_of_policies_are_told(service: RunService, start: Start) -> None:
    policies = {"cat": {"reward_mean": 1.0, "success_rate": 0.5, "episodes": 3}}
    info = start(
        'event {"kind": "warning", "message": "odd"}',
        'event {"kind": "warning", "message": "odd"}',
        "say @METRIC " + json.dumps({"policies": policies}),
        FINISHED,
    )
    info = service.wait(info.id, timeout=20)
    assert info.warnings == [RunWarning("odd", 2)]
    noted = json.loads((service.folder(info.id) / "run.json").read_text(encoding="utf-8"))
    assert noted["warnings"] == [{"message": "odd", "count": 2}]
    assert info.policies == {"cat": PolicyResult(1.0, 0.5, 3)}


@pytest.mark.parametrize("best", ["{", "[]", '{"checkpoint": "gone", "value": 1, "metric": "m"}'])
def test_a_note_of_the_best_that_makes_no_sense_marks_nothing(
    service: RunService, start: Start, best: str
) -> None:
    info = service.wait(start('checkpoint {"timesteps": 50}', f"best {best}", FINISHED).id, timeout=20)
    assert [item.best for item in service.checkpoints(info.id)] == [False]
