"""The errors a training or export script may show to its user.

StudioError
├── GameError                 something is wrong with a game
│   ├── GameStartError        it did not start, or never connected
│   ├── GameCrashedError      its process or its connection ended
│   ├── GameTimeoutError      it did not answer in time
│   ├── GameProtocolError     it answered something that makes no sense
│   │   └── GameDataError     its agents sent other data than they are to send: no restart helps
│   └── GameFault             it has a fault that would come again: no restart helps
├── SceneError                no scene to train in
├── SpacesError               the agents' observations or actions cannot be trained this way
├── DivergedError             the network's weights became NaN
├── CheckpointError           a checkpoint cannot be read or written
└── ExportError               a policy cannot be exported, or differs from its original
    └── GodotProofError       Godot could not run the exported file
"""

from __future__ import annotations

from typing import Any

from rl_studio.errors import StudioError


class GameError(StudioError):
    """A game reported an error, or is the reason that training cannot go on."""

    code = "game"
    place: str | None = None
    """Where the game died, for people. The same once more means that a restart is no help; None is never the same."""


class GameStartError(GameError):
    """A game did not start or did not connect."""

    code = "game_start"


class GameCrashedError(GameError):
    """The game's process ended, or closed the connection, in the middle of training."""

    code = "game_crashed"


class GameTimeoutError(GameError):
    """The game is there but does not answer."""

    code = "game_timeout"


class GameProtocolError(GameError):
    """The game sent something that the protocol does not allow."""

    code = "game_protocol"


class GameDataError(GameProtocolError):
    """What agents sent is no number, or not as many as declared; that would come again, so the run ends at once."""

    code = "data"


class GameFault(GameError):  # noqa: N818 - the fault is the game's; as an error it has a code of its own
    """The game has a fault that would come again, such as a reward that is not finite: the run ends at once.

    Args:
        code: as the game tells it (docs/wire-protocol.md): "data", "spaces", "policy", "paused", "no_agents",
            "needs_drawing".
    """

    code = "game_fault"

    def __init__(
        self, message: str, *, code: str = "", hint: str | None = None, data: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, hint=hint, data=data)
        if code:
            self.code = code


class SceneError(StudioError):
    """There is no such scene."""

    code = "scene"


class SpacesError(StudioError):
    """The agents' spaces do not fit together, or not to the algorithm."""

    code = "spaces"


class DivergedError(StudioError):
    """Training produced NaN weights."""

    code = "diverged"


class CheckpointError(StudioError):
    """A checkpoint is missing, incomplete or not what it should be."""

    code = "checkpoint"


class ExportError(StudioError):
    """A policy cannot be exported, or the file does not compute the same."""

    code = "export"


class GodotProofError(ExportError):
    """Godot could not be asked what an exported policy puts out, or refuses the file."""

    code = "godot_proof"


class Interrupted(Exception):  # noqa: N818 - not an error: the user asked for it
    """The user asked to stop and the game at hand does not let us wait for the next step."""
