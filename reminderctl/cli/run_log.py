"""The log of the runs: a file that grows by what each of them did."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TextIO

import click

from reminderctl.text import sanitize


class RunLog:
    """Appends to a file, under the time of the run, what this run says of its doings and on standard error.

    The file is opened when there is something to write. Where it cannot be, that is said once, and the run goes on.
    """

    def __init__(self, path: str, *, now: datetime) -> None:
        """Take note of all that is said on standard error from now on; it is still said there."""
        self._path, self._now = path, now
        self._begun = self._failed = False
        self._errors = sys.stderr
        sys.stderr = _Both(self._errors, log=self)
        click.get_current_context().find_root().call_on_close(self._give_back)

    def add(self, lines: Iterable[str]) -> None:
        """Append lines."""
        for line in lines:
            self.write(f"{sanitize(line)}\n")

    def write(self, text: str) -> None:
        """Append a text as it is; before the first one the time."""
        if self._failed or not text:
            return
        heading = "" if self._begun else f"{self._now.astimezone().isoformat(timespec='seconds')}\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)  # it names people
            with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(heading + text)
        except OSError as error:
            self._failed = True
            click.echo(f"--log {self._path}: {error.strerror}; this run is not in it", file=self._errors)
        self._begun = True

    def _give_back(self) -> None:
        sys.stderr = self._errors


class _Both:
    """Standard error that is kept in a log as well."""

    def __init__(self, stream: TextIO, *, log: RunLog) -> None:
        self._stream, self._log = stream, log

    def write(self, text: str) -> int:
        self._log.write(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
