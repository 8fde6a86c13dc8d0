"""A policy of RLlib for the exporter: its graph, and what RLlib's module computes and does. Needs no running Ray."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns
from ray.rllib.utils.numpy import MAX_LOG_NN_OUTPUT, MIN_LOG_NN_OUTPUT
from torch import nn

from rl_studio_training.checkpoints import read_description
from rl_studio_training.errors import CheckpointError, ExportError
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
from rl_studio_training.rllib_modules import SETTINGS, ActorCriticModule, QModule, SoftModule
from rl_studio_training.rllib_networks import CLIP, EPSILON, GatedLayer, NetworkSettings, Trunk
from rl_studio_training.rllib_policy import RLlibPolicy, load_policy
from rl_studio_training.spaces import ObservationCodec, parse_actions

_DISTRIBUTIONS: dict[type, tuple[Distribution, Distribution]] = {
    ActorCriticModule: ("gaussian", "categorical"),
    SoftModule: ("squashed_gaussian", "categorical"),
    QModule: ("greedy", "greedy"),
}
"""Module → what continuous and discrete actions are drawn from."""


class RLlibExport:
    """See `Exportable`.

    Args:
        name: of the policy.
        policy: loaded.
        description: checkpoint.json.

    Raises:
        ExportError: its module is none of ours.
    """

    def __init__(self, name: str, policy: RLlibPolicy, description: Mapping[str, Any]) -> None:
        self._policy = policy
        self._module: Any = policy.module
        if type(self._module) not in _DISTRIBUTIONS:
            raise ExportError(
                f"The policy {name} has a module of the type {type(self._module).__name__}, which cannot be exported.",
                hint="Modules of the networks that the configuration offers can.",
            )
        wire = description["policies"][name]
        actions = parse_actions(wire["action_space"])
        self._lstm: nn.LSTM | None = getattr(self._module, "memory", None)
        self.facts = PolicyFacts(
            name=name,
            observation_space=wire["observation_space"],
            action_space=wire["action_space"],
            observations=ObservationCodec(wire["observation_space"], lambda _row, _key: None),
            actions=actions,
            trainer="rllib",
            algorithm=description.get("algorithm"),
            network=NetworkSettings(**self._module.model_config[SETTINGS]).network,
            memory=0 if self._lstm is None else 2 * self._lstm.hidden_size,
            distribution=kind_of(actions, *_DISTRIBUTIONS[type(self._module)]),
            timesteps=int(description["timesteps"]),
            packages=("ray", "torch", "onnx"),
        )

    # --- the graph

    def write(self, graph: Graph, inputs: Mapping[str, Value], memory: Value | None) -> dict[str, Value]:
        """See `Exportable`."""
        layers = Layers(graph, {GatedLayer: _write_gated})
        features = self._write_trunk(layers, self._trunk(), inputs)
        states: dict[str, Value] = {}
        if self._lstm is not None and memory is not None:
            before = graph.split(memory, [self._lstm.hidden_size] * 2)
            hidden, cell = layers.lstm(self._lstm, features, before[:1], before[1:])
            features, states = hidden[0], {"state_outs": graph.concat([*hidden, *cell])}
        return {**self._write_head(graph, features), **states}

    def _trunk(self) -> Trunk:
        if isinstance(self._module, ActorCriticModule):
            return self._module.trunk
        encoder = self._module.encoder if isinstance(self._module, QModule) else self._module.pi_encoder
        trunk: Trunk = encoder.trunk
        return trunk

    def _write_trunk(self, layers: Layers, trunk: Trunk, inputs: Mapping[str, Value]) -> Value:
        graph, seen = layers.graph, self._module.inputs
        single = self.facts.observations.single_key
        named = {"": inputs[single]} if single is not None else inputs
        columns = []
        if seen.boxes:
            numeric = graph.concat([graph.flatten(named[key]) for key in seen.boxes])
            columns.append(self._write_scaled(graph, numeric))
        columns += [graph.one_hot(named[key], size) for key, size in seen.choices.items()]
        eyes: Any = trunk.eyes
        columns += [layers.picture(eye, named[key]) for eye, key in zip(eyes, seen.pictures, strict=True)]
        return layers.write(trunk.layers, graph.concat(columns))

    def _write_scaled(self, graph: Graph, x: Value) -> Value:
        seen = self._module.inputs
        if not seen.normalizes:
            return x
        centred = graph.math("Sub", x, numbers(seen.mean))
        return graph.clip(graph.math("Div", centred, numbers((seen.variance + EPSILON).sqrt())), -CLIP, CLIP)

    def _write_head(self, graph: Graph, features: Value) -> dict[str, Value]:
        module, parts = self._module, self.facts.actions
        if isinstance(module, QModule):
            return {"output": _write_values(graph, module, features)}
        if isinstance(module, ActorCriticModule):
            drawn = None if module.actor.log_std is None else Spread(numbers(module.actor.log_std))
            return Head(_affine(module.actor.head), spread=drawn).write(graph, features, parts)
        whole = _affine(module.pi)
        if not isinstance(module.action_space, spaces.Box):
            return Head(whole).write(graph, features, parts)
        half = len(whole.bias) // 2
        spread = Spread(whole.rows(slice(half, None)), (MIN_LOG_NN_OUTPUT, MAX_LOG_NN_OUTPUT))
        return Head(whole.rows(slice(half)), squashes=True, spread=spread).write(graph, features, parts)

    # --- what RLlib does

    def forward(self, inputs: Inputs, memory: NDArray[np.float32]) -> Outputs:
        """See `Exportable`."""
        seen = _tensors(as_observations(self.facts.observations, inputs))
        batch: dict[str, Any] = {Columns.OBS: seen}
        if self.facts.memory:
            batch = {Columns.OBS: _with_time(seen), Columns.STATE_IN: _as_state(memory)}
        with torch.no_grad():
            if isinstance(self._module, QModule):
                return {"output": numbers(self._module.compute_q_values(batch)["qf_preds"])}
            told = self._module.forward_inference(batch)
        outputs = self._lay_out(numbers(told[Columns.ACTION_DIST_INPUTS]).reshape(len(memory), -1))
        if not self.facts.memory:
            return outputs
        state = told[Columns.STATE_OUT]
        return {**outputs, "state_outs": np.concatenate([numbers(state["h"]), numbers(state["c"])], axis=1)}

    def _lay_out(self, told: NDArray[np.float32]) -> Outputs:
        if not isinstance(self._module.action_space, spaces.Box):
            return lay_out(told, None, self.facts.actions)
        means, log_std = np.split(told, 2, axis=1)
        if isinstance(self._module, SoftModule):
            means, log_std = np.tanh(means), np.clip(log_std, MIN_LOG_NN_OUTPUT, MAX_LOG_NN_OUTPUT)
        return lay_out(means, log_std, self.facts.actions)

    def act(self, inputs: Inputs, memory: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `Exportable`."""
        state = _as_state(memory) if self.facts.memory else None
        actions, _ = self._policy.act(as_observations(self.facts.observations, inputs), state)
        has_slots = isinstance(self._policy.action_space, spaces.Box)
        return plain_actions(actions, self.facts.actions, binary_slots=has_slots)


