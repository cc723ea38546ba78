"""An export as an open file, its bytes in their encoding."""

from __future__ import annotations

import codecs
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import BinaryIO

from reminderctl.errors import ImportFailedError, UsageError

CHUNK = 1 << 20
FALLBACK = "cp1252"  # what Excel writes on a European Windows when one saves as CSV without choosing UTF-8
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class ExportFile:
    """An open file to import from. `warnings` says what had to be guessed.

    `position` gives how many of its `size` bytes were read. With `errors` as `surrogateescape`, bytes that are no
    character on their own line are half of one. `suffix` says the format where the content does not decide.
    """

    def __init__(self, stream: BinaryIO, *, name: str, encoding: str | None = None, suffix: str | None = None) -> None:
        self.name = name
        self.suffix = PurePath(name).suffix.lower() if suffix is None else suffix
        self.warnings: list[str] = []
        self.position: Callable[[], int] = stream.tell
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        self.errors = "strict"
        self.encoding = encoding or self._guess_encoding()

    @contextmanager
    def text(self) -> Iterator[io.TextIOWrapper]:
        """Open the text from its beginning, line ends as they are; raises UnicodeError while it is read."""
        self._stream.seek(0)
        text = io.TextIOWrapper(self._stream, encoding=self.encoding, errors=self.errors, newline="")
        try:
            yield text
        finally:
            text.detach()  # the stream stays open: it is the caller's

    def _guess_encoding(self) -> str:
        self._stream.seek(0)
        beginning = self._stream.read(4)
        for mark, encoding in _BYTE_ORDER_MARKS.items():
            if beginning.startswith(mark):
                return encoding
        line = self._find_line_not_in("utf-8")
        if line is None:
            return "utf-8"
        if self._is_utf8_folded_anywhere():
            self.errors = "surrogateescape"
            return "utf-8"
        if self._find_line_not_in(FALLBACK) is not None:
            problem = f"line {line} is not UTF-8; say what it is with --encoding NAME, or save the file as UTF-8"
            raise ImportFailedError(f"{self.name}: {problem}; nothing was changed")
        self.warnings.append(f"line {line} is not UTF-8; the file was read as Windows-1252 (--encoding says otherwise)")
        return FALLBACK

    def _find_line_not_in(self, encoding: str) -> int | None:
        """Return the number of the first line that is not in an encoding; None where all are."""
        decoder = codecs.getincrementaldecoder(encoding)()
        self._stream.seek(0)
        line = 0
        try:
            for chunk in self._stream:
                line += 1
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return line
        return None

    def _is_utf8_folded_anywhere(self) -> bool:
        """Return True for a calendar in UTF-8, some of whose lines are folded inside a character (RFC 5545, 3.1)."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        self._stream.seek(0)
        if self._stream.read(15).upper() != b"BEGIN:VCALENDAR":
            return False
        try:
            for line in self._stream:
                content = line.rstrip(b"\r\n")
                decoder.decode(content[1:] if content[:1] in (b" ", b"\t") else b"\n" + content)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


def find_codec(name: str | None) -> str | None:
    """Return Python's name of an encoding that a person names; raises `UsageError` where there is none of that name."""
    if name is None:
        return None
    try:
        encoding = codecs.lookup(name)
        "".encode(encoding.name)
    except (LookupError, ValueError):
        raise UsageError(f"--encoding {name!r} is not known; write utf-8, cp1252, iso-8859-15 or the like") from None
    return "utf-8-sig" if encoding.name == "utf-8" else encoding.name


@contextmanager
def open_seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give the stream itself, or a copy on disk where it can be read only once (a pipe)."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy, CHUNK)
        copy.seek(0)
        yield copy
