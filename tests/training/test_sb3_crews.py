"""What learners of SB3 know of each row when agents come and go, and that they learn from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from rl_studio_training.sb3_normalization import StudioNormalize
from training.crew_fleet import MOMENTS, TAGGED, TURN, Agent, CrewFleet, tags_of
from training.crew_models import (
    DECISIONS,
    config_for,
    crew_for,
    episodes,
    learn_decisions,
    model_for,
    remembered_value_of,
    rollout_of,
)

# --- normalization


@pytest.mark.parametrize("sections", [1, 2])
@pytest.mark.parametrize("algorithm", ["ppo", "sac", "recurrent_ppo"])
def test_statistics_are_those_of_agents_alone(algorithm: str, sections: int) -> None:
    fleet = crew_for(algorithm, sections=sections, reward=lambda agent, _action: float(agent.number))
    model = model_for(
        fleet, config_for(algorithm, normalize_observations=True, normalize_rewards=True, gamma=0.5)
    )
    env = model.env
    assert isinstance(env, StudioNormalize)
    heard: list[np.ndarray] = []
    update = env.ret_rms.update
    env.ret_rms.update = lambda values: (heard.append(values.copy()), update(values))  # type: ignore[method-assign,assignment,func-returns-value]
    learn_decisions(model, DECISIONS)
    begun = {tag: act for tag, act in fleet.acts.items()}
    # Who acted was seen; who is there now was seen, too.
    now = [agent.tag for game in fleet._games for agent in game.rows if agent is not None]
    seen = np.array([fleet._see(tag) for tag in [*begun, *now]], np.float32)
    assert isinstance(env.obs_rms.count, float) and env.obs_rms.count == pytest.approx(len(seen), abs=1e-3)
    np.testing.assert_allclose(env.obs_rms.mean, seen.mean(axis=0), atol=1e-4)
    returns = sorted(np.concatenate(heard).tolist())
    expected = []
    for episode in episodes(fleet):
        discounted = 0.0
        for tag in episode:
            discounted = discounted * 0.5 + fleet.acts[tag].reward
            expected.append(discounted)
    np.testing.assert_allclose(returns, sorted(expected))


# --- memory and growth


def test_memory_begins_at_zero_and_moves_with_its_row() -> None:
    """Two games with one row each; a second agent of game 0 waits, so that game 1 moves from row 1 to row 2."""
    crews = [[Agent(1, [3, 50])], [Agent(2, [50])]]

    def births(game: Any) -> Any:
        if game.rows[0] is not None and game.rows[0].tag == MOMENTS + 1:
            yield Agent(3, [50])

    fleet = CrewFleet(crews, 1, births)
    model = model_for(fleet, config_for("recurrent_ppo", n_steps=5))
    rollout_of(model)
    before = model._last_lstm_states
    rollout_of(model)
    assert (fleet.n_rows, model.n_envs, model.env.num_envs, model.rollout_buffer.n_envs) == (4, 4, 4, 4)
    buffer = model.rollout_buffer
    assert buffer.acted is not None and buffer.acted[0].tolist() == [True, False, True, False]
    values = dict(zip(tags_of(buffer.observations).tolist(), buffer.values.ravel().tolist(), strict=True))
    assert before.pi[0].shape[1] == 2
    for episode in episodes(fleet):
        for number, tag in enumerate(episode):
            if tag in values:
                expected = remembered_value_of(model, episode[: number + 1])
                assert values[tag] == pytest.approx(expected, abs=1e-5), tag


def test_rows_grow_between_rollouts_and_keep_what_they_know() -> None:
    fleet = crew_for("ppo", observations=TAGGED)
    model = model_for(fleet, config_for("ppo", normalize_observations=True, normalize_rewards=True))
    widths = []
    for _ in range(6):
        rollout_of(model)
        widths.append(fleet.n_rows)
        assert model.rollout_buffer.acted.shape == (8, fleet.n_rows)
        there = [agent for game in fleet._games for agent in game.rows]
        assert tags_of(model._last_obs).tolist() == [0 if agent is None else agent.tag for agent in there]
        begins = np.array([agent is not None and agent.age == 0 for agent in there])
        absent = np.array([agent is None for agent in there])
        assert model.env.games.begins.tolist() == begins.tolist()
        assert model._last_episode_starts[~absent].tolist() == begins[~absent].tolist()
        returns = model.env.returns
        assert (returns[begins | absent] == 0.0).all() and (returns != 0.0).any()
        rows = fleet.n_rows // 3
        assert model.env.get_attr("instance") == [0] * rows + [1] * rows + [2] * rows
    assert len(set(widths)) > 1


# --- learning


KINDS = 6
RIGHT = np.array([2, 0, 3, 1, 0, 2])
"""What an agent of each kind should do."""


def one_hot(tag: int) -> list[float]:
    return np.eye(KINDS)[tag // MOMENTS % KINDS].tolist()


def test_sac_learns_each_agent_from_its_own_rewards() -> None:
    right = np.array([-0.8, 0.0, 0.8, 0.4, -0.4, 0.0])
    fleet = crew_for(
        "sac",
        observations={"seen": {"space": "box", "size": [KINDS]}},
        see=one_hot,
        reward=lambda agent, action: float(-abs(action[0] - right[agent.number % KINDS])),
    )
    model = model_for(
        fleet,
        config_for("sac", learning_rate=0.01, gamma=0.01, ent_coef=0.01, batch_size=64, hidden_layers=[32]),
    )
    learn_decisions(model, 300)
    found, _ = model.predict(np.eye(KINDS, dtype=np.float32), deterministic=True)
    np.testing.assert_allclose(found[:, 0], right, atol=0.2)
    assert np.mean([act.reward for act in list(fleet.acts.values())[-200:]]) > -0.25


@pytest.mark.parametrize("algorithm", ["ppo", "recurrent_ppo", "maskable_ppo", "dqn"])
def test_each_agent_learns_from_its_own_rewards(algorithm: str) -> None:
    """Only who is told apart from the others, row by row, can learn what is right."""
    torch.set_num_threads(1)
    fleet = crew_for(
        algorithm,
        actions=TURN,
        observations={"seen": {"space": "box", "size": [KINDS]}},
        see=one_hot,
        reward=lambda agent, action: float(action == RIGHT[agent.number % KINDS]),
        sections=2,
        masks=algorithm == "maskable_ppo",
    )
    fields: dict[str, Any] = {"learning_rate": 0.01, "gamma": 0.01, "hidden_layers": [32]}
    if algorithm == "dqn":
        fields |= {
            "exploration_fraction": 0.0001,
            "exploration_final_eps": 0.15,
            "target_update_interval": 100,
        }
    else:
        fields |= {"n_steps": 16, "batch_size": 32, "n_epochs": 4}
    model = model_for(fleet, config_for(algorithm, **fields))
    learn_decisions(model, 400)
    assert fleet.n_rows > 6 and fleet.empty_rows > 400
    lately = list(fleet.acts.items())[-400:]
    if algorithm == "dqn":  # some of what it does is still drawn at random
        greedy, _ = model.predict(np.eye(KINDS, dtype=np.float32), deterministic=True)
        assert greedy.tolist() == RIGHT.tolist()
        assert np.mean([act.reward for _, act in lately]) > 0.8
    elif algorithm == "maskable_ppo":  # now and then it may not do what is right
        may = [act.reward for tag, act in lately if RIGHT[tag // MOMENTS % KINDS] != tag % 4]
        assert np.mean(may) > 0.9
    else:
        assert np.mean([act.reward for _, act in lately]) > 0.9
