"""rl_studio_training.saving and .judging: which checkpoint is the best, for each policy that is judged."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from rl_studio.errors import ConfigError
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training.checkpoints import CheckpointFolder, Counters, read_description
from rl_studio_training.episodes import Episode, EpisodeWindow
from rl_studio_training.judging import Judge
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.saving import Saving

BOTH = Judge(("evader", "pursuer"))


class Learner:
    """Two policies against each other, whose episodes the test decides."""

    has_finite_weights = True

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.windows: dict[str, EpisodeWindow] = {}
        self.counters = Counters()

    def at(self, timesteps: int, **rewards: float) -> None:
        """Goes on to `timesteps`, where the last episodes have these rewards."""
        self.counters = Counters(timesteps=timesteps)
        for name, reward in rewards.items():
            self.windows[name] = EpisodeWindow()
            for _ in range(20):
                self.windows[name].add(Episode(reward, 5, reward > 0))

    def write(self, folder: Path) -> list[str]:
        (folder / "weights").touch()
        return []

    def facts(self) -> dict[str, Any]:
        return {"trainer": "fake", "policies": {name: {} for name in self.windows}}


class Begun:
    """A run that saves into a folder, and what it told."""

    def __init__(self, folder: Path, judge: Judge, **config: Any) -> None:
        self.lines = io.BytesIO()
        self.learner = Learner(judge)
        self.saving = Saving(
            RLlibConfig(**config),
            self.learner,
            RunFolder(folder),
            Reporter(enabled=True, stream=self.lines, human=io.StringIO()),
        )
        self.checkpoints = CheckpointFolder(folder / "checkpoints", 9)

    def save(self, timesteps: int, **rewards: float) -> Path:
        self.learner.at(timesteps, **rewards)
        path = self.saving.save("periodic")
        assert path is not None
        return path

    def events(self, kind: str) -> list[dict[str, Any]]:
        told = [json.loads(line.removeprefix(b"@EVENT ")) for line in self.lines.getvalue().splitlines()]
        return [event for event in told if event["kind"] == kind]


def test_each_policy_has_its_own_best_checkpoint(tmp_path: Path) -> None:
    run = Begun(tmp_path, BOTH)
    first = run.save(100, evader=5.0, pursuer=-5.0)
    # The mean is higher here, but the evader has lost all it knew.
    second = run.save(200, evader=-4.0, pursuer=9.0)
    assert run.checkpoints.find("best", "evader") == first
    assert run.checkpoints.find("best", "pursuer") == second
    told = [(event["best_of"], event["episode_reward_mean"]) for event in run.events("checkpoint")]
    assert told == [(["evader", "pursuer"], None), (["pursuer"], None)]
    description = read_description(second)
    assert (description["episode_reward_mean"], description["success_rate"], description["best"]) == (
        None,
    ) * 3
    assert description["bests"] == {"evader": 5.0, "pursuer": 9.0}
    assert description["results"]["evader"] == {"reward_mean": -4.0, "success_rate": 0.0}


def test_the_named_policy_decides_for_all(tmp_path: Path) -> None:
    run = Begun(tmp_path, Judge.choose(["evader", "pursuer"], "evader"))
    first = run.save(100, evader=5.0, pursuer=-5.0)
    second = run.save(200, evader=-4.0, pursuer=9.0)
    assert run.checkpoints.find("best") == run.checkpoints.find("best", "pursuer") == first
    assert read_description(second)["episode_reward_mean"] == -4.0
    assert [event["best_of"] for event in run.events("checkpoint")] == [["evader"], []]


def test_the_policy_to_judge_by_must_learn() -> None:
    assert Judge.choose(["cat", "dog"]) == Judge(("cat", "dog"))
    with pytest.raises(ConfigError, match="no policy 'dgo' learns in this run; cat, dog do") as caught:
        Judge.choose(["cat", "dog"], "dgo")
    assert caught.value.hint == "Did you mean dog?"


def evaluation(**rewards: float) -> dict[str, Any]:
    return {
        name: {"episodes": 4, "reward_mean": reward, "success_rate": 0.5} for name, reward in rewards.items()
    }


def test_evaluations_are_judged_policy_by_policy(tmp_path: Path) -> None:
    run = Begun(tmp_path, BOTH, eval_frequency=100)
    run.learner.at(100, evader=0.0, pursuer=0.0)
    assert run.saving.judge(evaluation(evader=1.0, pursuer=1.0))
    run.learner.at(200, evader=0.0, pursuer=0.0)
    assert run.saving.judge(evaluation(evader=-9.0, pursuer=2.0))
    run.learner.at(300, evader=9.0, pursuer=9.0)
    assert not run.saving.judge(evaluation(evader=0.5, pursuer=1.5))
    assert run.save(300, evader=9.0, pursuer=9.0).name == "step_000000000300"
    assert run.checkpoints.find("best", "evader").name == "step_000000000100"
    assert run.checkpoints.find("best", "pursuer").name == "step_000000000200"
    assert [event["best_of"] for event in run.events("evaluation")] == [
        ["evader", "pursuer"],
        ["pursuer"],
        [],
    ]
    assert [event["reward_mean"] for event in run.events("evaluation")] == [None] * 3
    assert run.saving.evaluation is not None
    assert run.saving.evaluation["reward_mean"] is None
    assert run.saving.evaluation["policies"]["evader"] == {"reward_mean": 0.5, "success_rate": 0.5}


def test_a_resumed_run_knows_the_bests_of_all_policies(tmp_path: Path) -> None:
    before = Begun(tmp_path / "before", BOTH)
    description = read_description(before.save(100, evader=5.0, pursuer=5.0))
    after = Begun(tmp_path / "after", BOTH)
    after.saving.resume(description)
    path = after.save(200, evader=4.0, pursuer=6.0)
    assert after.checkpoints.find("best", "pursuer") == path
    assert after.events("checkpoint")[0]["best_of"] == ["pursuer"]


def test_the_common_best_of_an_older_version_counts_for_a_single_policy_only(tmp_path: Path) -> None:
    description = {"best": 5.0, "counters": {"time_total_s": 0.0}}
    sole = Begun(tmp_path / "sole", Judge(("cat",)))
    sole.saving.resume(description)
    sole.save(100, cat=4.0)
    assert sole.events("checkpoint")[0]["best_of"] == []
    both = Begun(tmp_path / "both", BOTH)
    both.saving.resume(description)
    both.save(100, evader=4.0, pursuer=-4.0)
    assert both.events("checkpoint")[0]["best_of"] == ["evader", "pursuer"]
