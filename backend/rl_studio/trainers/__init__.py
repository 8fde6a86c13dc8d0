"""The ways to train: built in, and from other packages through entry points."""

from rl_studio.trainers.registry import (
    ENTRY_POINT_GROUP,
    ScriptTrainer,
    Trainer,
    TrainerError,
    TrainerProblem,
    TrainerRegistry,
)

__all__ = [
    "ENTRY_POINT_GROUP",
    "ScriptTrainer",
    "Trainer",
    "TrainerError",
    "TrainerProblem",
    "TrainerRegistry",
]
