"""What of an SB3 training goes into a checkpoint beside its weights, and back: counters, randomness, replay buffer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.files import read_json, write_json_atomic
from rl_studio_training.errors import CheckpointError
from rl_studio_training.rng_state import restore_rng, rng_state
from rl_studio_training.sb3_model import read_parameters
from rl_studio_training.sb3_normalization import SETTINGS_FILE, StudioNormalize

STATE_FILE = "state.json"
REPLAY_FILE = "replay_buffer.npz"

MEGABYTE = 1 << 20

_COUNTERS = ("num_timesteps", "_episode_num", "_n_updates", "_n_calls")
"""Attributes of SB3's algorithms that schedules and delays go by; each has some of them."""

_ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def save_state(model: BaseAlgorithm, folder: Path, config: SB3Config) -> list[str]:
    """Writes all that `restore_state` needs into a checkpoint's folder.

    Returns:
        What was left out, in sentences.
    """
    state = {
        "schema": 1,
        "agents": model.n_envs,
        "counters": {name: int(getattr(model, name)) for name in _COUNTERS if hasattr(model, name)},
        "random": rng_state(),
        "random_actions": model.action_space.np_random.bit_generator.state,
    }
    write_json_atomic(folder / STATE_FILE, state)
    buffer = _replay_buffer(model)
    if buffer is None or not config.save_replay_buffer:
        return []
    return _save_replay(buffer, folder, config.max_replay_mb)


def restore_state(model: BaseAlgorithm, folder: Path) -> list[str]:
    """Goes on where the checkpoint was written. Call it last: what is drawn afterwards is what would have been.

    Returns:
        What cannot go on as it was, in sentences.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        missing = list(_restore_replay(model, folder))
        state = read_json(folder / STATE_FILE)
        for name, value in state["counters"].items():
            setattr(model, name, int(value))
        if state["agents"] != model.n_envs:
            missing.append(
                f"The checkpoint was made with {state['agents']} agents, this run has {model.n_envs}: it goes on, "
                "but with other random numbers than the run of the checkpoint would have had."
            )
        model.action_space.np_random.bit_generator.state = state["random_actions"]
        restore_rng(state["random"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"The run cannot go on from {folder}: {error}",
            hint="Start from its policy instead (--init-from).",
        ) from error
    return missing


def initialise(model: BaseAlgorithm, folder: Path) -> list[str]:
    """Takes over the weights of a checkpoint's policy, and its normalization, as far as they fit.

    Returns:
        What was not loaded, such as "mlp.0.weight (64x21 here, 64x18 there)".

    Raises:
        CheckpointError: there are no weights, or none that fit.
    """
    found = read_parameters(folder, model.device)[0].get("policy", {})
    own = model.policy.state_dict()
    fitting = {name: found[name] for name, tensor in own.items() if _shape(found.get(name)) == _shape(tensor)}
    if not fitting:
        raise CheckpointError(
            f"Nothing of the policy in {folder} fits this run's network.",
            hint="Use the algorithm and the hidden_layers of the run that made it.",
        )
    model.policy.load_state_dict({**own, **fitting})
    missing = [
        f"{name} ({_size(tensor)} here, {_size(found[name]) if name in found else 'nothing'} there)"
        for name, tensor in own.items()
        if name not in fitting
    ]
    return [*missing, *_initialise_normalization(model, folder)]


def _initialise_normalization(model: BaseAlgorithm, folder: Path) -> Iterator[str]:
    normalize = model.get_vec_normalize_env()
    has_statistics = (folder / SETTINGS_FILE).is_file()
    if isinstance(normalize, StudioNormalize):
        if not has_statistics:
            yield "normalization (none there)"
            return
        try:
            normalize.load_from(folder)
        except CheckpointError:
            yield "normalization (of other observations there)"
    elif has_statistics:
        yield "normalization (none here, but the policy was trained with it: set normalize_observations)"


# --- replay buffer


def _replay_buffer(model: BaseAlgorithm) -> ReplayBuffer | None:
    return model.replay_buffer if isinstance(model, OffPolicyAlgorithm) else None


def _save_replay(buffer: ReplayBuffer, folder: Path, max_mb: int) -> list[str]:
    filled = buffer.buffer_size if buffer.full else buffer.pos
    arrays = {name: array[:filled] for name, array in _arrays(buffer).items()}
    size = sum(array.nbytes for array in arrays.values())
    if size > max_mb * MEGABYTE:
        return [
            f"The replay buffer is not saved: it takes {size // MEGABYTE} MB and max_replay_mb is {max_mb}. A resumed "
            "run fills a new one before it learns on."
        ]
    with (folder / REPLAY_FILE).open("wb") as file:
        np.savez(file, position=np.int64(buffer.pos), full=np.bool_(buffer.full), **arrays)
    return []


def _restore_replay(model: BaseAlgorithm, folder: Path) -> Iterator[str]:
    buffer = _replay_buffer(model)
    if buffer is None:
        return
    assert isinstance(model, OffPolicyAlgorithm)
    file = folder / REPLAY_FILE
    problem = "has no replay buffer"
    if file.is_file():
        with np.load(file, allow_pickle=False) as saved:
            if _fits(buffer, saved):
                _fill(buffer, saved)
                return
        problem = "has the replay buffer of another number of agents or of another size"
    # Learning waits until the new buffer is as full as the first one was when learning began.
    model.learning_starts += model.num_timesteps
    yield f"The checkpoint {problem}: the run fills a new one before it learns on."


def _fits(buffer: ReplayBuffer, saved: Any) -> bool:
    arrays = _arrays(buffer)
    if set(arrays) != set(saved.files) - {"position", "full"}:
        return False
    filled = buffer.buffer_size if saved["full"] else int(saved["position"])
    return filled <= buffer.buffer_size and all(
        saved[name].shape == (filled, *array.shape[1:]) for name, array in arrays.items()
    )


def _fill(buffer: ReplayBuffer, saved: Any) -> None:
    for name, array in _arrays(buffer).items():
        values = saved[name]
        array[: len(values)] = values
    buffer.pos, buffer.full = int(saved["position"]), bool(saved["full"])


def _arrays(buffer: ReplayBuffer) -> dict[str, Any]:
    """All arrays of a buffer by name; those of named observations as "observations/camera"."""
    found: dict[str, Any] = {}
    for name in _ARRAYS:
        value: Any = getattr(buffer, name)
        if isinstance(value, dict):
            found |= {f"{name}/{key}": array for key, array in value.items()}
        else:
            found[name] = value
    return found


def _shape(tensor: torch.Tensor | None) -> tuple[int, ...] | None:
    return None if tensor is None else tuple(tensor.shape)


def _size(tensor: torch.Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "1"
