"""The bare game at the pace of a training: what the engine does without a trainer, the limit for every toolkit."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from shared import ours

if TYPE_CHECKING:
    from rl_studio_training.game_process import GameProcess

SCENE = "res://bare/loop.tscn"
START_S = 60.0
"""The longest that a game may take to start."""


def decisions_per_second(
    project: Project,
    godot: GodotBinary,
    seconds: float,
    *,
    games: int = 1,
    scene: str = SCENE,
    observe: bool = False,
) -> float:
    """How often `games` games together could decide if nobody had to be asked: their ticks by those of a decision.

    They are started as a training starts its games, with the same pace and on the same cores: with a core to spare
    they are kept off the trainer's, which is idle here.

    Args:
        observe: all agents also observe once a decision.
    """
    ours.find_scripts()
    from rl_studio_training.cores import set_apart
    from rl_studio_training.game_process import GameProcess
    from rl_studio_training.launch import game_argv, game_environment

    extra = {"seconds": f"{seconds:g}", "observe": str(int(observe))}
    settings = ours.game_settings(project, godot, scene, extra)
    started: list[GameProcess] = []
    try:
        for number in range(games):
            log = project.root.parent / f"bare-{number}.log"
            log.unlink(missing_ok=True)
            argv = game_argv(settings, 0, number)
            started.append(GameProcess(argv, project.root, log, game_environment(settings)))
        for game in started:
            _await(game, "@READY", START_S)
        set_apart([game.pid for game in started], games)
        rates = [_await(game, "@RESULT", START_S + seconds) for game in started]
    finally:
        for game in started:
            game.kill()
    ticks: list[float] = [json.loads(rate)["ticks_per_second"] for rate in rates]
    return sum(ticks) / ours.ACTION_REPEAT


def _await(game: GameProcess, mark: str, limit_s: float) -> str:
    """What a game prints behind a mark, as soon as it has."""
    deadline = time.monotonic() + limit_s
    while True:
        is_over = not game.is_running() or time.monotonic() > deadline
        for line in game.log.path.read_text(errors="replace").splitlines():
            if line.startswith(mark):
                return line.removeprefix(mark)
        if is_over:
            raise SystemExit("\n".join([f"A bare game did not print {mark}:", *game.log.last_lines()]))
        time.sleep(0.02)
