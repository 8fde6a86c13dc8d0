"""What is said about trainers and experiments. See `messages` for how these models are written."""

from __future__ import annotations

from typing import Any

from rl_studio.protocol.envelopes import Message


class PresetInfo(Message):
    """A set of values to start from."""

    name: str
    title: str
    reason: str
    """When to take it, and what it does differently."""
    values: dict[str, Any]
    """What differs from the trainer's defaults."""


class TrainerInfo(Message):
    """A way to train."""

    name: str
    title: str
    available: bool
    """Whether a run could be started with it now."""
    problem: str | None
    """Why it is not available."""
    hint: str | None
    """How to make it available."""
    can_resume: bool
    """Whether its runs can be resumed, and a run can start from the policies of another."""
    single_policy: bool
    """Whether all agents of a game have to follow one policy."""
    fields: list[dict[str, Any]]
    """Its configuration: {key, title, help, type, default, nullable, minimum, maximum, exclusive_minimum,
    choices, unit, group, level, algorithms, defaults}. `type` is int, float, bool, string, enum, int_list,
    string_list, scene, dict, json (maps within maps), or int_or_auto and float_or_auto (a number, or the text
    "auto"). `algorithms` are the values of the field `algorithm` with which the field exists, null for all;
    `defaults` has the default by algorithm where it is another one."""
    presets: list[PresetInfo]
    """Values to choose from, the defaults first; empty if it has none."""


class TrainerListResult(Message):
    trainers: list[TrainerInfo]


class ExperimentInfo(Message):
    """A named configuration."""

    name: str
    trainer: str
    overrides: dict[str, Any]
    """The values that differ from the trainer's defaults."""


class ExperimentListResult(Message):
    experiments: list[ExperimentInfo]


class ExperimentGetParams(Message):
    name: str


class ExperimentResult(Message):
    name: str
    trainer: str
    overrides: dict[str, Any]
    """The values that differ from the trainer's defaults."""
    config: dict[str, Any]
    """All values that the algorithm has, those of the overlay among them."""
    overlay: dict[str, Any]
    """Values of the experiment's rllib_config.yaml, which win over `overrides`; empty without that file."""
    overlay_file: str | None
    """That file, if there is one."""
    problem: str | None
    """Why no run could be started with this, such as a mistake in the overlay."""
    warnings: list[str]
    """What is allowed but hardly meant, with the value to use instead."""


class ExperimentSaveParams(Message):
    name: str
    trainer: str
    overrides: dict[str, Any]
    """The values that differ from the trainer's defaults; all others go back to the default."""
