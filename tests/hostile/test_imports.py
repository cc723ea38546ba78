"""Exports that no program should write: taken or refused with a line, in a few words, and never by halves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clinic import Clinic
from tests.hostile.hostile_clinic import DUE, TIMES, arm, insert
from tests.hostile.malformed_files import CALENDARS, END, JSON, LINES, LOCAL, OURS, SERIES, START, TABLES, Monsters
from tests.hostile.test_terminal import HARMFUL
from tests.hostile.test_yaml import run_limited
from tests.hostile.values import ANY_TEXT, few

NOW = "2026-06-09T09:30Z"
ACTION = (
    "{send: webhook, url: 'https://example.com/', "
    "json: '{customer_full_name} {service_name} {custom.notes} {appointment_date_time}'}"
)
LONGEST_OUTPUT = 30_000  # characters: fifty bad rows, a line each
DRIVER = """
import json, sys
from pathlib import Path
from click.testing import CliRunner
from reminderctl.cli import main

def call(folder, *words):
    result = CliRunner().invoke(main, ["-c", f"{folder}/workflows.yaml", *words])
    bug = None if isinstance(result.exception, SystemExit | None) else repr(result.exception)[:300]
    return result.exit_code, bug, result.stdout[:100_000] + result.stderr[:100_000]

told = {}
for folder in sorted(Path().iterdir()):
    [file] = folder.glob("x.*")
    before = (folder / "bookings.db").read_bytes()
    imported = call(folder, "--now", sys.argv[1], "bookings", "import", str(file))
    same = (folder / "bookings.db").read_bytes() == before
    commands = [] if same else ["run", "bookings list"]
    after = [call(folder, "--now", sys.argv[2], *command.split()) for command in commands]
    told[folder.name] = (*imported, same, after)
print(json.dumps(told))
"""


@pytest.fixture
def shop(clinic: Clinic) -> Clinic:
    """A clinic with a booking of which something is due."""
    arm(clinic, ACTION, channels="{}\noutbox: outbox")
    insert(clinic, {"bookings": [{"id": "before", **TIMES}]})
    return clinic


@pytest.mark.parametrize(
    ("monsters", "name"),
    [(TABLES, "x.csv"), (JSON, "x.json"), (LINES, "x.ndjson"), (CALENDARS, "x.ics")],
    ids=["tables", "json", "lines", "calendars"],
)
def test_a_file_is_taken_or_refused_with_its_line(shop: Clinic, tmp_path: Path, monsters: Monsters, name: str) -> None:
    cave = tmp_path / "cave"
    for monster, (content, _) in monsters.items():
        shutil.copytree(shop.folder, cave / monster)
        (cave / monster / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = run_limited("-c", DRIVER, NOW, DUE, folder=cave)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    wrong = [monster for monster, (_, says) in monsters.items() if not as_told(told[monster], says)]
    assert not wrong, "\n".join(f"{monster}: {shortened(told[monster])}" for monster in wrong)


def shortened(told: Any) -> Any:
    """It without its long texts, to be looked at."""
    if isinstance(told, list):
        return [shortened(each) for each in told]
    return told[:400] if isinstance(told, str) else told


def as_told(told: tuple[int, str | None, str, bool, list[tuple[int, str | None, str]]], says: str) -> bool:
    code, bug, said, same, after = told
    warning = says.removeprefix("taken, with ")
    right = (code == 0 and warning in said) if not says or warning != says else (code == 2 and says in said and same)
    calm = len(said) < LONGEST_OUTPUT and not HARMFUL.search(said + "".join(shown for _, _, shown in after))
    return right and calm and not bug and all((code, bug) == (0, None) for code, bug, _ in after)


def judge(shop: Clinic, content: str | bytes, name: str) -> None:
    """Import it; whatever it is, nobody sees a traceback, and nothing is changed by halves."""
    file, database = shop.folder / name, shop.folder / "bookings.db"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = database.read_bytes()
    imported = shop.command("--now", NOW, "bookings", "import", "--horizon", "30", str(file))
    assert imported.exit_code in (0, 1, 2)
    ran = [shop.command("--now", DUE, *command.split()) for command in ("run", "bookings list")]
    for result in (imported, *ran):
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert not HARMFUL.search(result.output)
    assert len(imported.output) < LONGEST_OUTPUT
    assert imported.exit_code == 0 or database.read_bytes() == before
    assert [result.exit_code in (0, 1) for result in ran] == [True, True]


COLUMNS = [
    *("duration", "timezone", "status", "service", "staff", "staff_email", "location", "location_id"),
    *("customer_id", "customer_name", "customer_email", "customer_phone", "language", "participant_status", "fields"),
    *("Customer First-Name", "", "customers", "__class__"),
]
CELLS = (
    st.sampled_from([START, END, "2026-03-29T02:30", "0001-01-01T00:00", "9999-12-31T23:59:59-23:59", "60", "1e999"])
    | st.sampled_from(["1", "a", "A ", "Europe/Madrid", "Europe", '{"a": 1}', "[[[", "NaN", "", " "])
    | ANY_TEXT
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table, most of whose rows begin well and are as wide as its header."""
    header = ["id", "starts_at", "ends_at", *draw(st.lists(st.sampled_from(COLUMNS), max_size=6, unique=True))]
    width = draw(st.sampled_from([len(header) - 3] * 3 + [2]))
    cells = st.lists(CELLS, min_size=width, max_size=width)
    rows = [[draw(st.sampled_from(["1", "a", "A "])), START, END, *draw(cells)] for _ in range(draw(st.integers(0, 4)))]
    separator = draw(st.sampled_from(",;\t|"))
    quote = draw(st.sampled_from(['"{}"', '"{}"', "{}", '"{}']))
    lines = [separator.join(header), *(separator.join(map(quote.format, row)) for row in rows)]
    return garbled(draw, draw(st.sampled_from(["\n", "\r\n", "\r"])).join(lines))


