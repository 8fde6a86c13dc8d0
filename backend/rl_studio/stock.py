"""Lets games with the nodes of godot_rl_agents play policies in every Godot: in place of that plugin's own wrapper.

The plugin runs `.onnx` files by a C# library, which takes a Godot with .NET. All of that is behind one script, and a
script of ours with the same members takes its place. What was there before stays beside it, and goes back by `restore`.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rl_studio import storage
from rl_studio.addon import disable_addon, install_addon, is_enabled
from rl_studio.errors import StudioError
from rl_studio.files import read_json, read_text, write_bytes_atomic, write_json_atomic
from rl_studio.project import Project

WRAPPER = "addons/godot_rl_agents/onnx/wrapper/ONNX_wrapper.gd"
KEPT = WRAPPER + ".original"
"""What was there before; Godot takes no notice of such a file, and version control keeps it."""

HOW_TO_END = (
    "Let the AIController set done = true when its episode is over: reset_after alone begins the next unseen"
)
"""What to do about episodes without end in such a game."""

_NOTE = "stock.json"
_MODEL = "res://addons/rl_studio/runtime/stock/onnx_model.gd"
_TEXT = f'''class_name ONNXModel
extends "{_MODEL}"
## Runs .onnx files without .NET. RL Studio put this here in place of the plugin's own script, which is beside it;
## `rl-studio install-addon --stock --undo DIR` brings that back.
'''

# What is behind the wrapper of all versions that are known. A version with anything else may need it.
_KNOWN = frozenset(
    {
        *("_init", "run_inference", "_notification", "set_action_means_only"),
        *("inferencer_script", "inferencer"),
        *("action_output_size", "action_means_only", "action_means_only_set"),
    }
)
_NEEDED = frozenset({"_init", "run_inference"})
_MEMBER = re.compile(
    r"^(?:@\w+(?:\([^)]*\))?\s+)*(?:static\s+)?(?:func|var|const|signal|enum)\s+(\w+)", re.MULTILINE
)
_CLASS = re.compile(r"^class_name\s+ONNXModel\b", re.MULTILINE)
_OWN_NODES = re.compile(r"\bRL(?:Sync|Agent)\b|addons/rl_studio/runtime/rl_(?:sync|agent)\.gd")


class StockPluginError(StudioError):
    """The godot_rl_agents plugin is not there, or of a version that nobody knows."""

    code = "stock_plugin"


@dataclass(frozen=True, slots=True)
class StockWrapper:
    """What `replace` or `restore` did.

    Attributes:
        wrapper: the script that was exchanged.
        changed: whether there was anything to do.
        addon: whether our addon came along, or went.
    """

    wrapper: Path
    changed: bool
    addon: bool


def is_stock_game(project: Project) -> bool:
    """Whether the agents are those of godot_rl_agents: the plugin is there, and nothing of the game uses our nodes."""
    if not project.uses_stock_plugin:
        return False
    return not any(_OWN_NODES.search(text) for text in _game_texts(project.root))


def is_replaced(project: Project) -> bool:
    """Whether our script stands in place of the plugin's wrapper."""
    with suppress(OSError):
        return _MODEL in read_text(project.root / WRAPPER)
    return False


def needs_replacing(project: Project) -> bool:
    """Whether this is a game of godot_rl_agents that cannot play policies yet."""
    return not is_replaced(project) and is_stock_game(project)


def how_to_replace(project: Project) -> str:
    """What to do about that, in a sentence."""
    return (
        f"Replace that script by ours, which needs none: rl-studio install-addon --stock {project.root} "
        "(with --undo it goes back)."
    )


def require_replaced(project: Project) -> None:
    """Checks that policies can play in this game.

    Raises:
        StockPluginError: it is a game of godot_rl_agents that has that plugin's own wrapper.
    """
    if needs_replacing(project):
        raise StockPluginError(
            "This game has the nodes of godot_rl_agents, and that plugin runs policies by a script that needs a Godot "
            "with .NET.",
            hint=how_to_replace(project),
        )


