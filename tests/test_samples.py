"""The scenes of the sample project in a real Godot, and policies that play each other in one of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from godot_project import REPOSITORY, run_godot
from rl_studio.errors import StudioError
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio_training.crew import launcher
from rl_studio_training.episodes import Episode
from rl_studio_training.launch import GameSettings
from rl_studio_training.play_checkpoints import PlayOptions, compare, describe, play
from rl_studio_training.players import RandomPlayer, Seat, parse_seat
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.policy_player import play_episodes

pytestmark = [pytest.mark.godot, pytest.mark.timeout(120)]

TAG = "res://scenes/tag_train.tscn"
SCENES = sorted(path.name for path in (REPOSITORY / "sample_project" / "scenes").glob("*.tscn"))
SPACES = {
    "train": {"chase": (16, 18, spaces.Box)},
    "tag_train": {"evader": (9, 23, spaces.Box), "pursuer": (18, 23, spaces.Box)},
    "gems_train": {"gems": (16, 39, spaces.Discrete)},
}
"""By scene and policy, as docs/samples.md has it: agents, observations, kind of actions."""


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_plays_without_a_word(godot: GodotBinary, imported_sample: Project, name: str) -> None:
    args = [f"res://scenes/{name}", "--fixed-fps", "60", "--quit-after", "90"]
    output = run_godot(godot, imported_sample, args)
    assert "ERROR" not in output
    assert "WARNING" not in output


def test_every_script_of_the_sample_has_a_uid() -> None:
    scripts = [
        *(REPOSITORY / "sample_project").rglob("*.gd"),
        *(REPOSITORY / "sample_project").rglob("*.gdshader"),
    ]
    missing = [path for path in scripts if not path.with_name(path.name + ".uid").is_file()]
    assert [path for path in missing if "addons" not in path.parts] == []


@pytest.mark.parametrize("scene", SPACES)
def test_agents_see_and_do_what_is_documented(
    godot: GodotBinary, imported_sample: Project, tmp_path: Path, scene: str
) -> None:
    settings = GameSettings(project=imported_sample, godot=godot, scene=f"res://scenes/{scene}.tscn")
    fleet = PolicyFleet(launcher(settings, tmp_path), 1, seed=3)
    try:
        found = {
            group.policy: (len(group.rows), group.observations.space.shape, type(group.actions.space))
            for group in fleet.groups
        }
        assert found == {name: (count, (size,), kind) for name, (count, size, kind) in SPACES[scene].items()}
        assert [group.has_masks for group in fleet.groups] == [scene == "gems_train"] * len(fleet.groups)
        _step(fleet, 250)
        players = {group.policy: RandomPlayer(group.actions.space, 0) for group in fleet.groups}
        played = play_episodes(fleet, players, 1, seed=3)
    finally:
        fleet.close()
    for name, episodes in played.items():
        assert len(episodes) == SPACES[scene][name][0]
        assert all(episode.success is not None and np.isfinite(episode.reward) for episode in episodes)


def _step(fleet: PolicyFleet, steps: int) -> None:
    """Random actions; every observation has to stay about as large as networks like it."""
    players = [RandomPlayer(group.actions.space, 0) for group in fleet.groups]
    batches = fleet.reset(5)
    for _ in range(steps):
        actions = [
            player.act(batch.observations, masks=batch.masks)[0]
            for player, batch in zip(players, batches, strict=True)
        ]
        fleet.send(0, actions)
        batches = fleet.receive(0)
        for batch in batches:
            assert isinstance(batch.observations, np.ndarray)
            assert np.abs(batch.observations).max() < 4.0


# --- policies that play each other


def test_untrained_policies_play_each_other(imported_sample: Project) -> None:
    done = subprocess.run(
        [
            *(sys.executable, str(REPOSITORY / "training_scripts" / "play_checkpoints.py")),
            *("--project", str(imported_sample.root), "--scene", TAG, "--seed", "11", "--json"),
            *("--policy", "pursuer=untrained", "--policy", "evader=random"),
            *("--instead", "pursuer=random", "--episodes", "9"),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["scene"], report["seed"], report["rounds"]) == (TAG, 11, 1)
    told = report["policies"]
    assert {name: (each["played_by"], each["episodes"]) for name, each in told.items()} == {
        "evader": ("random", 9),
        "pursuer": ("untrained", 18),
    }
    # A round has one winner: the evader, or both pursuers.
    assert told["evader"]["success_rate"] + told["pursuer"]["success_rate"] == pytest.approx(1.0)
    assert told["evader"]["episode_len_mean"] == told["pursuer"]["episode_len_mean"]
    compared = report["comparison"]
    assert (compared["policy"], compared["played_by"], compared["episodes"]) == ("pursuer", "random", 18)
    assert compared["better"] + compared["equal"] + compared["worse"] == pytest.approx(1.0)


def test_the_same_seed_plays_the_same_rounds(imported_sample: Project) -> None:
    seats = (Seat("pursuer", "random"), Seat("evader", "random"))
    report = play(
        PlayOptions(
            project=imported_sample.root,
            scene=TAG,
            seats=seats,
            instead=seats[0],
            episodes=9,
        )
    )
    assert {"played_by": "random", **report["comparison"]["summary"]} == report["policies"]["pursuer"]
    assert report["comparison"]["equal"] == 1.0
    assert "100.0% equal" in describe(report)


@pytest.mark.parametrize(
    ("seats", "message"),
    [
        ([Seat("pursuer", "random")], "Nobody plays evader."),
        ([Seat("pursuer", "random"), Seat("evadre", "random")], "no policy 'evadre'"),
    ],
)
def test_every_policy_needs_a_player(imported_sample: Project, seats: list[Seat], message: str) -> None:
    with pytest.raises(StudioError, match=message):
        play(PlayOptions(project=imported_sample.root, scene=TAG, seats=seats))


@pytest.mark.parametrize("text", ["pursuer", "=random", "pursuer="])
def test_a_seat_has_a_name_and_a_player(text: str) -> None:
    with pytest.raises(StudioError, match="does not say who plays"):
        parse_seat(text)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="is not a checkpoint"):
        parse_seat(f"pursuer={tmp_path}")


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        (Episode(1.0, 30, True), Episode(9.0, 90, False), "better"),
        (Episode(1.0, 30, True), Episode(9.0, 40, True), "better"),
        (Episode(1.0, 90, False), Episode(9.0, 80, False), "equal"),
        (Episode(1.0, 30), Episode(2.0, 30), "worse"),
        (Episode(9.0, 30), Episode(2.0, 90, True), "worse"),  # the game tells of successes only
    ],
)
def test_pairs_are_compared_by_success_then_by_time(one: Episode, other: Episode, outcome: str) -> None:
    shares: dict[str, Any] = {"better": 0.0, "equal": 0.0, "worse": 0.0} | {outcome: 1.0}
    assert compare([one], [other]) == {"episodes": 1, **shares}
