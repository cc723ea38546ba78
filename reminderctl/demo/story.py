"""The story of the demonstration: bookings, a move, a cancellation, half an hour without cron."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from reminderctl.core.timing import instant_of, instant_text

LENGTH = timedelta(days=2)
CUSTOMERS = (  # name, language, zone
    ("Ana García", "es", None),
    ("Ben Smith", "en", None),
    ("Eva Núñez", "es", None),
    ("Tom Brown", "en", None),
    ("Mia Lopez", "en", "America/New_York"),
)
SERVICES = (("haircut", "Corte de pelo"), ("yoga", "Yoga"), ("consultation", "Consultation"), ("video", "Video call"))
BOOKINGS = (  # id and service, hour of the second day, minutes, zone, customers
    ("haircut", 10, 30, None, ("ana",)),
    ("consultation", 11, 45, None, ("ben",)),
    ("video", 15, 30, "America/New_York", ("mia",)),
    ("yoga", 18, 60, None, ("ana", "eva", "tom")),
)


class StoryEvent(NamedTuple):
    """Something that happens from outside: when, in words, and what it changes in which booking."""

    at: datetime
    words: str
    booking: str
    change: Mapping[str, Any]


class Story:
    """Two days of a clinic, from seven in the morning of the day on which `now` falls."""

    def __init__(self, now: datetime, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._first_day = now.astimezone(self._zone).date()
        self.begins_at = self.at(0, 7)
        self.ends_at = self.begins_at + LENGTH
        self.cron_is_down = (self.at(1, 13, minute=50), self.at(1, 14, minute=20))

    def at(self, day: int, hour: int, *, minute: int = 0) -> datetime:
        """The instant of a wall clock of the first day (0) or a later one."""
        date = self._first_day + timedelta(days=day)
        return instant_of(datetime.combine(date, time(hour, minute)), self._zone)

    def events(self) -> list[StoryEvent]:
        """Return the changes that the booking system makes while the minutes pass."""
        later = {"starts_at": instant_text(self.at(1, 20)), "ends_at": instant_text(self.at(1, 20, minute=30))}
        return [
            StoryEvent(self.at(0, 17), "Ana moves her haircut from 10:00 to 20:00 of tomorrow", "haircut", later),
            StoryEvent(self.at(0, 21), "Ben cancels his consultation", "consultation", {"status": "canceled"}),
        ]

    def write_bookings(self, path: Path) -> None:
        """Fill an empty bookings database."""
        database = Database(path)
        with database.atomic():
            database.table("services").insert_all({"id": name, "name": words} for name, words in SERVICES)
            database.table("customers").insert_all(
                _customer(name, language, zone=zone) for name, language, zone in CUSTOMERS
            )
            for name, hour, minutes, zone, people in BOOKINGS:
                starts_at = self.at(1, hour)
                database.table("bookings").insert(
                    {
                        "id": name,
                        "starts_at": instant_text(starts_at),
                        "ends_at": instant_text(starts_at + timedelta(minutes=minutes)),
                        "timezone": zone,
                        "service_id": name,
                    }
                )
                database.table("participants").insert_all(
                    {"booking_id": name, "customer_id": person, "position": position}
                    for position, person in enumerate(people)
                )
        database.close()


def happen(path: Path, event: StoryEvent) -> None:
    """Let one event change the bookings."""
    database = Database(path)
    database.table("bookings").update(event.booking, dict(event.change))
    database.close()


def _customer(name: str, language: str, *, zone: str | None) -> dict[str, str | None]:
    first = name.split()[0].lower()
    return {"id": first, "full_name": name, "email": f"{first}@example.com", "language": language, "timezone": zone}
