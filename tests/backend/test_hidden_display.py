"""A screen that nobody sees: real X servers, and what is said where there is none."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rl_studio.doctor import diagnose
from rl_studio.evaluate import EvaluationError, evaluate
from rl_studio.godot import (
    DisplayError,
    GodotBinary,
    HiddenDisplay,
    drawing_way,
    hidden_display,
    how_to_get_x_server,
    misses_picture,
    parse_version,
    probe_drawing,
    unseen_environment,
)
from rl_studio.project import Project

needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
linux = pytest.mark.skipif(sys.platform != "linux", reason="an X server of our own is for Linux")


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10.0
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@needs_xvfb
def test_two_of_them_have_different_names_and_end_when_closed() -> None:
    one, other = HiddenDisplay(), HiddenDisplay()
    try:
        assert one.name != other.name
        assert Path(f"/tmp/.X11-unix/X{one.name[1:]}").is_socket()
    finally:
        one.close()
        other.close()
    assert not one.is_running()
    one.close()
    wait_until_gone(one.pid)


@needs_xvfb
def test_the_shared_one_comes_again_when_it_has_died() -> None:
    first = hidden_display()
    assert hidden_display() is first
    os.kill(first.pid, signal.SIGKILL)
    wait_until_gone(first.pid)
    second = hidden_display()
    assert second is not first
    assert second.is_running()
    second.close()


@needs_xvfb
@linux
@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), 9)", "sys.exit(0)"])
def test_it_goes_with_whoever_made_it(end: str) -> None:
    code = f"""
import os, sys
from rl_studio.godot import hidden_display
print(hidden_display().pid, flush=True)
{end}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout, done.stderr
    wait_until_gone(int(done.stdout))


@linux
def test_a_server_that_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "Xvfb"
    fake.write_text("#!/bin/sh\necho '(EE) no room'\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(DisplayError, match=r"Xvfb does not start: \(EE\) no room"):
        HiddenDisplay()


@linux
def test_how_to_draw_depends_on_what_there_is(tmp_path: Path) -> None:
    xvfb = tmp_path / "Xvfb"
    xvfb.write_text("#!/bin/sh\n")
    xvfb.chmod(0o755)
    nowhere = str(tmp_path / "nothing")
    assert drawing_way({"PATH": str(tmp_path), "DISPLAY": ":0"}) == "x server"
    assert drawing_way({"PATH": nowhere, "DISPLAY": ":0"}) == "window"
    assert drawing_way({"PATH": nowhere, "WAYLAND_DISPLAY": "wayland-0"}) == "window"
    assert drawing_way({"PATH": nowhere}) is None


def test_a_screen_is_enough_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert drawing_way({"PATH": os.environ["PATH"]}) == "window"


@needs_xvfb
def test_the_users_screen_is_not_the_games() -> None:
    users = {"PATH": os.environ["PATH"], "DISPLAY": ":0", "WAYLAND_DISPLAY": "w", "XAUTHORITY": "/x"}
    env = unseen_environment(None, "x server", environ=users)
    assert env == {"PATH": os.environ["PATH"], "DISPLAY": hidden_display().name}


@needs_xvfb
@pytest.mark.godot
def test_godot_draws_on_it(godot: GodotBinary) -> None:
    assert probe_drawing(godot)
    check = next(check for check in diagnose(None, godot.path) if check.name == "Drawing without a window")
    assert check.status == "ok"
    assert check.detail.startswith("Xvfb, drawn by ")


@linux
@pytest.mark.godot
def test_the_doctor_says_what_is_missing(
    godot: GodotBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    check = next(check for check in diagnose(None, godot.path) if check.name == "Drawing without a window")
    assert check.status == "warning"
    assert "neither a screen nor Xvfb" in check.detail
    assert check.fix == how_to_get_x_server()
    assert "xvfb" in check.fix


# --- evaluations

FAKE = """#!{python}
import os, pathlib, sys
root = pathlib.Path(sys.argv[sys.argv.index("--path") + 1])
if "--import" in sys.argv:
    (root / ".godot").mkdir(exist_ok=True)
elif "--headless" in sys.argv:
    print('@ERROR {{"message": "the observation is no Image; nothing is drawn without a window"}}')
    sys.exit(1)
else:
    print('@EPISODE {{"agent":"/root/A","policy":"p","reward":1,"length":2,"truncated":false,"metrics":{{}}}}')
    print('@WARNING {{"message": "drawn on %s"}}' % os.environ["DISPLAY"])
    print('@EVALUATION {{"episodes": 1}}')
"""


@pytest.fixture
def fake_godot(tmp_path: Path) -> GodotBinary:
    version = parse_version("4.6.3.stable.test")
    assert version is not None
    program = tmp_path / "godot"
    program.write_text(FAKE.format(python=sys.executable))
    program.chmod(0o755)
    return GodotBinary(program, version, "option")


@needs_xvfb
@linux
def test_an_evaluation_that_needs_pictures_draws_them(fake_godot: GodotBinary, project: Project) -> None:
    outcome = evaluate(project, fake_godot, policy="random", episodes=1)
    assert [one.episodes for one in outcome.policies.values()] == [1]
    assert outcome.warnings == (f"drawn on {hidden_display().name}",)


@linux
def test_an_evaluation_that_cannot_draw_says_what_is_missing(
    fake_godot: GodotBinary, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(EvaluationError, match="neither a screen nor Xvfb") as caught:
        evaluate(project, fake_godot, policy="random", episodes=1)
    assert caught.value.hint is not None
    assert "Xvfb" in caught.value.hint


@pytest.mark.parametrize(
    ("message", "misses"),
    [
        ('the observation "eye_2d" is no Image; nothing is drawn without a window', True),
        ('the observation "eye_2d" is an empty Image; without a window nothing is drawn', True),
        ('agent /root/A: _get_observation returned Object for "eye_2d"; expected a', True),
        ('agent /root/A: _get_observation returned Object for "enemy"; expected a', False),
        ('the observation "eye_2d" is an Image in a format that cannot be unpacked', False),
    ],
)
def test_games_that_miss_a_picture_are_understood(message: str, misses: bool) -> None:
    assert misses_picture(message) == misses
