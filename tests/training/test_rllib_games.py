"""The games of RLlib's runners: what they are started with, in our process or another."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from rl_studio_training.errors import GameStartError, SpacesError
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.rllib_games import RunnerGames, facts_of, make_env, probe, start_games
from training.conftest import MakeBuild, MakeGame, is_alive, wait_until

TRAINING_SCRIPTS = str(Path(__file__).resolve().parents[2] / "training_scripts")
RUNNER = """
import pickle, sys, threading
from rl_studio_training.rllib_games import make_env
env = make_env({**pickle.load(open(sys.argv[1], "rb")), "num_envs": 4})
print(*(game.game.pid for game in env.fleet.games), flush=True)
threading.Event().wait()
"""


@pytest.fixture
def games(make_build: MakeBuild, tmp_path: Path) -> RunnerGames:
    """Fake games with two agents each."""
    settings = GameSettings(build=make_build("continuous"), extra={"wire": "binary"})
    return RunnerGames(settings=settings, log_folder=tmp_path / "logs")


def config_of(games: RunnerGames, **more: Any) -> dict[str, Any]:
    """What RLlib hands to `make_env`: it went through pickle on the way."""
    config: dict[str, Any] = pickle.loads(pickle.dumps(games.env_config()))
    return {**config, **more}


def test_a_probe_tells_the_agents_of_a_game(games: RunnerGames, make_build: MakeBuild) -> None:
    found = probe(replace(games, games=3))
    assert found.n_agents == 2
    (policy,) = found.policies.values()
    assert policy.n_agents == 2
    assert policy.observation_space.shape == (3,)
    assert policy.action_space.shape == (2,)
    assert policy.wire_observations == {"obs": {"space": "box", "size": [3]}}
    assert policy.wire_actions == {"move": {"action_type": "continuous", "size": 2}}
    assert not policy.has_masks
    settings = replace(games.settings, build=make_build("discrete"), extra={"wire": "binary", "masks": "1"})
    assert probe(replace(games, settings=settings)).policies["walker"].has_masks


def test_a_probe_tells_policies_apart_unless_they_are_shared(
    games: RunnerGames, make_build: MakeBuild
) -> None:
    settings = replace(games.settings, build=make_build("two_policies"))
    found = probe(replace(games, settings=settings))
    assert {name: policy.n_agents for name, policy in found.policies.items()} == {"red": 1, "blue": 1}
    shared = probe(replace(games, settings=settings, shared=True))
    assert {name: policy.n_agents for name, policy in shared.policies.items()} == {"shared_policy": 2}


def test_a_probe_tells_rows_from_agents(games: RunnerGames, make_build: MakeBuild) -> None:
    extra = {"wire": "binary", "crew": "red,blue,red", "rows": "red:5"}
    found = probe(replace(games, settings=replace(games.settings, build=make_build("crew"), extra=extra)))
    told = {name: (policy.n_agents, policy.n_rows) for name, policy in found.policies.items()}
    assert told == {"red": (2, 5), "blue": (1, 1)}
    assert (found.n_agents, found.n_rows) == (3, 6)


def test_a_policy_that_the_first_game_lacks_is_known_from_another(make_game: MakeGame) -> None:
    crews = ("red,red", "red,blue,blue")

    def launch(instance: int, seed: int) -> StudioGodotEnv:
        extra = {"wire": "binary", "spaces": "apart", "crew": crews[instance]}
        return make_game("crew", instance=instance, seed=seed, connect=False, extra=extra)

    fleet = PolicyFleet(launch, 2, seed=0)
    try:
        found = facts_of(fleet)
    finally:
        fleet.close()
    red, blue = found.policies["red"], found.policies["blue"]
    assert (red.n_agents, red.observation_space.shape) == (2, (3,))
    assert (blue.n_agents, blue.observation_space.shape) == (2, (2,))
    assert blue.wire_observations == {"obs": {"space": "box", "size": [2]}}
    assert set(blue.wire_actions) == {"turn", "use"}


def test_a_probe_of_a_broken_game_says_why(games: RunnerGames, make_build: MakeBuild) -> None:
    settings = replace(games.settings, build=make_build("stillborn"))
    with pytest.raises(GameStartError, match=r"missing\.tscn"):
        probe(replace(games, settings=settings))


def test_every_runner_has_its_own_games_seeds_and_logs(games: RunnerGames, tmp_path: Path) -> None:
    for runner in (1, 2):
        make_env(config_of(replace(games, games=2, seed=100, runner=runner), num_envs=4)).close()
    seeds = sorted(path.name for path in (tmp_path / "build").glob("argv-*.json"))
    assert seeds == [f"argv-{seed}.json" for seed in (102, 103, 104, 105)]
    logs = {path.relative_to(tmp_path / "logs").as_posix() for path in (tmp_path / "logs").rglob("*.log")}
    assert logs == {f"runner-{runner}/game-{game}.log" for runner in (1, 2) for game in (0, 1)}


def test_gymnasium_makes_it_without_complaint(games: RunnerGames) -> None:
    gym.register(
        "rl-studio-test", vector_entry_point=lambda num_envs: make_env(config_of(games, num_envs=num_envs))
    )
    try:
        env = gym.make_vec("rl-studio-test", num_envs=2, vectorization_mode="vector_entry_point")
        env.close()
    finally:
        del gym.registry["rl-studio-test"]


def test_a_wrong_number_of_rows_is_explained_and_nothing_runs_on(games: RunnerGames, tmp_path: Path) -> None:
    with pytest.raises(SpacesError, match="is 5, but there is room for 2") as caught:
        make_env(config_of(replace(games, runner=0), num_envs=5))
    assert "probe()" in str(caught.value.hint)
    assert not is_alive(int((tmp_path / "build" / "pid-0").read_text()))


def test_an_unknown_key_is_named(games: RunnerGames) -> None:
    with pytest.raises(SpacesError, match="'game'") as caught:
        make_env(config_of(games, num_envs=2, game=3))
    assert "'games'" in str(caught.value.hint)


def test_a_restarted_game_is_an_event(games: RunnerGames, make_build: MakeBuild) -> None:
    extra = {"wire": "binary", "misbehave_at": "2", "misbehave_seed": "0"}
    settings = replace(games.settings, build=make_build("crash"), extra=extra)
    events: list[dict[str, Any]] = []
    fleet = start_games(replace(games, settings=settings, runner=0), on_event=events.append)
    try:
        fleet.reset()
        for _ in range(2):
            fleet.send(0, [np.zeros((2, 2), np.float32)])
            fleet.receive(0)
    finally:
        fleet.close()
    (event,) = events
    assert (event["event"], event["runner"], event["instance"]) == ("game_restarted", 0, 0)
    assert "puck.gd:42" in event["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
def test_no_game_outlives_a_runner_that_was_killed(games: RunnerGames, tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(pickle.dumps(config_of(replace(games, games=2))))
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path / "config")],
        env={**os.environ, "PYTHONPATH": TRAINING_SCRIPTS},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert runner.stdout is not None
        pids = [int(word) for word in runner.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(is_alive, pids))
        runner.send_signal(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, pids)))
    finally:
        runner.kill()
        runner.communicate()
