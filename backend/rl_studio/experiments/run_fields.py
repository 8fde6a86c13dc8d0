"""Fields of every run: how the game plays, when to stop, what to keep."""

from __future__ import annotations

import re

from pydantic import BaseModel, field_validator

from rl_studio.experiments.fields import option

GAME = "Game"
STOP = "Stop"
OUTPUT = "Output"

_ARGUMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class GameFields(BaseModel):
    """How the games are started and played."""

    show_window: bool = option(
        False,
        title="Show the game",
        help="Train in visible windows instead of headless. Slower, but you see what the agents do.",
        group=GAME,
        target="the game's command line: no --headless",
        level="basic",
    )
    action_repeat: int | None = option(
        None,
        title="Action repeat",
        help="Physics ticks that one decision lasts. Empty: as the scene's RLSync says, which is how the game plays.",
        group=GAME,
        target="the game's --action_repeat",
        level="basic",
        unit="ticks",
        ge=1,
        le=1000,
    )
    speedup: float | None = option(
        None,
        title="Speed-up",
        help="Game speed relative to real time. Empty: as fast as the machine can.",
        group=GAME,
        target="the game's --speedup; empty: Godot's --fixed-fps",
        unit="x",
        gt=0,
        le=1000,
    )
    startup_timeout_s: float = option(
        60.0,
        title="Start-up timeout",
        help="How long a game may take to start and connect before the run fails.",
        group=GAME,
        target="the wait for a game to connect",
        unit="s",
        gt=0,
    )
    step_timeout_s: float = option(
        60.0,
        title="Step timeout",
        help="How long a game may take to answer one step before it counts as hung.",
        group=GAME,
        target="the wait for a game's answer",
        unit="s",
        gt=0,
    )
    game_args: dict[str, str] = option(
        {},
        title="Game arguments",
        help="Extra arguments for the game; each becomes --key=value on its command line.",
        group=GAME,
        target="the game's command line",
    )

    @field_validator("game_args")
    @classmethod
    def _args_are_words(cls, value: dict[str, str]) -> dict[str, str]:
        for key in value:
            if not _ARGUMENT.fullmatch(key):
                raise ValueError(f"{key!r} is no argument name: use letters, digits, - and _")
        return value


class StopFields(BaseModel):
    """What ends a run before its timesteps are done."""

    time_limit_s: float | None = option(
        None,
        title="Time limit",
        help="Stop after this much training time even if timesteps are left. Empty: no limit.",
        group=STOP,
        target="end of the run with reason time_limit",
        unit="s",
        gt=0,
    )
    stop_iterations: int | None = option(
        None,
        title="Iterations",
        help="Stop after this many iterations. Empty: no limit.",
        group=STOP,
        target="end of the run with reason iterations",
        ge=1,
    )
    stop_episodes: int | None = option(
        None,
        title="Episodes",
        help="Stop after this many episodes. Empty: no limit.",
        group=STOP,
        target="end of the run with reason episodes",
        ge=1,
    )
    stop_reward: float | None = option(
        None,
        title="Reward",
        help="Stop once the mean episode reward over the stop window has reached this. With several policies each "
        "that learns must, unless judge names one. Empty: never.",
        group=STOP,
        target="end of the run with reason reward",
        level="basic",
    )
    stop_success_rate: float | None = option(
        None,
        title="Success rate",
        help="Stop once this share of the episodes in the stop window were won: is_success was logged as true. With "
        "several policies each that learns must, unless judge names one. Empty: never.",
        group=STOP,
        target="end of the run with reason success_rate",
        gt=0,
        le=1,
    )
    stop_window: int = option(
        100,
        title="Stop window",
        help="Episodes of a policy over which reward or success rate must hold; as many must have ended.",
        group=STOP,
        target="stop_reward and stop_success_rate",
        unit="episodes",
        ge=1,
        le=10_000,
    )
    plateau_timesteps: int | None = option(
        None,
        title="Plateau",
        help="Stop when the mean episode reward has had no new best for this many steps, with several policies that of "
        "none of them. Empty: never.",
        group=STOP,
        target="end of the run with reason plateau",
        unit="steps",
        ge=1,
    )
    stop_file: str = option(
        "",
        title="Stop file",
        help="Stop as soon as this file exists. A file STOP in the run's folder always counts.",
        group=STOP,
        target="end of the run with reason stop_file",
    )


class OutputFields(BaseModel):
    """Checkpoints, evaluations, and what they are computed with."""

    checkpoint_frequency: int = option(
        25_000,
        title="Checkpoint every",
        help="Timesteps between checkpoints. 0: only at the end. Stopping always saves one.",
        group=OUTPUT,
        target="checkpoints/ in the run's folder",
        level="basic",
        unit="steps",
        ge=0,
    )
    checkpoint_minutes: float | None = option(
        None,
        title="Checkpoint every (time)",
        help="Minutes between checkpoints, beside those by timesteps. Empty: none.",
        group=OUTPUT,
        target="checkpoints/ in the run's folder",
        unit="min",
        gt=0,
    )
    keep_checkpoints: int = option(
        5,
        title="Keep checkpoints",
        help="Older periodic checkpoints are deleted; the best one is kept.",
        group=OUTPUT,
        target="checkpoints/ in the run's folder",
        ge=1,
    )
    eval_frequency: int = option(
        0,
        title="Evaluate every",
        help="Timesteps between evaluations in a game of their own, without exploration. 0: never.",
        group=OUTPUT,
        target="evaluation, checkpoints/best.json",
        level="basic",
        unit="steps",
        ge=0,
    )
    eval_episodes: int = option(
        20,
        title="Evaluation episodes",
        help="Whole episodes of each evaluation.",
        group=OUTPUT,
        target="evaluation",
        ge=1,
        le=10_000,
    )
    eval_max_decisions: int = option(
        5000,
        title="Longest evaluation episode",
        help="Decisions after which an episode of an evaluation is cut and counts as it is.",
        group=OUTPUT,
        target="evaluation",
        unit="decisions",
        ge=1,
    )
    eval_time_limit_s: float = option(
        60.0,
        title="Longest evaluation",
        help="Training waits no longer for an evaluation; it counts what was played until then.",
        group=OUTPUT,
        target="evaluation",
        unit="s",
        gt=0,
    )
    eval_seed: int = option(
        1000,
        title="Evaluation seed",
        help="Seed of the evaluation game; every evaluation plays the same episodes.",
        group=OUTPUT,
        target="--env_seed of the evaluation's game",
        ge=0,
        le=2**31 - 1,
    )
    torch_threads: int = option(
        1,
        title="PyTorch threads",
        help="More than one rarely helps small networks: the threads fight the game for the cores.",
        group=OUTPUT,
        target="torch.set_num_threads",
        ge=1,
        le=256,
    )
    device: str = option(
        "cpu",
        title="Device",
        help="Where the networks learn: cpu, cuda, cuda:0, mps (not RLlib) or auto.",
        group=OUTPUT,
        target="device of SB3's model; AlgorithmConfig.learners(num_gpus_per_learner, local_gpu_idx)",
    )
