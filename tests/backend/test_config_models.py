"""The configuration models: fields and defaults by algorithm, what cannot go together, what is said about the rest."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from rl_studio.errors import ConfigError
from rl_studio.experiments import complete, differing, resolve
from rl_studio.experiments.checks import fitting_batch, warnings
from rl_studio.experiments.rllib_config import PER_POLICY, RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.training_config import TrainingConfig, applies, default_of

Model = type[TrainingConfig]

ALGORITHMS: list[tuple[Model, str]] = [
    (model, name)
    for model in (SB3Config, RLlibConfig)
    for name in get_args(model.model_fields["algorithm"].annotation)
]
each_algorithm = pytest.mark.parametrize(("model", "algorithm"), ALGORITHMS)


def refused(model: Model, **values: Any) -> dict[str, str]:
    """Message by key of the error about these values."""
    with pytest.raises(ConfigError) as caught:
        resolve(model, values)
    return {item["key"]: item["message"] for item in caught.value.data["errors"]}


def test_all_algorithms_are_there() -> None:
    assert [name for model, name in ALGORITHMS if model is SB3Config] == [
        *("ppo", "a2c", "recurrent_ppo", "maskable_ppo", "sac", "td3", "dqn")
    ]
    assert [name for model, name in ALGORITHMS if model is RLlibConfig] == [
        *("ppo", "appo", "impala", "dqn", "sac")
    ]


@each_algorithm
def test_an_algorithm_alone_is_valid_and_has_its_own_defaults(model: Model, algorithm: str) -> None:
    config = resolve(model, {"algorithm": algorithm})
    for key in model.model_fields.keys() - {"algorithm"}:
        if applies(model, key, algorithm):
            assert getattr(config, key) == default_of(model, key, algorithm), key


@each_algorithm
def test_nothing_is_said_about_defaults(model: Model, algorithm: str) -> None:
    assert warnings(resolve(model, {"algorithm": algorithm}), n_agents=16) == []


@each_algorithm
def test_complete_has_what_the_algorithm_has_and_makes_the_same_configuration(
    model: Model, algorithm: str
) -> None:
    config = resolve(model, {"algorithm": algorithm, "gamma": 0.9, "total_timesteps": 5000})
    values = json.loads(json.dumps(complete(config), allow_nan=False))
    assert set(values) == {key for key in model.model_fields if applies(model, key, algorithm)}
    assert resolve(model, values) == config
    assert resolve(model, differing(config)) == config


def test_only_what_differs_from_the_algorithms_defaults_is_kept_with_the_algorithm_first() -> None:
    config = resolve(SB3Config, {"learning_rate": 1e-3, "tau": 0.005, "algorithm": "sac"})
    assert list(differing(config).items()) == [("algorithm", "sac"), ("learning_rate", 1e-3)]
    assert differing(resolve(SB3Config, {"algorithm": "ppo", "learning_rate": 1e-3})) == {}


@pytest.mark.parametrize(
    ("model", "values", "key", "message"),
    [
        (SB3Config, {"buffer_size": 9}, "buffer_size", "ppo has no such field; sac, td3 and dqn have it"),
        (SB3Config, {"algorithm": "dqn", "policy_delay": 3}, "policy_delay", "dqn .*; td3 has it"),
        (SB3Config, {"algorithm": "ppoo"}, "algorithm", "'ppo', 'a2c'"),
        (SB3Config, {"algorithm": ["ppo"]}, "algorithm", "'ppo', 'a2c'"),
        (SB3Config, {"ent_coef": "auto"}, "ent_coef", "only sac .* a number such as 0.0001"),
        (SB3Config, {"ent_coef": -0.1}, "ent_coef", "a number, 0 or more, or auto .*-0.1"),
        (SB3Config, {"algorithm": "sac", "buffer_size": 100}, "buffer_size", r"one batch \(256\); it is 100"),
        (SB3Config, {"algorithm": "td3", "total_timesteps": 900}, "learning_starts", "Use 90"),
        (
            SB3Config,
            {"algorithm": "dqn", "exploration_initial_eps": 0.01},
            "exploration_final_eps",
            r"exploration_initial_eps \(0.01\); it is 0.05",
        ),
        (RLlibConfig, {"minibatch_size": 2000}, "minibatch_size", r"train_batch_size \(1024\); it is 2000"),
        (RLlibConfig, {"algorithm": "sac", "network": "lstm"}, "network", "sac has no memory; use ppo"),
        (
            RLlibConfig,
            {"network": "lstm", "rollout_fragment_length": 8},
            "rollout_fragment_length",
            r"16 steps \(max_seq_len\); it is 8",
        ),
        (RLlibConfig, {"algorithm": "dqn", "buffer_size": 10}, "buffer_size", r"one batch \(64\)"),
        (RLlibConfig, {"rllib": {"trainig": {}}}, "rllib.trainig", "did you mean training"),
        (RLlibConfig, {"policies": {"a": {"gama": 0.9}}}, "policies.a.gama", "did you mean gamma"),
        (RLlibConfig, {"policies": {"a": {"gamma": 2}}}, "policies.a.gamma", r"less than .* \(it is 2\)"),
        (RLlibConfig, {"policies": {"a": 3}}, "policies.a", r"\(it is 3\)"),
        (
            RLlibConfig,
            {"algorithm": "dqn", "policies": {"a": {"network": "lstm"}}},
            "policies.a.network",
            "dqn has no memory",
        ),
        (
            RLlibConfig,
            {"algorithm": "dqn", "policies": {"a": {"ent_coef": 0.1}}},
            "policies.a.ent_coef",
            "un",
        ),
        (
            RLlibConfig,
            {"rollout_fragment_length": 8, "policies": {"a": {"network": "lstm"}}},
            "policies.a",
            "rollout_fragment_length must hold",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    model: Model, values: dict[str, Any], key: str, message: str
) -> None:
    errors = refused(model, **values)
    assert list(errors) == [key]
    with pytest.raises(ConfigError, match=message):
        resolve(model, values)


def test_what_is_wrong_for_all_is_not_told_again_for_each_policy() -> None:
    values = {"minibatch_size": 2000, "policies": {"a": {"gamma": 0.9}, "b": {}}}
    assert list(refused(RLlibConfig, **values)) == ["minibatch_size"]


def test_a_field_that_another_algorithm_has_does_not_matter() -> None:
    assert resolve(RLlibConfig, {"algorithm": "appo", "train_batch_size": 100}).train_batch_size == 100


def test_a_policy_has_its_own_values_and_the_common_ones() -> None:
    own = {"learning_rate": 1, "hidden_layers": [8], "network": "gated"}
    config = resolve(RLlibConfig, {"gamma": 0.9, "policies": {"a": own}})
    policy = config.for_policy("a")
    assert (policy.learning_rate, policy.hidden_layers, policy.network) == (1.0, [8], "gated")
    assert (policy.gamma, policy.policies) == (0.9, {})
    assert config.for_policy("b") is config


def test_what_a_policy_may_have_of_its_own_are_fields() -> None:
    assert set(PER_POLICY) <= RLlibConfig.model_fields.keys()


def test_the_judged_policy_must_learn() -> None:
    resolve(RLlibConfig, {"judge": "cat", "policies_to_train": ["cat", "dog"]})
    with pytest.raises(ConfigError, match="judge: dgo is not among policies_to_train, did you mean dog"):
        resolve(RLlibConfig, {"judge": "dgo", "policies_to_train": ["cat", "dog"]})


@pytest.mark.parametrize(
    ("model", "values", "n_agents", "advice"),
    [
        (SB3Config, {"learning_rate": 0.3}, None, "learning_rate: 0.3 .* use 0.001"),
        (SB3Config, {"gamma": 0.5}, None, "gamma: with 0.5 .* 2 decisions"),
        (SB3Config, {"eval_frequency": 300_000}, None, "eval_frequency: .* use 20000"),
        (SB3Config, {"plateau_timesteps": 200_000}, None, "plateau_timesteps: .* use 40000"),
        (SB3Config, {"stop_reward": 1.0, "stop_episodes": 50}, None, "stop_window: .* use 50"),
        (SB3Config, {"n_steps": 20, "batch_size": 32}, 2, "batch_size: an update has 40 samples .* use 40"),
        (SB3Config, {"n_steps": 64, "batch_size": 100}, 3, "batch_size: .* 192 samples .* use 96"),
        (SB3Config, {"n_steps": 33, "batch_size": 60}, 13, "batch_size: .* 429 .* use 39"),
        (SB3Config, {"n_steps": 31, "batch_size": 64}, 8, "batch_size: .* 248 .* use 62"),
        (SB3Config, {"n_steps": 31, "batch_size": 16}, 1, "batch_size: .* 31 .* use 31"),
        (SB3Config, {"n_steps": 37, "batch_size": 16}, 1, "batch_size: .* 37 .* use n_steps 32"),
        (SB3Config, {"total_timesteps": 100}, 4, "n_steps: .* 128 samples .* use 2"),
        (SB3Config, {"algorithm": "recurrent_ppo", "n_steps": 8}, None, "n_steps: .* use 32"),
        (SB3Config, {"algorithm": "sac", "learning_starts": 150_000}, None, "learning_starts: .* use 20000"),
        (SB3Config, {"algorithm": "sac"}, 200, "gradient_steps: 1 for every 200 .* use 4"),
        (
            SB3Config,
            {"algorithm": "dqn", "total_timesteps": 9000},
            None,
            "target_update_interval: .* use 450",
        ),
        (RLlibConfig, {"minibatch_size": 300}, None, "minibatch_size: .* use 256"),
        (RLlibConfig, {"train_batch_size": 1021}, None, "minibatch_size: .* use train_batch_size 1024"),
        (RLlibConfig, {"algorithm": "appo", "num_env_runners": 0}, None, "num_env_runners: .* use 1"),
        (
            RLlibConfig,
            {"algorithm": "dqn", "total_timesteps": 15_000},
            None,
            "exploration_timesteps: .* use 1500",
        ),
    ],
)
def test_what_is_hardly_meant_is_said_with_a_better_value(
    model: Model, values: dict[str, Any], n_agents: int | None, advice: str
) -> None:
    found = warnings(resolve(model, values), n_agents)
    assert len(found) == 1
    with pytest.raises(ValueError, match=advice):
        raise ValueError(found[0])


def test_a_batch_larger_than_the_rollout_is_the_whole_rollout() -> None:
    assert warnings(resolve(SB3Config, {"n_steps": 10, "batch_size": 32}), 2) == []


@pytest.mark.parametrize(
    ("samples", "batch", "fitting"), [(40, 32, 40), (1024, 300, 256), (12, 5, 6), (13, 4, None), (6, 3, 3)]
)
def test_a_fitting_batch_is_the_nearest_divisor(samples: int, batch: int, fitting: int | None) -> None:
    assert fitting_batch(samples, batch) == fitting
