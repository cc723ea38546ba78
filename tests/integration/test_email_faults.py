"""Email against a server that fails at a chosen point of the SMTP dialogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from reminderctl.channels import email as channel
from reminderctl.channels._email.message import Message
from reminderctl.channels._email.settings import Settings
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Envelope
from reminderctl.secret import Secret
from tests.smtp_server import CLOSE, SILENCE, Answer, Server, serve

AROUND = Envelope(
    key="3f2a9c",
    delivery_id=7,
    at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    useful_until=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
)
MESSAGE = Message(to="ana@example.test", subject="Su cita", body="Hola Ana\n.\n..\nFin")


Scripted = Callable[..., tuple[Server, channel.Channel]]


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that fails as told, and a channel to it."""
    with ExitStack() as opened:

        def start(
            *, timeout: float = 5.0, username: str = "", **answers: Answer | list[Answer]
        ) -> tuple[Server, channel.Channel]:
            server = opened.enter_context(serve(**answers))
            settings = Settings(
                host="127.0.0.1",
                port=server.port,
                security="none",
                from_="citas@example.test",
                timeout=timeout,
                username=username,
                password=Secret("hush-hush") if username else None,
            )
            sender = channel.Channel(settings)
            opened.callback(sender.close)
            opened.callback(server.released.set)  # before it: a drip would hold up the farewell
            return server, sender

        yield start


def test_lines_of_dots_arrive_as_they_were_written(scripted: Scripted) -> None:
    server, sender = scripted()
    sender.send(MESSAGE, AROUND)
    assert server.contents[0].endswith(b"\r\n\r\nHola Ana\r\n..\r\n...\r\nFin\r\n.\r\n")


