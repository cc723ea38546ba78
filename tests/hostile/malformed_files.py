"""Exports that no program should write: what is in the file, and what is said of it, empty where it is taken."""

from __future__ import annotations

MEGABYTE = 990_000  # characters; a message may have a million
HEADER = "id,starts_at,ends_at,customer_name,notes\n"
START, END = "2026-06-10T10:00Z", "2026-06-10T11:00Z"
Monsters = dict[str, tuple[str | bytes, str]]


def row(identity: str = "1", *, starts: str = START, ends: str = END, name: str = "Ana", notes: str = "x") -> str:
    return f"{identity},{starts},{ends},{name},{notes}\n"


def numbered(count: int, text: str = "c{0}") -> str:
    return ",".join(map(text.format, range(count)))


TABLES: Monsters = {
    "nothing": ("", "the file is empty"),
    "a byte order mark": ("\ufeff", "the file is empty"),
    "a byte order mark of UTF-16": (b"\xff\xfe", ":1: the first line must name the columns"),
    "line ends": ("\n" * 100_000, ":1: the first line must name the columns"),
    "blanks": (" " * MEGABYTE, ":1: the first line must name the columns"),
    "UTF-16": ((HEADER + row(name="José")).encode("utf-16"), ""),
    "UTF-16 without its mark": ((HEADER + row()).encode("utf-16-le"), "this is not text"),
    "UTF-16, cut off": ((HEADER + row()).encode("utf-16")[:-1], "this is not utf-16"),
    "UTF-32": ((HEADER + row()).encode("utf-32"), "this is not text"),
    "Latin-1": ((HEADER + row(name="José")).encode("latin-1"), ""),
    "no encoding": ((HEADER + row(name="\x81")).encode("latin-1"), "line 2 is not UTF-8"),
    "NUL": (HEADER + row(name="A\0"), "this is not text"),
    "NUL, late": (HEADER + row() * 200 + row(name="A\0"), ":202: customer_name holds a character"),
    "an id that lost a character": (HEADER + row("a\ufffd"), ":2: id holds a character that cannot be stored"),
    "a compressed file": (b"\x1f\x8b\x08\x00", "this is not text"),
    "a cell of a megabyte": (HEADER + row(notes="x" * MEGABYTE), ""),
    "an id of a megabyte": (HEADER + row("x" * MEGABYTE), ""),
    "a cell of 17 megabytes": (HEADER + row(notes="x" * 17 * MEGABYTE), ":2: cannot be read: field larger than"),
    "a header of a megabyte": ("x" * MEGABYTE, ":1: there is no column `id`"),
    "10,000 columns": (f"id,starts_at,ends_at,{numbered(10_000)}\n1,{START},{END},{numbered(10_000)}\n", ""),
    "10,000 columns, none of ours": (numbered(10_000) + "\n", "c28, c29 and 9,970 more so with --map"),
    "10,000 columns, each twice": (f"{numbered(10_000)},{numbered(10_000)}", "more than one column is `c0`, `c1000`"),
    "one column, 500,000 times": ("id,starts_at,ends_at" + ",a" * 500_000, ":1: more than one column is `a`"),
    "10,000 cells": (HEADER + "x," * 10_000 + "\n", ":2: has 10001 cells where the header has 5"),
    "10,000 bad rows": (HEADER + "1,x,y,z,w\n" * 10_000, ":2: starts_at 'x' is not a time"),
    "10,000 times the same": (HEADER + row() * 10_000, ""),
    "an open quote": (HEADER + '1,"2026\n' + row() * 1_000, ":2: cannot be read: unexpected end of data"),
    "an open quote in the header": ('"id,starts_at\n' + row() * 1_000, ":1: cannot read the header"),
    "100,001 quotes": (HEADER + '"' * 100_001, ":2: cannot be read"),
    "old Macintosh line ends": ((HEADER + row() + row("2")).replace("\n", "\r"), ""),
    "mixed line ends": (HEADER + row().replace("\n", "\r\r\n"), ""),
    "terminal": (HEADER + row(starts="\x1b]0;owned\x07\x9b2J\u202e", name="\x1b[2J"), ":2: starts_at '\\x1b]0;owned"),
    "terminal, in the header": ("\x1b]0;owned\x07\x9b2J\u202e,b\n1,2\n", ":1: there is no column `id`; call one of"),
    "terminal, in what is kept": (HEADER + row("\u202e\x1b[2J", name="\x9b2J\x07", notes="\x1b[8m"), ""),
    "ids that look alike": (HEADER + row("a") + row("A") + row("a ") + row("\ta"), ""),
    "the years 1 and 9999": (HEADER + row(starts="0001-01-01T00:00", ends="9999-12-31T23:59:59Z"), ""),
    "a year before the first": (HEADER + row(starts="0001-01-01T00:00+14:00"), ":2: starts_at '0001-01-01"),
    "a zone with many parts": (
        f"{HEADER[:-1]},timezone\n{row()[:-1]},a{'/a' * 1_000}\n",
        "taken, with line 2: timezone 'a/a/a",
    ),
    "lengths": (
        "id,starts_at,duration\n" + "".join(f"1,{START},{each}\n" for each in ("1e999", "NaN", "-1", "9" * 10_000)),
        ":2: duration '1e999' is not a number of minutes",
    ),
    "fields that are no JSON": (f"id,starts_at,ends_at,fields\n1,{START},{END},NaN\n", ":2: fields is not a JSON"),
    "fields that are deep": (
        f"id,starts_at,ends_at,fields\n1,{START},{END},{'[' * MEGABYTE}\n",
        ":2: fields is not a JSON object",
    ),
}  # fmt: skip

