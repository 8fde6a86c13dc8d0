"""Fields of SB3's families of algorithms: those that learn from fresh rollouts, and those with a replay buffer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from rl_studio.experiments.fields import number_or_auto, option

PPO_LIKE = ("ppo", "recurrent_ppo", "maskable_ppo")
ON_POLICY = (*PPO_LIKE, "a2c")
OFF_POLICY = ("sac", "td3", "dqn")
EVERY = (*ON_POLICY, *OFF_POLICY)

ROLLOUTS = "Updates"
REPLAY = "Replay"
EXPLORATION = "Exploration"


class OnPolicyFields(BaseModel):
    """PPO, its variants, and A2C."""

    n_steps: int = option(
        32,
        title="Steps per update",
        help="Steps that each agent takes before the networks learn from them. More make the learning steadier, "
        "fewer let it begin sooner.",
        group=ROLLOUTS,
        level="basic",
        unit="steps per agent",
        algorithms=ON_POLICY,
        defaults={"a2c": 5},
        target="n_steps",
        ge=2,
    )
    n_epochs: int = option(
        5,
        title="Epochs",
        help="How often the networks learn from the same steps.",
        group=ROLLOUTS,
        level="basic",
        algorithms=PPO_LIKE,
        target="n_epochs",
        ge=1,
        le=1000,
    )
    gae_lambda: float = option(
        0.95,
        title="GAE lambda",
        help="How far a reward is credited to earlier actions: near 1 far back and noisy, lower only nearby.",
        group=ROLLOUTS,
        algorithms=ON_POLICY,
        defaults={"a2c": 1.0},
        target="gae_lambda",
        ge=0,
        le=1,
    )
    clip_range: float = option(
        0.2,
        title="Clip range",
        help="How far one update may move the policy. Smaller is more careful.",
        group=ROLLOUTS,
        algorithms=PPO_LIKE,
        target="clip_range",
        gt=0,
        le=1,
    )
    clip_range_schedule: Literal["constant", "linear"] = option(
        "constant",
        title="Clip-range schedule",
        help="Constant, or falling linearly to zero at the last timestep.",
        group=ROLLOUTS,
        algorithms=PPO_LIKE,
        target="clip_range",
    )
    clip_range_vf: float | None = option(
        None,
        title="Value clip range",
        help="Clips the value function's update too; depends on the reward scale. Empty: off.",
        group=ROLLOUTS,
        algorithms=PPO_LIKE,
        target="clip_range_vf",
        gt=0,
    )
    normalize_advantage: bool = option(
        True,
        title="Normalize advantage",
        help="Scale the advantages of each batch to unit variance.",
        group=ROLLOUTS,
        algorithms=ON_POLICY,
        defaults={"a2c": False},
        target="normalize_advantage",
    )
    ent_coef: Annotated[
        Annotated[float, Field(ge=0)] | Literal["auto"], number_or_auto("a number, 0 or more")
    ] = option(
        1e-4,
        title="Entropy coefficient",
        help="Reward for randomness. Raise it when the agents settle too early on a poor habit. SAC can tune it "
        "by itself: auto.",
        group=ROLLOUTS,
        level="basic",
        algorithms=(*ON_POLICY, "sac"),
        defaults={"sac": "auto", "a2c": 0.0},
        target="ent_coef",
    )
    vf_coef: float = option(
        0.5,
        title="Value coefficient",
        help="How much learning to predict rewards counts beside learning to act.",
        group=ROLLOUTS,
        algorithms=ON_POLICY,
        target="vf_coef",
        ge=0,
    )
    max_grad_norm: float = option(
        0.5,
        title="Gradient clip",
        help="Limits how far a single step of learning can go (norm of the gradient).",
        group=ROLLOUTS,
        algorithms=(*ON_POLICY, "dqn"),
        defaults={"dqn": 10.0},
        target="max_grad_norm",
        gt=0,
    )
    target_kl: float | None = option(
        None,
        title="Target KL",
        help="Ends the epochs of an update early once the policy moved this far. Empty: off.",
        group=ROLLOUTS,
        algorithms=PPO_LIKE,
        target="target_kl",
        gt=0,
    )
    use_rms_prop: bool = option(
        True,
        title="RMSprop",
        help="Use RMSprop as in the paper, instead of Adam.",
        group=ROLLOUTS,
        algorithms=["a2c"],
        target="use_rms_prop",
    )


class OffPolicyFields(BaseModel):
    """SAC, TD3 and DQN."""

    buffer_size: int = option(
        200_000,
        title="Replay size",
        help="Agent steps that the replay buffer holds.",
        group=REPLAY,
        level="basic",
        unit="steps",
        algorithms=OFF_POLICY,
        target="buffer_size",
        ge=1,
    )
    learning_starts: int = option(
        1000,
        title="Learning starts",
        help="Agent steps with random actions before the first update.",
        group=REPLAY,
        level="basic",
        unit="steps",
        algorithms=OFF_POLICY,
        target="learning_starts",
        ge=0,
    )
    train_freq: int = option(
        1,
        title="Update every",
        help="Steps between two updates; in each step all agents act once.",
        group=REPLAY,
        unit="steps of all agents",
        algorithms=OFF_POLICY,
        defaults={"dqn": 4},
        target="train_freq",
        ge=1,
    )
    gradient_steps: int = option(
        1,
        title="Gradient steps",
        help="Gradient steps of each update; -1: as many as agents have acted since the last one.",
        group=REPLAY,
        level="basic",
        algorithms=OFF_POLICY,
        target="gradient_steps",
        ge=-1,
    )
    tau: float = option(
        0.005,
        title="Target update rate",
        help="How far the target network follows in each update (tau); 1 copies it.",
        group=REPLAY,
        algorithms=OFF_POLICY,
        defaults={"dqn": 1.0},
        target="tau",
        gt=0,
        le=1,
    )
    target_update_interval: int = option(
        10_000,
        title="Target update every",
        help="Agent steps between two updates of the target network.",
        group=REPLAY,
        unit="steps",
        algorithms=["dqn"],
        target="target_update_interval",
        ge=1,
    )
    save_replay_buffer: bool = option(
        True,
        title="Save the replay buffer",
        help="Keep it with the latest checkpoint, so that a resumed run need not fill it again.",
        group=REPLAY,
        target="the replay buffer in each checkpoint",
        algorithms=OFF_POLICY,
    )
    max_replay_mb: int = option(
        512,
        title="Largest replay file",
        help="A replay buffer above this size is not saved, and a warning says so.",
        group=REPLAY,
        target="the replay buffer in each checkpoint",
        unit="MB",
        algorithms=OFF_POLICY,
        ge=1,
    )
    exploration_fraction: float = option(
        0.1,
        title="Exploration fraction",
        help="Share of the training over which exploration falls to its final rate.",
        group=EXPLORATION,
        level="basic",
        algorithms=["dqn"],
        target="exploration_fraction",
        gt=0,
        le=1,
    )
    exploration_initial_eps: float = option(
        1.0,
        title="Initial exploration",
        help="Share of random actions at the beginning.",
        group=EXPLORATION,
        algorithms=["dqn"],
        target="exploration_initial_eps",
        ge=0,
        le=1,
    )
    exploration_final_eps: float = option(
        0.05,
        title="Final exploration",
        help="Share of random actions at the end.",
        group=EXPLORATION,
        algorithms=["dqn"],
        target="exploration_final_eps",
        ge=0,
        le=1,
    )
    action_noise_std: float = option(
        0.1,
        title="Action noise",
        help="Standard deviation of the noise that is added to actions to explore.",
        group=EXPLORATION,
        level="basic",
        algorithms=["td3"],
        target="action_noise",
        ge=0,
    )
    policy_delay: int = option(
        2,
        title="Policy delay",
        help="Updates of the critics for each one of the policy.",
        group=REPLAY,
        algorithms=["td3"],
        target="policy_delay",
        ge=1,
    )
    target_policy_noise: float = option(
        0.2,
        title="Target noise",
        help="Noise on the target policy's actions.",
        group=REPLAY,
        algorithms=["td3"],
        target="target_policy_noise",
        ge=0,
    )
    target_noise_clip: float = option(
        0.5,
        title="Target noise clip",
        help="Limit of that noise.",
        group=REPLAY,
        algorithms=["td3"],
        target="target_noise_clip",
        ge=0,
    )
