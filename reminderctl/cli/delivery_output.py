"""Deliveries as people, line-based programs and spreadsheets see them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import structs

from reminderctl.bookings.people import Names, find_names
from reminderctl.cli.console import AT_ONCE, STATE_STYLES, print_lines, sanitize_json, say
from reminderctl.core import timing
from reminderctl.ledger import history
from reminderctl.ledger.history import FullRecord, Record
from reminderctl.model import Config, State
from reminderctl.text import SORTABLE, WEEKDAY_SORTABLE, local_time, pluralize, sanitize, sanitize_line

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from reminderctl.cli.terminal import Terminal

COLUMNS = ("id", "state", "due_at", "sent_at", "workflow", "action", "booking", "recipient", "address", "error")
HEADINGS = ("id", "state", "due", "sent")
SHOWN = 100  # deliveries that a person is shown who does not say how many
_FLAGS = ("held", "missing", "at_once")
_TO_THE_SECOND = "%Y-%m-%d %H:%M:%S"
# Columns of a terminal: below the first two the reason, and then the text, go under what is before.
NARROW, NARROWEST, ROOM, GAP = 120, 90, 50, 2


def print_deliveries(find: Callable[..., Iterator[Record]], config: Config, *, limit: int | None) -> None:
    """Print a row for each that `find` yields, by the configured zone's clock; tab-separated lines off a terminal.

    There they are all, else the last `SHOWN`; with a `limit` the last so many. `find` takes the keywords of
    `history.find`.
    """
    from reminderctl.cli.terminal import Terminal

    terminal = Terminal(highlight=False)
    if not terminal.is_terminal:
        records = iter(list(find(newest_first=True, limit=limit))[::-1]) if limit else find()
        print_lines(COLUMNS, ([view.column(column) for column in COLUMNS] for view in _views(records, config)))
        return
    found = list(find(newest_first=True, limit=limit or SHOWN + 1))[::-1]
    are_left_out = limit is None and len(found) > SHOWN
    shown = list(_views(found[are_left_out:], config))
    if terminal.width < NARROWEST:
        _print_in_lines(terminal, shown)
    elif shown:
        terminal.print(_table(shown, narrow=terminal.width < _width(shown)))
    count = pluralize(len(shown), "delivery")
    if are_left_out:
        count = f"the last {count}; `--limit` shows more, `--since`, `--until` and the other options choose"
    terminal.print(
        f"[dim]{count}; times are those of {config.timezone}[/]" if shown else "there are no such deliveries"
    )


class View(NamedTuple):
    """One delivery as a person sees it."""

    record: Record
    names: Names
    zone: ZoneInfo

    def column(self, column: str) -> str:
        """Return the text of one of the `COLUMNS`."""
        record = self.record
        match column:
            case "state":
                return "held" if record.held else str(record.state)
            case "due_at":
                return self.local(record.due_at)
            case "sent_at":
                return self.local(record.settled_at) if record.state == State.SENT else ""
            case "recipient":
                return self.names.name(record.recipient, record.address)
            case "error":
                seen = f"acknowledged by {record.acknowledged_by}" if record.acknowledged_at else ""
                return "; ".join(filter(None, (self.reason(), seen)))
        value = getattr(record, column)
        return "" if value is None else str(value)

    def reason(self) -> str:
        """Return why it was not sent, or is held."""
        record = self.record
        words = record.missing if record.held and record.missing else record.error or ""
        return self.names.in_words(words, record.recipient, address=record.address)

    def local(self, instant: str | None, *, form: str = SORTABLE) -> str:
        """Return an instant of the ledger on the clock of the configured zone."""
        return local_time(timing.parse_instant(instant), self.zone, form=form) if instant else ""

    def head(self) -> tuple[str, str, str, str]:
        """Return id, state, and when it fell due and was sent: of the same day only the time."""
        due, sent = self.column("due_at"), self.column("sent_at")
        day, _, time = sent.partition(" ")
        return str(self.record.id), self.column("state"), due, time if due.startswith(day) else sent

    def message(self) -> str:
        """Return what is sent, to whom."""
        return sanitize_line(f"{self.record.action} to {self.names.whom(self.record.recipient, self.record.address)}")

    def origin(self) -> str:
        """Return what it comes from: the workflow and the booking."""
        record = self.record
        when = self.local(record.event_at, form=WEEKDAY_SORTABLE)
        return sanitize_line(f"{record.workflow}, booking {record.booking} ({when})")


def _width(views: Sequence[View]) -> int:
    """Return how wide a terminal must be for the reason to have a column of its own, in which no word is broken."""
    head = sum(max(map(len, column)) + GAP for column in zip(HEADINGS, *(view.head() for view in views), strict=True))
    texts = ([f"{view.message()} {view.origin()}" for view in views], [view.column("error") for view in views])
    longest = (max(len(word) for text in column for word in text.split() or [""]) for column in texts)
    return max(NARROW, head + sum(max(each, ROOM) + GAP for each in longest))


def _views(records: Iterable[Record], config: Config) -> Iterator[View]:
    """Yield deliveries with the names of their recipients, which the bookings are asked for many at a time."""
    zone, every = ZoneInfo(config.timezone), iter(records)
    while part := list(islice(every, AT_ONCE)):
        names = find_names(config, {record.recipient for record in part})
        yield from (View(record, names, zone) for record in part)


def _table(views: Sequence[View], *, narrow: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    for heading in ("message",) if narrow else ("message", "reason"):
        table.add_column(heading, overflow="fold")
    for view in views:
        number, state, *times = view.head()
        cells = [_message(view), Text(sanitize_line(view.column("error")))]
        what = [Text("\n").join(filter(None, cells))] if narrow else cells
        table.add_row(number, Text(state, style=STATE_STYLES[state]), *times, *what)
    return table


def _print_in_lines(terminal: Terminal, views: Sequence[View]) -> None:
    """Print deliveries where there is no room for columns of text: below each head what it is."""
    from rich.padding import Padding
    from rich.text import Text

    heads = [view.head() for view in views]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *heads, strict=True)]
    if views:
        terminal.print(Text("  ".join(map(str.ljust, HEADINGS, widths)).rstrip(), style="bold"))
    for view, head in zip(views, heads, strict=True):
        styles = ("", STATE_STYLES[head[1]], "", "")
        cells = [(cell.ljust(width), style) for cell, width, style in zip(head, widths, styles, strict=True)]
        terminal.print(Text("  ").join(Text(*cell) for cell in cells))
        below = Text("\n").join(filter(None, (_message(view), Text(sanitize_line(view.column("error"))))))
        below.overflow = "fold"
        terminal.print(Padding(below, (0, 0, 0, 2)))


def _message(view: View) -> Text:
    from rich.text import Text

    return Text.assemble((view.message(), "bold"), "\n", (view.origin(), "dim"))


def print_delivery(record: FullRecord, config: Config) -> None:
    """Print what the ledger knows of one delivery, a line for each value that there is, attempt and decision."""
    (view,) = _views([record], config)
    shown = {name: view.column(name) for name in history.COLUMNS if name not in _FLAGS}
    shown |= {name: view.local(getattr(record, name), form=_TO_THE_SECOND) for name in shown if name.endswith("_at")}
    for name, value in (shown | {"error": view.reason()}).items():
        if value:
            say(f"{name:16} {sanitize_line(value)}")
    for number, attempt in enumerate(record.history, 1):
        ended = view.local(attempt.ended_at, form=_TO_THE_SECOND) or "under way"
        error = view.names.in_words(attempt.error or "", record.recipient, address=record.address)
        began = view.local(attempt.started_at, form=_TO_THE_SECOND)
        say(f"attempt {number:<8} {began} - {ended}: {attempt.outcome or ''} {sanitize_line(error)}".rstrip())
    for number, decision in enumerate(record.decisions, 1):
        at = view.local(decision.decided_at, form=_TO_THE_SECOND)
        say(f"decision {number:<7} {at}: {decision.decision} by {decision.decided_by}")
    say(f"times are those of {config.timezone}")


# --- for other programs -----------------------------------------------------------------------------------------------


def export_texts(records: Iterable[Record], *, form: str) -> Iterator[str]:
    """Yield the text of an export; no more than one record of it is in memory at a time."""
    return {"csv": _csv, "json": _json, "ndjson": _ndjson}[form](records)


def _csv(records: Iterable[Record]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(history.COLUMNS)
    for record in records:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow(_cell(value) for value in structs.astuple(record))
    yield line.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return sanitize(value) if isinstance(value, str) else value


def _json(records: Iterable[Record]) -> Iterator[str]:
    before = "[\n"
    for text in _ndjson(records):
        yield before + text.rstrip("\n")
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _ndjson(records: Iterable[Record]) -> Iterator[str]:
    for record in records:
        yield f"{sanitize_json(msgspec.json.encode(record).decode())}\n"
