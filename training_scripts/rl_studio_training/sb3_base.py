"""What our faces of SB3's algorithms share: they know where their time goes, and leave observations as they are."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.type_aliases import GymEnv
from stable_baselines3.common.vec_env import VecEnv


@dataclass(slots=True)
class Spent:
    """Seconds of wall time since the model was made.

    Args:
        policy_s: choosing actions and valuing observations.
        update_s: learning.
    """

    policy_s: float = 0.0
    update_s: float = 0.0


class StudioAlgorithm(BaseAlgorithm):
    """A mixin, to stand before an algorithm of SB3. It learns what that learns, and saves the same files."""

    spent: Spent

    def _setup_model(self) -> None:
        super()._setup_model()  # type: ignore[safe-super]
        self.spent = Spent()

    def train(self, *args: Any, **options: Any) -> None:
        """Learns from what was collected; takes what the algorithm takes."""
        began = perf_counter()
        super().train(*args, **options)  # type: ignore[misc]
        self.spent.update_s += perf_counter() - began

    @staticmethod
    def _wrap_env(env: GymEnv, verbose: int = 0, monitor_wrapper: bool = True) -> VecEnv:
        """SB3 takes a picture whose height is below its channels for one with the channels last; ours never are."""
        assert isinstance(env, VecEnv)
        return env

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "spent"]


class TimedForward(StudioAlgorithm, OnPolicyAlgorithm):
    """Counts the policy's time in a rollout loop of SB3's kind, which calls the policy as a module."""

    def _setup_model(self) -> None:
        super()._setup_model()
        began = 0.0

        def start(*_args: object) -> None:
            nonlocal began
            began = perf_counter()

        def stop(*_args: object) -> None:
            self.spent.policy_s += perf_counter() - began

        self.policy.register_forward_pre_hook(start)
        self.policy.register_forward_hook(stop)


class TimedSampling(StudioAlgorithm, OffPolicyAlgorithm):
    """Counts the time in which an off-policy algorithm chooses actions."""

    def _sample_action(self, *args: Any, **options: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        began = perf_counter()
        actions = super()._sample_action(*args, **options)
        self.spent.policy_s += perf_counter() - began
        return actions
