"""Messages as bytes: msgpack, strictly and within limits. Bytes from a peer are never trusted."""

from __future__ import annotations

from typing import Any, NoReturn

import msgpack

from rl_studio.errors import StudioError
from rl_studio.protocol import MAX_FRAME

MAX_DEPTH = 32
"""Deepest nesting of arrays and maps."""


class ProtocolError(StudioError):
    """The peer broke the protocol; the connection has to be closed."""

    code = "protocol"


class TooLargeError(StudioError):
    """Something does not fit into a frame."""

    code = "too_large"


def encode(message: dict[str, Any]) -> bytes:
    """Packs a message. Integers take their shortest form, floats always 64 bits.

    Raises:
        TooLargeError: the result is longer than MAX_FRAME.
        TypeError, ValueError, OverflowError: a value has no msgpack form; that is a bug of ours.
    """
    data: bytes = msgpack.packb(message, use_bin_type=True)
    if len(data) > MAX_FRAME:
        raise TooLargeError(
            f"The message has {len(data)} bytes, {MAX_FRAME} are allowed.", hint="Ask for a smaller page."
        )
    return data


def decode(data: bytes) -> dict[str, Any]:
    """Unpacks one message.

    Raises:
        ProtocolError: not exactly one msgpack map with text keys, too long, nested too deep, with text that
            is not UTF-8, or with extension types.
    """
    if len(data) > MAX_FRAME:
        raise ProtocolError(f"The frame has {len(data)} bytes, {MAX_FRAME} are allowed.")
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True, ext_hook=_refuse_extension)
    except ProtocolError:
        raise
    except (ValueError, msgpack.UnpackException, msgpack.StackError) as error:
        raise ProtocolError(f"The frame is not msgpack: {error or type(error).__name__}.") from error
    if not isinstance(value, dict):
        raise ProtocolError(f"A message is a map, this one is a {type(value).__name__}.")
    _check_shape(value)
    return value


def _refuse_extension(code: int, data: bytes) -> NoReturn:
    raise ProtocolError(f"The frame has a msgpack extension of type {code}; the protocol has none.")


def _check_shape(value: Any) -> None:
    layer = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in layer:
            if isinstance(item, dict):
                if not all(isinstance(key, str) for key in item):
                    raise ProtocolError("The frame has a map with a key that is not text.")
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if any(isinstance(item, msgpack.Timestamp) for item in below):
            raise ProtocolError("The frame has a msgpack extension of type -1; the protocol has none.")
        layer = [item for item in below if isinstance(item, dict | list)]
        if not layer:
            return
    raise ProtocolError(f"The frame is nested deeper than {MAX_DEPTH} levels.")
