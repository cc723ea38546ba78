"""The commands in the order that people meet them, each with a line on what it does.

The list is printed without importing a command, so that help is as fast as a run.
"""

from __future__ import annotations

GROUPS = {
    "Set up": {
        "init": "Write a first set of files into DIR, or here",
        "check": "Report every problem in the YAML, and what was probably not meant",
        "bookings": "Import bookings from another program, or look at them",
        "sources": "Read bookings straight from where they are",
        "cron": "Let cron call `reminderctl run` every minute",
        "demo": "Play two days of a small clinic, minute by minute",
    },
    "Try": {
        "test": "Show every message that the workflows would send",
        "upcoming": "Show what will be sent, when, and to whom",
        "explain": "Say why the messages of BOOKING were sent, or not",
    },
    "Run": {
        "run": "Do all that is due since the last run, once",
        "status": "Say whether all is well",
        "deliveries": "See what was sent, to whom, when, and why not",
        "release": "Release held messages of WORKFLOW",
        "backfill": "Send missed messages of WORKFLOW since T",
    },
    "Keep": {
        "purge": "Delete old deliveries from the ledger",
        "erase": "Erase a person from the ledger",
    },
    "Look up": {
        "help": "Show the help of a command",
        "shortcodes": "List the shortcodes that texts may use",
        "schema": "Print the JSON Schema of the YAML, for editors",
    },
}
COMMANDS = tuple(sorted(name for commands in GROUPS.values() for name in commands))
