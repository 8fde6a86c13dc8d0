"""What each method of the protocol does."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from rl_studio import __version__
from rl_studio.errors import StudioError
from rl_studio.protocol import SUBPROTOCOL, envelopes, export_messages, messages, setup_messages
from rl_studio.protocol.session import Call
from rl_studio.runs import LogPage, RunCheckpoint, RunInfo, SamplePage
from rl_studio.runs.describe import fitting
from rl_studio.streams import readable
from rl_studio.transport.connection import Connection
from rl_studio.transport.describe import describe_config, describe_experiment, describe_trainer
from rl_studio.transport.follow import HISTORY_BYTES, Follow

if TYPE_CHECKING:
    from rl_studio.experiments import ExperimentStore
    from rl_studio.transport.backend import Backend

logger = logging.getLogger(__name__)


class RunsActiveError(StudioError):
    """The backend was asked to leave while runs are going."""

    code = "runs_active"


class Handlers:
    """Carries out calls for one backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._project = backend.project
        self._service = backend.service
        self._call = backend.worker.call
        self._godot: tuple[messages.GodotInfo | None, str | None] | None = None
        self.table: dict[str, Callable[[Connection, Any], Awaitable[Any]]] = {
            "hello": self._hello,
            "trainer.list": self._trainer_list,
            "experiment.list": self._experiment_list,
            "experiment.get": self._experiment_get,
            "experiment.save": self._experiment_save,
            "run.start": self._run_start,
            "run.stop": self._run_stop,
            "run.list": self._run_list,
            "run.get": self._run_get,
            "run.config": self._run_config,
            "run.samples": self._run_samples,
            "run.log": self._run_log,
            "run.checkpoints": self._run_checkpoints,
            "run.follow": self._run_follow,
            "run.unfollow": self._run_unfollow,
            "export.start": self._export_start,
            "export.cancel": self._export_cancel,
            "backend.shutdown": self._backend_shutdown,
        }

    async def handle(self, connection: Connection, call: Call) -> Any:
        """Carries out a call and returns the method's result."""
        return await self.table[call.method](connection, call.params)

    async def _hello(self, _: Connection, params: messages.HelloParams) -> messages.HelloResult:
        logger.info("hello from %s", params.client)
        if self._godot is None or self._godot[0] is None:  # one that is missing may come
            self._godot = await anyio.to_thread.run_sync(self._look_for_godot)
        godot, problem = self._godot
        return messages.HelloResult(
            version=__version__,
            protocol=SUBPROTOCOL,
            project=readable(str(self._project.root)),
            project_name=readable(self._project.name),
            pid=os.getpid(),
            python=readable(sys.executable),
            main_scene=readable(self._project.main_scene),
            godot=godot,
            godot_problem=problem,
        )

    def _look_for_godot(self) -> tuple[messages.GodotInfo | None, str | None]:
        try:
            binary = self._service.find_godot(None)
        except StudioError as error:
            return None, f"{error.message} {error.hint or ''}".strip()
        return messages.GodotInfo(path=str(binary.path), version=str(binary.version)), None

    async def _trainer_list(
        self, _: Connection, params: envelopes.Nothing
    ) -> setup_messages.TrainerListResult:
        def work() -> setup_messages.TrainerListResult:
            return setup_messages.TrainerListResult(
                trainers=[describe_trainer(trainer) for trainer in self._service.trainers.all()]
            )

        return await self._call(work)

    async def _experiment_list(
        self, _: Connection, params: envelopes.Nothing
    ) -> setup_messages.ExperimentListResult:
        found = await self._call(lambda: self._experiments().list())
        return setup_messages.ExperimentListResult(
            experiments=[
                setup_messages.ExperimentInfo(name=item.name, trainer=item.trainer, overrides=item.overrides)
                for item in found
            ]
        )

    async def _experiment_get(
        self, _: Connection, params: setup_messages.ExperimentGetParams
    ) -> setup_messages.ExperimentResult:
        return await self._call(
            lambda: describe_experiment(self._service, self._experiments().get(params.name))
        )

    async def _experiment_save(
        self, _: Connection, params: setup_messages.ExperimentSaveParams
    ) -> setup_messages.ExperimentResult:
        def work() -> setup_messages.ExperimentResult:
            from rl_studio.experiments import Experiment
            from rl_studio.experiments.store import check_name

            wanted = Experiment(check_name(params.name), params.trainer, params.overrides)
            described = describe_experiment(self._service, wanted)
            self._experiments().save(params.name, params.trainer, params.overrides)
            return described

        return await self._call(work)

    async def _run_start(self, _: Connection, params: messages.RunStartParams) -> messages.RunResult:
        info = await self._call(
            lambda: self._service.start(
                params.experiment,
                overrides=params.overrides,
                resume=_checkpoint(params.resume),
                init_from=_checkpoint(params.init_from),
                imported_by=params.imported_by,
            )
        )
        self._backend.monitor.kick()
        return _run(info)

    async def _run_stop(self, _: Connection, params: messages.RunParams) -> messages.RunResult:
        info = await self._call(lambda: self._service.stop(params.run_id))
        self._backend.monitor.kick()
        return _run(info)

    async def _run_list(self, _: Connection, params: messages.RunListParams) -> messages.RunListResult:
        runs = await self._call(lambda: fitting(self._service.list(params.limit)))
        return messages.RunListResult.model_construct(runs=runs)

    async def _run_get(self, _: Connection, params: messages.RunParams) -> messages.RunResult:
        return _run(await self._call(lambda: self._service.get(params.run_id)))

    async def _run_config(self, _: Connection, params: messages.RunParams) -> messages.RunConfigResult:
        return await self._call(lambda: describe_config(self._service, params.run_id))

    async def _run_samples(self, _: Connection, params: messages.RunSamplesParams) -> SamplePage:
        def work() -> SamplePage:
            self._service.ingest(params.run_id)
            return self._service.samples(params.run_id, params.after_seq, params.limit)

        return await self._call(work)

    async def _run_log(self, _: Connection, params: messages.RunLogParams) -> LogPage:
        return await self._call(lambda: self._service.log(params.run_id, params.offset, params.limit))

    async def _run_checkpoints(
        self, _: Connection, params: messages.RunParams
    ) -> messages.RunCheckpointsResult:
        found = await self._call(lambda: self._service.checkpoints(params.run_id))
        return messages.RunCheckpointsResult.model_construct(checkpoints=found)

    async def _run_follow(
        self, connection: Connection, params: messages.RunFollowParams
    ) -> messages.RunFollowResult:
        def work() -> tuple[RunInfo, LogPage]:
            info = self._service.get(params.run_id)
            return info, self._service.log(params.run_id, None, HISTORY_BYTES)

        info, history = await self._call(work)
        offset = history.start if params.log_offset is None else params.log_offset
        connection.follow(Follow(params.run_id, params.after_seq, offset))
        return messages.RunFollowResult(last_seq=info.last_seq, log_end=history.end)

    async def _run_unfollow(self, connection: Connection, params: messages.RunParams) -> envelopes.Nothing:
        connection.unfollow(params.run_id)
        return envelopes.Nothing()

    async def _export_start(
        self, _: Connection, params: export_messages.ExportStartParams
    ) -> export_messages.ExportParams:
        await self._call(lambda: self._service.get(params.run_id))
        if params.to is not None:
            self._project.to_disk(params.to)
        return export_messages.ExportParams(export_id=self._backend.exports.start(params))

    async def _export_cancel(self, _: Connection, params: export_messages.ExportParams) -> envelopes.Nothing:
        self._backend.exports.cancel(params.export_id)
        return envelopes.Nothing()

    async def _backend_shutdown(self, _: Connection, params: messages.ShutdownParams) -> envelopes.Nothing:
        active = self._backend.monitor.active
        if active and not params.force:
            raise RunsActiveError(
                f"{len(active)} run(s) are going: {', '.join(active)}.",
                hint="Stop them first, or shut down with force: they go on without the backend.",
                data={"runs": active},
            )
        self._backend.shut_down("shutdown")
        return envelopes.Nothing()

    def _experiments(self) -> ExperimentStore:
        # Late imports here: they take a tenth of the time to "ready", and no client needs them that early.
        from rl_studio.experiments import ExperimentStore

        return ExperimentStore(self._project)


def _run(info: RunInfo) -> messages.RunResult:
    return messages.RunResult.model_construct(run=info)


def _checkpoint(choice: messages.CheckpointChoice | None) -> RunCheckpoint | None:
    return None if choice is None else RunCheckpoint(choice.run_id, choice.checkpoint)
