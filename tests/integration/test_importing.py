"""Importing bookings through the command line, judged by what stands in the database afterwards."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reminderctl import bookings
from reminderctl.cli import main

HEADER = (
    "id,starts_at,ends_at,timezone,status,service,staff,staff_email,staff_phone,location,location_address,"
    "customer_name,customer_email,customer_phone,customer_telegram,language"
)
ANA = "Ana García,ana@example.com,+34600111222,,es"
LUIS = "Luis Gil,luis@example.com,,,es"
CUT = "approved,Haircut,Eva,eva@example.com,+34600000009,Centro,Calle Mayor 1"
TABLES = ("bookings", "customers", "participants", "services", "staff", "locations")
Import = Callable[..., Result]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "workflows.yaml").write_text("timezone: Europe/Madrid\nworkflows: []\n", encoding="utf-8")
    bookings.create(tmp_path / "bookings.db")
    return tmp_path


@pytest.fixture
def run(site: Path) -> Import:
    def run(*arguments: str, stdin: bytes | None = None) -> Result:
        command = ["--config", str(site / "workflows.yaml"), "bookings", *arguments]
        return CliRunner().invoke(main, command, input=stdin, catch_exceptions=False)

    return run


@pytest.fixture
def load(site: Path, run: Import) -> Import:
    def load(content: str | bytes, *options: str, name: str = "export.csv", code: int = 0) -> Result:
        (site / name).write_bytes(content.encode() if isinstance(content, str) else content)
        result = run("import", str(site / name), *options)
        assert result.exit_code == code, result.output
        return result

    return load


def rows(site: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(site / "bookings.db")) as connection:
        found = connection.execute(statement).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def everything(site: Path) -> list[Any]:
    return [rows(site, f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]  # noqa: S608 - names of tables


def table(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def flat(*, booking: str = "1", day: str = "2026-12-01", what: str = CUT, who: str = ANA) -> str:
    return f"{booking},{day}T10:00,{day}T11:00,,{what},{who}"


def test_a_flat_row_lands_in_all_tables(site: Path, load: Import) -> None:
    result = load(table(flat()))
    assert result.stdout == "1 row: 1 booking (1 new, 0 changed), 1 customer (1 new)\n"
    assert rows(site, "SELECT id, starts_at, ends_at, timezone, status FROM bookings") == [
        ("1", "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", None, "approved")
    ]
    assert rows(site, "SELECT full_name, email, phone, telegram, language FROM customers") == [
        ("Ana García", "ana@example.com", "+34600111222", None, "es")
    ]
    joined = """SELECT s.name, t.name, t.email, t.phone, l.name, l.address, p.position, p.status, p.language
        FROM bookings b JOIN services s ON s.id = b.service_id JOIN staff t ON t.id = b.staff_id
        JOIN locations l ON l.id = b.location_id JOIN participants p ON p.booking_id = b.id"""
    assert rows(site, joined) == [
        ("Haircut", "Eva", "eva@example.com", "+34600000009", "Centro", "Calle Mayor 1", 0, None, None)
    ]


@pytest.mark.parametrize(
    ("time", "zone", "stored", "warned"),
    [
        ("2026-03-29T10:00Z", "", "2026-03-29T10:00:00Z", ""),
        ("2026-03-29T10:00:00+02:00", "America/New_York", "2026-03-29T08:00:00Z", ""),
        ("2026-03-29 10:00", "", "2026-03-29T08:00:00Z", ""),
        ("2026-03-29 10:00", "America/New_York", "2026-03-29T14:00:00Z", ""),
        ("2026-03-29 10:00:30.75", "", "2026-03-29T08:00:30Z", ""),
        ("2026-03-29T02:30", "", "2026-03-29T01:30:00Z", "does not exist in Europe/Madrid"),
        ("2026-10-25T02:30", "", "2026-10-25T00:30:00Z", "comes twice in Europe/Madrid"),
        ("2026-10-25T02:30+01:00", "", "2026-10-25T01:30:00Z", ""),
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00Z", "does not exist in America/New_York"),
    ],
)
def test_times_are_read_with_their_zone(
    site: Path, load: Import, time: str, zone: str, stored: str, warned: str
) -> None:
    result = load(table(f"1,{time},{zone},60", header="id,starts_at,timezone,duration"))
    assert rows(site, "SELECT starts_at FROM bookings") == [stored]
    assert rows(site, "SELECT strftime('%s', ends_at) - strftime('%s', starts_at) FROM bookings") == [3600]
    assert warned in result.stderr
    assert ("export.csv: line 2: starts_at" in result.stderr) is bool(warned)
    assert result.stdout.endswith(", 1 warning\n") is bool(warned)


def test_an_end_in_the_shadow_of_a_gap_moves_along_with_its_start(site: Path, load: Import) -> None:
    load(table("1,2026-03-29T02:30,2026-03-29T03:15", header="id,starts_at,ends_at"))
    assert rows(site, "SELECT starts_at, ends_at FROM bookings") == [("2026-03-29T01:30:00Z", "2026-03-29T02:15:00Z")]


def test_ids_and_phones_stay_as_they_are_written(site: Path, load: Import) -> None:
    header = "id,starts_at,ends_at,customer_id,customer_phone,Room,Paid"
    load(table("007,2026-12-01T10:00Z,2026-12-01T11:00Z,0042,0034600111222,03,", header=header))
    assert rows(site, "SELECT id FROM bookings") == ["007"]
    assert rows(site, "SELECT id, phone FROM customers") == [("0042", "0034600111222")]
    assert [json.loads(text) for text in rows(site, "SELECT fields FROM bookings")] == [{"Room": "03"}]


def test_rows_that_share_an_id_are_one_group_booking(site: Path, load: Import) -> None:
    header = f"{HEADER},room,diet"
    text = table(f"{flat()},Blue,vegan", f"{flat(who=LUIS)},Blue,", flat(booking="2") + ",,", header=header)
    assert load(text).stdout == "3 rows: 2 bookings (2 new, 0 changed), 2 customers (2 new)\n"
    found = """SELECT p.booking_id, p.position, c.full_name, p.fields FROM participants p
        JOIN customers c ON c.id = p.customer_id ORDER BY 1, 2"""
    assert rows(site, found) == [
        ("1", 0, "Ana García", '{"diet":"vegan"}'),
        ("1", 1, "Luis Gil", "{}"),
        ("2", 0, "Ana García", "{}"),
    ]
    assert rows(site, "SELECT fields FROM bookings ORDER BY id") == ['{"room":"Blue"}', "{}"]
    load(table(f"{flat(who=LUIS)},Blue,", header=header))
    assert rows(site, found) == [("1", 0, "Luis Gil", "{}"), ("2", 0, "Ana García", "{}")]


def test_importing_the_same_export_again_changes_nothing(site: Path, load: Import) -> None:
    text = table(f"{flat()},vegan", f"{flat(who=LUIS)},", f"{flat(booking='2')},", header=f"{HEADER},diet")
    load(text)
    with closing(sqlite3.connect(site / "bookings.db")) as connection, connection:
        connection.execute("UPDATE participants SET status = 'no_show' WHERE booking_id = '2'")
        connection.execute(
            """UPDATE bookings SET fields = '{ "zoom_url": "https://zoom.example.com" }', status = 'x'"""
        )
        connection.execute("UPDATE customers SET timezone = 'Europe/Lisbon', fields = '{\"vip\": true}'")
    before = everything(site)
    result = load(text.replace(",approved,", ",,"))
    assert result.stdout == "3 rows: 2 bookings (0 new, 0 changed), 2 customers\n"
    assert everything(site) == before


def test_an_export_loaded_into_an_empty_database_names_everybody_as_before(site: Path, load: Import) -> None:
    load(table(flat(), flat(booking="2", who=LUIS)))
    before = everything(site)
    (site / "bookings.db").unlink()
    bookings.create(site / "bookings.db")
    load(table(flat(booking="2", who=LUIS), flat()))
    assert everything(site) == before


@pytest.mark.parametrize(
    "corrected",
    ["Ana García,ana.garcia@example.com,,,es", "Ana Garcia López,ana@example.com,,,es", "Ana García,,600 111 222,,es"],
)
def test_a_corrected_name_or_address_is_still_the_same_customer(site: Path, load: Import, corrected: str) -> None:
    load(table(flat(), flat(booking="2", who=LUIS)))
    before = rows(site, "SELECT booking_id, customer_id FROM participants ORDER BY 1")
    load(table(flat(booking="3", who=corrected), flat(who=corrected), flat(booking="2", who=LUIS)))
    after = rows(site, "SELECT booking_id, customer_id FROM participants ORDER BY 1")
    assert after == [*before, ("3", before[0][1])]
    name, email = corrected.split(",")[:2]
    assert (name, email or None) in rows(site, "SELECT full_name, email FROM customers")
    assert len(rows(site, "SELECT id FROM customers")) == 2


def test_a_booking_keeps_its_customer_when_the_corrected_address_is_known_already(site: Path, load: Import) -> None:
    load(table(flat(), flat(booking="2")))
    new = "Ana García,ana.new@example.com,,,es"
    load(table(flat(booking="3", who=new)))
    before = rows(site, "SELECT booking_id, customer_id FROM participants ORDER BY 1")
    text = table(*[flat(booking=booking, who=new) for booking in "123"])
    for _ in range(2):
        result = load(text)
        assert rows(site, "SELECT booking_id, customer_id FROM participants ORDER BY 1") == before
        assert set(rows(site, "SELECT email FROM customers")) == {"ana.new@example.com"}
    assert result.stdout == "3 rows: 3 bookings (0 new, 0 changed), 1 customer\n"


def test_customers_who_share_an_address_stay_apart(site: Path, load: Import) -> None:
    mia, leo = "Mia,mum@example.com,,,es", "Leo,mum@example.com,,,es"
    load(table(flat(who=mia), flat(who=leo), flat(booking="2", who=leo)))
    load(table(flat(who=leo), flat(booking="2", who=mia)))
    found = """SELECT p.booking_id, c.full_name FROM participants p JOIN customers c ON c.id = p.customer_id"""
    assert rows(site, found) == [("1", "Leo"), ("2", "Mia")]
    assert len(rows(site, "SELECT id FROM customers")) == 2


@pytest.mark.parametrize(
    ("statuses", "kept"),
    [
        (("canceled", "approved"), "approved"),
        (("No show", "pending", "approved"), "pending"),
        (("approved", "canceled"), "approved"),
        (("rejected", "canceled"), "rejected"),
    ],
)
def test_who_canceled_a_seat_and_booked_it_again_comes(
    site: Path, load: Import, statuses: tuple[str, ...], kept: str
) -> None:
    seats = "".join(f"9,2026-07-01T10:00,30,7,Ana,{each}\n" for each in statuses)
    load("id,starts_at,duration,customer_id,customer_name,participant_status\n" + seats)
    assert rows(site, "SELECT status FROM participants") == [kept]


def test_a_new_customer_in_a_booking_is_not_the_old_one_renamed(site: Path, load: Import) -> None:
    load(table(flat(), flat(booking="2")))
    load(table(flat(who=LUIS)))
    found = "SELECT p.booking_id, c.full_name FROM participants p JOIN customers c ON c.id = p.customer_id ORDER BY 1"
    assert rows(site, found) == [("1", "Luis Gil"), ("2", "Ana García")]


def test_columns_that_a_file_does_not_have_stay_as_they_are(site: Path, load: Import) -> None:
    load(table(f"{flat()},Blue,1", header=f"{HEADER},room,floor"))
    before = everything(site)
    load(table("1,2026-12-02T09:00Z,2026-12-02T10:00Z,,2", header="id,starts_at,ends_at,room,floor"))
    assert everything(site)[1:] == before[1:]
    assert rows(site, "SELECT starts_at, status, service_id, fields FROM bookings") == [
        ("2026-12-02T09:00:00Z", "approved", "haircut", '{"floor":"2"}')
    ]


def test_every_bad_row_is_named_once_and_nothing_changes(site: Path, load: Import) -> None:
    load(table(flat(booking="9")))
    before = everything(site)
    header = "id,starts_at,ends_at,timezone,customer_name,note"
    lines = [
        "1,2026-12-01T10:00,2026-12-01T11:00,,Ana,fine",
        ",2026-12-01T10:00,2026-12-01T11:00,,Ana,",
        "3,,2026-12-01T11:00,,Ana,",
        "4,1/12/2026 10:00,2026-12-01,Mars/Base,Ana,",
        "5,2026-12-01T10:00,2026-12-01T09:00,,Ana,",
        "6,2026-12-01T10:00,,,Ana,",
        '7,2026-12-01T10:00,2026-12-01T11:00,,Ana,"two\nlines"',
        "1,2026-12-01T10:30,2026-12-01T11:00,,Luis,",
        "8,2026-12-01T10:00,2026-12-01T11:00",
        '9,2026-12-01T10:00,2026-12-01T11:00,,"Ana" x,',
    ]
    result = load(table(*lines, header=header), code=2)
    found = result.stderr.replace(str(site / "export.csv"), "F").splitlines()
    assert [line.split(" ")[0].rstrip(":") for line in found[:-1]] == [f"F:{n}" for n in (3, 4, 5, 6, 7, 10, 11, 12)]
    for line, reason in zip(
        found,
        [
            "no id",
            "no starts_at",
            "'Mars/Base' is not an IANA name",
            "2026-12-01T09:00 is before 2026-12-01T10:00",
            "no ends_at; without it a column `duration`",
            "another starts_at than on line 2",
            "has 3 cells where the header has 6",
            "cannot be read",
            "8 bad rows; nothing was changed",
        ],
        strict=True,
    ):
        assert reason in line
    assert "starts_at '1/12/2026 10:00' is not a time" in found[2]
    assert "ends_at '2026-12-01' has no time of day" in found[2]
    assert everything(site) == before


def test_of_many_bad_rows_fifty_are_shown_and_the_rest_counted(load: Import) -> None:
    result = load(table(*[f"{n},soon,later" for n in range(70)], header="id,starts_at,ends_at"), code=2)
    assert len(result.stderr.splitlines()) == 52
    assert result.stderr.splitlines()[50:] == ["and 20 more", "70 bad rows; nothing was changed"]


def test_a_full_export_cancels_what_it_does_not_hold_and_revives_what_is_back(site: Path, load: Import) -> None:
    header = "id,starts_at,ends_at"
    times = "2026-12-01T10:00,2026-12-01T11:00"
    load(table(f"1,{times}", f"2,{times}", f"3,{times}", header=header))
    with closing(sqlite3.connect(site / "bookings.db")) as connection, connection:
        connection.execute("UPDATE bookings SET status = 'no_show' WHERE id = '3'")
    result = load(table(f"1,{times}", header=header), "--delete-missing")
    assert result.stdout == "1 row: 1 booking (0 new, 0 changed, 1 canceled), 0 customers\n"
    assert rows(site, "SELECT status FROM bookings ORDER BY id") == ["approved", "canceled", "no_show"]
    load(table(f"2,{times}", f"1,{times}", header=header), "--delete-missing")
    assert rows(site, "SELECT status FROM bookings ORDER BY id") == ["approved", "approved", "no_show"]
    assert "would cancel everything" in load(table(header=header), "--delete-missing", code=2).stderr
    assert rows(site, "SELECT status FROM bookings ORDER BY id") == ["approved", "approved", "no_show"]


def test_a_full_export_revives_only_what_an_export_left_out_and_as_it_was(site: Path, load: Import) -> None:
    times = "2026-12-01T10:00,2026-12-01T11:00"
    everything = table(f"1,{times}", f"2,{times}", f"3,{times}", header="id,starts_at,ends_at")
    load(everything, "--delete-missing")
    load(table(f"1,{times},canceled", f"2,{times},pending", header="id,starts_at,ends_at,status"))
    load(table(f"3,{times}", header="id,starts_at,ends_at"), "--delete-missing")
    assert rows(site, "SELECT status FROM bookings ORDER BY id") == ["canceled", "canceled", "approved"]
    for _ in range(2):
        load(everything, "--delete-missing")
        assert rows(site, "SELECT status FROM bookings ORDER BY id") == ["canceled", "pending", "approved"]


def test_a_quotation_mark_in_a_tab_separated_export_opens_no_quote(site: Path, load: Import) -> None:
    times = "2026-12-01T10:00\t2026-12-01T11:00"
    notes = ['"prefers Ana', '"VIP" client', 'frame 12"', '"quoted by a ""spreadsheet"""']
    lines = [f"{number}\t{times}\t{note}" for number, note in enumerate(notes)]
    load("\n".join(["id\tstarts_at\tends_at\tnotes", *lines]), "--delete-missing", name="bookings.tsv")
    stored = rows(site, "SELECT fields ->> 'notes' FROM bookings ORDER BY id")
    assert stored == [*notes[:3], 'quoted by a "spreadsheet"']


