"""What the managed environment holds, as its rl-studio.json says; written before anything is done, and at the end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rl_studio.files import read_json, write_json_atomic
from rl_studio.setup.parts import Torch
from rl_studio.setup.places import Places

Stage = Literal["making", "installing", "ready"]


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """How far an environment has come.

    Attributes:
        stage: "making" the bare environment, "installing" packages, or "ready".
        version: version of the studio in it.
        wheel: SHA-256 of the wheel that is installed.
        extras: what was asked for.
        torch: the build of PyTorch that was asked for.
        base: the Python it was made with.
        notes: what the user is to know about it, such as where PyTorch came from.
    """

    stage: Stage
    version: str
    wheel: str
    extras: tuple[str, ...]
    torch: Torch
    base: str
    notes: tuple[str, ...] = ()

    def save(self, places: Places) -> None:
        """Writes it into the environment, whose folder is made."""
        write_json_atomic(places.state, asdict(self))


def load(places: Places) -> EnvironmentState | None:
    """The state of the environment; None if there is none, or nobody can tell what it is."""
    try:
        data = read_json(places.state)
        stage: Stage = data["stage"] if data["stage"] in ("making", "installing", "ready") else "making"
        return EnvironmentState(
            stage,
            str(data["version"]),
            str(data["wheel"]),
            tuple(str(extra) for extra in data["extras"]),
            "gpu" if data["torch"] == "gpu" else "cpu",
            str(data["base"]),
            tuple(str(note) for note in data.get("notes", ())),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ready_python(places: Places) -> Path | None:
    """The Python of the managed environment; None unless it is ready."""
    state = load(places)
    return places.python if state is not None and state.stage == "ready" and places.python.is_file() else None
