"""MessageBird (the classic API, which ends on 2026-12-31): refusals with a code and the parameter they are about."""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    VendorCode("access_key", "channel_down", "`parameter`: the key is wrong"),
    VendorCode("originator", "channel_down", "`parameter`: the sender is not valid"),
    VendorCode("2", "channel_down", "the request is not allowed: the key is wrong"),
    VendorCode("9", "rejected", "no valid recipient, or a parameter is missing"),
    VendorCode("10", "rejected", "a parameter is not valid"),
    VendorCode("12", "rejected", "the number is on a block list"),
    VendorCode("20", "channel_down", "there is no such address at MessageBird"),
    VendorCode("21", "rejected", "a bad request"),
    VendorCode("25", "channel_down", "not enough credit"),
    VendorCode("98", "channel_down", "there is no such API"),
    VendorCode("99", "unknown", "an error inside MessageBird"),
    VendorCode("delivery_failed", "rejected", "the SMS could not be delivered"),
    VendorCode("not_sent", "rejected", "the SMS was not sent"),
    VendorCode("expired", "rejected", "the SMS was given up"),
)
_STATUS = "recipients.items.0.status"
# Where the id is missing, these are no refusals.
_TAKEN = tuple(VendorCode(each, "unknown", "") for each in ("scheduled", "sent", "buffered", "delivered"))

PRESET = Preset(
    needs=("token",),
    source="github.com/messagebird/openapi-specs, sms/openapi.yaml; codes from 10 on as its clients name them",
    url="https://rest.messagebird.com/messages",
    headers={"Authorization": "AccessKey {token}"},
    json={
        "originator": "{from_digits}",
        "recipients": ["{to_digits}"],
        "body": "{body}",
        "datacoding": "auto",
        "reference": "{key}",
    },
    success=Success(without={"errors.0.code": "*", _STATUS: ("delivery_failed", "not_sent", "expired")}),
    id_path="id",
    table=_TABLE,
    codes=codes_of((*_TABLE, *_TAKEN), path=("errors.0.parameter", "errors.0.code", _STATUS), otherwise="rejected"),
)
