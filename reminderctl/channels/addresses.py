"""The addresses that messages go to, read strictly and put into one form: mailboxes, phone numbers, chats, URLs."""

from __future__ import annotations

import functools
import re
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta

from reminderctl.errors import Rejected
from reminderctl.text import remove_invisible, shorten, strip_invisible

# --- mailboxes ------------------------------------------------------------------------------------------------------

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
    """A mailbox: a name, which may be empty, and a bare address with its domain in ASCII."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """Return the part behind the @."""
        return self.address.rpartition("@")[2]


@functools.lru_cache(maxsize=1024)
def parse_mailbox(text: str) -> Mailbox:
    """Return the mailbox that `ana@example.com` or `Ana <ana@example.com>` names.

    Raises ValueError, saying what is wrong, for anything but exactly one address.
    """
    if _CONTROL.search(text):
        raise ValueError("contains a line break or another control character")
    text = strip_invisible(text)
    if not text.endswith(">"):
        return Mailbox("", _address(text))
    name, opening, address = text[:-1].rpartition("<")
    if not opening:
        raise ValueError("has a > without its <")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if _ANOTHER.search(name):
        raise ValueError("contains more than one address")
    return Mailbox(name, _address(strip_invisible(address)))


def _address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError("has no @" if text else "is empty")
    if "@@" in text:
        raise ValueError("has two @")
    if "," in text or ";" in text or "@" in local:
        raise ValueError("contains more than one address")
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


# --- phone numbers --------------------------------------------------------------------------------------------------

Region = Annotated[
    str | None,
    Meta(description="The country of phone numbers that are written without a country code: ES, MX, US, ..."),
]

# Those that phonenumbers knows. They are here because the settings are checked often, and seldom need the library.
_COUNTRIES = (
    "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR "
    "MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO "
    "RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT "
    "TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
_MEXICAN_MOBILE = re.compile(r"\+521(\d{10})")  # the 1 was dialled until 2019; many address books still have it
_LONGEST_QUOTE = 40  # characters of what is no phone number


def e164(raw: str, *, region: str | None) -> str:
    """Return a phone number in the form `+34600123456`; `region` is the country of one that names none.

    Raises `Rejected` where it is no phone number, or would need a region to be one.
    """
    import phonenumbers

    # Most of the world dials 00 before a country code; with a region, phonenumbers knows what that country dials.
    visible = remove_invisible(raw).strip()
    written = visible if region else re.sub("^00", "+", visible)
    try:
        number = phonenumbers.parse(written, region.upper() if region else None, keep_raw_input=True)
    except phonenumbers.NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE and not written.startswith("+"):
            what = f"{_quote(raw)} has no country code"
            hint = f"the channel's region {region!r} is none" if region else "set the channel's `region`"
            raise Rejected(f"the phone number {what}; write it like +34600123456, or {hint}") from None
        raise Rejected(f"{_quote(raw)} is not a valid phone number; write it like +34600123456") from None
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if mexican := _MEXICAN_MOBILE.fullmatch(text):
        return f"+52{mexican[1]}"
    # Where people wrote the country, its numbering plan may be newer than ours: only the length is judged, the provider
    # knows the rest. Where we assumed the country, a number that it does not have is one from elsewhere.
    assumed = number.country_code_source == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or (assumed and not phonenumbers.is_valid_number(number)):
        place = f" in {region}" if assumed else ""
        raise Rejected(f"the phone number {_quote(raw)} does not exist{place}; write it like +34600123456")
    return text


def digits(number: str) -> str:
    """Return an E.164 number without its `+`, as several providers want it."""
    return number.removeprefix("+")


def region_mistakes(region: str | None) -> list[str]:
    """Return the mistake in the `region` of a channel's settings."""
    if region is None or region.upper() in _COUNTRIES.split():
        return []
    return [f"region: {region!r} is not a country; use its two letters, such as ES, MX or US"]


def _quote(raw: str) -> str:
    return repr(shorten(raw, _LONGEST_QUOTE))


# --- chats and URLs -------------------------------------------------------------------------------------------------

_CHAT = re.compile(r"-?[0-9]{1,16}|@[A-Za-z][A-Za-z0-9_]{3,31}")
_PORTS = {"http": 80, "https": 443}


def parse_chat(text: str) -> int | str:
    """Return the Telegram chat that a text names: a number, or the @name of a public channel. Raises ValueError."""
    chat = remove_invisible(text).strip()
    if not _CHAT.fullmatch(chat):
        raise ValueError("is not a valid Telegram chat")
    return chat if chat.startswith("@") else int(chat)


def origin(url: str) -> str:
    """Scheme, host and port of a URL or of its template, in standard form: `https://hooks.example.com:8443`.

    Without user and password. Empty where it has no such beginning.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")
