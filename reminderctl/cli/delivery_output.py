"""Deliveries as people, line-based programs and spreadsheets see them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import structs

from reminderctl.cli.console import STATE_STYLES, print_lines, sanitize_json, say
from reminderctl.core import timing
from reminderctl.ledger import history
from reminderctl.ledger.history import FullRecord, Record
from reminderctl.text import local_time, pluralize, sanitize, sanitize_line

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

COLUMNS = ("id", "state", "due_at", "workflow", "action", "booking", "recipient", "address", "error")
SHOWN = 500  # deliveries that a person is shown who does not say how many
NARROW, NARROWEST = 110, 56  # columns of a terminal: below, the reason and then the text go under what is before


def print_deliveries(find: Callable[..., Iterator[Record]], timezone: str, *, limit: int | None) -> None:
    """Print a row for each that `find` yields, by the configured zone's clock; tab-separated lines off a terminal.

    A person sees the last `SHOWN`, if there is no `limit`; `find` then takes the keywords of `history.find`.
    """
    from reminderctl.cli.terminal import Terminal

    terminal, zone = Terminal(highlight=False), ZoneInfo(timezone)
    if not terminal.is_terminal:
        print_lines(COLUMNS, ([_shown(record, column) for column in COLUMNS] for record in find()))
        return
    records = list(find()) if limit else list(find(newest_first=True, limit=SHOWN + 1))[::-1]
    are_left_out = limit is None and len(records) > SHOWN
    records = records[are_left_out:]
    if terminal.width < NARROWEST:
        for record in records:
            terminal.print(_in_lines(record, zone))
    else:
        terminal.print(_table(records, zone, narrow=terminal.width < NARROW))
    count = pluralize(len(records), "delivery")
    if are_left_out:
        count = (
            f"the last {count}; `--until` and the other options choose, `--limit` shows more, beginning with the oldest"
        )
    terminal.print(f"[dim]{count}, due by the clock of {timezone}[/]" if records else "there are no such deliveries")


def _table(records: Sequence[Record], zone: ZoneInfo, *, narrow: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in ("id", "state", "due"):
        table.add_column(no_wrap=True)
    for _ in ("what",) if narrow else ("what", "why"):
        table.add_column(overflow="fold")
    for record in records:
        cells = [_message(record), _reason(record)]
        table.add_row(*_head(record, zone), *([Text("\n").join(filter(None, cells))] if narrow else cells))
    return table


def _in_lines(record: Record, zone: ZoneInfo) -> Group:
    """Return one delivery where there is no room for columns."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    below = Text("\n").join(filter(None, (_message(record), _reason(record))))
    below.overflow = "fold"
    return Group(Text("  ").join(_head(record, zone)), Padding(below, (0, 0, 0, 2)))


def _head(record: Record, zone: ZoneInfo) -> tuple[Text, Text, Text]:
    from rich.text import Text

    state = _shown(record, "state")
    due = local_time(timing.parse_instant(record.due_at), zone)
    return Text(str(record.id)), Text(state, style=STATE_STYLES[state]), Text(due)


def print_delivery(record: FullRecord) -> None:
    """Print everything that the ledger knows of one delivery, a line for each value, attempt and decision."""
    for name in history.COLUMNS:
        value = getattr(record, name)
        say(f"{name:16} {'' if value is None else sanitize_line(str(value))}")
    for number, attempt in enumerate(record.history, 1):
        ended = f"{attempt.ended_at or 'under way'}: {attempt.outcome or ''}"
        say(f"attempt {number:<8} {attempt.started_at} - {ended} {attempt.error or ''}".rstrip())
    for number, decision in enumerate(record.decisions, 1):
        say(f"decision {number:<7} {decision.decided_at}: {decision.decision} by {decision.decided_by}")


def _message(record: Record) -> Text:
    from rich.text import Text

    recipient, address = record.recipient, record.address
    to = recipient if address in (None, recipient) else f"{recipient}, {address}"
    return Text.assemble(
        (sanitize_line(f"{record.action} to {to}"), "bold"),
        "\n",
        (sanitize_line(f"{record.workflow}, booking {record.booking}"), "dim"),
    )


def _reason(record: Record) -> Text:
    from rich.text import Text

    return Text(sanitize_line(_shown(record, "error")))


def _shown(record: Record, column: str) -> str:
    if column == "state" and record.held:
        return "held"
    if column == "error" and record.held and record.missing:
        return record.missing
    value = getattr(record, column)
    return "" if value is None else str(value)


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
