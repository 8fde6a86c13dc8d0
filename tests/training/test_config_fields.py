"""Every field of SB3Config reaches the algorithm, the environment or the game: one check each.

A new field without a check fails `test_every_field_has_a_check`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from stable_baselines3 import A2C
from stable_baselines3.common.type_aliases import TrainFreq, TrainFrequencyUnit
from torch import nn

import stable_baselines3_training_script as script
from rl_studio.experiments.overrides import resolve
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.godot import GodotBinary
from rl_studio.godot.version import parse_version
from rl_studio.project import Project
from rl_studio_training import script as common
from rl_studio_training.arguments import Args
from rl_studio_training.checkpoints import Counters
from rl_studio_training.episodes import Episode, EpisodeWindow
from rl_studio_training.launch import GameSettings
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder
from rl_studio_training.sb3_networks import GatedLayer
from rl_studio_training.sb3_player import SB3Player
from rl_studio_training.sb3_replay_file import REPLAY_FILE
from rl_studio_training.sb3_training import Training
from rl_studio_training.stop_conditions import Situation
from rl_studio_training.stopping import StopSwitch
from rl_studio_training.vec_env import GodotVecEnv
from training.conftest import MakeBuild

EPISODES = EpisodeWindow()
"""Of reward 1, half of them successes."""
for number in range(50):
    EPISODES.add(Episode(1.0, 5, success=number % 2 == 0))


@dataclass
class Built:
    """A training that has not begun: everything a field can have an effect on."""

    settings: GameSettings
    training: Training
    argv: list[list[str]]
    project: Path

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

    @property
    def normalization(self) -> Any:
        return self.model.get_vec_normalize_env()

    def layers(self, kind: type[nn.Module]) -> list[Any]:
        """The policy's layers of one kind."""
        return [module for module in self.model.policy.modules() if isinstance(module, kind)]

    def stop(
        self, timesteps: int = 10, iterations: int = 1, episodes: int = 1, elapsed_s: float = 1.0
    ) -> Any:
        """Why training would end in this situation, or None."""
        now = Situation(timesteps, iterations, episodes, elapsed_s, {"walker": EPISODES})
        found = self.training.stop.check(now)
        return found and found.reason

    def is_due(self, timesteps: int, elapsed_s: float = 0.0) -> bool:
        """Whether something is due after a step to `timesteps`."""
        self.model.num_timesteps = timesteps
        self.training.callback.resume(Counters(time_total_s=elapsed_s))
        return self.training.is_due(timesteps - 1)

    def evaluate(self) -> dict[str, Any]:
        """The outcome of an evaluation."""
        name = self.training.env.policy_name
        return self.training._evaluation.run({name: SB3Player.of(self.model)})[name]

    def checkpoints_after(self, count: int) -> int:
        """How many checkpoints are left of so many."""
        for number in range(count):
            self.model.num_timesteps = number
            self.training.saving.save("periodic")
        return len(list(self.training.run_folder.checkpoints.glob("step_*")))

    def replay_files(self) -> list[str]:
        """What a checkpoint with a full replay buffer has of it."""
        self.model.replay_buffer.full = True
        folder = self.project / "checkpoint"
        folder.mkdir(exist_ok=True)
        self.training.write(folder)
        return [path.name for path in folder.glob(REPLAY_FILE)]


@dataclass(frozen=True)
class Check:
    """A value other than the default, and what is true only with it.

    Args:
        given: other fields that the effect needs.
        actions: of the game.
    """

    value: Any
    holds: Callable[[Built], bool]
    given: dict[str, Any] = field(default_factory=dict)
    actions: str = "continuous"


SAC = {"algorithm": "sac", "buffer_size": 40_000}
TD3 = {"algorithm": "td3"}
RECURRENT = {"algorithm": "recurrent_ppo"}


def dqn(value: Any, holds: Callable[[Built], bool]) -> Check:
    return Check(value, holds, {"algorithm": "dqn"}, "discrete")


