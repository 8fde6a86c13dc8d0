"""`rl-studio train --seeds N`: what it prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rl_studio.cli.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED
from rl_studio.cli.follow import Listener, follow, outcome_text
from rl_studio.cli.output import Output, number_text, table
from rl_studio.cli.presses import Presses
from rl_studio.experiments import ExperimentStore, layers, overlay
from rl_studio.runs import RunInfo, RunService
from rl_studio.seeds import (
    CONFIDENCE,
    FIGURES,
    POLICY_FIGURES,
    Estimate,
    SeedReport,
    SeedResult,
    train_seeds,
)

_TITLES = {"reward": "reward", "success_rate": "success", "steps_per_second": "steps/s"}
_COLUMNS = {"seed": "seed", "run": "run", "state": "state", "timesteps": "steps", **_TITLES}
_EXIT_CODES = {"finished": EXIT_DONE, "stopped": EXIT_INTERRUPTED, "failed": EXIT_FAILED}


def train_with_seeds(
    service: RunService,
    start: Callable[[int], RunInfo],
    seeds: range,
    listener: Listener,
    output: Output,
    presses: Presses | None = None,
) -> int:
    """Trains with each of `seeds` and prints a table, the means and their intervals; the document is the report.

    Ctrl+C stops the run at hand, which saves a checkpoint, and reports the others.

    Args:
        start: starts the run of a seed.
        presses: counts Ctrl+C; None begins to count with each run.

    Returns:
        The exit code.

    Raises:
        StudioError: the first run could not be started.
    """

    def begin(seed: int) -> RunInfo:
        info = start(seed)
        number = seeds.index(seed) + 1
        output.say(f"Seed {seed} ({number} of {len(seeds)}): run {info.id} in {service.folder(info.id)}")
        return info

    def watch(run_id: str) -> RunInfo:
        info = follow(service, run_id, listener, presses)
        output.say(outcome_text(info))
        return info

    report = train_seeds(service, seeds, begin, watch)
    output.say("\n" + report_text(report))
    output.result(report.to_dict())
    return _EXIT_CODES[report.state]


def first_seed(
    service: RunService, experiment: str, trainer: str | None, overrides: Mapping[str, Any]
) -> int:
    """The seed that a start with these values would get; a bad one is left to the check at the start.

    Raises:
        ConfigError: the experiment's name is none, or its overlay cannot be read.
        TrainerError: there is no such trainer.
    """
    saved = ExperimentStore(service.project).get(experiment)
    chosen = service.trainers.get(trainer or saved.trainer)
    model = chosen.config_model()
    file = service.project.experiments_dir / experiment / overlay.FILE
    above = overlay.read(file) if layers.has_overlay(model) else {}
    values = layers.merge(model, layers.saved_for(saved, chosen.name, model), above, overrides)
    seed = values.get("seed", 0)
    return int(seed) if isinstance(seed, int | float) else 0


def report_text(report: SeedReport) -> str:
    """A table of the runs, and below it what they say together."""
    lines = [table([_row(result) for result in report.results], _columns(report))]
    finished = sum(result.counts for result in report.results)
    if finished:
        lines.append(
            f"\nMean over {finished} finished run{'s' if finished > 1 else ''}{_interval_note(finished)}:"
        )
    for title, figure, found in _estimates(report):
        if found is not None:
            lines.append(f"  {title}: {_estimate_text(figure, found)}")
    if report.problem:
        lines.append(f"Seed {report.left[0]} could not be started: {report.problem}")
    if report.left:
        lines.append(
            f"Not trained: seed{'s' if len(report.left) > 1 else ''} {', '.join(map(str, report.left))}."
        )
    return "\n".join(lines)


def _columns(report: SeedReport) -> dict[str, str]:
    """Those of the table: policies that learn against each other have figures of their own."""
    if len(report.policies) < 2:
        return _COLUMNS
    own = {
        f"{policy}.{figure}": f"{_TITLES[figure]} {policy}"
        for figure in POLICY_FIGURES
        for policy in report.policies
    }
    return {key: title for key, title in _COLUMNS.items() if key not in POLICY_FIGURES} | own


def _estimates(report: SeedReport) -> Iterator[tuple[str, str, Estimate | None]]:
    """(title, figure, estimate) of all that is estimated."""
    apart = report.policies if len(report.policies) > 1 else []
    for policy in apart:
        for figure in POLICY_FIGURES:
            yield f"{_TITLES[figure]} of {policy}", figure, report.estimate_of(policy, figure)
    for figure in FIGURES:
        if not apart or figure not in POLICY_FIGURES:
            yield _TITLES[figure], figure, report.estimate(figure)


def _interval_note(count: int) -> str:
    return f" and its {CONFIDENCE:.0%} interval" if count > 1 else " (an interval needs two)"


def _row(result: SeedResult) -> dict[str, Any]:
    told = {key: getattr(result, key) for key in ("seed", "run", "state", "timesteps")}
    values = {figure: (figure, getattr(result, figure)) for figure in FIGURES} | {
        f"{policy}.{figure}": (figure, value)
        for policy, own in result.policies.items()
        for figure, value in own.items()
    }
    return told | {
        key: None if value is None else _figure_text(figure, value) for key, (figure, value) in values.items()
    }


def _estimate_text(figure: str, found: Estimate) -> str:
    text = _figure_text(figure, found.mean)
    if found.low is None or found.high is None:
        return text
    return f"{text} ({_figure_text(figure, found.low)} to {_figure_text(figure, found.high)})"


def _figure_text(figure: str, value: float) -> str:
    if figure == "success_rate":
        return f"{value:.0%}"
    return number_text(value, 0 if figure == "steps_per_second" else 2)
