"""What the exporter wants to know of a trained policy, whoever trained it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.layout import ActionPart
from rl_studio_training.onnx_actions import Distribution
from rl_studio_training.onnx_graph import Graph, Value
from rl_studio_training.onnx_inputs import Inputs
from rl_studio_training.spaces import ObservationCodec

Outputs = dict[str, NDArray[np.float32]]
"""Rows (n, …) of `output` and `state_outs`, and of `log_std` if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """What is known about a policy.

    Args:
        observation_space, action_space: in wire form.
        observations: the codec the policy was trained with.
        actions: in wire order.
        algorithm: None if the checkpoint does not tell.
        network: as the configuration names it.
        memory: numbers that the policy remembers from one decision to the next.
        distribution: what actions are drawn from.
        timesteps: agent steps of its training.
        packages: what it was trained with, for the versions in the file.
    """

    name: str
    observation_space: Mapping[str, Any]
    action_space: Mapping[str, Any]
    observations: ObservationCodec
    actions: tuple[ActionPart, ...]
    trainer: str
    algorithm: str | None
    network: str
    memory: int
    distribution: Distribution
    timesteps: int
    packages: tuple[str, ...]


class Exportable(Protocol):
    """A trained policy: how its graph is written, and what it computes itself."""

    @property
    def facts(self) -> PolicyFacts:
        """What is known about it."""

    def write(self, graph: Graph, inputs: Mapping[str, Value], memory: Value | None) -> dict[str, Value]:
        """Writes the policy into a graph.

        Args:
            inputs: by observation.
            memory: (batch, facts.memory); None without one.

        Returns:
            `output`; `log_std` if all actions are continuous and drawn at random; `state_outs` with a memory.

        Raises:
            ExportError: a layer cannot be exported.
        """

    def forward(self, inputs: Inputs, memory: NDArray[np.float32]) -> Outputs:
        """The same outputs, computed by the network as it was trained.

        Args:
            memory: (n, facts.memory).
        """

    def act(self, inputs: Inputs, memory: NDArray[np.float32]) -> NDArray[np.float64]:
        """The actions that the policy's own player takes, deterministic: (n, width) in wire order, choices as
        their numbers.
        """
