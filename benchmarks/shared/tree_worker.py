"""Does one thing with the packages of the tree that $PYTHONPATH names; started by tree.py, answers with JSON."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import rl_studio
from rl_studio.godot import find_godot
from rl_studio.project import Project
from shared import games, ours, stepping
from shared.bench import OURS_SCENE


def make(request: dict[str, Any]) -> dict[str, Any]:
    """Makes a game with the tree's addon."""
    godot = find_godot(request["godot"])
    project = games.make_ours(request["game"], Path(request["folder"]), godot)
    return {"project": str(project.root)}


def step(request: dict[str, Any]) -> dict[str, Any]:
    """Steps a game with random actions."""
    godot, project = find_godot(request["godot"]), Project.open(Path(request["project"]))
    with ours.open_ours(project, godot, OURS_SCENE, request["games"], request["seed"]) as env:
        played = stepping.play(env, request["seconds"], request["seed"])
    return {"rate": played.agent_steps_per_second}


VERBS = {"make": make, "step": step}


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    request = json.loads(sys.argv[1])
    used = Path(rl_studio.__file__).resolve()
    if not used.is_relative_to(request["root"]):
        raise SystemExit(f"{used} would be measured, which is not in {request['root']}.")
    sys.stdout.write(json.dumps(VERBS[request["verb"]](request)) + "\n")


if __name__ == "__main__":
    main()
