"""rl_studio.trainers: the built-in trainer, and those of other packages."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
from pathlib import Path

import pytest

from backend_support import FakeConfig, fake_trainer
from rl_studio.experiments.presets import PRESETS
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.packages import install_command
from rl_studio.trainers import ENTRY_POINT_GROUP, ScriptTrainer, Trainer, TrainerError, TrainerRegistry

PLUGIN = fake_trainer(name="plugin")


def make_plugin() -> Trainer:
    return fake_trainer(name="made")


def not_a_trainer() -> str:
    return "hello"


def use_entry_points(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    def entry_points(*, group: str) -> list[importlib.metadata.EntryPoint]:
        assert group == ENTRY_POINT_GROUP
        return [importlib.metadata.EntryPoint(value, value, group) for value in values]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


def test_stable_baselines3_is_built_in() -> None:
    trainer = TrainerRegistry().get("sb3")
    assert trainer.title == "Stable-Baselines3"
    assert trainer.config_model() is SB3Config
    assert trainer.presets() is PRESETS
    assert "sb3-contrib" in trainer.packages and "ray" not in trainer.packages
    run_dir = Path("/runs/r")
    command = trainer.command(python="py", project=Path("/game"), run_dir=run_dir, godot=Path("/godot"))
    assert command[0] == "py"
    assert Path(command[1]).name == "stable_baselines3_training_script.py"
    assert command[2:] == [
        *("--project", str(Path("/game"))),
        *("--run-dir", str(run_dir)),
        *("--config", str(run_dir / "config.json")),
        *("--godot", str(Path("/godot"))),
    ]


def test_rllib_is_built_in() -> None:
    trainer = TrainerRegistry().get("rllib")
    assert trainer.config_model() is RLlibConfig
    assert TrainerRegistry().instead_of(trainer) is None
    assert TrainerRegistry().instead_of(TrainerRegistry().get("sb3")) == ["rllib"]
    assert "ray" in trainer.packages and "stable-baselines3" not in trainer.packages
    assert trainer.can_resume
    command = trainer.command(python="py", project=Path("/g"), run_dir=Path("/r"), godot=Path("/godot"))
    assert Path(command[1]).name == "rllib_training_script.py"


@pytest.mark.parametrize(("keyword", "option"), [("resume", "--resume"), ("init_from", "--init-from")])
def test_a_script_is_told_which_checkpoint_to_begin_with(keyword: str, option: str) -> None:
    trainer = fake_trainer()
    given = {"python": "py", "project": Path("/g"), "run_dir": Path("/r"), "godot": Path("/godot")}
    checkpoint = Path("/runs/a/checkpoints/000100")
    command = trainer.command(**given, **{keyword: checkpoint})
    assert command == [*trainer.command(**given), option, str(checkpoint)]


def test_a_script_cannot_resume_unless_its_trainer_says_so() -> None:
    assert not ScriptTrainer("mine", "Mine", lambda: FakeConfig, lambda: Path("mine.py")).can_resume


def test_packages_add_trainers(monkeypatch: pytest.MonkeyPatch) -> None:
    use_entry_points(monkeypatch, f"{__name__}:PLUGIN", f"{__name__}:make_plugin")
    monkeypatch.setattr(
        importlib.import_module("importlib"), "import_module", lambda name: __import__("sys").modules[name]
    )
    assert [trainer.name for trainer in TrainerRegistry().all()] == ["sb3", "rllib", "plugin", "made"]


def test_a_broken_plugin_is_left_out_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use_entry_points(monkeypatch, "no_such_module:X", "builtins:str")
    with caplog.at_level(logging.WARNING):
        assert [trainer.name for trainer in TrainerRegistry().all()] == ["sb3", "rllib"]
    assert "no_such_module" in caplog.text
    assert "gives a str" in caplog.text


def test_the_first_of_two_trainers_with_one_name_wins() -> None:
    first, second = fake_trainer(title="First"), fake_trainer(title="Second")
    assert TrainerRegistry([first, second]).all() == [first]


def test_an_unknown_trainer_is_an_error_that_names_the_closest() -> None:
    with pytest.raises(TrainerError) as caught:
        TrainerRegistry([fake_trainer()]).get("fak")
    assert caught.value.hint == "Did you mean fake?"


def test_what_a_trainer_lacks_is_told() -> None:
    assert fake_trainer().problem() is None
    assert fake_trainer().config_model() is FakeConfig
    assert list(fake_trainer().presets()) == []
    problem = fake_trainer(packages=("pytest", "no-such-thing", "nor-this"), extra="sb3").problem()
    assert problem is not None
    assert problem.message == "no-such-thing, nor-this are not installed."
    assert problem.hint == install_command("sb3")
    problem = fake_trainer(script=lambda: Path("/nowhere.py")).problem()
    assert problem is not None
    assert "/nowhere.py" in problem.message
