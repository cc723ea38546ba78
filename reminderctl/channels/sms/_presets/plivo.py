"""Plivo: refusals by HTTP status; `username` is the auth id.

The request and its answers are those of github.com/plivo/plivo-python, tests/resources/fixtures.
"""

from __future__ import annotations

from reminderctl.channels.sms._rules import Codes, Preset, Success

PRESET = Preset(
    needs=("username", "password"),
    source="plivo 4.63.0, plivo/rest/client.py (statuses)",
    url="https://api.plivo.com/v1/Account/{username}/Message/",
    json={"src": "{from}", "dst": "{to}", "text": "{body}"},
    success=Success(status=(202,), without={"invalid_number.0": "*"}),
    id_path="message_uuid.0",
    codes=Codes(path="invalid_number.0", rejected=("*",)),
)
