"""Gateways whose requests and answers are known, for `sms/http`.

The sources of each are beside it; REC means common knowledge that no document at hand confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Meaning = Literal["sent", "rejected", "number_unavailable", "unavailable", "throttled", "channel_down", "unknown"]
CodeList = tuple[str, ...]


class Success(Struct, frozen=True, kw_only=True):
    """How an answer shows that the gateway took the SMS; everything given must hold."""

    status: Annotated[tuple[int, ...], Meta(description="The HTTP statuses; left out: 200 to 299.")] = ()
    values: Annotated[
        dict[str, str | CodeList],
        Meta(description="What stands where in a JSON answer: `messages.0.status: [queued, sent]`; * is any text."),
    ] = {}


class Codes(Struct, frozen=True, kw_only=True):
    """What the gateway's codes mean. Without one of them, the HTTP status decides."""

    path: Annotated[str, Meta(description="Where a code stands in a JSON answer; `.` is the whole of any answer.")] = (
        "."
    )
    sent: Annotated[CodeList, Meta(description="It was taken before.")] = ()
    rejected: Annotated[CodeList, Meta(description="This SMS will never do.")] = ()
    number_unavailable: Annotated[
        CodeList, Meta(description="This number, or its network, takes none now; later it may, and others do.")
    ] = ()
    unavailable: Annotated[CodeList, Meta(description="It was not taken; later it may be.")] = ()
    throttled: Annotated[CodeList, Meta(description="Too fast; the whole channel waits.")] = ()
    channel_down: Annotated[CodeList, Meta(description="No SMS would be taken: credentials, credit, sender.")] = ()
    unknown: Annotated[CodeList, Meta(description="It may have been sent, or not.")] = ()
    otherwise: Annotated[
        Meaning | None, Meta(description="What any other code means in an answer of status 200 to 299.")
    ] = None


class Gateway(Struct, frozen=True, kw_only=True):
    """A gateway's request, and how to read its answer."""

    method: Annotated[Literal["POST", "GET", "PUT"] | None, Meta(description="The request's method; POST.")] = None
    url: Annotated[str, Meta(description="Where the request goes.")] = ""
    params: Annotated[dict[str, str], Meta(description="What is added to the URL's query.")] = {}
    headers: Annotated[dict[str, str], Meta(description="Further headers.")] = {}
    form: Annotated[dict[str, str] | None, Meta(description="A body like that of a submitted web form.")] = None
    json: Annotated[dict[str, Any] | None, Meta(description="A body in JSON, instead of a form.")] = None
    success: Annotated[Success | None, Meta(description="How an answer shows that it was taken.")] = None
    id_path: Annotated[str, Meta(description="Where the SMS's id stands in a JSON answer; it must be there.")] = ""
    codes: Annotated[Codes | None, Meta(description="What the gateway's codes mean.")] = None


class Preset(Gateway, frozen=True, kw_only=True):
    """A known gateway; `needs` names the settings that it asks for."""

    needs: tuple[str, ...]


