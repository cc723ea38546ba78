"""What is gone for a moment is not gone for good: bookings, participants and workflows that vanish and come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clinic import SETTINGS, Clinic, at
from tests.statements import Statements, checked

CLOSED = SETTINGS.replace("outbox: outbox\n", "") + (
    "channels: {email: {host: 127.0.0.1, port: 1, security: none, from: a@example.com}}\n"
)
ARMED, DUE, NEXT, MEANWHILE, BACK = (f"2026-06-10T{time}Z" for time in ("06:00", "08:00", "08:01", "08:02", "08:21"))


def reminder(name: str = "reminder", *, to: str = "customer", more: str = "") -> str:
    return f"""\
- id: {name}
  when: 2 hours before start
  {more or "enabled: true"}
  actions:
    - send: email
      to: {to}
      subject: Your visit
      body: "{{customer_full_name}} at {{appointment_start_time}}"
"""


def book_many(clinic: Clinic, most: int = 40) -> None:
    clinic.insert((f"b{number}", at("2026-06-10T10:00Z")) for number in range(most))


@pytest.fixture
def waiting(clinic: Clinic) -> Clinic:
    """Forty reminders that wait for a mail server which is down."""
    clinic.write(reminder(), settings=CLOSED)
    clinic.run(ARMED)
    book_many(clinic)
    assert clinic.run(DUE)["planned"] == 40
    return clinic


def run(clinic: Clinic, now: str, *, exits: int) -> str:
    """One tick: what it says to a person."""
    result = clinic.command("run", "--now", now)
    assert result.exit_code == exits, result.output
    return result.stderr


def into_the_outbox(clinic: Clinic, now: str, *, exits: int = 0) -> str:
    result = clinic.command("run", "--now", now, "--outbox", str(clinic.folder / "outbox"))
    assert result.exit_code == exits, result.output
    return result.stderr


def recipients(clinic: Clinic) -> list[str]:
    """Whom the outbox holds a message for, each as often as it does."""
    return sorted(
        line.removeprefix("To: ").strip()
        for message in clinic.outbox()
        for line in message.read_text().splitlines()
        if line.startswith("To: ")
    )


EVERYBODY = sorted(f"b{number}@example.com" for number in range(40))
WHOLE_AGAIN = "keep.db"


def keep(clinic: Clinic) -> None:
    (clinic.folder / WHOLE_AGAIN).write_bytes((clinic.folder / "bookings.db").read_bytes())


def restore(clinic: Clinic) -> None:
    (clinic.folder / "bookings.db").write_bytes((clinic.folder / WHOLE_AGAIN).read_bytes())


def empty(clinic: Clinic) -> None:
    for statement in ("DELETE FROM bookings", "DELETE FROM participants", "DELETE FROM customers"):
        clinic.execute(statement)


def halve(clinic: Clinic) -> None:
    clinic.execute("DELETE FROM bookings WHERE CAST(SUBSTR(id, 2) AS INTEGER) >= 20")


def with_fields(clinic: Clinic, sql: str) -> None:
    """Let a view say what each booking's `fields` are: our own table would refuse what is no JSON."""
    columns = "id, starts_at, ends_at, timezone, status, service_id, staff_id, location_id"
    clinic.execute("ALTER TABLE bookings RENAME TO visits")
    clinic.execute(f"CREATE VIEW bookings AS SELECT {columns}, {sql} AS fields FROM visits")  # noqa: S608


def spoil(clinic: Clinic) -> None:
    """Cut the JSON of each booking in the middle, as no table of ours would let it pass."""
    with_fields(clinic, """'{"a": 1'""")


def without_participants(clinic: Clinic) -> None:
    clinic.execute("DELETE FROM participants")


def without_customers(clinic: Clinic) -> None:
    clinic.execute("DELETE FROM customers")


