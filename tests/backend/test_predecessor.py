"""The predecessor's files become experiments, and the report says what became of every setting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rl_studio.cli import main
from rl_studio.errors import ConfigError
from rl_studio.experiments import ExperimentStore, predecessor, resolve
from rl_studio.experiments.predecessor import Files, Imported, convert
from rl_studio.experiments.predecessor_rules import RLLIB, SB3
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.project import Project

FORM: dict[str, Any] = {
    "mode": "single_agent",
    "env_path": "/games/chase.x86_64",
    "timesteps": 1_000_000,
    "experiment_name": "training",
    "sb3_policy_type": "mlp",
    "sb3_policy_layers": [64, 64],
    "sb3_cnn_channels": [32, 64, 64],
    "sb3_lstm_hidden_size": 128,
    "sb3_lstm_num_layers": 1,
    "sb3_grn_hidden_size": 128,
    "sb3_viz": False,
    "sb3_speedup": 1,
    "sb3_n_parallel": 1,
    "sb3_learning_rate": 0.0003,
    "sb3_batch_size": 64,
    "sb3_n_steps": 2048,
    "sb3_gamma": 0.99,
    "sb3_gae_lambda": 0.95,
    "sb3_ent_coef": 0.01,
    "sb3_clip_range": 0.2,
    "sb3_vf_coef": 0.5,
    "sb3_max_grad_norm": 0.5,
    "rllib_config_file": ".rlcontroller/rllib_config.yaml",
    "rllib_algorithm": "ppo",
    "rllib_show_window": False,
    "rllib_env_action_repeat": 2,
    "rllib_env_speedup": 30,
    "rllib_num_workers": 4,
    "rllib_num_envs_per_worker": 1,
    "rllib_rollout_fragment_length": 256,
    "rllib_train_batch_size": 1024,
    "rllib_sgd_minibatch_size": 128,
    "rllib_num_sgd_iter": 30,
    "rllib_lr": 0.0003,
    "rllib_gamma": 0.99,
    "rllib_lambda": 0.95,
    "rllib_clip_param": 0.2,
    "rllib_entropy_coeff": 0.01,
    "rllib_vf_loss_coeff": 0.5,
    "rllib_grad_clip": 0.5,
    "rllib_framework": "torch",
    "rllib_activation": "relu",
    "rllib_batch_mode": "truncate_episodes",
    "rllib_num_gpus": 0.0,
    "rllib_policy_type": "mlp",
    "rllib_fcnet_hiddens": [64, 64],
    "rllib_cnn_channels": [32, 64, 64],
    "rllib_grn_hidden_size": 64,
    "rllib_lstm_cell_size": 64,
    "rllib_lstm_num_layers": 1,
    "rllib_lstm_include_prev_actions": True,
    "rllib_max_seq_len": 20,
    "rllib_checkpoint_frequency": 20,
    "rllib_resume_from": "",
    "rllib_stop_mode": "time_seconds",
    "rllib_stop_time_seconds": 1_000_000,
    "rllib_stop_timesteps_total": 1_000_000,
    "rllib_stop_sustained_reward_enabled": False,
    "rllib_stop_sustained_reward_threshold": 0.0,
    "rllib_stop_sustained_reward_window": 20,
    "rllib_stop_file_enabled": True,
    "rllib_stop_file_path": ".rlcontroller/STOP",
}
"""All settings at their old defaults, but without windows."""

SCRIPT_FILE = """
algorithm: PPO
env: godot
env_is_multiagent: true
env_config:
  env_path: build/tag.x86_64
  show_window: false
  action_repeat: 4
  speedup: 30
num_workers: 2
num_envs_per_worker: 1
rollout_fragment_length: 128
train_batch_size: 1024
sgd_minibatch_size: 128
minibatch_size: 128
num_sgd_iter: 10
lr: 0.000100
# clip_param: 0.2
vf_clip_param: .inf
entropy_coeff: 0.01
entropy_coeff_schedule: null
normalize_actions: False
sample_timeout_s: 120
model:
  use_lstm: true
  lstm_cell_size: 96
  max_seq_len: 20
  vf_share_layers: False