PRESETS: Mapping[str, Preset] = {
    # https://www.labsmobile.com/es/api-sms/versiones-api/http-rest-post-json (address, credentials); the body and the
    # success rule from a public adapter that was tried on a live account in February 2026. Of the codes in the vendor's
    # list (apidocs.labsmobile.com, results and errors), 35 is want of credit, and 30 an error while it was sending.
    "labsmobile": Preset(
        needs=("username", "password"),
        url="https://api.labsmobile.com/json/send",
        json={"message": "{body}", "tpoa": "{from_digits}", "recipient": [{"msisdn": "{to_digits}"}]},
        success=Success(status=(200,), values={"code": "0"}),
        id_path="subid",
        codes=Codes(path="code", channel_down=("35",), unknown=("30",), otherwise="rejected"),
    ),
    # https://46elks.se/documentation; 403 for want of credit is REC.
    "46elks": Preset(
        needs=("username", "password"),
        url="https://api.46elks.com/a1/sms",
        form={"from": "{from}", "to": "{to}", "message": "{body}"},
        success=Success(status=(200,), values={"status": ("created", "sent")}),
        id_path="id",
        codes=Codes(path="status", rejected=("failed",)),
    ),
    # Names of the codes: github.com/seven-io/js-client. The address and 402 are REC.
    "seven": Preset(
        needs=("token",),
        url="https://gateway.seven.io/api/sms",
        headers={"X-Api-Key": "{token}"},
        form={"to": "{to}", "text": "{body}", "from": "{from}", "json": "1"},
        success=Success(values={"success": "100", "messages.0.success": "true"}),
        codes=Codes(
            path="success",
            sent=("402",),  # the same text to the same number a moment ago
            rejected=("201", "202", "301", "302", "303", "304", "305", "306", "307", "401", "403"),
            number_unavailable=("600",),  # its carrier
            channel_down=("300", "500", "900", "902", "903"),
        ),
    ),
    # https://developers.clicksend.com
    "clicksend": Preset(
        needs=("username", "password"),
        url="https://rest.clicksend.com/v3/sms/send",
        json={"messages": [{"to": "{to}", "from": "{from}", "body": "{body}"}]},
        success=Success(status=(200,), values={"response_code": "SUCCESS", "data.messages.0.status": "SUCCESS"}),
        id_path="data.messages.0.message_id",
        codes=Codes(
            path="data.messages.0.status",
            rejected=("INVALID_RECIPIENT",),
            channel_down=("INSUFFICIENT_CREDIT",),
            otherwise="rejected",
        ),
    ),
    # github.com/messagebird/openapi-specs, sms/openapi.yaml; codes from 10 on are REC.
    "messagebird": Preset(
        needs=("token",),
        url="https://rest.messagebird.com/messages",
        headers={"Authorization": "AccessKey {token}"},
        json={
            "originator": "{from_digits}",
            "recipients": ["{to_digits}"],
            "body": "{body}",
            "datacoding": "auto",
            "reference": "{key}",
        },
        success=Success(status=(201,)),
        id_path="id",
        codes=Codes(
            path="errors.0.code",
            rejected=("9", "10", "21"),
            channel_down=("2", "20", "25", "98"),
            unknown=("99",),
        ),
    ),
    # https://developers.sinch.com/docs/sms/api-reference/sms/batches; `username` is the service plan's id.
    "sinch": Preset(
        needs=("username", "token"),
        url="https://eu.sms.api.sinch.com/xms/v1/{username}/batches",
        headers={"Authorization": "Bearer {token}"},
        json={"from": "{from}", "to": ["{to}"], "body": "{body}", "client_reference": "{key}"},
        success=Success(status=(201,)),
        id_path="id",
    ),
    # Recorded answers of Plivo's own client library; `username` is the auth id.
    "plivo": Preset(
        needs=("username", "password"),
        url="https://api.plivo.com/v1/Account/{username}/Message/",
        json={"src": "{from}", "dst": "{to}", "text": "{body}"},
        success=Success(status=(202,)),
        id_path="message_uuid.0",
    ),
    # REC. With idx and check_idx, a repetition is refused with 53.
    "smsapi": Preset(
        needs=("token",),
        url="https://api.smsapi.com/sms.do",
        headers={"Authorization": "Bearer {token}"},
        form={
            "to": "{to_digits}",
            "message": "{body}",
            "from": "{from}",
            "format": "json",
            "encoding": "utf-8",
            "idx": "{key}",
            "check_idx": "1",
        },
        id_path="list.0.id",
        codes=Codes(
            path="error",
            sent=("53",),
            rejected=("11", "12", "13"),
            unavailable=("200",),
            throttled=("202", "203"),
            channel_down=("14", "101", "102", "103", "105", "110"),
            unknown=("201", "999"),
        ),
    ),
}
