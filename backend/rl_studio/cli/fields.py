"""Prints the fields of a trainer's configuration: `rl-studio train --help-config`."""

from __future__ import annotations

import json
from typing import Any

from rl_studio.cli.output import Output
from rl_studio.experiments import form_fields
from rl_studio.trainers import Trainer


def print_fields(trainer: Trainer, algorithm: str | None, output: Output) -> None:
    """Lists fields and presets by section.

    Args:
        algorithm: lists only what this one has, with its defaults; None lists everything.
    """
    fields = form_fields(trainer.config_model())
    if algorithm is not None:
        fields = [_of(field, algorithm) for field in fields if _has(field, algorithm)]
    group = ""
    for field in fields:
        if field["group"] != group:
            group = field["group"]
            output.say(f"\n{group}")
        output.say(f"  {_heading(field)}\n      {field['help']}")
    keys = {field["key"] for field in fields}
    presets = [preset for preset in trainer.presets() if preset.values.keys() <= keys]
    if presets:
        output.say("\nPresets (--preset NAME)")
    for preset in presets:
        values = ", ".join(f"{key}={json.dumps(value)}" for key, value in preset.values.items())
        output.say(f"  {preset.name}: {values or 'the defaults'}\n      {preset.reason}")
    output.result(fields)


def _has(field: dict[str, Any], algorithm: str) -> bool:
    return field["algorithms"] is None or algorithm in field["algorithms"]


def _of(field: dict[str, Any], algorithm: str) -> dict[str, Any]:
    """The field as `algorithm` has it."""
    default = algorithm if field["key"] == "algorithm" else field["defaults"].get(algorithm, field["default"])
    return {**field, "default": default, "algorithms": None, "defaults": {}}


def _heading(field: dict[str, Any]) -> str:
    text = f"{field['key']} = {json.dumps(field['default'])}"
    if field["defaults"]:
        others = ", ".join(f"{name}: {json.dumps(value)}" for name, value in field["defaults"].items())
        text += f" ({others})"
    if field["choices"]:
        text += f", one of {', '.join(field['choices'])}"
    if field["algorithms"]:
        text += f", only for {', '.join(field['algorithms'])}"
    return text
