"""The value of one line of a text that should be YAML: where it ends, or the mistake in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from reminderctl.config.suggestions import did_you_mean
from reminderctl.config.yaml_flow import Mistake, QuotesAndBrackets, behind_quote
from reminderctl.config.yaml_lines import YamlLine, take_apart, without_comment
from reminderctl.config.yaml_words import is_known

_BLOCK = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])[ \t]*(?:#.*)?$")
_PREFIX = re.compile(r"([&!])([^\s,\[\]{}]*)(?:[ \t]+|$)")
_ALIAS = re.compile(r"\*([^\s,\[\]{}*]+)[ \t]*(?:#.*)?$")
_QUOTES_NEEDED = re.compile(r"[@`%,\]}]|\{%|[-?:](?=\s)|\*|>")


class ValueEnd(NamedTuple):
    """The row that a value ends in, and what may follow it, further in.

    `text_indent` is how far a text below `|` is indented.
    """

    follows: Literal["open", "plain", "closed"]
    row: int
    text_indent: int | None = None


class ValueReader:
    """Reads values; remembers the anchors among them. `show` returns a line as people may see it."""

    def __init__(self, lines: Sequence[str], *, show: Callable[[str], str]) -> None:
        self._lines = lines
        self._show = show
        self._anchors: set[str] = set()

    def read(self, line: YamlLine) -> ValueEnd | Mistake:
        """Return where the value of a line ends, or the first mistake in it."""
        value, at, row = line.value, line.at, line.number - 1
        while prefix := _PREFIX.match(value):
            self._anchors |= {prefix[2]} if prefix[1] == "&" else set()
            value, at = value[prefix.end() :], at + prefix.end()
        if not value or value.startswith("#"):
            return ValueEnd("open", row)
        if _BLOCK.match(value):
            return self._read_block(line)
        place = Mistake(line.number, at + 1, "")
        if alias := _ALIAS.match(value):
            hidden = alias[1] not in self._show(line.text)
            return self._alias(alias[1], place=place, hidden=hidden) or ValueEnd("closed", row)
        if value[0] == "|":
            what = f"text after `|` goes into the lines below it, indented: {self._show(line.text)}"
            return place._replace(what=what)
        if found := _QUOTES_NEEDED.match(value):
            return place._replace(what=self._wants_quotes(f"begins with {found[0]}", line, value=value))
        if value[0] in "\"'[{":
            return self._read_enclosed(line, value=value, at=at)
        return self._read_plain(line, value=without_comment(value), at=at) or ValueEnd("plain", row)

    def _alias(self, name: str, *, place: Mistake, hidden: bool) -> Mistake | None:
        if name in self._anchors:
            return None
        if hidden:
            return place._replace(what="no value above is marked so; text that begins with * needs quotes")
        meant = did_you_mean(f"&{name}", [f"&{each}" for each in sorted(self._anchors)])
        what = f"no value above is marked `&{name}`{meant}"
        return place._replace(what=what if meant else f"{what}; text that begins with * needs quotes")

    def _read_plain(self, line: YamlLine, *, value: str, at: int) -> Mistake | None:
        colon = re.search(r":(?= |$)", value)
        if colon is None:
            return None
        what = self._wants_quotes("holds `: `", line, value=value)
        return Mistake(line.number, at + colon.start() + 1, what)

    def _wants_quotes(self, sign: str, line: YamlLine, *, value: str) -> str:
        """Return that a text needs quotes, with the line as it would be right; where nobody may see it, as it is."""
        shown, right = self._show(line.text), "'..'".replace("..", value) if '"' in value else f'"{value}"'
        if shown.endswith((f"{value}`", f"{value} `")) and "'" not in value:
            return f"text that {sign} needs quotes: {shown.replace(value, right)}"
        return f'text that {sign} needs quotes: "..."; here: {shown}'

    def _read_enclosed(self, line: YamlLine, *, value: str, at: int) -> ValueEnd | Mistake:
        """Return where a value in quotes or brackets ends."""
        row, shown = line.number - 1, self._show(line.text)
        reader = QuotesAndBrackets(
            self._lines,
            ends_before=lambda other: self._begins(other, line),
            show=lambda other: self._show(self._lines[other]),
        )
        end = reader.end_of_quote(row, at) if value[0] in "\"'" else reader.end_of_brackets(row, at)
        if isinstance(end, Mistake):
            return end
        if value[0] in "\"'":
            return behind_quote(self._lines, end, quote=value[0], shown=shown) or ValueEnd("closed", end.row)
        rest = self._lines[end.row][end.column :]
        if rest.strip() and not re.match(r"[ \t]*(?:[ \t]#|:[ ])", rest):
            closes = "]" if value[0] == "[" else "}"
            if end.row == row and rest.strip()[0] not in "]}":
                what = self._wants_quotes(f"begins with {value[0]}", line, value=without_comment(value))
                return Mistake(line.number, at + 1, what)
            what = f"the {value[0]} of line {line.number} ends before this, and more follows the {closes}: {shown}"
            return Mistake(end.row + 1, end.column + 1, what)
        return ValueEnd("closed", end.row)

    def _begins(self, row: int, line: YamlLine) -> bool:
        """Return whether a row begins a key or an item that is no part of the value of `line`."""
        other = take_apart(self._lines[row], row + 1)
        first = other.key if other.key is not None else other.value
        is_new = bool(other.dashes) or (other.key is not None and is_known(other.key))
        return bool(first) and is_new and other.indent <= max(line.start, line.indent)

    def _read_block(self, line: YamlLine) -> ValueEnd | Mistake:
        """Return where a text below `|` ends; the mistake in one whose lines are not indented alike."""
        row, indent, blank = line.number, 0, None
        least = line.parent + 1
        explicit = re.search(r"[1-9]", line.value[:3])
        while row < len(self._lines):
            text = self._lines[row]
            content = text.lstrip(" ")
            here = len(text) - len(content)
            if not content:
                blank = row if not indent and (blank is None or here > len(self._lines[blank])) else blank
            elif content.startswith("\t") and here < (indent or least):
                return Mistake(row + 1, here + 1, f"a tab; indent with spaces: {self._show(text)}")
            elif here < (indent or least):
                break
            elif not indent:
                indent = least if explicit else here
                if blank is not None and len(self._lines[blank]) > indent and not explicit:
                    what = (
                        "this line holds only spaces, and more of them than the text below it is indented by; empty it"
                    )
                    return Mistake(blank + 1, 1, what)
            row += 1
        return ValueEnd("closed", row - 1, indent or least + 1)
