"""46elks (Sweden): refusals by HTTP status, a status of its own for an SMS that was taken."""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (VendorCode("failed", "rejected", "the SMS could not be sent"),)
_STATUSES = (
    VendorCode("400", "rejected", "a value is missing, or not valid"),
    VendorCode("401", "channel_down", "the credentials are wrong"),
    VendorCode("403", "channel_down", "not enough credit"),
    VendorCode("500", "unknown", "an error inside 46elks"),
)

PRESET = Preset(
    needs=("username", "password"),
    source="https://46elks.com/docs/send-sms; 403 for want of credit is common knowledge",
    url="https://api.46elks.com/a1/sms",
    form={"from": "{from}", "to": "{to}", "message": "{body}"},
    success=Success(status=(200,), values={"status": ("created", "sent", "delivered")}),
    id_path="id",
    table=_TABLE,
    statuses=_STATUSES,
    codes=codes_of(_TABLE, path="status"),
)
