"""Training on a Ray cluster: two nodes on this machine, one of which is killed in the middle."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from ray.cluster_utils import Cluster

from rl_studio.project import Project
from training.conftest import MakeBuild, is_alive, wait_until
from training.rllib_trainers import name_if_alive, start_trainer

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of Ray's Cluster
]

NODE = {"num_cpus": 1, "object_store_memory": 100 * 1024 * 1024}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head with room for one runner."""
    # Ray reads the secret once in a process. As in ray_session it stays, for all that this process starts.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    found = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    try:
        yield found
    finally:
        found.shutdown()


def raylet_of(process: psutil.Process) -> int:
    """The node that a runner runs on, as the process that started it."""
    return next(parent.pid for parent in process.parents() if parent.name() == "raylet")


def runners() -> list[psutil.Process]:
    """The runners on all nodes, which are children of this process."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "GodotEnvRunner" in name_if_alive(child)]


def test_runners_spread_and_training_outlives_a_node(
    cluster: Cluster, project: Project, tmp_path: Path, make_build: MakeBuild
) -> None:
    second = cluster.add_node(**NODE)
    trainer = start_trainer(
        project.root,
        tmp_path,
        make_build("two_policies"),
        ray_address=cluster.address,
        num_env_runners=2,
        sample_timeout_s=10,
    )
    try:
        trainer.wait_for_metrics(2)
        assert len({raylet_of(runner) for runner in runners()}) == 2
        assert trainer.metrics[-1]["timesteps_total"] % 80 == 0, "both runners have done their part"
        games = [child for runner in runners() for child in runner.children()]
        assert len(games) == 2
        cluster.remove_node(second, allow_graceful=False)
        trainer.wait_for_events("warning")
        assert "1 of 2 play on" in trainer.events("warning")[0]["message"]
        trainer.wait_for_metrics(len(trainer.metrics) + 3)
        told: list[Any] = trainer.metrics
        assert told[-1]["timesteps_total"] > told[-4]["timesteps_total"]
        trainer.process.send_signal(signal.SIGINT)
        assert trainer.end() == 0, trainer.log.read_text()
    finally:
        trainer.process.kill()
        trainer.process.wait(20)
    assert trainer.events("finished")[0]["reason"] == "interrupted"
    # The cluster stays, ours on it does not. Its node ends a runner when it notices that the driver is gone.
    wait_until(lambda: not any(is_alive(game.pid) for game in games) and runners() == [], 20)


def test_a_cluster_that_is_not_there_is_explained(
    project: Project, tmp_path: Path, make_build: MakeBuild
) -> None:
    trainer = start_trainer(
        project.root, tmp_path, make_build("two_policies"), ray_address="127.0.0.1:9", num_env_runners=1
    )
    try:
        assert trainer.end(100) == 1
    finally:
        trainer.process.kill()
        trainer.process.wait(20)
    error = trainer.events("error")[0]
    assert error["code"] == "cluster"
    assert "127.0.0.1:9" in error["message"]
    assert "ray start" in error["hint"]