# Where the connection is lost decides: only once the final dot has left, nobody knows.
@pytest.mark.parametrize(
    ("point", "expected", "words"),
    [
        ("greeting", Unavailable, "cannot be reached"),
        ("EHLO", Unavailable, "lost at the greeting"),
        ("MAIL", Unavailable, "lost at the sender"),
        ("RCPT", Unavailable, "lost at the recipient"),
        ("DATA", Unavailable, "lost at the message"),
        ("dot", Unknown, "may have arrived"),
    ],
)
@pytest.mark.parametrize("answer", [CLOSE, b"2", b"250-and so on\r\n"], ids=["closed", "dripping", "endless"])
def test_the_point_of_a_loss_decides_what_it_means(
    scripted: Scripted, point: str, answer: Answer, expected: type[DeliveryError], words: str
) -> None:
    _, sender = scripted(timeout=0.15, **{point: answer})
    with pytest.raises(DeliveryError, match=words) as caught:
        sender.send(MESSAGE, AROUND)
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("point", "answer", "expected", "words"),
    [
        ("greeting", "450 4.3.2 Busy", Unavailable, "refused the connection: 450 4.3.2 Busy"),
        ("greeting", "554 5.7.1 Go away", ChannelDown, "refused the connection: 554 5.7.1 Go away"),
        ("MAIL", "451 4.3.0 Later", Unavailable, "refused the sender: 451 4.3.0 Later"),
        ("MAIL", "553 5.1.8 Who?", ChannelDown, "refused the sender"),
        ("MAIL", "530 5.7.0 Authentication required", ChannelDown, "refused the sender"),
        ("MAIL", "552 5.3.4 Too big", Rejected, "552 5.3.4 Too big"),
        ("RCPT", "550-5.1.1 No\n550 5.1.1 such user", Rejected, "refused the recipient: 550 5.1.1 No such user"),
        ("RCPT", "451 4.7.1 Greylisted", Unavailable, "451 4.7.1 Greylisted"),
        ("RCPT", "452 4.2.2 Mailbox full", Unavailable, "452 4.2.2"),
        ("RCPT", "452 4.5.3 Too many recipients", Throttled, "452 4.5.3"),
        ("RCPT", "450 4.2.0 Try later", Unavailable, "450"),
        ("RCPT", "450 4.2.1 Receiving too quickly", Unavailable, "450 4.2.1"),
        ("DATA", "450 4.2.1 Receiving too quickly", Throttled, "450 4.2.1"),
        ("RCPT", "550 5.4.5 Daily sending limit", Throttled, "550 5.4.5"),
        ("RCPT", "432 4.3.2 Concurrent connections", Throttled, "432"),
        ("RCPT", "554 5.7.1 Policy", Rejected, "554 5.7.1 Policy"),
        ("RCPT", "552 5.2.2 Over quota", Rejected, "552 5.2.2"),
        ("RCPT", "553 5.1.3 Bad address syntax", Rejected, "553 5.1.3"),
        ("RCPT", "553 5.7.1 Sender address rejected: not owned by user", ChannelDown, "553 5.7.1"),
        ("RCPT", "454 4.7.1 <ana@example.test>: Relay access denied", ChannelDown, "454 4.7.1"),
        ("RCPT", "550 relay not permitted", ChannelDown, "550 relay not permitted"),
        ("DATA", "451 4.3.0 Not now", Unavailable, "refused the message"),
        ("DATA", "554 5.5.1 No valid recipients", Rejected, "refused the message"),
        ("dot", "451 4.3.0 Scanner down", Unavailable, "refused the message: 451"),
        ("dot", "550 5.7.1 Spam", Rejected, "refused the message: 550 5.7.1 Spam"),
        ("dot", "552 5.3.4 Too big", Rejected, "552"),
        ("dot", "554 5.2.252 SendAsDenied; citas@example.test not allowed", ChannelDown, "SendAsDenied"),
        ("dot", "HTTP/1.1 200 OK", Unknown, "not SMTP"),
        ("dot", "354 Go on", Unknown, "354"),
        ("MAIL", "HTTP/1.1 200 OK", Unavailable, "not SMTP"),
    ],
)
@pytest.mark.parametrize("offer", ["SIZE 1000000", "PIPELINING"])
def test_an_answer_means_what_its_code_and_its_place_say(
    scripted: Scripted, point: str, answer: Answer, expected: type[DeliveryError], words: str, offer: str
) -> None:
    _, sender = scripted(EHLO=f"250-mx.test\n250 {offer}", **{point: answer})
    with pytest.raises(DeliveryError) as caught:
        sender.send(MESSAGE, AROUND)
    assert (type(caught.value), words in str(caught.value)) == (expected, True), str(caught.value)
    assert str(caught.value).startswith("127.0.0.1 ")


