"""RLlib's runner for `GodotVectorEnv`: loses no step where episodes end, and passes on how the games do."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import tree
from ray.rllib.env.env_runner import ENV_STEP_FAILURE
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.rllib.utils.metrics import ENV_TO_MODULE_CONNECTOR
from ray.rllib.utils.spaces.space_utils import batch

from rl_studio_training.rllib_vector_env import GamesReport

_REPORTS = ("games", "reports")


class GodotEnvRunner(SingleAgentEnvRunner):  # type: ignore[misc]
    """A `SingleAgentEnvRunner` whose episodes begin in the very step that ended the former ones.

    RLlib's runner spends a step of a row on each new episode, which an agent in a running game cannot wait for.
    Here the last observation ends the old episode, the first one begins the new episode, and the policy's next
    action answers the latter. Set as `env_runner_cls`; the environment is that of `rllib_games.register`.
    """

    def __init__(self, *, config: Any, **options: Any) -> None:
        self._first: dict[int, dict[str, Any]] = {}
        """First observation and infos, by row, of episodes that begin in this step."""
        self._begun: list[int] = []
        """Rows whose part of the next policy input is still that of the old episode."""
        self._policy_input: Any = None
        self._explore = True
        super().__init__(config=config, **options)

    def make_env(self) -> None:
        """Starts the games."""
        runner = {"runner": self.worker_index or 0, "autoreset": "same_step"}
        self.config.env_config = {**self.config.env_config, **runner}
        super().make_env()

    def get_metrics(self) -> Any:
        """RLlib's metrics, and the report of the games."""
        if self.env is not None:
            self.metrics.log_value(_REPORTS, self.env.unwrapped.report(), reduce="item_series")
        return super().get_metrics()

    # --- what RLlib's runner calls while it samples

    def _try_env_step(self, actions: Any) -> Any:
        results = super()._try_env_step(actions)
        if results == ENV_STEP_FAILURE:
            return results
        observations, rewards, terminated, truncated, infos = results
        ended = [row for row, info in enumerate(infos) if "final_obs" in info]
        if ended:
            self._first = {row: _first(observations, row, infos[row]) for row in ended}
            last = batch([infos[row].pop("final_obs") for row in ended])
            observations = tree.map_structure(partial(_replace, ended), observations, last)
        return observations, rewards, terminated, truncated, infos

    def _new_episode(self, env_index: int, episodes: Any = None) -> None:
        super()._new_episode(env_index, episodes)
        if env_index in self._first:
            episodes = self._ongoing_episodes if episodes is None else episodes
            episodes[env_index].add_env_reset(**self._first.pop(env_index))
            self._begun.append(env_index)
            self._make_on_episode_callback("on_episode_start", env_index, episodes)

    def _reset_envs(self, episodes: Any, shared_data: Any, explore: bool) -> None:
        self._first.clear()
        self._begun.clear()
        super()._reset_envs(episodes, shared_data, explore)

    def _sample(self, *, explore: bool, **options: Any) -> Any:
        self._explore = explore
        return super()._sample(explore=explore, **options)

    @property
    def _cached_to_module(self) -> Any:
        """The policy's next input. Episodes that have just begun replace those that ended."""
        if self._begun and self._policy_input is not None:
            rows, self._begun = self._begun, []
            fresh = self._env_to_module(
                episodes=[self._ongoing_episodes[row] for row in rows],
                batch={},
                explore=self._explore,
                rl_module=self.module,
                shared_data={},  # that of the whole input must stay: it tells which row is whose
                metrics=self.metrics,
                metrics_prefix_key=(ENV_TO_MODULE_CONNECTOR,),
            )
            self._policy_input = tree.map_structure(partial(_replace, rows), self._policy_input, fresh)
        return self._policy_input

    @_cached_to_module.setter
    def _cached_to_module(self, value: Any) -> None:
        self._policy_input = value


def games_reports(result: dict[str, Any]) -> list[GamesReport]:
    """The reports of all runners' games in what `Algorithm.train` returned, in no order; runners without news
    have none."""
    found: Any = result["env_runners"]
    for key in _REPORTS:
        found = found.get(key, {})
    if isinstance(found, GamesReport):  # RLlib unpacks a list of one
        return [found]
    return list(found)


def _first(observations: Any, row: int, infos: dict[str, Any]) -> dict[str, Any]:
    """What an episode begins with. Of the infos, only the mask is about what comes."""
    return {
        "observation": tree.map_structure(lambda array: array[row], observations),
        "infos": {key: infos[key] for key in ("action_mask",) if key in infos},
    }


def _replace(rows: list[int], values: Any, others: Any) -> Any:
    """A copy of an array or tensor with other values in `rows`."""
    copied = values.copy() if isinstance(values, np.ndarray) else values.clone()
    copied[rows] = others
    return copied
