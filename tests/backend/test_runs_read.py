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


@pytest.mark.parametrize("best", ["{", "[]", '{"checkpoint": "gone", "value": 1, "metric": "m"}'])
def test_a_note_of_the_best_that_makes_no_sense_marks_nothing(
    service: RunService, start: Start, best: str
) -> None:
    info = service.wait(start('checkpoint {"timesteps": 50}', f"best {best}", FINISHED).id, timeout=20)
    assert [item.best for item in service.checkpoints(info.id)] == [False]
