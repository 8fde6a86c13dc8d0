"""Values that may fall over a training: SB3's schedules from the configuration's words."""

from __future__ import annotations

from typing import Literal

from stable_baselines3.common.utils import LinearSchedule

Kind = Literal["constant", "linear"]


def schedule(value: float, kind: Kind) -> float | LinearSchedule:
    """What an algorithm of SB3 takes for a value: itself, or a line from it to zero at the last timestep."""
    return value if kind == "constant" else LinearSchedule(value, 0.0, 1.0)
