"""The backend's socket protocol, without any I/O: messages, their bytes, the server's side of a session."""

SUBPROTOCOL = "rl-studio.v1"
"""Name of the WebSocket subprotocol; it changes when an old client could no longer talk to the backend."""

MAX_FRAME = 1024 * 1024
"""Largest message in bytes, in both directions."""

__all__ = ["MAX_FRAME", "SUBPROTOCOL"]
