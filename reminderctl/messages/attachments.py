"""Files that go with a message: the appointment, or a file beside the YAML, never one of our own."""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterable
from pathlib import Path

from reminderctl.errors import Rejected
from reminderctl.messages.context import Context
from reminderctl.model import Attachment
from reminderctl.structured_text import CLOSE, OPEN

CALENDAR = "calendar"
LARGEST_FILE = 10 * 1024 * 1024  # bytes
OURS = "belongs to the configuration, and is never sent"
CHOSEN = "a value alone would select the file; add a folder or a file extension: files/{...}, {...}.pdf"

_LONGEST_QUOTE = 100  # characters of a name
_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_ENDING = re.compile(r"[^/]*\.[A-Za-z0-9]+")


def attachment(rendered: str, context: Context, *, base: Path, private: Iterable[Path]) -> Attachment:
    """Return the appointment for `calendar`, else a file; raises `Rejected`.

    In the `rendered` name, values still stand between the marks of `structure`. `private` are files and folders of
    which nothing is sent.
    """
    name = _MARKED.sub(r"\1", rendered).strip()
    if name == CALENDAR:
        from reminderctl.messages import ics  # its library costs a third of a run that sends one SMS

        return ics.appointment(context)
    before, behind = _MARKED.split(rendered)[0], _MARKED.split(rendered)[-1]
    if before != rendered and not is_bound(before, behind, base=base):
        raise Rejected(f"cannot attach {name[:_LONGEST_QUOTE]!r}: {CHOSEN}")
    return _read(base / name, name, private=private)


def is_bound(before: str, behind: str, *, base: Path) -> bool:
    """Return whether the literal texts around a value bind it to a folder, other than `base`, or to an ending."""
    folder, slash, _ = before.strip().rpartition("/")
    bound = slash and os.path.normpath(base / folder) not in (os.path.normpath(base), "/")
    return bool(bound) or _ENDING.fullmatch(behind.strip()) is not None


def is_private(path: Path, private: Iterable[Path]) -> bool:
    """Return whether a file is one of `private`, lies in one of them, or beside one as ledger.db-wal does.

    It is known by its resolved path and by its inode, so that links lead nowhere. Raises OSError.
    """
    found = path.resolve()
    hard_linked = found.exists() and found.stat().st_nlink > 1
    for each in private:
        own = each.resolve()
        if found.is_relative_to(own) or (found.parent == own.parent and not own.is_dir() and _belongs(found, own)):
            return True
        if hard_linked and not own.is_dir() and own.parent.is_dir():
            beside = (each for each in own.parent.iterdir() if _belongs(each, own))
            if any(each.exists() and each.samefile(found) for each in beside):
                return True
    return False


def _belongs(path: Path, own: Path) -> bool:
    """Return whether a neighbour's name is that of our file with more behind it: -wal, .lock, .bak, ~."""
    return path.name.startswith(own.name)


def _read(path: Path, name: str, *, private: Iterable[Path]) -> Attachment:
    shown = name[:_LONGEST_QUOTE]
    try:
        if not path.is_file():
            what = f"cannot attach {name!r}: file not found; use `calendar`, or a file next to the YAML"
            raise Rejected(what)
        if is_private(path, private):
            raise Rejected(f"cannot attach {shown!r}: it {OURS}")
        if path.stat().st_size > LARGEST_FILE:
            raise Rejected(f"cannot attach {name!r}: it is larger than {LARGEST_FILE // 1024**2} MB")
        content = path.read_bytes()
    except (OSError, RuntimeError) as error:  # a link to itself
        raise Rejected(f"cannot attach {shown!r}: {getattr(error, 'strerror', None) or error}") from None
    guessed, packed = mimetypes.guess_type(path.name)
    content_type = guessed if guessed and not packed else "application/octet-stream"
    charset = "; charset=utf-8" if content_type.startswith("text/") else ""
    return Attachment(filename=path.name, content_type=content_type + charset, content=content)
