"""The golden messages that the Python and the GDScript codec both read; `python protocol_fixtures.py` writes them.

Each file has: `name`; `hex`, the msgpack bytes; `message`, what they say, where floats have a decimal point,
{"$float": "nan"|"inf"|"-inf"} and {"$bin": "<hex>"} stand for what JSON cannot say, and integers beyond 2^53 are
{"$int": "<decimal>"}; `native`, the same in the form of Godot's JSON.from_native, which keeps the types.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgpack

FOLDER = Path(__file__).resolve().parent / "fixtures" / "protocol"

RUN: dict[str, Any] = {
    "id": "20260102-030405-default-0a1b",
    "experiment": "default",
    "trainer": "sb3",
    "scene": "res://train.tscn",
    "state": "running",
    "reason": None,
    "exit_code": None,
    "started": 1767323045.5,
    "ended": None,
    "duration_s": 12.0,
    "timesteps": 25600,
    "timesteps_target": 200000,
    "episodes": 120,
    "episode_reward_mean": -1.25,
    "success_rate": 1.0,
    "policies": {
        "cat": {"reward_mean": -1.25, "success_rate": None, "episodes": 80},
        "dög": {"reward_mean": 1.25, "success_rate": 0.5, "episodes": 40},
    },
    "iteration": 25,
    "timesteps_per_second": 2133.0,
    "checkpoints": 1,
    "last_seq": 25,
    "message": "Training",
    "restarts": 2,
    "last_restart": {
        "instance": 1,
        "attempt": 2,
        "limit": 10,
        "reason": "game_crashed",
        "summary": "Game 1 crashed and was restarted (2 of 10).",
        "message": "Game 1 exited with code 3.\nIts last output:\n  the dög ate it",
    },
    "error": None,
    "warnings": [{"message": "The observation 'obs' of dög leaves -10 to 10.", "count": 2}],
    "action_repeat": 8,
    "resumed_from": {"run": "20260101-030405-default-77aa", "checkpoint": "step_000000012800"},
    "initialised_from": None,
}
SAMPLE: dict[str, Any] = {
    "seq": 25,
    "kind": "iteration",
    "timestamp": "2026-01-02T03:04:17.500Z",
    "training_iteration": 25,
    "timesteps_total": 25600,
    "env_steps_total": 1600,
    "episodes_total": 120,
    "episode_reward_mean": -1.25,
    "episode_reward_min": -3.0,
    "episode_reward_max": None,
    "episode_len_mean": 200.0,
    "success_rate": 1.0,
    "policies": {
        "cat": {"reward_mean": -1.25, "episodes": 120, "success_rate": None},
        "dog": {"reward_mean": 1.25, "episodes": 120, "success_rate": 0.5, "learner": {"entropy": 1.5}},
    },
    "evaluation": {
        "timesteps_total": 20000,
        "reward_mean": 1.5,
        "success_rate": 0.75,
        "policies": {"cat": {"reward_mean": 1.5, "success_rate": 0.75}},
    },
    "custom_metrics": {"höhe": 3.5},
    "learner": {"policy_loss": -0.01, "value_loss": 0.5, "entropy": 2.0, "explained_variance": None},
    "time_total_s": 12.0,
    "throughput": {
        "timesteps_per_second": 2133.0,
        "game_share": 0.5,
        "wire_share": 0.0,
        "policy_share": 0.125,
        "update_share": 0.25,
        "other_share": 0.125,
        "bottleneck": "game",
        "advice": "Most of the time, the trainer waits while the game simulates: "
        "put more copies of the level into the training scene.",
    },
}
FAILURE = {
    "message": "The trainer was killed.",
    "hint": None,
    "log_tail": ["line 1", "Zeile zwei: ü 日本 🎮"],
}
FIELD: dict[str, Any] = {
    "key": "learning_rate",
    "title": "Learning rate",
    "help": "Step size.",
    "type": "float",
    "default": 0.0003,
    "nullable": False,
    "minimum": None,
    "maximum": 1,
    "exclusive_minimum": 0,
    "choices": None,
    "unit": None,
    "group": "PPO",
    "level": "basic",
    "algorithms": ["ppo", "sac"],
    "defaults": {"sac": 0.001},
}
PRESET: dict[str, Any] = {
    "name": "fast",
    "title": "Fast on a laptop",
    "reason": "For a first look: short rollouts.",
    "values": {"n_steps": 16, "learning_rate": 0.001, "n_envs": "auto"},
}
CHECKPOINT: dict[str, Any] = {
    "name": "step_000000025600",
    "timesteps": 25600,
    "created": "2026-01-02T03:04:17Z",
    "reason": "periodic",
    "episode_reward_mean": -1.25,
    "success_rate": None,
    "policies": ["cat", "dog"],
    "best": True,
    "evaluation_reward": 1.5,
    "best_of": ["cat"],
    "results": {"cat": {"reward_mean": -1.25, "success_rate": None, "evaluation_reward": 1.5}},
}
EXPERIMENT: dict[str, Any] = {
    "name": "default",
    "trainer": "sb3",
    "overrides": {"gamma": 0.95, "n_steps": 128},
}
CONFIG: dict[str, Any] = {"gamma": 0.95, "n_steps": 128, "scene": "", "hidden_layers": [64, 64]}
CONFIGURED: dict[str, Any] = {
    **EXPERIMENT,
    "config": CONFIG,
    "overlay": {"policies": {"cat": {"gamma": 0.9}}},
    "overlay_file": "/home/me/Spiel ü/.rl_studio/experiments/default/rllib_config.yaml",
    "problem": None,
    "warnings": ["batch_size: 100 does not divide the rollout of 128; use 128."],
}


def _exported(policy: str, godot: dict[str, float] | None) -> dict[str, Any]:
    """One file of an export."""
    return {
        "path": f"res://policies/{policy}.onnx",
        "file": f"/home/me/Spiel ü/policies/{policy}.onnx",
        "policy": policy,
        "proof": {
            "observations": 1280,
            "source": "run and space",
            "sequences": 0,
            "sequence_length": 0,
            "tolerance": 1e-05,
            "onnxruntime": {"log_std": 0.0, "output": 2.5e-07},
            "godot": godot,
            "godot_version": "4.6.3.stable.debian" if godot else None,
            "actions": {"compared": 1280, "different": 0},
        },
        "max_difference": 5e-07 if godot else 2.5e-07,
        "tolerance": 1e-05,
        "opset": 17,
        "ir_version": 8,
        "inputs": {"obs": ["batch", 8], "state_ins": ["batch"]},
        "outputs": {"output": ["batch", 2], "state_outs": ["batch"], "log_std": ["batch", 2]},
        "parameters": 4996,
        "timesteps": 200000,
        "size_bytes": 21504,
    }


EXPORT: dict[str, Any] = {
    "run": RUN["id"],
    "checkpoint": 200000,
    "files": [_exported("cat", {"log_std": 0.0, "output": 5e-07}), _exported("dog", None)],
}
RUN_ID = {"run_id": RUN["id"]}

VALUES: dict[str, Any] = {
    "nil": None,
    "bools": [False, True],
    "ints_fixint": [0, 1, 127, -1, -32],
    "ints_unsigned": [128, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**53 - 1],
    "ints_signed": [-33, -128, -129, -32768, -32769, -(2**31), -(2**31) - 1, -(2**53) + 1],
    "ints_extreme": [2**63 - 1, -(2**63), 2**53 + 1],
    "floats": [0.5, -1.25, 3.141592653589793, 1e-300, 1.5e300],
    "floats_integral": [0.0, 1.0, -1.0, 25600.0, 4294967296.0],
    "floats_special": [math.nan, math.inf, -math.inf],
    "strings": ["", "a", "x" * 31, "grün", "日本語", "🎮"],
    "string_8": "y" * 32,
    "string_16": "ü" * 200,
    "string_32": "z" * 65536,
    "bins": [b"", b"\x00\xff", bytes(range(256))],
    "bin_16": b"\x01" * 300,
    "array_empty": [],
    "array_15": list(range(15)),
    "array_16": list(range(16)),
    "array_long": [1] * 300,
    "map_empty": {},
    "map_15": {f"k{i}": i for i in range(15)},
    "map_16": {f"k{i}": i for i in range(16)},
    "nested": {"a": [{"b": [[], {}, [None, {"c": 1.0}]]}], "d": {"e": {"f": {"g": [True]}}}},
}
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "hello": (
        {"client": "editor 0.1.0"},
        {
            "version": "0.1.0",
            "protocol": "rl-studio.v1",
            "project": "/home/me/Spiel ü",
            "project_name": "Ball",
            "pid": 4711,
            "python": "/usr/bin/python3",
            "main_scene": "res://main.tscn",
            "godot": {"path": "/usr/bin/godot", "version": "4.6.3.stable"},
            "godot_problem": None,
        },
    ),
    "trainer.list": (
        {},
        {
            "trainers": [
                {
                    "name": "sb3",
                    "title": "Stable-Baselines3",
                    "available": False,
                    "problem": "torch is not installed.",
                    "hint": "pip install 'godot-rl-studio[sb3]'",
                    "can_resume": True,
                    "single_policy": True,
                    "fields": [FIELD],
                    "presets": [PRESET],
                }
            ]
        },
    ),
    "experiment.list": ({}, {"experiments": [EXPERIMENT]}),
    "experiment.get": ({"name": "default"}, CONFIGURED),
    "experiment.save": (EXPERIMENT, CONFIGURED),
    "run.start": (
        {
            "experiment": "default",
            "overrides": {"seed": 7},
            "resume": {"run_id": "20260101-030405-default-77aa", "checkpoint": 12800},
            "imported_by": "/opt/Godot 4/godot",
        },
        {"run": {**RUN, "state": "starting"}},
    ),
    "run.stop": (RUN_ID, {"run": {**RUN, "state": "stopping"}}),
    "run.list": ({"limit": 100}, {"runs": [RUN]}),
    "run.get": (RUN_ID, {"run": {**RUN, "state": "failed", "reason": "killed", "error": FAILURE}}),
    "run.config": (RUN_ID, {"trainer": "sb3", "config": CONFIG}),
    "run.samples": (
        {**RUN_ID, "after_seq": 24, "limit": 500},
        {"samples": [SAMPLE], "last_seq": 25, "more": False},
    ),
    "run.log": (
        {**RUN_ID, "offset": None, "limit": 65536},
        {"start": 0, "end": 7, "size": 7, "text": "hällo\n"},
    ),
    "run.checkpoints": (RUN_ID, {"checkpoints": [CHECKPOINT]}),
    "run.follow": ({**RUN_ID, "after_seq": 0, "log_offset": None}, {"last_seq": 25, "log_end": 123456789}),
    "run.unfollow": (RUN_ID, {}),
    "export.start": (
        {
            **RUN_ID,
            "checkpoint": "best",
            "to": "res://policies/{policy}.onnx",
            "policies": ["cat", "dog"],
            "opset": 17,
            "ir_version": 8,
        },
        {"export_id": "export-1"},
    ),
    "export.cancel": ({"export_id": "export-1"}, {}),
    "backend.shutdown": ({"force": False}, {}),
}
CANCELLED: dict[str, Any] = {
    "code": "cancelled",
    "message": "The export was cancelled.",
    "hint": None,
    "data": {},
}
EVENTS: dict[str, dict[str, Any]] = {
    "run.changed": {"run": {**RUN, "state": "finished", "reason": "timesteps", "exit_code": 0}},
    "run.samples": {**RUN_ID, "samples": [SAMPLE]},
    "run.log": {**RUN_ID, "start": 0, "end": 7, "text": "hällo\n"},
    "export.progress": {"export_id": "export-1", "message": "cat: loading the policy"},
    "export.finished": {"export_id": "export-1", "result": EXPORT},
    "export.failed": {"export_id": "export-1", "error": CANCELLED},
    "backend.closing": {"reason": "shutdown"},
}
PROBLEM = {"key": "gamma", "message": "must be at most 1", "value": 2.0}
ERRORS: dict[str, dict[str, Any]] = {
    "error_invalid_config": {
        "type": "error",
        "id": 3,
        "error": {
            "code": "invalid_config",
            "message": "The configuration is not valid.",
            "hint": "Correct it.",
            "data": {"errors": [PROBLEM]},
        },
    },
    "error_without_id": {
        "type": "error",
        "id": None,
        "error": {
            "code": "protocol",
            "message": "The frame is not msgpack.",
            "hint": None,
            "data": {},
        },
    },
}


def all_messages() -> dict[str, dict[str, Any]]:
    """Every golden message by name."""
    messages = {f"value_{name}": {"value": value} for name, value in VALUES.items()}
    for number, (method, (params, result)) in enumerate(CALLS.items(), start=1):
        name = method.replace(".", "_")
        request = {"type": "request", "id": number, "method": method, "params": params}
        messages[f"request_{name}"] = request
        messages[f"response_{name}"] = {"type": "response", "id": number, "result": result}
    for event, data in EVENTS.items():
        messages[f"event_{event.replace('.', '_')}"] = {"type": "event", "event": event, "data": data}
    return messages | ERRORS


def to_json(value: Any) -> Any:
    """The `message` form of a value."""
    if isinstance(value, bytes):
        return {"$bin": value.hex()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return {"$int": str(value)}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(value: Any) -> Any:
    """The value of a `message` form."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("$bin", str(text))]:
            return bytes.fromhex(text)
        case [("$float", str(text))]:
            return float(text)
        case [("$int", str(text))]:
            return int(text)
    return {key: from_json(item) for key, item in value.items()}


def to_native(value: Any) -> Any:
    """The form of Godot's JSON.from_native."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return f"i:{value}"
    if isinstance(value, float):
        return f"f:{value!r}"
    if isinstance(value, str):
        return f"s:{value}"
    if isinstance(value, bytes):
        return {"type": "PackedByteArray", "args": list(value)}
    if isinstance(value, list):
        return [to_native(item) for item in value]
    pairs = [part for key, item in value.items() for part in (f"s:{key}", to_native(item))]
    return {"type": "Dictionary", "args": pairs}


def fixture_text(name: str, message: dict[str, Any]) -> str:
    """The content of one fixture file."""
    content = {
        "name": name,
        "hex": msgpack.packb(message).hex(),
        "message": to_json(message),
        "native": to_native(message),
    }
    indent = None if len(content["hex"]) > 20000 else 1
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=indent) + "\n"


def write() -> None:
    """Writes all files anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, message in all_messages().items():
        (FOLDER / f"{name}.json").write_text(fixture_text(name, message), encoding="utf-8")


if __name__ == "__main__":
    write()
