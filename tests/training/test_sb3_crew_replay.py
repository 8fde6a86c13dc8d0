"""What replay buffers hold when agents come and go: exactly what agents did, each step once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rl_studio_training.sb3_replay_file import REPLAY_FILE, write_replay
from rl_studio_training.sb3_state import restore_state, save_state
from training.crew_fleet import PLAIN, tags_of
from training.crew_models import (
    DECISIONS,
    OFF_POLICY,
    VARIANTS,
    Nothing,
    config_for,
    crew_for,
    learn_decisions,
    model_for,
)


def stored(model: Any, folder: Path) -> dict[str, np.ndarray]:
    """All transitions of a replay buffer, as a checkpoint has them."""
    write_replay(model.replay_buffer, folder)
    with np.load(folder / REPLAY_FILE) as saved:
        return dict(saved)


@pytest.mark.parametrize(("observations", "normalizes", "sections"), VARIANTS)
@pytest.mark.parametrize("algorithm", OFF_POLICY)
def test_replay_holds_what_agents_did_each_step_once(
    tmp_path: Path, algorithm: str, observations: dict[str, Any], normalizes: bool, sections: int
) -> None:
    fleet = crew_for(algorithm, observations=observations, sections=sections)
    config = config_for(algorithm, normalize_observations=normalizes, normalize_rewards=normalizes)
    model = model_for(fleet, config)
    drawn: set[int] = set()
    sample = model.replay_buffer.sample

    def spy(*args: Any, **options: Any) -> Any:
        batch = sample(*args, **options)
        drawn.update(tags_of(batch.observations))
        return batch

    model.replay_buffer.sample = spy
    learn_decisions(model, DECISIONS)
    assert fleet.n_rows > 6 and fleet.empty_rows > 50 and fleet.shared_answers > 0
    assert len(drawn) > 50 and drawn <= fleet.acts.keys()
    found = stored(model, tmp_path)
    if observations is PLAIN:
        tags, next_tags = tags_of(found["observations"]), tags_of(found["next_observations"])
    else:
        tags, next_tags = found["observations/tag"].ravel(), found["next_observations/tag"].ravel()
    assert sorted(tags.tolist()) == sorted(fleet.acts)
    acts = [fleet.acts[tag] for tag in tags.tolist()]
    np.testing.assert_allclose(found["actions"], [act.action.reshape(-1) for act in acts], atol=1e-6)
    assert found["rewards"].tolist() == [act.reward for act in acts]
    assert next_tags.tolist() == [act.next_tag for act in acts]
    assert found["dones"].tolist() == [bool(act.end) for act in acts]
    assert found["timeouts"].tolist() == [act.end == "truncated" for act in acts]
    assert model.num_timesteps == len(fleet.acts)
    drawn.clear()
    for _ in range(40):
        spy(200, env=model.normalize)
    assert drawn == fleet.acts.keys()


def test_a_full_replay_buffer_keeps_the_newest(tmp_path: Path) -> None:
    fleet = crew_for("sac")
    model = model_for(fleet, config_for("sac", buffer_size=50))
    learn_decisions(model, DECISIONS)
    found = stored(model, tmp_path)
    tags = tags_of(found["observations"]).tolist()
    assert len(tags) == model.replay_buffer.buffer_size == 48  # six rows at first
    assert tags[int(found["position"]) :] + tags[: int(found["position"])] == list(fleet.acts)[-48:]


def test_warm_up_and_updates_go_by_what_agents_did() -> None:
    fleet = crew_for("sac")
    model = model_for(fleet, config_for("sac", learning_starts=60, gradient_steps=-1, train_freq=3))
    updates: list[tuple[int, int]] = []
    model.train = lambda gradient_steps, batch_size: updates.append((model.num_timesteps, gradient_steps))
    learn_decisions(model, 30)
    at = [0, *(steps for steps, _ in updates)]
    assert 60 < at[1] < 60 + 3 * fleet.n_rows
    assert [count for _, count in updates[1:]] == np.diff(at)[1:].tolist()
    assert at[-1] == len(fleet.acts)


@pytest.mark.parametrize("algorithm", OFF_POLICY)
def test_every_agent_that_is_there_explores_for_itself(algorithm: str) -> None:
    fleet = crew_for(algorithm, see=lambda _tag: [0.5, 0.5, 0.5])
    model = model_for(fleet, config_for(algorithm, learning_starts=10**6, action_noise_std=0.3))
    learn_decisions(model, 20)
    warm_up = np.array([act.action.ravel() for act in fleet.acts.values()])
    assert len(np.unique(warm_up, axis=0)) == (4 if algorithm == "dqn" else len(warm_up))
    model.learning_starts, model.exploration_rate = 0, 1.0
    model.exploration_schedule = lambda _progress: 1.0
    model.train = lambda **_options: None
    fleet.acts.clear()
    model.learn(100, callback=Nothing(), log_interval=None, reset_num_timesteps=False)
    later = np.array([act.action.ravel() for act in fleet.acts.values()])
    assert len(np.unique(later, axis=0)) == (4 if algorithm == "dqn" else len(later))


def test_the_target_network_follows_after_so_many_steps_of_agents() -> None:
    fleet = crew_for("dqn")
    model = model_for(fleet, config_for("dqn", target_update_interval=40, learning_starts=10**6))
    copies: list[int] = []
    torch.nn.init.constant_(next(model.q_net.parameters()), 1.0)

    class Watch(Nothing):
        def _on_rollout_start(self) -> None:
            target = next(model.q_net_target.parameters())
            if bool((target == 1.0).all()):
                copies.append(model.num_timesteps)
                torch.nn.init.constant_(target, 0.0)

    model.learn(400, callback=Watch(), log_interval=None)
    gaps = np.diff([0, *copies])
    assert len(copies) >= 8
    assert gaps.max() <= 40 + fleet.n_rows and gaps.min() > 40 - 2 * fleet.n_rows
    assert gaps.mean() == pytest.approx(38, abs=5)


def test_a_checkpoint_knows_when_the_target_network_is_due(tmp_path: Path) -> None:
    config = config_for("dqn", target_update_interval=10_000)
    fleet = crew_for("dqn")
    model = model_for(fleet, config)
    learn_decisions(model, 30)
    save_state(model, tmp_path, config)
    resumed = model_for(crew_for("dqn"), config)
    restore_state(resumed, tmp_path)
    assert resumed._since_target == model._since_target == len(fleet.acts)
