"""What an idle run, and the import of a channel, must not load (docs/explanation/architecture.md)."""

from __future__ import annotations

HEAVY = {
    "babel",
    "click.shell_completion",
    "email",
    "hashlib",
    "icalendar",
    "importlib.metadata",
    "inscriptis",
    "jinja2",
    "jsonschema",
    "lxml",
    "phonenumbers",
    "requests",
    "rich",
    "smtplib",
    "sqlite_utils",
    "ssl",
    "urllib.request",
    "yaml",
}


def is_heavy(module: str) -> bool:
    """Say whether a module, or the library that it is a part of, takes its time to be loaded."""
    return module in HEAVY or module.partition(".")[0] in HEAVY
