"""One YAML file as it was written, with what is to be said about it."""

from __future__ import annotations

from pathlib import Path

from yaml.nodes import MappingNode, Node

from reminderctl.errors import MORE, ConfigError, Problem
from reminderctl.text import shorten

LONGEST = 1_000  # characters of a complaint, which may quote what it is about
MOST = 500  # mistakes of one file, or warnings; the work that one costs may grow with the file


class TooManyError(ConfigError):
    """A file has so many mistakes, or warnings, that no more are looked for."""


class YamlFile:
    """A file and the mistakes found in it so far.

    `name` is how people call the file. `strays` is True if there is a `${` somewhere but under `channels`. `warnings`
    are what only `check` looks for.
    """

    __slots__ = ("_warned", "name", "path", "problems", "root", "strays", "text", "warnings")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.text = ""
        self.strays = False
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._warned: set[tuple[int, str, str, str]] = set()
        self.root: MappingNode | None = None

    def note(self, node: Node, what: str, *, path: str, token: str = "", skip: int = 0) -> None:
        """Note a mistake at a node; at `token` inside it, past so many others, where the node's writing holds that.

        Raises `TooManyError` after so many that nobody reads the rest.
        """
        self.note_elsewhere(self._placed(node, what, path=path, token=token, skip=skip))

    def note_elsewhere(self, problem: Problem) -> None:
        """Note a mistake, perhaps in a file that this one names; raises `TooManyError` as `note` does."""
        self.problems.append(problem)
        self._bound(self.problems, "problems")

    def warn(self, node: Node, what: str, *, path: str, token: str = "") -> None:
        """Note a warning, placed as a mistake is, once; raises `TooManyError` as `note` does."""
        key = (id(node), what, path, token)
        if key not in self._warned:
            self._warned.add(key)
            self.warnings.append(self._placed(node, what, path=path, token=token, skip=0))
            self._bound(self.warnings, "warnings")

    def _bound(self, said: list[Problem], noun: str) -> None:
        if len(said) < MOST:
            return
        if len(said) == MOST:
            line, column = max((each.line, each.column) for each in said)
            what = f"{MORE}: after {MOST} {noun} the rest of the file is not checked"
            said.append(Problem(self.name, line, column + 1, said[-1].path, what))
        raise TooManyError(said)

    def _placed(self, node: Node, what: str, *, path: str, token: str, skip: int) -> Problem:
        mark = node.start_mark
        line, column = mark.line + 1, mark.column + 1
        if token:
            index = self.text.find(token, mark.index, node.end_mark.index)
            for _ in range(skip):
                if index < 0:
                    break
                index = self.text.find(token, index + len(token), node.end_mark.index)
            if index >= 0:
                line, column = place_in(self.text, index)
        return Problem(self.name, line, column, path, shorten(what, LONGEST))


def place_in(text: str, index: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a character of a text."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
