"""Checkpoints of untrained policies with weights as after a long training, made in no time."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.checkpoints import CheckpointFolder
from rl_studio_training.sb3_model import build_model, save_model, wrap_env
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions
from training.fake_fleet import make_env
from training.fake_game import ACTIONS

FLAT: dict[str, Any] = {"obs": {"space": "box", "size": [5]}}
TWO_KEYS: dict[str, Any] = {
    "rays": {"space": "box", "size": [4], "low": 0.0, "high": 3.0},
    "body": {"space": "box", "size": [2]},
}
LAMP: dict[str, Any] = {"body": {"space": "box", "size": [2]}, "lamp": {"space": "discrete", "size": 3}}
PICTURE: dict[str, Any] = {**LAMP, "camera_2d": {"space": "box", "size": [3, 8, 9]}}
SEEN = {"flat": FLAT, "two_keys": TWO_KEYS, "lamp": LAMP, "picture": PICTURE}


def sb3_checkpoint(
    folder: Path,
    observations: dict[str, Any] = FLAT,
    actions: dict[str, Any] = ACTIONS["continuous"],
    *,
    names: tuple[str, ...] = ("walker",),
    spoil: bool = False,
    logits: float | None = None,
    describe: Callable[[SB3Config], dict[str, Any]] = lambda config: {"config": config.complete()},
    **fields: Any,
) -> Path:
    """Saves a policy as the training script would; `spoil` makes its weights NaN, `logits` how large logits become."""
    config = SB3Config(**{"hidden_layers": [16, 8], "seed": 3, "lstm_hidden_size": 6, **fields})
    env = wrap_env(config, make_env(observations, actions, masks=config.algorithm == "maskable_ppo"))
    if isinstance(env, StudioNormalize):
        _randomize(env)
    model = build_model(config, env)
    _shake(model.policy)
    if logits is not None:
        _spread(model.policy.action_net, logits)
    if spoil:
        torch.nn.init.constant_(next(model.policy.parameters()), float("nan"))
    policy = {"observation_space": observations, "action_space": actions}
    facts = {"policies": {name: policy for name in names}, **describe(config)}
    return CheckpointFolder(folder, 5).save(1000, "final", lambda path: save_model(model, path), facts)


def rllib_checkpoint(
    folder: Path,
    kind: str,
    observations: dict[str, Any] = FLAT,
    actions: dict[str, Any] = ACTIONS["continuous"],
    *,
    names: tuple[str, ...] = ("walker",),
    spoil: bool = False,
    model_config: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """Saves modules as a training with RLlib would; `kind` is "ppo", "sac" or "dqn"."""
    torch.manual_seed(3)
    for name in names:
        module = _module(kind, observations, actions, model_config or {}, settings)
        _shake(module)
        if module.inputs.normalizes:
            module.inputs.mean.normal_(0.0, 0.5)
            module.inputs.variance.uniform_(0.01, 0.5)
        if spoil:
            torch.nn.init.constant_(next(module.parameters()), float("nan"))
        module.save_to_path(folder / "rllib" / "learner_group" / "learner" / "rl_module" / name)
    policy = {"observation_space": observations, "action_space": actions}
    facts = {"trainer": "rllib", "algorithm": kind, "timesteps": 100, "policies": {n: policy for n in names}}
    (folder / "checkpoint.json").write_text(json.dumps(facts))
    return folder


def _module(
    kind: str,
    observations: dict[str, Any],
    actions: dict[str, Any],
    model_config: dict[str, Any],
    settings: dict[str, Any],
) -> Any:
    from rl_studio_training.rllib_modules import SETTINGS, ActorCriticModule, QModule, SoftModule

    more: dict[str, Any] = {"max_seq_len": 4} if settings.get("network") == "lstm" else {}
    if kind == "dqn":
        more = {"double_q": True, "dueling": False, "num_atoms": 1, "v_min": -10.0, "v_max": 10.0}
        more["epsilon"] = [[0, 1.0], [9, 0.0]]
    if kind == "sac":
        more = {"twin_q": True}
    layers = {"hidden_layers": (16, 8), "cnn_channels": (4, 3), "lstm_hidden_size": 6, **settings}
    return {"ppo": ActorCriticModule, "sac": SoftModule, "dqn": QModule}[kind](
        observation_space=ObservationCodec(observations, lambda _row, _key: None).space,
        action_space=ActionCodec(parse_actions(actions)).space,
        model_config={SETTINGS: layers, **more, **model_config},
        inference_only=False,
    )


def _shake(network: torch.nn.Module) -> None:
    """The last layer's weights are as good as zero before training."""
    for parameter in network.parameters():
        inputs = parameter[0].numel() if parameter.ndim > 1 else 100
        parameter.data += min(0.4, 1.0 / math.sqrt(inputs)) * torch.randn_like(parameter)


def _spread(last: torch.nn.Linear, size: float) -> None:
    """Logits as after a long training: some that large, of both signs, and one in which what adds up cancels out."""
    with torch.no_grad():
        weights = last.weight * (size / last.weight.abs().sum(dim=1, keepdim=True))
        weights[0] = weights[1] - weights[2] * (weights[1].sum() / weights[2].sum())
        last.weight.copy_(weights)
        last.bias.zero_()


def _randomize(env: StudioNormalize) -> None:
    """Statistics as after some training: some numbers beyond the limit, one that never changed."""
    random = np.random.default_rng(5)
    if not env.norm_obs:
        return
    for values in env.obs_rms.values() if isinstance(env.obs_rms, dict) else [env.obs_rms]:
        values.mean = random.normal(0.0, 0.5, values.mean.shape)
        values.var = random.uniform(0.01, 0.5, values.var.shape)
        values.mean[0], values.var[0] = 0.3, 0.0
