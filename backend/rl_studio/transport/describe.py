"""What clients are told about trainers, experiments and configurations of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rl_studio.errors import ConfigError
from rl_studio.files import read_json
from rl_studio.protocol import messages, setup_messages
from rl_studio.runs import RunService

if TYPE_CHECKING:
    from pydantic import BaseModel

    from rl_studio.experiments import Experiment
    from rl_studio.trainers import Trainer

# Late imports here: they take a tenth of the time to "ready", and no client needs them that early.


def describe_trainer(trainer: Trainer) -> setup_messages.TrainerInfo:
    """A trainer with its form and whether it can be used."""
    from rl_studio.experiments import form_fields
    from rl_studio.trainers import trains_single_policy

    problem = trainer.problem()
    return setup_messages.TrainerInfo(
        name=trainer.name,
        title=trainer.title,
        available=problem is None,
        problem=problem.message if problem else None,
        hint=problem.hint if problem else None,
        can_resume=trainer.can_resume,
        single_policy=trains_single_policy(trainer),
        fields=form_fields(trainer.config_model()),
        presets=[
            setup_messages.PresetInfo(
                name=item.name, title=item.title, reason=item.reason, values=item.values
            )
            for item in trainer.presets()
        ],
    )


def describe_experiment(service: RunService, experiment: Experiment) -> setup_messages.ExperimentResult:
    """An experiment with all its values.

    What is wrong with the overlay is told as `problem`, for the form does not depend on it.

    Raises:
        ConfigError: the experiment's own values are not right.
        TrainerError: there is no such trainer.
    """
    from rl_studio.experiments import ExperimentStore, complete, layers, overlay, resolve

    model = service.trainers.get(experiment.trainer).config_model()
    config = resolve(model, experiment.overrides)
    file = ExperimentStore(service.project).overlay_file(experiment.name)
    file = file if layers.has_overlay(model) else None
    values: dict[str, Any] = {}
    problem: str | None = None
    try:
        values = overlay.read(file) if file is not None else {}
        config = layers.configure(model, experiment.overrides, file, {})
    except ConfigError as error:
        problem = error.message
    return setup_messages.ExperimentResult(
        name=experiment.name,
        trainer=experiment.trainer,
        overrides=experiment.overrides,
        config=complete(config),
        overlay=values,
        overlay_file=str(file) if file is not None else None,
        problem=problem,
        warnings=_warnings(config),
    )


def describe_config(service: RunService, run_id: str) -> messages.RunConfigResult:
    """What a run was started with; empty if its folder does not say.

    Raises:
        RunError: no such run.
    """
    from rl_studio.experiments.store import check_values

    info = service.get(run_id)
    try:
        config = dict(read_json(service.folder(run_id) / "config.json"))
        check_values(config)
    except (OSError, ValueError, TypeError):
        config = {}
    return messages.RunConfigResult(trainer=info.trainer, config=config)


def _warnings(config: BaseModel) -> list[str]:
    from rl_studio.experiments import checks
    from rl_studio.experiments.training_config import TrainingConfig

    return checks.warnings(config) if isinstance(config, TrainingConfig) else []
