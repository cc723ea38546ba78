"""Email against a real Postfix, through the real command line."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from tests.clinic import Clinic
from tests.postfix import DOMAIN, PASSWORD, USER, Postfix, needs_postfix, postfix

pytestmark = [pytest.mark.contract, needs_postfix]

NOW = "2026-06-09T10:00Z"
SETTINGS = """\
timezone: Europe/Madrid
language: es
channels:
  email: {settings}
"""
WORKFLOWS = """\
- id: reminder
  when: 1 day before start
  actions:
    - send: email
      to: customer
      subject: "Su cita del {appointment_date}"
      body: "Hola {customer_full_name}, le esperamos mañana."
      html: "<p>Hola {customer_full_name}, le esperamos mañana.</p>"
      attach: [calendar]
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Postfix]:
    with postfix() as server:
        yield server


@pytest.fixture
def server(running: Postfix) -> Postfix:
    """A Postfix whose mailboxes are empty."""
    running.empty()
    return running


@pytest.fixture
def connect(clinic: Clinic, server: Postfix) -> Callable[..., None]:
    """Write the workflows with settings for the submission port, or with others instead; None leaves one out."""
    server.authority.cert_pem.write_to_path(str(clinic.folder / "ca.pem"))

    def write(**others: Any) -> None:
        submission = {
            "host": "127.0.0.1",
            "port": server.submission,
            "security": "starttls",
            "username": USER,
            "password": PASSWORD,
            "ca_file": "ca.pem",
            "from": f"Clínica Sol <{USER}>",
            "timeout": 5,
        }
        settings = {name: value for name, value in (submission | others).items() if value is not None}
        clinic.write(WORKFLOWS, settings=SETTINGS.format(settings=json.dumps(settings, ensure_ascii=False)))

    write()
    clinic.run("2026-06-08T08:00Z")
    return write


def book(clinic: Clinic, *names: str, domain: str = DOMAIN, full_name: str | None = None) -> None:
    for name in names:
        customer = {"id": name, "email": f"{name}@{domain}"} | ({"full_name": full_name} if full_name else {})
        clinic.book(name, "2026-06-10T10:00Z", customers=(customer,))


def delivery_to(clinic: Clinic, name: str) -> dict[str, Any]:
    (found,) = clinic.deliveries("--booking", name)
    return found


def assert_one_reminder_for_ana(server: Postfix, clinic: Clinic) -> None:
    (mail,) = server.mails("ana", number=1)
    assert mail["X-Original-To"] == mail["To"] == f"ana@{DOMAIN}"
    assert (mail["Return-Path"], mail["From"]) == (f"<{USER}>", f"Clínica Sol <{USER}>")
    assert mail["Subject"] == "Su cita del miércoles, 10 de junio de 2026"
    assert mail["Message-ID"] == f"<{delivery_to(clinic, 'ana')['key']}@{DOMAIN}>"
    assert mail["Date"].datetime.isoformat() == "2026-06-09T10:00:00+00:00"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not mail.defects
    assert all(mail.get_all(name) is None for name in ("Cc", "Bcc"))
    assert all(len(mail.get_all(name) or []) == 1 for name in ("From", "To", "Subject", "Date", "Message-ID"))
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content() == "Hola Ana, le esperamos mañana.\n"
    assert server.delivered() == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_over_an_encrypted_and_authenticated_connection(
    clinic: Clinic, server: Postfix, connect: Callable[..., None], security: str
) -> None:
    connect(security=security, port=server.smtps if security == "tls" else server.submission)
    book(clinic, "ana")
    assert clinic.run(NOW) == {"planned": 1, "sent": 1}
    assert_one_reminder_for_ana(server, clinic)
    queue_id = delivery_to(clinic, "ana")["provider_id"]
    log = [line for line in server.log().splitlines() if f" {queue_id}: " in line]
    assert [line for line in log if f"sasl_method=PLAIN, sasl_username={USER}" in line]
    assert [line for line in log if f"from=<{USER}>" in line and "nrcpt=1 " in line]
    assert "with ESMTPSA id" in str(server.mails("ana", number=1)[0]["Received"])


def test_a_mail_arrives_by_the_local_sendmail_program(
    clinic: Clinic, server: Postfix, connect: Callable[..., None]
) -> None:
    local = dict.fromkeys(("host", "port", "security", "username", "password", "ca_file"))
    connect(**local, sendmail=str(server.sendmail))
    book(clinic, "ana")
    assert clinic.run(NOW) == {"planned": 1, "sent": 1}
    assert_one_reminder_for_ana(server, clinic)


