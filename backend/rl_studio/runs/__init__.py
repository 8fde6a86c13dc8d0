"""Runs of a project: started, watched, stopped, and read; with or without a backend that serves them."""

from rl_studio.runs.checkpoints import RunCheckpoint
from rl_studio.runs.info import (
    CheckpointInfo,
    CheckpointOrigin,
    GameRestart,
    LogPage,
    RunFailure,
    RunInfo,
    SamplePage,
)
from rl_studio.runs.service import RunService
from rl_studio.runs.state import RunError, RunState
from rl_studio.runs.watch import StopPatience

__all__ = [
    "CheckpointInfo",
    "CheckpointOrigin",
    "GameRestart",
    "LogPage",
    "RunCheckpoint",
    "RunError",
    "RunFailure",
    "RunInfo",
    "RunService",
    "RunState",
    "SamplePage",
    "StopPatience",
]
