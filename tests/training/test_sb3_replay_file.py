"""Replay buffers in checkpoints: those of today, of other sizes and crews, and of versions that knew no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.buffers import DictReplayBuffer, ReplayBuffer

from rl_studio_training.sb3_replay import DictTransitionBuffer, TransitionBuffer
from rl_studio_training.sb3_replay_file import REPLAY_FILE, read_replay, replay_bytes, write_replay

BOX = spaces.Box(-1e6, 1e6, (2,), np.float32)
NAMED = spaces.Dict({"a": BOX, "b": spaces.Discrete(500)})
MOVE = spaces.Box(-1.0, 1.0, (3,), np.float32)


def fill(buffer: Any, steps: int, rows: int, number: int = 0, acted: list[bool] | None = None) -> None:
    """Adds steps, whose transitions are numbered from `number` on.

    Number n sees [n, 0] and then [n, 1], does [n, n, n] and gets n; every third ends, or is cut off.
    """
    buffer.acted = np.ones(rows, bool) if acted is None else np.array(acted)
    for _ in range(steps):
        numbers = np.arange(number, number + rows)
        number += rows
        ends = numbers % 3 == 0
        infos = [{"TimeLimit.truncated": bool(end and n % 2)} for n, end in zip(numbers, ends, strict=True)]
        seen, then = (np.stack([numbers, np.full(rows, flag)], axis=1).astype(np.float32) for flag in (0, 1))
        if isinstance(buffer.observations, dict):
            seen, then = {"a": seen, "b": numbers}, {"a": then, "b": numbers + 1}  # type: ignore[assignment]
        actions = np.repeat(numbers[:, None], 3, axis=1).astype(np.float32)
        buffer.add(seen, then, actions, numbers.astype(np.float32), ends, infos)


def write_old(buffer: Any, folder: Path) -> None:
    """The file of a buffer of SB3 as versions wrote it that had no agents that come and go."""
    arrays: dict[str, Any] = {}
    for name in ("observations", "next_observations", "actions", "rewards", "dones", "timeouts"):
        value = getattr(buffer, name)
        parts = (
            {f"{name}/{key}": array for key, array in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
        arrays |= {key: array[: buffer.size()] for key, array in parts.items()}
    np.savez(folder / REPLAY_FILE, position=np.int64(buffer.pos), full=np.bool_(buffer.full), **arrays)


def drawn(buffer: Any) -> list[Any]:
    """What is drawn with the same random numbers, as lists."""
    np.random.seed(5)
    batch = buffer.sample(50)
    parts = []
    for part in (batch.observations, batch.actions, batch.next_observations, batch.dones, batch.rewards):
        parts += [tensor.tolist() for tensor in (part.values() if isinstance(part, dict) else [part])]
    return parts


def kept(buffer: Any) -> list[int]:
    """The numbers of all transitions, the oldest first; fails where one is put together from several."""
    count = buffer.size()
    numbers = buffer.rewards[:count, 0].astype(int)
    np.testing.assert_array_equal(buffer.actions[:count, 0], np.repeat(numbers[:, None], 3, axis=1))
    np.testing.assert_array_equal(buffer.dones[:count, 0], numbers % 3 == 0)
    np.testing.assert_array_equal(buffer.timeouts[:count, 0], numbers % 6 == 3)
    np.testing.assert_array_equal(buffer.observations[:count, 0], np.stack([numbers, 0 * numbers], axis=1))
    np.testing.assert_array_equal(
        buffer.next_observations[:count, 0], np.stack([numbers, 0 * numbers + 1], axis=1)
    )
    return np.roll(numbers, -buffer.pos if buffer.full else 0).tolist()


@pytest.mark.parametrize("steps", [7, 10, 13])
@pytest.mark.parametrize("space", [BOX, NAMED], ids=["box", "named"])
def test_a_fixed_crew_draws_what_sb3_draws(space: Any, steps: int) -> None:
    theirs_kind = DictReplayBuffer if space is NAMED else ReplayBuffer
    theirs: Any = theirs_kind(44, space, MOVE, device="cpu", n_envs=4)
    ours = (DictTransitionBuffer if space is NAMED else TransitionBuffer)(
        44, space, MOVE, device="cpu", n_envs=4
    )
    for buffer in (theirs, ours):
        fill(buffer, steps, 4)
    assert drawn(ours) == drawn(theirs)


@pytest.mark.parametrize("steps", [7, 10, 13])
@pytest.mark.parametrize("space", [BOX, NAMED], ids=["box", "named"])
def test_an_old_file_goes_on_as_it_would_have(tmp_path: Path, space: Any, steps: int) -> None:
    theirs_kind = DictReplayBuffer if space is NAMED else ReplayBuffer
    theirs: Any = theirs_kind(44, space, MOVE, device="cpu", n_envs=4)
    fill(theirs, steps, 4)
    write_old(theirs, tmp_path)
    ours = (DictTransitionBuffer if space is NAMED else TransitionBuffer)(
        44, space, MOVE, device="cpu", n_envs=4
    )
    assert read_replay(ours, tmp_path) is None
    assert drawn(ours) == drawn(theirs)
    for buffer in (theirs, ours):
        fill(buffer, 2, 4, 4 * steps)
    assert drawn(ours) == drawn(theirs)


def test_an_old_file_of_another_crew_keeps_every_transition(tmp_path: Path) -> None:
    theirs = ReplayBuffer(44, BOX, MOVE, device="cpu", n_envs=4)
    fill(theirs, 5, 4)
    write_old(theirs, tmp_path)
    ours = TransitionBuffer(44, BOX, MOVE, device="cpu", n_envs=3)
    assert read_replay(ours, tmp_path) is None
    assert kept(ours) == list(range(20))
    fill(ours, 4, 3, 20)
    assert kept(ours) == list(range(32))
    np.random.seed(0)
    assert set(ours.sample(2000).rewards.ravel().tolist()) == set(range(32))


@pytest.mark.parametrize("steps", [4, 10, 13])
def test_what_is_written_is_read(tmp_path: Path, steps: int) -> None:
    first = TransitionBuffer(44, BOX, MOVE, device="cpu", n_envs=4)
    fill(first, steps, 4)
    fill(first, 1, 4, 4 * steps, acted=[True, False, True, True])
    write_replay(first, tmp_path)
    again = TransitionBuffer(44, BOX, MOVE, device="cpu", n_envs=4)
    assert read_replay(again, tmp_path) is None
    for buffer in (first, again):
        fill(buffer, 3, 4, 100)
    assert drawn(again) == drawn(first)
    assert (again.pos, again.full, again.step_size) == (first.pos, first.full, first.step_size)
    assert replay_bytes(first) == first.size() * (2 * 8 + 12 + 3 * 4)


@pytest.mark.parametrize("steps", [4, 23])
@pytest.mark.parametrize("size", [7, 12, 40, 400])
def test_another_size_keeps_the_newest(tmp_path: Path, steps: int, size: int) -> None:
    first = TransitionBuffer(20, BOX, MOVE, device="cpu", n_envs=2)
    fill(first, steps, 2)
    write_replay(first, tmp_path)
    other = TransitionBuffer(size, BOX, MOVE, device="cpu", n_envs=1)
    assert read_replay(other, tmp_path) is None
    count = min(size, 20, 2 * steps)
    assert kept(other) == list(range(2 * steps - count, 2 * steps))
    assert other.full == (count == size)


def test_the_file_says_nothing_of_a_crew(tmp_path: Path) -> None:
    buffer = TransitionBuffer(20, BOX, MOVE, device="cpu", n_envs=2)
    fill(buffer, 3, 2)
    write_replay(buffer, tmp_path)
    with np.load(tmp_path / REPLAY_FILE, allow_pickle=False) as saved:
        assert {name: saved[name].shape for name in saved.files} == {
            **{"observations": (6, 2), "next_observations": (6, 2), "actions": (6, 3)},
            **{"rewards": (6,), "dones": (6,), "timeouts": (6,)},
            **{"position": (), "full": (), "step_size": ()},
        }


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    buffer = TransitionBuffer(20, BOX, MOVE, device="cpu", n_envs=2)
    assert read_replay(buffer, tmp_path) == "has no replay buffer"
    other = TransitionBuffer(20, BOX, spaces.Box(-1.0, 1.0, (2,), np.float32), device="cpu", n_envs=2)
    write_replay(other, tmp_path)
    assert read_replay(buffer, tmp_path) == "has a replay buffer of other observations or actions"
    whole = (tmp_path / REPLAY_FILE).read_bytes()
    (tmp_path / REPLAY_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a zip"):
        read_replay(buffer, tmp_path)
