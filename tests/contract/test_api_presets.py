"""The presets of APIs against a server that gives the documented answers, and refuses any other request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from reminderctl.config.presets import FOLDER, preset_names, read_preset
from tests.clinic import SETTINGS, Clinic
from tests.end_to_end.test_sources import HOUR
from tests.http_server import Exchange, Request, Server, serve

KEY = "k3y-0123456789"
NOW = "2026-11-23T08:00:00Z"
Query = Mapping[str, str]
Answer = Callable[[Request, str, Query], Any]


def calcom(request: Request, path: str, query: Query) -> Any:
    """Cal.com, API version 2024-08-13, with two bookings to a page, whatever is asked for."""
    assert path == "/v2/bookings"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["cal-api-version"] == "2024-08-13"
    assert query["afterStart"] < NOW < query["beforeEnd"]
    assert query["afterStart"].endswith("T00:00:00Z")
    skip = int(query["skip"])
    host = {"id": 5, "name": "Ana Gil", "email": "ana@clinic.example", "username": "ana", "timeZone": "Europe/Madrid"}
    plain = {"hosts": [host], "eventType": {"id": 9, "slug": "visit"}, "absentHost": False, "meetingUrl": None}

    def booking(number: int, uid: str, status: str, *attendees: dict[str, Any]) -> dict[str, Any]:
        times = {"start": f"2026-11-24T{8 + number:02}:00:00.000Z", "end": f"2026-11-24T{8 + number:02}:30:00.000Z"}
        return {"id": number, "uid": uid, "title": "Visit", "status": status, "attendees": [*attendees]} | times | plain

    lucia = {
        "name": "Lucia",
        "email": "lucia@example.com",
        "timeZone": "Europe/Madrid",
        "language": "es",
        "absent": False,
    }
    john = {
        "name": "John",
        "email": "john@example.com",
        "timeZone": "America/New_York",
        "language": "en",
        "absent": True,
    }
    data = [
        booking(1, "uidA1", "accepted", lucia),
        booking(2, "uidB2", "cancelled", john),
        booking(3, "uidC3", "accepted", lucia, john),
    ]
    return {"status": "success", "data": data[skip : skip + 2], "pagination": {"totalItems": 3}}


def easyappointments(request: Request, path: str, query: Query) -> Any:
    """Easy!Appointments 1.5: `with` gives the rows of the tables as they are."""
    assert path == "/index.php/api/v1/appointments"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert query["from"] < "2026-11-23" < query["till"]
    assert len(query["from"]) == 10
    assert {*query["with"].split(",")} == {"customer", "service", "provider"}
    if query["page"] != "1":
        return []
    provider = {
        "id": 2,
        "first_name": "Ana",
        "last_name": "Gil",
        "email": "ana@clinic.example",
        "phone_number": "+34600000000",
        "timezone": "America/New_York",
    }
    customer = {
        "id": 3,
        "first_name": "Lucia",
        "last_name": "Paz",
        "email": "lucia@example.com",
        "phone_number": "+34611111111",
        "timezone": "Europe/Madrid",
        "language": "portuguese-br",
        "custom_field_1": "blue",
    }

    def appointment(number: int, status: str) -> dict[str, Any]:
        times = {"start": f"2026-11-24 {8 + number:02}:00:00", "end": f"2026-11-24 {8 + number:02}:30:00"}
        ids = {"id": number, "customerId": 3, "providerId": 2, "serviceId": 7, "hash": "h", "notes": None}
        related = {
            "customer": customer,
            "provider": provider,
            "service": {"id": 7, "name": "Haircut", "price": "20.00"},
        }
        return {**ids, **times, **related, "status": status, "location": ""}

    return [appointment(1, "Booked"), appointment(2, "Cancelled"), appointment(3, "")]


def acuity(request: Request, path: str, query: Query) -> Any:
    """Acuity: one list, with the canceled appointments in it."""
    assert path == "/api/v1/appointments"
    sent = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert sent == f"1234:{KEY}"
    assert query["minDate"] < "2026-11-23" < query["maxDate"]
    assert (query["max"], query["showall"]) == ("1000", "true")

    def appointment(number: int, **others: Any) -> dict[str, Any]:
        person = {"firstName": "Lucia", "lastName": "Paz", "email": "lucia@example.com", "phone": "+34611111111"}
        about = {"type": "Haircut", "appointmentTypeID": 7, "calendar": "Ana Gil", "calendarID": 2, "duration": "30"}
        zones = {"timezone": "Europe/Madrid", "calendarTimezone": "America/New_York"}
        times = {"datetime": f"2026-11-24T{8 + number:02}:00:00-0500", "endTime": "9:30am", "date": "November 24, 2026"}
        return {"id": number, **person, **about, **zones, **times, "canceled": False, "noShow": False, **others}

    return [appointment(1), appointment(2, canceled=True), appointment(3)]


CASES: dict[str, tuple[Answer, str]] = {
    "calcom-api": (calcom, ""),
    "easyappointments-api": (easyappointments, "/index.php"),
    "acuity": (acuity, ""),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as found:
        yield found


def connect(clinic: Clinic, server: Server, name: str) -> None:
    play, path = CASES[name]

    def step(exchange: Exchange) -> None:
        request = exchange.read()
        parts = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        try:
            body = play(request, parts.path, query)
        except (AssertionError, KeyError) as error:
            exchange.answer(400, f"{error!r} {request.path}"[:100])
            return
        exchange.answer(200, body)

    server.script(step)
    (clinic.folder / "bookings.db").unlink(missing_ok=True)
    (clinic.folder / "secrets.env").write_text(f"KEY={KEY}\n")
    (clinic.folder / "secrets.env").chmod(0o600)
    url = server.url.replace("//", "//1234@" if name == "acuity" else "//")
    clinic.write(
        HOUR, settings=f'{SETTINGS}sources:\n  clinic: {{preset: {name}, url: "{url}{path}", password: "${{KEY}}"}}\n'
    )


def test_each_preset_of_an_api_has_its_server() -> None:
    found = {name: read_preset(FOLDER / f"{name}.yaml")[0] for name in preset_names()}
    assert {name for name, each in found.items() if each and each.engine == "http"} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_preset_reads_what_its_api_answers(clinic: Clinic, server: Server, name: str) -> None:
    connect(clinic, server, name)
    first = json.loads(clinic.command("sources", "sync", "clinic", "--json", "--now", NOW).stdout)["clinic"]
    assert first == {"state": "ok", "new": 3, "changed": 0, "canceled": 0, "missing": 0, "bad": 0}
    again = json.loads(clinic.command("sources", "sync", "clinic", "--json", "--now", NOW).stdout)["clinic"]
    assert again["state"] == "unchanged"
    listed = json.loads(clinic.command("bookings", "list", "--json").stdout)
    assert [each["status"] for each in sorted(listed, key=lambda each: each["starts_at"])] == [
        "approved",
        "canceled",
        "approved",
    ]
    assert not [each for each in server.requests if KEY in each.path]


def shown(clinic: Clinic, booking_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(clinic.command("bookings", "show", booking_id, "--json").stdout)
    return found


def test_cal_com_gives_each_attendee_and_who_did_not_come(clinic: Clinic, server: Server) -> None:
    connect(clinic, server, "calcom-api")
    clinic.command("sources", "sync", "--now", NOW)
    found = shown(clinic, "clinic:uidC3")
    assert found["starts_at"] == "2026-11-24T11:00:00Z"
    assert found["staff"]["name"] == "Ana Gil"
    people = {each["customer"]["email"]: each for each in found["participants"]}
    assert people.keys() == {"lucia@example.com", "john@example.com"}
    assert people["john@example.com"]["status"] == "no_show"
    assert people["lucia@example.com"]["status"] in (None, "approved")
    assert [each.path.rpartition("=")[2] for each in server.requests] == ["0", "2", "3"]


def test_easyappointments_gives_the_wall_clock_of_its_provider(clinic: Clinic, server: Server) -> None:
    connect(clinic, server, "easyappointments-api")
    clinic.command("sources", "sync", "--now", NOW)
    found = shown(clinic, "clinic:1")
    assert found["starts_at"] == "2026-11-24T14:00:00Z"
    assert (found["staff"]["name"], found["service"]["name"]) == ("Ana Gil", "Haircut")
    (person,) = found["participants"]
    assert (person["customer"]["full_name"] or person["customer"]["first_name"]).startswith("Lucia")
    assert "pt-BR" in (person.get("language"), person["customer"].get("language"))


def test_acuity_gives_the_duration_in_minutes(clinic: Clinic, server: Server) -> None:
    connect(clinic, server, "acuity")
    clinic.command("sources", "sync", "--now", NOW)
    found = shown(clinic, "clinic:1")
    assert (found["starts_at"], found["ends_at"]) == ("2026-11-24T14:00:00Z", "2026-11-24T14:30:00Z")
    assert found["staff"]["name"] == "Ana Gil"


def test_a_list_that_may_be_cut_off_is_a_failure(clinic: Clinic, server: Server) -> None:
    connect(clinic, server, "acuity")
    ours = clinic.folder / "ours.yaml"
    ours.write_text((FOLDER / "acuity.yaml").read_text().replace("most: 1000", "most: 3"))
    yaml = clinic.folder / "workflows.yaml"
    yaml.write_text(yaml.read_text().replace("preset: acuity", "preset: ./ours.yaml"))
    found = json.loads(clinic.command("sources", "sync", "--json", "--now", NOW).stdout)["clinic"]
    assert "lists 3 bookings, as many as it ever does at once" in found["error"]
