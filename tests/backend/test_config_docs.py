"""The reference page of the configuration: nobody writes it, so nobody forgets it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from godot_project import REPOSITORY
from rl_studio.experiments.document import document
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config

PAGE = REPOSITORY / "docs" / "configuration.md"
MODELS = (SB3Config, RLlibConfig)


def row(text: str, key: str) -> list[str]:
    """The cells of a field's first row in `text`."""
    line = next(line for line in text.splitlines() if line.startswith(f"| `{key}` |"))
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), (
        "run: make docs  (python -m rl_studio.experiments.document docs/configuration.md)"
    )


@pytest.mark.parametrize("model", MODELS)
def test_every_field_says_what_it_means_and_where_it_ends_up(model: type[BaseModel]) -> None:
    text = document()
    own = (
        text if model is SB3Config else text[text.index("\n## RLlib\n") :] + text[: text.index("\n## Stable")]
    )
    for key, field in model.model_fields.items():
        _, meaning, kind, default, _range, target = row(own, key)
        assert meaning.startswith(f"**{field.title}.** {field.description}"), key
        assert kind and default and target, key


def test_defaults_ranges_and_owners_are_told() -> None:
    text = document()
    assert row(text, "learning_rate")[3] == "`0.001`, a2c `0.0007`, sac `0.0003`, dqn `0.0001`"
    assert row(text, "gamma")[4] == "above 0, at most 1"
    assert row(text, "n_envs")[4] == "1 to 64"
    assert row(text, "time_limit_s")[2:5] == ["number, or empty", "empty", "above 0 s"]
    assert "*Only sac, td3 and dqn.*" in row(text, "buffer_size")[1]


def test_each_trainer_names_its_own_arguments() -> None:
    sb3, rllib = document().split("\n## RLlib\n")
    assert row(sb3, "hidden_layers")[5] == "policy_kwargs.net_arch"
    assert row(rllib, "hidden_layers")[5] == "rl_module(model_config)"
