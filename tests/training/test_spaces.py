from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from rl_studio_training.errors import GameProtocolError, SpacesError
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions


def codec(**actions: tuple[str, int]) -> ActionCodec:
    wire = {name: {"action_type": kind, "size": size} for name, (kind, size) in actions.items()}
    return ActionCodec(parse_actions(wire))


def observations(wire: dict[str, Any], bad: list[tuple[int, str]] | None = None) -> ObservationCodec:
    found = bad if bad is not None else []
    return ObservationCodec(wire, lambda row, key: found.append((row, key)))


BOX3 = {"space": "box", "size": [3]}


def test_continuous_actions_share_one_box_in_wire_order() -> None:
    actions = codec(b=("continuous", 2), a=("continuous", 1))
    assert actions.space == spaces.Box(-1.0, 1.0, (3,), np.float32)
    assert actions.encode(np.array([[0.5, -0.5, 1.0]])) == [{"b": [0.5, -0.5], "a": [1.0]}]


def test_one_discrete_action_is_discrete() -> None:
    actions = codec(turn=("discrete", 4))
    assert actions.space == spaces.Discrete(4)
    assert actions.encode(np.array([3, 0])) == [{"turn": 3}, {"turn": 0}]


def test_several_discrete_actions_are_multidiscrete_and_go_out_as_integers() -> None:
    actions = codec(turn=("discrete", 3), jump=("discrete", 2))
    assert actions.space == spaces.MultiDiscrete([3, 2])
    encoded = actions.encode(np.array([[2, 1]]))
    assert encoded == [{"turn": 2, "jump": 1}]
    assert all(type(value) is int for value in encoded[0].values())


def test_a_binary_action_beside_continuous_ones_is_a_threshold() -> None:
    actions = codec(move=("continuous", 2), shoot=("discrete", 2))
    assert actions.space.shape == (3,)
    encoded = actions.encode(np.array([[0.0, 1.0, 0.25], [0.0, 1.0, 0.0]]))
    assert [row["shoot"] for row in encoded] == [1, 0]
    assert type(encoded[0]["shoot"]) is int


def test_more_choices_beside_continuous_actions_are_refused() -> None:
    with pytest.raises(SpacesError, match="weapon"):
        codec(move=("continuous", 1), weapon=("discrete", 3))


@pytest.mark.parametrize(
    "spec", [None, {}, {"action_type": "analog", "size": 1}, {"action_type": "discrete", "size": 0}]
)
def test_a_malformed_action_is_named(spec: Any) -> None:
    with pytest.raises(GameProtocolError, match="steer"):
        parse_actions({"steer": spec})


def test_a_size_may_be_a_whole_float() -> None:
    assert parse_actions({"a": {"action_type": "discrete", "size": 2.0}})[0].size == 2


def test_a_single_flat_key_is_a_box_of_float32() -> None:
    decoder = observations({"obs": BOX3})
    array = decoder.decode([{"obs": [1, 2, True]}, {"obs": [0.5, 0, 0]}])
    assert isinstance(array, np.ndarray)
    assert (array.shape, array.dtype) == ((2, 3), np.float32)
    assert decoder.single_key == "obs"


def test_several_keys_are_a_dict() -> None:
    decoder = observations({"b": BOX3, "a": {"space": "box", "size": [1]}})
    decoded = decoder.decode_one({"b": [1, 2, 3], "a": [4]})
    assert isinstance(decoded, dict)
    assert {key: value.tolist() for key, value in decoded.items()} == {"a": [4], "b": [1, 2, 3]}
    assert list(decoder.space.keys()) == ["a", "b"]  # type: ignore[attr-defined]


def test_bounds_of_the_wire_are_kept() -> None:
    decoder = observations({"obs": {"space": "box", "size": [2], "low": 0.0, "high": 5.0}})
    assert decoder.space == spaces.Box(0.0, 5.0, (2,), np.float32)


def test_a_picture_is_read_from_hexadecimal() -> None:
    decoder = observations({"camera_2d": {"space": "box", "size": [3, 2, 2]}})
    decoded = decoder.decode([{"camera_2d": bytes(range(12)).hex()}])
    assert isinstance(decoded, dict)
    assert decoded["camera_2d"].dtype == np.uint8
    assert decoded["camera_2d"].reshape(-1).tolist() == list(range(12))


def test_a_flat_key_with_2d_in_its_name_is_no_picture() -> None:
    assert observations({"raycast2d": BOX3}).space.dtype == np.float32


def test_a_discrete_observation_is_an_integer() -> None:
    decoder = observations({"lamp": {"space": "discrete", "size": 3}})
    decoded = decoder.decode([{"lamp": 2.0}])
    assert isinstance(decoded, dict)
    assert (decoded["lamp"].dtype, decoded["lamp"].tolist()) == (np.int64, [2])


def test_null_and_infinity_are_replaced_and_reported() -> None:
    bad: list[tuple[int, str]] = []
    array = observations({"obs": BOX3}, bad).decode([{"obs": [1, 2, 3]}, {"obs": [None, 1e400, -1e400]}])
    assert isinstance(array, np.ndarray)
    assert array[1].tolist() == [0.0, 1.0, -1.0]
    assert bad == [(1, "obs")]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"obs": [1, 2, 3]}, {"obs": [1, 2]}], "Agent 1 sent 2 numbers.*has 3"),
        ([{"other": [1, 2, 3]}], "Agent 0 sent no observation 'obs'; it sent other"),
        ([{"obs": ["a", "b", "c"]}], "not numbers"),
    ],
)
def test_a_misfit_names_the_agent_and_both_sizes(rows: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(GameProtocolError, match=words):
        observations({"obs": BOX3}).decode(rows)


@pytest.mark.parametrize(
    "spec", [None, {"space": "box", "size": 3}, {"space": "box", "size": [0]}, {"space": "x"}]
)
def test_a_malformed_observation_space_is_named(spec: Any) -> None:
    with pytest.raises(GameProtocolError, match="eyes"):
        observations({"eyes": spec})
