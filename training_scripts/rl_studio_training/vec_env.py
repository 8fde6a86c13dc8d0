"""All agents of all games as the rows of one Stable-Baselines3 vector environment."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvObs, VecEnvStepReturn

from rl_studio_training.episodes import Episode, EpisodeWindow, read_metrics, read_success
from rl_studio_training.errors import GameError, SpacesError
from rl_studio_training.game_process import wait_for_exit
from rl_studio_training.godot_env import CLOSE_GRACE_S, StudioGodotEnv
from rl_studio_training.messages import Step


class GodotVecEnv(VecEnv):
    """Rows are agents: first all of game 0, then all of game 1, …; every agent follows the same policy.

    Episodes restart by themselves in the game. At the end of one the row's info has `episode` (r, l, t),
    `terminal_observation` and `TimeLimit.truncated`, so that PPO bootstraps exactly where it must. Owns the
    games.

    Args:
        games: connected environments.
        drop_first_reward: the first step after a reset carries rewards (and done flags) from before it, as
            games with the stock plugin send them; leave them out.

    Raises:
        SpacesError: the games or agents differ in policy, observations or actions.
    """

    def __init__(self, games: Sequence[StudioGodotEnv], *, drop_first_reward: bool = False) -> None:
        self.games = list(games)
        first = self.games[0]
        self.policy_name = _common_policy(self.games)
        _check_same_spaces(self.games)
        self._observations = first.observation_codec
        self._actions = first.make_action_codec()
        self._drop_first_reward = drop_first_reward
        self._after_reset = False
        self._started = time.monotonic()
        self.rows = [
            slice(end - game.num_envs, end) for game, end in zip(self.games, _ends(games), strict=True)
        ]
        count = self.rows[-1].stop
        self._rewards = np.zeros(count)
        self._lengths = np.zeros(count, dtype=np.int64)
        self.episodes = EpisodeWindow()
        self.busy_s = 0.0
        """Seconds spent so far talking to the games and waiting for them."""
        super().__init__(count, self._observations.space, self._actions.space)

    # --- stepping

    def reset(self) -> VecEnvObs:
        for game in self.games:
            game.send_reset()
        rows = [row for game in self.games for row in game.receive_reset()]
        self._rewards[:] = 0.0
        self._lengths[:] = 0
        self._after_reset = True
        self.reset_infos = [{} for _ in rows]
        return self._observations.decode(rows)

    def step_async(self, actions: NDArray[Any]) -> None:
        began = time.perf_counter()
        encoded = self._actions.encode(actions)
        for game, rows in zip(self.games, self.rows, strict=True):
            game.send_actions(encoded[rows])
        self.busy_s += time.perf_counter() - began

    def step_wait(self) -> VecEnvStepReturn:
        began = time.perf_counter()
        steps = [game.receive_step() for game in self.games]
        observations = self._observations.decode([row for step in steps for row in step.observations])
        rewards = self._finite_rewards(steps)
        dones = np.concatenate([step.dones for step in steps])
        if self._after_reset and self._drop_first_reward:
            rewards[:] = 0.0
            dones[:] = False
        self._after_reset = False
        self._rewards += rewards
        self._lengths += 1
        infos = [info for step in steps for info in step.infos]
        for row in np.flatnonzero(dones):
            infos[row] = self._finish_episode(int(row), infos[row])
        self.busy_s += time.perf_counter() - began
        return observations, rewards.astype(np.float32), dones, infos

    def _finite_rewards(self, steps: Sequence[Step]) -> NDArray[np.float64]:
        rewards = np.concatenate([step.rewards for step in steps])
        if not np.isfinite(rewards).all():
            for game, rows in zip(self.games, self.rows, strict=True):
                if not np.isfinite(rewards[rows]).all():
                    game.warn_once(
                        "reward", "an agent sent NaN or infinity as its reward; 0 is used instead."
                    )
            rewards = np.nan_to_num(rewards, nan=0.0, posinf=0.0, neginf=0.0)
        return rewards

    def _finish_episode(self, row: int, wire_info: dict[str, Any]) -> dict[str, Any]:
        reward, length = float(self._rewards[row]), int(self._lengths[row])
        self._rewards[row] = 0.0
        self._lengths[row] = 0
        success = read_success(wire_info)
        self.episodes.add(Episode(reward, length, success, read_metrics(wire_info)))
        info: dict[str, Any] = {
            "episode": {"r": reward, "l": length, "t": time.monotonic() - self._started},
            "TimeLimit.truncated": bool(wire_info.get("TimeLimit.truncated", False)),
        }
        if success is not None:
            info["is_success"] = success
        terminal = wire_info.get("terminal_observation")
        if isinstance(terminal, dict):
            info["terminal_observation"] = self._observations.decode_one(terminal)
        return info

    # --- the end

    def close(self) -> None:
        """Ends all games; they quit side by side. Never raises; may be called again."""
        for game in self.games:
            game.request_close()
        wait_for_exit([game.game for game in self.games if game.game is not None], CLOSE_GRACE_S)
        for game in self.games:
            game.close()

    def log_errors(self) -> Iterator[tuple[int, str]]:
        """(instance, line) of each error that the games printed since the last call."""
        for game in self.games:
            if game.game is not None:
                for line in game.game.log.new_errors():
                    yield game.instance, line

    # --- the rest of the VecEnv interface

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Has no effect on running games: a game gets its seed when it starts. Returns one seed per row."""
        return [None if seed is None else seed + self._game_of(row).instance for row in range(self.num_envs)]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(self._game_of(row), attr_name) for row in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        for row in self._get_indices(indices):
            setattr(self._game_of(row), attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls a method of each row's agent in the game (no arguments) and returns what each answers.

        Raises:
            GameError: arguments were given, or the game has more agents than it trains.
        """
        if method_args or method_kwargs:
            raise GameError(f"{method_name} cannot take arguments: the game protocol has none.")
        answers: dict[int, list[Any]] = {}
        results = []
        for row in self._get_indices(indices):
            game = self._game_of(row)
            if game.instance not in answers:
                answers[game.instance] = game.call(method_name)
                if len(answers[game.instance]) != game.num_envs:
                    raise GameError(f"{game.name} answered {method_name} for agents that are not trained.")
            results.append(answers[game.instance][row - self.rows[self.games.index(game)].start])
        return results

    def env_is_wrapped(self, wrapper_class: type[Any], indices: VecEnvIndices = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]

    def _game_of(self, row: int) -> StudioGodotEnv:
        for game, rows in zip(self.games, self.rows, strict=True):
            if row < rows.stop:
                return game
        raise IndexError(row)


def _ends(games: Sequence[StudioGodotEnv]) -> list[int]:
    return [int(end) for end in np.cumsum([game.num_envs for game in games])]


def _common_policy(games: Sequence[StudioGodotEnv]) -> str:
    names = list(dict.fromkeys(name for game in games for name in game.agent_policy_names))
    if len(names) > 1:
        raise SpacesError(
            f"This game has the policies {', '.join(names)}; Stable-Baselines3 trains a single one.",
            hint="Train with RLlib, or give all agents the same policy_name.",
        )
    return names[0]


def _check_same_spaces(games: Sequence[StudioGodotEnv]) -> None:
    wanted = (games[0].env_info.observation_spaces[0], games[0].env_info.action_spaces[0])
    for game in games:
        pairs = zip(game.env_info.observation_spaces, game.env_info.action_spaces, strict=True)
        for number, (observations, actions) in enumerate(pairs):
            for word, found, expected in (
                ("observations", observations, wanted[0]),
                ("actions", actions, wanted[1]),
            ):
                if found != expected:
                    raise SpacesError(
                        f"Agent {number} of {game.name} has the {word} {found}, but agent 0 has {expected}.",
                        hint="Agents of one policy need the same spaces; give others another policy_name.",
                    )


def open_games(games: Sequence[StudioGodotEnv], **options: Any) -> GodotVecEnv:
    """Connects to games that were launched before, and joins them. Closes all of them if one fails."""
    try:
        for game in games:
            game.connect()
        return GodotVecEnv(games, **options)
    except BaseException:
        with contextlib.suppress(Exception):
            for game in games:
                game.close()
        raise
