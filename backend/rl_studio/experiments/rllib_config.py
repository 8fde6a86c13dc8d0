"""The complete configuration of an RLlib run, on its new API stack: the only place where its fields are defined.

`target` names where a value ends up in `ray.rllib.algorithms.AlgorithmConfig`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from rl_studio.errors import closest
from rl_studio.experiments.fields import option
from rl_studio.experiments.network_fields import NETWORK, NORMALIZATION, NetworkFields
from rl_studio.experiments.replay_rules import exploration_problems, replay_problems
from rl_studio.experiments.rllib_fields import (
    LEARNING,
    POLICIES,
    REPLAYS,
    SECTIONS,
    LearnerFields,
    ReplayFields,
    RunnerFields,
)
from rl_studio.experiments.training_config import GENERAL, TrainingConfig, applies

PER_POLICY = (
    "learning_rate",
    "gamma",
    "ent_coef",
    "network",
    "hidden_layers",
    "activation",
    "cnn_channels",
    "lstm_hidden_size",
)
"""Fields that a policy may have values of its own for."""


class AlgorithmFields(TrainingConfig):
    """Which algorithm, and who learns."""

    algorithm: Literal["ppo", "appo", "impala", "dqn", "sac"] = option(
        "ppo",
        title="Algorithm",
        help="PPO suits most games. APPO and IMPALA keep many runners busy, DQN and SAC learn from a replay buffer.",
        group=GENERAL,
        target="the class: PPOConfig, APPOConfig, IMPALAConfig, DQNConfig, SACConfig",
        level="basic",
    )
    policy_mapping: Literal["by_name", "shared"] = option(
        "by_name",
        title="Policies",
        help="One policy for each policy_name of the agents, or a single one shared by all.",
        group=POLICIES,
        level="basic",
        target="multi_agent(policies, policy_mapping_fn)",
    )
    policies_to_train: list[str] = option(
        [],
        title="Policies to train",
        help="Names of the policies that learn; the others stay as they are. Empty: all.",
        group=POLICIES,
        level="basic",
        target="multi_agent(policies_to_train)",
    )
    judge: str = option(
        "",
        title="Judged policy",
        help="The policy whose reward decides on the best checkpoint and on stop conditions, where several learn. "
        "Empty: each has a best checkpoint of its own, and stop conditions must hold for each.",
        group=POLICIES,
        target="checkpoints/best.json; stop_reward, stop_success_rate, plateau_timesteps",
    )
    allow_untrained_opponents: bool = option(
        False,
        title="Untrained opponents",
        help="Let a policy that does not learn play with random weights. Else the run does not start unless it begins "
        "with a checkpoint that has that policy.",
        group=POLICIES,
        target="the check before the run; policies_to_train",
    )
    policies: dict[str, dict[str, Any]] = option(
        {},
        title="Per policy",
        help="Values of single policies, by policy name: learning rate, discount, entropy, network.",
        group=POLICIES,
        kind="json",
        target="multi_agent(policies), rl_module(rl_module_spec)",
    )


class RLlibConfig(NetworkFields, ReplayFields, LearnerFields, RunnerFields, AlgorithmFields):
    """RLlib on one policy or many. `total_timesteps` are agent steps, as everywhere."""

    network: Literal["mlp", "lstm", "gated"] = option(
        "mlp",
        title="Network",
        help="Plain layers, plain layers with a memory, or gated layers.",
        group=NETWORK,
        level="basic",
        target="rl_module(rl_module_spec)",
    )
    lstm_hidden_size: int = option(
        64,
        title="LSTM units",
        help="What a policy with a memory can remember. Not used by other networks.",
        group=NETWORK,
        unit="units",
        target="rl_module(model_config)",
        ge=1,
        le=4096,
    )
    max_seq_len: int = option(
        16,
        title="Sequence length",
        help="Steps through which a policy with a memory learns at a time.",
        group=NETWORK,
        unit="steps",
        target="rl_module(model_config)",
        ge=1,
        le=1024,
    )
    normalize_observations: bool = option(
        False,
        title="Normalize observations",
        help="Scale observations to zero mean and unit variance, as measured while training.",
        group=NORMALIZATION,
        target="rl_module(model_config)",
    )
    rllib: dict[str, dict[str, Any]] = option(
        {},
        title="More of RLlib",
        help="Arguments of AlgorithmConfig's methods by method, such as training: {vf_clip_param: 10}. They win "
        "over all other fields.",
        group=LEARNING,
        kind="json",
        target="AlgorithmConfig",
    )

    def contradictions(self) -> Iterator[tuple[str, str]]:
        common = list(self._common_contradictions())
        yield from common
        for name, values in self.policies.items():
            yield from self._policy_problems(name, values, common)

    def for_policy(self, name: str) -> RLlibConfig:
        """The configuration with the values of one policy in place of the common ones."""
        own = self.policies.get(name, {})
        return type(self).model_validate({**self.complete(), "policies": {}, **own}) if own else self

    def _common_contradictions(self) -> Iterator[tuple[str, str]]:
        yield from super().contradictions()
        if self.judge and self.policies_to_train and self.judge not in self.policies_to_train:
            near = closest(self.judge, self.policies_to_train)
            yield (
                "judge",
                f"{self.judge} is not among policies_to_train" + (f", did you mean {near}?" if near else ""),
            )
        if self.algorithm == "ppo" and self.minibatch_size > self.train_batch_size:
            yield (
                "minibatch_size",
                f"must not be above train_batch_size ({self.train_batch_size}); it is {self.minibatch_size}",
            )
        if self.network == "lstm":
            yield from self._memory_problems()
        if self.algorithm in REPLAYS:
            yield from replay_problems(self, self.train_batch_size)
        if self.algorithm == "dqn":
            yield from exploration_problems(self)
        for section in self.rllib:
            if section not in SECTIONS:
                yield f"rllib.{section}", _unknown(section, SECTIONS)

    def _memory_problems(self) -> Iterator[tuple[str, str]]:
        if self.algorithm in REPLAYS:
            yield "network", f"{self.algorithm} has no memory; use ppo, appo or impala with lstm, or mlp"
            return
        for key in ("rollout_fragment_length", "train_batch_size", "minibatch_size"):
            steps = getattr(self, key)
            if applies(type(self), key, self.algorithm) and steps != "auto" and steps < self.max_seq_len:
                yield key, f"must hold a sequence of {self.max_seq_len} steps (max_seq_len); it is {steps}"

    def _policy_problems(
        self, policy: str, values: dict[str, Any], common: list[tuple[str, str]]
    ) -> Iterator[tuple[str, str]]:
        """Wrong values of one policy, without what is wrong for all (`common`)."""
        known = [key for key in PER_POLICY if applies(type(self), key, self.algorithm)]
        for key in values:
            if key not in known:
                yield f"policies.{policy}.{key}", _unknown(key, known)
        own = {key: value for key, value in values.items() if key in known}
        try:
            mixed = type(self).model_validate({**self.complete(), "policies": {}, **own})
        except ValidationError as error:
            for item in error.errors(include_url=False):
                where = ".".join(str(part) for part in item["loc"])
                text = item["msg"].removeprefix("Value error, ")
                yield f"policies.{policy}.{where}", f"{text[:1].lower()}{text[1:]} (it is {item['input']!r})"
            return
        for key, message in mixed._common_contradictions():
            if key in own:
                yield f"policies.{policy}.{key}", message
            elif (key, message) not in common:
                yield f"policies.{policy}", f"{key} {message}"


def _unknown(name: str, known: Sequence[str]) -> str:
    near = closest(name, known)
    return f"unknown, did you mean {near}?" if near else f"unknown; there are {', '.join(known)}"