JOB = f'{{"id": "1", "starts_at": "{START}", "ends_at": "{END}"'


def job(more: str) -> str:
    return f"[{JOB}, {more}}}]"


JSON: Monsters = {
    "lists in lists": ("[" * 100_000, ":1: is not JSON: it is nested too deep"),
    "objects in objects": ('{"a":' * 100_000, ":1: is not JSON: it is nested too deep"),
    "bookings in bookings": ('{"bookings":' * 100_000, ":1: is not JSON: it is nested too deep"),
    "lists in a field": (job(f'"a": {"[" * 100_000}{"]" * 100_000}'), ":1: is not JSON: it is nested too deep"),
    "lists in a field, 500 deep": (job(f'"a": {"[" * 500}{"]" * 500}'), ""),
    "infinity": (job('"a": 1e999'), ":1: 'a': cannot be kept as JSON"),
    "infinity among 10,000": (job('"a": 1e999, ' + numbered(10_000, '"c{0}": 1')), ":1: 'a': cannot be kept as JSON"),
    "more than infinity": (job('"a": 1e9999999999999999999999'), ":1: is not JSON: a number in it is too long"),
    "not a number": (job('"a": NaN'), ":1: is not JSON: NaN is not JSON"),
    "a long number": (job('"a": ' + "9" * MEGABYTE), ":1: is not JSON: a number in it is too long"),
    "a long fraction": (job('"a": 0.' + "9" * MEGABYTE), ""),
    "the same key": (job('"id": "2", "a": 1, "a": 2'), ""),
    "the same column": (job('"ID": "2"'), ":1: has two keys for the same column: id, starts_at, ends_at, ID"),
    "10,000 keys": (job(numbered(10_000, '"c{0}": 1')), ""),
    "a key of a megabyte": (job(f'"{"k" * MEGABYTE}": 1e999'), ":1: 'kkkk"),
    "half a character": (job('"customer_name": "Ana \\ud83d", "\\udc00": 1, "notes": "\\ud83d\\ude00"'), ""),
    "half a character in an id": ('[{"id": "\\ud83d"}]', ":1: id holds a character that cannot be stored"),
    "NUL": (job('"notes": "\\u0000"'), ""),
    "NUL in a name": (job('"customer_name": "\\u0000"'), ":1: customer_name holds a character that cannot be stored"),
    "terminal": (job('"timezone": "\\u001b[2J\\u202e"'), "taken, with line 1: timezone '\\x1b[2J"),
    "other types": (job('"id": {}, "starts_at": [], "timezone": [1], "service": {}'), ":1: id is {}; write text"),
    "customers of other types": (job('"customers": ["x", 7, null, [], {"name": []}]'), ":1: customers[1] is not a"),
    "one customer alone": (job('"customers": {"name": "Ana"}'), ":1: customers is a JSON object; write a list"),
    "100,000 customers of other types": (job(f'"customers": [{numbered(100_000, "7")}]'), ":1: customers[1] is not a"),
    "10,000 empty objects": (f"[{numbered(10_000, '{{}}')}]", ":1: no id; no starts_at"),
    "a string without end": ('[{"id": "' + "x" * MEGABYTE, ":1: is not JSON: Unterminated string"),
    "an escape without end": ('["\\' * 100_000, ":1: is not JSON: Invalid"),
    "null": ("null", ":1: is not a JSON object"),
    "UTF-16": (job('"notes": "é"').encode("utf-16"), ""),
    "blanks before it": (" " * 1_500_000 + job('"notes": "x"'), ""),
}  # fmt: skip
LINES: Monsters = {
    "lists in lists": ("[" * 100_000, ":1: is not JSON: it is nested too deep"),
    "more than infinity": (f'{JOB}, "a": 1e9999999999999999999999}}\n', ":1: is not JSON: a number in it is too long"),
    "half a character": (f'{JOB}, "a": "\\ud83d"}}\n' * 1_000, ""),
    "10,000 empty objects": ("{}\n" * 10_000, ":1: no id; no starts_at"),
    "a line of a megabyte": ("x" * MEGABYTE, ":1: is not JSON: Expecting value"),
    "old Macintosh line ends": (f"{JOB}}}\r" * 3, ""),
}  # fmt: skip

