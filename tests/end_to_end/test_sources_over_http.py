"""Bookings at addresses: JSON, CSV and calendars over HTTP, read by the real command line from real servers."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import trustme

from tests.clinic import SETTINGS, Clinic, at, written
from tests.end_to_end.test_sources import HOUR, reminded, run, source_of
from tests.heavy import is_heavy
from tests.http_server import Server, Step, answer, close_after, drip_body, half_an_answer, serve, silence

TOKEN = "tok-5ecret-0123456789"
PATH = "/private-c0ffee99/basic.ics"
LONG_AGO = 1_700_000_000  # seconds since 1970: the YAML is read from the cache


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as found:
        yield found


def configure(clinic: Clinic, url: str, keys: str = "", *, workflows: str = HOUR) -> None:
    (clinic.folder / "bookings.db").unlink(missing_ok=True)
    (clinic.folder / "secrets.env").write_text(f"TOKEN={TOKEN}\n")
    (clinic.folder / "secrets.env").chmod(0o600)
    clinic.write(workflows, settings=f"{SETTINGS}sources:\n  practice:\n    url: {url}\n{keys}")


def booking(number: int, starts: str, **others: Any) -> dict[str, Any]:
    return {
        "id": number,
        "starts_at": starts,
        "ends_at": written(at(starts) + timedelta(minutes=30)),
        "customer_name": f"Person {number}",
        "customer_email": f"p{number}@example.com",
        **others,
    }


def bookings(*numbers: int, first: str = "2026-11-24T09:00Z") -> list[Any]:
    return [booking(each, written(at(first) + (each - 1) * timedelta(hours=1))) for each in numbers]


def csv(*numbers: int) -> str:
    lines = ["id,starts_at,ends_at,customer_name,customer_email"]
    return "\n".join(lines + [",".join(map(str, each.values())) for each in bookings(*numbers)]) + "\n"


def calendar(*numbers: int) -> str:
    events = [
        f"BEGIN:VEVENT\r\nUID:{each['id']}\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:{compact(each['starts_at'])}\r\n"
        f"DTEND:{compact(each['ends_at'])}\r\nSUMMARY:{each['customer_name']}\r\n"
        f"ATTENDEE;CN={each['customer_name']}:mailto:{each['customer_email']}\r\nEND:VEVENT\r\n"
        for each in bookings(*numbers)
    ]
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{''.join(events)}END:VCALENDAR\r\n"


def compact(text: str) -> str:
    return f"{at(text):%Y%m%dT%H%M%SZ}"


# --- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "keys"),
    [
        pytest.param(answer(200, bookings(1, 2)), "", id="JSON"),
        pytest.param(answer(200, {"bookings": bookings(1, 2)}), "", id="JSON, wrapped"),
        pytest.param(answer(200, b"\xef\xbb\xbf" + json.dumps(bookings(1, 2)).encode()), "", id="JSON as text, BOM"),
        pytest.param(answer(200, {"data": bookings(1, 2)}), "    items: data\n", id="items"),
        pytest.param(
            answer(200, "\n".join(map(json.dumps, bookings(1, 2))), headers={"Content-Type": "application/x-ndjson"}),
            "",
            id="NDJSON",
        ),
        pytest.param(answer(200, csv(1, 2), headers={"Content-Type": "text/csv"}), "", id="CSV"),
        pytest.param(answer(200, csv(1, 2).replace(",", ";")), "", id="CSV as text"),
        pytest.param(
            answer(200, calendar(1, 2), headers={"Content-Type": "text/calendar; charset=utf-8"}), "", id="calendar"
        ),
        pytest.param(
            answer(200, gzip.compress(csv(1, 2).encode()), headers={"Content-Encoding": "gzip"}), "", id="gzip"
        ),
        pytest.param(
            answer(200, zlib.compress(csv(1, 2).encode()), headers={"Content-Encoding": "deflate"}), "", id="deflate"
        ),
    ],
)
def test_what_an_import_reads_can_be_read_from_an_address(
    clinic: Clinic, server: Server, step: Step, keys: str
) -> None:
    server.script(step)
    configure(clinic, f"{server.url}/export", keys)
    assert source_of(clinic, "2026-11-24T07:00Z")["new"] == 2
    run(clinic, "2026-11-24T08:00Z")
    assert reminded(clinic) == ["1"]


def test_map_takes_nested_values_by_their_path(clinic: Clinic, server: Server) -> None:
    item = {
        "id": 7,
        "start": "2026-11-24T10:00:00+01:00",
        "end": "2026-11-24T10:30:00+01:00",
        "state": "OK",
        "attendees": [{"name": {"first": "Ana", "last": "Gil"}, "email": "ana@example.com"}],
    }
    server.script(answer(200, {"result": {"rows": [item]}}))
    paths = (
        "{start: starts_at, end: ends_at, state: status, attendees.0.email: customer_email, "
        "attendees.0.name.first + attendees.0.name.last: customer_name}"
    )
    configure(clinic, f"{server.url}/x", f"    items: result.rows\n    map: {paths}\n    status: {{ok: approved}}\n")
    run(clinic, "2026-11-24T07:00Z")
    shown = json.loads(clinic.command("bookings", "show", "practice:7", "--json").stdout)
    customer = shown["participants"][0]["customer"]
    assert (customer["full_name"], customer["email"], shown["status"]) == ("Ana Gil", "ana@example.com", "approved")


def test_letters_of_another_charset_are_read_as_the_server_says(clinic: Clinic, server: Server) -> None:
    text = csv(1).replace("Person 1", "Żaneta")
    server.script(answer(200, text.encode("iso-8859-2"), headers={"Content-Type": "text/csv; charset=ISO-8859-2"}))
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:00Z")
    assert "Żaneta" in clinic.command("bookings", "show", "practice:1").output


# --- requests ---------------------------------------------------------------------------------------------------------


def test_a_request_names_the_window_and_carries_the_headers(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1)))
    keys = '    headers: {Authorization: "Bearer ${TOKEN}", X-Version: "2"}\n'
    url = f'"{server.url}/api?from={{since}}&to={{until}}&day={{since_date}}"'
    configure(clinic, url, keys)
    run(clinic, "2026-11-24T07:00Z")
    (request,) = server.requests
    assert re.fullmatch(
        r"/api\?from=2026-11-\d\dT00%3A00%3A00Z&to=2026-12-\d\dT00%3A00%3A00Z&day=2026-11-\d\d", request.path
    )
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-version"] == "2"


@pytest.mark.parametrize(
    ("user", "keys", "expected"),
    [
        ("", '    password: "${TOKEN}"\n', f":{TOKEN}"),
        ("ana@", '    password: "${TOKEN}"\n', f"ana:{TOKEN}"),
        ("ana:p%40ss@", "", "ana:p@ss"),
        ("${TOKEN}@", "", f"{TOKEN}:"),
    ],
)
def test_a_password_is_sent_as_basic_authentication(
    clinic: Clinic, server: Server, user: str, keys: str, expected: str
) -> None:
    import base64

    server.script(answer(200, bookings(1)))
    configure(clinic, server.url.replace("//", f"//{user}") + "/x", keys)
    run(clinic, "2026-11-24T07:00Z")
    kind, _, sent = server.requests[0].headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(sent).decode()) == ("Basic", expected)


def test_an_unchanged_address_is_not_parsed_again(clinic: Clinic, server: Server) -> None:
    marks = {"ETag": '"v1"', "Date": "Tue, 24 Nov 2026 07:00:00 GMT", "Last-Modified": "Mon, 23 Nov 2026 07:00:00 GMT"}
    server.script(answer(200, bookings(1), headers=marks), answer(304))
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:00Z")
    before = (clinic.folder / "sources.db").read_bytes()
    assert source_of(clinic, "2026-11-24T07:10Z")["state"] == "unchanged"
    assert server.requests[1].headers["if-none-match"] == '"v1"'
    assert server.requests[1].headers["if-modified-since"] == "Mon, 23 Nov 2026 07:00:00 GMT"
    assert (clinic.folder / "sources.db").read_bytes() == before


def test_a_time_of_change_within_the_last_minute_is_not_relied_on(clinic: Clinic, server: Server) -> None:
    marks = {"Date": "Tue, 24 Nov 2026 07:00:00 GMT", "Last-Modified": "Tue, 24 Nov 2026 07:00:00 GMT"}
    server.script(answer(200, bookings(1), headers=marks))
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:00Z")
    assert source_of(clinic, "2026-11-24T07:10Z")["state"] == "unchanged", "the same text is recognized"
    assert "if-modified-since" not in server.requests[1].headers


def test_an_address_is_read_each_ten_minutes(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1)))
    configure(clinic, f"{server.url}/x")
    for minute in range(21):
        run(clinic, written(at("2026-11-24T07:00Z") + minute * timedelta(minutes=1)))
    assert len(server.requests) == 3


def test_an_address_is_asked_again_before_a_message_of_it_goes(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1, 2)))
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:55Z")
    server.script(answer(200, [booking(1, "2026-11-24T11:00Z"), *bookings(2)]))
    run(clinic, "2026-11-24T08:00Z")
    assert reminded(clinic) == []
    run(clinic, "2026-11-24T10:00Z")
    assert "1" in reminded(clinic)


def test_a_booking_that_is_gone_right_before_its_message_is_held_then_canceled(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1, 2, 3)))
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:55Z")
    server.script(answer(200, bookings(2, 3)))
    run(clinic, "2026-11-24T08:00Z")
    assert [each["state"] for each in clinic.deliveries()] == ["pending"]
    assert source_of(clinic, "2026-11-24T08:01Z", exits=0)["missing"] == 1
    assert source_of(clinic, "2026-11-24T08:02Z")["canceled"] == 1
    assert reminded(clinic) == []


# --- pages ------------------------------------------------------------------------------------------------------------


def test_pages_are_followed_by_their_links(clinic: Clinic, server: Server) -> None:
    server.script(
        answer(200, {"data": bookings(1), "links": {"next": "/api?page=2"}}),
        answer(200, {"data": bookings(2), "links": {"next": f"{server.url}/api?page=3"}}),
        answer(200, {"data": bookings(2, 3), "links": {"next": None}}),
    )
    configure(clinic, f"{server.url}/api", "    items: data\n    next: links.next\n    password: x1\n")
    assert source_of(clinic, "2026-11-24T07:00Z")["new"] == 3
    assert [each.path for each in server.requests] == ["/api", "/api?page=2", "/api?page=3"]
    assert all("authorization" in each.headers for each in server.requests)


def test_pages_are_followed_by_a_cursor(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, {"data": bookings(1), "cursor": "a&b"}), answer(200, {"data": bookings(2)}))
    configure(clinic, f'"{server.url}/api?after={{cursor}}"', "    items: data\n    next: cursor\n")
    assert source_of(clinic, "2026-11-24T07:00Z")["new"] == 2
    assert [each.path for each in server.requests] == ["/api?after=", "/api?after=a%26b"]


def test_pages_are_followed_by_their_number_until_one_is_empty(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1, 2)), answer(200, bookings(3)), answer(200, []))
    configure(clinic, f'"{server.url}/api?page={{page}}&skip={{skip}}"')
    assert source_of(clinic, "2026-11-24T07:00Z")["new"] == 3
    paths = [each.path for each in server.requests]
    assert paths == ["/api?page=1&skip=0", "/api?page=2&skip=2", "/api?page=3&skip=3"]


@pytest.mark.parametrize(
    ("steps", "keys", "said"),
    [
        (
            [answer(200, {"data": bookings(1), "next": "https://evil.example.com/api?token=abcdef"})],
            "    items: data\n    next: next\n",
            "is elsewhere, at https://evil.example.com; it is not read",
        ),
        (
            [answer(200, {"data": bookings(1), "next": "/x?2"}), answer(200, {"data": bookings(2), "next": "/x"})],
            "    items: data\n    next: next\n",
            "lead back to one that was read",
        ),
        (
            [answer(200, {"data": bookings(1), "next": "/x?2"}), answer(500)],
            "    items: data\n    next: next\n",
            "answered 500 Internal Server Error",
        ),
        (
            [answer(200, {"error": "no"})],
            "    items: data\n",
            "finds no list in the answer of 127.0.0.1, but with error",
        ),
        ([answer(200, {"data": bookings(1), "meta": 1})], "", "but with data, meta; write `items: data`"),
        ([answer(200, {"data": bookings(1), "next": "abc"})], "    items: data\n    next: next\n", "a cursor needs"),
    ],
)
def test_half_of_the_pages_is_nothing(clinic: Clinic, server: Server, steps: list[Step], keys: str, said: str) -> None:
    server.script(*steps)
    configure(clinic, f"{server.url}/x", keys)
    assert said in str(source_of(clinic, "2026-11-24T07:00Z", exits=0)["error"])
    assert json.loads(clinic.command("bookings", "list", "--json").output) == []


def test_a_server_that_ignores_the_number_of_a_page_is_noticed(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1, 2)))
    configure(clinic, f'"{server.url}/api?page={{page}}"')
    assert "gives the same page again" in str(source_of(clinic, "2026-11-24T07:00Z")["error"])


def test_a_filter_that_the_server_ignores_is_applied_here(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, [*bookings(1), booking(2, "2024-01-01T09:00Z"), booking(3, "2031-01-01T09:00Z")]))
    configure(clinic, f"{server.url}/x")
    assert source_of(clinic, "2026-11-24T07:00Z")["new"] == 1
    server.script(answer(200, [booking(1, "2031-01-01T09:00Z")]))
    assert source_of(clinic, "2026-11-24T07:10Z")["changed"] == 1, "known, and moved far away"


# --- faults -----------------------------------------------------------------------------------------------------------


def unannounced(body: str) -> Step:
    """Answer with a body that only the end of the connection bounds."""

    def step(exchange: Any) -> None:
        exchange.read()
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + body.encode())
        exchange.hang_up()

    return step


def interim(exchange: Any) -> None:
    exchange.read()
    exchange.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
    exchange.answer(200, bookings(1))


FAULTS = {
    "500": answer(500),
    "404": answer(404),
    "log-in page": answer(200, "<!doctype html><p>Log in", headers={"Content-Type": "text/html"}),
    "page as JSON": answer(200, "<html><p>Log in", headers={"Content-Type": "application/json"}),
    "short": half_an_answer(headers={"Content-Type": "text/csv"}),
    "half a list": answer(200, json.dumps(bookings(1, 2))[:-30], headers={"Content-Type": "application/json"}),
    "half a list, unannounced": unannounced(json.dumps(bookings(1, 2))[:-30]),
    "half a calendar": unannounced(calendar(1, 2)[:-40]),
    "half a row": unannounced(csv(1, 2)[:-6]),
    "half of gzip": answer(200, gzip.compress(csv(1, 2).encode())[:-9], headers={"Content-Encoding": "gzip"}),
    "no gzip": answer(200, csv(1, 2), headers={"Content-Encoding": "gzip"}),
    "brotli": answer(200, b"\x8b", headers={"Content-Encoding": "br"}),
    "bomb": answer(200, gzip.compress(bytes(65 << 20)), headers={"Content-Encoding": "gzip"}),
    "nothing": answer(200, ""),
    "null": answer(200, "null", headers={"Content-Type": "application/json"}),
    "204": answer(204),
    "206": answer(206, csv(1, 2)),
    "304 unasked": answer(304),
    "redirect": answer(302, headers={"Location": "https://login.example.com/?back=/private-c0ffee99"}),
    "closed": close_after,
}


@pytest.mark.parametrize("step", FAULTS.values(), ids=FAULTS)
def test_a_fault_changes_nothing(clinic: Clinic, server: Server, step: Step) -> None:
    server.script(answer(200, bookings(*range(1, 11))))
    configure(clinic, f"{server.url}{PATH.replace('.ics', '')}", '    headers: {Authorization: "Bearer ${TOKEN}"}\n')
    run(clinic, "2026-11-24T07:00Z")
    listed = clinic.command("bookings", "list", "--json").output
    server.script(step)
    results = [run(clinic, f"2026-11-24T07:1{minute}Z") for minute in (0, 2, 5)]  # a slow one is left alone meanwhile
    assert [each.exit_code for each in results] == [0, 0, 1]
    assert results[-1].stderr.startswith(("sources.practice: 127.0.0.1 ", "sources.practice: 127.0.0.1: "))
    assert clinic.command("bookings", "list", "--json").output == listed
    assert not [name for name in ("c0ffee99", TOKEN) if name in results[-1].stderr]
    server.script(answer(200, bookings(*range(1, 11))))
    assert "is read again since 08:20; 0 bookings changed meanwhile" in run(clinic, "2026-11-24T07:20Z").stderr


@pytest.mark.parametrize("step", [silence, drip_body()], ids=["silence", "drip"])
def test_waiting_ends_at_the_time_out(clinic: Clinic, server: Server, step: Step) -> None:
    server.script(step)
    configure(clinic, f"{server.url}/x", "    timeout: 1s\n")
    assert source_of(clinic, "2026-11-24T07:00Z")["error"] == "127.0.0.1 gave no whole answer within 1 s"


def test_interim_answers_are_passed_over(clinic: Clinic, server: Server) -> None:
    server.script(interim)
    configure(clinic, f"{server.url}/x")
    assert source_of(clinic, "2026-11-24T07:00Z")["new"] == 1


def test_a_redirect_names_only_the_host(clinic: Clinic, server: Server) -> None:
    server.script(answer(302, headers={"Location": "https://login.example.com/?back=secret"}))
    configure(clinic, f"{server.url}/x")
    error = str(source_of(clinic, "2026-11-24T07:00Z")["error"])
    assert error == (
        "127.0.0.1 answered 302 Found, which leads to login.example.com; no redirect is followed: write the address "
        "where it ends"
    )


@pytest.mark.parametrize("body", [[], {"bookings": []}], ids=["list", "wrapped"])
def test_an_empty_list_holds_and_never_cancels(clinic: Clinic, server: Server, body: Any) -> None:
    server.script(answer(200, bookings(*range(1, 11))))
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:00Z")
    server.script(answer(200, body))
    for minute in range(10, 50, 10):
        assert source_of(clinic, f"2026-11-24T07:{minute}Z", exits=1)["missing"] == 10
    run(clinic, "2026-11-24T08:00Z")
    assert reminded(clinic) == []
    server.script(answer(200, bookings(*range(1, 11))))
    run(clinic, "2026-11-24T08:01Z")
    assert reminded(clinic) == ["1"]


def test_left_out_once_is_held_twice_is_canceled_and_back_is_reminded(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1, 2, 3)))
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:00Z")
    server.script(answer(200, bookings(1, 3)))
    found = source_of(clinic, "2026-11-24T07:10Z")
    assert (found["missing"], found["canceled"]) == (1, 0)
    found = source_of(clinic, "2026-11-24T07:20Z")
    assert (found["missing"], found["canceled"]) == (0, 1)
    server.script(answer(200, bookings(1, 2, 3)))
    run(clinic, "2026-11-24T07:30Z")
    run(clinic, "2026-11-24T09:00Z")
    assert "2" in reminded(clinic)


def test_a_bad_afternoon_of_a_feed_loses_and_cancels_nothing(clinic: Clinic, server: Server) -> None:
    whole = answer(200, bookings(*range(1, 11), first="2026-11-24T12:00Z"))
    server.script(whole)
    configure(clinic, f"{server.url}/x")
    run(clinic, "2026-11-24T07:00Z")
    listed = clinic.command("bookings", "list", "--json").output
    for number, name in enumerate(("log-in page", "half a list", "500")):
        server.script(FAULTS[name])
        assert run(clinic, f"2026-11-24T07:1{number}Z").exit_code == (number == 2), "the third in a row is said"
        assert clinic.command("bookings", "list", "--json").output == listed
    server.script(answer(200, []))
    assert run(clinic, "2026-11-24T07:20Z").exit_code == 1
    assert clinic.command("bookings", "list", "--json").output == listed
    server.script(whole)
    run(clinic, "2026-11-24T07:30Z")
    for minute in ("11:00", "12:00", "13:00"):
        run(clinic, f"2026-11-24T{minute}Z")
    assert reminded(clinic) == ["1", "2", "3"]


def test_a_run_in_which_no_address_is_due_loads_nothing_for_it(clinic: Clinic, server: Server) -> None:
    server.script(answer(200, bookings(1)))
    configure(clinic, f"{server.url}/x")
    for name in ("workflows.yaml", "secrets.env"):
        os.utime(clinic.folder / name, times=(LONG_AGO, LONG_AGO))
    run(clinic, "2026-11-24T07:00Z")
    asked = len(server.requests)
    program = (
        "import sys\n"
        "from reminderctl.cli import main\n"
        f"main(['-c', {str(clinic.folder / 'workflows.yaml')!r}, 'run', '--now', '2026-11-24T07:01Z'], "
        "standalone_mode=False)\n"
        "print(*sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not [name for name in ran.stdout.split() if is_heavy(name) or name == "ssl"]
    assert len(server.requests) == asked


# --- secrets and TLS --------------------------------------------------------------------------------------------------


def test_no_secret_of_an_address_is_shown_or_kept(clinic: Clinic, server: Server) -> None:
    echo = answer(200, f"Invalid token {TOKEN} for {PATH}?key=kkk-s3cr3t", headers={"Content-Type": "text/plain"})
    steps = [answer(200, bookings(1), headers={"ETag": '"v1"'}), *[echo] * 3]
    server.script(*steps)
    configure(clinic, f"{server.url}{PATH}?key=kkk-s3cr3t", '    headers: {X-Token: "${TOKEN}"}\n')
    outputs = [run(clinic, f"2026-11-24T07:{minute}Z").output for minute in ("00", "10", "11", "12")]
    for command in (["sources", "test"], ["sources", "test", "--json"], ["sources", "list"], ["sources", "sync"]):
        outputs.append(clinic.command(*command).output)
    outputs += [clinic.command("status").output, clinic.command("check").output]
    kept = [path.read_bytes() for path in clinic.folder.glob("*.db*")]
    for secret in (TOKEN, "c0ffee99", "kkk-s3cr3t"):
        assert not [text for text in outputs if secret in text]
        assert not [content for content in kept if secret.encode() in content]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", None),
        ("    tls: verify\n", "the certificate of 127.0.0.1 cannot be trusted"),
        ("    ca_file: ca.pem\n", None),
        ("    tls: off\n", None),
        ("    ca_file: other.pem\n", "the certificate of 127.0.0.1 cannot be trusted"),
    ],
)
def test_who_is_trusted(clinic: Clinic, keys: str, said: str | None) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(clinic.folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(clinic.folder / "other.pem"))
    with serve(authority=authority) as server:
        server.script(answer(200, bookings(1)))
        configure(clinic, f"{server.url}/x", keys)
        found = source_of(clinic, "2026-11-24T07:00Z")
    assert found["new"] == (0 if said else 1)
    assert (said or "") in str(found.get("error", ""))
