"""`reminderctl explain`: the whole reasoning for one booking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import click
from msgspec.structs import asdict

from reminderctl.bookings import open_bookings
from reminderctl.bookings.people import Names, find_names
from reminderctl.cli import lookup
from reminderctl.cli.completions import complete
from reminderctl.cli.console import STATE_STYLES, Console, print_json, say
from reminderctl.cli.context import AppContext, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.core import recipients, timing
from reminderctl.core.matching import FilterResult
from reminderctl.errors import ExitCode, first_lines
from reminderctl.ledger import Ledger
from reminderctl.ledger.history import FullRecord
from reminderctl.model import Booking, Config, Trigger
from reminderctl.text import WEEKDAY, hours_and_minutes, length_in_two_units, local_time, pluralize

if TYPE_CHECKING:
    from reminderctl.reports.explain import Explained, Reasoning


@click.command(cls=DocumentedCommand)
@click.argument("booking_id", metavar="BOOKING", shell_complete=complete("booking"))
@click.argument("workflow_id", metavar="[WORKFLOW]", required=False, shell_complete=complete("workflow"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array: one object per delivery, planned or not.")
@shared_options
def command(app: AppContext, *, booking_id: str, workflow_id: str | None, as_json: bool) -> None:
    """Explain why BOOKING's messages were sent, will be sent, or will not be sent.

    For each trigger: when it is due and when it expires, the result of each filter, and for each recipient what
    happened to the message, attempt by attempt, or why there is none. With --now, as of that time.
    """
    from reminderctl.reports.explain import explain_rest, reason_about
    from reminderctl.reports.reasons import take_snapshot

    config, credentials = app.load_with_credentials(outbox=Path())
    now = app.now(config.timezone)
    workflows = [each for each in config.workflows if workflow_id in (None, each.id)]
    with open_bookings(config) as bookings, Ledger(config.ledger, reading=True) as ledger:
        booking = bookings.find(booking_id)
        problems = [*bookings.problems]  # of this booking; the dry run reads others
        snapshot = take_snapshot(booking_id, config, ledger=ledger, bookings=bookings, now=now)
        if booking is None and not snapshot.records:
            raise lookup.no_booking(bookings, booking_id, problems=problems)
        _refuse_unknown(workflow_id, {record.workflow for record in snapshot.records}, config=config)
        snapshot = snapshot._replace(
            records=[each for each in snapshot.records if workflow_id in (None, each.workflow)]
        )
        reasonings = []
        if booking:
            reasonings = [
                *reason_about(booking, workflows, snapshot=snapshot, config=config, credentials=credentials, now=now)
            ]
        left = explain_rest(snapshot, reasonings, config=config, now=now)
    if as_json:
        print_json([*_objects(reasonings, left)])
    else:
        zone = ZoneInfo(reasonings[0].timezone if reasonings else config.timezone)
        names = _names(config, booking, explained=[*(each for one in reasonings for each in one.deliveries), *left])
        page = _Page(Console(fill=False), booking, zone, now, names)
        _show(page, booking_id, reasonings=reasonings, left=left)
    for line in [*first_lines(config.broken), *problems]:
        say(line, err=True)
    if config.broken:
        raise SystemExit(ExitCode.CONFIGURATION)


def _names(config: Config, booking: Booking | None, *, explained: list[Explained]) -> Names:
    """Return the names of everybody whom a reason may name."""
    ids = {each.customer.id for each in booking.participants} if booking else set()
    ids |= {each.participant for each in explained if each.participant}
    return find_names(config, {*(each.record.recipient for each in explained), *(f"customer:{each}" for each in ids)})


def _refuse_unknown(workflow_id: str | None, recorded: Set[str], *, config: Config) -> None:
    """Raise `UsageError` for a workflow that neither the YAML nor the ledger knows."""
    if workflow_id is not None and workflow_id not in recorded:
        lookup.find_workflow(config, workflow_id, also=sorted(recorded))


def _objects(reasonings: list[Reasoning], left: list[Explained]) -> Iterator[dict[str, Any]]:
    for reasoning in reasonings:
        for record, reason, _, participant in reasoning.deliveries:
            mark = reasoning.marks.get(record.action)
            considered = {
                "timezone": reasoning.timezone,
                "armed_at": timing.instant_text(mark.armed_at) if mark else None,
                "planned_until": timing.instant_text(mark.planned_until) if mark else None,
            }
            asked = reasoning.filters.get(participant or "") or next(iter(reasoning.filters.values()))
            yield {**asdict(record), "reason": reason, **considered, "filters": [asdict(each) for each in asked]}
    for record, reason, *_ in left:
        yield {
            **asdict(record),
            "reason": reason,
            **dict.fromkeys(("timezone", "armed_at", "planned_until")),
            "filters": [],
        }


# --- for people -------------------------------------------------------------------------------------------------------


class _Page(NamedTuple):
    """The page of one explanation, with what its words depend on: the booking, its zone, the instant of asking."""

    console: Console
    booking: Booking | None
    zone: ZoneInfo
    now: datetime
    names: Names

    def clock(self, instant: datetime) -> str:
        """Return an instant on the clock of the booking's zone."""
        return local_time(instant, self.zone, form=f"{WEEKDAY}:%S").removesuffix(":00")

    def local(self, words: str) -> str:
        """Return words with every instant in them on that clock, but not in commands, which are in backticks."""
        return re.sub(r"`[^`]*`|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", self._local, words)

    def in_words(self, words: str, record: FullRecord) -> str:
        """Return words with names for identities, and every instant on that clock."""
        named = self.names.in_words(words, record.recipient, address=record.address)
        return self.local(self.names.rename_all(named))

    def _local(self, match: re.Match[str]) -> str:
        try:
            return self.clock(timing.parse_instant(match[1])) if match[1] else match[0]
        except (ValueError, OverflowError):  # somebody is called so
            return match[0]


