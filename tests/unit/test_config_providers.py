"""Warnings of what a provider, or a law, makes useless: on which day, and for whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reminderctl.cli import main

WORKFLOWS = """
workflows:
  - {id: w, when: 1 day before start, actions: [{send: CHANNEL, to: customer, body: Hi}]}
"""
HTTP = "provider: http, preset: smsapi, token: abc12345, from: FROM, region: REGION"
SMS = {
    "twilio": "provider: twilio, account_sid: AC00000000000000000000000000000000, auth_token: t0ken, from: FROM, "
    "region: REGION",
    "vonage": "provider: vonage, api_key: abcd1234, api_secret: s3cret, from: FROM, region: REGION",
    "infobip": "provider: infobip, base_url: https://x.api.infobip.com, api_key: k3y, from: FROM, region: REGION",
    "http": HTTP,
}


def check(
    folder: Path,
    settings: str,
    *options: str,
    channel: str = "sms",
    zone: str = "UTC",
    env: dict[str, str] | None = None,
) -> str:
    """All that `check` says of a channel with these settings."""
    path = folder / "workflows.yaml"
    workflows = WORKFLOWS.replace("CHANNEL", channel)
    path.write_text(
        f"timezone: {zone}\nlanguage: en\nchannels:\n  {channel}: {{{settings}}}{workflows}", encoding="utf-8"
    )
    result = CliRunner().invoke(main, ["check", str(path), *options], env=env)
    assert result.exit_code == 0, result.output
    return result.output


def of_sender(settings: str, sender: str, region: str) -> str:
    return settings.replace("FROM", sender).replace("REGION", region)


# --- names in Spain ---------------------------------------------------------------------------------------------------

REGISTER = "is a name: since 2026-06-07 the networks of Spain block each that is not in the register of the CNMC"


@pytest.mark.parametrize("provider", SMS)
def test_a_name_as_the_sender_in_spain_is_warned_of(provider: str, tmp_path: Path) -> None:
    said = check(tmp_path, of_sender(SMS[provider], "ClinicaSol", "ES"))
    assert f"warning: channels.sms: from: 'ClinicaSol' {REGISTER}" in said
    assert "workflows.yaml:4:" in said
    assert "send from a number" in said


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"])
def test_a_zone_of_spain_is_enough(zone: str, tmp_path: Path) -> None:
    settings = of_sender(HTTP, "ClinicaSol", "REGION").replace(", region: REGION", "")
    assert REGISTER in check(tmp_path, settings, zone=zone)
    assert REGISTER not in check(tmp_path, settings, zone="Europe/Lisbon")


@pytest.mark.parametrize(
    ("sender", "region", "warned"),
    [
        ("Sol 24", "ES", True),
        ("Clínica", "es", True),
        ('"+34911234567"', "ES", False),
        ('"911 234 567"', "ES", False),
        ('"25568"', "ES", False),
        ("ClinicaSol", "PT", False),
    ],
)
def test_a_number_or_another_country_is_not(sender: str, region: str, warned: bool, tmp_path: Path) -> None:  # noqa: FBT001
    assert (REGISTER in check(tmp_path, of_sender(HTTP, sender, region))) is warned


def test_a_name_from_a_variable_is_judged_and_not_shown(tmp_path: Path) -> None:
    said = check(tmp_path, of_sender(HTTP, "'${SENDER}'", "ES"), env={"SENDER": "ClinicaSol"})
    assert f"from: '${{SENDER}}' {REGISTER}" in said
    assert "ClinicaSol" not in said


# --- what ends -------------------------------------------------------------------------------------------------------

MESSAGEBIRD = 'provider: http, preset: messagebird, token: abc12345, from: "+34911234567"'


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-06-01T10:00Z", "preset: MessageBird's classic API ends on 2026-12-31"),
        ("2026-12-31T23:00Z", "preset: MessageBird's classic API ends on 2026-12-31"),
        ("2027-01-01T00:00Z", "preset: MessageBird's classic API has ended on 2026-12-31"),
    ],
)
def test_the_end_of_messagebird_is_warned_of(now: str, said: str, tmp_path: Path) -> None:
    found = check(tmp_path, MESSAGEBIRD, "--now", now)
    assert f"warning: channels.sms: {said}" in found
    assert "write `preset: bird`" in found


def test_a_gateway_at_the_address_of_messagebird_is_warned_of(tmp_path: Path) -> None:
    settings = (
        "provider: http, url: https://rest.messagebird.com/messages, token: abc12345, id_path: id, "
        'json: {to: "{to}", body: "{body}"}'
    )
    assert "warning: channels.sms: url: MessageBird's classic API" in check(tmp_path, settings)


META = 'provider: meta, phone_number_id: "1", access_token: abc12345'


@pytest.mark.parametrize(
    ("version", "now", "said"),
    [
        ("v23.0", "2027-04-07T10:00Z", None),
        ("v23.0", "2027-04-08T00:00Z", "v23.0 of the Graph API ends on 2027-10-08; write v25.0 or a later one"),
        ("v23.0", "2027-10-08T23:59Z", "v23.0 of the Graph API ends on 2027-10-08"),
        ("v23.0", "2027-10-09T00:00Z", "v23.0 of the Graph API has ended on 2027-10-08"),
        ("v22.0", "2026-11-19T10:00Z", None),
        ("v22.0", "2026-11-20T10:00Z", "v22.0 of the Graph API ends on 2027-05-20"),
        ("v20.0", "2026-11-30T10:00Z", "v20.0 of the Graph API has ended on 2026-09-24"),
        ("v3.1", "2026-11-30T10:00Z", "v3.1 of the Graph API has ended"),
        ("v25.0", "2028-02-01T10:00Z", "v25.0 of the Graph API ends on 2028-07-29; write a later one"),
        ("v26.0", "2030-01-01T10:00Z", None),
        (None, "2030-01-01T10:00Z", None),
    ],
)
def test_the_end_of_a_version_is_warned_of_from_six_months_before(
    version: str | None, now: str, said: str | None, tmp_path: Path
) -> None:
    found = check(tmp_path, META + (f", version: {version}" if version else ""), "--now", now, channel="whatsapp")
    assert (f"warning: channels.whatsapp: version: {said}" in found) if said else ("Graph API" not in found)


def test_a_newer_api_is_good_to_know_and_no_warning(tmp_path: Path) -> None:
    said = check(tmp_path, of_sender(SMS["vonage"], '"+34911234567"', "ES"), "--strict")
    assert "note: Vonage has a newer API for SMS, Messages v1" in said
