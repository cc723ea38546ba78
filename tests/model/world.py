"""The clinic that the machine plays with: what stands in its files, its clock, and its runs."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from reminderctl import config as configuration
from reminderctl.bookings import open_bookings
from reminderctl.cli.context import AppContext
from reminderctl.cli.ownership import open_ledger
from reminderctl.clocks import running_clock
from reminderctl.errors import LedgerError
from reminderctl.tick import tick
from tests import http_server
from tests.clinic import Clinic, written
from tests.crash.points import Point
from tests.model.gateway import Arrival, Gateway
from tests.model.killing import die_at, meet_at
from tests.model.spec_model import Message, Rule, Visit
from tests.model.suspending import Sleep, Suspend, suspended

SETTINGS = """\
timezone: Europe/Madrid
channels:
  sms:
    provider: http
    url: {url}/sms
    json: {{to: "{{to}}", text: "{{body}}", key: "{{key}}"}}
    success: {{status: [200]}}
    from: Clinic
"""
_COLUMNS = """
    key, workflow, trigger, action, booking, recipient, participant, event_at, due_at, expires_at, state, attempts,
    settled_at, missing, uncertain_attempts
"""


class Row(NamedTuple):
    """A delivery as the ledger has it."""

    key: str
    message: Message
    due_at: datetime
    expires_at: datetime
    state: str
    attempts: int
    settled_at: datetime | None
    missing: str | None  # what it is held for
    doubts: int  # how many attempts may have reached somebody


Rows = dict[Message, Row]


class Ran(NamedTuple):
    """A run that has ended, or was killed: what it reported, whether it committed, and what arrived meanwhile.

    `sleep` is that of the machine, if it slept.
    """

    counts: dict[str, Any]
    committed: bool
    killed: bool
    arrivals: list[Arrival]
    sleep: Sleep | None = None

    @property
    def did_something(self) -> bool:
        """Whether it wrote down what it did, and when it ended."""
        return any(count for name, count in self.counts.items() if name != "now")


class World:
    """Its workflows and visits are what the files say at this moment."""

    def __init__(self, folder: Path, server: http_server.Server, now: datetime) -> None:
        self.clinic = Clinic(folder)
        self.gateway = Gateway(server, now)
        self.rules: dict[str, Rule] = {}
        self.visits: dict[str, Visit] = {}
        self.phones: dict[str, str] = {}
        self._config: Any = None
        self._messages: dict[str, Message] = {}

    @property
    def now(self) -> datetime:
        return self.gateway.now

    def advance(self, by: timedelta) -> None:
        """Let the clock show a later instant, or an earlier one."""
        self.gateway.advance(by)

    # --- what the operator does ---

    def write(self, *rules: Rule) -> None:
        """Put workflows into the YAML, in the places of those that have their ids."""
        self.rules |= {rule.id: rule for rule in rules}
        texts = "".join(_yaml(rule, self.gateway.url) for rule in self.rules.values())
        self.clinic.write(texts, settings=SETTINGS.format(url=self.gateway.url))
        self._config, self._credentials = configuration.load_with_credentials(self.clinic.folder / "workflows.yaml", {})

    # --- what the booking system does ---

    def save(self, name: str, visit: Visit) -> None:
        """Book a visit, or change it."""
        self.visits[name] = visit
        with closing(sqlite3.connect(self.clinic.folder / "bookings.db")) as connection, connection:
            connection.execute(
                "INSERT OR REPLACE INTO bookings (id, starts_at, ends_at, timezone, status) VALUES (?, ?, ?, ?, ?)",
                (name, written(visit.starts_at), written(visit.ends_at), visit.zone, visit.status),
            )
            connection.execute("DELETE FROM participants WHERE booking_id = ?", (name,))
            connection.executemany(
                "INSERT INTO participants (booking_id, customer_id, position, status) VALUES (?, ?, ?, ?)",
                [(name, guest.customer, place, guest.status) for place, guest in enumerate(visit.guests)],
            )

    def delete(self, name: str) -> None:
        """Forget a visit."""
        del self.visits[name]
        self.clinic.execute("DELETE FROM participants WHERE booking_id = ?", (name,))
        self.clinic.execute("DELETE FROM bookings WHERE id = ?", (name,))

    def filled_tables(self) -> frozenset[str]:
        """The tables that hold visits, or guests, at this moment."""
        filled = {"bookings": bool(self.visits), "participants": any(visit.guests for visit in self.visits.values())}
        return frozenset(table for table, is_filled in filled.items() if is_filled)

    def give_phone(self, customer: str, phone: str) -> None:
        """Write down a customer's number, or correct it."""
        self.phones[f"customer:{customer}"] = phone
        self.clinic.execute("INSERT OR REPLACE INTO customers (id, phone) VALUES (?, ?)", (customer, phone))

    # --- what cron does ---

    def run(
        self,
        *,
        kill: tuple[Point, int] | None = None,
        meet: tuple[Point, Callable[[], None]] | None = None,
        suspend: Suspend | None = None,
    ) -> Ran:
        """What `run` does, without the start of a process: there are thousands of them."""
        runs, seen = self._runs(), len(self.gateway.arrivals)
        counts: dict[str, Any] = {}
        with (
            die_at(*kill) if kill else nullcontext(_never) as killed,
            meet_at(*meet) if meet else nullcontext(),
            suspended(suspend, self.gateway, self._under_way) if suspend else nullcontext() as suspension,
        ):
            clock = running_clock(self.now, time_of_day=suspension.time_of_day) if suspension else lambda: self.now
            config = self._config
            with open_ledger(self._context(), config) as ledger, open_bookings(config) as bookings:
                report = tick(
                    config, ledger, bookings=bookings, load_credentials=lambda: self._credentials, clock=clock
                )
                counts = report.as_json()
            # A run that gave up on a request may end before the request has arrived, and the machine been suspended.
            self.gateway.wait_until_quiet()
        sleep, arrivals = suspension.sleep if suspension else None, self.gateway.arrivals[seen:]
        if sleep:
            arrivals = [sleep.judged_from(each) for each in arrivals]
        return Ran(counts, self._runs() > runs, killed(), arrivals, sleep)

    def _under_way(self) -> frozenset[str]:
        """The keys of what is claimed."""
        with closing(self._read()) as connection:
            return frozenset(key for (key,) in connection.execute("SELECT key FROM deliveries WHERE state = 'sending'"))

    def run_another_configuration(self) -> str:
        """Run one whose file lies beside ours, and names no ledger of its own; give why that is refused."""
        beside = self.clinic.folder / "beside.yaml"
        beside.write_bytes((self.clinic.folder / "workflows.yaml").read_bytes().replace(b'"id": "', b'"id": "other-'))
        try:
            open_ledger(self._context("beside.yaml"), configuration.load(beside, {})).close()
        except LedgerError as refusal:
            return str(refusal)
        return ""

    def _context(self, name: str = "workflows.yaml") -> AppContext:
        return AppContext(str(self.clinic.folder / name))

    def rows(self) -> Rows:
        """All that the ledger remembers."""
        with closing(self._read()) as connection:
            rows = [self._row(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM deliveries")]  # noqa: S608 - constant
        found = {row.message: row for row in rows}
        assert len(found) == len(rows) == len({row.key for row in rows}), "one row and one key for each message"
        return found

    def _row(self, row: tuple[Any, ...]) -> Row:
        key, workflow, trigger, action, visit, recipient, participant, event_at, *rest = row
        due_at, expires_at, state, attempts, settled_at, missing, doubts = rest
        fixed = not recipient.startswith("customer:")
        once_for = participant if fixed and self.rules[workflow].for_each_customer else None
        message = Message(workflow, trigger, action, visit, recipient, once_for, _instant(event_at))
        message = self._messages.setdefault(key, message)  # as its workflow was when it was planned
        ended_at = _instant(settled_at) if settled_at else None
        return Row(key, message, _instant(due_at), _instant(expires_at), state, attempts, ended_at, missing, doubts)

    def _runs(self) -> int:
        with closing(self._read()) as connection:
            return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM runs").fetchone()[0])

    def _read(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{(self.clinic.folder / 'ledger.db').as_uri()}?mode=ro", uri=True)


def _never() -> bool:
    return False


@functools.lru_cache(maxsize=4096)
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _yaml(rule: Rule, url: str) -> str:
    """A workflow; JSON is YAML. Each text names its workflow, its edition and the visit."""
    text = f"{rule.id}|{rule.texts}|{{appointment_id}}"
    fields: dict[str, Any] = {
        "id": rule.id,
        "enabled": rule.enabled,
        "when": rule.when,
        "late_booking": "send" if rule.sends_late else "skip",
        "actions": [
            {"send": "sms", "to": action.to, "body": text, "id": action.name}
            if action.channel == "sms"
            else {"send": "webhook", "url": f"{url}/webhook", "json": {"text": text}, "id": action.name}
            for action in rule.actions
        ],
    }
    if rule.statuses:
        fields["filters"] = {"status": rule.statuses}
    if rule.grace is not None:
        fields["grace"] = f"{int(rule.grace.total_seconds() // 60)} minutes"
    if rule.for_each_customer is not None:
        fields["for_each_customer"] = rule.for_each_customer
    return f"- {json.dumps(fields)}\n"
