"""What an exported file tells of itself: where it is from, what it takes and gives, and its proof."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper

from rl_studio.runs import provenance
from rl_studio_training.onnx_cases import SEQUENCE_LENGTH, Cases
from rl_studio_training.onnx_exportable import PolicyFacts
from rl_studio_training.onnx_verify import Comparison

METADATA_KEY = "rl_studio"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, and how far it differs.

    Args:
        cases: what went through.
        tolerance: largest difference allowed.
        onnxruntime: what that found.
        godot: what the Godot runtime found; None if it was not asked.
        godot_version: None likewise.
    """

    cases: Cases
    tolerance: float
    onnxruntime: Comparison
    godot: Comparison | None = None
    godot_version: str | None = None

    @property
    def largest(self) -> float:
        """The largest difference of all."""
        return max(found.largest for found in (self.onnxruntime, self.godot) if found is not None)

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file and in the run."""
        return {
            "observations": self.cases.count,
            "source": self.cases.source,
            "sequences": self.cases.sequences,
            "sequence_length": SEQUENCE_LENGTH if self.cases.sequences else 0,
            "tolerance": self.tolerance,
            "onnxruntime": self.onnxruntime.differences,
            "godot": None if self.godot is None else self.godot.differences,
            "godot_version": self.godot_version,
            "actions": {
                "compared": self.cases.count,
                "different": max(
                    found.different_actions for found in (self.onnxruntime, self.godot) if found is not None
                ),
            },
        }


def describe(
    model: onnx.ModelProto,
    facts: PolicyFacts,
    run: str | None,
    proof: Proof,
    *,
    action_repeat: int | None = None,
) -> None:
    """Puts the description into a model that has none yet; the same facts give the same bytes.

    Args:
        run: the id of the run that trained it; None if nobody knows.
        action_repeat: physics ticks of a decision in its training; None likewise.
    """
    told = {
        "format": FORMAT,
        "observation_space": facts.observation_space,
        "action_space": facts.action_space,
        "policy": facts.name,
        "run": run,
        "timesteps": facts.timesteps,
        "trainer": facts.trainer,
        "algorithm": facts.algorithm,
        "network": facts.network,
        "memory": facts.memory,
        "distribution": facts.distribution,
        "action_repeat": action_repeat,
        "proof": proof.to_json(),
        "versions": provenance.versions(facts.packages, None),
        "graph_sha256": graph_checksum(model),
    }
    text = json.dumps(_sorted(told), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    helper.set_model_props(model, {METADATA_KEY: text})


def graph_checksum(model: onnx.ModelProto) -> str:
    """SHA-256 of the model without its metadata."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.metadata_props[:]
    return hashlib.sha256(to_bytes(bare)).hexdigest()


def to_bytes(model: onnx.ModelProto) -> bytes:
    """The file's content, the same for the same model."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _sorted(value: Any) -> Any:
    """Dictionaries by key, but for an action space, whose order is that of the actions."""
    if not isinstance(value, dict):
        return value
    return {key: dict(value[key]) if key == "action_space" else _sorted(value[key]) for key in sorted(value)}
