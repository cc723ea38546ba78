"""The business that the machine of sources plays with: a database, a feed, a bookings.db, the real command line."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.clinic import SETTINGS, WRITTEN_AT, Clinic, written
from tests.crash.points import Point
from tests.model.killing import die_at, meet_at
from tests.model.source_model import Listed
from tests.model.spec_model import Message, Rule

Fault = Literal["gone", "renamed", "garbage", "empty"]
FAULTS: tuple[Fault, ...] = ("gone", "renamed", "garbage", "empty")
QUERY = """\
    query: |
      SELECT id, start_at AS starts_at, end_at AS ends_at, 'UTC' AS timezone, state AS status, id AS customer_id,
             name AS customer_name, id || '@example.com' AS customer_email
      FROM visits WHERE start_at < :until AND end_at > :since
"""
HEADER = "id,starts_at,ends_at,timezone,status,customer_id,customer_name,customer_email\n"
BROKEN = "0 soon"
_COLUMNS = "workflow, trigger, action, booking, recipient, event_at, due_at, expires_at, state, held, missing, error"


class Row(NamedTuple):
    """A delivery as the ledger has it."""

    message: Message
    due_at: datetime
    expires_at: datetime
    state: str
    held: bool
    missing: str | None
    error: str | None


Rows = dict[Message, Row]


class Sent(NamedTuple):
    """A message in the outbox: of which workflow and booking, and in which edition the booking was known."""

    workflow: str
    visit: str
    edition: int


class Ran(NamedTuple):
    """A run that has ended, or was killed: what it reported, its exit code, whether it committed, what was sent."""

    report: dict[str, Any]
    exit_code: int
    said: str
    committed: bool
    killed: bool
    sent: Counter[Sent]


class Source:
    """A source of the YAML, which lists what it lists, unless something is wrong with it."""

    def __init__(
        self, folder: Path, name: str, *, is_database: bool, every: timedelta, max_age: timedelta | None
    ) -> None:
        self.folder, self.name, self.is_database = folder, name, is_database
        self.every, self.max_age = every, max_age
        self.listing: dict[str, Listed] = {}
        self.fault: Fault | None = None
        self.is_active = True
        self._writes = 0

    @property
    def place(self) -> Path:
        return self.folder / (f"{self.name}.db" if self.is_database else self.name)

    @property
    def yaml(self) -> str:
        age = f"{int(self.max_age.total_seconds() // 60)}m" if self.max_age else "none"
        minutes = int(self.every.total_seconds() // 60)
        keys = f"    every: {minutes}m\n    max_age: {age}\n    ahead: 20d\n    behind: 10d\n"
        place = f"    url: sqlite:{self.name}.db\n{QUERY}" if self.is_database else f"    url: {self.name}/*.csv\n"
        return f"  {self.name}:\n{place}{keys}"

    def write(self) -> None:
        """Bring the files up to date with what the source lists, and with what is wrong with it."""
        if self.is_database:
            self._write_database()
        else:
            self._write_feed()
        self._writes += 1  # as if it was written a while ago: an unchanged source is recognized
        for path in [self.place] if self.is_database else self.place.glob("*.csv"):
            if path.exists():
                os.utime(path, times=(WRITTEN_AT + self._writes + 0.5, WRITTEN_AT + self._writes + 0.5))

    def _write_database(self) -> None:
        self.place.unlink(missing_ok=True)
        if self.fault == "gone":
            return
        if self.fault in ("garbage", "empty"):
            self.place.write_bytes(b"no database" * 500 if self.fault == "garbage" else b"")
            return
        table = "hidden" if self.fault == "renamed" else "visits"
        with closing(sqlite3.connect(self.place)) as connection, connection:
            connection.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, start_at, end_at, state, name)")
            connection.executemany(
                f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)",  # noqa: S608 - one of two constants
                [
                    (
                        name,
                        BROKEN if each.is_broken else _stamp(each.starts_at),
                        _stamp(each.ends_at),
                        each.status,
                        _who(each, self.name),
                    )
                    for name, each in self.listing.items()
                ],
            )

    def _write_feed(self) -> None:
        self.place.mkdir(exist_ok=True)
        for path in self.place.iterdir():
            path.unlink()
        if self.fault == "gone":
            return
        header = "a,b,c\n" if self.fault == "renamed" else HEADER
        texts = {"a.csv": header, "b.csv": header}
        for number, (name, each) in enumerate(self.listing.items()):
            cells = (
                name,
                BROKEN if each.is_broken else written(each.starts_at),
                written(each.ends_at),
                "UTC",
                each.status,
            )
            texts["ab"[number % 2] + ".csv"] += (
                ",".join((*cells, name, _who(each, self.name), f"{name}@example.com")) + "\n"
            )
        if self.fault in ("garbage", "empty"):
            texts["b.csv"] = "<html>log in</html>" if self.fault == "garbage" else ""
        for name, text in texts.items():
            (self.place / name).write_text(text, encoding="utf-8")


def _stamp(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}"


def _who(listed: Listed, source: str) -> str:
    return f"{source} {listed.edition}"


class SourceWorld:
    """Its sources list what their files say at this moment."""

    def __init__(self, folder: Path, now: datetime, rules: Iterable[Rule]) -> None:
        self.clinic = Clinic(folder)
        self.now = now
        self.rules = {rule.id: rule for rule in rules}
        self.sources: dict[str, Source] = {}
        self.own: dict[str, Listed] = {}

    # --- what people do ---

    def add(self, name: str, *, is_database: bool, every: timedelta, max_age: timedelta | None) -> Source:
        source = Source(self.clinic.folder, name, is_database=is_database, every=every, max_age=max_age)
        self.sources[name] = source
        return source

    def configure(self) -> None:
        """Write the YAML with the sources that are active."""
        sources = "".join(each.yaml for each in self.sources.values() if each.is_active)
        settings = SETTINGS + (f"sources:\n{sources}" if sources else "")
        self.clinic.write("".join(map(_yaml, self.rules.values())), settings=settings)

    def book_own(self, name: str, listed: Listed) -> None:
        """Book in bookings.db, or move what is there."""
        self.own[name] = listed
        folder = self.clinic.folder
        with closing(sqlite3.connect(folder / "bookings.db")) as connection, connection:
            connection.execute(
                "INSERT OR REPLACE INTO bookings (id, starts_at, ends_at, timezone, status) VALUES (?, ?, ?, 'UTC', ?)",
                (name, written(listed.starts_at), written(listed.ends_at), listed.status),
            )
            connection.execute(
                "INSERT OR REPLACE INTO customers (id, full_name, email) VALUES (?, ?, ?)",
                (name, _who(listed, "own"), f"{name}@example.com"),
            )
            connection.execute(
                "INSERT OR REPLACE INTO participants (booking_id, customer_id) VALUES (?, ?)", (name, name)
            )

    def accept(self, name: str) -> str:
        result = self.clinic.command("sources", "accept", name, "--yes", "--now", written(self.now))
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def delete_mirror(self) -> None:
        self.mirror.unlink(missing_ok=True)

    @property
    def mirror(self) -> Path:
        return self.clinic.folder / "sources.db"

    # --- what cron does ---

    def run(
        self, *, kill: tuple[Point, int] | None = None, meet: tuple[Point, Callable[[], None]] | None = None
    ) -> Ran:
        runs, before = self._runs(), set(self.clinic.outbox())
        result: Any = None
        with (
            die_at(*kill) if kill else nullcontext(lambda: False) as killed,
            meet_at(*meet) if meet else nullcontext(),
        ):
            result = self.clinic.command("run", "--json", "--now", written(self.now))
        new = [path for path in self.clinic.outbox() if path not in before]
        sent = Counter(_understand(path.read_text(encoding="utf-8")) for path in new)
        if result is None:
            return Ran({}, 0, "", self._runs() > runs, killed(), sent)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code in (0, 1), result.output
        return Ran(json.loads(result.stdout), result.exit_code, result.stderr, self._runs() > runs, killed(), sent)

    def sync(self, name: str) -> dict[str, Any]:
        """Read one source, without a run."""
        result = self.clinic.command("sources", "sync", name, "--json", "--now", written(self.now))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        found: dict[str, Any] = json.loads(result.stdout)[name]
        return found

    def dry_run(self) -> None:
        result = self.clinic.command("run", "--dry-run", "--now", written(self.now))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception

    def rows(self) -> Rows:
        """All that the ledger remembers."""
        with closing(self._read()) as connection:
            rows = [_row(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM deliveries")]  # noqa: S608 - constant
        found = {row.message: row for row in rows}
        assert len(found) == len(rows), "one row for each message"
        return found

    def written_at(self, now: datetime) -> set[str]:
        """The sources that were written into sources.db by the reading that began at an instant."""
        if not self.mirror.exists():
            return set()
        with closing(sqlite3.connect(f"{self.mirror.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT name FROM sources WHERE began_at = ?", (written(now),))
            return {name for (name,) in rows}

    def _runs(self) -> int:
        with closing(self._read()) as connection:
            return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM runs").fetchone()[0])

    def _read(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{(self.clinic.folder / 'ledger.db').as_uri()}?mode=ro", uri=True)


def message_of(message: Message) -> Message:
    """Return what makes a message the same message here, where each booking has one customer."""
    return message._replace(recipient="", once_for=None)


def _row(row: tuple[Any, ...]) -> Row:
    workflow, trigger, action, visit, _, event_at, due_at, expires_at, state, held, missing, error = row
    instants = [datetime.fromisoformat(each).astimezone(UTC) for each in (event_at, due_at, expires_at)]
    message = Message(workflow, trigger, action, visit, "", None, instants[0])
    return Row(message, instants[1], instants[2], state, bool(held), missing, error)


def _understand(text: str) -> Sent:
    line = next(line for line in text.splitlines() if line.startswith("Subject: "))
    workflow, visit, who = line.removeprefix("Subject: ").split("|")
    source, edition = who.split()
    return Sent(workflow, visit if source == "own" else f"{source}:{visit}", int(edition))


def _yaml(rule: Rule) -> str:
    """A workflow; JSON is YAML. Each subject names its workflow, the booking and its edition."""
    fields: dict[str, Any] = {
        "id": rule.id,
        "when": rule.when,
        "late_booking": "send" if rule.sends_late else "skip",
        "actions": [
            {
                "send": "email",
                "to": "customer",
                "subject": f"{rule.id}|{{appointment_id}}|{{customer_full_name}}",
                "body": "x",
            }
        ],
    }
    if rule.grace is not None:
        fields["grace"] = f"{int(rule.grace.total_seconds() // 60)} minutes"
    return f"- {json.dumps(fields)}\n"


def listings(sources: Mapping[str, Source]) -> dict[str, dict[str, Listed]]:
    """Return what the sources list at this moment."""
    return {name: dict(source.listing) for name, source in sources.items()}
