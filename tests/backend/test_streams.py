"""rl_studio.streams: words that reach their reader in every encoding, and past a disk that is full."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from disks import fill, small_disk
from rl_studio import lasting_output
from rl_studio.children import run_lines
from rl_studio.lasting_output import LastingOutput
from rl_studio.project import Project
from rl_studio.streams import decode, readable

WORDS = "→ ✓ Größe 日本 🎯 …"
ODD = {
    "Erfolg 🎯": 1.0,
    'a,b"c': 2.0,
    "line\nbreak": 6.0,
    "": 7.0,
    "huge": 1e300,
    "a.b": 8.0,
    "Größe\u2028": 9.0,
}
ODD |= {"\r": 3.0, "a_b": 4.0}
"""Metrics named as people name things."""

ENVIRONMENTS = [
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "cp932"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "utf-8"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
]


def environment(changes: dict[str, str]) -> dict[str, str]:
    ours = ("PYTHONIOENCODING", "PYTHONUTF8", "PYTHONUNBUFFERED", "PYTHONCOERCECLOCALE", "LC_", "LANG")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**kept, **changes}


def encoding_of(changes: dict[str, str]) -> str:
    return changes.get("PYTHONIOENCODING", "ascii")


def studio(
    *words: str, env: dict[str, str], stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "rl_studio", *words]
    return subprocess.run(
        command, env=environment(env), stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False
    )


def python(code: str, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=environment(env or {}), capture_output=True, timeout=60, check=False)


@pytest.fixture
def odd_run(project: Project) -> str:
    """A run that is over, with odd names in its log."""
    run = project.runs_dir / "20260102-030405-größe-abcd"
    run.mkdir(parents=True)
    meta = {"experiment": "Größe 🎯", "trainer": "sb3", "scene": "res://ä.tscn", "project": str(project.root)}
    meta |= {"created": "2026-01-02T03:04:05Z", "state": "failed", "reason": "error", "id": run.name}
    (run / "run.json").write_text(json.dumps(meta), encoding="utf-8")
    sample = {
        "timesteps_total": 64,
        "episode_reward_mean": 1e300,
        "custom_metrics": ODD,
        "a": {"b": 1},
        "a.b": 2,
    }
    error = {"kind": "error", "code": "x", "message": WORDS, "hint": "Mehr → 🎯"}
    lines = (
        f"@METRIC {json.dumps(sample)}\n@EVENT {json.dumps(error)}\n".encode() + b"bytes \xff\xe9 of a game\n"
    )
    (run / "output.log").write_bytes(lines)
    return run.name


@pytest.mark.parametrize("env", ENVIRONMENTS, ids=str)
def test_verbs_speak_every_encoding(project: Project, odd_run: str, env: dict[str, str]) -> None:
    asked = ["--project", str(project.root)]
    verbs = [["doctor", *asked], ["stop", "latest", *asked]]
    if encoding_of(env) == "ascii":
        verbs += [
            ["--help"],
            ["train", "--help-config"],
            ["runs", *asked],
            ["metrics", "latest", *asked],
            ["config", "show", *asked],
        ]
    for words in verbs:
        done = studio(*words, env=env)
        assert b"Traceback" not in done.stderr, (words, done.stderr.decode(errors="replace"))
        assert done.returncode == 0 or words[0] == "doctor", words
        done.stdout.decode(encoding_of(env))
        done.stderr.decode(encoding_of(env))


@pytest.mark.parametrize("env", ENVIRONMENTS, ids=str)
def test_csv_keeps_its_rows_and_columns(project: Project, odd_run: str, env: dict[str, str]) -> None:
    done = studio("metrics", "latest", "--csv", "--project", str(project.root), env=env)
    text = done.stdout.decode(encoding_of(env))
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert len(header) == len(row) == len(set(header))
    values = dict(zip(header, row, strict=True))
    assert values["custom_metrics.line\nbreak"] == "6.0"
    assert values["custom_metrics.\r"] == "3.0"
    assert values['custom_metrics.a,b"c'] == "2.0"
    assert float(values["custom_metrics.huge"]) == 1e300
    assert (values["a.b"], values['"a.b"']) == ("1", "2")


@pytest.mark.parametrize("env", ENVIRONMENTS, ids=str)
def test_json_is_whole(project: Project, odd_run: str, env: dict[str, str]) -> None:
    done = studio("metrics", "latest", "--json", "--project", str(project.root), env=env)
    (sample,) = json.loads(done.stdout.decode(encoding_of(env)).splitlines()[-1])["samples"]
    assert sample["custom_metrics"] == ODD
    done = studio("runs", "--json", "--project", str(project.root), env=env)
    (info,) = json.loads(done.stdout.decode(encoding_of(env)).splitlines()[-1])
    assert info["error"]["message"] == WORDS


def test_what_an_encoding_lacks_is_replaced_and_the_rest_is_not() -> None:
    code = "import sys; from rl_studio import streams; streams.prepare(); sys.stdout.write(sys.argv[1] + '\\udcff')"
    assert python(code, WORDS, env={"PYTHONIOENCODING": "cp1252"}).stdout.decode("cp1252") == (
        "-> + Größe \\u65e5\\u672c \\U0001f3af …\\xff"
    )
    assert python(code, WORDS, env={"PYTHONIOENCODING": "utf-8"}).stdout.decode() == WORDS + "\\xff"
    chosen = python(code, WORDS, env={"PYTHONIOENCODING": "ascii:replace"}).stdout.decode()
    assert chosen == "? ? Gr??e ?? ? ??"


@pytest.mark.skipif(os.name != "posix", reason="takes terminals as POSIX has them")
@pytest.mark.parametrize("encoding", ["ascii", "cp932", "utf-8"])
def test_progress_on_a_terminal(encoding: str) -> None:
    import pty

    code = (
        "import sys; sys.path.append(sys.argv[1]); from rl_studio import streams; streams.prepare()\n"
        "from rl_studio.cli.output import Output; from rl_studio_training.progress import Progress\n"
        "output = Output(as_json=False); output.progress('1 000 · 🎯'); output.say('→ …')\n"
        "bar = Progress(100, enabled=True); throughput = {'timesteps_per_second': 1.0}\n"
        "bar.update({'timesteps_total': 50, 'episode_reward_mean': 1e300, 'success_rate': None,\n"
        "            'throughput': throughput}); bar.write('Größe 🎯'); bar.close(); print('done')"
    )
    scripts = str(Path(__file__).resolve().parents[2] / "training_scripts")
    env = environment({"PYTHONIOENCODING": encoding, "COLUMNS": "80", "TERM": "xterm"})
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-c", code, scripts], env)
    said = b""
    with io.FileIO(terminal) as screen:
        try:
            while piece := screen.read(4096):
                said += piece
        except OSError:  # the other end is closed
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    assert said.endswith(b"done\r\n")
    assert ("🎯".encode() in said) == (encoding == "utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="Python reads names of files as UTF-8 there")
def test_files_with_names_in_utf8_are_found_whatever_the_language(tmp_path: Path) -> None:
    root = tmp_path / "Spiel ä"
    root.mkdir()
    scene = '[application]\n\nrun/main_scene="res://größe 🎯.tscn"\n'
    (root / "project.godot").write_text(scene, encoding="utf-8")
    (root / "größe 🎯.tscn").touch()
    done = studio("doctor", "--project", str(root), "--json", env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    checks = {check["name"]: check for check in json.loads(done.stdout.splitlines()[-1])["checks"]}
    assert checks["Scene to train in"] == {
        "name": "Scene to train in", "status": "ok", "detail": "res://größe 🎯.tscn", "fix": None
    }  # fmt: skip
    assert str(root) in checks["Project"]["detail"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes there only")
def test_a_project_in_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Gr\xf6\xdfe"))
    root.mkdir()
    (root / "project.godot").write_text("[application]\n", encoding="utf-8")
    for words in (["runs"], ["doctor"], ["config", "set", "seed=3"]):
        done = studio(*words, "--project", str(root), env={})
        assert b"Traceback" not in done.stderr, done.stderr
    assert "Gr\\xf6\\xdfe" in studio("doctor", "--project", str(root), env={}).stdout.decode()


@pytest.mark.parametrize(("stdout", "stderr"), [(">&-", ""), ("", "2>&-"), (">&-", "2>&-")])
@pytest.mark.skipif(os.name != "posix", reason="takes a shell")
def test_closed_streams_are_no_error(project: Project, stdout: str, stderr: str) -> None:
    line = f'"{sys.executable}" -m rl_studio runs --project "{project.root}" {stdout} {stderr}'
    done = subprocess.run(["sh", "-c", line], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="takes /dev/full, which is always full")
@pytest.mark.parametrize("buffering", ["", "1"])
def test_output_into_a_full_disk_is_told(project: Project, buffering: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = studio(
            "runs", "--project", str(project.root), env={"PYTHONUNBUFFERED": buffering}, stdout=full.fileno()
        )
    assert done.returncode == 1
    assert done.stderr.decode() == "rl-studio: The output could not be written: No space left on device.\n"


def test_lines_wait_for_room_and_none_is_torn(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, ExitStack() as stack:
        file = stack.enter_context((disk / "log").open("ab", buffering=0))
        output = LastingOutput(file, outlives_reader=True)
        output.write(b"first\n")
        filler = fill(disk, but=4096)
        lines = [f"{number} ".encode() + b"x" * 1000 + b"\n" for number in range(10)]
        for line in lines:
            assert output.write(line) == len(line)
        assert isinstance(output.problem, OSError)
        assert 1000 < (disk / "log").stat().st_size <= 8192
        filler.unlink()
        output.write(b"last\n")
        assert (disk / "log").read_bytes() == b"first\n" + b"".join(lines) + b"last\n"
        assert output.end() is None


def test_the_last_words_have_a_reserve(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, ExitStack() as stack:
        file = stack.enter_context((disk / "log").open("ab", buffering=0))
        output = LastingOutput(file, outlives_reader=True)
        output.keep_reserve(disk)
        fill(disk)
        for number in range(1000):
            output.write(f"{number} {'x' * 1000}\n".encode())
        output.write(b"the reason\n")
        assert output.end() is not None
        lines = (disk / "log").read_text().splitlines()
        assert lines[-1] == "the reason"
        assert "lines are missing" in lines[1]
        assert lines[-2].startswith("999 ")
        assert sorted(path.name for path in disk.iterdir()) == ["filler", "log"]


def test_what_waits_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting_output, "MOST_KEPT", 10_000)
    with small_disk(tmp_path / "disk") as disk, ExitStack() as stack:
        file = stack.enter_context((disk / "log").open("ab", buffering=0))
        output = LastingOutput(file, outlives_reader=True)
        filler = fill(disk)
        for number in range(1000):
            output.write(f"{number:05d} {'x' * 93}\n".encode())
        filler.unlink()
        output.write(b"now\n")
        lines = (disk / "log").read_text().splitlines()
        assert len(lines) < 110
        assert lines[-2:] == [f"00999 {'x' * 93}", "now"]


@pytest.mark.skipif(os.name != "posix", reason="takes pipes as POSIX has them")
def test_a_reader_that_leaves_does_not_end_a_training() -> None:
    code = (
        "import sys; from rl_studio import streams; streams.prepare(outlives_reader=True)\n"
        "for _ in range(10000): print('x' * 100)\n"
        "print('still here', file=sys.stderr)"
    )
    line = f'"{sys.executable}" -c "$0" | head -1'
    done = subprocess.run(["sh", "-c", line, code], capture_output=True, timeout=60, check=False)
    assert done.stderr == b"still here\n"


def test_output_of_programs_is_read_in_the_systems_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decode("Größe 日本".encode()) == "Größe 日本"
    monkeypatch.setattr("locale.getencoding", lambda: "cp932")
    assert decode("日本".encode("cp932")) == "日本"
    monkeypatch.setattr("locale.getencoding", lambda: "cp1252")
    code = r"import sys; sys.stdout.buffer.write(b'Gr\xf6\xdfe\n' + 'Größe\n'.encode()); print('Größe')"
    lines: list[str] = []
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert run_lines([sys.executable, "-c", code], on_line=lines.append).code == 0
    assert lines == ["Größe", "Größe", "Größe"]


def test_readable_text_has_a_utf8_form() -> None:
    assert readable("Größe 🎯") == "Größe 🎯"
    assert readable("Gr\udcf6 \ud800") == "Gr\\xf6 \\ud800"
