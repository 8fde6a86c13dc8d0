"""Sets up the managed copy of Godot (see `managed` for what lies where)."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rl_studio.children import Finished, run_lines
from rl_studio.files import write_json_atomic
from rl_studio.godot import debian
from rl_studio.godot.binary import GodotBinary, UnusableGodotError, open_binary
from rl_studio.godot.install_error import GodotInstallError, Progress, silent
from rl_studio.godot.managed import MARKER, can_install, godot_dir, managed_path
from rl_studio.godot.relocate import find_patchelf, relocate

_LOCK_POLL_S = 0.5


def install_godot(
    progress: Progress | None = None, *, force: bool = False, environ: Mapping[str, str] | None = None
) -> GodotBinary:
    """Sets up Godot in the user's data folder, from the Debian archive. Needs no root and changes no system.

    Returns at once if the copy is there and works. Ctrl+C, or an exception of `progress`, stops it; the next
    call goes on with what was downloaded. If another process is installing, waits for it.

    Args:
        progress: called with (stage, fraction, message); the stages are wait, index, download, unpack, patch,
            verify.
        force: fetch it anew although it is there, to get a newer one.
        environ: the environment; None for ours.

    Raises:
        GodotInstallError: not possible on this machine, or it failed; the message has the last lines of
            install.log.
    """
    report = progress or silent
    if not force and (present := _working_copy(environ)) is not None:
        return present
    if (reason := can_install(environ)) is not None:
        raise GodotInstallError(
            reason,
            hint="Download Godot 4.4 or newer from godotengine.org and pass --godot PATH or set GODOT.",
        )
    folder = godot_dir(environ)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / "install.lock", report) as lock:
            if not force and (present := _working_copy(environ)) is not None:
                return present
            with (folder / "install.log").open("w", encoding="utf-8") as log:
                return _Installation(folder, log, lock, report).run()
    except OSError as error:
        raise GodotInstallError(
            f"Godot could not be set up in {folder}: {error}.",
            hint="Is the disk full or the folder read-only? RL_STUDIO_DATA_DIR can name another place.",
        ) from error


class _Installation:
    """One installation, with the lock held."""

    def __init__(self, folder: Path, log: TextIO, lock: int, progress: Progress) -> None:
        self._folder = folder
        self._log = log
        self._lock = lock
        self._progress = progress
        self._final = folder / "debian"
        self._partial = folder / "debian.partial"
        self._downloads = folder / "downloads"

    def run(self) -> GodotBinary:
        started = time.monotonic()
        archive = debian.find_archive()
        self._note(f"Godot from {archive.mirror} {debian.SUITE} {archive.architecture}")
        apt = debian.Apt(self._downloads, archive, self._run)
        apt.prepare()
        apt.update(self._progress)
        packages = apt.download(self._progress)
        root = self._partial / "root"
        debian.unpack(packages, root, self._run, self._progress)
        patchelf = find_patchelf()
        if patchelf is None:
            raise GodotInstallError("The program patchelf is missing.")
        relocate(root, self._final / "root", patchelf, self._run, self._progress)
        binary = self._move_in(archive, packages)
        shutil.rmtree(self._downloads)
        self._note(f"Complete after {time.monotonic() - started:.1f} s: {binary.version}")
        return binary

    def _move_in(self, archive: debian.Archive, packages: Sequence[Path]) -> GodotBinary:
        """Moves the copy to where it belongs, tries it, and only then calls it complete."""
        self._progress("verify", None, "Trying it")
        (self._final / MARKER).unlink(missing_ok=True)
        if self._final.exists():
            shutil.rmtree(self._final)
        self._partial.rename(self._final)
        try:
            binary = open_binary(self._final / "root" / "usr" / "bin" / "godot", "managed")
        except UnusableGodotError as error:
            raise GodotInstallError(
                f"Godot was set up, but does not work: {self._final} {error}.",
                hint=f"See {self._log.name}, and try again.",
            ) from error
        write_json_atomic(
            self._final / MARKER,
            {
                "schema": 1,
                "version": binary.version.text,
                "mirror": archive.mirror,
                "suite": debian.SUITE,
                "architecture": archive.architecture,
                "packages": [package.stem for package in packages],
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        return binary

    def _run(self, argv: Sequence[str], on_line: Callable[[str], None] | None = None) -> Finished:
        self._note("$ " + " ".join(argv))

        def follow(line: str) -> None:
            if not line.startswith("dlstatus:"):
                self._log.write(line + "\n")
            if on_line is not None:
                on_line(line)

        environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        # Children hold our lock too: if we are killed, nobody gets in before they are gone as well.
        finished = run_lines(argv, on_line=follow, env=environment, inherit=[self._lock])
        self._log.flush()
        return finished

    def _note(self, text: str) -> None:
        self._log.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
        self._log.flush()


def _working_copy(environ: Mapping[str, str] | None) -> GodotBinary | None:
    path = managed_path(environ)
    if path is None:
        return None
    try:
        return open_binary(path, "managed")
    except UnusableGodotError:  # moved to another folder, a half-restored backup, …
        return None


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[int]:
    """Holds the lock file, waiting for whoever has it; yields its descriptor for children to inherit."""
    if sys.platform == "win32":
        raise GodotInstallError("This is not a Debian-like system.")
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                progress("wait", None, "Another installation is going on; waiting for it to end")
                time.sleep(_LOCK_POLL_S)
        yield descriptor
    finally:
        os.close(descriptor)
