"""The longer statements by which bookings.db is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from reminderctl.model import Location, Service, Staff

VIEWS = "SELECT sql FROM sqlite_master WHERE type = 'view'"
# The functions of time take the time of day where they are given none.
CLOCK = r"""(?ix)
    now | current | subsec | \( \s* (?: \) | /\* | -- )
    | strftime \s* \( \s* (?: '[^']*' | "[^"]*" | [^,()'"]* ) \s* \)
"""

# From each name straight to the next one: the cost follows the number of zones, not of bookings.
EACH_TIMEZONE = """
WITH RECURSIVE each_timezone (name) AS (
    SELECT MIN(timezone) FROM bookings
    UNION ALL
    SELECT (SELECT MIN(timezone) FROM bookings WHERE timezone > each_timezone.name)
    FROM each_timezone WHERE each_timezone.name IS NOT NULL
)
SELECT name FROM each_timezone
"""

SELECT = """
SELECT b.id, b.starts_at, b.ends_at, b.timezone, b.status, b.service_id, b.staff_id, b.location_id, b.fields,
       p.customer_id, p.status, p.language, p.fields,
       c.full_name, c.first_name, c.last_name, c.email, c.phone, c.telegram, c.language, c.timezone, c.fields
FROM bookings AS b
LEFT JOIN participants AS p ON p.booking_id = b.id
LEFT JOIN customers AS c ON c.id = p.customer_id
"""

COUNT_STATUSES = """
SELECT 'booking', status, COUNT(*) FROM (SELECT status FROM bookings WHERE ends_at > :since LIMIT :most)
GROUP BY status
UNION ALL
SELECT 'participant', status, COUNT(*) FROM (
    SELECT p.status AS status FROM bookings AS b JOIN participants AS p ON p.booking_id = b.id
    WHERE b.ends_at > :since AND p.status <> '' LIMIT :most
)
GROUP BY status
"""

# Of each customer whose zone is looked at: the id, the zone, and what people call them.
OWN_ZONES = """
SELECT id, timezone, COALESCE(full_name, email, phone, id) FROM customers WHERE timezone <> '' LIMIT :most
"""

ZONES_AHEAD = """
SELECT c.id, c.timezone, COALESCE(c.full_name, c.email, c.phone, c.id), b.id FROM bookings AS b
JOIN participants AS p ON p.booking_id = b.id
JOIN customers AS c ON c.id = p.customer_id
WHERE b.ends_at > :since AND b.ends_at <= :until AND c.timezone <> ''
LIMIT :most
"""

ENTITIES: dict[type[Any], str] = {Service: "services", Staff: "staff", Location: "locations"}

IS_TABLE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'bookings'"


def count(anchor: Literal["start", "end"]) -> str:
    """Return the statement that counts the bookings whose start or end lies in a window, and their participants."""
    column = f"{anchor}s_at"
    return f"""
    WITH ours (are) AS (
        SELECT COUNT(*) = 2 FROM sqlite_master WHERE type = 'table' AND name IN ('bookings', 'participants')
    )
    SELECT CASE WHEN are THEN (SELECT COUNT(*) FROM bookings WHERE {column} > :since AND {column} <= :until) ELSE 0 END,
        CASE WHEN are THEN (
            SELECT COUNT(*) FROM bookings JOIN participants ON participants.booking_id = bookings.id
            WHERE {column} > :since AND {column} <= :until
        ) ELSE 0 END
    FROM ours
    """  # noqa: S608 - the name of a column


def other_forms(days: Sequence[str], *, by_index: bool) -> str:
    """Return the statement for bookings from the first of some days to the last whose times have no T after the day.

    By an index it goes from where the times of a day with a T begin straight to where they end; else through all.
    """
    inner = days[:-1] if by_index else []
    firsts, lasts = [days[0], *(f"{day}U" for day in inner)], [*(f"{day}T" for day in inner), days[-1]]
    terms = (
        f"({name} >= '{first}' AND {name} < '{last}' AND substr({name}, 11, 1) <> 'T')"
        for first, last in zip(firsts, lasts, strict=True)
        for name in ("starts_at", "ends_at")
    )
    return f"SELECT id, starts_at, ends_at FROM bookings WHERE {' OR '.join(terms)} LIMIT :most"  # noqa: S608


def select_entities(kind: type[Any]) -> str:
    """Return the statement for all rows of one of the small tables, in the order of the struct's fields."""
    return f"SELECT {', '.join(kind.__struct_fields__)} FROM {ENTITIES[kind]}"  # noqa: S608 - names of columns
