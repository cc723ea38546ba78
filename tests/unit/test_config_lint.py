"""What `check` warns of, and whether it happens."""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from reminderctl.cli import main
from reminderctl.config.lint.schedule import can_fire
from reminderctl.core import planning, timing
from reminderctl.model import Booking, Config
from tests.clinic import SETTINGS, Clinic

PAGE = Path(__file__).parents[2] / "docs/reference/warnings.md"
MAIL = "{send: email, to: customer, subject: Hi, body: Hi}"
HEADER = "timezone: Europe/Madrid\nlanguage: es\noutbox: out\ncompany: {name: Clínica Sol}\nworkflows:\n"
AT = "workflows[0] w: "


def check(folder: Path, text: str, *options: str) -> Result:
    (folder / "workflows.yaml").write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["check", str(folder / "workflows.yaml"), *options])


def warnings(folder: Path, text: str) -> list[str]:
    """The warnings, without the file's name."""
    result = check(folder, text)
    assert result.exit_code == 0, (result.output, result.exception)
    mark = f"{folder / 'workflows.yaml'}:"
    *lines, _ = [line for line in result.stdout.splitlines() if not line.startswith("note: ")]
    assert all(line.startswith(mark) and ": warning: " in line for line in lines), lines
    return [line.removeprefix(mark).replace(" warning: ", " ") for line in lines]


def workflow(*lines: str, name: str = "w") -> str:
    return "".join(
        f"{'  - ' if number == 0 else '    '}{line}\n" for number, line in enumerate([f"id: {name}", *lines])
    )


BEFORE, REMIND = "when: 1 day before start", f"actions: [{MAIL}]"
LONG = "Le esperamos el {appointment_date} a las {appointment_start_time} en {location_address}. " * 6

WARNED = {
    "a language that the body lacks": (
        workflow(
            BEFORE,
            "actions:",
            "  - send: email",
            "    to: customer",
            "    subject: {es: a, en: b}",
            "    body: {es: a}",
        ),
        (
            f"12:15: {AT}actions[0]: body: no text in `en`, which other texts in this file have: customers "
            'who read en get es; add `en: "..."`'
        ),
    ),
    "a language that the filter asks for": (
        workflow(BEFORE, "filters: {language: [es, fr]}", "actions: [{send: sms, to: customer, body: {es: a, en: b}}]"),
        (
            f"9:47: {AT}actions[0]: body: no text in `fr`, which the language filter includes: customers "
            'who read fr get es; add `fr: "..."`'
        ),
    ),
    "a language code that is none, in a text": (
        workflow(BEFORE, "actions: [{send: sms, to: customer, body: {es: a, jp: b}}]"),
        (
            f"8:55: {AT}actions[0]: body: `jp` is not a language code (use codes such as es, en, pt-BR): only "
            "customers whose language is written exactly like this get this text"
        ),
    ),
    "an SMS that is too long": (
        workflow(BEFORE, f'actions: [{{send: sms, to: customer, body: "{LONG}"}}]'),
        f"8:47: {AT}actions[0]: body: in es this takes about 4 SMS, each of which costs money; shorten it to 3",
    ),
    "a letter that makes an SMS longer": (
        workflow(
            BEFORE,
            'actions: [{send: sms, to: staff, body: "Venga aquí el {appointment_date_time} con {staff_name}: uno"}]',
        ),
        (
            f"8:54: {AT}actions[0]: body: in es this takes about 2 SMS instead of 1, because `í` is not in the SMS "
            "alphabet (GSM 03.38); write `i`"
        ),
    ),
    "a picture, a quotation mark, and the name of the company": (
        workflow(
            BEFORE,
            'actions: [{send: sms, to: staff, body: "{appointment_date_time}, “{staff_name}” 🎉 2 h, {company_name}"}]',
        ),
        (
            f"8:70: {AT}actions[0]: body: in es this takes about 2 SMS instead of 1, because `“`, `”`, `🎉`, `í` of "
            '{company_name} are not in the SMS alphabet (GSM 03.38); write `"`, remove `🎉`, write `Clinica Sol` for '
            "{company_name}"
        ),
    ),
    "the second trigger of a follow-up": (
        workflow("when: [1 day before start, 2 hours after start]", REMIND),
        (
            f"7:32: {AT}when: `2 hours after start` without a status filter also includes bookings that are still "
            "pending: only canceled, rejected and no_show ones are excluded; add `filters: {status: [approved, "
            "completed]}`"
        ),
    ),
    "a region that `except` excludes with its language": (
        workflow(BEFORE, "filters: {language: es-MX}", "except: {language: [en, ES]}", REMIND),
        (
            f"9:25: {AT}except: language: excludes everything that `filters` selects (es-MX): this workflow never "
            "fires; remove it from one of the two"
        ),
    ),
    "two workflows that fire together": (
        workflow(
            BEFORE,
            "filters: {status: Cancelled}",
            f"actions: [{MAIL}, {{send: webhook, url: 'https://example.com'}}]",
        )
        + workflow(
            "when: [2 days before start, 24 hours before start]",
            "filters: {status: canceled}",
            "actions: [{send: email, to: [staff, customer], subject: Other, body: Other}]",
            name="v",
        ),
        (
            "13:16: workflows[1] v: actions[0]: workflow `w` (FILE:6) sends email to customer `24 hours before start` "
            "(there `1 day before start`, which coincides with it) for the same bookings: both are sent; switch one "
            "off, or combine them into one workflow with two actions"
        ),
    ),
    "two workflows that make one request": (
        workflow(BEFORE, "actions: [{send: webhook, url: 'https://example.com/{appointment_id}'}]")
        + workflow(BEFORE, "actions: [{send: webhook, url: 'https://example.com/{appointment_id}'}]", name="v"),
        (
            "11:16: workflows[1] v: actions[0]: workflow `w` (FILE:6) sends the same request `1 day before start` for "
            "the same bookings: both are sent; switch one off, or combine them into one workflow with two actions"
        ),
    ),
}


