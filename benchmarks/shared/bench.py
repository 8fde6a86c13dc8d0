"""What every measurement of a benchmark needs: the tools, the time it may take, and a fair order."""

from __future__ import annotations

import argparse
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project
from shared import games
from shared.games import Game
from shared.peer import make_executable
from shared.plugin import Plugin, add_peer, find_plugin
from shared.report import Report, say

OURS_SCENE = "res://ours/train.tscn"
STOCK_SCENE = "res://stock/train.tscn"


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of a benchmark.

    Args:
        plugin: the peer's Godot side; None without a peer.
        folder: for everything temporary.
        runs: measurements per row.
        seconds: length of a measurement.
    """

    godot: GodotBinary
    plugin: Plugin | None
    folder: Path
    runs: int
    seconds: float
    report: Report

    def lasting(self, seconds: float) -> Bench:
        """The same with another length of measurement."""
        return replace(self, seconds=seconds)

    def ours(self, game: Game) -> Project:
        """The game with our nodes."""
        say(f"making the game {game} with our nodes")
        return games.make_ours(game, self.folder, self.godot)

    def stock(self, game: Game) -> Project | None:
        """The game with the stock plugin; None without it."""
        if self.plugin is None:
            return None
        say(f"making the game {game} with the stock plugin")
        return games.make_stock(game, self.folder, self.godot, self.plugin)

    def executable(self, stock: Project | None) -> Path | None:
        """The executable that godot-rl starts for a game of `stock`."""
        return None if stock is None else make_executable(self.godot, stock, STOCK_SCENE)

    def interleave(self, sides: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
        """Measures all sides in turn, `runs` times, so that what disturbs the machine disturbs all of them."""
        found: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(self.runs):
            for name, measure in sides.items():
                value = measure()
                found[name].append(value)
                say(f"run {number + 1} of {self.runs}: {name}: {value:.6g}")
        return found


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--peer`, `--godot` and `--json`."""
    add_peer(parser)
    parser.add_argument("--godot", help="the Godot to use")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


@contextmanager
def open_bench(args: argparse.Namespace, *, runs: int) -> Iterator[Bench]:
    """Makes the temporary folder and finds the tools."""
    # A shell that runs us in the background has us, and all that we start, ignore the signal that stops trainings.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    plugin = find_plugin(args.peer)
    godot = find_godot(args.godot)
    with tempfile.TemporaryDirectory(prefix="rl_studio_bench_") as name:
        folder = Path(name)
        games.use_private_folders(folder / "xdg")
        yield Bench(godot, plugin, folder, runs, 1.0, Report())
