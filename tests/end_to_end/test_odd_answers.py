"""Servers that say more than one answer to a request: what the ledger records is what the server decided."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from tests import http_server
from tests.clinic import Clinic
from tests.faults import MEANINGS, read_cases
from tests.http_server import Exchange
from tests.providers import HTTP_PROVIDERS, Provider, write_secrets
from tests.proxies import connect_tunnel, run_proxy, socks5

BOOKINGS = 60
INTERIM = (
    b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n",
)
STATES = {
    (case.provider, case.fault): MEANINGS[case.word].state
    for case in read_cases("## HTTP")
    if case.fault in ("an acceptance", "500")
}


class Judge:
    """Accepts every second request and refuses the others, and keeps a log of which was which."""

    def __init__(self, name: str, how: Callable[[Exchange, int, http_server.Body], None]) -> None:
        self._provider = HTTP_PROVIDERS[name]
        self._how = how
        self._lock = threading.Lock()
        self.log: dict[str, str] = {}

    def __call__(self, exchange: Exchange) -> None:
        request = exchange.read()
        [booking] = set(re.findall(r"booking\d+", request.body.decode()))
        with self._lock:
            refuses = len(self.log) % 2 == 1
            assert booking not in self.log, "each booking is sent once"
            self.log[booking] = "500" if refuses else "an acceptance"
        status, body = (500, self._provider.errors(500, "no")) if refuses else self._provider.accepted
        self._how(exchange, status, body)


def answer_behind_interim_ones(exchange: Exchange, status: int, body: http_server.Body) -> None:
    """In one write: then Python reads the final answer together with the interim one."""
    interim = INTERIM[len(exchange.server.requests) % len(INTERIM)]
    exchange.write(interim + http_server.head_and_body(status, body))


def answer_after_interim_ones(exchange: Exchange, status: int, body: http_server.Body) -> None:
    """One after the other: then a program that takes the first for the answer finds the second one later."""
    exchange.write(INTERIM[len(exchange.server.requests) % len(INTERIM)])
    exchange.server.released.wait(0.005)
    exchange.answer(status, body)


def answer_twice(exchange: Exchange, status: int, body: http_server.Body) -> None:
    other = 200 if status == 500 else 500
    exchange.write(http_server.head_and_body(status, body) + http_server.head_and_body(other, b"x" * 20_000))


def answer_with_more_than_announced(exchange: Exchange, status: int, body: http_server.Body) -> None:
    exchange.write(http_server.head_and_body(status, body) + b"HTTP/1.1 200 OK")


def open_clinic(folder: Path, provider: Provider, url: str) -> Clinic:
    """A clinic with many bookings, each with its id in its one message."""
    clinic = Clinic(folder)
    write_secrets(folder)
    action = re.sub(r"Hola|Ana|\{customer_full_name\}", "{appointment_id}", provider.action.replace("URL", url))
    action = action.replace("body: {appointment_id}", "body: '{appointment_id}'")
    action = action.replace("1: {appointment_id}", "1: '{appointment_id}'")
    clinic.write(
        f"- {{id: reminder, when: 1 day before start, actions: [{action}]}}\n",
        settings=f"timezone: Europe/Madrid\nchannels:\n{provider.settings.format(url=url, timeout=20)}",
    )
    clinic.run("2026-06-09T09:59Z")
    with closing(sqlite3.connect(folder / "bookings.db")) as connection, connection:
        for number in range(BOOKINGS):
            booking = {"id": f"booking{number:02}", "phone": f"+346001112{number:02}"}
            connection.execute(
                "INSERT INTO bookings (id, starts_at, ends_at)"
                " VALUES (:id, '2026-06-10T10:00:00Z', '2026-06-10T11:00:00Z')",
                booking,
            )
            connection.execute("INSERT INTO customers (id, phone) VALUES (:id, :phone)", booking)
            connection.execute("INSERT INTO participants (booking_id, customer_id) VALUES (:id, :id)", booking)
    return clinic


def run_and_compare(
    folder: Path,
    name: str,
    how: Callable[[Exchange, int, http_server.Body], None],
    *,
    authority: trustme.CA | None = None,
) -> int:
    """Run once; the ledger has to say of each message that arrived what the server's log says: how many did."""
    judge = Judge(name, how)
    with http_server.serve(authority=authority) as server:
        clinic = open_clinic(folder, HTTP_PROVIDERS[name], server.url)
        server.script(judge)
        ran = clinic.command("run", "--now", "2026-06-09T10:00Z", "--json")
        assert ran.exit_code in (0, 1), (ran.output, ran.exception)
    recorded = {each["booking"]: each["state"] for each in clinic.deliveries() if each["attempts"]}
    assert recorded == {booking: STATES[name, decided] for booking, decided in judge.log.items()}
    assert json.loads(ran.stdout)["sent"] == [*judge.log.values()].count("an acceptance")
    return len(judge.log)


@pytest.mark.parametrize("how", [answer_behind_interim_ones, answer_after_interim_ones])
@pytest.mark.parametrize("name", HTTP_PROVIDERS)
def test_interim_answers_are_read_past(
    tmp_path: Path, name: str, how: Callable[[Exchange, int, http_server.Body], None]
) -> None:
    assert run_and_compare(tmp_path / "clinic", name, how) == BOOKINGS


@pytest.mark.parametrize("how", [answer_twice, answer_with_more_than_announced])
@pytest.mark.parametrize("name", HTTP_PROVIDERS)
def test_what_follows_an_answer_is_never_taken_for_the_next_one(
    tmp_path: Path, name: str, how: Callable[[Exchange, int, http_server.Body], None]
) -> None:
    assert run_and_compare(tmp_path / "clinic", name, how) == BOOKINGS


PROXIES = {
    "a tunnel": ("https_proxy", "http", connect_tunnel(INTERIM[0])),
    "a tunnel through TLS": ("https_proxy", "https", connect_tunnel(INTERIM[2])),
    "SOCKS": ("http_proxy", "socks5", socks5),
    "SOCKS and TLS": ("https_proxy", "socks5h", socks5),
}


@pytest.mark.parametrize("how", [answer_behind_interim_ones, answer_after_interim_ones, answer_twice])
@pytest.mark.parametrize("way", PROXIES)
def test_answers_through_a_proxy_are_read_as_directly(
    tmp_path: Path,
    way: str,
    how: Callable[[Exchange, int, http_server.Body], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variable, scheme, greet = PROXIES[way]
    if scheme.startswith("socks"):
        pytest.importorskip("socks")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with run_proxy(greet, authority=authority if scheme == "https" else None) as address:
        monkeypatch.setenv(variable, f"{scheme}://{address}")
        inside = authority if variable == "https_proxy" else None
        assert run_and_compare(tmp_path / "clinic", "webhook", how, authority=inside) == BOOKINGS


@pytest.mark.parametrize("how", [answer_behind_interim_ones, answer_after_interim_ones, answer_twice])
def test_answers_of_a_proxy_that_asks_itself_are_read_as_directly(
    tmp_path: Path, how: Callable[[Exchange, int, http_server.Body], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge("webhook", how)
    with http_server.serve() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        clinic = open_clinic(tmp_path / "clinic", HTTP_PROVIDERS["webhook"], "http://receiver.example")
        proxy.script(judge)
        clinic.command("run", "--now", "2026-06-09T10:00Z")
    recorded = {each["booking"]: each["state"] for each in clinic.deliveries() if each["attempts"]}
    assert recorded == {booking: STATES["webhook", decided] for booking, decided in judge.log.items()}
    assert len(judge.log) == BOOKINGS
