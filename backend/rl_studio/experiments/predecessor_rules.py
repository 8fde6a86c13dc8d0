"""What becomes of each setting of the predecessor, the terminal UI that kept its files in `.rlcontroller/`.

A rule sees a value and all other settings, and says where the value goes and why not as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rl_studio.experiments.training_config import MAX_INSTANCES

Outcome = Literal["mapped", "changed", "dropped"]
Settings = Mapping[str, Any]

NO_LIMIT = 1_000_000_000
"""Timesteps that stand for none, where the predecessor had no limit."""

DEFAULT_STOP_FILE = ".rlcontroller/STOP"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one setting.

    Attributes:
        outcome: "mapped" as it was; "changed" has another value or meaning now; "dropped" leads nowhere.
        to: the fields it sets.
        why: the reason, unless it was mapped.
    """

    outcome: Outcome
    to: dict[str, Any] = field(default_factory=dict)
    why: str = ""


Rule = Callable[[Any, Settings], Fate]


def mapped(**to: Any) -> Fate:
    return Fate("mapped", to)


def changed(why: str, **to: Any) -> Fate:
    return Fate("changed", to, why)


def dropped(why: str) -> Fate:
    return Fate("dropped", {}, why)


def as_field(name: str) -> Rule:
    return lambda value, _: mapped(**{name: value})


def never(why: str) -> Rule:
    return lambda _value, _settings: dropped(why)


def _idle(name: str, default: Any) -> Rule:
    """A setting that the predecessor showed but never passed on."""

    def rule(value: Any, _: Settings) -> Fate:
        if value == default:
            return dropped("it was never passed on, and is the old default; the default here stays")
        return changed("it was never passed on; here it counts", **{name: value})

    return rule


def _with_network(setting: str, kind: str, rule: Rule) -> Rule:
    """A setting that counted only with one kind of network."""

    def chosen(value: Any, settings: Settings) -> Fate:
        if settings.get(setting, "mlp") != kind:
            return dropped(f"not in use: {setting} is not {kind}")
        return rule(value, settings)

    return chosen


def _layers(network: str) -> Rule:
    def rule(value: Any, settings: Settings) -> Fate:
        if settings.get(network) == "grn":
            return Fate("mapped", {}, "these follow the gated layer")
        return mapped(hidden_layers=value)

    return rule


def _gated_layers(layers: str) -> Rule:
    def rule(value: Any, settings: Settings) -> Fate:
        sizes = [value, *settings.get(layers, [])]
        return changed("all layers are gated here, this one first", hidden_layers=sizes)

    return rule


def _speed(shown: str) -> Rule:
    def rule(value: Any, settings: Settings) -> Fate:
        if settings.get(shown, True):
            return mapped(speedup=value)
        return dropped("games without a window run as fast as the machine can, with the same physics")

    return rule


def _games(value: Any, _: Settings) -> Fate:
    if isinstance(value, int) and value > MAX_INSTANCES:
        return changed(f"{MAX_INSTANCES} is the most", n_envs=MAX_INSTANCES)
    return mapped(n_envs=value)


def _sb3_network(value: Any, _: Settings) -> Fate:
    if value == "lstm":
        return changed(
            "a memory has its own algorithm; the old one forgot after each step", algorithm="recurrent_ppo"
        )
    return _network({"grn": "gated"}, value)


def _rllib_network(value: Any, _: Settings) -> Fate:
    return _network({"grn": "gated", "lstm": "lstm"}, value)


def _network(names: Mapping[str, str], value: Any) -> Fate:
    if value == "mlp":
        return mapped(network="mlp")
    if value == "cnn":
        return changed("convolutions are for pictures, which get them by themselves", network="mlp")
    if value in names:
        renamed = names[value] != value
        return changed("renamed", network=names[value]) if renamed else mapped(network=value)
    return dropped("no such network")


def _graphics_cards(value: Any, _: Settings) -> Fate:
    if not value:
        return dropped("learners use the processor unless told otherwise")
    return mapped(rllib={"learners": {"num_gpus_per_learner": value}})


def _checkpoints(value: Any, settings: Settings) -> Fate:
    batch = settings.get("rllib_train_batch_size", 1024)
    why = f"counted in timesteps, not iterations (of {batch})"
    return changed(why, checkpoint_frequency=value * batch)


def _stop_mode(value: Any, _: Settings) -> Fate:
    if value in ("timesteps", "both"):
        return Fate("mapped", {}, "rllib_stop_timesteps_total has the number")
    return changed("there was no limit of timesteps; so many stand for none", total_timesteps=NO_LIMIT)


def _stop_time(value: Any, settings: Settings) -> Fate:
    if settings.get("rllib_stop_mode", "time_seconds") not in ("time_seconds", "both"):
        return dropped("not in use: rllib_stop_mode is not time_seconds")
    return mapped(time_limit_s=value)


def _stop_timesteps(value: Any, settings: Settings) -> Fate:
    if settings.get("rllib_stop_mode") not in ("timesteps", "both"):
        return dropped("not in use: rllib_stop_mode is not timesteps")
    return mapped(total_timesteps=value)


def _stop_reward(value: Any, settings: Settings) -> Fate:
    if not settings.get("rllib_stop_sustained_reward_enabled"):
        return dropped("not in use: rllib_stop_sustained_reward_enabled is off")
    return changed("it never fired; here it does", stop_reward=value)