@pytest.mark.parametrize(("workflows", "told"), WARNED.values(), ids=WARNED)
def test_what_was_not_meant_is_told_with_its_place(workflows: str, told: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, HEADER + workflows) == [told.replace("FILE", str(tmp_path / "workflows.yaml"))]


BOTH = "actions: [{send: sms, to: customer, body: {es: a, en: b}}]"
FRENCH = "actions: [{send: sms, to: staff, body: {fr: c}}]"
RUSSIAN = "Ждём вас {appointment_date} {appointment_start_time} здесь"
FINE = {
    "a text for all beside one in two languages": workflow(
        BEFORE, "actions: [{send: email, to: customer, subject: {es: a, en: b}, body: '{service_name}'}]"
    ),
    "a language for all its regions": workflow(
        BEFORE, "actions: [{send: email, to: customer, subject: {es_MX: a, es: b}, body: {es: a}}]"
    ),
    "a language that the filters keep apart": workflow(BEFORE, BOTH, "filters: {language: [en, es]}")
    + workflow("when: at start", FRENCH, "filters: {language: fr-CA}", name="v")
    + workflow("when: at start", BOTH, "except: {language: fr}", name="u"),
    "letters of a script that GSM 03.38 lacks": workflow(
        BEFORE, f"actions: [{{send: sms, to: customer, body: '{RUSSIAN}'}}]"
    ),
    "a letter that costs nothing": workflow(BEFORE, "actions: [{send: sms, to: staff, body: 'Aquí: {company_name}'}]"),
    "an SMS that only a booking can judge": workflow(
        BEFORE, "actions: [{send: sms, to: customer, body: '{{ 1 // (customer_full_name | length - 10) }}'}]"
    ),
    "a reminder at the start": workflow("when: at start", REMIND),
    "a follow-up that excludes what is pending": workflow("when: 1 day after end", "except: {status: pending}", REMIND),
    "a follow-up that is switched off": workflow("enabled: no", "when: 1 day after end", REMIND),
    "a twin that is switched off": workflow(BEFORE, REMIND) + workflow(BEFORE, "enabled: no", REMIND, name="v"),
    "a twin for other bookings": workflow(BEFORE, REMIND)
    + workflow(BEFORE, "filters: {service: Cut}", REMIND, name="v"),
    "two messages of one workflow": workflow(
        BEFORE, f"actions: [{MAIL}, {{send: email, id: b, to: customer, subject: Hi, body: Bye}}]"
    ),
    "a status of one's own": workflow(BEFORE, "filters: {status: [accepted, No Show, cancelled]}", REMIND),
    "a filter that leaves something": workflow(
        BEFORE,
        "filters: {language: es, status: [approved, pending]}",
        "except: {language: es-MX, status: pending}",
        REMIND,
    ),
}


