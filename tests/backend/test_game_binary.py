"""Binary frames with a real headless Godot: what the game's agents do arrives in arrays, and errors in words."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from godot_project import import_project, make_project
from raw_game import BinaryGame, Message, install_game
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project
from rl_studio_training.batch import Batch
from rl_studio_training.layout import GroupActions

pytestmark = pytest.mark.godot

Start = Callable[..., BinaryGame]

MIXED = "res://mixed.tscn"
TICKS, LUCK = 0, 1
LEFT, RIGHT, GUARD = range(3)
"""Rows: those of a policy lie side by side."""
JSON_LEFT, JSON_GUARD, JSON_RIGHT = range(3)
"""JSON has agents in the order of the scene."""


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def probe(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("binary") / "probe")
    install_game(project, "probe")
    import_project(godot, project)
    return project


@pytest.fixture
def start(godot: GodotBinary, probe: Project) -> Iterator[Start]:
    games: list[BinaryGame] = []

    def start_game(*args: str, scene: str = MIXED) -> BinaryGame:
        game = BinaryGame(godot, probe, scene, args=args)
        games.append(game)
        return game

    yield start_game
    for game in games:
        game.__exit__(None, None, None)


def walkers(batch: Batch) -> NDArray[np.float32]:
    seen: NDArray[np.float32] = batch.groups[0].observations["obs"]
    return seen


def guard(batch: Batch) -> NDArray[np.float32]:
    seen: NDArray[np.float32] = batch.groups[1].observations["near"]
    return seen


def error(game: BinaryGame) -> str:
    reply = game.receive()
    assert reply["type"] == "error"
    message: str = reply["message"]
    return message


def test_env_info_agrees_on_binary_frames(start: Start) -> None:
    game = start()
    info = game.agree()
    assert info["rl_studio"] == {
        "addon_version": "0.1.0",
        "binary": 2,
        "agent_paths": ["/root/Main/Left", "/root/Main/Right", "/root/Main/Guard"],
        "masked_policies": ["walker"],
        "fixed_rows": [],
        "action_repeat": 4,
        "scene_action_repeat": 8,
    }
    assert info["agent_policy_names"] == ["walker", "walker", "guard"]
    assert info["observation_space"][LEFT] == {
        "eye_2d": {"space": "box", "size": [3, 1, 2]},
        "obs": {"space": "box", "size": [3]},
    }
    walker, lone = game.agreement.groups
    assert (walker.agents.tolist(), lone.agents.tolist()) == ([LEFT, RIGHT], [GUARD])


@pytest.mark.parametrize(
    "offer",
    [
        *(None, {}, {"binary": []}, {"binary": [1, 3]}, {"binary": "x"}, 7),
        *({"spin_usec": 3000}, {"spin_usec": -1e300}, {"spin_usec": 1e300}, {"spin_usec": "x"}),
    ],
)
def test_without_a_known_offer_json_is_spoken(start: Start, offer: object) -> None:
    game = start()
    assert game.env_info(offer)["rl_studio"]["binary"] == 0
    first = game.reset()
    # Pictures go channel by channel there.
    assert bytes.fromhex(first["obs"][JSON_LEFT]["eye_2d"]) == bytes([0, 40, 20, 50, 30, 60])
    assert first["obs"][JSON_GUARD]["rays"] == [0.25]
    everything = {"action_mask": {"aim": [1, 1, 1], "turn": [1, 1]}}
    assert first["info"] == [everything, {}, everything]
    act = {"aim": 2, "turn": 0, "move": [0.0, 0.0]}
    step = game.act(act, {"move": [0.0, 0.0]}, act)
    assert [info.get("action_mask", {}).get("aim") for info in step["info"]] == [[1, 0, 1], None, [1, 0, 1]]
    game.send(struct.pack("<2sBBIq", b"RL", 1, 1, 0, 0))
    assert "none were agreed on" in error(game)
    game.hang_up()
    assert game.exit_code(10.0) == 0


def test_rewards_observations_masks_and_pictures(start: Start) -> None:
    game = start()
    game.agree()
    first = game.reset_batch()
    assert walkers(first)[:, TICKS].tolist() == [0, 0]
    assert first.groups[0].masks is not None and first.groups[1].masks is None
    assert first.groups[0].masks.tolist() == [[True] * 5] * 2
    step = game.act_batch()
    assert step.rewards.tolist() == [4.0, 2.0, 2.0]  # left, right, guard
    assert not step.ended.any()
    assert walkers(step)[:, TICKS].tolist() == [4, 4]
    assert guard(step)[:, TICKS].tolist() == [4]
    assert step.groups[1].observations["rays"].tolist() == [[0.25]]
    assert step.groups[0].masks is not None
    assert step.groups[0].masks.tolist() == [[True, False, True, True, True]] * 2
    pictures = step.groups[0].observations["eye_2d"]
    assert (pictures.shape, pictures.dtype) == ((2, 3, 1, 2), np.uint8)
    assert pictures[0].tolist() == [[[4, 40]], [[20, 50]], [[30, 60]]]
    assert step.game_s is not None and 0.0 < step.game_s < 5.0


def test_actions_reach_the_agents_of_interleaved_policies(start: Start) -> None:
    game = start()
    game.agree()
    game.reset_batch()
    walker = GroupActions(
        np.array([[0.5, -3.0], [0.25, 1.0]], np.float32), np.array([[2, 1], [0, 0]], np.int32)
    )
    game.act_batch(walker, GroupActions(np.array([[-0.5, 0.125]], np.float32), np.zeros((1, 0), np.int32)))
    heard = game.ask({"type": "call", "method": "get_heard"})["returns"]
    assert heard[LEFT] == {"aim": 2, "move": [0.5, -1.0], "turn": 1}  # clamped
    assert heard[GUARD] == {"move": [-0.5, 0.125]}
    assert heard[RIGHT] == {"aim": 0, "move": [0.25, 1.0], "turn": 0}
    assert walkers(game.act_batch())[:, TICKS].tolist() == [8, 8]


def test_ends_carry_flags_terminal_observations_and_infos(start: Start) -> None:
    game = start("--mixed_max_steps=3", "--mixed_length=6")
    game.agree()
    game.reset_batch()
    steps = [game.act_batch() for _ in range(3)]
    assert [step.terminated.tolist() for step in steps] == [[False] * 3, [False, True, False], [False] * 3]
    assert [step.truncated.tolist() for step in steps] == [[False] * 3, [False] * 3, [True, False, False]]
    assert steps[0].infos == {}
    # A metric is a number of the game, names may be anything.
    assert steps[1].infos == {RIGHT: {"metrics": {"höhe": 2.5, "is_success": 1.0}, "is_success": True}}
    assert steps[1].rewards.tolist() == [4.0, 1.0, 2.0]
    terminal = steps[1].groups[0].terminal_observations
    assert terminal["obs"][:, TICKS].tolist() == [6]
    assert terminal["eye_2d"].tolist() == [[[[6, 40]], [[20, 50]], [[30, 60]]]]
    assert walkers(steps[1])[:, TICKS].tolist() == [8, 0]  # the next episode's first
    assert steps[2].infos == {LEFT: {}}
    assert steps[2].groups[0].terminal_observations["obs"][:, TICKS].tolist() == [12]


def test_a_freed_agent_ends_its_episode_and_is_no_sample_after_that(start: Start) -> None:
    game = start("--probe_fault=free", scene="res://main.tscn")
    game.agree()
    game.reset_batch()
    steps = [game.act_batch() for _ in range(8)]
    ends = [step.truncated[1] for step in steps]
    assert ends.count(True) == 1
    place = ends.index(True)
    last, before = steps[place], steps[place - 1].groups[0].observations["state"]
    assert last.groups[0].terminal_observations["state"].tolist() == [before[1].tolist()]
    assert last.rewards[1] > 0.0
    assert last.acted is None and last.present is not None and last.present.tolist() == [True, False]
    for step in steps[place + 1 :]:
        assert step.acted is not None and step.acted.tolist() == [True, False]
        assert step.present is not None and step.present.tolist() == [True, False]
        assert step.rewards.tolist() == [4.0, 0.0]


def test_a_player_in_the_same_scene_goes_on_playing(start: Start) -> None:
    game = start("--mixed_guard_mode=1")
    info = game.env_info()
    assert info["agent_policy_names"] == ["walker", "walker"]
    game.reset()
    before = game.ask({"type": "call", "method": "get_human_ticks"})["returns"]
    act = {"aim": 0, "turn": 0, "move": [0.0, 0.0]}
    for _ in range(5):
        game.act(act, act)
    after = game.ask({"type": "call", "method": "get_human_ticks"})["returns"]
    assert [late - early for early, late in zip(before, after, strict=True)] == [0, 20, 0]


def test_a_player_among_agents_that_learn_is_worth_a_warning(start: Start) -> None:
    game = start("--mixed_guard_mode=1")
    game.agree()
    game.reset_batch()
    game.act_batch()
    told = [note["message"] for note in game.notes if note["type"] == "warning"]
    assert len(told) == 1 and "/root/Main/Guard is in human mode" in told[0]


def test_seeds_repeat_trajectories(start: Start) -> None:
    game = start()
    game.agree()

    def play(seed: int | None) -> list[Any]:
        batches = [game.reset_batch(seed), *(game.act_batch() for _ in range(20))]
        return [(walkers(batch).tolist(), guard(batch).tolist()) for batch in batches]

    first = play(7)
    assert play(8) != first
    assert play(None) != first
    assert play(7) == first
    assert play(-(1 << 62)) != first


def test_seeds_repeat_trajectories_in_json(start: Start) -> None:
    game = start()
    game.env_info()
    act: Message = {"aim": 0, "turn": 0, "move": [0.0, 0.0]}

    def play(seed: int) -> list[Message]:
        messages = [game.ask({"type": "reset", "seed": seed})]
        return messages + [game.act(act, {"move": [0.0, 0.0]}, act) for _ in range(20)]

    first = play(7)
    assert play(8) != first
    assert play(7) == first
    assert "seed" in game.ask({"type": "reset", "seed": "x"})["message"]


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        ("size", ["[3]", "[4]"]),
        ("picture_size", ["[3, 1, 2]", "[3, 1, 3]"]),
        ("picture_grey", ["[3, 1, 2]", "[1, 1, 2]"]),
        ("mask_name", ['"move"', '"aim"']),
        ("mask_size", ["has 1 choices; expected 3"]),
    ],
)
def test_faults_in_mid_training_name_the_agent(start: Start, fault: str, parts: list[str]) -> None:
    game = start(f"--mixed_fault={fault}")
    game.agree()
    game.reset_batch()
    game.act_batch()
    game.send(game.frame([]))
    message = error(game)
    for part in ["/root/Main/Right", *parts]:
        assert part in message
    assert game.exit_code() == 1


def test_a_picture_needs_2d_in_its_name(start: Start) -> None:
    game = start("--mixed_fault=picture_name")
    message = game.env_info({"binary": [2]})["message"]
    assert "/root/Main/Left" in message and '"eye"' in message and "2d" in message
    assert game.exit_code() == 1


def test_numbers_are_the_trainers_to_check(start: Start) -> None:
    game = start("--mixed_fault=nan")
    game.agree()
    game.reset_batch()
    game.act_batch()
    assert np.isnan(walkers(game.act_batch())[1, 2])


def test_bad_frames_are_refused_and_the_game_goes_on(start: Start) -> None:
    game = start()
    game.agree()
    game.reset_batch()
    frame = game.frame([])
    for bad, part in {
        frame[:-1]: f"takes {len(frame)} bytes; got {len(frame) - 1}",
        frame + b"\0": f"got {len(frame) + 1}",
        b"RL": "2 bytes are not a binary frame",
        b"RL\x09" + frame[3:]: "version 9",
        b"RL\x02\x04" + frame[4:]: "kind 4",
        frame[:8] + struct.pack("<f", np.nan) + frame[12:]: "nan",
        frame[:24] + struct.pack("<i", 3) + frame[28:]: "expected 0 to 2",
        b"\0\xff\xfe": "not a message",
        b"": "not a message",
        b'{"type":"reset"}': "binary frames were agreed on",
    }.items():
        game.send(bad)
        assert part in error(game)
    assert walkers(game.act_batch())[:, TICKS].tolist() == [4, 4]


def test_random_bytes_never_wedge_the_game(start: Start) -> None:
    game = start()
    game.agree()
    game.reset_batch()
    rng = np.random.default_rng(5)
    frame = np.frombuffer(game.frame([]), np.uint8)
    refused = 0
    for turn in range(200):
        bad = frame[: rng.integers(1, len(frame) + 1)].copy()
        start_at = rng.integers(0, len(bad))
        bad[start_at:] = rng.integers(0, 256, len(bad) - start_at)
        if turn % 3 == 0:
            bad = rng.integers(0, 256, rng.integers(1, 64), np.uint8)
        game.send(bad.tobytes())
        refused += game.receive_bytes()[:1] == b"{"
    assert refused > 150
    assert game.act_batch().rewards.shape == (3,)
    assert "SCRIPT ERROR" not in game.output


@pytest.mark.parametrize("args", [[], ["--mixed_pause=6"]])
def test_the_game_ends_when_the_trainer_is_gone(start: Start, args: list[str]) -> None:
    game = start(*args)
    game.agree()
    game.reset_batch()
    game.act_batch()
    game.send(game.frame([]))
    game.hang_up()
    assert game.exit_code(10.0) == 0


def test_half_a_frame_and_silence_end_the_game(start: Start) -> None:
    game = start()
    game.agree()
    game.send_bytes(struct.pack("<I", 100) + b"RL\x01")
    game.hang_up()
    assert game.exit_code(5.0) == 0


def test_a_scene_with_agents_of_another_policy_is_an_error(start: Start) -> None:
    game = start("--mixed_leave=6")
    game.agree()
    game.reset_batch()
    game.act_batch()
    game.send(game.frame([]))
    reply = game.receive()
    assert (reply["type"], reply["code"]) == ("error", "policy")
    assert '"probe"' in reply["message"] and "agent_rows" in reply["message"]
    assert game.exit_code() == 1
