"""The main job against real SMTP and HTTP servers, over simulated minutes of cron."""

from __future__ import annotations

import email
import email.policy
import json
import ssl
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from standardwebhooks import Webhook

from tests import http_server
from tests.clinic import Clinic
from tests.mail_server import PASSWORD, USER, MailServer, mail_servers

pytestmark = [
    # aiosmtpd 1.4.6 warns of its own use of Session.login_data
    pytest.mark.filterwarnings("ignore:Session.login_data is deprecated:DeprecationWarning"),
]

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDzHk0+mqYOyE="
TEXT = "Hola {customer_full_name}, su cita de {service_name} es el {appointment_date} a las {appointment_start_time}."
SETTINGS = """\
timezone: Europe/Madrid
language: es
company: {{name: Clínica Sol}}
channels:
  email: {{host: 127.0.0.1, port: {port}, security: starttls, username: citas, password: "${{SMTP_PASSWORD}}",
          ca_file: ca.pem, from: "Clínica Sol <citas@example.com>"}}
  webhook: {{secret: "${{WEBHOOK_SECRET}}"}}
"""
WORKFLOWS = """\
- id: reminder
  when: [1 day before start, 1 hour before start]
  actions:
    - send: email
      to: customer
      subject: "Su cita de {{service_name}}"
      body: {text}
    - send: webhook
      url: {url}/bookings/{{appointment_id}}
      json: {{text: "{{customer_full_name}}, {{appointment_start_time}}"}}
"""


class House(Clinic):
    """A clinic with a real mail server and a real web server."""

    mail: MailServer
    web: http_server.Server

    def letters(self) -> list[EmailMessage]:
        found = []
        for each in self.mail.mails:
            assert isinstance(each.content, bytes)
            found.append(email.message_from_bytes(each.content, policy=email.policy.default))
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with mail_servers() as serve_mail, http_server.serve() as web:
        clinic = House(tmp_path / "clinic")
        clinic.mail, clinic.web = serve_mail(tls=context, require_starttls=True, auth_required=True), web
        authority.cert_pem.write_to_path(str(clinic.folder / "ca.pem"))
        secrets = clinic.folder / "secrets.env"
        secrets.write_text(f"SMTP_PASSWORD={PASSWORD}\nWEBHOOK_SECRET={SECRET}\n", encoding="utf-8")
        secrets.chmod(0o600)
        assert USER == "citas"
        clinic.write(
            WORKFLOWS.format(url=web.url, text=json.dumps(TEXT)), settings=SETTINGS.format(port=clinic.mail.port)
        )
        clinic.execute("INSERT INTO services (id, name) VALUES ('s1', 'Corte de pelo')")
        assert clinic.run("2026-06-08T08:00Z") == {}
        yield clinic


def test_a_pasted_text_arrives_in_the_customers_language_and_the_bookings_zone(house: House) -> None:
    house.book(
        "b1",
        "2026-11-24T16:30Z",
        service_id="s1",
        customers=({"id": "josé", "full_name": "José Núñez", "email": "jose@example.com"},),
    )
    english = {"id": "tom", "full_name": "Tom Brown", "language": "en", "email": "tom@example.com"}
    house.book("b2", "2026-11-24T16:30Z", service_id="s1", timezone="America/New_York", customers=(english,))
    house.run("2026-11-23T16:29Z")
    house.run("2026-11-23T16:30Z")
    texts = {str(letter["To"]): letter.get_content().strip() for letter in house.letters()}
    assert texts == {
        "jose@example.com": TEXT.format(
            customer_full_name="José Núñez",
            service_name="Corte de pelo",
            appointment_date="martes, 24 de noviembre de 2026",
            appointment_start_time="17:30",
        ),
        "tom@example.com": TEXT.format(
            customer_full_name="Tom Brown",
            service_name="Corte de pelo",
            appointment_date="Tuesday, November 24, 2026",
            appointment_start_time="11:30 AM",
        ),
    }
    assert {str(letter["Subject"]) for letter in house.letters()} == {"Su cita de Corte de pelo"}


def test_each_message_arrives_once_however_often_cron_calls_and_through_an_outage(house: House) -> None:
    house.book("early", "2026-06-10T10:00Z")
    house.book("group", "2026-06-10T10:02Z", customers=("ben", "eva"))
    house.book("off", "2026-06-10T10:01Z", status="canceled")
    house.every_minute("2026-06-09T09:59Z", "2026-06-09T10:04Z", twice=True)
    # Cron is down for a day. What fell due meanwhile goes out if it is still worth it: a day ahead within twelve
    # hours, an hour ahead within half an hour.
    house.book("tomorrow", "2026-06-11T04:00Z")
    house.book("late", "2026-06-10T11:00Z")
    house.every_minute("2026-06-10T10:04Z", "2026-06-10T10:06Z", twice=True)
    arrived = Counter(to for mail in house.mail.mails for to in mail.rcpt_tos)
    assert arrived == {"ana@example.com": 2 + 1, "ben@example.com": 1, "eva@example.com": 1}
    assert house.web.requests[0].path == "/bookings/early"
    assert Counter(request.path for request in house.web.requests) == {
        "/bookings/early": 1,
        "/bookings/group": 1,
        "/bookings/tomorrow": 1,
        "/bookings/late": 1,
    }
    assert house.states() == {"sent": 9, "expired": 7}
    assert len({request.headers["webhook-id"] for request in house.web.requests}) == 4
    assert len({str(letter["Message-ID"]) for letter in house.letters()}) == 5


def test_a_webhook_is_signed_as_a_receiver_checks_it(house: House) -> None:
    house.book("b1", "2026-06-10T10:00Z")
    house.run("2026-06-09T10:00Z")
    (request,) = house.web.requests
    payload = Webhook(SECRET).verify(request.body, request.headers)
    assert payload == json.loads(request.body) == {"text": "Ana, 12:00"}
    assert request.headers["webhook-id"] == house.deliveries("--channel", "webhook")[0]["key"]


def test_a_server_that_answers_503_is_tried_again_later_with_the_same_id(house: House) -> None:
    house.book("b1", "2026-06-10T10:00Z")
    house.web.script(http_server.answer(503), http_server.answer(200))
    assert house.run("2026-06-09T10:00Z") == {"planned": 2, "sent": 1, "retrying": 1}
    assert house.run("2026-06-09T10:01Z") == {"sent": 1}
    first, second = house.web.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    delivery_id = next(each["id"] for each in house.deliveries("--channel", "webhook"))
    shown = json.loads(house.command("deliveries", "show", str(delivery_id), "--json").stdout)
    assert [attempt["outcome"] for attempt in shown["history"]] == ["unavailable", "sent"]


def test_a_wrong_password_stops_mail_alone_and_loses_nothing(house: House) -> None:
    secrets = house.folder / "secrets.env"
    right = secrets.read_text(encoding="utf-8")
    secrets.write_text(right.replace(PASSWORD, "wrong-canary"), encoding="utf-8")
    for number in range(3):
        house.book(f"b{number}", "2026-06-10T10:00Z")
    result = house.command("run", "--now", "2026-06-09T10:00Z")
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("email is down: ")
    assert "535" in line
    assert house.states() == {"sent": 3, "pending": 3}
    assert house.mail.mails == []
    secrets.write_text(right, encoding="utf-8")
    house.run("2026-06-09T10:10Z")
    assert house.states() == {"sent": 6}
    everything = result.output + (house.folder / "ledger.db").read_bytes().decode("latin-1")
    assert "wrong-canary" not in everything
    assert PASSWORD not in everything
