"""The layers of RLlib's policies: from named observations to features. Plain torch, without RLlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from gymnasium import spaces
from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}
CLIP = 10.0
"""Normalized observations stay within -10 … 10."""
EPSILON = 1e-8
"""Added to variances, so that none is 0."""
_PADDING = 1
_KERNEL = 3
_STRIDE = 2


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What a policy's layers look like.

    Args:
        network: "mlp", "gated" or "lstm".
        hidden_layers: units of each layer.
        activation: key of `ACTIVATIONS`.
        cnn_channels: of each convolution over a picture.
        lstm_hidden_size: units of the memory, with "lstm".
        normalize: scale observations to zero mean and unit variance.
    """

    network: str = "mlp"
    hidden_layers: Sequence[int] = (64, 64)
    activation: str = "tanh"
    cnn_channels: Sequence[int] = (16, 32)
    lstm_hidden_size: int = 64
    normalize: bool = False


class Inputs(nn.Module):
    """Makes of observations what layers take: one row of numbers, and pictures from 0 to 1.

    Args:
        space: Box, or Dict of Box (pictures are uint8 with three dimensions) and Discrete (one-hot).
        normalize: as `NetworkSettings` has it; not for pictures and choices.
    """

    mean: torch.Tensor
    variance: torch.Tensor
    count: torch.Tensor

    def __init__(self, space: spaces.Space[Any], *, normalize: bool) -> None:
        super().__init__()
        parts = dict(space.spaces) if isinstance(space, spaces.Dict) else {"": space}
        self.pictures = {key: part for key, part in parts.items() if is_picture(part)}
        self.choices = {key: int(part.n) for key, part in parts.items() if isinstance(part, spaces.Discrete)}
        self.boxes = {
            key: math.prod(part.shape or ())
            for key, part in parts.items()
            if key not in self.pictures and key not in self.choices
        }
        self.width = sum(self.boxes.values()) + sum(self.choices.values())
        self.normalizes = normalize and bool(self.boxes)
        numbers = sum(self.boxes.values()) if self.normalizes else 0
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("variance", torch.ones(numbers))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, observations: Any) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Rows (n, width), and pictures (n, channels, height, width) in the order of `pictures`."""
        numbers = self._numbers(observations)
        if self.normalizes:
            numbers = ((numbers - self.mean) / (self.variance + EPSILON).sqrt()).clamp(-CLIP, CLIP)
        hot = [
            nn.functional.one_hot(observations[key].long(), size).float()
            for key, size in self.choices.items()
        ]
        pictures = [_part(observations, key).float() / 255.0 for key in self.pictures]
        return torch.cat([numbers, *hot], dim=-1) if hot else numbers, pictures

    def _numbers(self, observations: Any) -> torch.Tensor:
        found = [
            _part(observations, key).float().flatten(1) if key else observations.float().flatten(1)
            for key in self.boxes
        ]
        if len(found) == 1:
            return found[0]
        if found:
            return torch.cat(found, dim=-1)
        some = next(iter(observations.values())) if isinstance(observations, dict) else observations
        return torch.zeros(len(some), 0, device=some.device)

    @torch.no_grad()
    def learn(self, observations: Any) -> None:
        """Takes rows into the mean and the variance; nothing without `normalize`."""
        if not self.normalizes:
            return
        numbers = self._numbers(observations)
        rows = len(numbers)
        delta = numbers.mean(dim=0) - self.mean
        total = self.count + rows
        spread = self.variance * self.count + numbers.var(dim=0, correction=0) * rows
        self.variance.copy_((spread + delta.square() * self.count * rows / total) / total)
        self.mean.add_(delta * rows / total)
        self.count.copy_(total)


class Trunk(nn.Module):
    """Layers over `Inputs`; a picture goes through convolutions first.

    Args:
        inputs: whose outputs they take.
        settings: of the layers; the memory of "lstm" is not among them.
        extra: further numbers in each row, such as actions.
    """

    def __init__(self, inputs: Inputs, settings: NetworkSettings, *, extra: int = 0) -> None:
        super().__init__()
        self.eyes = nn.ModuleList(
            _convolutions(space, settings.cnn_channels) for space in inputs.pictures.values()
        )
        width = inputs.width + extra
        width += sum(_convolved(space, settings.cnn_channels) for space in inputs.pictures.values())
        layers: list[nn.Module] = []
        for units in settings.hidden_layers:
            layers += _layer(width, units, settings)
            width = units
        self.layers = nn.Sequential(*layers)
        self.width = width

    def forward(
        self, rows: torch.Tensor, pictures: Sequence[torch.Tensor], extra: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Features (n, width)."""
        parts = [rows, *(eye(picture) for eye, picture in zip(self.eyes, pictures, strict=True))]
        if extra is not None:
            parts.append(extra)
        features: torch.Tensor = self.layers(parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1))
        return features


class GatedLayer(nn.Module):
    """act(W x + b) · sigmoid(V x + c): each unit decides how much it lets through.

    Args:
        width, units: numbers in and out.
    """

    def __init__(self, width: int, units: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.value = linear(width, units, math.sqrt(2.0))
        self.gate = linear(width, units, 1.0)
        self.activation = activation()

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        gated: torch.Tensor = self.activation(self.value(rows)) * torch.sigmoid(self.gate(rows))
        return gated


def linear(width: int, units: int, gain: float) -> nn.Linear:
    """A layer with orthogonal weights and no bias to begin with."""
    layer = nn.Linear(width, units)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


def is_picture(space: spaces.Space[Any]) -> bool:
    """Whether convolutions are for it: uint8, (channels, height, width)."""
    return isinstance(space, spaces.Box) and space.dtype == "uint8" and len(space.shape) == 3


def _part(observations: Any, key: str) -> torch.Tensor:
    part: torch.Tensor = observations[key] if key else observations
    return part


def _layer(width: int, units: int, settings: NetworkSettings) -> list[nn.Module]:
    activation = ACTIVATIONS[settings.activation]
    if settings.network == "gated":
        return [GatedLayer(width, units, activation)]
    return [linear(width, units, math.sqrt(2.0)), activation()]


def _convolutions(space: spaces.Space[Any], channels: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = (space.shape or (1,))[0]
    for count in channels:
        layers += [nn.Conv2d(before, count, _KERNEL, _STRIDE, _PADDING), nn.ReLU()]
        before = count
    return nn.Sequential(*layers, nn.Flatten())


def _convolved(space: spaces.Space[Any], channels: Sequence[int]) -> int:
    """Numbers that come out of `_convolutions`."""
    _, height, width = space.shape or (1, 1, 1)
    for _ in channels:
        height, width = ((size + 2 * _PADDING - _KERNEL) // _STRIDE + 1 for size in (height, width))
    return channels[-1] * height * width
