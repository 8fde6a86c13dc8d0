"""YAML as people write numbers: 3e-4 and 1e5 are numbers too, which YAML 1.1 takes for text."""

from __future__ import annotations

import re
from typing import Any

import yaml


class Loader(yaml.SafeLoader):
    """A safe loader that knows numbers with an exponent and neither a dot nor a sign in it."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def parse(text: str) -> Any:
    """The value of a YAML text; None if it is empty.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    return yaml.load(text, Loader)
