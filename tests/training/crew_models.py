"""Models of SB3 on fleets whose agents come and go, and what they should make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.sb3_callback import TrainingEnds
from rl_studio_training.sb3_model import build_model, wrap_env
from rl_studio_training.vec_env import GodotVecEnv
from training.crew_fleet import AGENTS, MOMENTS, MOVE, PLAIN, TAGGED, TURN, CrewFleet, random_crew

ON_POLICY = ("ppo", "a2c", "maskable_ppo", "recurrent_ppo")
OFF_POLICY = ("sac", "td3", "dqn")
DECISIONS = 48


VARIANTS = [
    pytest.param(PLAIN, False, 1, id="plain"),
    pytest.param(TAGGED, True, 1, id="normalized"),
    pytest.param(PLAIN, False, 2, id="sections"),
    pytest.param(TAGGED, True, 2, id="normalized sections"),
]


class Nothing(BaseCallback):
    """Lets training go on."""

    def _on_step(self) -> bool:
        return True


def config_for(algorithm: str, **fields: Any) -> SB3Config:
    values: dict[str, Any] = {"hidden_layers": [8], "seed": 3, "total_timesteps": 10_000}
    if algorithm in OFF_POLICY:
        values |= {"learning_starts": 30, "batch_size": 8, "buffer_size": 4000, "train_freq": 1}
    elif algorithm == "a2c":
        values |= {"n_steps": 8}
    else:
        values |= {"n_steps": 8, "batch_size": 16, "n_epochs": 1}
    if algorithm == "recurrent_ppo":
        values |= {"lstm_hidden_size": 6}
    return SB3Config(algorithm=algorithm, **(values | fields))  # type: ignore[arg-type]


def crew_for(algorithm: str, seed: int = 0, **options: Any) -> CrewFleet:
    has_masks = algorithm == "maskable_ppo"
    actions = TURN if algorithm in ("dqn", "maskable_ppo") else MOVE
    return random_crew(seed, **{"actions": actions, "masks": has_masks, **options})


def model_for(fleet: CrewFleet, config: SB3Config) -> Any:
    model = build_model(config, wrap_env(config, GodotVecEnv(fleet)))  # type: ignore[arg-type]
    model.set_logger(Logger(None, []))
    return model


def learn_decisions(model: Any, decisions: int) -> None:
    """Trains until every game has made so many decisions."""
    made = 0

    class Stop(Nothing):
        def _on_step(self) -> bool:
            nonlocal made
            made += 1
            return True

        def _on_rollout_start(self) -> None:
            if made >= decisions:
                raise TrainingEnds

    with pytest.raises(TrainingEnds):
        model.learn(10**6, callback=Stop(), log_interval=None)


def rollout_of(model: Any) -> list[Any]:
    """One more rollout, from which nothing is learned; its samples in one batch."""
    is_first = model._last_obs is None
    _, callback = model._setup_learn(10**6, Nothing(), reset_num_timesteps=is_first)
    model.collect_rollouts(model.env, callback, model.rollout_buffer, model.n_steps)
    return list(model.rollout_buffer.get())


def value_of(model: Any, tags: list[int]) -> float:
    """What a policy without memory expects of the moment of the last tag."""
    seen = np.array([[tags[-1] // MOMENTS / AGENTS, tags[-1] % MOMENTS / MOMENTS, 0.5]], np.float32)
    with torch.no_grad():
        return float(model.policy.predict_values(torch.from_numpy(seen)))


def remembered_value_of(model: Any, tags: list[int]) -> float:
    """The same of a policy with memory that saw all these moments of an episode, alone and from its beginning."""
    policy = model.policy
    seen = np.array([[tag // MOMENTS / AGENTS, tag % MOMENTS / MOMENTS, 0.5] for tag in tags], np.float32)
    shape = (policy.lstm_actor.num_layers, 1, policy.lstm_actor.hidden_size)
    state = torch.zeros(shape), torch.zeros(shape)
    starts = torch.zeros(len(seen))
    with torch.no_grad():
        return float(policy.predict_values(torch.from_numpy(seen), state, starts)[-1])


def episodes(fleet: CrewFleet) -> list[list[int]]:
    """The tags of each episode, as far as it was acted."""
    found: list[list[int]] = []
    for tag in sorted(fleet.acts):
        if fleet.acts[tag].begins:
            found.append([])
        found[-1].append(tag)
    return found
