"""Gets Godot's packages from the Debian archive with the machine's own apt, without touching the machine.

apt is run with a private configuration in which no package is installed at all, so it resolves and downloads
the whole closure, libc included. The packages are only unpacked into a folder; see `relocate` for making them
work there.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rl_studio.children import Finished
from rl_studio.godot.install_error import GodotInstallError, Progress

SUITE = "forky"
"""The first Debian release with Godot 4."""

PACKAGES = ("godot", "godot-template-release", "libgl1", "libglx-mesa0", "libgl1-mesa-dri")
ARCHITECTURES = ("amd64", "arm64")

Runner = Callable[[Sequence[str], Callable[[str], None] | None], Finished]
"""Runs a command, logs its output, and hands each line to the callback."""

_KEYRINGS = ("debian-archive-keyring.pgp", "debian-archive-keyring.gpg")
_HOOKS = (
    "APT::Update::Pre-Invoke",
    "APT::Update::Post-Invoke",
    "APT::Update::Post-Invoke-Success",
    "DPkg::Pre-Invoke",
    "DPkg::Post-Invoke",
    "DPkg::Pre-Install-Pkgs",
)
_STATUS = re.compile(r"^dlstatus:\d+:(?P<percent>[\d.]+):(?P<message>.*)$")
_URI = re.compile(r"^'(?P<uri>[^']+?/)dists/")
_QUERY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the packages come from, as this machine is set up.

    Attributes:
        mirror: the Debian mirror of the machine's own package sources; ends in a slash.
        architecture: "amd64" or "arm64".
        keyring: the keys that sign the archive.
    """

    mirror: str
    architecture: str
    keyring: Path


