"""Sets the managed environment up: from nothing, from where it was interrupted, from an older or a broken one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rl_studio import locks, storage
from rl_studio.disk_facts import free_bytes, size_text
from rl_studio.files import write_bytes_atomic
from rl_studio.setup import bare, packages_there, parts, torch_source
from rl_studio.setup.child import POLL_S, Cancel, run_module
from rl_studio.setup.errors import SetupCancelledError, SetupError
from rl_studio.setup.pip_runs import Pip
from rl_studio.setup.places import Places
from rl_studio.setup.report import Report
from rl_studio.setup.state import EnvironmentState, load
from rl_studio.setup.wheel import Wheel

DISTRIBUTION = "godot-rl-studio"

_PACKAGES_SPAN = (0.08, 0.94)
_TRIAL_S = 0.94


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be there in the end.

    Attributes:
        extras: as in parts.json.
        torch: which build of PyTorch.
        wheel: the studio's wheel.
        repair: look at each file of an environment that seems to be good, and mend it; also go back to an older
            version.
    """

    extras: tuple[str, ...]
    torch: parts.Torch
    wheel: Wheel
    repair: bool = False


def set_up(places: Places, request: Request, report: Report, cancel: Cancel) -> EnvironmentState:
    """Makes the managed environment what `request` says. Where it is so already, nothing is done.

    Args:
        cancel: set it, from another thread, to stop.

    Raises:
        SetupError: it cannot be done; what was done is kept.
        SetupCancelledError: `cancel` was set.
        StudioError: the disk is full, or may not be written to.
    """
    storage.require_writable(places.data, "The folder for the environment")
    with _alone(places, report, cancel):
        report.begin_log()
        return _Setup(places, request, report, cancel).run()


def remove(places: Places, report: Report, cancel: Cancel) -> None:
    """Removes the environment, and all that set-ups have left.

    Raises:
        SetupError: it is in use.
    """
    with _alone(places, report, cancel):
        report.phase("remove", "Removing the environment", 0.1)
        bare.remove(places.env)
        for folder in (places.downloads, places.wheels, places.temporary, places.pythons):
            shutil.rmtree(folder, ignore_errors=True)
        report.progress(1.0, "Removed", at_once=True)


