"""Fixtures of the tests of runs and of the backend."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from backend_client import Client
from backend_support import Start, make_service
from protocol_fixtures import EXPORT
from rl_studio.errors import StudioError
from rl_studio.export import ExportOptions
from rl_studio.project import Project
from rl_studio.runs import RunInfo, RunService, processes
from rl_studio.transport.backend import Backend, listen
from rl_studio.transport.discovery import Discovery


@pytest.fixture
def service(project: Project) -> Iterator[RunService]:
    with make_service(project) as service:
        yield service
        for info in service.list():
            processes.end_all(processes.members(service.folder(info.id)), kill=True)
            service.wait(info.id, timeout=20)


@pytest.fixture
def start(service: RunService) -> Start:
    """Starts a run of the fake trainer with these steps."""

    def run(*steps: str, **overrides: Any) -> RunInfo:
        return service.start("default", trainer="fake", overrides={"steps": "\n".join(steps), **overrides})

    return run


class FakeExport:
    """An exporter that does what the target's name says."""

    def __init__(self) -> None:
        self.asked: list[ExportOptions] = []

    def __call__(
        self,
        project: Project,
        run_id: str,
        options: ExportOptions,
        *,
        progress: Callable[[str], None],
        cancel: threading.Event,
    ) -> dict[str, Any]:
        self.asked.append(options)
        progress("cat: loading the policy")
        if "cancel" in options.to:
            assert cancel.wait(20)
            raise StudioError("Cancelled.")
        if "fail" in options.to:
            raise StudioError("Too different.", hint="Train again.")
        if "bug" in options.to:
            raise KeyError("secret")
        return {**EXPORT, "run": run_id}


@pytest.fixture
def fake_export() -> FakeExport:
    """What the backend exports with."""
    return FakeExport()


@pytest.fixture
def backend(project: Project, fake_export: FakeExport) -> Iterator[Backend]:
    """A backend with the fake trainer, in a thread of its own."""
    with make_service(project) as service, start_blocking_portal() as portal:
        context = portal.wrap_async_context_manager(listen(service, exporter=fake_export))
        with context as backend:
            yield backend
        for run_id in service.ids():
            processes.end_all(processes.members(service.folder(run_id)), kill=True)
            service.wait(run_id, timeout=20)


@pytest.fixture
def discovery(backend: Backend) -> Discovery:
    return backend.discovery


@pytest.fixture
def client(discovery: Discovery) -> Iterator[Client]:
    with Client(discovery) as client:
        yield client
