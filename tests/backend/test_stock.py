"""Games with the nodes of godot_rl_agents play policies, once that plugin's wrapper has been replaced by ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("onnx")

import stock_game
from godot_project import run_godot
from rl_studio import stock
from rl_studio.addon import PLUGIN, install_addon
from rl_studio.cli.main import main
from rl_studio.evaluate import EvaluationError, evaluate
from rl_studio.godot import GodotBinary, ensure_imported, find_godot, headless_environment, parse_version
from rl_studio.project import Project
from test_editor import drive


@pytest.fixture
def game(tmp_path: Path) -> Project:
    return stock_game.write_game(tmp_path / "a game")


def content_of(project: Project) -> dict[str, bytes]:
    """All files but the studio's own state and Godot's caches."""
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in project.root.rglob("*")
        if path.is_file() and path.relative_to(project.root).parts[0] not in (".rl_studio", ".godot")
    }


def test_undo_brings_everything_back_byte_for_byte(game: Project) -> None:
    before = content_of(game)
    done = stock.replace(game)
    assert done.changed
    assert done.addon
    assert stock.is_replaced(game)
    assert PLUGIN in (game.root / "project.godot").read_text()
    (game.root / "walker.onnx.import").write_text('[remap]\n\nimporter="rl_studio.policy"\n')
    stock.restore(game)
    assert content_of(game) == before
    assert not stock.restore(game).changed


def test_twice_does_no_harm(game: Project) -> None:
    before = content_of(game)
    stock.replace(game)
    once = content_of(game)
    assert not stock.replace(game).changed
    assert content_of(game) == once
    stock.restore(game)
    assert content_of(game) == before


def test_undo_leaves_an_addon_that_was_there_before(game: Project) -> None:
    assert main(["install-addon", str(game.root)]) == 0
    before = content_of(game)
    assert not stock.replace(game).addon
    stock.restore(game)
    assert content_of(game) == before


def test_undo_leaves_other_changes_of_the_settings(game: Project) -> None:
    stock.replace(game)
    path = game.root / "project.godot"
    path.write_text(path.read_text().replace('"Walk"', '"Run"'))
    stock.restore(game)
    text = path.read_text()
    assert 'config/name="Run"' in text
    assert 'enabled=PackedStringArray("res://addons/godot_rl_agents/plugin.cfg")\n' in text


def test_undo_keeps_the_addon_where_the_game_has_come_to_use_it(game: Project) -> None:
    stock.replace(game)
    (game.root / "fox.gd").write_text("extends RLAgent\n")
    assert not stock.restore(game).addon
    assert game.has_addon
    assert not stock.is_replaced(game)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (stock_game.WRAPPER + "\n\nfunc run_batch(_rows):\n\tpass\n", "run_batch"),
        (stock_game.WRAPPER.replace("class_name ONNXModel\n", ""), "class_name ONNXModel"),
        (stock_game.WRAPPER.replace("func run_inference", "func infer"), "infer"),
        (None, "no onnx/wrapper/ONNX_wrapper.gd"),
    ],
)
def test_an_unknown_version_is_refused_in_words(game: Project, text: str | None, part: str) -> None:
    wrapper = game.root / stock.WRAPPER
    if text is None:
        wrapper.unlink()
    else:
        wrapper.write_text(text)
    before = content_of(game)
    with pytest.raises(stock.StockPluginError, match="version of godot_rl_agents") as caught:
        stock.replace(game)
    assert part in caught.value.message
    assert content_of(game) == before


def test_a_game_without_that_plugin_is_told_so(project: Project) -> None:
    with pytest.raises(stock.StockPluginError, match="has no addons/godot_rl_agents"):
        stock.replace(project)


def test_evaluate_says_at_once_what_it_needs(game: Project) -> None:
    godot = GodotBinary(Path("/nowhere/godot"), parse_version("4.6.3.stable"), "test")
    with pytest.raises(stock.StockPluginError, match=r"\.NET") as caught:
        evaluate(game, godot, policy="random", episodes=3)
    assert f"install-addon --stock {game.root}" in str(caught.value.hint)


def test_a_game_that_has_come_to_use_our_nodes_needs_nothing(game: Project) -> None:
    (game.root / "fox.gd").write_text("extends RLAgent\n")
    assert not stock.needs_replacing(game)


def test_the_command_line(game: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install-addon", "--stock", str(game.root)]) == 0
    assert "--undo puts it back" in capsys.readouterr().out
    assert main(["install-addon", "--stock", str(game.root)]) == 0
    assert "ours already" in capsys.readouterr().out
    assert main(["install-addon", "--undo", str(game.root)]) != 0
    assert "--undo goes with --stock" in capsys.readouterr().err
    assert main(["install-addon", "--stock", "--undo", "--json", str(game.root)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["undone"] is True


# --- in Godot


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


def playable(godot: GodotBinary, root: Path, sync: str) -> Project:
    project = stock_game.write_game(root, sync)
    stock.replace(project)
    stock_game.write_policy(root / "policies" / "walk.onnx")
    stock_game.write_policy(root / "policies" / "waits.onnx", waits=True)
    stock_game.write_policy(root / "policies" / "other.onnx", sees=5)
    stock_game.write_policy(root / "policies" / "stands.onnx", stands=True)
    ensure_imported(godot, project)
    return project


@pytest.fixture(scope="module")
def newer(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return playable(godot, tmp_path_factory.mktemp("newer") / "game", stock_game.NEWER_SYNC)


@pytest.fixture(scope="module")
def older(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return playable(godot, tmp_path_factory.mktemp("older") / "game", stock_game.OLDER_SYNC)


@pytest.mark.godot
@pytest.mark.parametrize("version", ["newer", "older"])
def test_a_policy_plays_and_is_counted(
    godot: GodotBinary, version: str, request: pytest.FixtureRequest
) -> None:
    """Whatever its actions are called, in whichever order, and however that version reads them."""
    project: Project = request.getfixturevalue(version)
    outcome = evaluate(project, godot, policy="res://policies/walk.onnx", episodes=10)
    assert set(outcome.policies) == {"left", "shared_policy"}
    for result in outcome.policies.values():
        assert (result.episodes, result.success_rate, result.reward_mean) == (10, 1.0, 1.0)
        assert 3 <= result.length_mean <= 4
    assert outcome.action_repeat == 4
    chance = evaluate(project, godot, policy="random", episodes=10)
    for result in chance.policies.values():
        assert result.success_rate is not None
        assert result.success_rate < 1.0
        assert result.length_mean > 5


@pytest.mark.godot
def test_each_agent_has_a_memory_that_begins_anew_with_its_episode(
    godot: GodotBinary, newer: Project
) -> None:
    outcome = evaluate(newer, godot, policy="res://policies/waits.onnx", episodes=6)
    for result in outcome.policies.values():
        assert result.success_rate == 1.0
        assert 5 <= result.length_mean <= 6  # two decisions of waiting in each


@pytest.mark.godot
@pytest.mark.parametrize("version", ["newer", "older"])
def test_a_policy_that_stands_still_walks_where_its_actions_are_drawn(
    godot: GodotBinary, version: str, request: pytest.FixtureRequest
) -> None:
    project: Project = request.getfixturevalue(version)
    policy = "res://policies/stands.onnx"
    still = evaluate(project, godot, policy=policy, episodes=4, max_decisions=100)
    assert [result.cut for result in still.policies.values()] == [4, 4]
    assert "--sample-actions" in still.warnings[0]
    drawn = evaluate(project, godot, policy=policy, episodes=4, max_decisions=100, sample_actions=True)
    assert drawn.to_json()["sampled"] is True
    assert sum(result.cut for result in drawn.policies.values()) < 4
    assert len({result.length_mean for result in drawn.policies.values()}) == 2


@pytest.mark.godot
def test_agents_that_see_more_than_their_sync_hands_over_play(godot: GodotBinary, tmp_path: Path) -> None:
    """As those with a camera."""
    project = stock_game.write_game(tmp_path / "game", stock_game.OLDER_SYNC)
    walker = project.root / "walker.gd"
    walker.write_text(walker.read_text().replace('{"obs":', '{"eyes":'))
    stock.replace(project)
    stock_game.write_policy(project.root / "policies" / "walk.onnx", sense="eyes")
    outcome = evaluate(project, godot, policy="res://policies/walk.onnx", episodes=4)
    assert [result.success_rate for result in outcome.policies.values()] == [1.0, 1.0]
    assert [3 <= result.length_mean <= 4 for result in outcome.policies.values()] == [True, True]
    assert outcome.warnings == ()


@pytest.mark.godot
def test_policies_by_name_play_their_agents_only(godot: GodotBinary, newer: Project) -> None:
    outcome = evaluate(newer, godot, policy={"left": "res://policies/walk.onnx"}, episodes=4)
    assert set(outcome.policies) == {"left"}
    with pytest.raises(EvaluationError, match='no agent has the policy name "up"'):
        evaluate(newer, godot, policy={"left": "random", "up": "random"}, episodes=4)


@pytest.mark.godot
def test_episodes_without_end_are_cut(godot: GodotBinary, newer: Project) -> None:
    outcome = evaluate(newer, godot, policy="res://policies/walk.onnx", episodes=4, max_decisions=2)
    assert [(result.cut, result.length_mean) for result in outcome.policies.values()] == [(4, 2.0)] * 2
    (warning,) = outcome.warnings
    assert "done = true" in warning
    assert "RLAgent" not in warning


@pytest.mark.godot
def test_a_policy_that_does_not_fit_is_named(godot: GodotBinary, newer: Project) -> None:
    with pytest.raises(EvaluationError, match=r"other\.onnx cannot play: it expects 5 numbers") as caught:
        evaluate(newer, godot, policy="res://policies/other.onnx", episodes=4)
    assert "the agent sees 2" in caught.value.message


@pytest.mark.godot
def test_the_editor_plays_policies_in_a_game_as_it_is(
    godot: GodotBinary, newer: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names them in the environment; agents of other policies do what the scene says."""
    monkeypatch.setenv("RL_STUDIO_POLICIES", json.dumps({"left": "res://policies/walk.onnx"}))
    said = run_godot(godot, newer, ["--fixed-fps", "60", "--quit-after", "120"], allow_errors=True)
    walks = [line for line in said.splitlines() if line.startswith("@WALKED")]
    assert len(walks) > 5
    assert set(walks) == {"@WALKED left true"}


