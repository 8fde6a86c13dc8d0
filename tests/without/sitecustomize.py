"""Python runs this at its start if the folder is on PYTHONPATH: packages of WITHOUT_PACKAGES look uninstalled.

Names are separated by commas and match as beginnings: `ray` also means `ray_anything`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

_REFUSED = tuple(name for name in os.environ.get("WITHOUT_PACKAGES", "").split(",") if name)


def _is_refused(name: str | None) -> bool:
    return bool(_REFUSED) and name is not None and name.replace("-", "_").startswith(_REFUSED)


class Without:
    """A finder that does not find them, neither modules nor metadata."""

    def __init__(self, finder: Any) -> None:
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return None if _is_refused(name) else self._finder.find_spec(name, path, target)

    def find_distributions(self, context: Any) -> Iterable[Any]:
        find = getattr(self._finder, "find_distributions", None)
        return () if find is None or _is_refused(context.name) else find(context)


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
