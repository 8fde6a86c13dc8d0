"""RLlib's learners, fed with arrays: what its connectors do step by step is done for a whole batch here.

Agents come and go, so a batch may have few steps of a policy, or none. RLlib leaves policies without steps as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import tree
from numpy.typing import NDArray
from ray.rllib.algorithms.appo.torch.appo_torch_learner import APPOTorchLearner
from ray.rllib.algorithms.dqn.torch.dqn_torch_learner import DQNTorchLearner
from ray.rllib.algorithms.impala.torch.impala_torch_learner import IMPALATorchLearner
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.algorithms.sac.torch.sac_torch_learner import SACTorchLearner
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.evaluation.postprocessing import Postprocessing
from ray.rllib.policy.sample_batch import MultiAgentBatch, SampleBatch
from ray.rllib.utils.metrics import TD_ERROR_KEY
from ray.rllib.utils.minibatch_utils import MiniBatchCyclicIterator

from rl_studio_training.rllib_replay import ReplaySample


class _MayLearnNothing:
    """Goes on after a batch without a step of any policy that learns; RLlib would fail, or hang in a thread."""

    def _create_iterator_if_necessary(self, **options: Any) -> Iterable[MultiAgentBatch]:
        batches: Iterable[MultiAgentBatch] = super()._create_iterator_if_necessary(**options)  # type: ignore[misc]
        return batches or [MultiAgentBatch({}, 0)]

    def _update(self, batch: dict[str, Any], **options: Any) -> Any:
        return super()._update(batch, **options) if batch else ({}, {}, {})  # type: ignore[misc]


class TolerantIMPALALearner(_MayLearnNothing, IMPALATorchLearner):  # type: ignore[misc]
    """IMPALA."""


class TolerantAPPOLearner(_MayLearnNothing, APPOTorchLearner):  # type: ignore[misc]
    """APPO."""


class BatchPPOLearner(_MayLearnNothing, PPOTorchLearner):  # type: ignore[misc]
    """PPO; policies with a memory are left to RLlib's connectors."""

    def _create_iterator_if_necessary(
        self, *, num_epochs: int = 1, minibatch_size: int | None = None, **options: Any
    ) -> Iterable[MultiAgentBatch]:
        batches = super()._create_iterator_if_necessary(
            num_epochs=num_epochs, minibatch_size=minibatch_size, **options
        )
        if minibatch_size is None or not isinstance(batches, MiniBatchCyclicIterator):
            return batches
        shuffles = options.get("shuffle_batch_per_epoch", False) and num_epochs > 1
        return minibatches(batches._batch, num_epochs, minibatch_size, shuffles=shuffles)

    def _make_batch_if_necessary(self, training_data: Any) -> Any:
        episodes: list[SingleAgentEpisode] = training_data.episodes
        if self.module.is_stateful():
            return super()._make_batch_if_necessary(training_data)
        batches = {}
        for policy in dict.fromkeys(episode.module_id for episode in episodes):
            if self.should_module_be_updated(policy):
                parts = [episode for episode in episodes if episode.module_id == policy]
                batches[policy] = SampleBatch(self._batch(policy, parts))
        return MultiAgentBatch(batches, env_steps=sum(len(episode) for episode in episodes))

    def _batch(self, policy: str, parts: Sequence[SingleAgentEpisode]) -> dict[str, Any]:
        config = self.config.get_config_for_module(policy)
        lengths = np.array([len(part) for part in parts])
        seen = tree.map_structure(
            lambda *rows: torch.from_numpy(np.concatenate(rows)).to(self._device),
            *(part.get_observations() for part in parts),
        )
        with torch.no_grad():
            values = self.module[policy].unwrapped().compute_values({Columns.OBS: seen}).cpu().numpy()
        rewards = np.concatenate([part.get_rewards() for part in parts])
        advantages, targets = advantages_of(
            values,
            rewards,
            lengths,
            np.array([part.is_terminated for part in parts]),
            config.gamma,
            config.lambda_,
        )
        is_step = np.ones(len(values), np.bool_)
        is_step[np.cumsum(lengths + 1) - 1] = False
        keep = torch.from_numpy(is_step).to(self._device)
        spread = max(1e-4, float(advantages.std()))
        columns = {
            Columns.ACTIONS: np.concatenate([part.get_actions() for part in parts]),
            Postprocessing.ADVANTAGES: (advantages - advantages.mean()) / spread,
            Postprocessing.VALUE_TARGETS: targets,
        }
        for column in (Columns.ACTION_LOGP, Columns.ACTION_DIST_INPUTS):
            columns[column] = np.concatenate([part.get_extra_model_outputs(column) for part in parts])
        batch = {name: torch.from_numpy(array).to(self._device) for name, array in columns.items()}
        return {Columns.OBS: tree.map_structure(lambda rows: rows[keep], seen), **batch}


