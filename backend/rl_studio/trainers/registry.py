"""What a trainer is, and where the backend finds them.

A package adds one by an entry point in the group `rl_studio.trainers` that names a `Trainer`, or a function
without arguments that makes one:

    [project.entry-points."rl_studio.trainers"]
    my_trainer = "my_package.rl_studio:TRAINER"
"""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rl_studio.errors import StudioError, closest
from rl_studio.packages import install_command, is_managed

if TYPE_CHECKING:
    from pydantic import BaseModel

    from rl_studio.experiments.presets import Preset

logger = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "rl_studio.trainers"


class TrainerError(StudioError):
    """There is no such trainer, or it cannot be used here."""

    code = "trainer"


@dataclass(frozen=True, slots=True)
class TrainerProblem:
    """Why a trainer cannot be used, and what mends it."""

    message: str
    hint: str | None = None


@runtime_checkable
class Trainer(Protocol):
    """A program that trains and speaks the line protocol, and the form of its configuration."""

    @property
    def name(self) -> str:
        """Short name in experiments and on the command line."""

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Distributions whose versions are written into each run's folder."""

    def config_model(self) -> type[BaseModel]:
        """The configuration. Fields `scene`, `total_timesteps` and `seed` are understood by the studio."""

    def presets(self) -> Sequence[Preset]:
        """Sets of values to choose from; the first is the defaults, with no values. May be empty."""

    @property
    def can_resume(self) -> bool:
        """Whether `command` understands `resume` and `init_from`."""

    def command(
        self,
        *,
        python: str,
        project: Path,
        run_dir: Path,
        godot: Path,
        resume: Path | None = None,
        init_from: Path | None = None,
    ) -> list[str]:
        """The command line that trains; its configuration lies in `run_dir`/config.json.

        The command is started in the project's folder with CONTROLLER_METRICS=1; on SIGINT it is to save a
        checkpoint and leave with code 0.

        Args:
            resume: a checkpoint's folder to go on from, as if the run that made it had never ended.
            init_from: a checkpoint's folder whose policies the run begins with. Never both.
        """

    def problem(self) -> TrainerProblem | None:
        """What is missing; None if a run could start now. Must be quick: no heavy imports."""


@dataclass(frozen=True)
class ScriptTrainer:
    """A trainer that is a Python script.

    Args:
        load_config_model: gives the model; called late, so that a form costs nothing until it is asked for.
        script: gives the script's path.
        packages: distributions the script needs, installed in the Python that runs the backend.
        extra: of ours, that installs them.
        load_presets: gives the presets; called late, too.
        can_resume: whether the script takes --resume DIR and --init-from DIR.
        single_policy: whether all agents of a game have to follow one policy.
        plays_scene: whether it starts the scene of its configuration: then that is looked at first.
    """

    name: str
    title: str
    load_config_model: Callable[[], type[BaseModel]]
    script: Callable[[], Path]
    packages: tuple[str, ...] = ()
    extra: str | None = None
    load_presets: Callable[[], Sequence[Preset]] = tuple
    can_resume: bool = False
    single_policy: bool = False
    plays_scene: bool = False

    def config_model(self) -> type[BaseModel]:
        return self.load_config_model()

    def presets(self) -> Sequence[Preset]:
        return self.load_presets()

    def command(
        self,
        *,
        python: str,
        project: Path,
        run_dir: Path,
        godot: Path,
        resume: Path | None = None,
        init_from: Path | None = None,
    ) -> list[str]:
        beginning = {"--resume": resume, "--init-from": init_from}
        return [
            *(python, str(self.script())),
            *("--project", str(project)),
            *("--run-dir", str(run_dir)),
            *("--config", str(run_dir / "config.json")),
            *("--godot", str(godot)),
            *(word for option, path in beginning.items() if path is not None for word in (option, str(path))),
        ]

    def problem(self) -> TrainerProblem | None:
        lack = self.lack()
        if lack is not None:
            return lack
        if not self.script().is_file():
            return TrainerProblem(f"The script {self.script()} is missing.", "Install godot-rl-studio again.")
        return None

    def lack(self, also: Sequence[str] = ()) -> TrainerProblem | None:
        """Which of its distributions, and of those of `also`, are not installed; None if all are."""
        missing = [name for name in (*self.packages, *also) if installed_version(name) is None]
        if not missing:
            return None
        verb = "is" if len(missing) == 1 else "are"
        return TrainerProblem(f"{', '.join(missing)} {verb} not installed.", self._way_out())

    def _way_out(self) -> str | None:
        if self.extra is None:
            return None
        command = install_command(self.extra)
        if not is_managed():
            return command
        return f"Tick it under Python environment in the Train dock and press Install, or run: {command}"