LOCAL, SERIES = "DTSTART:20260610T100000Z\n", "DTSTART;TZID=Europe/Madrid:20260610T100000\n"
OURS = "DTSTART;TZID=Ours:20260610T100000\n"


def event(properties: str = LOCAL, *, uid: str = "u") -> str:
    return f"BEGIN:VEVENT\nUID:{uid}\n{properties}\nEND:VEVENT\n"


def calendar(*events: str, header: str = "") -> str:
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{header}{''.join(events)}END:VCALENDAR\n"


def ruled(rule: str) -> str:
    return calendar(event(f"{SERIES}RRULE:{rule}"))


def zone(*changes: str, tzid: str = "Ours") -> str:
    return f"BEGIN:VTIMEZONE\nTZID:{tzid}\n{''.join(changes)}END:VTIMEZONE\n"


def change(more: str = "", *, start: str = "DTSTART:19700101T000000", offset: str = "+0100") -> str:
    offsets = f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n"
    return f"BEGIN:STANDARD\n{start}\n{offsets}{more}END:STANDARD\n"


NEVER = "FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=30"
NOT_DESCRIBED = "the zone 'Ours' is no IANA name, and no VTIMEZONE describes it"
PARAMETERS = "taken, with line 3: event u: the parameters of SUMMARY"