@pytest.mark.parametrize(
    ("name", "full_name", "state", "answer"),
    [
        ("nobody", None, "failed", "refused the recipient: 550 5.1.1"),
        ("badly", None, "failed", "refused the recipient: 553 5.1.3"),
        ("ben", "Ben " * 9000, "failed", "refused the sender: 552 5.3.4"),
        ("later", None, "pending", "refused the recipient: 451 4.7.1"),
        ("full", None, "pending", "refused the recipient: 452 4.2.2"),
    ],
    ids=["550", "553", "552", "451", "452"],
)
def test_a_refused_mail_leaves_the_others_alone(
    clinic: Clinic,
    server: Postfix,
    connect: Callable[..., None],
    name: str,
    full_name: str | None,
    state: str,
    answer: str,
) -> None:
    book(clinic, name, full_name=full_name)
    book(clinic, "ana")
    ended = "failed" if state == "failed" else "retrying"
    assert clinic.run(NOW, exits=int(state == "failed")) == {"planned": 2, "sent": 1, ended: 1}
    refused = delivery_to(clinic, name)
    assert refused["state"] == state
    assert answer in refused["error"]
    assert refused["attempts"] == 1
    assert (refused["next_attempt_at"] is not None) == (state == "pending")
    assert_one_reminder_for_ana(server, clinic)
    again = clinic.run("2026-06-09T10:02Z")
    assert again == ({} if state == "failed" else {"retrying": 1})


ANOTHER_CA = trustme.CA()
NO_LOGIN = {"username": None, "password": None}


@pytest.mark.parametrize(
    ("port", "settings", "domain", "words"),
    [
        ("submission", {"password": "wrong-canary"}, DOMAIN, "535 5.7.8"),
        ("submission", {"username": f"nobody@{DOMAIN}"}, DOMAIN, "535 5.7.8"),
        ("submission", {"from": f"other@{DOMAIN}"}, DOMAIN, "553 5.7.1"),
        ("plain", {"security": "none"} | NO_LOGIN, "elsewhere.test", "454 4.7.1"),
        ("submission", {"security": "none"} | NO_LOGIN, DOMAIN, "530 5.7.0"),
        ("submission", {"security": "none"}, DOMAIN, "offers no login"),
        ("submission", {"ca_file": None}, DOMAIN, "no certificate to trust"),
        ("submission", {"ca_file": "another.pem"}, DOMAIN, "no certificate to trust"),
        ("smtps", {"security": "tls", "ca_file": "another.pem"}, DOMAIN, "no certificate to trust"),
        ("submission", {"host": "localhost"}, DOMAIN, "no certificate to trust: Hostname mismatch"),
        ("submission", {"security": "tls"}, DOMAIN, "does not speak TLS"),
        ("plain", {}, DOMAIN, "offers no STARTTLS"),
    ],
    ids=[
        "wrong password",
        "unknown account",
        "sender of somebody else",
        "relay denied",
        "clear text refused",
        "login only after TLS",
        "unknown CA",
        "another CA",
        "another CA, TLS from the start",
        "name not in the certificate",
        "TLS from the start where STARTTLS is spoken",
        "no STARTTLS",
    ],
)
def test_a_wrong_setting_pauses_all_mail_and_loses_none(
    clinic: Clinic,
    server: Postfix,
    connect: Callable[..., None],
    port: str,
    settings: dict[str, Any],
    domain: str,
    words: str,
) -> None:
    ANOTHER_CA.cert_pem.write_to_path(str(clinic.folder / "another.pem"))
    connect(**{"port": getattr(server, port)} | settings)
    book(clinic, "ana", "ben", domain=domain)
    result = clinic.command("run", "--now", NOW)
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("email: " if domain != DOMAIN else "email is down: "), "a domain is not the whole way"
    assert words in line
    assert clinic.states() == {"pending": 2}
    before = clinic.deliveries()
    clinic.run("2026-06-09T10:00:10Z")
    assert clinic.deliveries() == before
    clinic.execute("UPDATE customers SET email = id || ?", (f"@{DOMAIN}",))
    connect()
    assert clinic.run("2026-06-09T10:10Z") == {"sent": 2}
    assert [server.mails(name, number=1)[0]["To"] for name in ("ana", "ben")] == [f"ana@{DOMAIN}", f"ben@{DOMAIN}"]
    assert server.delivered() == 2
    remembered = (clinic.folder / "ledger.db").read_bytes().decode("latin-1") + result.output
    assert "canary" not in remembered
    assert PASSWORD not in remembered


