"""Fragments of all agents' episodes, collected as arrays and cut into RLlib's episodes at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from time import perf_counter

from ray.rllib.env.single_agent_episode import SingleAgentEpisode

from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.rllib_actor import ModuleActor
from rl_studio_training.rllib_rows import PolicyRows


class FragmentSampler:
    """Lets all agents of a fleet act for some steps. While one section's games simulate, others decide.

    Each agent's part of an episode becomes a `SingleAgentEpisode` with the `module_id` of its policy; RLlib's
    learners take a flat list of them, whatever policies they are of. An episode that ends in the middle of a
    fragment ends with its real last observation, and the next one begins in the same step, or when the next agent
    comes. Rows without an agent are asked for nothing and are part of nothing. Agents that wait for a row get one at
    the beginning of a fragment.

    Args:
        fleet: the games, already started.
        actors: by policy.
    """

    def __init__(self, fleet: PolicyFleet, actors: Mapping[str, ModuleActor]) -> None:
        self._fleet = fleet
        self._policies = [
            PolicyRows(group.policy, rows, actors[group.policy], group.actions.space)
            for group, rows in zip(fleet.groups, fleet.section_rows, strict=True)
        ]
        self._is_reset = False
        self.steps = 0
        """Steps so far, of every game."""
        self.policy_s = 0.0
        """Seconds spent on choosing actions."""

    @property
    def agent_steps(self) -> dict[str, int]:
        """Agent steps so far, by policy."""
        return {rows.policy: rows.agent_steps for rows in self._policies}

    def collect(
        self, agent_steps: int, *, longest: int, explore: bool, timestep: int
    ) -> list[SingleAgentEpisode]:
        """What the agents do until they have taken `agent_steps` steps together.

        Args:
            agent_steps: at least; the last step of the games may bring more than are missing.
            longest: steps of the games after which it is enough in any case, however few agents there are.
            explore: draw actions at random, else take the best ones.
            timestep: agent steps so far, for schedules of exploration.

        Raises:
            GameError, DivergedError: as `PolicyFleet.receive` and `send`.
        """
        self._begin(agent_steps, longest)
        sections = range(len(self._fleet.sections))
        steps, goes_on = 1, True
        asked = sum(self._act(section, 0, explore=explore, timestep=timestep) for section in sections)
        while goes_on:
            goes_on = asked < agent_steps and steps < longest
            for section in sections:
                for rows, batch in zip(self._policies, self._fleet.receive(section), strict=True):
                    rows.take(section, steps - 1, batch)
                if goes_on:
                    asked += self._act(section, steps, explore=explore, timestep=timestep)
            steps += goes_on
        self.steps += steps
        return [episode for rows in self._policies for episode in rows.finish(steps)]

    def _begin(self, agent_steps: int, longest: int) -> None:
        if not self._is_reset:
            for rows, batch in zip(self._policies, self._fleet.reset(), strict=True):
                rows.restart(batch)
            self._is_reset = True
        former = self._fleet.grow()
        if former is not None:
            for rows, own, sections in zip(self._policies, former, self._fleet.section_rows, strict=True):
                rows.rearrange(own, sections)
        agents = max(1, sum(sum(rows.agents) for rows in self._policies))
        for rows in self._policies:
            rows.begin(min(longest, math.ceil(agent_steps / agents)))

    def _act(self, section: int, step: int, *, explore: bool, timestep: int) -> int:
        """Sends what the agents of a section do; returns how many they are."""
        began = perf_counter()
        actions = [rows.act(section, step, explore=explore, timestep=timestep) for rows in self._policies]
        self.policy_s += perf_counter() - began
        self._fleet.send(section, actions)
        return sum(rows.agents[section] for rows in self._policies)
