"""rl_studio.transport: who may connect, what is answered, and how it ends."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgpack
import pytest
from anyio.from_thread import start_blocking_portal
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from backend_client import Client, open_socket
from backend_support import fake_trainer, make_service
from rl_studio.experiments.presets import Preset
from rl_studio.project import Project
from rl_studio.protocol import MAX_FRAME
from rl_studio.protocol.messages import METHODS
from rl_studio.trainers import Trainer, TrainerRegistry
from rl_studio.transport.backend import Backend, listen
from rl_studio.transport.discovery import Discovery

# Who may connect


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Bearer wr\u00f6ng"}, 401),
    ],
)
def test_a_wrong_token_is_refused(discovery: Discovery, headers: dict[str, str], status: int) -> None:
    with pytest.raises(InvalidStatus) as caught, open_socket(discovery, additional_headers=headers):
        pass
    assert caught.value.response.status_code == status


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1"])
def test_a_browser_is_refused_even_with_the_token(discovery: Discovery, origin: str) -> None:
    with pytest.raises(InvalidStatus) as caught, open_socket(discovery, origin=origin):
        pass
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize("subprotocols", [None, ["rl-studio.v0"]])
def test_another_subprotocol_is_refused(discovery: Discovery, subprotocols: list[str] | None) -> None:
    with pytest.raises(InvalidStatus) as caught, open_socket(discovery, subprotocols=subprotocols):
        pass
    assert caught.value.response.status_code == 400


def test_only_this_machine_can_connect(backend: Backend) -> None:
    assert backend.address == "127.0.0.1"


# Talking


def test_hello_tells_who_is_there(client: Client, project: Project) -> None:
    hello = client.call("hello", client="test")
    assert (hello["project"], hello["project_name"]) == (str(project.root), "Test Game")
    assert (hello["protocol"], hello["main_scene"], hello["pid"]) == (
        "rl-studio.v1",
        "res://main.tscn",
        os.getpid(),
    )
    assert hello["godot"] == {"path": "/nowhere/godot", "version": "4.6.3.stable.official.abc"}
    assert hello["godot_problem"] is None
    assert hello["python"] == sys.executable


def test_every_method_is_handled(backend: Backend) -> None:
    assert set(backend._handlers.table) == set(METHODS)


def test_a_bad_request_is_answered_and_the_connection_stays(client: Client) -> None:
    assert client.fails("run.get", run_id="nope")["code"] == "run"
    assert client.fails("run.get")["code"] == "invalid_params"
    assert client.fails("run.fly")["code"] == "unknown_method"
    assert client.call("run.list") == {"runs": []}


@pytest.mark.parametrize("frame", [b"\xc1", "text", msgpack.packb({"type": "event"}), b""])
def test_who_breaks_the_protocol_is_told_why_and_cut_off(client: Client, frame: bytes | str) -> None:
    client.socket.send(frame)
    error = client.receive()
    assert (error["id"], error["error"]["code"]) == (None, "protocol")
    with pytest.raises(ConnectionClosedError) as caught:
        client.receive()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1002
    assert error["error"]["message"].startswith(caught.value.rcvd.reason)


def test_a_frame_too_large_is_cut_off(client: Client) -> None:
    client.socket.send(b"\xc4" * (MAX_FRAME + 1))
    with pytest.raises(ConnectionClosedError) as caught:
        client.receive()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


def test_a_fault_of_ours_is_not_shown_but_logged(
    client: Client, backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(limit: int) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(backend.service, "list", broken)
    error = client.fails("run.list")
    assert error["code"] == "internal"
    assert "secret" not in str(error)
    assert "secret" in caplog.text


# Experiments and trainers


def test_trainers_come_with_their_forms(client: Client) -> None:
    [trainer] = client.call("trainer.list")["trainers"]
    assert (trainer["name"], trainer["available"], trainer["problem"]) == ("fake", True, None)
    assert [field["key"] for field in trainer["fields"]] == ["scene", "total_timesteps", "seed", "steps"]
    assert trainer["presets"] == []
    assert trainer["can_resume"] is True


def test_fields_tell_which_algorithms_have_them(project: Project) -> None:
    with client_of(project) as client:
        trainers = {trainer["name"]: trainer for trainer in client.call("trainer.list")["trainers"]}
    fields = {field["key"]: field for field in trainers["sb3"]["fields"]}
    assert fields["buffer_size"]["algorithms"] == ["sac", "td3", "dqn"]
    assert fields["learning_rate"]["algorithms"] is None
    assert fields["learning_rate"]["defaults"]["sac"] == 3e-4
    assert {field["key"]: field["type"] for field in trainers["rllib"]["fields"]}["policies"] == "json"


@contextmanager
def client_of(project: Project, *trainers: Trainer) -> Iterator[Client]:
    """A client of a backend that knows these trainers."""
    with (
        make_service(project, trainers=TrainerRegistry(trainers or None)) as service,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(listen(service)) as backend,
        Client(backend.discovery) as client,
    ):
        yield client


def test_presets_come_with_their_values(project: Project) -> None:
    presets = [Preset("plain", "Plain", "The defaults."), Preset("long", "Long", "Takes time.", {"seed": 9})]
    with client_of(project, fake_trainer(load_presets=lambda: presets)) as client:
        [trainer] = client.call("trainer.list")["trainers"]
    assert trainer["presets"] == [
        {"name": "plain", "title": "Plain", "reason": "The defaults.", "values": {}},
        {"name": "long", "title": "Long", "reason": "Takes time.", "values": {"seed": 9}},
    ]


def test_the_number_of_games_may_be_auto(project: Project) -> None:
    with client_of(project) as client:
        saved = client.call("experiment.save", name="one", trainer="sb3", overrides={"n_envs": "auto"})
        assert saved == client.call("experiment.get", name="one")
        assert saved["config"]["n_envs"] == "auto"
        error = client.fails("experiment.save", name="one", trainer="sb3", overrides={"n_envs": "many"})
    assert [problem["key"] for problem in error["data"]["errors"]] == ["n_envs"]


def test_an_experiment_is_saved_and_read(client: Client) -> None:
    saved = client.call("experiment.save", name="one", trainer="fake", overrides={"seed": 5})
    assert saved == client.call("experiment.get", name="one")
    assert (saved["overrides"], saved["config"]["seed"], saved["config"]["total_timesteps"]) == (
        {"seed": 5},
        5,
        100,
    )
    names = [item["name"] for item in client.call("experiment.list")["experiments"]]
    assert "one" in names


def test_an_overlay_is_part_of_its_experiment(project: Project) -> None:
    overrides = {"gamma": 0.9, "learning_rate": 0.5}
    with client_of(project) as client:
        saved = client.call("experiment.save", name="one", trainer="rllib", overrides=overrides)
        assert (saved["overlay"], saved["overlay_file"], saved["problem"]) == ({}, None, None)
        assert "learning_rate" in saved["warnings"][0]
        file = project.experiments_dir / "one" / "rllib_config.yaml"
        file.write_text("learning_rate: 1e-4\npolicies: {cat: {gamma: 0.5}}\n", encoding="utf-8")
        found = client.call("experiment.get", name="one")
        file.write_text("algorithm: ppo\nlerning_rate: 1e-4\n", encoding="utf-8")
        wrong = client.call("experiment.get", name="one")
    assert found["overlay"] == {"learning_rate": 1e-4, "policies": {"cat": {"gamma": 0.5}}}
    assert found["overlay_file"] == str(file)
    assert (found["config"]["gamma"], found["config"]["learning_rate"]) == (0.9, 1e-4)
    assert found["overrides"] == overrides
    assert found["warnings"] == []
    assert wrong["overrides"] == overrides, "the form can be drawn nevertheless"
    assert "line 2" in wrong["problem"]
    assert "learning_rate" in wrong["problem"]


def test_an_experiment_with_bad_values_is_not_saved(client: Client) -> None:
    error = client.fails("experiment.save", name="one", trainer="fake", overrides={"seed": -5, "sed": 1})
    assert error["code"] == "invalid_config"
    assert {problem["key"] for problem in error["data"]["errors"]} == {"seed", "sed"}
    assert "one" not in [item["name"] for item in client.call("experiment.list")["experiments"]]
    assert (
        client.fails("experiment.save", name="../x", trainer="fake", overrides={})["code"] == "invalid_config"
    )
    assert client.fails("experiment.save", name="x", trainer="nope", overrides={})["code"] == "trainer"


# Leaving


def test_a_shutdown_is_refused_while_runs_go_unless_forced(client: Client, backend: Backend) -> None:
    run_id = client.start_run("forever")
    client.until_state(run_id, "starting", "running")
    error = client.fails("backend.shutdown")
    assert (error["code"], error["data"]) == ("runs_active", {"runs": [run_id]})
    assert not backend.leaving.is_set()
    assert client.call("backend.shutdown", force=True) == {}
    assert backend.leaving.is_set()


def test_clients_are_told_that_the_backend_leaves(project: Project) -> None:
    with make_service(project) as service, start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(listen(service)) as backend:
            client = Client(backend.discovery)
            client.call("backend.shutdown")
        assert client.until(lambda event, data: event == "backend.closing") == {"reason": "shutdown"}
        with pytest.raises(ConnectionClosed) as caught:
            client.receive()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


def test_discovery_is_for_the_user_only(project: Project) -> None:
    project.prepare_state_dir()
    discovery = Discovery(port=1, token="t", pid=2, protocol="p", version="v", started="s")
    discovery.write(project)
    assert project.discovery_file.stat().st_mode & 0o777 == 0o600
    assert Discovery.read(project) == discovery
    Discovery(port=9, token="t", pid=2, protocol="p", version="v", started="s").remove(project)
    assert project.discovery_file.exists()
    discovery.remove(project)
    assert Discovery.read(project) is None
    project.discovery_file.write_text(json.dumps({"port": 1}), encoding="utf-8")
    assert Discovery.read(project) is None