def _stop_file(value: Any, settings: Settings) -> Fate:
    if not settings.get("rllib_stop_file_enabled", True):
        return dropped("not in use: rllib_stop_file_enabled is off")
    if value == DEFAULT_STOP_FILE:
        return dropped("a file STOP in the run's folder always counts")
    return mapped(stop_file=value)


_BUILD = never("the project itself is trained; no exported build is needed")
_ONE_LAYER = never("a memory has one layer here")

SHARED: dict[str, Rule] = {
    "env_path": _BUILD,
    "experiment_name": lambda _value, _settings: Fate("mapped", {}, "it names the experiment"),
}

SB3: dict[str, Rule] = {
    "timesteps": as_field("total_timesteps"),
    "sb3_policy_type": _sb3_network,
    "sb3_policy_layers": _layers("sb3_policy_type"),
    "sb3_cnn_channels": _with_network("sb3_policy_type", "cnn", as_field("cnn_channels")),
    "sb3_lstm_hidden_size": _with_network("sb3_policy_type", "lstm", as_field("lstm_hidden_size")),
    "sb3_lstm_num_layers": _with_network("sb3_policy_type", "lstm", as_field("lstm_layers")),
    "sb3_grn_hidden_size": _with_network("sb3_policy_type", "grn", _gated_layers("sb3_policy_layers")),
    "sb3_viz": as_field("show_window"),
    "sb3_speedup": _speed("sb3_viz"),
    "sb3_n_parallel": _games,
    "sb3_learning_rate": _idle("learning_rate", 3e-4),
    "sb3_batch_size": _idle("batch_size", 64),
    "sb3_n_steps": _idle("n_steps", 2048),
    "sb3_gamma": _idle("gamma", 0.99),
    "sb3_gae_lambda": _idle("gae_lambda", 0.95),
    "sb3_ent_coef": _idle("ent_coef", 0.01),
    "sb3_clip_range": _idle("clip_range", 0.2),
    "sb3_vf_coef": _idle("vf_coef", 0.5),
    "sb3_max_grad_norm": _idle("max_grad_norm", 0.5),
}
"""Of `training_config.json`, with one policy."""

RLLIB: dict[str, Rule] = {
    "timesteps": never("it was not for RLlib; rllib_stop_timesteps_total was"),
    "rllib_config_file": never("the experiment has all settings now"),
    "rllib_algorithm": lambda value, _: mapped(algorithm=str(value).lower()),
    "rllib_show_window": as_field("show_window"),
    "rllib_env_action_repeat": as_field("action_repeat"),
    "rllib_env_speedup": _speed("rllib_show_window"),
    "rllib_num_workers": as_field("num_env_runners"),
    "rllib_num_envs_per_worker": _games,
    "rllib_rollout_fragment_length": as_field("rollout_fragment_length"),
    "rllib_train_batch_size": as_field("train_batch_size"),
    "rllib_sgd_minibatch_size": as_field("minibatch_size"),
    "rllib_num_sgd_iter": as_field("n_epochs"),
    "rllib_lr": as_field("learning_rate"),
    "rllib_gamma": as_field("gamma"),
    "rllib_lambda": as_field("gae_lambda"),
    "rllib_clip_param": _idle("clip_range", 0.2),
    "rllib_entropy_coeff": as_field("ent_coef"),
    "rllib_vf_loss_coeff": as_field("vf_coef"),
    "rllib_grad_clip": _idle("max_grad_norm", 0.5),
    "rllib_framework": never("PyTorch is the only one"),
    "rllib_activation": _idle("activation", "relu"),
    "rllib_batch_mode": never("rollouts are pieces of rollout_fragment_length steps"),
    "rllib_num_gpus": _graphics_cards,
    "rllib_policy_type": _rllib_network,
    "rllib_fcnet_hiddens": _layers("rllib_policy_type"),
    "rllib_cnn_channels": _with_network("rllib_policy_type", "cnn", as_field("cnn_channels")),
    "rllib_grn_hidden_size": _with_network("rllib_policy_type", "grn", _gated_layers("rllib_fcnet_hiddens")),
    "rllib_lstm_cell_size": _with_network("rllib_policy_type", "lstm", as_field("lstm_hidden_size")),
    "rllib_lstm_num_layers": _with_network("rllib_policy_type", "lstm", _ONE_LAYER),
    "rllib_lstm_include_prev_actions": _with_network(
        "rllib_policy_type", "lstm", never("a policy sees the observations only")
    ),
    "rllib_max_seq_len": _with_network("rllib_policy_type", "lstm", as_field("max_seq_len")),
    "rllib_checkpoint_frequency": _checkpoints,
    "rllib_resume_from": never("checkpoints of old RLlib policies cannot be read"),
    "rllib_stop_mode": _stop_mode,
    "rllib_stop_time_seconds": _stop_time,
    "rllib_stop_timesteps_total": _stop_timesteps,
    "rllib_stop_sustained_reward_enabled": never("a reward to reach is enough"),
    "rllib_stop_sustained_reward_threshold": _stop_reward,
    "rllib_stop_sustained_reward_window": never("stop_window counts episodes, not iterations"),
    "rllib_stop_file_enabled": never("a path is enough"),
    "rllib_stop_file_path": _stop_file,
}
"""Of `training_config.json`, with several policies."""
