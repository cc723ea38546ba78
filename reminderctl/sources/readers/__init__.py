"""The readers of sources, which change nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol, Self

from reminderctl.import_lock import IMPORTING
from reminderctl.model import Window
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.readers.answer import Answer, Previous


class Reader(Protocol):
    """An open source. `asks_by_key`: what is not in an answer can be asked for; each method raises `SourceError`."""

    asks_by_key: bool

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def read(self, window: Window, previous: Previous | None) -> Answer:
        """Return everything in a window, or that nothing has changed since the previous reading."""

    def read_again(self, *, keys: Collection[str], ids: Collection[str], window: Window) -> Answer:
        """Return what there is now of some bookings, by the keys of their rows, or by their ids in a window.

        Or `unchanged`.
        """

    def begin_again(self, window: Window, previous: Previous | None) -> None:
        """Let what is read next be seen as it is then; these are those of the last reading of everything."""

    def end_reading(self) -> None:
        """Keep nobody from writing until it is read again."""

    def is_worth_reading_again(self) -> bool:
        """Return False where nothing can have changed since it was read."""

    def describe(self) -> list[str]:
        """Return what a person who tries the source wants to know of it."""


def open_reader(settings: SourceSettings, *, timezone: str, now: datetime) -> Reader:
    """Return the reader of a source, which connects when it is entered; each `${NAME}` has its value by then."""
    url, password = settings.url.reveal(), settings.password.reveal()
    if settings.kind == "http":
        with IMPORTING:
            from reminderctl.sources.readers.http import HttpReader

        return HttpReader(settings, timezone=timezone)
    if settings.kind == "files":
        with IMPORTING:
            from reminderctl.sources.readers.files import FilesReader

        return FilesReader(settings, url=url, timezone=timezone, now=now)
    with IMPORTING:
        from reminderctl.sources.readers.sql import SqlReader

    return SqlReader(settings, url=url, password=password)
