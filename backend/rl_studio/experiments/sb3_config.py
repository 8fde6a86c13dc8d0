"""The complete configuration of a Stable-Baselines3 run: the only place where its fields are defined.

The forms in the editor, `--set key=value` of the CLI, validation and the training script all read this model.
Hyperparameters keep the names of `stable_baselines3.PPO`. Their defaults are those that reached a good policy in the
least wall-clock time over several games on a small CPU (docs/tuning.md): short rollouts of many agents, few passes.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from rl_studio.experiments.fields import option

MAX_INSTANCES = 64

_ARGUMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

GENERAL = "Training"
GAME = "Game"
PPO = "PPO"
NETWORK = "Network"
OUTPUT = "Output"


class SB3Config(BaseModel):
    """PPO from Stable-Baselines3 on one policy. All step counts are agent steps unless they say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scene: str = option(
        "",
        title="Scene",
        help="The scene to train in. Empty: the project's training scene, else its main scene.",
        group=GENERAL,
        level="basic",
        kind="scene",
    )
    total_timesteps: int = option(
        200_000,
        title="Timesteps",
        help="Agent steps to train for: every decision of every agent counts as one.",
        group=GENERAL,
        level="basic",
        unit="steps",
        ge=1,
    )
    time_limit_s: float | None = option(
        None,
        title="Time limit",
        help="Stop after this much training time even if timesteps are left. Empty: no limit.",
        group=GENERAL,
        unit="s",
        gt=0,
    )
    n_envs: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] | Literal["auto"] = option(
        1,
        title="Game instances",
        help="Game processes side by side; auto measures for some seconds how many are fastest here. More agents "
        "in one scene are cheaper than more instances.",
        group=GENERAL,
        level="basic",
    )
    seed: int = option(
        0,
        title="Seed",
        help="Seeds Python, NumPy, PyTorch and the games (instance i gets seed + i).",
        group=GENERAL,
        level="basic",
        ge=0,
        le=2**31 - 1,
    )
    show_window: bool = option(
        False,
        title="Show the game",
        help="Train in visible windows instead of headless. Slower, but you see what the agents do.",
        group=GAME,
        level="basic",
    )
    action_repeat: int = option(
        8,
        title="Action repeat",
        help="Physics ticks that one decision lasts. Play the game with the same value.",
        group=GAME,
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
        unit="x",
        gt=0,
        le=1000,
    )
    startup_timeout_s: float = option(
        60.0,
        title="Start-up timeout",
        help="How long a game may take to start and connect before the run fails.",
        group=GAME,
        unit="s",
        gt=0,
    )
    step_timeout_s: float = option(
        60.0,
        title="Step timeout",
        help="How long a game may take to answer one step before it counts as hung.",
        group=GAME,
        unit="s",
        gt=0,
    )
    game_args: dict[str, str] = option(
        {},
        title="Game arguments",
        help="Extra arguments for the game; each becomes --key=value on its command line.",
        group=GAME,
    )

    learning_rate: float = option(
        1e-3,
        title="Learning rate",
        help="Step size of the Adam optimizer.",
        group=PPO,
        level="basic",
        gt=0,
        le=1,
    )
    learning_rate_schedule: Literal["constant", "linear"] = option(
        "constant",
        title="Learning-rate schedule",
        help="Constant, or falling linearly to zero at the last timestep.",
        group=PPO,
    )
    n_steps: int = option(
        32,
        title="Rollout length",
        help="Steps each agent takes between two updates. The rollout has this many times all agents.",
        group=PPO,
        level="basic",
        unit="steps per agent",
        ge=2,
    )
    batch_size: int = option(
        256,
        title="Batch size",
        help="Samples per gradient step. Should divide the rollout (rollout length x agents).",
        group=PPO,
        level="basic",
        ge=2,
    )
    n_epochs: int = option(
        5, title="Epochs", help="Passes over each rollout.", group=PPO, level="basic", ge=1, le=1000
    )
    gamma: float = option(
        0.99,
        title="Discount",
        help="How much future reward counts (gamma).",
        group=PPO,
        level="basic",
        gt=0,
        le=1,
    )
    gae_lambda: float = option(
        0.95,
        title="GAE lambda",
        help="Bias against variance of the advantage estimate.",
        group=PPO,
        ge=0,
        le=1,
    )
    clip_range: float = option(
        0.2, title="Clip range", help="How far one update may move the policy.", group=PPO, gt=0, le=1
    )
    clip_range_vf: float | None = option(
        None,
        title="Value clip range",
        help="Clips the value function's update too; depends on the reward scale. Empty: off.",
        group=PPO,
        gt=0,
    )
    normalize_advantage: bool = option(
        True,
        title="Normalize advantage",
        help="Scale the advantages of each batch to unit variance.",
        group=PPO,
    )
    ent_coef: float = option(
        1e-4,
        title="Entropy coefficient",
        help="Reward for randomness. Raise it when the agents settle too early on a poor habit.",
        group=PPO,
        level="basic",
        ge=0,
    )
    vf_coef: float = option(0.5, title="Value coefficient", help="Weight of the value loss.", group=PPO, ge=0)
    max_grad_norm: float = option(
        0.5, title="Gradient clip", help="Largest norm of a gradient.", group=PPO, gt=0
    )
    target_kl: float | None = option(
        None,
        title="Target KL",
        help="Ends the epochs of an update early once the policy moved this far. Empty: off.",
        group=PPO,
        gt=0,
    )

    hidden_layers: list[int] = option(
        [64, 64],
        title="Hidden layers",
        help="Units of each hidden layer, of policy and value network alike.",
        group=NETWORK,
        level="basic",
        unit="units",
        min_length=1,
        max_length=8,
    )
    activation: Literal["tanh", "relu", "elu"] = option(
        "tanh", title="Activation", help="Non-linearity between the layers.", group=NETWORK
    )
    log_std_init: float = option(
        0.0,
        title="Initial log std",
        help="Logarithm of the initial action noise (continuous actions).",
        group=NETWORK,
        ge=-10,
        le=3,
    )
    ortho_init: bool = option(
        True, title="Orthogonal init", help="Orthogonal initialisation of the weights.", group=NETWORK
    )

    checkpoint_frequency: int = option(
        25_000,
        title="Checkpoint every",
        help="Timesteps between checkpoints. 0: only at the end. Stopping always saves one.",
        group=OUTPUT,
        level="basic",
        unit="steps",
        ge=0,
    )
    keep_checkpoints: int = option(
        5, title="Keep checkpoints", help="Older periodic checkpoints are deleted.", group=OUTPUT, ge=1
    )
    torch_threads: int = option(
        1,
        title="PyTorch threads",
        help="More than one rarely helps small networks: the threads fight the game for the cores.",
        group=OUTPUT,
        ge=1,
        le=256,
    )
    device: str = option(
        "cpu", title="Device", help="PyTorch device: cpu, cuda, cuda:0, mps or auto.", group=OUTPUT
    )

    @field_validator("scene")
    @classmethod
    def _scene_is_in_project(cls, value: str) -> str:
        if value and not value.startswith(("res://", "uid://")):
            raise ValueError("must be a path in the project such as res://train.tscn")
        return value

    @field_validator("n_envs", mode="wrap")
    @classmethod
    def _instances_are_a_number_or_auto(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise ValueError(f"must be a whole number from 1 to {MAX_INSTANCES}, or auto") from error

    @field_validator("hidden_layers")
    @classmethod
    def _layers_are_sane(cls, value: list[int]) -> list[int]:
        if any(units < 1 or units > 8192 for units in value):
            raise ValueError("each layer needs 1 to 8192 units")
        return value

    @field_validator("game_args")
    @classmethod
    def _args_are_words(cls, value: dict[str, str]) -> dict[str, str]:
        for key in value:
            if not _ARGUMENT.fullmatch(key):
                raise ValueError(f"{key!r} is no argument name: use letters, digits, - and _")
        return value
