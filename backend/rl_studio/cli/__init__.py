"""The `rl-studio` command."""

from rl_studio.cli.main import main

__all__ = ["main"]
