"""Fields of RLlib's parts: env runners, learners, replay buffers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from rl_studio.experiments.fields import number_or_auto, option

POLICIES = "Policies"
RUNNERS = "Runners"
LEARNING = "Learning"
UPDATES = "Updates"
REPLAY = "Replay"
EXPLORATION = "Exploration"

ROLLOUTS = ("ppo", "appo", "impala")
REPLAYS = ("dqn", "sac")

SECTIONS = ("training", "env_runners", "learners", "fault_tolerance", "reporting", "debugging", "resources")
"""Methods of `AlgorithmConfig` that take arguments of users."""


class RunnerFields(BaseModel):
    """Who plays, and where."""

    num_env_runners: int = option(
        0,
        title="Env runners",
        help="Processes that play games, each with its own instances. 0: the trainer plays itself, which is best "
        "for one game on a small machine.",
        group=RUNNERS,
        level="basic",
        defaults={"appo": 1, "impala": 1},
        target="env_runners(num_env_runners)",
        ge=0,
        le=1024,
    )
    rollout_fragment_length: Annotated[
        Annotated[int, Field(ge=1)] | Literal["auto"], number_or_auto("a whole number, 1 or more")
    ] = option(
        "auto",
        title="Fragment length",
        help="Steps of each agent that a runner sends at a time; auto makes them fit the batch.",
        group=RUNNERS,
        target="env_runners(rollout_fragment_length)",
    )
    sample_timeout_s: float = option(
        120.0,
        title="Sample timeout",
        help="How long a runner may take for its part before the others go on without it.",
        group=RUNNERS,
        unit="s",
        target="env_runners(sample_timeout_s)",
        gt=0,
    )
    ray_address: str = option(
        "",
        title="Ray address",
        help="A Ray cluster to train on: host:port, or auto for the one of this machine. Empty: a Ray of its own, "
        "which ends with the run.",
        group=RUNNERS,
        target="ray.init(address)",
    )
    game_build: str = option(
        "",
        title="Game build",
        help="An exported game that runners start in place of the project (rl-studio build-game). It must be at this "
        "path on every machine of a cluster. Empty: the project itself, with Godot.",
        group=RUNNERS,
        target="RunnerGames.settings",
    )
    num_cpus: int | None = option(
        None,
        title="CPUs",
        help="Cores that a Ray of its own may use. Empty: all.",
        group=RUNNERS,
        target="ray.init(num_cpus)",
        ge=1,
    )


class LearnerFields(BaseModel):
    """How a batch becomes a better policy."""

    learning_rate: float = option(
        3e-4,
        title="Learning rate",
        help="Step size of the optimizer.",
        group=LEARNING,
        level="basic",
        defaults={"ppo": 1e-3},
        target="training(lr); with sac actor_lr, critic_lr and alpha_lr",
        gt=0,
        le=1,
    )
    learning_rate_schedule: Literal["constant", "linear"] = option(
        "constant",
        title="Learning-rate schedule",
        help="Constant, or falling linearly to zero at the last timestep.",
        group=LEARNING,
        target="training(lr); with sac actor_lr, critic_lr and alpha_lr",
    )
    gamma: float = option(
        0.99,
        title="Discount",
        help="How much future reward counts (gamma).",
        group=LEARNING,
        level="basic",
        target="training(gamma)",
        gt=0,
        le=1,
    )
    train_batch_size: int = option(
        1024,
        title="Train batch",
        help="Agent steps of all policies between two updates; with a replay buffer, samples per gradient step.",
        group=UPDATES,
        level="basic",
        defaults={"appo": 500, "impala": 500, "dqn": 64, "sac": 256},
        target="training(train_batch_size_per_learner)",
        ge=1,
    )
    minibatch_size: int = option(
        256,
        title="Minibatch",
        help="Samples per gradient step.",
        group=UPDATES,
        level="basic",
        algorithms=["ppo"],
        target="training(minibatch_size)",
        ge=1,
    )
    n_epochs: int = option(
        5,
        title="Epochs",
        help="Passes over each train batch.",
        group=UPDATES,
        level="basic",
        algorithms=["ppo"],
        target="training(num_epochs)",
        ge=1,
        le=1000,
    )
    gae_lambda: float = option(
        0.95,
        title="GAE lambda",
        help="Bias against variance of the advantage estimate.",
        group=UPDATES,
        algorithms=["ppo", "appo"],
        target="training(lambda_)",
        ge=0,
        le=1,
    )
    clip_range: float = option(
        0.2,
        title="Clip range",
        help="How far one update may move the policy.",
        group=UPDATES,
        algorithms=["ppo", "appo"],
        target="training(clip_param)",
        gt=0,
        le=1,
    )
    ent_coef: float = option(
        1e-4,
        title="Entropy coefficient",
        help="Reward for randomness. Raise it when the agents settle too early on a poor habit.",
        group=UPDATES,
        level="basic",
        algorithms=ROLLOUTS,
        target="training(entropy_coeff)",
        ge=0,
    )
    vf_coef: float = option(
        0.5,
        title="Value coefficient",
        help="Weight of the value loss.",
        group=UPDATES,
        algorithms=ROLLOUTS,
        target="training(vf_loss_coeff)",
        ge=0,
    )
    max_grad_norm: float = option(
        0.5,
        title="Gradient clip",
        help="Largest norm of a gradient.",
        group=UPDATES,
        defaults={"appo": 40.0, "impala": 40.0, "dqn": 40.0, "sac": 40.0},
        target="training(grad_clip)",
        gt=0,
    )
    kl_target: float | None = option(
        None,
        title="KL target",
        help="Adds a penalty that holds each update near this distance. Empty: off.",
        group=UPDATES,
        algorithms=["ppo", "appo"],
        target="training(use_kl_loss, kl_target)",
        gt=0,
    )


class ReplayFields(BaseModel):
    """DQN and SAC."""

    buffer_size: int = option(
        200_000,
        title="Replay size",
        help="Steps that the replay buffer holds.",
        group=REPLAY,
        level="basic",
        unit="steps",
        algorithms=REPLAYS,
        target="training(replay_buffer_config)",
        ge=1,
    )
    learning_starts: int = option(
        1000,
        title="Learning starts",
        help="Steps before the first update.",
        group=REPLAY,
        level="basic",
        unit="steps",
        algorithms=REPLAYS,
        target="training(num_steps_sampled_before_learning_starts)",
        ge=0,
    )
    tau: float = option(
        0.005,
        title="Target update rate",
        help="How far the target network follows in each update (tau); 1 copies it.",
        group=REPLAY,
        algorithms=REPLAYS,
        defaults={"dqn": 1.0},
        target="training(tau)",
        gt=0,
        le=1,
    )
    target_update_interval: int = option(
        500,
        title="Target update every",
        help="Steps between two updates of the target network.",
        group=REPLAY,
        unit="steps",
        algorithms=REPLAYS,
        defaults={"sac": 1},
        target="training(target_network_update_freq)",
        ge=0,
    )
    n_step: int = option(
        1,
        title="n-step returns",
        help="Rewards that are summed before the value of what follows.",
        group=REPLAY,
        algorithms=REPLAYS,
        target="training(n_step)",
        ge=1,
        le=100,
    )
    double_q: bool = option(
        True,
        title="Double Q",
        help="Choose with one network, value with the other.",
        group=REPLAY,
        algorithms=["dqn"],
        target="training(double_q)",
    )
    exploration_initial_eps: float = option(
        1.0,
        title="Initial exploration",
        help="Share of random actions at the beginning.",
        group=EXPLORATION,
        algorithms=["dqn"],
        target="training(epsilon)",
        ge=0,
        le=1,
    )
    exploration_final_eps: float = option(
        0.05,
        title="Final exploration",
        help="Share of random actions at the end.",
        group=EXPLORATION,
        algorithms=["dqn"],
        target="training(epsilon)",
        ge=0,
        le=1,
    )
    exploration_timesteps: int = option(
        20_000,
        title="Exploration steps",
        help="Steps over which exploration falls to its final rate.",
        group=EXPLORATION,
        unit="steps",
        algorithms=["dqn"],
        target="training(epsilon)",
        ge=1,
    )
    initial_alpha: float = option(
        1.0,
        title="Initial entropy weight",
        help="Where the tuned weight of the entropy begins.",
        group=REPLAY,
        algorithms=["sac"],
        target="training(initial_alpha)",
        gt=0,
    )
