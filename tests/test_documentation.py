"""The pages say what is true: commands, options, links, blocks and counted things are those of the code.

What has to be run to be tried is in test_documented_agents.py and test_documented_commands.py.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_commands import Command, commands, find_cli_fault, find_fault, flags, script_flags, verbs
from doc_pages import Block, Page, blocks, pages
from godot_project import REPOSITORY
from rl_studio.cli.document import document
from rl_studio.evaluate import MAX_DECISIONS
from rl_studio.experiments import layers, overlay
from rl_studio.experiments.presets import PRESETS
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training.sample_watch import LARGE

LANGUAGES = {"sh", "gdscript", "python", "json", "yaml", "ini", "text"}
CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
MEASURED = (
    "README.md",
    "benchmarks/README.md",
    *(f"docs/{name}.md" for name in ("samples", "tuning", "playing", "onnx")),
)
"""Pages with measured numbers."""
_UNITS = re.compile(r"(?<![\w.-])\d[\d .,]* ?(?:s|ms|µs|seconds?|minutes|MB|GB|%|steps/s|lines/s)(?![\w/-])")
_COMMAND = re.compile(r"(?:^|`)(?:rl-studio|python|make) ", re.MULTILINE)
COMMAND_LINE = REPOSITORY / "docs" / "command-line.md"
FOREIGN_FLAGS = {
    **dict.fromkeys(("--fixed-fps", "--headless", "--path"), "Godot"),
    **dict.fromkeys(("--head", "--port", "--address"), "ray"),
    **dict.fromkeys(("--speedup", "--env_seed", "--action_repeat", "--rl_studio_unseen"), "games"),
    **dict.fromkeys(("--rl_studio_probe", "--rl_studio_evaluate", "--rl_studio_policy"), "games"),
    **dict.fromkeys(("--rl_studio_sample_actions",), "games"),
    **dict.fromkeys(
        ("--env_path", "--n_parallel", "--viz", "--experiment_name", "--experiment_dir"), "godot-rl"
    ),
    **dict.fromkeys(("--config_file", "--save_model_path", "--save_checkpoint_frequency"), "godot-rl"),
    **dict.fromkeys(("--resume_model_path", "--restore", "--linear_lr_schedule", "--eval"), "godot-rl"),
    **dict.fromkeys(("--onnx_export_path", "--export", "--inference", "--num_gpus"), "godot-rl"),
    **dict.fromkeys(("--rl_studio_fixed_fps", "--key", "--version"), "games, in general; rl-studio itself"),
}
"""Options that the pages name and that no command of ours has, with those who have them."""


def all_commands() -> Iterator[Command]:
    for block in blocks("sh"):
        yield from commands(block)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_blocks_name_their_language(page: Page) -> None:
    assert [block.place for block in page.blocks() if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    dead = []
    for target, _is_picture in page.links():
        name, _, anchor = target.partition("#")
        if name.startswith(("https://", "http://")):
            continue
        path = (page.path.parent / name).resolve() if name else page.path
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            dead.append(target)
    assert dead == []


def test_every_page_can_be_reached_from_the_readme_and_every_picture_is_shown() -> None:
    linked = {target.partition("#")[0] for target, _ in Page("README.md").links()}
    assert {page.name for page in pages()} - {"README.md"} <= linked
    shown = {
        target.rpartition("/")[2] for page in pages() for target, is_picture in page.links() if is_picture
    }
    assert {path.name for path in (REPOSITORY / "docs" / "images").glob("*.png")} <= shown


def test_commands_can_be_typed() -> None:
    found = {
        f"{command.block.place}: {command.text}": find_fault(command.words) for command in all_commands()
    }
    assert {place: fault for place, fault in found.items() if fault} == {}
    assert len(found) > 20


def test_commands_within_sentences_exist_with_all_their_options() -> None:
    wrong = []
    for page in pages():
        for code in page.code():
            if not code.startswith("rl-studio ") or code == "rl-studio COMMAND --help":
                continue
            verb = code.split()[1]
            options = set(re.findall(r"--[a-z][\w-]*", code))
            if verb != "--version" and (verb not in verbs() or options - flags(verb) - {"--help"}):
                wrong.append(f"{page.name}: {code}")
    assert wrong == []


def test_every_option_that_a_page_names_exists() -> None:
    scripts = [*(REPOSITORY / "training_scripts").glob("*.py"), *(REPOSITORY / "benchmarks").glob("*.py")]
    known = set(FOREIGN_FLAGS).union(*map(flags, verbs()), *map(script_flags, scripts))
    named = {
        (page.name, option)
        for page in pages()
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", page.text)
    }
    assert {(page, option) for page, option in named if option not in known} == set()


def test_the_page_of_the_command_line_is_current() -> None:
    assert COMMAND_LINE.read_text(encoding="utf-8") == document(), "run: make docs"


def test_every_argument_says_what_it_is() -> None:
    rows = [line for line in document().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_readme_has_a_row_for_every_command() -> None:
    table = Page("README.md").text.partition("\n## Command line\n")[2].partition("\n## ")[0]
    first_cells = " ".join(line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `"))
    named = {code.removeprefix("rl-studio ").split()[0] for code in re.findall(r"`([^`]+)`", first_cells)}
    assert {word for word in named if not word.startswith("--")} == set(verbs())
    assert {"--resume", "--init-from", "--seeds"} <= set(re.findall(r"--[a-z-]+", first_cells))


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.place)
def test_yaml_is_a_valid_overlay(block: Block, tmp_path: Path) -> None:
    file = tmp_path / overlay.FILE
    file.write_text(block.text, encoding="utf-8")
    assert overlay.read(file)
    layers.configure(RLlibConfig, {}, file, {})


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.place)
def test_json_can_be_read(block: Block) -> None:
    text = block.text.strip()
    assert json.loads(text if text.startswith("{") else "{" + text + "}")


def test_a_result_line_can_be_read() -> None:
    (text,) = [block.text for block in blocks("text") if block.text.startswith("@RESULT ")]
    files = json.loads("".join(text.removeprefix("@RESULT ").splitlines()))["files"]
    assert files[0]["policy"] and files[0]["proof"]["actions"]["compared"]


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.place)
def test_python_can_be_compiled(block: Block) -> None:
    compile(block.text, block.place, "exec")


def test_ini_blocks_are_settings_that_are_read() -> None:
    for block in blocks("ini"):
        assert set(re.findall(r"^([\w/]+)=", block.text, re.MULTILINE)) == {"training/scene"}


def test_counted_things_are_as_many_as_there_are() -> None:
    listed = Page("docs/playing.md").text.partition("## What a file may be made of")[2].partition("\n## ")[0]
    operators = re.findall(r"`([A-Z]\w+)`", listed)
    counts = [re.findall(r"(\d+) (?:of ONNX|operators)", text) for text in (listed, CHANGELOG)]
    assert len(operators) == len(set(operators))
    assert counts == [[str(len(operators))], [str(len(operators))]]


@pytest.mark.parametrize("name", MEASURED)
def test_measured_numbers_name_the_command_that_makes_them(name: str) -> None:
    sections = re.split(r"^(?=#{2,4} )", Page(name).text, flags=re.MULTILINE)
    without = [
        f"{section.splitlines()[0]}: {numbers}"
        for section in sections
        if (numbers := _UNITS.findall(section)) and not _COMMAND.search(section)
    ]
    assert without == []


def test_limits_are_those_of_the_code() -> None:
    turns = (REPOSITORY / "godot_addon/addons/rl_studio/runtime/turns.gd").read_text(encoding="utf-8")
    (crowd,) = re.findall(r"^const \w+: int = (\d+)", turns, re.MULTILINE)
    playing, agents = Page("docs/playing.md").text, Page("docs/agents.md").text
    assert f"play {crowd} agents or more" in playing
    assert f"more than {MAX_DECISIONS:,} decisions".replace(",", " ") in playing
    assert f"beyond ±{LARGE:g}" in agents


def test_presets_are_those_that_there_are() -> None:
    (told,) = re.findall(r"^- `--preset (.*?), also in", Page("README.md").text, re.MULTILINE)
    names = {preset.name for preset in PRESETS}
    assert set(re.findall(r"\w+_\w+|[a-z]{4,}", told)) <= names


def test_the_oldest_python_is_the_same_everywhere() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert set(re.findall(r"Python (3\.\d+) or newer", Page("README.md").text)) == {oldest}


def test_a_wrong_command_is_noticed() -> None:
    assert find_cli_fault(["train", "--step", "3"])
    assert find_cli_fault(["trian"])
    assert find_fault(shlex.split("python benchmarks/backend.py --fast"))
    assert find_fault(["make", "everything"])
    assert find_fault(shlex.split("pip install 'godot-rl-studio[jax]'"))


def _anchors(path: Path) -> set[str]:
    return Page(path.relative_to(REPOSITORY).as_posix()).anchors
