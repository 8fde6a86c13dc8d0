"""rl_studio_training.stop_conditions: each condition, just before it holds and when it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.episodes import Episode, EpisodeWindow
from rl_studio_training.stop_conditions import STOP_FILE, Situation, StopConditions


def conditions(run: Path, **values: Any) -> StopConditions:
    return StopConditions(SB3Config(**values), run)


def situation(
    *,
    timesteps: int = 10,
    iterations: int = 1,
    episodes: int = 2,
    elapsed_s: float = 3.0,
    rewards: list[float] | None = None,
    successes: list[bool] | None = None,
    others: dict[str, list[float]] | None = None,
) -> Situation:
    """
    Args:
        rewards, successes: of the episodes of the policy "cat".
        others: rewards of other policies.
    """
    windows = {"cat": EpisodeWindow(), **{name: EpisodeWindow() for name in others or {}}}
    for number, reward in enumerate(rewards or []):
        windows["cat"].add(Episode(reward, 5, successes[number] if successes else None))
    for name, found in (others or {}).items():
        for reward in found:
            windows[name].add(Episode(reward, 5, reward > 0))
    return Situation(timesteps, iterations, episodes, elapsed_s, windows)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str]] = {
    # name: configuration, goes on, ends, reason, what the sentence says
    "timesteps": (
        {"total_timesteps": 50},
        {"timesteps": 49},
        {"timesteps": 50},
        "timesteps",
        "All timesteps",
    ),
    "iterations": (
        {"stop_iterations": 4},
        {"iterations": 3},
        {"iterations": 4},
        "iterations",
        "All 4 iterations",
    ),
    "episodes": ({"stop_episodes": 9}, {"episodes": 8}, {"episodes": 11}, "episodes", "All 9 episodes"),
    "time": ({"time_limit_s": 7.5}, {"elapsed_s": 7.4}, {"elapsed_s": 7.5}, "time_limit", "7.5 s"),
    "reward": (
        {"stop_reward": 2.0, "stop_window": 3},
        {"rewards": [9.0, 1.0, 2.0, 2.5]},
        {"rewards": [-9.0, 1.0, 2.0, 3.0]},
        "reward",
        "Reached reward 2: it was 2 over the last 3 episodes",
    ),
    "reward over a window that is not full": (
        {"stop_reward": 2.0, "stop_window": 3},
        {"rewards": [9.0, 9.0]},
        {"rewards": [9.0, 9.0, 9.0]},
        "reward",
        "it was 9",
    ),
    "reward over more episodes than are shown": (
        {"stop_reward": 1.0, "stop_window": 250},
        {"rewards": [0.0, *[1.0] * 249]},
        {"rewards": [0.0, *[1.0] * 250]},
        "reward",
        "last 250",
    ),
    "negative reward": (
        {"stop_reward": -1.0, "stop_window": 1},
        {"rewards": [-1.5]},
        {"rewards": [-0.5]},
        "reward",
        "reward -1",
    ),
    "success": (
        {"stop_success_rate": 0.75, "stop_window": 4},
        {"rewards": [0.0] * 4, "successes": [True, True, False, False]},
        {"rewards": [0.0] * 4, "successes": [True, True, False, True]},
        "success_rate",
        "75%",
    ),
}


@pytest.mark.parametrize(("config", "goes_on", "ends", "reason", "words"), CASES.values(), ids=CASES)
def test_a_condition_holds_from_its_limit_on(
    tmp_path: Path,
    config: dict[str, Any],
    goes_on: dict[str, Any],
    ends: dict[str, Any],
    reason: str,
    words: str,
) -> None:
    stop = conditions(tmp_path, **config)
    assert stop.check(situation(**goes_on)) is None
    found = stop.check(situation(**ends))
    assert found is not None
    assert found.reason == reason
    assert words in found.message


def test_nothing_is_set_and_nothing_ends(tmp_path: Path) -> None:
    stop = conditions(tmp_path, total_timesteps=10**9)
    assert stop.check(situation(timesteps=10**8, episodes=10**6, elapsed_s=1e6, rewards=[1e9] * 200)) is None


def test_a_plateau_counts_from_the_best_mean_reward(tmp_path: Path) -> None:
    stop = conditions(tmp_path, plateau_timesteps=100, stop_window=2)
    assert stop.check(situation(timesteps=500, rewards=[50.0])) is None  # one episode is luck
    assert stop.check(situation(timesteps=600, rewards=[1.0, 1.0])) is None
    assert stop.check(situation(timesteps=690, rewards=[1.0, 1.2])) is None  # a new best
    assert stop.check(situation(timesteps=789, rewards=[1.0, 1.0])) is None
    found = stop.check(situation(timesteps=790, rewards=[1.1, 1.1]))
    assert found is not None
    assert (found.reason, found.message) == (
        "plateau",
        "The mean reward has not been above 1.1 for 100 steps.",
    )


def test_a_resumed_run_remembers_its_plateau(tmp_path: Path) -> None:
    before = conditions(tmp_path, plateau_timesteps=100, stop_window=1)
    before.check(situation(timesteps=600, rewards=[5.0]))
    after = conditions(tmp_path, plateau_timesteps=100, stop_window=1)
    after.restore(before.state(), ["cat"])
    assert after.check(situation(timesteps=699, rewards=[4.0])) is None
    assert after.check(situation(timesteps=700, rewards=[4.0])) is not None


def test_a_run_of_an_older_version_remembers_its_plateau(tmp_path: Path) -> None:
    stop = conditions(tmp_path, plateau_timesteps=100, stop_window=1)
    stop.restore({"best": 5.0, "best_at": 600}, ["cat"])
    assert stop.check(situation(timesteps=700, rewards=[4.0])) is not None
    mixed = conditions(tmp_path, plateau_timesteps=100, stop_window=1)
    mixed.restore({"best": 5.0, "best_at": 600}, ["cat", "mouse"])  # their mean says nothing of either
    assert mixed.check(situation(timesteps=700, rewards=[4.0], others={"mouse": [1.0]})) is None


# --- several policies


@pytest.mark.parametrize(
    ("goal", "mouse", "words"),
    [
        (
            {"stop_reward": 2.0},
            [2.0, 2.5],
            "Reached reward 2: cat had 9, mouse had 2.25 over the last 2 episodes.",
        ),
        (
            {"stop_success_rate": 0.9},
            [1.0, 1.0],
            "Reached a success rate of 90%: cat had 100%, mouse had 100% over the last 2 episodes.",
        ),
    ],
)
def test_a_goal_must_be_reached_by_every_policy(
    tmp_path: Path, goal: dict[str, float], mouse: list[float], words: str
) -> None:
    stop = conditions(tmp_path, stop_window=2, **goal)

    def check(rewards: list[float]) -> Any:
        return stop.check(situation(rewards=[9.0, 9.0], successes=[True, True], others={"mouse": rewards}))

    assert check([-9.0, -9.0]) is None  # their mean reward is 0, their success rate 50 %
    assert check([-9.0, 1.0]) is None
    assert check(mouse[:1]) is None  # too few to judge
    found = check(mouse)
    assert found is not None
    assert found.message == words


def test_it_is_no_plateau_while_one_policy_gets_better(tmp_path: Path) -> None:
    stop = conditions(tmp_path, plateau_timesteps=100, stop_window=1)
    assert stop.check(situation(timesteps=100, rewards=[5.0], others={"mouse": [1.0]})) is None
    assert stop.check(situation(timesteps=190, rewards=[5.0], others={"mouse": [1.5]})) is None
    assert stop.check(situation(timesteps=289, rewards=[4.0], others={"mouse": [1.5]})) is None
    found = stop.check(situation(timesteps=290, rewards=[4.0], others={"mouse": [1.0]}))
    assert found is not None
    assert found.message == (
        "No mean reward has got any better for 100 steps: not that of cat above 5, of mouse above 1.5."
    )
    again = conditions(tmp_path, plateau_timesteps=100, stop_window=1)
    again.restore(stop.state(), ["cat", "mouse"])
    assert again.check(situation(timesteps=289, rewards=[4.0], others={"mouse": [1.0]})) is None
    assert again.check(situation(timesteps=290, rewards=[4.0], others={"mouse": [1.0]})) is not None


@pytest.mark.parametrize("own", [False, True])
def test_a_stop_file_ends_it_as_soon_as_it_is_there(tmp_path: Path, own: bool) -> None:
    file = tmp_path / "elsewhere" / "please stop" if own else tmp_path / STOP_FILE
    file.parent.mkdir(exist_ok=True)
    stop = conditions(tmp_path, stop_file=str(file) if own else "")
    assert stop.check(situation()) is None
    file.touch()
    found = stop.check(situation())
    assert found is not None
    assert found.reason == "stop_file"
    assert str(file) in found.message


def test_between_iterations_only_time_and_files_count(tmp_path: Path) -> None:
    now = [0.0]
    config = SB3Config(time_limit_s=5.0, stop_iterations=1)
    stop = StopConditions(config, tmp_path, clock=lambda: now[0])
    assert stop.check_between(4.9) is None
    (tmp_path / STOP_FILE).touch()
    assert stop.check_between(4.9) is None  # it looked a moment ago
    now[0] += 1.0
    found = stop.check_between(4.9)
    assert found is not None
    assert found.reason == "stop_file"
    found = stop.check_between(5.0)
    assert found is not None
    assert found.reason == "time_limit"
