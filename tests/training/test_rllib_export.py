"""The converter on policies of RLlib: modules with every network and every kind of spaces, without a Ray.

One file per odd pair is made by default; `make test-all` makes the whole matrix, and exports a real training.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

import ray

from rl_studio_training import rllib_export
from rl_studio_training.errors import CheckpointError, ExportError
from rl_studio_training.onnx_actions import decode_actions
from rl_studio_training.onnx_export import ExportResult, export_checkpoint
from rl_studio_training.onnx_inputs import as_observations, sample_inputs
from rl_studio_training.onnx_options import ExportOptions
from rl_studio_training.rllib_policy import RLlibPolicy, load_policy
from rl_studio_training.rllib_session import ray_session
from rl_studio_training.spaces import ObservationCodec, parse_actions
from training import exported
from training.conftest import MakeBuild
from training.fake_game import ACTIONS
from training.rllib_runs import built, games_of, small
from training.untrained import FLAT, LAMP, PICTURE, TWO_KEYS, rllib_checkpoint

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning"),
    pytest.mark.timeout(180),
]

SCRIPT = Path(__file__).resolve().parents[2] / "training_scripts" / "convert_rllib_to_onnx.py"
SEEN = {
    "flat": FLAT,
    "two_keys": TWO_KEYS,
    "picture": PICTURE,
    "only_lamp": {"lamp": LAMP["lamp"]},
    "only_picture": {"camera_2d": {"space": "box", "size": [1, 5, 6]}},
}
KINDS = {
    "ppo": ("continuous", "discrete", "multidiscrete", "mixed"),
    "sac": ("continuous", "discrete", "mixed"),
    "dqn": ("discrete",),
}
NETWORKS = {"ppo": ("mlp", "gated", "lstm"), "sac": ("mlp", "gated"), "dqn": ("mlp", "gated")}
FAST = {
    ("ppo", "flat", "continuous", "mlp"),
    ("ppo", "two_keys", "mixed", "gated"),
    ("ppo", "picture", "multidiscrete", "lstm"),
    ("ppo", "only_lamp", "continuous", "lstm"),
    ("sac", "two_keys", "continuous", "gated"),
    ("sac", "flat", "mixed", "mlp"),
    ("sac", "only_picture", "discrete", "mlp"),
    ("dqn", "picture", "discrete", "gated"),
}
MATRIX = [
    pytest.param(
        *(kind, seen, actions, network),
        marks=[] if (kind, seen, actions, network) in FAST else pytest.mark.matrix,
        id=f"{kind}-{seen}-{actions}-{network}",
    )
    for kind, several in KINDS.items()
    for seen in SEEN
    for actions in several
    for network in NETWORKS[kind]
]
DRAWN = {
    ("ppo", "continuous"): "gaussian",
    ("sac", "continuous"): "squashed_gaussian",
    ("dqn", "discrete"): "greedy",
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the script: more threads than cores to spare take many times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def export(checkpoint: Path, output: Path, **options: Any) -> ExportResult:
    """Exports the only policy."""
    (result,) = export_checkpoint(checkpoint, str(output), rllib_export.load, ExportOptions(**options))
    return result


def check_actions(checkpoint: Path, name: str, file: Path) -> None:
    """That the file acts as the policy does, one agent's decisions in order if it remembers."""
    wire = json.loads((checkpoint / "checkpoint.json").read_text())["policies"][name]
    seen = ObservationCodec(wire["observation_space"], lambda _row, _key: None)
    parts = parse_actions(wire["action_space"])
    policy = load_policy(checkpoint, name)
    inputs = sample_inputs(seen, 50, seed=1)
    starts = np.arange(50) % 20 == 0 if policy.is_recurrent else None
    found = exported.run(file, inputs, starts)["output"]
    assert len(np.unique(found, axis=0)) > 1  # it does look at what it sees
    wanted = play(policy, as_observations(seen, inputs), starts)
    if isinstance(policy.action_space, spaces.Box) and len(parts) > 1:
        wanted[:, 2] = wanted[:, 2] > 0
    np.testing.assert_allclose(decode_actions(found, parts), wanted, atol=1e-5)


def play(policy: RLlibPolicy, seen: Any, starts: Any) -> Any:
    if starts is None:
        actions, _ = policy.act(seen)
        return np.array(actions, dtype=float).reshape(len(actions), -1)
    chosen, state = [], None
    for row, is_start in enumerate(starts):
        rows = slice(row, row + 1)
        one = {key: part[rows] for key, part in seen.items()} if isinstance(seen, dict) else seen[rows]
        action, state = policy.act(one, None if is_start else state)
        chosen.append(np.array(action, dtype=float).reshape(1, -1))
    return np.concatenate(chosen)


@pytest.mark.parametrize(("kind", "seen", "actions", "network"), MATRIX)
def test_the_file_acts_as_the_policy_does(
    tmp_path: Path, kind: str, seen: str, actions: str, network: str
) -> None:
    checkpoint = rllib_checkpoint(
        *(tmp_path / "c", kind, SEEN[seen], ACTIONS[actions]), network=network, normalize=True
    )
    output = tmp_path / "policy.onnx"
    result = export(checkpoint, output)
    assert result.max_difference <= 1e-5
    assert result.proof["observations"] >= 1000
    assert result.proof["sequences"] == (16 if network == "lstm" else 0)
    check_actions(checkpoint, "walker", output)
    told = exported.metadata(output)
    assert told["distribution"] == (
        "mixed" if actions == "mixed" else DRAWN.get((kind, actions), "categorical")
    )
    assert (told["trainer"], told["network"]) == ("rllib", network)
    assert told["memory"] == (12 if network == "lstm" else 0)
    assert ("log_std" in result.outputs) == (actions == "continuous")
    assert not ray.is_initialized()


