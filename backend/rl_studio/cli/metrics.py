"""`rl-studio metrics`."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rl_studio.cli.arguments import add_project, open_project
from rl_studio.cli.output import Output, table
from rl_studio.runs import RunService
from rl_studio.words import counted

Path = tuple[str, ...]
"""The names that lead to a field of a sample."""

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
        problem = service.problem
    if problem is not None:
        output.warn(problem)
    if args.csv:
        for line in csv_lines(samples):
            output.raw(line)
        return 0
    output.say(f"{run_id}: {counted(len(samples), 'sample')}")
    if samples:
        rows = [row(sample) for sample in samples[-_SHOWN:]]
        output.say(table(rows, columns(samples[-1])))
    output.result({"run": run_id, "samples": samples})
    return 0


def columns(sample: dict[str, Any]) -> dict[str, str]:
    """The columns of a table of samples like this one: with several policies each has figures of its own."""
    policies = list(sample.get("policies") or {})
    if len(policies) < 2:
        return _COLUMNS
    common = {
        key: title for key, title in _COLUMNS.items() if key.endswith("_total") or key == "training_iteration"
    }
    own = {
        f"{policy}.{key}": f"{title} {policy}"
        for key, title in (("reward_mean", "reward"), ("success_rate", "success"))
        for policy in policies
    }
    return common | own


def row(sample: dict[str, Any]) -> dict[str, Any]:
    """A sample with the figures of its policies as `policy.figure`."""
    own = {
        f"{policy}.{key}": value
        for policy, figures in (sample.get("policies") or {}).items()
        for key, value in figures.items()
    }
    return sample | own


def csv_lines(samples: list[dict[str, Any]]) -> Iterator[str]:
    """The samples as CSV: a header, then one row each; a field that a sample lacks is empty.

    A row has more than one line if a name has.
    """
    rows = [flatten(sample) for sample in samples]
    paths = list(dict.fromkeys(path for row in rows for path in row))
    yield _csv_row(_column_names(paths))
    for row in rows:
        yield _csv_row([_field(row.get(path)) for path in paths])


def flatten(data: dict[str, Any], prefix: Path = ()) -> dict[Path, Any]:
    """Nested objects as their fields, by the names that lead to each."""
    flat: dict[Path, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= flatten(value, (*prefix, key))
        else:
            flat[*prefix, key] = value
    return flat


def _column_names(paths: list[Path]) -> list[str]:
    """`outer.inner` for each; names with a dot are quoted where two columns would be called alike."""
    plain = [".".join(path) for path in paths]
    count = Counter(plain)
    return [name if count[name] == 1 else _quoted(path) for name, path in zip(plain, paths, strict=True)]


def _quoted(path: Path) -> str:
    return ".".join(
        json.dumps(name, ensure_ascii=False) if "." in name or '"' in name else name for name in path
    )


def _field(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | bool) else value


def _csv_row(fields: list[Any]) -> str:
    buffer = io.StringIO()
    # Line ends of either kind are quoted only if the writer has them in its own.
    csv.writer(buffer, lineterminator="\r\n").writerow(fields)
    return buffer.getvalue().removesuffix("\r\n")


def _samples(service: RunService, run_id: str) -> Iterator[dict[str, Any]]:
    after = 0
    while True:
        page = service.samples(run_id, after, _PAGE)
        yield from page.samples
        after = page.last_seq
        if not page.more:
            return
