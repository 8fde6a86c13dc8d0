"""The peer: godot-rl from PyPI with its SB3 wrapper, as its own example uses it."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import shlex
import socket
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rl_studio.godot import GodotBinary
from rl_studio.project import Project

USUAL: Mapping[str, int] = {"speedup": 8}
"""The flags of its guides. (Its scripts' own default is a speed-up of 1, eight times slower still.)"""
BEST: Mapping[str, int] = {"speedup": 8, "framerate": 60, "action_repeat": 8}
"""Its fastest flags: --fixed-fps 60, and one frame a decision."""

TRAINING_SCRIPT = Path(__file__).with_name("peer_training.py")


def make_executable(godot: GodotBinary, project: Project, scene: str) -> Path | None:
    """An executable like an exported game, which is all that godot-rl can start; None on other systems than Linux.

    It lies beside the project, and so does what the game prints: a file that changes in the project would make us
    import it again.
    """
    if not sys.platform.startswith("linux"):
        return None
    path = project.root.with_name(f"{project.root.name}.x86_64")
    if " " in str(path):
        raise SystemExit(f"godot-rl cannot start {path}: it splits its command at spaces. Set TMPDIR.")
    command = shlex.join([str(godot.path), "--path", str(project.root), scene])
    path.write_text(f'#!/bin/sh\nexec {command} "$@" >>{path.with_suffix(".log")} 2>&1\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@contextmanager
def open_peer(
    executable: Path, flags: Mapping[str, int], n_parallel: int = 1, seed: int = 0
) -> Iterator[Any]:
    """A running `StableBaselinesGodotEnv`."""
    from godot_rl.wrappers.stable_baselines_wrapper import StableBaselinesGodotEnv

    with contextlib.redirect_stdout(io.StringIO()):
        env = StableBaselinesGodotEnv(
            env_path=str(executable),
            port=free_ports(n_parallel),
            n_parallel=n_parallel,
            seed=seed,
            **flags,
        )
        try:
            yield env
        finally:
            env.close()
            for game in env.envs:  # godot-rl leaves these undone
                game.proc.wait(20)
                atexit.unregister(game._close)


def training_argv(
    executable: Path, flags: Mapping[str, int], folder: Path, *, n_parallel: int = 1, seed: int = 0
) -> list[str]:
    """The command that trains like the peer's example; it prints our @METRIC lines."""
    argv = [sys.executable, str(TRAINING_SCRIPT), f"--env_path={executable}", f"--experiment_dir={folder}"]
    argv += [f"--n_parallel={n_parallel}", f"--seed={seed}", f"--port={free_ports(n_parallel)}"]
    return argv + [f"--{name}={value}" for name, value in flags.items()]


def training_environment(*, is_quick: bool) -> dict[str, str]:
    """Torch threads as the example leaves them; in the quick form as many as we have."""
    threads = "" if is_quick else "OMP_NUM_THREADS"
    return {name: value for name, value in os.environ.items() if name != threads}


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports that are free now: godot-rl must be told one, and adds 1, 2, …"""
    for first in range(21_008, 60_000, 64):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", port))))
            except OSError:
                continue
            return first
    raise SystemExit("There are no free ports.")
