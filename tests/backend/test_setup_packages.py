"""The packages of the set-up: what pip's faults mean, where PyTorch comes from, and that all of them are locked."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rl_studio.setup import own_wheel, parts, torch_source
from rl_studio.setup.pip_output import fault
from rl_studio.setup.wheel import Wheel
from setup_runs import serve


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("... SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...", "certificate"),
        (
            "ERROR: No matching distribution found for torch==2.13.0",
            "no build of torch==2.13.0 for this Python",
        ),
        (
            "Retrying after connection broken by 'NameResolutionError(\"Failed to resolve 'index.invalid'",
            "cannot be reached",
        ),
        ("ERROR: [WinError 32] The process cannot access the file", "in use"),
        ("ERROR: something new", "exit code 1: ERROR: something new"),
    ],
)
def test_faults_of_pip_are_told_in_words(line: str, message: str) -> None:
    assert message in fault(["Collecting torch", line], 1, "/data").message


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the package index has the build for the CPU")
def test_pytorch_comes_from_its_makers_where_they_can_be_reached(tmp_path: Path) -> None:
    page = tmp_path / "whl" / "cpu" / "torch"
    page.mkdir(parents=True)
    (page / "index.html").write_text("<a href='torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl'></a>")
    with serve(tmp_path) as address:
        mirror = {torch_source.VARIABLE: f"{address}/whl/"}
        found = torch_source.find("cpu", mirror)
        assert found.arguments == ("--find-links", f"{address}/whl/cpu/torch/")
        assert found.note is None
        assert torch_source.find("gpu", mirror).arguments == ()
    gone = torch_source.find("cpu", mirror)
    assert gone.arguments == ()
    assert "cannot be reached" in (gone.note or "")
    assert f"{address}/whl/cpu/torch/" in (gone.reason or "")


def test_every_package_that_an_extra_brings_is_locked(tmp_path: Path) -> None:
    locked = {}
    for line in Wheel(own_wheel.make(tmp_path)).constraints().decode().splitlines():
        if "==" in line and not line.startswith("#"):
            name, version = line.split("==")
            locked[canonicalize_name(name)] = version
    waiting = [("godot-rl-studio", extra) for extra in ("", *parts.extras())]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system
        for requirement in map(Requirement, requires):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                wanted = canonicalize_name(requirement.name)
                waiting += [(wanted, one) for one in ("", *requirement.extras)]
    names = {name for name, _ in seen} - {"godot-rl-studio"}
    assert len(names) > 50
    assert {name for name in names if name not in locked} == set()
