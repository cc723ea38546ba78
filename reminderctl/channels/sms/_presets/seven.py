"""seven.io (Germany): answers of status 200, with a code in them that says whether the SMS was taken.

The codes of 2026 are in the README of github.com/seven-io/js-client, older ones in its src/lib/ErrorCode.ts. A wrong
key, among others, is answered with nothing but its code, as in `"900"`: github.com/seven-io/php-client, src/Client.php.
"""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    VendorCode("101", "rejected", "sending to a recipient failed; the message's own `error` says why"),
    VendorCode("201", "channel_down", "the sender is not valid"),
    VendorCode("202", "rejected", "the recipient's number is not valid"),
    VendorCode("300", "channel_down", "no credentials"),
    VendorCode("301", "rejected", "no recipient"),
    VendorCode("304", "rejected", "no type"),
    VendorCode("305", "rejected", "the text is not valid"),
    VendorCode("306", "channel_down", "the sender is not valid"),
    VendorCode("307", "rejected", "no URL"),
    VendorCode("400", "rejected", "the type is not valid"),
    VendorCode("401", "rejected", "the text is too long"),
    VendorCode("402", "sent", "the same SMS was sent within the last 180 seconds (reload lock)"),
    VendorCode("403", "rejected", "the recipient's daily limit is reached"),
    VendorCode("500", "channel_down", "not enough credit"),
    VendorCode("600", "number_unavailable", "the carrier failed"),
    VendorCode("700", "unknown", "an unknown error"),
    VendorCode("900", "channel_down", "the API key is wrong"),
    VendorCode("901", "channel_down", "the signature of the request is wrong"),
    VendorCode("902", "channel_down", "the API key may not do this"),
    VendorCode("903", "channel_down", "requests from this IP address are not allowed"),
)

PRESET = Preset(
    needs=("token",),
    source="github.com/seven-io/js-client, README.md and src/lib/ErrorCode.ts",
    url="https://gateway.seven.io/api/sms",
    headers={"X-Api-Key": "{token}"},
    form={"to": "{to}", "text": "{body}", "from": "{from}", "json": "1"},
    success=Success(values={"success": "100", "messages.0.success": "true"}),
    table=_TABLE,
    codes=codes_of(
        _TABLE,
        path=("messages.0.error", "success", "."),
        otherwise="rejected",
    ),
)
