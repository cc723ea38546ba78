"""The meaning of an SMTP server's answer, by the phase of the dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.hiding import hide_secrets
from reminderctl.text import shorten

_LONGEST_WORDS = 200  # characters of the server's own words in an error text


class Phase(IntEnum):
    """The phases of a dialogue, in their order."""

    CONNECT = 1
    TLS = 2
    HELLO = 3
    LOGIN = 4
    RESET = 5
    SENDER = 6
    RECIPIENT = 7
    DATA = 8  # the command, up to its 354
    CONTENT = 9  # the mail is leaving; its final dot has not left
    ANSWER = 10  # the final dot has left
    ACCEPTED = 11  # and was answered: between two mails

    @property
    def thing(self) -> str:
        return _THINGS[self]


_THINGS = {
    Phase.CONNECT: "the connection",
    Phase.TLS: "TLS",
    Phase.HELLO: "the greeting",
    Phase.LOGIN: "the login",
    Phase.RESET: "a new mail",
    Phase.SENDER: "the sender",
    Phase.RECIPIENT: "the recipient",
    Phase.DATA: "the message",
    Phase.CONTENT: "the message",
    Phase.ANSWER: "the message",
    Phase.ACCEPTED: "the next mail",
}


class Rule(NamedTuple):
    """One row of the table: what an answer must be, and what it then means. Patterns match from the start.

    `recipient_only`: it speaks of this recipient, or of its domain, so that the server is in no trouble.
    """

    phases: frozenset[Phase]
    code: str
    enhanced: str
    words: str
    meaning: type[DeliveryError]
    recipient_only: bool = False


_ANY = frozenset(Phase)
_BEFORE_MAIL = frozenset({Phase.CONNECT, Phase.TLS, Phase.HELLO, Phase.LOGIN, Phase.RESET})
_RECIPIENT = frozenset({Phase.RECIPIENT})
_ADDRESSES = frozenset({Phase.SENDER, Phase.RECIPIENT})
_MAIL = frozenset({Phase.SENDER, Phase.RECIPIENT, Phase.DATA, Phase.ANSWER})
_SENDER_REFUSED = r".*\bsender (?:address )?(?:rejected|refused|denied|not (?:allowed|permitted|owned))|.*\bsend ?as\b"
_CLIENT_REFUSED = r".*\b(?:client host|helo command) rejected"

# The first row that matches decides.
# Sources: runs against Postfix and Exim; RFC 5321, 3463, 4954. What it comes to: docs/reference/failures.md.
RULES = (
    # Gmail's daily sending limit: support.google.com/a/answer/3726730.
    Rule(_ANY, "550", r"5\.4\.5", "", Throttled),
    # What a mailbox is or does (RFC 3463, X.2.X): busy, full, or, at Gmail, receiving too fast.
    Rule(_RECIPIENT, "45[012]", r"4\.2\.", "", Unavailable, recipient_only=True),
    # The last, said at another place. Microsoft 365: too many connections. RFC 3463: too many recipients.
    Rule(_MAIL, "450", r"4\.2\.1", "", Throttled),
    Rule(_ANY, "432", "", "", Throttled),
    Rule(_MAIL, "452", r"4\.5\.3", "", Throttled),
    # "Relay access denied" is 454 4.7.1 in Postfix and 550 in Exim: we have not logged in, or at the wrong server. But
    # some servers relay to a few domains only.
    Rule(_RECIPIENT, "[45]", "", r".*\brelay", ChannelDown, recipient_only=True),
    Rule(_ADDRESSES, "[45]", "", r".*\brelay", ChannelDown),
    # 530: authentication required, wherever a server asks for it (RFC 4954 6).
    Rule(_ANY, "530", "", "", ChannelDown),
    # Exchange answers SendAsDenied after the dot.
    Rule(_MAIL, "5", "", _SENDER_REFUSED + r"|.*SendAsDenied", ChannelDown),
    # Postfix delays its verdict on the client and the sender to the recipient (smtpd_delay_reject).
    Rule(_ADDRESSES, "5", "", _CLIENT_REFUSED, ChannelDown),
    Rule(_RECIPIENT, "553", r"5\.7\.|5\.1\.[78]", "", ChannelDown),
    Rule(_RECIPIENT, "553", "", r".*\bsender\b", ChannelDown),
    # The same verdicts for now, and the server's own trouble (X.3.X to X.6.X): all of it meets the next mail as well.
    Rule(_RECIPIENT, "4", "", rf"{_CLIENT_REFUSED}|{_SENDER_REFUSED}|.*\btoo m(?:uch|any)\b", Unavailable),
    Rule(_RECIPIENT, "4", r"4\.[3-6]\.", "", Unavailable),
    # Greylisting (4.7.1); an address that cannot be looked up; a mailbox, by a server without enhanced codes.
    Rule(_RECIPIENT, "45[012]", r"4\.7\.1$|4\.1\.(?![78]$)", "", Unavailable, recipient_only=True),
    Rule(
        _RECIPIENT, "45[012]", "", r".*\b(?:gr[ae]y-?\s?list|mailbox|quota|recipient)", Unavailable, recipient_only=True
    ),
    Rule(_RECIPIENT, "450", "$", "", Unavailable, recipient_only=True),
    # Too big, said at MAIL because of its SIZE (RFC 1870).
    Rule(frozenset({Phase.SENDER}), "552", "", "", Rejected),
    # 454 at AUTH is a backend that is down, 535 a wrong password (RFC 4954 4.7): only the 5 is for a person.
    Rule(_BEFORE_MAIL | {Phase.SENDER}, "5", "", "", ChannelDown),
    Rule(_MAIL, "5", "", "", Rejected),
    # Scanners and policy servers that are down, 421.
    Rule(_ANY, "4", "", "", Unavailable),
    # No SMTP answer, or one that does not belong here: after the dot it says nothing about the mail.
    Rule(frozenset({Phase.ANSWER}), "", "", "", Unknown),
    Rule(_ANY, "", "", "", Unavailable),
)


def classify(code: int, enhanced: str, *, phase: Phase, words: str) -> Rule:
    """Return the row for an answer that is not the hoped-for one. `enhanced` is RFC 3463's `5.1.1`, or empty."""
    digits = f"{code:03d}" if 0 < code < 1000 else ""
    for rule in RULES:
        if (
            phase in rule.phases
            and re.match(rule.code, digits)
            and re.match(rule.enhanced, enhanced)
            and re.match(rule.words, words, re.IGNORECASE)
        ):
            return rule
    raise AssertionError("the last rule matches everything")


