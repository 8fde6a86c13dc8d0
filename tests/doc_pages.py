"""The pages of the documentation as data: blocks of code, links, and the headings that links lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from godot_project import REPOSITORY

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"(?P<image>!?)\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")
_INLINE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code.

    Args:
        page: its page, as a path in the repository.
        line: of the page, from 1, where its fence is.
        heading: the heading above it.
    """

    page: str
    line: int
    language: str
    text: str
    heading: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A page of Markdown.

    Args:
        name: its path in the repository.
    """

    name: str

    @property
    def path(self) -> Path:
        return REPOSITORY / self.name

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return _FENCE.sub("", self.text)

    def blocks(self) -> Iterator[Block]:
        for match in _FENCE.finditer(self.text):
            above = self.text[: match.start()]
            headings = _HEADING.findall(_FENCE.sub("", above))
            indent = match["indent"]
            lines = [line.removeprefix(indent) for line in match["text"].splitlines()]
            yield Block(
                self.name,
                above.count("\n") + 1,
                match["language"],
                "\n".join(lines) + "\n",
                headings[-1][1] if headings else "",
            )

    def links(self) -> Iterator[tuple[str, bool]]:
        """The targets of all links, and whether it is a picture."""
        for match in _LINK.finditer(self.prose):
            yield match["target"], bool(match["image"])

    @cached_property
    def anchors(self) -> set[str]:
        """What a link may name behind its #, as GitHub makes it from headings."""
        return {
            re.sub(r"[^\w\- ]", "", _plain(text).lower()).replace(" ", "-")
            for _level, text in _HEADING.findall(self.prose)
        }

    def code(self) -> Iterator[str]:
        """The pieces of code in the text, between single backticks."""
        for match in _INLINE.finditer(self.prose):
            yield " ".join(match[1].split())


def pages() -> list[Page]:
    """The README and all of docs/; the pages of other folders are linked from these."""
    names = ["README.md", "benchmarks/README.md"]
    names += sorted(path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "docs").glob("*.md"))
    return [Page(name) for name in names]


def blocks(language: str) -> list[Block]:
    """All blocks of a language, on all pages."""
    return [block for page in pages() for block in page.blocks() if block.language == language]


def _plain(heading: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