def garbled(draw: st.DrawFn, text: str) -> bytes:
    """It as a file, in an encoding that may not hold it all; sometimes cut off."""
    encoding = draw(st.sampled_from(["utf-8"] * 4 + ["utf-8-sig", "utf-16", "cp1252"]))
    content = text.encode(encoding, errors="replace")
    return content[: draw(st.integers(0, len(content)))] if draw(st.integers(0, 4)) == 4 else content


BARE = ["null", "true", "0", "-0.0", "1e999", "1e9999999999999999999999", "9" * 5_000, "NaN"]
SCALARS = CELLS.map(json.dumps) | st.sampled_from([*BARE, '"\\ud83d"', '"\\u0000"', '""'])
KEYS = (st.sampled_from(COLUMNS) | ANY_TEXT).map(json.dumps)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(KEYS, inner).map(":".join), max_size=3).map(lambda items: f"{{{','.join(items)}}}")
    ),
    max_leaves=6,
)


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """Bookings in JSON, an array of them or one in each line, some with keys that stand there twice; often cut off."""
    good = [f'"id":"{draw(st.integers(1, 9))}"', f'"starts_at":"{START}"', f'"ends_at":"{END}"']
    pairs = st.lists(st.tuples(KEYS, VALUES).map(":".join), max_size=4)
    items = [f"{{{','.join(good + draw(pairs))}}}" for _ in range(draw(st.integers(1, 3)))]
    around = draw(st.sampled_from(["[{}]", "[{}]", '{{"bookings": [{}]}}', "{}", "[[{}]]"]))
    return garbled(draw, around.format(draw(st.sampled_from([",", ",", "\n"])).join(items)))


