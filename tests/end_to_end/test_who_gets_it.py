"""Filters, recipients and group bookings (docs/reference/yaml.md), seen in the ledger."""

import pytest

from tests.clinic import Clinic

GROUP = (
    {"id": "ana", "language": "es-MX"},
    {"id": "ben", "language": "en", "phone": None},
    {"id": "eva", "participant_status": "canceled", "participant_language": "en-GB", "language": "es"},
)


def reached(clinic: Clinic, workflow: str) -> list[tuple[str, str]]:
    """Which recipients on which channels a workflow reaches, one hour before the bookings of the clinic."""
    clinic.write(workflow)
    clinic.run("2026-06-10T08:00Z")
    clinic.command("run", "--now", "2026-06-10T09:00Z")
    return [(each["channel"], each["recipient"]) for each in clinic.deliveries()]


def workflow(
    *, to: str = "customer", more: str = "", send: str = "email", texts: str = "subject: s\n      body: b"
) -> str:
    lines = "".join(f"  {line}\n" for line in more.splitlines())
    return (
        f"- id: w\n  when: 1 hour before start\n{lines}  actions:\n    - send: {send}\n      to: {to}\n      {texts}\n"
    )


@pytest.fixture
def visit(clinic: Clinic) -> Clinic:
    """A booking with everything that filters look at."""
    clinic.execute("INSERT INTO services (id, name) VALUES ('s1', 'Haircut')")
    clinic.execute("INSERT INTO staff (id, name, email) VALUES ('t1', 'Ana Ruiz', 'staff@example.com')")
    clinic.execute("INSERT INTO locations (id, name, email) VALUES ('l1', 'Centro', 'centro@example.com')")
    clinic.book(
        "b1",
        "2026-06-10T10:00Z",
        service_id="s1",
        staff_id="t1",
        location_id="l1",
        status="approved",
        customers=({"id": "ana", "language": "es-MX"},),
    )
    return clinic


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        ("{service: Haircut}", True),
        ("{service: s1}", True),
        ("{service: [Colour, haircut]}", True),
        ("{service: Colour}", False),
        ("{staff: Ana Ruiz}", True),
        ("{staff: t2}", False),
        ("{location: Centro, staff: t1}", True),
        ("{location: Centro, staff: t2}", False),
        ("{status: approved}", True),
        ("{status: [pending, Approved]}", True),
        ("{status: pending}", False),
        ("{language: es}", True),
        ("{language: es-MX}", True),
        ("{language: es-ES}", False),
        ("{language: [en, fr]}", False),
    ],
)
def test_a_filter_lets_through_what_it_names(visit: Clinic, filters: str, *, matches: bool) -> None:
    assert bool(reached(visit, workflow(more=f"filters: {filters}"))) is matches


@pytest.mark.parametrize(
    ("exception", "matches"), [("{service: Haircut}", False), ("{service: Colour}", True), ("{language: es}", False)]
)
def test_except_excludes_what_it_names(visit: Clinic, exception: str, *, matches: bool) -> None:
    assert bool(reached(visit, workflow(more=f"except: {exception}"))) is matches


def test_a_status_filter_can_ask_for_cancelled_bookings(visit: Clinic) -> None:
    visit.set_status("b1", "cancelled")
    assert reached(visit, workflow(more="filters: {status: canceled}")) == [("email", "customer:ana")]


def test_every_form_of_recipient_gets_a_message_of_its_own(visit: Clinic) -> None:
    to = "[customer, staff, admin, location, company, extra@example.com, '{custom.assistant}']"
    visit.execute("""UPDATE bookings SET fields = '{"assistant": "assistant@example.com"}'""")
    assert reached(visit, workflow(to=to)) == [
        ("email", recipient)
        for recipient in (
            "customer:ana",
            "staff:t1",
            "admin",
            "location:l1",
            "company",
            "extra@example.com",
            "{custom.assistant}",
        )
    ]
    assert [each["address"] for each in visit.deliveries("--state", "sent")] == [
        "ana@example.com",
        "staff@example.com",
        "admin@example.com",
        "centro@example.com",
        "hola@example.com",
        "extra@example.com",
        "assistant@example.com",
    ]
    for message in visit.outbox():
        assert message.read_text().count("@example.com") <= 3, "To, From and Message-ID; nobody sees another's address"


