"""`rl-studio config`: what is shown, and that nothing invalid is ever saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rl_studio.cli import main
from rl_studio.experiments import ExperimentStore
from rl_studio.project import Project

Config = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def config(project: Project, capsys: pytest.CaptureFixture[str]) -> Config:
    """Runs `rl-studio config … --json` in the project; returns the exit code and the document."""

    def run(action: str, *words: str) -> tuple[int, dict[str, Any]]:
        code = main(["config", action, *words, "--project", str(project.root), "--json"])
        document: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return code, document

    return run


def saved(project: Project, name: str = "default") -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        (project.experiments_dir / name / "training_config.json").read_text(encoding="utf-8")
    )
    return data


def by_key(document: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    return {field["key"]: (field["value"], field["from"]) for field in document["fields"]}


def with_overlay(project: Project, text: str) -> None:
    folder = project.experiments_dir / "default"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rllib_config.yaml").write_text(text, encoding="utf-8")


def test_only_what_differs_is_written(project: Project, config: Config) -> None:
    code, document = config("set", "gamma=0.9", "n_envs=1", "hidden_layers=[32, 32]")
    assert code == 0
    assert document["changes"]["gamma"] == {"before": None, "now": 0.9}
    assert saved(project) == {
        "schema": 1,
        "trainer": "sb3",
        "overrides": {"gamma": 0.9, "hidden_layers": [32, 32]},
    }


def test_a_scene_may_be_named_by_any_path_in_the_project(project: Project, config: Config) -> None:
    for path in ("levels/one.tscn", str(project.root / "levels" / "one.tscn")):
        assert config("set", f"scene={path}")[1]["overrides"] == {"scene": "res://levels/one.tscn"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gamma=2"], "gamma"),
        (["gamma=0.9", "gama=0.9"], "did you mean gamma"),
        (["gamma"], "not key=value"),
        (["scene=/etc/x.tscn"], "outside of the project"),
        (["algorithm=sac", "n_steps=64"], "sac has no such field"),
    ],
)
def test_what_is_not_valid_is_not_saved(
    project: Project, config: Config, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    config("set", "gamma=0.5")
    code = main(["config", "set", *words, "--project", str(project.root)])
    assert code == 1
    assert message in capsys.readouterr().err
    assert saved(project)["overrides"] == {"gamma": 0.5}


def test_another_algorithm_drops_what_it_has_not(
    project: Project, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    config("set", "n_steps=64", "gamma=0.9")
    assert main(["config", "set", "algorithm=sac", "--project", str(project.root)]) == 0
    assert "n_steps is gone: sac has no such field" in capsys.readouterr().out
    assert saved(project)["overrides"] == {"algorithm": "sac", "gamma": 0.9}
    config("set", "buffer_size=5000")
    config("reset", "algorithm")
    assert saved(project)["overrides"] == {"gamma": 0.9}


def test_a_reset_goes_back_to_the_default(project: Project, config: Config) -> None:
    config("set", "gamma=0.9", "seed=3", "n_steps=64")
    assert config("reset", "seed")[1]["changes"] == {"seed": {"before": 3, "now": None}}
    assert saved(project)["overrides"] == {"gamma": 0.9, "n_steps": 64}
    assert config("reset", "--all")[0] == 0
    assert saved(project)["overrides"] == {}


def test_a_field_that_is_not_there_any_more_can_be_reset(project: Project, config: Config) -> None:
    ExperimentStore(project).save("default", "sb3", {"gamma": 0.9, "of_old": 1})
    assert config("show")[1]["error"]["code"] == "invalid_config"
    assert config("reset", "of_old")[0] == 0
    assert saved(project)["overrides"] == {"gamma": 0.9}


def test_a_reset_of_nothing_is_refused(config: Config) -> None:
    assert config("reset")[0] == 1
    code, document = config("reset", "gama")
    assert code == 1
    assert document["error"]["hint"] == "Did you mean gamma?"


def test_it_shows_where_each_value_comes_from(project: Project, config: Config) -> None:
    config("set", "learning_rate=0.0005", "gamma=0.9", "--trainer", "rllib")
    with_overlay(project, "gamma: 0.95\npolicies:\n  pursuer: {learning_rate: 1e-4}\n")
    fields = by_key(config("show")[1])
    assert fields["learning_rate"] == (0.0005, "experiment")
    assert fields["gamma"] == (0.95, "overlay")
    assert fields["policies"] == ({"pursuer": {"learning_rate": 0.0001}}, "overlay")
    assert fields["seed"] == (0, "default")
    assert "buffer_size" not in fields  # ppo has none


def test_only_the_changed_ones_are_shown_if_asked_for(config: Config) -> None:
    config("set", "algorithm=sac")
    assert by_key(config("show", "--changed")[1]) == {"algorithm": ("sac", "experiment")}
    assert by_key(config("show", "learning_rate", "n_steps")[1]) == {"learning_rate": (0.0003, "default")}


def test_it_warns_of_values_that_are_hardly_meant(config: Config) -> None:
    config("set", "learning_rate=0.5")
    assert any("learning_rate" in warning for warning in config("show")[1]["warnings"])


def test_a_mistake_in_the_overlay_is_named_with_its_line(project: Project, config: Config) -> None:
    config("set", "gamma=0.9", "--trainer", "rllib")
    with_overlay(project, "seed: 4\nlerning_rate: 1e-4\n")
    message = config("show")[1]["error"]["message"]
    assert "line 2" in message
    assert "learning_rate" in message


def test_another_trainer_keeps_what_both_have(project: Project, config: Config) -> None:
    config("set", "seed=7", "n_steps=64", "total_timesteps=5000")
    config("set", "train_batch_size=2048", "--trainer", "rllib")
    assert saved(project) == {
        "schema": 1,
        "trainer": "rllib",
        "overrides": {"seed": 7, "total_timesteps": 5000, "train_batch_size": 2048},
    }


def test_experiments_are_apart(project: Project, config: Config) -> None:
    config("set", "seed=1", "--experiment", "one")
    config("set", "seed=2", "--experiment", "two")
    assert (saved(project, "one")["overrides"], saved(project, "two")["overrides"]) == (
        {"seed": 1},
        {"seed": 2},
    )


@pytest.mark.parametrize("trainer", ["sb3", "rllib"])
def test_the_schema_knows_every_field(trainer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema", "--trainer", trainer]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["gamma"]["maximum"] == 1
    assert schema["properties"]["learning_rate"]["target"]
    assert schema["additionalProperties"] is False


def test_without_an_action_the_actions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 2
    assert "reset" in capsys.readouterr().out
