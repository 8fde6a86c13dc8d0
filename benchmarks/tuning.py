"""How the defaults of PPO were found: agent steps until a game is solved, with several settings, and what they cost.

    python benchmarks/tuning.py [--only sample,arenas,costs] [--setting 32/256/5/1e-3]… [--arenas 16] [--success 0.9]
                                [--seeds 3] [--examples DIR] [--limit 40] [--json] [--quick]

A setting is rollout length / batch size / epochs / learning rate. Each one trains each game with each seed, one game
process at a time. Rows tell thousands of agent steps until the game is solved (those of `--limit` seconds if it is not,
with a note), and the time of updates for each agent step. `costs` is the time of a single decision and of one batch,
with Stable-Baselines3's own code and with ours. `--examples` names a clone of the public repository
edbeeching/godot_rl_agents_examples, three games of which are then trained as well. `--arenas` is how many arenas the
sample's scene has, `--success` the success rate at which it is solved. There are no goals: the exit code is always 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from shared import ours
from shared.bench import Bench, add_options, open_bench
from shared.options import add_only
from shared.policy_costs import measure_costs
from shared.report import say
from shared.training import Line, lines_of

from rl_studio.demo import prepare_project
from rl_studio.godot import ensure_imported
from rl_studio.project import Project

DEFAULT = "32/256/5/1e-3"
SETTINGS = ("64/256/10/3e-4", DEFAULT, "32/128/5/1e-3", "16/128/4/1e-3", "32/256/5/2e-3")
"""The former defaults, the defaults, and those between which was chosen."""
EXAMPLES = {"CrossTheRoad": 0.8, "JumperHard": 20.0, "BallChase": 100.0}
"""Games of the examples: the mean reward of 100 episodes at which they are solved."""
EPISODES = 100
QUICK_REWARD = -1e6
"""What every episode reaches."""
GAMES = ("sample", "arenas")
COSTS = "costs"

_SCENE = "res://scenes/tuning.tscn"
_ARENA_AT = (1260, 710)
"""Width and height of the sample's arenas, in pixels."""


