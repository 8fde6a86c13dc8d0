"""What every message on the wire is wrapped in."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    """Base of everything on the wire."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Request(Message):
    """Client to backend: do something. Answered by one response or one error with the same id."""

    type: Literal["request"] = "request"
    id: int = Field(ge=0, lt=2**53)
    """Chosen by the client; comes back with the answer."""
    method: str
    """One of the methods below."""
    params: dict[str, Any] = {}
    """The method's parameters."""


class Response(Message):
    """Backend to client: the method did what it should."""

    type: Literal["response"] = "response"
    id: int
    """The request's id."""
    result: dict[str, Any]
    """The method's result."""


class ErrorInfo(Message):
    """What went wrong, for a user and for a program."""

    code: str
    """Stable name of the kind of error."""
    message: str
    """What went wrong, with the value that did it."""
    hint: str | None
    """The way out."""
    data: dict[str, Any] = {}
    """Details for programs; `invalid_config` and `invalid_params` list `errors` of {key, message, value}."""


class Error(Message):
    """Backend to client: the method failed, or (id null) a frame could not be understood."""

    type: Literal["error"] = "error"
    id: int | None
    """The request's id; null if it is not known."""
    error: ErrorInfo


class Event(Message):
    """Backend to client: something happened."""

    type: Literal["event"] = "event"
    event: str
    """One of the events below."""
    data: dict[str, Any]
    """The event's fields."""


class Nothing(Message):
    """No fields."""
