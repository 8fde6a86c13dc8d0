"""Small real games that do what games do while they train, and ways to play them.

`game/` is one project. A game is a scene made from a root script (`scene.gd`: a stage with agents) and a script for its
agents; `Games.scene` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from godot_project import import_project, make_project, run_godot
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project
from rl_studio_training.crew import launcher
from rl_studio_training.episodes import Episode
from rl_studio_training.fleet_batch import FleetBatch, join_sections
from rl_studio_training.launch import GameSettings
from rl_studio_training.policy_fleet import PolicyFleet

GAME = Path(__file__).with_name("game")
SETTINGS = """\
[display]

window/size/viewport_width=64
window/size/viewport_height=64

[editor_plugins]

enabled=PackedStringArray("res://addons/rl_studio/plugin.cfg")
"""

Act = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Observations of the agents that are there, (n, …), → what they do, (n, 1)."""


def still(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Nobody does anything."""
    return np.zeros((len(seen), 1), np.float32)


@dataclass
class Seen:
    """What came of playing: an item for each step.

    Args:
        batches: by step and policy.
        warnings, statuses: sentences, in order.
        episodes: with their policies, in the order of their ends.
        output: what the game printed.
    """

    policies: list[str]
    first: list[FleetBatch]
    batches: list[list[FleetBatch]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    episodes: list[tuple[str, Episode]] = field(default_factory=list)
    output: str = ""

    def metric(self, name: str) -> list[float]:
        """What agents logged, episode by episode."""
        return [episode.metrics[name] for _policy, episode in self.episodes]


class Games:
    """The games of this folder, imported once.

    Args:
        log: a folder for what games print.
    """

    def __init__(self, godot: GodotBinary, project: Project, log: Path) -> None:
        self.godot = godot
        self.project = project
        self.log = log

    def scene(self, name: str, agent: str = "dot.gd", root: str = "scene.gd", **properties: Any) -> str:
        """Writes a scene; returns its path. Properties of the root are given as Godot writes them."""
        values = "".join(f"{key} = {value}\n" for key, value in properties.items())
        path = self.project.root / f"{name}.tscn"
        path.write_text(
            "[gd_scene format=3]\n\n"
            f'[ext_resource type="Script" path="res://{root}" id="1"]\n'
            f'[ext_resource type="Script" path="res://{agent}" id="2"]\n\n'
            '[node name="Main" type="Node2D"]\nscript = ExtResource("1")\n'
            f'agent = ExtResource("2")\n{values}',
            encoding="utf-8",
        )
        return f"res://{path.name}"

    def settings(self, scene: str, *, action_repeat: int | None = None, **options: Any) -> GameSettings:
        return GameSettings(
            project=self.project, godot=self.godot, scene=scene, action_repeat=action_repeat, **options
        )

    def train(
        self,
        scene: str,
        steps: int,
        act: Act = still,
        *,
        games: int = 1,
        grows: bool = True,
        max_restarts: int = 0,
        args: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Seen:
        """Plays a scene as trainers do.

        Args:
            steps: of every game.
            act: what agents do.
            grows: give rows to agents that wait, before the next step.
        """
        settings = self.settings(scene, extra=dict(args or {}), **options)
        warnings: list[str] = []
        statuses: list[str] = []
        episodes: list[tuple[str, Episode]] = []
        fleet = PolicyFleet(
            launcher(settings, self.log, on_warning=warnings.append),
            games,
            seed=1,
            max_restarts=max_restarts,
            on_status=statuses.append,
            on_warning=warnings.append,
            on_episode=lambda policy, episode: episodes.append((policy, episode)),
        )
        try:
            seen = Seen([group.policy for group in fleet.groups], fleet.reset())
            seen.warnings, seen.statuses, seen.episodes = warnings, statuses, episodes
            latest = seen.first
            for _ in range(steps):
                latest = _step(fleet, latest, act)
                seen.batches.append(latest)
                if grows and fleet.wants_rows and (moves := fleet.grow()) is not None:
                    latest = [_moved(batch, move) for batch, move in zip(latest, moves, strict=True)]
        finally:
            fleet.close()
        seen.output = "".join(
            (self.log / f"game-{number}.log").read_text(encoding="utf-8", errors="replace")
            for number in range(games)
        )
        return seen

    def play(self, scene: str, *args: str, frames: int = 600, fps: int = 60, code: int | None = 0) -> str:
        """Plays a scene as a player would, frames at a steady rate; returns what it printed."""
        return run_godot(
            self.godot,
            self.project,
            ["--fixed-fps", str(fps), "--quit-after", str(frames), scene, *args],
            code=code,
        )

    def evaluate(self, scene: str, episodes: int, *args: str) -> list[dict[str, Any]]:
        """Evaluates random actions; returns the episodes as they were printed."""
        output = run_godot(
            self.godot,
            self.project,
            [
                *("--fixed-fps", "60", "--rl_studio_fixed_fps=60", scene, "--rl_studio_policy=random"),
                *(f"--rl_studio_evaluate={episodes}", "--env_seed=1", *args),
            ],
        )
        return [json.loads(line[9:]) for line in output.splitlines() if line.startswith("@EPISODE ")]


def _step(fleet: PolicyFleet, latest: list[FleetBatch], act: Act) -> list[FleetBatch]:
    actions = []
    for batch in latest:
        seen = batch.observations
        assert isinstance(seen, np.ndarray)
        actions.append(act(seen).astype(np.float32))
    for section in range(len(fleet.sections)):
        rows = [slices[section] for slices in fleet.section_rows]
        fleet.send(section, [part[own] for part, own in zip(actions, rows, strict=True)])
    parts = [fleet.receive(section) for section in range(len(fleet.sections))]
    return [join_sections([part[number] for part in parts]) for number in range(len(latest))]


def _moved(batch: FleetBatch, move: NDArray[np.int64]) -> FleetBatch:
    """The observations of a batch in their new rows; for the next decision only."""
    seen = batch.observations
    assert isinstance(seen, np.ndarray)
    observations = np.where((move >= 0)[:, None], seen[np.maximum(move, 0)], np.float32(0.0))
    there = np.ones(len(seen), bool) if batch.present is None else batch.present
    return replace(batch, observations=observations, present=(move >= 0) & there[np.maximum(move, 0)])


def write_policy(path: Path, **metadata: object) -> None:
    """Writes a policy for dots: it goes towards the origin."""
    weights = numpy_helper.from_array(np.array([[-1.0], [0.0]], np.float32), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["obs", "weights"], ["output"])],
        "towards the origin",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    told = {"policy": "shared_policy", **metadata}
    helper.set_model_props(model, {"rl_studio": json.dumps(told)})
    onnx.save(model, path)


@pytest.fixture(scope="session")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="session")
def game_project(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    files = {
        path.relative_to(GAME).as_posix(): path.read_text(encoding="utf-8") for path in GAME.rglob("*.gd")
    }
    project = make_project(tmp_path_factory.mktemp("games") / "small games", files, settings=SETTINGS)
    write_policy(project.root / "pace8.onnx", action_repeat=8)
    import_project(godot, project)
    return project


@pytest.fixture
def games(godot: GodotBinary, game_project: Project, tmp_path: Path) -> Iterator[Games]:
    yield Games(godot, game_project, tmp_path)


def lives(output: str) -> dict[int, tuple[int, int]]:
    """Number of each `Tagged` agent → how often it decided, and how often with the action of another."""
    found = {}
    for number, decided, wrong in re.findall(r"^@LIFE (\d+) (\d+) (\d+)", output, re.MULTILINE):
        found[int(number)] = (int(decided), int(wrong))
    return found
