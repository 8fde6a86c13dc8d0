"""What of an SB3 training goes into a checkpoint beside its weights, and back: counters, randomness, replay buffer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from stable_baselines3.common.base_class import BaseAlgorithm

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.files import read_json, write_json_atomic
from rl_studio.words import counted
from rl_studio_training.beginnings import FROM_POLICY
from rl_studio_training.errors import CheckpointError
from rl_studio_training.rng_state import restore_rng, rng_state
from rl_studio_training.sb3_algorithms import StudioDQN
from rl_studio_training.sb3_base import StudioAlgorithm
from rl_studio_training.sb3_model import read_parameters
from rl_studio_training.sb3_normalization import SETTINGS_FILE, StudioNormalize
from rl_studio_training.sb3_replay import StudioReplay
from rl_studio_training.sb3_replay_file import read_replay, replay_bytes, write_replay

STATE_FILE = "state.json"

MEGABYTE = 1 << 20

_COUNTERS = ("num_timesteps", "_episode_num", "_n_updates", "_n_calls", "_since_target")
"""Attributes of the algorithms that schedules and delays go by; each has some of them."""


def save_state(model: StudioAlgorithm, folder: Path, config: SB3Config) -> list[str]:
    """Writes all that `restore_state` needs into a checkpoint's folder.

    Returns:
        What was left out, in sentences.
    """
    state = {
        "schema": 1,
        "agents": model.first_rows,
        "counters": {name: int(getattr(model, name)) for name in _COUNTERS if hasattr(model, name)},
        "random": rng_state(),
        "random_actions": model.action_space.np_random.bit_generator.state,
    }
    write_json_atomic(folder / STATE_FILE, state)
    return _save_replay(model, folder, config) if isinstance(model, StudioReplay) else []


def restore_state(model: StudioAlgorithm, folder: Path) -> list[str]:
    """Goes on where the checkpoint was written. Call it last: what is drawn afterwards is what would have been.

    Returns:
        What cannot go on as it was, in sentences.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        missing = _restore_replay(model, folder) if isinstance(model, StudioReplay) else []
        state = read_json(folder / STATE_FILE)
        for name, value in state["counters"].items():
            setattr(model, name, int(value))
        if isinstance(model, StudioDQN) and "_since_target" not in state["counters"]:
            model.count_from_calls(int(state["agents"]))
        if state["agents"] != model.first_rows:
            missing.append(
                f"The run of the checkpoint began with {counted(int(state['agents']), 'agent')}, this one with "
                f"{model.first_rows}: it goes on with all that was learned, but with other random numbers than that "
                "run would have had."
            )
        model.action_space.np_random.bit_generator.state = state["random_actions"]
        restore_rng(state["random"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"The run cannot go on from {folder}: {error}",
            hint=FROM_POLICY,
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


def _save_replay(model: StudioReplay, folder: Path, config: SB3Config) -> list[str]:
    if not config.save_replay_buffer:
        return []
    size = replay_bytes(model.replay_buffer)
    if size > config.max_replay_mb * MEGABYTE:
        return [
            f"The replay buffer is not saved: it takes {size // MEGABYTE} MB and max_replay_mb is "
            f"{config.max_replay_mb}. A resumed run fills a new one before it learns on."
        ]
    write_replay(model.replay_buffer, folder)
    return []


def _restore_replay(model: StudioReplay, folder: Path) -> list[str]:
    problem = read_replay(model.replay_buffer, folder)
    if problem is None:
        return []
    # Learning waits until the new buffer is as full as the first one was when learning began.
    model.learning_starts += model.num_timesteps
    return [f"The checkpoint {problem}: the run fills a new one before it learns on."]


def _shape(tensor: torch.Tensor | None) -> tuple[int, ...] | None:
    return None if tensor is None else tuple(tensor.shape)


def _size(tensor: torch.Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "1"
