from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from rl_studio_training.drawing import needs_drawing
from rl_studio_training.errors import DivergedError, GameProtocolError, SpacesError
from rl_studio_training.layout import ObservationPart
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
    assert [part.name for part in actions.parts] == ["b", "a"]


def test_one_discrete_action_is_discrete() -> None:
    assert codec(turn=("discrete", 4)).space == spaces.Discrete(4)


def test_several_discrete_actions_are_multidiscrete() -> None:
    assert codec(turn=("discrete", 3), jump=("discrete", 2)).space == spaces.MultiDiscrete([3, 2])


def test_a_binary_action_beside_continuous_ones_takes_one_number() -> None:
    assert codec(move=("continuous", 2), shoot=("discrete", 2)).space.shape == (3,)


def test_split_takes_actions_apart_and_clips_them() -> None:
    actions = codec(move=("continuous", 1), shoot=("discrete", 2), aim=("continuous", 2))
    split = actions.split(np.array([[0.5, 0.25, -7.0, np.inf], [-1.0, 0.0, 0.0, 0.125]], np.float32))
    assert split.continuous.tolist() == [[0.5, -1.0, 1.0], [-1.0, 0.0, 0.125]]
    assert split.discrete.tolist() == [[1], [0]]
    assert (split.continuous.dtype, split.discrete.dtype) == (np.float32, np.int32)


def test_split_of_purely_continuous_actions_leaves_the_given_ones_alone() -> None:
    given = np.array([[2.0, -0.5]])
    split = codec(move=("continuous", 2)).split(given)
    assert (split.continuous.tolist(), split.discrete.shape) == ([[1.0, -0.5]], (1, 0))
    assert (given.tolist(), split.continuous.dtype) == ([[2.0, -0.5]], np.float32)


def test_split_of_discrete_actions_has_no_numbers() -> None:
    one = codec(turn=("discrete", 4)).split(np.array([3, 0]))
    assert (one.discrete.tolist(), one.continuous.shape, one.discrete.dtype) == ([[3], [0]], (2, 0), np.int32)
    two = codec(turn=("discrete", 3), jump=("discrete", 2)).split(np.array([[2, 1]]))
    assert two.discrete.tolist() == [[2, 1]]


@pytest.mark.parametrize("name", ["move", "shoot"])
def test_nan_as_an_action_means_that_training_diverged(name: str) -> None:
    values = {"move": 0.0, "shoot": 0.0, name: np.nan}
    with pytest.raises(DivergedError, match="NaN"):
        codec(move=("continuous", 1), shoot=("discrete", 2)).split(np.array([list(values.values())]))


def test_assembled_observations_are_the_arrays_themselves() -> None:
    array = np.zeros((2, 3), np.float32)
    assert observations({"obs": BOX3}).assemble({"obs": array}) is array
    several = {"a": array, "b": array}
    assert observations({"a": BOX3, "b": BOX3}).assemble(several) is several


def test_the_parts_are_in_alphabetical_order_with_their_types() -> None:
    wire = {
        "b": BOX3,
        "a_2d": {"space": "box", "size": [3, 4, 5]},
        "lamp": {"space": "discrete", "size": 3},
    }
    assert observations(wire).parts == (
        ObservationPart("a_2d", (3, 4, 5), np.dtype(np.uint8)),
        ObservationPart("b", (3,), np.dtype(np.float32)),
        ObservationPart("lamp", (), np.dtype(np.int64)),
    )


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
    array = decoder.stack([{"obs": [1, 2, True]}, {"obs": [0.5, 0, 0]}])["obs"]
    assert (array.shape, array.dtype) == ((2, 3), np.float32)
    assert decoder.single_key == "obs"


def test_several_keys_are_a_dict() -> None:
    decoder = observations({"b": BOX3, "a": {"space": "box", "size": [1]}})
    stacked = decoder.stack([{"b": [1, 2, 3], "a": [4]}])
    assert {key: value.tolist() for key, value in stacked.items()} == {"a": [[4]], "b": [[1, 2, 3]]}
    assert list(decoder.space.keys()) == ["a", "b"]  # type: ignore[attr-defined]


