"""One YAML file as it was written, with what is to be said about it."""

from __future__ import annotations

from pathlib import Path

from yaml.nodes import MappingNode, Node

from reminderctl.errors import Problem
from reminderctl.text import shorten

LONGEST = 1_000  # characters of a complaint, which may quote what it is about


class YamlFile:
    """A file and the mistakes found in it so far.

    `name` is how people call the file. `strays` is True if there is a `${` somewhere but under `channels`. `warnings`
    are what only `check` looks for.
    """

    __slots__ = ("name", "path", "problems", "root", "strays", "text", "warnings")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.text = ""
        self.strays = False
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.root: MappingNode | None = None

    def note(self, node: Node, what: str, *, path: str, token: str = "", skip: int = 0) -> None:
        """Note a mistake at a node; at `token` inside it, past so many others, where the node's writing holds that."""
        self.problems.append(self._placed(node, what, path=path, token=token, skip=skip))

    def warn(self, node: Node, what: str, *, path: str, token: str = "") -> None:
        """Note a warning, placed as a mistake is."""
        self.warnings.append(self._placed(node, what, path=path, token=token, skip=0))

    def _placed(self, node: Node, what: str, *, path: str, token: str, skip: int) -> Problem:
        mark = node.start_mark
        line, column = mark.line + 1, mark.column + 1
        if token:
            index = mark.index - 1
            for _ in range(skip + 1):
                index = self.text.find(token, index + 1, node.end_mark.index)
                if index < 0:
                    break
            if index >= 0:
                line, column = place_in(self.text, index)
        return Problem(self.name, line, column, path, shorten(what, LONGEST))


def place_in(text: str, index: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a character of a text."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
