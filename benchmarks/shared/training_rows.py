"""Rows about whole trainings of the 16-arena game: rollouts and updates."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rl_studio.project import Project
from shared import bridge, ours, peer, training
from shared.bench import Bench
from shared.plugin import HOW_TO_GET_IT
from shared.report import at_least, at_most
from shared.step_rows import bare_measure

WARM_UP_S = 2.0
"""Of a training, before it is measured."""
START_LIMIT_S = 60.0
"""From the start of the process to the first rollout."""
LINE_S = 40.0
"""The longest that one rollout with its update may take."""
BARE_S = 1.5
"""Length of a measurement without a trainer."""

DEFAULT = "PPO, ours, default preset"
SAME = "PPO, ours, the peer's hyperparameters"
USUAL = "PPO, peer at usual flags"
BEST = "PPO, peer at best flags"
BEST_TWO = "PPO, peer at best flags, two games"
ENGINE = "PPO, engine alone"
SENSORS = "PPO, engine and sensors"
ELSEWHERE = "PPO, share of time neither in game nor learner"
COST = "cost of metrics, log and bridge"
ENDLESS = 100_000_000
"""Timesteps of a training that something else ends."""
QUICK_COST_S = 6.0
"""Seconds of a training of the quick form whose rate is read from its events."""

QUICK_STEPS = 32
"""Steps of an agent in a rollout of the quick form."""


def measure_ppo(bench: Bench) -> None:
    """The whole loop, ours through `rl-studio train`, the peer's as in its example."""
    report = bench.report
    project = bench.ours("arenas")
    executable = bench.executable(bench.stock("arenas"))
    shares: list[float] = []
    bare = bench.lasting(min(BARE_S, bench.seconds))
    sides: dict[str, Callable[[], float]] = {
        ENGINE: bare_measure(bare, project, 1, observe=False),
        SENSORS: bare_measure(bare, project, 1, observe=True),
        DEFAULT: lambda: train_ours(bench, project, {}, shares),
        SAME: lambda: train_ours(bench, project, ours.PEERS_HYPERPARAMETERS, []),
    }
    if executable is not None:
        sides |= {
            BEST: _peer_measure(bench, executable, peer.BEST, 1),
            BEST_TWO: _peer_measure(bench, executable, peer.BEST, 2),
            USUAL: _peer_measure(bench, executable, peer.USUAL, 1),
        }
    found = bench.interleave(sides)
    for name in (DEFAULT, SAME, BEST, BEST_TWO, USUAL, ENGINE, SENSORS):
        if name in found:
            report.add(name, found[name], "agent-steps/s")
        else:
            report.skip(name, HOW_TO_GET_IT)
    report.add_share("PPO, default preset reaches of the engine alone", DEFAULT, ENGINE, at_most(100))
    report.add_share("PPO, default preset reaches of engine and sensors", DEFAULT, SENSORS, at_most(100))
    report.add_ratio("PPO, default preset / peer at usual flags", DEFAULT, USUAL, at_least(12))
    report.add_ratio("PPO, default preset / peer at best flags", DEFAULT, BEST, at_least(4))
    report.add_ratio("PPO, default preset / peer, two games", DEFAULT, BEST_TWO)
    report.add_ratio("PPO, same hyperparameters, ours / peer", SAME, BEST, at_least(1.3))
    if shares:
        report.add(ELSEWHERE, shares, "%", at_most(10))
    else:
        report.skip(ELSEWHERE, "the trainer's throughput has no wire_share and other_share")


def train_ours(
    bench: Bench,
    project: Project,
    values: Mapping[str, object],
    shares: list[float],
    *,
    scene: str = "",
    env: Mapping[str, str] | None = None,
) -> float:
    """Trains with `rl-studio train` and our defaults but for `values`.

    Args:
        shares: gets the percentage of the time that was spent neither in the game nor in the learner.
        env: the environment; None for ours.

    Returns:
        Agent steps per second.
    """
    warm_up_s = bench.warm_up_s(WARM_UP_S)
    limit_s = warm_up_s + bench.seconds + LINE_S
    argv = ours.training_argv(project, bench.godot, values, time_limit_s=limit_s, scene=scene)
    with training.lines_of(argv, env=env, limit_s=START_LIMIT_S + limit_s) as lines:
        kept = training.collect(lines, warm_up_s=warm_up_s, seconds=bench.seconds)
    found = [_elsewhere(line.throughput) for line in kept[1:]]
    known = [share for share in found if share is not None]
    if known:
        shares.append(100.0 * statistics.fmean(known))
    return training.rate_of(kept)


def _elsewhere(throughput: Mapping[str, Any]) -> float | None:
    if "wire_share" not in throughput or "other_share" not in throughput:
        return None
    return float(throughput["wire_share"]) + float(throughput["other_share"])


def _peer_measure(
    bench: Bench, executable: Path, flags: Mapping[str, int], n_parallel: int
) -> Callable[[], float]:
    def measure() -> float:
        argv = peer.training_argv(executable, flags, bench.folder / "peer", n_parallel=n_parallel)
        warm_up_s = bench.warm_up_s(WARM_UP_S)
        limit_s = START_LIMIT_S + warm_up_s + bench.seconds + LINE_S
        env = peer.training_environment(is_quick=bench.is_quick)
        with training.lines_of(argv, env=env, limit_s=limit_s) as lines:
            return training.rate_of(training.collect(lines, warm_up_s=warm_up_s, seconds=bench.seconds))

    return measure


def measure_cost(bench: Bench) -> None:
    """The same training with a backend and a client that follow it, and with nobody who looks."""
    report = bench.report
    project = bench.ours("arenas")
    warm_up_s = bench.warm_up_s(WARM_UP_S)
    values = _values_of_cost(bench, warm_up_s + bench.seconds)
    numbers = itertools.count()
    shares: list[float] = []

    def followed() -> float:
        with bridge.open_bridge(project, bench.godot) as backend:
            folder, share = backend.train(values)
        shares.append(100.0 * share)
        return bridge.rate_from_tensorboard(folder, warm_up_s)

    def alone() -> float:
        folder = bench.folder / f"alone-{next(numbers)}"
        bridge.train_alone(ours.script_argv(project, bench.godot, folder, values))
        return bridge.rate_from_tensorboard(folder, warm_up_s)

    found = bench.interleave({"training, followed": followed, "training, alone": alone})
    for name, runs in found.items():
        report.add(name, runs, "agent-steps/s")
    report.add("backend that follows a training", shares, "% of a core")
    pairs = zip(found["training, followed"], found["training, alone"], strict=True)
    costs = [100.0 * (1.0 - with_it / without) for with_it, without in pairs]
    report.add(COST, costs, "%", at_most(1))
    report.notes[COST] = f"{noise(costs):.1f} % is the standard error of that median on this machine now"


def _values_of_cost(bench: Bench, seconds: float) -> dict[str, object]:
    if bench.is_quick:  # an event for TensorBoard comes once a second
        return {"n_steps": QUICK_STEPS, "total_timesteps": ENDLESS, "time_limit_s": QUICK_COST_S}
    return {"total_timesteps": ENDLESS, "time_limit_s": seconds}


def noise(values: list[float]) -> float:
    """The standard error of the median of some runs."""
    return 1.25 * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
