"""The environment against a game that misbehaves on demand, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from godot_rl.core.godot_env import GodotEnv

from rl_studio_training.connection import listen
from rl_studio_training.errors import (
    GameCrashedError,
    GameError,
    GameProtocolError,
    GameStartError,
    GameTimeoutError,
    Interrupted,
)
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings
from training.conftest import FAKE_GAME, MakeBuild, MakeGame, is_alive, wait_until

STILL = [{"move": [0.0, 0.0]}, {"move": [0.0, 0.0]}]


def step_until_it_misbehaves(game: StudioGodotEnv) -> None:
    game.reset()
    for _ in range(10):
        game.send_actions(STILL)
        game.receive_step()


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


def test_a_crash_is_told_with_the_last_lines_and_the_exit_code(make_game: MakeGame) -> None:
    game = make_game("crash", extra={"misbehave_at": "3"})
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


@pytest.mark.parametrize("mode", ["garbage", "no_json"])
def test_garbage_is_a_protocol_error(make_game: MakeGame, mode: str) -> None:
    game = make_game(mode, extra={"misbehave_at": "2"})
    with pytest.raises(GameProtocolError, match="Game 0 sent"):
        step_until_it_misbehaves(game)


def test_an_error_message_of_the_game_is_passed_on(make_game: MakeGame) -> None:
    game = make_game("error", extra={"misbehave_at": "2"})
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
