"""What to start, and with which arguments: the only place that knows the game's command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rl_studio.godot import (
    DrawingWay,
    GodotBinary,
    headless_environment,
    unseen_flags,
    window_environment,
    without_dialogs,
)
from rl_studio.godot import game_argv as godot_argv
from rl_studio.project import Project
from rl_studio_training.drawing import Drawing
from rl_studio_training.errors import SceneError

EDITOR_PORT = 11008
"""The port a game played in the editor connects to."""

_STOCK_TICKS_PER_SECOND = 60
"""The physics rate of every game with the stock plugin, whatever its project says."""

_STOCK_ACTION_REPEAT = 8
"""Physics ticks per decision with the stock plugin, unless a scene or we say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GameSettings:
    """How to start the games of a run.

    Either `project` with `godot` (the project itself is run), or `build` (an exported game), or neither (wait
    for a game that is played in the editor).

    Args:
        godot: the Godot binary.
        scene: the scene of the project; "" is its main scene.
        action_repeat: physics ticks per decision.
        speedup: game speed relative to real time; None runs as fast as the machine can.
        show_window: visible windows instead of headless.
        drawing: whether games without a window draw; shared by all games of a run.
        extra: further `--key=value` arguments.
        startup_timeout_s, step_timeout_s: how long a game may take to connect, and to answer.
    """

    project: Project | None = None
    godot: GodotBinary | None = None
    build: Path | None = None
    scene: str = ""
    action_repeat: int | None = None
    speedup: float | None = None
    show_window: bool = False
    drawing: Drawing = field(default_factory=Drawing, compare=False)
    extra: Mapping[str, str] = field(default_factory=dict)
    startup_timeout_s: float = 60.0
    step_timeout_s: float = 60.0

    @property
    def is_played_in_editor(self) -> bool:
        return self.build is None and self.godot is None

    @property
    def draws_unseen(self) -> bool:
        """Whether the next game that starts draws though it has no window that anybody sees."""
        return self.drawing.is_on and not self.show_window and not self.is_played_in_editor

    @property
    def may_be_stock(self) -> bool:
        """Whether the project has the stock godot_rl_agents plugin."""
        return self.project is not None and self.project.uses_stock_plugin

    @property
    def fixed_fps(self) -> int | None:
        """Frames per second of the game's time, whatever the clock says; None if the clock sets the pace.

        It is the physics rate: one tick a frame. Games with our addon keep to a `speedup` themselves.
        """
        is_ours = self.project is not None and (self.project.has_addon or not self.may_be_stock)
        if self.speedup is not None and not is_ours:
            return None
        if self.project is None or not is_ours:
            return _STOCK_TICKS_PER_SECOND
        return self.project.physics_ticks_per_second


def game_argv(settings: GameSettings, port: int, seed: int) -> list[str]:
    """The command that starts one game.

    Each frame simulates a fixed step (`--fixed-fps`): the engine never waits for the clock, neither for the next tick
    nor in the sleep of each headless frame, and a game's time is its own. A window then does not wait for the screen
    either. Training makes no sound.

    Raises:
        GameFault: the game has to draw, which this machine cannot.
    """
    project, godot = settings.project, settings.godot
    options = _game_options(settings, port, seed)
    unseen = settings.drawing.way() if settings.draws_unseen else None
    if settings.build is None and godot is not None and project is not None:
        argv = godot_argv(
            godot,
            project,
            settings.scene,
            headless=not settings.show_window,
            unseen=unseen,
            fixed_fps=settings.fixed_fps,
            args=options,
        )
    else:
        argv = [str(settings.build)]
        if unseen is not None:
            argv += unseen_flags(unseen)
        elif not settings.show_window:
            argv.append("--headless")
        if settings.fixed_fps is not None:
            argv += ["--fixed-fps", str(settings.fixed_fps)]
        argv += [f"--{key}={value}" for key, value in options.items()]
    argv[1:1] = _window_flags(settings, unseen)
    return argv


def _window_flags(settings: GameSettings, unseen: DrawingWay | None) -> list[str]:
    if not settings.show_window and unseen != "window":
        return []
    flags = ["--audio-driver", "Dummy"] if settings.show_window else []
    return flags if settings.fixed_fps is None else [*flags, "--disable-vsync"]


def game_environment(settings: GameSettings) -> dict[str, str]:
    """The environment variables for the game: no dialog makes it wait for somebody.

    Raises:
        GameError: the game has to draw, which this machine cannot.
    """
    if settings.draws_unseen:
        return without_dialogs(settings.drawing.environment(settings.godot))
    if settings.show_window and settings.godot is not None:
        return without_dialogs(window_environment(settings.godot))
    return without_dialogs(headless_environment())


def _game_options(settings: GameSettings, port: int, seed: int) -> dict[str, str]:
    options: dict[str, object] = {"port": port, "env_seed": seed}
    if settings.action_repeat is not None:
        options["action_repeat"] = settings.action_repeat
    if settings.speedup is not None:
        options["speedup"] = f"{settings.speedup:g}"
    if settings.fixed_fps is not None:
        options["rl_studio_fixed_fps"] = settings.fixed_fps
        if settings.may_be_stock and settings.speedup is None:
            # The stock plugin simulates that many ticks per frame then: one decision.
            options["speedup"] = settings.action_repeat or _STOCK_ACTION_REPEAT
    return {key: str(value) for key, value in {**options, **settings.extra}.items()}


def find_scene(project: Project, scene: str) -> str:
    """The scene to train in: the named one, or with "" the project's training scene.

    Raises:
        SceneError: it does not exist.
    """
    name = scene or project.training_scene
    if not name:
        raise SceneError(
            f"{project.name} has no main scene, and no scene to train in is set.",
            hint="Set the scene in the training form, with --set scene=res://…, or in the project settings.",
        )
    if name.startswith("res://") and not project.to_disk(name).is_file():
        near = project.nearest(name)
        raise SceneError(
            f"There is no scene {name} in {project.name}.",
            hint=f"Did you mean {near}?" if near else "Check the path; it begins with res://.",
        )
    return name
