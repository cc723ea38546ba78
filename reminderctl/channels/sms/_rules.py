"""The rules of an SMS gateway, of one that is known or one that somebody describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

Meaning = Literal[
    "sent", "rejected", "number_unavailable", "country_down", "unavailable", "throttled", "channel_down", "unknown"
]
CodeList = tuple[str, ...]


class Success(Struct, frozen=True, kw_only=True):
    """How an answer shows that the gateway took the SMS; everything given must hold."""

    status: Annotated[tuple[int, ...], Meta(description="The HTTP statuses; left out: 200 to 299.")] = ()
    values: Annotated[
        dict[str, str | CodeList],
        Meta(description="Values in a JSON answer: `messages.0.status: [queued, sent]`; * is any text."),
    ] = {}
    without: Annotated[
        dict[str, str | CodeList],
        Meta(description="Values that must not be there: `messages.0.error: '*'`; an empty place is a success."),
    ] = {}


class Codes(Struct, frozen=True, kw_only=True):
    """What the gateway's codes mean. Without one of them, the HTTP status decides."""

    path: Annotated[
        str | CodeList,
        Meta(
            description="Where a code is in a JSON answer; `.` is the whole of any answer, `:status` its HTTP status. "
            "Of several places, looked at in turn, the first with a code named below counts; `.` is a lone text or "
            "number then."
        ),
    ] = "."
    sent: Annotated[CodeList, Meta(description="Accepted before.")] = ()
    rejected: Annotated[CodeList, Meta(description="This SMS can never be sent.")] = ()
    number_unavailable: Annotated[
        CodeList,
        Meta(
            description="This number or its network accepts no SMS now, but may later; other numbers are not affected."
        ),
    ] = ()
    country_down: Annotated[
        CodeList, Meta(description="Until a person does something, none is taken for numbers of this country.")
    ] = ()
    unavailable: Annotated[CodeList, Meta(description="Not accepted now, but may be later.")] = ()
    throttled: Annotated[CodeList, Meta(description="Too fast; the whole channel waits.")] = ()
    channel_down: Annotated[CodeList, Meta(description="No SMS would be accepted: credentials, credit, sender.")] = ()
    unknown: Annotated[CodeList, Meta(description="It may have been sent, or not.")] = ()
    otherwise: Annotated[
        Meaning | None, Meta(description="What any other code means in an answer of status 200 to 299.")
    ] = None


class Gateway(Struct, frozen=True, kw_only=True):
    """A gateway's request, and how to read its answer."""

    method: Annotated[Literal["POST", "GET", "PUT"] | None, Meta(description="The request's method; POST.")] = None
    url: Annotated[str, Meta(description="The URL of the request.")] = ""
    params: Annotated[dict[str, str], Meta(description="What is added to the URL's query.")] = {}
    headers: Annotated[dict[str, str], Meta(description="Further headers.")] = {}
    form: Annotated[dict[str, str] | None, Meta(description="A body in the format of a web form.")] = None
    json: Annotated[dict[str, Any] | None, Meta(description="A body in JSON, instead of a form.")] = None
    success: Annotated[Success | None, Meta(description="How an answer shows that the SMS was accepted.")] = None
    id_path: Annotated[str, Meta(description="Where the id of the SMS is in a JSON answer; it must be there.")] = ""
    codes: Annotated[Codes | None, Meta(description="What the gateway's codes mean.")] = None


# --- gateways that are known ----------------------------------------------------------------------------------------


class VendorCode(NamedTuple):
    """A code of a vendor's own table: what the vendor says of it in short, and what it means for an SMS of ours."""

    code: str
    meaning: Meaning
    says: str


class Preset(Gateway, frozen=True, kw_only=True):
    """A known gateway.

    `needs` names the settings that it asks for, `source` the vendor's text that says what its codes mean. `table` holds
    the codes in its answers, `statuses` the HTTP statuses that it documents, which mean here what they mean everywhere.
    `guard` holds the fields and headers by which the gateway recognises a repetition; without any, it does not.
    `api_regions` are the regions that its URL may name, the first of them being the default; `*` is any.
    """

    needs: tuple[str, ...]
    source: str
    table: tuple[VendorCode, ...] = ()
    statuses: tuple[VendorCode, ...] = ()
    guard: Mapping[str, str] = {}
    api_regions: tuple[str, ...] = ()


def codes_of(table: tuple[VendorCode, ...], *, path: str | CodeList, otherwise: Meaning | None = None) -> Codes:
    """Return the codes of a vendor's table, which stand in these places of an answer."""
    lists: dict[str, CodeList] = {}
    for code, meaning, _ in table:
        lists[meaning] = (*lists.get(meaning, ()), code)
    return Codes(path=path, otherwise=otherwise, **lists)
