"""Rides along with `PPO.learn`: stops it, reports every iteration, saves periodic checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from rl_studio_training.bottleneck import Bottleneck, Seconds
from rl_studio_training.errors import DivergedError
from rl_studio_training.progress import Progress
from rl_studio_training.reporter import Reporter
from rl_studio_training.sb3_model import has_finite_weights
from rl_studio_training.sb3_ppo import FleetPPO
from rl_studio_training.stopping import StopSwitch
from rl_studio_training.vec_env import GodotVecEnv

TENSORBOARD_EVERY_S = 1.0
"""Iterations in between are not written to TensorBoard: an event file costs more than a short iteration may."""

_LEARNER = {
    "policy_loss": "train/policy_gradient_loss",
    "value_loss": "train/value_loss",
    "approx_kl": "train/approx_kl",
    "clip_fraction": "train/clip_fraction",
    "explained_variance": "train/explained_variance",
    "learning_rate": "train/learning_rate",
    "loss": "train/loss",
    "std": "train/std",
}


class TrainingCallback(BaseCallback):
    """Reports each iteration after its update, so that its learner numbers belong to it.

    Args:
        env: the environment that is trained in.
        switch: when to stop, and for how long training may go on.
        bottleneck: says what dominates the time.
        save_periodic: saves a periodic checkpoint.
        checkpoint_frequency: agent steps between such; 0 for none.
        time_limit_s: seconds of training, None for no limit.
    """

    def __init__(
        self,
        env: GodotVecEnv,
        reporter: Reporter,
        progress: Progress,
        switch: StopSwitch,
        bottleneck: Bottleneck,
        *,
        save_periodic: Callable[[], object],
        checkpoint_frequency: int,
        time_limit_s: float | None,
    ) -> None:
        super().__init__()
        self.iteration = 0
        self._env = env
        self._reporter = reporter
        self._progress = progress
        self._switch = switch
        self._bottleneck = bottleneck
        self._save_periodic = save_periodic
        self._frequency = checkpoint_frequency
        self._time_limit_s = time_limit_s
        self._spent_before = Seconds()
        self._reported_steps = 0
        self._update_pending = False
        self._next_events_at = 0.0

    @property
    def _ppo(self) -> FleetPPO:
        assert isinstance(self.model, FleetPPO)
        return self.model

    def _on_training_start(self) -> None:
        self._switch.begin(self._time_limit_s)
        self._spent_before = self._spent()

    def _on_rollout_start(self) -> None:
        self._finish_iteration()

    def _on_step(self) -> bool:
        return not (self._switch.requested or self._switch.time_is_up)

    def _on_rollout_end(self) -> None:
        self._update_pending = True

    def _on_training_end(self) -> None:
        self._finish_iteration(last=True)

    def _finish_iteration(self, *, last: bool = False) -> None:
        learned = self._update_pending
        if not learned and not (last and self._steps_now > self._reported_steps):
            return
        self._update_pending = False
        self.iteration += 1
        metrics = self._metrics(learned=learned)
        self._reporter.metric(metrics)
        self._progress.update(metrics)
        if last or perf_counter() >= self._next_events_at:
            self._next_events_at = perf_counter() + TENSORBOARD_EVERY_S
            self._write_tensorboard(metrics)
        forward_game_errors(self._env, self._reporter)
        if not has_finite_weights(self._ppo):
            raise DivergedError(
                f"Training diverged: the network's weights became NaN in iteration {self.iteration}.",
                hint="Lower learning_rate, or look for huge rewards or observations in the game.",
            )
        crossed = (
            self._frequency and self._steps_now // self._frequency > self._reported_steps // self._frequency
        )
        self._reported_steps = self._steps_now
        if crossed and not last:
            self._save_periodic()

    @property
    def _steps_now(self) -> int:
        return self._ppo.num_timesteps

    def _metrics(self, *, learned: bool) -> dict[str, Any]:
        """What is reported; without learner numbers for a rollout that a stop has cut short."""
        window = self._env.episodes
        policy = window.summary()
        logged = self._ppo.logger.name_to_value if learned else {}
        entropy = logged.get("train/entropy_loss")
        return {
            "training_iteration": self.iteration,
            "timesteps_total": self._steps_now,
            "episodes_total": window.total,
            "episode_reward_mean": policy["reward_mean"],
            "episode_reward_min": policy["reward_min"],
            "episode_reward_max": policy["reward_max"],
            "episode_len_mean": policy["episode_len_mean"],
            "success_rate": policy["success_rate"],
            "policies": {self._env.policy_name: policy},
            "custom_metrics": window.custom_metrics(),
            "learner": {
                **{name: logged.get(key) for name, key in _LEARNER.items()},
                "entropy": None if entropy is None else -entropy,
            },
            "time_total_s": self._switch.elapsed_s,
            "throughput": self._throughput(),
        }

    def _throughput(self) -> dict[str, Any]:
        # From the last report to this one, so that what reports and checkpoints cost is counted too.
        now = self._spent()
        seconds = now - self._spent_before
        self._spent_before = now
        part, advice = self._bottleneck.add(seconds)
        return {
            "timesteps_per_second": (self._steps_now - self._reported_steps) / max(seconds.total, 1e-9),
            **seconds.shares(),
            "bottleneck": part,
            "advice": advice,
        }

    def _spent(self) -> Seconds:
        timing, spent = self._env.fleet.timing, self._ppo.spent
        return Seconds(perf_counter(), timing.game_s, timing.wire_s, spent.policy_s, spent.update_s)

    def _write_tensorboard(self, metrics: dict[str, Any]) -> None:
        logger = self._ppo.logger
        values = {
            "rollout/ep_rew_mean": metrics["episode_reward_mean"],
            "rollout/ep_len_mean": metrics["episode_len_mean"],
            "rollout/success_rate": metrics["success_rate"],
            "time/fps": metrics["throughput"]["timesteps_per_second"],
            **{f"custom/{name}": value for name, value in metrics["custom_metrics"].items()},
        }
        for key, value in values.items():
            if value is not None:
                logger.record(key, value)
        logger.dump(self._steps_now)


def forward_game_errors(env: GodotVecEnv, reporter: Reporter) -> None:
    """Passes on the errors that games printed since the last time, as `[game 0] …`."""
    for instance, line in env.log_errors():
        reporter.say(f"[game {instance}] {line}")
