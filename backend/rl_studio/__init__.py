"""Godot RL Studio: reinforcement learning inside the Godot editor."""

__version__ = "0.1.0"
