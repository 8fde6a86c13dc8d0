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


def test_it_is_silent_when_a_program_reads() -> None:
    stream = Terminal()
    progress = Progress(100, enabled=False, stream=stream)
    progress.update(metrics(100))
    progress.close()
    assert stream.getvalue() == ""