def test_a_cell_of_a_tab_separated_export_may_hold_a_tab_in_quotes(site: Path, load: Import) -> None:
    times = "2026-12-01T10:00\t2026-12-01T11:00"
    load(f'"id"\tstarts_at\tends_at\tnotes\n1\t{times}\t"a\tb"\n', name="bookings.tsv")
    assert rows(site, "SELECT fields ->> 'notes' FROM bookings") == ["a\tb"]


def test_two_people_under_one_id_are_told(load: Import) -> None:
    header = "id,starts_at,ends_at,customer_id,customer_name,customer_email"
    times = "2026-12-01T10:00,2026-12-01T11:00"
    people = [
        f"1,{times},0,Ann,ann@example.com",
        f"2,{times},0,Bob,bob@example.com",
        f"3,{times},0,Eve,eve@example.com",
    ]
    told = load(table(*people, header=header)).stderr
    assert "line 3: customer 0 is 'Bob' here and was 'Ann' before" in told.replace(":3: ", ": line 3: ")
    assert told.count("customer 0") == 1
    moved = [f"4,{times},7,Luis,luis@example.com", f"5,{times},7,Luis,luis@example.org"]
    assert load(table(*moved, header=header)).stderr == ""


def test_columns_can_be_mapped(site: Path, load: Import) -> None:
    header = "Booking;Start;End;Client Name;Customer Email;a=b"
    text = table("1;2026-12-01 10:00;2026-12-01 11:00;Ana;ana@example.com;x", header=header)
    maps = ["--map", "Booking=id", "--map", "start=starts_at", "--map", "End=ends_at", "--map", "a=b=notes"]
    load(text, *maps, "--map", "Client Name=customer_name")
    assert rows(site, "SELECT full_name, email FROM customers") == [("Ana", "ana@example.com")]
    assert rows(site, "SELECT id, fields FROM bookings") == [("1", '{"notes":"x"}')]
    assert "there is no column `ends_at`" in load(text, *maps[:4], code=2).stderr
    assert "no column Klient, which --map names" in load(text, *maps, "--map", "Klient=id", code=2).stderr
    assert "not COLUMN=NAME" in load(text, "--map", "Booking", code=2).stderr


