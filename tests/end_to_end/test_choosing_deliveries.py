"""`deliveries` by what a person knows: names, days, lengths of time; a word that names nothing is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import Result

from tests.clinic import Clinic

WORKFLOWS = """\
- id: reminder
  when: 1 day before start
  actions:
    - {send: email, to: customer, subject: s, body: "Hello {customer_first_name}"}
    - {send: sms, to: customer, body: "Hello"}
- id: briefing
  when: 1 hour before start
  actions: [{send: email, to: [staff, "ops@example.com"], subject: s, body: b}]
"""
PEOPLE: tuple[Mapping[str, Any], ...] = (
    {"id": "c-1f", "full_name": "Eva Ruiz", "email": "eva@example.com", "phone": None},
    {"id": "c-2f", "full_name": "José Ángel Pérez", "email": "jose@example.com", "phone": "+34600123457"},
    {"id": "c-3f", "full_name": "Evaristo Gil", "email": "diana.eva@example.com", "phone": "+34600123458"},
)


@pytest.fixture
def sent(clinic: Clinic) -> Clinic:
    """Three customers with a visit on three days in a row, each at 12:00 in Madrid; Eva has no phone."""
    clinic.write(WORKFLOWS)
    clinic.run("2026-06-01T08:00Z")
    clinic.execute("INSERT INTO staff (id, name, email) VALUES ('s-1f', 'Ana', 'ana@example.com')")
    for day, person in enumerate(PEOPLE, start=10):
        clinic.book(f"b{day}", f"2026-06-{day}T10:00Z", customers=(person,), staff_id="s-1f")
        clinic.run(f"2026-06-{day - 1:02}T10:00Z", exits=day == 10)
        clinic.run(f"2026-06-{day}T09:00Z")
    return clinic


def ids(clinic: Clinic, *options: str) -> list[int]:
    return [each["id"] for each in clinic.deliveries(*options)]


def found(clinic: Clinic, *options: str) -> set[tuple[str, str]]:
    return {(each["recipient"], each["action"]) for each in clinic.deliveries(*options)}


EVA, JOSE, EVARISTO = ({(f"customer:c-{number}f", action) for action in ("email", "sms")} for number in (1, 2, 3))


FOUND = [
    (("--customer", "Eva Ruiz"), EVA),
    (("--customer", "eva r"), EVA),
    (("--customer", "jose perez"), JOSE),
    (("--customer", "EVA"), EVA | EVARISTO),
    (("--customer", "eva@example.com"), EVA),
    (("--customer", "600 123 457"), JOSE),
    (("--customer", "c-2f"), JOSE),
    (("--recipient", "Evaristo"), EVARISTO),
    (("--recipient", "customer:c-3f"), EVARISTO),
    (("--recipient", "Ana"), {("staff:s-1f", "email")}),
    (("--recipient", "ops@example.com"), {("ops@example.com", "email")}),
    (("--recipient", "eva@example.com"), {("customer:c-1f", "email")}),
    (("--customer", "Eva Ruiz", "--channel", "sms"), {("customer:c-1f", "sms")}),
    (("--customer", "Eva Ruiz", "--channel", "telegram"), set()),
]
REFUSED = [
    (("--workflow", "remimder"), "there is no workflow remimder; did you mean `reminder`?"),
    (("--workflow", "x"), "there is no workflow x; there are: reminder, briefing"),
    (("--channel", "smss"), "there is no channel smss; did you mean `sms`?"),
    (("--booking", "b100"), "there is no booking b100; did you mean `b10`?"),
    (("--recipient", "Eva Riuz"), "there is no recipient Eva Riuz; did you mean `Eva Ruiz`?"),
    (("--customer", "Jose Gomez"), "there is no customer Jose Gomez; did you mean `José Ángel Pérez`?"),
    (("--customer", "Ana"), "there is no customer Ana"),
    (("--customer", "iana"), "there is no customer iana"),
    (("--since", "yesterdy"), "--since 'yesterdy' is not an ISO 8601 time"),
]


def test_people_are_found_by_what_they_are_called(sent: Clinic) -> None:
    assert [found(sent, *options) for options, _ in FOUND] == [expected for _, expected in FOUND]


@pytest.mark.parametrize(
    "command", [("list",), ("list", "--json"), ("export",), ("retry",), ("cancel",), ("acknowledge",)], ids=" ".join
)
def test_a_word_that_names_nothing_is_refused_by_every_command(sent: Clinic, command: tuple[str, ...]) -> None:
    for options, says in REFUSED:
        result = sent.command("deliveries", *command, *options, "--now", "2026-06-12T10:00Z")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(says)


def test_what_only_the_ledger_remembers_is_no_wrong_word(sent: Clinic) -> None:
    sent.write(WORKFLOWS.partition("- id: briefing")[0])
    assert found(sent, "--workflow", "briefing") == {("staff:s-1f", "email"), ("ops@example.com", "email")}
    sent.execute("DELETE FROM participants")
    sent.execute("DELETE FROM customers")
    sent.execute("DELETE FROM bookings")
    assert found(sent, "--customer", "c-1f", "--booking", "b10") == EVA
    assert found(sent, "--recipient", "eva@example.com") == {("customer:c-1f", "email")}


DAYS = [
    (("--since", "2026-06-10", "--until", "2026-06-10"), {"10"}),
    (("--until", "2026-06-10"), {"09", "10"}),
    (("--since", "2026-06-11T11:00"), {"11", "12"}),
    (("--since", "2d", "--now", "2026-06-13T09:00Z"), {"11", "12"}),
    (("--since", "yesterday", "--until", "yesterday", "--now", "2026-06-12T00:30"), {"11"}),
    (("--since", "today", "--now", "2026-06-11T23:30"), {"11", "12"}),
    (("--until", "3 days", "--now", "2026-06-12T10:00Z"), {"09"}),
    (("--until", "9999-12-31"), {"09", "10", "11", "12"}),
]


def test_days_are_whole_and_lengths_are_ago(sent: Clinic) -> None:
    for options, days in DAYS:
        assert {each["due_at"][8:10] for each in sent.deliveries(*options)} == days, options


def test_bookings_and_what_is_to_come_take_the_same_words(sent: Clinic) -> None:
    def listed(*options: str) -> list[str]:
        result = sent.command("bookings", "list", "--json", "--now", "2026-06-11T08:00Z", *options)
        return [each["id"] for each in json.loads(result.stdout)]

    assert listed("--since", "2026-06-11", "--until", "2026-06-11") == ["b11"]
    assert listed("--since", "today", "--until", "1d") == ["b11"]
    assert listed("--since", "1d", "--until", "tomorrow") == ["b10", "b11", "b12"]
    result = sent.command("upcoming", "--json", "--until", "2026-06-11", "--now", "2026-06-11T08:00Z")
    assert [each["booking"] for each in json.loads(result.stdout)] == ["b11", "b11", "b12", "b12"]


# --- deciding about many ----------------------------------------------------------------------------------------------


def decide(clinic: Clinic, *words: str, now: str) -> Result:
    result = clinic.command("deliveries", *words, "--now", now)
    assert result.exit_code in (0, 2), result.exception
    return result


def test_many_are_tried_again_at_once(sent: Clinic) -> None:
    sent.execute("UPDATE customers SET phone = '+34600123456'")
    result = decide(sent, "retry", "--state", "failed", "--workflow", "reminder", now="2026-06-09T10:05Z")
    assert result.exit_code == 0
    assert result.stdout == (
        "delivery 2 (reminder: sms to Eva Ruiz, booking b10): the next run sends it again, under the same key, until "
        "2026-06-10 00:00\n"
    )
    assert sent.run("2026-06-09T10:06Z") == {"sent": 1}


def test_what_is_past_its_deadline_is_left_out_of_many(sent: Clinic) -> None:
    result = decide(sent, "retry", "--customer", "Eva Ruiz", now="2026-06-12T10:00Z")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "left out: 1 delivery whose deadline has passed",
        "there is nothing to retry",
    ]


@pytest.mark.parametrize("verb", ["retry", "cancel", "acknowledge"])
def test_one_says_which(sent: Clinic, verb: str) -> None:
    for words in ((verb,), (verb, "2", "--state", "failed")):
        result = decide(sent, *words, now="2026-06-09T10:05Z")
        assert result.exit_code == 2
        assert result.stderr.startswith("name the deliveries by their ID, or choose them by options")
    if verb != "cancel":
        result = decide(sent, verb, "--state", "pending", now="2026-06-09T10:05Z")
        assert result.stderr.startswith(f"--state pending: {verb} is for what is failed")


# --- acknowledging ----------------------------------------------------------------------------------------------------


def level(clinic: Clinic, now: str) -> str:
    return str(json.loads(clinic.command("status", "--json", "--now", now).stdout)["level"])


def test_what_was_seen_is_no_warning_and_what_fails_then_is(sent: Clinic) -> None:
    sent.book("b13", "2026-06-13T10:00Z", customers=("c-1f", "c-2f"), staff_id="s-1f")
    sent.execute("UPDATE customers SET phone = NULL")
    assert sent.run("2026-06-12T10:00Z", exits=1)["failed"] == 2
    assert level(sent, "2026-06-12T10:01Z") == "warning"

    result = decide(sent, "acknowledge", "--state", "failed", "--customer", "Eva Ruiz", now="2026-06-12T10:01Z")
    assert len(result.stdout.splitlines()) == 2, "of both visits"
    assert level(sent, "2026-06-12T10:01Z") == "warning", "one is left"
    decide(sent, "acknowledge", "--state", "failed", now="2026-06-12T10:02Z")
    assert level(sent, "2026-06-12T10:02Z") == "ok"
    assert ids(sent, "--state", "failed", "--unacknowledged") == []
    seen = sent.deliveries("--acknowledged")
    assert {each["state"] for each in seen} == {"failed"}, "each keeps its state"
    assert seen[-1]["acknowledged_at"] == "2026-06-12T10:02:00Z"
    assert seen[-1]["acknowledged_by"]

    again = str(seen[-1]["id"])
    assert "has been acknowledged already" in decide(sent, "acknowledge", again, now="2026-06-12T10:03Z").stderr
    decide(sent, "retry", again, now="2026-06-12T10:03Z")
    assert sent.run("2026-06-12T10:04Z", exits=1) == {"failed": 1}
    assert level(sent, "2026-06-12T10:04Z") == "warning", "a new failure is new"
    shown = json.loads(sent.command("deliveries", "show", again, "--json").stdout)
    assert [each["decision"] for each in shown["decisions"]] == ["acknowledged", "to be tried again"]
    assert shown["acknowledged_at"] is None


def test_what_expired_or_is_unknown_can_be_acknowledged_and_what_was_sent_cannot(sent: Clinic) -> None:
    sent.book("b14", "2026-06-14T10:00Z", customers=("c-1f",))
    assert sent.run("2026-06-14T09:40Z", exits=1)["expired"] == 4
    assert level(sent, "2026-06-14T09:41Z") == "warning"
    decide(sent, "acknowledge", "--since", "1d", now="2026-06-14T09:41Z")
    assert level(sent, "2026-06-14T09:41Z") == "ok"
    result = decide(sent, "acknowledge", "1", now="2026-06-14T09:41Z")
    assert result.stderr == "delivery 1 is sent; acknowledge is for what is failed, expired or unknown\n"


def test_figures_say_how_many_were_acknowledged(sent: Clinic) -> None:
    decide(sent, "acknowledge", "--state", "failed", now="2026-06-09T10:05Z")
    file = sent.folder / "metrics.prom"
    found = json.loads(sent.command("status", "--json", "--prometheus", str(file), "--now", "2026-06-09T10:05Z").stdout)
    assert found["deliveries"]["failed"] == {
        "last_24_hours": 1,
        "all": 1,
        "acknowledged_last_24_hours": 1,
        "acknowledged": 1,
    }
    assert 'reminderctl_acknowledged{state="failed"} 1\n' in file.read_text(encoding="utf-8")


# --- bookings ---------------------------------------------------------------------------------------------------------

WRONG = [
    (("--customer", "Eva Riuz"), "there is no customer Eva Riuz; did you mean `Eva Ruiz`?"),
    (("--staff", "Anna"), "--staff: nothing is called Anna; did you mean `Ana`?"),
    (("--staff", "Ana", "--staff", "Anna"), "--staff: nothing is called Anna; did you mean `Ana`?"),
    (("--service", "Haircut"), "--service: nothing is called Haircut"),
    (("--location", "Centro"), "--location: nothing is called Centro"),
    (("--status", "aproved"), "--status: nothing is called aproved; did you mean `approved`?"),
    (("--until", "2026-13-01"), "--until '2026-13-01' is not an ISO 8601 time"),
]


def test_bookings_are_chosen_by_the_same_words(sent: Clinic) -> None:
    def listed(*options: str) -> list[str]:
        return [each["id"] for each in json.loads(sent.command("bookings", "list", "--json", *options).stdout)]

    assert listed("--customer", "eva") == ["b10", "b12"]
    assert listed("--customer", "Eva Ruiz", "--customer", "jose") == ["b10", "b11"]
    assert listed("--staff", "ana", "--status", "approved") == ["b10", "b11", "b12"]
    assert listed("--status", "rejected") == [], "none is, but it is a status"
    for options, says in WRONG:
        result = sent.command("bookings", "list", *options)
        assert (result.exit_code, result.stdout) == (2, ""), options
        assert result.stderr.startswith(says), result.stderr


def test_every_argument_that_names_something_is_refused_where_it_names_nothing(sent: Clinic) -> None:
    for command, says in (
        ("upcoming --workflow remimder", "there is no workflow remimder; did you mean `reminder`?"),
        ("upcoming --booking b100", "there is no booking b100"),
        ("explain b100", "there is no booking b100"),
        ("release remimder", "there is no workflow remimder; did you mean `reminder`?"),
        ("backfill remimder --since 1d", "there is no workflow remimder; did you mean `reminder`?"),
        ("test remimder", "there is no workflow remimder; did you mean `reminder`?"),
        ("test --sample grupo", "there is no sample grupo; did you mean `group`?"),
        ("test --booking b100", "there is no booking b100"),
        ("bookings show b100", "there is no booking b100"),
    ):
        result = sent.command(*command.split(), "--now", "2026-06-12T10:00Z")
        assert (result.exit_code, result.stdout) == (2, ""), command
        assert result.stderr.startswith(says.partition("; did you mean `b")[0]), result.stderr
