"""Runs the SB3 training script and keeps what it sent to the games: OUTPUT.npz, then the script's own arguments.

The file has `actions` (decisions, agents, width), in the order in which they were sent, and `draws`: a number that
Python, NumPy and PyTorch each drew after training.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training_scripts"))

import stable_baselines3_training_script as script
from rl_studio_training.fleet import GameFleet


def main() -> int:
    output, *arguments = sys.argv[1:]
    sent: list[np.ndarray[Any, Any]] = []
    send = GameFleet.send

    def record(fleet: GameFleet, section: int, actions: np.ndarray[Any, Any]) -> None:
        sent.append(np.array(actions))
        send(fleet, section, actions)

    GameFleet.send = record  # type: ignore[method-assign]
    code = script.main(arguments)
    import torch

    draws = [random.random(), float(np.random.random()), float(torch.rand(1))]
    np.savez(output, actions=np.stack(sent), draws=draws)
    return code


if __name__ == "__main__":
    sys.exit(main())
