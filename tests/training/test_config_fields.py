"""Every field of SB3Config reaches the algorithm, the environment or the game: one check each.

A new field without a check fails `test_a_field_has_an_effect`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import stable_baselines3_training_script as script
from rl_studio.experiments.overrides import resolve
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.godot import GodotBinary
from rl_studio.godot.version import parse_version
from rl_studio.project import Project
from rl_studio_training.arguments import Args
from rl_studio_training.launch import GameSettings
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.sb3_training import Training
from rl_studio_training.stopping import StopSwitch
from training.conftest import MakeBuild


@dataclass
class Built:
    """A training that has not begun: everything a field can have an effect on."""

    settings: GameSettings
    training: Training
    argv: list[list[str]]

    @property
    def model(self) -> Any:
        return self.training.model

    @property
    def network(self) -> nn.Sequential:
        return self.training.model.policy.mlp_extractor.policy_net

    @property
    def orthogonality(self) -> float:
        """How far the first layer is from orthogonal rows times the gain of SB3, sqrt(2)."""
        weight = self.network[0].weight.detach()
        return float((weight.T @ weight - 2.0 * torch.eye(weight.shape[1])).abs().max())


Check = Callable[[Built], bool]

CHECKS: dict[str, tuple[Any, Check]] = {
    "scene": ("res://other.tscn", lambda b: b.settings.scene == "res://other.tscn"),
    "total_timesteps": (123, lambda b: b.training.progress._total == 123),
    "time_limit_s": (12.5, lambda b: b.training.callback._time_limit_s == 12.5),
    "n_envs": (2, lambda b: len(b.argv) == 2 and b.training.env.num_envs == 4),
    "seed": (9, lambda b: b.model.seed == 9 and "--env_seed=9" in b.argv[0]),
    "show_window": (True, lambda b: "--headless" not in b.argv[0]),
    "action_repeat": (3, lambda b: "--action_repeat=3" in b.argv[0]),
    "speedup": (2.5, lambda b: "--speedup=2.5" in b.argv[0]),
    "startup_timeout_s": (33.0, lambda b: b.training.env.games[0].settings.startup_timeout_s == 33.0),
    "step_timeout_s": (34.0, lambda b: b.training.env.games[0].settings.step_timeout_s == 34.0),
    "game_args": ({"level": "two words"}, lambda b: "--level=two words" in b.argv[0]),
    "learning_rate": (2e-3, lambda b: b.model.policy.optimizer.param_groups[0]["lr"] == 2e-3),
    "learning_rate_schedule": ("linear", lambda b: b.model.lr_schedule(0.5) == pytest.approx(5e-4)),
    "n_steps": (16, lambda b: b.model.n_steps == b.model.rollout_buffer.buffer_size == 16),
    "batch_size": (32, lambda b: b.model.batch_size == 32),
    "n_epochs": (3, lambda b: b.model.n_epochs == 3),
    "gamma": (0.9, lambda b: b.model.gamma == b.model.rollout_buffer.gamma == 0.9),
    "gae_lambda": (0.8, lambda b: b.model.gae_lambda == b.model.rollout_buffer.gae_lambda == 0.8),
    "clip_range": (0.3, lambda b: b.model.clip_range(1.0) == 0.3),
    "clip_range_vf": (0.4, lambda b: (b.model.clip_range_vf or float)(1.0) == 0.4),
    "normalize_advantage": (False, lambda b: b.model.normalize_advantage is False),
    "ent_coef": (0.02, lambda b: b.model.ent_coef == 0.02),
    "vf_coef": (0.7, lambda b: b.model.vf_coef == 0.7),
    "max_grad_norm": (0.9, lambda b: b.model.max_grad_norm == 0.9),
    "target_kl": (0.05, lambda b: b.model.target_kl == 0.05),
    "hidden_layers": ([8, 4], lambda b: [b.network[0].out_features, b.network[2].out_features] == [8, 4]),
    "activation": ("elu", lambda b: isinstance(b.network[1], nn.ELU)),
    "log_std_init": (-1.0, lambda b: b.model.policy.log_std.tolist() == [-1.0, -1.0]),
    "ortho_init": (False, lambda b: b.orthogonality > 0.1),
    "checkpoint_frequency": (77, lambda b: b.training.callback._frequency == 77),
    "keep_checkpoints": (3, lambda b: b.training.checkpoints._keep == 3),
    "torch_threads": (2, lambda b: torch.get_num_threads() == 2),
    "device": ("auto", lambda b: b.model.device.type in ("cpu", "cuda")),
}

Build = Callable[..., Built]


@pytest.fixture
def build(
    project: Project, tmp_path: Path, make_build: MakeBuild, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Build]:
    """Prepares a training as the script does, with a fake game in place of Godot."""
    threads = torch.get_num_threads()
    version = parse_version("4.6.3.stable.official.abcdef")
    assert version is not None
    godot = GodotBinary(make_build("continuous"), version, "option")
    monkeypatch.setattr(script, "find_godot", lambda _path: godot)
    monkeypatch.setattr(script, "ensure_imported", lambda _godot, _project: False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (project.root / "main.tscn").touch()
    (project.root / "other.tscn").touch()
    reporter = Reporter(enabled=True, stream=io.BytesIO(), human=io.StringIO())
    games: list[Any] = []

    def make(**overrides: Any) -> Built:
        config = resolve(SB3Config, overrides)
        run = RunFolder(tmp_path / "run")
        switch = StopSwitch(on_force=lambda: None)
        settings = script.game_settings(Args(project.root), project, config, reporter)
        script.load_torch(config.torch_threads)
        env = script.start_games(settings, config, run, reporter, switch, games)
        training = Training(config, env, run, reporter, switch)
        files = [project.root / f"argv-{config.seed + number}.json" for number in range(config.n_envs)]
        return Built(settings, training, [json.loads(file.read_text()) for file in files])

    yield make
    for game in games:
        game.close()
    torch.set_num_threads(threads)


def test_every_field_has_a_check() -> None:
    assert set(CHECKS) == set(SB3Config.model_fields)


@pytest.mark.parametrize("field", SB3Config.model_fields)
def test_a_field_has_an_effect(build: Build, field: str) -> None:
    value, check = CHECKS[field]
    assert value != SB3Config.model_fields[field].default
    assert check(build(**{field: value})), f"{field} has no effect"


NOT_BY_DEFAULT = [field for field in CHECKS if field != "device"]


def test_the_checks_notice_a_default(build: Build) -> None:
    built = build()
    assert [field for field in NOT_BY_DEFAULT if CHECKS[field][1](built)] == []


def test_instances_get_consecutive_seeds(build: Build) -> None:
    built = build(n_envs=2, seed=40)
    assert ["--env_seed=40" in built.argv[0], "--env_seed=41" in built.argv[1]] == [True, True]


def test_a_device_that_is_not_there_is_a_configuration_error(build: Build) -> None:
    with pytest.raises(Exception, match="device: PyTorch cannot use 'cuda:77'"):
        build(device="cuda:77")


def test_a_batch_that_does_not_fit_is_mentioned(build: Build) -> None:
    from rl_studio_training.sb3_model import batch_advice

    assert batch_advice(SB3Config(n_steps=64, batch_size=32), 2) is None
    assert batch_advice(SB3Config(n_steps=10, batch_size=32), 2) is None  # the whole rollout is one batch
    advice = batch_advice(SB3Config(n_steps=20, batch_size=32), 2)
    assert advice is not None
    assert "40 samples" in advice