def test_a_login_that_cannot_be_checked_is_tried_again(
    clinic: Clinic, server: Postfix, connect: Callable[..., None]
) -> None:
    accounts = server.folder / "etc" / "sasldb"
    book(clinic, "ana")
    accounts.chmod(0)
    try:
        assert clinic.run(NOW) == {"planned": 1, "retrying": 1}
    finally:
        accounts.chmod(0o600)
    assert "454 4.7.0" in delivery_to(clinic, "ana")["error"]
    assert clinic.run("2026-06-09T10:02Z") == {"sent": 1}
    assert server.mails("ana", number=1)


# --- a connection that breaks once the mail is accepted -------------------------------------------------------------


class Cutter:
    """A way to a server that ends a connection instead of passing on the answer to a final dot, some times."""

    def __init__(self, port: int, *, cuts: int, context: ssl.SSLContext | None) -> None:
        self._server_port = port
        self._context = context
        self.cuts_left = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._stopping = False
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            client = self._listener.accept()[0]
            if self._stopping:
                client.close()
                return
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self._server_port))
            with client, server, contextlib.suppress(OSError):
                self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        tail = b""
        while True:
            ready = [client] if getattr(client, "pending", int)() else select.select([client, server], [], [], 10)[0]
            if not ready:
                return
            for side in ready:
                chunk = side.recv(65536)
                if not chunk:
                    return
                if side is server and tail == b"\r\n.\r\n" and self.cuts_left:
                    assert chunk.startswith(b"250 ")
                    self.cuts_left -= 1
                    return
                if side is client:
                    tail = (tail + chunk)[-5:]
                (server if side is client else client).sendall(chunk)


@pytest.fixture
def cut(server: Postfix) -> Iterator[Callable[..., Cutter]]:
    with contextlib.ExitStack() as stack:

        def start(*, cuts: int, security: str) -> Cutter:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if security == "tls" else None
            if context:
                server.authority.issue_cert("127.0.0.1").configure_cert(context)
            cutter = Cutter(server.plain, cuts=cuts, context=context)
            stack.callback(cutter.stop)
            return cutter

        yield start


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_mail_whose_acceptance_was_not_heard_is_sent_once_more_with_its_id(
    clinic: Clinic, server: Postfix, connect: Callable[..., None], cut: Callable[..., Cutter], security: str
) -> None:
    connect(port=cut(cuts=1, security=security).port, security=security, **NO_LOGIN)
    book(clinic, "ana")
    assert clinic.run(NOW) == {"planned": 1, "retrying": 1}
    waiting = delivery_to(clinic, "ana")
    assert (waiting["state"], waiting["attempts"]) == ("pending", 1)
    assert "it may have arrived" in waiting["error"]
    assert clinic.run("2026-06-09T10:02Z") == {"sent": 1}
    assert clinic.run("2026-06-09T10:30Z") == {}
    assert len({mail["Message-ID"] for mail in server.mails("ana", number=2)}) == 1
    shown = json.loads(clinic.command("deliveries", "show", str(waiting["id"]), "--json").stdout)
    assert [attempt["outcome"] for attempt in shown["history"]] == ["unknown", "sent"]


def test_a_mail_that_is_not_heard_of_twice_is_left_to_a_person(
    clinic: Clinic, server: Postfix, connect: Callable[..., None], cut: Callable[..., Cutter]
) -> None:
    connect(port=cut(cuts=2, security="none").port, security="none", **NO_LOGIN)
    book(clinic, "ana")
    clinic.run(NOW)
    assert clinic.run("2026-06-09T10:02Z", exits=1) == {"unknown": 1}
    assert delivery_to(clinic, "ana")["state"] == "unknown"
    assert clinic.run("2026-06-09T10:30Z") == {}
    assert len(server.mails("ana", number=2)) == server.delivered()


def test_a_server_that_is_down_loses_no_mail_and_repeats_none(
    clinic: Clinic, server: Postfix, connect: Callable[..., None]
) -> None:
    connect(port=1)
    book(clinic, "ana")
    assert clinic.run(NOW) == {"planned": 1, "retrying": 1}
    assert "cannot be reached" in delivery_to(clinic, "ana")["error"]
    connect()
    assert clinic.run("2026-06-09T10:02Z") == {"sent": 1}
    assert len(server.mails("ana", number=1)) == server.delivered()
