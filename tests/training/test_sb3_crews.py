"""What reaches the learners of SB3 when agents come and go: exactly what agents did, each step once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.sb3_buffers import ActedRolloutBuffer, ActedSteps
from rl_studio_training.sb3_callback import TrainingEnds
from rl_studio_training.sb3_model import build_model, wrap_env
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.sb3_replay_file import REPLAY_FILE, write_replay
from rl_studio_training.vec_env import GodotVecEnv
from training.crew_fleet import (
    AGENTS,
    MOMENTS,
    MOVE,
    PLAIN,
    TAGGED,
    TURN,
    Agent,
    CrewFleet,
    mask,
    random_crew,
    tags_of,
)

ON_POLICY = ("ppo", "a2c", "maskable_ppo", "recurrent_ppo")
OFF_POLICY = ("sac", "td3", "dqn")
DECISIONS = 48


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


VARIANTS = [
    pytest.param(PLAIN, False, 1, id="plain"),
    pytest.param(TAGGED, True, 1, id="normalized"),
    pytest.param(PLAIN, False, 2, id="sections"),
    pytest.param(TAGGED, True, 2, id="normalized sections"),
]


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


def episodes(fleet: CrewFleet) -> list[list[int]]:
    """The tags of each episode, as far as it was acted."""
    found: list[list[int]] = []
    for tag in sorted(fleet.acts):
        if fleet.acts[tag].begins:
            found.append([])
        found[-1].append(tag)
    return found


def whole_buffer() -> ActedRolloutBuffer:
    """Four steps of two rows that all acted, which nothing is known of."""
    space = spaces.Box(-1.0, 1.0, (1,), np.float32)
    return ActedRolloutBuffer(4, space, space, device="cpu", gamma=0.5, gae_lambda=0.5, n_envs=2)


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


# --- replay


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
