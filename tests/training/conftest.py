"""Fixtures of the training tests: fake games that misbehave, and deadlines instead of sleeps."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from rl_studio_training.fleet import GameFleet
from rl_studio_training.fleet_core import FleetCore
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings

FAKE_GAME = Path(__file__).with_name("fake_game.py")
SCALE = float(os.environ.get("RL_STUDIO_TEST_TIME_SCALE", "1"))

MakeBuild = Callable[[str], Path]
MakeGame = Callable[..., StudioGodotEnv]
MakeFleet = Callable[..., GameFleet]
MakeCrews = Callable[..., Any]


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Polls until `condition` holds; fails the test when it does not in time."""
    deadline = time.monotonic() + timeout_s * SCALE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def make_build(tmp_path: Path) -> MakeBuild:
    """Makes an "exported game" that behaves as `mode` says (see fake_game.py); returns its path."""

    def make(mode: str) -> Path:
        build = tmp_path / "build" / f"{mode}.x86_64"
        if build.exists():  # a game that starts from it right now forbids to write it ("text file busy")
            return build
        build.parent.mkdir(exist_ok=True)
        build.write_text(
            f"#!{sys.executable}\nimport runpy, sys\nsys.argv.insert(1, {mode!r})\n"
            f"sys.path.insert(0, {str(FAKE_GAME.parent)!r})\n"
            f"runpy.run_path({str(FAKE_GAME)!r}, run_name='__main__')\n"
        )
        build.chmod(0o755)
        return build

    return make


@pytest.fixture
def make_game(make_build: MakeBuild, tmp_path: Path) -> Iterator[MakeGame]:
    """Starts fake games as environments; closes them after the test."""
    games: list[StudioGodotEnv] = []

    def make(
        mode: str = "continuous",
        *,
        instance: int = 0,
        seed: int | None = None,
        connect: bool = True,
        extra: dict[str, str] | None = None,
        startup_timeout_s: float = 20.0,
        step_timeout_s: float = 20.0,
        on_warning: Callable[[str], None] | None = None,
        on_wait: Callable[[], None] | None = None,
    ) -> StudioGodotEnv:
        settings = GameSettings(
            build=make_build(mode),
            extra=extra or {},
            startup_timeout_s=startup_timeout_s * SCALE,
            step_timeout_s=step_timeout_s * SCALE,
        )
        game = StudioGodotEnv(
            settings,
            seed=instance if seed is None else seed,
            instance=instance,
            log_path=tmp_path / f"game-{instance}.log",
            connect=connect,
            on_warning=on_warning,
            on_wait=on_wait,
        )
        games.append(game)
        return game

    yield make
    for game in games:
        game.close()


@pytest.fixture
def make_fleet(make_game: MakeGame) -> Iterator[MakeFleet]:
    """Starts a fleet of fake games, one for each mode named; ends them after the test."""
    fleets: list[GameFleet] = []

    def make(
        modes: Sequence[str] = ("continuous",),
        *,
        wire: str = "studio",
        extra: dict[str, str] | None = None,
        startup_timeout_s: float = 20.0,
        step_timeout_s: float = 20.0,
        **options: Any,
    ) -> GameFleet:
        def launch(instance: int, seed: int) -> StudioGodotEnv:
            return make_game(
                modes[instance],
                instance=instance,
                seed=seed,
                connect=False,
                extra={"wire": wire, **(extra or {})},
                startup_timeout_s=startup_timeout_s,
                step_timeout_s=step_timeout_s,
            )

        fleets.append(GameFleet(launch, len(modes), **{"seed": 0, **options}))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.close()


@pytest.fixture
def make_crews(make_game: MakeGame) -> Iterator[MakeCrews]:
    """Starts games of changing_game.py; options of single games by number. Ends them after the test."""
    fleets: list[FleetCore] = []

    def make(
        kind: type[FleetCore],
        games: int = 1,
        *,
        single: dict[int, dict[str, str]] | None = None,
        options: dict[str, Any] | None = None,
        **extra: str,
    ) -> Any:
        def launch(instance: int, seed: int) -> StudioGodotEnv:
            told = {"wire": "binary", **extra, **(single or {}).get(instance, {})}
            return make_game("crew", instance=instance, seed=seed, connect=False, extra=told)

        fleets.append(kind(launch, games, seed=0, **(options or {})))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.close()