@pytest.mark.parametrize("minutes", [1, 20])
@pytest.mark.parametrize("vanish", [empty, halve, spoil, without_participants, without_customers])
def test_what_waits_is_held_while_its_bookings_are_gone_and_sent_once_when_they_are_back(
    waiting: Clinic, vanish: Callable[[Clinic], None], minutes: int
) -> None:
    keep(waiting)
    vanish(waiting)
    for minute in range(1, 1 + minutes):
        said = into_the_outbox(waiting, f"2026-06-10T08:{minute:02}Z", exits=1)
        held = [line for line in said.splitlines() if "pending deliveries are held" in line]
        assert len(held) == 1, said
        assert waiting.states().get("canceled", 0) == 0
    kept_back = 20 if vanish is halve else 40
    assert waiting.states()["pending"] >= kept_back
    assert f"{kept_back} of " in held[0]
    restore(waiting)
    assert into_the_outbox(waiting, "2026-06-10T08:40Z") == ""
    assert waiting.states() == {"sent": 40}
    assert into_the_outbox(waiting, "2026-06-10T08:41Z") == ""
    assert recipients(waiting) == EVERYBODY


def test_while_it_is_held_everything_says_why(waiting: Clinic) -> None:
    empty(waiting)
    said = run(waiting, NEXT, exits=1)
    assert said.count("\n") == 1
    assert said.startswith("40 of 40 pending deliveries are held, neither sent nor canceled: the booking was deleted")
    (told,) = json.loads(waiting.command("explain", "b7", "--json", "--now", MEANWHILE).stdout)
    assert told["reason"].startswith("held, neither sent nor canceled: the booking was deleted or cannot be read")
    assert told["missing"] == "the booking was deleted or cannot be read"
    listed = waiting.deliveries("--missing")
    assert len(listed) == 40
    assert listed == waiting.deliveries("--state", "held")
    upcoming = json.loads(waiting.command("upcoming", "--json", "--now", MEANWHILE).stdout)
    assert {each["reason"] for each in upcoming} == {"held: the booking was deleted or cannot be read"}
    health = waiting.command("status", "--now", MEANWHILE)
    assert health.exit_code == 2  # the mail server is down, too
    assert "40 deliveries held: the booking was deleted" in health.stdout
    assert "max_burst" not in health.stdout + said


def test_an_unreadable_file_is_described_in_two_lines(waiting: Clinic) -> None:
    spoil(waiting)
    said = run(waiting, NEXT, exits=1).splitlines()
    assert len(said) == 2
    assert "the booking cannot be read: fields is" in said[0]
    assert said[1].endswith("and 39 more cannot be read")


def test_a_person_decides_about_what_is_held(waiting: Clinic) -> None:
    keep(waiting)
    empty(waiting)
    run(waiting, NEXT, exits=1)
    canceled = waiting.command("deliveries", "cancel", "--missing", "--now", MEANWHILE)
    assert canceled.exit_code == 0, canceled.output
    assert waiting.states() == {"canceled": 40}
    assert run(waiting, "2026-06-10T08:03Z", exits=0) == ""
    restore(waiting)
    assert into_the_outbox(waiting, BACK) == ""
    assert waiting.states() == {"canceled": 40}
    assert waiting.command("deliveries", "cancel").exit_code == 2


def test_a_release_lets_go_no_delivery_whose_booking_is_missing(waiting: Clinic) -> None:
    empty(waiting)
    run(waiting, NEXT, exits=1)
    assert "there are no held messages" in waiting.command("release", "reminder").stdout
    assert len(waiting.deliveries("--missing")) == 40


def test_deadlines_run_on_while_it_is_held(waiting: Clinic) -> None:
    empty(waiting)
    run(waiting, NEXT, exits=1)
    said = run(waiting, "2026-06-10T09:01Z", exits=1)
    assert waiting.states() == {"expired": 40}
    assert "its deadline passed while it was held: the booking was deleted or cannot be read" in said
    assert run(waiting, "2026-06-10T09:02Z", exits=0) == ""


