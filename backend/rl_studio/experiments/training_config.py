"""What the configurations of all trainers share: the run, the game, when to stop, what to keep.

A trainer's model adds `algorithm`, a Literal, and the fields of its algorithms. A field may belong to some of them only
and may have another default for each (`fields.option`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rl_studio.experiments.fields import number_or_auto, option
from rl_studio.experiments.run_fields import GAME, OUTPUT, STOP, GameFields, OutputFields, StopFields

MAX_INSTANCES = 64

GENERAL = "Training"

GROUPS = (
    GENERAL,
    "Policies",
    "Learning",
    "Updates",
    "Replay",
    "Exploration",
    "Network",
    "Normalization",
    "Runners",
    GAME,
    STOP,
    OUTPUT,
)
"""Sections of forms and of the reference page, in their order; others come last."""


def ordered_fields(model: type[BaseModel]) -> list[str]:
    """The fields of `model` by section, in the order in which people read them."""

    def place(key: str) -> int:
        group = _extra(model, key).get("group")
        return GROUPS.index(group) if group in GROUPS else len(GROUPS)

    return sorted(model.model_fields, key=place)


def applies(model: type[BaseModel], key: str, algorithm: str) -> bool:
    """Whether `algorithm` has the field `key`."""
    only = _extra(model, key).get("algorithms")
    return only is None or algorithm in only


def default_of(model: type[BaseModel], key: str, algorithm: str) -> Any:
    """The default of the field `key` for `algorithm`."""
    own = _extra(model, key).get("defaults", {})
    return (
        own[algorithm] if algorithm in own else model.model_fields[key].get_default(call_default_factory=True)
    )


def _extra(model: type[BaseModel], key: str) -> dict[str, Any]:
    extra = model.model_fields[key].json_schema_extra
    return extra if isinstance(extra, dict) else {}


class TrainingConfig(OutputFields, StopFields, GameFields):
    """The fields of every trainer. Step counts are agent steps unless they say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scene: str = option(
        "",
        title="Scene",
        help="The scene to train in. Empty: the project's training scene, else its main scene.",
        group=GENERAL,
        target="the game's command line",
        level="basic",
        kind="scene",
    )
    algorithm: str = option(
        "ppo", title="Algorithm", help="How the policy learns.", group=GENERAL, level="basic"
    )
    total_timesteps: int = option(
        200_000,
        title="Timesteps",
        help="Agent steps to train for: every decision of every agent counts as one.",
        group=GENERAL,
        target="end of the run with reason timesteps; end of schedules",
        level="basic",
        unit="steps",
        ge=1,
    )
    n_envs: Annotated[
        Annotated[int, Field(ge=1, le=MAX_INSTANCES)] | Literal["auto"],
        number_or_auto(f"a whole number from 1 to {MAX_INSTANCES}"),
    ] = option(
        1,
        title="Game instances",
        help="Game processes side by side; auto measures for some seconds how many are fastest here. More agents "
        "in one scene are cheaper than more instances.",
        group=GENERAL,
        target="game processes; with RLlib those of each env runner",
        level="basic",
    )
    seed: int = option(
        0,
        title="Seed",
        help="Seeds Python, NumPy, PyTorch and the games (instance i gets seed + i).",
        group=GENERAL,
        target="random, numpy.random, torch; --env_seed of the games",
        level="basic",
        ge=0,
        le=2**31 - 1,
    )

    def complete(self) -> dict[str, Any]:
        """All fields that the algorithm has, as JSON data; `resolve` makes the same configuration of it."""
        values = self.model_dump(mode="json")
        model = type(self)
        return {key: values[key] for key in ordered_fields(model) if applies(model, key, self.algorithm)}

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """(key, what is wrong) of values that cannot go together; `resolve` refuses them."""
        model = type(self)
        for key, field in model.model_fields.items():
            default = field.get_default(call_default_factory=True)
            if not applies(model, key, self.algorithm) and getattr(self, key) != default:
                owners = _join(_extra(model, key)["algorithms"])
                yield key, f"{self.algorithm} has no such field; {owners}"

    @model_validator(mode="before")
    @classmethod
    def _fill_in_defaults_of_the_algorithm(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        algorithm = str(data.get("algorithm", cls.model_fields["algorithm"].default))
        own = {key: _extra(cls, key).get("defaults", {}) for key in cls.model_fields if key not in data}
        return data | {key: defaults[algorithm] for key, defaults in own.items() if algorithm in defaults}

    @field_validator("scene")
    @classmethod
    def _scene_is_in_project(cls, value: str) -> str:
        if value and not value.startswith(("res://", "uid://")):
            raise ValueError("must be a path in the project such as res://train.tscn")
        return value


def _join(names: list[str]) -> str:
    """ "ppo and a2c have it", "dqn has it"."""
    if len(names) == 1:
        return f"{names[0]} has it"
    return f"{', '.join(names[:-1])} and {names[-1]} have it"
