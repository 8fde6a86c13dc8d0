"""Several seeds of one configuration: the order of the runs, what ends a series, and the statistics."""

from __future__ import annotations

import io
import itertools
import json
import signal
from typing import Any

import pytest

from backend_support import FINISHED, fake_trainer, make_service
from rl_studio.cli import main
from rl_studio.cli import train as cli_train
from rl_studio.cli.output import Output
from rl_studio.cli.seeds import first_seed, train_with_seeds
from rl_studio.errors import StudioError
from rl_studio.experiments import ExperimentStore
from rl_studio.project import Project
from rl_studio.runs import RunInfo, RunService
from rl_studio.seeds import SeedReport, SeedResult, estimate, t_quantile, train_seeds
from rl_studio.trainers import TrainerRegistry

GOOD = ("metric 2", FINISHED)


class Starter:
    """Starts runs of the fake trainer, by seed with steps of their own."""

    def __init__(self, service: RunService, **steps: tuple[str, ...]) -> None:
        self.service = service
        self.started: list[int] = []
        self._steps = {int(name.removeprefix("seed_")): value for name, value in steps.items()}

    def __call__(self, seed: int) -> RunInfo:
        self.started.append(seed)
        steps = "\n".join(self._steps.get(seed, GOOD))
        return self.service.start(trainer="fake", overrides={"seed": seed, "steps": steps})


class Quiet:
    """Listens to a run and presses Ctrl+C at the first sample of one of them, if asked to."""

    def __init__(self, service: RunService, interrupt_seed: int | None = None) -> None:
        self._service = service
        self._interrupt_seed = interrupt_seed
        self.stops = 0

    def changed(self, info: RunInfo) -> None:
        if self.stops or info.timesteps == 0 or info.is_final:
            return
        config = json.loads((self._service.folder(info.id) / "config.json").read_text())
        if config["seed"] == self._interrupt_seed:
            signal.raise_signal(signal.SIGINT)

    def sampled(self, sample: dict[str, Any]) -> None:
        assert sample["seq"] > 0

    def stopping(self, presses: int) -> None:
        self.stops = presses


def test_the_seeds_are_trained_one_after_the_other(service: RunService) -> None:
    starter = Starter(service, seed_4=("metric 4", FINISHED))
    report = train_seeds(service, [3, 4, 5], starter)
    assert starter.started == [3, 4, 5]
    assert [(result.seed, result.state, result.reward) for result in report.results] == [
        (3, "finished", 2.0),
        (4, "finished", 4.0),
        (5, "finished", 2.0),
    ]
    infos = [service.get(result.run) for result in report.results]
    assert all(one.ended <= two.started for one, two in itertools.pairwise(infos))  # type: ignore[operator]
    found = report.estimate("reward")
    assert found is not None
    assert found.mean == pytest.approx(8 / 3)
    assert (found.low, found.high) == (
        pytest.approx(8 / 3 - 2.8684, abs=1e-3),
        pytest.approx(5.535, abs=1e-3),
    )
    assert report.state == "finished"


def test_the_speed_is_that_of_the_whole_run(service: RunService) -> None:
    line = {"kind": "iteration", "timesteps_total": 500, "time_total_s": 4.0}
    line["throughput"] = {"timesteps_per_second": 9999.0}  # type: ignore[assignment]
    starter = Starter(service, seed_0=("say @METRIC " + json.dumps(line), FINISHED))
    report = train_seeds(service, [0], starter)
    assert report.results[0].steps_per_second == 125.0


def test_a_failed_run_is_left_out_and_the_others_go_on(service: RunService) -> None:
    starter = Starter(service, seed_1=("metric 1", "exit 3"))
    report = train_seeds(service, [0, 1, 2], starter)
    assert [result.state for result in report.results] == ["finished", "failed", "finished"]
    found = report.estimate("reward")
    assert found is not None
    assert (found.count, found.mean, found.low, found.high) == (2, 2.0, 2.0, 2.0)
    assert report.state == "failed"


def test_a_run_that_fails_before_its_first_step_ends_the_series(service: RunService) -> None:
    report = train_seeds(service, [0, 1, 2], Starter(service, seed_0=("exit 1",)))
    assert [result.state for result in report.results] == ["failed"]
    assert report.left == [1, 2]
    assert report.estimate("reward") is None


def test_ctrl_c_stops_the_run_at_hand_and_reports_the_others(service: RunService) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    output = Output(as_json=True, stdout=stdout, stderr=stderr)
    starter = Starter(service, seed_8=("metric 1", "forever"))
    code = train_with_seeds(service, starter, range(7, 10), Quiet(service, interrupt_seed=8), output)
    assert code == 130
    document = json.loads(stdout.getvalue().splitlines()[-1])
    assert document["state"] == "stopped"
    assert [(item["seed"], item["state"]) for item in document["seeds"]] == [(7, "finished"), (8, "stopped")]
    assert document["left"] == [9]
    assert document["summary"]["reward"] == {"count": 1, "mean": 2.0, "low": None, "high": None}
    assert "Not trained: seed 9." in stderr.getvalue()


