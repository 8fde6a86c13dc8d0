"""What agents that come and go did, as RLlib's learners get it: exactly that, whoever sits where."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode

from rl_studio_training.rllib_actor import ModuleActor
from rl_studio_training.rllib_modules import SETTINGS, ActorCriticModule
from rl_studio_training.rllib_sampler import FragmentSampler
from training.rllib_scripted import MOVE, SEEN, Did, Script, ScriptedFleet, random_script

pytestmark = pytest.mark.filterwarnings("ignore:.*RLModule.*has been deprecated:DeprecationWarning")

ENDLESS = 10**6
CROWD = {"red": [2, 1, 3], "blue": [1, 0, 2]}


def make_module(network: str = "mlp") -> ActorCriticModule:
    model: dict[str, Any] = {SETTINGS: {"network": network, "hidden_layers": (8,), "lstm_hidden_size": 4}}
    if network == "lstm":
        model["max_seq_len"] = 5
    return ActorCriticModule(observation_space=SEEN, action_space=MOVE, model_config=model)


class Played:
    """A script that was played in fragments of so many steps of the games."""

    def __init__(
        self, script: Script, *fragments: int, sections: list[list[int]] | None = None, network: str = "mlp"
    ) -> None:
        games = len(next(iter(script.values())))
        self.fleet = ScriptedFleet(script, sections or [list(range(games))])
        self.modules = {policy: make_module(network) for policy in script}
        actors = {policy: ModuleActor(module, keeps_extras=True) for policy, module in self.modules.items()}
        self.sampler = FragmentSampler(self.fleet, actors)  # type: ignore[arg-type]
        self.fragments = [
            self.sampler.collect(ENDLESS, longest=steps, explore=True, timestep=0) for steps in fragments
        ]

    @property
    def episodes(self) -> list[SingleAgentEpisode]:
        return [episode for fragment in self.fragments for episode in fragment]

    def told(self) -> list[Did]:
        """All steps in the episodes."""
        return [step for episode in self.episodes for step in steps_of(episode)]


def steps_of(episode: SingleAgentEpisode) -> list[Did]:
    seen, actions, rewards = (
        episode.get_observations(),
        episode.get_actions(),
        episode.get_rewards(),
    )
    assert len(seen) == len(episode) + 1 == len(actions) + 1 == len(rewards) + 1
    last = len(episode) - 1
    return [
        Did(
            tuple(seen[step].tolist()),
            tuple(actions[step].tolist()),
            float(rewards[step]),
            tuple(seen[step + 1].tolist()),
            episode.is_terminated and step == last,
            episode.is_truncated and step == last,
        )
        for step in range(len(episode))
    ]


def agents(episodes: Sequence[SingleAgentEpisode]) -> list[str]:
    """Who acts in each episode, step by step, as scripts have it."""
    found = []
    for episode in episodes:
        letters = [chr(round(float(seen[1]) * 128)) for seen in episode.get_observations()[:-1]]
        found.append("".join(letters))
    return found


def by_seen(step: Did) -> tuple[float, ...]:
    return step.seen


# --- by hand


def test_a_newcomer_begins_where_it_comes() -> None:
    played = Played({"red": [["aaaaaaa", "...bbbb"]]}, 6)
    assert agents(played.episodes) == ["aaaaaa", "bbb"]
    assert [episode.t_started for episode in played.episodes] == [0, 0]
    assert played.sampler.agent_steps == {"red": 9}


def test_nothing_follows_one_that_left() -> None:
    played = Played({"red": [["aaaaaaa", "bbB...."]]}, 6)
    assert agents(played.episodes) == ["aaaaaa", "bbb"]
    assert [episode.is_terminated for episode in played.episodes] == [False, True]
    assert played.episodes[1].get_observations()[-1].tolist() == [0.0, ord("b") / 128, 0.0, 3 / 256, 1.0]


def test_another_agent_follows_in_the_same_step_or_after_a_gap() -> None:
    played = Played({"red": [["aaaaaaaaa", "nnNbB.ccc"]]}, 8)
    assert agents(played.episodes) == ["aaaaaaaa", "nnn", "bb", "cc"]
    assert [(episode.is_terminated, episode.is_truncated) for episode in played.episodes] == [
        (False, False),
        (False, True),
        (True, False),
        (False, False),
    ]


def test_a_row_may_stay_empty_for_whole_fragments() -> None:
    played = Played({"red": [["aaaaaaaaaa", "bB......cc"]]}, 3, 3, 3)
    assert [agents(fragment) for fragment in played.fragments] == [["aaa", "bb"], ["aaa"], ["aaa", "c"]]
    ids = {episode.agent_id for episode in played.episodes}
    assert ids == {"red__0#1", "red__1#1", "red__1#2"}


def test_a_policy_may_have_no_agent_at_all() -> None:
    script = {"red": [["aaaaaaaaaa"]], "blue": [["......bbbb"]]}
    played = Played(script, 3, 3, 3)
    assert [[e.module_id for e in fragment] for fragment in played.fragments] == [
        ["red"],
        ["red"],
        ["red", "blue"],
    ]
    assert played.sampler.agent_steps == {"red": 9, "blue": 3}


def test_an_agent_that_stays_keeps_its_episode_where_rows_are_added() -> None:
    script = {"red": [["aaaaaaaaa", "~~~.bbbbb"], ["cccCcccCc", "~~~....dd"]]}
    played = Played(script, 3, 5)
    first, second = played.fragments
    assert agents(first) == ["aaa", "ccc"]
    assert agents(second) == ["aaaaa", "bbbb", "c", "cccc", "d"]
    same = {episode.id_ for episode in first} & {episode.id_ for episode in second}
    assert same == {first[0].id_, first[1].id_}
    assert [(episode.id_, episode.t_started) for episode in second[:1]] == [(first[0].id_, 3)]
    assert len({episode.id_ for episode in second}) == 5
    assert len({episode.agent_id for episode in second}) == 5


# --- by chance


@pytest.mark.parametrize("network", ["mlp", "lstm"])
@pytest.mark.parametrize("seed", range(6))
def test_the_episodes_hold_exactly_what_agents_did(seed: int, network: str) -> None:
    later = {17: ["red", "blue"], 41: ["blue"]}
    script = random_script(seed, 75, CROWD, later)
    played = Played(script, 7, 10, 1, 23, 30, sections=[[0, 1], [2]], network=network)
    assert sorted(played.told(), key=by_seen) == sorted(played.fleet.did, key=by_seen)
    assert sum(played.sampler.agent_steps.values()) == len(played.fleet.did) > 300
    assert all(step.seen[4] == 0.0 for step in played.fleet.did)


@pytest.mark.parametrize("seed", range(3))
def test_all_parts_of_an_episode_have_its_id_and_no_other(seed: int) -> None:
    played = Played(random_script(seed, 60, CROWD, {20: ["red"]}), 9, 11, 8, 20, sections=[[0], [1, 2]])
    whose: dict[str, set[tuple[float, ...]]] = {}
    for episode in played.episodes:
        first = steps_of(episode)[0].seen
        whose.setdefault(episode.id_, set()).add(first[:3])
    assert all(len(agent) == 1 for agent in whose.values())
    places = [(episode.module_id, episode.id_, episode.t_started) for episode in played.episodes]
    assert len(set(places)) == len(places)
    assert len({episode.multi_agent_episode_id for episode in played.episodes}) == len(places)


@pytest.mark.parametrize("seed", range(3))
def test_memory_is_that_of_the_agent_and_of_nobody_before(seed: int) -> None:
    script = random_script(seed, 60, CROWD, {20: ["red", "blue"]})
    played = Played(script, 9, 11, 8, 20, sections=[[0, 1], [2]], network="lstm")
    whole: dict[str, list[SingleAgentEpisode]] = {}
    for episode in played.episodes:
        whole.setdefault(episode.id_, []).append(episode)
    assert any(len(parts) > 1 for parts in whole.values())
    for parts in whole.values():
        assert [part.t_started for part in parts] == np.cumsum([0, *map(len, parts[:-1])]).tolist()
        _check_memory(played.modules[parts[0].module_id], parts)


def _check_memory(module: ActorCriticModule, parts: list[SingleAgentEpisode]) -> None:
    """Replays a whole episode from an empty memory, and compares it with what the parts say."""
    seen = np.concatenate([part.get_observations()[:-1] for part in parts])
    memory = {name: value.unsqueeze(0) for name, value in module.get_initial_state().items()}
    batch = {Columns.OBS: torch.from_numpy(seen).unsqueeze(0), Columns.STATE_IN: memory}
    with torch.no_grad():
        output = module._forward(batch)
    found = np.concatenate([part.get_extra_model_outputs(Columns.ACTION_DIST_INPUTS) for part in parts])
    np.testing.assert_allclose(found, output[Columns.ACTION_DIST_INPUTS][0].numpy(), atol=1e-5)
    for before, after in itertools.pairwise(parts):
        left = before.get_extra_model_outputs(Columns.STATE_OUT, -1)
        kept = after.get_extra_model_outputs(Columns.STATE_OUT, -1, neg_index_as_lookback=True)
        for name, value in left.items():
            np.testing.assert_array_equal(value, kept[name])


# --- how much


def test_a_fragment_goes_on_until_agents_have_taken_the_steps() -> None:
    script = {"red": [["aaaaaaaaaaaaaaaaaaaaaaaaa", "bbB......................", "." * 25, "." * 25]]}
    played = Played(script)
    collect = played.sampler.collect
    episodes = collect(12, longest=100, explore=True, timestep=0)
    assert sum(map(len, episodes)) == 12
    assert played.sampler.steps == 9, "empty rows count for nothing"
    assert agents(episodes) == ["a" * 9, "bbb"]
    assert sum(map(len, collect(12, longest=5, explore=True, timestep=0))) == 5


def test_the_last_step_may_bring_more_than_were_missing() -> None:
    played = Played({"red": [["aaaaaa", "bbbbbb", "cccccc"]]})
    episodes = played.sampler.collect(7, longest=100, explore=True, timestep=0)
    assert [len(episode) for episode in episodes] == [3, 3, 3]


def test_rows_without_an_agent_are_asked_for_nothing() -> None:
    """They would cost time, and a policy whose random numbers they take plays another game."""
    script = {"red": [["aaaaaaaa", "........"]], "blue": [["........", "........"]]}
    played = Played(script)
    asked: list[int] = []
    for rows in played.sampler._policies:
        act = rows._actor.act
        rows._actor.act = lambda seen, *more, act=act, **options: (
            asked.append(len(seen)) or act(seen, *more, **options)
        )  # type: ignore[method-assign]
    played.sampler.collect(ENDLESS, longest=4, explore=True, timestep=0)
    assert asked == [1] * 4
