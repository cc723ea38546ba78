"""Files that appear whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def drafted(path: Path, *, mode: int | None = None) -> Iterator[BinaryIO]:
    """A file to write, which takes its name (and the place of what had it) when all is written; raises OSError.

    Until then a hidden file beside it holds what there is. Its permissions are `mode`, else what the umask leaves. A
    link stays one; a pipe or a device is written as it is.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    target = path.resolve()
    draft = target.with_name(f".{target.name[:40]}.{os.urandom(8).hex()}.tmp")  # no longer than a name may be
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666), "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
