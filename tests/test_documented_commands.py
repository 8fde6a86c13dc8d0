"""The commands of the pages, run one after another as a reader would: in a checkout, in the games that they name.

Trainings and evaluations are cut short; nothing else is changed. Commands that need another machine are only read, in
test_documentation.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from doc_commands import Command, commands
from doc_game import make_game
from doc_pages import Page, blocks
from godot_project import REPOSITORY, copy_sample, import_project
from rl_studio.godot import GodotBinary

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(300)]

GAMES = ("sample_project", "my_game")
ELSEWHERE = ("FIRST_MACHINE", "/shared/")
SHORTER = {
    "train": ("--timesteps", "1"),
    "evaluate": ("--episodes", "2"),
    "play_checkpoints.py": ("--episodes", "2"),
}
DEAR = (
    *("gems_train", "masked.tscn", "hunt.tscn", "recurrent_ppo", "scripted"),
    *("my_game --trainer rllib", "play_checkpoints"),
)
"""Words of commands like others, but for a scene or a setting that other tests try as well."""


def _runs_here(command: Command) -> bool:
    """Whether it works on one of the games, and has no name in it that the reader has to fill in."""
    words = set(command.words)
    if any(place in command.text for place in ELSEWHERE):
        return False
    scripts = command.program == "python" and command.words[1].startswith("training_scripts/")
    return (command.program == "rl-studio" or scripts) and bool(words & set(GAMES))


def _cases() -> list[object]:
    """The blocks with such commands, each command once: first the page that exports what others play."""
    cases: list[object] = []
    seen: set[str] = set()
    for block in sorted(blocks("sh"), key=lambda block: block.page != "docs/samples.md"):
        new = [command for command in commands(block) if _runs_here(command) and command.text not in seen]
        seen |= {command.text for command in new}
        if new:
            is_dear = any(words in command.text for words in DEAR for command in new)
            marks = [pytest.mark.matrix] if is_dear else []
            cases.append(pytest.param(new, id=f"{block.page}: {block.heading}: {block.line}", marks=marks))
    return cases


@pytest.fixture(scope="module")
def checkout(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it, with the games imported."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("training_scripts", "backend"):
        (root / name).symlink_to(REPOSITORY / name)
    import_project(godot, copy_sample(root / "sample_project"))
    import_project(godot, make_game(root / "my_game"))
    return root


@pytest.mark.parametrize("documented", _cases())
def test_commands_do_what_they_say(checkout: Path, documented: list[Command]) -> None:
    for command in documented:
        run(checkout, _shorten(_fill_in(command.words, checkout)))


def test_a_policy_of_rllib_plays_in_python(checkout: Path) -> None:
    """It uses the run that the README's command has made."""
    (block,) = [block for block in Page("docs/rllib.md").blocks() if block.language == "python"]
    (checkpoint,) = (_newest_run(checkout, trainer="rllib") / "checkpoints").glob("step_*")
    script = block.text.replace("CHECKPOINT", str(checkpoint))
    run(checkout, ["python", "-c", f"{script}\nassert actions.shape == (8, 2)"])


def run(folder: Path, words: Sequence[str]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"


def _fill_in(words: Sequence[str], checkout: Path) -> list[str]:
    """The words with RUN_DIR as the folder of the newest run in the scene that they name."""
    if not any("RUN_DIR" in word for word in words):
        return list(words)
    run_dir = _newest_run(checkout, scene=words[words.index("--scene") + 1])
    return [word.replace("RUN_DIR", str(run_dir)) for word in words]


def _newest_run(checkout: Path, **facts: str) -> Path:
    """The newest run of the sample of which this is true."""
    runs = sorted((checkout / "sample_project" / ".rl_studio" / "runs").iterdir(), reverse=True)
    return next(path for path in runs if facts.items() <= json.loads((path / "run.json").read_text()).items())


def _shorten(words: list[str]) -> list[str]:
    verb = words[1].rpartition("/")[2]
    return [*words, *SHORTER.get(verb, ())]
