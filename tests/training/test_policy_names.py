"""rl_studio_training.policy_names: typing errors are told, names that are meant are not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rl_studio_training.common_spaces import common_policy
from rl_studio_training.errors import SpacesError
from rl_studio_training.policy_names import name_warnings, suspicious_names


@pytest.mark.parametrize(
    ("agents", "meant"),
    [
        ({"shared_policy": 15, "sharedpolicy": 1}, {"sharedpolicy": "shared_policy"}),
        ({"shared_polcy": 1, "shared_policy": 3}, {"shared_polcy": "shared_policy"}),
        ({"Evader": 1, "evader": 8, "pursuer": 16}, {"Evader": "evader"}),
        ({"evader": 1, "evader ": 9}, {"evader": "evader "}),
        ({"shared_policy": 2, "sharedpolicy": 1}, {}),  # too few to say
        ({"goalkeeper": 1, "fielder": 10}, {}),
        ({"team_1": 1, "team_2": 10}, {}),
        ({"chase": 16}, {}),
    ],
)
def test_few_agents_beside_many_of_nearly_the_same_name(
    agents: dict[str, int], meant: dict[str, str]
) -> None:
    assert dict(suspicious_names(agents)) == meant


def test_the_warning_names_both_and_what_to_do() -> None:
    (warning,) = name_warnings({"shared_policy": 15, "sharedpolicy": 1})
    assert "1 agent of 'sharedpolicy' beside 15 agents of 'shared_policy'" in warning
    assert "set policy_name to 'shared_policy'" in warning


def test_a_trainer_of_one_policy_says_which_name_may_be_wrong() -> None:
    def game(*names: str) -> Any:
        return SimpleNamespace(
            agent_policy_names=list(names), agent_paths=[f"/root/{n}" for n in range(len(names))]
        )

    with pytest.raises(SpacesError, match=r"shared_policy \(3 agents\), sharedpolicy \(1 agent\)") as caught:
        common_policy([game("shared_policy", "shared_policy"), game("sharedpolicy", "shared_policy")])
    assert "Is 'sharedpolicy' a typing error?" in str(caught.value.hint)
    with pytest.raises(SpacesError) as caught:
        common_policy([game("evader", "pursuer")])
    assert "RLlib" in str(caught.value.hint)
    assert common_policy([game("chase")]) == "chase"
