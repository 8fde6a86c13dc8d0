"""Ray for one training run: a private one that leaves nothing behind, or a guest's place on a cluster."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.tune.trainable import trainable

import rl_studio
import rl_studio_training
from rl_studio.errors import StudioError
from rl_studio_training.ray_folder import RAYS_OWN, make_folder
from rl_studio_training.ray_reaper import RayReaper

_OBJECT_STORE_BYTES = 200 * 1024 * 1024
"""Weights and batches of small networks need far less than Ray's default, a third of the memory."""

KNOCK_S = 10.0
"""How long the machine of a cluster may take to answer at all."""

_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}


class ClusterError(StudioError):
    """There is no Ray cluster at the address, or it does not let us in."""

    code = "cluster"


@contextlib.contextmanager
def ray_session(cores: int, address: str = "") -> Iterator[None]:
    """Starts Ray on this machine, or joins a cluster; ends what it started on leaving.

    A Ray of our own has no dashboard and sends no usage statistics. It listens on all addresses; a secret of this
    process, in its environment, keeps everybody else out. It ends with this process, also when that is killed.
    Call it in the main thread: on Linux Ray's processes die with the thread that started them. Ray takes over
    SIGTERM: set your own handler afterwards.

    To a cluster go our modules, so that its machines need no installation of ours, only that of the packages. Its
    processes end with this one, the cluster stays.

    Args:
        cores: for a Ray of our own to count with: one per remote runner, and one for the driver.
        address: of a cluster, "host:port", or "auto" for the one of this machine; "" starts a Ray of our own.

    Raises:
        ClusterError: the cluster cannot be joined.
        RayFolderError: there is no folder for Ray's files.
    """
    before = trainable.DEFAULT_STORAGE_PATH
    with (
        make_folder() as folder,
        contextlib.closing(RayReaper(Path(folder))) as reaper,
    ):
        # Algorithms want a folder for logs of theirs, else they put one in the user's home.
        trainable.DEFAULT_STORAGE_PATH = str(Path(folder) / "results")
        others = _children()
        try:
            if address:
                _join(address)
            else:
                _start(cores, str(Path(folder) / RAYS_OWN))
            reaper.watch(_children() - others)
            yield
        finally:
            ray.shutdown()
            trainable.DEFAULT_STORAGE_PATH = before


def _start(cores: int, folder: str) -> None:
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Idle workers, one for each core, would only fight our imports for the cores.
    os.environ.setdefault("RAY_prestart_worker_first_driver", "0")
    os.environ.setdefault("RAY_enable_worker_prestart", "0")
    with _on_python_path(_modules_path()):
        ray.init(
            address="local",
            num_cpus=cores,
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            _temp_dir=folder,
            **_QUIET,
        )


def _join(address: str) -> None:
    environment = {
        "py_modules": [
            str(Path(package.__file__ or "").parent) for package in (rl_studio, rl_studio_training)
        ],
        "excludes": ["bundled"],
        "env_vars": {"OMP_NUM_THREADS": "1"},
    }
    try:
        _knock(address)
        ray.init(address=address, runtime_env=environment, **_QUIET)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ClusterError(
            f"The Ray cluster {address} cannot be joined: {error}",
            hint="Start it with `ray start --head --port=6379`, and see docs/rllib.md about its token. Without "
            "ray_address a run starts a Ray of its own.",
        ) from error


def _knock(address: str) -> None:
    """Makes sure that somebody answers at "host:port": Ray itself tries for minutes.

    Raises:
        OSError: nobody does.
    """
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _modules_path() -> str:
    """The folder that Ray's processes need to find this package; the backend is installed."""
    return str(Path(__file__).resolve().parents[1])


@contextlib.contextmanager
def _on_python_path(folder: str) -> Iterator[None]:
    """What starts meanwhile finds the modules in `folder`."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([folder, *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
