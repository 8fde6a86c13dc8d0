"""The observations that exported files are tried with: of the space, and those that a run kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl_studio_training import sb3_export
from rl_studio_training.errors import CheckpointError, ExportError
from rl_studio_training.kept_observations import OBSERVATIONS_FILE, Kept, read_kept
from rl_studio_training.onnx_cases import make_cases
from rl_studio_training.onnx_export import export_checkpoint
from rl_studio_training.onnx_exportable import PolicyFacts
from rl_studio_training.onnx_inputs import as_inputs, as_observations, sample_inputs
from rl_studio_training.onnx_options import ExportOptions
from rl_studio_training.spaces import ObservationCodec
from training.untrained import FLAT, PICTURE, TWO_KEYS, sb3_checkpoint


def codec(wire: dict[str, Any]) -> ObservationCodec:
    return ObservationCodec(wire, lambda _row, _key: None)


def facts_of(wire: dict[str, Any], memory: int = 0) -> PolicyFacts:
    return PolicyFacts(
        name="walker",
        observation_space=wire,
        action_space={},
        observations=codec(wire),
        actions=(),
        trainer="sb3",
        algorithm="ppo",
        network="mlp",
        memory=memory,
        distribution="gaussian",
        timesteps=1,
        packages=(),
    )


def kept_rows(count: int, every: int) -> Kept:
    rows = np.arange(count * 5, dtype=np.float32).reshape(count, 5)
    return Kept({"obs": rows}, np.arange(count) % every == 0)


def test_samples_cover_the_bounds_and_their_corners() -> None:
    inputs = sample_inputs(codec(TWO_KEYS), 1000)
    rays = inputs["rays"]
    assert (rays.shape, rays.dtype) == ((1000, 4), np.float32)
    assert (rays.min(), rays.max()) == (0.0, 3.0)
    assert rays[0].tolist() == [0.0] * 4
    assert rays[1].tolist() == [3.0] * 4
    corners = {tuple(row) for row in rays if set(row) <= {0.0, 3.0}}
    assert len(corners) == 16


def test_pictures_and_choices_go_there_and_back() -> None:
    seen = codec(PICTURE)
    inputs = sample_inputs(seen, 20)
    assert inputs["camera_2d"].shape == (20, 8, 9, 3)
    assert inputs["lamp"].shape == (20, 1)
    assert set(inputs["lamp"].ravel()) == {0.0, 1.0, 2.0}
    arrays: Any = as_observations(seen, inputs)
    assert (arrays["camera_2d"].shape, arrays["camera_2d"].dtype) == ((20, 3, 8, 9), np.uint8)
    assert (arrays["lamp"].shape, arrays["lamp"].dtype) == ((20,), np.int64)
    assert arrays["camera_2d"][4, 1, 2, 3] == inputs["camera_2d"][4, 2, 3, 1]
    for name, rows in as_inputs(seen, arrays).items():
        np.testing.assert_array_equal(rows, inputs[name])


def test_what_a_run_kept_comes_first_and_corners_of_the_space_after_it() -> None:
    kept = kept_rows(1024, 10)
    cases = make_cases(facts_of(FLAT), 1000, kept)
    assert (cases.source, cases.sequences, cases.starts) == ("run and space", 0, None)
    np.testing.assert_array_equal(cases.inputs["obs"][:1024], kept.rows["obs"])
    assert cases.count == 1024 + 256
    assert make_cases(facts_of(FLAT), 1000, kept_rows(10, 5)).count == 1000
    assert make_cases(facts_of(FLAT), 1000).source == "space"


def test_a_memory_is_tried_with_whole_sequences_and_resets_within() -> None:
    cases = make_cases(facts_of(FLAT, memory=4), 1000)
    assert cases.starts is not None
    assert (cases.count, cases.sequences) == (1024, 16)
    assert cases.starts[::64].all()
    assert 10 < cases.starts.sum() - 16 < 60


def test_kept_episodes_become_sequences() -> None:
    cases = make_cases(facts_of(FLAT, memory=4), 1000, kept_rows(100, 30))
    assert cases.starts is not None
    assert cases.source == "run and space"
    assert cases.inputs["obs"][:128, 0].tolist() == [row % 100 * 5.0 for row in range(128)]
    assert np.flatnonzero(cases.starts[:128]).tolist() == [0, 30, 60, 64, 90, 100]
    assert cases.sequences == 16
    assert make_cases(facts_of(FLAT, memory=4), 1000, kept_rows(1024, 30)).sequences == 16 + 4


def save(file: Path, policy: str, rows: dict[str, Any], starts: Any) -> None:
    arrays = {f"{policy}/observations/{name}": values for name, values in rows.items()}
    np.savez(file, **arrays, **{f"{policy}/starts": starts})


def test_observations_are_read_by_policy(tmp_path: Path) -> None:
    parts = codec(FLAT).parts
    file = tmp_path / OBSERVATIONS_FILE
    assert read_kept(file, "walker", parts) is None
    kept = kept_rows(30, 7)
    save(file, "a/b", kept.rows, kept.starts)
    assert read_kept(file, "walker", parts) is None
    found = read_kept(file, "a/b", parts)
    assert found is not None
    np.testing.assert_array_equal(found.rows["obs"], kept.rows["obs"])
    np.testing.assert_array_equal(found.starts, kept.starts)


def test_other_observations_are_refused(tmp_path: Path) -> None:
    file = tmp_path / OBSERVATIONS_FILE
    save(file, "walker", {"obs": np.zeros((4, 3))}, np.ones(4, bool))
    with pytest.raises(CheckpointError, match=r"'obs' in .* are \(4, 3\); the policy walker takes \(4, 5\)"):
        read_kept(file, "walker", codec(FLAT).parts)
    with pytest.raises(CheckpointError, match=r"cannot be read: .*body"):
        read_kept(file, "walker", codec(TWO_KEYS).parts)
    file.write_bytes(b"PK")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_kept(file, "walker", codec(FLAT).parts)


def test_an_export_tries_what_its_checkpoint_kept(tmp_path: Path) -> None:
    checkpoint = sb3_checkpoint(tmp_path / "c", algorithm="recurrent_ppo")
    options = ExportOptions(samples=64)
    (without,) = export_checkpoint(checkpoint, str(tmp_path / "a.onnx"), sb3_export.load, options)
    assert (without.proof["source"], without.proof["sequences"]) == ("space", 16)
    random = np.random.default_rng(0)
    rows = random.normal(size=(1024, 5)).astype(np.float32)
    save(checkpoint / OBSERVATIONS_FILE, "walker", {"obs": rows}, random.random(1024) < 0.1)
    (kept,) = export_checkpoint(checkpoint, str(tmp_path / "b.onnx"), sb3_export.load, options)
    assert kept.proof["source"] == "run and space"
    assert (kept.proof["observations"], kept.proof["sequences"]) == (20 * 64, 20)
    other = replace(options, observations=tmp_path / "none.npz")
    with pytest.raises(ExportError, match=r"none.npz has no observations of the policy walker"):
        export_checkpoint(checkpoint, str(tmp_path / "c.onnx"), sb3_export.load, other)