@pytest.mark.godot
def test_play_offers_what_the_game_lacks(godot: GodotBinary, tmp_path: Path) -> None:
    project = stock_game.write_game(tmp_path / "game")
    stock_game.write_policy(project.root / "policies" / "walk.onnx")
    install_addon(project)
    ensure_imported(godot, project)
    drive(godot, project, "drive_stock.gd")
    assert stock.is_replaced(project)


EXPORT_PRESET = """\
[preset.0]

name="Linux"
platform="Linux"
runnable=true
export_filter="all_resources"
include_filter=""
exclude_filter=""
export_path=""

[preset.0.options]

binary_format/embed_pck=false
"""


@pytest.mark.godot
def test_an_exported_game_plays_its_policy(godot: GodotBinary, tmp_path: Path) -> None:
    """The plugin's Sync looks for the file, which an export would leave out: it has been imported."""
    project = stock_game.write_game(tmp_path / "game")
    scene = project.root / "main.tscn"
    chosen = 'policy_name = "left"\ncontrol_mode = 3\nonnx_model_path = "res://policies/walk.onnx"'
    scene.write_text(scene.read_text().replace('policy_name = "left"', chosen))
    (project.root / "export_presets.cfg").write_text(EXPORT_PRESET)
    stock.replace(project)
    stock_game.write_policy(project.root / "policies" / "walk.onnx")
    ensure_imported(godot, project)
    pack = tmp_path / "exported" / "game.pck"
    pack.parent.mkdir()
    run_godot(godot, project, ["--export-pack", "Linux", str(pack)], allow_errors=True)
    exported = [
        str(godot.path),
        "--headless",
        "--main-pack",
        str(pack),
        "--fixed-fps",
        "60",
        "--quit-after",
        "60",
    ]
    done = subprocess.run(
        exported, cwd=pack.parent, env=headless_environment(), capture_output=True, text=True, timeout=60
    )
    walks = [line for line in done.stdout.splitlines() if line.startswith("@WALKED")]
    assert len(walks) > 2, done.stdout + done.stderr
    assert set(walks) == {"@WALKED left true"}
