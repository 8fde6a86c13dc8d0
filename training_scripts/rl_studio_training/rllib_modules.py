"""RLlib's modules for our policies: any observations of ours, and the actions that each algorithm can learn."""

from __future__ import annotations

from typing import Any, cast

import torch
import tree
from gymnasium import spaces
from ray.rllib.algorithms.dqn.torch.default_dqn_torch_rl_module import DefaultDQNTorchRLModule
from ray.rllib.algorithms.sac.torch.default_sac_torch_rl_module import DefaultSACTorchRLModule
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchMultiCategorical, TorchSquashedGaussian
from ray.rllib.core.learner.utils import make_target_network
from ray.rllib.core.models.base import ENCODER_OUT
from ray.rllib.core.rl_module.apis import (
    TARGET_NETWORK_ACTION_DIST_INPUTS,
    InferenceOnlyAPI,
    TargetNetworkAPI,
    ValueFunctionAPI,
)
from ray.rllib.core.rl_module.torch.torch_rl_module import TorchRLModule
from ray.rllib.utils.schedules.scheduler import Scheduler
from torch import nn

from rl_studio_training.rllib_networks import Inputs, NetworkSettings, Trunk, linear

SETTINGS = "rl_studio"
"""Where a module's `model_config` has the fields of `NetworkSettings`."""

Tensors = dict[str, Any]


def action_inputs(space: spaces.Space[Any]) -> int:
    """Numbers that a distribution over `space` is made of: mean and log-std of each number, or logits."""
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiDiscrete):
        return int(space.nvec.sum())
    return 2 * int((space.shape or (1,))[0])


