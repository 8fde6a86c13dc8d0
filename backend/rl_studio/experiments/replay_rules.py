"""What cannot be right with a replay buffer, for all trainers that have one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class ReplayConfig(Protocol):
    """The fields that the rules are about."""

    @property
    def total_timesteps(self) -> int: ...
    @property
    def buffer_size(self) -> int: ...
    @property
    def learning_starts(self) -> int: ...
    @property
    def exploration_initial_eps(self) -> float: ...
    @property
    def exploration_final_eps(self) -> float: ...


def replay_problems(config: ReplayConfig, batch_size: int) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of a buffer that nothing can be learned from."""
    if config.buffer_size < batch_size:
        yield "buffer_size", f"must hold at least one batch ({batch_size}); it is {config.buffer_size}"
    if config.learning_starts >= config.total_timesteps:
        yield (
            "learning_starts",
            f"{config.learning_starts} steps, but training ends after {config.total_timesteps}; nothing would be "
            f"learned. Use {config.total_timesteps // 10}",
        )


def exploration_problems(config: ReplayConfig) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of an exploration that grows."""
    if config.exploration_final_eps > config.exploration_initial_eps:
        yield (
            "exploration_final_eps",
            f"must not be above exploration_initial_eps ({config.exploration_initial_eps}); "
            f"it is {config.exploration_final_eps}",
        )