def refusal(who: str, code: int, *, reply: str, phase: Phase, hidden: Iterable[str] = ()) -> DeliveryError:
    """Return the error that a refusing answer amounts to; it holds none of the `hidden` texts."""
    enhanced, words = read_reply(reply)
    shown = shorten(hide_secrets(words, hidden), _LONGEST_WORDS)
    if 0 < code < 1000:
        provider_code = f"{code} {enhanced}".strip()
        text = f"{who} refused {phase.thing}: {provider_code} {shown}".strip()
    else:
        provider_code = None
        text = f"{who} answered {phase.thing} with something that is not SMTP"
    rule = classify(code, enhanced, phase=phase, words=words)
    if rule.recipient_only and issubclass(rule.meaning, Unavailable):
        return rule.meaning(text, provider_code=provider_code, recipient_only=True)
    return rule.meaning(text, provider_code=provider_code)


def loss(who: str, cause: str, *, phase: Phase) -> DeliveryError:
    """Return the error that a lost connection amounts to: only after the final dot nobody can know."""
    if phase is Phase.ANSWER:
        return Unknown(f"{who} was lost after the whole message had been sent, so it may have arrived: {cause}")
    if phase is Phase.CONNECT:
        return Unavailable(f"{who} cannot be reached: {cause}")
    return Unavailable(f"{who} was lost at {phase.thing}: {cause}")


def read_reply(reply: str) -> tuple[str, str]:
    """Return an answer's enhanced code (RFC 3463, or empty) and its words on one line."""
    lines = re.sub(r"[^\S\n]|[^\x20-\x7e\n\u00a1-\uffff]", " ", reply).split("\n")
    found = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})(?:\s|$)", lines[0])
    enhanced = found[1] if found else ""
    words = " ".join(line.strip().removeprefix(enhanced) for line in lines)
    return enhanced, " ".join(words.split())


def queue_id(reply: str) -> str | None:
    """Return the id of a mail in the server's queue, from its answer to the final dot (Postfix's and Exim's words)."""
    found = re.search(r"\bqueued as <?([\w.-]+)|\bid=([\w-]+)", reply, re.IGNORECASE)
    return (found[1] or found[2]) if found else None
