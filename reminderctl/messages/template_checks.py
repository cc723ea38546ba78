"""Mistakes in the Jinja2 of a text, found before it is rendered."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple

from reminderctl.messages import templates

MOST = 1_000  # mistakes of one template that are said


def find_mistakes(text: str) -> list[tuple[int, str]]:
    """Return the mistakes inside `{{ }}` and `{% %}`: syntax, unknown shortcodes, filters; offsets into the text."""
    from reminderctl.messages import examples, jinja_environment  # Jinja2 is heavy, and most texts have none of it

    template = templates.to_template(text)
    wrong = jinja_environment.wrong(template)
    if not wrong and jinja_environment.is_laborious(template):
        what = examples.excess(text)
        wrong = [jinja_environment.Wrong(None, None, what)] if what else []
    layout = _Layout.of(text) if wrong else None
    return sorted({(layout.place(each), each.what) for each in wrong[:MOST]}) if layout else []


class _Layout(NamedTuple):
    """The places in a text where its lines begin, and where its Jinja2 tags begin and end."""

    text: str
    lines: list[int]
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> _Layout:
        tags = [*templates.jinja_tags(text)]
        lines = [0, *(newline.end() for newline in re.finditer("\n", text))]
        return cls(text, lines, [start for start, _ in tags], [end for _, end in tags])

    def place(self, found: Any) -> int:
        """Return where the word of a mistake is inside a tag, else the first tag on its line, else the line."""
        line_at = self.lines[min(found.line or 1, len(self.lines)) - 1]  # Jinja2 may count a \r in a tag, too
        word = re.compile(rf"(?<![\w.]){re.escape(found.word)}\b") if found.word else None
        at = self.text.find(found.word, line_at) if word else -1
        while word and at >= 0:
            tag = bisect_right(self.ends, at)  # the first that ends behind it
            if tag == len(self.ends):
                break
            if self.starts[tag] <= at and word.match(self.text, at, self.ends[tag]):
                return at
            at = self.text.find(found.word, max(at + 1, self.starts[tag]))
        index = bisect_left(self.starts, line_at)
        return self.starts[index] if index < len(self.starts) else line_at