CHECKS: dict[str, Check] = {
    "scene": Check("res://other.tscn", lambda b: b.settings.scene == "res://other.tscn"),
    "algorithm": Check("a2c", lambda b: isinstance(b.model, A2C)),
    "n_envs": Check(2, lambda b: len(b.argv) == 2 and b.training.env.num_envs == 4),
    "seed": Check(9, lambda b: b.model.seed == 9 and "--env_seed=9" in b.argv[0]),
    "show_window": Check(True, lambda b: "--headless" not in b.argv[0]),
    "action_repeat": Check(3, lambda b: "--action_repeat=3" in b.argv[0]),
    "speedup": Check(2.5, lambda b: "--speedup=2.5" in b.argv[0]),
    "startup_timeout_s": Check(33.0, lambda b: b.training.env.games[0].settings.startup_timeout_s == 33.0),
    "step_timeout_s": Check(34.0, lambda b: b.training.env.games[0].settings.step_timeout_s == 34.0),
    "game_args": Check({"level": "two words"}, lambda b: "--level=two words" in b.argv[0]),
    # when to stop
    "total_timesteps": Check(123, lambda b: b.stop(timesteps=123) == "timesteps"),
    "time_limit_s": Check(12.5, lambda b: b.stop(elapsed_s=12.5) == "time_limit"),
    "stop_iterations": Check(7, lambda b: b.stop(iterations=7) == "iterations"),
    "stop_episodes": Check(8, lambda b: b.stop(episodes=8) == "episodes"),
    "stop_reward": Check(0.9, lambda b: b.stop() == "reward", {"stop_window": 20}),
    "stop_success_rate": Check(0.4, lambda b: b.stop() == "success_rate", {"stop_window": 20}),
    "stop_window": Check(20, lambda b: b.stop() == "reward", {"stop_reward": 0.9}),
    "plateau_timesteps": Check(
        500, lambda b: (b.stop(timesteps=10), b.stop(timesteps=510)) == (None, "plateau"), {"stop_window": 20}
    ),
    "stop_file": Check(__file__, lambda b: b.stop() == "stop_file"),
    # what is kept
    "checkpoint_frequency": Check(77, lambda b: b.is_due(77)),
    "checkpoint_minutes": Check(2.0, lambda b: b.is_due(10, elapsed_s=120.0) and not b.is_due(10, 119.0)),
    "keep_checkpoints": Check(3, lambda b: b.checkpoints_after(4) == 3),
    "eval_frequency": Check(66, lambda b: b.is_due(66)),
    "eval_episodes": Check(4, lambda b: b.evaluate()["episodes"] == 4),
    "eval_max_decisions": Check(3, lambda b: b.evaluate()["episode_len_mean"] == 3.0),
    "eval_time_limit_s": Check(1e-9, lambda b: b.evaluate()["episodes"] == 0),
    "eval_seed": Check(
        88,
        lambda b: b.evaluate()["episodes"] > 0 and (b.project / "argv-88.json").exists(),
        {"eval_episodes": 2},
    ),
    "torch_threads": Check(2, lambda b: torch.get_num_threads() == 2),
    "device": Check("auto", lambda b: b.model.device.type in ("cpu", "cuda")),
    # learning
    "learning_rate": Check(2e-3, lambda b: b.model.policy.optimizer.param_groups[0]["lr"] == 2e-3),
    "learning_rate_schedule": Check("linear", lambda b: b.model.lr_schedule(0.5) == pytest.approx(5e-4)),
    "gamma": Check(0.9, lambda b: b.model.gamma == b.model.rollout_buffer.gamma == 0.9),
    "batch_size": Check(32, lambda b: b.model.batch_size == 32),
    "n_steps": Check(16, lambda b: b.model.n_steps == b.model.rollout_buffer.buffer_size == 16),
    "n_epochs": Check(3, lambda b: b.model.n_epochs == 3),
    "gae_lambda": Check(0.8, lambda b: b.model.gae_lambda == b.model.rollout_buffer.gae_lambda == 0.8),
    "clip_range": Check(0.3, lambda b: b.model.clip_range(1.0) == 0.3),
    "clip_range_schedule": Check("linear", lambda b: b.model.clip_range(0.5) == pytest.approx(0.1)),
    "clip_range_vf": Check(0.4, lambda b: (b.model.clip_range_vf or float)(1.0) == 0.4),
    "normalize_advantage": Check(False, lambda b: b.model.normalize_advantage is False),
    "ent_coef": Check(0.02, lambda b: b.model.ent_coef == 0.02),
    "vf_coef": Check(0.7, lambda b: b.model.vf_coef == 0.7),
    "max_grad_norm": Check(0.9, lambda b: b.model.max_grad_norm == 0.9),
    "target_kl": Check(0.05, lambda b: b.model.target_kl == 0.05),
    "use_rms_prop": Check(
        False, lambda b: isinstance(b.model.policy.optimizer, torch.optim.Adam), {"algorithm": "a2c"}
    ),
    # replay and exploration
    "buffer_size": Check(5000, lambda b: b.model.replay_buffer.buffer_size == 5000, TD3),
    "learning_starts": Check(50, lambda b: b.model.learning_starts == 50, TD3),
    "train_freq": Check(3, lambda b: b.model.train_freq == TrainFreq(3, TrainFrequencyUnit.STEP), TD3),
    "gradient_steps": Check(-1, lambda b: b.model.gradient_steps == -1, TD3),
    "tau": Check(0.02, lambda b: b.model.tau == 0.02, TD3),
    "save_replay_buffer": Check(False, lambda b: b.replay_files() == [], SAC),
    "max_replay_mb": Check(1, lambda b: b.replay_files() == [], SAC),
    "policy_delay": Check(3, lambda b: b.model.policy_delay == 3, TD3),
    "target_policy_noise": Check(0.3, lambda b: b.model.target_policy_noise == 0.3, TD3),
    "target_noise_clip": Check(0.4, lambda b: b.model.target_noise_clip == 0.4, TD3),
    "action_noise_std": Check(0.3, lambda b: b.model.action_noise._sigma.tolist() == [0.3, 0.3], TD3),
    "target_update_interval": dqn(500, lambda b: b.model.target_update_interval == 500),
    "exploration_fraction": dqn(0.5, lambda b: b.model.exploration_schedule(0.75) == pytest.approx(0.525)),
    "exploration_initial_eps": dqn(0.6, lambda b: b.model.exploration_schedule(1.0) == pytest.approx(0.6)),
    "exploration_final_eps": dqn(0.2, lambda b: b.model.exploration_schedule(0.0) == pytest.approx(0.2)),
    # the network
    "network": Check("gated", lambda b: len(b.layers(GatedLayer)) > 0),
    "hidden_layers": Check(
        [8, 4], lambda b: [b.network[0].out_features, b.network[2].out_features] == [8, 4]
    ),
    "activation": Check("elu", lambda b: isinstance(b.network[1], nn.ELU)),
    "cnn_channels": Check(
        [4, 8],
        lambda b: {layer.out_channels for layer in b.layers(nn.Conv2d)} == {4, 8},
        {"game_args": {"wire": "studio", "see": "camera_2d"}},
    ),
    "lstm_hidden_size": Check(
        8, lambda b: {layer.hidden_size for layer in b.layers(nn.LSTM)} == {8}, RECURRENT
    ),
    "lstm_layers": Check(2, lambda b: {layer.num_layers for layer in b.layers(nn.LSTM)} == {2}, RECURRENT),
    "log_std_init": Check(-1.0, lambda b: b.model.policy.log_std.tolist() == [-1.0, -1.0]),
    "ortho_init": Check(False, lambda b: b.orthogonality > 0.1),
    "normalize_observations": Check(True, lambda b: b.normalization is not None and b.normalization.norm_obs),
    "normalize_rewards": Check(True, lambda b: b.normalization is not None and b.normalization.norm_reward),
    "clip_observations": Check(
        3.0, lambda b: b.normalization.clip_obs == 3.0, {"normalize_observations": True}
    ),
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
    monkeypatch.setattr(common, "ensure_imported", lambda _godot, _project: False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (project.root / "main.tscn").touch()
    (project.root / "other.tscn").touch()
    reporter = Reporter(enabled=True, stream=io.BytesIO(), human=io.StringIO())
    games: list[Any] = []
    trainings: list[Training] = []

    def make(actions: str = "continuous", **overrides: Any) -> Built:
        godot = GodotBinary(make_build(actions), version, "option")
        monkeypatch.setattr(common, "find_godot", lambda _path: godot)
        config = resolve(SB3Config, overrides)
        run = RunFolder(tmp_path / "run")
        switch = StopSwitch(on_force=lambda: None)
        settings = common.game_settings(Args(project.root), project, config, reporter)
        common.load_torch(config.torch_threads)
        env = GodotVecEnv(script.start_games(settings, config, run, reporter, switch, games))
        training = Training(config, env, run, reporter, switch)
        trainings.append(training)
        files = [project.root / f"argv-{config.seed + number}.json" for number in range(config.n_envs)]
        argv = [json.loads(file.read_text()) for file in files]
        return Built(settings, training, argv, project.root)

    yield make
    for training in trainings:
        training._evaluation.close()
    for game in games:
        game.close()
    torch.set_num_threads(threads)


def test_every_field_has_a_check() -> None:
    assert set(CHECKS) == set(SB3Config.model_fields)


@pytest.mark.parametrize("name", CHECKS)
def test_a_field_has_an_effect(build: Build, name: str) -> None:
    check = CHECKS[name]
    assert check.holds(build(check.actions, **check.given, **{name: check.value})), f"{name} has no effect"


GROUPS = {
    json.dumps([check.actions, check.given]): [
        name for name, other in CHECKS.items() if (other.actions, other.given) == (check.actions, check.given)
    ]
    for check in CHECKS.values()
}
"""Fields whose checks need the same game and the same other fields."""


@pytest.mark.parametrize("names", GROUPS.values(), ids=lambda names: names[0])
def test_the_checks_notice_a_default(build: Build, names: list[str]) -> None:
    check = CHECKS[names[0]]
    built = build(check.actions, **check.given)
    assert [name for name in names if name != "device" and CHECKS[name].holds(built)] == []


def test_instances_get_consecutive_seeds(build: Build) -> None:
    built = build(n_envs=2, seed=40)
    assert ["--env_seed=40" in built.argv[0], "--env_seed=41" in built.argv[1]] == [True, True]


def test_a_device_that_is_not_there_is_a_configuration_error(build: Build) -> None:
    with pytest.raises(Exception, match="device: PyTorch cannot use 'cuda:77'"):
        build(device="cuda:77")
