"""`rl-studio metrics`."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterator
from typing import Any

from rl_studio.cli.arguments import add_project, open_project
from rl_studio.cli.output import Output, table
from rl_studio.runs import RunService

_PAGE = 1000
_SHOWN = 20
_COLUMNS = {
    "training_iteration": "iteration",
    "timesteps_total": "steps",
    "episodes_total": "episodes",
    "episode_reward_mean": "reward",
    "episode_len_mean": "length",
    "success_rate": "success",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, the beginning of one, or latest")
    add_project(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="one row a sample; nested fields as name.name")
    form.add_argument("--json", action="store_true", help="all samples as one JSON document")


def run(args: argparse.Namespace, output: Output) -> int:
    with RunService(open_project(args)) as service:
        run_id = service.resolve(args.run)
        service.ingest(run_id)
        samples = list(_samples(service, run_id))
    if args.csv:
        for line in csv_lines(samples):
            output.raw(line)
        return 0
    output.say(f"{run_id}: {len(samples)} samples")
    if samples:
        output.say(table(samples[-_SHOWN:], _COLUMNS))
    output.result({"run": run_id, "samples": samples})
    return 0


def csv_lines(samples: list[dict[str, Any]]) -> Iterator[str]:
    """The samples as CSV: a header, then one row each; a field that a sample lacks is empty."""
    rows = [flatten(sample) for sample in samples]
    names = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    yield from buffer.getvalue().splitlines()


def flatten(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects become `outer.inner` fields."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _samples(service: RunService, run_id: str) -> Iterator[dict[str, Any]]:
    after = 0
    while True:
        page = service.samples(run_id, after, _PAGE)
        yield from page.samples
        after = page.last_seq
        if not page.more:
            return
