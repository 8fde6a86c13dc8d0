"""Runs pip in the managed environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from rl_studio.setup import bare, packages_there
from rl_studio.setup.child import Cancel, run_module
from rl_studio.setup.parts import Size
from rl_studio.setup.pip_output import PipProgress, fault
from rl_studio.setup.places import Places, site_packages
from rl_studio.setup.report import Report

_ELSEWHERE = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_NO_DEPS",
    "PIP_DRY_RUN",
    "PIP_QUIET",
    "PIP_REPORT",
    "PIP_LOG",
)
"""Settings of the user's that would have pip do something else; where his packages come from is his to say."""


class Pip:
    """pip of the environment.

    Args:
        cancel: set it to end what runs.
    """

    def __init__(self, places: Places, report: Report, cancel: Cancel) -> None:
        self._places = places
        self._report = report
        self._cancel = cancel
        self._env = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        self._env |= {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        self._env |= {"PIP_NO_INPUT": "1"}
        self._env |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(places.temporary))

    def put_in(self) -> None:
        """Makes sure that the environment has pip, if need be from the package index.

        Raises:
            SetupError: it cannot be had.
        """
        if bare.has_ensurepip():
            code, tail = self._run("ensurepip", ["--upgrade", "--default-pip"], self._report.line)
            if code == 0:
                return
            self._report.line(f"ensurepip ended with exit code {code}; pip is fetched instead")
        wheel = bare.pip_wheel(self._places)
        # A wheel of pip can be run as it is.
        code, tail = self._run(
            "pip", ["install", "--no-index", "--no-deps", str(wheel)], self._report.line, path=wheel
        )
        if code != 0:
            raise fault(tail, code, str(self._places.work))

    def renew(self) -> None:
        """Brings pip to the version that tells how many bytes came. An older one does as well."""
        code, _ = self._run(
            "pip",
            ["install", "--quiet", "--cache-dir", str(self._places.downloads), f"pip=={bare.PIP}"],
            self._report.line,
        )
        if code != 0:
            self._report.line("pip could not be brought up to date; it goes on with the one that is there")

    def install(
        self, requirement: str, options: Sequence[str], expected: Size, span: tuple[float, float]
    ) -> None:
        """Installs a requirement and all that it needs.

        Args:
            options: more options for pip.
            expected: about how much that is.
            span: where in the whole progress this begins and ends.

        Raises:
            SetupError: pip says no.
        """
        progress = PipProgress(expected)
        before = 0
        shown = ""

        def tell() -> None:
            nonlocal shown
            if progress.text != shown:
                shown = progress.text
                begin, end = span
                self._report.progress(begin + (end - begin) * progress.fraction, shown)

        def take(line: str) -> None:
            nonlocal before
            if not progress.feed(line):
                self._report.line(line)
                if line.startswith("Installing collected packages"):
                    before = packages_there.count(self._places.env)
            tell()

        def wait() -> None:
            if progress.packages:
                progress.installed(packages_there.count(self._places.env) - before)
                tell()

        arguments = [
            "install",
            "--progress-bar",
            "raw" if self._has_raw_progress() else "off",
            "--prefer-binary",
        ]
        arguments += ["--retries", "3", "--cache-dir", str(self._places.downloads), *options, requirement]
        code, tail = self._run("pip", arguments, take, wait)
        if code != 0:
            raise fault(tail, code, str(self._places.data))

    def uninstall(self, distribution: str) -> None:
        """Removes a package, so that another build of the same version can take its place."""
        self._run("pip", ["uninstall", "--yes", "--quiet", distribution], self._report.line)

    def _has_raw_progress(self) -> bool:
        for folder in site_packages(self._places.env):
            for info in folder.glob("pip-*.dist-info"):
                numbers = info.name.removeprefix("pip-").split(".")[:2]
                return [int(number) for number in numbers if number.isdecimal()] >= [24, 1]
        return False

    def _run(
        self,
        module: str,
        arguments: Sequence[str],
        on_line: Callable[[str], None],
        on_wait: Callable[[], None] = lambda: None,
        *,
        path: Path | None = None,
    ) -> tuple[int, list[str]]:
        return run_module(
            self._places.python,
            module,
            arguments,
            env=self._env,
            cancel=self._cancel,
            path=path,
            on_line=on_line,
            on_wait=on_wait,
        )
