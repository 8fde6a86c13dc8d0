"""What backends of editor tests have besides: the fake trainer's checkpoints can be exported, as networks of chance.

A checkpoint's facts say for each policy how many `observations` and `actions` it has. The export of a policy with
`slow` set waits for the file `go` in the run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from backend_support import fake_trainer
from rl_studio import export_converter
from rl_studio.trainers import ScriptTrainer

HIDDEN = 16


def exported_trainer() -> ScriptTrainer:
    """The fake trainer, for an entry point; from now on this script converts its checkpoints."""
    setattr(export_converter, "find", lambda trainer: [sys.executable, str(Path(__file__).resolve())])  # noqa: B010
    return fake_trainer()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", required=True)
    parser.add_argument("--policy", action="append", dest="policies", required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--opset", type=int, required=True)
    parser.add_argument("--ir-version", type=int, required=True)
    parser.add_argument("--godot")
    options = parser.parse_args()
    facts = json.loads((options.checkpoint / "checkpoint.json").read_text(encoding="utf-8"))
    files = []
    for policy in options.policies:
        say("@EVENT", kind="status", message=f"{policy}: loading the policy")
        sizes = facts["policies"][policy]
        while sizes.get("slow") and not (options.checkpoint.parents[1] / "go").exists():
            time.sleep(0.01)
        path = Path(options.output.replace("{policy}", policy))
        files.append(
            write(path, policy, sizes["observations"], sizes["actions"], facts["timesteps"], options)
        )
    say("@RESULT", files=files)
    return 0


def write(
    path: Path, policy: str, observations: int, actions: int, timesteps: int, options: argparse.Namespace
) -> dict[str, Any]:
    """Makes a file like those of the real converters and reports it as they do."""
    # The backend takes the trainer from this module and need not wait for these.
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(timesteps)
    shapes = {"w0": (HIDDEN, observations), "b0": (HIDDEN,), "w1": (actions, HIDDEN), "b1": (actions,)}
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Gemm", ["obs", "w0", "b0"], ["h0"], transB=1),
        helper.make_node("Tanh", ["h0"], ["h1"]),
        helper.make_node("Gemm", ["h1", "w1", "b1"], ["output"], transB=1),
        helper.make_node("Identity", ["state_ins"], ["state_outs"]),
    ]
    inputs = {"obs": ["batch", observations], "state_ins": ["batch"]}
    outputs = {"output": ["batch", actions], "state_outs": ["batch"]}

    def describe(shapes: dict[str, list[Any]]) -> list[Any]:
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, it) for name, it in shapes.items()]

    graph = helper.make_graph(nodes, "policy", describe(inputs), describe(outputs), weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", options.opset)])
    model.ir_version = options.ir_version
    proof = {
        **{"observations": 1280, "source": "run and space", "sequences": 0, "sequence_length": 0},
        **{"tolerance": 1e-5, "onnxruntime": {"output": 2.5e-07}, "godot": {"output": 5e-07}},
        **{"godot_version": "4.6.3.stable.debian4.6.3+ds-2", "actions": {"compared": 1280, "different": 0}},
    }
    told = {
        **{"format": 2, "policy": policy, "run": options.run_id, "timesteps": timesteps, "trainer": "fake"},
        **{
            "algorithm": "ppo",
            "network": "mlp",
            "memory": 0,
            "distribution": "deterministic",
            "proof": proof,
        },
        "observation_space": {"obs": {"space": "box", "size": [observations]}},
        "action_space": {"thrust": {"action_type": "continuous", "size": actions}},
    }
    helper.set_model_props(model, {"rl_studio": json.dumps(told)})
    onnx.save(model, str(path))
    return {
        **{"path": str(path), "policy": policy, "proof": proof, "max_difference": 5e-07, "tolerance": 1e-5},
        **{"opset": options.opset, "ir_version": options.ir_version, "inputs": inputs, "outputs": outputs},
        "parameters": sum(int(np.prod(shape)) for shape in shapes.values()),
        **{"timesteps": timesteps, "size_bytes": path.stat().st_size},
    }


def say(tag: str, **values: object) -> None:
    sys.stdout.write(f"{tag} {json.dumps(values)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
