"""The program `crontab`, which keeps the crontab of each user."""

from __future__ import annotations

import os
import shutil
import subprocess

from reminderctl.errors import ReminderctlError, UsageError


def readable(text: str) -> str:
    """Return a text of a crontab as it can be printed: bytes that are no characters become U+FFFD."""
    return readable_bytes(text.encode("utf-8", "surrogateescape"))


def readable_bytes(text: bytes) -> str:
    """Return bytes that a program wrote as it can be printed."""
    return text.decode("utf-8", "replace")


def read() -> str:
    """Return this user's crontab, empty where there is none; raises `UsageError` where that cannot be known."""
    ended = _crontab("-l")
    said = readable_bytes(ended.stderr).strip()
    if ended.returncode == 0:
        return ended.stdout.decode("utf-8", "surrogateescape")
    # Busybox names the file that is not there; all others say it in words.
    if "no crontab for" in said.lower() or ("can't open" in said and "No such file" in said):
        return ""
    raise UsageError(f"crontab -l: {said or f'ended with status {ended.returncode}'}")


def write(text: str) -> None:
    """Replace this user's crontab, and see that it was; an empty one is deleted."""
    ended = _crontab("-", text=text) if text else _crontab("-r")
    if ended.returncode:
        said = readable_bytes(ended.stderr).strip() or f"it ended with status {ended.returncode}"
        raise ReminderctlError(f"crontab did not take the new crontab, so nothing is changed: {said}")
    if read() != text:
        raise ReminderctlError("crontab took the new crontab, but holds another one now; look at it with `crontab -l`")


def _crontab(argument: str, *, text: str = "") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("crontab")
    if program is None:
        raise UsageError(
            "there is no `crontab` on this machine; on Debian it is in the package `cron`. A systemd timer does as "
            "well: docs/how-to/cron.md"
        )
    # Its messages are read, so in one language; its own heading, which is not part of the crontab, stays out.
    environment = {**os.environ, "LC_ALL": "C", "CRONTAB_NOHEADER": "Y"}
    return subprocess.run(  # noqa: S603 - without a shell
        [program, argument],
        input=text.encode("utf-8", "surrogateescape"),
        env=environment,
        capture_output=True,
        check=False,
    )
