"""rl_studio.evaluate: what is counted, what is told meanwhile, and that it comes to an end."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pytest

from rl_studio.cli.evaluate import describe, parse_policies
from rl_studio.errors import ConfigError
from rl_studio.evaluate import Episode, Evaluation, EvaluationError, Standing, play, summarise
from rl_studio.evaluation_watch import EvaluationWatch


def episode(
    reward: float, *, success: bool | None, policy: str = "p", metrics: dict[str, float] | None = None
) -> Episode:
    return Episode("Arena1/Agent", policy, reward, 10, False, success, metrics or {})


def outcome(*episodes: Episode) -> Evaluation:
    return Evaluation("res://s.tscn", 8, summarise(episodes, "res://p.onnx"))


def test_an_episode_without_a_word_is_no_success_once_another_one_has_said_so() -> None:
    """README's own example: `log_metric(&"is_success", 1.0)` where it was won, and nothing where not."""
    result = outcome(*[episode(1, success=True)] * 3, *[episode(2, success=None)] * 7)
    assert result.success_rate == 0.3
    assert result.reward_mean == pytest.approx(1.7)


def test_a_game_that_logs_no_success_has_no_success_rate() -> None:
    assert outcome(episode(1, success=None)).success_rate is None


def test_a_metric_is_averaged_over_the_episodes_that_logged_it() -> None:
    found = outcome(episode(0, success=None, metrics={"coins": 4.0}), episode(0, success=None)).sole
    assert found is not None
    assert found.metrics == {"coins": 4.0}


def test_policies_are_counted_apart_and_have_no_common_figure() -> None:
    result = outcome(
        episode(-3, success=None, policy="evader"),
        episode(-1, success=None, policy="evader"),
        episode(5, success=True, policy="pursuer"),
        episode(5, success=None, policy="pursuer"),
    )
    told = result.to_json()
    assert (told["reward_mean"], told["success_rate"], told["policy"], told["episodes"]) == (
        None,
        None,
        None,
        4,
    )
    evader, pursuer = told["policies"]["evader"], told["policies"]["pursuer"]
    assert (evader["reward_mean"], evader["success_rate"], evader["episodes"]) == (-2.0, None, 2)
    assert (pursuer["reward_mean"], pursuer["success_rate"], pursuer["episodes"]) == (5.0, 0.5, 2)
    text = describe(result)
    assert "evader, played by res://p.onnx, 2 episodes" in text
    assert "50.0%" in text


def test_a_single_policy_stands_at_the_top_too() -> None:
    told = outcome(episode(4, success=True)).to_json()
    assert (told["policy"], told["reward_mean"], told["success_rate"]) == ("res://p.onnx", 4.0, 1.0)
    assert told["policies"]["p"]["reward_mean"] == 4.0


def test_what_policy_options_say() -> None:
    assert parse_policies(["res://a.onnx"]) == "res://a.onnx"
    assert parse_policies(["res://a=b.onnx"]) == "res://a=b.onnx"
    assert parse_policies(["random"]) == "random"
    assert parse_policies(["cat=res://c.onnx", "dog=random"]) == {"cat": "res://c.onnx", "dog": "random"}
    with pytest.raises(ConfigError, match="cat are played by random"):
        parse_policies(["cat=random", "cat=res://c.onnx"])
    with pytest.raises(ConfigError, match="plays all agents"):
        parse_policies(["res://a.onnx", "cat=random"])


# --- while it plays

CHASE = {"policies": {"chase": {"agents": 2, "episodes": 3}}, "action_repeat": 4}


def line(word: str, data: Any) -> str:
    return f"@{word} {json.dumps(data)}"


def ended(policy: str = "chase", **fields: Any) -> str:
    told = {"agent": "/root/A", "policy": policy, "reward": 1, "length": 5, "truncated": False, "metrics": {}}
    return line("EPISODE", {**told, "is_success": None, **fields})


def watching(*lines: str, now: list[float] | None = None) -> EvaluationWatch:
    clock = now or [0.0]
    watch = EvaluationWatch(3, 1000, clock=lambda: clock[0])
    for each in lines:
        watch.take(each)
    return watch


def test_the_standing_says_how_far_it_is() -> None:
    now = [0.0]
    watch = watching("Godot Engine v4", now=now)
    now[0] = 2.0
    assert str(watch.standing()) == "Starting the game, 2 s"
    watch.take(line("PLAY", CHASE))
    watch.take(line("PROGRESS", {"decisions": 60, "agent": "/root/A", "agent_decisions": 30}))
    assert str(watch.standing()) == "chase 0 of 3 episodes, 60 decisions, 2 s"
    watch.take(ended())
    assert str(watch.standing()) == "chase 1 of 3 episodes, 60 decisions, 2 s"
    assert watch.action_repeat == 4


def test_an_agent_in_a_long_episode_is_named_before_it_is_cut() -> None:
    watch = watching(
        line("PLAY", CHASE), line("PROGRESS", {"decisions": 400, "agent": "/root/W", "agent_decisions": 200})
    )
    assert str(watch.standing()).endswith("s. /root/W is at decision 200 of its episode.")


