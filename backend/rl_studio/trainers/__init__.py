"""The ways to train: built in, and from other packages through entry points."""

from rl_studio.trainers.registry import (
    ENTRY_POINT_GROUP,
    ScriptTrainer,
    Trainer,
    TrainerError,
    TrainerProblem,
    TrainerRegistry,
    trains_single_policy,
)

__all__ = [
    "ENTRY_POINT_GROUP",
    "ScriptTrainer",
    "Trainer",
    "TrainerError",
    "TrainerProblem",
    "TrainerRegistry",
    "trains_single_policy",
]