checkpoint_frequency: 20
stop:
  timesteps_total: 300000
  sustained_episode_reward_mean:
    threshold: 12.5
    window: 20
  stop_file: .rlcontroller/STOP
own_key: 3
"""


def fates(found: Imported) -> dict[str, tuple[str, dict[str, Any]]]:
    return {row.key: (row.fate.outcome, row.fate.to) for row in found.rows}


def single(**settings: Any) -> Imported:
    return convert(Files({**FORM, **settings}, None))


def several(**settings: Any) -> Imported:
    return convert(Files({**FORM, "mode": "multi_agent", **settings}, None))


@pytest.fixture
def old_project(tmp_path: Path) -> Path:
    """A project of the predecessor with both files."""
    folder = tmp_path / "old" / ".rlcontroller"
    folder.mkdir(parents=True)
    (folder / "training_config.json").write_text(json.dumps({**FORM, "mode": "multi_agent"}))
    (folder / "rllib_config.yaml").write_text(SCRIPT_FILE)
    (folder / "export_config.json").write_text("{}")
    return folder.parent


def test_every_setting_has_a_rule() -> None:
    assert {key for key in FORM if key.startswith("sb3_")} == {key for key in SB3 if key.startswith("sb3_")}
    assert {key for key in FORM if key.startswith("rllib_")} == {
        key for key in RLLIB if key.startswith("rllib_")
    }


def test_old_defaults_become_an_experiment_of_sb3() -> None:
    found = single()
    assert (found.name, found.trainer) == ("training", "sb3")
    assert found.overrides == {"total_timesteps": 1_000_000}
    assert not [row for row in found.rows if row.fate.why == "unknown setting"]


def test_what_was_never_passed_on_counts_if_it_was_chosen() -> None:
    found = single(sb3_n_steps=512, sb3_gamma=0.98)
    assert found.overrides == {"total_timesteps": 1_000_000, "n_steps": 512, "gamma": 0.98}
    assert fates(found)["sb3_n_steps"] == ("changed", {"n_steps": 512})
    assert fates(found)["sb3_batch_size"] == ("dropped", {})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"sb3_policy_type": "lstm", "sb3_lstm_hidden_size": 96},
            {"algorithm": "recurrent_ppo", "lstm_hidden_size": 96},
        ),
        (
            {"sb3_policy_type": "grn", "sb3_policy_layers": [32]},
            {"network": "gated", "hidden_layers": [128, 32]},
        ),
        ({"sb3_policy_type": "cnn"}, {"cnn_channels": [32, 64, 64]}),
        ({"sb3_n_parallel": 100}, {"n_envs": 64}),
        ({"sb3_viz": True, "sb3_speedup": 8}, {"show_window": True, "speedup": 8.0}),
        ({"sb3_viz": False, "sb3_speedup": 8}, {}),
    ],
)
def test_networks_and_games_are_translated(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert single(**settings).overrides == {"total_timesteps": 1_000_000, **expected}


def test_old_defaults_become_an_experiment_of_rllib() -> None:
    found = several()
    assert found.trainer == "rllib"
    config = resolve(RLlibConfig, found.overrides)
    assert (config.num_env_runners, config.action_repeat, config.learning_rate) == (4, 2, 3e-4)
    assert (config.train_batch_size, config.minibatch_size, config.n_epochs) == (1024, 128, 30)
    assert config.time_limit_s == 1_000_000
    assert config.total_timesteps == 1_000_000_000
    assert config.checkpoint_frequency == 20 * 1024
    assert config.stop_reward is None
    assert config.activation == "tanh"  # relu was the old default, and never passed on


def test_what_only_rllib_knows_goes_to_its_own_arguments(old_project: Path) -> None:
    file = old_project / ".rlcontroller" / "rllib_config.yaml"
    file.write_text("algorithm: PPO\nnum_gpus: 0.5\nvf_clip_param: 10\n")
    assert convert(predecessor.read(file)).overrides["rllib"] == {
        "learners": {"num_gpus_per_learner": 0.5},
        "training": {"vf_clip_param": 10},
    }


def test_stop_conditions_are_translated() -> None:
    found = several(
        rllib_stop_mode="timesteps",
        rllib_stop_timesteps_total=5000,
        rllib_stop_sustained_reward_enabled=True,
        rllib_stop_sustained_reward_threshold=3.5,
        rllib_stop_file_path="halt",
    )
    config = resolve(RLlibConfig, found.overrides)
    assert (config.total_timesteps, config.time_limit_s) == (5000, None)
    assert (config.stop_reward, config.stop_file) == (3.5, "halt")


def test_what_the_algorithm_has_not_is_dropped_by_name() -> None:
    found = several(rllib_algorithm="sac", rllib_clip_param=0.1)
    assert found.overrides["algorithm"] == "sac"
    row = next(row for row in found.rows if row.key == "rllib_clip_param")
    assert (row.fate.outcome, row.fate.why) == ("dropped", "clip_range: sac has no such field")


def test_values_that_are_not_valid_are_dropped_with_the_reason() -> None:
    found = single(sb3_gamma=7, sb3_policy_layers="wide", surprise=1)
    outcome = {row.key: (row.fate.outcome, row.fate.why) for row in found.rows}
    assert outcome["sb3_gamma"][0] == "dropped"
    assert "gamma" in outcome["sb3_gamma"][1]
    assert outcome["sb3_policy_layers"][0] == "dropped"
    assert outcome["surprise"] == ("dropped", "unknown setting")
    assert found.overrides == {"total_timesteps": 1_000_000}


def test_the_file_of_the_script_wins_over_the_form(old_project: Path) -> None:
    found = convert(predecessor.read(old_project))
    config = resolve(RLlibConfig, found.overrides)
    assert (config.learning_rate, config.action_repeat, config.n_epochs) == (1e-4, 4, 10)
    assert (config.network, config.lstm_hidden_size, config.max_seq_len) == ("lstm", 96, 20)
    assert (config.total_timesteps, config.time_limit_s, config.stop_reward) == (300_000, None, 12.5)
    rows = {(row.file, row.key): row.fate for row in found.rows}
    assert (
        rows["training_config.json", "rllib_lr"].why == "rllib_config.yaml said 0.0001, and was what counted"
    )
    assert rows["rllib_config.yaml", "lr"].to == {"learning_rate": 1e-4}
    assert ("rllib_config.yaml", "train_batch_size") not in rows  # as the form says
    assert rows["rllib_config.yaml", "own_key"].outcome == "dropped"
    assert rows["export_config.json", ""].outcome == "dropped"


def test_the_file_alone_is_enough(old_project: Path) -> None:
    found = convert(predecessor.read(old_project / ".rlcontroller" / "rllib_config.yaml"))
    assert (found.name, found.trainer) == ("imported", "rllib")
    assert found.overrides["learning_rate"] == 1e-4
    assert fates(found)["vf_clip_param"] == ("dropped", {})


@pytest.mark.parametrize("text", ["[1, 2]", "{", "a: ]["])
def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rllib_config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"rllib_config\.yaml"):
        predecessor.read(file)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither"):
        predecessor.read(tmp_path)


def test_the_command_saves_and_reports(
    old_project: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import-config", str(old_project), "--project", str(project.root)]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["experiment"] == "training"
    by_key = {row["key"]: row for row in document["report"]}
    assert by_key["lr"]["to"] == {"learning_rate": 0.0001}
    assert by_key["vf_clip_param"]["value"] == "inf"
    saved = ExperimentStore(project).get("training")
    assert (saved.trainer, saved.overrides) == ("rllib", document["overrides"])
    assert main(words) == 1
    assert "already" in capsys.readouterr().err
    assert main([*words, "--replace"]) == 0
    assert "mapped" in capsys.readouterr().out


def test_a_dry_run_saves_nothing(
    old_project: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import-config", str(old_project), "--project", str(project.root), "--dry-run"]) == 0
    assert "would be saved" in capsys.readouterr().out
    assert not ExperimentStore(project).is_saved("training")


def test_the_project_is_that_of_the_files(project: Project) -> None:
    folder = project.root / ".rlcontroller"
    folder.mkdir()
    (folder / "training_config.json").write_text(json.dumps({**FORM, "experiment_name": "a/b: c"}))
    assert main(["import-config", str(folder / "training_config.json")]) == 0
    assert resolve(SB3Config, ExperimentStore(project).get("a_b_ c").overrides).total_timesteps == 1_000_000
