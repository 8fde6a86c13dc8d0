"""Fields of networks that several trainers share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, field_validator

from rl_studio.experiments.fields import option

NETWORK = "Network"
NORMALIZATION = "Normalization"
MAX_UNITS = 8192


class NetworkFields(BaseModel):
    """Sizes of the layers of a policy. Each trainer says which networks it has."""

    network: str = option("mlp", title="Network", help="Kind of network.", group=NETWORK, level="basic")
    hidden_layers: list[int] = option(
        [64, 64],
        title="Hidden layers",
        help="Units of each hidden layer, of policy and value network alike.",
        group=NETWORK,
        target="SB3: policy_kwargs.net_arch; RLlib: rl_module(model_config)",
        level="basic",
        unit="units",
        min_length=1,
        max_length=8,
    )
    activation: Literal["tanh", "relu", "elu"] = option(
        "tanh",
        title="Activation",
        help="Non-linearity between the layers.",
        group=NETWORK,
        target="SB3: policy_kwargs.activation_fn; RLlib: rl_module(model_config)",
        defaults={"sac": "relu", "td3": "relu", "dqn": "relu"},
    )
    cnn_channels: list[int] = option(
        [16, 32],
        title="Picture channels",
        help="Channels of each convolution over a picture among the observations. Not used without pictures.",
        group=NETWORK,
        target="SB3: policy_kwargs.features_extractor_kwargs; RLlib: rl_module(model_config)",
        unit="channels",
        min_length=1,
        max_length=6,
    )

    @field_validator("hidden_layers", "cnn_channels")
    @classmethod
    def _layers_are_sane(cls, value: list[int]) -> list[int]:
        if any(units < 1 or units > MAX_UNITS for units in value):
            raise ValueError(f"each layer needs 1 to {MAX_UNITS} units")
        return value
