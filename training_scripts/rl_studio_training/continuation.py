"""What a resumed run goes on with beside its learner: the latest episodes, and what the stop conditions remember."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from rl_studio.files import read_json, write_json_atomic
from rl_studio_training.beginnings import FROM_POLICY
from rl_studio_training.episodes import WINDOW, EpisodeWindow
from rl_studio_training.errors import CheckpointError
from rl_studio_training.stop_conditions import StopConditions

PROGRESS_FILE = "progress.json"


def write_progress(
    folder: Path, stop: StopConditions, windows: Mapping[str, EpisodeWindow], stop_window: int
) -> None:
    """Writes progress.json into a checkpoint's folder.

    Args:
        windows: by policy, or by another name that `read_progress` will know.
        stop_window: episodes that stop conditions look at.
    """
    count = max(WINDOW, stop_window)
    episodes = {name: window.state(count) for name, window in windows.items()}
    write_json_atomic(folder / PROGRESS_FILE, {"schema": 1, "stop": stop.state(), "episodes": episodes})


def read_progress(
    folder: Path, stop: StopConditions, windows: Mapping[str, EpisodeWindow], judged: Collection[str]
) -> None:
    """Goes on with progress.json; windows it does not know stay as they are.

    Args:
        windows: as for `write_progress`.
        judged: the policies that stop conditions look at.

    Raises:
        CheckpointError: the file cannot be read.
    """
    try:
        data = read_json(folder / PROGRESS_FILE)
        stop.restore(data["stop"], judged)
        for name, window in windows.items():
            if name in data["episodes"]:
                window.restore(data["episodes"][name])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise CheckpointError(
            f"{folder / PROGRESS_FILE} cannot be read ({error}), so the run cannot be resumed from there.",
            hint=FROM_POLICY,
        ) from error