TIMES_OF_CALENDARS = st.sampled_from(
    ["20260610T100000Z", "20260610T120000", "20260610", "00010101", "99991231T235959Z", "20260329T023000", "soon", ""]
)
NUMBERS = st.lists(st.sampled_from([-367, -53, -1, 0, 1, 7, 24, 31, 53, 60, 366, 10**9]), min_size=1, max_size=3)
LISTS = NUMBERS.map(lambda numbers: ",".join(map(str, numbers)))
RULE_PARTS = st.one_of(
    st.tuples(
        st.sampled_from(["INTERVAL", "COUNT", "BYSETPOS", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYHOUR"]), LISTS
    ),
    st.tuples(st.sampled_from(["BYWEEKNO", "BYMINUTE", "BYSECOND", "BYEASTER", "WKST"]), LISTS),
    st.tuples(st.just("BYDAY"), st.sampled_from(["MO", "-1SU", "99FR", "XX", "+1MO,TU", ""])),
    st.tuples(st.just("UNTIL"), TIMES_OF_CALENDARS),
).map("=".join)
FREQUENCIES = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "SECONDLY", "daily", ""])
RULES = st.tuples(FREQUENCIES.map("FREQ={}".format), st.lists(RULE_PARTS, max_size=3).map(";".join)).map(";".join)
LENGTHS = st.sampled_from(["PT1H", "P1D", "-P1D", "P1Y", "P99999999D", "PT0S", "1h"])
PARAMETERS = st.sampled_from(["", "", ";TZID=Europe/Madrid", ";TZID=Ours", ";TZID=Europe", ";VALUE=DATE", ";X", ';X="'])
PROPERTIES = st.one_of(
    st.tuples(
        st.sampled_from(["DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "DTSTART"]), PARAMETERS, TIMES_OF_CALENDARS
    ),
    st.tuples(st.sampled_from(["RRULE", "RRULE", "EXRULE"]), st.just(""), RULES),
    st.tuples(st.just("DURATION"), st.just(""), LENGTHS),
    st.tuples(st.sampled_from(["SUMMARY", "LOCATION", "STATUS", "DESCRIPTION"]), PARAMETERS, ANY_TEXT),
    st.tuples(st.sampled_from(["ATTENDEE;CN=", "ORGANIZER;CN="]), ANY_TEXT, st.just("mailto:ana@example.com")),
    st.tuples(st.sampled_from(["SEQUENCE", "UID", "BEGIN", "END"]), st.just(""), st.sampled_from(["9", "u", "VALARM"])),
).map(lambda found: f"{found[0]}{found[1]}:{found[2]}")
CHANGES = st.builds(
    "BEGIN:STANDARD\nDTSTART:{}\nTZOFFSETFROM:{}\nTZOFFSETTO:{}\nRRULE:{}\nEND:STANDARD".format,
    TIMES_OF_CALENDARS,
    *[st.sampled_from(["+0100", "+0200", "-2359", "+2400", ""])] * 2,
    RULES,
)


@st.composite
def calendars(draw: st.DrawFn) -> bytes:
    """A calendar with a zone of its own and a few events, some of one UID; sometimes folded anywhere, or cut off."""
    lines = ["BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:Ours", *draw(st.lists(CHANGES, max_size=2)), "END:VTIMEZONE"]
    for _ in range(draw(st.integers(1, 3))):
        begin = f"BEGIN:VEVENT\nUID:{draw(st.sampled_from('uvU'))}"
        start = draw(st.sampled_from([LOCAL, LOCAL, SERIES, OURS]))
        lines += [begin, start, *draw(st.lists(PROPERTIES, max_size=5)), "END:VEVENT"]
    text = "\n".join([*lines, "END:VCALENDAR"])
    fold = draw(st.integers(1, len(text)))
    return garbled(draw, f"{text[:fold]}\n {text[fold:]}")


@few(40)
@given(content=tables())
def test_no_table_does_harm(shop: Clinic, content: bytes) -> None:
    judge(shop, content, "x.csv")


@few(40)
@given(content=objects(), name=st.sampled_from(["x.json", "x.ndjson", "x.txt"]))
def test_no_json_does_harm(shop: Clinic, content: bytes, name: str) -> None:
    judge(shop, content, name)


@few(60)
@given(content=calendars())
def test_no_calendar_does_harm(shop: Clinic, content: bytes) -> None:
    judge(shop, content, "x.ics")


def test_a_character_is_whole_whatever_it_was_cut_by(shop: Clinic) -> None:
    for name in ("a fold in a character", "half a character"):
        judge(shop, {**CALENDARS, **JSON}[name][0], "x.ics" if "fold" in name else "x.json")
    listed = json.loads(shop.command("bookings", "list", "--json").stdout)
    found = {each["id"]: each for each in listed}
    assert found["u"]["service"]["name"] == "Depilación"
    assert found["1"]["fields"] == {"\ufffd": 1, "notes": "😀"}
    assert found["1"]["participants"][0]["customer"]["full_name"] == "Ana \ufffd"


@pytest.mark.parametrize(
    ("stored", "says", "kept"),
    [
        ('"\\ud83d"', None, '"\ufffd"'),
        ("1e9999999999999999999999", "booking b: the stored fields cannot be read: a number", None),
        ("[" * 995 + "]" * 995, "fields are nested too deep", "[" * 995 + "]" * 995),  # Python 3.13 goes so deep
    ],
    ids=["half a character", "more than infinity", "deep"],
)
def test_what_another_program_stored_is_kept_or_the_import_refused(
    shop: Clinic, stored: str, says: str | None, kept: str | None
) -> None:
    insert(shop, {"bookings": [{"id": "b", **TIMES, "fields": f'{{"old": {stored}}}'}]})
    (shop.folder / "x.csv").write_text(f"id,starts_at,ends_at,new\nb,{START},{END},1\n", encoding="utf-8")
    before = (shop.folder / "bookings.db").read_bytes()
    result = shop.command("--now", NOW, "bookings", "import", str(shop.folder / "x.csv"))
    if result.exit_code:
        assert says, result.output
        assert (result.exit_code, says in result.stderr) == (2, True), (result.output, result.exception)
        assert (shop.folder / "bookings.db").read_bytes() == before
    else:
        assert kept, result.output
        shown = msgspec.json.decode(shop.command("bookings", "show", "b", "--json").stdout)
        assert shown["fields"] == {"old": msgspec.json.decode(kept), "new": "1"}
