"""`rl-studio serve`."""

from __future__ import annotations

import argparse

from rl_studio.cli.arguments import add_project, open_project
from rl_studio.cli.exit_codes import EXIT_DISK_FULL, EXIT_READ_ONLY
from rl_studio.cli.output import Output
from rl_studio.storage import DiskFullError, ReadOnlyError


def configure(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument(
        "--exit-when-idle",
        type=float,
        metavar="SECONDS",
        help="end after this long without a client and without a running run",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    from rl_studio.transport.serve import serve

    try:
        return serve(open_project(args), exit_when_idle=args.exit_when_idle)
    except DiskFullError as error:
        output.error(error)
        return EXIT_DISK_FULL
    except ReadOnlyError as error:
        output.error(error)
        return EXIT_READ_ONLY
