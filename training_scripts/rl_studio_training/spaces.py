"""Observation and action spaces: from the wire to gymnasium, and values both ways.

Wire form (one dict per agent): observations `{"obs": {"space": "box", "size": [21]}}` or
`{"lamp": {"space": "discrete", "size": 3}}`; actions `{"move": {"action_type": "continuous", "size": 2}}` or
`{"jump": {"action_type": "discrete", "size": 2}}`. The order of the action names is that of the wire.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_studio.words import counted
from rl_studio_training.batch import KeyedArrays
from rl_studio_training.errors import DivergedError, GameDataError, GameProtocolError, SpacesError
from rl_studio_training.layout import ActionPart, GroupActions, ObservationPart

Observations = NDArray[Any] | KeyedArrays
BadNumber = Callable[[int, str], None]


def parse_actions(wire: dict[str, Any]) -> tuple[ActionPart, ...]:
    """Reads one agent's action space.

    Raises:
        GameProtocolError: it is empty or malformed.
    """
    if not wire:
        raise GameProtocolError(
            "The game's agents have no actions.", hint="Return at least one action from _get_action_space()."
        )
    return tuple(_parse_action(name, spec) for name, spec in wire.items())


def _parse_action(name: str, spec: Any) -> ActionPart:
    kind = spec.get("action_type") if isinstance(spec, dict) else None
    size = _whole(spec.get("size")) if isinstance(spec, dict) else None
    if kind not in ("continuous", "discrete") or size is None or size < 1:
        raise GameProtocolError(
            f"The action {name!r} is described as {spec!r}.",
            hint='It must be {"action_type": "continuous" or "discrete", "size": a whole number from 1}.',
        )
    return ActionPart(name, kind, size)


def _whole(value: Any) -> int | None:
    # Godot 4.6 writes 2 or 2.0, depending on where the number came from.
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        return None
    return int(value)


_RGB = 3


class ActionCodec:
    """Turns the algorithm's action array into what the game is sent.

    The algorithm's space is Discrete for one discrete action, MultiDiscrete for several, and else one Box in
    [-1, 1] that lines up all actions in wire order, a binary one taking a single slot (above 0 means 1).

    Args:
        parts: the actions in wire order.

    Raises:
        SpacesError: a discrete action of more than two choices beside a continuous one.
    """

    def __init__(self, parts: Sequence[ActionPart]) -> None:
        self.parts = tuple(parts)
        self._all_discrete = all(part.kind == "discrete" for part in parts)
        self._is_continuous = np.repeat(
            [part.kind == "continuous" for part in parts], [self._width(part) for part in parts]
        )
        self._all_continuous = bool(self._is_continuous.all())
        self.space = self._make_space()

    def _make_space(self) -> spaces.Space[Any]:
        if self._all_discrete:
            sizes = [part.size for part in self.parts]
            return spaces.Discrete(sizes[0]) if len(sizes) == 1 else spaces.MultiDiscrete(sizes)
        for part in self.parts:
            if part.kind == "discrete" and part.size > 2:
                raise SpacesError(
                    f"The discrete action {part.name!r} has {part.size} choices beside continuous actions.",
                    hint="With Stable-Baselines3 use two choices at most, or make all actions discrete.",
                )
        return spaces.Box(-1.0, 1.0, (sum(self._width(part) for part in self.parts),), np.float32)

    @staticmethod
    def _width(part: ActionPart) -> int:
        return part.size if part.kind == "continuous" else 1

    def split(self, actions: NDArray[Any]) -> GroupActions:
        """Takes the algorithm's actions apart; numbers are clipped to -1 … 1.

        Args:
            actions: (n_agents,) for Discrete, else (n_agents, width).

        Raises:
            DivergedError: there is NaN among them.
        """
        table = actions.reshape(len(actions), -1)
        if self._all_discrete:
            return GroupActions(np.empty((len(table), 0), np.float32), table.astype(np.int32, copy=False))
        numbers = np.minimum(np.maximum(table, -1.0), 1.0).astype(np.float32, copy=False)
        if math.isnan(np.vdot(numbers, numbers)):
            raise DivergedError(
                "The policy chose NaN as an action: its network has diverged.",
                hint="Lower the learning rate, or keep observations and rewards small.",
            )
        if self._all_continuous:
            return GroupActions(numbers, np.empty((len(table), 0), np.int32))
        choices = (numbers[:, ~self._is_continuous] > 0).astype(np.int32)
        return GroupActions(numbers[:, self._is_continuous], choices)


class ObservationCodec:
    """Turns the game's observations into the arrays the algorithm sees.

    With a single flat box the space is that Box (float32), else a Dict of all keys. Pictures (a key with "2d"
    in its name and three dimensions: channels, height, width) are uint8; in JSON they arrive as hexadecimal text.

    Args:
        wire: one agent's observation space.
        bad_number: called with (agent, key) when a value was null, NaN or infinite and was replaced.

    Raises:
        GameProtocolError: the space is empty or malformed.
    """

    def __init__(self, wire: dict[str, Any], bad_number: BadNumber) -> None:
        if not wire:
            raise GameProtocolError(
                "The game's agents have no observations.", hint="Return numbers from _get_observation()."
            )
        self._spaces = {key: _observation_space(key, spec) for key, spec in sorted(wire.items())}
        self._bad_number = bad_number
        only = next(iter(self._spaces.values()))
        self.single_key = next(iter(wire)) if len(wire) == 1 and _is_flat_box(only) else None
        self.space: spaces.Space[Any] = only if self.single_key else spaces.Dict(self._spaces)

    @property
    def keys(self) -> list[str]:
        """The names of the observations, sorted."""
        return list(self._spaces)

    def space_of(self, key: str) -> spaces.Space[Any]:
        """The space of one named observation."""
        return self._spaces[key]

    @property
    def parts(self) -> tuple[ObservationPart, ...]:
        """Shape and type of each observation, in alphabetical order."""
        return tuple(
            ObservationPart(key, space.shape or (), np.dtype(space.dtype))
            for key, space in self._spaces.items()
        )

    def assemble(self, arrays: KeyedArrays) -> Observations:
        """What the algorithm sees: the arrays by name, or the only one if the space is a Box. Nothing is copied."""
        return arrays if self.single_key is None else arrays[self.single_key]

    def stack(self, rows: Sequence[dict[str, Any]], agents: Sequence[int] | None = None) -> KeyedArrays:
        """Puts the observations of several agents, as they came in JSON, into one array (n, …) for each name.

        Args:
            agents: the number of each row's agent, for messages; rows are counted without it.

        Raises:
            GameProtocolError: an observation does not fit its space.
        """
        numbers = range(len(rows)) if agents is None else agents
        return {key: self._stack(key, rows, numbers) for key in self._spaces}

    def _stack(self, key: str, rows: Sequence[dict[str, Any]], agents: Sequence[int]) -> NDArray[Any]:
        space = self._spaces[key]
        shape = (len(rows), *(space.shape or ()))
        try:
            values = [row[key] for row in rows]
            if space.dtype == np.uint8:
                return np.stack([_picture(value, shape[1:]) for value in values]).reshape(shape)
            with np.errstate(over="ignore"):
                array = np.array(values, dtype=np.float32).reshape(shape)
        except (KeyError, ValueError, TypeError) as error:
            raise self._misfit(key, rows, agents) from error
        if not np.isfinite(array).all():
            array = self._repair(key, array, agents)
        return array if isinstance(space, spaces.Box) else array.astype(np.int64)

    def _repair(self, key: str, array: NDArray[np.float32], agents: Sequence[int]) -> NDArray[np.float32]:
        flat = array.reshape(len(array), -1)
        for row in np.flatnonzero(~np.isfinite(flat).all(axis=1)).tolist():
            self._bad_number(agents[row], key)
        return np.nan_to_num(array, nan=0.0, posinf=1.0, neginf=-1.0)

    def _misfit(self, key: str, rows: Sequence[dict[str, Any]], agents: Sequence[int]) -> GameProtocolError:
        wanted = int(np.prod(self._spaces[key].shape or (1,)))
        for number, row in zip(agents, rows, strict=True):
            if key not in row:
                return GameDataError(
                    f"Agent {number} sent no observation {key!r}; it sent {', '.join(row) or 'none'}.",
                    hint="An agent must send the same keys in every step.",
                )
            count = _count(row[key])
            if count != wanted and self._spaces[key].dtype == np.uint8:
                return _picture_misfit(key, row[key], count, self._spaces[key].shape or (), number)
            if count != wanted:
                return GameDataError(
                    f"Agent {number} sent {counted(count, 'number')} for {key!r}, but its space has {wanted}.",
                    hint="An observation must have the same size in every step.",
                )
        return GameDataError(f"The observations {key!r} are not numbers.")


def _is_flat_box(space: spaces.Space[Any]) -> bool:
    return isinstance(space, spaces.Box) and len(space.shape) == 1 and space.dtype == np.float32


def _observation_space(key: str, spec: Any) -> spaces.Space[Any]:
    kind = spec.get("space") if isinstance(spec, dict) else None
    if kind == "discrete" and (count := _whole(spec.get("size"))):
        return spaces.Discrete(count)
    if kind == "box" and isinstance(spec.get("size"), list):
        shape = tuple(_whole(size) or 0 for size in spec["size"])
        if shape and all(size > 0 for size in shape):
            if "2d" in key and len(shape) == 3:
                return spaces.Box(0, 255, shape, np.uint8)
            return spaces.Box(float(spec.get("low", -1.0)), float(spec.get("high", 1.0)), shape, np.float32)
    raise GameProtocolError(
        f"The observation {key!r} is described as {spec!r}.",
        hint='It must be {"space": "box", "size": [whole numbers]} or {"space": "discrete", "size": n}.',
    )


def _count(value: Any) -> int:
    return len(value) // 2 if isinstance(value, str) else int(np.size(np.array(value, dtype=object)))


def _picture(value: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The bytes of a picture. Some renderers add alpha to what is declared as red, green and blue: it goes."""
    if not isinstance(value, str):
        return np.array(value, dtype=np.uint8)
    picture = np.frombuffer(bytes.fromhex(value), dtype=np.uint8)
    channels, height, width = shape
    if channels == _RGB and len(picture) == (_RGB + 1) * height * width:
        return picture.reshape(-1, _RGB + 1)[:, :_RGB].ravel()
    return picture


def _picture_misfit(
    key: str, value: Any, count: int, shape: tuple[int, ...], number: int
) -> GameProtocolError:
    if value is None or value == "":
        # Stock sensors fail when there is nothing to read, and this is what is left.
        return GameDataError(f"Agent {number} sent no picture as {key!r}: nothing is drawn without a window.")
    channels, height, width = shape
    found = count / (height * width)
    if found in (1, 2, 3, 4):
        what = f"{found:.0f} channels where {channels} are declared"
        hint = f"Declare [{found:.0f}, {height}, {width}], or image.convert(Image.FORMAT_RGB8) before it is sent."
    else:
        what = f"{count} bytes where [{channels}, {height}, {width}] needs {channels * height * width}"
        hint = "Declare [channels, height, width] of the Image that is sent, after it has been resized."
    return GameDataError(f"Agent {number} sent a picture {key!r} with {what}.", hint=hint)
