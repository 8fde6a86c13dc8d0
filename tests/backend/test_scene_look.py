"""What is found of a scene before anything is started: by the real Godot, in files that have one fault each."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from godot_project import import_project, make_project
from rl_studio.cli import main
from rl_studio.godot import (
    Finding,
    GodotBinary,
    ensure_imported,
    is_imported,
    look_at_scene,
    note_import,
    prepare_scene,
)
from rl_studio.project import Project

pytestmark = pytest.mark.godot

ADDON = "res://addons/rl_studio/runtime"

AGENT = """extends {base}


func _get_observation() -> Variant:
	return PackedFloat32Array([0.0])


func _get_action_space() -> Dictionary:
	return {{"move": {{"action_type": "continuous", "size": 1}}}}


func _apply_action(_action: Dictionary) -> void:
	{act}
"""
STOCK = """class_name AIController2D
extends Node2D

func get_obs() -> Dictionary:
	return {}

func get_action_space() -> Dictionary:
	return {}
"""


def scene(
    *references: tuple[str, str], nodes: str = "", root: str = 'type="Node2D"', sync: bool = True
) -> str:
    """A scene file that needs `references` (type, path), the first of which has the id 1."""
    needed = [*references, ("Script", f"{ADDON}/rl_sync.gd")] if sync else references
    lines = ["[gd_scene format=3]", ""]
    lines += [
        f'[ext_resource type="{kind}" path="{path}" id="{index}"]'
        for index, (kind, path) in enumerate(needed, start=1)
    ]
    lines += ["", f'[node name="Main" {root}]', "", nodes]
    if sync:
        lines += ['[node name="RLSync" type="Node" parent="."]', f'script = ExtResource("{len(needed)}")']
    return "\n".join(lines) + "\n"


def agent(number: int = 1, parent: str = "Body") -> str:
    return (
        f'[node name="{parent}" type="Node2D" parent="."]\n\n[node name="Agent" type="Node" parent="{parent}"]\n'
        f'script = ExtResource("{number}")\n\n'
    )


def instance(number: int = 1) -> str:
    return f'[node name="Arena" parent="." instance=ExtResource("{number}")]\n\n'


FILES = {
    "good.gd": AGENT.format(base="RLAgent", act="pass"),
    "good.tscn": scene(("Script", "res://good.gd"), nodes=agent()),
    "typo.gd": AGENT.format(base="RLAgent", act="lgo_metric(&'won', 1.0)"),
    "typo.tscn": scene(("Script", "res://typo.gd"), nodes=agent() + agent(parent="Other")),
    "bad_base.gd": AGENT.format(base="RLAgent", act="pass") + "\n\nfunc other() -> void:\n\tnowhere = 3\n",
    "child.gd": 'extends "bad_base.gd"\n\n\nfunc more() -> void:\n\tadd_reward(1.0)\n',
    "base.tscn": scene(("Script", "res://child.gd"), nodes=agent()),
    "bad_class.gd": "class_name BadBase\n" + AGENT.format(base="RLAgent", act="var x: int = 'a'"),
    "of_class.gd": "extends BadBase\n",
    "class.tscn": scene(("Script", "res://of_class.gd"), nodes=agent()),
    "helper.gd": "extends RefCounted\n\n\nstatic func help() -> int:\n\treturn nowhere\n",
    "helped.gd": AGENT.format(base="RLAgent", act="Helper.help()").replace(
        "RLAgent\n", 'RLAgent\n\nconst Helper = preload("helper.gd")\n', 1
    ),
    "helped.tscn": scene(("Script", "res://helped.gd"), nodes=agent()),
    "root.gd": "extends Node2D\n\n\nfunc _ready() -> void:\n\tif true\n\t\tpass\n",
    "root.tscn": scene(
        ("Script", "res://root.gd"),
        ("Script", "res://good.gd"),
        root='type="Node2D"]\nscript = ExtResource("1")\n[connection',
        nodes=agent(2),
    ),
    "inner.tscn": scene(("Script", "res://typo.gd"), nodes=agent(), sync=False),
    "outer.tscn": scene(("PackedScene", "res://inner.tscn"), nodes=instance()),
    "heir.tscn": scene(
        ("PackedScene", "res://good.tscn"), root='instance=ExtResource("1")', nodes="", sync=False
    ),
    "nosync.tscn": scene(("Script", "res://good.gd"), nodes=agent(), sync=False),
    "noagent.tscn": scene(),
    "texture.tscn": scene(("Script", "res://good.gd"), ("Texture2D", "res://gone.png"), nodes=agent()),
    "gone.tscn": scene(
        ("Script", "res://good.gd"), ("PackedScene", "res://nowhere.tscn"), nodes=agent() + instance(2)
    ),
    "resource.tres": '[gd_resource type="Resource" format=3]\n\n'
    '[ext_resource type="Texture2D" path="res://lost.png" id="1"]\n\n[resource]\nmetadata/x = ExtResource("1")\n',
    "deep.tscn": scene(("Script", "res://good.gd"), ("Resource", "res://resource.tres"), nodes=agent()),
    "Player.cs": "using Godot;\npublic partial class Player : Node2D {}\n",
    "sharp.tscn": scene(
        ("Script", "res://Player.cs"),
        ("Script", "res://good.gd"),
        root='type="Node2D"]\nscript = ExtResource("1")\n[connection',
        nodes=agent(2),
    ),
    "two.tscn": scene(
        ("Script", "res://good.gd"),
        ("Script", f"{ADDON}/rl_sync.gd"),
        nodes=agent() + '[node name="Second" type="Node" parent="."]\nscript = ExtResource("2")\n\n',
    ),
    "blind.gd": "extends RLAgent\n\n\nfunc _get_observation() -> Variant:\n\treturn [0.0]\n",
    "blind.tscn": scene(("Script", "res://blind.gd"), nodes=agent()),
    "bare.tscn": scene(("Script", f"{ADDON}/rl_agent.gd"), nodes=agent()),
    "spawner.gd": "extends Node2D\n\n\nfunc _ready() -> void:\n\t"
    'add_child((load("res://good.tscn") as PackedScene).instantiate())\n',
    "spawner.tscn": scene(
        ("Script", "res://spawner.gd"),
        root='type="Node2D"]\nscript = ExtResource("1")\n[connection',
        sync=False,
    ),
    "maker.gd": "extends Node2D\n\n\nfunc _ready() -> void:\n\tadd_child(RLSync.new())\n",
    "maker.tscn": scene(
        ("Script", "res://maker.gd"),
        ("Script", "res://good.gd"),
        root='type="Node2D"]\nscript = ExtResource("1")\n[connection',
        nodes=agent(2),
        sync=False,
    ),
    "written.tscn": '[gd_scene format=3]\n\n[sub_resource type="GDScript" id="g"]\n'
    'script/source = "extends Node2D\n\n\n'
    'func _ready() -> void:\n\tprint(\\"a\\")\n\tnowhere()\n"\n\n'
    + scene(
        ("Script", "res://good.gd"),
        root='type="Node2D"]\nscript = SubResource("g")\n[connection',
        nodes=agent(),
    ).partition("\n\n")[2],
    "addons/godot_rl_agents/sync.gd": "class_name Sync\nextends Node\n",
    "addons/godot_rl_agents/controller/ai_controller_2d.gd": STOCK,
    "stock.gd": "extends AIController2D\n\nfunc get_obs() -> Dictionary:\n\treturn {}\n\n"
    "func get_action_space() -> Dictionary:\n\treturn {}\n\nfunc get_reward() -> float:\n\treturn 0.0\n\n"
    "func set_action(_action: Variant) -> void:\n\tpass\n",
    "stock.tscn": scene(
        ("Script", "res://stock.gd"),
        ("Script", "res://addons/godot_rl_agents/sync.gd"),
        nodes=agent() + '[node name="Sync" type="Node" parent="."]\nscript = ExtResource("2")\n',
        sync=False,
    ),
    "stocknosync.tscn": scene(("Script", "res://stock.gd"), nodes=agent(), sync=False),
    "stocknoagent.tscn": scene(
        ("Script", "res://addons/godot_rl_agents/sync.gd"),
        nodes='[node name="Sync" type="Node" parent="."]\nscript = ExtResource("1")\n',
        sync=False,
    ),
    "brain.gd": "extends Node\n\nfunc get_obs() -> Dictionary:\n\treturn {}\n\n"
    "func set_action(_action: Variant) -> void:\n\tpass\n",
    "fox_brain.gd": "extends 'res://brain.gd'\n\nfunc get_action_space() -> Dictionary:\n\treturn {}\n\n"
    "func get_reward() -> float:\n\treturn 0.0\n",
    "driver.gd": "extends Node\n\nvar onnx_model_path: String = ''\n\n"
    "func connect_to_server() -> bool:\n\treturn false\n",
    "named.tscn": scene(
        ("Script", "res://fox_brain.gd"),
        ("Script", "res://driver.gd"),
        nodes=agent() + '[node name="Sync" type="Node" parent="."]\nscript = ExtResource("2")\n',
        sync=False,
    ),
    "namednosync.tscn": scene(("Script", "res://fox_brain.gd"), nodes=agent(), sync=False),
    "loader.gd": "extends Node2D\n\n\nfunc _ready() -> void:\n\tload('res://picker.gd')\n\tload('res://resource.tres')\n",
    "picker.gd": "extends Node2D\n\n\nfunc _ready() -> void:\n\tload('res://loader.gd')\n\tload('res://good.gd')\n",
    "loader.tscn": scene(
        ("Script", "res://loader.gd"), ("Script", "res://good.gd"), nodes=agent() + agent(2, "B")
    ),
    "uses.gd": "extends Node2D\n\n\nfunc _ready() -> void:\n\tprint(Quiet.told)\n",
    "uses.tscn": scene(
        ("Script", "res://uses.gd"), ("Script", "res://good.gd"), nodes=agent() + agent(2, "B")
    ),
    "preloads.gd": 'extends Node2D\n\nconst USES: PackedScene = preload("res://uses.tscn")\n',
    "preloads.tscn": scene(
        ("Script", "res://preloads.gd"), ("Script", "res://good.gd"), nodes=agent() + agent(2, "B")
    ),
    "misspelt.gd": AGENT.format(base="RLAgent", act="pass").replace("_observation", "_obervation"),
    "misspelt.tscn": scene(("Script", "res://misspelt.gd"), nodes=agent()),
    "duo.tscn": scene(
        ("Script", "res://good.gd"), nodes=agent().rstrip() + '\npolicy_name = "cat"\n\n' + agent(1, "B")
    ),
    "dynamic.gd": AGENT.format(base="RLAgent", act='policy_name = "cat"'),
    "dynamic.tscn": scene(
        ("Script", "res://dynamic.gd"), nodes=agent().rstrip() + '\npolicy_name = "dog"\n\n' + agent(1, "B")
    ),
    "quiet.gd": 'extends Node\n\nstatic var told: Variant = FileAccess.open("MARKER", FileAccess.WRITE)\n',
    "quiet.tscn": scene(
        ("Script", "res://quiet.gd"), ("Script", "res://good.gd"), nodes=agent() + agent(2, "B")
    ),
}

ERRORS = {
    "typo.tscn": ("res://typo.gd:13", 'Function "lgo_metric()" not found', "Body/Agent and 1 more"),
    "base.tscn": ("res://bad_base.gd:17", "nowhere", "res://child.gd needs it"),
    "class.tscn": ("res://bad_class.gd:14", "int", "res://of_class.gd needs it"),
    "helped.tscn": ("res://helper.gd:5", "nowhere", "res://helped.gd needs it"),
    "root.tscn": ("res://root.gd:5", 'Expected ":"', "It is the script of ."),
    "outer.tscn": ("res://typo.gd:13", "lgo_metric", "Arena/Body/Agent"),
    "written.tscn": ("res://written.tscn:9", "nowhere", "It is the script of ."),
    "nosync.tscn": ("res://nosync.tscn", "No RLSync", "Add one"),
    "noagent.tscn": ("res://noagent.tscn", "No RLAgent", "Add one"),
    "stocknosync.tscn": ("res://stocknosync.tscn", "No Sync of godot_rl_agents", "plugin's Sync"),
    "stocknoagent.tscn": ("res://stocknoagent.tscn", "No AIController of", "AIController2D or"),
    "namednosync.tscn": ("res://namednosync.tscn", "No Sync of godot_rl_agents", "plugin's Sync"),
    "texture.tscn": ("res://texture.tscn:4", "res://gone.png is missing", "cannot be loaded"),
    "gone.tscn": ("res://gone.tscn:4", "res://nowhere.tscn is missing", "cannot be loaded"),
    "deep.tscn": ("res://resource.tres:3", "res://lost.png is missing", "cannot be loaded"),
    "sharp.tscn": ("res://Player.cs", "C#", "--godot PATH"),
    "blind.tscn": ("res://blind.gd", "no _get_action_space", "Override"),
    "bare.tscn": ("res://bare.tscn:10", "no script of its own", "_get_observation"),
    "nowhere.tscn": ("res://nowhere.tscn", "nowhere.tscn does not exist.", "--scene"),
    "godo.tscn": ("res://godo.tscn", "does not exist: did you mean res://good.tscn?", "--scene"),
    "misspelt.tscn": ("res://misspelt.gd", "no _get_observation", "did you mean _get_observation? Override"),
}
"""By scene: the place of its one fault, words of it, and words of what is said with it."""

WARNINGS = {"two.tscn": "second RLSync", "maker.tscn": "No RLSync"}
FINE = ("good.tscn", "loader.tscn", "heir.tscn", "spawner.tscn", "stock.tscn", "named.tscn")


@pytest.fixture(scope="module")
def games(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a scene for each fault, imported."""
    project = make_project(tmp_path_factory.mktemp("look") / "gämes", FILES)
    import_project(godot, project)
    return project


def errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize("name", ERRORS)
def test_a_fault_is_named_with_its_place(godot: GodotBinary, games: Project, name: str) -> None:
    found = errors(look_at_scene(godot, games, f"res://{name}"))
    assert len(found) == 1, found
    place, message, hint = ERRORS[name]
    assert found[0].place == place
    assert message in found[0].message
    assert hint in found[0].hint


@pytest.mark.parametrize("name", WARNINGS)
def test_what_may_be_meant_is_a_warning(godot: GodotBinary, games: Project, name: str) -> None:
    found = look_at_scene(godot, games, f"res://{name}")
    assert [finding.severity for finding in found] == ["warning"]
    assert WARNINGS[name] in found[0].message


@pytest.mark.parametrize("name", FINE)
def test_scenes_that_train_are_let_pass(godot: GodotBinary, games: Project, name: str) -> None:
    assert look_at_scene(godot, games, f"res://{name}") == []


def test_no_code_of_the_game_runs(
    godot: GodotBinary, games: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = games.root / "project.godot"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before + '\n[autoload]\n\nQuiet="*res://quiet.gd"\n', encoding="utf-8")
    marker = tmp_path / "ran"
    (games.root / "quiet.gd").write_text(FILES["quiet.gd"].replace("MARKER", str(marker)), encoding="utf-8")
    assert look_at_scene(godot, games, "res://quiet.tscn") == []
    preloading = look_at_scene(godot, games, "res://preloads.tscn")
    settings.write_text(before, encoding="utf-8")
    assert preloading == []
    assert not marker.exists()


