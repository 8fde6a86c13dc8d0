"""Every method and event of the protocol, defined once; docs/protocol.md is made from it.

A string below a field is its documentation. The models are frozen and refuse unknown fields. Whole numbers
may come as floats with an integral value, because some clients have only one kind of number.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from rl_studio.protocol import export_messages as exports
from rl_studio.protocol import setup_messages as setup
from rl_studio.protocol.envelopes import Message, Nothing
from rl_studio.runs.info import CheckpointInfo, LogPage, RunInfo, SamplePage


class GodotInfo(Message):
    """A Godot executable."""

    path: str
    version: str


class HelloParams(Message):
    client: str = Field(max_length=200)
    """Name and version of the client, for the log."""


class HelloResult(Message):
    version: str
    """Version of Godot RL Studio."""
    protocol: str
    """Name of the subprotocol."""
    project: str
    """Folder of the project."""
    project_name: str
    pid: int
    """Process id of the backend."""
    python: str
    """Path of the Python that the backend runs in, and trains with."""
    main_scene: str
    """The project's main scene, or empty."""
    godot: GodotInfo | None
    """The Godot that trainings will use."""
    godot_problem: str | None
    """Why there is no Godot."""


class CheckpointChoice(Message):
    """A checkpoint of a run."""

    run_id: str
    checkpoint: Literal["latest", "best"] | int = "latest"
    """Timesteps of the checkpoint, or which one."""


class RunStartParams(Message):
    experiment: str = "default"
    """Not used with `resume`: the run stays in its experiment."""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """Values for this run alone, on top of the experiment's or of those of the run that is resumed."""
    resume: CheckpointChoice | None = None
    """Goes on where that checkpoint was made, with the settings of its run, as a new run."""
    init_from: CheckpointChoice | None = None
    """Begins with the policies of that checkpoint, and with nothing else of it."""
    imported_by: str | None = None
    """Path of the Godot whose editor has the project open and has taken in all files: if the run uses the same, it need
    not import the project first."""

    @model_validator(mode="after")
    def _has_one_beginning(self) -> Self:
        if self.resume is not None and self.init_from is not None:
            raise ValueError("either resume or init_from")
        return self


class RunParams(Message):
    run_id: str


class RunResult(Message):
    run: RunInfo


class RunConfigResult(Message):
    trainer: str
    config: dict[str, Any]
    """All values the run was started with."""


class RunListParams(Message):
    limit: int = Field(100, ge=1, le=1000)


class RunListResult(Message):
    runs: list[RunInfo]
    """Newest first."""


class RunSamplesParams(Message):
    run_id: str
    after_seq: int = Field(0, ge=0)
    """Only samples with a higher number."""
    limit: int = Field(500, ge=1, le=5000)
    """At most so many; fewer come if they are large."""


class RunLogParams(Message):
    run_id: str
    offset: int | None = Field(None, ge=0)
    """Position of the first byte wanted; null for the last `limit` bytes."""
    limit: int = Field(65536, ge=1, le=262144)
    """At most so many bytes."""


class RunCheckpointsResult(Message):
    checkpoints: list[CheckpointInfo]
    """Newest first."""


class RunFollowParams(Message):
    run_id: str
    after_seq: int = Field(0, ge=0)
    """Events begin with the sample after this one."""
    log_offset: int | None = Field(None, ge=0)
    """Log events begin at this byte; null for the last 64 KiB."""


class RunFollowResult(Message):
    last_seq: int
    """The last sample there is now; it and those before come as events, too."""
    log_end: int
    """Size of the log now."""


class ShutdownParams(Message):
    force: bool = False
    """Shut down even if runs are going; they go on either way."""


class RunChanged(Message):
    """A run is new, or what is known about it changed. Sent to every client."""

    run: RunInfo


class RunSamplesEvent(Message):
    """New samples of a followed run, in order, none left out and none twice."""

    run_id: str
    samples: list[dict[str, Any]]
    """Each has `seq` and the fields of the line protocol's @METRIC."""


class RunLogEvent(Message):
    """New text in the log of a followed run; each event begins where the one before it ended."""

    run_id: str
    start: int
    """Position of the first byte in the log."""
    end: int
    """Position after the last byte."""
    text: str


class BackendClosing(Message):
    """The backend is about to leave; runs go on without it."""

    reason: str


class Method(NamedTuple):
    """What a method takes and gives."""

    params: type[Message]
    result: type[Any]
    summary: str


METHODS: dict[str, Method] = {
    "hello": Method(HelloParams, HelloResult, "Who is there."),
    "trainer.list": Method(Nothing, setup.TrainerListResult, "The trainers and their forms."),
    "experiment.list": Method(Nothing, setup.ExperimentListResult, "All experiments."),
    "experiment.get": Method(setup.ExperimentGetParams, setup.ExperimentResult, "One experiment, complete."),
    "experiment.save": Method(
        setup.ExperimentSaveParams, setup.ExperimentResult, "Checks and saves an experiment."
    ),
    "run.start": Method(RunStartParams, RunResult, "Starts a run."),
    "run.stop": Method(RunParams, RunResult, "Asks a run to save and stop; it is killed if it does not."),
    "run.list": Method(RunListParams, RunListResult, "The runs of the project."),
    "run.get": Method(RunParams, RunResult, "One run."),
    "run.config": Method(RunParams, RunConfigResult, "The configuration of a run."),
    "run.samples": Method(RunSamplesParams, SamplePage, "A page of a run's samples."),
    "run.log": Method(RunLogParams, LogPage, "A piece of a run's log."),
    "run.checkpoints": Method(RunParams, RunCheckpointsResult, "A run's checkpoints."),
    "run.follow": Method(
        RunFollowParams, RunFollowResult, "Sends the run's samples and log as events: history, then live."
    ),
    "run.unfollow": Method(RunParams, Nothing, "Ends run.follow; nothing happens if there was none."),
    "export.start": Method(
        exports.ExportStartParams,
        exports.ExportParams,
        "Exports policies of a checkpoint to files in the project.",
    ),
    "export.cancel": Method(exports.ExportParams, Nothing, "Cancels an export; ends with export.failed."),
    "backend.shutdown": Method(ShutdownParams, Nothing, "Ends the backend; refused while runs are going."),
}

EVENTS: dict[str, type[Message]] = {
    "run.changed": RunChanged,
    "run.samples": RunSamplesEvent,
    "run.log": RunLogEvent,
    "export.progress": exports.ExportProgress,
    "export.finished": exports.ExportFinished,
    "export.failed": exports.ExportFailed,
    "backend.closing": BackendClosing,
}
