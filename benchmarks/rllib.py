"""How fast RLlib trains with our games, algorithm by algorithm, beside our Stable-Baselines3.

    python benchmarks/rllib.py [--only ppo,policies,…] [--runs 3] [--json] [--quick]

All rows are whole trainings of the 16-arena game with `rl-studio train` and its defaults: agent steps per second,
learning included. DQN chooses among five moves there. "start" is the time from the start of the process to the
end of the first iteration. Medians of several runs, the sides in turn. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared import ours, training
from shared.bench import Bench, add_options, open_bench
from shared.options import add_only
from shared.report import at_least, at_most

from rl_studio.project import Project

WARM_UP_S = 3.0
"""Of a training, before it is measured."""
START_LIMIT_S = 90.0
"""From the start of the process to the first iteration."""
ITERATION_S = 40.0
"""The longest that one iteration may take."""
QUICK_AT_ONCE = 2
"""Trainings side by side in the quick form: most of their time is the start, which has one thread."""

PPO = "PPO, one policy"
SB3 = "PPO of Stable-Baselines3"
START = "start to the first sample, PPO"


@dataclass(frozen=True, slots=True)
class Side:
    """One training.

    Args:
        values: of the configuration, where they differ from the defaults.
    """

    name: str
    values: Mapping[str, object] = field(default_factory=dict)
    trainer: str = "rllib"


SIDES: dict[str, tuple[Side, ...]] = {
    "ppo": (Side(PPO), Side(SB3, trainer="sb3")),
    "policies": (Side("PPO, two policies", {"game_args": "{teams: '2'}"}),),
    "runners": (Side("PPO, two runners", {"num_env_runners": 2}),),
    "lstm": (Side("PPO with a memory", {"network": "lstm"}),),
    "appo": (Side("APPO, one runner", {"algorithm": "appo"}),),
    "impala": (Side("IMPALA, one runner", {"algorithm": "impala"}),),
    "dqn": (Side("DQN", {"algorithm": "dqn", "game_args": "{steering: choices}"}),),
    "sac": (Side("SAC", {"algorithm": "sac"}),),
}


def measure(bench: Bench, names: list[str]) -> None:
    """Trains each side of `names` in turn."""
    project = bench.ours("arenas")
    starts: list[float] = []
    measures: dict[str, Callable[[], float]] = {}
    for side in (side for name in names for side in SIDES[name]):
        measures[side.name] = _measure_of(bench, project, side, starts)
    for name, runs in bench.interleave(measures, at_once=QUICK_AT_ONCE if bench.is_quick else 1).items():
        bench.report.add(name, runs, "agent-steps/s")
    if "ppo" in names:
        bench.report.add_ratio("PPO, RLlib / Stable-Baselines3", PPO, SB3, at_least(0.5))
        bench.report.add(START, starts, "s", at_most(12))
        bench.report.notes[START] = f"fastest {min(starts):.1f} s, mean {statistics.fmean(starts):.1f} s"


def _measure_of(bench: Bench, project: Project, side: Side, starts: list[float]) -> Callable[[], float]:
    def train() -> float:
        warm_up_s = bench.warm_up_s(WARM_UP_S)
        limit_s = warm_up_s + bench.seconds + ITERATION_S
        argv = ours.training_argv(
            project, bench.godot, side.values, time_limit_s=limit_s, trainer=side.trainer
        )
        began = time.time()
        with training.lines_of(argv, limit_s=START_LIMIT_S + limit_s) as lines:
            first = next(lines)
            if side.name == PPO:
                starts.append(first.time - began)
            return training.rate_of(training.collect(lines, warm_up_s=warm_up_s, seconds=bench.seconds))

    return train


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_options(parser, peer=False)
    add_only(parser, SIDES)
    parser.add_argument("--runs", type=int, default=3, help="measurements per row (default 3)")
    parser.add_argument("--seconds", type=float, default=12.0, help="length of a measurement (default 12)")
    args = parser.parse_args()
    with open_bench(args, runs=args.runs) as bench:
        measure(bench.lasting(0.0 if args.quick else args.seconds), args.only)
        return bench.report.show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
