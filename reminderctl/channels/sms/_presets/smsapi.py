"""SMSAPI (Poland): refusals with a code, in answers of status 200 as well.

With `idx` and `check_idx` it refuses what it has taken before (53), so that nothing is sent twice.
"""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    VendorCode("7", "rejected", "short links are switched off"),
    VendorCode("8", "rejected", "an error in the request"),
    VendorCode("11", "rejected", "the text is too long, or there is none"),
    VendorCode("12", "rejected", "more parts than are allowed"),
    VendorCode("13", "rejected", "no valid number"),
    VendorCode("14", "channel_down", "the sender is not valid"),
    VendorCode("17", "rejected", "a flash message with special characters"),
    VendorCode("18", "rejected", "the wrong number of parameters"),
    VendorCode("19", "rejected", "too many messages in one request"),
    VendorCode("20", "rejected", "the wrong number of idx"),
    VendorCode("25", "rejected", "normalize and datacoding exclude each other"),
    VendorCode("27", "rejected", "idx is longer than 255 characters"),
    VendorCode("28", "rejected", "time_restriction is not valid"),
    VendorCode("30", "rejected", "udh is not valid"),
    VendorCode("40", "rejected", "there is no such group"),
    VendorCode("41", "rejected", "the group is empty"),
    VendorCode("50", "rejected", "scheduled more than three months ahead"),
    VendorCode("52", "number_unavailable", "too many to one number within a minute"),
    VendorCode("53", "sent", "an SMS with this idx was taken before"),
    VendorCode("54", "rejected", "the date is not valid"),
    VendorCode("56", "rejected", "the expiration date is not valid"),
    VendorCode("57", "rejected", "the number is on the account's block list"),
    VendorCode("59", "rejected", "the recipient has opted out"),
    VendorCode("70", "rejected", "notify_url is not valid"),
    VendorCode("74", "unavailable", "outside the hours at which the account sends"),
    VendorCode("76", "rejected", "characters that are not valid"),
    VendorCode("93", "rejected", "message and group exclude each other"),
    VendorCode("94", "channel_down", "the account may not send links"),
    VendorCode("98", "channel_down", "the account may send to its own number only"),
    VendorCode("101", "channel_down", "the credentials are not valid"),
    VendorCode("102", "channel_down", "the user name or the password is wrong"),
    VendorCode("103", "channel_down", "not enough credit"),
    VendorCode("104", "rejected", "there is no such template"),
    VendorCode("105", "channel_down", "requests from this IP address are not allowed"),
    VendorCode("106", "rejected", "the short link is not valid"),
    VendorCode("110", "channel_down", "the account may not do this"),
    VendorCode("112", "country_down", "the account may not send to this country"),
    VendorCode("200", "unavailable", "the message could not be submitted"),
    VendorCode("201", "unknown", "an error inside SMSAPI"),
    VendorCode("202", "throttled", "too many requests at once; this SMS is not sent"),
    VendorCode("203", "throttled", "too many requests"),
    VendorCode("301", "rejected", "there is no message with this id"),
    VendorCode("400", "rejected", "the id of a report is not valid"),
    VendorCode("401", "channel_down", "the token may not do this"),
    VendorCode("409", "rejected", "the value exists already"),
    VendorCode("997", "channel_down", "the account takes HTTPS only"),
    VendorCode("998", "rejected", "short links do not work just now"),
    VendorCode("999", "unknown", "an error inside SMSAPI"),
    VendorCode("1000", "channel_down", "for the main user only"),
    VendorCode("1001", "rejected", "there is no such action"),
    VendorCode("UNDELIVERED", "rejected", "the SMS could not be delivered"),
    VendorCode("FAILED", "rejected", "the SMS could not be sent"),
    VendorCode("REJECTED", "rejected", "the carrier refused the SMS"),
    VendorCode("EXPIRED", "rejected", "the SMS was given up"),
    VendorCode("STOP", "rejected", "the SMS was stopped"),
)
_STATUS, _ERROR = "list.0.status", "list.0.error"
_NOT_TAKEN = ("UNDELIVERED", "FAILED", "REJECTED", "EXPIRED", "STOP")
# Where the id is missing, these are no refusals.
_TAKEN = tuple(VendorCode(each, "unknown", "") for each in ("QUEUE", "ACCEPTED", "SENT", "DELIVERED", "RENEWAL"))

PRESET = Preset(
    needs=("token",),
    source="https://www.smsapi.com/docs (errors)",
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
    success=Success(without={"error": "*", _ERROR: "*", _STATUS: _NOT_TAKEN}),
    id_path="list.0.id",
    table=_TABLE,
    codes=codes_of((*_TABLE, *_TAKEN), path=("error", _ERROR, _STATUS), otherwise="rejected"),
    guard={"idx": "{key}", "check_idx": "1"},
)
