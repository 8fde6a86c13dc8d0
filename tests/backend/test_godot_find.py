from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rl_studio.godot import GodotNotFoundError, find_godot, parse_version, places

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake Godots are shell scripts")

GOOD = "4.6.3.stable.official.abc123"


def fake_godot(path: Path, version: str = GOOD, *, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{version}"\nexit {code}\n', encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder; usual places outside of it are left out, so that this machine's Godot does not count."""
    folder = tmp_path / "home"
    folder.mkdir()
    original = places.usual_places

    def only_here(environ: dict[str, str], platform: str = sys.platform) -> list[Path]:
        return [place for place in original(environ, platform) if place.is_relative_to(folder)]

    monkeypatch.setattr(places, "usual_places", only_here)
    return folder


def environ(home: Path, *path: Path, **others: str) -> dict[str, str]:
    folders = ":".join(str(folder) for folder in path)
    return {"HOME": str(home), "PATH": folders, "RL_STUDIO_DATA_DIR": str(home / "data"), **others}


@pytest.mark.parametrize(
    ("text", "numbers", "status", "folder"),
    [
        ("4.6.3.stable.debian4.6.3+ds-2", (4, 6, 3), "stable", "4.6.3.stable"),
        ("4.4.stable.official.4c311cbee", (4, 4, 0), "stable", "4.4.stable"),
        ("4.5.1.stable.mono.official.f62fdbde1", (4, 5, 1), "stable", "4.5.1.stable.mono"),
        ("4.7.beta2.official.123", (4, 7, 0), "beta2", "4.7.beta2"),
        ("WARNING: no display\n4.10.rc1.custom_build\n", (4, 10, 0), "rc1", "4.10.rc1"),
    ],
)
def test_versions_are_read(text: str, numbers: tuple[int, int, int], status: str, folder: str) -> None:
    version = parse_version(text)
    assert version is not None
    assert (version.numbers, version.status, version.template_folder) == (numbers, status, folder)


@pytest.mark.parametrize("text", ["", "4", "git version 2.39.5", "Python 3.11.7", "4.6.3", "v4.6.stable"])
def test_other_output_is_no_version(text: str) -> None:
    assert parse_version(text) is None


def test_the_option_wins_over_everything(home: Path) -> None:
    asked = fake_godot(home / "mine" / "Godot with space", "4.5.stable.official.1")
    other = fake_godot(home / "bin" / "godot")
    found = find_godot(asked, environ=environ(home, other.parent, GODOT=str(other)))
    assert (found.path, found.source, found.version.numbers) == (asked, "option", (4, 5, 0))


def test_the_variable_wins_over_the_path(home: Path) -> None:
    asked = fake_godot(home / "mine" / "engine")
    other = fake_godot(home / "elsewhere" / "godot")
    found = find_godot(environ=environ(home, other.parent, GODOT=str(asked)))
    assert (found.path, found.source) == (asked, "GODOT")


def test_the_option_may_name_a_program_on_the_path(home: Path) -> None:
    program = fake_godot(home / "elsewhere" / "my-godot")
    assert find_godot("my-godot", environ=environ(home, program.parent)).path == program


@pytest.mark.parametrize(
    "name", ["godot", "godot4", "godot-4", "Godot_v4.6.3-stable_linux.x86_64", "godot-bin"]
)
def test_usual_names_are_found_on_the_path(home: Path, name: str) -> None:
    program = fake_godot(home / "elsewhere" / name)
    found = find_godot(environ=environ(home, home / "not there", program.parent))
    assert (found.path, found.source) == (program, "PATH")


def test_the_newest_of_several_versions_is_taken(home: Path) -> None:
    folder = home / "Downloads"
    for version in ("4.4", "4.10", "4.6.1"):
        fake_godot(folder / f"Godot_v{version}-stable_linux.x86_64", f"{version}.stable.official.1")
    found = find_godot(environ=environ(home))
    assert (found.version.numbers, found.source) == ((4, 10, 0), "folder")


def test_an_app_bundle_and_a_folder_stand_for_the_binary_inside(home: Path) -> None:
    inside = fake_godot(home / "Godot.app" / "Contents" / "MacOS" / "Godot")
    assert find_godot(home / "Godot.app", environ=environ(home)).path == inside
    unpacked = fake_godot(home / "Godot_v4.6_mono" / "Godot_v4.6-stable_mono_linux.x86_64")
    assert find_godot(unpacked.parent, environ=environ(home)).path == unpacked


def test_a_link_keeps_its_name(home: Path) -> None:
    dispatcher = home / "snap" / "dispatcher"
    dispatcher.parent.mkdir()
    dispatcher.write_text(f'#!/bin/sh\n[ "${{0##*/}}" = godot ] && echo {GOOD}\n', encoding="utf-8")
    dispatcher.chmod(0o755)
    link = home / "snap" / "godot"
    link.symlink_to(dispatcher)
    assert find_godot(link, environ=environ(home)).path == link


def test_one_too_old_is_passed_over(home: Path) -> None:
    fake_godot(home / "old" / "godot", "4.3.stable.official.1")
    good = fake_godot(home / "new" / "godot")
    assert find_godot(environ=environ(home, home / "old", home / "new")).path == good


def test_one_too_old_is_named_when_nothing_else_is_there(home: Path) -> None:
    old = fake_godot(home / "old" / "godot", "3.6.1.stable.official.1", code=255)
    with pytest.raises(GodotNotFoundError) as caught:
        find_godot(environ=environ(home, old.parent))
    assert f"{old} is Godot 3.6.1.stable.official.1; 4.4 or newer is needed" in caught.value.message
    assert caught.value.data["tried"][0]["source"] == "PATH"
    assert caught.value.hint is not None
    assert "godotengine.org" in caught.value.hint


def test_something_else_of_that_name_is_passed_over(home: Path) -> None:
    fake_godot(home / "odd" / "godot", "waiting for you")
    (home / "broken").mkdir()
    broken = home / "broken" / "godot"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    good = fake_godot(home / "good" / "godot4")
    assert find_godot(environ=environ(home, home / "odd", broken.parent, good.parent)).path == good


@pytest.mark.parametrize("source", ["option", "GODOT"])
def test_what_was_asked_for_is_never_silently_replaced(home: Path, source: str) -> None:
    good = fake_godot(home / "good" / "godot")
    old = fake_godot(home / "old" / "godot", "4.3.stable.official.1")
    plain = home / "plain.txt"
    plain.write_text("not a program", encoding="utf-8")
    empty = home / "empty"
    empty.mkdir()
    for path, problem in (
        (home / "nothing", "does not exist"),
        (old, "is Godot 4.3"),
        (plain, "is not executable"),
        (empty, "is a folder with no Godot in it"),
    ):
        env = environ(home, good.parent, **({"GODOT": str(path)} if source == "GODOT" else {}))
        with pytest.raises(GodotNotFoundError) as caught:
            find_godot(path if source == "option" else None, environ=env)
        assert f"{path} {problem}" in caught.value.message
        assert caught.value.data["tried"] == [
            {"source": source, "path": str(path), "problem": caught.value.data["tried"][0]["problem"]}
        ]


def test_the_usual_places_of_each_system_are_known() -> None:
    env = {"HOME": "/home/me", "LOCALAPPDATA": "/local", "ProgramFiles": "/programs"}
    assert Path("/opt/godot*") in places.usual_places(env, "linux")
    assert Path("/home/me/.local/bin") in places.usual_places(env, "linux")
    assert Path("/Applications/Godot*.app") in places.usual_places(env, "darwin")
    assert Path("/programs/Godot") in places.usual_places(env, "win32")
    assert Path("/local/Programs/Godot") in places.usual_places(env, "win32")
