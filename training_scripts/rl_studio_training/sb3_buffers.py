"""SB3's rollout buffers for agents that come and go: only steps in which an agent acted are learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableDictRolloutBuffer, MaskableRolloutBuffer
from sb3_contrib.common.recurrent.buffers import RecurrentDictRolloutBuffer, RecurrentRolloutBuffer
from stable_baselines3.common.buffers import DictRolloutBuffer, RolloutBuffer

MEMORY = ("hidden_states_pi", "cell_states_pi", "hidden_states_vf", "cell_states_vf")
"""What a recurrent policy and its value function remember before each step."""

_PER_STEP = (
    *("observations", "actions", "values", "log_probs", "advantages", "returns"),
    *("action_masks", "episode_starts", *MEMORY),
)
"""The arrays that samples are drawn from; each kind of buffer has some of them."""


class ActedSteps(RolloutBuffer):
    """A mixin, to stand before a rollout buffer of SB3, in which some rows may have no agent at times.

    If all of them act in all steps it does exactly what that buffer does. Else its arrays lose what is no sample, row
    by row, when the first batch is asked for; and batches are of nearly equal size, so that none is left over that is
    too small to normalize its advantages.
    """

    acted: NDArray[np.bool_]
    """bool (steps, rows): what is a sample. All of them after a `reset`."""

    def reset(self) -> None:
        super().reset()
        self.acted = np.ones((self.buffer_size, self.n_envs), dtype=np.bool_)

    @property
    def is_whole(self) -> bool:
        """Whether all rows acted in all steps."""
        return bool(self.acted.all())

    def get(self, batch_size: int | None = None) -> Any:
        """Batches of all samples, in an order drawn at random.

        Args:
            batch_size: samples in each, if all rows acted in all steps; else at least as many. None for a single batch.
        """
        if self.is_whole:
            yield from super().get(batch_size)
            return
        assert self.full, "The rollout is not complete."
        if not self.generator_ready:
            self._drop_others()
            self.generator_ready = True
        order = self._draw_order(int(np.count_nonzero(self.acted)))
        batches = max(1, len(order) // batch_size) if batch_size else 1
        for samples in np.array_split(order, batches):
            yield self._get_samples(samples)

    def _drop_others(self) -> None:
        for name in _PER_STEP:
            values = getattr(self, name, None)
            if isinstance(values, dict):
                setattr(self, name, {key: self._samples_of(array) for key, array in values.items()})
            elif values is not None:
                setattr(self, name, self._samples_of(values))

    def _samples_of(self, values: NDArray[Any]) -> NDArray[Any]:
        """(samples, …), all of row 0 first, of an array (steps, rows, …); one number each as (samples, 1)."""
        samples: NDArray[Any] = values.swapaxes(0, 1)[self.acted.T]
        return samples if samples.ndim > 1 else samples[:, None]

    def _draw_order(self, count: int) -> NDArray[np.int64]:
        return np.random.permutation(count)


class ActedRolloutBuffer(ActedSteps, RolloutBuffer):
    """Of PPO and A2C."""


class ActedDictRolloutBuffer(ActedSteps, DictRolloutBuffer):
    """Of PPO and A2C, for named observations."""


class ActedMaskableBuffer(ActedSteps, MaskableRolloutBuffer):
    """Of MaskablePPO."""


class ActedMaskableDictBuffer(ActedSteps, MaskableDictRolloutBuffer):
    """Of MaskablePPO, for named observations."""


class ActedSequences(ActedSteps):
    """A mixin for the buffers of RecurrentPPO, whose samples follow each other in time.

    A sequence ends with the steps of an agent: what comes next in its row is the first of another episode.
    """

    hidden_states_pi: NDArray[np.float32]
    cell_states_pi: NDArray[np.float32]
    hidden_states_vf: NDArray[np.float32]
    cell_states_vf: NDArray[np.float32]

    def _drop_others(self) -> None:
        for name in MEMORY:  # (steps, layers, rows, units)
            setattr(self, name, getattr(self, name).swapaxes(1, 2))
        super()._drop_others()

    def _draw_order(self, count: int) -> NDArray[np.int64]:
        # As SB3 shuffles sequences: the order stays, but may begin anywhere.
        return np.roll(np.arange(count), -np.random.randint(count))

    def _get_samples(self, batch_inds: NDArray[np.int64], *others: Any) -> Any:
        """As SB3 has it, which also wants to know where another row begins."""
        return super()._get_samples(batch_inds, *(others or (self._row_begins(),)))

    def _row_begins(self) -> NDArray[np.float32]:
        rows = np.nonzero(self.acted.T)[0]
        return np.diff(rows, prepend=-1).astype(bool).astype(np.float32)[:, None]


class ActedRecurrentBuffer(ActedSequences, RecurrentRolloutBuffer):
    """Of RecurrentPPO."""


class ActedRecurrentDictBuffer(ActedSequences, RecurrentDictRolloutBuffer):
    """Of RecurrentPPO, for named observations."""
