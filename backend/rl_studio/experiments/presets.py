"""Sets of hyperparameters to start from, each with the reason for it. How they were found: docs/tuning.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from rl_studio.errors import ConfigError, closest
from rl_studio.experiments.training_config import applies


@dataclass(frozen=True, slots=True)
class Preset:
    """Values for a trainer's configuration.

    Args:
        name: what `--preset` takes.
        title: its name for people.
        reason: one or two sentences: when to take it, and what it does differently.
        values: what differs from the defaults.
    """

    name: str
    title: str
    reason: str
    values: dict[str, Any] = field(default_factory=dict)

    def missing(self, model: type[BaseModel], algorithm: str) -> list[str]:
        """The fields it sets that `algorithm` has not; it is no preset for it then."""
        return [key for key in self.values if not applies(model, key, algorithm)]


PRESETS: tuple[Preset, ...] = (
    Preset(
        "balanced",
        "Balanced",
        "The defaults: the most reliable short time to a good policy over five games with 4 to 16 agents.",
    ),
    Preset(
        "fast",
        "Fast on a laptop",
        "For simple games and a first look: updates twice as often, which needs the fewest steps there. The time "
        "varies more from run to run on harder games.",
        {"n_steps": 16, "batch_size": 128, "n_epochs": 4},
    ),
    Preset(
        "stable",
        "Stable",
        "For games where the reward climbs and then collapses: long rollouts, careful steps that shrink towards "
        "the end, and an early end for updates that go too far.",
        {
            "n_steps": 128,
            "batch_size": 512,
            "n_epochs": 10,
            "learning_rate": 3e-4,
            "learning_rate_schedule": "linear",
            "target_kl": 0.03,
        },
    ),
    Preset(
        "many_agents",
        "Many agents",
        "For 64 agents or more in all games together: shorter rollouts learn from fewer steps, and large batches "
        "keep the update from eating the time.",
        {"n_steps": 16, "batch_size": 1024},
    ),
)


def find_preset(name: str, presets: Iterable[Preset]) -> Preset:
    """The preset called `name`.

    Raises:
        ConfigError: there is none; the message lists all, the hint names the closest.
    """
    known = {preset.name: preset for preset in presets}
    if name in known:
        return known[name]
    near = closest(name, known)
    raise ConfigError(
        f"There is no preset {name!r}; there are {', '.join(known) or 'none for this trainer'}.",
        hint=f"Did you mean {near}?" if near else None,
        data={"errors": [{"key": "preset", "message": "no such preset", "value": name}]},
    )


def preset_values(
    preset: Preset, model: type[BaseModel], saved: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of `preset` that neither the experiment nor the overrides of this start set themselves.

    Raises:
        ConfigError: the algorithm that they choose has not all of its fields.
    """
    given = {**saved, **overrides}
    if "algorithm" in model.model_fields:
        algorithm = str(given.get("algorithm", model.model_fields["algorithm"].default))
        if missing := preset.missing(model, algorithm):
            raise ConfigError(
                f"The preset {preset.name} is not for {algorithm}, which has no {' and no '.join(missing)}.",
                hint="Leave the preset out, or choose ppo.",
                data={"errors": [{"key": "preset", "message": f"not for {algorithm}", "value": preset.name}]},
            )
    return {key: value for key, value in preset.values.items() if key not in given}
