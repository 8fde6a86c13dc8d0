"""Makes docs/protocol.md from the messages: `python -m rl_studio.protocol.document docs/protocol.md`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import sys
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from rl_studio.protocol import MAX_FRAME, SUBPROTOCOL, envelopes, export_messages, messages, setup_messages
from rl_studio.protocol.codec import MAX_DEPTH
from rl_studio.runs import info

_INTRODUCTION = f"""# The backend's protocol

*Made from `backend/rl_studio/protocol/messages.py` by `python -m rl_studio.protocol.document docs/protocol.md`.*

`rl-studio serve --project DIR` listens on a port of 127.0.0.1 and prints one line when it is ready:

    {{"event": "ready", "port": 40001, "pid": 4711, "protocol": "{SUBPROTOCOL}"}}

(or, with exit code 3, `{{"event": "already_running", "pid": …, "port": …}}`; it ends with 4 if the
project's disk is full, with 5 if the project cannot be written to). The port and the token are in
`DIR/.rl_studio/backend.json`, which only the user can read. A client opens a WebSocket with the subprotocol
`{SUBPROTOCOL}` and the header `Authorization: Bearer <token>`. A wrong token gets 401, any `Origin` header 403.

Each message is one binary frame with one [msgpack](https://msgpack.org) map of at most {MAX_FRAME} bytes, nested at
most {MAX_DEPTH} levels deep, without extension types; map keys are text. Whoever breaks these rules gets an error with
id null, and the connection is closed with code 1002.

A client sends requests and gets one answer to each, in order; events come in between. Unknown fields are refused,
fields with a default may be left out. New fields and methods may come with any version; a change that an old client
could not live with changes the name of the subprotocol.

Error codes of the protocol itself: `protocol`, `unknown_method`, `invalid_params`, `too_large`, `internal`. Others
come from what was asked for: `invalid_config`, `trainer`, `godot_not_found`, `project`, `run`, `runs_active`,
`no_such_export`, `export`, and from the disk: `disk_full`, `read_only`, `storage`.
"""

_ENVELOPES = (envelopes.Request, envelopes.Response, envelopes.Error, envelopes.ErrorInfo, envelopes.Event)
_MODULES = tuple(module.__name__ for module in (messages, setup_messages, export_messages, envelopes, info))


def document() -> str:
    """The whole page as Markdown."""
    shown: set[type] = {envelopes.ErrorInfo}
    parts = [_INTRODUCTION, "## Messages\n"]
    parts += [_describe(model.__name__, model, "###") for model in _ENVELOPES]
    parts.append("## Methods\n")
    for name, method in messages.METHODS.items():
        parts.append(f"### `{name}`\n\n{method.summary}\n")
        parts.append(_fields("Parameters", method.params))
        parts.append(_fields("Result", method.result))
    parts.append("## Events\n")
    for name, model in messages.EVENTS.items():
        parts.append(f"### `{name}`\n\n{inspect.getdoc(model)}\n")
        parts.append(_fields("Fields", model))
    parts.append("## Types\n")
    roots: list[type] = [*_ENVELOPES, *messages.EVENTS.values()]
    for method in messages.METHODS.values():
        roots += [method.params, method.result]
    for kind in _used_types(roots):
        if kind not in shown:
            parts.append(_describe(kind.__name__, kind, "###"))
    return "\n".join(parts)


def _describe(title: str, kind: type, heading: str) -> str:
    return f"{heading} {title}\n\n{inspect.getdoc(kind)}\n\n" + _fields("Fields", kind)


def _fields(title: str, kind: type) -> str:
    rows = _rows(kind)
    if not rows:
        return f"{title}: none.\n"
    lines = [f"| {title} | Type | Default | |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {text} | {default} | {note} |" for name, text, default, note in rows]
    return "\n".join(lines) + "\n"


def _rows(kind: type) -> list[tuple[str, str, str, str]]:
    notes = _notes(kind)
    hints = get_type_hints(kind)
    if issubclass(kind, BaseModel):
        return [
            (
                name,
                _type_text(hints[name]),
                ""
                if field.is_required()
                else f"`{json.dumps(field.get_default(call_default_factory=True))}`",
                notes.get(name, ""),
            )
            for name, field in kind.model_fields.items()
        ]
    assert dataclasses.is_dataclass(kind)
    names = [item.name for item in dataclasses.fields(kind)]
    return [(name, _type_text(hints[name]), "", notes.get(name, "")) for name in names]


def _notes(kind: type) -> dict[str, str]:
    """The strings below the fields of a class."""
    tree = ast.parse(inspect.getsource(kind))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    notes: dict[str, str] = {}
    for field, note in itertools.pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant):
            notes[field.target.id] = " ".join(str(note.value.value).split())
    return notes


def _type_text(kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_type_text(part) for part in get_args(kind))
    if get_origin(kind) is Literal:
        return ", ".join(f'`"{choice}"`' for choice in get_args(kind))
    if get_origin(kind) is list:
        return f"list of {_type_text(get_args(kind)[0])}"
    if kind is Any:
        return "anything"
    if kind is type(None):
        return "null"
    if get_origin(kind) is dict:
        return "map"
    if _is_ours(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return {int: "int", float: "float", str: "text", bool: "bool"}.get(kind, str(kind))


def _used_types(roots: list[type]) -> list[type]:
    """The classes that fields of `roots` have as types, at any depth, in the order of the first use."""
    found: dict[type, None] = {}

    def visit(kind: Any) -> None:
        for part in get_args(kind):
            visit(part)
        if _is_ours(kind) and kind not in found:
            found[kind] = None
            walk(kind)

    def walk(owner: type) -> None:
        for hint in get_type_hints(owner).values():
            visit(hint)

    for root in roots:
        walk(root)
    return list(found)


def _is_ours(kind: Any) -> bool:
    return inspect.isclass(kind) and kind.__module__ in _MODULES


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(document())