@pytest.mark.parametrize("workflows", FINE.values(), ids=FINE)
def test_what_is_fine_earns_no_warning(workflows: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, HEADER + workflows) == []


# --- the page about them ----------------------------------------------------------------------------------------------

ROWS = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| .* \| `([^`]+)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("told", "example", "instead"), ROWS, ids=[row[0] for row in ROWS])
def test_each_example_of_the_page_earns_its_warning(told: str, example: str, instead: str, tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "clinic")
    clinic.execute("INSERT INTO services (id, name) VALUES ('1', 'Haircut')")
    clinic.book("b1", "2026-06-10T10:00Z", service_id="1")
    assert [told in line for line in warnings(clinic.folder, completed(example))] == [True]
    assert warnings(clinic.folder, completed(instead)) == []


def completed(part: str) -> str:
    """A file around a part of a workflow, of the whole, or of the list of workflows."""
    given = yaml.load(part, Loader=yaml.BaseLoader)  # noqa: S506 - it makes text, lists and dicts
    shown = {"id": "shown", "when": "1 day before start", "actions": yaml.load(f"[{MAIL}]", Loader=yaml.BaseLoader)}  # noqa: S506
    file = {"timezone": "Europe/Madrid", "outbox": "out", "workflows": [shown]}
    if isinstance(given, list):
        file["workflows"] = [shown, *given]
    else:
        (file if "channels" in given else shown).update(given)
    if "provider" in str(given):  # it is about the settings, and something sends by them
        channel = next(iter(given["channels"]))
        texts = {"template": "reminder", "language": "en"} if channel == "whatsapp" else {"body": "Hi"}
        shown["actions"] = [{"send": channel, "to": "customer", **texts}]
    return yaml.safe_dump(file, allow_unicode=True, sort_keys=False)


# --- it happens -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sentence", ["0 days before start at", "0 days after start at", "1 day before end at"])
def test_a_time_of_day_that_is_called_useless_is(sentence: str) -> None:
    config = Config(files=(), timezone="UTC", bookings=Path(), ledger=Path())
    for clock in ("00:00", "00:01", "12:00", "23:58", "23:59"):
        trigger = timing.parse_trigger(f"{sentence} {clock}")
        fires = 0
        for minute in range(1440):
            at = timing.parse_instant("2026-06-10T00:00:00Z") + minute * timing.MINUTE
            fires += planning.can_fall_due(trigger, Booking(id="b", starts_at=at, ends_at=at), config=config)
        at_midnight_only = fires == 1 and not trigger.before
        assert (fires == 0 or at_midnight_only) is not can_fire(trigger), f"{trigger.text}: {fires} minutes of the day"


def test_what_is_warned_of_happens(clinic: Clinic) -> None:
    clinic.write(
        workflow(
            "when: at end",
            "actions: [{send: email, to: customer, subject: {es: Hola, en: Hello}, body: {es: Gracias}}]",
        )
        + workflow("when: 0 minutes after end", REMIND, name="v")
    )
    told = clinic.command("check").stdout
    clinic.book("b1", "2026-06-10T10:00Z", status="pending", customers=({"id": "mary", "language": "en"},))
    clinic.book("b2", "2026-06-10T10:00Z", status="no_show")
    clinic.run("2026-06-10T10:59Z")
    clinic.run("2026-06-10T11:00Z")
    first, second = (message_from_bytes(file.read_bytes()) for file in clinic.outbox())
    assert {first["To"], second["To"]} == {"mary@example.com"}
    assert "without a status filter also includes bookings that are still pending" in told
    assert "both are sent" in told
    greeting = next(mail for mail in (first, second) if mail["Subject"] == "Hello")
    body = greeting.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.strip() == b"Gracias"
    assert "customers who read en get es" in told


