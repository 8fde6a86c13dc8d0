from __future__ import annotations

import itertools
import json

import pytest

from rl_studio.errors import ConfigError
from rl_studio.experiments import ExperimentStore, differing, form_fields, parse_assignments, resolve
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.training_config import GROUPS, TrainingConfig
from rl_studio.project import Project


def test_values_are_read_as_their_users_write_them() -> None:
    values = parse_assignments(
        [
            "learning_rate=3e-4",
            "hidden_layers=[32, 32]",
            "target_kl=null",
            "show_window=true",
            "scene=res://a b.tscn",
        ]
    )
    config = resolve(SB3Config, values)
    assert config.learning_rate == 0.0003
    assert config.hidden_layers == [32, 32]
    assert config.target_kl is None
    assert config.show_window is True
    assert config.scene == "res://a b.tscn"


def test_whole_numbers_may_be_written_in_scientific_form() -> None:
    assert resolve(SB3Config, parse_assignments(["total_timesteps=1e5"])).total_timesteps == 100_000


def test_dots_lead_into_maps() -> None:
    words = [
        "policies.a.gamma=0.9",
        "policies.a.hidden_layers=[8]",
        "policies.b.learning_rate=1e-5",
        "seed=2",
    ]
    expected = {"a": {"gamma": 0.9, "hidden_layers": [8]}, "b": {"learning_rate": 1e-5}}
    assert parse_assignments(words) == {"policies": expected, "seed": 2}
    with pytest.raises(ConfigError, match=r"policies\.a\.gamma leads into policies\.a,"):
        parse_assignments(["policies.a=3", "policies.a.gamma=0.9"])


@pytest.mark.parametrize(
    ("text", "value"), [("1e5", 1e5), (".5E-3", 5e-4), ("-2.e+3", -2000.0), ("e5", "e5")]
)
def test_exponents_make_numbers_also_within_lists(text: str, value: object) -> None:
    assert parse_assignments([f"x={text}", f"y=[{text}]"]) == {"x": value, "y": [value]}


def test_an_unknown_field_is_named_with_the_closest_match() -> None:
    with pytest.raises(ConfigError, match="did you mean learning_rate"):
        resolve(SB3Config, {"learning_rat": 1e-3})


