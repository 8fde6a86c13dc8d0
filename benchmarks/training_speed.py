"""How fast agents step and learn, beside the stock godot_rl_agents toolkit on the same games.

    python benchmarks/training_speed.py [--peer DIR] [--only trivial,arenas,ppo,cost] [--json] [--quick]

Medians of several runs, the sides in turn. The peer's Python is the package godot-rl; its Godot plugin is on no
package index: --peer names a checkout of the public repository edbeeching/godot_rl_agents_plugin. Without it our
own figures are measured, and the rows against the peer are listed as not measured. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from shared.bench import Bench, add_options, open_bench
from shared.step_rows import measure_arenas, measure_trivial
from shared.training_rows import measure_cost, measure_ppo

GROUPS: dict[str, tuple[Callable[[Bench], None], float]] = {
    "trivial": (measure_trivial, 1.5),
    "arenas": (measure_arenas, 1.5),
    "ppo": (measure_ppo, 5.0),
    "cost": (measure_cost, 6.0),
}
"""What is measured, and the seconds of one measurement."""


def parse_groups(text: str) -> list[str]:
    """The names in a list with commas."""
    names = text.split(",")
    for name in names:
        if name not in GROUPS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(GROUPS)}")
    return names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_options(parser)
    parser.add_argument("--only", type=parse_groups, default=list(GROUPS), metavar=",".join(GROUPS))
    parser.add_argument("--runs", type=int, default=5, help="measurements per row (default 5)")
    parser.add_argument("--seconds", type=float, help="length of a measurement (default: by group)")
    parser.add_argument(
        "--quick", action="store_true", help="one short run of the trivial game, to try it out"
    )
    args = parser.parse_args()
    names = ["trivial"] if args.quick else args.only
    with open_bench(args, runs=1 if args.quick else args.runs) as bench:
        for name in names:
            measure, seconds = GROUPS[name]
            measure(bench.lasting(0.5 if args.quick else args.seconds or seconds))
        return bench.report.show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
