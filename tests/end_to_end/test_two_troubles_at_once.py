"""Two troubles at once: what each alone does not lose, both together must not lose either."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from reminderctl.cli import main
from tests.clinic import SETTINGS, Clinic, at, written

FUTURE, PAST = "2031-06-10T09:00Z", "2020-06-10T09:00Z"
ARMED = "2026-06-10T07:30Z"


def reminder(name: str = "reminder", *, when: str = "2 hours before start", more: str = "enabled: true") -> str:
    return f"""\
- id: {name}
  when: {when}
  {more}
  actions: [{{send: email, to: customer, subject: s, body: "{{appointment_id}}"}}]
"""


def book_each_minute(clinic: Clinic, starts: str, *, most: int = 20) -> None:
    clinic.insert((f"b{number}", at(starts) + timedelta(minutes=number)) for number in range(most))


def keep(clinic: Clinic) -> None:
    shutil.copy(clinic.folder / "bookings.db", clinic.folder / "keep.db")


def bring_back(clinic: Clinic) -> None:
    shutil.copy(clinic.folder / "keep.db", clinic.folder / "bookings.db")


def empty(clinic: Clinic) -> None:
    for table in ("bookings", "participants", "customers"):
        clinic.execute(f"DELETE FROM {table}")  # noqa: S608 - names of tables


def run_at(clinic: Clinic, *instants: str) -> None:
    for instant in instants:
        result = clinic.command("run", "--now", instant)
        assert result.exit_code in (0, 1), (result.output, result.exception)


def sent(clinic: Clinic) -> list[str]:
    """The bookings of whose customers the outbox holds a message, each as often as it does."""
    return sorted(
        line.removeprefix("To: ").removesuffix("@example.com")
        for message in clinic.outbox()
        for line in message.read_text().splitlines()
        if line.startswith("To: ")
    )


EACH = sorted(f"b{number}" for number in range(20))


# --- bookings that are gone for a moment, and a clock that is wrong ---------------------------------------------------


@pytest.fixture
def expecting(clinic: Clinic) -> Clinic:
    """Twenty reminders, of which one falls due in each minute from 08:00 on; their bookings are kept aside."""
    clinic.write(reminder())
    book_each_minute(clinic, "2026-06-10T10:00Z")
    clinic.run(ARMED)
    keep(clinic)
    return clinic


def test_an_edit_while_the_bookings_are_gone_loses_none_of_them(expecting: Clinic) -> None:
    run_at(expecting, "2026-06-10T08:02Z")
    empty(expecting)
    run_at(expecting, "2026-06-10T08:03Z")
    expecting.write(
        reminder(more="filters: {status: [approved, confirmed]}")
    )  # whom it reaches is another question now
    run_at(expecting, "2026-06-10T08:04Z")
    bring_back(expecting)
    run_at(expecting, "2026-06-10T08:05Z", "2026-06-10T08:19Z")
    assert sent(expecting) == EACH


@pytest.mark.parametrize("times", [1, 2, 12])
@pytest.mark.parametrize("back_meanwhile", [False, True])
def test_a_clock_in_the_future_gives_nothing_up_that_is_gone_for_a_moment(
    expecting: Clinic, times: int, *, back_meanwhile: bool
) -> None:
    empty(expecting)
    run_at(expecting, "2026-06-10T07:59Z", "2026-06-10T08:03Z", "2026-06-10T08:10Z")
    for number in range(times):
        if back_meanwhile and number == times - 1:
            bring_back(expecting)
        run_at(expecting, written(at(FUTURE) + timedelta(minutes=number)))
    run_at(expecting, "2026-06-10T08:11Z")
    bring_back(expecting)
    run_at(expecting, "2026-06-10T08:20Z", "2026-06-10T08:21Z")
    assert sent(expecting) == EACH


@pytest.mark.parametrize("wrong", [PAST, "2026-06-03T08:20Z", "2026-06-10T07:20Z", "2026-06-10T08:09Z"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_clock_that_is_behind_does_not_end_the_search_for_what_was_gone(
    expecting: Clinic, wrong: str, times: int
) -> None:
    empty(expecting)
    run_at(expecting, *(f"2026-06-10T08:{minute:02}Z" for minute in range(0, 21, 4)))
    bring_back(expecting)
    run_at(expecting, *(written(at(wrong) + timedelta(minutes=number)) for number in range(times)))
    run_at(expecting, "2026-06-10T08:21Z", "2026-06-10T08:22Z")
    assert sent(expecting) == EACH


def test_after_a_clock_in_the_future_no_run_looks_back_for_longer_than_for_what_was_gone(expecting: Clinic) -> None:
    empty(expecting)
    run_at(expecting, "2026-06-10T07:59Z", "2026-06-10T08:03Z", FUTURE)
    bring_back(expecting)
    run_at(expecting, "2026-06-10T08:04Z", "2026-06-10T08:20Z")
    assert sent(expecting) == EACH
    expecting.insert([("late", at("2026-06-10T10:10Z"))])
    expecting.every_minute("2026-06-10T08:21Z", "2026-06-10T08:23Z")
    assert sent(expecting) == EACH


def test_customers_that_are_gone_while_the_clock_is_in_the_future_are_still_waited_for(expecting: Clinic) -> None:
    expecting.execute("DELETE FROM customers")
    run_at(expecting, "2026-06-10T08:00Z", "2026-06-10T08:19Z", FUTURE, "2026-06-10T08:20Z", "2026-06-10T08:21Z")
    assert expecting.states() == {"pending": 20}
    bring_back(expecting)
    run_at(expecting, "2026-06-10T08:22Z")
    assert sent(expecting) == EACH


# --- bookings that are gone for a moment, and lie elsewhere than in the next two days ---------------------------------


@pytest.mark.parametrize(
    ("when", "starts", "hours"),
    [
        ("1 hour after end", "2026-06-10T06:00Z", 1),
        ("1 day after start", "2026-06-09T08:00Z", 1),
        ("7 days before start", "2026-06-17T08:00Z", 1),
        ("1 day before start at 10:05", "2026-06-11T17:00Z", 24 * 7),
    ],
)
def test_bookings_of_another_day_that_are_gone_are_found_when_they_are_back(
    clinic: Clinic, when: str, starts: str, hours: int
) -> None:
    clinic.write(reminder(when=when))
    book_each_minute(clinic, starts)
    clinic.execute(f"UPDATE bookings SET ends_at = strftime('%Y-%m-%dT%H:%M:%SZ', starts_at, '+{hours} hours')")  # noqa: S608
    clinic.insert((f"stays{number}", at("2026-06-10T12:00Z")) for number in range(20))
    clinic.run(ARMED)
    keep(clinic)
    clinic.execute("DELETE FROM bookings WHERE id LIKE 'b%'")
    run_at(clinic, *(f"2026-06-10T08:{minute:02}Z" for minute in range(0, 20, 3)))
    assert sent(clinic) == []
    bring_back(clinic)
    run_at(clinic, "2026-06-10T08:20Z", "2026-06-10T08:21Z")
    assert sent(clinic) == EACH


# --- a file of workflows that is gone for a moment, and another trouble -----------------------------------------------


class Folder:
    """A configuration of two files, whose second can be away or broken."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.path = clinic.folder / "conf"
        self.path.mkdir()
        settings = SETTINGS.replace("outbox: outbox", "outbox: ../outbox")
        databases = "bookings: ../bookings.db\nledger: ../ledger.db\n"
        (self.path / "one.yaml").write_text(f"{settings}{databases}workflows:\n{reminder('one')}", encoding="utf-8")
        self.bring_back()

    def bring_back(self) -> None:
        (self.path / "two.yaml").write_text(f"workflows:\n{reminder('two')}", encoding="utf-8")

    def spoil(self) -> None:
        (self.path / "two.yaml").write_text("workflows: [", encoding="utf-8")

    def remove(self) -> None:
        (self.path / "two.yaml").unlink()

    def run(self, instant: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.path), "run", "--now", instant])

    def every_four_minutes(self, since: str, until: str) -> None:
        instant = at(since)
        while instant <= at(until):
            assert self.run(written(instant)).exit_code in (0, 1, 2)
            instant += timedelta(minutes=4)


