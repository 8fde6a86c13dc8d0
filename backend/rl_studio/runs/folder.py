"""Run folders, their names, and `run.json`, which says which process a run is and how it ended."""

from __future__ import annotations

import dataclasses
import logging
import re
import secrets
import shutil
import stat
import unicodedata
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rl_studio.files import read_json, write_json_atomic
from rl_studio.lasting_output import RESERVE_FILE
from rl_studio.locks import locked
from rl_studio.runs import meta_checks

logger = logging.getLogger(__name__)

SCHEMA = 1
UNREADABLE = "unreadable"
"""The reason of a run that counts as failed because its run.json cannot be used."""

_RUN_ID = re.compile(r"\w[\w.\-]{0,99}")


@dataclass(frozen=True, slots=True)
class RunMeta:
    """The content of run.json.

    Attributes:
        created: ISO 8601 UTC.
        pid: the trainer's process, None until it was started.
        process_created: that process's creation time as psutil tells it; a pid alone may be reused.
        stop_requested: Unix time at which somebody asked the run to stop.
        state: as it was when somebody last looked; the final one is for good.
        ended: ISO 8601 UTC.
        resumed_from, initialised_from: {run, checkpoint} that it goes on from, or whose policies it began with.
        warnings: {message, count} of what was odd, noted when it has ended.
        problem: what is wrong with run.json, None if nothing is. Such a run counts as failed, and its file is left as
            it is. Not written.
    """

    id: str
    experiment: str
    trainer: str
    scene: str
    project: str
    created: str
    seed: int | None = None
    argv: list[str] = field(default_factory=list)
    python: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    git_revision: str | None = None
    godot: str = ""
    timesteps_target: int = 0
    pid: int | None = None
    process_created: float | None = None
    stop_requested: float | None = None
    state: str = "starting"
    reason: str | None = None
    exit_code: int | None = None
    ended: str | None = None
    resumed_from: dict[str, str] | None = None
    initialised_from: dict[str, str] | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    schema: int = SCHEMA
    problem: str | None = None

    @property
    def created_time(self) -> float:
        return parse_time(self.created)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths in one run's folder."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def meta_file(self) -> Path:
        return self.path / "run.json"

    @property
    def config_file(self) -> Path:
        return self.path / "config.json"

    @property
    def command_file(self) -> Path:
        return self.path / "command.txt"

    @property
    def log_file(self) -> Path:
        return self.path / "output.log"

    @property
    def checkpoints_dir(self) -> Path:
        return self.path / "checkpoints"

    @property
    def exports_dir(self) -> Path:
        return self.path / "exports"

    def is_run(self) -> bool:
        """Whether there is a run.json that we may know of."""
        try:
            return self.meta_file.exists()
        except OSError:
            return False

    def read_meta(self) -> RunMeta | None:
        """What run.json says, as far as it can be used: see `RunMeta.problem`. None if there is none."""
        try:
            size = self.meta_file.stat().st_size
            if size > meta_checks.MAX_BYTES:
                return self._unreadable({}, f"it has {size} bytes, which is more than the studio writes")
            good, problems = meta_checks.check_fields(read_json(self.meta_file))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return self._unreadable({}, error.strerror or str(error))
        except ValueError as error:
            return self._unreadable({}, f"it is not JSON ({error})")
        if problems:
            more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
            return self._unreadable(good, ", and ".join(problems[:3]) + more)
        return RunMeta(**{**good, "id": self.id})

    def _unreadable(self, good: Mapping[str, Any], problem: str) -> RunMeta:
        """What is known of a run whose run.json is wrong."""
        logger.debug("%s: %s", self.meta_file, problem)
        known = {
            "experiment": "",
            "trainer": "",
            "scene": "",
            "project": "",
            "created": self._changed(),
            **good,
        }
        wrong = {"id": self.id, "state": "failed", "reason": UNREADABLE, "pid": None}
        return RunMeta(**{**known, **wrong}, problem=f"Its run.json cannot be used: {problem}.")

    def _changed(self) -> str:
        try:
            moment = self.path.stat().st_mtime
        except OSError:
            moment = 0.0
        return format_time(datetime.fromtimestamp(moment, UTC))

    def write_meta(self, meta: RunMeta) -> None:
        """Replaces run.json.

        Raises:
            OSError: it cannot be written, and is as it was.
        """
        fields = dataclasses.asdict(meta)
        del fields["problem"]
        write_json_atomic(self.meta_file, fields)

    def locked(self) -> AbstractContextManager[None]:
        """For the block in which run.json is read and replaced, so that no other process does so meanwhile."""
        return locked(self.path)

    def sweep(self) -> None:
        """Removes what a trainer that was killed has left half done, which only takes room."""
        with suppress(OSError):
            (self.path / RESERVE_FILE).unlink(missing_ok=True)
        for path in self.checkpoints_dir.glob(".step_*"):
            shutil.rmtree(path, ignore_errors=True)

    def log_size(self) -> int:
        """Bytes in the log; 0 if there is none, or something else in its place."""
        try:
            found = self.log_file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return 0
        return found.st_size if stat.S_ISREG(found.st_mode) else 0


def warnings_of(warned: Mapping[str, int]) -> list[dict[str, Any]]:
    """Warnings with their counts, for run.json."""
    return [{"message": message, "count": count} for message, count in warned.items()]


def origin_of(checkpoint: Path | None) -> dict[str, str] | None:
    """{run, checkpoint} of a checkpoint's folder, for run.json; None for None."""
    if checkpoint is None:
        return None
    folder = checkpoint.resolve()
    return {"run": folder.parent.parent.name, "checkpoint": folder.name}


def is_run_id(text: str) -> bool:
    """Whether `text` could be a run's id; anything that could leave the runs folder is not."""
    return _RUN_ID.fullmatch(text) is not None and ".." not in text


def create_folder(runs_dir: Path, experiment: str, now: datetime) -> RunFolder:
    """Makes a fresh folder for a run of `experiment`."""
    while True:
        name = f"{now:%Y%m%d-%H%M%S}-{slug(experiment)}-{secrets.token_hex(2)}"
        try:
            (runs_dir / name).mkdir(parents=True)
            return RunFolder(runs_dir / name)
        except FileExistsError:
            continue


def list_folders(runs_dir: Path, *, besides: Collection[str] = ()) -> list[RunFolder]:
    """All run folders that are not among `besides`, newest first by name."""
    try:
        names = [path.name for path in runs_dir.iterdir() if path.name not in besides]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [RunFolder(runs_dir / name) for name in sorted(names, reverse=True) if is_run_id(name)]


def slug(text: str) -> str:
    """`text` in small letters, digits and dashes; "run" if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:32].strip("-") or "run"


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: Any) -> float:
    """Unix time of an ISO 8601 text; 0 if it is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
