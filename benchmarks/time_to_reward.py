"""How long until agents are good, from the start of the process, beside the stock toolkit on the same games.

    python benchmarks/time_to_reward.py [--peer DIR] [--seeds 3] [--only arenas,sample] [--json] [--quick]

Median wall time over some seeds until the mean reward of the last 100 episodes reaches a bar. We train with
`rl-studio train` and its defaults; the peer trains as its example does, with its best flags, in one game and in two,
and the better of the two counts. The sample game is made with our nodes; the stock Python trains it as well. For
the 16-arena game --peer names a checkout of the public repository edbeeching/godot_rl_agents_plugin. Exit code 1 if
a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from shared import ours, peer, training
from shared.bench import Bench, add_options, open_bench
from shared.options import add_only
from shared.plugin import HOW_TO_GET_IT
from shared.report import at_most, say

from rl_studio.demo import prepare_project
from rl_studio.godot import ensure_imported
from rl_studio.project import Project

EPISODES = 100
"""The window of the mean reward, of both toolkits; so many episodes must have ended."""
GOAL = 0.5
QUICK_BAR = -1e6
"""What every episode reaches."""

Timer = Callable[[int], tuple[float | None, int]]
"""Trains with a seed; returns seconds to the bar, None if it was not reached, and the agent steps."""


@dataclass(frozen=True, slots=True)
class Contest:
    """One game that both toolkits learn.

    Args:
        bar: mean episode reward to reach.
        ours: the project for us.
        executable: the game for the peer; None if there is none.
        episodes: so many must have ended before.
    """

    name: str
    bar: float
    ours: Project
    executable: Path | None
    episodes: int = EPISODES


def arenas(bench: Bench) -> Contest:
    """The 16-arena game; at random an episode gives about -5, a good puck gets 55 and more."""
    project = bench.ours("arenas")
    return Contest("arenas", 50.0, project, bench.executable(bench.stock("arenas")))


def sample(bench: Bench) -> Contest:
    """The sample game; at random an episode gives about -3, a good puck gets 9.5."""
    say("making the sample game")
    project = prepare_project(bench.folder / "sample")
    ensure_imported(bench.godot, project)
    executable = peer.make_executable(bench.godot, project, project.training_scene)
    return Contest("sample", 8.0, project, executable)


CONTESTS: dict[str, Callable[[Bench], Contest]] = {"arenas": arenas, "sample": sample}


def compete(bench: Bench, contest: Contest, limit_s: float) -> None:
    """Lets all sides learn the game with each seed, and adds the rows."""
    report, name = bench.report, contest.name
    sides: dict[str, Timer] = {f"{name}, ours": _our_timer(bench, contest, limit_s)}
    peers = {f"{name}, peer, one game": 1, f"{name}, peer, two games": 2}
    executable = contest.executable
    if executable is not None:
        for side, games in peers.items():
            sides[side] = _peer_timer(bench, contest, executable, games, limit_s)
    times: dict[str, list[float]] = {side: [] for side in sides}
    for seed in range(bench.runs):
        for side, measure in sides.items():
            seconds, steps = measure(seed)
            times[side].append(limit_s if seconds is None else seconds)
            reached = f"not within {limit_s:g} s" if seconds is None else f"{seconds:.1f} s"
            say(f"seed {seed}: {side}: {reached}, {steps} steps")
            if seconds is None:
                report.notes[f"{side}, seed {seed}"] = f"{reached}; counted as {limit_s:g} s"
    for side, values in times.items():
        report.add(side, values, "s")
    ratio = f"{name}, ours / peer's best"
    if executable is None:
        for side in (*peers, ratio):
            report.skip(side, HOW_TO_GET_IT)
        return
    best = min(peers, key=lambda side: statistics.median(times[side]))
    report.add_ratio(ratio, f"{name}, ours", best, at_most(GOAL))


def _our_timer(bench: Bench, contest: Contest, limit_s: float) -> Timer:
    def measure(seed: int) -> tuple[float | None, int]:
        argv = ours.training_argv(contest.ours, bench.godot, {"seed": seed}, time_limit_s=limit_s)
        return training.seconds_to_reward(argv, contest.bar, limit_s=limit_s, episodes=contest.episodes)

    return measure


def _peer_timer(bench: Bench, contest: Contest, executable: Path, games: int, limit_s: float) -> Timer:
    def measure(seed: int) -> tuple[float | None, int]:
        # Games of one run get neighbouring seeds, so that runs must be further apart.
        argv = peer.training_argv(
            executable, peer.BEST, bench.folder / "peer", n_parallel=games, seed=100 * seed
        )
        env = peer.training_environment(is_quick=bench.is_quick)
        return training.seconds_to_reward(
            argv, contest.bar, env=env, limit_s=limit_s, episodes=contest.episodes
        )

    return measure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_options(parser)
    add_only(parser, CONTESTS)
    parser.add_argument("--seeds", type=int, default=3, help="seeds per side (default 3)")
    parser.add_argument("--limit", type=float, default=180.0, help="seconds one training may take")
    args = parser.parse_args()
    with open_bench(args, runs=args.seeds) as bench:
        for name in args.only:
            contest = CONTESTS[name](bench)
            if args.quick:
                contest = replace(contest, bar=QUICK_BAR, episodes=1)
            compete(bench, contest, args.limit)
        return bench.report.show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