@pytest.fixture
def folder(clinic: Clinic) -> Folder:
    """Two workflows, each with twenty reminders of which one falls due in each minute from 08:00 on."""
    made = Folder(clinic)
    book_each_minute(clinic, "2026-06-10T10:00Z")
    assert made.run(ARMED).exit_code == 0
    keep(clinic)
    return made


@pytest.mark.parametrize("vanish", [Folder.remove, Folder.spoil])
def test_a_file_that_is_away_when_the_bookings_come_back_loses_nothing(
    folder: Folder, vanish: Callable[[Folder], None]
) -> None:
    empty(folder.clinic)
    folder.every_four_minutes("2026-06-10T08:00Z", "2026-06-10T08:10Z")
    vanish(folder)
    folder.every_four_minutes("2026-06-10T08:11Z", "2026-06-10T08:14Z")
    bring_back(folder.clinic)
    folder.every_four_minutes("2026-06-10T08:15Z", "2026-06-10T08:19Z")
    folder.bring_back()
    folder.every_four_minutes("2026-06-10T08:20Z", "2026-06-10T08:24Z")
    assert sent(folder.clinic) == sorted(EACH * 2)


@pytest.mark.parametrize("times", [1, 3])
def test_a_file_that_comes_back_while_the_clock_is_in_the_future_goes_on_from_where_it_was(
    folder: Folder, times: int
) -> None:
    folder.every_four_minutes("2026-06-10T07:47Z", "2026-06-10T07:59Z")
    folder.remove()
    folder.every_four_minutes("2026-06-10T08:00Z", "2026-06-10T08:19Z")
    folder.bring_back()
    for number in range(times):
        folder.run(written(at(FUTURE) + timedelta(minutes=number)))
    folder.every_four_minutes("2026-06-10T08:20Z", "2026-06-10T08:24Z")
    assert sent(folder.clinic) == sorted(EACH * 2)


