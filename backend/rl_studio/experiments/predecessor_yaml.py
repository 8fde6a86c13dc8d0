"""Reads the predecessor's `rllib_config.yaml`, which its training script read, as settings of its form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rl_studio.experiments.predecessor_rules import Fate, Rule, Settings, as_field, dropped, mapped, never


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(keys joined by dots, value) of nested maps."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def settings_of(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the file stands for, by their names in `training_config.json`.

    Args:
        flat: as `flatten` gives it.
    """
    found = {YAML[key]: value for key, value in flat.items() if key in YAML}
    stops = [name for name, key in _STOPS.items() if key in flat]
    found["rllib_stop_mode"] = "both" if len(stops) == 2 else (stops or ["none"])[0]
    found["rllib_stop_sustained_reward_enabled"] = any(key.startswith("stop.sustained") for key in flat)
    found["rllib_stop_file_enabled"] = "stop.stop_file" in flat
    found["rllib_policy_type"] = _network(flat)
    if "algorithm" in flat:
        found["rllib_algorithm"] = str(flat["algorithm"]).lower()
    return found


def _network(flat: Mapping[str, Any]) -> str:
    if flat.get("model.use_lstm"):
        return "lstm"
    return str(flat.get("model.custom_model") or "mlp").removeprefix("tui_")


def _value_clip(value: Any, _: Settings) -> Fate:
    if isinstance(value, float) and math.isinf(value):
        return dropped("it is off here too")
    return mapped(rllib={"training": {"vf_clip_param": value}})


_STOPS = {"time_seconds": "stop.time_total_s", "timesteps": "stop.timesteps_total"}

YAML: dict[str, str] = {
    "algorithm": "rllib_algorithm",
    "env_config.env_path": "env_path",
    "env_config.show_window": "rllib_show_window",
    "env_config.action_repeat": "rllib_env_action_repeat",
    "env_config.speedup": "rllib_env_speedup",
    "num_workers": "rllib_num_workers",
    "num_envs_per_worker": "rllib_num_envs_per_worker",
    "num_envs_per_env_runner": "rllib_num_envs_per_worker",
    "rollout_fragment_length": "rllib_rollout_fragment_length",
    "train_batch_size": "rllib_train_batch_size",
    "sgd_minibatch_size": "rllib_sgd_minibatch_size",
    "minibatch_size": "rllib_sgd_minibatch_size",
    "num_sgd_iter": "rllib_num_sgd_iter",
    "lr": "rllib_lr",
    "gamma": "rllib_gamma",
    "lambda": "rllib_lambda",
    "entropy_coeff": "rllib_entropy_coeff",
    "vf_loss_coeff": "rllib_vf_loss_coeff",
    "framework": "rllib_framework",
    "batch_mode": "rllib_batch_mode",
    "num_gpus": "rllib_num_gpus",
    "model.fcnet_hiddens": "rllib_fcnet_hiddens",
    "model.lstm_cell_size": "rllib_lstm_cell_size",
    "model.lstm_use_prev_action": "rllib_lstm_include_prev_actions",
    "model.max_seq_len": "rllib_max_seq_len",
    "model.custom_model_config.channels": "rllib_cnn_channels",
    "model.custom_model_config.hidden_size": "rllib_grn_hidden_size",
    "checkpoint_frequency": "rllib_checkpoint_frequency",
    "stop.time_total_s": "rllib_stop_time_seconds",
    "stop.timesteps_total": "rllib_stop_timesteps_total",
    "stop.sustained_episode_reward_mean.threshold": "rllib_stop_sustained_reward_threshold",
    "stop.sustained_episode_reward_mean.window": "rllib_stop_sustained_reward_window",
    "stop.stop_file": "rllib_stop_file_path",
}
"""Key in `rllib_config.yaml` → the same setting in `training_config.json`."""

YAML_ONLY: dict[str, Rule] = {
    "clip_param": as_field("clip_range"),
    "grad_clip": as_field("max_grad_norm"),
    "sample_timeout_s": as_field("sample_timeout_s"),
    "env": never("it was always godot"),
    "env_is_multiagent": never("policy_mapping says it"),
    "restore": never("checkpoints of old RLlib policies cannot be read"),
    "vf_clip_param": _value_clip,
    "entropy_coeff_schedule": never("it was always empty"),
    "normalize_actions": never("actions arrive in the range of their space"),
    "clip_actions": never("actions are clipped to the range of their space"),
    "model.vf_share_layers": never("policy and value network have layers of their own"),
    "model.use_lstm": never("network says it"),
    "model.custom_model": never("network says it"),
    "model._disable_action_flattening": never("it was for old networks"),
}
"""Keys that only the YAML file has."""
