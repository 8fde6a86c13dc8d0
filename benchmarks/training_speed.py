"""How fast agents step and learn, beside the stock godot_rl_agents toolkit on the same games.

    python benchmarks/training_speed.py [--peer DIR] [--only trivial,arenas,crews,ppo,cost] [--json] [--quick]
    python benchmarks/training_speed.py --before REVISION_OR_FOLDER [--only trivial,arenas,ppo] [--json] [--quick]

Medians of several runs, the sides in turn. The peer's Python is the package godot-rl; its Godot plugin is on no
package index: --peer names a checkout of the public repository edbeeching/godot_rl_agents_plugin. Without it our
own figures are measured, and the rows against the peer are listed as not measured. With --before this version is
measured beside another one instead. Exit code 1 if a goal is missed; with --before, if this version is slower beyond
noise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from shared import before_rows
from shared.bench import Bench, add_options, open_bench
from shared.crew_rows import measure_crews
from shared.options import add_only
from shared.step_rows import measure_arenas, measure_trivial
from shared.training_rows import measure_cost, measure_ppo
from shared.tree import open_tree, this_tree

GROUPS: dict[str, tuple[Callable[[Bench], None], float, float]] = {
    "trivial": (measure_trivial, 1.5, 0.2),
    "arenas": (measure_arenas, 1.5, 0.2),
    "crews": (measure_crews, 1.5, 0.2),
    "ppo": (measure_ppo, 5.0, 0.0),
    "cost": (measure_cost, 6.0, 0.0),
}
"""What is measured, and the seconds of one measurement, in the quick form as well."""
RUNS = 5
BEFORE_RUNS = 9
BEFORE_S = 1.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_options(parser)
    add_only(parser, GROUPS)
    parser.add_argument(
        "--before",
        metavar="REVISION_OR_FOLDER",
        help="measure this version beside another one: a git revision, or a folder with a checkout",
    )
    parser.add_argument(
        "--runs",
        type=int,
        help=f"measurements per row (default {RUNS}; {BEFORE_RUNS} with --before)",
    )
    parser.add_argument("--seconds", type=float, help="length of a measurement (default: by group)")
    args = parser.parse_args()
    if args.before is not None:
        return compare(args)
    with open_bench(args, runs=args.runs or RUNS) as bench:
        for name in args.only:
            measure, seconds, quick_s = GROUPS[name]
            measure(bench.lasting(quick_s if args.quick else args.seconds or seconds))
        return bench.report.show(as_json=args.json)


def compare(args: argparse.Namespace) -> int:
    """This version beside another one."""
    with (
        open_bench(args, runs=args.runs or BEFORE_RUNS) as bench,
        open_tree("before", args.before) as before,
    ):
        seconds = 0.2 if args.quick else args.seconds or BEFORE_S
        groups = [name for name in args.only if name in before_rows.GROUPS]
        before_rows.compare_trees(bench.lasting(seconds), this_tree(), before, groups)
        return bench.report.show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
