"""Email against real SMTP servers of aiosmtpd."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from msgspec import structs

from reminderctl.channels import email as channel
from reminderctl.channels._email.message import Message
from reminderctl.channels._email.settings import Settings
from reminderctl.errors import ChannelDown, Rejected, Unavailable
from reminderctl.model import Envelope as Around
from reminderctl.secret import Secret
from tests.certificates import certificate_by_common_name
from tests.mail_server import PASSWORD, TOKEN, MailServer, mail_servers

pytestmark = [
    # aiosmtpd 1.4.6 warns of its own use of Session.login_data, and of AUTH without TLS, which some tests want
    pytest.mark.filterwarnings("ignore:Session.login_data is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning"),
]

AROUND = Around(
    key="3f2a9c",
    delivery_id=7,
    at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    useful_until=datetime(2026, 11, 22, 20, 30, tzinfo=UTC),
)


def a_message(**fields: Any) -> Message:
    return Message(**({"to": "ana@example.test", "subject": "Su cita", "body": "Hola Ana"} | fields))


Serve = Callable[..., MailServer]
OpenChannel = Callable[..., channel.Channel]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with mail_servers() as start:
        yield start


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def open_channel() -> Iterator[OpenChannel]:
    opened = []
    usual = Settings(host="127.0.0.1", from_="Clínica Sol <citas@example.test>", timeout=5.0)

    def start(**settings: Any) -> channel.Channel:
        opened.append(channel.Channel(structs.replace(usual, **settings)))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_a_batch_of_mails_travels_on_one_connection(serve: Serve, open_channel: OpenChannel) -> None:
    server = serve()
    sender = open_channel(port=server.port, security="none")
    receipts = [sender.send(a_message(to=f"c{number}@example.test"), AROUND) for number in range(3)]
    assert [receipt.provider_id for receipt in receipts] == ["Q1", "Q2", "Q3"]
    assert [mail.rcpt_tos for mail in server.mails] == [["c0@example.test"], ["c1@example.test"], ["c2@example.test"]]
    assert {mail.mail_from for mail in server.mails} == {"citas@example.test"}
    assert server.connections == 1
    assert server.mails[0].content == channel.preview(
        a_message(to="c0@example.test"), sender._settings, envelope=AROUND
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_travels_only_encrypted(
    serve: Serve, open_channel: OpenChannel, certificate: ssl.SSLContext, ca_file: Path, security: str
) -> None:
    how = {"implicit": certificate} if security == "tls" else {"tls": certificate}
    server = serve(**how, auth_require_tls=security == "starttls", auth_required=True)
    sender = open_channel(
        port=server.port, security=security, ca_file=ca_file, username="citas", password=Secret(PASSWORD)
    )
    sender.send(a_message(), AROUND)
    assert len(server.mails) == 1
    assert server.logins == [("PLAIN", PASSWORD.encode())]


def test_a_server_that_knows_only_login_gets_login(serve: Serve, open_channel: OpenChannel) -> None:
    server = serve(auth_require_tls=False, auth_exclude_mechanism=["PLAIN"])
    sender = open_channel(port=server.port, security="none", username="citas", password=Secret(PASSWORD))
    sender.send(a_message(), AROUND)
    assert server.logins == [("LOGIN", PASSWORD.encode())]


def test_a_wrong_password_stops_the_channel_after_one_try(serve: Serve, open_channel: OpenChannel) -> None:
    server = serve(auth_require_tls=False)
    sender = open_channel(port=server.port, security="none", username="citas", password=Secret("wrong-one"))
    with pytest.raises(ChannelDown, match=r"^127\.0\.0\.1 refused the login: 535 5\.7\.8 ") as caught:
        sender.send(a_message(), AROUND)
    assert "wrong-one" not in str(caught.value)
    assert caught.value.provider_code == "535 5.7.8"
    assert len(server.logins) == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (f"print('{TOKEN}')", None),
        ("print('stale')", "refused the login: 535"),
        ("import sys; sys.exit(f'cannot refresh {3}')", "gave no token (exit status 1)"),
    ],
)
def test_a_command_gives_the_token_for_xoauth2(
    serve: Serve, open_channel: OpenChannel, script: str, error: str | None
) -> None:
    server = serve(auth_require_tls=False)
    sender = open_channel(
        port=server.port, security="none", username="citas", token_command=[sys.executable, "-c", script]
    )
    if error is None:
        sender.send(a_message(), AROUND)
        assert len(server.mails) == 1
        return
    with pytest.raises(ChannelDown) as caught:
        sender.send(a_message(), AROUND)
    assert error in str(caught.value)


def test_a_token_command_that_is_not_there_stops_the_channel(serve: Serve, open_channel: OpenChannel) -> None:
    sender = open_channel(
        port=serve().port, security="none", username="citas", token_command="/no/such/tool --account x"
    )
    with pytest.raises(ChannelDown, match="token_command /no/such/tool cannot be started: No such file"):
        sender.send(a_message(), AROUND)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority_stops_the_channel(
    serve: Serve, open_channel: OpenChannel, certificate: ssl.SSLContext, security: str
) -> None:
    server = serve(tls=certificate) if security == "starttls" else serve(implicit=certificate)
    with pytest.raises(ChannelDown, match="has no certificate to trust: unable to get local issuer"):
        open_channel(port=server.port, security=security).send(a_message(), AROUND)


def test_a_certificate_of_another_host_stops_the_channel(
    serve: Serve, open_channel: OpenChannel, certificate: ssl.SSLContext, ca_file: Path
) -> None:
    server = serve(tls=certificate)
    with pytest.raises(ChannelDown, match=r"has no certificate to trust: .*localhost"):
        open_channel(host="localhost", port=server.port, ca_file=ca_file).send(a_message(), AROUND)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_names_its_server_as_its_subject_only_stops_the_channel(
    serve: Serve, open_channel: OpenChannel, authority: trustme.CA, ca_file: Path, tmp_path: Path, security: str
) -> None:
    context = certificate_by_common_name(authority, "localhost", folder=tmp_path)
    server = serve(tls=context) if security == "starttls" else serve(implicit=context)
    sender = open_channel(host="localhost", port=server.port, security=security, ca_file=ca_file)
    with pytest.raises(ChannelDown, match=r"has no certificate to trust: .*localhost"):
        sender.send(a_message(), AROUND)
    assert server.mails == []


def test_a_server_without_starttls_sees_neither_password_nor_mail(serve: Serve, open_channel: OpenChannel) -> None:
    server = serve(auth_require_tls=False)
    sender = open_channel(port=server.port, username="citas", password=Secret(PASSWORD))
    with pytest.raises(ChannelDown, match="offers no STARTTLS"):
        sender.send(a_message(), AROUND)
    assert (server.logins, server.mails) == ([], [])


def test_tls_to_a_port_without_it_stops_the_channel(serve: Serve, open_channel: OpenChannel) -> None:
    with pytest.raises(ChannelDown, match="does not speak TLS"):
        open_channel(port=serve().port, security="tls").send(a_message(), AROUND)


def test_a_closed_port_is_tried_again_later(open_channel: OpenChannel) -> None:
    with pytest.raises(Unavailable, match="cannot be reached: Connection refused") as caught:
        open_channel(port=1, security="none").send(a_message(), AROUND)
    assert type(caught.value) is Unavailable


def test_a_local_part_beyond_ascii_needs_a_server_that_takes_it(serve: Serve, open_channel: OpenChannel) -> None:
    modern, old = serve(enable_SMTPUTF8=True), serve()
    open_channel(port=modern.port, security="none").send(a_message(to="josé@müller.test"), AROUND)
    assert modern.mails[0].rcpt_tos == ["josé@xn--mller-kva.test"]
    with pytest.raises(Rejected, match="SMTPUTF8"):
        open_channel(port=old.port, security="none").send(a_message(to="josé@müller.test"), AROUND)