def test_every_bad_value_is_reported_with_its_key_and_value() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(SB3Config, {"gamma": 1.5, "n_steps": "many", "hidden_layers": [64, 0], "scene": "/abs.tscn"})
    errors = {item["key"]: item for item in caught.value.data["errors"]}
    assert set(errors) == {"gamma", "n_steps", "hidden_layers", "scene"}
    assert errors["gamma"]["value"] == 1.5
    assert "'many'" in errors["n_steps"]["message"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    with pytest.raises(ConfigError):
        resolve(SB3Config, {"learning_rate": value})


def test_an_assignment_without_equals_sign_is_refused() -> None:
    with pytest.raises(ConfigError, match="'gamma'"):
        parse_assignments(["gamma"])


def test_only_what_differs_is_kept() -> None:
    config = resolve(SB3Config, {"gamma": 0.95, "n_envs": 1})
    assert differing(config) == {"gamma": 0.95}
    assert resolve(SB3Config, differing(config)) == config


TYPES = {
    *("int", "float", "bool", "string", "enum", "int_list", "string_list", "dict", "json", "scene"),
    *("int_or_auto", "float_or_auto"),
}


@pytest.mark.parametrize("model", [SB3Config, RLlibConfig])
def test_each_field_can_be_shown_in_a_form(model: type[TrainingConfig]) -> None:
    fields = form_fields(model)
    assert {field["key"] for field in fields} == set(model.model_fields)
    for field in fields:
        assert field["title"] and field["help"] and field["group"]
        assert field["level"] in {"basic", "advanced"}
        assert field["type"] in TYPES
        assert (field["choices"] is not None) == (field["type"] == "enum")
        json.dumps(field, allow_nan=False)


@pytest.mark.parametrize("model", [SB3Config, RLlibConfig])
def test_sections_come_one_after_the_other_in_their_order(model: type[TrainingConfig]) -> None:
    groups = [group for group, _ in itertools.groupby(field["group"] for field in form_fields(model))]
    assert groups == [group for group in GROUPS if group in groups]


@pytest.mark.parametrize("model", [SB3Config, RLlibConfig])
def test_what_an_algorithm_has_of_its_own_names_algorithms_that_exist(model: type[TrainingConfig]) -> None:
    fields = {field["key"]: field for field in form_fields(model)}
    algorithms = set(fields["algorithm"]["choices"])
    for field in fields.values():
        having = set(field["algorithms"] or algorithms)
        assert set(field["defaults"]) <= having <= algorithms, field["key"]
        assert field["default"] not in field["defaults"].values(), field["key"]


def test_the_form_knows_ranges_choices_and_nullable_fields() -> None:
    fields = {field["key"]: field for field in form_fields(SB3Config)}
    assert fields["gamma"]["exclusive_minimum"] == 0
    assert fields["gamma"]["maximum"] == 1
    assert fields["activation"]["choices"] == ["tanh", "relu", "elu"]
    assert fields["time_limit_s"]["nullable"]
    assert fields["time_limit_s"]["unit"] == "s"


def test_the_number_of_games_is_whole_or_auto() -> None:
    assert resolve(SB3Config, parse_assignments(["n_envs=auto"])).n_envs == "auto"
    assert resolve(SB3Config, parse_assignments(["n_envs=3"])).n_envs == 3
    assert differing(resolve(SB3Config, {"n_envs": "auto"})) == {"n_envs": "auto"}
    field = {field["key"]: field for field in form_fields(SB3Config)}["n_envs"]
    assert (field["type"], field["minimum"], field["maximum"]) == ("int_or_auto", 1, 64)


@pytest.mark.parametrize("value", [0, 65, 1.5, "many"])
def test_a_bad_number_of_games_is_one_error(value: object) -> None:
    with pytest.raises(ConfigError, match="from 1 to 64, or auto") as caught:
        resolve(SB3Config, {"n_envs": value})
    assert [error["key"] for error in caught.value.data["errors"]] == ["n_envs"]


def test_experiments_are_saved_and_listed(project: Project) -> None:
    store = ExperimentStore(project)
    assert [item.name for item in store.list()] == ["default"]
    store.save("big net", "sb3", {"hidden_layers": [256, 256]})
    assert [item.name for item in store.list()] == ["big net", "default"]
    assert ExperimentStore(project).get("big net").overrides == {"hidden_layers": [256, 256]}


def test_a_corrupt_experiment_is_kept_aside(project: Project) -> None:
    store = ExperimentStore(project)
    store.save("mine", "sb3", {"gamma": 0.9})
    path = project.experiments_dir / "mine" / "training_config.json"
    path.write_text("{ not json")
    assert store.get("mine").overrides == {}
    assert path.with_name("training_config.json.corrupt").read_text() == "{ not json"


def test_an_experiment_may_have_an_overlay(project: Project) -> None:
    store = ExperimentStore(project)
    assert store.overlay_file("mine") is None
    store.save("mine", "rllib", {})
    (project.experiments_dir / "mine" / "rllib_config.yaml").touch()
    assert store.overlay_file("mine") == project.experiments_dir / "mine" / "rllib_config.yaml"


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 49, "dot."])
def test_names_that_are_no_folder_are_refused(project: Project, name: str) -> None:
    with pytest.raises(ConfigError):
        ExperimentStore(project).save(name, "sb3", {})


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"trainer": "sb3"}',
        '{"trainer": "sb3", "overrides": 7}',
        '{"trainer": "sb3", "overrides": {"seed": 1' + "0" * 30 + "}}",
        '{"trainer": "sb3", "overrides": {"scene": "\\ud800"}}',
        '{"trainer": "sb3", "overrides": {"a": ' + "[" * 30 + "1" + "]" * 30 + "}}",
    ],
)
def test_a_broken_experiment_hides_no_other(project: Project, text: str) -> None:
    store = ExperimentStore(project)
    store.save("good", "sb3", {"seed": 3})
    broken = project.experiments_dir / "broken" / "training_config.json"
    broken.parent.mkdir(parents=True)
    broken.write_text(text, encoding="utf-8")
    (project.experiments_dir / "folder" / "training_config.json").mkdir(parents=True)
    (project.experiments_dir / ".hidden").mkdir()
    (project.experiments_dir / ".hidden" / "training_config.json").write_text("{}", encoding="utf-8")
    found = {experiment.name: experiment.overrides for experiment in store.list()}
    assert found == {"default": {}, "good": {"seed": 3}, "broken": {}, "folder": {}}
    assert (broken.parent / "training_config.json.corrupt").read_text(encoding="utf-8") == text
