"""Networks for the parity tests: every kind of graph the policy runtime promises to run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

BATCH = {0: "batch"}


@dataclass(frozen=True)
class Case:
    """One network: `write(path)` makes the file, `inputs` are flat sizes by input name."""

    name: str
    inputs: Mapping[str, int]
    write: Callable[[Path], None]
    scale: float = 1.0
    chain: bool = True
    """Whether the fast path must take it."""
    states: bool = True
    """Whether the file has `state_ins` and `state_outs`."""
    needs: tuple[str, ...] = field(default=())
    """Python packages without which the file cannot be written."""


class Actor(nn.Module):
    """What an exported SB3 policy computes: flattened observations → layers → output."""

    def __init__(self, sizes: list[int], activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes[:-1]):
            layers += [nn.Linear(before, after), activation()]
        self.body = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))

    def forward(self, *args: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        observations = [torch.flatten(value, 1) for value in args[:-1]]
        return self.body(torch.cat(observations, dim=1)), args[-1]


def export(
    module: nn.Module, sizes: Mapping[str, int], path: Path, opset: int, *, dynamo: bool = False
) -> None:
    """Write `module(*observations, state_ins)` with torch's own exporter."""
    inputs = (*(torch.zeros(1, size) for size in sizes.values()), torch.ones(1))
    names = [*sizes, "state_ins"]
    outputs = ["output", "state_outs"]
    options: dict[str, Any] = {"input_names": names, "output_names": outputs, "opset_version": opset}
    if dynamo:
        shapes = tuple({0: torch.export.Dim.DYNAMIC} for _ in names)
        options |= {"dynamic_shapes": (shapes,), "external_data": False, "verbose": False}
    else:
        options |= {"dynamic_axes": dict.fromkeys(names + outputs, BATCH)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), inputs, str(path), dynamo=dynamo, **options)


def mlp(
    sizes: list[int],
    activation: Callable[[], nn.Module] = nn.Tanh,
    *,
    opset: int = 17,
    keys: Mapping[str, int] | None = None,
    dynamo: bool = False,
) -> tuple[Mapping[str, int], Callable[[Path], None]]:
    inputs = keys or {"obs": sizes[0]}

    def write(path: Path) -> None:
        torch.manual_seed(sum(sizes))
        export(Actor(sizes, activation), inputs, path, opset, dynamo=dynamo)

    return inputs, write


