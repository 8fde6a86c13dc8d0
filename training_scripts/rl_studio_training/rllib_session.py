"""Ray for one training run: nothing shared with other users or runs, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ray
from ray.tune.trainable import trainable

_OBJECT_STORE_BYTES = 200 * 1024 * 1024
"""Weights and batches of small networks need far less than Ray's default, a third of the memory."""


@contextlib.contextmanager
def ray_session(cores: int) -> Iterator[None]:
    """Starts Ray on this machine; ends it with all its processes and files on leaving.

    No dashboard, no usage statistics. Ray listens on all addresses; a secret of this process, in its environment,
    keeps everybody else out. The log folders of algorithms, else in the home folder, go to one that is removed.

    Args:
        cores: for Ray to count with: one per remote runner, and one for the driver.
    """
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    before = trainable.DEFAULT_STORAGE_PATH
    with tempfile.TemporaryDirectory(prefix="rls-", ignore_cleanup_errors=True) as folder:
        trainable.DEFAULT_STORAGE_PATH = str(Path(folder) / "results")
        try:
            ray.init(
                num_cpus=cores,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                log_to_driver=False,
                _temp_dir=folder,
            )
            yield
        finally:
            ray.shutdown()
            trainable.DEFAULT_STORAGE_PATH = before
