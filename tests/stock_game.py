"""A game with nodes that answer to the names of godot_rl_agents, written for these tests: none of that plugin's code.

Two agents stand on a line and are told which end to walk to. Whoever is there wins.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from rl_studio.project import Project

SPEED_AND_MOVE = {
    "speed": {"size": 1, "action_type": "continuous"},
    "move": {"size": 3, "action_type": "discrete"},
}
"""In the order of the game, which is not that of the training."""

PLUGIN_CFG = """\
[plugin]

name="Stand-in"
description=""
author=""
version="0.1"
script="plugin.gd"
"""

WRAPPER = """\
class_name ONNXModel
extends Resource

var inferencer_script: Script = null
var inferencer: Object = null
var action_output_size: int = 0
var action_means_only: bool = false
var action_means_only_set: bool = false


func _init(model_path, batch_size):
\tpush_error("no .NET for ", model_path, batch_size)


func run_inference(_obs, _state_ins):
\treturn {}


func set_action_means_only(_space):
\tpass
"""

CONTROLLER = """\
class_name StandInController
extends Node

enum ControlModes { INHERIT_FROM_SYNC, HUMAN, TRAINING, ONNX_INFERENCE, RECORD_EXPERT_DEMOS }

@export var control_mode: ControlModes = ControlModes.INHERIT_FROM_SYNC
@export var onnx_model_path: String = ""
@export var policy_name: String = "shared_policy"
@export var reset_after: int = 1000

var onnx_model: ONNXModel
var heuristic: String = "human"
var done: bool = false
var reward: float = 0.0
var n_steps: int = 0
var needs_reset: bool = false


func _ready() -> void:
\tadd_to_group("AGENT")


func get_reward() -> float:
\treturn reward


func zero_reward() -> void:
\treward = 0.0


func get_done() -> bool:
\treturn done


func set_done_false() -> void:
\tdone = false
"""

NEWER_SYNC = """\
class_name Sync
extends Node

enum ControlModes { HUMAN, TRAINING, ONNX_INFERENCE }

@export var control_mode: ControlModes = ControlModes.TRAINING
@export var action_repeat: int = 4
@export var onnx_model_path: String = ""

var agents_inference: Array = []
var models: Dictionary = {}
var ticks: int = 0


func _ready() -> void:
\tawait get_tree().root.ready
\tfor agent in get_tree().get_nodes_in_group("AGENT"):
\t\tif agent.control_mode == agent.ControlModes.ONNX_INFERENCE:
\t\t\tassert(FileAccess.file_exists(agent.onnx_model_path))
\t\t\tif not models.has(agent.onnx_model_path):
\t\t\t\tmodels[agent.onnx_model_path] = ONNXModel.new(agent.onnx_model_path, 1)
\t\t\tagent.onnx_model = models[agent.onnx_model_path]
\t\t\tif not agent.onnx_model.action_means_only_set:
\t\t\t\tagent.onnx_model.set_action_means_only(agent.get_action_space())
\t\t\tagents_inference.append(agent)


func connect_to_server() -> void:
\tpass


func _physics_process(_delta: float) -> void:
\tticks += 1
\tif ticks % action_repeat != 1 or agents_inference.is_empty():
\t\treturn
\tvar actions: Array = []
\tfor agent in agents_inference:
\t\tvar row: Array = agent.onnx_model.run_inference(agent.get_obs(), 1.0)["output"]
\t\tactions.append(read(row, agent.get_action_space(), agent.onnx_model.action_means_only))
\tfor index in actions.size():
\t\tagents_inference[index].set_action(actions[index])
\t\tagents_inference[index].set_done_false()


func read(row: Array, space: Dictionary, means_only: bool) -> Dictionary:
\tvar action: Dictionary = {}
\tvar at: int = 0
\tfor key in space:
\t\tvar size: int = space[key]["size"]
\t\tvar part: Array = row.slice(at, at + size)
\t\tif space[key]["action_type"] == "discrete":
\t\t\taction[key] = part.find(part.max())
\t\t\tat += size
\t\telse:
\t\t\taction[key] = part
\t\t\tat += size if means_only else size * 2
\treturn action
"""

OLDER_SYNC = """\
class_name Sync
extends Node

@export var action_repeat: int = 4
@export var onnx_model_path: String = ""

var model: ONNXModel = null
var ticks: int = 0


func _ready() -> void:
\tawait get_tree().root.ready
\tif onnx_model_path != "":
\t\tmodel = ONNXModel.new(onnx_model_path, 1)


func connect_to_server() -> void:
\tpass


func _physics_process(_delta: float) -> void:
\tticks += 1
\tif ticks % action_repeat != 1 or model == null:
\t\treturn
\tfor agent in get_tree().get_nodes_in_group("AGENT"):
\t\tvar row: Array = model.run_inference(agent.get_obs()["obs"], 1.0)["output"]
\t\tvar action: Dictionary = {}
\t\tvar at: int = 0
\t\tvar space: Dictionary = agent.get_action_space()
\t\tfor key in space:
\t\t\tvar size: int = space[key]["size"]
\t\t\tvar is_choice: bool = space[key]["action_type"] == "discrete"
\t\t\taction[key] = round(row[at]) if is_choice else row.slice(at, at + size)
\t\t\tat += size
\t\tagent.set_action(action)
\tfor agent in get_tree().get_nodes_in_group("AGENT"):
\t\tagent.set_done_false()
"""

WALKER = """\
extends StandInController

var place: float = 0.0
var goal: float = 1.0
var velocity: float = 0.0
var won: bool = false
var episodes: int = 0


