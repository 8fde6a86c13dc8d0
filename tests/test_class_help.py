"""The help that F1 shows of the classes a game author types: every public member has words."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_game import make_game
from godot_project import REPOSITORY, import_project, run_godot
from rl_studio.godot import GodotBinary

pytestmark = pytest.mark.godot

CLASSES = ("RLAgent", "RLPolicy", "RLRaycastSensor2D", "RLSync")
OVERRIDES = {
    "_get_observation",
    "_get_action_space",
    "_get_action_mask",
    "_apply_action",
    "_begin_episode",
    "_get_human_action",
}
"""Methods of RLAgent that are there to be overridden."""


@pytest.fixture(scope="module")
def help_pages(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as Godot makes them from the scripts."""
    folder = tmp_path_factory.mktemp("help")
    project = make_game(folder / "game")  # the one that other tests have had imported
    import_project(godot, project)
    pages = folder / "pages"
    pages.mkdir()
    arguments = ["--doctool", str(pages), "--gdscript-docs", "res://addons/rl_studio/runtime"]
    run_godot(godot, project, arguments, code=None, allow_errors=True)
    return pages


def public_members(page: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Name and words of each member that the help shows to a game author."""
    for kind in ("method", "member", "signal", "constant"):
        for element in page.iter(kind):
            name = element.attrib["name"]
            inner = element.find("description")
            if name in OVERRIDES or not name.startswith(("_", "Rl")):
                yield name, ((element.text if inner is None else inner.text) or "").strip()


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_leads_to_a_page_of_the_manual(help_pages: Path, name: str) -> None:
    links = [link.text or "" for link in ElementTree.parse(help_pages / f"{name}.xml").iter("link")]
    assert links
    assert [link for link in links if not (REPOSITORY / "docs" / link.rpartition("/")[2]).is_file()] == []


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_member_is_explained(help_pages: Path, name: str) -> None:
    page = ElementTree.parse(help_pages / f"{name}.xml").getroot()
    assert (page.findtext("brief_description") or "").strip()
    assert (page.findtext("description") or "").strip()
    members = dict(public_members(page))
    assert len(members) > 3
    assert [member for member, words in members.items() if not words] == []
