"""Where the wall time of training goes, and what to do about it. Plain arithmetic: no clock, no process."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

Part = Literal["game", "wire", "policy", "update"]

DOMINATES = 0.5
"""The share of the wall time from which a part is worth a word."""
WINDOW = 20
"""Iterations that advice is based on: a single one may be short and odd."""
FEW_AGENTS = 16
"""Below this many agents per game another arena is cheaper than anything else."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """The wall time of some iterations.

    Args:
        total: all of it.
        game: the trainer waited while games simulated.
        wire: the rest of the waiting, encoding and decoding.
        policy: choosing actions.
        update: learning.
    """

    total: float = 0.0
    game: float = 0.0
    wire: float = 0.0
    policy: float = 0.0
    update: float = 0.0

    def __sub__(self, earlier: Seconds) -> Seconds:
        return self._plus(earlier, -1.0)

    def __add__(self, other: Seconds) -> Seconds:
        return self._plus(other, 1.0)

    def _plus(self, other: Seconds, sign: float) -> Seconds:
        return Seconds(
            self.total + sign * other.total,
            self.game + sign * other.game,
            self.wire + sign * other.wire,
            self.policy + sign * other.policy,
            self.update + sign * other.update,
        )

    def shares(self) -> dict[str, float]:
        """game_share, wire_share, policy_share, update_share and other_share; they add up to 1."""
        parts = {
            "game_share": max(self.game, 0.0),
            "wire_share": max(self.wire, 0.0),
            "policy_share": max(self.policy, 0.0),
            "update_share": max(self.update, 0.0),
        }
        known = sum(parts.values())
        whole = max(self.total, known, 1e-9)
        shares = {name: seconds / whole for name, seconds in parts.items()}
        return {**shares, "other_share": 1.0 - sum(shares.values())}


@dataclass(frozen=True, slots=True)
class Facts:
    """What advice depends on.

    Args:
        n_envs: games that run.
        cores: this machine may use.
        agents: of all games together.
        batch_size, n_epochs: of the update.
        binary: the games speak binary frames, not JSON.
        may_add_games: False for a game that is played in the editor.
    """

    n_envs: int
    cores: int
    agents: int
    batch_size: int
    n_epochs: int
    binary: bool
    may_add_games: bool


class Bottleneck:
    """Watches the seconds of each iteration and says which part dominates of late."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._recent: deque[Seconds] = deque()
        self._sum = Seconds()

    def add(self, seconds: Seconds) -> tuple[Part | None, str | None]:
        """Takes in one iteration; returns the dominating part and advice, or None and None."""
        self._recent.append(seconds)
        self._sum += seconds
        if len(self._recent) > WINDOW:
            self._sum -= self._recent.popleft()
        part = dominating(self._sum)
        return (part, advise(part, self._facts)) if part is not None else (None, None)


def dominating(seconds: Seconds) -> Part | None:
    """The part that takes at least `DOMINATES` of the time, if any does."""
    shares = seconds.shares()
    parts: tuple[Part, ...] = ("game", "wire", "policy", "update")
    largest = max(parts, key=lambda part: shares[f"{part}_share"])
    return largest if shares[f"{largest}_share"] >= DOMINATES else None


def advise(part: Part, facts: Facts) -> str:
    """One plain sentence about what would help when `part` dominates."""
    if part == "game":
        return f"The game is the bound: {_help_the_game(facts)}."
    if part == "wire":
        if not facts.binary:
            return "The exchange with the game is the bound: use the RL Studio addon in it, it sends binary frames."
        return (
            "The exchange with the game is the bound: add arenas to the scene, or make observations smaller."
        )
    if part == "policy":
        return "Choosing actions is the bound: add arenas to the scene, or use smaller hidden layers."
    remedies = ["larger batches" + f" (now {facts.batch_size})"]
    if facts.n_epochs > 1:
        remedies.insert(0, f"fewer epochs (now {facts.n_epochs})")
    return f"The update dominates: {' or '.join(remedies)} make it cheaper."


def _help_the_game(facts: Facts) -> str:
    if facts.may_add_games and facts.n_envs < facts.cores:
        used = f"now {facts.n_envs} of {facts.cores} cores used"
        return f"add arenas to the scene or game instances ({used})"
    per_game = facts.agents // facts.n_envs
    if per_game < FEW_AGENTS:
        agents = "1 agent" if per_game == 1 else f"{per_game} agents"
        return f"add arenas to the scene (now {agents} per game)"
    return "a simpler scene helps (fewer bodies, fewer rays), or a higher action_repeat"
