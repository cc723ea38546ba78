"""What commands show of hostile texts: no character that makes a terminal do something reaches it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from reminderctl.cli import main
from tests.clinic import Clinic
from tests.hostile.hostile_clinic import DUE, arm, book
from tests.hostile.values import TEXTS

SOON = "2026-06-09T09:30Z"
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SHORT = [text for text in TEXTS.values() if len(text) < 1000]
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b8m\u202eAna\x00"
ACTIONS = """\
{send: email, to: customer, subject: "{custom.key}", body: "{customer_full_name}", html: "<p>{custom.key}"}
  - {send: webhook, url: "https://example.com/{custom.key}", headers: {X-Name: "{staff_name}"}, json: "{custom.key}"}
  - {send: sms, to: staff, body: "{custom.key}"}
  - {send: email, id: place, to: location, subject: x, body: "{custom.key}"}
  except: {service: Internal, status: gone}
"""
COMMANDS = {  # and how they exit
    ("run", "-v", "--dry-run", "--now", DUE): 0,
    ("run", "-v", "--now", DUE): 1,
    ("deliveries", "list"): 0,
    ("deliveries", "show", "{delivery}"): 0,
    ("deliveries", "retry", "{delivery}"): 0,
    ("deliveries", "cancel", "{delivery}"): 0,
    ("explain", "{booking}"): 0,
    ("upcoming", "--within", "3 days"): 0,
    ("upcoming", "--booking", "{booking}"): 0,
    ("bookings", "list"): 0,
    ("bookings", "show", "{booking}"): 0,
    ("test", "--booking", "{booking}"): 1,
    ("check",): 0,
    ("status",): 1,
    ("erase", "{customer}", "--dry-run"): 0,
    # ... and what cannot be found
    ("explain", EVIL): 2,
    ("explain", "{booking}", EVIL): 2,
    ("bookings", "show", EVIL): 2,
    ("upcoming", "--workflow", EVIL): 2,
    ("test", EVIL): 2,
    ("erase", EVIL, "--dry-run"): 2,
    ("backfill", EVIL, "--since", "2026-06-01"): 2,
    ("release", EVIL): 2,
    ("run", "--now", EVIL): 2,
    ("check", EVIL.replace("\x00", "")): 2,
}
OWNED = f"{EVIL}{len(SHORT)}"  # the id of the last booking, and of its customer


@pytest.fixture
def shop(clinic: Clinic) -> Clinic:
    """A clinic with a booking for each text, of which nothing has been sent yet; filters name what it has not."""
    arm(clinic, ACTIONS, channels="{}\noutbox: outbox")
    book(clinic, [*SHORT, EVIL])
    return clinic


@pytest.mark.parametrize("terminal", [False, True], ids=["piped", "terminal"])
def test_no_command_sends_a_control_character_to_the_terminal(shop: Clinic, *, terminal: bool) -> None:
    environment = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"} if terminal else {}
    names: dict[str, str] = {"{booking}": OWNED, "{customer}": OWNED}
    for command, exits in COMMANDS.items():
        words = [names.get(word, word) for word in command]
        options = ["--config", str(shop.folder / "workflows.yaml"), *(() if "--now" in words else ("--now", SOON))]
        result = CliRunner().invoke(main, [*options, *words], env=environment, color=terminal)
        assert result.exit_code == exits, (command, result.output, result.exception)
        assert result.output, command
        shown = COLOUR.sub("", result.stdout) + result.stderr
        assert not HARMFUL.search(shown), (command, [line for line in shown.split("\n") if HARMFUL.search(line)][:3])
        if command == ("run", "-v", "--now", DUE):
            names["{delivery}"] = str(shop.deliveries("--booking", OWNED, "--state", "failed")[0]["id"])


def test_json_says_the_same_and_is_harmless_to_a_terminal(shop: Clinic) -> None:
    shop.command("run", "--now", DUE)
    for command in ("deliveries list", "bookings list", "upcoming", "test --booking", "explain", "bookings show"):
        about = [] if command in ("deliveries list", "bookings list", "upcoming") else [OWNED]
        result = shop.command("--now", SOON, *command.split(), *about, "--json")
        assert not HARMFUL.search(result.stdout), command
        assert any(OWNED in text for text in strings(json.loads(result.stdout))), command


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_an_export_is_harmless_to_a_terminal(shop: Clinic, form: str) -> None:
    shop.command("run", "--now", DUE)
    exported = shop.command("deliveries", "export", "--format", form)
    assert exported.exit_code == 0
    assert not HARMFUL.search(exported.stdout)
    if form != "csv":
        assert OWNED in {each["booking"] for each in map(json.loads, _records(exported.stdout))}


def _records(text: str) -> list[str]:
    return [line.rstrip(",") for line in text.splitlines() if line.startswith("{")]


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(part)


def test_whatever_a_booking_says_it_can_be_explained_and_shown(shop: Clinic) -> None:
    shop.command("run", "--now", DUE)
    for number, text in enumerate([*SHORT, EVIL]):
        for command in ("explain", "bookings show", "upcoming --within=3d --booking"):
            result = shop.command(
                "--now", SOON, *command.split(), *([] if "=" in command else ["--"]), f"{text}{number}"
            )
            assert result.exit_code == 0, (command, result.output, result.exception)


def test_a_row_stays_one_row(shop: Clinic) -> None:
    shop.command("run", "--now", DUE)
    for command, width in (("deliveries list", 10), ("bookings list", 9), ("upcoming", 9)):
        lines = shop.command("--now", SOON, *command.split()).stdout.splitlines()
        assert {line.count("\t") + 1 for line in lines} == {width}


def test_what_cron_mails_is_short(clinic: Clinic) -> None:
    arm(clinic, "{send: email, to: location, subject: x, body: x}", channels="{}\noutbox: outbox")
    book(clinic, [TEXTS["long"]])
    mailed = clinic.command("run", "--now", DUE)
    assert mailed.exit_code == 1
    assert 50 < len(mailed.output) < 5_000


@pytest.mark.parametrize(
    "command",
    [
        "explain X",
        "bookings show X",
        "upcoming --booking X",
        "test --booking X",
        "test X",
        "release X",
        "erase --dry-run X",
        "deliveries list --recipient X",
        "deliveries export --workflow X",
        "check X",
        "run --now X",
    ],
)
def test_an_argument_that_is_not_utf8_is_a_usage_error(shop: Clinic, command: str) -> None:
    words = ["\udcff" if word == "X" else word for word in command.split()]  # as Python reads the byte 0xff
    result = shop.command(*words)
    assert result.exit_code == 2, result.exception
    assert result.stderr.encode()
