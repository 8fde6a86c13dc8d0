"""Real games whose agents come and go, in a fleet: every number belongs to the agent that it is said to."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from godot_project import import_project, make_project
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio_training.crew import launcher
from rl_studio_training.launch import GameSettings
from rl_studio_training.policy_fleet import PolicyFleet
from training.fleet_steps import pids
from training.witness import watch

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(180)]

AGENT = """
extends RLAgent
# As an agent of tests/training/changing_game.py.

var number: int = 0
var age: int = 0


func _get_observation() -> Variant:
	return PackedFloat32Array([number, age, 1.0])


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 2}}


func _apply_action(action: Dictionary) -> void:
	age += 1
	var move: PackedFloat32Array = action["move"]
	add_reward(number + 16.0 * (move[0] + 2.0 * move[1]))
	if age == 3 + number % 5:
		log_metric("is_success", 1.0 if number % 2 == 0 else 0.0)
		end_episode(number % 2 == 1)
		if number % 3 == 0:
			queue_free()


func _begin_episode() -> void:
	age = 0
"""

CREW = """
extends Node
# Games with an even seed begin with red and blue agents, others with red and green ones.

const Being := preload("res://agent.gd")

var _born: int = 0
var _seed: int = 0


func _ready() -> void:
	for argument: String in OS.get_cmdline_args():
		if argument.begins_with("--env_seed="):
			_seed = argument.get_slice("=", 1).to_int()
	for policy: String in ["red", "blue" if _seed % 2 == 0 else "green", "red"]:
		_bear(policy)


func _physics_process(_delta: float) -> void:
	if randf() < 0.08 and get_child_count() > 2:
		get_child(randi() % get_child_count()).queue_free()
	for policy: String in ["red", "blue" if _seed % 2 == 0 else "green"]:
		var count: int = 0
		for child: Node in get_children():
			var being: Being = child
			count += 1 if being.policy_name == policy else 0
		if count == 0 or (count < 5 and randf() < 0.1):
			_bear(policy)


func _bear(policy: String) -> void:
	_born += 1
	var being: Being = Being.new()
	being.number = (_seed % 50 + floori(_seed / 1000.0) * 50) * 100 + _born
	being.name = "%s%d" % [policy, being.number]
	being.policy_name = policy
	add_child(being)
"""

SCENE = """
[gd_scene format=3]

[ext_resource type="Script" path="res://addons/rl_studio/runtime/rl_sync.gd" id="1"]
[ext_resource type="Script" path="res://crew.gd" id="2"]

[node name="Main" type="Node"]

[node name="RLSync" type="Node" parent="."]
script = ExtResource("1")

[node name="Crew" type="Node" parent="."]
script = ExtResource("2")
"""

MakeRealCrews = Callable[..., PolicyFleet]


@pytest.fixture(scope="module")
def crew_project(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    files = {"agent.gd": AGENT, "crew.gd": CREW, "main.tscn": SCENE.lstrip()}
    project = make_project(tmp_path_factory.mktemp("crews") / "game", files)
    import_project(godot, project)
    return project


@pytest.fixture
def make_real_crews(godot: GodotBinary, crew_project: Project, tmp_path: Path) -> Iterator[MakeRealCrews]:
    """Starts such games; ends them after the test."""
    fleets: list[PolicyFleet] = []

    def make(games: int, **options: Any) -> PolicyFleet:
        settings = GameSettings(project=crew_project, godot=godot, scene="res://main.tscn", action_repeat=2)
        fleets.append(PolicyFleet(launcher(settings, tmp_path), games, **{"seed": 0, **options}))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.close()


def test_games_that_begin_with_other_policies_share_the_rows(make_real_crews: MakeRealCrews) -> None:
    fleet = make_real_crews(3)
    rows = {group.policy: len(group.rows) for group in fleet.groups}
    assert list(rows) == ["red", "blue", "green"] and all(count % 3 == 0 for count in rows.values())
    assert all(count > 0 for count in fleet.agents.values())
    witnesses = watch(fleet, 120, come_and_go=True, grow_every=20, sudden=True)
    assert all(len(group.rows) > 3 for group in fleet.groups)
    for witness in witnesses:
        assert min(witness.newcomers, witness.ended, witness.empty) > 10
    assert fleet.timing.steps == sum(witness.acted for witness in witnesses)


def test_policies_trained_as_one(make_real_crews: MakeRealCrews) -> None:
    fleet = make_real_crews(2, shared=True)
    (witness,) = watch(fleet, 80, come_and_go=True, grow_every=20, sudden=True)
    assert min(witness.newcomers, witness.replaced, witness.ended) > 3


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_game_that_is_killed_comes_back_into_the_rows_of_the_fleet(make_real_crews: MakeRealCrews) -> None:
    fleet = make_real_crews(2)
    watch(fleet, 30, come_and_go=True, grow_every=10, sudden=True)
    before, sizes = fleet.present, [len(group.rows) for group in fleet.groups]
    os.kill(pids(fleet)[1], signal.SIGKILL)  # type: ignore[arg-type]
    for section in (0, 1):
        rows = [own[section] for own in fleet.section_rows]
        fleet.send(section, [np.zeros((own.stop - own.start, 2), np.float32) for own in rows])
    fleet.receive(0)
    lost = fleet.receive(1)
    for policy, batch in enumerate(lost):
        had = before[policy][fleet.section_rows[policy][1]]
        assert batch.truncated.tolist() == had.tolist()
        assert (np.ones(len(had), bool) if batch.acted is None else batch.acted).tolist() == had.tolist()
    assert [len(group.rows) for group in fleet.groups] == sizes
    watch(fleet, 30, come_and_go=True, grow_every=10, sudden=True)
