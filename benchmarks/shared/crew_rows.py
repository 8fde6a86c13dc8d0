"""Rows about a game in which agents are born and freed, beside its twin in which all of them stay."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from rl_studio.project import Project
from shared import ours, stepping
from shared.bench import OURS_SCENE, Bench
from shared.engine import SCENE, decisions_per_second
from shared.report import at_most
from shared.step_rows import ARENAS
from shared.training_rows import train_ours

TRAINING_S = 5.0
"""Length of a training that is measured; everything else takes the length that the bench has."""

SCENES: dict[str, tuple[str, str]] = {
    "fixed": (OURS_SCENE, SCENE),
    "changing": ("res://ours/crew.tscn", "res://bare/crew.tscn"),
}
"""By kind of crew: the scene with our nodes and the one without. In both 16 agents are there on average."""


def measure_crews(bench: Bench) -> None:
    """16 agents that stay, and 16 on average that come and go: with random actions, in a PPO training, and bare."""
    report = bench.report
    project = bench.ours("arenas")
    agents: dict[str, list[float]] = {}
    longer = bench if bench.is_quick else bench.lasting(max(TRAINING_S, bench.seconds))
    sides: dict[str, Callable[[], float]] = {}
    for kind, (scene, bare) in SCENES.items():
        seen = agents.setdefault(kind, [])
        sides |= {
            f"crews, {kind}, engine and sensors": partial(_bare, bench, project, bare),
            f"crews, {kind}, ours": partial(_step, bench, project, scene, seen),
            f"crews, {kind}, PPO": partial(train_ours, longer, project, {}, [], scene=scene),
        }
    found = bench.interleave(sides)
    whats = ("ours", "PPO", "engine and sensors")
    for what in whats:
        for kind in SCENES:
            name = f"crews, {kind}, {what}"
            report.add(name, found[name], "agent-steps/s")
    for kind in SCENES:
        share = f"crews, {kind}, ours reaches of engine and sensors"
        report.add_share(share, f"crews, {kind}, ours", f"crews, {kind}, engine and sensors", at_most(100))
        report.notes[f"crews, {kind}"] = f"{statistics.fmean(agents[kind]):.2f} agents at once on average"
    for what in whats:
        ratio = f"crews, {what}, changing / fixed"
        report.add_ratio(ratio, f"crews, changing, {what}", f"crews, fixed, {what}")


def _bare(bench: Bench, project: Project, scene: str) -> float:
    return ARENAS * decisions_per_second(project, bench.godot, bench.seconds, scene=scene, observe=True)


def _step(bench: Bench, project: Project, scene: str, seen: list[float]) -> float:
    seed = 100 * len(seen)
    with ours.open_ours(project, bench.godot, scene, seed=seed) as env:
        rate, agents = stepping.play_crew(env, bench.seconds, seed)
    seen.append(agents)
    return rate