def _show(page: _Page, booking_id: str, *, reasonings: list[Reasoning], left: list[Explained]) -> None:
    page.console.line(_heading(booking_id, page), style="bold")
    for number, reasoning in enumerate(reasonings):
        if number == 0 or reasonings[number - 1].workflow is not reasoning.workflow:
            _show_workflow(page, reasoning)
        _show_trigger(page, reasoning)
    if left:
        page.console.line("\nAlso in the ledger, for another time or from an earlier version of the YAML", style="bold")
        for explained in left:
            record = explained.record
            due = page.clock(timing.parse_instant(record.due_at))
            page.console.line(f"{record.workflow}, {record.trigger}, due {due}", indent=2, style="dim")
            _show_delivery(page, explained)


def _heading(booking_id: str, page: _Page) -> str:
    booking, zone = page.booking, page.zone
    if booking is None:
        return f"Booking {booking_id} was deleted or cannot be read"
    service = f" {booking.service.name or booking.service.id}," if booking.service else ""
    who = ", ".join(recipients.name_of_customer(each.customer) for each in booking.participants) or "nobody"
    begins, ends = booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)
    return (
        f"Booking {booking_id}:{service} {begins:%A %d %B %Y %H:%M} to {ends:%H:%M} ({zone.key}), {booking.status}, "
        f"for {who}"
    )


def _show_workflow(page: _Page, reasoning: Reasoning) -> None:
    workflow = reasoning.workflow
    page.console.line(
        "\n",
        (workflow.id, "bold cyan"),
        f"  {workflow.name}" if workflow.name else "",
        ("" if workflow.enabled else "  switched off", "yellow"),
    )
    for customer, asked in reasoning.filters.items():
        whom = f" for {page.names.name(f'customer:{customer}')}" if customer else ""
        verdicts = [part for verdict in asked for part in ("; ", *_verdict(verdict))]
        page.console.line(f"filters{whom}: ", *verdicts[1:], indent=2)


def _verdict(verdict: FilterResult) -> tuple[str | tuple[str, str], ...]:
    if verdict.refusal:
        return ((f"✗ {verdict.refusal}", "red"),)
    wanted = f", must be {' or '.join(verdict.wanted)}" if verdict.wanted else ""
    unwanted = f", must not be {' or '.join(verdict.unwanted)}" if verdict.unwanted else ""
    return ("✓ ", "green"), f"{verdict.filter} is {verdict.value}{wanted}{unwanted}"


def _show_trigger(page: _Page, reasoning: Reasoning) -> None:
    trigger, due = reasoning.trigger, reasoning.due_at
    page.console.line(trigger.text, indent=2, style="bold")
    page.console.line(f"{trigger.anchor} {page.clock(reasoning.event_at)}, {_arithmetic(trigger)}", indent=4)
    page.console.line(
        f"due {page.clock(due)} ({timing.instant_text(due)}, {_relative(due, page.now)}), expires "
        f"{page.clock(reasoning.expires_at)}",
        indent=4,
    )
    spans = {(mark.armed_at, mark.planned_until): action for action, mark in reasoning.marks.items()}
    for (begun, until), action in spans.items() if reasoning.workflow.enabled else ():
        begins = action if len(spans) > 1 else "the trigger"
        page.console.line(
            f"{begins} started at {page.clock(begun)} and is planned until {page.clock(until)}", indent=4, style="dim"
        )
    for explained in reasoning.deliveries:
        _show_delivery(page, explained, each_customer=reasoning.workflow.for_each_customer is True)


def _arithmetic(trigger: Trigger) -> str:
    sign = "minus" if trigger.before else "plus"
    if trigger.days is None:
        length = hours_and_minutes(trigger.minutes)
        return f"{sign} exactly {length}" if length else "at that time"
    days = f"{sign} {pluralize(trigger.days, 'calendar day')}"
    return f"{days}, then {trigger.at:%H:%M} local time" if trigger.at else f"{days}, same wall-clock time"


def _relative(instant: datetime, now: datetime) -> str:
    length = length_in_two_units(abs(instant - now))
    return f"{length} ago" if instant <= now else f"in {length}"


def _show_delivery(page: _Page, explained: Explained, *, each_customer: bool = False) -> None:
    record = explained.record
    state = "held" if record.held else "upcoming" if explained.ahead else record.state or "not sent"
    whom = page.names.whom(record.recipient, record.address)
    if each_customer and (of_whom := f"customer:{explained.participant}") != record.recipient:
        whom += f" for {page.names.name(of_whom)}"
    page.console.line(
        (f"{state:8}", STATE_STYLES.get(state, "cyan" if explained.ahead else "dim")),
        f" {record.action} to {whom}: {page.in_words(explained.reason, record)}",
        indent=4,
    )
    for attempt in record.history if len(record.history) > 1 or record.state != "sent" else []:
        error = page.in_words(attempt.error or "", record)
        outcome = f"{attempt.outcome or 'in progress'}{f': {error}' if error else ''}"
        page.console.line(f"attempt at {page.local(attempt.started_at)}: {outcome}", indent=13, style="dim")