@dataclass(frozen=True, slots=True)
class Task:
    """A game and when it is solved.

    Args:
        success: success rate to reach; None if the reward counts.
        reward: mean reward to reach.
        episodes: so many must have ended before.
    """

    name: str
    project: Project
    scene: str
    success: float | None = None
    reward: float = QUICK_REWARD
    episodes: int = EPISODES

    def is_solved_by(self, line: Line) -> bool:
        if line.episodes < self.episodes or line.reward is None:
            return False
        if self.success is not None:
            return (line.success or 0.0) >= self.success
        return line.reward >= self.reward


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of one training.

    Args:
        steps: agent steps until it was solved, or until the time was over.
        update_us: time of updates for each agent step, in the iteration that was disturbed least.
    """

    steps: int
    update_us: float
    is_solved: bool


def parse_setting(text: str) -> dict[str, object]:
    """The values of a setting such as 32/256/5/1e-3.

    Raises:
        argparse.ArgumentTypeError: it has not four parts, or one is no number.
    """
    try:
        n_steps, batch, epochs, rate = text.split("/")
        return {
            "n_steps": int(n_steps),
            "batch_size": int(batch),
            "n_epochs": int(epochs),
            "learning_rate": float(rate),
        }
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not like {DEFAULT}") from error


def sample(bench: Bench, arenas: int, success: float) -> Task:
    """The sample game with a number of arenas, solved at a success rate."""
    say(f"making the sample game with {arenas} arenas")
    project = prepare_project(bench.folder / "sample")
    scene = project.to_disk(_SCENE)
    scene.write_text(_sample_scene(arenas), encoding="utf-8")
    ensure_imported(bench.godot, project)
    return Task("sample", project, _SCENE, success=success)


def _sample_scene(arenas: int) -> str:
    width, height = _ARENA_AT
    lines = [
        "[gd_scene format=3]\n",
        '[ext_resource type="PackedScene" path="res://scenes/arena.tscn" id="1"]',
        '[ext_resource type="Script" path="res://addons/rl_studio/runtime/rl_sync.gd" id="2"]\n',
        '[node name="Tuning" type="Node2D"]\n',
        '[node name="RLSync" type="Node" parent="."]\nscript = ExtResource("2")\n',
    ]
    for number in range(arenas):
        place = f"position = Vector2({number % 10 * width}, {number // 10 * height})"
        lines.append(f'[node name="Arena{number}" parent="." instance=ExtResource("1")]\n{place}\n')
    return "\n".join(lines)


def example(bench: Bench, folder: Path, name: str) -> Task:
    """A game of the public examples, as it is."""
    project = Project.open(folder / "examples" / name)
    ensure_imported(bench.godot, project)
    return Task(name, project, "", reward=EXAMPLES[name])


def learn(bench: Bench, task: Task, values: Mapping[str, object], limit_s: float) -> Learned:
    """Trains until the game is solved, or for `limit_s` seconds.

    Raises:
        SystemExit: the training ended by itself.
    """
    argv = ours.training_argv(
        task.project, bench.godot, {"n_envs": 1, **values}, time_limit_s=limit_s, scene=task.scene
    )
    last: Line | None = None
    update_us: list[float] = []
    with lines_of(argv, limit_s=limit_s) as lines:
        for last in lines:
            rate, share = (last.throughput.get(key) for key in ("timesteps_per_second", "update_share"))
            if rate and share is not None:
                update_us.append(1e6 * share / rate)
            if task.is_solved_by(last):
                return Learned(last.steps, min(update_us, default=0.0), True)
    if last is None:
        raise SystemExit(f"{task.name}: the training ended before its first iteration.")
    return Learned(last.steps, min(update_us, default=0.0), False)


def compare(bench: Bench, task: Task, settings: Mapping[str, Mapping[str, object]], limit_s: float) -> None:
    """Trains a game with all settings and seeds, the settings in turn, and adds the rows."""
    found: dict[str, list[Learned]] = {text: [] for text in settings}
    for seed in range(bench.runs):
        for text, values in settings.items():
            result = learn(bench, task, {**values, "seed": seed}, limit_s)
            found[text].append(result)
            solved = "solved" if result.is_solved else "not solved"
            say(f"seed {seed}: {task.name}, {text}: {solved} after {result.steps} steps")
            if not result.is_solved:
                bench.report.notes[f"{task.name}, {text}, seed {seed}"] = f"not solved within {limit_s:g} s"
    for text, results in found.items():
        steps = [result.steps / 1000 for result in results]
        bench.report.add(f"{task.name}, {text}", steps, "1000 steps")
        updates = [result.update_us for result in results]
        bench.report.add(f"{task.name}, {text}, update", updates, "µs/step")


def make_tasks(bench: Bench, args: argparse.Namespace) -> list[Task]:
    """The games that are asked for; in the quick form any episode solves them."""
    tasks = []
    if "sample" in args.only:
        tasks.append(sample(bench, args.arenas, args.success))
    if "arenas" in args.only:
        tasks.append(Task("arenas", bench.ours("arenas"), "", reward=40.0))
    if args.examples is not None:
        tasks += [example(bench, args.examples, name) for name in EXAMPLES]
    if args.quick:
        return [replace(task, success=None, reward=QUICK_REWARD, episodes=1) for task in tasks]
    return tasks


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, peer=False)
    add_only(parser, [*GAMES, COSTS])
    parser.add_argument("--setting", action="append", metavar="A/B/C/D", help="may be given several times")
    parser.add_argument("--arenas", type=int, default=16, metavar="N", help="of the sample (default 16)")
    parser.add_argument("--success", type=float, default=0.9, metavar="X", help="of the sample (default 0.9)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds per setting (default 3)")
    parser.add_argument("--examples", type=Path, metavar="DIR", help="a clone of the public examples")
    parser.add_argument("--limit", type=float, default=40.0, metavar="S", help="seconds of one training")
    args = parser.parse_args()
    texts = args.setting or ([DEFAULT] if args.quick else list(SETTINGS))
    settings = {text: parse_setting(text) for text in texts}
    with open_bench(args, runs=args.seeds) as bench:
        for task in make_tasks(bench, args):
            compare(bench, task, settings, args.limit)
        if COSTS in args.only:
            measure_costs(bench.report, runs=1 if args.quick else 300)
        return bench.report.show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
