"""Time from outside: cron's minutes pass, bookings change, and the ledger and the outbox show what happened."""

from datetime import timedelta

import pytest

from tests.clinic import SETTINGS, Clinic, at, written
from tests.statements import Statements, searched

REMINDER = """\
- id: reminder
  when: {when}
  actions:
    - send: email
      to: customer
      subject: "Your visit"
      body: "{{appointment_start_time}}"
"""


def reminder(when: str = "1 day before start", more: str = "") -> str:
    text = REMINDER.format(when=when)
    return text + "".join(f"  {line}\n" for line in more.splitlines())


@pytest.fixture
def armed(clinic: Clinic) -> Clinic:
    """A clinic whose reminder, one day before, has been armed on 1 June."""
    clinic.write(reminder())
    assert clinic.run("2026-06-01T08:00Z") == {}
    return clinic


def test_a_reminder_goes_out_when_it_is_due_not_before_and_once(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    assert armed.run("2026-06-09T09:59Z") == {}
    assert armed.run("2026-06-09T10:00Z") == {"planned": 1, "sent": 1}
    assert armed.run("2026-06-09T10:00Z") == {}
    assert armed.run("2026-06-09T10:01Z") == {}
    assert len(armed.outbox()) == 1
    (delivery,) = armed.deliveries()
    assert {name: delivery[name] for name in ("workflow", "trigger", "action", "channel", "booking", "recipient")} == {
        "workflow": "reminder",
        "trigger": "1 day before start",
        "action": "email",
        "channel": "email",
        "booking": "b1",
        "recipient": "customer:ana",
    }
    assert delivery["address"] == "ana@example.com"
    assert delivery["due_at"] == "2026-06-09T10:00:00Z"
    assert delivery["expires_at"] == "2026-06-09T22:00:00Z"
    assert delivery["state"] == "sent"
    assert delivery["attempts"] == 1


def test_five_hundred_bookings_that_were_due_before_the_first_run_get_nothing(clinic: Clinic) -> None:
    for number in range(500):
        clinic.book(f"b{number}", written(at("2026-06-02T00:00Z") + timedelta(minutes=number)), customers=())
    clinic.write(reminder().replace("customer", "admin@example.com"))
    assert clinic.run("2026-06-02T09:00Z") == {}
    assert clinic.outbox() == []
    assert clinic.deliveries() == []


def test_every_minute_twice_is_the_same_as_once(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    armed.book("b2", "2026-06-10T10:05Z", customers=("ben", "eva"))
    armed.every_minute("2026-06-09T09:58Z", "2026-06-09T10:08Z", twice=True)
    assert len(armed.outbox()) == 3
    assert armed.states() == {"sent": 3}


@pytest.mark.parametrize(
    ("late_booking", "minutes_late", "sent"),
    [
        ("skip", 4, True),
        ("skip", 6, False),
        ("send", 6, True),
        ("send", 13 * 60, True),
        ("send", 24 * 60 - 1, True),
        ("send", 24 * 60, False),
        ("send\ngrace: 3h", 2 * 60, True),
        ("send\ngrace: 3h", 4 * 60, False),
    ],
)
def test_a_booking_that_arrives_late(clinic: Clinic, late_booking: str, minutes_late: int, *, sent: bool) -> None:
    clinic.write(reminder(more=f"late_booking: {late_booking}"))
    clinic.run("2026-06-01T08:00Z")
    now = at("2026-06-09T10:00Z") + timedelta(minutes=minutes_late)
    clinic.run(now - timedelta(minutes=1))
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run(now)
    assert len(clinic.outbox()) == int(sent)


def test_late_bookings_are_looked_for_where_the_file_has_changed_only(clinic: Clinic, statements: Statements) -> None:
    """Where nobody has touched the file, no run searches again what the run before has searched."""
    clinic.write(reminder(more="late_booking: send"))
    clinic.book("b1", "2026-06-10T10:00Z", status="rejected")
    clinic.written_long_ago(1)
    clinic.run("2026-06-01T08:00Z")
    clinic.run("2026-06-09T11:00Z")
    statements.clear()
    assert clinic.run("2026-06-09T11:06Z") == {}
    assert searched(statements) == [("2026-06-10T11:00:00Z", "2026-06-10T11:06:00Z")]
    clinic.set_status("b1", "approved")
    clinic.written_long_ago(1)
    statements.clear()
    assert clinic.run("2026-06-09T11:07Z") == {"planned": 1, "sent": 1}
    ((since, until),) = searched(statements)
    assert since < "2026-06-10T10:00:00Z"
    assert until == "2026-06-10T11:07:00Z"


def test_late_bookings_of_a_view_that_follows_the_clock_are_always_looked_for(clinic: Clinic) -> None:
    clinic.write(reminder(more="late_booking: send"))
    clinic.book("b1", "2026-06-10T10:00Z", status="rejected")
    clinic.execute("ALTER TABLE bookings RENAME TO visits")
    clinic.execute("CREATE VIEW bookings AS SELECT * FROM visits WHERE date() > '2020-01-01'")
    clinic.written_long_ago(1)
    clinic.run("2026-06-01T08:00Z")
    clinic.run("2026-06-09T11:00Z")
    clinic.execute("UPDATE visits SET status = 'approved'")
    clinic.written_long_ago(1)
    assert clinic.run("2026-06-09T11:06Z") == {"planned": 1, "sent": 1}


def test_a_late_booking_is_found_once_the_broken_file_of_its_workflow_is_corrected(clinic: Clinic) -> None:
    """Other workflows' runs have seen the change of bookings.db; this one's have not."""
    folder = clinic.folder / "conf"
    folder.mkdir()
    settings = f"bookings: {clinic.folder}/bookings.db\nledger: {clinic.folder}/ledger.db\n"
    other = reminder().replace("id: reminder", "id: other")
    whole = f"workflows:\n{reminder(more='late_booking: send')}"
    (folder / "a.yaml").write_text(f"{SETTINGS}{settings}workflows:\n{other}")
    (folder / "b.yaml").write_text(whole)

    def run(now: str, *, exits: int) -> None:
        result = clinic.command("--config", str(folder), "run", "--now", now)
        assert result.exit_code == exits, result.output

    clinic.written_long_ago(1)
    run("2026-06-01T08:00Z", exits=0)
    run("2026-06-09T11:00Z", exits=0)
    (folder / "b.yaml").write_text("workflows: [\n")
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.written_long_ago(2)
    run("2026-06-09T11:06Z", exits=2)
    (folder / "b.yaml").write_text(whole)
    run("2026-06-09T11:12Z", exits=0)
    assert len(list((folder / "outbox").glob("[0-9]*"))) == 1


def test_after_an_outage_what_is_inside_its_grace_goes_out_and_the_rest_is_expired(armed: Clinic) -> None:
    for hour in range(24):
        armed.book(f"b{hour:02}", f"2026-06-11T{hour:02}:30Z")
    armed.run("2026-06-10T00:00Z")
    # Down until midnight. What fell due up to 12 hours ago is still worth sending.
    assert armed.run("2026-06-11T00:00Z", exits=1) == {"planned": 24, "sent": 12, "expired": 12}
    assert armed.states() == {"sent": 12, "expired": 12}
    assert [each["booking"] for each in armed.deliveries("--state", "expired")] == [f"b{hour:02}" for hour in range(12)]


def test_a_cancelled_deleted_or_rejected_booking_gets_nothing(armed: Clinic) -> None:
    for status in ("canceled", "cancelled", "rejected", "no_show"):
        armed.book(status, "2026-06-10T10:00Z", status=status)
    armed.book("deleted", "2026-06-10T10:00Z")
    armed.execute("DELETE FROM bookings WHERE id = 'deleted'")
    assert armed.run("2026-06-09T10:00Z") == {}


def test_a_moved_booking_is_reminded_again(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    armed.run("2026-06-09T10:00Z")
    armed.move("b1", "2026-06-12T10:00Z")
    assert armed.run("2026-06-09T10:01Z") == {}
    assert armed.run("2026-06-11T10:00Z") == {"planned": 1, "sent": 1}
    assert [delivery["event_at"] for delivery in armed.deliveries()] == ["2026-06-10T10:00:00Z", "2026-06-12T10:00:00Z"]


def held_back(clinic: Clinic, *, bookings: int = 1) -> None:
    """Bookings whose reminders are pending: they fell due, but the burst limit holds them."""
    clinic.write(reminder(more="max_burst: 0"))
    for number in range(bookings):
        clinic.book(f"b{number}", "2026-06-10T10:00Z")
    assert clinic.run("2026-06-09T10:00Z", exits=1) == {"planned": bookings, "held": bookings}


def test_what_waits_for_a_moved_booking_is_canceled(armed: Clinic) -> None:
    held_back(armed)
    armed.move("b0", "2026-06-12T10:00Z")
    assert armed.run("2026-06-09T10:01Z") == {"canceled": 1}
    (delivery,) = armed.deliveries()
    assert delivery["state"] == "canceled"
    assert delivery["error"] == "the booking was moved to 2026-06-12T10:00:00Z"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE bookings SET status = 'canceled'", "status is canceled"),
        ("DELETE FROM bookings", "the booking was deleted"),
        ("DELETE FROM participants", "no longer a recipient"),
    ],
)
def test_what_waits_for_a_booking_that_no_longer_matches_is_canceled(armed: Clinic, change: str, reason: str) -> None:
    held_back(armed)
    armed.execute(change)
    assert armed.run("2026-06-09T10:01Z") == {"canceled": 1}
    assert reason in armed.deliveries()[0]["error"]


def test_a_booking_called_off_and_confirmed_again_at_once_is_reminded(armed: Clinic) -> None:
    held_back(armed)
    armed.set_status("b0", "canceled")
    armed.run("2026-06-09T10:01Z")
    armed.set_status("b0", "approved")
    armed.write(reminder())
    assert armed.run("2026-06-09T10:02Z") == {"planned": 1, "sent": 1}


def test_a_workflow_switched_off_cancels_what_waits_and_starts_at_now_when_it_is_back(armed: Clinic) -> None:
    held_back(armed)
    armed.book("due-while-off", "2026-06-10T10:10Z")
    armed.write(reminder(more="enabled: false"))
    assert armed.run("2026-06-09T10:01Z") == {"canceled": 1}
    assert armed.run("2026-06-09T10:10Z") == {}
    armed.write(reminder())
    assert armed.run("2026-06-09T10:11Z") == {}
    assert armed.run("2026-06-09T10:12Z") == {}
    armed.book("later", "2026-06-10T10:13Z")
    assert armed.run("2026-06-09T10:13Z") == {"planned": 1, "sent": 1}


def test_an_edited_trigger_starts_at_now(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    armed.run("2026-06-09T10:00Z")
    armed.write(reminder("25 hours before start"))
    assert armed.run("2026-06-09T10:01Z") == {}
    armed.book("b2", "2026-06-10T11:02Z")
    assert armed.run("2026-06-09T10:02Z") == {"planned": 1, "sent": 1}


def test_editing_texts_names_filters_and_addresses_resends_nothing(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    armed.run("2026-06-09T10:00Z")
    armed.write(
        reminder("[at end, 1d before start]", "name: New name\nfilters: {status: approved}").replace("visit", "call")
    )
    armed.execute("UPDATE customers SET email = 'ana.correct@example.com'")
    assert armed.run("2026-06-09T10:01Z") == {}
    assert len(armed.outbox()) == 1


def test_a_clock_set_back_repeats_nothing_and_misses_nothing(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    armed.book("b2", "2026-06-10T10:30Z")
    armed.run("2026-06-09T10:00Z")
    assert armed.run("2026-06-09T09:00Z") == {}
    assert armed.run("2026-06-09T10:00Z") == {}
    assert armed.run("2026-06-09T10:30Z") == {"planned": 1, "sent": 1}


def test_one_run_years_ahead_poisons_nothing(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    assert armed.run("2031-01-01T00:00Z", exits=1) == {"planned": 1, "expired": 1}
    assert armed.run("2026-06-09T09:00Z", exits=1) == {}  # it says that b1 waits again
    armed.book("b2", "2026-06-10T11:00Z")
    assert armed.run("2026-06-09T10:00Z") == {"sent": 1}
    assert armed.run("2026-06-09T11:00Z") == {"planned": 1, "sent": 1}


def test_a_burst_is_held_until_it_is_released(armed: Clinic) -> None:
    held_back(armed, bookings=3)
    assert armed.run("2026-06-09T10:01Z") == {}
    assert armed.command("release", "reminder").exit_code == 0
    assert armed.run("2026-06-09T10:02Z") == {"sent": 3}


def test_what_is_expired_already_does_not_count_for_a_burst(armed: Clinic) -> None:
    armed.write(reminder(more="max_burst: 1"))
    armed.book("b1", "2026-06-10T10:00Z")
    armed.book("b2", "2026-06-10T23:00Z")
    assert armed.run("2026-06-09T23:00Z", exits=1) == {"planned": 2, "expired": 1, "sent": 1}


def test_what_is_held_expires_at_its_deadline(armed: Clinic) -> None:
    held_back(armed)
    assert armed.run("2026-06-09T22:00Z") == {}
    assert armed.run("2026-06-09T22:01Z", exits=1) == {"expired": 1}


def test_a_restored_ledger_sends_nothing_again(armed: Clinic) -> None:
    backup = (armed.folder / "ledger.db").read_bytes()
    armed.book("b1", "2026-06-10T10:00Z")
    armed.run("2026-06-09T10:00Z")
    for ending in ("", "-wal", "-shm"):
        (armed.folder / f"ledger.db{ending}").unlink(missing_ok=True)
    (armed.folder / "ledger.db").write_bytes(backup)
    result = armed.command("run", "--now", "2026-06-09T10:02:00Z")
    assert result.exit_code == 1
    assert "does not contain the last run" in result.stderr
    armed.book("b2", "2026-06-10T10:03Z")
    assert armed.run("2026-06-09T10:03Z") == {"planned": 1, "sent": 1}
    assert len(armed.outbox()) == 2


def test_backfill_sends_what_a_new_workflow_would_not(clinic: Clinic) -> None:
    clinic.book("past-its-grace", "2026-06-10T00:00Z")
    clinic.book("inside", "2026-06-10T11:00Z")
    clinic.write(reminder())
    assert clinic.run("2026-06-09T13:00Z") == {}
    backfill = ("backfill", "reminder", "--since", "2026-06-08T00:00Z", "--now", "2026-06-09T13:01Z")
    refused = clinic.command(*backfill)
    assert refused.exit_code == 1
    assert "inside" in refused.stdout
    assert "past-its-grace" not in refused.stdout
    assert clinic.run("2026-06-09T13:01Z") == {}
    assert clinic.command(*backfill, "--yes").exit_code == 0
    assert clinic.run("2026-06-09T13:02Z") == {"sent": 1}
    assert "no missed messages since" in clinic.command(*backfill, "--yes").stdout


def test_a_rehearsal_leaves_no_trace(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    result = armed.command("run", "--dry-run", "--now", "2026-06-09T10:00Z")
    assert result.exit_code == 0
    assert "email to Ana <ana@example.com>" in result.stdout
    assert armed.deliveries() == []
    assert armed.run("2026-06-09T10:00Z") == {"planned": 1, "sent": 1}
