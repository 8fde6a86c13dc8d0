"""Reads what pip prints: which package it is at, how many bytes came, and in which words it fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rl_studio.disk_facts import size_text
from rl_studio.setup.errors import SetupError
from rl_studio.setup.parts import Size

_COLLECTING = re.compile(r"^(?:Collecting|Processing) (\S+)")
_DOWNLOADING = re.compile(r"^\s*(Downloading|Using cached) (\S+) \(([\d.]+) ?(bytes|kB|MB|GB)\)")
_PROGRESS = re.compile(r"^Progress (\d+) of (\d+)")
_INSTALLING = re.compile(r"^Installing collected packages: (.*)")
_WHEEL_NAME = re.compile(r"(?:.*/)?([^/-]+)-[^/]*")
_UNITS = {"bytes": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}

_LOOKED_UP, _LOADED = 0.15, 0.75
"""Shares of an installation after which all packages are known, and are here."""


@dataclass
class PipProgress:
    """How far an installation is.

    Args:
        expected: about how much is to come.
    """

    expected: Size
    text: str = "Looking up packages"
    fraction: float = 0.0
    packages: int = 0
    """How many are to be installed; 0 while nobody knows."""
    _known: set[str] = field(default_factory=set)
    _before: int = 0
    _size: int = 0
    _file: str = ""

    def feed(self, line: str) -> bool:
        """Takes a line; says whether it tells of progress (and is worth no place in a log)."""
        match = _PROGRESS.match(line)
        if match:
            self._loaded(int(match.group(1)), int(match.group(2)))
            return True
        if match := _COLLECTING.match(line):
            self._known.add(re.split(r"[<>=!~;\[ ]", match.group(1))[0])
            self._to(_LOOKED_UP * min(len(self._known) / max(self.expected.packages, 1), 1.0))
            self.text = f"Looking up packages: {len(self._known)} of about {self.expected.packages}"
        elif match := _DOWNLOADING.match(line):
            self._next_file(match.group(2), round(float(match.group(3)) * _UNITS[match.group(4)]))
            if match.group(1) == "Using cached":
                self._loaded(self._size, self._size)
        elif match := _INSTALLING.match(line):
            self.packages = len(match.group(1).split(","))
            self._to(_LOADED)
            self.text = f"Installing {self.packages} packages"
        return False

    def installed(self, count: int) -> None:
        """So many packages of those that are to be installed are there."""
        if self.packages:
            count = min(count, self.packages)
            self._to(_LOADED + (1 - _LOADED) * count / self.packages)
            self.text = f"Installing packages: {count} of {self.packages}"

    def _next_file(self, name: str, size: int) -> None:
        if name.endswith(".metadata"):
            self._size = 0
            return
        self._before += self._size
        self._size = size
        match = _WHEEL_NAME.match(name)
        self._file = match.group(1) if match else name

    def _loaded(self, part: int, whole: int) -> None:
        if self._size == 0:
            return  # of a package's description
        self._size = max(whole, 1)
        done = self._before + part
        total = max(self.expected.download, self._before + whole)
        self._to(_LOOKED_UP + (_LOADED - _LOOKED_UP) * done / total)
        self.text = (
            f"Downloading {self._file}: {size_text(part)} of {size_text(whole)} ({size_text(done)} in all)"
        )

    def _to(self, fraction: float) -> None:
        self.fraction = max(self.fraction, min(fraction, 1.0))


_FAULTS: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|not enough space|\[Errno 28\]|WinError 112",
        "The disk is full.",
        "Make room on the disk of {folder}, then press Retry: what was downloaded is kept.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The package index cannot be trusted: its certificate is not valid here.",
        "A proxy or a virus scanner may be in between; PIP_CERT names its certificate. {last}",
    ),
    (
        r"ProxyError|407 Proxy",
        "The proxy refuses.",
        "Set HTTPS_PROXY to a proxy that lets you through. {last}",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|name resolution|Network is unreachable|getaddrinfo"
        r"|Connection refused|ReadTimeoutError|ConnectionResetError|RemoteDisconnected|IncompleteRead"
        r"|Connection broken",
        "The package index cannot be reached.",
        "Check the connection, then press Retry: what was downloaded is kept. PIP_INDEX_URL names another index.",
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES|BadZipFile|is not a valid wheel|invalid wheel|has an invalid wheel",
        "A package arrived damaged.",
        "Press Retry; it is downloaded again. {last}",
    ),
    (
        r"No matching distribution found for (\S+)",
        "There is no build of {0} for this Python and this machine.",
        "Choose another Python from the list.",
    ),
    (
        r"Permission denied|Access is denied|WinError 5\b|WinError 32",
        "A file cannot be written: it is in use, or may not be changed.",
        "Stop trainings and close other editors that use RL Studio, then press Retry. {last}",
    ),
)


def fault(lines: Sequence[str], code: int, folder: str) -> SetupError:
    """What to say of an installation that failed, from its last lines."""
    text = "\n".join(lines)
    errors = [line for line in lines if line.startswith("ERROR")]
    last = (errors or list(lines) or [""])[-1].strip()
    for pattern, message, hint in _FAULTS:
        match = re.search(pattern, text)
        if match:
            return SetupError(
                message.format(*match.groups()), hint=hint.format(folder=folder, last=last).strip()
            )
    return SetupError(f"pip ended with exit code {code}: {last}", hint="The log says more.")
