"""Links that lead nowhere: a disk that is not mounted, a file that was moved."""

from __future__ import annotations

from pathlib import Path


def describe_dead_link(path: Path) -> str:
    """Return which link on the way to a missing file leads nowhere and what to do, or an empty text for none."""
    for step in (path, *path.parents):
        if step.is_symlink() and not step.exists():
            where = "it" if step == path else str(step)
            what = f"{where} is a broken symbolic link to {step.readlink()}"
            return f"{what}; restore the target (is its disk mounted?) or correct the link"
    return ""
