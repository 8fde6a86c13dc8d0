"""The complete configuration of a Stable-Baselines3 run: the only place where its fields are defined.

The forms in the editor, `--set key=value` of the CLI, validation and the training script all read this model.
Hyperparameters keep the names of SB3. Defaults of PPO are those that reached a good policy in the least wall-clock time
over several games on a small CPU (docs/tuning.md): short rollouts of many agents, few passes. Other algorithms have
those of SB3 and sb3-contrib, but smaller replay buffers and updates that many agents can share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rl_studio.experiments.fields import option
from rl_studio.experiments.network_fields import NETWORK, NORMALIZATION, NetworkFields
from rl_studio.experiments.replay_rules import exploration_problems, replay_problems
from rl_studio.experiments.sb3_fields import (
    EVERY,
    OFF_POLICY,
    ON_POLICY,
    PPO_LIKE,
    OffPolicyFields,
    OnPolicyFields,
)
from rl_studio.experiments.training_config import GENERAL, TrainingConfig

LEARNING = "Learning"


class LearningFields(TrainingConfig):
    """What every algorithm of SB3 has."""

    algorithm: Literal["ppo", "a2c", "recurrent_ppo", "maskable_ppo", "sac", "td3", "dqn"] = option(
        "ppo",
        title="Algorithm",
        help="PPO suits most games. Recurrent PPO remembers, maskable PPO obeys action masks, SAC and TD3 learn "
        "continuous actions from few steps, DQN one discrete action.",
        group=GENERAL,
        target="the class: PPO, A2C, SAC, TD3, DQN; RecurrentPPO, MaskablePPO of sb3-contrib",
        level="basic",
    )
    learning_rate: float = option(
        1e-3,
        title="Learning rate",
        help="How much the networks change in each step of learning. Too high collapses, too low takes long.",
        group=LEARNING,
        level="basic",
        defaults={"a2c": 7e-4, "sac": 3e-4, "dqn": 1e-4},
        target="learning_rate",
        gt=0,
        le=1,
    )
    learning_rate_schedule: Literal["constant", "linear"] = option(
        "constant",
        title="Learning-rate schedule",
        help="Constant, or falling linearly to zero at the last timestep.",
        group=LEARNING,
        target="learning_rate",
    )
    gamma: float = option(
        0.99,
        title="Discount",
        help="How much future reward counts (gamma).",
        group=LEARNING,
        level="basic",
        target="gamma",
        gt=0,
        le=1,
    )
    batch_size: int = option(
        256,
        title="Batch size",
        help="Samples that are learned from at once. With PPO it should divide those of an update (steps per update x "
        "agents).",
        group=LEARNING,
        level="basic",
        algorithms=[name for name in EVERY if name != "a2c"],
        defaults={"dqn": 32},
        target="batch_size",
        ge=2,
    )


class SB3Config(NetworkFields, OffPolicyFields, OnPolicyFields, LearningFields):
    """Stable-Baselines3 on one policy. All step counts are agent steps unless they say otherwise."""

    network: Literal["mlp", "gated"] = option(
        "mlp",
        title="Network",
        help="Plain layers, or gated ones that blend each layer's input with its output, which deep networks need.",
        group=NETWORK,
        target="policy_kwargs",
    )
    lstm_hidden_size: int = option(
        64,
        title="LSTM units",
        help="What a recurrent policy can remember.",
        group=NETWORK,
        unit="units",
        algorithms=["recurrent_ppo"],
        target="policy_kwargs.lstm_hidden_size",
        ge=1,
        le=4096,
    )
    lstm_layers: int = option(
        1,
        title="LSTM layers",
        help="Recurrent layers on top of each other.",
        group=NETWORK,
        algorithms=["recurrent_ppo"],
        target="policy_kwargs.n_lstm_layers",
        ge=1,
        le=4,
    )
    log_std_init: float = option(
        0.0,
        title="Initial log std",
        help="Logarithm of the initial action noise (continuous actions).",
        group=NETWORK,
        algorithms=["ppo", "recurrent_ppo", "a2c"],
        target="policy_kwargs.log_std_init",
        ge=-10,
        le=3,
    )
    ortho_init: bool = option(
        True,
        title="Orthogonal init",
        help="Orthogonal initialisation of the weights.",
        group=NETWORK,
        algorithms=[*PPO_LIKE, "a2c"],
        target="policy_kwargs.ortho_init",
    )
    normalize_observations: bool = option(
        False,
        title="Normalize observations",
        help="Scale observations to zero mean and unit variance, as measured while training. Saved with each "
        "checkpoint. Pictures stay as they are.",
        group=NORMALIZATION,
        target="VecNormalize(norm_obs)",
    )
    normalize_rewards: bool = option(
        False,
        title="Normalize rewards",
        help="Scale rewards by the spread of their discounted sums. What is shown stays unscaled.",
        group=NORMALIZATION,
        target="VecNormalize(norm_reward)",
    )
    clip_observations: float = option(
        10.0,
        title="Clip observations",
        help="Limit of a normalized observation. Not used without normalization.",
        group=NORMALIZATION,
        target="VecNormalize(clip_obs)",
        gt=0,
    )

    def contradictions(self) -> Iterator[tuple[str, str]]:
        yield from super().contradictions()
        if self.ent_coef == "auto" and self.algorithm in ON_POLICY:
            yield "ent_coef", f"only sac can tune it by itself; give {self.algorithm} a number such as 0.0001"
        if self.algorithm in OFF_POLICY:
            yield from replay_problems(self, self.batch_size)
        if self.algorithm == "dqn":
            yield from exploration_problems(self)
