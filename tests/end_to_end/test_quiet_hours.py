"""Quiet hours through the command line: nothing rings while it is closed, and nothing is lost that could still go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.clinic import SETTINGS, Clinic, at
from tests.http_server import Server, answer, serve

QUIET = "quiet_hours: {open: 09:00-21:00, least_notice: 2h, outside: [later, earlier]}\n"
TWILIO = "channels: {sms: {provider: twilio, account_sid: AC1, auth_token: t, from: '+15005550006', base_url: URL}}\n"
ACCEPTED = answer(201, b'{"sid": "SM1", "status": "queued"}')


def workflow(when: str, *, more: str = "", actions: str = "{send: sms, to: customer, body: b}") -> str:
    return f"- {{id: w, when: [{when}], {more} actions: [{actions}]}}\n"


@pytest.fixture
def quiet(clinic: Clinic) -> Clinic:
    """A clinic in Madrid that texts from nine to nine, and into its outbox."""
    clinic.write(workflow("12 hours before start"), settings=SETTINGS + QUIET)
    clinic.run("2026-11-25T10:00Z")
    return clinic


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def use(clinic: Clinic, when: str, *, settings: str = SETTINGS + QUIET, **options: str) -> None:
    """Have another workflow, which is armed long before."""
    clinic.write(workflow(when, **options), settings=settings)
    clinic.run("2026-11-25T10:01Z")


def send_by(server: Server, *, quiet: str = QUIET) -> str:
    return SETTINGS.replace("outbox: outbox\n", "") + quiet + TWILIO.replace("URL", server.url)


def only(clinic: Clinic) -> dict[str, Any]:
    (delivery,) = clinic.deliveries()
    return delivery


def sent_at(clinic: Clinic, since: str, until: str, *, step: int = 1) -> list[str]:
    """Call each minute from one instant to another, and return at which messages were sent."""
    instant, found = at(since), []
    while instant <= at(until):
        found += [f"{instant:%d %H:%M}"] * clinic.run(instant).get("sent", 0)
        instant += timedelta(minutes=step)
    return found


# --- the scenarios of the design --------------------------------------------------------------------------------------


def test_what_falls_due_at_night_is_sent_at_nine(quiet: Clinic) -> None:
    quiet.book("b1", "2026-12-02T10:00Z")
    assert quiet.run("2026-12-01T21:59Z") == {}
    assert quiet.run("2026-12-01T22:00Z") == {"planned": 1}
    assert sent_at(quiet, "2026-12-01T22:01Z", "2026-12-02T07:51Z", step=10) == []
    assert sent_at(quiet, "2026-12-02T07:55Z", "2026-12-02T08:05Z") == ["02 08:00"]
    delivery = only(quiet)
    assert (delivery["due_at"], delivery["send_at"]) == ("2026-12-01T22:00:00Z", "2026-12-02T08:00:00Z")


def test_what_would_come_too_late_in_the_morning_is_sent_the_evening_before(quiet: Clinic) -> None:
    use(quiet, "2 hours before start")
    quiet.book("b1", "2026-12-02T07:30Z")
    assert sent_at(quiet, "2026-12-01T19:30Z", "2026-12-01T20:05Z") == ["01 19:45"]
    assert sent_at(quiet, "2026-12-01T20:10Z", "2026-12-02T08:30Z", step=10) == []
    delivery = only(quiet)
    assert (delivery["due_at"], delivery["send_at"]) == ("2026-12-02T05:30:00Z", "2026-12-01T19:45:00Z")


def test_a_booking_that_came_after_that_is_never_texted_and_the_reason_is_recorded(quiet: Clinic) -> None:
    use(quiet, "2 hours before start")
    quiet.run("2026-12-01T20:59Z")
    quiet.book("b1", "2026-12-02T07:30Z")
    assert sent_at(quiet, "2026-12-01T21:00Z", "2026-12-02T08:30Z", step=10) == []
    delivery = only(quiet)
    assert (delivery["state"], delivery["send_at"]) == ("canceled", None)
    assert delivery["error"] == (
        "quiet hours: 06:30 is closed, 09:00 would be after 2 hours before the start, and 20:45 the day before had "
        "passed when the booking came"
    )


def test_an_outage_that_ends_at_night_sends_in_the_morning(quiet: Clinic) -> None:
    use(quiet, "930 minutes before start")
    quiet.book("b1", "2026-12-02T11:00Z")
    assert quiet.run("2026-12-01T19:00Z") == {}
    assert quiet.run("2026-12-01T21:30Z") == {"planned": 1}
    assert sent_at(quiet, "2026-12-02T07:58Z", "2026-12-02T08:02Z") == ["02 08:00"]


def test_the_clock_is_that_of_the_customer(quiet: Clinic) -> None:
    use(quiet, "3 hours before start")
    quiet.book("b1", "2026-12-02T16:00Z", customers=({"id": "ana", "timezone": "America/Mexico_City"},))
    quiet.run("2026-12-02T02:40Z")
    assert sent_at(quiet, "2026-12-02T02:41Z", "2026-12-02T02:50Z") == ["02 02:45"]


# --- what they concern ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quiet_hours", "to", "is_sent"),
    [
        ("{open: 09:00-21:00}", "customer", False),
        ("{open: 09:00-21:00}", "staff", True),
        ("{open: 09:00-21:00}", "admin", True),
        ("{open: 09:00-21:00, channels: [sms, staff]}", "staff", False),
        ("{open: 09:00-21:00, channels: [telegram]}", "customer", True),
        ("{open: 00:00-24:00}", "customer", True),
        ("none", "customer", True),
    ],
)
def test_quiet_hours_concern_what_rings_and_not_the_business_itself(
    quiet: Clinic, quiet_hours: str, to: str, *, is_sent: bool
) -> None:
    actions = f"{{send: sms, to: {to}, body: b}}"
    use(quiet, "12 hours before start", actions=actions, settings=f"{SETTINGS}quiet_hours: {quiet_hours}\n")
    quiet.execute("INSERT INTO staff (id, phone) VALUES ('eva', '+34600111333')")
    quiet.book("b1", "2026-12-02T10:00Z", staff_id="eva")
    quiet.run("2026-12-01T21:59Z")
    assert quiet.run("2026-12-01T22:00Z").get("sent", 0) == is_sent


def test_a_mail_is_sent_at_night_and_names_no_other_time(quiet: Clinic) -> None:
    use(quiet, "12 hours before start", actions="{send: email, to: customer, subject: s, body: b}")
    quiet.book("b1", "2026-12-02T10:00Z")
    quiet.run("2026-12-01T21:59Z")
    assert quiet.run("2026-12-01T22:00Z") == {"planned": 1, "sent": 1}
    assert only(quiet)["send_at"] is None


def test_a_workflow_may_have_hours_of_its_own_or_none(quiet: Clinic) -> None:
    quiet.write(
        workflow("12 hours before start", more="quiet_hours: none,")
        + workflow("12 hours before start", more="quiet_hours: {open: 10:00-12:00},").replace("id: w", "id: own"),
        settings=SETTINGS + QUIET,
    )
    quiet.run("2026-11-25T10:01Z")
    quiet.book("b1", "2026-12-02T12:00Z")
    quiet.run("2026-12-01T23:59Z")
    assert sent_at(quiet, "2026-12-02T00:00Z", "2026-12-02T09:10Z", step=10) == ["02 00:00", "02 09:00"]


def test_switching_quiet_hours_on_or_off_sends_nothing_again(quiet: Clinic) -> None:
    quiet.book("b1", "2026-12-02T03:00Z")
    quiet.run("2026-12-01T14:59Z")
    assert quiet.run("2026-12-01T15:00Z") == {"planned": 1, "sent": 1}
    for minute, settings in enumerate((SETTINGS, SETTINGS + QUIET, SETTINGS)):
        quiet.write(workflow("12 hours before start"), settings=settings)
        assert quiet.run(at("2026-12-01T15:01Z") + timedelta(minutes=minute)) == {}


def test_what_waits_goes_at_once_when_quiet_hours_are_switched_off(quiet: Clinic) -> None:
    quiet.book("b1", "2026-12-02T10:00Z")
    quiet.run("2026-12-01T21:59Z")
    assert quiet.run("2026-12-01T22:00Z") == {"planned": 1}
    quiet.write(workflow("12 hours before start"), settings=SETTINGS)
    assert quiet.run("2026-12-01T22:01Z") == {"sent": 1}


def test_what_was_refused_comes_back_when_other_hours_let_it(quiet: Clinic) -> None:
    use(quiet, "2 hours before start")
    quiet.run("2026-12-01T20:59Z")
    quiet.book("b1", "2026-12-02T07:30Z")
    assert quiet.run("2026-12-02T05:30Z") == {"planned": 1, "canceled": 1}
    use_later = SETTINGS + QUIET.replace("09:00", "07:00").replace("2h", "30m")
    quiet.write(workflow("2 hours before start"), settings=use_later)
    assert quiet.run("2026-12-02T05:40Z") == {"planned": 1}
    assert sent_at(quiet, "2026-12-02T05:58Z", "2026-12-02T06:02Z") == ["02 06:00"]


# --- attempts, retries, decisions -------------------------------------------------------------------------------------


def test_a_retry_does_not_ring_at_night(quiet: Clinic, server: Server) -> None:
    use(quiet, "14 hours before start", settings=send_by(server))
    quiet.book("b1", "2026-12-02T09:59Z")
    quiet.run("2026-12-01T19:58Z")
    server.script(answer(429), ACCEPTED)
    assert quiet.run("2026-12-01T19:59Z", exits=0)["retrying"] == 1
    assert only(quiet)["next_attempt_at"] <= "2026-12-02T08:00:00Z"
    assert sent_at(quiet, "2026-12-01T20:00Z", "2026-12-02T07:55Z", step=5) == []
    assert sent_at(quiet, "2026-12-02T07:59Z", "2026-12-02T08:03Z") == ["02 08:00"]
    assert len(server.requests) == 2


def test_a_person_may_let_one_go_at_night(quiet: Clinic, server: Server) -> None:
    use(quiet, "14 hours before start", settings=send_by(server))
    quiet.book("b1", "2026-12-02T09:59Z")
    quiet.run("2026-12-01T19:58Z")
    server.script(answer(400, b'{"code": 21211, "message": "no"}'), ACCEPTED)
    quiet.run("2026-12-01T19:59Z", exits=1)
    number = str(only(quiet)["id"])
    assert quiet.command("deliveries", "retry", number, "--now", "2026-12-01T22:00:00Z").exit_code == 0
    assert quiet.run("2026-12-01T22:01Z") == {}
    assert only(quiet)["next_attempt_at"] == "2026-12-02T08:00:00Z"
    assert len(server.requests) == 1


def test_at_once_overrides_quiet_hours(quiet: Clinic, server: Server) -> None:
    use(quiet, "14 hours before start", settings=send_by(server))
    quiet.book("b1", "2026-12-02T09:59Z")
    quiet.run("2026-12-01T19:58Z")
    server.script(answer(400, b'{"code": 21211, "message": "no"}'), ACCEPTED)
    quiet.run("2026-12-01T19:59Z", exits=1)
    number = str(only(quiet)["id"])
    assert quiet.command("deliveries", "retry", number, "--at-once", "--now", "2026-12-01T22:00:00Z").exit_code == 0
    assert quiet.run("2026-12-01T22:01Z") == {"sent": 1}
    (decision,) = json.loads(quiet.command("deliveries", "show", number, "--json").stdout)["decisions"]
    assert decision["decision"] == "to be tried again at once"


def test_a_provider_is_given_no_longer_than_it_is_open(quiet: Clinic, server: Server) -> None:
    use(quiet, "2 hours before start", settings=send_by(server))
    quiet.book("b1", "2026-12-02T07:30Z")
    quiet.run("2026-12-01T19:44Z")
    server.script(ACCEPTED)
    assert quiet.run("2026-12-01T19:45Z")["sent"] == 1
    assert b"ValidityPeriod=900" in server.bodies[0]


# --- troubles ---------------------------------------------------------------------------------------------------------


def test_a_message_that_an_outage_kept_from_its_evening_is_reported(quiet: Clinic) -> None:
    use(quiet, "2 hours before start")
    quiet.book("b1", "2026-12-02T07:30Z")
    quiet.run("2026-12-01T19:00Z")
    assert quiet.run("2026-12-01T22:00Z", exits=1) == {"planned": 1, "expired": 1}
    assert quiet.run("2026-12-02T05:31Z") == {}


def test_the_messages_of_a_whole_night_are_no_burst(quiet: Clinic) -> None:
    use(quiet, "2 hours before start", more="max_burst: 3,")
    for number in range(6):
        quiet.book(f"b{number}", "2026-12-02T07:30Z")
    quiet.run("2026-12-01T19:44Z")
    assert quiet.run("2026-12-01T19:45Z") == {"planned": 6, "sent": 6}


def test_a_ledger_from_a_backup_repeats_nothing_that_was_sent_early(quiet: Clinic) -> None:
    use(quiet, "8 hours before start", settings=SETTINGS + QUIET.replace("[later, earlier]", "[earlier, later]"))
    quiet.book("b1", "2026-12-02T14:00Z")
    quiet.run("2026-12-01T19:40Z")
    backup = (quiet.folder / "ledger.db").read_bytes()
    assert quiet.run("2026-12-01T19:45Z") == {"planned": 1, "sent": 1}
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (quiet.folder / name).unlink(missing_ok=True)
    (quiet.folder / "ledger.db").write_bytes(backup)
    quiet.run("2026-12-01T19:47Z", exits=1)
    assert sent_at(quiet, "2026-12-02T05:55Z", "2026-12-02T08:05Z", step=5) == []


def test_a_late_booking_is_sent_in_open_hours(quiet: Clinic) -> None:
    use(quiet, "4 hours before start", more="late_booking: send,")
    quiet.run("2026-12-02T08:29Z")
    quiet.book("b1", "2026-12-02T09:30Z")
    assert quiet.run("2026-12-02T08:35Z") == {"planned": 1, "sent": 1}


def test_a_late_booking_at_night_waits_for_the_morning(quiet: Clinic) -> None:
    use(quiet, "20 hours before start", more="late_booking: send,")
    quiet.run("2026-12-01T21:59Z")
    quiet.book("b1", "2026-12-02T12:00Z")
    assert quiet.run("2026-12-01T22:10Z") == {"planned": 1}
    assert sent_at(quiet, "2026-12-02T07:58Z", "2026-12-02T08:02Z") == ["02 08:00"]


def test_a_booking_that_is_canceled_at_night_is_not_texted_in_the_morning(quiet: Clinic) -> None:
    quiet.book("b1", "2026-12-02T10:00Z")
    quiet.run("2026-12-01T21:59Z")
    quiet.run("2026-12-01T22:00Z")
    quiet.set_status("b1", "canceled")
    assert sent_at(quiet, "2026-12-02T07:58Z", "2026-12-02T08:02Z") == []
    assert quiet.states() == {"canceled": 1}


# --- what people are shown --------------------------------------------------------------------------------------------


def test_upcoming_shows_when_a_message_is_really_sent(quiet: Clinic) -> None:
    quiet.book("b1", "2026-12-02T10:00Z")
    quiet.run("2026-12-01T12:00Z")
    result = quiet.command("upcoming", "--json", "--now", "2026-12-01T12:00:00Z")
    (coming,) = json.loads(result.stdout)
    assert coming["due_at"] == "2026-12-01T22:00:00Z"
    assert coming["send_at"] == coming["next_attempt_at"] == "2026-12-02T08:00:00Z"


def test_upcoming_shows_what_is_sent_the_evening_before(quiet: Clinic) -> None:
    use(quiet, "2 hours before start")
    quiet.book("b1", "2026-12-02T07:30Z")
    (coming,) = json.loads(quiet.command("upcoming", "--json", "--now", "2026-12-01T12:00:00Z").stdout)
    assert coming["send_at"] == coming["next_attempt_at"] == "2026-12-01T19:45:00Z"


def test_upcoming_says_why_a_message_never_goes(quiet: Clinic) -> None:
    use(quiet, "2 hours before start")
    quiet.run("2026-12-01T20:59Z")
    quiet.book("b1", "2026-12-02T07:30Z")
    (coming,) = json.loads(quiet.command("upcoming", "--json", "--now", "2026-12-01T21:00:00Z").stdout)
    assert coming["state"] == "canceled"
    assert coming["reason"].startswith("quiet hours: 06:30 is closed")


@pytest.mark.parametrize("asked_at", ["2026-12-01T12:00:00Z", "2026-12-01T22:00:00Z", "2026-12-01T23:00:00Z"])
def test_explain_says_when_and_why(quiet: Clinic, asked_at: str) -> None:
    quiet.book("b1", "2026-12-02T10:00Z")
    quiet.run("2026-12-01T12:00Z")
    if asked_at > "2026-12-01T22:30":
        quiet.run("2026-12-01T22:00Z")
    (explained,) = json.loads(quiet.command("explain", "b1", "--json", "--now", asked_at).stdout)
    assert explained["due_at"] == "2026-12-01T22:00:00Z"
    assert explained["send_at"] == "2026-12-02T08:00:00Z"
    assert "quiet hours" in explained["reason"]
    assert "quiet hours" in quiet.command("explain", "b1", "--now", asked_at).stdout


def test_explain_says_why_a_message_never_goes(quiet: Clinic) -> None:
    use(quiet, "2 hours before start")
    quiet.run("2026-12-01T20:59Z")
    quiet.book("b1", "2026-12-02T07:30Z")
    for asked_at in ("2026-12-01T21:00:00Z", "2026-12-02T05:30:00Z"):
        (explained,) = json.loads(quiet.command("explain", "b1", "--json", "--now", asked_at).stdout)
        assert "20:45 the day before had passed" in explained["reason"]
        assert explained["next_attempt_at"] is None


def test_test_shows_when_each_message_is_sent(quiet: Clinic) -> None:
    quiet.book("b1", "2026-12-02T10:00Z")
    options = ("test", "w", "--booking", "b1", "--now", "2026-12-01T12:00:00Z")
    (trial,) = json.loads(quiet.command(*options, "--json").stdout)
    assert trial["due_at"] == ["2026-12-01T22:00:00Z"]
    assert trial["send_at"] == [trial["triggers"][0]["send_at"]] == ["2026-12-02T08:00:00Z"]
    assert "quiet hours" in " ".join(trial["notes"])
    assert "quiet hours" in quiet.command(*options).stdout
