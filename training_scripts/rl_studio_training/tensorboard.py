"""SB3's logger, writing TensorBoard events and nothing else."""

from __future__ import annotations

from pathlib import Path

from stable_baselines3.common.logger import KVWriter, Logger, make_output_format

from rl_studio_training.reporter import Reporter


def make_logger(folder: Path, reporter: Reporter) -> Logger:
    """A logger into `folder`; without TensorBoard installed one that only remembers the last values."""
    folder.mkdir(parents=True, exist_ok=True)
    writers: list[KVWriter] = []
    try:
        writers.append(make_output_format("tensorboard", str(folder)))
    except (ImportError, AssertionError):
        reporter.warning("There will be no TensorBoard events: the package tensorboard is not installed.")
    return Logger(folder=str(folder), output_formats=writers)
