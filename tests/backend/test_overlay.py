"""rllib_config.yaml: what it may say, where a mistake is, and which layer wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend_support import fake_trainer, make_service
from rl_studio.errors import ConfigError
from rl_studio.experiments import ExperimentStore, layers, overlay
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.project import Project
from rl_studio.runs import RunService
from rl_studio.trainers import TrainerRegistry

TEXT = """\
# Two policies
learning_rate: 3e-4
total_timesteps: 1e6
policies:
  pursuer: {gamma: 0.95, hidden_layers: [128, 128]}
rllib:
  training:
    vf_clip_param: 1e1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rllib_config.yaml"


def refused(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        overlay.read(file)
    assert str(file) in str(caught.value.hint)
    return caught.value.message


def test_values_are_read_by_field(file: Path) -> None:
    file.write_text(TEXT, encoding="utf-8")
    assert overlay.read(file) == {
        "learning_rate": 3e-4,
        "total_timesteps": 1e6,
        "policies": {"pursuer": {"gamma": 0.95, "hidden_layers": [128, 128]}},
        "rllib": {"training": {"vf_clip_param": 10.0}},
    }


def test_no_file_and_an_empty_one_say_nothing(file: Path) -> None:
    assert overlay.read(file) == {}
    file.write_text("# nothing yet\n", encoding="utf-8")
    assert overlay.read(file) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\n\nlearnin_rate: 1\n", "line 3: learnin_rate: unknown field, did you mean learning_rate?"),
        ("seed: 1\ngamma: 0.9\nseed: 2\n", "line 3: seed: is there twice"),
        ("policies:\n  a: {}\n  a: {}\n", "line 3: policies.a: is there twice"),
        ("seed: [1\ngamma: 2\n", "line 2: "),
        ("- 1\n", "line 1: configuration: must be keys with values"),
        ("seed: !!python/object:os.system {}\n", "line 1: "),
        ("policies: &a {x: *a}\n", "nested in itself"),
    ],
)
def test_a_mistake_is_told_with_its_line(file: Path, text: str, message: str) -> None:
    assert message in refused(file, text)


def test_each_mistake_is_told(file: Path) -> None:
    message = refused(file, "sed: 1\ngama: 0.9\n")
    assert "line 1: sed" in message and "line 2: gama" in message


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"rllib_config\.yaml cannot be read"):
        overlay.read(file)


def test_a_bad_value_is_told_with_its_line(file: Path) -> None:
    file.write_text(
        "seed: 1\ngamma: 3\npolicies:\n  a:\n    gamma: 4\nrllib: {trainin: {}}\n", encoding="utf-8"
    )
    with pytest.raises(ConfigError) as caught:
        layers.configure(RLlibConfig, {"n_envs": 0}, file, {"seed": -1})
    messages = {item["key"]: item["message"] for item in caught.value.data["errors"]}
    assert "(rllib_config.yaml, line 2)" in messages["gamma"] and "line 2" in caught.value.message
    assert "rllib_config.yaml" not in messages["n_envs"] + messages["seed"]

    file.write_text("policies:\n  a:\n    gamma: 4\nrllib: {trainin: {}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        layers.configure(RLlibConfig, {}, file, {})
    messages = {item["key"]: item["message"] for item in caught.value.data["errors"]}
    assert "line 3)" in messages["policies.a.gamma"]
    assert "did you mean training? (rllib_config.yaml, line 4)" in messages["rllib.trainin"]


def test_later_layers_win_and_maps_are_merged(file: Path) -> None:
    file.write_text("gamma: 0.9\nseed: 2\npolicies: {a: {gamma: 0.8, ent_coef: 0.1}}\n", encoding="utf-8")
    saved = {"gamma": 0.5, "n_envs": 2, "policies": {"a": {"learning_rate": 0.01}, "b": {"gamma": 0.7}}}
    config = layers.configure(RLlibConfig, saved, file, {"seed": 3, "policies": {"a": {"gamma": 0.6}}})
    assert (config.n_envs, config.gamma, config.seed) == (2, 0.9, 3)
    assert config.policies == {
        "a": {"learning_rate": 0.01, "gamma": 0.6, "ent_coef": 0.1},
        "b": {"gamma": 0.7},
    }


def test_another_algorithm_drops_what_only_the_former_has() -> None:
    saved = {"n_steps": 64, "learning_rate": 1e-4, "typo": 1}
    assert layers.merge(SB3Config, saved, {"algorithm": "sac"}) == {
        "learning_rate": 1e-4,
        "typo": 1,
        "algorithm": "sac",
    }
    assert layers.merge(SB3Config, saved, {"algorithm": "ppo"}) == {**saved, "algorithm": "ppo"}
    with pytest.raises(ConfigError, match="sac has no such field"):
        layers.configure(SB3Config, {"n_steps": 64}, None, {"algorithm": "sac", "n_steps": 3})


def test_game_arguments_are_replaced_as_a_whole() -> None:
    assert layers.merge(SB3Config, {"game_args": {"a": "1"}}, {"game_args": {"b": "2"}}) == {
        "game_args": {"b": "2"}
    }


# --- starting runs


@pytest.fixture
def rllib(project: Project) -> RunService:
    """A service whose trainers have the configurations of the real ones, and the script of the fake one."""
    models: list[tuple[str, Any]] = [("rllib", RLlibConfig), ("sb3", SB3Config)]
    trainers = [
        fake_trainer(name=name, load_config_model=lambda model=model: model) for name, model in models
    ]
    return make_service(project, trainers=TrainerRegistry(trainers))


def write_experiment(project: Project, text: str, trainer: str = "rllib", **overrides: Any) -> None:
    ExperimentStore(project).save("mine", trainer, overrides)
    (project.experiments_dir / "mine" / "rllib_config.yaml").write_text(text, encoding="utf-8")


def test_a_run_gets_all_values_and_the_overlay_as_used(project: Project, rllib: RunService) -> None:
    write_experiment(project, TEXT, seed=5, learning_rate=0.1, total_timesteps=9)
    with rllib as service:
        run = service.start("mine", overrides={"gamma": 0.5})
        service.wait(run.id, timeout=20)
        folder = service.folder(run.id)
    values = RLlibConfig.model_validate_json((folder / "config.json").read_text(encoding="utf-8"))
    assert (values.seed, values.learning_rate, values.gamma) == (5, 3e-4, 0.5)
    assert (values.total_timesteps, values.scene) == (1_000_000, "res://main.tscn")
    assert "double_q" not in (folder / "config.json").read_text(encoding="utf-8")
    assert (folder / "rllib_config.yaml").read_text(encoding="utf-8") == TEXT


def test_a_mistake_in_the_overlay_starts_nothing(project: Project, rllib: RunService) -> None:
    write_experiment(project, "gamma: 7\n")
    with rllib as service:
        with pytest.raises(ConfigError, match="line 1"):
            service.start("mine")
        assert not service.ids()


def test_the_overlay_is_for_rllib_alone(project: Project, rllib: RunService) -> None:
    write_experiment(project, "num_env_runners: 2\n", "sb3", seed=4, n_steps=16)
    with rllib as service:
        run = service.start("mine")
        service.wait(run.id, timeout=20)
        assert not (service.folder(run.id) / "rllib_config.yaml").exists()
        other = service.start("mine", trainer="rllib")
        service.wait(other.id, timeout=20)
        config = (service.folder(other.id) / "config.json").read_text(encoding="utf-8")
    values = RLlibConfig.model_validate_json(config)
    assert (values.seed, values.num_env_runners) == (4, 2)  # what all trainers share is kept
