"""Faults that no restart helps against, on their way from a runner to the trainer.

RLlib takes any error in a runner for an accident: it ends the runner's process and starts it anew, game and all, ten
times over. Such a fault goes past it: the runner leaves it where the trainer looks, and gives RLlib nothing.
"""

from __future__ import annotations

import contextlib
import pickle

import ray
from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_get, _internal_kv_put

from rl_studio.errors import StudioError
from rl_studio_training.errors import DivergedError, GameDataError, GameFault, SpacesError

LASTING = (GameFault, GameDataError, SpacesError, DivergedError)
"""What would come again after a restart."""

_NAMESPACE = b"rl_studio"


def tell(fault: StudioError) -> None:
    """Leaves a fault for the trainer, from any of its runners; the first one stays."""
    _internal_kv_put(_key(), pickle.dumps(fault), overwrite=False, namespace=_NAMESPACE)


def told() -> StudioError | None:
    """The fault that a runner left. May be called in any thread."""
    if not ray.is_initialized():
        return None
    with contextlib.suppress(
        ray.exceptions.RpcError
    ):  # the cluster is about to go, which is found out elsewhere
        found = _internal_kv_get(_key(), namespace=_NAMESPACE)
        if found is not None:
            fault: StudioError = pickle.loads(found)
            return fault
    return None


def forget() -> None:
    """A run begins in which nobody has told of a fault."""
    if ray.is_initialized():
        _internal_kv_del(_key(), namespace=_NAMESPACE)


def _key() -> bytes:
    """The same in all processes of a run."""
    return f"fault-{ray.get_runtime_context().get_job_id()}".encode()