@pytest.mark.parametrize(
    "model_config", [{"dueling": True}, {"num_atoms": 11}, {"dueling": True, "num_atoms": 7}]
)
def test_values_of_dueling_and_distributional_dqn_are_written_out(
    tmp_path: Path, model_config: dict[str, Any]
) -> None:
    actions = {"turn": {"action_type": "discrete", "size": 4}}
    checkpoint = rllib_checkpoint(tmp_path / "c", "dqn", FLAT, actions, model_config=model_config)
    assert export(checkpoint, tmp_path / "policy.onnx").outputs["output"] == ["batch", 4]
    check_actions(checkpoint, "walker", tmp_path / "policy.onnx")


def test_log_stds_of_sac_are_those_it_draws_with(tmp_path: Path) -> None:
    checkpoint = rllib_checkpoint(tmp_path / "c", "sac")
    export(checkpoint, tmp_path / "policy.onnx")
    module: Any = load_policy(checkpoint).module
    inputs = sample_inputs(ObservationCodec(FLAT, lambda _row, _key: None), 40)
    found = exported.run(tmp_path / "policy.onnx", inputs)
    with torch.no_grad():
        told = module._forward_exploration({"obs": torch.from_numpy(inputs["obs"])})["action_dist_inputs"]
    drawn = module.get_exploration_action_dist_cls().from_logits(told)
    np.testing.assert_allclose(np.exp(found["log_std"]), drawn._dist.scale.numpy(), rtol=1e-4)
    np.testing.assert_allclose(found["output"], np.tanh(drawn.loc.numpy()), atol=1e-5)


def test_the_same_checkpoint_gives_the_same_bytes(tmp_path: Path) -> None:
    checkpoint = rllib_checkpoint(tmp_path / "c", "ppo", PICTURE, network="lstm")
    for name in ("a.onnx", "b.onnx"):
        export(checkpoint, tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_policies_are_chosen_by_name(tmp_path: Path) -> None:
    checkpoint = rllib_checkpoint(tmp_path / "c", "ppo", names=("red", "blue"))
    template = str(tmp_path / "{policy}.onnx")
    both = export_checkpoint(checkpoint, template, rllib_export.load)
    assert [result.policy for result in both] == ["blue", "red"]
    for name in ("red", "blue"):
        check_actions(checkpoint, name, tmp_path / f"{name}.onnx")
    assert both[0].size_bytes == (tmp_path / "blue.onnx").stat().st_size
    with pytest.raises(CheckpointError, match="no policy 'green'"):
        export(checkpoint, tmp_path / "x.onnx", policies=["green"])


def test_a_diverged_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="NaN"):
        export(rllib_checkpoint(tmp_path / "c", "ppo", spoil=True), tmp_path / "x.onnx")


def test_modules_of_others_are_refused_by_name(tmp_path: Path) -> None:
    checkpoint = rllib_checkpoint(tmp_path / "c", "ppo")
    policy = load_policy(checkpoint)
    policy.module = torch.nn.Linear(5, 2)
    description = json.loads((checkpoint / "checkpoint.json").read_text())
    with pytest.raises(ExportError, match="walker has a module of the type Linear"):
        rllib_export.RLlibExport("walker", policy, description)


def test_the_script_starts_no_ray(tmp_path: Path) -> None:
    checkpoint = rllib_checkpoint(tmp_path / "c", "ppo", names=("red", "blue"))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(checkpoint), "--output", str(tmp_path / "{policy}.onnx")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "RAY_ADDRESS": "127.0.0.1:1"},  # a Ray that is asked for would fail
    )
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout.splitlines()[-1].removeprefix("@RESULT "))["files"]
    assert [file["policy"] for file in files] == ["blue", "red"]


@pytest.mark.matrix
@pytest.mark.parametrize("network", ["mlp", "lstm"])
def test_a_real_training_exports(make_build: MakeBuild, tmp_path: Path, network: str) -> None:
    kind, folder = "mixed", tmp_path / "c"
    games = games_of(make_build(kind), tmp_path / "logs", policies="red,blue", see="extra")
    with ray_session(cores=1):
        config = small("ppo", network=network, max_seq_len=5, normalize_observations=True)
        algorithm = built(games, config).build_algo()
        algorithm.train()
        algorithm.save_to_path(folder / "rllib")
        algorithm.stop()
    seen = {"obs": {"space": "box", "size": [3]}, "extra": {"space": "box", "size": [2]}}
    wire = {"observation_space": seen, "action_space": ACTIONS[kind]}
    facts = {"trainer": "rllib", "algorithm": "ppo", "timesteps": 40, "policies": {"red": wire, "blue": wire}}
    (folder / "checkpoint.json").write_text(json.dumps(facts))
    for result in export_checkpoint(folder, str(tmp_path / "{policy}.onnx"), rllib_export.load):
        check_actions(folder, result.policy, Path(result.path))
