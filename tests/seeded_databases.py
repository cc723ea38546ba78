"""Databases like those of booking programs, with made-up rows, and what a source has to make of them.

`tests/databases/NAME/` holds the tables, the rows and `expected.json`, which says what must come out.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from reminderctl import config
from reminderctl.source_settings import SourceSettings
from tests.clinic import SETTINGS, Clinic
from tests.database_servers import PASSWORD, DatabaseServer

DATABASES = Path(__file__).parent / "databases"
NOW = "2026-11-23T08:00:00Z"
HOUR = """\
- id: hour
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: "booking {appointment_id}", body: "{service_name}"}]
"""
WINDOW = "    ahead: 190d\n    behind: 60d\n"
_NUMBERS = itertools.count()


def seed(server: DatabaseServer, name: str) -> str:
    """A database of its own with the tables and rows of a program."""
    database = f"d{next(_NUMBERS)}_{name}"
    server.make(database, DATABASES / name / "schema.sql", DATABASES / name / "seed.sql")
    return database


def connect(clinic: Clinic, server: DatabaseServer, database: str, *, preset: str, more: str = WINDOW) -> None:
    (clinic.folder / "secrets.env").write_text(f"DATABASE_PASSWORD='{PASSWORD}'\n", encoding="utf-8")
    (clinic.folder / "secrets.env").chmod(0o600)
    (clinic.folder / "bookings.db").unlink(missing_ok=True)
    keys = (f"preset: {preset}", f"url: {server.url(database)}", 'password: "${DATABASE_PASSWORD}"')
    source = "sources:\n  clinic:\n" + "".join(f"    {each}\n" for each in keys)
    clinic.write(HOUR, settings=f"{SETTINGS}{source}{more}")


def settings_of(clinic: Clinic) -> SourceSettings:
    """Return the settings of the clinic's source, from its YAML."""
    (settings,) = config.load(clinic.folder / "workflows.yaml", {}).sources
    return settings


def expected(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATABASES / name / "expected.json").read_text(encoding="utf-8"))[
        "bookings"
    ]
    return found


def stored(clinic: Clinic) -> list[dict[str, Any]]:
    result = clinic.command("bookings", "list", "--json", "--now", NOW, "--since", "2026-01-01T00:00Z")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def as_expected(booking: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """A booking as `bookings list --json` shows it, in the form of `expected.json`, with those fields that it names."""
    people = []
    for each, other in zip(booking["participants"], like["participants"], strict=True):
        customer = each["customer"]
        fields = {**booking["fields"], **(each["fields"] or {})}
        people.append(
            {
                "customer_id": customer["id"].removeprefix("clinic:"),
                "name": customer["full_name"],
                "email": customer["email"],
                "phone": customer["phone"],
                "language": each["language"] or customer["language"],
                "timezone": customer["timezone"],
                "status": each["status"],
                "appointment_id": other["appointment_id"] and str(fields["appointment_id"]),
            }
        )
        assert other.keys() == people[-1].keys()
    found = {name: booking[name] for name in ("starts_at", "ends_at", "timezone", "status")}
    for name in ("service", "staff", "location"):
        found[name] = (booking[name] or {}).get("name")
    fields = {**booking["fields"], **(booking["participants"][0]["fields"] if booking["participants"] else {})}
    found["id"] = booking["id"].removeprefix("clinic:")
    found["staff_email"] = (booking["staff"] or {}).get("email")
    found["participants"] = people
    found["fields"] = {name: fields.get(name) for name in like["fields"]}
    return {name: found[name] for name in like}


def subjects(clinic: Clinic) -> list[str]:
    """Return the address and the subject of each message in the outbox, in order."""
    found = []
    for path in clinic.outbox():
        text = path.read_text(encoding="utf-8")
        lines = dict(line.split(": ", 1) for line in text.partition("\n\n")[0].splitlines() if ": " in line)
        found.append(f"{lines['To'].rpartition('<')[2].rstrip('>')}: {lines['Subject']}")
    return found
