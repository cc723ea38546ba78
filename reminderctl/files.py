"""Files that appear whole or not at all, even where the power fails."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO

from reminderctl.file_permissions import ROOT, owner_name, steps_to

PRIVATE = 0o600
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW  # never what somebody has put there before


class Durable(IntEnum):
    """The parts of a written file that survive a power cut."""

    LATER = 0  # nothing yet: the caller will `sync` the file and its folder
    CONTENT = 1  # the file is whole, but what had its name before may be back
    NAME = 2  # and it is there


@contextmanager
def atomic_write(path: Path, *, mode: int = PRIVATE, durable: Durable = Durable.NAME) -> Iterator[BinaryIO]:
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
        descriptor = os.open(draft, NEW, mode)
        try:
            os.fchmod(descriptor, mode)
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                yield file
            if durable >= Durable.CONTENT:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(target)
        if durable >= Durable.NAME:
            sync(target.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def sync(*paths: Path) -> None:
    """Make files, or the names in folders, outlast a power cut; raises OSError.

    A folder that cannot be synced, because we may not list it or its file system knows no such thing, is left to it.
    """
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except PermissionError:
            continue
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
                raise
        finally:
            os.close(descriptor)


def _refuse_links_of_others(path: Path) -> None:
    """Raises PermissionError where a link or a pipe of another user would have what we write."""
    with suppress(FileNotFoundError):
        for step, found in steps_to(path):
            kept = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
            if not kept and found.st_uid not in (os.geteuid(), ROOT):
                what = f"{step} is a link or a pipe owned by {owner_name(found.st_uid)}"
                raise PermissionError(errno.EACCES, what, step)
