"""Models play in a real game as they were made to: those that the stock toolkit exports, and ours.

Ours also keep to what the stock C# runner asks of a file.
"""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from godot_project import make_project, run_godot
from rl_studio.godot import GodotBinary

onnxruntime = pytest.importorskip("onnxruntime")
for package in ("torch", "stable_baselines3", "sb3_contrib", "godot_rl"):
    pytest.importorskip(package)

import gymnasium.vector.utils  # noqa: E402
import onnx  # noqa: E402
import torch  # noqa: E402
from gymnasium import Env, spaces  # noqa: E402
from stable_baselines3 import PPO  # noqa: E402

from rl_studio_training import sb3_export  # noqa: E402
from rl_studio_training.onnx_export import export_checkpoint  # noqa: E402
from rl_studio_training.onnx_options import ExportOptions  # noqa: E402
from training.fake_game import ACTIONS  # noqa: E402
from training.untrained import FLAT, sb3_checkpoint  # noqa: E402

DECISIONS = 6
EPISODE = 4
"""Decisions of an episode: there is a reset among the decisions."""

Decoded = dict[str, Any]

GAME = """\
extends Node

const OnnxLoader := preload("res://addons/rl_studio/import/onnx_loader.gd")
const Player := preload("res://player.gd")

var _players: Dictionary[String, Player] = {}


func _ready() -> void:
	var cases: Array = JSON.parse_string(FileAccess.get_file_as_string("res://cases.json"))
	for case: Dictionary in cases:
		var loader: OnnxLoader = OnnxLoader.new()
		var file: String = case["file"]
		loader.load_file(file)
		var player: Player = Player.new()
		player.policy = loader.policy
		player.space = case["actions"]
		player.rows = case["rows"]
		player.max_episode_steps = case["episode"]
		var title: String = case["name"]
		_players[title] = player
		add_child(player)
	var sync: RLSync = RLSync.new()
	sync.action_repeat = 1
	add_child(sync)


func _physics_process(_delta: float) -> void:
	for player: Player in _players.values():
		if player.actions.size() < player.rows.size():
			return
	for title: String in _players:
		print("@ACTED ", JSON.stringify({"name": title, "actions": _players[title].actions}, "", true, true))
	set_physics_process(false)
	get_tree().quit()
"""

PLAYER = """\
extends RLAgent

var space: Dictionary = {}
var rows: Array = []
var actions: Array[Dictionary] = []


func _get_observation() -> Variant:
	return rows[mini(actions.size(), rows.size() - 1)]


func _get_action_space() -> Dictionary:
	return space


func _apply_action(action: Dictionary) -> void:
	if actions.size() < rows.size():
		actions.append(action)
"""

SCENE = """\
[gd_scene load_steps=2 format=3]

[ext_resource type="Script" path="res://main.gd" id="1"]

[node name="Main" type="Node"]
script = ExtResource("1")
"""


