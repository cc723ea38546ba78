"""Fingerprints of bookings.db: has the file changed since a run read it?"""

from __future__ import annotations

import time
from pathlib import Path

UNSETTLED_NS = 2_000_000_000  # FAT counts in steps of two seconds; within a step two writes look alike
# A time in whole seconds is that of a file system which has no others, or of a copy. If that of a server whose clock
# is behind ours, a step that is not over looks old.
UNSETTLED_COARSE_NS = 300_000_000_000
_SECOND_NS = 1_000_000_000


def fingerprint(path: Path, *, now_ns: int | None = None) -> str | None:
    """Return a text that changes with the file's content: device, inode, size and times of it and of its -wal.

    The time at which its inode changed is one of them: who writes into a file can give it back its other time.
    None where there is no file, or where it was written so lately that another write might leave no mark. `now_ns` is
    the system's clock, against which the file's time is judged.
    """
    real = path.resolve()
    try:
        status = real.stat()
    except OSError:
        return None
    parts = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    written_ns = status.st_mtime_ns
    try:
        log = real.with_name(f"{real.name}-wal").stat()
    except OSError:
        log = None
    if log and log.st_size:  # a reader makes an empty one
        parts += [log.st_ino, log.st_size, log.st_mtime_ns, log.st_ctime_ns]
        written_ns = max(written_ns, log.st_mtime_ns)
    unsettled_ns = UNSETTLED_NS if written_ns % _SECOND_NS else UNSETTLED_COARSE_NS
    if written_ns > (time.time_ns() if now_ns is None else now_ns) - unsettled_ns:
        return None
    return " ".join(map(str, parts))
