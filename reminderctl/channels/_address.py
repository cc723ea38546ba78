"""Mail addresses, read strictly: one text is one mailbox or it is refused."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

# RFC 5321 with RFC 6531: a dot-atom before the @, host labels after it. Quoted local parts and address literals exist
# on paper only, and are where parsers disagree about who gets the mail.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\U0010ffff]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ANOTHER = re.compile(r"[<>]|\S@\S")
_LONGEST_LOCAL, _LONGEST = 64, 254  # octets, RFC 5321 4.5.3.1


class Mailbox(NamedTuple):
    """Whom a mail comes from or goes to: a name, which may be empty, and a bare address with its domain in ASCII."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@functools.lru_cache(maxsize=1024)
def parse_mailbox(text: str) -> Mailbox:
    """The mailbox that `ana@example.com` or `Ana <ana@example.com>` names.

    Raises ValueError, saying what is wrong, for anything but exactly one address.
    """
    if _CONTROL.search(text):
        raise ValueError("holds a line break or another control character")
    text = text.strip()
    if not text.endswith(">"):
        return Mailbox("", _address(text))
    name, opening, address = text[:-1].rpartition("<")
    if not opening:
        raise ValueError("has a > without its <")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if _ANOTHER.search(name):
        raise ValueError("names more than one address")
    return Mailbox(name, _address(address.strip()))


def _address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError("has no @" if text else "is empty")
    if "," in text or ";" in text or "@" in local:
        raise ValueError("names more than one address")
    # An encoded word must not be decoded in an address, but mail programs do, to a line break and another header.
    if not _LOCAL.fullmatch(local) or not local.isprintable() or "=?" in local:
        raise ValueError(f"cannot have {local!r} before the @")
    ascii_domain = domain if domain.isascii() else _punycode(domain)
    if not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError(f"cannot have {domain!r} after the @")
    if len(local.encode()) > _LONGEST_LOCAL or len(local.encode()) + 1 + len(ascii_domain) > _LONGEST:
        raise ValueError("is longer than an address may be")
    return f"{local}@{ascii_domain}"


def _punycode(domain: str) -> str:
    import idna  # the standard library's codec is IDNA 2003, which turns straße.de into somebody else's strasse.de

    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError(f"cannot have {domain!r} after the @") from None