def test_a_dry_run_says_the_same_and_changes_nothing(site: Path, load: Import) -> None:
    load(table(flat()))
    before = everything(site)
    text = table(flat(day="2026-12-02"), flat(booking="2", who=LUIS))
    dry = load(text, "--dry-run", "--json")
    assert everything(site) == before
    assert json.loads(dry.stdout) | {"dry_run": False} == json.loads(load(text, "--json").stdout)
    assert json.loads(dry.stdout) == {
        "rows": 2, "bookings": 2, "new": 1, "changed": 1, "canceled": 0, "customers": 2, "new_customers": 1,
        "changed_customers": 0, "instances": 0, "until": None, "dry_run": True, "warnings": 0,
    }  # fmt: skip


JOSE = {"id": 1, "starts_at": "2026-12-01T10:00Z", "ends_at": "2026-12-01T11:00Z", "customer_name": "José"}
JOSE_IN_A_TABLE = [[*JOSE], [str(value) for value in JOSE.values()]]
JOSE_IN_A_CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1
DTSTART:20261201T100000Z
DTEND:20261201T110000Z
ATTENDEE;CN=José:mailto:jose@example.com
END:VEVENT
END:VCALENDAR
"""


def separated(separator: str) -> str:
    return "\r\n".join(map(separator.join, JOSE_IN_A_TABLE))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (separated(",").encode() + b"\r\n\r\n", "-"),
        (separated(";").encode("utf-8-sig"), "x.csv"),
        (separated("\t").encode().replace(b"ends_at", b"Ends At"), "x.tsv"),
        (b"sep=;\r\n" + separated(";").encode(), "x.csv"),
        (separated("|").encode(), "x.txt"),
        (separated("\t").encode("utf-16"), "x.txt"),
        (separated(",").encode("cp1252"), "x.csv"),
        (json.dumps([JOSE]).encode(), "-"),
        (json.dumps({"total": 1, "bookings": [JOSE], "next": None}).encode(), "x.json"),
        (json.dumps(JOSE, indent=1, ensure_ascii=False).encode(), "x.json"),
        (f"{json.dumps(JOSE)}\n\n{json.dumps(JOSE)}\n".encode(), "-"),
        (JOSE_IN_A_CALENDAR.encode(), "-"),
    ],
    ids=[
        "stdin",
        "bom-semicolons",
        "tsv",
        "sep",
        "pipes",
        "utf-16",
        "cp1252",
        "json",
        "json-wrapped",
        "json-object",
        "ndjson",
        "icalendar",
    ],
)
def test_formats_are_known_by_their_content(site: Path, load: Import, run: Import, content: bytes, name: str) -> None:
    result = run("import", "-", stdin=content) if name == "-" else load(content, name=name)
    assert result.exit_code == 0, result.output
    assert rows(site, "SELECT id, starts_at, ends_at FROM bookings") == [
        ("1", "2026-12-01T10:00:00Z", "2026-12-01T11:00:00Z")
    ]
    assert rows(site, "SELECT full_name FROM customers") == ["José"]
    assert ("Windows-1252" in result.stderr) is (b"Jos\xe9\r" in content + b"\r" and b"\0" not in content)


def test_json_may_nest_customers_and_fields(site: Path, load: Import) -> None:
    booking = {
        "id": "1", "starts_at": "2026-12-01T10:00", "ends_at": "2026-12-01T11:00", "service": "Yoga", "price": 12.50,
        "fields": {"zoom_url": "https://zoom.example.com", "tags": ["a"]},
        "customers": [
            {"name": "Ana", "email": "ana@example.com", "status": "rejected", "diet": "vegan"},
            {"id": "c7", "first_name": "Luis", "last_name": "Gil", "language": "en"},
        ],
    }  # fmt: skip
    text = json.dumps([booking]).replace("12.5,", "12.50,")
    load(text, name="export.json")
    assert rows(site, "SELECT fields FROM bookings") == [
        '{"price":12.50,"zoom_url":"https://zoom.example.com","tags":["a"]}'
    ]
    found = """SELECT c.full_name, c.last_name, c.language, p.status, p.fields FROM participants p
        JOIN customers c ON c.id = p.customer_id ORDER BY p.position"""
    assert rows(site, found) == [
        ("Ana", None, None, "rejected", '{"diet":"vegan"}'),
        ("Luis Gil", "Gil", "en", None, "{}"),
    ]
    before = everything(site)
    assert "(0 new, 0 changed)" in load(text, name="export.json").stdout
    assert everything(site) == before


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ('[{"id": "1",\n "starts_at" "x"}]', "x.json", "x.json:2: is not JSON: Expecting ':' delimiter"),
        ('[{"id": "1"},\n 7]', "x.json", "x.json:2: is not a JSON object"),
        ('[\n{"id": "1"}\n', "x.json", "x.json:3: is not JSON"),
        ('[{"id": [1], "starts_at": true}]', "x.json", "id is [1]; write text"),
        ('{"id": "1"}\nnonsense\n', "x.ndjson", "x.ndjson:2: is not JSON"),
        ('{"id": "1", "a": NaN}\n', "x.ndjson", "x.ndjson:1: is not JSON: NaN"),
        ('{"id": "\\ud800", "b": "\\udfff"}\n', "x.ndjson", "id holds a character that cannot be stored"),
        ('{"id": "1", "a": 1e999}\n', "x.ndjson", "'a': cannot be kept as JSON"),
        ("", "x.csv", "the file is empty"),
        ("\n\n", "x.csv", "x.csv:1: the first line must name the columns"),
        ("\ufeff", "x.csv", "the file is empty"),
        ("PK\x03\x04\x00\x00", "x.xlsx", "this is a workbook or an archive; save the workbook as CSV"),
        ("%PDF-1.7\n1 0 obj\n", "x.csv", "this is a PDF"),
        ("<!DOCTYPE html>\n<title>Log in</title>\n", "x.csv", "this is a web page or XML, perhaps a log-in page"),
        ("\x7fELF\x00\x00", "x.csv", "this is not text"),
        ("Booking,When\n1,2\n", "x.csv", "x.csv:1: there is no column `id`; call one of Booking, When so"),
        ("id,ID,starts_at\n", "x.csv", "more than one column is `id`"),
        ("id,starts_at,ends_at,x,x\n", "x.csv", "more than one column is `x`"),
        ('{"bookings": [\n{"id": "1"}]}', "x.json", "x.json:2: no starts_at"),
        ('{"bookings": [{"id": "1"}]', "x.json", "the object around the bookings has no end"),
        (f"id,starts_at,ends_at\n1,\x1b[31m{'x' * 100_000},\n", "x.csv", "xxx…\n1 bad row"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", "x.ics", "the file is cut off"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(site: Path, load: Import, text: str, name: str, reason: str) -> None:
    before = everything(site)
    assert reason in load(text, name=name, code=2).stderr
    assert everything(site) == before


def test_what_is_no_bookings_database_of_ours_is_refused(site: Path, load: Import) -> None:
    database = site / "bookings.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("ALTER TABLE bookings RENAME TO appointments")
        connection.execute("CREATE VIEW bookings AS SELECT * FROM appointments")
    assert "bookings is a view: the bookings belong to another program" in load(table(flat()), code=2).stderr
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP VIEW bookings")
    assert "has no table bookings" in load(table(flat()), code=2).stderr
    database.write_bytes(b"something else altogether, longer than a header" * 40)
    assert "file is not a database" in load(table(flat()), code=2).stderr
    database.unlink()
    assert "`reminderctl init` creates" in load(table(flat()), code=2).stderr
    assert not database.exists()


def test_a_locked_database_asks_to_try_again(site: Path, load: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookings, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(site / "bookings.db")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert "try again later" in load(table(flat()), code=75).stderr


def test_a_missing_file_is_a_usage_error(site: Path, run: Import) -> None:
    result = run("import", str(site / "nowhere.csv"))
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_bookings_are_listed_and_shown_in_their_own_zone(site: Path, load: Import, run: Import) -> None:
    yoga = "pending,Yoga,Bea,,,,"
    new_york = f"3,2026-12-03T10:00,2026-12-03T11:00,America/New_York,{yoga},{LUIS}"
    load(table(flat(), flat(booking="2", day="2026-12-02", who=LUIS), new_york))
    listed = run("list").stdout.splitlines()
    assert listed[0].startswith("id\tstarts_at\tends_at\ttimezone\tstatus")
    assert listed[3] == "3\t2026-12-03 10:00\t2026-12-03 11:00\tAmerica/New_York\tpending\tYoga\tBea\t\tLuis Gil"

    def ids(*options: str) -> list[str]:
        return [each["id"] for each in json.loads(run("list", "--json", *options).stdout)]

    assert ids() == ["1", "2", "3"]
    assert ids("--status", "pending") == ids("--service", "yoga") == ids("--staff", "BEA") == ["3"]
    assert ids("--location", "centro", "--service", "Haircut") == ["1", "2"]
    assert (
        ids("--customer", "luis gil")
        == ids("--customer", "LUIS@example.com", "--staff", "eva", "--staff", "bea")
        == ["2", "3"]
    )
    assert ids("--customer", "+34600111222") == ["1"]
    assert ids("--customer", "luis") == ["2", "3"]
    assert ids("--since", "2026-12-02T10:00") == ["2", "3"]
    assert ids("--until", "2026-12-02T10:00") == ["1", "2"]
    assert ids("--limit", "1") == ["1"]
    shown = json.loads(run("show", "3", "--json").stdout)
    assert (shown["starts_at"], shown["timezone"]) == ("2026-12-03T15:00:00Z", "America/New_York")
    assert shown["participants"][0]["customer"]["email"] == "luis@example.com"
    assert "2026-12-03 10:00" in run("show", "3").stdout
    assert "luis@example.com" in run("show", "3").stdout
    missing = run("show", "4")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "there is no booking 4" in missing.stderr


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_a_terminal_gets_tables_that_fit(site: Path, load: Import, columns: int) -> None:
    long = "approved,Yoga for beginners and for those who come back to it,Maria-Antonia de la Fuente,,,Centro Norte,"
    group = [f"a-very-long-id,2026-12-01T18:00,2026-12-01T19:00,,{long},Customer {n},,,," for n in range(1, 7)]
    night = f"2,2026-12-01T23:30,2026-12-02T01:00,America/New_York,canceled,Na\x1b[31mme\u202e,,,,,,{ANA}"
    load(table(*group, night, f"3,2026-12-05T00:00,2026-12-07T00:00,,{CUT},{LUIS}"))

    def on_a_terminal(*arguments: str) -> str:
        env = {"COLUMNS": str(columns), "FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}
        command = ["--config", str(site / "workflows.yaml"), "bookings", *arguments]
        return CliRunner().invoke(main, command, env=env, catch_exceptions=False, color=True).stdout

    listed = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal("list"))
    for word in (
        "Tuesday, 01 December 2026",
        "18:00-19:00",
        "Customer 3",
        "and 3 more",
        "until 02 Dec",
        "America/New_York",
    ):
        assert word in listed
    assert "all day" in listed
    assert "until 06 Dec" in listed
    assert listed.endswith("3 bookings\n")
    shown = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal("show", "2"))
    assert "Na [31mme" in shown
    assert all(len(line) <= columns and line.isprintable() for text in (listed, shown) for line in text.splitlines())
