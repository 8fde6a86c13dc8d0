"""Scenes that are reloaded or changed: the session goes on with whoever is there then."""

from __future__ import annotations

from pathlib import Path

import pytest

from games.conftest import Games
from games.test_crews import by_name, check_everything

pytestmark = pytest.mark.godot


def test_a_reloaded_scene_goes_on_with_its_new_agents(games: Games) -> None:
    scene = games.scene("reload", "crew/tagged.gd", "scenes/reload.gd", count=3)
    seen = games.train(scene, 80, by_name)
    counts = check_everything(seen)
    assert len(counts) >= 3 * 80 * 8 // 60, "a new crew about every 50 ticks"
    ended = [batches[0] for batches in seen.batches if batches[0].ended.any()]
    assert sum(int(batch.terminated.sum()) for batch in ended) > 20, "30 ticks are an episode"
    assert sum(int(batch.truncated.sum()) for batch in ended) > 20, "what the reload cut"
    assert all(len(batches[0].rewards) == 3 for batches in seen.batches), "they took the same rows"


@pytest.mark.parametrize("way", ["file", "packed", "hand"])
@pytest.mark.parametrize("next_has_sync", [True, False])
def test_levels_lead_to_each_other(games: Games, way: str, next_has_sync: bool) -> None:
    name = f"level_{way}_{next_has_sync}"
    other = games.scene(
        f"{name}_2",
        "crew/tagged.gd",
        "scenes/level.gd",
        count=4,
        next=f'"res://{name}.tscn"',
        way=f'"{way}"',
        has_sync=str(next_has_sync).lower(),
    )
    first = games.scene(
        name, "crew/tagged.gd", "scenes/level.gd", count=2, next=f'"{other}"', way=f'"{way}"', ticks=30
    )
    seen = games.train(first, 60, by_name)
    counts = check_everything(seen)
    assert len(counts) >= 18, "several times 2 and 4 agents"
    assert max(len(batches[0].rewards) for batches in seen.batches) == 4
    assert len(seen.episodes) == sum(int(b[0].ended.sum()) for b in seen.batches)


def test_a_scene_without_agents_is_waited_for(games: Games) -> None:
    """A menu between two levels."""
    games.scene(
        "menu",
        "crew/tagged.gd",
        "scenes/level.gd",
        count=0,
        has_sync="false",
        ticks=400,
        next='"res://level_m.tscn"',
    )
    first = games.scene("level_m", "crew/tagged.gd", "scenes/level.gd", count=2, next='"res://menu.tscn"')
    seen = games.train(first, 30, by_name)
    assert len(check_everything(seen)) >= 6


def test_an_autoload_drives_all_scenes(games: Games) -> None:
    settings = games.project.root / "project.godot"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before + '\n[autoload]\n\nSync="*res://scenes/autoload.gd"\n', encoding="utf-8")
    try:
        scene = games.scene(
            "autoloaded", "crew/tagged.gd", "scenes/reload.gd", count=2, has_sync="false", ticks=40
        )
        seen = games.train(scene, 40, by_name)
    finally:
        settings.write_text(before, encoding="utf-8")
    assert len(check_everything(seen)) >= 10
    assert "second RLSync" not in seen.output


@pytest.mark.parametrize("root", ["scenes/reload.gd", "crew/respawn.gd"])
def test_an_evaluation_counts_each_episode_once(games: Games, root: str) -> None:
    scene = games.scene(f"evaluated_{Path(root).stem}", "crew/tagged.gd", root, count=2)
    episodes = games.evaluate(scene, 12)
    assert len(episodes) == 12
    assert len({(e["agent"], e["metrics"].get("number"), e["reward"]) for e in episodes}) >= 8
    assert all(e["length"] >= 1 for e in episodes)


def test_a_played_game_goes_on_after_a_reload(games: Games) -> None:
    """Played by hand there is nothing to hold on to: the new scene's RLSync takes over."""
    scene = games.scene("played_reload", "crew/tagged.gd", "scenes/reload.gd", count=1, ticks=40)
    output = games.play(scene, frames=200)
    assert output.count("@LIFE") >= 4
