"""One seed decides everything: two trainings in processes of their own send the same bits to the game."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rl_studio.godot import GodotBinary
from rl_studio.project import Project

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(240)]

RECORDER = Path(__file__).with_name("recorded_training.py")
DECISIONS = 1000
AGENTS = 16
"""In the scene of the sample."""

ALGORITHMS = {
    "ppo": ("algorithm=ppo",),
    "sac": (
        *("algorithm=sac", "hidden_layers=[16]", "batch_size=32", "learning_starts=1600"),
        *("train_freq=4", "gradient_steps=1"),
    ),
}


@dataclass
class Recording:
    """A training in a process of its own, see recorded_training.py."""

    process: subprocess.Popen[str]
    output: Path

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Waits for the end; returns (actions, draws)."""
        text, _ = self.process.communicate(timeout=220)
        assert self.process.returncode == 0, text
        with np.load(self.output) as found:
            return found["actions"], found["draws"]


Record = Callable[..., Recording]


@pytest.fixture
def record(imported_sample: Project, godot: GodotBinary, tmp_path: Path) -> Iterator[Record]:
    """Starts a training that plays some decisions, and does not wait for it; kills it if a test leaves it."""
    recordings: list[Recording] = []

    def start(*assignments: str, decisions: int = DECISIONS) -> Recording:
        name = str(len(recordings))
        output = tmp_path / f"{name}.npz"
        argv = [sys.executable, str(RECORDER), str(output), "--project", str(imported_sample.root)]
        argv += ["--run-dir", str(tmp_path / name), "--godot", str(godot.path)]
        argv += [f"--timesteps={decisions * AGENTS}", "--set=checkpoint_frequency=0"]
        argv += [f"--set={assignment}" for assignment in assignments]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        recordings.append(Recording(process, output))
        return recordings[-1]

    yield start
    for recording in recordings:
        recording.process.kill()
        recording.process.communicate()


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_the_same_seed_gives_the_same_actions_bit_for_bit(record: Record, algorithm: str) -> None:
    both = [record(*ALGORITHMS[algorithm], "seed=5") for _ in range(2)]
    (first, draws), (second, others) = (recording.read() for recording in both)
    assert len(first) >= DECISIONS
    assert first[0].size == AGENTS * 2
    assert first.tobytes() == second.tobytes()
    np.testing.assert_array_equal(draws, others, "Python, NumPy and PyTorch draw from the seed, too")
    assert (first[0] != first[-1]).any()


def test_another_seed_gives_other_actions(record: Record) -> None:
    both = [record(f"seed={seed}", decisions=64) for seed in (5, 6)]
    (first, _), (second, _) = (recording.read() for recording in both)
    assert (first != second).any()


def test_two_games_answer_in_a_fixed_order(record: Record) -> None:
    both = [record("seed=5", "n_envs=2", decisions=300) for _ in range(2)]
    (first, _), (second, _) = (recording.read() for recording in both)
    assert first.tobytes() == second.tobytes()
