"""The managed environment: made, interrupted, gone on with, mended, upgraded, removed. With real Pythons and pip.

No trainer is installed here, which takes a few seconds; tests/test_setup_editor.py installs one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from rl_studio.doctor import diagnose
from rl_studio.setup import engine, own_wheel, packages_there, state
from rl_studio.setup.places import Places
from rl_studio.setup.report import Report
from rl_studio.setup.wheel import Wheel
from rl_studio.storage import DiskFullError
from setup_runs import Event, Run, as_version, is_phase, python_without_ensurepip, says, set_up, works

pytestmark = [
    pytest.mark.timeout(200),
    pytest.mark.skipif(sys.platform == "win32", reason="signals, modes of files"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_wheel.make(tmp_path_factory.mktemp("the wheel"))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """In a folder as people have them."""
    return Places(tmp_path / "Zoë Müller" / "data")


@pytest.fixture(scope="module")
def first_events(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Places, list[Event]]:
    """An environment that is ready, and what was said while it was made."""
    places = Places(tmp_path_factory.mktemp("made") / "data")
    return places, set_up(places, wheel)


@pytest.fixture(scope="module")
def made(first_events: tuple[Places, list[Event]]) -> Places:
    """An environment that is ready; tests that change it take a copy."""
    places, events = first_events
    assert events[-1]["event"] == "done", events[-5:]
    return places


@pytest.fixture
def ready(made: Places, places: Places) -> Places:
    shutil.copytree(made.data, places.data, symlinks=True)
    return places


@pytest.fixture
def unfinished(ready: Places) -> Places:
    """An environment whose set-up was ended before one package was there."""
    site = next(ready.env.glob("lib/*/site-packages"))
    for path in site.glob("idna*"):
        shutil.rmtree(path)
    _set_stage(ready, "installing")
    return ready


def test_it_is_made_with_progress_and_a_log(made: Places, wheel: Path, tmp_path: Path) -> None:
    found = state.load(made)
    assert found is not None
    assert (found.stage, found.extras, found.notes) == ("ready", (), ())
    assert works(made)
    assert "Successfully installed" in made.log.read_text(encoding="utf-8")
    assert not made.downloads.exists()
    again = set_up(made, wheel)
    assert [event["event"] for event in again] == ["progress", "done"]
    assert again[-1]["python"] == str(made.python)


def test_progress_only_rises_and_counts_packages(first_events: tuple[Places, list[Event]]) -> None:
    events = first_events[1]
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    texts = [str(event.get("text")) for event in events]
    assert any(text.startswith("Installing packages: ") and " of " in text for text in texts)
    phases = [event["phase"] for event in events if event["event"] == "phase"]
    assert phases == ["python", "pip", "packages", "trial"]


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(is_phase("python"), id="while the environment is made", marks=pytest.mark.matrix),
        pytest.param(is_phase("pip"), id="while pip is put in", marks=pytest.mark.matrix),
        pytest.param(says("Collecting psutil"), id="while packages are downloaded"),
        pytest.param(says("Installing collected packages: web"), id="while packages are unpacked"),
        pytest.param(is_phase("trial"), id="while it is tried", marks=pytest.mark.matrix),
    ],
)
def test_killed_anywhere_the_next_one_goes_on(
    places: Places, wheel: Path, point: Callable[[Event], bool]
) -> None:
    run = Run(places, wheel)
    run.until(point)
    run.kill()
    assert state.ready_python(places) is None
    events = set_up(places, wheel)
    assert events[-1]["event"] == "done", events[-3:]
    assert any("interrupted" in str(event.get("text")) for event in events)
    assert works(places)
    assert packages_there.damaged(places.env) == []


def test_a_package_cut_short_is_installed_again(ready: Places, wheel: Path) -> None:
    """pip itself takes it for installed as soon as its description is there."""
    site = next(ready.env.glob("lib/*/site-packages"))
    info = next(site.glob("idna-*.dist-info"))
    (info / "RECORD").unlink()
    shutil.rmtree(site / "idna")
    _set_stage(ready, "installing")
    events = set_up(ready, wheel)
    assert events[-1]["event"] == "done"
    assert any("Not whole" in str(event.get("text")) and "idna" in event["text"] for event in events)
    assert (site / "idna" / "core.py").is_file()


def test_cancel_is_the_end_of_standard_input(places: Places, wheel: Path) -> None:
    run = Run(places, wheel)
    run.until(says("Collecting"))
    family = psutil.Process(run.process.pid).children(recursive=True)
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.process.wait(15) == 1
    run.close()
    assert psutil.wait_procs(family, 5)[1] == []
    note = state.load(places)
    assert note is not None
    assert note.stage == "installing"


def test_two_at_once_wait_for_each_other(places: Places, wheel: Path) -> None:
    first = Run(places, wheel)
    first.until(is_phase("pip"))
    second = Run(places, wheel)
    second.until(is_phase("wait"))
    assert first.end()[-1]["event"] == "done"
    events = second.end()
    assert events[-1]["event"] == "done"
    assert not any(event.get("phase") == "python" for event in events)


def test_repair_finds_a_changed_file(ready: Places, wheel: Path) -> None:
    module = next(ready.env.glob("lib/*/site-packages/rl_studio/userdata.py"))
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace("the", "teh"), encoding="utf-8")  # of the same length
    module.with_name("seeds.py").unlink()
    damage = next(check for check in _doctor(ready) if check.name == "Managed environment")
    assert (damage.status, "godot_rl_studio" in damage.detail) == ("warning", True)
    assert set_up(ready, wheel, "set-up", "--repair")[-1]["event"] == "done"
    assert module.read_text(encoding="utf-8") == text
    assert next(check for check in _doctor(ready) if check.name == "Managed environment").status == "ok"


def test_an_environment_whose_python_is_gone_is_made_anew(ready: Places, wheel: Path) -> None:
    config = ready.env / "pyvenv.cfg"
    config.write_text(config.read_text(encoding="utf-8").replace("home = ", "home = /gone"), encoding="utf-8")
    assert set_up(ready, wheel)[-1]["event"] == "done"
    assert works(ready)


def test_a_newer_package_upgrades_and_an_older_one_is_refused(
    ready: Places, wheel: Path, tmp_path: Path
) -> None:
    newer = as_version(wheel, "0.2.0", tmp_path)
    events = set_up(ready, newer)
    assert (events[-1]["event"], events[-1]["version"]) == ("done", "0.2.0")
    assert any("from version 0.1.0 to 0.2.0" in str(event.get("text")) for event in events)
    assert not any(event.get("phase") == "python" for event in events)
    refused = set_up(ready, wheel)[-1]
    assert (refused["event"], "newer than 0.1.0" in refused["message"]) == ("error", True)
    assert "Update the addon" in refused["hint"]
    assert set_up(ready, wheel, "set-up", "--repair")[-1]["version"] == "0.1.0"


def test_another_build_of_the_same_version_takes_its_place(
    ready: Places, wheel: Path, tmp_path: Path
) -> None:
    changed = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data + b"\nMARK = 1\n" if name == "rl_studio/seeds.py" else data)
    assert set_up(ready, changed)[-1]["event"] == "done"
    code = "import rl_studio.seeds; print(rl_studio.seeds.MARK)"
    done = subprocess.run([str(ready.python), "-I", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1"


def test_remove_leaves_nothing_that_is_large(ready: Places, wheel: Path) -> None:
    assert set_up(ready, wheel, "remove")[-1]["event"] == "done"
    assert not ready.env.exists()
    left = [path for path in ready.data.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in left) < 100_000


def test_without_a_network_it_says_so_and_retry_goes_on(
    unfinished: Places, wheel: Path, tmp_path: Path
) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "HOME": str(tmp_path)}
    failed = set_up(unfinished, wheel, **nowhere)[-1]
    assert failed["event"] == "error"
    assert failed["message"] == "The package index cannot be reached."
    assert "Retry" in failed["hint"]
    assert set_up(unfinished, wheel)[-1]["event"] == "done"


def test_a_folder_that_may_not_be_written_is_named(places: Places, wheel: Path) -> None:
    places.data.parent.mkdir(parents=True)
    places.data.write_text("a file in its place")
    failed = set_up(places, wheel)[-1]
    assert failed["event"] == "error"
    assert str(places.data) in failed["message"]


def test_a_python_without_ensurepip_gets_pip_from_the_index(
    places: Places, wheel: Path, tmp_path: Path
) -> None:
    """As Debian's without its package python3-venv."""
    python = python_without_ensurepip(tmp_path)
    events = Run(places, wheel, python=str(python)).end()
    assert events[-1]["event"] == "done", events[-5:]
    assert works(places)


