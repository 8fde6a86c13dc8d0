"""Observations that checkpoints keep: which ones are picked, that they are a fair sample, and their file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rl_studio_training.errors import CheckpointError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.kept_observations import (
    MAX_BYTES,
    MAX_ROWS,
    MIN_ROWS,
    OBSERVATIONS_FILE,
    Kept,
    KeptObservations,
    read_kept,
)
from rl_studio_training.layout import ObservationPart
from training.conftest import MakeCrews, MakeFleet
from training.fleet_steps import step

BODY = ObservationPart("body", (2,), np.dtype(np.float32))
LAMP = ObservationPart("lamp", (), np.dtype(np.int64))
CAMERA = ObservationPart("camera_2d", (3, 4, 5), np.dtype(np.uint8))


def piece(*numbers: float, starts: list[bool] | None = None) -> Kept:
    """Rows that hold these numbers; each a moment of its own unless `starts` says otherwise."""
    rows = np.repeat(np.array(numbers, np.float32)[:, None], 2, axis=1)
    return Kept({"body": rows}, np.ones(len(numbers), bool) if starts is None else np.array(starts))


def watch(fleet: GameFleet, steps: int, with_memory: tuple[str, ...] = ()) -> list[Kept]:
    """What is picked in so many steps after a reset."""
    found: list[tuple[str, Kept]] = []
    fleet.watch_observations(lambda policy, kept: found.append((policy, kept)), with_memory)
    fleet.reset()
    for _ in range(steps):
        step(fleet)
    assert {policy for policy, _ in found} == {"walker"}
    return [kept for _, kept in found]


# --- what is picked (an agent sees its number / 10, its age / 5, and 0.5; episodes have five steps)


def test_single_observations_are_those_that_the_games_sent(make_fleet: MakeFleet) -> None:
    found = watch(make_fleet(["continuous"] * 3), 40)
    rows = np.concatenate([kept.rows["obs"] for kept in found])
    assert all(kept.starts.all() for kept in found)
    numbers = {(round(float(agent) * 10), round(float(age) * 5)) for agent, age, _ in rows}
    assert numbers == {(agent, age) for agent in range(2) for age in range(5)}


def test_fewer_are_picked_as_time_goes_by(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    early, late = len(watch(fleet, 200)), len(watch(fleet, 600)) - 256
    assert early == 200
    assert 0 < late < 50


def test_with_a_memory_episodes_are_followed_from_their_beginning(make_fleet: MakeFleet) -> None:
    found = watch(make_fleet(["continuous"] * 3), 23, with_memory=("walker",))
    assert len(found) >= 8
    for kept in found:
        np.testing.assert_array_equal(kept.starts, [True, False, False, False, False])
        np.testing.assert_allclose(kept.rows["obs"][:, 1], np.arange(5) / 5)
        assert len(set(kept.rows["obs"][:, 0].tolist())) == 1


def test_agents_whose_episodes_differ_are_followed_each_to_its_own_end(make_fleet: MakeFleet) -> None:
    found = watch(make_fleet(extra={"lengths": "100,3"}), 70, with_memory=("walker",))
    lengths = {round(float(kept.rows["obs"][0, 0]) * 10): len(kept.starts) for kept in found[:2]}
    assert lengths == {0: 64, 1: 3}
    for kept in found:
        np.testing.assert_allclose(kept.rows["obs"][:, 1] * 5, np.arange(len(kept.starts)), atol=1e-4)


def test_a_reset_drops_what_was_followed(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    found: list[Kept] = []
    fleet.watch_observations(lambda _policy, kept: found.append(kept), ("walker",))
    for steps in (3, 5):
        fleet.reset()
        for _ in range(steps):
            step(fleet)
    assert [len(kept.starts) for kept in found] == [5, 5]


def watch_crews(fleet: GameFleet, with_memory: tuple[str, ...]) -> list[Kept]:
    """What is picked where agents come and go; they see their number, their age, and 1."""
    found: list[Kept] = []
    fleet.watch_observations(lambda _policy, kept: found.append(kept), with_memory)
    fleet.reset()
    for turn in range(80):
        if turn % 20 == 10:
            fleet.grow()
        step(fleet)
    return found


def test_nothing_is_picked_of_rows_without_an_agent(make_crews: MakeCrews) -> None:
    found = watch_crews(make_crews(GameFleet, 2, crew="red,red", rows="red:4", unrest="0.3"), ())
    assert len(found) == 80 * 2
    assert all((kept.rows["obs"][:, 2] == 1.0).all() for kept in found)


def test_an_agent_is_followed_until_it_leaves(make_crews: MakeCrews) -> None:
    found = watch_crews(make_crews(GameFleet, 2, crew="red,red", unrest="0.3"), ("red",))
    assert len(found) > 10
    for kept in found:
        numbers, ages = kept.rows["obs"][:, 0], kept.rows["obs"][:, 1]
        assert (numbers == numbers[0]).all() and numbers[0] > 0
        assert ages.tolist() == list(range(len(ages)))


# --- what is kept


def test_every_moment_is_as_likely_as_any_other(tmp_path: Path) -> None:
    kept = KeptObservations()
    for moment in range(5000):
        kept.add("walker", piece(*[moment] * 4))
    kept.write(tmp_path)
    found = read_kept(tmp_path / OBSERVATIONS_FILE, "walker", [BODY])
    assert found is not None and len(found.starts) == MAX_ROWS
    counts, _ = np.histogram(found.rows["body"][:, 0], bins=5, range=(0, 5000))
    assert counts.min() > 0.5 * MAX_ROWS / 5


def test_sequences_stay_whole(tmp_path: Path) -> None:
    kept = KeptObservations()
    for moment in range(200):
        length = 3 + moment % 60
        kept.add(
            "walker",
            piece(*(moment + np.arange(length) / 100), starts=[True, *[False] * (length - 1)]),
        )
    kept.write(tmp_path)
    found = read_kept(tmp_path / OBSERVATIONS_FILE, "walker", [BODY])
    assert found is not None and MAX_ROWS // 2 < len(found.starts) <= MAX_ROWS
    numbers = found.rows["body"][:, 0]
    follows = ~found.starts[1:]
    np.testing.assert_allclose(np.diff(numbers)[follows], 0.01, atol=1e-4)
    np.testing.assert_allclose(numbers[found.starts] % 1, 0)


def test_of_large_pictures_fewer_are_kept(tmp_path: Path) -> None:
    large = ObservationPart("camera_2d", (3, 300, 300), np.dtype(np.uint8))
    kept = KeptObservations()
    for _ in range(2 * MIN_ROWS):
        kept.add("eye", Kept({"camera_2d": np.zeros((1, *large.shape), np.uint8)}, np.ones(1, bool)))
    kept.write(tmp_path)
    found = read_kept(tmp_path / OBSERVATIONS_FILE, "eye", [large])
    assert MAX_BYTES < 2 * MIN_ROWS * 3 * 300 * 300
    assert found is not None and len(found.starts) == MIN_ROWS


# --- the file


def test_a_file_holds_all_policies_with_all_kinds_of_observations(tmp_path: Path) -> None:
    rows = {
        "body": np.array([[0.25, -1e6]], np.float32),
        "lamp": np.array([2]),
        "camera_2d": np.arange(60, dtype=np.uint8).reshape(1, 3, 4, 5),
    }
    kept = KeptObservations()
    kept.add("team/red", Kept(rows, np.ones(1, bool)))
    kept.add("blue", piece(1.0))
    kept.write(tmp_path)
    found = read_kept(tmp_path / OBSERVATIONS_FILE, "team/red", [BODY, CAMERA, LAMP])
    assert found is not None
    for name, values in rows.items():
        np.testing.assert_array_equal(found.rows[name], values)
        assert found.rows[name].dtype == values.dtype
    assert read_kept(tmp_path / OBSERVATIONS_FILE, "blue", [BODY]) is not None
    assert read_kept(tmp_path / OBSERVATIONS_FILE, "green", [BODY]) is None


def test_without_observations_there_is_no_file(tmp_path: Path) -> None:
    KeptObservations().write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert read_kept(tmp_path / OBSERVATIONS_FILE, "walker", [BODY]) is None


def test_a_resumed_run_goes_on_with_those_of_the_checkpoint(tmp_path: Path) -> None:
    first, second = KeptObservations(), KeptObservations()
    first.add("walker", piece(1.0, 2.0, starts=[True, False]))
    first.write(tmp_path)
    second.restore(tmp_path, "walker", [BODY])
    second.restore(tmp_path, "flyer", [BODY])
    second.add("walker", piece(3.0))
    second.write(tmp_path)
    found = read_kept(tmp_path / OBSERVATIONS_FILE, "walker", [BODY])
    assert found is not None
    assert found.rows["body"][:, 0].tolist() == [1.0, 2.0, 3.0]
    assert found.starts.tolist() == [True, False, True]


def test_a_file_of_other_observations_is_refused(tmp_path: Path) -> None:
    kept = KeptObservations()
    kept.add("walker", piece(1.0))
    kept.write(tmp_path)
    with pytest.raises(CheckpointError, match="'body'"):
        read_kept(
            tmp_path / OBSERVATIONS_FILE, "walker", [ObservationPart("body", (3,), np.dtype(np.float32))]
        )
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_kept(tmp_path / OBSERVATIONS_FILE, "walker", [LAMP])
    (tmp_path / OBSERVATIONS_FILE).write_bytes(b"half of it")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_kept(tmp_path / OBSERVATIONS_FILE, "walker", [BODY])