class Sb3Actor(nn.Module):
    """The wrapper around an SB3 policy that godot-rl and our converter export."""

    def __init__(self, policy: Any, keys: list[str]) -> None:
        super().__init__()
        self.policy = policy
        self.keys = keys

    def forward(self, *args: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        observation = dict(zip(self.keys, args[:-1], strict=True))
        features = self.policy.extract_features(observation, self.policy.pi_features_extractor)
        latent = self.policy.mlp_extractor.forward_actor(features)
        return self.policy.action_net(latent), args[-1]


def write_sb3(path: Path, sizes: Mapping[str, int], actions: Any) -> None:
    from gymnasium import spaces
    from stable_baselines3.common.policies import MultiInputActorCriticPolicy

    torch.manual_seed(5)
    observation = spaces.Dict({key: spaces.Box(-1, 1, (size,), np.float32) for key, size in sizes.items()})
    policy = MultiInputActorCriticPolicy(observation, actions, lambda _: 3e-4, net_arch=[64, 64])
    with torch.no_grad():
        policy.action_net.get_parameter("weight").mul_(100.0)  # as good as zero before training
    export(Sb3Actor(policy, sorted(sizes)), dict(sorted(sizes.items())), path, 17)


def write_graph(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: Mapping[str, np.ndarray],
    inputs: Mapping[str, int],
    opset: int,
) -> None:
    """Write a graph made by hand; its output is `output`."""
    real = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "hand",
        [helper.make_tensor_value_info(name, real, ["batch", size]) for name, size in inputs.items()],
        [helper.make_tensor_value_info("output", real, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 10 if opset > 17 else 8
    onnx.save(model, str(path))


def write_matmul_add(path: Path) -> None:
    """Layers as the newer exporters write them, one with the bias on the left."""
    rng = np.random.default_rng(1)
    weights: dict[str, np.ndarray] = {
        "w1": rng.normal(size=(9, 30)).astype(np.float32) / 3,
        "b1": rng.normal(size=(30,)).astype(np.float32),
        "w2": rng.normal(size=(30, 6)).astype(np.float32) / 5,
        "b2": rng.normal(size=(1, 6)).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["obs", "w1"], ["m1"], "first"),
        helper.make_node("Add", ["m1", "b1"], ["h1"]),
        helper.make_node("Elu", ["h1"], ["a1"], alpha=0.7),
        helper.make_node("MatMul", ["a1", "w2"], ["m2"]),
        helper.make_node("Add", ["b2", "m2"], ["output"]),
    ]
    write_graph(path, nodes, weights, {"obs": 9}, 20)


class Mixture(nn.Module):
    """Operators outside of the fast path: normalisation, several heads, slices, softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.randn(10), requires_grad=False)
        self.norm = nn.LayerNorm(20)
        self.first = nn.Linear(10, 20)
        self.heads = nn.ModuleList([nn.Linear(20, 3), nn.Linear(20, 4)])
        self.log_std = nn.Parameter(torch.randn(3), requires_grad=False)

    def forward(self, *args: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.clamp((args[0] - self.mean) / torch.sqrt(self.mean**2 + 1.0), -2.0, 2.0)
        x = nn.functional.silu(self.norm(self.first(x)))
        mean = torch.tanh(self.heads[0](x))
        log_std = self.log_std.expand(mean.shape[0], -1)
        logits = self.heads[1](x).reshape(-1, 2, 2)
        chances = torch.cat(
            [torch.softmax(logits[:, 0], 1), torch.log_softmax(logits[:, 1:], 2).flatten(1)], 1
        )
        spread = (x - x.mean(dim=1, keepdim=True)).abs().sum(dim=1, keepdim=True)
        odd = torch.transpose(x.unsqueeze(2), 1, 2)[:, :, 1:9:3].reshape(-1, 3)
        least, most = torch.split(odd, [1, 2], dim=1)
        parts = [mean, log_std.exp(), chances, spread, torch.minimum(least, most), torch.maximum(least, most)]
        return torch.cat(parts, dim=1), args[-1]


class DeadBranch(nn.Module):
    """A graph like SAC's: the standard deviation is computed, then not used."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.mu = nn.Linear(32, 2)

    def forward(self, *args: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rows = args[0].shape[0]
        latent = self.body(args[0].reshape(rows, -1).to(torch.float32))
        return torch.tanh(self.mu(latent)).reshape(rows, 2), args[-1]


def write_module(module: Callable[[], nn.Module], size: int, opset: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        torch.manual_seed(3)
        export(module(), {"obs": size}, path, opset)

    return write


def _mlp_case(name: str, sizes: list[int], *args: Any, scale: float = 1.0, **options: Any) -> Case:
    needs = ("onnxscript",) if options.get("dynamo") else ()
    inputs, write = mlp(sizes, *args, **options)
    return Case(name, inputs, write, scale=scale, needs=needs)


def _sb3_case(name: str, sizes: Mapping[str, int], actions: Callable[[], Any]) -> Case:
    return Case(name, sizes, lambda path: write_sb3(path, sizes, actions()))


def _box() -> Any:
    from gymnasium import spaces

    return spaces.Box(-1, 1, (2,), np.float32)


def _choices() -> Any:
    from gymnasium import spaces

    return spaces.MultiDiscrete([3, 4, 2])


CASES: list[Case] = [
    _mlp_case("tanh-8-64-64-2", [8, 64, 64, 2]),
    _mlp_case("tanh-8-64-64-2-opset13", [8, 64, 64, 2], opset=13),
    _mlp_case("tanh-21-64-64-2-opset9", [21, 64, 64, 2], opset=9),
    _mlp_case("relu-64-128-128-4", [64, 128, 128, 4], nn.ReLU),
    _mlp_case("relu-large-inputs", [64, 128, 128, 4], nn.ReLU, scale=20.0),
    _mlp_case("tanh-7-33-5-3", [7, 33, 5, 3]),
    _mlp_case("elu-7-33-5-3", [7, 33, 5, 3], nn.ELU),
    _mlp_case("leaky-relu-7-33-5-3", [7, 33, 5, 3], nn.LeakyReLU),
    _mlp_case("sigmoid-7-33-5-3", [7, 33, 5, 3], nn.Sigmoid, scale=10.0),
    _mlp_case("softplus-7-33-5-3", [7, 33, 5, 3], nn.Softplus),
    _mlp_case("linear-1-1", [1, 1]),
    _mlp_case("two-keys", [12, 32, 3], keys={"enemies": 5, "obs": 7}),
    _mlp_case("dynamo", [8, 64, 64, 2], dynamo=True, opset=20),
    _mlp_case("dynamo-two-keys", [12, 32, 3], nn.ELU, keys={"enemies": 5, "obs": 7}, dynamo=True, opset=20),
    _sb3_case("sb3-continuous", {"obs": 8}, _box),
    _sb3_case("sb3-discrete", {"obs": 8}, _choices),
    _sb3_case("sb3-two-keys", {"obs": 6, "enemies": 3}, _box),
    Case("matmul-add", {"obs": 9}, write_matmul_add, states=False),
    Case("dead-branch", {"obs": 6}, write_module(DeadBranch, 6, 17)),
    Case("mixture-opset17", {"obs": 10}, write_module(Mixture, 10, 17), chain=False),
    Case("mixture-opset13", {"obs": 10}, write_module(Mixture, 10, 13), chain=False),
    Case("mixture-opset12", {"obs": 10}, write_module(Mixture, 10, 12), chain=False),
    Case("mixture-opset20", {"obs": 10}, write_module(Mixture, 10, 20), chain=False),
]
