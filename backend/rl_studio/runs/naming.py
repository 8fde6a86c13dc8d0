"""Which run a user means."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rl_studio.errors import closest
from rl_studio.runs.folder import RunFolder
from rl_studio.runs.state import RunError


def resolve(name: str, ids: Collection[str], runs_dir: Path) -> str:
    """The id of the run that `name` means: an id, the beginning of just one id, or "latest".

    Args:
        ids: of all runs.
        runs_dir: where they are.

    Raises:
        RunError: none, or more than one.
    """
    known = sorted(ids)
    if not known:
        raise RunError("There is no run yet.", hint="rl-studio train --project DIR starts one.")
    if name in ("", "latest"):
        return max(known, key=lambda run_id: _age(RunFolder(runs_dir / run_id)))
    if name in known:
        return name
    matching = [run_id for run_id in known if run_id.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise RunError(f"{name!r} may mean {', '.join(matching)}.", hint="Give more of the id.")
    raise no_run(name, known)


def no_run(run_id: str, known: Collection[str]) -> RunError:
    """What to say of a run that is not there."""
    near = closest(run_id, known)
    hint = f"Did you mean {near}?" if near else "rl-studio runs --project DIR lists them."
    return RunError(f"There is no run {run_id!r}.", hint=hint)


def _age(folder: RunFolder) -> tuple[bool, float, str]:
    """What sorts runs by their age, after those that cannot be read."""
    meta = folder.read_meta()
    return (meta is not None and meta.problem is None, meta.created_time if meta else 0.0, folder.id)
