"""Addresses: iCalendar, JSON and CSV over HTTP(S), as `bookings import` reads them from a file."""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

from reminderctl.hiding import hide_secrets
from reminderctl.http_transport import sockets
from reminderctl.importing.columns import ColumnNames
from reminderctl.importing.export_file import ExportFile
from reminderctl.importing.formats import Format, detect_format, make_records
from reminderctl.model import Window
from reminderctl.source_settings import SourceSettings, is_local
from reminderctl.sources.address import parse_address
from reminderctl.sources.errors import SourceError
from reminderctl.sources.readers import json_pages
from reminderctl.sources.readers.answer import Answer, Previous, SourceRecord
from reminderctl.sources.readers.exports import LARGEST, SUFFIXES, OpenExport, keep_values, read_export
from reminderctl.sources.readers.http_request import Getter, Page

MOST_PAGES = 500
FRESH_SECONDS = 60  # a reading that is older is repeated before a message is sent
_COUNTED = re.compile(r"\{(page|skip)\}")


class HttpReader:
    """An address that lists bookings: in one answer, or in pages."""

    asks_by_key = False

    def __init__(self, settings: SourceSettings, *, timezone: str) -> None:
        self._settings, self._timezone = settings, timezone
        self._address = parse_address(settings)
        self._latest: Previous | None = None
        self._began: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def read(self, window: Window, previous: Previous | None) -> Answer:
        """Return what the address lists, or that it is as it was at the previous reading."""
        self._began = time.monotonic()
        try:
            with sockets.attempt(self._settings.timeout.total_seconds(), public_only=False, keep_alive=False):
                answer = self._read(window, previous)
        except SourceError as error:
            raise SourceError(self._hide(str(error))) from None
        answer.bad = [self._hide(each) for each in answer.bad]
        self._latest = previous if answer.unchanged else answer.previous
        return answer

    def read_again(self, *, keys: Collection[str], ids: Collection[str], window: Window) -> Answer:
        """Return the rows of some bookings, or that all are as they were."""
        del keys
        answer = self.read(window, self._latest)
        answer.records = [each for each in answer.records if str(each.get("id")) in ids]
        return answer

    def begin_again(self, window: Window, previous: Previous | None) -> None:
        """Take what the last reading left behind, unless this one has read by itself."""
        del window
        self._latest = self._latest or previous

    def end_reading(self) -> None:
        """Do nothing: each connection is closed already."""

    def is_worth_reading_again(self) -> bool:
        """Return True where it was read longer ago than a minute."""
        return self._began is None or time.monotonic() - self._began > FRESH_SECONDS

    def describe(self) -> list[str]:
        """Return the host, and how safe the way to it is."""
        if self._address.scheme == "http":
            return [f"{self._address.host}, without TLS"]
        return [f"{self._address.host}, TLS {'not verified' if self._trust() is False else 'verified'}"]

    def _trust(self) -> str | Literal[False] | None:
        settings = self._settings
        if settings.ca_file:
            return str(settings.ca_file)
        off = settings.tls == "off" or (settings.tls == "auto" and is_local(self._address.host))
        return False if off else None

    def _hide(self, text: str) -> str:
        return hide_secrets(text, self._address.secrets)

    # --- pages --------------------------------------------------------------------------------------------------------

    def _read(self, window: Window, previous: Previous | None) -> Answer:
        """Read all pages; a single one is asked whether it has changed."""
        getter = Getter(self._address.headers, timeout=self._settings.timeout.total_seconds(), trust=self._trust())
        url = fill(self._address.url, window, page=1, skip=0, cursor="")
        mark = _digest(url.encode(), repr(sorted(self._address.headers.items())).encode())
        known = previous if previous and previous.columns == mark else None
        answer = Answer()
        first = getter.get(url, conditions=_conditions(known))
        if first.is_unchanged:
            return Answer(unchanged=True)
        if not self._has_pages and not self._is_json(first):
            checksum = _digest(first.content)
            if known and known.checksum == checksum:
                return Answer(unchanged=True)
            answer.records = self._read_export(first, window, answer=answer)
            pages = [first]
        else:
            pages = []
            items = [*self._read_pages(getter, first, url=url, window=window, pages=pages)]
            checksum = _digest(*(each.content for each in pages))
            if known and known.checksum == checksum:
                return Answer(unchanged=True)
            names = ColumnNames(self._settings.columns)
            records = make_records(json_pages.spread(items, self._settings.each), names)
            answer.records = keep_values(records, self._export(first), answer=answer)
        marks = {"etag": first.etag, "last_modified": first.last_modified} if len(pages) == 1 else {}
        answer.previous = Previous(checksum=checksum, columns=mark, **marks)
        return answer

    @property
    def _has_pages(self) -> bool:
        return bool(self._settings.next_page or self._settings.items or _COUNTED.search(self._address.url))

    def _read_pages(self, getter: Getter, page: Page, *, url: str, window: Window, pages: list[Page]) -> Iterator[Any]:
        """Yield the items of all pages, which are added to `pages`; one that comes again on another page only once."""
        host, settings = self._address.host, self._settings
        counts = _COUNTED.search(self._address.url) is not None
        asked, seen, last = {url}, set[str](), None
        skip = 0
        while True:
            pages.append(page)
            answer = json_pages.parse(page.content, host=host)
            items = json_pages.find_items(answer, settings, host=host)
            if settings.most is not None and len(items) >= settings.most:
                raise SourceError(
                    f"{host} lists {len(items)} bookings, as many as it ever does at once; write a shorter `ahead`"
                )
            if items and items == last:
                raise SourceError(f"{host} gives the same page again, whichever is asked for")
            fresh = items if not seen else [item for item in items if repr(item) not in seen]
            yield from fresh
            skip, last = skip + len(items), items
            cursor = json_pages.find_next(
                answer, settings.next_page, current=url, takes_cursor="{cursor}" in self._address.url
            )
            if cursor is None and not (counts and items):
                return
            seen.update(map(repr, items))
            url = self._next_url(window, cursor, page=len(pages) + 1, skip=skip)
            if url in asked:
                raise SourceError(f"the pages of {host} lead back to one that was read")
            asked.add(url)
            if len(asked) > MOST_PAGES or sum(len(each.content) for each in pages) > LARGEST:
                raise SourceError(f"{host} has more than {MOST_PAGES} pages, or {LARGEST >> 20} MiB in all")
            page = getter.get(url, conditions={})

    def _next_url(self, window: Window, cursor: str | None, *, page: int, skip: int) -> str:
        if cursor is not None and "{cursor}" not in self._address.url:
            return cursor
        return fill(self._address.url, window, page=page, skip=skip, cursor=cursor or "")

    # --- one answer ---------------------------------------------------------------------------------------------------

    def _is_json(self, page: Page) -> bool:
        export = self._export(page)
        file = ExportFile(export.stream, name=export.name, encoding=export.encoding, suffix=export.suffix)
        return detect_format(file) is Format.JSON

    def _suffix(self, page: Page) -> str:
        """Return what the content type says, or else the address."""
        suffix = PurePosixPath(urlsplit(self._address.url).path).suffix.lower()
        return page.suffix or (suffix if suffix in SUFFIXES else "")

    def _export(self, page: Page) -> OpenExport:
        return OpenExport(
            stream=io.BytesIO(page.content),
            name=self._address.host,
            short_name=f"the answer of {self._address.host}",
            suffix=self._suffix(page),
            encoding=_find_encoding(page),
        )

    def _read_export(self, page: Page, window: Window, *, answer: Answer) -> list[SourceRecord]:
        if not page.is_bounded and not page.content.endswith((b"\n", b"\r")) and b"END:VCALENDAR" not in page.content:
            raise SourceError(f"{self._address.host} broke off: the last line of its answer has no end")
        export = self._export(page)
        return read_export(export, self._settings, timezone=self._timezone, window=window, answer=answer)


def fill(url: str, window: Window, *, page: int, skip: int, cursor: str) -> str:
    """Return an address with the values of its names: times in UTC, percent-encoded; dates a day wider."""
    day = timedelta(days=1)
    values = {
        "since": f"{window.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{window.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "since_date": _date(window.since - day),
        "until_date": _date(window.until + day),
        "page": str(page),
        "skip": str(skip),
        "cursor": cursor,
    }
    return re.sub(r"\{(\w+)\}", lambda found: quote(values[found[1]], safe=""), url)


def _date(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d}"


def _conditions(known: Previous | None) -> Mapping[str, str]:
    if known is None:
        return {}
    found = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in found.items() if value}


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _find_encoding(page: Page) -> str | None:
    """Return the encoding that the server names, where the content does not show another one."""
    try:
        is_wide = page.charset.lower().startswith(("utf-16", "utf-32"))
        if page.charset and (is_wide or not _is_utf8(page.content)):
            page.content.decode(page.charset)
            return page.charset
    except (LookupError, UnicodeDecodeError):
        pass
    return None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
