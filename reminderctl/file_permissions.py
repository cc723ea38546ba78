"""Other users who may change a file on whose content this user's rights depend."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

ROOT = 0
MOST_LINKS = 40  # as Linux follows


def find_stranger(path: Path) -> str | None:
    """Return who else may change a file and what would be right, or None; a file that is missing has nobody.

    The file, each folder above it, and each link on the way with the folders above that.

    1. Nothing on the way may be writable for everybody, but for folders with the sticky bit (`/tmp`), in which nobody
       can replace what belongs to another.
    2. For root, all of it belongs to root, and no group may write that has a member besides root. Others may rely on
       files of another user, who then may do what they may.
    """
    try:
        return next((said for step, found in steps_to(path) if (said := _stranger(step, found))), None)
    except OSError:
        return None  # whoever opens it says why it cannot be


def steps_to(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Each folder and link on the way to a file, and the file itself, from the root on."""
    here, links = "/", 0
    yield here, os.lstat(here)
    left = [*reversed((Path.cwd() / path).parts[1:])]
    while left:
        name = left.pop()
        if name == "..":
            here = os.path.dirname(here)  # noqa: PTH120
            continue
        step = os.path.join(here, name)  # noqa: PTH118
        found = os.lstat(step)
        yield step, found
        if not stat.S_ISLNK(found.st_mode):
            here = step
            continue
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), step)
        target = Path(os.readlink(step))  # noqa: PTH115
        here = "/" if target.is_absolute() else here
        left.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))


def _stranger(step: str, found: os.stat_result) -> str | None:
    """Return who besides us may change one step of the way, with the command that ends it; or None."""
    root = os.geteuid() == ROOT
    if root and found.st_uid != ROOT:
        own = "chown -h" if stat.S_ISLNK(found.st_mode) else "chown"
        return f"{step} is owned by {owner_name(found.st_uid)}; run: {own} root {step}"
    if stat.S_ISLNK(found.st_mode) or (stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX):
        return None
    mode = f"{stat.S_IMODE(found.st_mode):04o}"
    if found.st_mode & stat.S_IWOTH:
        return f"everybody can write to {step} (mode {mode}); run: chmod o-w {step}"
    if root and found.st_mode & stat.S_IWGRP and _has_other_members(found.st_gid):
        return f"the group {_group_name(found.st_gid)} can write to {step} (mode {mode}); run: chmod g-w {step}"
    return None


def _has_other_members(group: int) -> bool:
    """Return whether somebody besides root is in a group, as far as this machine lists them."""
    if group == ROOT:
        return False
    try:
        named = grp.getgrgid(group).gr_mem
    except KeyError:
        return True  # a number without a name, which anybody may have
    return any(name != "root" for name in named) or any(
        each.pw_gid == group and each.pw_uid != ROOT for each in pwd.getpwall()
    )


def owner_name(user: int) -> str:
    """Return the name of a user, or their number where they have none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _group_name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
