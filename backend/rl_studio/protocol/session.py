"""The backend's side of one connection, without I/O: frames in, calls out; results and events in, frames out.

call = session.receive(frame)          # None: answered already; then look at `session.violation`
session.respond(call, result)          # or session.fail(call, error)
while (frame := session.next_frame()) is not None: ...
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rl_studio.errors import StudioError, closest
from rl_studio.protocol.codec import ProtocolError, TooLargeError, decode, encode
from rl_studio.protocol.envelopes import Event, Message, Request
from rl_studio.protocol.messages import METHODS, RunChanged

logger = logging.getLogger(__name__)

_REPLACEABLE = {"run.changed": ("run", "id"), "export.progress": ("export_id",)}
"""Events of which only the newest matters → where they say what they are about."""


class UnknownMethodError(StudioError):
    """The protocol has no such method."""

    code = "unknown_method"


class InvalidParamsError(StudioError):
    """The parameters do not fit the method; `data["errors"]` lists {key, message, value}."""

    code = "invalid_params"


@dataclass(frozen=True, slots=True)
class Call:
    """A valid request. `params` is of the method's type."""

    id: int
    method: str
    params: Message


class Session:
    """What is said on one connection.

    Frames wait here until the connection takes them. Events that are overtaken by newer ones are replaced,
    so the
    number of waiting events is limited by the number of runs and exports; `pending_answers` tells the caller
    when to
    stop receiving.

    Attributes:
        violation: why the connection has to be closed, after the waiting frames were sent; None as long as
        all is
            well.
    """

    def __init__(self) -> None:
        self.violation: str | None = None
        self._waiting: dict[tuple[object, ...], dict[str, Any]] = {}
        self._numbers = itertools.count()
        self._answers = 0

    @property
    def pending_answers(self) -> int:
        """Answers that the connection has not taken yet."""
        return self._answers

    def receive(self, frame: bytes | str) -> Call | None:
        """Takes one frame from the client.

        Returns:
            The call to carry out and then to answer with `respond` or `fail`; None if the frame held none
            that can
            be carried out: an error is waiting to be sent then, and `violation` may be set.
        """
        if self.violation is not None:
            return None
        request: dict[str, Any] = {}
        try:
            if isinstance(frame, str):
                raise ProtocolError("Text frames are not part of the protocol.")
            request = decode(frame)
            return _to_call(_validated(request))
        except ProtocolError as error:
            self.violation = error.message
            self._answer_error(None, error)
        except StudioError as error:
            self._answer_error(request["id"], error)
        return None

    def respond(self, call: Call, result: Any) -> None:
        """Answers a call with its result, of the method's type.

        A result that does not fit into a frame becomes an error.
        """
        self._answer({"type": "response", "id": call.id, "result": to_wire(result)})

    def fail(self, call: Call, error: StudioError) -> None:
        """Answers a call with an error."""
        self._answer_error(call.id, error)

    def emit(self, event: str, data: Message) -> None:
        """Tells the client that something happened."""
        fields = data.model_dump()
        key: tuple[object, ...] = (next(self._numbers),)
        if event in _REPLACEABLE:
            subject: Any = fields
            for name in _REPLACEABLE[event]:
                subject = subject[name]
            key = (event, subject)
            self._waiting.pop(key, None)
        self._waiting[key] = Event(event=event, data=fields).model_dump()

    def next_frame(self) -> bytes | None:
        """The next frame to send; None if there is none."""
        while self._waiting:
            message = self._waiting.pop(next(iter(self._waiting)))
            self._answers -= message["type"] != "event"
            frame = _encode(message)
            if frame is not None:
                return frame
        return None

    def next_ends_run(self) -> str | None:
        """The run whose end the next frame tells, so that what is to be known before can be sent before."""
        if not self._waiting:
            return None
        message = next(iter(self._waiting.values()))
        if message.get("event") != "run.changed":
            return None
        run = message["data"]["run"]
        return str(run["id"]) if run["ended"] is not None else None

    def _answer_error(self, request_id: int | None, error: StudioError) -> None:
        self._answer({"type": "error", "id": request_id, "error": error.to_wire()})

    def _answer(self, message: dict[str, Any]) -> None:
        self._answers += 1
        self._waiting[(next(self._numbers),)] = message


def event_frame(event: str, data: Message) -> bytes:
    """The frame of an event, for events that are made just when they can be sent.

    Raises:
        TooLargeError: it does not fit into a frame.
    """
    return encode(Event(event=event, data=data.model_dump()).model_dump())


def to_wire(result: Any) -> dict[str, Any]:
    """A result as a map: a message, or one of the data classes of `rl_studio.runs.info` that hold plain
    data."""
    if isinstance(result, Message):
        return result.model_dump()
    return {item.name: getattr(result, item.name) for item in dataclasses.fields(result)}


def run_changed(run: Any) -> RunChanged:
    """The event's data; the run is ours, so it is not checked again."""
    return RunChanged.model_construct(run=run)


def _validated(data: dict[str, Any]) -> Request:
    try:
        return Request.model_validate(data)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "message"
        raise ProtocolError(f"This is no request: {where}: {problem['msg']}.") from error


def _to_call(request: Request) -> Call:
    method = METHODS.get(request.method)
    if method is None:
        near = closest(request.method, METHODS)
        raise UnknownMethodError(
            f"There is no method {request.method!r}.", hint=f"Did you mean {near}?" if near else None
        )
    try:
        return Call(request.id, request.method, method.params.model_validate(request.params))
    except ValidationError as error:
        problems = [
            {
                "key": ".".join(str(part) for part in item["loc"]),
                "message": item["msg"],
                "value": item["input"],
            }
            for item in error.errors(include_url=False, include_context=False)
        ]
        text = "; ".join(f"{item['key']}: {item['message']}" for item in problems)
        raise InvalidParamsError(f"{request.method}: {text}.", data={"errors": problems}) from error


def _encode(message: dict[str, Any]) -> bytes | None:
    try:
        return encode(message)
    except TooLargeError as error:
        problem: StudioError = error
    except (TypeError, ValueError, OverflowError) as error:
        logger.exception("a message cannot be packed")
        problem = StudioError(f"The backend's answer cannot be sent: {error}.")
    if message["type"] == "event":
        logger.error("the event %s was not sent: %s", message["event"], problem.message)
        return None
    return encode({"type": "error", "id": message["id"], "error": problem.to_wire()})