TIMES = {
    "2026-06-10T10:00:00Z": True,
    "2026-06-10T10:00:00.000Z": True,
    "2026-06-10T10:00:00+00:00": True,
    "2026-06-10T10:00Z": True,
    "2026-06-10 10:00:00": False,
    "2026-06-10 10:00:00Z": False,
    "2026-06-10T10:00:00": False,
    "2026-06-10T12:00:00+02:00": False,
    "20260610T100000Z": False,
    "1781085600": False,
    "10/06/2026 10:00": False,
}


def test_times_that_no_reminder_finds_are_counted(clinic: Clinic) -> None:
    clinic.write(workflow("when: at start", REMIND))
    clinic.execute("ALTER TABLE bookings RENAME TO own")
    clinic.execute("CREATE TABLE theirs (id, at)")
    clinic.execute(
        "CREATE VIEW bookings AS SELECT id, at AS starts_at, '2026-06-10T11:00:00Z' AS ends_at, NULL AS timezone, "
        "'approved' AS status, NULL AS service_id, NULL AS staff_id, NULL AS location_id, NULL AS fields FROM theirs"
    )
    for written in TIMES:
        clinic.execute("INSERT INTO theirs VALUES (:at, :at)", {"at": written})
        clinic.execute("INSERT INTO participants (booking_id, customer_id) VALUES (:at, 'ana')", {"at": written})
    clinic.execute("INSERT INTO customers (id, email) VALUES ('ana', 'ana@example.com')")
    (told,) = warnings(clinic.folder, (clinic.folder / "workflows.yaml").read_text(encoding="utf-8"))
    odd = [written for written, found in TIMES.items() if not found]
    assert told == (
        f"1:1: bookings: {clinic.folder}/bookings.db: {len(odd)} rows of `bookings` with a time that is not in the "
        f"form 2026-03-29T08:00:00Z, for example starts_at {odd[0]!r} of booking {odd[0]}: no reminder is sent for "
        "them; use UTC in that form"
    )
    for minute in ("09:59", "10:00", "10:01"):
        clinic.command("run", "--now", f"2026-06-10T{minute}Z")
    assert {each["booking"] for each in clinic.deliveries()} == TIMES.keys() - set(odd)


# --- the bookings, the settings ---------------------------------------------------------------------------------------


def test_filters_are_compared_with_the_bookings(clinic: Clinic) -> None:
    filters = "filters: {service: [haircut, '7', Hairctu], staff: Ana, location: Centro, status: [aproved, paused]}"
    clinic.write(workflow(BEFORE, filters, REMIND))

    def told() -> list[str]:
        return [line.split(f"{AT}filters: ")[-1] for line in clinic.command("check").stdout.splitlines() if AT in line]

    status = "status: `aproved` is not a known status; did you mean `approved`?"
    assert told() == [status], "nothing to compare with"
    clinic.execute("INSERT INTO services (id, name) VALUES ('1', 'Haircut')")
    clinic.execute("INSERT INTO staff (id, name) VALUES ('2', 'Anna')")
    clinic.book("b1", "2026-06-10T10:00Z", service_id="7", location_id="centro")
    assert told() == [
        "service: nothing is named `Hairctu`; did you mean `Haircut`?",
        "staff: nothing is named `Ana`; did you mean `Anna`?",
        status,
    ]
    clinic.set_status("b1", "Aproved")
    assert status not in told(), "a booking has it"


def test_bookings_that_cannot_be_read_are_told(clinic: Clinic) -> None:
    clinic.write(workflow(BEFORE, REMIND))
    (clinic.folder / "bookings.db").write_text("no database " * 100)
    result = clinic.command("check")
    assert ":1:1: warning: bookings: " in result.stdout
    assert "file is not a database" in result.stdout
    assert result.exit_code == 0


