"""Headers with secrets, which the settings give to the receivers of webhooks: who gets them, and who sees them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminderctl import config
from reminderctl.channels._webhook_request import headers_for
from reminderctl.errors import ConfigError
from reminderctl.secret import Secret
from tests.clinic import Clinic
from tests.http_server import Exchange, Server, answer, serve
from tests.spellings import SPELLINGS

DUE, BEFORE = "2026-06-09T10:00Z", "2026-06-09T09:00Z"
TOKEN = "cAnArY-t0ken"
ADDED = {"https://crm.example.com": {"Authorization": Secret("x")}}


@pytest.fixture
def crm() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    with serve() as server:
        yield server


def arm(clinic: Clinic, headers: str, *actions: str, secret: str = "") -> None:
    """Webhooks that are due a day before the booking; `headers` are those of the settings."""
    path = clinic.folder / "secrets.env"
    path.write_text(f"CRM_TOKEN={TOKEN}\n", encoding="utf-8")
    path.chmod(0o600)
    given = ", ".join(f"{{send: webhook, id: a{number}, {each}}}" for number, each in enumerate(actions))
    clinic.write(
        f"- {{id: w, when: 1 day before start, actions: [{given}]}}\n",
        settings=f"timezone: UTC\nchannels: {{webhook: {{{secret}headers: {{{headers}}}}}}}\n",
    )
    clinic.run(BEFORE)
    clinic.book("b1", "2026-06-10T10:00Z")


def test_only_requests_to_the_origin_carry_the_header(clinic: Clinic, crm: Server, other: Server) -> None:
    arm(
        clinic,
        f'{crm.url}/: {{Authorization: "Bearer ${{CRM_TOKEN}}", X-Tenant: sol}}',
        f"url: '{crm.url.replace('http', 'HTTP')}/a', headers: {{X-Own: ours}}",
        f"url: '{crm.url}/b', headers: {{authorization: mine}}",
        f"url: '{other.url}/c?{crm.url}'",
        secret="secret: geheim, ",
    )
    assert clinic.run(DUE)["sent"] == 3
    first, second = sorted(crm.requests, key=lambda request: request.path)
    assert (first.headers["authorization"], first.headers["x-tenant"]) == (f"Bearer {TOKEN}", "sol")
    assert (second.headers["authorization"], second.headers["x-tenant"]) == ("mine", "sol"), "the action's own wins"
    (elsewhere,) = other.requests
    assert not {"authorization", "x-tenant"} & elsewhere.headers.keys()
    signed = f"{first.headers['webhook-id']}.{first.headers['webhook-timestamp']}.".encode() + first.body
    digest = base64.b64encode(hmac.digest(b"geheim", signed, hashlib.sha256)).decode()
    assert first.headers["webhook-signature"] == f"v1,{digest}", "of the body alone"


def test_a_redirect_takes_the_header_nowhere(clinic: Clinic, crm: Server, other: Server) -> None:
    crm.script(answer(307, headers={"Location": f"{other.url}/x"}))
    arm(clinic, f'{crm.url}: {{Authorization: "Bearer ${{CRM_TOKEN}}"}}', f"url: '{crm.url}/a'")
    clinic.run(DUE, exits=1)
    assert (len(crm.requests), other.requests) == (1, [])


def test_a_receiver_that_repeats_the_header_does_not_bring_it_to_light(clinic: Clinic, crm: Server) -> None:
    def repeat(exchange: Exchange) -> None:
        exchange.answer(400, f"wrong: {exchange.read().headers['x-key']} {TOKEN}")

    crm.script(repeat)
    arm(clinic, f'{crm.url}: {{X-Key: "key ${{CRM_TOKEN}}"}}', f"url: '{crm.url}/a'")
    assert clinic.run(DUE, exits=1)["failed"] == 1
    (delivery,) = clinic.deliveries()
    assert delivery["error"].endswith("400 Bad Request: wrong: *** ***")
    assert all(
        TOKEN.encode() not in path.read_bytes()
        for path in clinic.folder.iterdir()
        if path.is_file() and path.name != "secrets.env"
    )


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_the_header_reaches_the_ledger_or_the_mail_of_cron(
    clinic: Clinic, crm: Server, spelling: str
) -> None:
    def repeat(exchange: Exchange) -> None:
        exchange.answer(401, f"wrong: {SPELLINGS[spelling](exchange.read().headers['x-key'])}")

    crm.script(repeat)
    secret = "cAnArY/+&<t0ken>"
    arm(clinic, f"{crm.url}: {{X-Key: '{secret}'}}", f"url: '{crm.url}/a'")
    ran = clinic.command("run", "--now", DUE)
    (delivery,) = clinic.deliveries()
    for told in (ran.output, delivery["error"]):
        assert "wrong: " in told
        assert "***" in told
        assert SPELLINGS[spelling](secret) not in told


def test_nobody_sees_the_header_who_looks_at_the_message(clinic: Clinic) -> None:
    arm(clinic, 'https://crm.example.com: {X-Tenant: "${CRM_TOKEN}"}', "url: 'https://crm.example.com/a'")
    page = clinic.folder / "page.html"
    tried = clinic.command("test", "--booking", "b1", "--json", "--html", str(page))
    clinic.run(DUE, "--outbox", str(clinic.folder / "outbox"))
    (written,) = clinic.outbox()
    assert json.loads(written.read_text())["headers"]["X-Tenant"] == "***"
    assert '"X-Tenant": "***"' in tried.stdout
    shown = clinic.command("test", "--booking", "b1")
    checked = clinic.command("check")
    everything = (tried.output, shown.output, checked.output, page.read_text(), written.read_text())
    assert [TOKEN in each for each in everything] == [False] * 5
    _, credentials = config.load_with_credentials(clinic.folder / "workflows.yaml", {})
    settings = credentials.channels["webhook"].settings
    assert TOKEN not in f"{settings} {settings!r}"


def test_a_trial_at_another_receiver_does_not_get_the_header(clinic: Clinic, other: Server) -> None:
    arm(clinic, 'https://crm.example.com: {Authorization: "${CRM_TOKEN}"}', "url: 'https://crm.example.com/a'")
    sent = clinic.command("test", "--booking", "b1", "--send", "--to", f"{other.url}/x")
    assert len(other.requests) == 1, sent.output
    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    ("url", "added"),
    [
        ("https://crm.example.com/x?y=1", True),
        ("HTTPS://CRM.Example.com:443/x", True),
        ("https://ana:geheim@crm.example.com", True),
        ("http://crm.example.com/x", False),
        ("https://crm.example.com:8443/x", False),
        ("https://crm.example.com.evil.example/x", False),
        ("https://crm.example.com@evil.example/x", False),
        ("https://evil.example/#https://crm.example.com", False),
        ("https://www.crm.example.com/", False),
        ("crm.example.com", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, *, added: bool) -> None:
    assert bool(headers_for(url, ADDED)) is added


MISTAKES = {
    "crm.example.com: {X: y}": "headers: 'crm.example.com' is not an origin; use scheme, host and port, as in",
    '"https://{x}/": {X: y}': "headers: 'https://{x}/' is not an origin",
    "https://crm.example.com/api: {X: y}": "headers: write https://crm.example.com, without anything before",
    "https://ana:hunter2@crm.example.com: {X: y}": "headers: write https://crm.example.com, without anything",
    "https://a.example: {X: y}, https://A.example:443/: {X: y}": "headers: https://a.example is a duplicate",
    "https://a.example: {Webhook-Id: y}": "headers: Webhook-Id cannot be set here: reminderctl writes it",
    "https://a.example: {X Y: y}": "headers: 'X Y' is not a header name",
    'https://a.example: {X: "hunter2\\n"}': "headers: X: contains a line break",
    "https://a.example: {X: ''}": "headers: X: is empty; give it a value or remove it",
    "https://a.example: {X: [hunter2]}": "headers: https://a.example: X: expected text, got a list",
    "Authorization: Bearer hunter2": "headers: Authorization: expected a mapping",
    'https://a.example: {X: "${NO_TOKEN}"}': "`${NO_TOKEN}` is not set",
}


@pytest.mark.parametrize(("headers", "told"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_told_without_the_secret(headers: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "workflows.yaml"
    file.write_text(f"timezone: UTC\nchannels: {{webhook: {{headers: {{{headers}}}}}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(file, {})
    (line,) = str(caught.value).splitlines()
    assert f"channels.webhook: {told}" in line
    assert "hunter2" not in line