@pytest.mark.parametrize(
    ("point", "answer", "alone"),
    [
        ("RCPT", "450 4.2.1 Receiving mail at a rate that is too high", True),
        ("RCPT", "451 4.7.1 Greylisted", True),
        ("RCPT", "450 4.2.0 <ana@example.test>: Recipient address rejected: Greylisted", True),
        ("RCPT", "452 4.2.2 Mailbox full, it has too many mails", True),
        ("RCPT", "450 4.1.2 <ana@example.test>: Recipient address rejected: Domain not found", True),
        ("RCPT", "450 Not now", True),
        ("RCPT", "451 Greylisting in action, please come back later", True),
        ("RCPT", "452 <ana@example.test> is over quota", True),
        ("RCPT", "421 4.2.1 Closing", False),
        ("RCPT", "450 4.1.8 <citas@example.test>: Sender address rejected: Domain not found", False),
        ("RCPT", "450 4.7.1 Client host rejected: cannot find your hostname", False),
        ("RCPT", "450 4.7.1 Error: too much mail from 192.0.2.1", False),
        ("RCPT", "451 4.3.5 <ana@example.test>: Recipient address rejected: Server configuration error", False),
        ("RCPT", "451 Temporary local problem", False),
        ("RCPT", "452 4.3.1 Insufficient system storage", False),
        ("MAIL", "451 4.7.1 Later", False),
        ("DATA", "451 4.7.1 Later", False),
        ("dot", "452 4.2.2 Full", False),
        ("RCPT", "454 4.7.1 <ana@example.test>: Relay access denied", True),
        ("RCPT", "550 relay not permitted", True),
        ("MAIL", "550 relaying denied", False),
        ("RCPT", "553 5.7.1 Sender address rejected: not owned by user", False),
    ],
)
def test_an_answer_about_one_recipient_says_nothing_of_the_server(
    scripted: Scripted, point: str, answer: Answer, *, alone: bool
) -> None:
    _, sender = scripted(**{point: answer})
    with pytest.raises(Unavailable) as caught:
        sender.send(MESSAGE, AROUND)
    assert caught.value.recipient_only is alone


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("535 5.7.8 Error: hush-hush AGNpdGFzAGh1c2gtaHVzaA== is wrong", ChannelDown),
        ("535 5.7.8 %68ush&#45;hush, aHVzaC1odXNo and user=citas:aHVzaC1odXNo", ChannelDown),
        ("535 5.7.8 dXNlcj1jaXRhczpodXNoLWh1c2g is wrong", ChannelDown),
        ("454 4.7.0 Temporary authentication failure", Unavailable),
        (CLOSE, Unavailable),
    ],
)
def test_a_login_that_fails_tells_no_secret(scripted: Scripted, answer: Answer, expected: type[DeliveryError]) -> None:
    server, sender = scripted(username="citas", EHLO="250-mx.test\n250 AUTH PLAIN LOGIN", AUTH=answer)
    with pytest.raises(DeliveryError) as caught:
        sender.send(MESSAGE, AROUND)
    assert type(caught.value) is expected
    assert "hush" not in str(caught.value)
    assert "AGNpdGFz" not in str(caught.value)
    assert "HVzaC1odXNo" not in str(caught.value)
    assert "NoLWh1c2" not in str(caught.value)
    assert not [command for command in server.commands if command.startswith("MAIL")]


def test_a_server_without_a_login_is_not_sent_to(scripted: Scripted) -> None:
    _, sender = scripted(username="citas")
    with pytest.raises(ChannelDown, match="offers no login"):
        sender.send(MESSAGE, AROUND)


def test_an_accepted_mail_stays_accepted_when_the_farewell_fails(scripted: Scripted) -> None:
    server, sender = scripted(QUIT="500 5.5.1 Never")
    assert sender.send(MESSAGE, AROUND).provider_id == "<3f2a9c@example.test>"
    sender.close()
    assert server.commands[-1].upper() == "QUIT"


def test_the_queue_id_of_the_server_is_kept(scripted: Scripted) -> None:
    _, sender = scripted(dot=["250 2.0.0 Ok: queued as 4Wq1Xb2", "250 OK id=1rABcd-000042-Xy"])
    assert [sender.send(MESSAGE, AROUND).provider_id for _ in range(2)] == ["4Wq1Xb2", "1rABcd-000042-Xy"]


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": ["250 Ok", "421 4.7.0 Too many mails on one connection", "250 Ok"]},
        {"MAIL": ["250 Ok", CLOSE, "250 Ok"]},
        {"RCPT": ["250 Ok", CLOSE, "250 Ok"]},
        {"dot": "250 Ok\n250 Ok as well"},
    ],
    ids=["421 at MAIL", "closed at MAIL", "closed at RCPT", "spoke out of turn"],
)
def test_a_connection_that_the_server_ends_between_mails_is_replaced(
    scripted: Scripted, answers: dict[str, Answer | list[Answer]]
) -> None:
    server, sender = scripted(**answers)
    for _ in range(2):
        sender.send(MESSAGE, AROUND)
    assert len(server.contents) == 2
    assert server.connections == 2


