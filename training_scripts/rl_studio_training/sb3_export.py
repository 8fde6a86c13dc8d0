"""A policy of Stable-Baselines3 for the exporter: its graph, and what SB3 computes and does itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.dqn.policies import DQNPolicy
from stable_baselines3.sac.policies import LOG_STD_MAX, LOG_STD_MIN, SACPolicy
from stable_baselines3.td3.policies import TD3Policy
from torch import nn

from rl_studio_training.onnx_actions import (
    Affine,
    Distribution,
    Head,
    Spread,
    kind_of,
    lay_out,
    plain_actions,
)
from rl_studio_training.onnx_exportable import Outputs, PolicyFacts
from rl_studio_training.onnx_graph import Graph, Value
from rl_studio_training.onnx_inputs import Inputs, as_observations
from rl_studio_training.onnx_layers import Layers, numbers
from rl_studio_training.sb3_networks import GatedLayer, PictureExtractor, is_picture
from rl_studio_training.sb3_normalization import ObservationScale
from rl_studio_training.sb3_player import Memory
from rl_studio_training.sb3_policy import TrainedPolicy, load_policy

_DISTRIBUTIONS: dict[str, tuple[Distribution, Distribution]] = {
    "sac": ("squashed_gaussian", "categorical"),
    "td3": ("deterministic", "deterministic"),
    "dqn": ("greedy", "greedy"),
}
"""Algorithm → what continuous and discrete actions are drawn from; the others draw from a Gaussian or by logits."""


class SB3Export:
    """See `Exportable`.

    Args:
        policy: loaded.
    """

    def __init__(self, policy: TrainedPolicy) -> None:
        self._policy = policy
        self._network: Any = policy.network
        self._player = policy.player()
        self._lstm: nn.LSTM | None = getattr(policy.network, "lstm_actor", None)
        memory = 0 if self._lstm is None else 2 * self._lstm.num_layers * self._lstm.hidden_size
        drawn = _DISTRIBUTIONS.get(policy.config.algorithm, ("gaussian", "categorical"))
        self.facts = PolicyFacts(
            name=policy.name,
            observation_space=policy.observation_space,
            action_space=policy.action_space,
            observations=policy.observations,
            actions=policy.actions,
            trainer="sb3",
            algorithm=policy.config.algorithm,
            network=policy.config.network,
            memory=memory,
            distribution=kind_of(policy.actions, *drawn),
            timesteps=int(policy.description["timesteps"]),
            packages=("stable-baselines3", "sb3-contrib", "torch", "onnx"),
        )

    # --- the graph

    def write(self, graph: Graph, inputs: Mapping[str, Value], memory: Value | None) -> dict[str, Value]:
        """See `Exportable`."""
        layers = Layers(graph, {GatedLayer: _write_gated})
        features = self._write_features(layers, inputs)
        states: dict[str, Value] = {}
        if self._lstm is not None and memory is not None:
            count = self._lstm.num_layers
            parts = graph.split(memory, [self._lstm.hidden_size] * (2 * count))
            hidden, cell = layers.lstm(self._lstm, features, parts[:count], parts[count:])
            features, states = hidden[-1], {"state_outs": graph.concat([*hidden, *cell])}
        trunk, head = self._head()
        return {**head.write(graph, layers.write(trunk, features), self.facts.actions), **states}

    def _write_features(self, layers: Layers, inputs: Mapping[str, Value]) -> Value:
        scale = self._policy.scale
        single = self.facts.observations.single_key
        if single is not None:
            return _write_scaled(layers.graph, scale, "", inputs[single])
        extractors: Any = self._extractor().extractors
        columns = []
        for key, extract in extractors.items():
            space = self.facts.observations.space_of(key)
            if isinstance(space, spaces.Discrete):
                columns.append(layers.graph.one_hot(inputs[key], int(space.n)))
            elif is_picture(space):
                columns.append(layers.picture(extract, inputs[key]))
            else:
                columns.append(layers.graph.flatten(_write_scaled(layers.graph, scale, key, inputs[key])))
        return layers.graph.concat(columns)

    def _extractor(self) -> PictureExtractor:
        """What makes features of several observations; SB3's own CombinedExtractor has the same parts."""
        policy = self._network
        if isinstance(policy, SACPolicy | TD3Policy):
            return cast(PictureExtractor, policy.actor.features_extractor)
        if isinstance(policy, DQNPolicy):
            return cast(PictureExtractor, policy.q_net.features_extractor)
        return cast(PictureExtractor, policy.pi_features_extractor)

    def _head(self) -> tuple[nn.Module, Head]:
        """The layers over the features, without the last one; and the last one."""
        policy: Any = self._network
        if isinstance(policy, SACPolicy):
            actor: Any = policy.actor
            spread = Spread(_affine(actor.log_std), (LOG_STD_MIN, LOG_STD_MAX))
            return actor.latent_pi, Head(_affine(actor.mu), squashes=True, spread=spread)
        if isinstance(policy, TD3Policy):
            *trunk, last, _tanh = policy.actor.mu
            return nn.Sequential(*trunk), Head(_affine(last), squashes=True)
        if isinstance(policy, DQNPolicy):
            *trunk, last = policy.q_net.q_net
            return nn.Sequential(*trunk), Head(_affine(last))
        drawn = Spread(numbers(policy.log_std)) if hasattr(policy, "log_std") else None
        return policy.mlp_extractor.policy_net, Head(_affine(policy.action_net), spread=drawn)

    # --- what SB3 does

    def forward(self, inputs: Inputs, memory: NDArray[np.float32]) -> Outputs:
        """See `Exportable`."""
        seen = as_observations(self.facts.observations, inputs)
        scaled: Any = seen if self._policy.scale is None else self._policy.scale.apply(seen)
        with torch.no_grad():
            tensors, _ = self._network.obs_to_tensor(scaled)
            means, log_std, state = self._outputs(tensors, memory)
        spread = None if log_std is None else numbers(log_std.expand_as(means))
        outputs = lay_out(numbers(means), spread, self.facts.actions)
        return outputs if state is None else {**outputs, "state_outs": _as_rows(state)}

    def _outputs(
        self, seen: Any, memory: NDArray[np.float32]
    ) -> tuple[torch.Tensor, torch.Tensor | None, Memory | None]:
        """Means, logits or values (n, width); log-stds; what is remembered."""
        policy = self._network
        if isinstance(policy, SACPolicy):
            means, log_std, _ = policy.actor.get_action_dist_params(seen)
            return torch.tanh(means), log_std, None
        if isinstance(policy, TD3Policy):
            return policy.actor(seen), None, None
        if isinstance(policy, DQNPolicy):
            return policy.q_net(seen), None, None
        latent = BasePolicy.extract_features(policy, seen, policy.pi_features_extractor)
        state = None
        if isinstance(policy, RecurrentActorCriticPolicy):
            h, c = self._as_memory(memory)
            before = (torch.from_numpy(h), torch.from_numpy(c))
            starts = torch.zeros(len(memory))
            latent, (h_after, c_after) = policy._process_sequence(latent, before, starts, policy.lstm_actor)
            state = (numbers(h_after), numbers(c_after))
        means = policy.action_net(policy.mlp_extractor.forward_actor(latent))
        return means, getattr(policy, "log_std", None), state

    def act(self, inputs: Inputs, memory: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `Exportable`."""
        state = self._as_memory(memory) if self.facts.memory else None
        actions, _ = self._player.act(as_observations(self.facts.observations, inputs), state)
        has_slots = isinstance(self._network.action_space, spaces.Box)
        return plain_actions(actions, self.facts.actions, binary_slots=has_slots)

    def _as_memory(self, rows: NDArray[np.float32]) -> Memory:
        """What SB3 calls a state: hidden and cell states (layers, n, units)."""
        assert self._lstm is not None
        h, c = rows.reshape(len(rows), 2, self._lstm.num_layers, -1).transpose(1, 2, 0, 3)
        return np.ascontiguousarray(h), np.ascontiguousarray(c)


def load(checkpoint: Path, name: str) -> SB3Export:
    """One policy of a checkpoint.

    Raises:
        CheckpointError: the folder is no SB3 checkpoint of ours, or has no such policy.
    """
    return SB3Export(load_policy(checkpoint, name))


def _as_rows(state: Memory) -> NDArray[np.float32]:
    """(n, numbers): hidden states of each layer, then cell states."""
    h, c = (part.transpose(1, 0, 2).reshape(part.shape[1], -1) for part in state)
    return np.concatenate([h, c], axis=1)


def _affine(layer: Any) -> Affine:
    return Affine(numbers(layer.weight), numbers(layer.bias))


def _write_scaled(graph: Graph, scale: ObservationScale | None, key: str, x: Value) -> Value:
    """(x - mean) / deviation, held within the limit; nothing for what is not normalized.

    The mean is taken off in two steps where float32 cannot hold it exactly enough for a tiny deviation.
    """
    if scale is None or key not in scale.mean:
        return x
    mean, deviation = scale.mean[key], scale.deviation[key]
    coarse = mean.astype(np.float32)
    fine = mean - coarse
    centred = graph.math("Sub", x, coarse)
    if np.any(np.abs(fine) > _NEGLIGIBLE * deviation):
        centred = graph.math("Sub", centred, fine)
    return graph.clip(graph.math("Div", centred, deviation), -scale.limit, scale.limit)


_NEGLIGIBLE = 1e-7


def _write_gated(layers: Layers, module: GatedLayer, x: Value) -> Value:
    graph = layers.graph
    units = module.norm.normalized_shape[0]
    candidate, context, gate = graph.split(layers.write(module.blend, x), [units] * 3)
    difference = graph.math("Sub", graph.unary("Elu", candidate, alpha=1.0), context)
    blended = graph.math("Add", context, graph.math("Mul", graph.unary("Sigmoid", gate), difference))
    return layers.write(module.norm, graph.math("Add", layers.write(module.skip, x), blended))
