"""Sinch: refusals by HTTP status; those of 400 and 403 have codes as well.

https://developers.sinch.com/docs/sms/api-reference/sms/batches; `username` is the service plan's id. An account is in
one region, and known nowhere else.
"""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    VendorCode("syntax_invalid_json", "rejected", "the JSON is not valid (400)"),
    VendorCode("syntax_invalid_parameter_format", "rejected", "a value is not valid, such as the number (400)"),
    VendorCode("syntax_constraint_violation", "rejected", "a value is missing, or too long (400)"),
    VendorCode("illegal_number_type", "rejected", "a kind of number that the region does not send to (403)"),
    VendorCode("unknown_group", "rejected", "there is no such group (403)"),
    VendorCode("unknown_campaign", "rejected", "there is no such campaign (403)"),
    VendorCode("missing_callback_url", "channel_down", "the account has no address for reports (403)"),
    VendorCode("blocked_account", "channel_down", "the account is blocked (403)"),
)
_STATUSES = (
    VendorCode("400", "rejected", "a bad request"),
    VendorCode("401", "channel_down", "the token is wrong"),
    VendorCode("403", "channel_down", "the account may not do this; for some codes see above"),
    VendorCode("404", "rejected", "not found"),
    VendorCode("429", "throttled", "too many requests"),
    VendorCode("500", "unknown", "an error inside Sinch"),
    VendorCode("503", "unknown", "Sinch does not work just now"),
)

PRESET = Preset(
    needs=("username", "token"),
    source="https://developers.sinch.com/docs/sms/api-reference/status-codes",
    url="https://{api_region}.sms.api.sinch.com/xms/v1/{username}/batches",
    headers={"Authorization": "Bearer {token}"},
    json={"from": "{from}", "to": ["{to}"], "body": "{body}", "client_reference": "{key}"},
    success=Success(status=(201,)),
    id_path="id",
    table=_TABLE,
    statuses=_STATUSES,
    codes=codes_of(_TABLE, path="code", otherwise="rejected"),
    api_regions=("eu", "us", "au", "br", "ca"),
)
