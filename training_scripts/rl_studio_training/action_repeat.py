"""How many physics ticks a decision lasts: what the run sets, what the scene says, and what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rl_studio_training.messages import StudioInfo


@dataclass(frozen=True, slots=True)
class ActionRepeat:
    """The physics ticks of a decision.

    Args:
        in_force: in the games of this run; None if nobody says, as with other plugins.
        scene: what the scene's RLSync has, which is how the game plays later on; None likewise.
    """

    in_force: int | None
    scene: int | None

    @classmethod
    def of(cls, wanted: int | None, told: StudioInfo | None) -> ActionRepeat:
        """Those of a run.

        Args:
            wanted: what the configuration sets; None leaves it to the scene.
            told: what the game says of itself; older ones say nothing of this.
        """
        in_force = told.action_repeat if told is not None else None
        return cls(wanted if in_force is None else in_force, told.scene_action_repeat if told else None)

    @property
    def warning(self) -> str | None:
        """What to say if the policy would be trained with another number than it will play with."""
        if self.scene is None or self.in_force is None or self.scene == self.in_force:
            return None
        return (
            f"action_repeat: the scene's RLSync has {self.scene}, this run trains with {self.in_force}. The policy "
            f"will play with {self.scene}: leave action_repeat empty, or set {self.in_force} in the scene too."
        )


def action_repeat_of(checkpoint: Mapping[str, Any]) -> int | None:
    """What the policies of a checkpoint were trained with; None if it does not say.

    Args:
        checkpoint: its checkpoint.json. In those of older versions it is in the configuration only.
    """
    found = checkpoint.get("action_repeat")
    if found is None:
        found = (checkpoint.get("config") or {}).get("action_repeat")
    return None if found is None else int(found)
