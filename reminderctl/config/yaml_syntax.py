"""The search for the first mistake in a text that is no YAML.

A parser says where it could not go on, in words of its grammar; the mistake is often lines above. So the lines are read
once more, as a person would, and what is surely wrong is named where it began. Both parsers lead to the same answer,
because only their verdict is used, not their words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

from reminderctl.config import yaml_lines
from reminderctl.config.yaml_flow import Mistake
from reminderctl.config.yaml_lines import INVISIBLE, YamlLine
from reminderctl.config.yaml_values import ValueReader
from reminderctl.config.yaml_words import is_known
from reminderctl.text import pluralize

_MARKS = {"<<<<<<< ": "two versions", "=======": "two versions", ">>>>>>> ": "two versions", "```": "fence"}
_CONFLICT = "git left two versions here, between <<<<<<< and >>>>>>>; keep one, and delete these three lines"
_FENCE = "``` belongs to a page of text, not to YAML; delete this line"
_SECOND = "a second document begins; one file holds one, so leave out this `{}`"
LONGEST_LINE = 4_000  # characters; no person finds a mistake in a longer one
_TEXTS = frozenset({"body", "html", "subject"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*")
_LIST_KEYS = {"workflows": "id", "actions": "send"}


class Nesting(NamedTuple):
    """An open mapping or list: how far it is indented, and the last line that belongs to it."""

    indent: int
    kind: Literal["key", "dash"]
    line: YamlLine


class SyntaxReader:
    """Reads the lines of a text up to the first that is surely wrong."""

    def __init__(self, text: str, *, error_row: int) -> None:
        self._lines = yaml_lines.split(text)
        self._error_row = error_row
        self._row = 0
        self._levels: list[Nesting] = []
        self._last: YamlLine | None = None  # the last line with a key or a dash
        self._state: Literal["open", "plain", "closed"] = "open"  # what may follow it, further in
        self._text: tuple[YamlLine, int] | None = None  # the last text below `|`, and how far it is indented
        self._channels = False
        self._values = ValueReader(self._lines, show=self._show)

    def find_mistake(self) -> Mistake | None:
        """Return the first mistake; None where each line looks right by itself."""
        if max(map(len, self._lines)) > LONGEST_LINE:
            return None
        while self._row < min(len(self._lines), self._error_row + 2):
            row = self._row
            mistake = self._look_at(self._lines[row])
            if mistake:
                return mistake
            self._row = max(self._row, row + 1)
        return None

    def _look_at(self, text: str) -> Mistake | None:
        """Read one line, and the lines that its value goes on in."""
        mistake = self._strange_blank(text) or self._foreign_mark(text)
        if mistake or not text.strip() or text.lstrip().startswith("#") or text.startswith(("%", "---")):
            return mistake
        line = yaml_lines.take_apart(text, self._row + 1)
        if line.indent == 0 and (word := re.match(r"\w+", text)):
            self._channels = word[0] == "channels"
        if self._state == "plain" and self._last and line.indent > self._last.parent:
            return self._continued(line)
        mistake = self._misplaced(line)
        if not mistake:
            was_open, self._last = self._state == "open", line
            mistake = self._value(line) if line.key is not None or line.dashes or was_open else None
        return mistake

    # --- characters and marks -----------------------------------------------------------------------------------------

    def _strange_blank(self, text: str) -> Mistake | None:
        found = INVISIBLE.search(text[: len(text) - len(text.lstrip())] or text[:1])
        if found is None and (after := re.match(r"[ ]*(?:- *)*\w+:(?=[^\S \t])", text)):
            found = INVISIBLE.search(text, after.end())
        if found is None and (after := re.match(r"[ ]*-(?=\t)", text)):
            found = INVISIBLE.search(text, after.end())
        if found is None and self._row == self._error_row:  # one of the parsers takes a tab there
            found = re.compile(r"(?<=:)\t").search(text)
        without_meaning = not text.strip() or text.lstrip().startswith("#")
        if found is None or (without_meaning and self._row != self._error_row):
            return None
        character = found[0]
        if character == "\t":
            what = "a tab; indent with spaces"
        else:
            name = unicodedata.name(character, "a control character").lower()
            what = f"a character that looks like a space or like nothing ({name}, U+{ord(character):04X}); replace it"
        return Mistake(self._row + 1, found.start() + 1, f"{what}: {self._show(text)}")

    def _foreign_mark(self, text: str) -> Mistake | None:
        for mark, kind in _MARKS.items():
            if text.startswith(mark):
                return Mistake(self._row + 1, 1, _FENCE if kind == "fence" else _CONFLICT)
        if re.match(r"(?:---|\.\.\.)(?:\s|$)", text) and self._last:
            return Mistake(self._row + 1, 1, _SECOND.format(text[:3]))
        if text.lstrip().startswith("//"):
            return Mistake(self._row + 1, text.find("//") + 1, "a comment begins with #, not with //")
        return None

    # --- indentation --------------------------------------------------------------------------------------------------

    def _misplaced(self, line: YamlLine) -> Mistake | None:
        """Find the mapping or list that a line belongs to; return the mistake where there is none."""
        kind: Literal["key", "dash"] = "dash" if line.dashes else "key"
        if not self._levels or (self._state == "open" and self._is_below(line, kind=kind)):
            return self._begun(line, kind=kind)
        before = [*self._levels]
        while self._levels and not (self._levels[-1].indent == line.indent and self._levels[-1].kind == kind):
            if self._levels[-1].indent < line.indent:
                break
            self._levels.pop()
        if not self._levels or self._levels[-1].indent != line.indent or self._levels[-1].kind != kind:
            return self._outside(line, kind=kind, before=before)
        if line.key is None and not line.dashes:
            return self._without_colon(line)
        self._levels.pop()
        self._enter(line, kind=kind)
        return None

    def _is_below(self, line: YamlLine, *, kind: str) -> bool:
        top = self._levels[-1]
        return line.indent > top.indent or (line.indent == top.indent and kind == "dash" and top.kind == "key")

    def _begun(self, line: YamlLine, *, kind: Literal["key", "dash"]) -> Mistake | None:
        """Open the mapping, list or text that a line begins."""
        above = self._last.key if self._last else None
        if kind == "key" and line.key is None:
            first = re.match(r"\w+", line.text.strip())
            lone = not self._levels and first is not None and is_known(first[0])
            return self._without_colon(line) if lone or _glued(line) else None
        if kind == "key" and above in _LIST_KEYS and line.key in ("id", "name", "when", "send", "to"):
            what = f"no dash before {self._show(line.text)}; each of the {above} begins with one: `- {line.key}: ...`"
            return Mistake(line.number, line.start + 1, what)
        if kind == "key" and above in _TEXTS and not _LANGUAGE.fullmatch(line.key or ""):
            what = f"{self._show(line.text)} is text of `{above}`; text of several lines goes below `{above}: |`"
            return Mistake(line.number, line.start + 1, what)
        self._enter(line, kind=kind)
        return None

    def _enter(self, line: YamlLine, *, kind: Literal["key", "dash"]) -> None:
        self._levels.append(Nesting(line.indent, kind, line))
        self._levels += [Nesting(column, "dash", line) for column in line.dashes[1:]]
        if line.dashes and line.key is not None:
            self._levels.append(Nesting(line.start, "key", line))

    def _outside(self, line: YamlLine, *, kind: str, before: list[Nesting]) -> Mistake:
        """Return the mistake of a line that is indented as nothing above it."""
        place = Mistake(line.number, line.indent + 1, "")
        shown = self._show(line.text)
        if self._text and line.key is None and not line.dashes:
            return place._replace(what=self._outside_text(line))
        if glued := _glued(line):
            return place._replace(column=line.start + 1, what=f"{glued}: {shown}")
        alike = [each for each in before if each.kind == kind]
        level_here = next((each for each in reversed(before) if each.indent == line.indent), None)
        if level_here and level_here.kind != kind and not (kind == "key" and line.key and is_known(line.key)):
            return place._replace(what=self._other_kind(shown, kind=kind, level=level_here))
        if not alike or (line.key is None and not line.dashes):
            what = f"{shown} is neither `key: value` nor `- item`, and not indented as the text above it"
            return place._replace(what=what)
        opens = not line.value
        near = min(reversed(alike), key=lambda each: (abs(each.indent - line.indent), opens != (not each.line.value)))
        if emptied := self._emptied(near):
            return emptied
        there = f"{yaml_lines.name_of(near.line, kind)} on line {near.line.number}"
        return place._replace(what=_uneven(shown, line.indent, there=there, indent=near.indent, kind=kind))

    def _other_kind(self, shown: str, *, kind: str, level: Nesting) -> str:
        there = f"{yaml_lines.name_of(level.line, level.kind)} on line {level.line.number}"
        if kind == "key":
            return f"no dash before {shown}, but {there} begins a list at this place; each item begins with `- `"
        return f"{shown} begins with a dash, but {there} next to it does not; remove the dash, or indent it further"

    def _emptied(self, near: Nesting) -> Mistake | None:
        """Return the mistake of a key that was not indented below the one that it belongs to."""
        above = self._above(near.line)
        if above is None or above.key is None or above.start != near.line.start or above.value or near.line.dashes:
            return None
        what = f"{self._show(near.line.text)} is indented as far as `{above.key}:` above it, which is left empty so; "
        return Mistake(near.line.number, near.line.start + 1, f"{what}indent it further, to go below `{above.key}:`")

    def _above(self, line: YamlLine) -> YamlLine | None:
        text = self._lines[line.number - 2] if line.number > 1 else ""
        return yaml_lines.take_apart(text, line.number - 1) if text.strip() else None

    def _outside_text(self, line: YamlLine) -> str:
        assert self._text  # noqa: S101 - the caller has looked
        owner, indent = self._text
        shown, key = self._show(line.text), owner.key or "-"
        if self._lines[line.number - 2].lstrip().startswith("#"):
            return f"the comment on line {line.number - 1} ends the text of `{key}` (line {owner.number}): {shown}"
        what = (
            f"{shown} is indented by {pluralize(line.indent, 'space')}, the text of `{key}` (line {owner.number}) by "
        )
        return f"{what}{indent}; indent every line of a text alike"

    # --- lines with neither key nor dash, and values ------------------------------------------------------------------

    def _without_colon(self, line: YamlLine) -> Mistake:
        """Return the mistake of a line among keys that has none."""
        place, shown = Mistake(line.number, line.start + 1, ""), self._show(line.text)
        if glued := _glued(line):
            return place._replace(what=f"{glued}: {shown}")
        what, above = f"no `:` in this line: {shown}", self._last
        if self._text and self._lines[line.number - 2].startswith("#"):
            return place._replace(what=self._outside_text(line))
        if self._text:
            owner, indent = self._text
            what += f"; if it goes on with the text of `{owner.key}` (line {owner.number}), indent it by {indent}"
        elif above and above.key is not None and self._state == "plain":
            what += f"; if it goes on with the text of `{above.key}` (line {above.number}), write that below "
            what += f"`{above.key}: |`, each line indented alike"
        else:
            what += "; write `key: value`"
        return place._replace(what=what)

    def _continued(self, line: YamlLine) -> Mistake | None:
        """Return the mistake of a line that YAML takes as more of the text above it, though it looks like a key."""
        if line.key is None:
            return None
        above = self._last
        assert above  # noqa: S101 - there is a text that it continues
        if glued := _glued(above):
            return Mistake(above.number, above.start + 1, f"{glued}: {self._show(above.text)}")
        shown, place = self._show(line.text), Mistake(line.number, line.indent + 1, "")
        if above.key is None or not is_known(line.key):
            owner = f"`{above.key}`" if above.key is not None else "the text"
            what = f"{shown} goes on with {owner} (line {above.number}), and text that holds `: ` needs quotes"
            return place._replace(what=f"{what}, or a `|` behind the key and its lines below that")
        if emptied := self._emptied(Nesting(above.start, "dash" if above.dashes else "key", above)):
            return emptied
        there = f"`{above.key}` on line {above.number}"
        return place._replace(what=_uneven(shown, line.indent, there=there, indent=above.start, kind="key"))

    def _value(self, line: YamlLine) -> Mistake | None:
        value = self._values.read(line)
        if isinstance(value, Mistake):
            return value
        self._state, self._row = value.follows, value.row + 1
        self._text = (line, value.text_indent) if value.text_indent is not None else None
        return None

    def _show(self, text: str) -> str:
        return yaml_lines.show(yaml_lines.take_apart(text, 0), below_channels=self._channels)


def _uneven(shown: str, found: int, *, there: str, indent: int, kind: str) -> str:
    """Return that a line is indented by `found` blanks, another that it belongs to by `indent`."""
    verb, by = ("has its dash", "after") if kind == "dash" else ("is indented", "by")
    return f"{shown} {verb} {by} {pluralize(found, 'space')}, {there} {by} {indent}; indent both alike"


def _glued(line: YamlLine) -> str:
    """Return what is missing in a line that is nearly `key: value`; an empty text where nothing shows it."""
    text = line.text[line.start :].strip()
    if dash := re.match(r"-(\w+):?(?:\s|$)", text):
        return f"a space is missing after the dash; write `- {dash[1]}`"
    if line.key is not None:
        return ""
    found = re.match(r"([A-Za-z_]+)(\s*=\s*|\s*\uff1a\s*|:(?=\S)|\s+|$)", text)
    if not found or not is_known(found[1]):
        return ""
    if found[2].strip() == ":":
        return f"a space is missing after the colon; write `{found[1]}: ...`"
    return f"a colon is missing; write `{found[1]}: ...`"
