"""Bird, which MessageBird has become: errors with a type, often with a name.

After the official client, messagebird-sdk 0.106.0 (October 2026). The key says in which region the account is
(`bk_eu1_...`). Every POST needs an idempotency key; for 24 hours Bird answers a repetition as it answered the first.
"""

from __future__ import annotations

from reminderctl.channels.sms._rules import Preset, Success, VendorCode, codes_of

_TABLE = (
    VendorCode("SMSInvalidRecipient", "rejected", "the recipient's number cannot be reached"),
    VendorCode("SMSSenderNotConfigured", "channel_down", "the account does not hold this sender"),
    VendorCode("SenderCategoryNotPermitted", "channel_down", "the sender is not registered for reminders"),
    VendorCode("SMSUnsupportedFeature", "rejected", "the account may not use a field of the request"),
    VendorCode("auth_error", "channel_down", "the key is wrong (401)"),
    VendorCode("billing_error", "channel_down", "not enough credit (402)"),
    VendorCode("permission_error", "channel_down", "the key may not do this (403)"),
    VendorCode("not_found_error", "channel_down", "there is no such address at Bird (404)"),
    VendorCode("misdirected_error", "channel_down", "the account is in another region (421)"),
    VendorCode("bad_request_error", "rejected", "a bad request (400)"),
    VendorCode("validation_error", "rejected", "a field is not valid (422)"),
    VendorCode("payload_too_large_error", "rejected", "the request is too large (413)"),
    VendorCode("precondition_error", "rejected", "a condition does not hold (412)"),
    VendorCode("conflict_error", "unknown", "the idempotency key is in use, or was used for another text (409)"),
    VendorCode("rate_limit_error", "throttled", "too many requests (429)"),
    VendorCode("internal_error", "unknown", "an error inside Bird (500)"),
    VendorCode("not_implemented_error", "channel_down", "Bird does not offer this (501)"),
    VendorCode("service_unavailable_error", "unknown", "Bird does not work just now (503)"),
    VendorCode("invalid_destination", "rejected", "there is no such number"),
    VendorCode("recipient_opted_out", "rejected", "the recipient wants no SMS from this sender"),
    VendorCode("landline_unreachable", "rejected", "a landline that takes no SMS"),
    VendorCode("content_rejected", "rejected", "the carrier refused the text"),
    VendorCode("blocked_by_*", "rejected", "the carrier, the recipient or Bird itself blocked it"),
    VendorCode("unreachable", "number_unavailable", "the phone is off, or out of reach"),
    VendorCode("provider_unavailable", "number_unavailable", "the carrier does not work"),
    VendorCode("sender_unregistered", "channel_down", "the sender is not registered for this country"),
    VendorCode("insufficient_balance", "channel_down", "not enough credit"),
    VendorCode("rejected", "rejected", "Bird refused the SMS"),
    VendorCode("failed", "rejected", "the SMS could not be sent"),
    VendorCode("undelivered", "rejected", "the SMS could not be delivered"),
    VendorCode("canceled", "rejected", "the SMS was canceled"),
    VendorCode("expired", "rejected", "the SMS was given up"),
)

PRESET = Preset(
    needs=("token",),
    source="messagebird-sdk 0.106.0, bird/_exceptions.py and bird/_generated.py",
    url="https://{api_region}.platform.bird.com/v1/sms/messages",
    headers={"Authorization": "Bearer {token}", "Idempotency-Key": "{key}"},
    json={"to": "{to}", "from": "{from}", "text": "{body}", "category": "transactional"},
    success=Success(values={"status": ("accepted", "scheduled", "sent", "delivered")}),
    id_path="id",
    table=_TABLE,
    codes=codes_of(_TABLE, path=("error.name", "error.code", "error.type", "name", "type", "status")),
    guard={"Idempotency-Key": "{key}"},
    api_regions=("*",),
)
