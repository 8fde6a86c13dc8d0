"""SB3's algorithms by name: which class, which arguments, and which games they are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import DQN, SAC, TD3
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.utils import polyak_update

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.training_config import applies
from rl_studio_training.errors import SpacesError
from rl_studio_training.layout import ActionPart
from rl_studio_training.sb3_base import StudioAlgorithm
from rl_studio_training.sb3_masked import StudioMaskablePPO
from rl_studio_training.sb3_ppo import FleetA2C, FleetPPO
from rl_studio_training.sb3_recurrent import StudioRecurrentPPO
from rl_studio_training.sb3_replay import StudioReplay
from rl_studio_training.sb3_schedules import schedule

MASKED = "maskable_ppo"
"""The algorithm that obeys action masks."""


class StudioSAC(StudioReplay, SAC):
    """SB3's SAC."""


class StudioTD3(StudioReplay, TD3):
    """SB3's TD3."""


class StudioDQN(StudioReplay, DQN):
    """SB3's DQN, but each agent explores for itself instead of all in the same step."""

    _since_target = 0
    """Steps of agents since the target network was updated."""

    def count_from_calls(self, agents: int) -> None:
        """Goes on from a checkpoint that only counted decisions, of so many agents that were always there."""
        self._since_target = self._n_calls % max(self.target_update_interval // agents, 1) * agents

    def _on_step(self) -> None:
        """As SB3 has it, with an interval that counts the steps of agents that are there."""
        self._n_calls += 1
        count = self.n_acted
        self._since_target += count
        if (
            self._since_target + count > self.target_update_interval
        ):  # another step like this would be too late
            self._since_target = 0
            polyak_update(self.q_net.parameters(), self.q_net_target.parameters(), self.tau)
            polyak_update(self.batch_norm_stats, self.batch_norm_stats_target, 1.0)
        self.exploration_rate = self.exploration_schedule(self._current_progress_remaining)
        self.logger.record("rollout/exploration_rate", self.exploration_rate)

    def predict(
        self,
        observation: Any,
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...] | None]:
        """As SB3 has it."""
        actions, state = self.policy.predict(observation, state, episode_start, deterministic=True)
        if not deterministic:
            assert isinstance(self.action_space, spaces.Discrete)
            explores = np.random.rand(*actions.shape) < self.exploration_rate
            others = np.random.randint(int(self.action_space.n), size=actions.shape)
            actions = np.where(explores, others, actions)
        return actions, state


ALGORITHMS: dict[str, type[StudioAlgorithm]] = {
    "ppo": FleetPPO,
    "a2c": FleetA2C,
    "recurrent_ppo": StudioRecurrentPPO,
    "maskable_ppo": StudioMaskablePPO,
    "sac": StudioSAC,
    "td3": StudioTD3,
    "dqn": StudioDQN,
}

_SAME_NAME = (
    *("n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "clip_range_vf", "normalize_advantage"),
    *("ent_coef", "vf_coef", "max_grad_norm", "target_kl", "use_rms_prop"),
    *("buffer_size", "learning_starts", "train_freq", "gradient_steps", "tau", "target_update_interval"),
    *("exploration_fraction", "exploration_initial_eps", "exploration_final_eps"),
    *("policy_delay", "target_policy_noise", "target_noise_clip"),
)
"""Fields of SB3Config that are arguments of SB3 as they are, where the algorithm has them."""

_FIRST_TEMPERATURE = 0.1
"""The entropy coefficient at which SAC begins to tune it."""


def algorithm_arguments(config: SB3Config, actions: spaces.Space[Any]) -> dict[str, Any]:
    """The hyperparameters as the algorithm's class takes them, without those of its policy."""
    arguments: dict[str, Any] = {
        name: getattr(config, name) for name in _SAME_NAME if applies(SB3Config, name, config.algorithm)
    }
    arguments["learning_rate"] = schedule(config.learning_rate, config.learning_rate_schedule)
    if applies(SB3Config, "clip_range", config.algorithm):
        arguments["clip_range"] = schedule(config.clip_range, config.clip_range_schedule)
    if config.ent_coef == "auto":
        # SB3 begins at 1, which drowns the reward until thousands of updates have lowered it.
        arguments["ent_coef"] = f"auto_{_FIRST_TEMPERATURE}"
    if config.algorithm == "td3" and config.action_noise_std > 0:
        size = (actions.shape or (1,))[0]
        arguments["action_noise"] = NormalActionNoise(np.zeros(size), np.full(size, config.action_noise_std))
    return arguments


def optimizer_arguments(config: SB3Config) -> dict[str, Any]:
    """What of the policy's arguments is about its optimizer."""
    if config.algorithm == "a2c" and config.use_rms_prop:
        return {}
    # One fused kernel updates all weights: 10 to 15 % off an update of a small network. The eps is SB3's own.
    eps = {} if config.algorithm in ("sac", "td3", "dqn") else {"eps": 1e-5}
    return {"optimizer_kwargs": {**eps, "fused": True}}


def check_spaces(algorithm: str, actions: Sequence[ActionPart], has_masks: bool) -> None:
    """Makes sure that an algorithm can learn these actions. All of them take all observations.

    Args:
        actions: of one agent, in wire order.
        has_masks: whether the agents say which discrete choices they have.

    Raises:
        SpacesError: it cannot.
    """
    needed, fits = _NEEDS.get(algorithm, ("", _anything))
    if not fits(actions):
        others = [name for name in ("ppo", "sac", "dqn") if _fits(name, actions)]
        hint = f"Use {' or '.join(others)}."
        if has_masks and _fits(MASKED, actions):
            hint = f"Use {MASKED}, which obeys the agents' action masks."
        raise SpacesError(
            f"{algorithm} needs {needed}; this game has {', '.join(map(_describe, actions))}.",
            hint=hint,
        )
    if algorithm == MASKED and not has_masks:
        raise SpacesError(
            f"{MASKED} needs action masks; the agents of this game have none.",
            hint="Return them from _get_action_mask(), or use ppo.",
        )


def _fits(algorithm: str, actions: Sequence[ActionPart]) -> bool:
    return _NEEDS.get(algorithm, ("", _anything))[1](actions)


_Fits = Callable[[Sequence[ActionPart]], bool]


def _anything(_actions: Sequence[ActionPart]) -> bool:
    return True


def _has_continuous(actions: Sequence[ActionPart]) -> bool:
    return any(part.kind == "continuous" for part in actions)


def _all_discrete(actions: Sequence[ActionPart]) -> bool:
    return not _has_continuous(actions)


def _one_discrete(actions: Sequence[ActionPart]) -> bool:
    return len(actions) == 1 and _all_discrete(actions)


_NEEDS: dict[str, tuple[str, _Fits]] = {
    "sac": ("continuous actions", _has_continuous),
    "td3": ("continuous actions", _has_continuous),
    "dqn": ("one discrete action", _one_discrete),
    MASKED: ("discrete actions only", _all_discrete),
}


def _describe(part: ActionPart) -> str:
    """ "move continuous 2", "turn discrete 4"."""
    return f"{part.name} {part.kind} {part.size}"
