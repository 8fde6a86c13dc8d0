"""Rows about stepping games with random actions, without any learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rl_studio.project import Project
from shared import loopback, ours, peer, stepping
from shared.bench import OURS_SCENE, STOCK_SCENE, Bench
from shared.engine import decisions_per_second
from shared.plugin import HOW_TO_GET_IT
from shared.report import at_least, at_most

Measure = Callable[[], float]
ARENAS = 16
"""Agents of the game of that name."""


class Steps:
    """Measures agent steps per second with random actions, and keeps what the episodes were like."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.plays: dict[str, list[stepping.Play]] = {}

    def ours(self, project: Project, n_envs: int = 1, *, scene: str = OURS_SCENE) -> Measure:
        def measure() -> float:
            seed = self._next_seed("ours")
            with ours.open_ours(project, self._bench.godot, scene, n_envs, seed) as env:
                return self._keep("ours", stepping.play(env, self._bench.seconds, seed))

        return measure

    def peer(self, executable: Path, flags: Mapping[str, int], n_parallel: int = 1) -> Measure:
        def measure() -> float:
            seed = self._next_seed("peer")
            with peer.open_peer(executable, flags, n_parallel, seed) as env:
                return self._keep("peer", stepping.play(env, self._bench.seconds, seed))

        return measure

    def _next_seed(self, side: str) -> int:
        """Another one for every play, far from the others: game i of a play gets its seed + i."""
        return 100 * len(self.plays.get(side, []))

    def _keep(self, side: str, play: stepping.Play) -> float:
        self.plays.setdefault(side, []).append(play)
        return play.agent_steps_per_second

    def note_sameness(self, game: str) -> None:
        """Notes whether both sides played the same game.

        Raises:
            SystemExit: they did not, so that no comparison means anything.
        """
        if "peer" not in self.plays:
            return
        text, same = stepping.compare(self.plays["ours"], self.plays["peer"])
        if not same:
            raise SystemExit(f"The two sides of the game {game} differ: {text}.")
        self._bench.report.notes[f"{game}, ours and the peer's"] = text


def measure_trivial(bench: Bench) -> None:
    """One agent, 8 floats, 2 actions: what a step costs when the game costs nothing."""
    report, steps = bench.report, Steps(bench)
    project = bench.ours("trivial")
    executable = bench.executable(bench.stock("trivial"))
    mine, best, usual = "trivial, ours", "trivial, peer at best flags", "trivial, peer at usual flags"
    engine, wire, slow_wire = "trivial, engine alone", "loopback alone", "loopback alone, sleeping"
    sides = {
        engine: lambda: decisions_per_second(project, bench.godot, bench.seconds),
        wire: lambda: loopback.round_trips_per_second(bench.seconds, sleeping=False),
        slow_wire: lambda: loopback.round_trips_per_second(bench.seconds, sleeping=True),
        mine: steps.ours(project),
    }
    if executable is not None:
        sides |= {best: steps.peer(executable, peer.BEST), usual: steps.peer(executable, peer.USUAL)}
    found = bench.interleave(sides)
    add_rows(bench, found, (mine, best, usual), "env-steps/s", {mine: 12_000.0})
    report.add(engine, found[engine], "decisions/s")
    for name in (wire, slow_wire):
        report.add(name, found[name], "round trips/s")
    limit = "trivial, engine and loopback"
    values = report.values()
    report.add_value(limit, 1.0 / (1.0 / values[engine] + 1.0 / values[wire]), "decisions/s")
    report.add_share("trivial, ours reaches of the engine alone", mine, engine, at_most(100))
    report.add_share("trivial, ours reaches of engine and loopback", mine, limit)
    report.add_ratio("trivial, ours / peer at best flags", mine, best, at_least(2))
    report.add_ratio("trivial, ours / peer at usual flags", mine, usual, at_least(100))
    steps.note_sameness("trivial")


def measure_arenas(bench: Bench) -> None:
    """16 agents with rays and physics, in one game and in two."""
    report, steps = bench.report, Steps(bench)
    project, stock = bench.ours("arenas"), bench.stock("arenas")
    executable = bench.executable(stock)
    one, two = "arenas, ours, one game", "arenas, ours, two games"
    peer_one, peer_two = "arenas, peer, one game", "arenas, peer, two games"
    mixed = "arenas, our Python with the stock plugin"
    limits = {
        f"arenas, {what}, {games}": bare_measure(bench, project, number, observe=observe)
        for games, number in (("one game", 1), ("two games", 2))
        for what, observe in (("engine alone", False), ("engine and sensors", True))
    }
    sides = {**limits, one: steps.ours(project), two: steps.ours(project, 2)}
    if stock is not None and executable is not None:
        sides |= {
            peer_one: steps.peer(executable, peer.BEST),
            peer_two: steps.peer(executable, peer.BEST, 2),
            mixed: Steps(bench).ours(stock, scene=STOCK_SCENE),
        }
    found = bench.interleave(sides)
    add_rows(bench, found, (one, two, peer_one, peer_two, mixed), "agent-steps/s", {})
    for name in limits:
        report.add(name, found[name], "agent-steps/s")
    for name in (one, two):
        games = name.removeprefix("arenas, ours, ")
        for what in ("engine alone", "engine and sensors"):
            share = f"arenas, {games}, ours reaches of {what}"
            report.add_share(share, name, f"arenas, {what}, {games}", at_most(100))
    report.add_ratio("arenas, one game, ours / peer", one, peer_one, at_least(2))
    report.add_ratio("arenas, two games, ours / peer", two, peer_two, at_least(2))
    report.add_ratio("arenas, ours, two games / one", two, one, at_least(1.7))
    steps.note_sameness("arenas")


def bare_measure(bench: Bench, project: Project, games: int, *, observe: bool) -> Measure:
    """Agent steps per second of 16-arena games that nobody trains: the limit of `games` games together."""
    return lambda: (
        ARENAS * decisions_per_second(project, bench.godot, bench.seconds, games=games, observe=observe)
    )


def add_rows(
    bench: Bench,
    found: Mapping[str, list[float]],
    names: tuple[str, ...],
    unit: str,
    goals: Mapping[str, float],
) -> None:
    """Adds a row for each name that was measured."""
    for name in names:
        if name in found:
            bench.report.add(name, found[name], unit, *([at_least(goals[name])] if name in goals else []))
        else:
            bench.report.skip(name, HOW_TO_GET_IT)
