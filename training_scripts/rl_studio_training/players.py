"""Who plays a policy: a checkpoint of SB3 or RLlib, a fresh network, or chance."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_studio.errors import ConfigError
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.checkpoints import find_checkpoint, read_description
from rl_studio_training.errors import CheckpointError
from rl_studio_training.fleet_batch import FleetGroup
from rl_studio_training.policy_player import Player
from rl_studio_training.spaces import ActionCodec, Observations

UNTRAINED = "untrained"
RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Seat:
    """Who plays a policy.

    Args:
        policy: its name in the game.
        who: `UNTRAINED`, `RANDOM`, or a checkpoint's name.
        checkpoint: the checkpoint's folder, if it is one.
    """

    policy: str
    who: str
    checkpoint: Path | None = None


def parse_seat(text: str) -> Seat:
    """Reads `policy=who`; a run's folder stands for its latest checkpoint.

    Raises:
        ConfigError: it is not of that form.
        CheckpointError: the folder is no checkpoint.
    """
    policy, equals, who = text.partition("=")
    if not (policy and equals and who):
        raise ConfigError(
            f"{text!r} does not say who plays a policy.",
            hint="Write NAME=CHECKPOINT_DIR, NAME=untrained or NAME=random.",
        )
    if who in (UNTRAINED, RANDOM):
        return Seat(policy, who)
    folder = Path(who)
    if (folder / "checkpoints").is_dir():
        folder = find_checkpoint(folder / "checkpoints", "latest")
    read_description(folder)
    return Seat(policy, folder.name, folder)


def make_player(seat: Seat, group: FleetGroup, like: Path | None, seed: int) -> Player:
    """What decides for the agents of `group`.

    Args:
        like: a checkpoint whose trainer and layers an untrained network has; None for the defaults of SB3,
            or of RLlib where SB3 is not installed.
        seed: of random actions. Fresh weights come from PyTorch's generator.

    Raises:
        CheckpointError: it cannot be read, has no such policy, or was made for other agents.
    """
    if seat.who == RANDOM:
        return RandomPlayer(group.actions.space, seed)
    if seat.checkpoint is None:
        return _fresh(group, like)
    player, observations, actions = _load(seat.checkpoint, seat.policy)
    if (observations, actions) != (group.observations.space, group.actions.space):
        raise CheckpointError(
            f"{seat.checkpoint} has a policy that sees {observations} and does {actions}; in this game "
            f"{seat.policy} sees {group.observations.space} and does {group.actions.space}.",
            hint="Play the scene that it was trained in.",
        )
    return player


def _load(checkpoint: Path, policy: str) -> tuple[Player, Any, Any]:
    """The player, and the spaces it was trained with."""
    description = read_description(checkpoint)
    name = _name_in(description, policy)
    if _trainer(description) == "rllib":
        from rl_studio_training import rllib_policy

        learned = rllib_policy.load_policy(checkpoint, name)
        return learned, learned.observation_space, learned.action_space
    from rl_studio_training import sb3_policy

    trained = sb3_policy.load_policy(checkpoint, name)
    return trained.player(), trained.observations.space, ActionCodec(trained.actions).space


def _name_in(description: dict[str, Any], policy: str) -> str:
    """What a checkpoint calls a policy; that of a single one makes no difference."""
    names = list(description.get("policies") or {})
    return str(names[0]) if len(names) == 1 else policy


def _trainer(description: dict[str, Any]) -> str:
    return str(description.get("trainer", "sb3"))


def _fresh(group: FleetGroup, like: Path | None) -> Player:
    description = {} if like is None else read_description(like)
    has_sb3 = importlib.util.find_spec("stable_baselines3") is not None
    trainer = _trainer(description) if like is not None else "sb3" if has_sb3 else "rllib"
    if trainer == "rllib":
        from rl_studio_training.rllib_policy import untrained_policy

        name = _name_in(description, group.policy)
        return untrained_policy(group.observations.space, group.actions.space, like, name)
    from rl_studio_training.sb3_networks import policy_arguments, policy_class
    from rl_studio_training.sb3_player import SB3Player

    config = SB3Config.model_validate(description.get("config") or {})
    network = policy_class(config)(
        group.observations.space,
        group.actions.space,
        lr_schedule=lambda _: 0.0,
        **policy_arguments(config, group.observations.space),
    )
    network.set_training_mode(False)
    return SB3Player(network)


class RandomPlayer:
    """Draws each action at random, of those that are allowed."""

    def __init__(self, space: spaces.Space[Any], seed: int) -> None:
        self._space = space
        self._random = np.random.default_rng(seed)

    def act(
        self,
        observations: Observations,
        state: Any | None = None,
        *,
        explore: bool = False,
        masks: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], Any]:
        """As `Player` has it; there is no state, and nothing but exploration."""
        some = next(iter(observations.values())) if isinstance(observations, dict) else observations
        count = len(some)
        if isinstance(self._space, spaces.Box):
            numbers = self._random.uniform(self._space.low, self._space.high, (count, *self._space.shape))
            return numbers.astype(np.float32), None
        if isinstance(self._space, spaces.Discrete):
            return self._choose(count, int(self._space.n), masks), None
        assert isinstance(self._space, spaces.MultiDiscrete)
        ends = np.cumsum(self._space.nvec).tolist()
        parts = [
            self._choose(count, size, None if masks is None else masks[:, end - size : end])
            for size, end in zip(self._space.nvec.tolist(), ends, strict=True)
        ]
        return np.stack(parts, axis=1), None

    def forget(self, state: Any, rows: NDArray[np.bool_]) -> Any:
        """Nothing to forget."""
        return state

    def _choose(self, count: int, size: int, masks: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        luck = self._random.random((count, size))
        chosen: NDArray[np.int64] = (luck if masks is None else np.where(masks, luck, -1.0)).argmax(axis=1)
        return chosen
