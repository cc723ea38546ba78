"""Edits of workflows that run: they reach forward, and nobody whose instant has passed is told because of one."""

from __future__ import annotations

import pytest

from tests.clinic import SETTINGS, Clinic

EMAIL = "{send: email, to: customer, subject: s, body: b}"
SECOND = "{id: second, send: email, to: customer, subject: s, body: b}"
TO_TWO = "{send: email, to: [customer, admin], subject: s, body: b}"


def workflow(action: str = EMAIL, *, more: str = "", name: str = "remind") -> str:
    return f"- id: {name}\n  when: 1 hour before start\n{more}  actions: [{action}]\n"


HAIRCUTS = "  filters: {service: Haircut}\n"
HAIRCUTS_AND_MORE = "  filters: {service: [Haircut, Massage]}\n"
IN_SPANISH, IN_ENGLISH = "  filters: {language: es}\n", "  filters: {language: [es, en]}\n"
LATE = "  late_booking: send\n"
EDITS = {
    "a second action": (workflow(), workflow(f"{EMAIL}, {SECOND}")),
    "an action with another id": (workflow(), workflow(SECOND)),
    "a second recipient": (workflow(), workflow(TO_TWO)),
    "another id": (workflow(), workflow(name="reminder")),
    "the id of another workflow": (
        workflow() + workflow(name="other", more=HAIRCUTS),
        workflow(name="other"),
    ),
    "a filter less": (workflow(more=HAIRCUTS), workflow()),
    "a filter that lets more through": (workflow(more=HAIRCUTS), workflow(more=HAIRCUTS_AND_MORE)),
    "an exception less": (workflow(more="  except: {service: Massage}\n"), workflow()),
    "a language more": (workflow(more=IN_SPANISH), workflow(more=IN_ENGLISH)),
    "each customer instead of the first": (workflow(more="  for_each_customer: false\n"), workflow()),
    "for each customer": (workflow(TO_TWO), workflow(TO_TWO, more="  for_each_customer: true\n")),
    "late bookings": (workflow(), workflow(more=LATE)),
    "late bookings and a filter less": (workflow(more=LATE + HAIRCUTS), workflow(more=LATE)),
}


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """Pairs for haircuts and massages, of which one of each falls due every minute from 08:00 on."""
    clinic.execute("INSERT INTO services (id, name) VALUES ('h', 'Haircut'), ('m', 'Massage')")
    clinic.execute("""INSERT INTO customers (id, email, language)
        VALUES ('ana', 'ana@example.com', 'es'), ('bob', 'bob@example.com', 'en')""")
    clinic.execute("""INSERT INTO bookings (id, starts_at, ends_at, service_id)
        SELECT services.id || SUBSTR('0' || value, -2), '2026-06-10T09:' || SUBSTR('0' || value, -2) || ':00Z',
            '2026-06-10T11:00:00Z', services.id FROM services, JSON_EACH('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14]')""")
    clinic.execute("""INSERT INTO participants (booking_id, customer_id, position)
        SELECT bookings.id, customers.id, customers.id = 'bob' FROM bookings, customers""")
    return clinic


def told(clinic: Clinic) -> set[tuple[str, ...]]:
    names = ("workflow", "action", "booking", "recipient")
    return {tuple(each[name] for name in names) for each in clinic.deliveries()}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_tells_nobody_whose_instant_has_passed(busy: Clinic, edit: str) -> None:
    before, after = EDITS[edit]
    busy.write(before)
    busy.every_minute("2026-06-10T08:00Z", "2026-06-10T08:08Z")
    for service in ("h", "m"):
        busy.book(f"late-{service}", "2026-06-10T09:01:30Z", customers=("ana", "bob"), service_id=service)
    busy.run("2026-06-10T08:09Z")
    earlier = told(busy)
    busy.write(after)
    busy.every_minute("2026-06-10T08:09Z", "2026-06-10T08:12Z")
    names = {each[2] for each in told(busy) - earlier}
    assert names <= {"h10", "h11", "h12", "m10", "m11", "m12"}, "told because of the edit"
    assert names == {"h10", "h11", "h12", "m10", "m11", "m12"}, "and later ones are told"


def test_an_edit_takes_effect_from_the_watermark_on(busy: Clinic) -> None:
    """While cron was away nobody was told of anything, so the newest filter decides about all of it."""
    busy.write(workflow(more=HAIRCUTS))
    busy.every_minute("2026-06-10T08:00Z", "2026-06-10T08:02Z")
    busy.write(workflow())
    busy.run("2026-06-10T08:10Z")
    told_of = {each[2] for each in told(busy)}
    assert told_of == {f"h{minute:02}" for minute in range(1, 11)} | {f"m{minute:02}" for minute in range(3, 11)}


@pytest.mark.parametrize(
    "edited",
    [
        workflow(more="  filters: {service: [Massage, Haircut]}\n"),
        workflow("{send: email, to: customer, subject: another, body: text}", more=HAIRCUTS_AND_MORE),
        workflow(more=f"  name: Another\n{HAIRCUTS_AND_MORE}"),
    ],
    ids=["order", "texts", "name"],
)
def test_an_edit_that_changes_nobody_leaves_the_overlap(busy: Clinic, edited: str) -> None:
    busy.write(workflow(more=HAIRCUTS_AND_MORE))
    busy.every_minute("2026-06-10T08:00Z", "2026-06-10T08:10Z")
    busy.write(edited)
    busy.book("late", "2026-06-10T09:08Z", service_id="h")
    busy.run("2026-06-10T08:11Z")
    assert ("remind", "email", "late", "customer:ana") in told(busy)


def test_another_default_language_is_an_edit_of_who_is_told(busy: Clinic) -> None:
    busy.write(workflow(more="  filters: {language: fr}\n"))
    busy.execute("UPDATE customers SET language = NULL")
    busy.every_minute("2026-06-10T08:00Z", "2026-06-10T08:10Z")
    busy.write(workflow(more="  filters: {language: fr}\n"), settings=SETTINGS.replace("language: es", "language: fr"))
    busy.run("2026-06-10T08:11Z")
    assert {each[2] for each in told(busy)} == {"h11", "m11"}


def test_what_waits_is_sent_whatever_is_edited_beside_it(clinic: Clinic) -> None:
    """A second trigger, and a second action, leave what the first ones have planned alone."""
    clinic.write(workflow())
    clinic.run("2026-06-10T07:00Z")
    for minute in range(3):
        clinic.book(f"b{minute}", f"2026-06-10T09:0{minute}Z")
    clinic.write(
        workflow(f"{EMAIL}, {SECOND}").replace("1 hour", "[1 hour", 1).replace("start\n", "start, at start]\n")
    )
    clinic.run("2026-06-10T08:03Z")
    assert told(clinic) == {("remind", "email", f"b{minute}", "customer:ana") for minute in range(3)}
