"""Several layers of values, the later ones stronger: defaults, experiment, overlay, what a start is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from rl_studio.errors import ConfigError
from rl_studio.experiments.overlay import FILE, Overlay, load
from rl_studio.experiments.overrides import refusal, resolve
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.store import Experiment
from rl_studio.experiments.training_config import TrainingConfig, applies

Model = TypeVar("Model", bound=BaseModel)


def has_overlay(model: type[BaseModel]) -> bool:
    """Whether experiments of this configuration may have an overlay."""
    return issubclass(model, RLlibConfig)


def configure(
    model: type[Model], saved: Mapping[str, Any], overlay_file: Path | None, overrides: Mapping[str, Any]
) -> Model:
    """The complete configuration of a start.

    Args:
        saved: what the experiment sets.
        overlay_file: lies over that, if there is such a file and the model has overlays.
        overrides: lies over both.

    Raises:
        ConfigError: as `resolve` and `overlay.load`; mistakes of the overlay come with their line.
    """
    overlay = load(overlay_file) if overlay_file is not None and has_overlay(model) else Overlay()
    try:
        return resolve(model, merge(model, saved, overlay.values, overrides))
    except ConfigError as error:
        raise _with_lines(error, overlay, overrides) from error


def saved_for(experiment: Experiment, trainer: str, model: type[BaseModel]) -> dict[str, Any]:
    """What an experiment sets for a trainer: all of it, or for another one than its own what all trainers share."""
    if trainer == experiment.trainer:
        return experiment.overrides
    shared = (
        TrainingConfig.model_fields.keys() - {"algorithm"} if issubclass(model, TrainingConfig) else set()
    )
    return {key: value for key, value in experiment.overrides.items() if key in shared}


def merge(model: type[BaseModel], *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lays values over values. Those of fields of kind "json" are merged map by map, all others replaced.

    A layer that chooses another algorithm drops what the layers below it set for fields the new one has not.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        if "algorithm" in layer:
            merged = _kept(model, merged, layer["algorithm"])
        for key, value in layer.items():
            merged[key] = _joined(merged.get(key), value) if _is_nested(model, key) else value
    return merged


def _kept(model: type[BaseModel], values: dict[str, Any], algorithm: Any) -> dict[str, Any]:
    if not issubclass(model, TrainingConfig):
        return values
    fields = model.model_fields
    before = values.get("algorithm", fields["algorithm"].default)
    if algorithm == before:
        return values
    return {
        key: value for key, value in values.items() if key not in fields or applies(model, key, algorithm)
    }


def _is_nested(model: type[BaseModel], key: str) -> bool:
    field = model.model_fields.get(key)
    extra = field.json_schema_extra if field is not None else None
    return isinstance(extra, dict) and extra.get("kind") == "json"


def _joined(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    return {**below, **{key: _joined(below.get(key), value) for key, value in above.items()}}


def _with_lines(error: ConfigError, overlay: Overlay, overrides: Mapping[str, Any]) -> ConfigError:
    """The error again, with the line of each mistake that the overlay made."""
    problems = []
    for item in error.data.get("errors", []):
        key = str(item["key"])
        line = None if key.split(".")[0] in overrides else overlay.line_of(key)
        where = "" if line is None else f" ({FILE}, line {line})"
        problems.append({**item, "message": f"{item['message']}{where}"})
    return refusal(problems)
