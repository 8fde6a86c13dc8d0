from __future__ import annotations

import io
from typing import Any

from rl_studio_training.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def metrics(steps: int, reward: float | None = 1.25, success: float | None = 0.5) -> dict[str, Any]:
    return {
        "timesteps_total": steps,
        "episode_reward_mean": reward,
        "success_rate": success,
        "throughput": {"timesteps_per_second": 4000.4},
    }


def test_a_terminal_gets_a_bar_with_the_reward() -> None:
    stream = Terminal()
    progress = Progress(100, enabled=True, stream=stream)
    progress.update(metrics(120))
    progress.write("Warning: odd")
    progress.close()
    progress.close()
    assert "reward=1.25" in stream.getvalue()
    assert "success=50%" in stream.getvalue()
    assert "100%" in stream.getvalue()
    assert "\rWarning: odd\n" in stream.getvalue()
    assert stream.getvalue().endswith("\n")


def test_a_file_gets_whole_lines_now_and_then() -> None:
    stream = io.StringIO()
    progress = Progress(100, enabled=True, stream=stream)
    for steps in (10, 20, 100):
        progress.update(metrics(steps))
    progress.close()
    assert stream.getvalue().splitlines() == [
        "10 of 100 steps, 4000 a second, reward 1.25, success 50%",
        "100 of 100 steps, 4000 a second, reward 1.25, success 50%",
    ]


def test_several_policies_have_figures_of_their_own() -> None:
    policies = {
        "evader": {"reward_mean": 0.42, "success_rate": 0.02},
        "pursuer": {"reward_mean": 5.1, "success_rate": 0.99},
        "watcher": {"reward_mean": None, "success_rate": None},
    }
    told = {**metrics(100, None, None), "policies": policies}
    stream, terminal = io.StringIO(), Terminal()
    for each in (stream, terminal):
        progress = Progress(100, enabled=True, stream=each)
        progress.update(told)
        progress.close()
    assert stream.getvalue() == "100 of 100 steps, 4000 a second, evader 0.42 (2%), pursuer 5.1 (99%)\n"
    assert "evader=0.42 (2%), pursuer=5.1 (99%), watcher=-" in terminal.getvalue()


def test_it_is_silent_when_a_program_reads() -> None:
    stream = Terminal()
    progress = Progress(100, enabled=False, stream=stream)
    progress.update(metrics(100))
    progress.close()
    assert stream.getvalue() == ""
