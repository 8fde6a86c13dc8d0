"""Binary frames to and from the JSON messages that say the same, for fake games that speak both.

Agents neither come nor go; they are numbered group by group.
"""

from __future__ import annotations

from typing import Any

import wire_codec
import wire_codec_v1
from wire_codec import Fields, Group

Message = dict[str, Any]


def group_agents(
    policies: list[str], observations: dict[str, Any], actions: dict[str, Any], *, masked: bool
) -> list[Group]:
    """Groups of agents that all have the same spaces, given as in `env_info`; floats only."""
    return [
        {
            "policy": policy,
            "agents": [agent for agent, name in enumerate(policies) if name == policy],
            "rows": policies.count(policy),
            "observations": [
                {"name": name, "shape": entry["size"], "dtype": "float32"}
                for name, entry in observations.items()
            ],
            "actions": [
                {"name": name, "kind": entry["action_type"], "size": entry["size"]}
                for name, entry in actions.items()
            ],
            "masked": masked,
        }
        for policy in dict.fromkeys(policies)
    ]


def encode(version: int, groups: list[Group], message: Message, game_usec: int) -> bytes:
    """The answer to a reset or to actions as a binary frame of a version."""
    infos = message["info"]
    fields: Fields = {"game_usec": game_usec, "observations": [], "masks": [], "terminal_observations": []}
    for group in groups:
        agents = group["agents"]
        last = [infos[agent].get("terminal_observation") for agent in agents]
        masks = [infos[agent].get("action_mask", {}) for agent in agents]
        fields["observations"].append(_columns([message["obs"][agent] for agent in agents]))
        fields["terminal_observations"].append(_columns([row for row in last if row is not None]))
        fields["masks"].append([[bit for bits in row.values() for bit in bits] for row in masks])
    if message["type"] == "reset":
        return _encode(version, "observation", groups, fields)
    ends = list(zip(message["done"], infos, strict=True))
    fields["rewards"] = message["reward"]
    fields["truncated"] = [info.get("TimeLimit.truncated", False) for info in infos]
    fields["terminated"] = [done and not info.get("TimeLimit.truncated", False) for done, info in ends]
    fields["infos"] = [
        {key: info[key] for key in ("metrics", "is_success") if key in info} for done, info in ends if done
    ]
    fields |= {"left": [False] * len(infos), "rows_changed": False}
    return _encode(version, "step", groups, fields)


def _encode(version: int, kind: str, groups: list[Group], fields: Fields) -> bytes:
    if version == wire_codec_v1.VERSION:
        return wire_codec_v1.encode(kind, groups, fields)
    return wire_codec.encode(kind, groups, fields, _rows(groups), _rows(groups))


def _rows(groups: list[Group]) -> wire_codec.Rows:
    return [list(range(group["rows"])) for group in groups]


def decode(version: int, groups: list[Group], payload: bytes) -> Message:
    """A reset or actions as the message in JSON."""
    if wire_codec.kind_of(payload) == wire_codec.RESET:
        return {"type": "reset", "seed": wire_codec.decode_reset(payload)}
    if version == wire_codec_v1.VERSION:
        fields = wire_codec_v1.decode_action(groups, payload)
    else:
        fields = wire_codec.decode_action(groups, _rows(groups), payload)
    rows: list[Message] = [{} for group in groups for _ in group["agents"]]
    for group, numbers, choices in zip(groups, fields["continuous"], fields["discrete"], strict=True):
        for agent, values, picks in zip(group["agents"], numbers, choices, strict=True):
            for part in group["actions"]:
                if part["kind"] == "discrete":
                    rows[agent][part["name"]] = picks.pop(0)
                else:
                    rows[agent][part["name"]] = [values.pop(0) for _ in range(part["size"])]
    return {"type": "action", "action": rows}


def _columns(rows: list[Message]) -> Message:
    """Observations of several agents by name."""
    return {key: [row[key] for row in rows] for key in (rows[0] if rows else {})}
