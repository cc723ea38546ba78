"""Values in HTML, judged by where they came to stand: in a text, a link, a style, or where no value may.

Each value is already escaped, and is between the marks of `structure`. What lies outside the marks was written by
the operator, so reading it as HTML shows what surrounds a value, whatever statements chose it.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import quote

from reminderctl.errors import Rejected
from reminderctl.structured_text import CLOSE, OPEN

_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_MARKS = re.compile(f"[{OPEN}{CLOSE}]")
_BEGINS = re.compile(r"<!--|<(?P<closing>/?)(?P<tag>[A-Za-z][\w:-]*)")
_INSIDE_TAG = re.compile(
    r"""[\s/]*(?:(?P<end>>)|(?P<name>[^\s=>/"']+)(?:\s*(?P<equals>=)\s*(?P<quote>["']?))?|["'=])?"""
)
_LINKS = frozenset({"href", "src", "action", "formaction", "background", "poster", "cite", "srcset", "xlink:href"})
_SCHEME = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HARMLESS = re.compile(r"\s*(?:https?|mailto|tel|sms|geo|webcal|cid):", re.IGNORECASE)
_OF_PEOPLE = re.compile(r"\s*(?:mailto|tel|sms|geo):[^?]*\Z", re.IGNORECASE)
_NOT_IN_URLS = re.compile(r'[\x00-\x20\x7f"<>\\^`{|}]')  # letters of every language may stand in one, in its host too
_NOT_IN_STYLES = re.compile(r"[^\w#%.,\s-]")
_SCRIPTS = "a value in a script, or in an attribute with a script, cannot be escaped safely; remove it"
_IN_TAG = "a value in a tag is allowed only inside the quotes of an attribute"


def seal(text: str) -> str:
    """Return a rendered HTML text without the marks, each value as its surroundings demand.

    In a link, a value is one part of it (percent-encoded) or a whole address that does no harm; in a style it cannot
    end what it is in. Raises `Rejected` where a value has no quotes around it, or is in a tag or a script.
    """
    if OPEN not in text:
        return text
    reader = _Reader()
    parts = _MARKED.split(text)
    for index, part in enumerate(parts):
        if index % 2:
            parts[index] = reader.place(part)
        else:
            reader.read(part)
    return _MARKS.sub("", "".join(parts))


def unmark(text: str) -> str:
    """Return a text without the marks."""
    return _MARKS.sub("", text)


class _Reader:
    """A reader of HTML, which is inside a `tag`, an `attribute`, a comment, a script, or none of them."""

    def __init__(self) -> None:
        self.where = "text"
        self.tag = ""
        self.attribute = ""
        self.quote = ""
        self.so_far = ""  # of an attribute's value

    def read(self, literal: str) -> None:
        """Read on through what the operator wrote."""
        at = 0
        while at < len(literal):
            at = getattr(self, f"_read_{self.where}")(literal, at)

    def place(self, value: str) -> str:
        """Return a value, escaped as HTML, as it may stand here; raises `Rejected`."""
        if self.where in ("text", "comment"):
            return value
        if self.where == "tag":
            raise Rejected(_IN_TAG)
        if self.where == "script":
            if self.tag == "style":
                return _NOT_IN_STYLES.sub("", unescape(value))
            raise Rejected(_SCRIPTS)
        if not self.quote:
            raise Rejected(f'a value in an attribute needs quotes: {self.attribute}="..."')
        placed = self._place_in_attribute(value)
        self.so_far += placed
        return placed

    def _place_in_attribute(self, value: str) -> str:
        if self.attribute.startswith("on") or self.attribute == "srcdoc":
            raise Rejected(_SCRIPTS)
        raw = unescape(value)
        if self.attribute == "style":
            return _NOT_IN_STYLES.sub("", raw)
        if self.attribute not in _LINKS:
            return value
        if self.so_far.strip():
            return escape(quote(raw, safe="@+" if _OF_PEOPLE.match(self.so_far) else ""))
        if _SCHEME.match(re.sub(r"[\x00-\x20]", "", raw)) and not _HARMLESS.match(raw):
            return "#"
        return escape(_NOT_IN_URLS.sub(lambda found: quote(found[0]), raw.strip()))

    def _read_text(self, literal: str, at: int) -> int:
        found = _BEGINS.search(literal, at)
        if not found:
            return len(literal)
        self.where = "tag" if found["tag"] else "comment"
        self.tag = "" if found["closing"] else (found["tag"] or "").lower()
        return found.end()

    def _read_comment(self, literal: str, at: int) -> int:
        return self._skip("-->", literal, at=at)

    def _read_script(self, literal: str, at: int) -> int:
        return self._skip(f"</{self.tag}", literal, at=at)

    def _skip(self, end: str, literal: str, *, at: int) -> int:
        found = literal.lower().find(end, at)
        if found < 0:
            return len(literal)
        self.where = "text"
        return found + (len(end) if end == "-->" else 0)

    def _read_tag(self, literal: str, at: int) -> int:
        found = _INSIDE_TAG.match(literal, at)
        if not found or found.end() == at:
            return at + 1
        if found["end"]:
            self.where = "script" if self.tag in ("script", "style") else "text"
        elif found["equals"]:
            self.where, self.attribute, self.so_far = "attribute", found["name"].lower(), ""
            self.quote = found["quote"]
        return found.end()

    def _read_attribute(self, literal: str, at: int) -> int:
        found = re.compile(self.quote or r"[\s>]").search(literal, at)
        self.so_far += literal[at : found.start() if found else len(literal)]
        if not found:
            return len(literal)
        self.where = "tag"
        return found.end() if self.quote else found.start()
