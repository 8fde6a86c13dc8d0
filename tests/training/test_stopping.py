from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from rl_studio_training import stopping
from rl_studio_training.errors import Interrupted
from rl_studio_training.stopping import StopSwitch


@pytest.fixture
def switch() -> Iterator[StopSwitch]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    switch = StopSwitch(on_force=lambda: None)
    switch.install()
    yield switch
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_training_a_signal_ends_it_at_once(switch: StopSwitch, number: signal.Signals) -> None:
    with pytest.raises(Interrupted):
        signal.raise_signal(number)
    with pytest.raises(Interrupted):
        switch.check()


def test_games_start_undisturbed_until_the_next_check(switch: StopSwitch) -> None:
    switch.defer()
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(Interrupted):
        switch.check()


def test_in_training_a_signal_is_only_a_wish(switch: StopSwitch, monkeypatch: pytest.MonkeyPatch) -> None:
    switch.begin()
    signal.raise_signal(signal.SIGTERM)
    assert switch.requested
    switch.check()
    signal.raise_signal(signal.SIGTERM)
    monkeypatch.setattr(stopping, "PATIENCE_S", -1.0)
    with pytest.raises(Interrupted):
        switch.check()


def test_a_second_sigint_forces_the_end(monkeypatch: pytest.MonkeyPatch, switch: StopSwitch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(stopping.os, "_exit", codes.append)
    switch.begin()
    signal.raise_signal(signal.SIGINT)
    assert codes == []
    signal.raise_signal(signal.SIGINT)
    assert codes == [130]


def test_time_counts_from_the_beginning_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    switch = StopSwitch(on_force=lambda: None)
    assert switch.elapsed_s == 0.0
    now[0] += 50.0
    switch.begin()
    now[0] += 4.0
    assert switch.elapsed_s == 4.0
