"""Exports in files: CSV, TSV, JSON, NDJSON and iCalendar, as `bookings import` reads them."""

from __future__ import annotations

import glob
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from reminderctl.bookings.fingerprint import fingerprint
from reminderctl.model import Window
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError
from reminderctl.sources.readers.answer import Answer, Previous, SourceRecord
from reminderctl.sources.readers.exports import LARGEST, SUFFIXES, OpenExport, read_export


class FilesReader:
    """One file, the exports of a folder, or those that a pattern finds: together they are all that there is."""

    asks_by_key = False

    def __init__(self, settings: SourceSettings, *, url: str, timezone: str, now: datetime) -> None:
        self._settings, self._timezone, self._now = settings, timezone, now
        self._place = str(settings.folder / Path(unquote(url.removeprefix("file://"))).expanduser())
        self._stamp: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def read(self, window: Window, previous: Previous | None) -> Answer:
        """Return the rows of all files, or that none has changed since the previous reading."""
        paths = self._paths()
        self._stamp = _stamp(paths)
        if previous and previous.checksum and previous.checksum == self._stamp:
            return Answer(unchanged=True)
        answer = Answer(previous=Previous(checksum=self._stamp))
        records: list[SourceRecord] = []
        for path in paths:
            records += self._read_file(path, window, answer=answer)
        answer.records = records
        return answer

    def read_again(self, *, keys: Collection[str], ids: Collection[str], window: Window) -> Answer:
        """Return the rows of some bookings, from all of the files."""
        del keys
        answer = self.read(window, None)
        answer.records = [each for each in answer.records if str(each.get("id")) in ids]
        return answer

    def begin_again(self, window: Window, previous: Previous | None) -> None:
        """Do nothing: a file is opened each time."""
        del window, previous

    def end_reading(self) -> None:
        """Do nothing: a file is closed each time."""

    def is_worth_reading_again(self) -> bool:
        """Return True where a file may have changed since it was read."""
        stamp = _stamp(self._paths())
        return stamp is None or stamp != self._stamp

    def describe(self) -> list[str]:
        """Return how many files there are."""
        return [f"{len(self._paths())} files: {self._place}"]

    def _paths(self) -> list[Path]:
        """Return the files; raises `SourceError` where there are none."""
        place = Path(self._place)
        if place.is_dir():
            return self._some([path for path in place.iterdir() if path.suffix.lower() in SUFFIXES])
        if place.exists():
            return [place]
        names = glob.glob(self._place) if glob.has_magic(self._place) else []  # noqa: PTH207 - it may be absolute
        return self._some([Path(name) for name in names])

    def _some(self, paths: list[Path]) -> list[Path]:
        found = sorted(path for path in paths if path.is_file() and not path.name.startswith("."))
        if not found:
            raise SourceError(f"{self._place}: there is no such file")
        return found

    def _read_file(self, path: Path, window: Window, *, answer: Answer) -> list[SourceRecord]:
        """Return the records of one file; raises `SourceError` where it is none, or broke off."""
        try:
            if path.stat().st_size > LARGEST:
                raise SourceError(f"{path}: more than {LARGEST >> 20} MiB")
            with path.open("rb") as stream:
                export = OpenExport(stream=stream, name=str(path), short_name=path.name)
                return read_export(export, self._settings, timezone=self._timezone, window=window, answer=answer)
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror or 'cannot be read'}") from None


def _stamp(paths: list[Path]) -> str | None:
    """Return what changes with any of the files; None where one was written a moment ago."""
    stamps = [fingerprint(path) for path in paths]
    return None if None in stamps else " | ".join(f"{path}={stamp}" for path, stamp in zip(paths, stamps, strict=True))
