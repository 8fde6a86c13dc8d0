"""The environment against a game that misbehaves on demand, in a process of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from godot_rl.core.godot_env import GodotEnv

from rl_studio_training.connection import listen
from rl_studio_training.errors import (
    GameCrashedError,
    GameDataError,
    GameError,
    GameFault,
    GameProtocolError,
    GameStartError,
    GameTimeoutError,
    Interrupted,
)
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings
from rl_studio_training.layout import GroupActions
from training.conftest import FAKE_GAME, MakeBuild, MakeGame, is_alive, wait_until

Wire = Literal["stock", "studio", "binary1", "binary"]
WIRES: list[Wire] = ["stock", "studio", "binary1", "binary"]
BINARY = ("binary1", "binary")
STILL = [{"move": [0.0, 0.0]}, {"move": [0.0, 0.0]}]


def step_until_it_misbehaves(game: StudioGodotEnv) -> None:
    game.reset()
    for _ in range(10):
        game.send_actions(STILL)
        game.receive_batch()


def test_it_is_a_godot_env_with_its_attributes(make_game: MakeGame) -> None:
    game = make_game("mixed")
    assert isinstance(game, GodotEnv)
    assert game.num_envs == 2
    assert game.agent_policy_names == ["walker", "walker"]
    assert list(game.observation_space.keys()) == ["obs"]
    assert list(game.action_spaces[1].keys()) == ["move", "shoot"]


def test_the_inherited_step_speaks_the_protocol(make_game: MakeGame, tmp_path: Path) -> None:
    game = make_game()
    observations, infos = game.reset()
    assert observations[1]["obs"].dtype == np.float32
    assert infos == [{}, {}]
    for _ in range(5):
        rows, rewards, terminated, truncated, infos = game.step(np.array([[[0.5, -0.5], [1.0, 1.0]]]))
    assert (rewards, terminated, truncated) == ([1.0, 2.0], [True, False], [False, True])
    assert rows[0]["obs"].tolist() == [0.0, 0.0, 0.5]
    assert infos[1]["terminal_observation"] == {"obs": [0.1, 1.0, 0.5]}
    sent = json.loads((tmp_path / "build" / "actions.jsonl").read_text().splitlines()[0])
    assert sent == [{"move": [0.5, -0.5]}, {"move": [1.0, 1.0]}]


def still(game: StudioGodotEnv) -> list[GroupActions]:
    return [
        GroupActions(
            np.zeros((group.count, group.continuous_width), np.float32),
            np.zeros((group.count, group.discrete_width), np.int32),
        )
        for group in game.groups
    ]


@pytest.mark.parametrize("wire", WIRES)
def test_each_wire_is_negotiated(make_game: MakeGame, wire: Wire) -> None:
    game = make_game(extra={"wire": wire})
    assert (game.is_ours, game.is_binary) == (wire != "stock", wire in BINARY)
    assert game.agent_paths == (["0", "1"] if wire == "stock" else ["/root/Fake/Agent0", "/root/Fake/Agent1"])
    (group,) = game.groups
    assert (group.policy, group.agents.tolist(), group.has_masks) == ("walker", [0, 1], False)
    assert [(part.name, part.shape, part.dtype) for part in group.observations] == [
        ("obs", (3,), np.dtype(np.float32))
    ]


def test_binary_frames_are_not_spoken_unless_offered(make_build: MakeBuild, tmp_path: Path) -> None:
    settings = GameSettings(build=make_build("continuous"), extra={"wire": "binary"})
    game = StudioGodotEnv(settings, log_path=tmp_path / "game.log", offer_binary=False)
    assert (game.is_ours, game.is_binary) == (True, False)
    game.close()


@pytest.mark.parametrize("wire", WIRES)
def test_batches_are_the_same_on_every_wire(make_game: MakeGame, tmp_path: Path, wire: Wire) -> None:
    game = make_game("mixed", extra={"wire": wire})
    game.send_reset_batch(7)
    first = game.receive_batch()
    np.testing.assert_array_equal(
        first.groups[0].observations["obs"], np.float32([[0, 0, 0.5], [0.1, 0, 0.5]])
    )
    assert first.rewards.tolist() == [0.0, 0.0]
    assert not first.ended.any()
    for _ in range(5):
        moves = np.array([[0.5, -0.5], [1.0, -1.0]], np.float32)
        game.send_actions_batch([GroupActions(moves, np.array([[1], [0]], np.int32))])
        batch = game.receive_batch()
    (group,) = batch.groups
    np.testing.assert_array_equal(group.observations["obs"], np.float32([[0, 0, 0.5], [0.1, 0, 0.5]]))
    np.testing.assert_array_equal(
        group.terminal_observations["obs"], np.float32([[0, 1.0, 0.5], [0.1, 1.0, 0.5]])
    )
    assert all(array.dtype == np.float32 for array in (group.observations["obs"], batch.rewards))
    assert batch.rewards.tolist() == [1.0, 2.0]
    assert (batch.terminated.tolist(), batch.truncated.tolist()) == ([True, False], [False, True])
    assert batch.infos[0] == {"is_success": True, "metrics": {"height": 2.0, "is_success": 1.0}}
    assert batch.infos[1] == {"is_success": False, "metrics": {"height": 3.0, "is_success": 0.0}}
    assert (batch.game_s is None) == (wire not in BINARY)
    sent = json.loads((tmp_path / "build" / "actions.jsonl").read_text().splitlines()[0])
    assert sent == [{"move": [0.5, -0.5], "shoot": 1}, {"move": [1.0, -1.0], "shoot": 0}]
    assert json.loads((tmp_path / "build" / "resets.jsonl").read_text()) == {"env_seed": "0", "seed": 7}


@pytest.mark.parametrize("wire", ["studio", "binary"])
def test_masks_come_with_every_answer(make_game: MakeGame, wire: Wire) -> None:
    game = make_game("multidiscrete", extra={"wire": wire, "masks": "1"})
    game.send_reset_batch()
    masks = game.receive_batch().groups[0].masks
    assert masks is not None
    assert masks.dtype == np.bool_
    assert masks.astype(int).tolist() == [[0, 1, 1, 0, 1], [1, 0, 1, 1, 0]]
    game.send_actions_batch(still(game))
    masks = game.receive_batch().groups[0].masks
    assert masks is not None
    assert masks.astype(int).tolist() == [[1, 0, 1, 1, 0], [1, 1, 0, 0, 1]]


@pytest.mark.parametrize("wire", WIRES)
def test_agents_of_two_policies_come_in_two_groups(make_game: MakeGame, wire: Wire) -> None:
    game = make_game("two_policies", extra={"wire": wire})
    assert [(group.policy, group.agents.tolist()) for group in game.groups] == [("red", [0]), ("blue", [1])]
    game.send_reset_batch()
    game.receive_batch()
    for _ in range(5):
        game.send_actions_batch(still(game))
        batch = game.receive_batch()
    red, blue = batch.groups
    assert [group.observations["obs"].shape for group in (red, blue)] == [(1, 3), (1, 3)]
    np.testing.assert_array_equal(blue.terminal_observations["obs"], np.float32([[0.1, 1.0, 0.5]]))


@pytest.mark.parametrize("wire", WIRES)
def test_the_inherited_face_works_on_every_wire(make_game: MakeGame, wire: Wire) -> None:
    game = make_game("multidiscrete", extra={"wire": wire, **({} if wire == "stock" else {"masks": "1"})})
    rows, infos = game.reset(3)
    mask = {} if wire == "stock" else {"action_mask": {"a_turn": [0, 1, 1], "b_jump": [0, 1]}}
    assert (rows[0]["obs"].tolist(), infos[0]) == ([0.0, 0.0, 0.5], mask)
    for _ in range(5):
        result = game.step([np.array([2, 1]), np.array([0, 1])])
    rows, rewards, terminated, truncated, infos = result
    assert (rewards, terminated, truncated) == ([1.0, 2.0], [True, False], [False, True])
    assert infos[1]["TimeLimit.truncated"] is True
    assert np.float32(infos[1]["terminal_observation"]["obs"]).tolist() == np.float32([0.1, 1, 0.5]).tolist()
    assert infos[1]["metrics"]["height"] == 3.0
    assert game.call("greet") == ["greet 0", "greet 1"]


def test_nan_in_a_binary_frame_is_told_with_the_agent(make_game: MakeGame) -> None:
    game = make_game("nan", extra={"wire": "binary", "misbehave_at": "2"})
    words = r"Game 0: agent /root/Fake/Agent1: obs\[1\] is nan \(decision 2 of the game\)"
    with pytest.raises(GameFault, match=words):
        step_until_it_misbehaves(game)


@pytest.mark.parametrize(("mode", "words"), [("nan", "sent NaN or infinity in the observation 'obs'")])
def test_numbers_that_are_none_are_a_fault_of_a_stock_game_too(
    make_game: MakeGame, mode: str, words: str
) -> None:
    with pytest.raises(GameDataError, match=f"Agent 1 {words}") as caught:
        step_until_it_misbehaves(make_game(mode, extra={"wire": "stock", "misbehave_at": "2"}))
    assert "order of the scene tree" in str(caught.value.hint)


def test_what_a_stock_game_leaves_out_is_made_up(make_game: MakeGame) -> None:
    game = make_game("stock")
    game.reset()
    for _ in range(5):
        game.send_actions(STILL)
        batch = game.receive_batch()
    assert (batch.terminated.tolist(), batch.infos) == ([True, True], {0: {}, 1: {}})
    assert batch.groups[0].terminal_observations == {}


@pytest.mark.parametrize("wire", WIRES)
def test_an_observation_of_another_size_is_refused(make_game: MakeGame, wire: Wire) -> None:
    game = make_game("resize", extra={"wire": wire, "misbehave_at": "2"})
    size = {"binary1": "44 bytes; 52", "binary": "48 bytes; 56"}.get(wire)
    words = f"a step of {size} were due" if size else "sent 1 number for 'obs'"
    with pytest.raises(GameFault if size else GameDataError, match=words):
        step_until_it_misbehaves(game)


def test_an_answer_can_be_waited_for_with_select(make_game: MakeGame) -> None:
    game = make_game(extra={"wire": "binary"})
    game.send_reset_batch()
    assert not game.has_buffered_answer()
    readable, _, _ = select.select([game.socket], [], [], 20.0)
    assert readable == [game.socket]
    game.receive_batch()


def test_a_call_reaches_the_game(make_game: MakeGame) -> None:
    assert make_game().call("greet") == ["greet 0", "greet 1"]


def test_the_game_gets_the_port_that_is_listened_on(make_game: MakeGame, tmp_path: Path) -> None:
    game = make_game()
    argv = json.loads((tmp_path / "build" / "argv-0.json").read_text())
    assert f"--port={game.port}" in argv


def test_a_game_that_dies_before_it_connects_is_noticed_at_once(make_game: MakeGame) -> None:
    with pytest.raises(GameStartError, match="exited with code 1 before it connected") as caught:
        make_game("stillborn", startup_timeout_s=60.0)
    assert "missing.tscn" in caught.value.message


def test_a_game_that_never_connects_times_out_and_is_gone(make_game: MakeGame, tmp_path: Path) -> None:
    game = make_game("silent", connect=False, startup_timeout_s=0.3)
    assert game.game is not None
    with pytest.raises(GameStartError, match="did not connect within") as caught:
        game.connect()
    assert "RLSync" in str(caught.value.hint)
    game.close()
    assert not is_alive(game.game.pid)


@pytest.mark.parametrize("wire", ["stock", "binary"])
def test_a_crash_is_told_with_the_last_lines_and_the_exit_code(make_game: MakeGame, wire: Wire) -> None:
    game = make_game("crash", extra={"misbehave_at": "3", "wire": wire})
    with pytest.raises(GameCrashedError, match="Game 0 exited with code 3") as caught:
        step_until_it_misbehaves(game)
    assert "res://puck.gd:42" in caught.value.message


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_game_is_told_as_such(make_game: MakeGame) -> None:
    game = make_game()
    game.reset()
    assert game.game is not None
    os.kill(game.game.pid, signal.SIGKILL)
    with pytest.raises(GameCrashedError, match="was killed by SIGKILL"):
        step_until_it_misbehaves(game)


def test_a_hanging_game_times_out(make_game: MakeGame) -> None:
    game = make_game("hang", extra={"misbehave_at": "2"}, step_timeout_s=1.0)
    with pytest.raises(GameTimeoutError, match="has not answered for"):
        step_until_it_misbehaves(game)


@pytest.mark.parametrize("wire", ["stock", "binary"])
@pytest.mark.parametrize("mode", ["garbage", "no_json"])
def test_garbage_is_a_protocol_error(make_game: MakeGame, mode: str, wire: Wire) -> None:
    game = make_game(mode, extra={"misbehave_at": "2", "wire": wire})
    with pytest.raises(GameProtocolError, match="Game 0 sent"):
        step_until_it_misbehaves(game)


@pytest.mark.parametrize("wire", ["stock", "binary"])
def test_an_error_message_of_the_game_is_passed_on(make_game: MakeGame, wire: Wire) -> None:
    game = make_game("error", extra={"misbehave_at": "2", "wire": wire})
    with pytest.raises(GameError, match="Game 0: agent /root/Main/Puck: reward is NaN"):
        step_until_it_misbehaves(game)


def test_a_scene_without_agents_is_explained(make_game: MakeGame) -> None:
    with pytest.raises(GameProtocolError, match="no agents"):
        make_game("empty")


def test_a_wait_ends_when_the_user_wants_to_stop(make_game: MakeGame) -> None:
    def stop() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        make_game("silent", on_wait=stop)


def test_closing_ends_a_game_that_refuses_to_go(make_game: MakeGame) -> None:
    game = make_game("stubborn")
    assert game.game is not None
    game.close()
    game.close()
    assert not is_alive(game.game.pid)


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")
def test_closing_ends_what_the_game_started(make_game: MakeGame, tmp_path: Path) -> None:
    game = make_game("family")
    child = int((tmp_path / "build" / "child").read_text())
    game.close()
    wait_until(lambda: not is_alive(child))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
@pytest.mark.parametrize("mode", ["continuous", "stubborn", "hang"])
def test_the_game_dies_with_a_killed_trainer(make_build: MakeBuild, tmp_path: Path, mode: str) -> None:
    code = f"""
        import os, signal
        from pathlib import Path
        from rl_studio_training.godot_env import StudioGodotEnv
        from rl_studio_training.launch import GameSettings
        settings = GameSettings(build=Path({str(make_build(mode))!r}))
        game = StudioGodotEnv(settings, log_path=Path({str(tmp_path / "game.log")!r}))
        game.reset()
        print(game.game.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    env = {**os.environ, "PYTHONPATH": str(FAKE_GAME.parents[2] / "training_scripts")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_until(lambda: not is_alive(int(done.stdout)))


def test_a_taken_port_names_who_has_it() -> None:
    with listen() as server:
        port = server.getsockname()[1]
        with pytest.raises(GameStartError, match=f"Port {port} is taken"):
            StudioGodotEnv(port=port)


def test_a_game_played_in_the_editor_is_waited_for(make_build: MakeBuild) -> None:
    settings = GameSettings(startup_timeout_s=20.0)
    game = StudioGodotEnv(settings, port=_free_port(), connect=False)
    process = subprocess.Popen(
        [str(make_build("continuous")), f"--port={game.port}"], cwd=make_build("continuous").parent
    )
    game.connect()
    assert game.num_envs == 2
    game.close()
    assert process.wait(20) == 0


def test_nobody_playing_in_the_editor_is_explained() -> None:
    game = StudioGodotEnv(GameSettings(startup_timeout_s=0.2), port=_free_port(), connect=False)
    with pytest.raises(GameStartError, match="No game connected") as caught:
        game.connect()
    assert "Press Play" in str(caught.value.hint)
    game.close()


def test_a_program_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GameStartError, match="not a program"):
        StudioGodotEnv(GameSettings(build=tmp_path / "nothing"), log_path=tmp_path / "game.log")


def _free_port() -> int:
    with listen() as server:
        return int(server.getsockname()[1])