def test_the_settings_are_looked_at_and_no_secret_is_shown(tmp_path: Path) -> None:
    text = (
        "timezone: Europe/Madrid\nmax_burst: 0\nchannels:\n  email: {host: h, from: a@example.com, ca_file: no.pem}\n"
        f'  telegram: {{bot_token: "123:hunter2"}}\nworkflows:\n{workflow(BEFORE, REMIND)}'
    )
    assert warnings(tmp_path, text) == [
        (
            "2:12: max_burst: with 0, every message is held until you release it; use `none` for no limit, or remove "
            "the key"
        ),
        (
            f"4:50: channels.email: ca_file: file not found: {tmp_path}/no.pem; no email is sent without it, so "
            "correct the path"
        ),
        "5:3: channels.telegram: no workflow sends by telegram; remove it, or add an action with `send: telegram`",
    ]
    (tmp_path / "more.yaml").write_text("workflows: [{id: v, when: nonsense, actions: [{send: telegram}]}]\n")
    result = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert "no workflow sends" not in result.stdout, "one with mistakes does"
    assert "hunter2" not in result.stdout


# --- the command ------------------------------------------------------------------------------------------------------

WARNS = workflow("when: at end", REMIND)
BROKEN = workflow(BEFORE, "actions: [{send: email, to: customer, subject: '{x}', body: b}]", name="v")


def test_mistakes_and_warnings_come_together_by_their_places(tmp_path: Path) -> None:
    result = check(tmp_path, HEADER + WARNS + BROKEN + WARNS.replace("id: w", "id: u"))
    place = f"{tmp_path / 'workflows.yaml'}:"
    assert result.exit_code == 2
    lines = [line.removeprefix(place) for line in result.stdout.splitlines()]
    assert [line[:15] for line in lines[:2]] == ["7:11: warning: ", "11:53: workflow"]
    assert [line[:15] for line in lines[2:4]] == ["13:11: warning:", "14:16: warning:"]
    assert lines[-1] == " 1 problem to fix, 3 warnings"


def test_only_strict_makes_a_warning_count(tmp_path: Path) -> None:
    fine = HEADER + workflow(BEFORE, REMIND)
    for text, options, code in (
        (HEADER + WARNS, (), 0),
        (HEADER + WARNS, ("--strict",), 1),
        (HEADER + WARNS, ("--strict", "--json"), 1),
        (HEADER + WARNS + BROKEN, ("--strict",), 2),
        (fine, ("--strict",), 0),
    ):
        assert check(tmp_path, text, *options).exit_code == code
    assert check(tmp_path, fine).stdout.splitlines() == [
        f"{tmp_path}/workflows.yaml: 1 workflow, 1 action, no problems",
        f"note: dry mode (`outbox` is set): messages go to folder {tmp_path}/out",
    ]
    summary = check(tmp_path, HEADER + WARNS).stdout.splitlines()[-2]
    assert summary == f"{tmp_path}/workflows.yaml: 1 workflow, 1 action, no problems, 1 warning"


def test_programs_are_told_of_warnings_apart(tmp_path: Path) -> None:
    told = json.loads(check(tmp_path, HEADER + WARNS, "--json").stdout)
    assert (told.keys(), told["ok"], told["problems"]) == ({"path", "ok", "problems", "warnings"}, True, [])
    (warning,) = told["warnings"]
    assert warning.pop("what").startswith("when: `at end` without a status filter")
    assert warning == {"file": told["path"], "line": 7, "column": 11, "path": AT.removesuffix(": ")}


def test_a_terminal_shows_colour_within_its_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("workflows.yaml").write_text(HEADER + WARNS + BROKEN, encoding="utf-8")
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "60"}
    shown = CliRunner().invoke(main, ["check", "workflows.yaml"], env=terminal, color=True).stdout
    assert "\x1b[1;33mwarning" in shown
    assert "\x1b[1;31merror" in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0] == "workflows.yaml:7:11: warning: workflows[0] w"
    plain = CliRunner().invoke(main, ["check", "workflows.yaml"], env={**terminal, "NO_COLOR": "1"}, color=True).stdout
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)


def test_a_run_does_not_print_warnings(clinic: Clinic) -> None:
    clinic.write(WARNS, settings=SETTINGS)
    assert clinic.command("run", "--now", "2026-06-10T10:00Z").output == ""
