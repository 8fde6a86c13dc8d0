"""The game's side of the wire, in a real headless Godot, talked to through a bare socket."""

from __future__ import annotations

import configparser
import json
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from godot_project import ADDON, import_project, make_project
from raw_game import Message, RawGame, install_game
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project

pytestmark = pytest.mark.godot

Start = Callable[..., RawGame]

SETTINGS = "[physics]\n\ncommon/physics_ticks_per_second=120"
TICKS, EPISODES, FIRST_ACTION, ACTION, STEP = range(5)


def action(move: float = 0.0, jump: int = 0) -> Message:
    return {"jump": jump, "move": [move]}


def installed_version() -> str:
    parser = configparser.ConfigParser()
    parser.read(ADDON / "plugin.cfg", encoding="utf-8")
    return parser["plugin"]["version"].strip('"')


def state(message: Message, agent: int = 0) -> list[float]:
    values: list[float] = message["obs"][agent]["state"]
    return values


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def probe(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("probe") / "Spiel ö 1", settings=SETTINGS)
    install_game(project, "probe")
    text = (project.root / "project.godot").read_text(encoding="utf-8")
    text = text.replace('config/name="Test"', 'config/name="Test"\nrun/main_scene="res://main.tscn"')
    (project.root / "project.godot").write_text(text, encoding="utf-8")
    import_project(godot, project)
    return project


@pytest.fixture
def start(godot: GodotBinary, probe: Project) -> Iterator[Start]:
    games: list[RawGame] = []

    def start_game(*args: str, **options: object) -> RawGame:
        game = RawGame(godot, probe, args=args, **({"fixed_fps": 120} | options))  # type: ignore[arg-type]
        games.append(game)
        return game

    yield start_game
    for game in games:
        game.__exit__(None, None, None)


def test_env_info(start: Start) -> None:
    game = start()
    info = game.env_info()
    assert info == {
        "type": "env_info",
        "observation_space": [{"rays": {"space": "box", "size": [1]}, "state": {"space": "box", "size": [5]}}]
        * 2,
        "action_space": [
            {"jump": {"action_type": "discrete", "size": 3}, "move": {"action_type": "continuous", "size": 1}}
        ]
        * 2,
        "n_agents": 2,
        "agent_policy_names": ["probe", "probe"],
        "rl_studio": {
            "addon_version": installed_version(),
            "binary": 0,
            "agent_paths": ["/root/Main/First/Agent", "/root/Main/Second/Agent"],
            "masked_policies": [],
            "fixed_rows": [],
            "action_repeat": 4,
            "scene_action_repeat": 8,
        },
    }
    assert list(info["action_space"][0]) == ["jump", "move"]
    assert isinstance(info["observation_space"][0]["state"]["size"][0], int)


def test_reset_begins_episodes_and_the_first_action_is_not_stale(start: Start) -> None:
    game = start()
    game.env_info()
    game.reset()
    game.act(action(0.5), action(0.25))
    first = game.reset()
    assert state(first)[TICKS] == 0  # nothing has happened yet, not even one tick with an old action
    assert first["info"] == [{}, {}]
    step = game.act(action(-0.5, 1), action(2.0))
    assert state(step)[FIRST_ACTION] == pytest.approx(9.5)
    assert state(step, 1)[ACTION] == 1.0  # clamped
    assert state(step)[TICKS] == 4
    assert step["reward"] == [4.0, 4.0]  # of these four ticks only
    assert step["done"] == [False, False]
    assert step["info"] == [{}, {}]


def test_first_observation_of_an_episode_sees_the_world_as_it_is(start: Start) -> None:
    game = start("--probe_max_steps=2")
    game.env_info()
    message = game.reset()
    for _ in range(6):
        episode = state(message)[EPISODES]
        assert message["obs"][0]["rays"] == [pytest.approx(1.0 - episode / 10.0, abs=1e-3)]
        message = game.act(action(), action())


def test_done_carries_the_terminal_observation(start: Start) -> None:
    game = start("--probe_length=6")
    game.env_info()
    game.reset()
    assert game.act(action(), action())["done"] == [False, False]
    step = game.act(action(0.75), action())
    assert step["done"] == [True, True]
    assert step["reward"] == [2.0, 2.0]  # nothing counts after the end
    info = step["info"][0]
    assert info["TimeLimit.truncated"] is False
    assert info["terminal_observation"]["state"][TICKS] == 6
    assert info["metrics"] == {"is_success": 1.0, "ticks": 6.0}
    assert info["is_success"] is True
    assert state(step)[TICKS] == 0
    following = game.act(action(0.25), action())
    assert following["info"] == [{}, {}]
    assert following["reward"] == [4.0, 4.0]
    assert state(following)[FIRST_ACTION] == 0.25
    assert state(following)[EPISODES] == state(step)[EPISODES]


def test_truncation(start: Start) -> None:
    game = start("--probe_max_steps=3")
    game.env_info()
    game.reset()
    steps = [game.act(action(), action()) for _ in range(6)]
    assert [step["done"][0] for step in steps] == [False, False, True] * 2
    info = steps[2]["info"][0]
    assert info["TimeLimit.truncated"] is True
    assert info["terminal_observation"]["state"][TICKS] == 12
    assert "is_success" not in info
    assert steps[2]["reward"] == [4.0, 4.0]


