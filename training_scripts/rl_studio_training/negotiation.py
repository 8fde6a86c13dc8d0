"""What trainer and game agree on before the first step: which agents there are, and which wire is spoken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rl_studio_training import binary_frames
from rl_studio_training.batch import Batch
from rl_studio_training.binary_frames import BinaryFrames
from rl_studio_training.errors import GameProtocolError
from rl_studio_training.json_batches import JsonBatches
from rl_studio_training.layout import ActionPart, GroupActions, PolicyGroup, make_groups
from rl_studio_training.messages import EnvInfo, parse_env_info
from rl_studio_training.spaces import ObservationCodec, parse_actions


class Translator(Protocol):
    """From batches to messages and back, in JSON or in binary frames."""

    def encode_reset(self, seed: int | None = None) -> dict[str, Any] | bytes: ...

    def encode_actions(self, actions: Sequence[GroupActions]) -> dict[str, Any] | bytes: ...

    def decode_observation(self, message: Any) -> Batch: ...

    def decode_step(self, message: Any) -> Batch: ...


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a game said about itself, checked.

    Args:
        info: as it came.
        codecs, actions: observations and actions, one item per agent.
        groups: the agents by policy.
        is_ours: whether the game has our addon.
        is_binary: whether binary frames are spoken from now on.
        agent_paths: where each agent is in the scene; its number if the game does not say.
        translator: for all that follows.
    """

    info: EnvInfo
    codecs: list[ObservationCodec]
    actions: list[tuple[ActionPart, ...]]
    groups: tuple[PolicyGroup, ...]
    is_ours: bool
    is_binary: bool
    agent_paths: list[str]
    translator: Translator


def make_handshake(major: str, minor: str, *, offer_binary: bool, spin_s: float = 0.0) -> dict[str, Any]:
    """The first message; games with another plugin do not look at our offer.

    Args:
        spin_s: how long the game may look for our messages without sleeping, in seconds; for one with a core to spare.
    """
    offer: dict[str, Any] = {"binary": [binary_frames.VERSION]} if offer_binary else {}
    if spin_s > 0.0:
        offer["spin_usec"] = round(spin_s * 1e6)
    return {"type": "handshake", "major_version": major, "minor_version": minor, "rl_studio": offer}


def agree(message: dict[str, Any], warn_once: Callable[[str, str], None]) -> Agreement:
    """Reads the game's `env_info`.

    Args:
        warn_once: called with a topic and a sentence, now or later, when something odd was put right.

    Raises:
        GameProtocolError: it makes no sense, or there are no agents.
        SpacesError: agents of one policy have different spaces.
    """
    info = parse_env_info(message)
    if info.n_agents == 0:
        raise GameProtocolError(
            "The scene has no agents to train.",
            hint="Add an RLAgent below each body that shall learn, with its mode on INHERIT or TRAINING.",
        )

    def note_bad_number(agent: int, key: str) -> None:
        warn_once(
            key, f"agent {agent} sent NaN or infinity in the observation {key!r}; 0 or ±1 is used instead."
        )

    codecs = [ObservationCodec(wire, note_bad_number) for wire in info.observation_spaces]
    actions = [parse_actions(wire) for wire in info.action_spaces]
    studio = info.studio
    masked = studio.masked_policies if studio else frozenset()
    groups = make_groups(info.policy_names, [codec.parts for codec in codecs], actions, masked)
    is_binary = studio is not None and studio.binary > 0
    translator: Translator = (
        BinaryFrames(groups)
        if is_binary
        else JsonBatches(groups, [codecs[group.agents[0]] for group in groups], warn_once)
    )
    paths = studio.agent_paths if studio else [str(agent) for agent in range(info.n_agents)]
    return Agreement(info, codecs, actions, groups, studio is not None, is_binary, paths, translator)