def test_the_report_is_a_table_with_means_and_intervals(service: RunService) -> None:
    stdout = io.StringIO()
    output = Output(as_json=False, stdout=stdout, stderr=io.StringIO())
    assert train_with_seeds(service, Starter(service), range(2), Quiet(service), output) == 0
    text = stdout.getvalue()
    assert "Seed 1 (2 of 2): run " in text
    assert "Mean over 2 finished runs and its 95% interval:" in text
    assert "success: 50% (50% to 50%)" in text
    assert "steps/s: 100 (100 to 100)" in text


def test_policies_that_learn_against_each_other_are_estimated_apart(service: RunService) -> None:
    def steps(evader: float, pursuer: float) -> tuple[str, ...]:
        policies = {
            "evader": {"reward_mean": evader, "success_rate": 0.0},
            "pursuer": {"reward_mean": pursuer, "success_rate": None},
        }
        return ("say @METRIC " + json.dumps({"timesteps_total": 10, "policies": policies}), FINISHED)

    stdout = io.StringIO()
    output = Output(as_json=True, stdout=stdout, stderr=(words := io.StringIO()))
    starter = Starter(service, seed_0=steps(1.0, -1.0), seed_1=steps(3.0, -3.0))
    assert train_with_seeds(service, starter, range(2), Quiet(service), output) == 0
    text = words.getvalue()
    assert "reward evader" in text
    assert "reward of evader: 2.00 (-10.71 to 14.71)" in text
    assert "success of evader: 0% (0% to 0%)" in text
    assert "success of pursuer" not in text
    document = json.loads(stdout.getvalue().splitlines()[-1])
    assert document["summary"]["reward"] is None
    assert document["policies"]["pursuer"]["reward"]["mean"] == -2.0


def test_a_first_run_that_cannot_start_is_an_error(service: RunService) -> None:
    with pytest.raises(StudioError, match="seed"):
        train_seeds(service, [-1, 0], Starter(service))


def test_a_later_one_that_cannot_start_is_reported(service: RunService) -> None:
    report = train_seeds(service, [0, -1], Starter(service))
    assert report.problem is not None
    assert "seed" in report.problem
    assert (len(report.results), report.left, report.state) == (1, [-1], "failed")


def test_the_first_seed_is_the_configurations(project: Project) -> None:
    ExperimentStore(project).save("mine", "fake", {"seed": 11})
    ExperimentStore(project).save("theirs", "rllib", {"seed": 12})
    (project.experiments_dir / "theirs" / "rllib_config.yaml").write_text("seed: 13\n")
    with make_service(
        project, trainers=TrainerRegistry([*TrainerRegistry().all(), fake_trainer()])
    ) as service:
        assert first_seed(service, "mine", None, {}) == 11
        assert first_seed(service, "mine", None, {"seed": 40}) == 40
        assert first_seed(service, "theirs", None, {}) == 13
        assert first_seed(service, "theirs", "sb3", {}) == 12
        assert first_seed(service, "unsaved", None, {}) == 0


def test_the_command_line_trains_with_several_seeds(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli_train, "RunService", make_service)
    steps = ["--set", "steps=" + json.dumps("\n".join(GOOD)), "--trainer", "fake"]
    words = ["train", "--project", str(project.root), "--seed", "3", "--seeds", "2", *steps, "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(item["seed"], item["state"]) for item in document["seeds"]] == [(3, "finished"), (4, "finished")]
    assert document["summary"]["success_rate"]["mean"] == 0.5


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.7062), (2, 4.3027), (4, 2.7764), (9, 2.2622), (30, 2.0423), (120, 1.9799)],
)
def test_the_quantiles_are_those_of_the_tables(freedom: int, expected: float) -> None:
    assert t_quantile(freedom) == pytest.approx(expected, abs=1e-4)


def test_an_interval_needs_two_values() -> None:
    assert estimate([]) is None
    one = estimate([3.0])
    assert one is not None
    assert (one.mean, one.low) == (3.0, None)


def test_intervals_stay_within_what_a_figure_can_be() -> None:
    def result(seed: int, success: float, speed: float) -> SeedResult:
        policies: dict[str, dict[str, float | None]] = {"cat": {"success_rate": success}}
        return SeedResult(seed, "run", "finished", None, 100, -1.0, success, speed, 1.0, policies)

    low = SeedReport([result(0, 0.0, 10.0), result(1, 0.04, 300.0)])
    high = SeedReport([result(0, 0.9, 10.0), result(1, 1.0, 10.0)])
    for success in (low.estimate("success_rate"), low.estimate_of("cat", "success_rate")):
        assert (
            success is not None
            and success.low == 0.0
            and success.high is not None
            and 0.1 < success.high < 1.0
        )
    speed, best = low.estimate("steps_per_second"), high.estimate("success_rate")
    assert speed is not None and speed.low == 0.0
    assert best is not None and best.high == 1.0
