"""What every measurement of a benchmark needs: the tools, the time it may take, and a fair order."""

from __future__ import annotations

import argparse
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project
from shared import games
from shared.games import Game
from shared.options import add_common, add_godot
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
        is_quick: whether it is only to be seen that everything runs.
    """

    godot: GodotBinary
    plugin: Plugin | None
    folder: Path
    runs: int
    seconds: float
    report: Report
    is_quick: bool = False
    _made: dict[tuple[str, Game], Project] = field(default_factory=dict)

    def lasting(self, seconds: float) -> Bench:
        """The same with another length of measurement."""
        return replace(self, seconds=seconds)

    def warm_up_s(self, seconds: float) -> float:
        """The first seconds of a training that are not measured."""
        return 0.0 if self.is_quick else seconds

    def ours(self, game: Game) -> Project:
        """The game with our nodes; made once, whoever asks for it."""
        if ("ours", game) not in self._made:
            say(f"making the game {game} with our nodes")
            self._made["ours", game] = games.make_ours(game, self.folder, self.godot)
        return self._made["ours", game]

    def stock(self, game: Game) -> Project | None:
        """The game with the stock plugin, made once; None without it."""
        if self.plugin is None:
            return None
        if ("stock", game) not in self._made:
            say(f"making the game {game} with the stock plugin")
            self._made["stock", game] = games.make_stock(game, self.folder, self.godot, self.plugin)
        return self._made["stock", game]

    def executable(self, stock: Project | None) -> Path | None:
        """The executable that godot-rl starts for a game of `stock`."""
        return None if stock is None else make_executable(self.godot, stock, STOCK_SCENE)

    def interleave(
        self, sides: Mapping[str, Callable[[], float]], *, at_once: int = 1
    ) -> dict[str, list[float]]:
        """Measures all sides in turn, `runs` times, so that what disturbs the machine disturbs all of them.

        Every second time they come in the opposite order: a machine that gets slower favours none.

        Args:
            at_once: so many are measured side by side; more than one is only good for the quick form.
        """
        found: dict[str, list[float]] = {name: [] for name in sides}

        def run(name: str, number: int) -> None:
            value = sides[name]()
            found[name].append(value)
            say(f"run {number + 1} of {self.runs}: {name}: {value:.6g}")

        with ThreadPoolExecutor(at_once) as pool:
            for number in range(self.runs):
                order = list(sides)[:: 1 if number % 2 == 0 else -1]
                if at_once == 1:
                    for name in order:  # in this thread: a game ends with the one that started it
                        run(name, number)
                else:
                    list(pool.map(run, order, [number] * len(order)))
        return found


def add_options(parser: argparse.ArgumentParser, *, peer: bool = True) -> None:
    """Adds `--godot`, `--json`, `--quick`, and `--peer` where there is one."""
    if peer:
        add_peer(parser)
    add_godot(parser)
    add_common(parser)


@contextmanager
def open_bench(args: argparse.Namespace, *, runs: int) -> Iterator[Bench]:
    """Makes the temporary folder and finds the tools; the quick form has one run of everything."""
    # A shell that runs us in the background has us, and all that we start, ignore the signal that stops trainings.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    plugin = find_plugin(getattr(args, "peer", None))
    godot = find_godot(args.godot)
    with tempfile.TemporaryDirectory(prefix="rl_studio_bench_") as name:
        folder = Path(name)
        games.use_private_folders(folder / "xdg")
        yield Bench(godot, plugin, folder, 1 if args.quick else runs, 1.0, Report(), args.quick)
