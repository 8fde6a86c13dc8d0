"""A game whose agents come and go, and in which no two are alike: what one sees, gets and may do tells who it is.

Started by fake_game.py with the mode "crew"; options as `--name=value`:

    wire=studio|binary1|binary   as in fake_game.py; only with the last one agents come and go
    crew=red,blue,red            the policies of the agents at the start, in the order of the scene
    spaces=alike|apart           whether all policies see and do the same (default), or each something else
    masks=1                      action masks, for discrete actions
    unrest=0.2                   how likely it is in each step that somebody comes, and that somebody leaves (default 0)
    most=5                       agents of a policy at once, those that wait included
    rows=red:3,blue:2            rows that are fixed
    crew_again=red               the same for a game that was started again
    lonely=7                     the step after which nobody is left for a while
    dies=20                      the step at which the game dies, if its --env_seed is `dies_seed`
    spoils=4                     the step at which the last agent of the last policy sees NaN
    task=signs                   something to learn: agents see [`sign_of` them, age / 8, 1] and get `skill`

An agent has a number, which no other has. It sees [number, age, 1]; an agent of "blue", if spaces are apart, only
[number, age]. Its episodes last `length_of(number)` steps, see also `is_truncated` and `leaves_at_end`; `worth` is its
reward. Each episode that ends is a line in lives-<env_seed>.jsonl.
"""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wire_codec
import wire_codec_v1
import wire_messages

CONTINUOUS = {"move": {"action_type": "continuous", "size": 2}}
DISCRETE = {"turn": {"action_type": "discrete", "size": 3}, "use": {"action_type": "discrete", "size": 2}}


def length_of(number: int) -> int:
    """The steps of an agent's episodes."""
    return 3 + number % 5


def is_truncated(number: int) -> bool:
    """Whether the episodes of an agent are cut off."""
    return number % 2 == 1


def leaves_at_end(number: int) -> bool:
    """Whether an agent leaves when its episode ends, where agents come and go."""
    return number % 3 == 0


def worth(number: int, action: list[float]) -> float:
    """What an agent gets for an action, given as numbers side by side: exact for sixteenths and whole numbers."""
    return number + 16.0 * sum((place + 1) * value for place, value in enumerate(action))


def sign_of(number: int) -> float:
    """What an agent is told with task=signs: 1 or -1."""
    return 1.0 if number % 4 < 2 else -1.0


def skill(number: int, policy: str, action: list[float]) -> float:
    """What it gets then, -1 to 1: agents of "blue" should do the opposite of what they are told, others just that."""
    wanted = -sign_of(number) if policy == "blue" else sign_of(number)
    return 1.0 - abs(wanted - action[0])


def mask(number: int, age: int, size: int) -> list[int]:
    """Which of `size` choices an agent has: all but one."""
    return [int(choice != (number + age) % size) for choice in range(size)]


@dataclass(slots=True)
class Being:
    """An agent of the game."""

    number: int
    policy: str
    age: int = 0
    reward: float = 0.0
    last_reward: float = 0.0
    total: float = 0.0
    ended: str = ""
    has_left: bool = False

    @property
    def path(self) -> str:
        return f"/root/Crew/{self.policy}{self.number}"