def load(checkpoint: Path, name: str) -> RLlibExport:
    """One policy of a checkpoint.

    Raises:
        CheckpointError: it is no checkpoint of RLlib, has no such policy, or its weights are NaN.
        ExportError: the policy's module is none of ours.
    """
    policy = load_policy(checkpoint, name)
    description = read_description(checkpoint)
    if not all(bool(torch.isfinite(tensor).all()) for tensor in policy.module.state_dict().values()):
        raise CheckpointError(
            f"The weights in {checkpoint.name} are NaN: training had diverged.",
            hint="Take an earlier checkpoint, or train again with a lower learning_rate.",
        )
    return RLlibExport(name, policy, description)


def _write_values(graph: Graph, module: QModule, features: Value) -> Value:
    """Q values. Dueling heads are linear, so both make one layer; with atoms a state's value changes nothing."""
    head = _affine(module.af)
    if module.num_atoms > 1:
        return _write_expectations(graph, module, graph.gemm(features, head.weight, head.bias))
    if module.uses_dueling:
        value = _affine(module.vf)
        head = Affine(
            head.weight - head.weight.mean(axis=0, keepdims=True, dtype=np.float64) + value.weight,
            head.bias - head.bias.mean(dtype=np.float64) + value.bias,
        )
    return graph.gemm(features, head.weight, head.bias)


def _write_expectations(graph: Graph, module: QModule, logits: Value) -> Value:
    """The mean over the atoms of each action."""
    atoms, actions = module.num_atoms, module.action_space.n
    support = module.v_min + np.arange(atoms) * (module.v_max - module.v_min) / (atoms - 1)
    shares = [graph.unary("Softmax", part, axis=1) for part in graph.split(logits, [atoms] * actions)]
    return graph.gemm(graph.concat(shares), np.kron(np.eye(actions), support))


def _write_gated(layers: Layers, module: GatedLayer, x: Value) -> Value:
    value = layers.write(module.activation, layers.write(module.value, x))
    return layers.graph.math("Mul", value, layers.graph.unary("Sigmoid", layers.write(module.gate, x)))


def _affine(layer: nn.Linear) -> Affine:
    return Affine(numbers(layer.weight), numbers(layer.bias))


def _tensors(seen: Any) -> Any:
    if isinstance(seen, dict):
        return {name: torch.from_numpy(rows) for name, rows in seen.items()}
    return torch.from_numpy(seen)


def _with_time(seen: Any) -> Any:
    """(n, …) as (n, 1, …)."""
    if isinstance(seen, dict):
        return {name: rows.unsqueeze(1) for name, rows in seen.items()}
    return seen.unsqueeze(1)


def _as_state(memory: NDArray[np.float32]) -> dict[str, torch.Tensor]:
    hidden, cell = np.split(memory, 2, axis=1)
    return {"h": torch.from_numpy(hidden.copy()), "c": torch.from_numpy(cell.copy())}