CALENDARS: Monsters = {
    "no calendar": ("Not found", "there is no calendar (BEGIN:VCALENDAR) in it"),
    "no events": (calendar(), ""),
    "cut off": (ruled("FREQ=DAILY")[:-20], "END:V cannot stand here"),
    "cut off in the middle of an event": (calendar(event())[:60], "the file is cut off: BEGIN:VEVENT on line 3"),
    "calendars in calendars": ("BEGIN:VCALENDAR\n" * 1_000, ":2: BEGIN:VCALENDAR cannot stand here"),
    "a component with a long name": (f"BEGIN:VCALENDAR\nBEGIN:{'x' * MEGABYTE}\n", "the file is cut off: BEGIN:XXX"),
    "an end with a long name": (f"BEGIN:VCALENDAR\nEND:{'x' * MEGABYTE}\n", ":2: END:XXX"),
    "terminal": (calendar("BEGIN:\x1b[2J\u202e\n"), "END:VCALENDAR cannot stand here"),
    "terminal, in what is kept": (
        calendar(event(f'{LOCAL}SUMMARY:\x1b[2J\x07\u202e\x9b\nATTENDEE;CN="\x1b[31mAna":mailto:ana@example.com')),
        "",
    ),
    "NUL": (calendar(event(f"{LOCAL}DESCRIPTION:{'x' * 5_000}\nSUMMARY:\0")), ":3: service holds a character"),
    "every second": (ruled("FREQ=SECONDLY"), ":3: event u: RRULE 'FREQ=SECONDLY' cannot be worked out"),
    "a thousand million days": (ruled("FREQ=DAILY;COUNT=1000000000"), ""),
    "days between days": (ruled(f"FREQ=DAILY;INTERVAL={'9' * 17}"), ""),
    "a count of 30 digits": (ruled(f"FREQ=DAILY;COUNT={'9' * 30}"), "COUNT takes a whole number from 1 on"),
    "positions": (ruled("FREQ=DAILY;BYDAY=MO;BYSETPOS=0"), "BYSETPOS takes numbers from 1 to 366, or -366 to -1"),
    "positions without days": (ruled("FREQ=MONTHLY;BYSETPOS=-366,366"), ""),
    "the 25th hour": (ruled("FREQ=HOURLY;BYHOUR=25"), "BYHOUR takes numbers from 0 to 23, not '25'"),
    "the 30th of February": (ruled(NEVER), ""),
    "the 30th of February, 1,000 times": (calendar(event(SERIES + f"RRULE:{NEVER}\n" * 1_000)), ""),
    "the 30th of February in 200 events": (
        calendar(*(event(f"{SERIES}RRULE:{NEVER}", uid=str(number)) for number in range(200))),
        "the rules of the events before it already take too long",
    ),
    "until there are no years": (ruled("FREQ=DAILY;UNTIL=99991231T235959Z"), ""),
    "until there were no years": (ruled("FREQ=DAILY;UNTIL=00010101T000000Z"), ""),
    "a rule of a megabyte": (ruled(f"FREQ=DAILY;BYMONTH={'1' * MEGABYTE}"), "RRULE 'FREQ=DAILY;BYMONTH=111"),
    "exceptions": (calendar(event(f"{SERIES}RRULE:FREQ=DAILY\n" + "EXDATE:20260611T080000Z\n" * 10_000)), ""),
    "exceptions in a line": (calendar(event(f"{SERIES}RRULE:FREQ=DAILY\nEXDATE:{numbered(9_000, '20260611')}")), ""),
    "additions": (calendar(event(f"{SERIES}RDATE:{numbered(9_000, '20260611T080000Z')}")), ""),
    "changed instances": (
        calendar(
            event(f"{SERIES}RRULE:FREQ=DAILY"),
            *(event(f"{LOCAL}RECURRENCE-ID;RANGE=THISANDFUTURE:20260611T08{n:04}Z") for n in range(60)),
        ),
        "",
    ),
    "a million years": (calendar(event(f"{LOCAL}DURATION:P365000000D")), ":3: event u: there is no such time"),
    "longer than numbers": (calendar(event(f"{LOCAL}DURATION:P{'9' * 5_000}W")), "is not a length; write PT45M"),
    "the year 1": (calendar(event("DTSTART:00010101T000000Z")), ""),
    "the year 9999": (calendar(event(f"{LOCAL}DTEND:99991231T235959Z")), ""),
    "a zone that is not there": (calendar(event("DTSTART;TZID=Mars/Base:20260610T100000")), "the zone 'Mars/Base' is"),
    "a zone that is a folder": (calendar(event("DTSTART;TZID=Europe:20260610T100000")), "the zone 'Europe' is no IANA"),
    "a zone that is a file": (calendar(event("DTSTART;TZID=../../../etc/passwd:20260610T100000")), "the zone '../.."),
    "a zone of a megabyte": (calendar(event(f"DTSTART;TZID={'x' * MEGABYTE}:20260610T100000")), "xxx' is no IANA name"),
    "a zone with many parts": (calendar(event(f"DTSTART;TZID=a{'/a' * 20_000}:20260610T100000")), "/a/' is no IANA"),
    "a zone of the calendar with many parts": (
        calendar(event("DTSTART:20260610T100000"), header=f"X-WR-TIMEZONE:a{'/a' * 20_000}\n"),
        "timezone 'a/a/a",
    ),
    # what a change says of a zone is passed over
    "a zone that is itself": (calendar(event(OURS), header=zone(change(start=OURS[:-1]))), ""),
    "zones that are each other": (
        calendar(
            event(OURS),
            header=zone(change(start="DTSTART;TZID=Theirs:19700101T000000"))
            + zone(change(start="DTSTART;TZID=Ours:19700101T000000"), tzid="Theirs"),
        ),
        "",
    ),
    "a zone in a zone": (calendar(event(OURS), header=zone(zone(change()))), NOT_DESCRIBED),
    "a zone of 99 hours": (calendar(event(OURS), header=zone(change(offset="+9999"))), NOT_DESCRIBED),
    "a zone that changes each second": (
        calendar(event(OURS), header=zone(change("RRULE:FREQ=SECONDLY\n"))),
        NOT_DESCRIBED,
    ),
    "a zone of many rules": (
        calendar(event(f"{OURS}RRULE:FREQ=HOURLY"), header=zone(change("RRULE:FREQ=YEARLY\n") * 300)),
        NOT_DESCRIBED,
    ),
    "a zone of many places": (calendar(event(OURS), header=zone("X-LIC-LOCATION:a/a/a\n" * 5_000, change())), ""),
    "a fold in a character": (
        calendar(event(f"{LOCAL}SUMMARY:Depilación")).encode().replace(b"\xc3\xb3", b"\xc3\r\n \xb3"),
        "",
    ),
    "a fold in half a character": (
        calendar(event(f"{LOCAL}SUMMARY:Depilación")).encode().replace(b"\xc3\xb3", b"\xc3\r\n "),
        "",
    ),
    "100,000 folds": (calendar(event(LOCAL + "SUMMARY:" + "\n x" * 100_000)), ""),
    "a text of a megabyte": (calendar(event(f"{LOCAL}SUMMARY:{'x' * MEGABYTE}")), ""),
    "an id of a megabyte": (calendar(event("DTSTART:soon", uid="x" * MEGABYTE)), ":3: event xxxx"),
    "a parameter of a megabyte": (calendar(event(f"{LOCAL}SUMMARY;X={'y' * MEGABYTE}:z")), ""),
    "quotes without end": (calendar(event(f"{LOCAL}SUMMARY;X=" + '"' * 100_001 + ":z")), PARAMETERS),
    "parameters without names": (calendar(event(f"{LOCAL}SUMMARY;{';' * 100_000}:z")), PARAMETERS),
    "the same attendee": (calendar(event(LOCAL + "ATTENDEE;CN=Ana:mailto:ana@example.com\n" * 5_000)), ""),
    "ids that look alike": (calendar(*(event(uid=each) for each in ("a", "A", "a ", "a\t", "a\u00a0"))), ""),
    "an id that lost a character": (calendar(event(uid="a\ufffd")), ":3: id holds a character that cannot be stored"),
    "old Macintosh line ends": (calendar(event()).replace("\n", "\r"), ""),
}  # fmt: skip
