"""LabsMobile (Spain): answers of status 200, with a code in them that says whether the SMS was taken.

The address and the credentials: https://www.labsmobile.com/es/api-sms/versiones-api/http-rest-post-json; the success,
whose code is a text: tests/TestLabsMobileSendSms.php of github.com/labsmobile/sms-php.
"""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    VendorCode("10", "rejected", "no data in the request"),
    VendorCode("11", "rejected", "the data is badly formed"),
    VendorCode("20", "rejected", "no message in the request"),
    VendorCode("21", "rejected", "the message is empty"),
    VendorCode("23", "rejected", "no recipients"),
    VendorCode("24", "rejected", "too many recipients"),
    VendorCode("27", "rejected", "the message holds characters that are not valid"),
    VendorCode("28", "rejected", "the subid is too long"),
    VendorCode("30", "unknown", "an error while the message was being sent"),
    VendorCode("35", "channel_down", "not enough credit"),
    VendorCode("39", "rejected", "the scheduled time is no time"),
    VendorCode("400", "rejected", "a bad request"),
    VendorCode("401", "channel_down", "the credentials are wrong"),
    VendorCode("403", "channel_down", "the account, or this IP address, is not allowed to send"),
    VendorCode("500", "unknown", "an error inside LabsMobile"),
)

PRESET = Preset(
    needs=("username", "password"),
    source="https://apidocs.labsmobile.com (results and errors)",
    url="https://api.labsmobile.com/json/send",
    json={"message": "{body}", "tpoa": "{from_digits}", "recipient": [{"msisdn": "{to_digits}"}]},
    success=Success(status=(200,), values={"code": "0"}),
    id_path="subid",
    table=_TABLE,
    codes=codes_of(_TABLE, path="code", otherwise="rejected"),
)
