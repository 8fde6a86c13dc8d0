"""All agents of all games as one `gymnasium.vector.VectorEnv`, for RLlib's own runners and for other libraries."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rl_studio_training.errors import SpacesError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.fleet_batch import FleetBatch, join_sections
from rl_studio_training.spaces import Observations

Autoreset = Literal["next_step", "same_step"]
Masks = Literal["info", "observation"]
VectorStep = tuple[Observations, NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]

_MODES = {"next_step": AutoresetMode.NEXT_STEP, "same_step": AutoresetMode.SAME_STEP}


class GodotVectorEnv(VectorEnv[Any, NDArray[Any], NDArray[Any]]):
    """Rows are agents: first all of game 0, then all of game 1, …; every agent follows the same policy.

    A game begins an agent's next episode by itself, in the step that ended the last one. Told as

    - `same_step`: the observation is the first of the new episode already, the last of the old one is the info
      `final_obs`. Nothing is lost. RLlib's own runner does not know this way.
    - `next_step`, all that RLlib's own runner knows: the observation is the last of the old episode, and the
      next call gives the first of the new one, without reward. The game cannot wait for one agent, so it moves
      on in that call: of each episode its first step is lost (1 of 74 in the sample project), and an episode of
      one step is lost whole. If all agents end together the games wait, and nothing is lost.

    Either way a learner that bootstraps where `truncated` is set does so from the old episode's last observation.

    There is an agent in every row, always: such an environment cannot say that one is missing, and whatever stood in
    its place would be learned from. So a row that nobody is in ends it with an error; `GodotEnvRunner` and our
    trainers can do without. One agent may follow another in a row, in the step in which the first one's episode ends.
    Agents for which there is no row wait, and are not trained meanwhile.

    Rows whose episode ended have the info `episode` with r (reward), l (steps) and t (seconds since the start),
    all of them those of the whole episode, and `is_success` if the game says so.

    Args:
        fleet: games that are started; closed with the environment.
        autoreset: see above.
        masks: where action masks go, if the game has any: bool (n, width) as the info `action_mask`, or float32
            in observations {"observations", "action_mask"}, as RLlib's examples of action masking expect them.
    """

    def __init__(
        self,
        fleet: GameFleet,
        *,
        autoreset: Autoreset = "next_step",
        masks: Masks = "info",
    ) -> None:
        self.fleet = fleet
        self.metadata = {"autoreset_mode": _MODES[autoreset]}
        self.num_envs = fleet.n_rows
        group, wire = fleet.groups[0], fleet.games[0].groups[0]
        self._masks: Masks | None = masks if wire.has_masks else None
        self.single_action_space = group.actions.space
        self.single_observation_space = group.observations.space
        if self._masks == "observation":
            mask = spaces.Box(0.0, 1.0, (wire.mask_width,), np.float32)
            self.single_observation_space = spaces.Dict(
                {"action_mask": mask, "observations": self.single_observation_space}
            )
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._same_step = autoreset == "same_step"
        self._starting = np.zeros(self.num_envs, np.bool_)
        """Rows that the next call gives the first observation of an episode; with `next_step` only."""
        self._latest: FleetBatch | None = None

    # --- stepping

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Begins a new episode for every agent.

        Args:
            seed: game i of k draws its random numbers from seed · k + i, so that neighbouring seeds, as RLlib gives
                its runners, have no game in common. Games with the stock plugin do not obey.
            options: not used.

        Raises:
            GameError: a game died that may not be started again.
            SpacesError: a row has no agent.
        """
        super().reset(seed=seed)
        batch = self.fleet.reset(None if seed is None else seed * len(self.fleet.games))
        self._require_everybody(batch)
        self._starting[:] = False
        self._latest = batch
        return self._observations(batch, batch.observations), self._mask_infos(batch)

    def step(self, actions: NDArray[Any]) -> VectorStep:
        """Lets every agent act once.

        Args:
            actions: (n,) for a Discrete action space, else (n, width).

        Returns:
            Observations (n, …), rewards float32 (n,), terminated and truncated bool (n,), infos.

        Raises:
            GameError: a game died that may not be started again.
            DivergedError: an action is NaN.
            SpacesError: a row has no agent any more.
        """
        if self._latest is not None and self._starting.all():
            return self._start_all(self._latest)
        for section, rows in enumerate(self.fleet.section_rows):
            self.fleet.send(section, actions[rows])
        batch = join_sections([self.fleet.receive(section) for section in range(len(self.fleet.sections))])
        self._require_everybody(batch)
        self._latest = batch
        return self._same_step_answer(batch) if self._same_step else self._next_step_answer(batch)

    def _same_step_answer(self, batch: FleetBatch) -> VectorStep:
        infos = self._episode_infos(batch)
        if batch.terminal_observations is not None:
            final = np.full(self.num_envs, None, dtype=object)
            ended = np.flatnonzero(batch.ended)
            last = self._observations(batch, batch.terminal_observations, ended)
            for number, row in enumerate(ended):
                final[row] = _take(last, number)
            infos["final_obs"], infos["_final_obs"] = final, batch.ended
        observations = self._observations(batch, batch.observations)
        return observations, batch.rewards, batch.terminated, batch.truncated, infos

    def _next_step_answer(self, batch: FleetBatch) -> VectorStep:
        going = ~self._starting
        self._starting = batch.ended & going
        observations = batch.observations
        if batch.terminal_observations is not None:
            shown = _take(batch.terminal_observations, self._starting[batch.ended])
            observations = _replace(observations, self._starting, shown)
        return (
            self._observations(batch, observations),
            np.where(going, batch.rewards, np.float32(0.0)),
            batch.terminated & going,
            batch.truncated & going,
            self._episode_infos(batch),
        )

    def _start_all(self, batch: FleetBatch) -> VectorStep:
        """Every agent's episode has ended: hands out what the games have sent of the next ones already."""
        self._starting[:] = False
        nobody = np.zeros(self.num_envs, np.bool_)
        observations = self._observations(batch, batch.observations)
        return (
            observations,
            np.zeros(self.num_envs, np.float32),
            nobody,
            nobody.copy(),
            self._mask_infos(batch),
        )

    def _require_everybody(self, batch: FleetBatch) -> None:
        if batch.present is None or batch.present.all():
            return
        row = int(np.argmin(batch.present))
        game, rows = next(
            (game, rows)
            for game, rows in zip(self.fleet.games, self.fleet.rows, strict=True)
            if rows.start <= row < rows.stop
        )
        raise SpacesError(
            f"{game.name} has no agent in row {row - rows.start} of {self.fleet.groups[0].policy!r}, and a gymnasium "
            "environment has no way to say so.",
            hint="Where agents come and go, train with RLlib's algorithms through GodotEnvRunner or with our trainers; "
            "or have another agent follow in the same step.",
        )

    # --- what comes with it

    def _observations(
        self, batch: FleetBatch, observations: Observations, rows: NDArray[np.int64] | slice = slice(None)
    ) -> Observations:
        """Adds the masks of `rows`; with a last observation goes the mask of the first one after it."""
        if self._masks != "observation" or batch.masks is None:
            return observations
        return {"action_mask": batch.masks[rows].astype(np.float32), "observations": observations}  # type: ignore[dict-item]

    def _mask_infos(self, batch: FleetBatch) -> dict[str, Any]:
        return {} if self._masks != "info" or batch.masks is None else {"action_mask": batch.masks}

    def _episode_infos(self, batch: FleetBatch) -> dict[str, Any]:
        infos = self._mask_infos(batch)
        for row, info in batch.infos.items():
            infos = self._add_info(infos, info, row)
        return infos

    # --- the end

    def close_extras(self, **_kwargs: Any) -> None:
        """Ends the games."""
        self.fleet.close()


def _take(observations: Any, rows: Any) -> Any:
    """Some rows, or a single one, of observations that may be nested."""
    if isinstance(observations, dict):
        return {name: _take(values, rows) for name, values in observations.items()}
    return observations[rows]


def _replace(observations: Any, rows: NDArray[np.bool_], values: Any) -> Any:
    """A copy with other values in `rows`."""
    if isinstance(observations, dict):
        return {name: _replace(array, rows, values[name]) for name, array in observations.items()}
    replaced = observations.copy()
    replaced[rows] = values
    return replaced