def test_few_that_are_deleted_are_canceled_at_once(waiting: Clinic) -> None:
    waiting.execute("DELETE FROM bookings WHERE id = 'b7'")
    assert run(waiting, NEXT, exits=0) == ""
    assert waiting.states() == {"canceled": 1, "pending": 39}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bookings SET status = 'canceled'",
        "UPDATE bookings SET starts_at = '2026-06-12T10:00:00Z', ends_at = '2026-06-12T11:00:00Z'",
        "UPDATE participants SET status = 'canceled'",
    ],
)
def test_what_a_person_changes_is_obeyed_at_once_however_much_it_is(waiting: Clinic, change: str) -> None:
    waiting.execute(change)
    assert run(waiting, NEXT, exits=0) == ""
    assert waiting.states() == {"canceled": 40}


def test_one_booking_that_cannot_be_read_is_held_and_not_canceled(waiting: Clinic) -> None:
    with_fields(waiting, "CASE id WHEN 'b7' THEN '[1]' ELSE fields END")
    said = run(waiting, NEXT, exits=1)
    assert "booking b7 is skipped" in said
    (held,) = waiting.deliveries("--missing")
    assert held["booking"] == "b7"
    assert waiting.states() == {"pending": 40}


def test_a_rest_that_is_really_gone_is_canceled_once_the_others_are_back(waiting: Clinic) -> None:
    keep(waiting)
    empty(waiting)
    run(waiting, NEXT, exits=1)
    restore(waiting)
    waiting.execute("DELETE FROM bookings WHERE id IN ('b7', 'b8')")
    assert into_the_outbox(waiting, BACK) == ""
    assert waiting.states() == {"sent": 38, "canceled": 2}


def test_a_burst_that_disappears_is_a_burst_again_when_it_is_back(clinic: Clinic) -> None:
    clinic.write(reminder(more="max_burst: 0"))
    clinic.run(ARMED)
    book_many(clinic)
    assert clinic.run(DUE, exits=1) == {"planned": 40, "held": 40}
    keep(clinic)
    empty(clinic)
    run(clinic, NEXT, exits=1)
    restore(clinic)
    assert run(clinic, BACK, exits=0) == ""
    assert clinic.states() == {"pending": 40}
    assert "40 released" in clinic.command("release", "reminder").stdout
    assert clinic.run("2026-06-10T08:22Z") == {"sent": 40}


# --- files of workflows -----------------------------------------------------------------------------------------------


@pytest.fixture
def deployed(clinic: Clinic) -> Clinic:
    """A directory of two files: the settings with a workflow of their own, and another one with forty that wait."""
    folder = clinic.folder / "workflows.yaml"  # where the harness looks; a directory does as well
    folder.mkdir()
    settings = f"bookings: ../bookings.db\nledger: ../ledger.db\n{CLOSED}"
    other = reminder("other", to="admin", more="filters: {status: other}")
    (folder / "a.yaml").write_text(f"{settings}workflows:\n{other}")
    (folder / "b.yaml").write_text(f"workflows:\n{reminder()}")
    clinic.run(ARMED)
    book_many(clinic)
    assert clinic.run(DUE)["planned"] == 40
    return clinic


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    """Leave the first half of a file, which still is YAML."""
    path.write_text("workflows: []\n")


def truncate(path: Path) -> None:
    path.write_text("")


