"""What a wheel says of us beside its files: of a checkout from pyproject.toml, else as we were installed."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path
from typing import Any

from rl_studio import resources
from rl_studio.setup.errors import SetupError

_DISTRIBUTION = "godot-rl-studio"


def read() -> tuple[str, dict[str, str]]:
    """Our version, and the texts of a wheel's dist-info folder by their names in it.

    Raises:
        SetupError: this is neither a checkout nor an installation, for instance a copied folder on PYTHONPATH.
        OSError: a file of the checkout cannot be read.
    """
    checkout = resources.docs_dir().parent
    if (checkout / "pyproject.toml").is_file():
        return _of_checkout(checkout)
    try:
        installed = importlib.metadata.distribution(_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError as error:
        raise SetupError(
            f"{_DISTRIBUTION} is not installed here, so no package can be made of it.",
            hint="Name one with --wheel.",
        ) from error
    texts = {name: installed.read_text(name) for name in ("METADATA", "entry_points.txt", "licenses/LICENSE")}
    return installed.version, {name: text for name, text in texts.items() if text is not None}


def _of_checkout(checkout: Path) -> tuple[str, dict[str, str]]:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    scripts = [f"{name} = {target}" for name, target in project["scripts"].items()]
    return project["version"], {
        "METADATA": _metadata(project, (checkout / project["readme"]).read_text(encoding="utf-8")),
        "entry_points.txt": "\n".join(["[console_scripts]", *scripts, ""]),
        "licenses/LICENSE": (checkout / "LICENSE").read_text(encoding="utf-8"),
    }


def _metadata(project: dict[str, Any], readme: str) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE",
        f"Keywords: {','.join(project['keywords'])}",
        *(f"Classifier: {text}" for text in project["classifiers"]),
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {text}" for text in project["dependencies"]),
    ]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_only_with(extra, text)}" for text in requirements]
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def _only_with(extra: str, requirement: str) -> str:
    name, _, marker = (part.strip() for part in requirement.partition(";"))
    condition = f"extra == '{extra}'"
    return f"{name}; ({marker}) and {condition}" if marker else f"{name}; {condition}"
