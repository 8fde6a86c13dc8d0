from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rl_studio.godot import (
    GodotInstallError,
    can_install,
    find_godot,
    install_export_templates,
    install_godot,
    managed,
    release_template,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only Debian-like systems have apt")

KEYS = any(Path("/usr/share/keyrings").glob("debian-archive-keyring.*"))
needs_keys = pytest.mark.skipif(not KEYS, reason="needs the package debian-archive-keyring")


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose apt is a script that the test writes; returns the folder of its tools."""
    tools = tmp_path / "tools"
    tools.mkdir()
    script(tools / "dpkg", "echo amd64")
    script(tools / "dpkg-deb", "exit 1")
    script(tools / "apt-get", "echo http://mirror.example/debian/")
    monkeypatch.setenv("PATH", str(tools) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("RL_STUDIO_DATA_DIR", str(tmp_path / "data"))
    return tools


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def fake_apt(tools: Path, *, update: str = "exit 0", install: str = "exit 0") -> None:
    sources = "*indextargets*) echo http://mirror.example/debian/;;"
    script(tools / "apt-get", f'case "$*" in {sources} *update*) {update};; *install*) {install};; esac')


def test_a_machine_without_a_debian_mirror_says_so(debian: Path) -> None:
    script(debian / "apt-get", "echo http://mirror.example/ubuntu/")
    reason = can_install()
    assert reason is not None
    assert "no Debian mirror (they are: http://mirror.example/ubuntu/)" in reason
    with pytest.raises(GodotInstallError, match="no Debian mirror") as caught:
        install_godot()
    assert "godotengine.org" in (caught.value.hint or "")


def test_other_processors_are_refused(debian: Path) -> None:
    script(debian / "dpkg", "echo riscv64")
    assert can_install() == "Debian has no Godot for this processor (riscv64)."


@needs_keys
def test_a_fresh_container_without_package_lists_will_do(debian: Path) -> None:
    uri = "'http://mirror.example/debian/dists/stable/InRelease' name 0"
    script(debian / "apt-get", f'case "$*" in *print-uris*) echo "{uri}";; esac')
    assert can_install() is None


@needs_keys
def test_a_full_disk_is_noticed_before_the_download(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed, "free_bytes", lambda folder: 300_000_000)
    assert "needs 1.2 GB" in (can_install() or "")


@needs_keys
def test_a_failed_download_tells_why_and_keeps_what_it_has(debian: Path, tmp_path: Path) -> None:
    fake_apt(
        debian,
        install='echo "dlstatus:1:50.0:Retrieving file 1 of 2"; echo "E: Failed to fetch godot"; exit 100',
    )
    archives = tmp_path / "data/godot/downloads/cache/archives"
    archives.mkdir(parents=True)
    (archives / "godot_1_amd64.deb").write_bytes(b"kept")
    seen: list[tuple[str, float | None]] = []
    with pytest.raises(GodotInstallError) as caught:
        install_godot(lambda stage, fraction, message: seen.append((stage, fraction)))
    assert "exit code 100" in caught.value.message
    assert "E: Failed to fetch godot" in caught.value.message
    assert "dlstatus" not in caught.value.message
    assert ("download", 0.5) in seen
    assert (archives / "godot_1_amd64.deb").read_bytes() == b"kept"
    assert "E: Failed to fetch godot" in (tmp_path / "data/godot/install.log").read_text()
    assert managed.managed_path() is None


@needs_keys
def test_a_broken_package_is_fetched_again_next_time(debian: Path, tmp_path: Path) -> None:
    fake_apt(debian)
    script(debian / "dpkg-deb", "echo damaged; exit 2")
    package = tmp_path / "data/godot/downloads/cache/archives/godot_1_amd64.deb"
    package.parent.mkdir(parents=True)
    package.write_bytes(b"half")
    with pytest.raises(GodotInstallError, match="damaged"):
        install_godot()
    assert not package.exists()


@needs_keys
def test_apt_stays_in_the_data_folder(debian: Path, tmp_path: Path) -> None:
    fake_apt(debian, update="exit 100")
    with pytest.raises(GodotInstallError):
        install_godot()
    etc = tmp_path / "data/godot/downloads/etc"
    assert "http://mirror.example/debian/ forky main" in (etc / "sources.list").read_text()
    configuration = (etc / "apt.conf").read_text()
    folder = tmp_path / "data/godot/downloads"
    for key in ("Dir::State", "Dir::Cache", "Dir::State::status", "Dir::Etc::sourcelist", "Dir::Log"):
        assert f'{key} "{folder}' in configuration
    assert "#clear APT::Update::Post-Invoke;" in configuration


@needs_keys
def test_a_second_installation_waits_and_can_be_cancelled(debian: Path, tmp_path: Path) -> None:
    import fcntl

    class CancelledError(Exception):
        pass

    def cancel(stage: str, fraction: float | None, message: str) -> None:
        assert stage == "wait"
        raise CancelledError

    folder = tmp_path / "data" / "godot"
    folder.mkdir(parents=True)
    with (folder / "install.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CancelledError):
            install_godot(cancel)


def test_an_unfinished_copy_is_not_found(debian: Path, tmp_path: Path) -> None:
    binary = tmp_path / "data/godot/debian/root/usr/bin/godot"
    binary.parent.mkdir(parents=True)
    script(binary, "echo 4.6.3.stable.test")
    assert managed.managed_path() is None
    (tmp_path / "data/godot/debian/complete.json").write_text("{}")
    assert managed.managed_path() == binary
    found = install_godot(lambda *_: pytest.fail("there is nothing to do"))
    assert (found.path, found.source) == (binary, "managed")


def test_the_template_goes_where_godot_looks_for_it(tmp_path: Path) -> None:
    binary = tmp_path / "bin" / "godot"
    binary.parent.mkdir()
    script(binary, "echo 4.6.3.stable.debian4.6.3+ds-2")
    env = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}
    godot = find_godot(binary)
    assert release_template(godot, environ=env) is None
    assert install_export_templates(godot, environ=env) is None
    (binary.parent / "godot-template-release").write_bytes(b"template")
    assert release_template(godot, environ=env) == binary.parent / "godot-template-release"
    for _ in range(2):
        target = install_export_templates(godot, environ=env)
        assert target is not None
        assert target.parent == managed_templates(tmp_path)
        assert target.read_bytes() == b"template"
        assert [path.name for path in target.parent.iterdir()] == [target.name]


def managed_templates(tmp_path: Path) -> Path:
    if sys.platform == "darwin":
        return tmp_path / "Library/Application Support/Godot/export_templates/4.6.3.stable"
    return tmp_path / "share/godot/export_templates/4.6.3.stable"


@pytest.mark.godot
def test_the_real_managed_copy_works(
    tmp_path: Path, users_data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs the copy that `rl-studio godot --install` sets up in the user's data folder."""
    monkeypatch.setenv("RL_STUDIO_DATA_DIR", str(users_data_dir))
    path = managed.managed_path()
    if path is None:
        pytest.skip("no managed Godot here; `rl-studio godot --install` sets one up")
    godot = install_godot(lambda *_: pytest.fail("a complete copy is not installed again"))
    assert godot.path == path
    assert godot.version.numbers >= (4, 4, 0)
    assert not (managed.godot_dir() / "downloads").exists()
    assert release_template(godot) == path.with_name("godot-template-release")
    root = managed.managed_root(path)
    assert root is not None
    special = [
        p for p in root.rglob("*") if not p.is_symlink() and p.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)
    ]
    assert [p for p in special if p.is_file()] == []
    hello = tmp_path / "hello.gd"
    hello.write_text('extends SceneTree\nfunc _init() -> void:\n\tprint("hello ", 6 * 7)\n\tquit()\n')
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    argv = [str(path), "--headless", "--script", str(hello)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert "hello 42" in done.stdout
