"""Who plays a policy: checkpoints of both trainers, fresh networks like theirs, and chance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.errors import CheckpointError
from rl_studio_training.fleet_batch import FleetGroup
from rl_studio_training.players import RandomPlayer, Seat, make_player, parse_seat
from rl_studio_training.rllib_checkpoints import modules_folder
from rl_studio_training.rllib_policy import untrained_policy
from rl_studio_training.sb3_model import save_model
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions
from training.fake_fleet import BOX, MOVE, TURN
from training.test_sb3_model import model_for

NAME = "pursuer"
SEEN = np.random.default_rng(0).uniform(-1.0, 1.0, (6, *BOX["obs"]["size"])).astype(np.float32)


def group_of(actions: dict[str, Any], observations: dict[str, Any] = BOX) -> FleetGroup:
    codec = ObservationCodec(observations, lambda _row, _key: None)
    return FleetGroup(NAME, codec, ActionCodec(parse_actions(actions)), np.arange(6), 0, False)


def describe(folder: Path, trainer: str, actions: dict[str, Any], **more: Any) -> None:
    spaces = {"observation_space": BOX, "action_space": actions}
    facts = {"trainer": trainer, "policies": {NAME: spaces}, **more}
    (folder / "checkpoint.json").write_text(json.dumps(facts), encoding="utf-8")


def sb3_checkpoint(folder: Path) -> np.ndarray:
    """Makes one; returns what its policy does in `SEEN`."""
    folder.mkdir(parents=True)
    model = model_for("ppo", hidden_layers=[16, 8])
    save_model(model, folder)
    describe(folder, "sb3", MOVE, config=SB3Config(hidden_layers=[16, 8]).model_dump(mode="json"))
    return np.asarray(model.predict(SEEN, deterministic=True)[0])


def rllib_checkpoint(folder: Path) -> np.ndarray:
    """Makes one; returns what its policy does in `SEEN`."""
    folder.mkdir(parents=True)
    group = group_of(MOVE)
    policy = untrained_policy(group.observations.space, group.actions.space, None, NAME)
    policy.module.save_to_path(str(modules_folder(folder).resolve() / NAME))
    describe(folder, "rllib", MOVE)
    return policy.act(SEEN)[0]


@pytest.mark.parametrize("make", [sb3_checkpoint, rllib_checkpoint])
def test_a_checkpoint_plays_as_it_did(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = make(Path("run/checkpoints/step_000000000010"))
    seat = parse_seat(f"{NAME}=run")
    assert seat.who == "step_000000000010"
    actions, _ = make_player(seat, group_of(MOVE), None, 0).act(SEEN)
    np.testing.assert_allclose(actions, expected, atol=1e-6)


@pytest.mark.parametrize("make", [sb3_checkpoint, rllib_checkpoint])
def test_an_untrained_player_is_another_network(make: Any, tmp_path: Path) -> None:
    torch.manual_seed(1)
    folder = tmp_path / "checkpoint"
    expected = make(folder)
    player = make_player(Seat(NAME, "untrained"), group_of(MOVE), folder, 0)
    trained = make_player(parse_seat(f"{NAME}={folder}"), group_of(MOVE), None, 0)
    assert type(player) is type(trained)
    actions, _ = player.act(SEEN)
    assert actions.shape == expected.shape
    assert np.abs(actions - expected).max() > 1e-4


@pytest.mark.parametrize("make", [sb3_checkpoint, rllib_checkpoint])
def test_a_checkpoint_of_another_game_is_refused(make: Any, tmp_path: Path) -> None:
    make(tmp_path / "checkpoint")
    with pytest.raises(CheckpointError, match="Discrete"):
        make_player(parse_seat(f"{NAME}={tmp_path / 'checkpoint'}"), group_of(TURN), None, 0)


def test_chance_obeys_masks() -> None:
    space = group_of({"turn": {"action_type": "discrete", "size": 3}}).actions.space
    masks = np.tile([True, False, True], (200, 1))
    actions, _ = RandomPlayer(space, 0).act(np.zeros((200, 2), np.float32), masks=masks)
    assert set(actions.tolist()) == {0, 2}


def test_chance_obeys_the_masks_of_each_choice() -> None:
    sizes = {name: {"action_type": "discrete", "size": size} for name, size in (("a", 2), ("b", 3))}
    masks = np.tile([False, True, True, False, False], (50, 1))
    actions, _ = RandomPlayer(group_of(sizes).actions.space, 0).act(
        np.zeros((50, 2), np.float32), masks=masks
    )
    assert (actions == [1, 0]).all()
