"""A game that misbehaves on demand: a small client of the godot-rl protocol, run as a process of its own.

    python fake_game.py MODE --port=N [any other arguments]

It has two agents with three observations each; their episodes last five steps, the second agent's are truncated.
The wire values are easy to predict: see `observation`, `reward` and `mask`. Options, given as `--name=value`:

    wire=stock|studio|binary|binary1   the stock plugin (default), our addon speaking JSON, our addon with binary
                               frames, an older one with those of version 1
    masks=1                    action masks for the discrete actions (ours only)
    see=extra,lamp,camera_2d   further observations: two floats, one of three, a picture (the last two in JSON only)
    policies=red,blue          the policy of each agent
    acts=continuous,discrete   the actions of each agent, if they differ (JSON only)
    lengths=5,3                the steps of each agent's episodes
    repeats=8,4                the action_repeat in force, and that of the scene
    misbehave_at=N             the step at which a mode misbehaves (default 20)
    misbehave_seed=S           only the game that was started with this --env_seed misbehaves

In the mode "crew" it is another game, that of changing_game.py.

It writes the actions of each step to actions.jsonl and the seed of each reset to resets.jsonl, in its folder.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import wire_messages

AGENTS = 2
EPISODE = 5
GAME_USEC = 250
ACTIONS: dict[str, dict[str, Any]] = {
    "continuous": {"move": {"action_type": "continuous", "size": 2}},
    "discrete": {"turn": {"action_type": "discrete", "size": 4}},
    "multidiscrete": {
        "a_turn": {"action_type": "discrete", "size": 3},
        "b_jump": {"action_type": "discrete", "size": 2},
    },
    "mixed": {
        "move": {"action_type": "continuous", "size": 2},
        "shoot": {"action_type": "discrete", "size": 2},
    },
    "unmixable": {
        "move": {"action_type": "continuous", "size": 1},
        "weapon": {"action_type": "discrete", "size": 3},
    },
}
SEEN: dict[str, tuple[dict[str, Any], Any]] = {
    "extra": ({"space": "box", "size": [2]}, [1.0, 2.0]),
    "lamp": ({"space": "discrete", "size": 3}, 2),
    "camera_2d": ({"space": "box", "size": [3, 8, 8]}, "7f" * 192),
}
"""Name of a further observation → its space and its value."""


def observation(agent: int, step: int, length: int = EPISODE) -> list[float]:
    """What `agent` sees after `step` steps of the game, with episodes of `length` steps."""
    return [agent / 10, (step % length) / EPISODE, 0.5]


def reward(agent: int, step: int) -> float:
    """What `agent` gets for its step number `step` (from 1)."""
    return float(agent + 1)


def mask(agent: int, step: int, size: int) -> list[int]:
    """Which of `size` choices `agent` has after `step` steps: all but one."""
    return [int(choice != (agent + step) % size) for choice in range(size)]


def say(line: str) -> None:
    """Prints as a game does."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class FakeGame:
    """Speaks the protocol well unless the mode says otherwise."""

    def __init__(self, mode: str, options: dict[str, str]) -> None:
        self.mode = mode
        self.options = options
        self.step = 0
        self.is_ours = options.get("wire", "stock") != "stock"
        self.lengths = [int(text) for text in options.get("lengths", f"{EPISODE},{EPISODE}").split(",")]
        self.seen = [name for name in options.get("see", "").split(",") if name]
        if mode == "two_keys":
            self.seen.append("extra")
        self.binary_groups: list[wire_messages.Group] = []
        """What binary frames are about; empty as long as JSON is spoken."""
        self.socket = socket.create_connection(("127.0.0.1", int(options["port"])))
        Path(f"pid-{options.get('env_seed', '0')}").write_text(str(os.getpid()))

    def run(self) -> None:
        while (message := self._receive()) is not None:
            if message["type"] == "close":
                if self.mode == "stubborn":
                    threading.Event().wait()
                return
            handler: Callable[[dict[str, Any]], None] | None = getattr(self, f"_on_{message['type']}", None)
            if handler is not None:
                handler(message)

    @property
    def actions(self) -> dict[str, Any]:
        return ACTIONS.get(self.mode, ACTIONS["continuous"])

    def _on_handshake(self, message: dict[str, Any]) -> None:
        offered = message.get("rl_studio", {}).get("binary", [])
        wanted = {"binary": 2, "binary1": 1}.get(self.options.get("wire", "stock"), 0)
        self.binary = wanted if wanted in offered else 0

    def _on_env_info(self, _message: dict[str, Any]) -> None:
        if self.mode == "camera":
            self._look()
        count = 0 if self.mode == "empty" else AGENTS
        space: dict[str, Any] = {"obs": {"space": "box", "size": [3]}}
        space |= {name: SEEN[name][0] for name in self.seen}
        if self.mode == "changed" and is_restarted(self.options):
            space["obs"]["size"] = [4]
        info: dict[str, Any] = {"type": "env_info", "n_agents": count}
        if self.mode == "stock":
            info.update(observation_space=space, action_space=self.actions)
        else:
            names = ["red", "blue"] if self.mode == "two_policies" else ["walker"] * count
            names = self.options["policies"].split(",") if "policies" in self.options else names
            acts = self.options.get("acts", ",".join([self.mode] * count)).split(",")
            actions = [ACTIONS.get(name, ACTIONS["continuous"]) for name in acts if name]
            info.update(observation_space=[space] * count, action_space=actions)
            info["agent_policy_names"] = names
            if self.is_ours:
                info["rl_studio"] = {
                    "addon_version": "0.1.0",
                    "binary": self.binary,
                    "agent_paths": [f"/root/Fake/Agent{agent}" for agent in range(count)],
                    "masked_policies": sorted(set(names)) if "masks" in self.options else [],
                }
                if "repeats" in self.options:
                    told = zip(
                        ("action_repeat", "scene_action_repeat"),
                        self.options["repeats"].split(","),
                        strict=True,
                    )
                    info["rl_studio"].update({key: int(value) for key, value in told})
        self._send(info)
        if self.binary:
            self.binary_groups = self._groups(space, info["agent_policy_names"])

    def _groups(self, space: dict[str, Any], names: list[str]) -> list[wire_messages.Group]:
        return wire_messages.group_agents(names, space, self.actions, masked="masks" in self.options)

    def _on_reset(self, message: dict[str, Any]) -> None:
        self.step = 0
        with Path("resets.jsonl").open("a") as file:
            entry = {"env_seed": self.options.get("env_seed", "0"), "seed": message.get("seed")}
            file.write(json.dumps(entry) + "\n")
        self._send({"type": "reset", **self._observations()})

    def _on_action(self, message: dict[str, Any]) -> None:
        self.step += 1
        with Path("actions.jsonl").open("a") as file:
            file.write(json.dumps(message["action"]) + "\n")
        if self.step == int(self.options.get("misbehave_at", "20")) and self._is_bad():
            self._misbehave()
        ended = [self.step % length == 0 for length in self.lengths]
        reply = {"type": "step", **self._observations()}
        reply["reward"] = [reward(agent, self.step) for agent in range(AGENTS)]
        reply["done"] = ended
        if self.mode == "stock":
            del reply["info"]
        else:
            for agent in (agent for agent in range(AGENTS) if ended[agent]):
                reply["info"][agent].update(self._last_info(agent))
        self._send(reply)

    def _on_call(self, message: dict[str, Any]) -> None:
        self._send({"type": "call", "returns": [f"{message['method']} {agent}" for agent in range(AGENTS)]})

    def _last_info(self, agent: int) -> dict[str, Any]:
        return {
            "TimeLimit.truncated": agent == 1,
            "terminal_observation": {
                "obs": [agent / 10, self.lengths[agent] / EPISODE, 0.5],
                **self._extra(),
            },
            "is_success": agent == 0,
            "metrics": {"height": 2.0 + agent, "is_success": float(agent == 0)},
        }

    def _extra(self) -> dict[str, Any]:
        return {name: SEEN[name][1] for name in self.seen}

    def _observations(self) -> dict[str, Any]:
        rows = [
            {"obs": observation(agent, self.step, self.lengths[agent]), **self._extra()}
            for agent in range(AGENTS)
        ]
        return {"obs": rows, "info": [self._mask_info(agent) for agent in range(AGENTS)]}

    def _mask_info(self, agent: int) -> dict[str, Any]:
        if "masks" not in self.options:
            return {}
        sizes = {
            name: entry["size"] for name, entry in self.actions.items() if entry["action_type"] == "discrete"
        }
        return {"action_mask": {name: mask(agent, self.step, size) for name, size in sizes.items()}}

    def _look(self) -> None:
        if "--headless" in sys.argv:
            self._send({"type": "error", "code": "needs_drawing", "message": "eye_2d cannot be read"})
            sys.exit(1)

    def _is_bad(self) -> bool:
        return self.options.get("misbehave_seed") in (None, self.options.get("env_seed", "0"))

    def _misbehave(self) -> None:
        if self.mode in DEATHS:
            DEATHS[self.mode]()
        match self.mode:
            case "crash" | "changed" | "mortal":
                say("SCRIPT ERROR: Division by zero error in operator '/'.")
                say("   at: _physics_process (res://puck.gd:42)")
                os._exit(3)
            case "camera_later":
                self._look()
            case "fault":
                self._send(
                    {"type": "error", "code": "data", "message": "agent /root/Main/Puck: reward is inf"}
                )
                sys.exit(1)
            case "garbage":
                self.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            case "no_json":
                self.socket.sendall(struct.pack("<I", 5) + b"hello")
            case "error":
                self._send({"type": "error", "message": "agent /root/Main/Puck: reward is NaN"})
                sys.exit(1)
            case "resize" | "nan":
                reply = {"type": "step", **self._observations(), "reward": [0, 0], "done": [False, False]}
                reply["obs"][1]["obs"] = [0.0] if self.mode == "resize" else [0.0, float("nan"), 0.0]
                self._send(reply)

    def _send(self, message: dict[str, Any]) -> None:
        if self.binary_groups and message["type"] in ("reset", "step"):
            payload = wire_messages.encode(self.binary, self.binary_groups, message, GAME_USEC)
        else:
            payload = json.dumps(message).encode()
        self.socket.sendall(struct.pack("<I", len(payload)) + payload)

    def _receive(self) -> dict[str, Any] | None:
        header = self._read(4)
        if header is None:
            return None
        payload = self._read(struct.unpack("<I", header)[0]) or b"{}"
        if self.binary_groups and not payload.startswith(b"{"):
            return wire_messages.decode(self.binary, self.binary_groups, payload)
        message: dict[str, Any] = json.loads(payload)
        return message

    def _read(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionError:
                return None
            if not part:
                return None
            data += part
        return data


def compute() -> None:
    """Never ends."""
    while True:
        pass


DEATHS: dict[str, Callable[[], object]] = {
    "quit": lambda: sys.exit(0),
    "hang": lambda: threading.Event().wait(),
    "busy": compute,
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
}
"""How some modes misbehave."""


def is_restarted(options: dict[str, str]) -> bool:
    """Whether another game of the same number died before: this one then got another seed."""
    return int(options.get("env_seed", "0")) >= 1000


def main(arguments: list[str]) -> None:
    mode, *rest = arguments
    options = dict(item.lstrip("-").split("=", 1) for item in rest if "=" in item)
    Path(f"argv-{options.get('env_seed', '0')}.json").write_text(json.dumps(rest))
    if mode == "stillborn" or (mode == "mortal" and is_restarted(options)):
        say("ERROR: Cannot open file 'res://missing.tscn'.")
        sys.exit(1)
    if mode == "silent":
        threading.Event().wait()
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if mode == "family":
        child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
        Path("child").write_text(str(child.pid))
    if mode == "crew":
        from training.changing_game import ChangingGame

        ChangingGame(options).run()
    else:
        FakeGame(mode, options).run()


if __name__ == "__main__":
    main(sys.argv[1:])