class _Setup:
    def __init__(self, places: Places, request: Request, report: Report, cancel: Cancel) -> None:
        self._places = places
        self._request = request
        self._report = report
        self._cancel = cancel
        self._pip = Pip(places, report, cancel)
        self._old = load(places)
        extras, torch = set(request.extras), request.torch
        if self._old is not None:
            extras |= set(self._old.extras)  # what is there stays
            if not request.extras:
                torch = self._old.torch
        self._goal = EnvironmentState(
            "making",
            request.wheel.version,
            request.wheel.sha256,
            tuple(sorted(extras)),
            torch,
            bare.base_python(),
        )
        self._size = parts.size_of(self._goal.extras, torch)

    def run(self) -> EnvironmentState:
        self._refuse_older()
        bare.clear_removed(self._places.env)
        if self._is_done():
            assert self._old is not None
            self._report.progress(1.0, "All is there already", at_once=True)
            return self._old
        self._say_what_is_done()
        self._require_room()
        wheel = self._keep_wheel()
        self._make_bare()
        self._install(wheel)
        return self._finish()

    def _refuse_older(self) -> None:
        old = self._old
        if old is None or self._request.repair or not _is_newer(old.version, self._goal.version):
            return
        raise SetupError(
            f"The environment holds version {old.version}, which is newer than {self._goal.version}.",
            hint="Update the addon of this project; Repair puts the older version into the environment instead.",
        )

    def _is_done(self) -> bool:
        old = self._old
        return (
            old is not None
            and not self._request.repair
            and replace(old, stage="making", base=self._goal.base, notes=()) == self._goal
            and old.stage == "ready"
            and bare.works(self._places.env)
        )

    def _say_what_is_done(self) -> None:
        old, new = self._old, self._goal
        if old is None:
            return
        if old.stage != "ready":
            self._report.note("An earlier set-up was interrupted; it goes on from there.")
        elif old.version != new.version:
            self._report.note(f"The environment is brought from version {old.version} to {new.version}.")

    def _require_room(self) -> None:
        here = 0
        for folder in (self._places.env, self._places.downloads):
            here += sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
        needed = self._size.disk + self._size.download - here
        free = free_bytes(self._places.data)
        if free < needed and (self._old is None or self._old.stage != "ready"):
            raise storage.DiskFullError(
                f"The environment needs {size_text(needed)} in {self._places.data}, but {size_text(free)} are free.",
                hint="Make room on this disk; the environment variable RL_STUDIO_DATA_DIR names another place.",
            )

    def _keep_wheel(self) -> Path:
        """Copies the wheel to where it can be found again: the project that has it may go."""
        kept = self._places.wheels / self._request.wheel.path.name
        if not kept.is_file() or _sha256(kept) != self._goal.wheel:
            write_bytes_atomic(kept, self._request.wheel.path.read_bytes())
        for other in self._places.wheels.glob("*.whl"):
            if other != kept:
                other.unlink(missing_ok=True)
        return kept

    def _make_bare(self) -> None:
        """An environment with a Python and pip, unless it is there."""
        self._check()
        old = self._old
        is_there = old is not None and old.stage != "making" and bare.works(self._places.env)
        if old is not None and is_there:
            # With another Python it was begun in vain, perhaps: there may be no packages for it.
            has_other_python = old.stage != "ready" and old.base != self._goal.base
            if old.torch == self._goal.torch and not has_other_python:
                return
        bare.remove(self._places.env)
        self._goal.save(self._places)
        self._report.phase("python", f"Making the environment with {self._goal.base}", 0.01)
        bare.make(self._places)
        self._check()
        self._report.phase("pip", "Putting pip into the environment", 0.03)
        self._pip.put_in()
        self._check()
        self._pip.renew()

    def _install(self, wheel: Path) -> None:
        self._check()
        self._goal = replace(self._goal, stage="installing")
        self._goal.save(self._places)
        damaged = packages_there.drop_damaged(self._places.env, deep=self._request.repair)
        if damaged:
            self._report.note(f"Not whole, and installed again: {', '.join(damaged)}.")
        if any(name.startswith("pip-") for name in damaged):
            self._pip.put_in()
        options = ["--constraint", str(self._constraints(wheel))]
        if self._goal.extras:
            self._report.phase("torch", "Looking for PyTorch", _PACKAGES_SPAN[0])
            source = torch_source.find(self._goal.torch)
            options += source.arguments
            if source.note and source.reason:
                self._report.line(source.reason)
                self._report.note(source.note)
        if self._request.repair or (self._old is not None and self._old.wheel != self._goal.wheel):
            self._pip.uninstall(DISTRIBUTION)
        self._report.phase("packages", "Installing packages", _PACKAGES_SPAN[0])
        extras = f"[{','.join(self._goal.extras)}]" if self._goal.extras else ""
        self._pip.install(f"{DISTRIBUTION}{extras} @ {wheel.as_uri()}", options, self._size, _PACKAGES_SPAN)
        if self._goal.torch == "cpu" and packages_there.has(self._places.env, "nvidia_cublas"):
            note = "PyTorch is the build for NVIDIA GPUs: the one for the CPU could not be reached."
            self._goal = replace(self._goal, notes=(note,))

    def _constraints(self, wheel: Path) -> Path:
        target = self._places.work / "constraints.txt"
        write_bytes_atomic(target, Wheel(wheel).constraints())
        return target

    def _finish(self) -> EnvironmentState:
        self._check()
        self._report.phase("trial", "Trying it", _TRIAL_S)
        code, tail = run_module(
            self._places.python,
            "rl_studio.setup.trial",
            self._goal.extras,
            env=os.environ,
            cancel=self._cancel,
            on_line=self._report.line,
        )
        found = {"problem": f"it ended with exit code {code}"}
        with suppress(ValueError, IndexError):
            found = json.loads(tail[-1])
        if code != 0 or found["problem"]:
            raise SetupError(
                f"What was installed does not work here: {found['problem']}",
                hint="Repair looks at each file; another Python may help. The log says more.",
            )
        self._goal = replace(self._goal, stage="ready")
        self._goal.save(self._places)
        for folder in (self._places.downloads, self._places.temporary):
            shutil.rmtree(folder, ignore_errors=True)
        self._report.line(str(found.get("torch") or ""))
        self._report.progress(1.0, "The environment is ready", at_once=True)
        return self._goal

    def _check(self) -> None:
        if self._cancel.is_set():
            raise SetupCancelledError


@contextmanager
def _alone(places: Places, report: Report, cancel: Cancel) -> Iterator[None]:
    """Waits until nobody else sets up."""
    places.work.mkdir(parents=True, exist_ok=True)
    places.temporary.mkdir(exist_ok=True)
    descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT)
    try:
        said = False
        while not _locks(descriptor):
            if not said:
                said = True
                report.phase("wait", "Waiting: another editor or terminal sets the environment up", 0.0)
            if cancel.is_set():
                raise SetupCancelledError
            time.sleep(POLL_S)
        yield
    finally:
        os.close(descriptor)


def _locks(descriptor: int) -> bool:
    try:
        locks.lock(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _is_newer(one: str, other: str) -> bool:
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split("+")[0].split(".") if number.isdecimal()]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
