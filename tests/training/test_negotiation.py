"""What trainer and game agree on, and how many rows they make of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_studio_training.errors import GameProtocolError
from rl_studio_training.layout import GroupActions
from rl_studio_training.negotiation import Agreement, agree, make_handshake, resize

JUMP = {"jump": {"action_type": "discrete", "size": 2}}
MOVE = {"move": {"action_type": "continuous", "size": 1}}


def env_info(binary: int, *names: str, **studio: Any) -> dict[str, Any]:
    """Agents of `a` see two numbers and jump, with masks; others see one and move."""
    return {
        "n_agents": len(names),
        "observation_space": [{"obs": {"space": "box", "size": [2 if name == "a" else 1]}} for name in names],
        "action_space": [JUMP if name == "a" else MOVE for name in names],
        "agent_policy_names": list(names),
        "rl_studio": {
            "binary": binary,
            "agent_paths": [f"/{name}{number}" for number, name in enumerate(names)],
            "masked_policies": ["a"] if "a" in names else [],
            **studio,
        },
    }


def agreed(binary: int, *names: str) -> Agreement:
    return agree(env_info(binary, *names))


def test_both_versions_of_binary_frames_are_offered() -> None:
    assert make_handshake("0", "7", offer_binary=True)["rl_studio"] == {"binary": [1, 2]}
    assert make_handshake("0", "7", offer_binary=False)["rl_studio"] == {}


@pytest.mark.parametrize(("binary", "takes_rows"), [(0, False), (1, False), (2, True)])
def test_agents_come_and_go_with_version_2_only(binary: int, takes_rows: bool) -> None:
    found = agreed(binary, "a", "a", "b")
    assert (found.is_binary, found.takes_rows) == (binary > 0, takes_rows)


def test_rows_must_come_policy_by_policy() -> None:
    with pytest.raises(GameProtocolError, match="policy by policy"):
        agreed(2, "a", "b", "a")
    assert [group.agents.tolist() for group in agreed(1, "a", "b", "a").groups] == [[0, 2], [1]]


def test_new_rows_are_like_the_others_of_their_policy_and_new_policies_like_those_of_other_games() -> None:
    found = resize(agreed(2, "b"), {"b": 2, "a": 3}, [agreed(2, "b", "a")])
    assert [(group.policy, group.agents.tolist()) for group in found.groups] == [
        ("b", [0, 1]),
        ("a", [2, 3, 4]),
    ]
    assert [group.has_masks for group in found.groups] == [False, True]
    assert found.info.policy_names == ["b", "b", "a", "a", "a"]
    assert [space["obs"]["size"] for space in found.info.observation_spaces] == [[1], [1], [2], [2], [2]]
    assert found.info.action_spaces == [MOVE, MOVE, JUMP, JUMP, JUMP]
    assert [codec.parts[0].shape for codec in found.codecs] == [(1,)] * 2 + [(2,)] * 3
    assert found.agent_paths == ["/b0", "", "", "", ""]
    # The frames go on with the agent of before: five numbers would be due if all rows had one.
    actions = [np.zeros((2, 1), np.float32), np.zeros((3, 0), np.float32)]
    choices = [np.zeros((2, 0), np.int32), np.zeros((3, 1), np.int32)]
    frame = found.translator.encode_actions(
        [GroupActions(*pair) for pair in zip(actions, choices, strict=True)]
    )
    assert len(frame) == 8 + 4
