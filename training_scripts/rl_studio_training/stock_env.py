"""The face of one game that godot-rl's `GodotEnv` has: lists with an item per agent, in and out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from godot_rl.core.godot_env import GodotEnv  # type: ignore[import-untyped]
from godot_rl.core.utils import ActionSpaceProcessor  # type: ignore[import-untyped]
from gymnasium import spaces

from rl_studio_training import stock_rows
from rl_studio_training.batch import Batch
from rl_studio_training.conversation import Conversation
from rl_studio_training.json_batches import actions_of_rows
from rl_studio_training.layout import PolicyGroup
from rl_studio_training.messages import parse_infos
from rl_studio_training.negotiation import Agreement
from rl_studio_training.spaces import ActionCodec


class StockEnv(GodotEnv):  # type: ignore[misc]
    """What godot-rl's wrappers ask of an environment, answered by a conversation.

    Where agents come and go, a row without one sees zeros, and is neither rewarded nor done.
    """

    convert_action_space: bool

    @abstractmethod
    def _talk(self) -> Conversation:
        """The conversation with the game.

        Raises:
            GameError: there is none any more.
        """

    def _take_over(self, agreed: Agreement) -> None:
        """Sets what is known about the agents, also the attributes that godot-rl's wrappers expect."""
        self.agreement = agreed
        self.env_info = agreed.info
        self.num_envs = agreed.info.n_agents
        self.agent_policy_names = agreed.info.policy_names
        self.groups: tuple[PolicyGroup, ...] = agreed.groups
        self.group_codecs = [agreed.codecs[group.agents[0]] for group in agreed.groups]
        self.observation_codec = agreed.codecs[0]
        self.is_ours = agreed.is_ours
        self.is_binary = agreed.is_binary
        self.observation_spaces = [stock_rows.observation_space(codec) for codec in agreed.codecs]
        self.observation_space = self.observation_spaces[0]
        self.action_spaces = [stock_rows.action_space(parts) for parts in agreed.actions]
        self.tuple_action_spaces = [spaces.Tuple(tuple(space.values())) for space in self.action_spaces]
        self.action_space_processor = ActionSpaceProcessor(
            self.tuple_action_spaces[0], self.convert_action_space
        )

    def make_action_codec(self) -> ActionCodec:
        """The translation from one algorithm action array to what the agents of the first group do.

        Raises:
            SpacesError: the game mixes actions that no single array can hold.
        """
        return ActionCodec(self.groups[0].actions)

    def reset(self, seed: int | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """As `GodotEnv.reset`, with arrays. Games with our addon obey the seed."""
        self._talk().ask_reset(seed)
        batch, message = self._talk().receive()
        return stock_rows.observation_rows(self.groups, batch), self._infos(message, batch)

    def step_send(self, action: Any, order_ij: bool = False) -> None:
        """As `GodotEnv.step_send`."""
        original = self.action_space_processor.to_original_dist(action)
        self.send_actions(self.from_numpy(original, order_ij=order_ij))

    def step_recv(
        self,
    ) -> tuple[list[dict[str, Any]], list[float], list[bool], list[bool], list[dict[str, Any]]]:
        """As `GodotEnv.step_recv`, with arrays, and truncation told apart from termination."""
        batch, message = self._talk().receive()
        return (
            stock_rows.observation_rows(self.groups, batch),
            batch.rewards.tolist(),
            batch.terminated.tolist(),
            batch.truncated.tolist(),
            self._infos(message, batch),
        )

    def send_actions(self, rows: list[dict[str, Any]]) -> None:
        """Sends one action dictionary per agent; `step_recv` or `receive_batch` must follow."""
        self._talk().ask_step(
            [actions_of_rows(group, [rows[agent] for agent in group.agents]) for group in self.groups]
        )

    def call(self, method: str) -> list[Any]:
        """Calls a method without arguments on every agent of the game and returns what each answered."""
        return self._talk().call(method)

    def _infos(self, message: Any, batch: Batch) -> list[dict[str, Any]]:
        if self.is_binary:
            return stock_rows.info_rows(self.groups, batch)
        return parse_infos(message, self.num_envs)