class _ReplayLearner:
    """Learns from a `ReplaySample`."""

    _device: Any
    should_module_be_updated: Any

    def update(self, **options: Any) -> dict[str, Any]:
        """As RLlib's, without the error of each step: nothing here is drawn by it, and RLlib's algorithms fail where a
        policy has none."""
        found: dict[str, Any] = super().update(**options)  # type: ignore[misc]
        for numbers in found.values():
            numbers.pop(TD_ERROR_KEY, None)
        return found

    def _make_batch_if_necessary(self, training_data: Any) -> Any:
        sample: ReplaySample = training_data.episodes[0]
        batches = {
            policy: SampleBatch(
                tree.map_structure(lambda rows: torch.from_numpy(rows).to(self._device), columns)
            )
            for policy, columns in sample.policies.items()
            if self.should_module_be_updated(policy)
        }
        return MultiAgentBatch(batches, env_steps=len(sample))


class BatchDQNLearner(_ReplayLearner, _MayLearnNothing, DQNTorchLearner):  # type: ignore[misc]
    """DQN."""


class BatchSACLearner(_ReplayLearner, _MayLearnNothing, SACTorchLearner):  # type: ignore[misc]
    """SAC."""


def minibatches(
    batch: MultiAgentBatch, epochs: int, size: int, *, shuffles: bool = False
) -> Iterator[MultiAgentBatch]:
    """RLlib's minibatches, as many as the policy with most steps needs, but for policies that have less than one.

    RLlib fills their part of each minibatch with copies, and so goes through a few steps of a rare policy a thousand
    times. Here they are learned from `epochs` times, as all others are at least.

    Args:
        epochs: how often to go through the steps of each policy, at least.
        size: steps of each policy in a minibatch.
    """
    few = {policy: part for policy, part in batch.policy_batches.items() if len(part) < size}
    many = {policy: part for policy, part in batch.policy_batches.items() if policy not in few}
    steps = batch.env_steps()
    whole: Iterable[MultiAgentBatch] = ()
    if many:
        whole = MiniBatchCyclicIterator(
            MultiAgentBatch(many, steps),
            num_epochs=epochs,
            minibatch_size=size,
            shuffle_batch_per_epoch=shuffles,
        )
    rare = itertools.repeat(few, epochs if few else 0)
    for found, added in itertools.zip_longest(whole, rare):
        parts = {} if found is None else found.policy_batches
        yield MultiAgentBatch({**parts, **(added or {})}, steps)


def advantages_of(
    values: NDArray[np.float32],
    rewards: NDArray[np.float32],
    lengths: NDArray[np.int64],
    terminated: NDArray[np.bool_],
    gamma: float,
    lambda_: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Generalized advantage estimates of parts of episodes, one after the other.

    Args:
        values: of every observation, the last one of each part included: (sum(lengths + 1),).
        rewards: (sum(lengths),).
        lengths: steps of each part.
        terminated: whether nothing comes after a part; else the value of its last observation counts.

    Returns:
        Advantages and value targets, float32 (sum(lengths),).
    """
    parts, longest = len(lengths), int(lengths.max())
    rows = np.repeat(np.arange(parts), lengths)
    columns = np.arange(len(rewards)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    where = columns + np.repeat(np.cumsum(lengths + 1) - lengths - 1, lengths)
    after = values[where + 1].copy()
    after[(columns == lengths[rows] - 1) & terminated[rows]] = 0.0
    deltas = np.zeros((parts, longest), np.float32)
    deltas[rows, columns] = rewards + gamma * after - values[where]
    running = np.zeros(parts, np.float32)
    for step in range(longest - 1, -1, -1):
        running = deltas[:, step] + gamma * lambda_ * running
        deltas[:, step] = running
    advantages = deltas[rows, columns]
    return advantages, advantages + values[where]