class ChangingGame:
    """Speaks the protocol from the game's side."""

    def __init__(self, options: dict[str, str]) -> None:
        self.options = options
        self.seed = int(options.get("env_seed", "0"))
        self.random = random.Random(self.seed)
        self.binary = 0
        self.step = 0
        self.born = 0
        self.unrest = float(options.get("unrest", "0"))
        again = options.get("crew_again") if self.seed >= 1000 else None
        names = (again or options.get("crew", "red,red")).split(",")
        self.beings = [self._make(policy) for policy in names]
        self.fixed = {
            name: int(count)
            for name, count in (entry.split(":") for entry in options.get("rows", "").split(",") if entry)
        }
        self.rows: dict[str, list[Being | None]] = {
            policy: [None] * self.fixed.get(policy, names.count(policy)) for policy in dict.fromkeys(names)
        }
        self.news: list[list[Any]] = []
        self.waiting: dict[str, int] = {}
        self.before: list[list[int]] = []
        self.socket = socket.create_connection(("127.0.0.1", int(options["port"])))
        Path(f"pid-{options.get('env_seed', '0')}").write_text(str(os.getpid()))

    def _make(self, policy: str) -> Being:
        self.born += 1
        return Being((self.seed % 50 + self.seed // 1000 * 50) * 100 + self.born, policy)

    # --- the conversation

    def run(self) -> None:
        while (payload := self._receive()) is not None:
            if payload.startswith(b"{"):
                message = json.loads(payload)
                if message["type"] == "close":
                    return
                getattr(self, f"_on_{message['type']}")(message)
            elif wire_codec.kind_of(payload) == wire_codec.RESET:
                self._on_reset({"seed": wire_codec.decode_reset(payload)})
            else:
                self._act(self._decode_actions(payload))

    def _on_handshake(self, message: dict[str, Any]) -> None:
        offered = message.get("rl_studio", {}).get("binary", [])
        wanted = {"binary": 2, "binary1": 1}.get(self.options.get("wire", ""), 0)
        self.binary = wanted if wanted in offered else 0

    @property
    def comes_and_goes(self) -> bool:
        return self.binary == 2

    def _on_env_info(self, _message: dict[str, Any]) -> None:
        self._seat()
        self.news.clear()
        if self.comes_and_goes:
            listed: list[tuple[str, Being | None]] = [
                (policy, being) for policy, row in self.rows.items() for being in row
            ]
        else:
            listed = [(being.policy, being) for being in self.beings]
        info = {
            "type": "env_info",
            "n_agents": len(listed),
            "observation_space": [self._space(policy) for policy, _ in listed],
            "action_space": [self._actions(policy) for policy, _ in listed],
            "agent_policy_names": [policy for policy, _ in listed],
            "rl_studio": {
                "addon_version": "0.1.0",
                "binary": self.binary,
                "agent_paths": ["" if being is None else being.path for _, being in listed],
                "masked_policies": sorted(self.rows) if "masks" in self.options else [],
                "fixed_rows": list(self.fixed),
            },
        }
        self._send(info)

    def _on_rows(self, message: dict[str, Any]) -> None:
        names = [policy for policy, _ in message["groups"]]
        assert names[: len(self.rows)] == list(self.rows), (names, list(self.rows))
        for policy, count in message["groups"]:
            row = self.rows.setdefault(policy, [])
            assert count >= len(row)
            row += [None] * (count - len(row))

    def _on_reset(self, message: dict[str, Any]) -> None:
        if message.get("seed") is not None:
            self.random = random.Random(message["seed"])
        for being in self.beings:
            being.age, being.total, being.ended = 0, 0.0, ""
        if self.comes_and_goes and self.unrest and len(self.beings) > 1:
            self.beings.pop(self.random.randrange(len(self.beings)))
            self._seat()
        self._answer("reset")

    # --- a step

    def _act(self, actions: dict[int, list[float]]) -> None:
        """Lets all agents that have a row do what their number says."""
        self.step += 1
        if str(self.step) == self.options.get("dies") and str(self.seed) == self.options.get("dies_seed"):
            os._exit(3)
        for being in self._seated():
            being.last_reward = self._reward(being, actions[being.number])
            being.total += being.last_reward
            being.age += 1
            if being.age == length_of(being.number):
                being.ended = "truncated" if is_truncated(being.number) else "terminated"
                being.has_left = self.comes_and_goes and bool(self.unrest) and leaves_at_end(being.number)
        if self.comes_and_goes:
            self._come_and_go()
        acted = list(self._seated())
        for being in acted:
            if being.ended:
                self._log(being)
        for being in acted:
            if being.has_left:
                self.beings.remove(being)
        self._answer("step", acted)

    def _reward(self, being: Being, action: list[float]) -> float:
        if "task" in self.options:
            return skill(being.number, being.policy, action)
        return worth(being.number, action)

    def _come_and_go(self) -> None:
        seated = self._seated()
        if self.random.random() < self.unrest:
            being = self.random.choice(seated)
            being.has_left = True
            being.ended = being.ended or "truncated"
        if str(self.step) == self.options.get("lonely"):
            for being in self.beings:
                being.has_left, being.ended = True, being.ended or "truncated"
            self.beings = seated
        for policy in list(self.rows):
            count = sum(being.policy == policy and not being.has_left for being in self.beings)
            if self.random.random() < self.unrest and count < int(self.options.get("most", "4")):
                self.beings.append(self._make(policy))

    def _log(self, being: Being) -> None:
        line = {
            "number": being.number,
            "policy": being.policy,
            "reward": being.total,
            "length": being.age,
            "end": being.ended,
        }
        with Path(f"lives-{self.seed}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _seated(self) -> list[Being]:
        if not self.comes_and_goes:
            return list(self.beings)
        return [being for row in self.rows.values() for being in row if being is not None]

    def _seat(self) -> bool:
        """Frees the rows of those who left, and gives free ones to those who wait; whether any row changed hands."""
        before = {policy: list(row) for policy, row in self.rows.items()}
        for row in self.rows.values():
            row[:] = [being if being in self.beings else None for being in row]
        waiting = [being for being in self.beings if being not in self._seated()]
        self.waiting = {}
        for being in waiting:
            row = self.rows[being.policy]
            if None in row:
                number = row.index(None)
                row[number] = being
                self.news.append([being.policy, number, being.path])
            else:
                self.waiting[being.policy] = self.waiting.get(being.policy, 0) + 1
        return before != self.rows

    # --- answers

    def _answer(self, kind: str, acted: list[Being] | None = None) -> None:
        if not self.comes_and_goes:
            return self._answer_plainly(kind)
        before, waited = self.before, self.waiting
        changed = self._seat()
        if not self._seated():
            self._send({"type": "status", "message": "no agent for 3.0 seconds"})
            time.sleep(0.05)
            self._send({"type": "status", "message": ""})
            self._send({"type": "warning", "topic": "lonely", "message": "all agents were gone"})
            self.beings.append(self._make(next(iter(self.rows))))
            changed = self._seat()
        if self.news or self.waiting != waited:
            self._send({"type": "crew", "born": self.news, "waiting": self.waiting})
        self.news = []
        self.before = [
            [number for number, being in enumerate(row) if being is not None] for row in self.rows.values()
        ]
        groups = [self._group(policy) for policy in self.rows]
        fields: dict[str, Any] = {"game_usec": 250, "observations": [], "masks": []}
        ended = [being for being in acted or [] if being.ended]
        terminal = [
            self._columns([being for being in ended if being.policy == policy]) for policy in self.rows
        ]
        fields |= {
            "rewards": [being.last_reward for being in acted or []],
            "terminated": [being.ended == "terminated" for being in acted or []],
            "truncated": [being.ended == "truncated" for being in acted or []],
            "left": [being.has_left for being in acted or []],
            "rows_changed": changed,
            "terminal_observations": terminal,
            "infos": [self._info(being) for being in ended],
        }
        self._go_on(ended)
        for row in self.rows.values():
            there = [being for being in row if being is not None]
            fields["observations"].append(self._columns(there))
            fields["masks"].append([self._bits(being) for being in there])
        if str(self.step) == self.options.get("spoils") and kind == "step":
            fields["observations"][-1]["obs"][-1][1] = float("nan")
        if kind == "reset":
            payload = wire_codec.encode("observation", groups, fields, None, self.before)
        else:
            payload = wire_codec.encode("step", groups, fields, before, self.before)
        self._send(payload)

    def _answer_plainly(self, kind: str) -> None:
        """An answer without rows: as JSON, or as a frame of version 1."""
        infos: list[dict[str, Any]] = []
        for being in self.beings:
            info = (
                {"TimeLimit.truncated": being.ended == "truncated", **self._info(being)}
                if being.ended
                else {}
            )
            if being.ended:
                info["terminal_observation"] = self._see(being)
            infos.append(info)
        done = [bool(being.ended) for being in self.beings]
        self._go_on(self.beings)
        for info, being in zip(infos, self.beings, strict=True):
            if "masks" in self.options:
                info["action_mask"] = {
                    name: mask(being.number, being.age, entry["size"])
                    for name, entry in self._actions(being.policy).items()
                }
        message: dict[str, Any] = {
            "type": kind,
            "obs": [self._see(being) for being in self.beings],
            "info": infos,
        }
        if kind == "step":
            message |= {"reward": [being.last_reward for being in self.beings], "done": done}
        self._send(message if not self.binary else self._encode_v1(message))

    def _encode_v1(self, message: dict[str, Any]) -> bytes:
        return wire_messages.encode(1, [self._group(policy) for policy in self.rows], message, 250)

    @staticmethod
    def _go_on(beings: list[Being]) -> None:
        for being in beings:
            if being.ended:
                being.age, being.total, being.ended = 0, 0.0, ""

    def _info(self, being: Being) -> dict[str, Any]:
        return {"metrics": {"number": float(being.number)}, "is_success": being.number % 2 == 0}

    # --- spaces

    def _is_apart(self, policy: str) -> bool:
        return self.options.get("spaces") == "apart" and policy == "blue"

    def _space(self, policy: str) -> dict[str, Any]:
        return {"obs": {"space": "box", "size": [2 if self._is_apart(policy) else 3]}}

    def _actions(self, policy: str) -> dict[str, Any]:
        is_discrete = "masks" in self.options or self._is_apart(policy)
        return DISCRETE if is_discrete else CONTINUOUS

    def _see(self, being: Being) -> dict[str, list[float]]:
        seen = [float(being.number), float(being.age), 1.0]
        if "task" in self.options:
            seen = [sign_of(being.number), being.age / 8, 1.0]
        return {"obs": seen[:2] if self._is_apart(being.policy) else seen}

    def _columns(self, beings: list[Being]) -> dict[str, list[list[float]]]:
        return {"obs": [self._see(being)["obs"] for being in beings]} if beings else {}

    def _bits(self, being: Being) -> list[int]:
        sizes = [entry["size"] for entry in self._actions(being.policy).values()]
        return [bit for size in sizes for bit in mask(being.number, being.age, size)]

    def _group(self, policy: str) -> dict[str, Any]:
        (group,) = wire_messages.group_agents(
            [policy], self._space(policy), self._actions(policy), masked="masks" in self.options
        )
        numbers = [number for number, being in enumerate(self.beings) if being.policy == policy]
        return {**group, "agents": numbers, "rows": len(self.rows[policy])}

    # --- bytes

    def _decode_actions(self, payload: bytes) -> dict[int, list[float]]:
        groups = [self._group(policy) for policy in self.rows]
        if self.binary == 1:
            fields = wire_codec_v1.decode_action(groups, payload)
            there = [[self.beings[number] for number in group["agents"]] for group in groups]
        else:
            fields = wire_codec.decode_action(groups, self.before, payload)
            there = [[being for being in row if being is not None] for row in self.rows.values()]
        found: dict[int, list[float]] = {}
        for beings, floats, choices in zip(there, fields["continuous"], fields["discrete"], strict=True):
            for being, numbers, picks in zip(beings, floats, choices, strict=True):
                found[being.number] = [*numbers, *picks]
        return found

    def _on_action(self, message: dict[str, Any]) -> None:
        actions = {}
        for being, action in zip(self.beings, message["action"], strict=True):
            values = [action[name] for name in self._actions(being.policy)]
            flat = [value if isinstance(value, list) else [value] for value in values]
            actions[being.number] = [number for value in flat for number in value]
        self._act(actions)

    def _send(self, message: dict[str, Any] | bytes) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.socket.sendall(struct.pack("<I", len(payload)) + payload)

    def _receive(self) -> bytes | None:
        header = self._read(4)
        return None if header is None else self._read(struct.unpack("<I", header)[0])

    def _read(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                return None
            data += part
        return data
