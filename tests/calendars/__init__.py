"""Calendars for tests: what the big programs export (`*.ics`), the cases of the field (`cases/`), and own ones."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def exported(name: str) -> str:
    """Return the calendar of this name, as a program exports it."""
    return (FOLDER / f"{name}.ics").read_bytes().decode()


def case(name: str) -> bytes:
    """Return a calendar of `cases/`."""
    return (FOLDER / "cases" / f"{name}.ics").read_bytes()


def event(*properties: str, uid: str = "u") -> str:
    """Return a VEVENT with these lines, or with texts of several."""
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", *(each.strip() for each in properties), "END:VEVENT\n"])


def calendar(*components: str, header: str = "") -> str:
    """Return a VCALENDAR."""
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{header}{''.join(components)}END:VCALENDAR\n"