def test_a_file_that_is_away_when_cron_runs_again_after_a_clock_in_the_future_loses_nothing(folder: Folder) -> None:
    folder.run("2026-06-10T07:59Z")
    folder.run(FUTURE)
    folder.remove()
    folder.run("2026-06-10T08:19Z")
    folder.bring_back()
    folder.run("2026-06-10T08:20Z")
    assert sent(folder.clinic) == sorted(EACH * 2)


def test_a_file_that_comes_back_in_the_future_after_a_day_begins_at_now(folder: Folder) -> None:
    folder.remove()
    folder.run("2026-06-09T08:00Z")
    folder.run("2026-06-09T08:01Z")
    folder.every_four_minutes("2026-06-10T08:00Z", "2026-06-10T08:09Z")
    folder.bring_back()
    folder.run(FUTURE)
    folder.every_four_minutes("2026-06-10T08:10Z", "2026-06-10T08:25Z")
    of_two = [each for each in sent(folder.clinic) if sent(folder.clinic).count(each) == 2]
    assert of_two == sorted([f"b{number}" for number in range(11, 20)] * 2)


# --- a ledger that was put back from a backup, and a clock that is wrong ----------------------------------------------


@pytest.mark.parametrize("wrong", [PAST, "2026-06-03T08:20Z", "2026-06-10T07:10Z", "2026-06-10T07:59Z"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_restored_ledger_that_a_clock_behind_sees_first_sends_nothing_again(
    clinic: Clinic, wrong: str, times: int
) -> None:
    clinic.write(reminder())
    clinic.insert((f"b{number}", at("2026-06-10T10:00Z")) for number in range(20))
    clinic.every_minute("2026-06-10T07:00Z", "2026-06-10T07:05Z")
    backup = (clinic.folder / "ledger.db").read_bytes()
    clinic.run("2026-06-10T08:00Z")
    clinic.run("2026-06-10T08:01Z")
    (clinic.folder / "ledger.db").write_bytes(backup)
    for number in range(times):
        assert clinic.command("run", "--now", written(at(wrong) + timedelta(minutes=number))).exit_code == 1
    clinic.insert([("new", at("2026-06-10T10:10Z"))])
    run_at(clinic, "2026-06-10T08:06Z")
    clinic.run("2026-06-10T08:10Z")
    assert sent(clinic) == sorted([*EACH, "new"])


def test_a_restored_ledger_whose_last_run_was_years_ahead_is_restored_only_once(clinic: Clinic) -> None:
    clinic.write(reminder())
    clinic.every_minute("2026-06-10T07:00Z", "2026-06-10T07:05Z")
    backup = (clinic.folder / "ledger.db").read_bytes()
    run_at(clinic, FUTURE)
    (clinic.folder / "ledger.db").write_bytes(backup)
    clinic.run("2026-06-10T07:10Z", exits=1)
    clinic.insert([("new", at("2026-06-10T09:11Z"))])
    clinic.run("2026-06-10T07:11Z")
    assert sent(clinic) == ["new"]


# --- a burst that waits for a person, and another trouble -------------------------------------------------------------


def test_what_comes_back_of_a_burst_waits_with_the_others_for_a_person(clinic: Clinic) -> None:
    clinic.write(reminder(more="max_burst: 10"))
    clinic.insert((f"b{number}", at("2026-06-10T10:00Z")) for number in range(20))
    run_at(clinic, ARMED, "2026-06-10T08:00Z")
    for minute, status in enumerate(("canceled", "approved") * 2, start=1):
        clinic.execute("UPDATE bookings SET status = ? WHERE id IN ('b1', 'b2', 'b3')", (status,))
        run_at(clinic, f"2026-06-10T08:{minute:02}Z")
    assert sent(clinic) == []
    clinic.execute("UPDATE bookings SET status = 'canceled' WHERE id = 'b1'")
    run_at(clinic, "2026-06-10T08:05Z")
    clinic.command("release", "reminder")
    clinic.execute("UPDATE bookings SET status = 'approved'")
    run_at(clinic, "2026-06-10T08:06Z")
    assert sent(clinic) == EACH


@pytest.fixture
def burst(clinic: Clinic) -> Clinic:
    """Twenty reminders that are held as a burst; their bookings are kept aside."""
    clinic.write(reminder(more="max_burst: 10"))
    clinic.insert((f"b{number}", at("2026-06-10T10:00Z")) for number in range(20))
    run_at(clinic, ARMED, "2026-06-10T08:00Z")
    keep(clinic)
    return clinic


def test_a_burst_whose_bookings_are_gone_is_named_as_what_it_is_and_needs_release(burst: Clinic) -> None:
    empty(burst)
    for minute in (1, 2):
        result = burst.command("run", "--now", f"2026-06-10T08:0{minute}Z")
        assert result.exit_code == 1
        assert "20 of 20 pending deliveries are held" in result.stderr
        assert "--missing" not in result.stderr
        assert "`reminderctl release reminder`" in result.stderr
    assert burst.deliveries("--missing") == []
    assert len(burst.deliveries("--held")) == 20
    bring_back(burst)
    run_at(burst, "2026-06-10T08:03Z")
    assert sent(burst) == []
    burst.command("release", "reminder")
    run_at(burst, "2026-06-10T08:04Z")
    assert sent(burst) == EACH


def test_a_burst_that_is_released_while_its_bookings_are_gone_goes_when_they_are_back(burst: Clinic) -> None:
    empty(burst)
    run_at(burst, "2026-06-10T08:01Z")
    burst.command("release", "reminder")
    result = burst.command("run", "--now", "2026-06-10T08:02Z")
    assert result.exit_code == 1
    assert "`reminderctl deliveries list --missing` lists them" in result.stderr
    assert len(burst.deliveries("--missing")) == 20
    bring_back(burst)
    run_at(burst, "2026-06-10T08:03Z")
    assert sent(burst) == EACH


@pytest.mark.parametrize("first_back", [2, 10, 17])
def test_a_burst_of_which_some_bookings_come_back_first_goes_whole_after_release(
    burst: Clinic, first_back: int
) -> None:
    empty(burst)
    run_at(burst, "2026-06-10T08:01Z")
    bring_back(burst)
    burst.execute(f"DELETE FROM bookings WHERE CAST(SUBSTR(id, 2) AS INTEGER) >= {first_back}")  # noqa: S608 - a number
    run_at(burst, "2026-06-10T08:02Z", "2026-06-10T08:03Z")
    bring_back(burst)
    run_at(burst, "2026-06-10T08:04Z", "2026-06-10T08:05Z")
    assert sent(burst) == []
    assert burst.command("release", "reminder").stdout.startswith("reminder: 20 released")
    run_at(burst, "2026-06-10T08:06Z")
    assert sent(burst) == EACH


def test_of_two_bursts_whose_bookings_are_gone_only_the_released_one_waits_for_nothing_else(burst: Clinic) -> None:
    burst.write(reminder(more="max_burst: 10") + reminder("other", more="max_burst: 10"))
    burst.execute("UPDATE bookings SET starts_at = '2026-06-10T10:10:00Z', ends_at = '2026-06-10T11:10:00Z'")
    keep(burst)
    run_at(burst, "2026-06-10T08:05Z", "2026-06-10T08:10Z")
    empty(burst)
    run_at(burst, "2026-06-10T08:11Z")
    burst.command("release", "other")
    result = burst.command("run", "--now", "2026-06-10T08:12Z")
    assert "40 of 40 pending deliveries are held" in result.stderr
    assert "20 of them also wait for `reminderctl release reminder`" in result.stderr
    assert "`reminderctl deliveries list --missing` lists the others" in result.stderr
    assert len(burst.deliveries("--missing")) == 20
    bring_back(burst)
    run_at(burst, "2026-06-10T08:13Z")
    assert sent(burst) == EACH
    burst.command("release", "reminder")
    run_at(burst, "2026-06-10T08:14Z")
    assert sent(burst) == sorted(EACH * 2)
