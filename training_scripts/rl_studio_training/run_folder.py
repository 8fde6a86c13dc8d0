"""The run's folder as the trainer sees it: made by the backend, or by us for a run started by hand."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from rl_studio import streams
from rl_studio.files import write_bytes_atomic, write_json_atomic
from rl_studio.project import Project
from rl_studio.runs import folder, provenance
from rl_studio.runs.info import StateName
from rl_studio.trainers import TrainerRegistry
from rl_studio_training.reporter import timestamp

BY_HAND = "by hand"


class RunFolder:
    """A run's folder. Leaves run.json and config.json alone if a backend has written them.

    Keeps some room in it for the last words of this process, if its disk should be full then.

    Args:
        path: the folder; made if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        streams.keep_reserve(path)
        self._folder = folder.RunFolder(path)
        self.is_ours = not self._folder.meta_file.exists()

    @classmethod
    def fresh(cls, project: Project, experiment: str = BY_HAND) -> RunFolder:
        """A new folder in the project's runs, named after the time and the experiment."""
        project.prepare_state_dir()
        return cls(folder.create_folder(project.runs_dir, experiment, datetime.now(UTC)).path)

    @property
    def checkpoints(self) -> Path:
        return self._folder.checkpoints_dir

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    def describe(
        self,
        project: Project,
        scene: str,
        config: dict[str, Any],
        godot: Path | None,
        *,
        trainer: str = "sb3",
        resume: Path | None = None,
        init_from: Path | None = None,
    ) -> None:
        """Writes run.json, config.json and command.txt, so that the folder explains itself from the start.

        Args:
            config: complete.
            trainer: its name in the registry.
            resume, init_from: the checkpoint's folder that the run goes on from, or whose policies it begins with.
        """
        if not self.is_ours:
            return
        write_json_atomic(self._folder.config_file, config)
        write_bytes_atomic(
            self._folder.command_file, (provenance.command_text(sys.orig_argv) + "\n").encode()
        )
        self._folder.write_meta(
            folder.RunMeta(
                id=self._folder.id,
                experiment=BY_HAND,
                trainer=trainer,
                scene=scene,
                project=str(project.root),
                created=timestamp(),
                seed=config["seed"],
                argv=sys.orig_argv,
                python=sys.executable,
                versions=provenance.versions(TrainerRegistry().get(trainer).packages, None),
                git_revision=provenance.git_revision(project.root),
                godot=str(godot or ""),
                timesteps_target=config["total_timesteps"],
                pid=os.getpid(),
                process_created=psutil.Process().create_time(),
                state="running",
                resumed_from=folder.origin_of(resume),
                initialised_from=folder.origin_of(init_from),
            )
        )

    def finish(
        self, state: StateName, reason: str, exit_code: int, warned: Mapping[str, int] | None = None
    ) -> None:
        """Notes how a run that was started by hand ended; on a full disk its log says so alone.

        Args:
            warned: its warnings, with how often each was told.
        """
        meta = self._folder.read_meta() if self.is_ours else None
        if meta is not None:
            streams.end()  # what is kept for the last words has room for this, too
            with contextlib.suppress(OSError):
                self._folder.write_meta(
                    dataclasses.replace(
                        meta,
                        state=state,
                        reason=reason,
                        exit_code=exit_code,
                        ended=timestamp(),
                        warnings=folder.warnings_of(warned or {}),
                    )
                )
