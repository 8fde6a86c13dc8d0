"""A fleet of games as a Stable-Baselines3 vector environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvObs, VecEnvStepReturn

from rl_studio_training.episodes import EpisodeWindow
from rl_studio_training.errors import GameError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.fleet_batch import FleetBatch, join_sections
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.row_arrays import regrow

_MASKS = "action_masks"
"""The name under which sb3-contrib asks for action masks."""


class GodotVecEnv(VecEnv):
    """Rows are places for agents: first all of game 0, then all of game 1, …; all agents follow the same policy.

    Episodes restart by themselves in the game. At the end of one the row's info has `episode` (r, l, t),
    `terminal_observation` and `TimeLimit.truncated`, so that PPO bootstraps exactly where it must.

    Agents may come and go, and so a row may be empty: `acted`, `present` and `begins` tell what SB3 has no words for.
    A row that did not act is no sample: its reward is 0, it does not end, its observation before is nobody's.
    `num_envs` is the number of rows, which `grow` may raise.

    Args:
        fleet: the games, already started; the environment closes them.
    """

    def __init__(self, fleet: GameFleet) -> None:
        self.fleet = fleet
        self.acted: NDArray[np.bool_] = np.zeros(fleet.n_rows, np.bool_)
        """bool (num_envs,): rows whose agent acted in the latest step. Nobody did right after a reset."""
        self.present: NDArray[np.bool_] = np.ones(fleet.n_rows, np.bool_)
        """bool (num_envs,): rows that have an agent now, and so an observation."""
        self.begins: NDArray[np.bool_] = np.ones(fleet.n_rows, np.bool_)
        """bool (num_envs,): rows whose observation is the first of an episode."""
        self._masks: NDArray[np.bool_] | None = None
        self._next_seed: int | None = None
        group = fleet.groups[0]
        super().__init__(fleet.n_rows, group.observations.space, group.actions.space)

    @property
    def games(self) -> list[StudioGodotEnv]:
        """The games by number; a restarted one is another object."""
        return self.fleet.games

    @property
    def rows(self) -> list[slice]:
        """The rows of each game."""
        return self.fleet.rows

    @property
    def policy_name(self) -> str:
        return self.fleet.groups[0].policy

    @property
    def n_agents(self) -> int:
        """The agents that have a row now."""
        return self.fleet.agents[self.policy_name]

    @property
    def episodes(self) -> EpisodeWindow:
        """The episodes that ended last."""
        return self.fleet.episodes

    # --- stepping

    def reset(self) -> VecEnvObs:
        batch = self.fleet.reset(self._next_seed)
        self._next_seed = None
        self._masks = None if batch.masks is None else batch.masks.copy()
        self._note(slice(0, self.num_envs), batch)
        self.acted[:] = False
        self.begins[:] = self.present
        self.reset_infos = [{} for _ in range(self.num_envs)]
        return batch.observations

    def receive(self, section: int) -> FleetBatch:
        """Waits for the answers of one section, which `fleet.send` sent actions to."""
        batch = self.fleet.receive(section)
        self._note(self.fleet.section_rows[section], batch)
        return batch

    def receive_all(self) -> FleetBatch:
        """Waits for the answers of all sections."""
        return join_sections([self.receive(section) for section in range(len(self.fleet.sections))])

    def _note(self, rows: slice, batch: FleetBatch) -> None:
        self.acted[rows] = True if batch.acted is None else batch.acted
        self.present[rows] = True if batch.present is None else batch.present
        self.begins[rows] = batch.begins
        if self._masks is not None:
            self._masks[rows] = batch.masks

    def step_async(self, actions: NDArray[Any]) -> None:
        for section, rows in enumerate(self.fleet.section_rows):
            self.fleet.send(section, actions[rows])

    def step_wait(self) -> VecEnvStepReturn:
        return as_step(self.receive_all())

    def action_masks(self) -> NDArray[np.bool_]:
        """Which discrete choices each agent has now: bool (n, mask_width), as MaskablePPO expects.

        Raises:
            GameError: the agents have no masks, or were not reset yet.
        """
        if self._masks is None:
            raise GameError("The agents of this game have no action masks.")
        return self._masks.copy()

    def grow(self) -> NDArray[np.int64] | None:
        """Gives agents that wait for a row one of their own, if there are such; call it between two steps.

        Returns:
            The former number of each row, -1 for a new one, which stays empty until the next step. None if the rows
            are the same as before.
        """
        grown = self.fleet.grow()
        if grown is None:
            return None
        (old,) = grown
        self.num_envs = len(old)
        self.acted, self.present, self.begins = (
            regrow(rows, old) for rows in (self.acted, self.present, self.begins)
        )
        if self._masks is not None:
            self._masks = regrow(self._masks, old, fill=True)
        self.reset_infos = [{} for _ in range(self.num_envs)]
        return old

    # --- the rest of the VecEnv interface

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """The next reset gives game i the seed + i. Returns one seed per row."""
        self._next_seed = seed
        return [None if seed is None else seed + self._game_of(row).instance for row in range(self.num_envs)]

    def close(self) -> None:
        """Ends all games; they quit side by side. Never raises; may be called again."""
        self.fleet.close()

    def log_errors(self) -> Iterator[tuple[int, str]]:
        """(instance, line) of each error that the games printed since the last call."""
        return self.fleet.new_errors()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of each row's game; `action_masks` is there only if the agents have masks."""
        if attr_name == _MASKS and self.fleet.groups[0].has_masks:
            return [self.action_masks for _ in self._get_indices(indices)]
        return [getattr(self._game_of(row), attr_name) for row in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        for row in self._get_indices(indices):
            setattr(self._game_of(row), attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls a method of each row's agent in the game (no arguments) and returns what each answers.

        `action_masks` is answered from here.

        Raises:
            GameError: arguments were given, or the game has more agents than it trains.
        """
        if method_args or method_kwargs:
            raise GameError(f"{method_name} cannot take arguments: the game protocol has none.")
        if method_name == _MASKS:
            masks = self.action_masks()
            return [masks[row] for row in self._get_indices(indices)]
        answers: dict[int, list[Any]] = {}
        results = []
        for row in self._get_indices(indices):
            game = self._game_of(row)
            if game.instance not in answers:
                answers[game.instance] = game.call(method_name)
                if len(answers[game.instance]) != game.num_envs:
                    raise GameError(f"{game.name} answered {method_name} for agents that are not trained.")
            results.append(answers[game.instance][row - self.rows[game.instance].start])
        return results

    def env_is_wrapped(self, wrapper_class: type[Any], indices: VecEnvIndices = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]

    def _game_of(self, row: int) -> StudioGodotEnv:
        for game, rows in zip(self.games, self.rows, strict=True):
            if row < rows.stop:
                return game
        raise IndexError(row)


def as_step(batch: FleetBatch) -> VecEnvStepReturn:
    """What a vector environment of SB3 returns for a step of all rows."""
    infos: list[dict[str, Any]] = [{} for _ in batch.rewards]
    for number, row in enumerate(np.flatnonzero(batch.ended).tolist()):
        infos[row] = {
            **batch.infos.get(row, {}),
            "TimeLimit.truncated": bool(batch.truncated[row]),
            "terminal_observation": _row(batch.terminal_observations, number),
        }
    return batch.observations, batch.rewards, batch.ended, infos


def _row(observations: Any, number: int) -> Any:
    if isinstance(observations, dict):
        return {name: values[number] for name, values in observations.items()}
    return observations[number]
