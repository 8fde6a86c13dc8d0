"""Steps of a fleet that do nothing."""

from __future__ import annotations

import numpy as np

from rl_studio_training.fleet import GameFleet
from rl_studio_training.fleet_batch import FleetBatch


def still(fleet: GameFleet, section: int = 0) -> np.ndarray:
    """Actions of zero for the rows of a section."""
    rows = fleet.section_rows[section]
    return np.zeros((rows.stop - rows.start, *(fleet.groups[0].actions.space.shape or ())), np.float32)


def step(fleet: GameFleet) -> list[FleetBatch]:
    """One step of all sections."""
    sections = range(len(fleet.sections))
    for section in sections:
        fleet.send(section, still(fleet, section))
    return [fleet.receive(section) for section in sections]


def pids(fleet: GameFleet) -> list[int]:
    """The processes of the games."""
    return [game.game.pid for game in fleet.games if game.game is not None]
