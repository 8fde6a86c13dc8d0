"""Files that want to do harm are refused within a second, in words, or run: none hangs or ends the editor."""

from __future__ import annotations

import json
from typing import Any

import pytest

import hostile_models
from godot_project import import_project, make_project, run_godot
from rl_studio.godot import GodotBinary

pytestmark = [pytest.mark.godot, pytest.mark.timeout(300)]

Report = dict[str, dict[str, Any]]

MOST_MS = 1000 * 4
"""A second, on a machine that has other things to do as well."""


@pytest.fixture(scope="module")
def report(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What the importer says of each file, and how long it takes; all in one Godot."""
    project = make_project(tmp_path_factory.mktemp("hostile") / "project", gd_tests=True)
    import_project(godot, project)
    folder = project.root / "hostile"
    folder.mkdir()
    (folder / ".gdignore").touch()
    for kind in (hostile_models.of_sizes, hostile_models.of_growth, hostile_models.of_nonsense):
        for name, model in kind():
            assert not (folder / f"{name}.onnx").exists(), name
            (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    for name, data in hostile_models.damaged():
        (folder / f"{name}.onnx").write_bytes(data)
    (folder / "self.onnx").write_bytes(hostile_models.good().SerializeToString())
    run_godot(godot, project, ["-s", "res://tests/policy_hostile.gd", "--", str(folder)], timeout_s=250)
    found: Report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert len(found) == len(list(folder.glob("*.onnx")))
    return found


def test_none_takes_long(report: Report) -> None:
    slowest = max(report, key=lambda name: report[name]["ms"])
    assert report[slowest]["ms"] < MOST_MS, slowest


def test_each_runs_or_says_why_not(report: Report) -> None:
    for name, told in report.items():
        if told["problem"]:
            assert f"{name}.onnx: " in told["problem"], name
        else:
            assert told["ran"], name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"input_{2**62}", f'input "obs" has the shape [1, {2**62}], which is more than the 1048576 numbers'),
        ("input_-1", 'input "obs" has no fixed size along axis 1'),
        (
            f"ConstantOfShape_{10**9}",
            f'operator ConstantOfShape (of the value "c"): its result has the shape [{10**9}]',
        ),
        (f"OneHot_{2**62}", 'operator OneHot (of the value "c")'),
        (f"LSTM_{2**31}", "hidden_size and direction do not fit"),
        (f"Conv_pads_{2**62}", 'operator Conv (of the value "output"): pads of'),
        ("Conv_strides_0", "strides and dilations have to be from 1"),
        ("Conv_group_0", "group 0"),
        ("tiles", 'operator Tile (of the value "t18")'),
        ("products", 'operator MatMul (of the value "m"): it takes more than 16777216 computations'),
        ("many_large_inputs", 'operator Sum (of the value "d"): it takes'),
        ("nodes_50000", "more than 10000 nodes, which is the limit"),
        ("empty", "the file is empty"),
        ("noise", "this is no ONNX model, or it is damaged"),
        ("layer_of_constants", 'operator Conv (of the value "c"): a layer of constants alone'),
        ("cycle", 'nothing computes its input "b"'),
        ("made_twice", 'the value "output" has two origins'),
        ("weights_twice", 'the weights "w" are there twice'),
        ("no_such_output", 'nothing computes the output "nobody"'),
        ("opset_1", "operator set 1 is too old"),
        ("opset_99", "operator set 99 is not known"),
        ("input_of_type_8", 'input "obs" is no tensor of real or whole numbers'),
        ("weights_of_type_8", "numbers of type string are not supported"),
        ("Softmax_axis_as_string", 'attribute "axis" is of the wrong type (String)'),
        (f"weights_1_{2**62}", 'weights "w": has the shape'),
        ("external_0", "is no file beside the model"),
        ("external_4", "are not there"),
        ("operator_Loop", 'operator Loop (of the value "output") is not supported'),
    ],
)
def test_the_reason_names_what_is_wrong(report: Report, name: str, words: str) -> None:
    assert words in report[name]["problem"]


@pytest.mark.parametrize("name", ["backwards", "output_is_input", "many_outputs", "nodes_5000", "self"])
def test_odd_but_small_ones_are_looked_at_fairly(report: Report, name: str) -> None:
    told = report[name]
    assert (told["problem"] != "") == (name in ("backwards", "many_outputs")), told
