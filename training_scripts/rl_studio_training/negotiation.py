"""What trainer and game agree on before the first step: which agents there are, and which wire is spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from rl_studio_training import binary_frames, binary_frames_v1
from rl_studio_training.batch import Batch
from rl_studio_training.binary_frames import BinaryFrames
from rl_studio_training.binary_frames_v1 import OldBinaryFrames
from rl_studio_training.errors import GameDataError, GameProtocolError
from rl_studio_training.json_batches import DATA_HINT, JsonBatches
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
        codecs, actions: observations and actions, one item per row.
        groups: the rows by policy.
        is_ours: whether the game has our addon.
        binary: the version of binary frames that is spoken from now on; 0 for JSON.
        agent_paths: where each agent is in the scene; its number if the game does not say, "" for a row without one.
        translator: for all that follows.
    """

    info: EnvInfo
    codecs: list[ObservationCodec]
    actions: list[tuple[ActionPart, ...]]
    groups: tuple[PolicyGroup, ...]
    is_ours: bool
    binary: int
    agent_paths: list[str]
    translator: Translator

    @property
    def is_binary(self) -> bool:
        """Whether binary frames are spoken."""
        return self.binary > 0

    @property
    def takes_rows(self) -> bool:
        """Whether agents may come and go, and the trainer says how many rows there are."""
        return self.binary >= 2


def make_handshake(major: str, minor: str, *, offer_binary: bool, spin_s: float = 0.0) -> dict[str, Any]:
    """The first message; games with another plugin do not look at our offer.

    Args:
        spin_s: how long the game may look for our messages without sleeping, in seconds; for one with a core to spare.
    """
    versions = [binary_frames_v1.VERSION, binary_frames.VERSION]
    offer: dict[str, Any] = {"binary": versions} if offer_binary else {}
    if spin_s > 0.0:
        offer["spin_usec"] = round(spin_s * 1e6)
    return {"type": "handshake", "major_version": major, "minor_version": minor, "rl_studio": offer}


def agree(message: dict[str, Any]) -> Agreement:
    """Reads the game's `env_info`.

    Args:
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

    codecs = [ObservationCodec(wire, _refuse_number) for wire in info.observation_spaces]
    actions = [parse_actions(wire) for wire in info.action_spaces]
    studio = info.studio
    masked = studio.masked_policies if studio else frozenset()
    paths = studio.agent_paths if studio else [str(agent) for agent in range(info.n_agents)]
    groups = make_groups(info.policy_names, [codec.parts for codec in codecs], actions, masked, paths)
    binary = studio.binary if studio else 0
    translator: Translator
    if binary >= binary_frames.VERSION:
        _check_order(groups)
        translator = BinaryFrames(groups)
    elif binary:
        translator = OldBinaryFrames(groups)
    else:
        translator = JsonBatches(groups, [codecs[group.agents[0]] for group in groups])
    return Agreement(info, codecs, actions, groups, studio is not None, binary, paths, translator)


def _check_order(groups: Sequence[PolicyGroup]) -> None:
    """Rows must come group by group."""
    numbers = [row for group in groups for row in group.agents.tolist()]
    if numbers != list(range(len(numbers))):
        raise GameProtocolError(
            "The game does not list its rows policy by policy.", hint="Is its RL Studio addon up to date?"
        )


def resize(agreed: Agreement, rows: Mapping[str, int], like: Sequence[Agreement]) -> Agreement:
    """What was agreed on, with more rows; the agents stay in theirs.

    Args:
        rows: by policy_name, at least as many as there are; those that the game does not have yet come last.
        like: of other games, which know what agents of such policies see and do.
    """
    known = {group.policy: (other, group) for other in reversed((agreed, *like)) for group in other.groups}
    own = {group.policy: group for group in agreed.groups}
    names = [*own, *(policy for policy in rows if policy not in own)]
    counts = {policy: rows.get(policy, own[policy].count if policy in own else 0) for policy in names}
    sources = [(*known[policy], policy) for policy in names for _ in range(counts[policy])]
    paths = []
    for policy in names:
        there = [agreed.agent_paths[row] for row in own[policy].agents] if policy in own else []
        paths += there + [""] * (counts[policy] - len(there))
    info = replace(
        agreed.info,
        n_agents=len(sources),
        observation_spaces=[other.info.observation_spaces[group.agents[0]] for other, group, _ in sources],
        action_spaces=[other.info.action_spaces[group.agents[0]] for other, group, _ in sources],
        policy_names=[policy for _, _, policy in sources],
    )
    codecs = [other.codecs[group.agents[0]] for other, group, _ in sources]
    actions = [group.actions for _, group, _ in sources]
    masked = frozenset(policy for policy in names if known[policy][1].has_masks)
    groups = make_groups(info.policy_names, [codec.parts for codec in codecs], actions, masked, paths)
    assert isinstance(agreed.translator, BinaryFrames)
    agreed.translator.resize(groups)
    return replace(agreed, info=info, codecs=codecs, actions=actions, groups=groups, agent_paths=paths)


def _refuse_number(agent: int, key: str) -> None:
    raise GameDataError(f"Agent {agent} sent NaN or infinity in the observation {key!r}.", hint=DATA_HINT)