func get_obs() -> Dictionary:
\treturn {"obs": [goal, place / 3.0]}


func get_obs_space() -> Dictionary:
\treturn {"obs": {"size": [2], "space": "box"}}


func get_action_space() -> Dictionary:
\treturn {
\t\t"speed": {"size": 1, "action_type": "continuous"},
\t\t"move": {"size": 3, "action_type": "discrete"},
\t}


func set_action(action: Dictionary) -> void:
\tvelocity = clampf(action["speed"][0], -1.0, 1.0) * (action["move"] - 1.0)


func get_info() -> Dictionary:
\treturn {"is_success": won}


func _physics_process(_delta: float) -> void:
\tn_steps += 1
\tif n_steps > reset_after:
\t\tneeds_reset = true
\tplace += velocity / 4.0
\tif absf(place) >= 2.9 and not done:
\t\twon = place * goal > 0.0
\t\treward += 1.0 if won else -1.0
\t\tdone = true
\t\tprint("@WALKED ", policy_name, " ", won)
\t\tneeds_reset = true
\tif needs_reset:
\t\tneeds_reset = false
\t\tn_steps = 0
\t\tplace = 0.0
\t\tepisodes += 1
\t\tgoal = 1.0 if episodes % 2 == 0 else -1.0
"""

SCENE = """\
[gd_scene load_steps=3 format=3]

[ext_resource type="Script" path="res://addons/godot_rl_agents/sync.gd" id="1"]
[ext_resource type="Script" path="res://walker.gd" id="2"]

[node name="Main" type="Node"]

[node name="Left" type="Node" parent="."]
script = ExtResource("2")
policy_name = "left"

[node name="Right" type="Node" parent="."]
script = ExtResource("2")

[node name="Sync" type="Node" parent="."]
script = ExtResource("1")
"""


def files(sync: str = NEWER_SYNC) -> dict[str, str]:
    """The game's files by path in its project."""
    addon = "addons/godot_rl_agents"
    return {
        f"{addon}/plugin.cfg": PLUGIN_CFG,
        f"{addon}/plugin.gd": "@tool\nextends EditorPlugin\n",
        f"{addon}/sync.gd": sync,
        f"{addon}/controller/controller.gd": CONTROLLER,
        f"{addon}/onnx/wrapper/ONNX_wrapper.gd": WRAPPER,
        "walker.gd": WALKER,
        "main.tscn": SCENE,
    }


def write_game(root: Path, sync: str = NEWER_SYNC) -> Project:
    """Makes the game, as somebody has it who has never heard of us."""
    for path, text in files(sync).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (root / "project.godot").write_text(
        '; Engine configuration file.\n\nconfig_version=5\n\n[application]\n\nconfig/name="Walk"\n'
        'run/main_scene="res://main.tscn"\n\n[editor_plugins]\n\n'
        f'enabled=PackedStringArray("res://{"addons/godot_rl_agents"}/plugin.cfg")\n',
        encoding="utf-8",
    )
    return Project.open(root)


def write_policy(
    path: Path, *, sees: int = 2, waits: bool = False, stands: bool = False, sense: str = "obs"
) -> None:
    """A policy that walks to where it is told, at full speed.

    Args:
        path: the file to write.
        sees: numbers of its observation.
        waits: it stands still in the first two decisions of an episode, which takes a memory.
        stands: wherever it is, its best choice is to stand still, with a chance to walk either way.
        sense: the name of what it sees.
    """
    nodes = [
        helper.make_node("Gemm", [sense, "weights", "bias"], ["walk"]),
    ]
    weights = [[0.0] * 5 for _ in range(sees)]
    if not stands:
        weights[0] = [-5.0, 0.0, 5.0, 0.0, 0.0]  # move, then speed and its spread
    constants = [
        helper.make_tensor("weights", TensorProto.FLOAT, [sees, 5], [x for row in weights for x in row]),
        helper.make_tensor("bias", TensorProto.FLOAT, [5], [-9.0, -8.5 if stands else -9.0, -9.0, 2.0, 0.0]),
    ]
    if waits:
        constants += [
            helper.make_tensor("one", TensorProto.FLOAT, [1, 1], [1.0]),
            helper.make_tensor("still", TensorProto.FLOAT, [1, 5], [0.0, 50.0, 0.0, 0.0, 0.0]),
            helper.make_tensor("three", TensorProto.FLOAT, [1, 1], [3.0]),
        ]
        nodes += [
            helper.make_node("Add", ["state_ins", "one"], ["state_outs"]),
            helper.make_node("Sub", ["three", "state_outs"], ["left"]),
            helper.make_node("Relu", ["left"], ["waiting"]),
            helper.make_node("Mul", ["waiting", "still"], ["wait"]),
            helper.make_node("Add", ["walk", "wait"], ["output"]),
        ]
    else:
        nodes.append(helper.make_node("Identity", ["walk"], ["output"]))
        nodes.append(helper.make_node("Identity", ["state_ins"], ["state_outs"]))
    memory: list[Any] = ["batch", 1] if waits else ["batch"]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "walk",
        [value(sense, TensorProto.FLOAT, ["batch", sees]), value("state_ins", TensorProto.FLOAT, memory)],
        [value("output", TensorProto.FLOAT, ["batch", 5]), value("state_outs", TensorProto.FLOAT, memory)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    told = {"action_space": dict(sorted(SPEED_AND_MOVE.items())), "algorithm": "ppo"}
    helper.set_model_props(model, {"rl_studio": json.dumps(told)})
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
