"""Where the wall time of training goes, and what to do about it. Plain arithmetic: no clock, no process."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rl_studio.words import counted

Part = Literal["game", "wire", "policy", "update"]

DOMINATES = 0.5
"""The share of the wall time from which a part is worth a word."""
WINDOW = 20
"""Iterations that advice is based on: a single one may be short and odd."""
SHOWN = 5
"""Iterations whose shares the Train dock shows, in the mean."""
LARGE_OBSERVATION = 500
"""From this many numbers per agent on, smaller observations are worth a word."""
FEW_AGENTS = 16
"""Below this many agents per game another copy of the level is cheaper than anything else."""

_PARTS: dict[str, Part] = {
    "game_share": "game",
    "wire_share": "wire",
    "policy_share": "policy",
    "update_share": "update",
}


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
        observation_numbers: in the largest observation of an agent.
        binary: the games speak binary frames, not JSON.
        may_add_games: False for a game that is played in the editor.
    """

    n_envs: int
    cores: int
    agents: int
    batch_size: int
    n_epochs: int
    observation_numbers: int
    binary: bool
    may_add_games: bool


class Bottleneck:
    """Watches the seconds of each iteration and says which part dominates.

    What it says is never against the shares that are shown: those of the iteration at hand, and of the latest ones.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._recent: deque[Seconds] = deque(maxlen=WINDOW)

    def add(self, seconds: Seconds, *, is_disturbed: bool = False) -> tuple[Part | None, str | None]:
        """Takes in one iteration; returns the dominating part and advice, or None and None.

        Args:
            is_disturbed: something went wrong with a game meanwhile, so it tells nothing about the speed, nor do those
                before it.
        """
        if is_disturbed:
            self._recent.clear()
            return None, None
        self._recent.append(seconds)
        shown = list(self._recent)[-SHOWN:]
        found = {dominating(sum(part, Seconds())) for part in (self._recent, shown, [seconds])}
        found.add(_largest({name: sum(each.shares()[name] for each in shown) for name in seconds.shares()}))
        part = found.pop() if len(found) == 1 else None
        return (part, advise(part, self._facts)) if part is not None else (None, None)


def dominating(seconds: Seconds) -> Part | None:
    """The part that takes at least `DOMINATES` of the time, if any does."""
    shares = seconds.shares()
    part = _largest(shares)
    return part if part is not None and shares[f"{part}_share"] >= DOMINATES else None


def _largest(shares: Mapping[str, float]) -> Part | None:
    """The part with the largest share; None if that is what is in no part."""
    largest = max(shares, key=lambda name: shares[name])
    return _PARTS.get(largest)


def advise(part: Part, facts: Facts) -> str:
    """One plain sentence about what would help when `part` dominates."""
    if part == "game":
        return f"Most of the time, the trainer waits while the game simulates: {_help_the_game(facts)}."
    if part == "wire":
        what = "Most of the time goes into the exchange with the game"
        if not facts.binary:
            return f"{what}: with the RL Studio addon in it the game sends less, and faster."
        is_large = facts.observation_numbers >= LARGE_OBSERVATION
        numbers = f"make observations smaller (now {facts.observation_numbers} numbers for an agent)"
        other = f"or {numbers}" if is_large else "and see that nothing else keeps this machine busy"
        return f"{what}: put more copies of the level into the training scene, {other}."
    if part == "policy":
        return (
            "Most of the time goes into choosing actions: put more copies of the level into the training scene, whose "
            "agents decide together, or use smaller hidden layers."
        )
    remedies = [f"larger batches (now {facts.batch_size})"]
    if facts.n_epochs > 1:
        remedies.insert(0, f"fewer epochs (now {facts.n_epochs})")
    return f"Most of the time goes into learning: {' or '.join(remedies)} make it cheaper."


def _help_the_game(facts: Facts) -> str:
    if facts.may_add_games and facts.n_envs < facts.cores:
        used = f"now {counted(facts.n_envs, 'game')} on {counted(facts.cores, 'core')}"
        return f"run more games at once ({used}), or put more copies of the level into the training scene"
    per_game = facts.agents // facts.n_envs
    if per_game < FEW_AGENTS:
        now = f"now {counted(per_game, 'agent')} in each game"
        return f"put more copies of the level into the training scene ({now})"
    return "a simpler scene helps (fewer bodies, fewer rays), or a longer action repeat"
