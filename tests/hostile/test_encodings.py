"""Terminals and locales that lack the characters of a name: every command prints what it has to say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clinic import Clinic

NAME = "Ñandú Ωμέγα 日本 😀"
REMIND = """\
- id: w
  name: Recordatorio — €
  when: 1 day before start
  actions:
    - {send: email, to: customer, subject: "¡Hola {customer_full_name}!", body: "{custom.note} …"}
    - {send: webhook, url: "http://127.0.0.1:1/{custom.note}", json: "{customer_full_name}"}
"""
SETTINGS = "timezone: Europe/Madrid\nlanguage: es\ncompany: {name: Clínica Ω}\noutbox: outbox\n"
SOON = "2026-06-09T09:30Z"
COMMANDS = [
    "check",
    "check --json",
    "check missing-ñ-Ω.yaml",
    "run -v --dry-run --now 2026-06-09T10:00Z",
    "run -v --now 2026-06-09T10:00Z",
    "run --json --now 2026-06-09T10:01Z",
    "test",
    "test --json",
    "test --booking b-Ω",
    "test w-Ω",
    "upcoming --within 3d",
    "upcoming --within 3d --json",
    "explain b-Ω",
    "explain b-Ω --json",
    "deliveries list",
    "deliveries list --json",
    "deliveries show 1",
    "deliveries show 1 --json",
    "deliveries export",
    "deliveries export --format json",
    "deliveries export --format ndjson",
    "deliveries retry 1",
    "bookings list",
    "bookings list --json",
    "bookings show b-Ω",
    "bookings show b-Ω --json",
    "bookings import table-Ω.csv",
    "bookings import bad-Ω.csv",
    "status",
    "status --json",
    "status --prometheus metrics-Ω.prom",
    "backfill w --since 2026-06-01 --dry-run",
    "release w",
    "purge --older-than 90d --dry-run",
    "erase ana-Ω --dry-run",
    "erase ana-Ω --dry-run --json",
    "cron show",
    "init new-Ω",
    "shortcodes",
    "schema",
    "--help",
    "no-such-command-Ω",
]
# Forced colours make rich print as to a terminal.
DRIVER = """
import json, sys
from reminderctl.cli import main

for number, words in enumerate(json.loads(sys.argv[1])):
    sys.stdout.write(f"\\x1e{number}\\n")
    sys.stdout.flush()
    try:
        main(words)
    except SystemExit:
        pass
"""
LATIN_1, ASCII = {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}
TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}
HOW = {"Latin-1": LATIN_1, "Latin-1, terminal": LATIN_1 | TERMINAL, "ASCII": ASCII, "C": {"LC_ALL": "C"}}


def play(clinic: Clinic, environment: dict[str, str]) -> dict[str, bytes]:
    """What each command printed on standard output; nothing went wrong that a command did not expect."""
    folder = clinic.folder
    table = f"id,starts_at,ends_at,customer_name\nx-Ω,2026-07-01T10:00,2026-07-01T11:00,{NAME}\n"
    (folder / "table-Ω.csv").write_text(table, encoding="utf-8")
    (folder / "bad-Ω.csv").write_text(table.replace("2026-07-01T10:00", NAME), encoding="utf-8")
    clinic.write(REMIND, settings=SETTINGS)
    clinic.run("2026-06-09T09:00Z")
    clinic.book("b-Ω", "2026-06-10T10:00Z", customers=({"id": "ana-Ω", "full_name": NAME},), fields={"note": "€"})
    given = ["-c", "workflows.yaml"]
    words = [[*given, *(["--now", SOON] if "--now" not in each else []), *each.split()] for each in COMMANDS]
    ran = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-1500:]
    assert b"Traceback" not in ran.stderr
    parts = ran.stdout.split(b"\x1e")[1:]
    assert len(parts) == len(COMMANDS)
    return {name: part.partition(b"\n")[2] for name, part in zip(COMMANDS, parts, strict=True)}


@pytest.mark.parametrize("how", HOW)
def test_no_character_ends_a_command(clinic: Clinic, how: str) -> None:
    said = play(clinic, HOW[how])
    for command, output in said.items():
        if "json" in command and "ndjson" not in command:
            json.loads(output.decode())  # whatever the locale, JSON is UTF-8
    assert NAME in {customer["full_name"] for customer in _customers(said["bookings list --json"])}
    lines = said["deliveries export --format ndjson"].decode().splitlines()
    assert next(json.loads(line)["recipient"] for line in lines) == "customer:ana-Ω"


def _customers(listed: bytes) -> list[dict[str, str]]:
    return [
        participant["customer"] for booking in json.loads(listed.decode()) for participant in booking["participants"]
    ]
