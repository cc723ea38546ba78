"""ClickSend (Australia): each SMS has a status of its own in an answer of status 200."""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    VendorCode("MISSING_CREDENTIALS", "channel_down", "no credentials"),
    VendorCode("INVALID_CREDENTIALS", "channel_down", "the credentials are wrong"),
    VendorCode("UNAUTHORIZED", "channel_down", "the credentials are wrong"),
    VendorCode("FORBIDDEN", "channel_down", "the account may not do this"),
    VendorCode("ACCOUNT_NOT_ACTIVATED", "channel_down", "the account is not activated"),
    VendorCode("REGISTRATION_NEEDED", "channel_down", "the sender has to be registered"),
    VendorCode("INVALID_SENDER_ID", "channel_down", "the sender is not valid"),
    VendorCode("INSUFFICIENT_CREDIT", "channel_down", "not enough credit"),
    VendorCode("NOT_ENOUGH_PERMISSION_TO_LIST_ID", "channel_down", "the account may not use this list"),
    VendorCode("COUNTRY_NOT_ENABLED", "country_down", "the account may not send to this country"),
    VendorCode("INVALID_RECIPIENT", "rejected", "the recipient's number is not valid"),
    VendorCode("EMPTY_MESSAGE", "rejected", "the text is empty"),
    VendorCode("MISSING_REQUIRED_FIELDS", "rejected", "a field is missing"),
    VendorCode("TOO_MANY_RECIPIENTS", "rejected", "too many recipients"),
    VendorCode("INVALID_SCHEDULE", "rejected", "the scheduled time is no time"),
    VendorCode("ALREADY_EXISTS", "rejected", "what was to be added exists already"),
    VendorCode("INVALID_LANG", "rejected", "the language is not valid"),
    VendorCode("INVALID_VOICE", "rejected", "the voice is not valid"),
    VendorCode("SUBJECT_REQUIRED", "rejected", "no subject"),
    VendorCode("INVALID_MEDIA_FILE", "rejected", "the file is not valid"),
    VendorCode("BAD_REQUEST", "rejected", "a bad request"),
    VendorCode("NOT_FOUND", "rejected", "there is no such address at ClickSend"),
    VendorCode("THROTTLED", "number_unavailable", "the same text went to the same recipient a moment ago"),
    VendorCode("TOO_MANY_REQUESTS", "throttled", "too many requests"),
    VendorCode("INTERNAL_ERROR", "unknown", "an error inside ClickSend"),
    VendorCode("INTERNAL_SERVER_ERROR", "unknown", "an error inside ClickSend"),
    VendorCode("SOMETHING_IS_WRONG", "unknown", "an error that nobody knows"),
)

PRESET = Preset(
    needs=("username", "password"),
    source="https://help.clicksend.com (application status codes), and three clients that list them; "
    "the codes of a whole answer, such as UNAUTHORIZED, are common knowledge",
    url="https://rest.clicksend.com/v3/sms/send",
    json={"messages": [{"to": "{to}", "from": "{from}", "body": "{body}"}]},
    success=Success(status=(200,), values={"response_code": "SUCCESS", "data.messages.0.status": "SUCCESS"}),
    id_path="data.messages.0.message_id",
    table=_TABLE,
    codes=codes_of(
        _TABLE,
        path=("data.messages.0.status", "response_code"),
        otherwise="rejected",
    ),
)
