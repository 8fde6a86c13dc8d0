"""What rollouts hold when agents come and go: exactly what agents did, each step once, judged by its own episode."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rl_studio_training.sb3_buffers import ActedRolloutBuffer, ActedSteps
from training.crew_fleet import PLAIN, TAGGED, mask, tags_of
from training.crew_models import (
    DECISIONS,
    ON_POLICY,
    VARIANTS,
    config_for,
    crew_for,
    episodes,
    learn_decisions,
    model_for,
    remembered_value_of,
    rollout_of,
    value_of,
)


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All batches that rollout buffers hand out."""
    batches: list[Any] = []
    get = ActedSteps.get

    def spy(buffer: ActedSteps, batch_size: int | None = None) -> Any:
        for batch in get(buffer, batch_size):
            batches.append(batch)
            yield batch

    monkeypatch.setattr(ActedSteps, "get", spy)
    return batches


def samples(batches: list[Any]) -> list[tuple[int, np.ndarray]]:
    """(tag, action) of each sample; padding of sequences is none."""
    found: list[tuple[int, np.ndarray]] = []
    for batch in batches:
        tags, actions = tags_of(batch.observations), batch.actions.numpy()
        real = batch.mask.numpy() > 0 if hasattr(batch, "mask") else np.ones(len(tags), bool)
        found += zip(tags[real].tolist(), actions[real], strict=True)
    return found


@pytest.mark.parametrize(("observations", "normalizes", "sections"), VARIANTS)
@pytest.mark.parametrize("algorithm", ON_POLICY)
def test_rollouts_hold_what_agents_did_each_step_once(
    algorithm: str, observations: dict[str, Any], normalizes: bool, sections: int, learned: list[Any]
) -> None:
    fleet = crew_for(algorithm, observations=observations, sections=sections)
    config = config_for(algorithm, normalize_observations=normalizes, normalize_rewards=normalizes)
    model = model_for(fleet, config)
    learn_decisions(model, DECISIONS)
    assert fleet.n_rows > 6 and fleet.empty_rows > 50 and fleet.shared_answers > 0
    found = samples(learned)
    assert Counter(tag for tag, _ in found) == Counter(fleet.acts.keys())
    for tag, action in found:
        np.testing.assert_array_equal(
            action.reshape(-1), fleet.acts[tag].action.reshape(-1), err_msg=str(tag)
        )
    assert model.num_timesteps == len(fleet.acts)
    sizes = [len(batch.observations if observations is PLAIN else batch.actions) for batch in learned]
    assert min(sizes) >= 2


def test_masks_belong_to_their_samples(learned: list[Any]) -> None:
    fleet = crew_for("maskable_ppo", sections=2)
    learn_decisions(model_for(fleet, config_for("maskable_ppo")), DECISIONS)
    for batch in learned:
        tags = tags_of(batch.observations)
        expected = np.stack([mask(tag) for tag in tags])
        np.testing.assert_array_equal(batch.action_masks.numpy().astype(bool), expected)
        assert expected[np.arange(len(tags)), batch.actions.numpy()[:, 0].astype(int)].all()


@pytest.mark.parametrize("sections", [1, 2])
@pytest.mark.parametrize("algorithm", ON_POLICY)
def test_advantages_are_those_of_each_agent_alone(algorithm: str, sections: int) -> None:
    fleet = crew_for(algorithm, sections=sections)
    model = model_for(fleet, config_for(algorithm, n_steps=40, gamma=0.9, gae_lambda=0.8))
    value = remembered_value_of if algorithm == "recurrent_ppo" else value_of
    (batch,) = rollout_of(model)
    real = batch.mask.numpy() > 0 if algorithm == "recurrent_ppo" else slice(None)
    advantages = dict(
        zip(tags_of(batch.observations)[real].tolist(), batch.advantages.numpy()[real].tolist(), strict=True)
    )
    values = dict(
        zip(tags_of(batch.observations)[real].tolist(), batch.old_values.numpy()[real].tolist(), strict=True)
    )
    assert len(advantages) == len(fleet.acts) > 100
    ends = Counter(act.end for act in fleet.acts.values())
    assert min(ends["terminated"], ends["truncated"]) > 10
    for episode in episodes(fleet):
        advantage, following = 0.0, None
        for number, tag in reversed(list(enumerate(episode))):
            act = fleet.acts[tag]
            if following is None:
                following = 0.0 if act.end == "terminated" else value(model, [*episode, act.next_tag])
            delta = act.reward + 0.9 * following - values[tag]
            advantage = delta + 0.9 * 0.8 * advantage
            assert advantages[tag] == pytest.approx(advantage, abs=1e-4), tag
            following = values[tag]
            assert following == pytest.approx(value(model, episode[: number + 1]), abs=1e-5)


