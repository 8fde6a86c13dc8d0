"""Makes a wheel of what runs: of a checkout, with no more than Python, as of an installed package.

So the command line can make the managed environment, and put into a project an addon that can.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from rl_studio import resources
from rl_studio.setup import own_metadata
from rl_studio.setup.errors import SetupError
from rl_studio.setup.wheel import PATTERN

_LEFT_OUT = ("__pycache__", ".godot", ".rl_studio", ".lock")
_MADE = ("*.pyc", "*.onnx", "*.onnx.import", PATTERN)
"""What is made where we are: by Python, by trainings, by `make addon`."""
_SKIPPED = {"sample_project": ("addons",), "docs": ("images",)}
_DATE = (2020, 2, 2, 0, 0, 0)
"""The same files give the same wheel."""


def make(folder: Path) -> Path:
    """Writes the wheel into a folder, and returns its path.

    Raises:
        SetupError: this is neither a checkout nor an installation, for instance a copied folder on PYTHONPATH.
        OSError: it cannot be written.
    """
    version, texts = own_metadata.read()
    target = folder / f"godot_rl_studio-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    info = f"godot_rl_studio-{version}.dist-info"
    record: list[str] = []
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*_files(), *_descriptions(texts, info)]:
            archive.writestr(_entry(name), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}")
        record.append(f"{info}/RECORD,,")
        archive.writestr(_entry(f"{info}/RECORD"), "\n".join(record) + "\n")
    partial.replace(target)
    return target


def put_into(addon: Path) -> Path | None:
    """Puts the wheel into a copy of the addon, where its Set up looks for it.

    Returns:
        Where it is; None if none could be made.
    """
    folder = addon / "setup"
    carried = next(iter(folder.glob(PATTERN)), None)
    if carried is not None:
        return carried
    try:
        return make(folder)
    except (SetupError, OSError):
        return None


def _files() -> Iterator[tuple[str, bytes]]:
    package = Path(resources.__file__).parent
    yield from _tree(package, "rl_studio", skip=("bundled",))
    parts = {
        "training_scripts": resources.training_scripts_dir(),
        "addon": resources.addon_dir(),
        "sample_project": resources.sample_project_dir(),
        "docs": resources.docs_dir(),
    }
    for name, folder in parts.items():
        yield from _tree(folder, f"rl_studio/bundled/{name}", skip=_SKIPPED.get(name, ()))


def _tree(folder: Path, prefix: str, skip: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if parts[0] in skip or any(part in _LEFT_OUT for part in parts) or path.is_dir():
            continue
        if not any(path.match(pattern) for pattern in _MADE):
            yield "/".join((prefix, *parts)), path.read_bytes()


def _descriptions(texts: dict[str, str], info: str) -> Iterator[tuple[str, bytes]]:
    for name, text in texts.items():
        yield f"{info}/{name}", text.encode()
    yield (
        f"{info}/WHEEL",
        b"Wheel-Version: 1.0\nGenerator: rl_studio\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