def test_faults_are_found_before_a_project_is_imported(godot: GodotBinary, tmp_path: Path) -> None:
    names = ("good.gd", "nosync.tscn", "good.tscn")
    project = make_project(tmp_path / "fresh", {name: FILES[name] for name in names})
    found = prepare_scene(godot, project, "res://nosync.tscn")
    assert [finding.code for finding in found] == ["no_sync"]
    assert not (project.root / ".rl_studio" / "imported.json").exists()
    assert look_at_scene(godot, project, "res://good.tscn", imported=False) == []


def test_what_the_editor_has_imported_is_not_imported_again(godot: GodotBinary, games: Project) -> None:
    assert not note_import(godot, games, Path(sys.executable))
    assert not is_imported(godot, games)
    assert note_import(godot, games, godot.path)
    assert ensure_imported(godot, games) is False
    (games.root / "late.gd").write_text("extends Node\n", encoding="utf-8")
    assert not is_imported(godot, games)
    (games.root / "late.gd").unlink()


def test_policies_that_the_trainer_cannot_train_are_named(
    games: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["check", "--project", str(games.root), "--scene", "duo.tscn"]
    assert main([*words, "--trainer", "rllib"]) == 0
    assert "nothing is missing" in capfd.readouterr().out
    assert main(words) == 0
    told = capfd.readouterr().out
    assert "cat (Body/Agent), shared_policy (B/Agent); the chosen trainer trains a single one" in told
    assert "Use --trainer rllib, or give all agents the same policy_name." in told
    assert main([*words[:-1], "dynamic.tscn"]) == 0
    assert "nothing is missing" in capfd.readouterr().out, "only the game knows the names there"


def test_the_command_line_names_the_line_and_starts_nothing(
    games: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--project", str(games.root), "--scene"]
    assert main(["train", *words, "typo.tscn"]) == 1
    assert "res://typo.gd:13: Function" in capfd.readouterr().err
    assert not list(games.runs_dir.glob("*"))
    assert main(["evaluate", "--policy", "random", *words, str(games.root / "typo.tscn")]) == 1
    assert "res://typo.gd:13: Function" in capfd.readouterr().err


def test_check_prints_findings_and_json(games: Project, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["check", "--project", str(games.root)]
    assert main([*words, "--scene", "res://nosync.tscn", "--json"]) == 1
    document = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert document["findings"][0]["code"] == "no_sync"
    assert main([*words, "--scene", "two.tscn"]) == 0
    assert "warning: res://two.tscn" in capfd.readouterr().out
    assert main(words) == 1
    assert "no main scene" in capfd.readouterr().out
