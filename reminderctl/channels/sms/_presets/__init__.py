"""The gateways that are known, one file for each: its request, its codes, their source."""

from __future__ import annotations

from collections.abc import Mapping

from reminderctl.channels.sms._presets import (
    bird,
    clicksend,
    elks,
    labsmobile,
    messagebird,
    plivo,
    seven,
    sinch,
    smsapi,
)
from reminderctl.channels.sms._rules import Preset

PRESETS: Mapping[str, Preset] = {
    "labsmobile": labsmobile.PRESET,
    "46elks": elks.PRESET,
    "seven": seven.PRESET,
    "clicksend": clicksend.PRESET,
    "bird": bird.PRESET,
    "messagebird": messagebird.PRESET,
    "sinch": sinch.PRESET,
    "plivo": plivo.PRESET,
    "smsapi": smsapi.PRESET,
}