def test_bounds_of_the_wire_are_kept() -> None:
    decoder = observations({"obs": {"space": "box", "size": [2], "low": 0.0, "high": 5.0}})
    assert decoder.space == spaces.Box(0.0, 5.0, (2,), np.float32)


def test_a_picture_is_read_from_hexadecimal() -> None:
    decoder = observations({"camera_2d": {"space": "box", "size": [3, 2, 2]}})
    picture = decoder.stack([{"camera_2d": bytes(range(12)).hex()}])["camera_2d"]
    assert (picture.shape, picture.dtype) == ((1, 3, 2, 2), np.uint8)
    assert picture.reshape(-1).tolist() == list(range(12))


def test_a_picture_of_another_size_is_named() -> None:
    decoder = observations({"camera_2d": {"space": "box", "size": [3, 1, 2]}})
    with pytest.raises(GameProtocolError, match="Agent 0 sent a picture 'camera_2d' with 5 bytes where"):
        decoder.stack([{"camera_2d": "0102030405"}])


def test_a_flat_key_with_2d_in_its_name_is_no_picture() -> None:
    assert observations({"raycast2d": BOX3}).space.dtype == np.float32


def test_a_discrete_observation_is_an_integer() -> None:
    decoder = observations({"lamp": {"space": "discrete", "size": 3}})
    lamp = decoder.stack([{"lamp": 2.0}])["lamp"]
    assert (lamp.dtype, lamp.tolist()) == (np.int64, [2])


def test_null_and_infinity_are_replaced_and_reported() -> None:
    bad: list[tuple[int, str]] = []
    rows = [{"obs": [1, 2, 3]}, {"obs": [None, 1e400, -1e400]}]
    array = observations({"obs": BOX3}, bad).stack(rows, agents=[5, 7])["obs"]
    assert array[1].tolist() == [0.0, 1.0, -1.0]
    assert bad == [(7, "obs")]


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
        observations({"obs": BOX3}).stack(rows)


def test_a_misfit_is_told_with_the_number_of_the_agent() -> None:
    with pytest.raises(GameProtocolError, match="Agent 7 sent 2 numbers"):
        observations({"obs": BOX3}).stack([{"obs": [1, 2, 3]}, {"obs": [1, 2]}], agents=[3, 7])


@pytest.mark.parametrize(
    "spec", [None, {"space": "box", "size": 3}, {"space": "box", "size": [0]}, {"space": "x"}]
)
def test_a_malformed_observation_space_is_named(spec: Any) -> None:
    with pytest.raises(GameProtocolError, match="eyes"):
        observations({"eyes": spec})


PICTURE = {"eye_2d": {"space": "box", "size": [3, 2, 2]}}


def test_alpha_is_left_out_where_red_green_and_blue_are_declared() -> None:
    """What the stock camera sends with the Compatibility renderer."""
    rgba = bytes([1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255])
    stacked = observations(PICTURE).stack([{"eye_2d": rgba.hex()}, {"eye_2d": bytes(range(12)).hex()}])
    assert stacked["eye_2d"].reshape(2, -1).tolist() == [list(range(1, 13)), list(range(12))]


@pytest.mark.parametrize(
    ("value", "what", "hint"),
    [
        (bytes(4).hex(), "1 channels where 3 are declared", "[1, 2, 2]"),
        (bytes(5).hex(), "5 bytes where [3, 2, 2] needs 12", "resized"),
    ],
)
def test_a_picture_of_another_size_says_what_to_declare(value: str, what: str, hint: str) -> None:
    with pytest.raises(GameProtocolError) as caught:
        observations(PICTURE).stack([{"eye_2d": value}])
    assert what in caught.value.message
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_picture_that_is_not_there_has_the_games_draw(nothing: object) -> None:
    with pytest.raises(GameProtocolError) as caught:
        observations(PICTURE).stack([{"eye_2d": nothing}])
    assert needs_drawing(caught.value)
