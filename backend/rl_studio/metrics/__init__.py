"""Reads what trainers print: the line protocol in their logs."""

from rl_studio.metrics.line_protocol import LineParser, Record

__all__ = ["LineParser", "Record"]
