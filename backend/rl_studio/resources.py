"""Where the parts that are not Python modules lie: in a checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "bundled"
_CHECKOUT = _PACKAGE.parent.parent


def training_scripts_dir() -> Path:
    """The folder of the training and export scripts."""
    return _locate(_BUNDLED / "training_scripts", _CHECKOUT / "training_scripts")


def addon_dir() -> Path:
    """The folder of the Godot addon, to be copied to `addons/rl_studio` of a project."""
    return _locate(_BUNDLED / "addon", _CHECKOUT / "godot_addon" / "addons" / "rl_studio")


def sample_project_dir() -> Path:
    """The folder of the sample game."""
    return _locate(_BUNDLED / "sample_project", _CHECKOUT / "sample_project")


def docs_dir() -> Path:
    """The folder of the documentation."""
    return _locate(_BUNDLED / "docs", _CHECKOUT / "docs")


def _locate(bundled: Path, checkout: Path) -> Path:
    return bundled if bundled.is_dir() else checkout
