"""Presets: each is a valid configuration, and lies below everything that the user says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rl_studio.cli import main
from rl_studio.errors import ConfigError
from rl_studio.experiments import ExperimentStore, resolve
from rl_studio.experiments.presets import PRESETS, Preset, find_preset
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.project import Project


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The overrides of each run that the command line wants to start; none is started."""
    seen: list[dict[str, Any]] = []

    def start(_self: Any, _experiment: str, *, overrides: dict[str, Any], **_rest: Any) -> None:
        seen.append(dict(overrides))
        raise ConfigError("enough")

    monkeypatch.setattr("rl_studio.runs.RunService.start", start)
    return seen


def test_the_names_are_those_promised_and_each_has_a_reason() -> None:
    assert [preset.name for preset in PRESETS] == ["balanced", "fast", "stable", "many_agents"]
    assert PRESETS[0].values == {}
    assert all(preset.title and len(preset.reason) > 20 for preset in PRESETS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_values_are_valid_and_differ_from_the_defaults(preset: Preset) -> None:
    config = resolve(SB3Config, preset.values)
    defaults = SB3Config()
    for key, value in preset.values.items():
        assert getattr(config, key) == value
        assert getattr(defaults, key) != value, f"{key} is the default anyway"


def test_a_name_that_is_none_is_answered_with_the_closest() -> None:
    with pytest.raises(ConfigError, match="balanced, fast, stable, many_agents") as caught:
        find_preset("stabel", PRESETS)
    assert caught.value.hint == "Did you mean stable?"


def test_a_preset_lies_below_experiment_and_assignments(
    project: Project, started: list[dict[str, Any]]
) -> None:
    ExperimentStore(project).save("mine", "sb3", {"learning_rate": 0.01})
    words = ["train", "--project", str(project.root), "--preset", "stable", "--set", "n_epochs=2"]
    assert main([*words, "--experiment", "mine"]) == 1
    assert main(words) == 1
    stable = find_preset("stable", PRESETS).values
    expected = {**stable, "n_epochs": 2}
    del expected["learning_rate"]
    assert started == [expected, {**stable, "n_epochs": 2}]


def test_a_preset_is_only_for_algorithms_with_its_fields(
    project: Project, started: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "--project", str(project.root), "--preset", "fast", "--set"]
    assert main([*words, "algorithm=a2c"]) == 1
    assert "fast is not for a2c, which has no batch_size and no n_epochs" in capsys.readouterr().err
    assert started == []
    assert main([*words, "algorithm=recurrent_ppo"]) == 1
    assert started == [{**find_preset("fast", PRESETS).values, "algorithm": "recurrent_ppo"}]


def test_the_experiments_algorithm_counts_unless_a_start_changes_it(
    project: Project, started: list[dict[str, Any]]
) -> None:
    ExperimentStore(project).save("mine", "sb3", {"algorithm": "sac"})
    words = ["train", "--project", str(project.root), "--experiment", "mine", "--preset", "fast"]
    assert main(words) == 1
    assert started == []
    assert main([*words, "--set", "algorithm=ppo"]) == 1
    assert len(started) == 1


def test_a_preset_that_the_trainer_does_not_have_starts_nothing(
    project: Project, started: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--project", str(project.root), "--preset", "fsat"]) == 1
    assert "Did you mean fast?" in capsys.readouterr().err
    assert started == []
    with pytest.raises(ConfigError, match="none for this trainer"):
        find_preset("fast", ())


def test_the_list_of_fields_lists_the_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help-config"]) == 0
    text = capsys.readouterr().out
    assert all(preset.reason in text for preset in PRESETS)


def test_the_list_of_fields_says_whose_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help-config"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  use_rms_prop = true, only for a2c" in lines
    assert "  tau = 0.005 (dqn: 1.0), only for sac, td3, dqn" in lines


def test_the_list_of_fields_of_one_algorithm(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help-config", "--set", "algorithm=dqn"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  tau = 1.0" in lines
    assert not any("n_steps" in line or "fast:" in line for line in lines)
    assert any("balanced:" in line for line in lines)
    assert main(["train", "--help-config", "--set", "algorithm=dqm"]) == 1
    assert "'dqm'" in capsys.readouterr().err
    assert main(["train", "--help-config", "--trainer", "rllib"]) == 0
    assert "num_env_runners = 0 (appo: 1, impala: 1)" in capsys.readouterr().out


def test_the_machine_readable_list_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help-config", "--json"]) == 0
    fields = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "n_envs" in [field["key"] for field in fields]
