"""What one decision and one gradient step cost, with Stable-Baselines3's own code and with ours, without any game."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from shared.ours import find_scripts
from shared.report import Report

if TYPE_CHECKING:
    from gymnasium import spaces

AGENTS = 16
OBSERVATIONS = 21
BATCHES = (256, 64)


def measure_costs(report: Report, *, runs: int) -> None:
    """Adds the rows: decisions in processor time, batches in wall time; both sides in turn, medians of `runs`."""
    import torch
    from gymnasium import spaces

    torch.set_num_threads(1)
    kinds: dict[str, spaces.Space[Any]] = {
        "2 continuous actions": spaces.Box(-1.0, 1.0, (2,)),
        "one of 4 choices": spaces.Discrete(4),
        "one of 3 and one of 2 choices": spaces.MultiDiscrete([3, 2]),
    }
    for name, space in kinds.items():
        _add(report, f"{AGENTS} decisions, {name}", _deciders(space), runs, time.process_time_ns)
    for size in BATCHES:
        _add(report, f"one batch of {size}", _updaters(size), runs, time.perf_counter_ns)


def _add(
    report: Report, name: str, sides: dict[str, Callable[[], None]], runs: int, clock: Callable[[], int]
) -> None:
    found: dict[str, list[float]] = {side: [] for side in sides}
    for step in sides.values():
        step()  # the first one sets things up
    for _ in range(runs):
        for side, step in sides.items():
            began = clock()
            step()
            found[side].append((clock() - began) / 1000)
    for side, values in found.items():
        report.add(f"{name}, {side}", [statistics.median(values)], "µs")


def _deciders(space: spaces.Space[Any]) -> dict[str, Callable[[], None]]:
    find_scripts()
    from rl_studio_training.sb3_actor import PolicyActor, make_actor

    policy = _policy(space)
    seen = np.random.default_rng(0).normal(size=(AGENTS, OBSERVATIONS)).astype(np.float32)
    theirs, mine = PolicyActor(policy), make_actor(policy)
    return {"SB3": lambda: _drop(theirs.act(seen)), "ours": lambda: _drop(mine.act(seen))}


def _updaters(size: int) -> dict[str, Callable[[], None]]:
    """PPO's loss on a batch, its gradients and a step of Adam, as Stable-Baselines3 has it and fused."""
    from gymnasium import spaces

    space = spaces.Box(-1.0, 1.0, (2,))
    return {"SB3": _updater(_policy(space), size), "ours": _updater(_policy(space, fused=True), size)}


def _updater(policy: Any, size: int) -> Callable[[], None]:
    import torch

    torch.manual_seed(0)
    seen, actions = torch.randn(size, OBSERVATIONS), torch.randn(size, 2)
    advantages, returns, before = torch.randn(size), torch.randn(size), torch.full((size,), -2.0)

    def update() -> None:
        values, log_probs, entropy = policy.evaluate_actions(seen, actions)
        ratio = torch.exp(log_probs - before)
        clipped = torch.clamp(ratio, 0.8, 1.2)
        loss = -torch.min(advantages * ratio, advantages * clipped).mean()
        loss = loss + 0.5 * torch.nn.functional.mse_loss(returns, values.flatten()) - 1e-4 * entropy.mean()
        policy.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
        policy.optimizer.step()

    return update


def _policy(space: spaces.Space[Any], *, fused: bool = False) -> Any:
    from gymnasium import spaces
    from stable_baselines3.common.policies import ActorCriticPolicy

    seen = spaces.Box(-np.inf, np.inf, (OBSERVATIONS,))
    options: dict[str, Any] = {"eps": 1e-5, "fused": True} if fused else {"eps": 1e-5}
    return ActorCriticPolicy(seen, space, lambda _progress: 1e-3, [64, 64], optimizer_kwargs=options)


def _drop(_value: object) -> None:
    pass
