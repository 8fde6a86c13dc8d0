"""Rows about this version of the project beside another one: the same games, in turn, on the same machine."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from functools import partial

from rl_studio.project import Project
from shared.bench import Bench
from shared.games import Game
from shared.report import at_least, say
from shared.training_rows import noise, train_ours
from shared.tree import Tree

PPO_S = 5.0
"""Length of a training that is measured; steps with random actions take the length that the bench has."""
ERRORS = 2.0
"""So many standard errors below 1 a ratio must be to be more than noise."""
LEAST = 0.01
"""And so much below 1 at least."""
FEWEST = 3
"""Fewer ratios do not tell how much is noise."""

GROUPS: dict[str, tuple[tuple[str, Game, int], ...]] = {
    "trivial": (("trivial", "trivial", 1),),
    "arenas": (("arenas, one game", "arenas", 1), ("arenas, two games", "arenas", 2)),
    "ppo": (("PPO, default preset", "arenas", 0),),
}
"""Name, game and number of games that are played with random actions; 0 for a whole training."""

Measure = Callable[[], float]


def compare_trees(bench: Bench, now: Tree, before: Tree, groups: Iterable[str]) -> None:
    """Adds rows for both trees and, for each pair, how many times as fast `now` is.

    The goal of a ratio is not to be below 1 by more than noise: two standard errors of the median of the ratios of
    measurements that were made one right after the other.
    """
    for tree in (now, before):
        bench.report.notes[tree.title] = tree.commit
    projects: dict[tuple[str, Game], Project] = {}

    def project_of(tree: Tree, game: Game) -> Project:
        if (tree.title, game) not in projects:
            say(f"making the game {game} with the addon of {tree.title}")
            folder = bench.folder / tree.title
            projects[tree.title, game] = tree.make_game(game, folder, bench.godot)
        return projects[tree.title, game]

    longer = bench if bench.is_quick else bench.lasting(max(PPO_S, bench.seconds))
    for group in groups:
        for name, game, games in GROUPS[group]:
            measures: list[Measure] = []
            for tree in (before, now):
                project = project_of(tree, game)
                measures.append(
                    _steps(bench, tree, project, games) if games else partial(_train, longer, tree, project)
                )
            _compare(bench, name, before, now, *measures)


def _steps(bench: Bench, tree: Tree, project: Project, games: int) -> Measure:
    seeds = iter(range(0, 1_000_000, 100))  # game i of a play gets its seed + i
    return lambda: tree.step(project, bench.godot, games=games, seconds=bench.seconds, seed=next(seeds))


def _train(bench: Bench, tree: Tree, project: Project) -> float:
    return train_ours(bench, project, {}, [], env=tree.environment())


def _compare(bench: Bench, name: str, before: Tree, now: Tree, old: Measure, new: Measure) -> None:
    report = bench.report
    former, current = f"{name}, {before.title}", f"{name}, {now.title}"
    found = bench.interleave({former: old, current: new})
    for row, runs in found.items():
        report.add(row, runs, "agent-steps/s")
    ratios = [second / first for first, second in zip(found[former], found[current], strict=True)]
    error = noise(ratios)
    ratio = f"{name}, {now.title} / {before.title}"
    goal = at_least(1.0 - max(LEAST, ERRORS * error))
    report.add(ratio, ratios, "x", *([goal] if len(ratios) >= FEWEST else []))
    report.notes[ratio] = f"{statistics.median(ratios):.3f} ± {error:.3f} (standard error of the median)"