def break_off(path: Path) -> None:
    text = path.read_text()
    path.write_text(text[: len(text) // 2])


def unmount(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/b.yaml")


@pytest.mark.parametrize("minutes", [1, 20])
@pytest.mark.parametrize(
    ("vanish", "exits", "said"),
    [
        (remove, 1, "40 of 40 pending deliveries are held, neither sent nor canceled: the workflow was removed"),
        (cut, 1, "40 of 40 pending deliveries are held, neither sent nor canceled: the workflow was removed"),
        (truncate, 1, "40 of 40 pending deliveries are held, neither sent nor canceled: the workflow was removed"),
        (break_off, 2, "b.yaml:"),
        (unmount, 2, "b.yaml:1:1: cannot be read: No such file or directory"),
    ],
)
def test_workflows_whose_file_is_gone_for_a_moment_go_on_from_where_they_were(
    deployed: Clinic, vanish: Callable[[Path], None], exits: int, said: str, minutes: int
) -> None:
    """Some fell due meanwhile, too."""
    path = deployed.folder / "workflows.yaml" / "b.yaml"
    text = path.read_text()
    vanish(path)
    deployed.insert([("late", at("2026-06-10T10:01Z"))])
    for minute in range(1, 1 + minutes):
        assert said in into_the_outbox(deployed, f"2026-06-10T08:{minute:02}Z", exits=exits)
    assert deployed.states() == {"pending": 40}
    path.unlink(missing_ok=True)
    path.write_text(text)
    assert into_the_outbox(deployed, "2026-06-10T08:40Z") == ""
    assert deployed.states() == {"sent": 41}
    assert into_the_outbox(deployed, "2026-06-10T08:41Z") == ""
    assert recipients(deployed) == sorted([*EVERYBODY, "late@example.com"])


def test_a_workflow_that_is_back_after_a_day_starts_at_now(deployed: Clinic) -> None:
    path = deployed.folder / "workflows.yaml" / "b.yaml"
    text = path.read_text()
    path.unlink()
    run(deployed, NEXT, exits=1)
    run(deployed, "2026-06-11T08:00Z", exits=1)
    deployed.insert([("missed", at("2026-06-11T10:01Z")), ("later", at("2026-06-11T10:03Z"))])
    assert run(deployed, "2026-06-11T08:01Z", exits=0) == ""
    path.write_text(text)
    assert into_the_outbox(deployed, "2026-06-11T08:02Z") == ""
    assert into_the_outbox(deployed, "2026-06-11T08:03Z") == ""
    assert recipients(deployed) == ["later@example.com"]


def test_a_workflow_that_is_switched_off_for_a_moment_starts_at_now(deployed: Clinic) -> None:
    path = deployed.folder / "workflows.yaml" / "b.yaml"
    text = path.read_text()
    path.write_text(text.replace("enabled: true", "enabled: false"))
    assert run(deployed, NEXT, exits=0) == ""
    assert deployed.states() == {"canceled": 40}
    deployed.insert([("late", at("2026-06-10T10:02Z"))])
    run(deployed, MEANWHILE, exits=0)
    path.write_text(text)
    assert into_the_outbox(deployed, "2026-06-10T08:03Z") == ""
    assert deployed.states() == {"canceled": 40}


# --- what was canceled comes back -------------------------------------------------------------------------------------


def test_what_was_canceled_comes_back_with_its_booking_however_long_that_took(waiting: Clinic) -> None:
    keep(waiting)
    waiting.execute("DELETE FROM bookings WHERE id = 'b7'")
    run(waiting, NEXT, exits=0)
    (canceled,) = waiting.deliveries("--state", "canceled")
    run(waiting, "2026-06-10T08:30Z", exits=0)
    restore(waiting)
    said = json.loads(waiting.command("explain", "b7", "--json", "--now", "2026-06-10T08:30Z").stdout)
    assert said[0]["reason"].endswith("but it is due again: the next run sends it")
    assert into_the_outbox(waiting, "2026-06-10T08:40Z") == ""
    assert waiting.states() == {"sent": 40}
    assert canceled["key"] in {each["key"] for each in waiting.deliveries("--booking", "b7")}


def test_what_was_canceled_does_not_come_back_after_its_deadline(waiting: Clinic) -> None:
    keep(waiting)
    waiting.execute("DELETE FROM bookings WHERE id = 'b7'")
    run(waiting, NEXT, exits=0)
    restore(waiting)
    run(waiting, "2026-06-10T09:01Z", exits=1)
    assert waiting.states() == {"canceled": 1, "expired": 39}


def test_a_visit_called_off_and_confirmed_half_an_hour_later_is_reminded(waiting: Clinic) -> None:
    waiting.execute("UPDATE bookings SET status = 'canceled'")
    run(waiting, NEXT, exits=0)
    run(waiting, "2026-06-10T08:20Z", exits=0)
    waiting.execute("UPDATE bookings SET status = 'approved'")
    assert into_the_outbox(waiting, "2026-06-10T08:31Z") == ""
    assert waiting.states() == {"sent": 40}


def test_what_comes_back_at_once_may_be_a_burst(waiting: Clinic) -> None:
    waiting.write(reminder(more="max_burst: 39"), settings=CLOSED)
    waiting.execute("UPDATE bookings SET status = 'canceled'")
    run(waiting, NEXT, exits=0)
    run(waiting, "2026-06-10T08:20Z", exits=0)
    waiting.execute("UPDATE bookings SET status = 'approved'")
    assert "40 new deliveries in one run are more than max_burst" in run(waiting, BACK, exits=1)


def test_what_was_canceled_is_looked_at_again_only_when_something_has_changed(
    waiting: Clinic, statements: Statements
) -> None:
    """Where nobody has touched the file, no run reads the bookings of what was canceled."""
    waiting.set_status("b7", "canceled")
    waiting.written_long_ago(1)
    run(waiting, NEXT, exits=0)
    run(waiting, "2026-06-10T08:10Z", exits=0)
    assert checked(statements) > 0
    run(waiting, "2026-06-10T08:11Z", exits=0)
    assert checked(statements) == 0
    assert waiting.states() == {"canceled": 1, "pending": 39}
    waiting.set_status("b7", "approved")
    waiting.written_long_ago(1)
    run(waiting, "2026-06-10T08:12Z", exits=0)
    assert checked(statements) > 0
    assert waiting.states() == {"pending": 40}


def test_a_loosened_filter_brings_back_what_it_had_canceled(waiting: Clinic) -> None:
    waiting.written_long_ago(1)
    waiting.write(reminder(more="filters: {status: other}"), settings=CLOSED)
    run(waiting, NEXT, exits=0)
    assert waiting.states() == {"canceled": 40}
    run(waiting, "2026-06-10T08:20Z", exits=0)
    waiting.write(reminder(), settings=CLOSED)
    assert into_the_outbox(waiting, "2026-06-10T08:31Z") == ""
    assert waiting.states() == {"sent": 40}


def test_what_a_backfill_planned_comes_back_too(clinic: Clinic) -> None:
    clinic.write(reminder(), settings=CLOSED)
    clinic.run(DUE)
    clinic.insert([("b1", at("2026-06-10T09:50Z")), ("b2", at("2026-06-10T09:50Z"))])
    backfill = ("backfill", "reminder", "--since", ARMED, "--yes", "--now", "2026-06-10T08:01Z")
    assert "2 planned" in clinic.command(*backfill).stdout
    clinic.set_status("b1", "canceled")
    run(clinic, MEANWHILE, exits=0)
    clinic.set_status("b1", "approved")
    assert into_the_outbox(clinic, "2026-06-10T08:20Z") == ""
    assert recipients(clinic) == ["b1@example.com", "b2@example.com"]


def test_what_was_canceled_before_its_workflow_was_switched_off_does_not_come_back(waiting: Clinic) -> None:
    waiting.set_status("b7", "canceled")
    run(waiting, NEXT, exits=0)
    waiting.write(reminder(more="enabled: false"), settings=CLOSED)
    run(waiting, MEANWHILE, exits=0)
    waiting.write(reminder(), settings=CLOSED)
    waiting.set_status("b7", "approved")
    run(waiting, BACK, exits=0)
    assert waiting.states() == {"canceled": 40}


# --- one of a group ---------------------------------------------------------------------------------------------------


@pytest.fixture
def for_the_first(clinic: Clinic) -> Clinic:
    """A message for the first of two participants, which waits."""
    clinic.write(reminder(more="for_each_customer: false"), settings=CLOSED)
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z", customers=("ana", "ben"))
    assert clinic.run(DUE)["planned"] == 1
    return clinic


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE participants SET status = 'canceled' WHERE customer_id = 'ana'",
        "DELETE FROM participants WHERE customer_id = 'ana'",
    ],
)
def test_the_next_one_is_told_where_the_first_drops_out_before_being_told(for_the_first: Clinic, change: str) -> None:
    run(for_the_first, "2026-06-10T08:10Z", exits=0)
    for_the_first.execute(change)
    assert into_the_outbox(for_the_first, "2026-06-10T08:20Z") == ""
    assert recipients(for_the_first) == ["ben@example.com"]
    assert for_the_first.states() == {"canceled": 1, "sent": 1}
    for_the_first.execute("DELETE FROM participants")
    for_the_first.execute("INSERT INTO participants (booking_id, customer_id) VALUES ('b1', 'ana')")
    assert into_the_outbox(for_the_first, "2026-06-10T08:21Z") == ""
    assert recipients(for_the_first) == ["ben@example.com"]


def test_nobody_else_is_told_where_the_first_drops_out_after_being_told(for_the_first: Clinic) -> None:
    assert into_the_outbox(for_the_first, "2026-06-10T08:03Z") == ""
    for_the_first.execute("UPDATE participants SET status = 'canceled' WHERE customer_id = 'ana'")
    assert into_the_outbox(for_the_first, "2026-06-10T08:04Z") == ""
    assert recipients(for_the_first) == ["ana@example.com"]
    said = json.loads(for_the_first.command("explain", "b1", "--json", "--now", "2026-06-10T08:05Z").stdout)
    reasons = {each["recipient"]: each["reason"] for each in said}
    assert reasons["customer:ben"] == "customer:ana has received it already: `for_each_customer: false`"
    backfill = ("backfill", "reminder", "--since", ARMED, "--yes", "--now", "2026-06-10T08:06Z")
    assert "no missed messages since" in for_the_first.command(*backfill).stdout


def test_the_first_is_told_where_it_is_back_before_the_next_one_was(for_the_first: Clinic) -> None:
    for_the_first.execute("UPDATE participants SET status = 'canceled' WHERE customer_id = 'ana'")
    run(for_the_first, NEXT, exits=0)
    assert for_the_first.states() == {"canceled": 1, "pending": 1}
    for_the_first.execute("UPDATE participants SET status = NULL")
    assert into_the_outbox(for_the_first, "2026-06-10T08:20Z") == ""
    assert recipients(for_the_first) == ["ana@example.com"]


# --- what falls due meanwhile -----------------------------------------------------------------------------------------


@pytest.fixture
def expecting(clinic: Clinic) -> Clinic:
    """Forty reminders that fall due at 08:05; nothing waits."""
    clinic.write(reminder())
    book_many(clinic)
    clinic.execute("UPDATE bookings SET starts_at = '2026-06-10T10:05:00Z'")
    clinic.run(ARMED)
    clinic.run("2026-06-10T07:59Z")
    return clinic


@pytest.mark.parametrize("vanish", [empty, halve, spoil, without_participants, without_customers])
def test_what_falls_due_while_the_bookings_are_gone_is_found_when_they_are_back(
    expecting: Clinic, vanish: Callable[[Clinic], None]
) -> None:
    keep(expecting)
    vanish(expecting)
    for minute in range(20):
        assert expecting.command("run", "--now", f"2026-06-10T08:{minute:02}Z").exit_code in (0, 1)
    restore(expecting)
    run(expecting, "2026-06-10T08:20Z", exits=0)
    assert recipients(expecting) == EVERYBODY
    assert run(expecting, BACK, exits=0) == ""
    assert recipients(expecting) == EVERYBODY


def test_what_falls_due_for_one_whose_table_is_empty_is_held(clinic: Clinic) -> None:
    clinic.write(reminder(to="staff"))
    clinic.book("b1", "2026-06-10T10:00Z", staff_id="eva")
    clinic.execute("INSERT INTO staff (id, email) VALUES ('eva', 'eva@example.com')")
    clinic.run(ARMED)
    clinic.execute("DELETE FROM staff")
    said = run(clinic, DUE, exits=1)
    assert said == "1 new delivery held: its recipient is unknown: the table staff is empty, and was not before\n"
    assert "its recipient is unknown" in run(clinic, NEXT, exits=1)
    clinic.execute("INSERT INTO staff (id, email) VALUES ('eva', 'eva@example.com')")
    run(clinic, BACK, exits=0)
    assert recipients(clinic) == ["eva@example.com"]


def test_one_who_has_no_address_any_more_is_told_so(waiting: Clinic) -> None:
    waiting.execute("UPDATE customers SET email = NULL WHERE id = 'b7'")
    assert "b7 has no email address" in into_the_outbox(waiting, "2026-06-10T08:20Z", exits=1)
    assert waiting.states() == {"failed": 1, "sent": 39}


def test_names_of_services_that_are_gone_for_a_moment_make_no_filter_miss(clinic: Clinic) -> None:
    clinic.write(reminder(more="filters: {service: Haircut}"), settings=CLOSED)
    clinic.run(ARMED)
    book_many(clinic)
    clinic.execute("UPDATE bookings SET service_id = '7'")
    clinic.execute("INSERT INTO services (id, name) VALUES ('7', 'Haircut')")
    assert clinic.run(DUE)["planned"] == 40
    clinic.insert([("late", at("2026-06-10T10:10Z"))])
    clinic.execute("UPDATE bookings SET service_id = '7'")
    clinic.execute("DELETE FROM services")
    for minute in range(1, 20):
        clinic.command("run", "--now", f"2026-06-10T08:{minute:02}Z")
    clinic.execute("INSERT INTO services (id, name) VALUES ('7', 'Haircut')")
    assert into_the_outbox(clinic, "2026-06-10T08:30Z") == ""
    assert recipients(clinic) == sorted([*EVERYBODY, "late@example.com"])


def test_what_is_gone_for_longer_than_a_day_is_gone(expecting: Clinic) -> None:
    keep(expecting)
    empty(expecting)
    run(expecting, DUE, exits=0)
    run(expecting, "2026-06-11T08:00Z", exits=0)
    run(expecting, "2026-06-11T08:01Z", exits=0)
    restore(expecting)
    run(expecting, "2026-06-11T08:02Z", exits=0)
    assert expecting.deliveries() == []


def test_a_few_bookings_that_are_deleted_make_no_run_look_back(expecting: Clinic) -> None:
    expecting.execute("DELETE FROM bookings WHERE id IN ('b1', 'b2', 'b3', 'b4', 'b5')")
    run(expecting, "2026-06-10T08:05Z", exits=0)
    run(expecting, "2026-06-10T08:11Z", exits=0)
    expecting.insert([("b41", at("2026-06-10T10:04Z"))])
    run(expecting, "2026-06-10T08:12Z", exits=0)
    assert len(recipients(expecting)) == 35


def test_a_new_trigger_does_not_look_back_further_than_its_beginning(expecting: Clinic) -> None:
    keep(expecting)
    empty(expecting)
    run(expecting, DUE, exits=0)
    expecting.write(reminder("another"))
    run(expecting, "2026-06-10T08:10Z", exits=0)
    restore(expecting)
    run(expecting, BACK, exits=0)
    assert recipients(expecting) == []