@pytest.mark.parametrize("line", ["250 2.0.0 Ok", "421 4.4.2 Timed out"])
def test_a_line_that_nobody_asked_for_is_not_taken_for_an_answer(scripted: Scripted, line: str) -> None:
    server, sender = scripted(RCPT=["250 2.1.5 Ok", "550 5.1.1 User unknown", "250 2.1.5 Ok"])
    sender.send(MESSAGE, AROUND)
    server.say(line)
    with pytest.raises(Rejected):
        sender.send(MESSAGE, AROUND)
    server.say(line)
    sender.send(MESSAGE, AROUND)
    assert (len(server.contents), server.connections) == (2, 3)


@pytest.mark.parametrize("answer", ["421 4.4.2 Timed out", "500 What?", CLOSE], ids=["421", "refused", "closed"])
def test_a_connection_on_which_a_refused_mail_cannot_be_cleared_is_replaced(scripted: Scripted, answer: Answer) -> None:
    server, sender = scripted(RCPT=["550 5.1.1 User unknown", "250 Ok"], RSET=answer)
    with pytest.raises(Rejected):
        sender.send(MESSAGE, AROUND)
    sender.send(MESSAGE, AROUND)
    assert (len(server.contents), server.connections) == (1, 2)


def test_mails_that_are_accepted_follow_each_other_without_a_word_between(scripted: Scripted) -> None:
    server, sender = scripted()
    for _ in range(2):
        sender.send(MESSAGE, AROUND)
    verbs = [command.partition(" ")[0].upper() for command in server.commands]
    assert (verbs, server.connections) == (["EHLO", *["MAIL", "RCPT", "DATA"] * 2], 1)


def test_a_refused_recipient_leaves_the_connection_to_the_next_mail(scripted: Scripted) -> None:
    server, sender = scripted(RCPT=["550 5.1.1 User unknown", "250 Ok"])
    with pytest.raises(Rejected):
        sender.send(MESSAGE, AROUND)
    sender.send(MESSAGE, AROUND)
    assert server.connections == 1
    assert [command.partition(" ")[0].upper() for command in server.commands[1:4]] == ["MAIL", "RCPT", "RSET"]


def test_both_addresses_go_at_once_to_a_server_that_takes_commands_together(scripted: Scripted) -> None:
    server, sender = scripted(
        EHLO="250-mx.test\n250 PIPELINING",
        MAIL=["552 5.3.4 Too big", "250 Ok"],
        RCPT=["503 5.5.1 No sender", "250 Ok"],
    )
    with pytest.raises(Rejected, match="552"):
        sender.send(MESSAGE, AROUND)
    sender.send(MESSAGE, AROUND)
    verbs = [command.partition(" ")[0].upper() for command in server.commands]
    assert verbs == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]
    assert (len(server.contents), server.connections) == (1, 1)


@pytest.mark.parametrize("answer", [CLOSE, SILENCE], ids=["closed", "silent"])
def test_a_refused_sender_is_heard_though_the_recipient_is_not_answered(scripted: Scripted, answer: Answer) -> None:
    server, sender = scripted(
        timeout=0.3,
        EHLO="250-mx.test\n250 PIPELINING",
        MAIL=["552 5.3.4 Too big", "250 Ok"],
        RCPT=[answer, "250 Ok"],
    )
    with pytest.raises(Rejected, match="552"):
        sender.send(MESSAGE, AROUND)
    sender.send(MESSAGE, AROUND)
    assert (len(server.contents), server.connections) == (1, 2)


def test_a_mail_of_unknown_fate_is_not_sent_again_by_the_channel(scripted: Scripted) -> None:
    server, sender = scripted(dot=["250 Ok", CLOSE, "250 Ok"])
    sender.send(MESSAGE, AROUND)
    with pytest.raises(Unknown):
        sender.send(MESSAGE, AROUND)
    assert len(server.contents) == 2
    sender.send(MESSAGE, AROUND)
    assert server.connections == 2
