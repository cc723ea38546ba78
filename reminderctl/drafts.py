"""Files that appear whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from reminderctl.trust import ROOT, owner_name, steps_to

PRIVATE = 0o600
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW  # never what somebody has put there before


@contextmanager
def drafted(path: Path, *, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A file to write, which takes its name (and the place of what had it) when all is written; raises OSError.

    Until then a hidden file beside it holds what there is. Its permissions are `mode`, whatever the umask: most of our
    files name people. A link stays one, if it is ours or root's; so do a pipe and a device, which are written as they
    are.
    """
    _refuse_links_of_others(path)
    if path.exists() and not path.is_file():
        with os.fdopen(os.open(path, os.O_WRONLY), "wb") as file:
            yield file
        return
    target = path.resolve()
    draft = target.with_name(f".{target.name[:40]}.{os.urandom(8).hex()}.tmp")  # no longer than a name may be
    try:
        with os.fdopen(os.open(draft, NEW, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            yield file
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _refuse_links_of_others(path: Path) -> None:
    """Raises PermissionError where a link or a pipe of another user would have what we write."""
    with suppress(FileNotFoundError):
        for step, found in steps_to(path):
            kept = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
            if not kept and found.st_uid not in (os.geteuid(), ROOT):
                raise PermissionError(errno.EACCES, f"{step} is a link or a pipe of {owner_name(found.st_uid)}", step)
