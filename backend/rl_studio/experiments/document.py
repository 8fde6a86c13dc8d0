"""Makes docs/configuration.md from the models: `python -m rl_studio.experiments.document docs/configuration.md`."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rl_studio.experiments import presets
from rl_studio.experiments.form import form_fields
from rl_studio.experiments.overlay import FILE
from rl_studio.experiments.rllib_config import PER_POLICY, RLlibConfig
from rl_studio.experiments.rllib_fields import SECTIONS
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.training_config import TrainingConfig

_INTRODUCTION = f"""# Configuration

*Made from the models in `backend/rl_studio/experiments/` by `make docs`.*

Every field of every trainer. The forms in the editor, `rl-studio train --set key=value`, validation and the training
scripts read the same models.

## Where values come from

Later ones win:

1. the defaults below; many differ by algorithm,
2. the experiment: `.rl_studio/experiments/<name>/training_config.json` holds only what differs from the defaults,
3. for RLlib the overlay `{FILE}` beside it, written by hand ([RLlib](#rllib)),
4. what a start is given: a preset, `--set key=value`, the form.

All of it is checked together before anything starts. An unknown key is an error that names the closest one, so is a
value out of range, a field that the algorithm has not, and values that cannot go together. Values that are allowed but
hardly meant are warnings with the value to use instead. The result is written to `config.json` in the run's folder.

| command | |
|---|---|
| `rl-studio config show [KEY…] [--changed]` | the values, each a default, the experiment's or the overlay's |
| `rl-studio config set KEY=VALUE…` | changes the experiment, if all of it is valid |
| `rl-studio config reset KEY…` or `--all` | goes back to defaults |
| `rl-studio config schema --trainer NAME` | the JSON schema, for editors and scripts |
| `rl-studio train --help-config` | the fields in the terminal |
| `rl-studio train --seeds N` | one run for each of N seeds, and the mean of the results with its 95 % interval |
| `rl-studio import-config PATH` | makes an experiment of a predecessor's `.rlcontroller/` and reports on each setting |

`config` takes `--experiment NAME` (default: `default`) and `--trainer NAME`. Values are YAML: `3e-4`, `true`, `null`
(empty), `[64, 64]`; dots lead into maps, as in `policies.pursuer.gamma=0.95`.

## Reading the tables

Step counts are agent steps: every decision of every agent counts as one. A default of one algorithm stands behind its
name. *Ends up in* names the argument of the library: with SB3 a bare name is an argument of the algorithm's class, with
RLlib `training(lr)` is `AlgorithmConfig.training(lr=…)`.
"""

_SB3 = """## Stable-Baselines3

`--trainer sb3`, the default: one policy for all agents.
"""

_RLLIB = f"""## RLlib

`--trainer rllib`: one policy for each `policy_name` of the agents, or one for all.

`policies` gives single policies values of their own: {", ".join(f"`{key}`" for key in PER_POLICY)}.

The overlay `.rl_studio/experiments/<name>/{FILE}` has the same keys. `rllib:` in it holds arguments of
`AlgorithmConfig`'s methods {", ".join(f"`{section}`" for section in SECTIONS)}; they win over all other fields.

```yaml
learning_rate: 3e-4
policies:
  pursuer:
    network: lstm
    learning_rate: 1e-4
rllib:
  training:
    vf_clip_param: 10
```
"""

_TYPES = {
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "string": "text",
    "int_list": "list of whole numbers",
    "string_list": "list of texts",
    "scene": "scene",
    "dict": "map of texts",
    "json": "map of maps",
    "int_or_auto": "whole number or auto",
    "float_or_auto": "number or auto",
}


def document() -> str:
    """The whole page as Markdown."""
    shared = {key for key in TrainingConfig.model_fields if key != "algorithm"}
    parts = [_INTRODUCTION, "## All trainers\n", _sections(SB3Config, shared)]
    parts += [
        _SB3,
        _sections(SB3Config, SB3Config.model_fields.keys() - shared, "SB3"),
        _presets(presets.PRESETS),
    ]
    parts += [_RLLIB, _sections(RLlibConfig, RLlibConfig.model_fields.keys() - shared, "RLlib")]
    return "\n".join(parts)


def _sections(model: type[BaseModel], keys: Iterable[str], trainer: str | None = None) -> str:
    wanted = set(keys)
    fields = [field for field in form_fields(model) if field["key"] in wanted]
    parts = []
    for group, members in itertools.groupby(fields, key=lambda field: str(field["group"])):
        rows = [_row(field, model.model_fields[field["key"]], trainer) for field in members]
        header = "| Key | Meaning | Type | Default | Range | Ends up in |\n|---|---|---|---|---|---|"
        parts.append("\n".join([f"### {group}\n", header, *rows, ""]))
    return "\n".join(parts)


def _own_part(target: str, trainer: str | None) -> str:
    """Of "SB3: …; RLlib: …" what is said of one trainer; a text without such parts is for all."""
    parts = dict(part.split(": ", 1) for part in target.split("; ") if part.startswith(("SB3: ", "RLlib: ")))
    return parts.get(trainer or "", target)


def _row(field: dict[str, Any], declared: FieldInfo, trainer: str | None) -> str:
    extra = declared.json_schema_extra
    target = str(extra.get("target", "")) if isinstance(extra, dict) else ""
    target = _own_part(target, trainer)
    meaning = f"**{field['title']}.** {field['help']}"
    if field["algorithms"]:
        meaning += f" *Only {_listed(field['algorithms'])}.*"
    cells = [
        f"`{field['key']}`",
        meaning,
        _type_text(field),
        _default_text(field),
        _range_text(field, declared),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in [*cells, target]) + " |"


def _type_text(field: dict[str, Any]) -> str:
    if field["type"] == "enum":
        return " or ".join(f"`{choice}`" for choice in field["choices"])
    text = _TYPES[field["type"]]
    return f"{text}, or empty" if field["nullable"] else text


def _default_text(field: dict[str, Any]) -> str:
    common = _value_text(field["default"])
    own = [f"{name} {_value_text(value)}" for name, value in field["defaults"].items()]
    return ", ".join([common, *own])


def _value_text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "empty"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"


def _range_text(field: dict[str, Any], declared: FieldInfo) -> str:
    unit = f" {field['unit']}" if field["unit"] else ""
    low, above, high = field["minimum"], field["exclusive_minimum"], field["maximum"]
    least = next(
        (item.min_length for item in declared.metadata if isinstance(item, annotated_types.MinLen)), None
    )
    most = next(
        (item.max_length for item in declared.metadata if isinstance(item, annotated_types.MaxLen)), None
    )
    if least is not None and most is not None:
        return f"{least} to {most} entries"
    if above is not None:
        return f"above {above}" + (f", at most {high}" if high is not None else "") + unit
    if low is not None:
        return (f"{low} to {high}" if high is not None else f"{low} or more") + unit
    return ""


def _presets(found: Iterable[presets.Preset]) -> str:
    lines = ["### Presets\n", "| `--preset` | Values | When |", "|---|---|---|"]
    for preset in found:
        values = ", ".join(f"`{key}={json.dumps(value)}`" for key, value in preset.values.items())
        lines.append(f"| `{preset.name}` | {values or 'the defaults'} | {preset.reason} |")
    return "\n".join([*lines, ""])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(document())
