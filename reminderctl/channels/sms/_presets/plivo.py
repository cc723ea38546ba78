"""Plivo: refusals by HTTP status, of which 403 speaks of a country; `username` is the auth id.

The request and its answers are those of github.com/plivo/plivo-python, tests/resources/fixtures.
"""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    # Of five characters or more, which no HTTP status has.
    VendorCode("?????*", "rejected", "`invalid_number`: the recipient's number is not valid"),
    VendorCode("403", "country_down", "HTTP status: the account may not send to this country"),
)
_STATUSES = (
    VendorCode("400", "rejected", "a parameter is missing, or not valid"),
    VendorCode("401", "channel_down", "the credentials are wrong"),
    VendorCode("402", "channel_down", "not enough credit"),
    VendorCode("404", "rejected", "not found"),
    VendorCode("405", "rejected", "the method is not allowed"),
    VendorCode("409", "rejected", "a conflict"),
    VendorCode("422", "rejected", "the request cannot be carried out"),
    VendorCode("429", "throttled", "too many requests"),
    VendorCode("500", "unknown", "an error inside Plivo"),
)

PRESET = Preset(
    needs=("username", "password"),
    source="plivo 4.63.0, plivo/rest/client.py; 402 and 429 are common knowledge",
    url="https://api.plivo.com/v1/Account/{username}/Message/",
    json={"src": "{from}", "dst": "{to}", "text": "{body}"},
    success=Success(status=(202,), without={"invalid_number.0": "*"}),
    id_path="message_uuid.0",
    table=_TABLE,
    statuses=_STATUSES,
    codes=codes_of(_TABLE, path=("invalid_number.0", ":status")),
)
