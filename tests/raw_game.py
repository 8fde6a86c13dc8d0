"""A bare trainer for tests: a socket, and the real game at the other end of it."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from rl_studio.godot import GodotBinary, headless_environment, window_environment
from rl_studio.project import Project
from rl_studio_training.batch import Batch
from rl_studio_training.layout import GroupActions
from rl_studio_training.negotiation import Agreement, agree

TIMEOUT_S = 20.0

Message = dict[str, Any]


class RawGame:
    """Starts a game and speaks the wire protocol with it, byte by byte.

    Args:
        godot: the binary to play with.
        project: the game.
        scene: a `res://` path; empty for the main scene.
        fixed_fps: start with `--fixed-fps`; 0 starts as stock godot-rl does.
        action_repeat: physics ticks for each decision.
        args: more arguments for the game.
        port_option: the argument that names the port.
        headless: False opens a window.
        listen: False: nobody listens at the port until `accept` is called.
    """

    def __init__(
        self,
        godot: GodotBinary,
        project: Project,
        scene: str = "",
        *,
        fixed_fps: int = 60,
        action_repeat: int = 4,
        args: Sequence[str] = (),
        port_option: str = "port",
        headless: bool = True,
        listen: bool = True,
    ) -> None:
        self.log = project.root.parent / "game.log"
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        if not listen:
            self._server.close()
        pace = ["--fixed-fps", str(fixed_fps), f"--rl_studio_fixed_fps={fixed_fps}"] if fixed_fps else []
        show = ["--headless"] if headless else ["--rendering-driver", "opengl3", "--audio-driver", "Dummy"]
        argv = [str(godot.path), *show, "--path", str(project.root), *([scene] if scene else [])]
        argv += [
            f"--{port_option}={self.port}",
            "--env_seed=1",
            f"--action_repeat={action_repeat}",
            *pace,
            *args,
        ]
        xdg = project.root.parent / "xdg"
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                argv,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=headless_environment(private_dir=xdg)
                if headless
                else window_environment(godot, private_dir=xdg),
            )
        self._peer: socket.socket | None = None
        if listen:
            self.accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()
        self._server.close()
        self.process.kill()
        self.process.wait(TIMEOUT_S)

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def accept(self) -> None:
        if self._server.fileno() < 0:
            self._server = socket.create_server(("127.0.0.1", self.port))
        self._server.settimeout(TIMEOUT_S)
        self._peer, _ = self._server.accept()
        self._peer.settimeout(TIMEOUT_S)

    def hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def send_bytes(self, data: bytes) -> None:
        assert self._peer is not None
        self._peer.sendall(data)

    def send(self, message: Message | bytes) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.send_bytes(struct.pack("<I", len(payload)) + payload)

    def receive_bytes(self) -> bytes:
        (length,) = struct.unpack("<I", self._read(4))
        return self._read(length)

    def receive(self) -> Message:
        message: Message = json.loads(self.receive_bytes().decode("utf-8"))
        return message

    def ask(self, message: Message | bytes) -> Message:
        self.send(message)
        return self.receive()

    def env_info(self, offer: object = None) -> Message:
        """Shakes hands; `offer` is what the handshake says as `rl_studio`."""
        handshake: Message = {"type": "handshake", "major_version": "0", "minor_version": "7"}
        self.send(handshake | ({} if offer is None else {"rl_studio": offer}))
        return self.ask({"type": "env_info"})

    def reset(self) -> Message:
        return self.ask({"type": "reset"})

    def act(self, *actions: Message) -> Message:
        return self.ask({"type": "action", "action": list(actions)})

    def exit_code(self, timeout_s: float = TIMEOUT_S) -> int:
        """Waits for the game's end."""
        return self.process.wait(timeout_s)

    def _read(self, count: int) -> bytes:
        assert self._peer is not None
        data = b""
        while len(data) < count:
            part = self._peer.recv(count - len(data))
            if not part:
                raise EOFError(f"the game hung up; its output:\n{self.output}")
            data += part
        return data


class BinaryGame(RawGame):
    """A game that is talked to in binary frames; call `agree` first."""

    agreement: Agreement

    def __init__(self, *args: Any, **options: Any) -> None:
        self.notes: list[Message] = []
        super().__init__(*args, **options)

    def agree(self) -> Message:
        info = self.env_info({"binary": [2]})
        self.agreement = agree(info)
        assert self.agreement.is_binary
        return info

    def reset_batch(self, seed: int | None = None) -> Batch:
        self.send(self.frame(seed=seed))
        return self.agreement.translator.decode_observation(self.receive_frame())

    def act_batch(self, *groups: GroupActions) -> Batch:
        """One step; without arguments all agents get zeros."""
        self.send(self.frame(groups))
        return self.agreement.translator.decode_step(self.receive_frame())

    def receive_frame(self) -> bytearray:
        """The next binary frame; what the game notes before it goes to `notes`."""
        while (payload := self.receive_bytes())[:1] == b"{":
            note: Message = json.loads(payload)
            self.notes.append(note)
            if note["type"] == "error":
                raise AssertionError(note)
        return bytearray(payload)

    def frame(self, groups: Sequence[GroupActions] | None = None, seed: int | None = None) -> bytes:
        """The bytes of a reset, or with `groups` of actions; an empty list stands for zeros."""
        translator = self.agreement.translator
        frame = (
            translator.encode_reset(seed)
            if groups is None
            else translator.encode_actions(groups or self.zeros())
        )
        assert isinstance(frame, bytes)
        return frame

    def zeros(self) -> list[GroupActions]:
        return [
            GroupActions(
                np.zeros((group.count, group.continuous_width), np.float32),
                np.zeros((group.count, group.discrete_width), np.int32),
            )
            for group in self.agreement.groups
        ]


def install_game(project: Project, name: str) -> None:
    """Copies a game of tests/fixtures/games into a project."""
    for path in (Path(__file__).parent / "fixtures" / "games" / name).iterdir():
        (project.root / path.name).write_bytes(path.read_bytes())
