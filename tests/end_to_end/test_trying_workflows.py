"""`reminderctl test`: what an operator sees before anybody gets anything."""

from __future__ import annotations

import email
import email.policy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests import http_server, smtp_server
from tests.clinic import SETTINGS, Clinic

ROOT = Path(__file__).parents[2]
NOW = "2026-11-22T12:00:00Z"
REMINDER = """\
- id: reminder
  name: One day before
  when: 1 day before start
  actions:
    - {send: sms, to: customer, body: "Hola {customer_first_name}, hasta {appointment_start_time}"}
"""
SAMPLES = ["single", "group", "dst", "bare", "names", "cancelled"]


def attempt(clinic: Clinic, *arguments: str, exits: int = 0) -> Result:
    result = clinic.command("test", "--now", NOW, *arguments)
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def tried(clinic: Clinic, *arguments: str, exits: int = 0) -> list[dict[str, Any]]:
    trials: list[dict[str, Any]] = json.loads(attempt(clinic, "--json", *arguments, exits=exits).stdout)
    return trials


def messages(trials: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The messages of these trials by action and recipient."""
    return {f"{each['action']} {each['recipient']}": each for trial in trials for each in trial["messages"]}


# --- the tour ---------------------------------------------------------------------------------------------------------


def test_the_example_passes_and_nothing_is_touched(clinic: Clinic) -> None:
    example = (ROOT / "workflows.example.yaml").read_text(encoding="utf-8")
    (clinic.folder / "workflows.yaml").write_text(example, encoding="utf-8")
    for name in ("ledger.db", "bookings.db"):
        (clinic.folder / name).unlink()
    printed = attempt(clinic).stdout
    assert "12 workflows, 6 samples," in printed
    assert printed.rstrip().endswith(": no problems")
    assert "all-channels  switched off" in printed
    assert "cancelled  nothing: status is canceled, but the filter requires approved" in printed
    assert [file.name for file in clinic.folder.iterdir()] == ["workflows.yaml"]


def test_json_and_text_say_the_same(clinic: Clinic) -> None:
    clinic.write(REMINDER)
    single, group, dst, *_ = trials = tried(clinic)
    assert [trial["sample"] for trial in trials] == SAMPLES
    assert single["due_at"] == ["2026-11-30T09:00:00Z"]
    assert single["triggers"] == [
        {"trigger": "1 day before start", "due_at": "2026-11-30T09:00:00Z", "expires_at": "2026-11-30T21:00:00Z"}
    ]
    (message,) = single["messages"]
    assert message["body"] == message["fields"]["body"] == "Hola Lucía, hasta 10:00"
    assert (message["encoding"], message["segments"], message["left"]) == ("UCS-2", 1, 47)
    assert message["cost"] == "1 SMS, UCS-2 because of í; 47 characters left"
    assert group["reasons"] == ["Marta Ruiz: status is canceled, and no status filter includes it"]
    assert group["notes"] == ["sms: would fail: customer:ben has no phone number"]
    assert dst["due_at"] == ["2027-03-27T09:00:00Z"], "the same clock, 23 hours before 08:00Z"
    printed = attempt(clinic).stdout
    for line in (
        "One day before  reminder",
        "1 day before start: Mon 30 Nov 2026 10:00 Europe/Madrid, in 7 days; not after 22:00",
        "| Hola Lucía, hasta 10:00",
        message["cost"],
        "group      2 messages, as above; due Tue 01 Dec 2026 17:30 Europe/Madrid",
        "lacking on purpose: sms: Ben Carter has no phone number; the message to a customer like that would fail",
        "1 workflow, 6 samples, 11 messages: no problems",
    ):
        assert line in printed


def test_what_a_sample_lacks_is_a_problem_once_it_was_asked_for(clinic: Clinic) -> None:
    clinic.write(REMINDER)
    (group,) = tried(clinic, "--sample", "group", exits=1)
    assert group["problems"] == ["sms: would fail: customer:ben has no phone number"]
    assert [each["problems"] for each in group["messages"]] == [["would fail: customer:ben has no phone number"], []]


def test_each_channel_is_shown_as_it_would_leave_and_its_secrets_masked(clinic: Clinic) -> None:
    clinic.write(
        """\
- id: all
  when: at start
  actions:
    - {send: email, to: customer, subject: "¡{service_name}!", body: "{appointment_notes}", attach: [calendar],
       html: "<b>{customer_full_name}</b>"}
    - {send: whatsapp, to: staff, template: soon, language: es, parameters: ["{staff_name}"]}
    - {send: telegram, to: customer, body: "{customer_first_name} {coupon_code}{custom.nothing}"}
    - send: webhook
      url: https://user:hunter2@example.com/{appointment_id}?api_key=hunter2&page=1
      params: {Token: hunter2}
      headers: {Authorization: Bearer hunter2, X-API-Key: hunter2, Cookie: hunter2, X-Source: clinic}
      json: {who: "{customer_full_name}"}
""",
        settings=SETTINGS + "channels: {webhook: {secret: hunter2}}\n",
    )
    found = messages(tried(clinic, "--sample", "single"))
    mail = found["email customer:lucia"]
    assert (mail["to"], mail["subject"], mail["body"]) == ("lucia@example.com", "¡Haircut!", "Please ring twice")
    assert mail["html"] == "<b>Lucía García</b>"
    assert (mail["attachments"], mail["attachment_types"]) == (["appointment.ics"], ["text/calendar"])
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    assert found["whatsapp staff:ana"]["parameters"] == ["Ana"]
    assert found["telegram customer:lucia"]["empty"] == ["custom.nothing"]
    assert found["telegram customer:lucia"]["notes"] == ["empty: {custom.nothing}"]
    webhook = found["webhook webhook"]
    assert webhook["url"] == "https://***@example.com/1042?api_key=***&page=1&Token=***"
    assert webhook["body"] == '{\n  "who": "Lucía García"\n}'
    assert {name: webhook["headers"][name] for name in ("Authorization", "X-API-Key", "Cookie", "X-Source")} == {
        "Authorization": "Bearer ***",
        "X-API-Key": "***",
        "Cookie": "***",
        "X-Source": "clinic",
    }
    assert webhook["headers"]["webhook-signature"] == "***"
    assert "hunter2" not in attempt(clinic, "-v").output


# --- what is wrong ----------------------------------------------------------------------------------------------------

ACTIONS = 'actions: [{send: telegram, to: customer, body: "{customer_first_name}"}]'
FILTERS = [
    ("filters: {service: Hiarcut}", "filters: service: nothing is named `Hiarcut`; did you mean `Haircut`?"),
    ("filters: {status: aproved}", "filters: status: `aproved` is not a known status; did you mean `approved`?"),
    (
        "except: {status: [cancelled, aproved]}",
        "except: status: `aproved` is not a known status; did you mean `approved`?",
    ),
    ("filters: {language: spanish}", "filters: language: `spanish` is not a language code (write `es`)"),
    ("filters: {location: Norte}", "filters: location: nothing is named `Norte` in bookings.db, which has l1, Sur"),
    ("filters: {staff: Ana}\n  except: {staff: Ana}", "no booking can match: what `filters` want, `except` excludes,"),
    ("filters: {status: arrived, service: Yoga, location: sur, language: pt-BR}", None),
    ("except: {service: [Haircut, Botox], language: [es, en]}", None),
]


@pytest.mark.parametrize(("filters", "problem"), FILTERS)
def test_a_filter_that_looks_misspelt_is_a_problem(filters: str, problem: str | None, clinic: Clinic) -> None:
    clinic.execute("INSERT INTO locations (id, name) VALUES ('l1', 'Sur')")
    clinic.write(f"- id: w\n  when: at start\n  {filters}\n  {ACTIONS}\n")
    trials = tried(clinic, exits=1 if problem else 0)
    problems = [what for trial in trials for what in trial["problems"]]
    if problem is None:
        assert problems == []
    else:
        (only,) = problems
        assert only.startswith(problem)
        assert f"w, single: {problem}" in attempt(clinic, exits=1).stdout


@pytest.mark.parametrize(("status", "misspelt"), [("confirmd", True), ("scheduled", False), ("accepted", False)])
def test_check_and_test_judge_a_filter_alike(status: str, *, misspelt: bool, clinic: Clinic) -> None:
    clinic.write(f"- id: w\n  when: at start\n  filters: {{status: {status}}}\n  {ACTIONS}\n")
    for printed in (attempt(clinic, exits=int(misspelt)).stdout, clinic.command("check").stdout):
        assert ("filters: status: `confirmd` is not a known status; did you mean `confirmed`?" in printed) is misspelt


def test_names_that_differ_in_case_alone_are_said_in_one_order(clinic: Clinic) -> None:
    for name in ("sur", "Sur", "SUR", "sUr", "suR", "SuR"):
        clinic.execute("INSERT INTO locations (id, name) VALUES (?, ?)", (name, name))
    clinic.write(f"- id: w\n  when: at start\n  filters: {{location: Norte}}\n  {ACTIONS}\n")
    command = [sys.executable, "-m", "reminderctl", "check", "--config", str(clinic.folder / "workflows.yaml")]
    printed = {
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True).stdout  # noqa: PLW1510
        for seed in ("1", "2", "3")
    }
    (only,) = printed
    assert "which has SUR, SuR, Sur, sUr, suR, sur" in only


def test_a_filter_by_an_id_that_only_bookings_carry_is_right(clinic: Clinic) -> None:
    clinic.execute("INSERT INTO services (id, name) VALUES ('massage', 'Massage')")
    clinic.book("b1", "2026-06-10T10:00Z", service_id="tinte")
    clinic.write(f"- id: w\n  when: at start\n  filters: {{service: tinte}}\n  {ACTIONS}\n")
    assert [what for trial in tried(clinic) for what in trial["problems"]] == []
    assert clinic.command("check", "--strict").exit_code == 0


def test_a_workflow_that_no_sample_matches_is_shown_with_one_made_to_match(clinic: Clinic) -> None:
    clinic.write(
        "- id: w\n  when: at start\n  filters: {status: [arrived, done], service: Yoga, staff: [Bea, Eva]}\n"
        "  except: {staff: Bea, language: es}\n"
        '  actions: [{send: telegram, to: customer, body: "{staff_name} {{ 1 / (custom.none | int) }}"}]\n'
    )
    *others, adapted = tried(clinic, exits=1)
    assert not any(trial["matches"] for trial in others)
    assert (adapted["sample"], adapted["matches"]) == ("single, adapted", True)
    assert "made to match: status arrived, service Yoga, staff Eva, language en" in adapted["notes"][0]
    assert adapted["problems"] == ["telegram to customer:lucia: would fail: cannot render body: division by zero"]
    assert [trial["sample"] for trial in tried(clinic, "--sample", "single")] == ["single"], "as it is, where asked for"


def test_a_trigger_that_cannot_fall_due_and_one_that_is_over_are_noted(clinic: Clinic) -> None:
    clinic.write(
        f"- id: w\n  when: [0 days before start at 18:00, 4 weeks before start, 1 hour before start]\n  {ACTIONS}\n"
    )
    (trial,) = tried(clinic, "--sample", "single")
    assert trial["due_at"] == ["2026-12-01T17:00:00Z", "2026-11-03T09:00:00Z", "2026-12-01T08:00:00Z"]
    assert trial["notes"] == [
        "`0 days before start at 18:00` is never due for this booking: that time is not before its start",
        "`4 weeks before start` is over for this booking: its deadline was 18 days ago",
    ]


def test_a_header_carries_every_name(clinic: Clinic) -> None:
    clinic.write(
        "- id: w\n  when: at start\n  for_each_customer: true\n"
        '  actions: [{send: webhook, url: "https://example.com", headers: {X-Name: "{customer_full_name}"}}]\n'
    )
    (names,) = (trial for trial in tried(clinic) if trial["sample"] == "names")
    carried = [message["headers"]["X-Name"] for message in names["messages"]]
    assert all(carried)
    assert not all(map(str.isascii, carried))


# --- a real booking ---------------------------------------------------------------------------------------------------


def test_a_real_booking_is_tried_as_it_stands(clinic: Clinic) -> None:
    people = (
        {"id": "eva", "language": "en"},
        {"id": "leo", "phone": None},
        {"id": "kim", "participant_status": "pending"},
    )
    clinic.book("b-1041", "2027-03-28T08:00Z", timezone="America/New_York", customers=people)
    clinic.write(REMINDER.replace("  when", "  filters: {status: approved}\n  when"))
    (trial,) = tried(clinic, "--booking", "b-1041", exits=1)
    assert (trial["sample"], trial["booking"], trial["timezone"]) == ("b-1041", "b-1041", "America/New_York")
    assert trial["due_at"] == ["2027-03-27T08:00:00Z"]
    assert trial["reasons"] == ["Kim: status is pending, but the filter requires approved"]
    assert messages([trial])["sms customer:eva"]["body"] == "Hola Eva, hasta 4:00 AM"
    assert trial["problems"] == ["sms: would fail: customer:leo has no phone number"]
    assert "did you mean `b-1041`?" in attempt(clinic, "--booking", "b1041", exits=2).stderr


USAGE = [
    (("remindr",), "there is no workflow remindr; did you mean `reminder`?"),
    (("--sample", "sinlge"), "there is no sample sinlge; did you mean `single`?"),
    (("--booking", "1", "--sample", "single"), "--booking and --sample exclude each other"),
    (("--send",), "--send needs --to ADDRESS"),
    (("--to", "me@example.com"), "--to goes with --send"),
    (("--send", "--to", "somebody"), "--to: 'somebody' is not a valid Telegram chat"),
    (("--send", "--to", "http://"), "--to: 'http://' has no valid host"),
    (("--send", "--to", "me@example.com"), "nothing was sent: none of the messages goes by email"),
]


@pytest.mark.parametrize(("arguments", "told"), USAGE)
def test_a_command_that_cannot_be_carried_out_says_why(arguments: tuple[str, ...], told: str, clinic: Clinic) -> None:
    clinic.write(REMINDER)
    assert told in attempt(clinic, *arguments, exits=2).stderr


# --- an operator's own samples ----------------------------------------------------------------------------------------


def test_an_operator_adds_samples_and_replaces_them(clinic: Clinic) -> None:
    clinic.write(REMINDER)
    (clinic.folder / "samples.yaml").write_text(
        "single: {starts: tomorrow at 09:30, lasts: 20 minutes, customers: [{full_name: Íñigo, phone: 0600123456}]}\n"
        "tokyo: {starts: 2026-12-24T10:00, timezone: Asia/Tokyo, status: pending, customers: [{id: yo}]}\n",
        encoding="utf-8",
    )
    by_sample = {trial["sample"]: trial for trial in tried(clinic, exits=1)}
    assert [*by_sample] == [*SAMPLES, "tokyo"]
    (message,) = by_sample["single"]["messages"]
    assert (message["to"], message["body"]) == ("0600123456", "Hola Íñigo, hasta 9:30")
    assert by_sample["tokyo"]["due_at"] == ["2026-12-23T01:00:00Z"]
    assert by_sample["tokyo"]["problems"] == ["sms: would fail: customer:yo has no phone number"]
    listed = json.loads(attempt(clinic, "--samples", "--json").stdout)
    assert [sample["name"] for sample in listed] == [*SAMPLES, "tokyo"]
    assert listed[0]["booking"]["ends_at"] == "2026-11-23T08:50:00Z"
    assert "tokyo\t\t2026-12-24 10:00 Asia/Tokyo\tpending" in attempt(clinic, "--samples").stdout


def test_every_mistake_in_the_samples_is_told_with_its_place(clinic: Clinic) -> None:
    clinic.write(REMINDER)
    (clinic.folder / "samples.yaml").write_text(
        """\
a:
  start: tomorrow at 10:00
  lasts: 3 moons
  timezone: Europe/Madird
  service: {nmae: Yoga}
  staff: {email: a@example.com}
  customers: [{id: x}, {id: x}, Ana]
b: {starts: soon}
b: {starts: tomorrow}
c: {starts: in 3 hours at 10:00, customers: {id: x}}
d: {starts: on the next clock change at 10:00, timezone: UTC}
e: text
f: {starts: on the next clock change at 24:00}
""",
        encoding="utf-8",
    )
    told = attempt(clinic, exits=2).stderr.replace(f"{clinic.folder}/", "")
    beginnings = [
        "samples.yaml:2:3: a: `starts` is missing",
        "samples.yaml:2:3: a: unknown key `start`; did you mean `starts`?",
        "samples.yaml:3:10: a: lasts: cannot read 'moons'",
        "samples.yaml:4:13: a: timezone: there is no time zone 'Europe/Madird'; did you mean `Europe/Madrid`?",
        "samples.yaml:5:13: a: service: unknown key `nmae`; did you mean `name`?",
        "samples.yaml:6:10: a: staff: give it an `id` or a `name`",
        "samples.yaml:7:24: a: customers[1]: the id 'x' is taken by an earlier customer",
        "samples.yaml:7:33: a: customers[2]: expected a mapping",
        "samples.yaml:8:13: b: starts: cannot read 'soon'",
        "samples.yaml:9:1: duplicate key `b`",
        "samples.yaml:10:13: c: starts: cannot read 'in 3 hours at 10:00'; a time of day goes with days",
        "samples.yaml:10:45: c: customers: expected a list",
        "samples.yaml:11:13: d: starts: the clocks of UTC do not change within two years",
        "samples.yaml:12:4: e: expected a mapping",
        "samples.yaml:13:13: f: starts: cannot read '24:00' in 'on the next clock change at 24:00' as a time of day",
    ]
    lines = told.splitlines()
    assert len(lines) == len(beginnings)
    for line, beginning in zip(lines, beginnings, strict=True):
        assert line.startswith(beginning)


@pytest.mark.parametrize(("zone", "own"), [("Europe/Madrid", None), ("UTC", "Europe/Madrid")])
def test_the_clocks_change_before_the_sample_that_is_about_that(zone: str, own: str | None, clinic: Clinic) -> None:
    clinic.write(f"- id: w\n  when: [1 day before start, 24 hours before start]\n  {ACTIONS}\n")
    path = clinic.folder / "workflows.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("Europe/Madrid", zone), encoding="utf-8")
    (trial,) = tried(clinic, "--sample", "dst")
    assert trial["timezone"] == (own or zone)
    assert trial["due_at"] == ["2027-03-27T09:00:00Z", "2027-03-27T08:00:00Z"]


def test_samples_in_a_directory_are_no_workflows_and_a_broken_file_leaves_the_others(clinic: Clinic) -> None:
    clinic.write(REMINDER)
    (clinic.folder / "samples.yaml").write_text("mine: {starts: tomorrow}\n", encoding="utf-8")
    assert clinic.command("check", str(clinic.folder)).exit_code == 0
    (clinic.folder / "broken.yaml").write_text("workflows: [{id: x}]\n", encoding="utf-8")
    result = clinic.command("test", "-c", str(clinic.folder), "--now", NOW, "--json", "--sample", "mine")
    assert result.exit_code == 2
    assert [trial["workflow"] for trial in json.loads(result.stdout)] == ["reminder"]
    assert "broken.yaml:1:13: workflows[0] x: `when` is missing" in result.stderr


# --- really sending ---------------------------------------------------------------------------------------------------

SENT = """\
- id: w
  enabled: false
  when: 1 day before start
  actions:
    - {send: email, to: [customer, staff], subject: "{service_name}", body: "Hola {customer_first_name}"}
    - {send: telegram, to: customer, body: "Hola {customer_first_name}"}
    - {send: sms, to: customer, body: "{custom.nothing}"}
    - {send: whatsapp, to: customer, template: soon, language: es}
    - send: webhook
      url: https://crm.example.com/secret
      headers: {Authorization: Bearer hunter2, X-A: b}
      params: {token: hunter2}
      json: {a: 1}
"""


def test_a_mail_is_really_sent_to_the_one_address_and_marked(clinic: Clinic) -> None:
    with smtp_server.serve(RCPT=["250 2.1.5 Ok", "550 5.1.1 No such mailbox"]) as server:
        channel = f"{{host: 127.0.0.1, port: {server.port}, security: none, from: hola@example.com}}"
        clinic.write(
            SENT.partition("    - {send: telegram")[0],
            settings=f"timezone: Europe/Madrid\nlanguage: es\nchannels: {{email: {channel}}}\n",
        )
        printed = attempt(clinic, "--send", "--to", "me@example.com", exits=1).stdout.splitlines()
    assert [command for command in server.commands if command.startswith("RCPT")] == ["RCPT TO:<me@example.com>"] * 2
    (content,) = server.contents
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert (mail["To"], mail["Subject"], mail["X-Reminderctl-Test"]) == ("me@example.com", "[test] Haircut", "yes")
    (rendered, _) = tried(clinic, "--sample", "single")[0]["messages"]
    assert mail["Message-ID"] != rendered["headers"]["Message-ID"]
    assert printed[0].startswith("sent     w: email, as to Lucía García: sent to me@example.com")
    assert printed[1].startswith("failed   w: email, as to Ana: ")
    assert "No such mailbox" in printed[1]
    assert clinic.deliveries() == []


def test_a_webhook_goes_to_the_given_address_without_the_secrets_of_the_real_one(clinic: Clinic) -> None:
    with http_server.serve() as server:
        clinic.write(
            f"- id: w\n  when: at start\n  actions:\n{SENT[SENT.index('    - send: webhook') :]}",
            settings="timezone: Europe/Madrid\nchannels: {webhook: {secret: whsec}}\n",
        )
        keys = set()
        for _ in range(2):
            printed = attempt(clinic, "--send", "--to", f"{server.url}/here?k=1", "--sample", "single").stdout
            request = server.requests[-1]
            keys.add(request.headers["webhook-id"])
    assert request.path == "/here?k=1&token=%2A%2A%2A"
    assert (request.headers["x-reminderctl-test"], request.headers["x-a"], request.json()) == ("yes", "b", {"a": "1"})
    assert request.headers["authorization"] == "***"
    assert request.headers["webhook-signature"].startswith("v1,")
    assert len(keys) == 2, "each sending has a key of its own"
    assert printed == f"sent     w: webhook: sent to {server.url}; without the value of Authorization, token\n"


def test_with_an_outbox_the_test_messages_are_written_there(clinic: Clinic) -> None:
    clinic.write(SENT)
    printed = attempt(clinic, "--send", "--to", "+34600999888", exits=1).stdout
    assert "failed   w: sms, as to Lucía García: the SMS has no text" in printed, "the mark does not hide it"
    assert "000001-whatsapp-0.json; nobody got it; a WhatsApp template cannot be marked as a test" in printed
    (sent,) = json.loads(attempt(clinic, "--send", "--to", "@clinic", "--json").stdout)
    assert (sent["sent"], sent["channel"], sent["recipient"], sent["to"]) == (
        True,
        "telegram",
        "customer:lucia",
        "@clinic",
    )
    first, second = (json.loads(path.read_text(encoding="utf-8")) for path in clinic.outbox())
    assert (first["to"], second["to"], second["body"]) == ("+34600999888", "@clinic", "[test] Hola Lucía")


# --- terminals, pages -------------------------------------------------------------------------------------------------


def test_text_from_a_booking_cannot_steer_the_terminal(clinic: Clinic) -> None:
    clinic.book("b1", "2026-12-01T09:00Z", customers=({"id": "eva", "full_name": "Eva \x1b[31m\x9b2J", "phone": None},))
    clinic.write(REMINDER.replace("  when", "  filters: {language: en}\n  when"))
    printed = attempt(clinic, "--booking", "b1").stdout
    assert "nothing: language is es, but the filter requires en" in printed
    clinic.write(REMINDER)
    assert "\x1b" not in attempt(clinic, "--booking", "b1", exits=1).stdout


def test_a_page_that_cannot_be_written_is_told(clinic: Clinic) -> None:
    clinic.write(REMINDER)
    assert "--html" in attempt(clinic, "--html", str(clinic.folder), exits=2).stderr
    page = clinic.folder / "page.html"
    assert f"written  {page}" in attempt(clinic, "--html", str(page)).stdout
    assert "Hola Lucía, hasta 10:00" in page.read_text(encoding="utf-8")
