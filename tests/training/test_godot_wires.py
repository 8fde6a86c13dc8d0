"""A real game with everything a wire can carry: pictures, masks, two policies, ends, metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import numpy as np
import pytest

from godot_project import import_project, make_project
from rl_studio.godot import find_godot
from rl_studio_training.batch import Batch
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings
from rl_studio_training.layout import GroupActions, PolicyGroup

pytestmark = pytest.mark.godot

STEPS = 60
EPISODE = 7

AGENT = f"""
extends RLAgent

var _decisions: int = 0
var _moved: float = 0.0
# Of its own: who acts first, and so draws first, is another on each wire.
var _luck: RandomNumberGenerator = RandomNumberGenerator.new()


func _get_observation() -> Variant:
	var numbers: PackedFloat32Array = [_decisions, _moved]
	if policy_name == "blind":
		return numbers
	var image: Image = Image.create_empty(2, 3, false, Image.FORMAT_RGB8)
	for x: int in 2:
		for y: int in 3:
			image.set_pixel(x, y, Color8(10 + x, 20 + y, _decisions))
	return {{"numbers": numbers, "eye_2d": image}}


func _get_action_space() -> Dictionary:
	var space: Dictionary = {{"move": {{"action_type": "continuous", "size": 1}}}}
	if policy_name == "seeing":
		space["jump"] = {{"action_type": "discrete", "size": 3}}
	return space


func _get_action_mask() -> Dictionary:
	return {{"jump": [true, _decisions % 2 == 0, false]}} if policy_name == "seeing" else {{}}


func _apply_action(action: Dictionary) -> void:
	_moved = action["move"][0]
	_decisions += 1
	add_reward(_moved + _luck.randf())
	if _decisions == {EPISODE}:
		log_metric("höhe", _moved)
		log_metric("is_success", 1.0 if _moved > 0.0 else 0.0)
		end_episode(policy_name == "blind")


func _begin_episode() -> void:
	_decisions = 0
	_moved = randf()
	_luck.seed = randi()
"""

SCENE = """
[gd_scene format=3]

[ext_resource type="Script" path="res://addons/rl_studio/runtime/rl_sync.gd" id="1"]
[ext_resource type="Script" path="res://agent.gd" id="2"]

[node name="Main" type="Node"]

[node name="RLSync" type="Node" parent="."]
script = ExtResource("1")

[node name="A" type="Node" parent="."]
script = ExtResource("2")
policy_name = "seeing"

[node name="B" type="Node" parent="."]
script = ExtResource("2")
policy_name = "blind"