def test_without_ensurepip_and_a_network_it_says_what_brings_it(
    places: Places, wheel: Path, tmp_path: Path
) -> None:
    python = python_without_ensurepip(tmp_path)
    failed = Run(places, wheel, python=str(python), PIP_INDEX_URL="http://127.0.0.1:9/simple").end()[-1]
    assert failed["event"] == "error"
    assert "no pip" in failed["message"]
    assert "another Python" in failed["hint"]
    if sys.platform == "linux":
        assert "-venv" in failed["hint"]


def test_settings_of_pip_do_not_send_it_elsewhere(unfinished: Places, wheel: Path, tmp_path: Path) -> None:
    elsewhere = {"PIP_TARGET": str(tmp_path / "elsewhere"), "PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1"}
    elsewhere |= {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere"}
    assert set_up(unfinished, wheel, **elsewhere)[-1]["event"] == "done"
    assert not (tmp_path / "elsewhere").exists()
    assert works(unfinished)


def test_too_little_room_is_told_before_anything_is_downloaded(
    places: Places, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl_studio.setup.engine.free_bytes", lambda _folder: 900_000_000)
    request = engine.Request(("sb3",), "cpu", Wheel(wheel))
    with pytest.raises(DiskFullError, match=r"needs 1\.5 GB .* but 900\.0 MB are free"):
        engine.set_up(places, request, Report(lambda _event: None), threading.Event())
    assert not places.env.exists()


def test_the_command_line_sets_up_and_removes(unfinished: Places) -> None:
    def command(*words: str) -> tuple[int, Event, str]:
        env = os.environ | {"RL_STUDIO_DATA_DIR": str(unfinished.data)}
        argv = [sys.executable, "-m", "rl_studio", "setup", *words, "--json"]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr

    code, result, words = command("--extras", "none")
    assert (code, result["python"]) == (0, str(unfinished.python))
    assert "interrupted" in words
    assert works(unfinished)
    code, result, _ = command("--extras", "sb4")
    assert (code, "sb3" in result["error"]["hint"]) == (1, True)
    code, result, _ = command("--python", "/no/python")
    assert (code, "/no/python" in result["error"]["message"]) == (1, True)
    assert command("--remove")[0] == 0
    assert not unfinished.env.exists()


def _doctor(places: Places) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RL_STUDIO_DATA_DIR", str(places.data))
        return diagnose(None, Path("/no/godot"))


def _set_stage(places: Places, stage: str) -> None:
    note = json.loads(places.state.read_text(encoding="utf-8"))
    places.state.write_text(json.dumps(note | {"stage": stage}), encoding="utf-8")