@pytest.mark.parametrize("observations", [PLAIN, TAGGED], ids=["plain", "named"])
@pytest.mark.parametrize("algorithm", ON_POLICY)
def test_the_policy_still_decides_what_it_decided(algorithm: str, observations: dict[str, Any]) -> None:
    """Nothing was learned yet: so a sample that is put together wrongly has another value or probability now."""
    fleet = crew_for(algorithm, observations=observations)
    model = model_for(fleet, config_for(algorithm))
    for _ in range(5):
        rollout_of(model)
        for batch in model.rollout_buffer.get(7):
            actions = batch.actions.long().flatten() if algorithm == "maskable_ppo" else batch.actions
            more: dict[str, Any] = {}
            real = torch.ones(len(batch.actions), dtype=torch.bool)
            if algorithm == "maskable_ppo":
                more = {"action_masks": batch.action_masks}
            elif algorithm == "recurrent_ppo":
                more = {"lstm_states": batch.lstm_states, "episode_starts": batch.episode_starts}
                real = batch.mask > 0
            with torch.no_grad():
                values, log_prob, _ = model.policy.evaluate_actions(batch.observations, actions, **more)
            torch.testing.assert_close(values.flatten()[real], batch.old_values[real], rtol=0, atol=1e-5)
            torch.testing.assert_close(log_prob[real], batch.old_log_prob[real], rtol=0, atol=1e-4)
    assert fleet.n_rows > 6


def whole_buffer() -> ActedRolloutBuffer:
    """Four steps of two rows that all acted, which nothing is known of."""
    space = spaces.Box(-1.0, 1.0, (1,), np.float32)
    return ActedRolloutBuffer(4, space, space, device="cpu", gamma=0.5, gae_lambda=0.5, n_envs=2)


def test_no_batch_is_too_small_to_be_normalized() -> None:
    for count in range(2, 9):
        buffer = whole_buffer()
        buffer.full = True
        buffer.acted[:] = np.arange(8).reshape(4, 2) < count
        sizes = [len(batch.actions) for batch in buffer.get(3)]
        assert sum(sizes) == count
        assert min(sizes) >= min(3, count) or count == 8  # then it is all as SB3 has it


def test_advantages_by_hand() -> None:
    """Two rows, four steps; values are 1, 2, 3, 4 in row 0 and 10, 20, 30, 40 in row 1; gamma and lambda are 1/2.

    In row 0 an agent ends its episode and leaves in step 0; another comes for steps 2 and 3 and stays. Row 1 is whole.
    """
    buffer = whole_buffer()
    buffer.values[:] = [[1, 10], [2, 20], [3, 30], [4, 40]]
    buffer.rewards[:] = [[5, 1], [700, 1], [6, 1], [7, 1]]
    buffer.episode_starts[:] = [[1, 1], [1, 0], [1, 0], [0, 0]]
    buffer.acted[1, 0] = False
    buffer.compute_returns_and_advantage(torch.tensor([8.0, 50.0]), np.array([False, True]))
    buffer.full = True
    (batch,) = buffer.get()
    row = np.argsort(batch.old_values.numpy())
    np.testing.assert_allclose(batch.old_values.numpy()[row], [1, 3, 4, 10, 20, 30, 40])
    # Row 0: 5 - 1 | 6 + 4/2 - 3 + 7/4, 7 + 8/2 - 4. Row 1 backwards: 1 - 40 = -39,
    # 1 + 20 - 30 - 39/4 = -18.75, 1 + 15 - 20 - 18.75/4 = -8.6875, 1 + 10 - 10 - 8.6875/4.
    expected = [4, 6.75, 7, -1.171875, -8.6875, -18.75, -39]
    np.testing.assert_allclose(batch.advantages.numpy()[row], expected)
    np.testing.assert_allclose(batch.returns.numpy()[row], np.add(expected, [1, 3, 4, 10, 20, 30, 40]))
    # What SB3 explains the variance of.
    assert sorted(buffer.values.ravel().tolist()) == [1, 3, 4, 10, 20, 30, 40]
    assert len(buffer.returns.ravel()) == 7