def find_archive() -> Archive:
    """Reads the mirror and architecture from this machine's own configuration.

    Raises:
        GodotInstallError: this is no Debian-like machine with a Debian mirror, or no supported processor.
    """
    for tool in ("apt-get", "dpkg", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise GodotInstallError(f"This is not a Debian-like system: it has no {tool}.")
    architecture = _query("dpkg", "--print-architecture").strip()
    if architecture not in ARCHITECTURES:
        raise GodotInstallError(f"Debian has no Godot for this processor ({architecture}).")
    sources = _sources()
    mirror = next((uri for uri in sources if uri.endswith("/debian/")), None)
    if mirror is None:
        named = ", ".join(sources) or "none"
        raise GodotInstallError(
            f"The package sources of this machine have no Debian mirror (they are: {named})."
        )
    for name in _KEYRINGS:
        keyring = Path("/usr/share/keyrings") / name
        if keyring.is_file():
            return Archive(mirror, architecture, keyring)
    raise GodotInstallError("The keys of the Debian archive are not here (package debian-archive-keyring).")


class Apt:
    """apt with a state of its own in `folder`. Downloads survive a crash; the next run goes on from them."""

    def __init__(self, folder: Path, archive: Archive, run: Runner) -> None:
        self._folder = folder
        self._archive = archive
        self._run = run
        self._archives = folder / "cache" / "archives"

    def prepare(self) -> None:
        """Writes the configuration.

        Raises:
            OSError: the folder cannot be written to.
        """
        for part in ("etc/sources.list.d", "state/lists/partial", "cache/archives/partial", "log"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        options = (
            f"signed-by={self._archive.keyring} arch={self._archive.architecture} target=Packages lang=none"
        )
        source = f"deb [{options}] {self._archive.mirror} {SUITE} main\n"
        (self._folder / "etc" / "sources.list").write_text(source, encoding="utf-8")
        (self._folder / "state" / "status").write_text("", encoding="utf-8")
        self._configuration.write_text(
            _configuration(self._folder, self._archive.architecture), encoding="utf-8"
        )

    def update(self, progress: Progress) -> None:
        """Fetches the list of packages.

        Raises:
            GodotInstallError: the mirror cannot be reached, or has no such release.
        """
        self._apt("index", "Reading the package list", progress, "update")

    def download(self, progress: Progress) -> list[Path]:
        """Downloads Godot and everything it needs, and returns the .deb files.

        Raises:
            GodotInstallError: no network, a full disk, a broken mirror.
        """
        # An earlier attempt may have left versions that are no longer current.
        self._apt("download", "Tidying up", progress, "autoclean")
        self._apt("download", "Downloading", progress, "install", "--yes", "--download-only", *PACKAGES)
        return sorted(self._archives.glob("*.deb"))

    @property
    def _configuration(self) -> Path:
        return self._folder / "etc" / "apt.conf"

    def _apt(self, stage: str, title: str, progress: Progress, *words: str) -> None:
        def follow(line: str) -> None:
            if match := _STATUS.match(line):
                progress(stage, min(1.0, float(match["percent"]) / 100), f"{title}: {match['message']}")

        progress(stage, None, f"{title} …")
        finished = self._run(["apt-get", "-c", str(self._configuration), *words], follow)
        if finished.code != 0:
            lines = [line for line in finished.tail if not _STATUS.match(line)]
            raise GodotInstallError(
                f"apt-get {words[0]} failed (exit code {finished.code}). Its last lines:\n"
                + "\n".join(lines[-8:]),
                hint="Check the network connection and try again; what is downloaded already is kept.",
            )


def unpack(packages: Sequence[Path], root: Path, run: Runner, progress: Progress) -> None:
    """Unpacks .deb files into `root`, which is emptied first.

    Raises:
        GodotInstallError: a package is broken (it is deleted, so that the next run fetches it again).
        OSError: the disk is full, …
    """
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    for number, package in enumerate(packages):
        progress("unpack", number / len(packages), f"Unpacking {package.name.split('_')[0]}")
        finished = run(["dpkg-deb", "-x", str(package), str(root)], None)
        if finished.code != 0:
            package.unlink(missing_ok=True)
            raise GodotInstallError(
                f"{package.name} could not be unpacked:\n" + "\n".join(finished.tail[-5:]),
                hint="Try again: it is downloaded anew. Is the disk full?",
            )
    _drop_privileges(root)


def _drop_privileges(root: Path) -> None:
    """No set-user-id program may lie in a private copy that nobody updates."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID))


def _sources() -> list[str]:
    """The repositories of the machine, each ending in a slash, in their order."""
    targets = _query("apt-get", "indextargets", "--format", "$(REPO_URI)").splitlines()
    if not targets:
        # Fresh containers have no package lists, and apt then names no targets.
        lines = _query("apt-get", "update", "--print-uris").splitlines()
        targets = [match["uri"] for line in lines if (match := _URI.match(line))]
    return list(dict.fromkeys(uri.rstrip("/") + "/" for uri in targets))


def _query(*argv: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            argv, env=environment, capture_output=True, text=True, timeout=_QUERY_TIMEOUT_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GodotInstallError(f"{argv[0]} does not answer: {error}") from error


def _configuration(folder: Path, architecture: str) -> str:
    # Read after the machine's own configuration (proxies stay), and takes back what would reach outside of
    # `folder`: hooks, pins, other architectures. Root would otherwise hand the download to a user who cannot
    # write here.
    settings = {
        "Dir::Etc::sourcelist": folder / "etc" / "sources.list",
        "Dir::Etc::sourceparts": folder / "etc" / "sources.list.d",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": folder / "state",
        "Dir::State::lists": folder / "state" / "lists",
        "Dir::State::status": folder / "state" / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Cache::archives": folder / "cache" / "archives",
        "Dir::Log": folder / "log",
        "APT::Architecture": architecture,
        "APT::Default-Release": "",
        "APT::Install-Recommends": "false",
        "APT::Install-Suggests": "false",
        "APT::Sandbox::User": "root",
        "APT::Status-Fd": "1",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "30",
        "Acquire::https::Timeout": "30",
    }
    lines = [f"#clear {hook};" for hook in (*_HOOKS, "APT::Architectures")]
    lines += [f'APT::Architectures {{ "{architecture}"; }};']
    lines += [f'{key} "{value}";' for key, value in settings.items()]
    return "\n".join(lines) + "\n"
