"""Reward and success in words: of a run, or of each of its policies, which have no common figure."""

from __future__ import annotations

from collections.abc import Mapping

from rl_studio.cli.output import number_text
from rl_studio.runs import RunInfo
from rl_studio.runs.info import PolicyResult


def figures(info: RunInfo) -> list[str]:
    """ "reward 5.10" and "success 99%", or "evader 0.42 (2%), pursuer 5.10 (99%)"; what is not known is left out."""
    if len(info.policies) > 1:
        told = [f"{name} {_of_policy(result)}" for name, result in info.policies.items()]
        return [", ".join(told)]
    found = []
    if info.episode_reward_mean is not None:
        found.append(f"reward {number_text(info.episode_reward_mean, 2)}")
    if info.success_rate is not None:
        found.append(f"success {info.success_rate:.0%}")
    return found


def cells(info: RunInfo) -> dict[str, float | str | None]:
    """`reward` and `success` for a table."""
    if len(info.policies) > 1:
        return {
            "reward": _joined(
                {
                    n: None if r.reward_mean is None else number_text(r.reward_mean, 2)
                    for n, r in info.policies.items()
                }
            ),
            "success": _joined({n: _percent(r.success_rate) for n, r in info.policies.items()}),
        }
    return {"reward": info.episode_reward_mean, "success": _percent(info.success_rate)}


def warning_lines(info: RunInfo) -> list[str]:
    """The warnings of a run, each once, under a line that says how many there are."""
    if not info.warnings:
        return []
    count = len(info.warnings)
    lines = [f"  {count} warning{'s' if count > 1 else ''}:"]
    for warning in info.warnings:
        times = f" ({warning.count} times)" if warning.count > 1 else ""
        lines.append(f"    {warning.message}{times}")
    return lines


def _of_policy(result: PolicyResult) -> str:
    text = "-" if result.reward_mean is None else number_text(result.reward_mean, 2)
    return text if result.success_rate is None else f"{text} ({result.success_rate:.0%})"


def _joined(texts: Mapping[str, str | None]) -> str | None:
    known = {name: text for name, text in texts.items() if text is not None}
    return ", ".join(f"{name} {text}" for name, text in known.items()) or None


def _percent(rate: float | None) -> str | None:
    return None if rate is None else f"{rate:.0%}"
