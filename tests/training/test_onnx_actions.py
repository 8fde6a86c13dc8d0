"""How actions lie in an output, how they are read, and which differences count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_studio_training.layout import ActionPart
from rl_studio_training.onnx_actions import count_different, decode_actions, lay_out, plain_actions

MOVE = ActionPart("move", "continuous", 2)
TURN = ActionPart("turn", "discrete", 3)
JUMP = ActionPart("jump", "discrete", 2)
NOTHING = ActionPart("nothing", "discrete", 1)


@pytest.mark.parametrize(
    ("parts", "output", "actions"),
    [
        ((MOVE,), [0.5, -3.0], [0.5, -1.0]),
        ((TURN, JUMP), [0.0, 2.0, 1.0, 4.0, 3.0], [1.0, 0.0]),
        ((TURN,), [1.0, 1.0, 1.0], [0.0]),
        ((JUMP, MOVE), [0.0, 0.5, 0.25, 2.0, -9.0, -9.0], [1.0, 0.25, 1.0]),
        ((MOVE, NOTHING), [0.1, 0.2, -9.0, -9.0, 7.0], [0.1, 0.2, 0.0]),
    ],
)
def test_actions_are_read_in_wire_order(
    parts: tuple[ActionPart, ...], output: list[float], actions: list[float]
) -> None:
    found = decode_actions(np.array([output], np.float32), parts)
    np.testing.assert_allclose(found, [actions], rtol=1e-6)


def test_what_a_policy_says_is_laid_out_as_it_is_read() -> None:
    means, log_std = np.array([[1.0, 2.0, -3.0]]), np.array([[0.1, 0.2, 0.3]])
    assert lay_out(means, log_std, (MOVE, JUMP))["output"].tolist() == [
        pytest.approx([1.0, 2.0, 0.1, 0.2, 0.0, -3.0])
    ]
    assert lay_out(means, log_std, (JUMP, MOVE))["output"].tolist() == [
        pytest.approx([0.0, 1.0, 2.0, -3.0, 0.2, 0.3])
    ]
    assert lay_out(means, None, (MOVE, NOTHING))["output"].tolist() == [[1.0, 2.0, -20.0, -20.0, -3.0]]
    assert list(lay_out(means, None, (TURN,))) == ["output"]
    assert lay_out(means[:, :2], log_std[:, :2], (MOVE,))["log_std"].tolist() == [pytest.approx([0.1, 0.2])]


def test_binary_slots_become_choices() -> None:
    table = np.array([[0.5, 0.1, -0.2], [0.5, -0.1, 0.2]])
    parts = (ActionPart("move", "continuous", 1), JUMP, NOTHING)
    assert plain_actions(table, parts, binary_slots=True).tolist() == [[0.5, 1.0, 0.0], [0.5, 0.0, 0.0]]
    assert plain_actions(np.array([2, 0]), (TURN,), binary_slots=False).tolist() == [[2.0], [0.0]]


def different(expected: list[Any], output: list[Any], *parts: ActionPart) -> int:
    return count_different(np.array(expected, float), np.array(output, np.float32), parts, 1e-5)


def test_numbers_may_differ_by_the_tolerance() -> None:
    assert different([[0.5, 1.0], [0.5, 0.0]], [[0.500005, 1.5], [0.50002, 0.0]], MOVE) == 1
    assert different([[0.5, 0.0]], [[float("nan"), 0.0]], MOVE) == 1


def test_a_choice_may_differ_only_on_a_tie() -> None:
    near = [[1.0, 1.000005, 0.0], [1.0, 1.00002, 0.0], [1e6, 1e6 + 1.0, 0.0], [3.0, 0.0, 0.0]]
    assert different([[0], [0], [0], [0]], near, TURN) == 1
    assert different([[1], [2]], [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]], TURN) == 1
    assert different([[0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0, 1.0]], TURN, JUMP) == 1


def test_each_row_counts_once() -> None:
    assert different([[0.0, 0.0, 1]], [[1.0, 1.0, -9.0, -9.0, 5.0, 0.0]], MOVE, JUMP) == 1