class Game(Env[Any, Any]):
    """Spaces, and nothing else."""

    def __init__(self, observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> None:
        self.observation_space = observation_space
        self.action_space = action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        return self.observation_space.sample(), 0.0, False, False, {}


@dataclass(frozen=True)
class Model:
    """A file and the actions it was made for, in wire form."""

    file: Path
    actions: Mapping[str, Any]


def run_stock(file: Path, observation: np.ndarray) -> np.ndarray:
    """What the stock C# runner does: one agent, `state_ins` is the number 1, two outputs by name."""
    session = onnxruntime.InferenceSession(file.read_bytes())
    batch = 1
    inputs = {
        "obs": observation.astype(np.float32).reshape(batch, -1),
        "state_ins": np.ones(batch, np.float32),
    }
    output, state_outs = session.run(["output", "state_outs"], inputs)
    assert output.dtype == state_outs.dtype == np.float32
    return np.asarray(output).ravel()


def decode_stock(output: np.ndarray, actions: Mapping[str, Any]) -> Decoded:
    """How the stock plugin reads the numbers of an output, whatever their number."""
    sizes = [entry["size"] for entry in actions.values()]
    kinds = {entry["action_type"] for entry in actions.values()}
    means_only = kinds == {"continuous"} and len(output) == sum(sizes)
    found: Decoded = {}
    place = 0
    for (name, entry), size in zip(actions.items(), sizes, strict=True):
        numbers = output[place : place + size]
        if entry["action_type"] == "discrete":
            found[name] = int(np.argmax(numbers))
            place += size
        else:
            found[name] = np.clip(numbers, -1.0, 1.0).tolist()
            place += size if means_only else 2 * size
    assert place == len(output)
    return found


@pytest.fixture(scope="module")
def stock_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """Files of the stock exporter, by what they are."""
    folder = tmp_path_factory.mktemp("stock")
    box = spaces.Box(-1.0, 1.0, (7,), np.float32)
    move, choices = spaces.Box(-1.0, 1.0, (2,), np.float32), spaces.MultiDiscrete([3, 2])
    made = {
        "continuous": (PPO("MultiInputPolicy", Game(spaces.Dict(obs=box), move)), ACTIONS["continuous"]),
        "discrete": (PPO("MultiInputPolicy", Game(spaces.Dict(obs=box), choices)), ACTIONS["multidiscrete"]),
        "array": (PPO("MlpPolicy", Game(box, move)), ACTIONS["continuous"]),
    }
    models: dict[str, Model] = {}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The exporter is older than these versions of gymnasium and torch; this is what it met then.
        patch.setattr(gymnasium.vector.utils, "spaces", spaces, raising=False)
        patch.setattr(torch.onnx, "export", functools.partial(torch.onnx.export, dynamo=False))
        from godot_rl.wrappers.onnx.stable_baselines_export import export_ppo_model_as_onnx

        for name, (model, actions) in made.items():
            torch.nn.init.normal_(model.policy.action_net.weight)
            file = folder / f"{name}.onnx"
            export_ppo_model_as_onnx(model, str(file), use_obs_array=name == "array")
            models[f"stock {name}"] = Model(file, actions)
    return models


@pytest.fixture(scope="module")
def our_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """Files of our converter, with one array of 5 numbers to see."""
    models: dict[str, Model] = {}
    for algorithm, kind in (
        ("ppo", "continuous"),
        ("ppo", "multidiscrete"),
        ("sac", "mixed"),
        ("dqn", "discrete"),
        ("recurrent_ppo", "continuous"),
    ):
        folder = tmp_path_factory.mktemp("ours")
        checkpoint = sb3_checkpoint(folder / "c", FLAT, ACTIONS[kind], algorithm=algorithm)
        file = folder / "policy.onnx"
        export_checkpoint(checkpoint, str(file), sb3_export.load, ExportOptions())
        models[f"{algorithm} {kind}"] = Model(file, ACTIONS[kind])
    return models


@pytest.fixture(scope="module")
def observations() -> np.ndarray:
    """(decisions, 7): files that see less take the first numbers."""
    return np.random.default_rng(4).uniform(-1.0, 1.0, (DECISIONS, 7)).astype(np.float32)


@pytest.fixture(scope="module")
def acted(
    godot: GodotBinary,
    tmp_path_factory: pytest.TempPathFactory,
    stock_models: dict[str, Model],
    our_models: dict[str, Model],
    observations: np.ndarray,
) -> dict[str, list[Decoded]]:
    """What an agent with each of the models did in one game, decision by decision."""
    models = stock_models | our_models
    cases = [
        {
            "name": name,
            "file": str(model.file),
            "actions": model.actions,
            "rows": observations[:, : width_of(model)].tolist(),
            "episode": EPISODE,
        }
        for name, model in models.items()
    ]
    files = {"main.gd": GAME, "player.gd": PLAYER, "main.tscn": SCENE, "cases.json": json.dumps(cases)}
    project = make_project(tmp_path_factory.mktemp("game") / "project", files)
    run_godot(godot, project, ["--import"], allow_errors=True)  # makes the list of classes
    output = run_godot(godot, project, ["--fixed-fps", "60", "res://main.tscn"])
    assert "ERROR" not in output, output
    lines = [line.removeprefix("@ACTED ") for line in output.splitlines() if line.startswith("@ACTED ")]
    return {entry["name"]: entry["actions"] for entry in map(json.loads, lines)}


def width_of(model: Model) -> int:
    """Numbers of `obs`."""
    shapes = {value.name: value.shape for value in onnxruntime.InferenceSession(str(model.file)).get_inputs()}
    return int(shapes["obs"][1])


def expect_same(found: list[Decoded], expected: list[Decoded]) -> None:
    assert len(found) == len(expected) == DECISIONS
    for ours, theirs in zip(found, expected, strict=True):
        assert set(ours) == set(theirs)
        for name, value in theirs.items():
            np.testing.assert_allclose(ours[name], value, rtol=0, atol=1e-5)
    assert len({json.dumps(action) for action in expected}) > 1  # they do look at what they see


@pytest.mark.godot
@pytest.mark.parametrize("kind", ["continuous", "discrete", "array"])
def test_models_of_the_stock_exporter_play(
    acted: dict[str, list[Decoded]], stock_models: dict[str, Model], observations: np.ndarray, kind: str
) -> None:
    model = stock_models[f"stock {kind}"]
    expected = [decode_stock(run_stock(model.file, row), model.actions) for row in observations]
    expect_same(acted[f"stock {kind}"], expected)


@pytest.mark.godot
@pytest.mark.parametrize("name", ["ppo continuous", "ppo multidiscrete", "sac mixed", "dqn discrete"])
def test_our_models_play_alike_in_the_stock_runner_and_in_ours(
    acted: dict[str, list[Decoded]], our_models: dict[str, Model], observations: np.ndarray, name: str
) -> None:
    model = our_models[name]
    seen = observations[:, : width_of(model)]
    expect_same(acted[name], [decode_stock(run_stock(model.file, row), model.actions) for row in seen])


@pytest.mark.godot
def test_a_memory_begins_anew_with_each_episode(
    acted: dict[str, list[Decoded]], our_models: dict[str, Model], observations: np.ndarray
) -> None:
    model = our_models["recurrent_ppo continuous"]
    session = onnxruntime.InferenceSession(str(model.file))
    memory = next(value.shape[1] for value in session.get_inputs() if value.name == "state_ins")
    expected = []
    state = np.zeros((1, memory), np.float32)
    for index, row in enumerate(observations[:, : width_of(model)]):
        if index % EPISODE == 0:
            state = np.zeros((1, memory), np.float32)
        output, state = session.run(["output", "state_outs"], {"obs": row[None], "state_ins": state})
        expected.append(decode_stock(output.ravel(), model.actions))
    expect_same(acted["recurrent_ppo continuous"], expected)


def test_our_files_are_what_the_stock_runner_can_load(our_models: dict[str, Model]) -> None:
    """It has ONNX Runtime 1.15: operator sets up to 19, files of version 9, in one piece."""
    for name, model in our_models.items():
        proto = onnx.load(str(model.file), load_external_data=False)
        assert {(entry.domain, entry.version <= 19) for entry in proto.opset_import} == {("", True)}, name
        assert proto.ir_version <= 9
        assert not any(tensor.external_data for tensor in proto.graph.initializer)
        assert [value.name for value in proto.graph.input] == ["obs", "state_ins"]
        assert [value.name for value in proto.graph.output][:2] == ["output", "state_outs"]
