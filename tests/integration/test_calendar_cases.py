"""Calendars as programs in the field write them, each with what is right by the standards, and why.

The files are in `tests/calendars/cases`; RFC 5545 unless another one is named.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result

from tests.calendars import calendar, case, event
from tests.clinic import Clinic
from tests.imports import import_file, list_bookings

Import = Callable[..., Result]


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    clinic = Clinic(tmp_path / "clinic")
    clinic.write("  []\n")
    return clinic


@pytest.fixture
def load(clinic: Clinic) -> Import:
    return partial(import_file, clinic, name="feed.ics")


def starts(clinic: Clinic) -> list[str]:
    return [each["starts_at"] for each in list_bookings(clinic) if each["status"] != "canceled"]


def people(clinic: Clinic) -> list[tuple[str | None, str | None, str | None]]:
    [booking] = list_bookings(clinic)
    customers = [each["customer"] for each in booking["participants"]]
    return [(each["full_name"], each["email"], each["phone"]) for each in customers]


# --- zones ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("tzid-utc", ["2026-12-11T09:30:00Z"]),  # 3.2.19, 3.3.5
        ("vtimezone-named-gmt", ["2027-06-15T09:20:00Z"]),  # 3.2.19: the description of the file
        ("vtimezone-named-as-in-windows", ["2027-06-15T13:30:00Z"]),
        ("vtimezone-name-with-comma", ["2026-12-11T01:30:00Z"]),  # 3.3.11, 3.2
        ("vtimezone-with-other-properties", ["2027-03-10T14:00:00Z"]),  # RFC 7808, 7; RFC 5545, 3.8.8
        (
            "vtimezone-rule-with-hour",  # 3.6.5, 3.3.10
            [f"2027-03-{day}T14:00:00Z" for day in (10, 11, 12, 13)] + [f"2027-03-{day}T13:00:00Z" for day in (14, 15)],
        ),
    ],
)
def test_a_zone_is_the_one_that_the_file_describes(clinic: Clinic, load: Import, name: str, found: list[str]) -> None:
    load(case(name))
    assert starts(clinic) == found


STANDARD = """\
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
"""
DAYLIGHT = """\
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
"""


def zone(tzid: str, observances: str = STANDARD + DAYLIGHT) -> str:
    return f"BEGIN:VTIMEZONE\nTZID{tzid if tzid[:1] == ';' else f':{tzid}'}\n{observances}END:VTIMEZONE\n"


@pytest.mark.parametrize(
    ("tzid", "header"),
    [
        ("Ours", zone("  Ours ")),
        (" Our  Zone", zone("Our Zone")),
        ("our zone", zone("Our Zone")),
        ('"Ours, and theirs; both"', zone(r"Ours\, and theirs\; both")),
        (r"Ours\, and theirs", zone(r"Ours\, and theirs")),
        ('"(UTC-05:00) Our Coast"', zone("(UTC-05:00) Our Coast")),
        ("(UTC-05:00) Our Coast", zone("(UTC-05:00) Our Coast")),  # no quotes, which 3.2 asks for
        ("Ours", zone(";X-VENDOR=1:Ours")),
        (
            "Ours",
            zone("Ours", STANDARD + DAYLIGHT.replace("TZOFF", "TZNAME;LANGUAGE=es:A\nTZNAME;LANGUAGE=en:B\nTZOFF", 1)),
        ),
        ("Ours", zone("Ours", (STANDARD + DAYLIGHT).replace("DTSTART:", "DTSTART;VALUE=DATE-TIME;X-A=1:"))),
        (
            "Ours",
            zone("Ours", (STANDARD + DAYLIGHT).replace("END:", "BEGIN:X-NOTE\nA:b\nEND:X-NOTE\nX-A;X-B=1:1\nEND:")),
        ),
        ("Ours", zone("Ours", (STANDARD + DAYLIGHT).replace("TZOFFSET", "X-A:1\nCOMMENT;LANGUAGE=en:x\nTZOFFSET", 1))),
        ("Ours", zone("Ours", (STANDARD + DAYLIGHT).replace("0\nEND:", "000\nEND:"))),  # an offset with seconds
        ("Ours", zone("Ours", STANDARD + DAYLIGHT).lower().replace("ours", "Ours")),
        ("Ours", zone("Ours", DAYLIGHT + STANDARD.replace("RRULE", "RDATE:20261101T020000,\nRRULE"))),
        ("Eastern Time (US & Canada)", ""),
        ('"(UTC-05:00) Eastern Time (US & Canada)"', ""),
        ("Eastern Daylight Time", ""),
        ("eastern standard time", ""),
        ("america/new york", ""),
        ("America/New_York", zone("America/New_York", STANDARD)),  # described wrongly; the name has one meaning
    ],
)
def test_a_zone_is_found_however_it_is_written(clinic: Clinic, load: Import, tzid: str, header: str) -> None:
    times = (f"DTSTART;TZID={tzid}:20270615T090000", f"DTEND;TZID={tzid}:20270615T100000")
    load(calendar(event(*times), header=header))
    assert starts(clinic) == ["2027-06-15T13:00:00Z"]


@pytest.mark.parametrize(
    ("shown", "starts_at", "timezone"),
    [
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "2027-06-15T07:00:00Z", "Europe/Brussels"),
        ("(GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "2027-06-15T07:00:00Z", "Europe/Amsterdam"),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "2027-06-15T08:00:00Z", "Europe/Dublin"),
        ("(UTC-06:00) Guadalajara, Mexico City, Monterrey", "2027-06-15T15:00:00Z", "America/Mexico_City"),
        ("(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", "2027-06-15T03:30:00Z", "Asia/Kolkata"),
        ("Romance Standard Time", "2027-06-15T07:00:00Z", "Europe/Paris"),
        ("(UTC) Coordinated Universal Time", "2027-06-15T09:00:00Z", None),
        ("tzone://Microsoft/Utc", "2027-06-15T09:00:00Z", None),
        ("Etc/GMT", "2027-06-15T09:00:00Z", None),
        ("Z", "2027-06-15T09:00:00Z", None),
    ],
)
def test_the_names_of_windows_and_of_utc(
    clinic: Clinic, load: Import, shown: str, starts_at: str, timezone: str | None
) -> None:
    load(calendar(event(f'DTSTART;TZID="{shown}":20270615T090000')))
    assert [(each["starts_at"], each["timezone"]) for each in list_bookings(clinic)] == [(starts_at, timezone)]


def test_a_known_zone_gives_its_name_where_the_description_agrees(clinic: Clinic, load: Import) -> None:
    own = zone("Eastern Standard Time"), zone("Pacific Standard Time")
    other = event("DTSTART;TZID=Pacific Standard Time:20270615T090000", uid="v")  # described as the other coast
    load(calendar(event("DTSTART;TZID=Eastern Standard Time:20270615T090000"), other, header="".join(own)))
    assert [(each["starts_at"], each["timezone"]) for each in list_bookings(clinic)] == [
        ("2027-06-15T13:00:00Z", "America/New_York"),
        ("2027-06-15T13:00:00Z", None),
    ]


@pytest.mark.parametrize("until", ["20261025T010000Z", "20261025T030000", "20261025"])
def test_the_last_change_of_a_zone_counts(clinic: Clinic, load: Import, until: str) -> None:
    winter = f"DTSTART:20201025T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL={until}\n"
    summer = "DTSTART:20200329T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;COUNT=7\n"
    own = (
        f"BEGIN:STANDARD\n{winter}TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n"
        f"BEGIN:DAYLIGHT\n{summer}TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\n"
    )
    load(calendar(event("DTSTART;TZID=Ours:20261201T090000"), header=zone("Ours", own)))
    assert starts(clinic) == ["2026-12-01T08:00:00Z"]


def test_before_its_first_change_a_zone_is_as_that_one_found_it(clinic: Clinic, load: Import) -> None:
    own = "BEGIN:DAYLIGHT\nDTSTART:20270328T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\n"
    times = [f"DTSTART;TZID=Ours:{day}T090000" for day in ("20261201", "20270615")]
    load(calendar(*(event(time, uid=time) for time in times), header=zone("Ours", own)))
    assert starts(clinic) == ["2026-12-01T08:00:00Z", "2027-06-15T07:00:00Z"]


def test_an_offset_may_lack_its_sign(clinic: Clinic, load: Import) -> None:
    own = STANDARD.replace("-0400", "0100").replace("-0500", "0200")
    load(calendar(event("DTSTART;TZID=Ours:20261201T090000"), header=zone("Ours", own)))
    assert starts(clinic) == ["2026-12-01T07:00:00Z"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("20270314T013000", "2027-03-14T06:30:00Z"),
        ("20270314T023000", "2027-03-14T07:30:00Z"),  # skipped: the offset before the gap, 3.3.5
        ("20270314T033000", "2027-03-14T07:30:00Z"),
        ("20271107T013000", "2027-11-07T05:30:00Z"),  # twice: the first of the two
        ("20271107T023000", "2027-11-07T07:30:00Z"),
    ],
)
def test_a_described_zone_at_its_changes(clinic: Clinic, load: Import, written: str, found: str) -> None:
    load(calendar(event(f"DTSTART;TZID=Ours:{written}"), header=zone("Ours")))
    assert starts(clinic) == [found]


def test_the_zone_of_a_calendar_may_be_one_that_it_describes(clinic: Clinic, load: Import) -> None:
    load(calendar(event("DTSTART:20270615T090000"), header=f"X-WR-TIMEZONE:Ours\n{zone('Ours')}"))
    assert [(each["starts_at"], each["timezone"]) for each in list_bookings(clinic)] == [("2027-06-15T13:00:00Z", None)]


@pytest.mark.parametrize("name", ["UTC", "GMT", "Etc/UTC", "Z", "(UTC) Coordinated Universal Time"])
def test_a_calendar_in_utc_names_no_zone_of_its_bookings(clinic: Clinic, load: Import, name: str) -> None:
    load(case("calendar-zone-utc").replace(b"X-WR-TIMEZONE:UTC", f"X-WR-TIMEZONE:{name}".encode()))
    assert [(each["starts_at"], each["timezone"]) for each in list_bookings(clinic)] == [("2027-06-15T09:30:00Z", None)]


# --- who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "customer"),
    [
        ("attendee-email-parameter", ("Luis", "luis@example.com", None)),  # RFC 7986, 6.2
        ("attendee-email-parameter--mailto-in-parameter", ("Luis", "luis@example.com", None)),
        ("attendee-without-mailto", ("Luis Marin", "luis@example.com", None)),
        ("attendee-without-mailto--colon", ("Dr: Luis", "luis@example.com", None)),
        ("mailto-percent-encoded", ("Luis", "luis+spa@example.com", None)),  # RFC 6068, 2
    ],
)
def test_an_attendee_has_the_address_that_reaches_them(
    clinic: Clinic, load: Import, name: str, customer: tuple[str, str, None]
) -> None:
    load(case(name))
    assert people(clinic) == [customer]
    assert list_bookings(clinic)[0]["staff"]["email"] == "ana@clinic.example"


@pytest.mark.parametrize(
    ("attendee", "customer"),
    [
        (";CN=Luis:MAILTO: luis@example.com ", ("Luis", "luis@example.com", None)),
        (";CN=Luis:mailto:<luis@example.com>", ("Luis", "luis@example.com", None)),
        (";CN=Luis:mailto:mailto:luis@example.com", ("Luis", "luis@example.com", None)),
        (";CN=Luis:mailto:Luis%20Marin%20%3Cluis@example.com%3E", ("Luis", "luis@example.com", None)),
        (";CN=Luis:mailto:luis@example.com?subject=Cut", ("Luis", "luis@example.com", None)),
        (";CN=Luis:mailto:luis%40example.com", ("Luis", "luis@example.com", None)),
        (";CN=Luis:mailto:jos%C3%A9@example.com", ("Luis", "josé@example.com", None)),
        (";CN=Luis;EMAIL=luis%2Bspa@example.com:urn:uuid:1", ("Luis", "luis%2Bspa@example.com", None)),  # no URI
        (';CN=Luis;EMAIL="mailto:luis%2Bspa@example.com":urn:uuid:1', ("Luis", "luis+spa@example.com", None)),
        (";CN=Luis;EMAIL=:mailto:luis@example.com", ("Luis", "luis@example.com", None)),
        (";CN=Luis;EMAIL=luis@example.com:tel:+34600123123", ("Luis", "luis@example.com", "+34600123123")),
        (";CN=Luis:tel:+34-600-123-123;phone-context=x", ("Luis", None, "+34-600-123-123")),
        (";CN=Luis:tel:+34%20600123123", ("Luis", None, "+34 600123123")),
        (";CN=Luis:sms:+34600123123?body=x", ("Luis", None, "+34600123123")),
        (";CN=Luis:+34 600 123 123", ("Luis", None, "+34 600 123 123")),
        (";CN=Dr: Luis;PARTSTAT=ACCEPTED:mailto:luis@example.com", ("Dr: Luis", "luis@example.com", None)),
        (":luis@example.com", (None, "luis@example.com", None)),
    ],
)
def test_the_ways_to_write_an_address(
    clinic: Clinic, load: Import, attendee: str, customer: tuple[str | None, str | None, str | None]
) -> None:
    load(calendar(event("DTSTART:20261201T090000Z", f"ATTENDEE{attendee}")))
    assert people(clinic) == [customer]


@pytest.mark.parametrize(
    "attendee",
    [";CN=Luis:/principals/users/luis/", ";CN=Luis:invalid:nomail", ";CN=Luis:mailto:", ";CN=Luis:urn:uuid:1"],
)
def test_an_attendee_without_an_address_is_named(clinic: Clinic, load: Import, attendee: str) -> None:
    result = load(calendar(event("DTSTART:20261201T090000Z", f"ATTENDEE{attendee}", "ATTENDEE:mailto:eva@example.com")))
    assert "line 3: event u: attendee 'Luis' has no address that anything can be sent to" in result.stderr
    assert people(clinic) == [(None, "eva@example.com", None)]


def test_an_unquoted_colon_is_named(load: Import) -> None:
    result = load(case("attendee-without-mailto--colon"))
    assert "line 4: event a1@example.com: a parameter of ATTENDEE has a colon without quotes" in result.stderr


def test_the_organizer_is_no_customer_however_they_are_written(clinic: Clinic, load: Import) -> None:
    organizer = "ORGANIZER;EMAIL=ana@clinic.example:mailto:token@calendar.example"
    attendees = ("ATTENDEE:mailto:Ana@clinic.example", "ATTENDEE:mailto:luis@example.com")
    load(calendar(event("DTSTART:20261201T090000Z", organizer, *attendees)))
    assert people(clinic) == [(None, "luis@example.com", None)]


# --- lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\r\n", b"\r\r\n"),
        (b"\r\r\n", b"\n\n"),
        (b"\r\r\n", b"\r\n\r\n"),
        (b"\r\r\n", b"\r"),
        (b"\r\r\n ", b"\n\n\n\t"),
    ],
)
def test_a_folded_line_is_whole_whatever_the_line_ends_are(
    clinic: Clinic, load: Import, old: bytes, new: bytes
) -> None:
    load(case("line-ends-doubled").replace(old, new))  # 3.1
    assert people(clinic) == [("Luis Marin", "luis.marin@example.com", None)]
    service = "Massage and facial treatment with the long name which is folded right here"
    assert list_bookings(clinic)[0]["service"]["name"] == service


def test_a_line_that_is_no_property_is_named(clinic: Clinic, load: Import) -> None:
    cut = event(
        "DTSTART:20261201T090000Z", "ATTENDEE:mailto:luis.m", "arin@example.com", "X-A:1", "DESCRIPTION:a", "b: c"
    )
    result = load(calendar(cut))
    assert "line 3: event u: line 7 is no property (NAME:value); what is before it may be cut" in result.stderr
    assert result.stderr.count("no property") == 1


# --- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("duration-days-and-hours--days-and-hours", ["2027-03-27T09:00:00Z 2027-03-28T10:00:00Z"]),  # 3.3.6
        ("duration-days-and-hours--24-hours", ["2027-03-27T09:00:00Z 2027-03-28T09:00:00Z"]),
        ("floating-beside-zoned--dtend", ["2026-12-10T14:00:00Z 2026-12-10T15:00:00Z"]),  # 3.8.2.2
        (
            "floating-beside-zoned--exdate",  # 3.8.5.1
            [f"2026-12-{day}T14:00:00Z 2026-12-{day}T15:00:00Z" for day in ("01", "15", "22")],
        ),
        (
            "until-in-utc-of-all-day-series--daily",  # 3.3.10
            [f"2026-12-{day}T23:00:00Z 2026-12-{day + 1}T23:00:00Z" for day in (14, 15, 16)],
        ),
    ],
)
def test_times_mean_what_their_standard_says(clinic: Clinic, load: Import, name: str, found: list[str]) -> None:
    load(case(name))
    assert [f"{each['starts_at']} {each['ends_at']}" for each in list_bookings(clinic)] == found


NEW_YORK = "DTSTART;TZID=America/New_York:20261201T090000"


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ([NEW_YORK, "RRULE:FREQ=DAILY;COUNT=1", "RDATE:20261205T090000"], ["01T14:00:00Z", "05T14:00:00Z"]),
        (["DTSTART:20261201T090000Z", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20261202T090000"], ["01T09:00:00Z"]),
        ([NEW_YORK, "RRULE:FREQ=DAILY;UNTIL=20261202T090000"], ["01T14:00:00Z", "02T14:00:00Z"]),
        (["DTSTART:20261231T225960Z"], ["31T22:59:59Z"]),  # 3.3.12
        (["DTSTART;TZID=Europe/Madrid:20261231T235960"], ["31T22:59:59Z"]),
        (["DTSTART:20261230T235959Z", "RRULE:FREQ=DAILY;UNTIL=20261231T235960Z"], ["30T23:59:59Z", "31T23:59:59Z"]),
    ],
)
def test_times_beside_a_start(clinic: Clinic, load: Import, properties: list[str], found: list[str]) -> None:
    load(calendar(event(*properties)))
    assert starts(clinic) == [f"2026-12-{each}" for each in found]


@pytest.mark.parametrize("end", ["DTEND;VALUE=DATE:20261202", "DTEND:20261202", "DTEND:20261202T000000"])
def test_an_end_that_is_a_date_is_on_the_clock_of_its_start(clinic: Clinic, load: Import, end: str) -> None:
    load(calendar(event(NEW_YORK, end)))
    assert list_bookings(clinic)[0]["ends_at"] == "2026-12-02T05:00:00Z"


def test_an_instance_without_a_zone_is_one_of_its_series(clinic: Clinic, load: Import) -> None:
    moved = event("RECURRENCE-ID:20261202T090000", "DTSTART;TZID=America/New_York:20261203T100000")
    load(calendar(event(NEW_YORK, "RRULE:FREQ=DAILY;COUNT=2"), moved))
    assert starts(clinic) == ["2026-12-01T14:00:00Z", "2026-12-03T15:00:00Z"]


@pytest.mark.parametrize(
    ("zone_name", "until", "last"),
    [
        ("Europe/Madrid", "20261216T230000Z", 17),
        ("Europe/Madrid", "20261217T225959Z", 17),
        ("Europe/Madrid", "20261217T235959Z", 17),  # the end of the day, whatever the zone
        ("Europe/Madrid", "20261217T000000Z", 17),
        ("Europe/Madrid", "20261217T235959", 17),
        ("Europe/Madrid", "20261217", 17),
        ("America/New_York", "20261217T050000Z", 17),
        ("America/New_York", "20261218T045959Z", 17),
        ("America/New_York", "20261217T000000Z", 17),
    ],
)
@pytest.mark.parametrize("excluded", [False, True])
def test_the_last_day_of_an_all_day_series(
    clinic: Clinic, load: Import, zone_name: str, until: str, last: int, *, excluded: bool
) -> None:
    rule = ("RRULE:FREQ=DAILY;COUNT=3", f"EXDATE:{until}") if excluded else (f"RRULE:FREQ=DAILY;UNTIL={until}",)
    load(calendar(event("DTSTART;VALUE=DATE:20261215", *rule), header=f"X-WR-TIMEZONE:{zone_name}\n"))
    names = [each["id"].removeprefix("u/") for each in list_bookings(clinic)]
    assert names == [f"202612{day}" for day in range(15, last + (not excluded))]


@pytest.mark.parametrize(
    ("duration", "ends_at"),
    [
        ("P1D", "28T08:00:00Z"),
        ("P1W", "2027-04-03T08:00:00Z"),
        ("P0DT24H", "28T09:00:00Z"),
        ("PT48H", "29T09:00:00Z"),
        ("p1dt30m", "28T08:30:00Z"),
        ("+PT1H", "27T10:00:00Z"),
        ("PT0S", "27T09:00:00Z"),
        ("P7W1DT1H1M1S", None),
    ],
)
def test_days_are_those_of_the_calendar_and_hours_pass(
    clinic: Clinic, load: Import, duration: str, ends_at: str | None
) -> None:
    load(calendar(event("DTSTART;TZID=Europe/Madrid:20270327T100000", f"DURATION:{duration}")))
    expected = "2027-05-16T09:01:01Z" if ends_at is None else ends_at
    assert list_bookings(clinic)[0]["ends_at"] == (expected if len(expected) > 15 else f"2027-03-{expected}")


@pytest.mark.parametrize("duration", ["P", "PT", "P1H", "1D", "P1DT", "PT1.5H", "P1Y", "P9999999999D", "soon"])
def test_what_is_no_duration_is_refused(load: Import, duration: str) -> None:
    result = load(calendar(event("DTSTART:20270327T100000Z", f"DURATION:{duration}")), code=2)
    assert f"event u: '{duration}' is not a length" in result.stderr


# --- lists that are empty -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "days", "remark"),
    [
        ("empty-lists-of-dates--exdate-empty", ["01", "02", "03"], "an empty EXDATE was left out"),
        ("empty-lists-of-dates--exdate-trailing-comma", ["01", "04"], "nothing follows the last comma of EXDATE"),
        ("empty-lists-of-dates--rrule-empty", ["01"], "an empty RRULE was left out"),
    ],
)
def test_an_empty_list_is_read_with_a_warning(
    clinic: Clinic, load: Import, name: str, days: list[str], remark: str
) -> None:
    result = load(case(name))
    assert starts(clinic) == [f"2026-12-{day}T08:00:00Z" for day in days]
    assert f"line 4: event a1@example.com: {remark}" in result.stderr


@pytest.mark.parametrize("empty", ["RDATE:", "EXRULE:", "DTEND:", "DURATION:", "RECURRENCE-ID:", "EXDATE:,", "RRULE:;"])
def test_what_is_empty_says_nothing(clinic: Clinic, load: Import, empty: str) -> None:
    result = load(calendar(event("DTSTART:20261201T090000Z", empty)))
    assert starts(clinic) == ["2026-12-01T09:00:00Z"]
    assert f"an empty {empty.strip(':;,')} was left out" in result.stderr


# --- revisions and identity -----------------------------------------------------------------------------------------


def test_the_greater_sequence_is_the_newer_one(clinic: Clinic, load: Import) -> None:
    result = load(case("sequence-of-ten-digits"))  # 3.8.7.4
    assert starts(clinic) == ["2026-12-03T15:00:00Z"]
    assert list_bookings(clinic)[0]["service"]["name"] == "Cut (moved)"
    assert "is there again" not in result.stderr


def test_of_one_sequence_the_later_stamp_is_the_newer_one(clinic: Clinic, load: Import) -> None:
    revisions = [
        event(f"DTSTART:2026120{day}T090000Z", "LAST-MODIFIED:20261101T100000Z", f"DTSTAMP:2026110{5 - day}T100000Z")
        for day in (1, 2)
    ]
    load(calendar(*revisions))  # RFC 5546, 2.1.5
    assert starts(clinic) == ["2026-12-01T09:00:00Z"]


def test_a_uid_that_is_there_three_times_is_named(clinic: Clinic, load: Import) -> None:
    result = load(case("uid-repeated"))  # 3.8.4.7
    assert "line 18: event a1@example.com is there again, in the same revision, on line 4, 11" in result.stderr
    assert len(list_bookings(clinic)) == 1


def test_an_event_that_is_there_twice_and_the_same_is_no_matter(load: Import) -> None:
    same = event("DTSTART:20261201T090000Z", "SUMMARY:Cut")
    assert "warning" not in load(calendar(same, same)).output


def test_an_instance_that_is_there_twice_is_named(load: Import) -> None:
    moved = [event("RECURRENCE-ID:20261201T090000Z", f"DTSTART:2026120{day}T090000Z") for day in (2, 3)]
    assert "line 8: event u is there again, in the same revision, on line 3" in load(calendar(*moved)).stderr


def test_a_newer_series_excludes_an_older_instance(clinic: Clinic, load: Import) -> None:
    load(case("instance-older-than-its-series"))  # 3.8.7.4, 3.8.5.1
    assert starts(clinic) == [f"2026-12-{day}T08:00:00Z" for day in ("01", "15", "22")]


SERIES = ("DTSTART:20261201T090000Z", "RRULE:FREQ=DAILY;COUNT=2")
MOVED = ("SEQUENCE:2", "RECURRENCE-ID:20261202T090000Z", "DTSTART:20261203T100000Z")


@pytest.mark.parametrize(
    ("series", "found"),
    [
        (("SEQUENCE:3",), ["2026-12-01T09:00:00Z", "2026-12-03T10:00:00Z"]),  # it does not name the instance
        (
            ("SEQUENCE:2", "EXDATE:20261202T090000Z"),
            ["2026-12-01T09:00:00Z", "2026-12-03T10:00:00Z"],
        ),  # of one revision
        (("SEQUENCE:3", "EXDATE:20261202T090000Z"), ["2026-12-01T09:00:00Z"]),
        (("SEQUENCE:3", "STATUS:CANCELLED"), []),
        (("SEQUENCE:2", "STATUS:CANCELLED"), ["2026-12-03T10:00:00Z"]),
    ],
)
def test_a_series_and_its_instances_of_another_revision(
    clinic: Clinic, load: Import, series: tuple[str, ...], found: list[str]
) -> None:
    load(calendar(event(*SERIES), event(*MOVED)))
    load(calendar(event(*SERIES, *series), event(*MOVED)))
    assert starts(clinic) == found


@pytest.mark.parametrize("option", [(), ("--delete-missing",)])
def test_a_uid_that_begins_another_one_is_not_its_series(clinic: Clinic, load: Import, option: tuple[str, ...]) -> None:
    other = event("DTSTART:20261202T100000Z", uid="u/room-1")
    load(calendar(event(*SERIES), other))
    load(calendar(event(*SERIES)), *option)
    canceled = [each["id"] for each in list_bookings(clinic) if each["status"] == "canceled"]
    assert canceled == (["u/room-1"] if option else [])


# --- iTIP (RFC 5546) ------------------------------------------------------------------------------------------------


def test_a_reply_takes_nobody_out_of_the_booking(clinic: Clinic, load: Import) -> None:
    load(case("method-reply--1-request"))
    assert "METHOD:REPLY is the answer of one attendee" in load(case("method-reply--2-reply"), code=2).stderr
    assert [each[0] for each in people(clinic)] == ["Luis", "Eva"]


@pytest.mark.parametrize("method", ["reply", "COUNTER", "REFRESH", "DECLINECOUNTER", "CANCEL"])
def test_a_message_that_describes_no_event_changes_nothing(clinic: Clinic, load: Import, method: str) -> None:
    load(case("method-reply--1-request"))
    before = list_bookings(clinic)
    changed = case("method-reply--2-reply").replace(b"METHOD:REPLY", f"METHOD:{method}".encode())
    result = load(changed.replace(b"T090000Z", b"T110000Z").replace(b"T100000Z", b"T120000Z"), code=2)
    assert f"feed.ics:5: event a1@example.com: METHOD:{method.upper()} " in result.stderr
    assert list_bookings(clinic) == before


@pytest.mark.parametrize("method", ["PUBLISH", "REQUEST", "X-EXPORT"])
def test_a_message_that_describes_an_event_is_taken(clinic: Clinic, load: Import, method: str) -> None:
    load(calendar(event("DTSTART:20261201T090000Z"), header=f"METHOD:{method}\n"))
    assert starts(clinic) == ["2026-12-01T09:00:00Z"]


@pytest.mark.parametrize(
    "properties",
    [
        ("DTSTART:20261202T090000Z", "RECURRENCE-ID:20261202T090000Z"),
        ("RECURRENCE-ID:20261202T090000Z", "STATUS:CANCELLED"),  # 3.2.5: it may do without a start
        ("RECURRENCE-ID:20261202T090000Z", "STATUS:CANCELLED", "ATTENDEE:mailto:luis@example.com"),
    ],
)
def test_one_instance_is_canceled(clinic: Clinic, load: Import, properties: tuple[str, ...]) -> None:
    load(calendar(event(*SERIES)))
    load(calendar(event(*properties), header="METHOD:CANCEL\n"))
    assert starts(clinic) == ["2026-12-01T09:00:00Z"]


def test_an_instance_that_is_added_leaves_the_series_as_it_is(clinic: Clinic, load: Import) -> None:
    load(calendar(event(*SERIES)))
    load(calendar(event("DTSTART:20261210T090000Z", "SEQUENCE:1"), header="METHOD:ADD\n"))  # 3.2.4
    assert starts(clinic) == ["2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z", "2026-12-10T09:00:00Z"]


# --- events without UID ---------------------------------------------------------------------------------------------


def test_events_without_uid_get_a_stable_one(clinic: Clinic, load: Import) -> None:
    result = load(case("events-without-uid"))
    assert "line 5: 2 events without a UID" in result.stderr
    assert starts(clinic) == ["2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z"]
    again = case("events-without-uid").replace(b"DTSTAMP:202612", b"DTSTAMP:202701")
    assert "(0 new, 0 changed" in load(again).stdout


def test_attendees_are_part_of_an_id_that_is_made_and_their_answers_are_not(clinic: Clinic, load: Import) -> None:
    def write(person: str, answer: str) -> str:
        attendee = f"ATTENDEE;PARTSTAT={answer}:mailto:{person}@example.com"
        return event("DTSTART:20261201T090000Z", "SUMMARY:Cut", attendee).replace("UID:u\n", "")

    load(calendar(write("luis", "NEEDS-ACTION"), write("eva", "NEEDS-ACTION")))
    assert "(0 new, " in load(calendar(write("eva", "ACCEPTED"), write("luis", "ACCEPTED"))).stdout
    assert len(list_bookings(clinic)) == 2


def test_another_property_can_be_the_id(clinic: Clinic, load: Import) -> None:
    feed = case("events-without-uid").replace(b"SUMMARY:Cut", b"SUMMARY:Cut\nX-NUMBER:7", 1)
    feed = feed.replace(b"20261202T100000Z\nSUMMARY:Cut", b"20261202T100000Z\nSUMMARY:Cut\nX-NUMBER:8")
    assert "without a UID" not in load(feed, "--map", "X-Number=id").stderr
    assert [each["id"] for each in list_bookings(clinic)] == ["7", "8"]


def test_an_instance_without_uid_is_refused(load: Import) -> None:
    moved = event(*MOVED).replace("UID:u\n", "")
    assert "feed.ics:3: the event has no UID" in load(calendar(moved), code=2).stderr


# --- what RFC 5545 forbids, and can mean one thing only -----------------------------------------------------------


@pytest.mark.parametrize(
    ("attendee", "customer"),
    [
        (';CN=Ana "la" Ruiz:mailto:ana@example.com', 'Ana "la" Ruiz'),  # 3.2: no quotation mark in a value
        (';CN="Ana "la" Ruiz";PARTSTAT=ACCEPTED:mailto:ana@example.com', 'Ana "la" Ruiz'),
        (';PARTSTAT=ACCEPTED;CN=Ana "la: Ruiz:mailto:ana@example.com', 'Ana "la: Ruiz'),
        (';CN=Ana"Ruiz:mailto:ana@example.com', 'Ana"Ruiz'),
        (";RSVP;CN=Ana:mailto:ana@example.com", "Ana"),  # 3.2: each parameter has a value
    ],
)
def test_parameters_that_are_not_as_they_should_be_are_read_with_a_warning(
    clinic: Clinic, load: Import, attendee: str, customer: str
) -> None:
    result = load(calendar(event("DTSTART:20261201T090000Z", f"ATTENDEE{attendee}")))
    assert people(clinic) == [(customer, "ana@example.com", None)]
    assert (
        "line 3: event u: the parameters of ATTENDEE are not as RFC 5545 has them; they were read as" in result.stderr
    )


@pytest.mark.parametrize("name", ["luis@gmail.example", "mailto:luis@gmail.example", "LUIS@example.com"])
def test_a_name_that_is_an_address_is_no_name(clinic: Clinic, load: Import, name: str) -> None:
    load(calendar(event("DTSTART:20261201T090000Z", f'ATTENDEE;CN="{name}":mailto:luis@example.com')))
    assert people(clinic) == [(None, "luis@example.com", None)]


@pytest.mark.parametrize(
    ("tzid", "found"),
    [
        ("UTC+1", "2026-12-01T09:00:00Z"),
        ("GMT-03:30", "2026-12-01T13:30:00Z"),
        ('"UTC+05:30"', "2026-12-01T04:30:00Z"),
        ("+0100", "2026-12-01T09:00:00Z"),
        ("Etc/GMT+5", "2026-12-01T15:00:00Z"),  # IANA's, the other way round
    ],
)
def test_a_zone_may_be_an_offset(clinic: Clinic, load: Import, tzid: str, found: str) -> None:
    load(calendar(event(f"DTSTART;TZID={tzid}:20261201T100000")))
    assert starts(clinic) == [found]


@pytest.mark.parametrize("tzid", ["UTC+25", "GMT+1:75", "UTC+x", "+1", "Local"])
def test_a_zone_that_is_no_offset_either_is_refused(load: Import, tzid: str) -> None:
    result = load(calendar(event(f"DTSTART;TZID={tzid}:20261201T100000")), code=2)
    assert f"the zone '{tzid}' is no IANA name, and no VTIMEZONE describes it" in result.stderr


def test_a_start_without_a_zone_is_on_the_clock_of_its_end(clinic: Clinic, load: Import) -> None:
    result = load(calendar(event("DTSTART:20261210T090000", "DTEND;TZID=America/New_York:20261210T100000")))
    assert [(each["starts_at"], each["ends_at"]) for each in list_bookings(clinic)] == [
        ("2026-12-10T14:00:00Z", "2026-12-10T15:00:00Z")  # 3.8.2.2
    ]
    assert "event u: DTSTART has no zone, and was read on the clock of DTEND" in result.stderr


def test_an_empty_until_is_named(clinic: Clinic, load: Import) -> None:
    result = load(calendar(event("DTSTART:20261201T090000Z", "RRULE:FREQ=DAILY;UNTIL=;COUNT=2")))
    assert starts(clinic) == ["2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z"]
    assert "line 3: event u: an empty UNTIL of RRULE was left out" in result.stderr
