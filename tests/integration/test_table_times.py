"""The times of tables as programs and people write them, and what one oddity costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.clinic import Clinic
from tests.imports import import_file, list_bookings

CASES = Path(__file__).parents[1] / "tables" / "cases"
NINE = "2026-12-01T09:00:00Z"


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    clinic = Clinic(tmp_path / "clinic")
    clinic.write("  []\n")
    return clinic


def load(clinic: Clinic, cells: dict[str, Any], *options: str, code: int = 0) -> Result:
    return import_file(clinic, json.dumps([{"id": "1", **cells}]), *options, name="export.json", code=code)


def times(clinic: Clinic) -> list[tuple[str, str]]:
    return [(each["starts_at"], each["ends_at"]) for each in list_bookings(clinic)]


# --- one time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        *("2026-12-01 10:00", "2026-12-1 10:00", "2026/12/01 10:00", "2026.12.01 10:00", "20261201T1000"),
        *(
            "2026-12-01 10:00 AM",
            "2026-12-01 10am",
            "2026-12-01 10:00 a.m.",
            "2026-12-01 10:00:00 AM",
            "2026-12-01 10h00",
        ),
        *(
            "01.12.2026 10:00",
            "1.12.2026, 10:00 Uhr",
            "1. Dezember 2026 10:00",
            "1 Dec 2026 10:00",
            "01-Dec-2026 10:00",
        ),
        *(
            "Dec 1, 2026 10:00 AM",
            "December 1, 2026 at 10:00 AM",
            "Tue, 01 Dec 2026 10:00:00 +0100",
            "1er décembre 2026 à 10h00",
        ),
        *("Tue Dec 01 2026 10:00:00 GMT+0100 (Central European Standard Time)", "1 dicembre 2026 10:00"),
        *("martes, 1 de diciembre de 2026 a las 10:00", "1 de dezembro de 2026 10:00", "1 december 2026 10:00"),
        *(
            "1 de desembre de 2026 10:00",
            "1 grudnia 2026 10:00",
            "2026-12-01 09:00:00 UTC",
            "2026-12-01 10:00:00 +0100",
        ),
        *("2026-12-01 09:00:00+00", "2026-12-01T09:00:00.000Z", "2026-12-01\u00a010:00", "\u200e2026-12-01 10:00"),
        '="2026-12-01 10:00"',
    ],
)
def test_a_time_that_can_mean_one_thing_only(clinic: Clinic, written: str) -> None:
    assert "warning" not in load(clinic, {"starts_at": written, "duration": 60}).output
    assert times(clinic) == [(NINE, "2026-12-01T10:00:00Z")]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("1/12/2026 10:00", "is not a time without --date-format: DD/MM/YYYY, MM/DD/YYYY or the like"),
        ("01-12-2026 10:00", "is not a time without --date-format"),
        ("13/12/2026 10:00", "is not a time without --date-format"),
        ("46357.4166666667", "is not a time, but the number by which a spreadsheet counts days"),
        ("2026-12-01", "has no time of day"),
        ("1 Dec 2026", "has no time of day"),
        ("2026-12-01 13:00 PM", "is not a time"),
        ("2026-02-30 10:00", "is not a time"),
        ("2026-12-01 25:00", "is not a time"),
        ("tomorrow at 10", "is not a time"),
    ],
)
def test_a_time_that_could_mean_another_is_refused(clinic: Clinic, written: str, problem: str) -> None:
    assert (
        f"export.json:1: starts_at {written!r} {problem}"
        in load(clinic, {"starts_at": written, "duration": 60}, code=2).stderr
    )


def test_midnight_may_be_the_end_of_a_day(clinic: Clinic) -> None:
    load(clinic, {"starts_at": "2026-12-01 23:00", "ends_at": "2026-12-01 24:00"})
    assert times(clinic) == [("2026-12-01T22:00:00Z", "2026-12-01T23:00:00Z")]


# --- --date-format --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("DD/MM/YYYY", "01/12/2026 10:00"),
        ("DD/MM/YYYY", "1/12/2026 10:00 AM"),
        ("DD/MM/YYYY", "2026-12-01T10:00"),  # which has one meaning whatever the form is
        ("dd/mm/yyyy HH:mm", "01/12/2026 10:00"),
        ("DD/MM/YYYY HH:mm", "01/12/2026 10:00:00"),
        ("MM/DD/YYYY hh:mm A", "12/01/2026 10:00 AM"),
        ("M/D/YY", "12/1/26 10:00"),
        ("DD-MM-YYYY", "01-12-2026 10:00"),
        ("%d/%m/%Y %H:%M", "01/12/2026 10:00"),
        ("%m/%d/%y", "12/01/26 10:00"),
        ("%d/%m/%Y", "01/12/2026 09:00Z"),
    ],
)
def test_the_form_of_dates_can_be_named(clinic: Clinic, form: str, written: str) -> None:
    load(clinic, {"starts_at": written, "duration": 60}, "--date-format", form)
    assert times(clinic) == [(NINE, "2026-12-01T10:00:00Z")]


@pytest.mark.parametrize("written", ["13/13/2026 10:00", "2026/13/01 10:00", "01/12/2026"])
def test_what_does_not_fit_the_form_is_refused(clinic: Clinic, written: str) -> None:
    result = load(clinic, {"starts_at": written, "duration": 60}, "--date-format", "DD/MM/YYYY", code=2)
    assert f"starts_at {written!r} " in result.stderr


@pytest.mark.parametrize("form", ["HH:mm", "day first", "%d/%m", ""])
def test_a_form_that_names_no_day_is_refused(clinic: Clinic, form: str) -> None:
    result = load(
        clinic, {"starts_at": "2026-12-01T10:00", "duration": 60}, "--date-format", form, code=2 if form else 0
    )
    assert ("names no day, month and year; write DD/MM/YYYY" in result.stderr) is bool(form)


# --- a start and an end in one cell ---------------------------------------------------------------------------------


def test_the_range_that_an_export_writes_as_a_slot(clinic: Clinic) -> None:
    result = import_file(clinic, (CASES / "time-range-in-one-cell.csv").read_bytes())
    assert times(clinic) == [
        ("2026-12-01T07:00:00Z", "2026-12-01T08:00:00Z"),
        ("2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z"),
        ("2026-12-01T13:00:00Z", "2026-12-01T14:30:00Z"),
    ]
    assert "line 3: starts_at '2026-12-01 14:00-15:30' was read as a start and an end" in result.stderr


@pytest.mark.parametrize(
    "written",
    [
        *(
            "2026-12-01 14:00-15:30",
            "2026-12-01T14:00-15:30",
            "2026-12-01 14:00 - 15:30",
            "2026-12-01 14:00\u201315:30",
        ),
        *("2026-12-01T14:00/15:30", "2026-12-01T14:00/2026-12-01T15:30", "2026-12-01T13:00:00Z/2026-12-01T14:30:00Z"),
        *(
            "2026-12-01 14:00 to 15:30",
            "01.12.2026 14:00 bis 15:30 Uhr",
            "2026-12-01 2:00 - 3:30 PM",
            "2026-12-01 2pm-3:30pm",
        ),
        *("2026-12-01 14:00 - 2026-12-01 15:30", "2026-12-01 14:00:00-15:30:00", "2026-12-01 14:00 a 15:30"),
    ],
)
def test_a_cell_may_hold_a_start_and_an_end(clinic: Clinic, written: str) -> None:
    for cells in ({"starts_at": written}, {"starts_at": written, "ends_at": written}):
        result = load(clinic, cells)
        assert f"starts_at {written!r} was read as a start and an end" in result.stderr
        assert times(clinic) == [("2026-12-01T13:00:00Z", "2026-12-01T14:30:00Z")]


def test_a_range_may_end_on_the_next_day(clinic: Clinic) -> None:
    load(clinic, {"starts_at": "2026-12-01 23:00 - 00:30"})
    assert times(clinic) == [("2026-12-01T22:00:00Z", "2026-12-01T23:30:00Z")]


@pytest.mark.parametrize(
    ("cells", "start"),
    [
        ({"starts_at": "2026-12-01 10:00-11:00", "duration": 60}, NINE),
        ({"starts_at": "2026-12-01 10:00-11:00", "ends_at": "2026-12-01 11:00"}, NINE),
        ({"starts_at": "2026-12-01 10:00-11:00", "ends_at": "11:00"}, NINE),
        ({"starts_at": "2026-12-01 10:00-11:00", "ends_at": "2026-12-01 12:00-11:00"}, "2026-12-01T21:00:00Z"),
        ({"starts_at": "2026-12-01T10:00-11:00", "duration": 60}, "2026-12-01T21:00:00Z"),  # ISO 8601
        ({"starts_at": "2026-12-01 10:00:00-11:00", "duration": 60}, "2026-12-01T21:00:00Z"),
        ({"starts_at": "2026-12-01 10:00-05:00", "duration": 45}, "2026-12-01T15:00:00Z"),  # it would end before
        (
            {"starts_at": "2026-12-01 02:00-05:00", "duration": 45, "timezone": "America/New_York"},
            "2026-12-01T07:00:00Z",
        ),
    ],
)
def test_the_row_says_which_hyphen_begins_an_offset(clinic: Clinic, cells: dict[str, Any], start: str) -> None:
    load(clinic, cells)
    assert times(clinic)[0][0] == start


def test_a_row_that_does_not_say_it_is_refused(clinic: Clinic) -> None:
    result = load(clinic, {"starts_at": "2026-12-01 10:00-11:00", "duration": 45}, code=2)
    assert "may be a start and an end, or a start with the offset -11:00; write the end into ends_at" in result.stderr


def test_a_table_of_ranges_needs_no_column_for_the_end(clinic: Clinic) -> None:
    import_file(clinic, "id,Slot\n1,2026-12-01 14:00 - 15:30\n", "--map", "Slot=starts_at")
    import_file(clinic, "id;Slot\n2;01/12/2026 14:00-15:30\n", "--map", "Slot=starts_at", "--date-format", "DD/MM/YYYY")
    assert times(clinic) == [("2026-12-01T13:00:00Z", "2026-12-01T14:30:00Z")] * 2
    missing = import_file(clinic, "id,starts_at\n1,2026-12-01 14:00\n", code=2)
    assert "there is no column `ends_at`" in missing.stderr


# --- columns of their own -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "options"),
    [
        ("id,date,time,duration\n1,2026-12-01,10:00,60\n", ()),
        ("id,Start Date,Start Time,End Time\n1,2026-12-01,10:00,11:00\n", ()),
        ("id,start_date,start_time,end_date,end_time\n1,2026-12-01,10:00,2026-12-01,11:00\n", ()),
        ("id,Date,Time,End time\n1,12/01/2026,10:00 AM,11:00 AM\n", ("--date-format", "MM/DD/YYYY")),
        ("id;Fecha;Hora;Fin\n1;01/12/2026;10:00;11:00\n", ("--date-format", "DD/MM/YYYY", "--map", "Fecha=date")),
        ("id,date,time\n1,2026-12-01,10:00-11:00\n", ()),
        ("id,date,time\n1,2026-12-01,10:00 - 11:00\n", ()),
        ("id,date,time,duration\n1,2026-12-01,10:00 am,1:00\n", ()),
        ("id,Date,Time,duration\n1,01/12/2026,10:00,60\n", ("--date-format", "DD/MM/YYYY HH:mm")),
    ],
)
def test_the_date_and_the_time_may_have_columns_of_their_own(
    clinic: Clinic, table: str, options: tuple[str, ...]
) -> None:
    maps = ("--map", "Hora=time", "--map", "Fin=end_time") if "Hora" in table else ()
    if "10:00-11:00" in table:
        assert "may be a start and an end" in import_file(clinic, table, code=2).stderr
        return
    import_file(clinic, table, *options, *maps)
    assert times(clinic) == [(NINE, "2026-12-01T10:00:00Z")]
    assert list_bookings(clinic)[0]["fields"] == {}


def test_a_column_called_date_beside_a_whole_start_is_a_field(clinic: Clinic) -> None:
    import_file(clinic, "id,starts_at,duration,date,time\n1,2026-12-01T10:00,60,yesterday,x\n")
    assert list_bookings(clinic)[0]["fields"] == {"date": "yesterday", "time": "x"}


@pytest.mark.parametrize(
    ("length", "minutes"),
    [
        *((length, 90) for length in ("90", "90.0", "90,0", "1:30", "01:30:00", "1h 30m", "1h30", "90 min", "1,5 h")),
        *((length, 90) for length in ("1.5 hours", "PT1H30M", "PT90M", "1 hour 30 minutes", "1 Std. 30 Min.")),
        *(("45 minutos", 45), ("2 horas", 120), ("1 h", 60), ("0:45", 45), ("30'", 30)),
    ],
)
def test_the_ways_to_write_a_length(clinic: Clinic, length: str, minutes: int) -> None:
    load(clinic, {"starts_at": "2026-12-01 10:00", "duration": length})
    assert times(clinic) == [(NINE, f"2026-12-01T{9 + minutes // 60:02}:{minutes % 60:02}:00Z")]


@pytest.mark.parametrize("length", ["long", "-5", "1e99", "90 x", "h", "", "1:3"])
def test_what_is_no_length_is_refused(clinic: Clinic, length: str) -> None:
    result = load(clinic, {"starts_at": "2026-12-01 10:00", "duration": length}, code=2)
    assert (f"duration {length!r} is not a number of minutes" if length else "no ends_at") in result.stderr


# --- zones ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "start", "stored"),
    [
        ("GMT+2", "2026-12-01T08:00:00Z", "Etc/GMT-2"),
        ("UTC+02:00", "2026-12-01T08:00:00Z", "Etc/GMT-2"),
        ("+02:00", "2026-12-01T08:00:00Z", "Etc/GMT-2"),
        ("UTC-3", "2026-12-01T13:00:00Z", "Etc/GMT+3"),
        ("UTC+5:30", "2026-12-01T04:30:00Z", None),
        ("Romance Standard Time", NINE, "Europe/Paris"),
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", NINE, "Europe/Brussels"),
        ("europe/madrid", NINE, "Europe/Madrid"),
        ("-", NINE, None),
        ("UTC", "2026-12-01T10:00:00Z", "UTC"),
    ],
)
def test_the_zone_of_a_row(clinic: Clinic, zone: str, start: str, stored: str | None) -> None:
    result = load(clinic, {"starts_at": "2026-12-01 10:00", "duration": 60, "timezone": zone})
    assert [(each["starts_at"], each["timezone"]) for each in list_bookings(clinic)] == [(start, stored)]
    is_fixed = zone[:3] in ("GMT", "UTC", "+02") and zone != "UTC"
    assert (f"timezone {zone!r} was read as an offset that is the same in summer" in result.stderr) is is_fixed


def test_a_zone_that_nobody_knows_is_refused_only_where_it_is_needed(clinic: Clinic) -> None:
    cells = {"starts_at": "2026-12-01T10:00+01:00", "duration": 60, "timezone": "Madrid time"}
    result = load(clinic, cells)
    assert "timezone 'Madrid time' is not an IANA name such as Europe/Madrid; it was left out" in result.stderr
    assert times(clinic) == [(NINE, "2026-12-01T10:00:00Z")]
    result = load(clinic, cells | {"starts_at": "2026-12-01 10:00"}, code=2)
    assert "export.json:1: timezone 'Madrid time' is not an IANA name" in result.stderr


# --- rows -----------------------------------------------------------------------------------------------------------


def test_cells_that_are_too_many_and_empty_say_nothing(clinic: Clinic) -> None:
    import_file(clinic, "id,starts_at,duration\n1,2026-12-01T10:00,60,,\n2,2026-12-01T10:00,60,\n")
    assert len(times(clinic)) == 2
    result = import_file(clinic, "id,starts_at,duration\n1,2026-12-01T10:00,60,x\n", code=2)
    assert "has 4 cells where the header has 3" in result.stderr


def test_columns_without_a_name_and_without_values_are_none(clinic: Clinic) -> None:
    import_file(clinic, "id,starts_at,duration,,\n1,2026-12-01T10:00,60,,\n")
    assert list_bookings(clinic)[0]["fields"] == {}
    result = import_file(clinic, "id,starts_at,duration,,\n1,2026-12-01T10:00,60,x,\n", code=2)
    assert "has a value in one of several columns without a name" in result.stderr


def test_a_header_that_is_there_again_is_no_row(clinic: Clinic) -> None:
    table = "id,starts_at,duration\n1,2026-12-01T10:00,60\nid,starts_at,duration\n2,2026-12-01T10:00,60\n"
    result = import_file(clinic, table)
    assert "line 3: repeats the header; left out" in result.stderr
    assert len(times(clinic)) == 2
