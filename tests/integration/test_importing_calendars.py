"""Importing calendars as the big calendar programs export them, judged by the bookings that are listed afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result

from tests.calendars import calendar, event, exported
from tests.clinic import Clinic
from tests.imports import import_file, list_bookings

NOW = "2026-11-22T12:00Z"
PILATES = "4k2m8s1dq7pilates@google.com"
SERIES = """\
DTSTART;TZID=Europe/Madrid:20261123T100000
DTEND;TZID=Europe/Madrid:20261123T110000
RRULE:FREQ=WEEKLY
"""
Import = Callable[..., Result]


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    clinic = Clinic(tmp_path / "clinic")
    clinic.write("  []\n")
    return clinic


@pytest.fixture
def load(clinic: Clinic) -> Import:
    return partial(import_file, clinic, name="feed.ics", now=NOW)


def starts(clinic: Clinic, *options: str) -> dict[str, str]:
    """When each booking that is not canceled starts, by the end of its id."""
    return {
        each["id"].rpartition("/")[2]: each["starts_at"]
        for each in list_bookings(clinic, "--status", "approved", *options)
    }


def test_a_weekly_class_of_a_google_calendar_stays_at_ten(clinic: Clinic, load: Import) -> None:
    result = load(exported("google"), "--horizon", "140")
    assert (
        "(24 new, 0 changed), 2 customers (2 new)\n22 bookings of recurring events, until 2027-04-11" in result.stdout
    )
    found = {each["id"]: each for each in list_bookings(clinic)}
    times = [each.removeprefix(f"{PILATES}/") for each in found if each.startswith(PILATES)]
    assert times[0] == "20261029T090000Z"  # 30 days back, not to the first of October
    assert not {"20261224T090000Z", "20261231T090000Z"} & {*times}
    assert times[-2:] == ["20270401T080000Z", "20270408T080000Z"]  # in summer time
    moved = found[f"{PILATES}/20261203T090000Z"]
    assert (moved["starts_at"], moved["ends_at"]) == ("2026-12-04T11:00:00Z", "2026-12-04T12:15:00Z")
    assert moved["location"]["name"] == "Sala 1"
    regular = found[f"{PILATES}/20261126T090000Z"]
    assert (regular["timezone"], regular["fields"]) == (
        "Europe/Madrid",
        {"notes": "Bring socks, please.\nThe door opens at 9:50."},
    )
    assert (regular["service"]["name"], regular["staff"]["name"]) == ("Pilates", "Studio Norte")
    assert regular["staff"]["email"] is None  # that of a shared calendar, which nobody reads
    people = [
        (each["customer"]["full_name"], each["customer"]["email"], each["status"]) for each in regular["participants"]
    ]
    assert people == [("Rosa Vidal", "rosa@example.com", None), (None, "teo@example.com", "rejected")]
    assert (found["7h9v3consulta@google.com"]["timezone"], found["7h9v3consulta@google.com"]["status"]) == (
        "Europe/Madrid",
        "pending",
    )
    closed = found["2c6puente@google.com"]
    assert (closed["starts_at"], closed["ends_at"], closed["fields"]) == (
        "2026-12-04T23:00:00Z",
        "2026-12-08T23:00:00Z",
        {"all_day": True},
    )


def test_an_outlook_calendar_names_its_zones_in_its_own_way(clinic: Clinic, load: Import) -> None:
    load(exported("outlook"))
    found = [(each["starts_at"], each["timezone"], each["status"]) for each in list_bookings(clinic)]
    assert found == [
        ("2026-10-26T08:00:00Z", "Europe/Berlin", "approved"),
        ("2026-11-09T08:00:00Z", "Europe/Berlin", "approved"),
        ("2026-11-23T08:00:00Z", "Europe/Berlin", "canceled"),
        ("2026-11-30T15:00:00Z", None, "approved"),  # Customized Time Zone, which only its VTIMEZONE knows
        ("2026-12-07T08:00:00Z", "Europe/Berlin", "approved"),
        ("2026-12-21T08:00:00Z", "Europe/Berlin", "approved"),
    ]
    first = list_bookings(clinic)[0]
    assert first["fields"] == {
        "notes": "Bitte die \nVersichertenkarte mitbringen.",
        "categories": "Blue category,Therapy",
    }
    assert (first["staff"]["email"], first["service"]["name"]) == ("linden@example.com", "Physiotherapie")
    assert [each["customer"]["full_name"] for each in first["participants"]] == ["Kern, Jonas"]


def test_an_apple_calendar_changes_this_and_all_later_instances(clinic: Clinic, load: Import) -> None:
    load(exported("apple"))
    trims = list_bookings(clinic, "--service", "Beard trim") + list_bookings(
        clinic, "--service", "Beard trim, an hour later"
    )
    assert [(each["id"].partition("/")[2], each["starts_at"], each["ends_at"]) for each in trims] == [
        ("20261103T220000Z", "2026-11-03T22:00:00Z", "2026-11-03T22:30:00Z"),
        ("20261201T220000Z", "2026-12-01T22:00:00Z", "2026-12-01T22:30:00Z"),
        ("20261215T220000Z", "2026-12-15T22:00:00Z", "2026-12-15T22:30:00Z"),
        ("20270105T220000Z", "2027-01-05T23:00:00Z", "2027-01-05T23:30:00Z"),
        ("20270202T220000Z", "2027-02-02T23:00:00Z", "2027-02-02T23:30:00Z"),
    ]
    assert [each["customer"]["email"] for each in trims[0]["participants"]] == ["lee@example.com"]
    assert trims[0]["staff"]["email"] == "sam@example.com"
    assert starts(clinic, "--service", "Lee's birthday") == {
        "20261130": "2026-11-29T23:00:00Z",
        "20271130": "2027-11-29T23:00:00Z",
    }
    assert starts(clinic, "--service", "Sweep the shop") == {"FLOATING-1": "2026-11-24T07:00:00Z"}


@pytest.mark.parametrize("name", ["google", "outlook", "apple"])
def test_the_same_calendar_again_changes_nothing(clinic: Clinic, load: Import, name: str) -> None:
    load(exported(name))
    before = list_bookings(clinic)
    assert "(0 new, 0 changed)" in load(exported(name)).stdout
    assert list_bookings(clinic) == before


def test_a_moved_instance_is_the_same_booking_and_a_deleted_one_is_canceled(clinic: Clinic, load: Import) -> None:
    load(calendar(event(SERIES)), "--horizon", "20")
    assert [*starts(clinic)] == ["20261123T090000Z", "20261130T090000Z", "20261207T090000Z"]
    moved = "RECURRENCE-ID:20261130T090000Z\nDTSTART:20261201T150000Z\nDTEND:20261201T160000Z\n"
    excluded = f"{SERIES}EXDATE;VALUE=DATE:20261207\n"
    result = load(calendar(event(excluded), event(moved)), "--horizon", "20")
    assert "(0 new, 1 changed, 1 canceled)" in result.stdout
    assert starts(clinic) == {"20261123T090000Z": "2026-11-23T09:00:00Z", "20261130T090000Z": "2026-12-01T15:00:00Z"}
    again = f"{moved}SEQUENCE:2\n".replace("1201T", "1202T")
    load(calendar(event(again), event(moved), event(SERIES)), "--horizon", "20")
    assert starts(clinic) == {
        "20261123T090000Z": "2026-11-23T09:00:00Z",
        "20261130T090000Z": "2026-12-02T15:00:00Z",
        "20261207T090000Z": "2026-12-07T09:00:00Z",
    }


def test_what_a_series_says_nothing_of_stays(clinic: Clinic, load: Import) -> None:
    load(calendar(event(SERIES)), "--horizon", "20")
    load(calendar(event(SERIES)), "--horizon", "6", "--delete-missing")
    assert [*starts(clinic)] == ["20261123T090000Z", "20261130T090000Z", "20261207T090000Z"]
    load(calendar(event("RECURRENCE-ID:20261130T090000Z\nDTSTART:20261130T090000Z\nSTATUS:CANCELLED")))
    assert [*starts(clinic)] == ["20261123T090000Z", "20261207T090000Z"]


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (SERIES.replace("RRULE:FREQ=WEEKLY", "SUMMARY:Once"), ["u"]),
        (f"{SERIES.strip()};UNTIL=20261124T000000Z", ["20261123T090000Z"]),
        (SERIES.replace("1123T", "1124T"), ["20261124T090000Z", "20261201T090000Z", "20261208T090000Z"]),
    ],
    ids=["single", "ended", "another-day"],
)
def test_a_changed_rule_cancels_the_instances_that_are_gone(
    clinic: Clinic, load: Import, after: str, left: list[str]
) -> None:
    load(calendar(event(SERIES.replace("RRULE:FREQ=WEEKLY", "SUMMARY:Once"))))
    load(calendar(event(SERIES)), "--horizon", "20")
    assert "u" not in starts(clinic)
    load(calendar(event(after)), "--horizon", "20")
    assert [*starts(clinic)] == left


def test_a_horizon_moves_on_with_the_clock(clinic: Clinic, load: Import) -> None:
    load(calendar(event(SERIES)), "--horizon", "7")
    assert len(list_bookings(clinic)) == 1
    result = load(calendar(event(SERIES)), "--horizon", "7", "--json", now="2026-12-01T12:00Z")
    assert json.loads(result.stdout) | {"rows": 0} == {
        "rows": 0, "bookings": 3, "new": 2, "changed": 0, "canceled": 0, "customers": 0, "new_customers": 0,
        "changed_customers": 0, "instances": 3, "until": "2026-12-08T12:00:00Z", "dry_run": False, "warnings": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ("DTSTART:20261124T090000\nDURATION:P1D", ["2026-11-24T08:00:00Z 2026-11-25T08:00:00Z"]),
        ("DTSTART:20261124T090000", ["2026-11-24T08:00:00Z 2026-11-24T08:00:00Z"]),
        (
            "DTSTART:20261124T090000\nRRULE:freq=monthly; bymonthday = -1 , +24; until=20261230",
            [f"{day}T08:00:00Z {day}T08:00:00Z" for day in ("2026-11-24", "2026-11-30", "2026-12-24")],
        ),
        ("DTSTART;VALUE=DATE:20261124", ["2026-11-23T23:00:00Z 2026-11-24T23:00:00Z"]),
        ("DTSTART;TZID=/example.org/2026/Europe/Lisbon:20261124T090000", ["2026-11-24T09:00:00Z 2026-11-24T09:00:00Z"]),
        (
            "DTSTART:20261024T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2",  # the clocks go back in between
            ["2026-10-24T08:00:00Z 2026-10-24T09:00:00Z", "2026-10-25T09:00:00Z 2026-10-25T10:00:00Z"],
        ),
        (
            "DTSTART:20261024T220000\nDTEND:20261025T060000\nRDATE:20261026T220000",  # a night of nine hours
            ["2026-10-24T20:00:00Z 2026-10-25T05:00:00Z", "2026-10-26T21:00:00Z 2026-10-27T05:00:00Z"],
        ),
        (
            "DTSTART:20261124T090000Z\nRDATE;VALUE=PERIOD:20261125T090000Z/PT15M,20261126T090000Z/20261126T093000Z",
            [
                "2026-11-24T09:00:00Z 2026-11-24T09:00:00Z",
                "2026-11-25T09:00:00Z 2026-11-25T09:15:00Z",
                "2026-11-26T09:00:00Z 2026-11-26T09:30:00Z",
            ],
        ),
        (
            "DTSTART;VALUE=DATE:20261124\nRRULE:FREQ=DAILY;UNTIL=20261126\nEXDATE:20261125T000000Z",
            ["2026-11-23T23:00:00Z 2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z 2026-11-26T23:00:00Z"],
        ),
        (
            "DTSTART:20261124T090000\nRRULE:FREQ=DAILY;COUNT=3\nEXRULE:FREQ=DAILY;INTERVAL=2",
            ["2026-11-25T08:00:00Z 2026-11-25T08:00:00Z"],
        ),
        (
            "DTSTART:20261124T090000\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",  # never comes
            ["2026-11-24T08:00:00Z 2026-11-24T08:00:00Z"],
        ),
    ],
)
def test_times_of_events(clinic: Clinic, load: Import, properties: str, found: list[str]) -> None:
    load(calendar(event(properties)))
    assert [f"{each['starts_at']} {each['ends_at']}" for each in list_bookings(clinic)] == found


def test_each_calendar_of_a_file_has_its_own_zone_and_method(clinic: Clinic, load: Import) -> None:
    one = calendar(event("DTSTART:20261124T090000"), header="X-WR-TIMEZONE:GMT Standard Time\n")
    two = calendar(event("DTSTART:20261124T090000\nRRULE:FREQ=DAILY", uid="v"))
    three = calendar(event("DTSTART:20261124T090000\nRRULE:FREQ=DAILY", uid="v"), header="METHOD:CANCEL\n")
    load(one + two, "--horizon", "3")
    assert [(each["starts_at"], each["timezone"]) for each in list_bookings(clinic)] == [
        ("2026-11-24T08:00:00Z", None),
        ("2026-11-24T09:00:00Z", "Europe/London"),
        ("2026-11-25T08:00:00Z", None),
    ]
    load(three, "--horizon", "3")
    assert [*starts(clinic)] == ["u"]


def test_a_property_can_be_mapped(clinic: Clinic, load: Import) -> None:
    ana = event("DTSTART:20261124T090000Z\nSUMMARY:Ana García\nX-ROOM:Blue\nCATEGORIES:Colour\nDESCRIPTION:x")
    load(calendar(ana), "--map", "summary=customer_name", "--map", "Categories=service", "--map", "X-Room=room")
    booking = list_bookings(clinic)[0]
    assert [each["customer"]["full_name"] for each in booking["participants"]] == ["Ana García"]
    assert (booking["service"]["name"], booking["fields"]) == ("Colour", {"notes": "x", "room": "Blue"})
    assert (
        "nothing is called X-FLOOR, which --map names" in load(calendar(ana), "--map", "X-FLOOR=floor", code=2).stderr
    )


ALL = ",".join(map(str, range(60)))
STANDARD = "BEGIN:STANDARD\nDTSTART:19700101T000000\nRRULE:{rule}\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\n"
ZONE = f"BEGIN:VTIMEZONE\nTZID:Ours\n{STANDARD}END:VTIMEZONE\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (calendar(event("SUMMARY:x")), "feed.ics:3: event u has no DTSTART"),
        (calendar(event("DTSTART:soon")), "feed.ics:3: event u: 'soon' is not a time"),
        (
            calendar("BEGIN:VEVENT\nRECURRENCE-ID:20261124\nDTSTART:20261124\nEND:VEVENT\n"),
            "feed.ics:3: the event has no UID",
        ),
        (calendar(event("DTSTART:20261124T090000Z\nDTEND:20261124T080000Z")), "feed.ics:3: it ends before it starts"),
        (
            calendar(event('DTSTART:20261124\nATTENDEE;CN="Ana:mailto:a@example.com')),
            "feed.ics:3: cannot read 'ATTENDEE",
        ),
        (calendar(event("DTSTART:20261124\nDURATION:long")), "'long' is not a length; write PT45M"),
        (calendar(event("DTSTART;TZID=Mars/Base:20261124T090000")), "the zone 'Mars/Base' is no IANA name"),
        (
            calendar(event("DTSTART:20261124T090000"), header="X-WR-TIMEZONE:Mars\n"),
            "timezone 'Mars' is not an IANA name",
        ),
        (
            calendar("BEGIN:VEVENT\nUID:u\n"),
            "feed.ics:5: END:VCALENDAR cannot stand here, BEGIN:VEVENT on line 3 has no END",
        ),
        (
            calendar(event("")).removesuffix("END:VCALENDAR\n"),
            "the file is cut off: BEGIN:VCALENDAR on line 1 has no END",
        ),
        (calendar(event("BEGIN:X\n" * 100_000)), "feed.ics:13: it is nested too deep"),
        (
            calendar(event("DTSTART:20261124\nRRULE:FREQ=SECONDLY")),
            "'FREQ=SECONDLY' cannot be worked out: FREQ must be",
        ),
        (
            calendar(event("DTSTART:20261124\nRRULE:FREQ=DAILY;INTERVAL=0")),
            "INTERVAL takes a whole number from 1 on, not '0'",
        ),
        (
            calendar(event("DTSTART:20261124\nRRULE:FREQ=DAILY;BYDAY=XX")),
            "BYDAY takes weekdays such as MO, 2TU or -1FR",
        ),
        *(
            (calendar(event(f"DTSTART:20261124\nRRULE:FREQ=DAILY;{part}")), f"{part.partition('=')[0]} takes ")
            for part in (
                "BYMONTH=13",
                "BYMONTH=-1",
                "BYMONTHDAY=32",
                "BYMONTHDAY=0",
                "BYMONTHDAY=1,,2",
                "BYYEARDAY=367",
                "BYWEEKNO=54",
                "BYDAY=0MO",
                "BYDAY=54MO",
                "BYDAY=",
                "BYDAY=MO(1)",
                "BYMINUTE=60",
                "BYSECOND=60",
                "BYMONTHDAY=1.5",
                "WKST=XX",
                "COUNT=-1",
                "COUNT=\u0663",
            )
        ),
        (
            calendar(event(f"DTSTART:20261124T000000\nRRULE:FREQ=DAILY;BYMINUTE={ALL};BYSECOND={ALL}")),
            "than 100,000 instances",
        ),
        (
            calendar(event("DTSTART;TZID=Ours:20261124T090000"), header=ZONE.format(rule="FREQ=SECONDLY")),
            "no VTIMEZONE",
        ),
    ],
)
def test_a_broken_or_boundless_calendar_is_refused(clinic: Clinic, load: Import, content: str, reason: str) -> None:
    load(calendar(event(SERIES, uid="before")), "--horizon", "7")
    assert reason in load(content, code=2).stderr
    assert len(list_bookings(clinic)) == 1


def test_all_broken_events_are_named_at_once(clinic: Clinic, load: Import) -> None:
    broken = [event("DTSTART:soon", uid="a"), event(SERIES, uid="b"), event("SUMMARY:x", uid="c"), event("", uid="d")]
    lines = load(calendar(*broken), code=2).stderr.replace(str(clinic.folder), "").splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "/feed.ics:3",
        "/feed.ics:13",
        "/feed.ics:17",
        "3 bad rows; nothing was changed",
    ]
    assert list_bookings(clinic) == []