def replace(project: Project) -> StockWrapper:
    """Puts our script in the place of the plugin's, and our addon beside the plugin if it is not there yet.

    Raises:
        StockPluginError: there is no such plugin, or one of an unknown version. Nothing is changed then.
        AddonError: the addon cannot be copied.
        ReadOnlyError: the project is read-only.
    """
    wrapper = project.root / WRAPPER
    storage.require_writable(wrapper.parent if wrapper.parent.is_dir() else project.root, "The project")
    was_replaced = is_replaced(project)
    if not was_replaced:
        _require_known(project, wrapper)
    adds = not project.has_addon
    if adds or not is_enabled(project):
        before = (project.root / "project.godot").read_bytes()
        install_addon(project)
        project.prepare_state_dir()
        # What undo needs is what was there before the first time.
        note = {"addon": adds, "project": before.decode("latin-1")} | _read_note(project)
        write_json_atomic(project.state_dir / _NOTE, note)
    if was_replaced:
        return StockWrapper(wrapper, changed=False, addon=adds)
    write_bytes_atomic(project.root / KEPT, wrapper.read_bytes())
    write_bytes_atomic(wrapper, _TEXT.encode())
    return StockWrapper(wrapper, changed=True, addon=adds)


def restore(project: Project) -> StockWrapper:
    """Puts everything back as it was before `replace`, byte for byte.

    Our addon goes again if `replace` brought it, which is noted on the machine where that was, unless the game has come
    to use it. What else was changed in project.godot since then stays.

    Raises:
        StockPluginError: the plugin's own script is gone.
        ReadOnlyError: the project is read-only.
    """
    wrapper, kept = project.root / WRAPPER, project.root / KEPT
    if not is_replaced(project):
        return StockWrapper(wrapper, changed=False, addon=False)
    storage.require_writable(wrapper.parent, "The project")
    if not kept.is_file():
        raise StockPluginError(
            f"{kept} is gone: the plugin's own script cannot be put back.",
            hint="Put the godot_rl_agents plugin into the project again.",
        )
    write_bytes_atomic(wrapper, kept.read_bytes())
    kept.unlink()
    note = _read_note(project)
    removes = bool(note.get("addon")) and is_stock_game(project)
    if "project" in note and (removes or not note.get("addon")):
        _restore_settings(project, str(note["project"]).encode("latin-1"))
    if removes:
        _remove_addon(project)
    (project.state_dir / _NOTE).unlink(missing_ok=True)
    return StockWrapper(wrapper, changed=True, addon=removes)


def _require_known(project: Project, wrapper: Path) -> None:
    if not project.uses_stock_plugin:
        raise StockPluginError(
            f"{project.root} has no addons/godot_rl_agents.",
            hint="--stock is for games with the nodes of godot_rl_agents. Others need rl-studio install-addon only.",
        )
    try:
        text = read_text(wrapper)
    except OSError:
        raise StockPluginError(
            f"This version of godot_rl_agents has no {WRAPPER.removeprefix('addons/godot_rl_agents/')}.",
            hint="Nothing was changed. Get a version from 2023 or later, or use our nodes in place of its own.",
        ) from None
    members = set(_MEMBER.findall(text))
    unknown = sorted(members - _KNOWN)
    missing = sorted(_NEEDED - members)
    if unknown or missing or not _CLASS.search(text):
        what = (
            f"has {', '.join(unknown)}"
            if unknown
            else f"lacks {', '.join(missing) or 'class_name ONNXModel'}"
        )
        raise StockPluginError(
            f"This version of godot_rl_agents is not known: its ONNX_wrapper.gd {what}.",
            hint="Nothing was changed. Versions from 2023 to 2026 are known; please report this one.",
        )


def _restore_settings(project: Project, before: bytes) -> None:
    path = project.root / "project.godot"
    disable_addon(project)
    if read_text(path).split() == before.decode(errors="replace").split():
        write_bytes_atomic(path, before)


def _remove_addon(project: Project) -> None:
    shutil.rmtree(project.root / "addons" / "rl_studio", ignore_errors=True)
    # Godot wrote these for our importer, which is gone.
    for path in project.root.rglob("*.onnx.import"):
        with suppress(OSError):
            if 'importer="rl_studio' in read_text(path):
                path.unlink()


def _read_note(project: Project) -> dict[str, object]:
    try:
        note = read_json(project.state_dir / _NOTE)
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _game_texts(root: Path) -> list[str]:
    """Scenes and scripts of the game, without addons."""
    texts = []
    for path in sorted([*root.rglob("*.tscn"), *root.rglob("*.gd")]):
        parts = path.relative_to(root).parts
        if parts[0] != "addons" and not any(part.startswith(".") for part in parts):
            with suppress(OSError):
                texts.append(read_text(path))
    return texts
