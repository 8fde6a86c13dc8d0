"""RLlib's learners, fed with arrays: what its connectors do step by step is done for a whole batch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import tree
from numpy.typing import NDArray
from ray.rllib.algorithms.dqn.torch.dqn_torch_learner import DQNTorchLearner
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.algorithms.sac.torch.sac_torch_learner import SACTorchLearner
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.evaluation.postprocessing import Postprocessing
from ray.rllib.policy.sample_batch import MultiAgentBatch, SampleBatch

from rl_studio_training.rllib_replay import ReplaySample


class BatchPPOLearner(PPOTorchLearner):  # type: ignore[misc]
    """PPO; policies with a memory are left to RLlib's connectors."""

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


class BatchDQNLearner(_ReplayLearner, DQNTorchLearner):  # type: ignore[misc]
    """DQN."""


class BatchSACLearner(_ReplayLearner, SACTorchLearner):  # type: ignore[misc]
    """SAC."""


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