class _Actor(nn.Module):
    """Features → inputs of the action distribution; log-stds do not depend on what is seen."""

    def __init__(self, width: int, space: spaces.Space[Any]) -> None:
        super().__init__()
        numbers = action_inputs(space)
        self.log_std = nn.Parameter(torch.zeros(numbers // 2)) if isinstance(space, spaces.Box) else None
        self.head = linear(width, numbers if self.log_std is None else numbers // 2, 0.01)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(features)
        return out if self.log_std is None else torch.cat([out, self.log_std.expand_as(out)], dim=-1)


class ActorCriticModule(TorchRLModule, ValueFunctionAPI, InferenceOnlyAPI, TargetNetworkAPI):  # type: ignore[misc]
    """Actor and critic of PPO, APPO and IMPALA. With "lstm" both share the layers and the memory.

    Observations come as (n, …), with a memory as (n, steps, …), and outputs have the same dimensions. The memory
    is {"h", "c"}: float32 (n, units).
    """

    def setup(self) -> None:
        settings = NetworkSettings(**self.model_config[SETTINGS])
        self.inputs = Inputs(self.observation_space, normalize=settings.normalize)
        self.trunk = Trunk(self.inputs, settings)
        width = self.trunk.width
        self.memory: nn.LSTM | None = None
        if settings.network == "lstm":
            self.memory = nn.LSTM(width, settings.lstm_hidden_size, batch_first=True)
            width = settings.lstm_hidden_size
        else:
            self.critic = Trunk(self.inputs, settings)
        self.actor = _Actor(width, self.action_space)
        self.value = linear(width, 1, 1.0)

    def get_non_inference_attributes(self) -> list[str]:
        own = ["value"] if self.memory is not None else ["critic", "value"]
        return [*own, "_old_trunk", "_old_memory", "_old_actor"]

    def get_initial_state(self) -> Tensors:
        if self.memory is None:
            return {}
        return {name: torch.zeros(self.memory.hidden_size) for name in ("h", "c")}

    def get_inference_action_dist_cls(self) -> Any:
        if isinstance(self.action_space, spaces.MultiDiscrete):
            return TorchMultiCategorical.get_partial_dist_cls(
                space=self.action_space, input_lens=self.action_space.nvec.tolist()
            )
        return super().get_inference_action_dist_cls()

    # --- forward passes

    def _forward(self, batch: Tensors, **_options: Any) -> Tensors:
        features, state = self._features(batch, self.trunk, self.memory)
        output = {Columns.ACTION_DIST_INPUTS: self.actor(features)}
        return output if state is None else {**output, Columns.STATE_OUT: state}

    def _forward_train(self, batch: Tensors, **_options: Any) -> Tensors:
        self._learn_inputs(batch)
        features, _ = self._features(batch, self.trunk, self.memory)
        output = {Columns.ACTION_DIST_INPUTS: self.actor(features)}
        if self.memory is not None:
            output[Columns.EMBEDDINGS] = features
        return output

    def compute_values(self, batch: Tensors, embeddings: Any | None = None) -> torch.Tensor:
        """The value of each observation."""
        if embeddings is None:
            trunk = self.trunk if self.memory is not None else self.critic
            embeddings, _ = self._features(batch, trunk, self.memory)
        return cast(torch.Tensor, self.value(embeddings).squeeze(-1))

    def _learn_inputs(self, batch: Tensors) -> None:
        observations = batch[Columns.OBS]
        if self.memory is not None and self.inputs.normalizes:
            is_real = batch[Columns.LOSS_MASK].flatten()
            observations = tree.map_structure(lambda rows: rows[is_real], _fold(observations)[0])
        self.inputs.learn(observations)

    def _features(
        self, batch: Tensors, trunk: Trunk, memory: nn.LSTM | None
    ) -> tuple[torch.Tensor, Tensors | None]:
        observations = batch[Columns.OBS]
        if memory is None:
            return trunk(*self.inputs(observations)), None
        rows, shape = _fold(observations)
        steps = trunk(*self.inputs(rows)).unflatten(0, shape)
        state = batch[Columns.STATE_IN]
        features, (h, c) = memory(steps, (state["h"].unsqueeze(0), state["c"].unsqueeze(0)))
        return features, {"h": h.squeeze(0), "c": c.squeeze(0)}

    # --- the former policy, which APPO holds on to

    def make_target_networks(self) -> None:
        self._old_trunk = make_target_network(self.trunk)
        self._old_actor = make_target_network(self.actor)
        self._old_memory = None if self.memory is None else make_target_network(self.memory)

    def get_target_network_pairs(self) -> list[tuple[Any, Any]]:
        pairs = [(self.trunk, self._old_trunk), (self.actor, self._old_actor)]
        return pairs if self.memory is None else [*pairs, (self.memory, self._old_memory)]

    def forward_target(self, batch: Tensors) -> Tensors:
        features, _ = self._features(batch, self._old_trunk, self._old_memory)
        return {TARGET_NETWORK_ACTION_DIST_INPUTS: self._old_actor(features)}


class _Encoder(nn.Module):
    """A trunk in the form that RLlib's modules expect; with actions in the batch they are further inputs."""

    def __init__(self, inputs: Inputs, settings: NetworkSettings, *, actions: int = 0) -> None:
        super().__init__()
        self.inputs = inputs
        self.trunk = Trunk(inputs, settings, extra=actions)
        self.takes_actions = actions > 0
        self.width = self.trunk.width

    def forward(self, batch: Tensors) -> Tensors:
        rows, pictures = self.inputs(batch[Columns.OBS])
        actions = batch[Columns.ACTIONS].float().flatten(1) if self.takes_actions else None
        return {ENCODER_OUT: self.trunk(rows, pictures, actions)}


class QModule(DefaultDQNTorchRLModule):  # type: ignore[misc]
    """DQN's module for one discrete action."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.pop("catalog_class", None)
        TorchRLModule.__init__(self, *args, **options)

    def setup(self) -> None:
        config = self.model_config
        settings = NetworkSettings(**config[SETTINGS])
        self.uses_double_q = config["double_q"]
        self.uses_dueling = config["dueling"]
        self.num_atoms = config["num_atoms"]
        self.v_min, self.v_max = config["v_min"], config["v_max"]
        self.epsilon_schedule = Scheduler(fixed_value_or_schedule=config["epsilon"], framework="torch")
        self.inputs = Inputs(self.observation_space, normalize=settings.normalize)
        self.encoder = _Encoder(self.inputs, settings)
        self.af = linear(self.encoder.width, int(self.action_space.n) * self.num_atoms, 1.0)
        if self.uses_dueling:
            self.vf = linear(self.encoder.width, 1, 1.0)

    def get_initial_state(self) -> Tensors:
        return {}

    def _forward_exploration(self, batch: Tensors, t: int = 0, **_options: Any) -> Tensors:
        """A random action with the probability that the schedule has at timestep `t`, else the best one."""
        best = self._forward_inference(batch)[Columns.ACTIONS]
        self.epsilon_schedule.update(t)
        is_random = torch.rand(best.shape) < self.epsilon_schedule.get_current_value()
        return {Columns.ACTIONS: torch.where(is_random, torch.randint_like(best, self.action_space.n), best)}

    def _forward_train(self, batch: Tensors) -> Tensors:
        self.inputs.learn(batch[Columns.OBS])
        return cast(Tensors, super()._forward_train(batch))


class SoftModule(DefaultSACTorchRLModule):  # type: ignore[misc]
    """SAC's module for numbers, or for one discrete action."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.pop("catalog_class", None)
        TorchRLModule.__init__(self, *args, **options)

    def setup(self) -> None:
        settings = NetworkSettings(**self.model_config[SETTINGS])
        self.twin_q = self.model_config["twin_q"]
        self.inputs = Inputs(self.observation_space, normalize=settings.normalize)
        self.pi_encoder = _Encoder(self.inputs, settings)
        self.pi = linear(self.pi_encoder.width, action_inputs(self.action_space), 0.01)
        if self.inference_only:
            return
        is_discrete = isinstance(self.action_space, spaces.Discrete)
        actions = 0 if is_discrete else int(self.action_space.shape[0])
        for name in ("qf", "qf_twin") if self.twin_q else ("qf",):
            encoder = _Encoder(self.inputs, settings, actions=actions)
            setattr(self, f"{name}_encoder", encoder)
            setattr(self, name, linear(encoder.width, int(self.action_space.n) if is_discrete else 1, 1.0))

    def get_initial_state(self) -> Tensors:
        return {}

    def get_inference_action_dist_cls(self) -> Any:
        if isinstance(self.action_space, spaces.Discrete):
            return super().get_inference_action_dist_cls()
        return TorchSquashedGaussian

    def _forward_inference(self, batch: Tensors) -> Tensors:
        """With the best actions as well: RLlib's distribution would give numbers that are not squashed."""
        output = self._forward_exploration(batch)
        chosen = output[Columns.ACTION_DIST_INPUTS]
        if isinstance(self.action_space, spaces.Box):
            return {**output, Columns.ACTIONS: torch.tanh(chosen.chunk(2, dim=-1)[0])}
        return {**output, Columns.ACTIONS: chosen.argmax(dim=-1)}

    def _forward_exploration(self, batch: Tensors, **_options: Any) -> Tensors:
        return {Columns.ACTION_DIST_INPUTS: self.pi(self.pi_encoder(batch)[ENCODER_OUT])}

    def _forward_train(self, batch: Tensors) -> Tensors:
        self.inputs.learn(batch[Columns.OBS])
        return cast(Tensors, super()._forward_train(batch))


def _fold(observations: Any) -> tuple[Any, torch.Size]:
    """(n, steps, …) as (n · steps, …), and (n, steps)."""
    if isinstance(observations, dict):
        folded = {key: part.flatten(0, 1) for key, part in observations.items()}
        return folded, next(iter(observations.values())).shape[:2]
    return observations.flatten(0, 1), observations.shape[:2]
