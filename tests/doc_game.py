"""The game that docs/agents.md builds, with every script of the page and of the README in it.

A piece of a script is put into the agent of the page and becomes an agent of a policy of its own. `rooms.tscn` has one
room for each; the other scenes are those that the page's commands name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from doc_pages import Block, Page
from doc_scripts import file_name, is_whole, weave
from godot_project import make_project
from rl_studio.project import Project

PAGE = "docs/agents.md"
AGENT = "mouse_agent.gd"
CAMERA = "SubViewport"
"""What a block names in its first line if it needs one."""

_CAR = """\
class_name Car
extends Node2D

var speed: float = 1.0
var max_speed: float = 2.0
var steer: float = 0.0
var throttle: float = 0.0


func angle_to_goal() -> float:
	return 0.5


func reset() -> void:
	pass
"""
"""The body that the script of the README steers."""

_SETTINGS = """\
[debug]

gdscript/warnings/missing_tool=2

[rl_studio]

training/scene="res://training.tscn"

[editor_plugins]

enabled=PackedStringArray("res://addons/rl_studio/plugin.cfg")
"""

_STEPS = 40
_SPACING = 2000
_SYNC = "addons/rl_studio/runtime/rl_sync.gd"
_EYES = "addons/rl_studio/runtime/rl_raycast_sensor_2d.gd"


def make_game(root: Path) -> Project:
    """Makes the project, with the addon and with all warnings as errors."""
    blocks = [block for block in Page(PAGE).blocks() if block.language == "gdscript"]
    scripts = {file_name(block.text): block.text for block in blocks if is_whole(block.text)}
    pieces = [block for block in blocks if not is_whole(block.text)]
    agents = {AGENT: AGENT.removesuffix(".gd")}
    cameras = []
    for number, block in enumerate(pieces):
        assert file_name(block.text) == AGENT
        name = f"piece_{number}.gd"
        scripts[name] = weave(scripts[AGENT], block.text)
        if CAMERA in block.text.splitlines()[0]:
            cameras.append(name)
        else:
            agents[name] = policy_name(block, pieces)
    masked = next(name for name, policy in agents.items() if policy == "masks-0")
    scenes = {
        "rooms.tscn": _scene(agents),
        "camera.tscn": _scene({name: "camera" for name in cameras}),
        "masked.tscn": _scene({masked: "mouse"}),
        "arena.tscn": _scene({AGENT: "mouse"}, has_sync=False),
        "training.tscn": _scene({}, script="training.gd"),
        "hunt.tscn": _HUNT,
        "car.tscn": _CAR_SCENE,
    }
    (readme,) = [block.text for block in Page("README.md").blocks() if block.language == "gdscript"]
    scripts |= {"car.gd": _CAR, "car_agent.gd": readme}
    return make_project(root, {**scripts, **scenes}, settings=_SETTINGS)


def policy_name(block: Block, pieces: list[Block]) -> str:
    """The policy of a piece: its heading, and the how manieth it is below it."""
    beside = [other for other in pieces if other.heading == block.heading]
    return f"{block.heading.lower().replace(' ', '-')}-{beside.index(block)}"


def _scene(agents: Mapping[str, str], *, script: str = "", has_sync: bool = True) -> str:
    """A scene with a room for each agent: script → policy."""
    names = [*agents, *([script] if script else []), "mouse.gd", _SYNC, _EYES]
    resources = {name: f'ExtResource("{number}")' for number, name in enumerate(names, 1)}
    lines = ["[gd_scene format=3]\n"]
    lines += [
        f'[ext_resource type="Script" path="res://{name}" id="{number}"]\n'
        for number, name in enumerate(names, 1)
    ]
    lines.append('[sub_resource type="CircleShape2D" id="round"]\n')
    lines.append('[node name="Rooms" type="Node2D"]')
    if script:
        lines.append(f"script = {resources[script]}")
    for number, (name, policy) in enumerate(agents.items()):
        lines += _room(number, resources, name, policy)
    if has_sync:
        lines.append(f'\n[node name="RLSync" type="Node" parent="."]\nscript = {resources[_SYNC]}')
    return "\n".join(lines) + "\n"


def _room(number: int, scripts: Mapping[str, str], agent: str, policy: str) -> list[str]:
    room = f"Room{number}"
    mouse = f"{room}/Mouse"
    return [
        f'\n[node name="{room}" type="Node2D" parent="."]',
        f"position = Vector2({number * _SPACING}, 0)",
        f'\n[node name="Mouse" type="CharacterBody2D" parent="{room}"]',
        f"script = {scripts['mouse.gd']}",
        f'\n[node name="Shape" type="CollisionShape2D" parent="{mouse}"]\nshape = SubResource("round")',
        f'\n[node name="Eyes" type="Node2D" parent="{mouse}"]\nscript = {scripts[_EYES]}',
        f'\n[node name="Camera" type="SubViewport" parent="{mouse}"]',
        "size = Vector2i(24, 16)\nrender_target_update_mode = 4",
        f'\n[node name="Agent" type="Node" parent="{mouse}"]\nscript = {scripts[agent]}',
        f'policy_name = "{policy}"\nmax_episode_steps = {_STEPS}',
    ]


_HUNT = f"""\
[gd_scene format=3]

[ext_resource type="Script" path="res://{_SYNC}" id="sync"]
[ext_resource type="Script" path="res://hunt.gd" id="1"]
[ext_resource type="Script" path="res://mouse.gd" id="2"]
[ext_resource type="Script" path="res://hunt_agent.gd" id="3"]

[node name="Hunt" type="Node2D"]
script = ExtResource("1")

[node name="Cat" type="CharacterBody2D" parent="."]
script = ExtResource("2")

[node name="Agent" type="Node" parent="Cat" node_paths=PackedStringArray("other")]
script = ExtResource("3")
other = NodePath("../../Mouse")
policy_name = "cat"
max_episode_steps = {_STEPS}

[node name="Mouse" type="CharacterBody2D" parent="."]
script = ExtResource("2")

[node name="Agent" type="Node" parent="Mouse" node_paths=PackedStringArray("other")]
script = ExtResource("3")
other = NodePath("../../Cat")
policy_name = "mouse"
max_episode_steps = {_STEPS}

[node name="RLSync" type="Node" parent="."]
script = ExtResource("sync")
"""

_CAR_SCENE = f"""\
[gd_scene format=3]

[ext_resource type="Script" path="res://{_SYNC}" id="sync"]
[ext_resource type="Script" path="res://car.gd" id="1"]
[ext_resource type="Script" path="res://car_agent.gd" id="2"]

[node name="Car" type="Node2D"]
script = ExtResource("1")

[node name="Agent" type="Node" parent="."]
script = ExtResource("2")
policy_name = "car"
max_episode_steps = {_STEPS}

[node name="RLSync" type="Node" parent="."]
script = ExtResource("sync")
"""
