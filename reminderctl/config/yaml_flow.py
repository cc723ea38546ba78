"""Mistakes in YAML's brackets and quotes, which may go over several lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

CLOSED_BY = {"[": "]", "{": "}"}
_REST = {'"': re.compile(r'(?:[^"\\]|\\.)*"'), "'": re.compile(r"(?:[^']|'')*'(?!')")}
_ESCAPE = re.compile(r"\\(?!$|[0abtnvfre \t\"/\\N_LP]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")
_BEFORE_VALUE = re.compile(r"(?:^|[\[{,]|:[ ])[ \t]*$")
_INSIDE = 'inside "..." write \\" for ", or put the text in \'...\''


class Mistake(NamedTuple):
    """A place, counted from 1, and what is wrong there."""

    line: int
    column: int
    what: str


class End(NamedTuple):
    """The row, counted from 0, and the column behind the last character of a value."""

    row: int
    column: int


class QuotesAndBrackets:
    """Finds where a value ends that begins with a quote or a bracket at some place of the lines.

    `ends_before` says of a row whether it begins something new, so that what is still open there was never closed;
    `show` returns a row as people may see it.
    """

    def __init__(self, lines: Sequence[str], *, ends_before: Callable[[int], bool], show: Callable[[int], str]) -> None:
        self._lines = lines
        self._ends_before = ends_before
        self._show = show
        self._open: list[Mistake] = []  # the brackets, by their places
        self._colons = 0  # since the last comma
        self._hidden = 0  # the last line that ends with a comment

    def end_of_quote(self, row: int, column: int) -> End | Mistake:
        """Return where the text ends whose opening quote is at this place."""
        opening, quote = Mistake(row + 1, column + 1, ""), self._lines[row][column]
        begin = column + 1
        while not (found := _REST[quote].match(self._lines[row], begin)):
            row, begin = row + 1, 0
            if row >= len(self._lines) or self._ends_before(row):
                shown = self._show(opening.line - 1)
                what = f"the closing {quote} is missing: {shown}; write {quote} at the end of the text"
                return opening._replace(what=what)
        if quote == '"' and row + 1 == opening.line and (wrong := _ESCAPE.search(found[0])):
            sign = self._lines[row][begin + wrong.start() : begin + wrong.start() + 2]
            what = f"`{sign}` means nothing inside \"...\"; write `\\{sign}`, or put the text in '...'"
            return Mistake(row + 1, begin + wrong.start() + 1, what)
        return End(row, found.end())

    def end_of_brackets(self, row: int, column: int) -> End | Mistake:
        """Return where the list or mapping ends whose opening bracket is at this place."""
        self._open = [Mistake(row + 1, column + 1, self._lines[row][column])]
        self._colons, self._hidden = 0, 0
        place: End | Mistake = End(row, column + 1)
        while self._open and isinstance(place, End):
            if place.column >= len(self._lines[place.row]):
                place = End(place.row + 1, 0)
                if place.row >= len(self._lines) or self._ends_before(place.row):
                    return self._never_closed(self._open[-1])
            else:
                place = self._step(*place)
        return place

    def _step(self, row: int, column: int) -> End | Mistake:
        """Return the place behind one character, or behind a text in quotes."""
        line, here = self._lines[row], Mistake(row + 1, column + 1, self._lines[row][column])
        begins = here.what in "\"'[{@`%" and _BEFORE_VALUE.search(line[:column]) is not None
        if begins and here.what in _REST:
            end = self.end_of_quote(row, column)
            if isinstance(end, End) and re.match(r"[ \t]*[^\s,\]}:#]", self._lines[end.row][end.column :]):
                return Mistake(end.row + 1, end.column + 1, f"a comma is missing here: {self._show(end.row)}")
            return end
        if here.what == "#" and line[column - 1 : column] in (" ", "\t"):
            self._hidden = row + 1
            return End(row, len(line))
        if begins and here.what in "@`%":
            return here._replace(what=f"text that begins with {here.what} needs quotes: {self._show(row)}")
        if begins:
            self._open.append(here)
            self._colons = 0
        elif here.what in "]}":
            opening = self._open.pop()
            self._colons = 1
            if here.what != CLOSED_BY[opening.what]:
                return self._wrong_bracket(opening, here)
            if self._open and re.match(r"[ \t]*[^\s,\]}:#]", line[column + 1 :]):
                return opening._replace(
                    what=f"text that begins with {opening.what} needs quotes: {self._show(opening.line - 1)}"
                )
        elif here.what == ",":
            self._colons = 0
        elif here.what == ":" and line[column + 1 : column + 2] in ("", " "):
            self._colons += 1
            if self._colons > 1:
                what = f"a comma is missing before this key, or quotes round a text that holds `: `: {self._show(row)}"
                return here._replace(what=what)
        return End(row, column + 1)

    def _never_closed(self, opening: Mistake) -> Mistake:
        shown = self._show(opening.line - 1)
        what = f"the {opening.what} is never closed: {shown}; write {CLOSED_BY[opening.what]} at its end"
        if self._hidden == opening.line:
            what = f'a ` #` begins a comment, so the {opening.what} is never closed: {shown}; write "... #..."'
        return opening._replace(what=what)

    def _wrong_bracket(self, opening: Mistake, closing: Mistake) -> Mistake:
        what = f"{closing.what} closes nothing: the last open bracket is the {opening.what} on line {opening.line}: "
        return closing._replace(what=f"{what}{self._show(closing.line - 1)}; write {CLOSED_BY[opening.what]}")


def behind_quote(lines: Sequence[str], end: End, *, quote: str, shown: str) -> Mistake | None:
    """Return the mistake of text behind the quote that closes a text; None where there is only a comment."""
    rest = lines[end.row][end.column :]
    if not rest.strip() or re.match(r"[ \t]+#", rest) or re.match(r"[ \t]*:(?:[ \t]|$)", rest):
        return None
    advice = _INSIDE if quote == '"' else "inside '...' write '' for ', or put the text in \"...\""
    if re.match(r"[ \t]*,", rest):
        advice = "a list is written in brackets: [..., ...]"
    what = f"the text ends at this {quote}, and more follows: {shown}; {advice}"
    return Mistake(end.row + 1, end.column, what)