def trains_single_policy(trainer: Trainer) -> bool:
    """Whether all agents of a game have to follow one policy; one that does not say so is thought to train many."""
    return bool(getattr(trainer, "single_policy", False))


def installed_version(distribution: str) -> str | None:
    """The version of an installed distribution, without importing it; None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


class TrainerRegistry:
    """The trainers by name.

    Args:
        trainers: exactly these; None for the built-in ones and those of installed packages.
    """

    def __init__(self, trainers: Iterable[Trainer] | None = None) -> None:
        self._given = None if trainers is None else list(trainers)
        self._trainers: dict[str, Trainer] | None = None

    def all(self) -> list[Trainer]:
        """All trainers, the built-in ones first."""
        return list(self._load().values())

    def get(self, name: str) -> Trainer:
        """The trainer called `name`.

        Raises:
            TrainerError: there is none.
        """
        trainers = self._load()
        if name in trainers:
            return trainers[name]
        near = closest(name, trainers)
        raise TrainerError(
            f"There is no trainer {name!r}.",
            hint=f"Did you mean {near}?" if near else f"There are: {', '.join(trainers)}.",
        )

    def instead_of(self, trainer: Trainer) -> list[str] | None:
        """Names of trainers of many policies; None if `trainer` is one itself."""
        if not trains_single_policy(trainer):
            return None
        return [other.name for other in self.all() if not trains_single_policy(other)]

    def _load(self) -> dict[str, Trainer]:
        if self._trainers is None:
            found = [*_builtin(), *_from_entry_points()] if self._given is None else self._given
            self._trainers = {}
            for trainer in found:
                if self._trainers.setdefault(trainer.name, trainer) is not trainer:
                    logger.warning("a second trainer called %r is ignored: %r", trainer.name, trainer)
        return self._trainers


def _builtin() -> list[Trainer]:
    return [
        ScriptTrainer(
            name="sb3",
            title="Stable-Baselines3",
            load_config_model=_sb3_config,
            script=lambda: _bundled_script("stable_baselines3_training_script.py"),
            packages=("stable-baselines3", "sb3-contrib", "godot-rl", "torch"),
            extra="sb3",
            load_presets=_sb3_presets,
            can_resume=True,
            single_policy=True,
            plays_scene=True,
        ),
        ScriptTrainer(
            name="rllib",
            title="RLlib (many policies)",
            load_config_model=_rllib_config,
            script=lambda: _bundled_script("rllib_training_script.py"),
            packages=("ray", "godot-rl", "torch"),
            extra="rllib",
            can_resume=True,
            plays_scene=True,
        ),
    ]


def _sb3_config() -> type[BaseModel]:
    from rl_studio.experiments.sb3_config import SB3Config

    return SB3Config


def _rllib_config() -> type[BaseModel]:
    from rl_studio.experiments.rllib_config import RLlibConfig

    return RLlibConfig


def _sb3_presets() -> Sequence[Preset]:
    from rl_studio.experiments.presets import PRESETS

    return PRESETS


def _bundled_script(name: str) -> Path:
    from rl_studio.resources import training_scripts_dir

    return training_scripts_dir() / name


def _from_entry_points() -> list[Trainer]:
    found: list[Trainer] = []
    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        try:
            thing = entry.load()
            trainer = thing if isinstance(thing, Trainer) else thing()
        except Exception:  # foreign code: a broken plugin must not take the others with it
            logger.exception("the trainer plugin %s could not be loaded", entry.value)
            continue
        if isinstance(trainer, Trainer):
            found.append(trainer)
        else:
            logger.warning(
                "the trainer plugin %s gives a %s, no Trainer", entry.value, type(trainer).__name__
            )
    return found