def test_a_recipient_without_an_address_is_a_failed_delivery_that_says_so(visit: Clinic) -> None:
    visit.execute("UPDATE customers SET email = NULL")
    visit.execute("UPDATE bookings SET staff_id = NULL")
    reached(visit, workflow(to="[customer, staff, admin]"))
    assert {each["recipient"]: (each["state"], each["error"]) for each in visit.deliveries()} == {
        "customer:ana": ("failed", "customer:ana has no email address"),
        "staff": ("failed", "the booking has no member of staff"),
        "admin": ("sent", None),
    }
    result = visit.command("run", "--now", "2026-06-10T09:01Z")
    assert result.exit_code == 0, "a failure is told once"


@pytest.mark.parametrize(
    ("for_each_customer", "expected"),
    [
        ("", ["customer:ana", "customer:ben", "admin"]),
        ("for_each_customer: true", ["customer:ana", "customer:ben", "admin", "admin"]),
        ("for_each_customer: false", ["customer:ana", "admin"]),
    ],
)
def test_a_group_booking_reaches_whom_for_each_customer_says(
    clinic: Clinic, for_each_customer: str, expected: list[str]
) -> None:
    clinic.book("g1", "2026-06-10T10:00Z", customers=GROUP)
    found = reached(clinic, workflow(to="[customer, admin]", more=for_each_customer))
    assert [recipient for _, recipient in found] == expected
    assert len({each["key"] for each in clinic.deliveries()}) == len(expected)


@pytest.mark.parametrize(
    ("for_each_customer", "canceled", "waiting"),
    [
        ("", ["customer:ana"], ["customer:ben", "admin"]),
        ("for_each_customer: true", ["customer:ana", "admin"], ["customer:ben", "admin"]),
        ("for_each_customer: false", ["customer:ana"], ["admin", "customer:ben"]),
    ],
)
def test_whoever_leaves_a_group_gets_nothing_more_and_the_others_do(
    clinic: Clinic, for_each_customer: str, canceled: list[str], waiting: list[str]
) -> None:
    nobody_listens = "timezone: Europe/Madrid\nadmin: {email: admin@example.com}\nchannels:\n"
    nobody_listens += "  email: {host: 127.0.0.1, port: 9, security: none, from: clinic@example.com}\n"
    clinic.write(workflow(to="[customer, admin]", more=for_each_customer), settings=nobody_listens)
    clinic.run("2026-06-10T08:00Z")
    clinic.book("g1", "2026-06-10T10:00Z", customers=("ana", "ben"))
    clinic.run("2026-06-10T09:00Z")
    clinic.execute("UPDATE participants SET status = 'canceled' WHERE customer_id = 'ana'")
    clinic.run("2026-06-10T09:01Z")
    found = {state: clinic.deliveries("--state", state) for state in ("canceled", "pending")}
    assert [each["recipient"] for each in found["canceled"]] == canceled
    assert [each["recipient"] for each in found["pending"]] == waiting


def test_a_participants_own_status_and_language_decide_for_that_participant(clinic: Clinic) -> None:
    clinic.book("g1", "2026-06-10T10:00Z", customers=GROUP)
    assert reached(clinic, workflow(more="filters: {language: en, status: [approved, canceled]}")) == [
        ("email", "customer:ben"),
        ("email", "customer:eva"),
    ]


def test_a_cancelled_group_booking_is_cancelled_for_everyone(clinic: Clinic) -> None:
    clinic.book(
        "g1", "2026-06-10T10:00Z", customers=({"id": "ana", "participant_status": "approved"},), status="canceled"
    )
    assert reached(clinic, workflow(more="filters: {status: approved}")) == []


def test_nothing_fires_when_no_participant_matches(clinic: Clinic) -> None:
    clinic.book("g1", "2026-06-10T10:00Z", customers=GROUP)
    assert reached(clinic, workflow(to="[customer, admin]", more="filters: {language: fr}")) == []


def test_a_booking_without_participants_fires_for_the_others_only(clinic: Clinic) -> None:
    clinic.book("b1", "2026-06-10T10:00Z", customers=())
    assert reached(clinic, workflow(to="[customer, admin]")) == [("email", "admin")]


def test_a_webhook_goes_out_once_per_booking_or_once_per_customer(clinic: Clinic) -> None:
    clinic.book("g1", "2026-06-10T10:00Z", customers=GROUP)
    clinic.write(
        "- id: once\n  when: 1 hour before start\n  actions: [{send: webhook, url: 'https://crm.example.com/{appointment_id}'}]\n"
        "- id: each\n  for_each_customer: true\n  when: 1 hour before start\n"
        "  actions: [{send: webhook, url: https://crm.example.com, json: {who: '{customer_full_name}'}}]\n"
    )
    clinic.run("2026-06-10T08:00Z")
    assert clinic.run("2026-06-10T09:00Z") == {"planned": 3, "sent": 3}