@pytest.mark.parametrize("fixed_fps", [0, 120])
def test_physics_rate_of_the_project_is_kept(start: Start, fixed_fps: int) -> None:
    game = start(fixed_fps=fixed_fps)
    game.env_info()
    game.reset()
    began = time.monotonic()
    for _ in range(300):
        step = game.act(action(), action())
    assert state(step)[STEP] == pytest.approx(1 / 120)
    assert state(step)[TICKS] == 1200
    assert time.monotonic() - began < 5.0  # in the game it was 10 s


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        ("nan_observation", ["/Second/Agent", "state[3]", "nan"]),
        ("nan_reward", ["/Second/Agent", "reward", "nan"]),
        ("grow", ["/Second/Agent", '"state": [5]', '"state": [6]']),
    ],
)
def test_faults_in_the_game_name_the_agent(start: Start, fault: str, parts: list[str]) -> None:
    game = start(f"--probe_fault={fault}")
    game.env_info()
    game.reset()
    for _ in range(10):
        message = game.act(action(), action())
        if message["type"] == "error":
            break
    assert message["type"] == "error"
    for part in parts:
        assert part in message["message"]
    assert game.exit_code() == 1
    assert parts[1] in game.output


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["--probe_fault=name"], ["/Second/Agent", "rays2d", "image"]),
        (["--probe_fault=action_space"], ["/First/Agent", "/Second/Agent", "probe"]),
        (["--probe_policy="], ["policy name"]),
    ],
)
def test_spaces_that_cannot_be_trained(start: Start, args: list[str], parts: list[str]) -> None:
    game = start(*args)
    message = game.env_info()
    assert message["type"] == "error"
    for part in parts:
        assert part in message["message"]
    assert game.exit_code() == 1


def test_a_freed_agent_keeps_its_row(start: Start) -> None:
    game = start("--probe_fault=free")
    game.env_info()
    game.reset()
    steps = [game.act(action(), action()) for _ in range(8)]
    dones = [step["done"][1] for step in steps]
    assert dones.count(True) == 1
    last = steps[dones.index(True)]
    assert last["info"][1]["TimeLimit.truncated"] is True
    assert last["info"][1]["terminal_observation"] == last["obs"][1]
    assert last["reward"][1] > 0.0
    assert steps[-1]["obs"][1] == last["obs"][1]
    assert steps[-1]["reward"] == [4.0, 0.0]
    assert game.output.count("has left the game") == 1


def test_unknown_messages_are_refused_and_the_game_goes_on(start: Start) -> None:
    game = start()
    game.env_info()
    assert game.ask({"type": "dance"})["type"] == "error"
    assert game.ask(b"{not json")["type"] == "error"
    assert game.ask(b"[1]")["type"] == "error"
    assert "2 actions" in game.ask({"type": "action", "action": [action()]})["message"]
    assert game.reset()["type"] == "reset"
    refused = game.act(action(), {"move": [0.0]})
    assert "/Second/Agent" in refused["message"] and "jump" in refused["message"]
    assert game.act(action(), action())["type"] == "step"


def test_call(start: Start) -> None:
    game = start()
    game.env_info()
    assert game.ask({"type": "call", "method": "greet"}) == {"type": "call", "returns": ["grüß pölB"] * 2}
    assert "nothing_like_it" in game.ask({"type": "call", "method": "nothing_like_it"})["message"]
    assert game.ask({"type": "call", "method": "add"})["type"] == "error"
    assert game.reset()["type"] == "reset"


def test_close_and_hanging_up_end_the_game(start: Start) -> None:
    for hang_up in (False, True):
        game = start()
        game.env_info()
        game.reset()
        if hang_up:
            game.hang_up()
        else:
            game.send({"type": "close"})
        assert game.exit_code(5.0) == 0
        assert "ERROR" not in game.output


def test_frames_are_read_strictly(start: Start) -> None:
    """Frames may come glued together or in crumbs, and hold UTF-8."""
    game = start("--probe_policy=püppchen")
    frames = b""
    for message in ({"type": "handshake"}, {"type": "env_info"}, {"type": "call", "method": "greet"}):
        payload = json.dumps(message, ensure_ascii=False).encode()
        frames += struct.pack("<I", len(payload)) + payload
    for index in range(0, len(frames), 7):
        game.send_bytes(frames[index : index + 7])
        time.sleep(0.005)
    assert game.receive()["agent_policy_names"] == ["püppchen"] * 2
    assert game.receive()["returns"] == ["grüß pölB"] * 2


def test_an_absurd_frame_length_ends_the_game(start: Start) -> None:
    game = start()
    game.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
    assert game.exit_code() == 0
    assert "is that a trainer" in game.output


def test_a_trainer_that_comes_late_is_found(start: Start) -> None:
    game = start(listen=False)
    time.sleep(2.0)
    assert game.process.poll() is None
    game.accept()
    assert game.env_info()["n_agents"] == 2