def test_what_the_game_waits_for_is_told_until_it_plays_on() -> None:
    watch = watching(line("PLAY", CHASE), line("STATUS", {"message": "no agent for 3.0 s"}))
    assert str(watch.standing()).endswith("0 s. no agent for 3.0 s")
    watch.take(line("STATUS", {"message": ""}))
    assert str(watch.standing()).endswith("0 s")


def test_games_of_an_older_addon_are_counted_as_well() -> None:
    watch = watching(ended(), ended())
    assert str(watch.standing()) == "chase 2 of 3 episodes, 0 s"
    assert watch.missing()
    watch.take(ended())
    assert not watch.missing()


def test_several_policies_need_their_episodes_each() -> None:
    each = {"agents": 1, "episodes": 2}
    watch = watching(line("PLAY", {"policies": {"cat": each, "dog": each}}), *[ended("cat")] * 3)
    assert watch.missing()
    assert watch.standing().counts() == "cat 3 of 2, dog 0 of 2 episodes"
    watch.take(ended("dog"))
    watch.take(ended("dog"))
    assert not watch.missing()


def test_a_line_that_only_looks_like_one_of_ours_is_for_people() -> None:
    watch = watching("@PROGRESS at last", line("EPISODE", {"agent": "x"}), "@someone hello", "")
    assert watch.episodes == []
    assert len(watch.words) == 3
    assert str(watch.standing()).startswith("Starting")


def test_an_error_of_the_game_ends_it() -> None:
    with pytest.raises(EvaluationError, match="no such policy") as caught:
        watching(line("ERROR", {"message": "no such policy", "hint": "export one"}))
    assert caught.value.hint == "export one"


# --- a game that misbehaves


def game(*lines: str, then: str = "") -> list[str]:
    told = "\n".join(f"print({text!r}, flush=True)" for text in lines)
    return [sys.executable, "-c", f"import sys, time\n{told}\n{then}"]


def test_a_whole_evaluation_is_taken_in_and_warnings_come_once() -> None:
    heard: list[str] = []
    watch = EvaluationWatch(3, 1000, heard.append)
    odd = line("WARNING", {"message": "odd"})
    play(
        game(line("PLAY", CHASE), odd, odd, *[ended()] * 3, line("EVALUATION", {"episodes": 3})), watch, 30.0
    )
    assert heard == ["odd"] == watch.warnings
    assert len(watch.episodes) == 3


def test_agents_whose_episodes_had_no_end_are_named() -> None:
    watch = EvaluationWatch(3, 1000)
    endless = [ended(agent="/root/W", cut=True, truncated=True, length=1000)] * 2
    play(game(line("PLAY", CHASE), ended(), *endless, line("EVALUATION", {"episodes": 3})), watch, 30.0)
    (warning,) = watch.warnings
    assert "2 of 3 episodes did not end within 1000 decisions" in warning
    assert "/root/W" in warning and "max_episode_steps" in warning
    result = summarise(watch.episodes, "random")["chase"]
    assert (result.cut, result.episodes) == (2, 3)


def test_while_nothing_ends_the_standing_is_told_and_the_time_ends_it() -> None:
    told: list[Standing] = []
    watch = EvaluationWatch(3, 100_000)
    busy = line("PROGRESS", {"decisions": 5000, "agent": "/root/W", "agent_decisions": 2500})
    began = time.monotonic()
    with pytest.raises(EvaluationError, match=r"within 1.5 s: chase 0 of 3 episodes had ended\. /root/W is"):
        play(game(line("PLAY", CHASE), busy, then="time.sleep(60)"), watch, 1.5, told.append)
    assert time.monotonic() - began < 15.0
    assert len(told) > 3
    assert (told[-1].decisions, told[-1].agent_decisions) == (5000, 2500)


def test_a_game_that_leaves_early_is_told_with_its_last_words() -> None:
    with pytest.raises(EvaluationError, match=r"(?s)ended with code 3.*Parse Error"):
        play(game("Parse Error: no", then="sys.exit(3)"), EvaluationWatch(3, 1000), 30.0)
    with pytest.raises(EvaluationError, match="too early: chase 1 of 3"):
        watch = EvaluationWatch(3, 1000)
        play(game(line("PLAY", CHASE), ended(), line("EVALUATION", {"episodes": 1})), watch, 30.0)


def test_an_evaluation_that_takes_too_long_gives_what_it_got() -> None:
    lines = ['@PLAY {"policies": {"p": {"agents": 1, "episodes": 5}}}']
    lines += ['@EPISODE {"agent": "A", "policy": "p", "reward": 2, "length": 3, "truncated": false}'] * 2
    code = f"import time\nprint({chr(10).join(lines)!r}, flush=True)\ntime.sleep(60)"
    watch = EvaluationWatch(5, 100)
    play([sys.executable, "-c", code], watch, 3.0)
    assert [episode.reward for episode in watch.episodes] == [2.0, 2.0]
    (warning,) = watch.warnings
    assert "not over within 3 s: p 2 of 5 episodes had ended. These count." in warning
    assert "max_episode_steps" in warning and "--timeout" in warning
