"""Tries what was installed, run by the environment's own Python: `python -m rl_studio.setup.trial sb3 rllib`.

The last line that it prints is one JSON document.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys

_MODULES = {
    "sb3": ("torch", "stable_baselines3", "sb3_contrib", "onnxruntime"),
    "rllib": ("torch", "ray", "onnxruntime"),
}


def main() -> int:
    """Imports what the extras need, and says which GPU PyTorch sees."""
    problem: str | None = None
    for module in (
        "rl_studio.cli.main",
        *dict.fromkeys(name for extra in sys.argv[1:] for name in _MODULES[extra]),
    ):
        try:
            importlib.import_module(module)
        except Exception as error:  # a library of a package that does not fit this machine raises anything
            problem = f"{module}: {type(error).__name__}: {error}"
            break
    sys.stdout.write("\n" + json.dumps({"problem": problem, "torch": _torch()}) + "\n")
    return 0


def _torch() -> str | None:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    version = importlib.metadata.version("torch")
    if torch.cuda.is_available():
        return f"PyTorch {version} on {torch.cuda.get_device_name(0)}"
    return f"PyTorch {version} on the CPU"


if __name__ == "__main__":
    sys.exit(main())