[node name="C" type="Node" parent="."]
script = ExtResource("2")
policy_name = "seeing"
"""

Run = list[Batch]

AGENTS = [([0, 1], [2]), ([0, 2], [1])]
"""By game, the numbers of the agents that see, and of the blind one."""


def play(game: StudioGodotEnv) -> Run:
    """Resets with a seed, then plays with actions that are the same every time."""
    rng = np.random.default_rng(0)
    game.send_reset_batch(5)
    batches = [game.receive_batch()]
    for _ in range(STEPS):
        game.send_actions_batch([draw(rng, group) for group in game.groups])
        batches.append(game.receive_batch())
    return batches


def draw(rng: np.random.Generator, group: PolicyGroup) -> GroupActions:
    moves = rng.uniform(-1, 1, (group.count, group.continuous_width)).astype(np.float32)
    return GroupActions(moves, np.zeros((group.count, group.discrete_width), np.int32))


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[StudioGodotEnv]]:
    """The game twice: with binary frames, and with JSON."""
    folder = tmp_path_factory.mktemp("wires")
    godot = find_godot()
    project = make_project(folder / "game", {"agent.gd": AGENT, "main.tscn": SCENE.lstrip()})
    import_project(godot, project)
    settings = GameSettings(project=project, godot=godot, scene="res://main.tscn")
    with ExitStack() as stack:
        found = []
        for instance, offer_binary in enumerate((True, False)):
            game = StudioGodotEnv(
                settings,
                instance=instance,
                log_path=folder / f"game-{instance}.log",
                offer_binary=offer_binary,
            )
            stack.callback(game.close)
            found.append(game)
        yield found


@pytest.fixture(scope="module")
def runs(games: list[StudioGodotEnv]) -> list[Run]:
    return [play(game) for game in games]


def test_the_game_agrees_to_what_is_offered(games: list[StudioGodotEnv]) -> None:
    assert [(game.is_ours, game.is_binary) for game in games] == [(True, True), (True, False)]
    assert games[0].agent_paths == ["/root/Main/A", "/root/Main/C", "/root/Main/B"]  # policy by policy
    assert games[1].agent_paths == ["/root/Main/A", "/root/Main/B", "/root/Main/C"]  # as in the scene
    for game, (seeing, blind) in zip(games, AGENTS, strict=True):
        layout = [(group.policy, group.agents.tolist(), group.has_masks) for group in game.groups]
        assert layout == [("seeing", seeing, True), ("blind", blind, False)]
        assert [part.shape for part in game.groups[0].observations] == [(3, 3, 2), (2,)]


def test_both_wires_say_the_same(runs: list[Run]) -> None:
    orders = [[*seeing, *blind] for seeing, blind in AGENTS]
    for binary, text in zip(*runs, strict=True):
        assert_same(binary, text, *orders)
    assert sum(np.count_nonzero(batch.ended) for batch in runs[0]) == 3 * (STEPS // EPISODE)


def test_a_picture_is_channels_of_rows(runs: list[Run]) -> None:
    for run in runs:
        picture = run[3].groups[0].observations["eye_2d"][1]
        assert picture.tolist() == [[[10, 11]] * 3, [[20, 20], [21, 21], [22, 22]], [[3, 3]] * 3]


def test_masks_follow_the_game(runs: list[Run]) -> None:
    for run in runs:
        found = [batch.groups[0].masks for batch in run[:3]]
        assert [masks.tolist() for masks in found if masks is not None] == [
            [[True, True, False]] * 2,
            [[True, False, False]] * 2,
            [[True, True, False]] * 2,
        ]


def test_the_end_of_an_episode_is_told_in_full(runs: list[Run]) -> None:
    for run, (those_who_see, (blind_one,)) in zip(runs, AGENTS, strict=True):
        end = run[EPISODE]
        assert np.flatnonzero(end.terminated).tolist() == those_who_see
        assert np.flatnonzero(end.truncated).tolist() == [blind_one]
        seeing, blind = end.groups
        assert seeing.terminal_observations["numbers"][:, 0].tolist() == [EPISODE, EPISODE]
        assert seeing.terminal_observations["eye_2d"][0, 2].tolist() == [[EPISODE, EPISODE]] * 3
        assert blind.observations["obs"][0, 0] == 0.0
        moved = float(blind.terminal_observations["obs"][0, 1])
        assert end.infos[blind_one]["metrics"]["höhe"] == pytest.approx(moved)
        assert end.infos[blind_one]["is_success"] == (moved > 0)


@pytest.mark.parametrize("number", [0, 1])
def test_a_seed_repeats_what_happened(games: list[StudioGodotEnv], runs: list[Run], number: int) -> None:
    for first, again in zip(runs[number], play(games[number]), strict=True):
        assert_same(first, again)


def assert_same(one: Batch, other: Batch, agents: Sequence[int] = (), others: Sequence[int] = ()) -> None:
    """Compares two batches; `agents` and `others` are the numbers of the same agents in each, if they differ."""
    agents = agents or range(len(one.rewards))
    others = others or agents
    near = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    for left, right in zip(one.groups, other.groups, strict=True):
        for found, expected in (
            (left.observations, right.observations),
            (left.terminal_observations, right.terminal_observations),
        ):
            assert found.keys() == expected.keys()
            for name, array in found.items():
                near(array, expected[name])
        np.testing.assert_array_equal(left.masks, right.masks)
    near(one.rewards[agents], other.rewards[others])
    np.testing.assert_array_equal(one.terminated[agents], other.terminated[others])
    np.testing.assert_array_equal(one.truncated[agents], other.truncated[others])
    for agent, same in zip(agents, others, strict=True):
        assert (agent in one.infos) == (same in other.infos)
        if agent in one.infos:
            assert one.infos[agent]["metrics"] == pytest.approx(other.infos[same]["metrics"])
            assert one.infos[agent]["is_success"] == other.infos[same]["is_success"]
