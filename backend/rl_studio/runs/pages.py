"""Pieces of what a run has on disk: its log, its samples, its checkpoints."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from rl_studio.files import read_json
from rl_studio.metrics.numbers import is_count, is_number
from rl_studio.runs import checkpoints
from rl_studio.runs.bounds import MAX_LINE, cut
from rl_studio.runs.checkpoints import Bests
from rl_studio.runs.folder import RunFolder
from rl_studio.runs.info import CheckpointInfo, CheckpointResult, LogPage, SamplePage
from rl_studio.runs.store import Store
from rl_studio.streams import readable

logger = logging.getLogger(__name__)

MAX_PAGE_BYTES = 384 * 1024
"""Most bytes of JSON in a page of samples; well below a frame of the protocol."""

TAIL_LINES = 20
_TAIL_BYTES = 128 * 1024
"""Some dozens of metric lines, which are left out."""


def log_page(folder: RunFolder, offset: int | None, limit: int) -> LogPage:
    """At most `limit` bytes of the log from `offset` on; None for the last ones.

    A page neither begins nor ends inside of a character, unless nothing but a part of one is there. NUL shows as
    U+FFFD, as do bytes that are no text.
    """
    size = folder.log_size()
    start = max(0, size - limit) if offset is None else min(offset, size)
    data = b""
    if start < size:
        with folder.log_file.open("rb") as log:
            log.seek(start)
            data = log.read(min(limit, size - start))
    if offset is None and start > 0:
        skipped = _continuation_bytes(data)
        start, data = start + skipped, data[skipped:]
    cut = len(data) - _unfinished_character(data)
    if cut > 0:
        data = data[:cut]
    text = data.decode("utf-8", errors="replace").replace("\0", "\ufffd")  # which would end it in Godot
    return LogPage(start=start, end=start + len(data), size=size, text=text)


def log_tail(folder: RunFolder) -> list[str]:
    """The last lines of the log that are for people; none if it cannot be read."""
    try:
        page = log_page(folder, None, _TAIL_BYTES)
    except OSError as error:
        logger.warning("%s cannot be read: %s", folder.log_file, error)
        return []
    whole = page.text.split("\n")
    if page.start > 0 and len(whole) > 1:
        del whole[0]  # the end of a line
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in whole]
    shown = [line for line in lines if line.strip() and not line.startswith(("@METRIC", "@EVENT", "@RESULT"))]
    return [cut(line, MAX_LINE) for line in shown[-TAIL_LINES:]]


def sample_page(store: Store, run_id: str, after_seq: int, limit: int) -> SamplePage:
    """The samples after `after_seq`, at most `limit`, and fewer if they are large."""
    rows = store.samples(run_id, after_seq, limit + 1)
    samples: list[dict[str, Any]] = []
    used = 0
    for seq, text in rows[:limit]:
        used += len(text)
        if samples and used > MAX_PAGE_BYTES:
            break
        samples.append({"seq": seq, **json.loads(text), "seq": seq})  # noqa: F601
    last = int(samples[-1]["seq"]) if samples else after_seq
    return SamplePage(samples=samples, last_seq=last, more=len(samples) < len(rows))


def list_checkpoints(folder: RunFolder) -> list[CheckpointInfo]:
    """The complete checkpoints, newest first; one that cannot be read is left out and logged."""
    bests = checkpoints.read_bests(folder.checkpoints_dir)
    found = [_read_checkpoint(path, bests) for path in _checkpoint_folders(folder)]
    return sorted((item for item in found if item), key=lambda item: item.timesteps, reverse=True)


def count_checkpoints(folder: RunFolder) -> int:
    """How many complete checkpoints there are."""
    return len(_checkpoint_folders(folder))


def _checkpoint_folders(folder: RunFolder) -> list[Path]:
    try:
        return checkpoints.list_folders(folder.checkpoints_dir)
    except OSError as error:
        logger.warning("%s cannot be read: %s", folder.checkpoints_dir, error)
        return []


def _read_checkpoint(path: Path, bests: Bests) -> CheckpointInfo | None:
    try:
        data = read_json(path / checkpoints.DESCRIPTION_FILE)
        timesteps = data["timesteps"]
        if not is_count(timesteps):
            raise ValueError(f"timesteps is {str(timesteps)[:40]}")
        # The latest evaluation is told in every checkpoint; only at its own timestep it is about these weights.
        evaluation = data.get("evaluation") or {}
        if evaluation.get("timesteps_total") != timesteps:
            evaluation = {}
        evaluated = evaluation.get("policies") or {}
        best_of = sorted(name for name, best in bests.policies.items() if best.checkpoint == path.name)
        return CheckpointInfo(
            name=path.name,
            timesteps=int(timesteps),
            created=_text(data["created"]),
            reason=_text(data["reason"]),
            episode_reward_mean=_number(data.get("episode_reward_mean")),
            success_rate=_number(data.get("success_rate")),
            policies=sorted(_text(name) for name in data.get("policies", {})),
            best=bests.overall is not None and bests.overall.checkpoint == path.name,
            evaluation_reward=_number(evaluation.get("reward_mean")),
            best_of=[] if bests.overall is not None else best_of,
            results={
                _text(name): CheckpointResult(
                    _number(told.get("reward_mean")),
                    _number(told.get("success_rate")),
                    _number((evaluated.get(name) or {}).get("reward_mean")),
                )
                for name, told in (data.get("results") or {}).items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("the checkpoint %s cannot be read: %s", path, error)
        return None


def _text(value: Any) -> str:
    return cut(readable(str(value)), MAX_LINE)


def _number(value: Any) -> float | None:
    return value if is_number(value) else None


def _continuation_bytes(data: bytes) -> int:
    count = 0
    while count < min(3, len(data)) and data[count] & 0xC0 == 0x80:
        count += 1
    return count


def _unfinished_character(data: bytes) -> int:
    """How many bytes at the end belong to a character that goes on after it."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 2 if byte >> 5 == 0b110 else 3 if byte >> 4 == 0b1110 else 4 if byte >> 3 == 0b11110 else 1
        return back if length > back else 0
    return 0
