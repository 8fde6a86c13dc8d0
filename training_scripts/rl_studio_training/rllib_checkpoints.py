"""What of an RLlib algorithm goes into a checkpoint, and back."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ray.rllib.algorithms import Algorithm
from ray.rllib.core.rl_module.rl_module import RLModule

from rl_studio.files import read_json, write_json_atomic
from rl_studio_training.beginnings import FROM_POLICY
from rl_studio_training.errors import CheckpointError
from rl_studio_training.rllib_opponents import require_trained
from rl_studio_training.rng_state import restore_rng, rng_state

RLLIB_FOLDER = "rllib"
"""RLlib's own part of a checkpoint: learners with their optimizers, connectors, counters."""

RNG_FILE = "rng.json"
REPLAY_FILE = "replay_buffer.pkl"
MAX_REPLAY_BYTES = 512 * 1024 * 1024
"""A larger replay buffer is left out of checkpoints; a resumed run collects a new one."""

_NO_SUCH_POLICY = "all of it (no such policy there)"

Tensors = dict[str, Any]
"""Weights by name."""


def modules_folder(checkpoint: Path) -> Path:
    """The folder of the policies' networks in a checkpoint, one folder each."""
    return checkpoint / RLLIB_FOLDER / "learner_group" / "learner" / "rl_module"


def write_algorithm(algorithm: Algorithm, folder: Path) -> list[str]:
    """Writes all that `restore_algorithm` needs into `folder`.

    Returns:
        What was left out, in sentences.
    """
    algorithm.save_to_path(str(folder / RLLIB_FOLDER))
    write_json_atomic(folder / RNG_FILE, rng_state())
    buffer = algorithm.local_replay_buffer
    if buffer is None:
        return []
    if buffer.nbytes > MAX_REPLAY_BYTES:
        return [
            f"The replay buffer is not in the checkpoint: it takes {buffer.nbytes >> 20} MB, the limit is "
            f"{MAX_REPLAY_BYTES >> 20} MB. Set buffer_size lower to resume with it."
        ]
    with (folder / REPLAY_FILE).open("wb") as stream:
        pickle.dump(buffer.get_state(), stream, pickle.HIGHEST_PROTOCOL)
    return []


def restore_algorithm(algorithm: Algorithm, checkpoint: Path) -> list[str]:
    """Goes on where the checkpoint was written: weights, optimizers, RLlib's counters, replay buffer, random numbers.

    Random numbers are those of this process; remote runners draw their own.

    Returns:
        What the checkpoint lacks, in sentences.

    Raises:
        CheckpointError: it is no checkpoint of RLlib, or of other networks.
    """
    _require(checkpoint)
    _require_policies(checkpoint, algorithm.config.policies)
    try:
        algorithm.restore_from_path(str(checkpoint / RLLIB_FOLDER))
        restore_rng(read_json(checkpoint / RNG_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"{checkpoint} does not fit this run: {error}",
            hint=FROM_POLICY,
        ) from error
    buffer = algorithm.local_replay_buffer
    if buffer is None:
        return []
    file = checkpoint / REPLAY_FILE
    if not file.is_file():
        return ["The checkpoint has no replay buffer: the run collects a new one before it learns on."]
    with file.open("rb") as stream:
        buffer.set_state(pickle.load(stream))
    return []


def initialise_algorithm(
    algorithm: Algorithm,
    checkpoint: Path,
    policies: Collection[str],
    theirs: Collection[str],
    frozen: Collection[str] = (),
) -> list[str]:
    """Takes over the weights of another run's policies, as far as they fit.

    Args:
        policies: of this run.
        theirs: those of the checkpoint. Policies go by name; a single one takes a single one.
        frozen: those of `policies` that must fit as a whole, as they do not learn.

    Returns:
        What was not loaded, such as "chase: mlp.0.weight (64x21 here, 64x18 there)".

    Raises:
        CheckpointError: it is no checkpoint of RLlib, has none of the policies, or a frozen one does not fit. Nothing
            has been taken over then.
    """
    _require(checkpoint)
    pairs = _pairs(policies, theirs)
    if not pairs:
        raise CheckpointError(
            f"{checkpoint} has the policies {', '.join(theirs)}, and this run {', '.join(policies)}.",
            hint="Start from a run with a policy of the same name.",
        )
    missing = {policy: [_NO_SUCH_POLICY] for policy in policies if policy not in pairs}
    own = algorithm.learner_group.get_weights()
    for policy, name in pairs.items():
        found = _state(modules_folder(checkpoint) / name)
        if misfits := list(_misfits(own[policy], found)):
            missing[policy] = misfits
        own[policy] = {**own[policy], **_fitting(own[policy], found)}
    require_trained({policy: missing[policy] for policy in frozen if policy in missing}, str(checkpoint))
    algorithm.learner_group.set_weights(own)
    algorithm.env_runner_group.sync_weights(
        from_worker_or_learner_group=algorithm.learner_group, inference_only=True
    )
    return [f"{policy}: {problem}" for policy, problems in missing.items() for problem in problems]


def _pairs(policies: Collection[str], theirs: Collection[str]) -> dict[str, str]:
    if len(policies) == 1 and len(theirs) == 1:
        return dict(zip(policies, theirs, strict=True))
    return {policy: policy for policy in policies if policy in theirs}


def _state(folder: Path) -> Tensors:
    state: Tensors = RLModule.from_checkpoint(folder).get_state()
    return state


def _fitting(weights: Tensors, found: Tensors) -> Tensors:
    return {
        name: found[name]
        for name, value in weights.items()
        if name in found and np.shape(found[name]) == np.shape(value)
    }


def _misfits(weights: Tensors, found: Tensors) -> Iterator[str]:
    for name, value in weights.items():
        if name not in found:
            yield f"{name} (not there)"
        elif np.shape(found[name]) != np.shape(value):
            yield f"{name} ({_size(value)} here, {_size(found[name])} there)"


def _size(value: Any) -> str:
    return "x".join(map(str, np.shape(value))) or "1"


def _require_policies(checkpoint: Path, policies: Collection[str]) -> None:
    """RLlib would go on with random weights for a policy that is not there."""
    folder = modules_folder(checkpoint)
    missing = [policy for policy in sorted(policies) if not (folder / policy).is_dir()]
    if missing:
        raise CheckpointError(
            f"{checkpoint} has no policy {missing[0]}, which this run has.",
            hint=FROM_POLICY,
        )


def _require(checkpoint: Path) -> None:
    if not (checkpoint / RLLIB_FOLDER).is_dir():
        raise CheckpointError(
            f"{checkpoint} is no checkpoint of RLlib: it has no folder {RLLIB_FOLDER}.",
            hint="Runs of another trainer cannot be resumed with this one.",
        )
