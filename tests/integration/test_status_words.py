"""The words that booking programs write for a status: who is reminded, who is not, and what a person hears of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.calendars import calendar, event
from tests.clinic import Clinic
from tests.imports import NOW, import_file, list_bookings

CASES = Path(__file__).parents[1] / "tables" / "cases"
EVERYBODY = """
  - id: reminder
    when: 1 hour before start
    actions: [{send: email, to: customer, subject: "{appointment_id}", body: Hi}]
"""
HEADER = "id,starts_at,ends_at,status,customer_name,customer_email\n"
BEFORE = "2026-12-01T08:30Z"


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    clinic = Clinic(tmp_path / "clinic")
    clinic.write(EVERYBODY)
    return clinic


def rows(*statuses: str) -> str:
    lines = [
        f"{number},2026-12-01T10:00,2026-12-01T11:00,{status},C{number},c{number}@example.com"
        for number, status in enumerate(statuses)
    ]
    return HEADER + "\n".join(lines) + "\n"


def reminded(clinic: Clinic) -> list[str]:
    """Return the bookings that somebody was reminded of, in a run in the hour before each."""
    clinic.run("2026-12-01T07:00Z")
    clinic.run("2026-12-01T08:25Z")
    return [each["booking"] for each in clinic.deliveries("--state", "sent")]


def test_nobody_is_reminded_of_what_is_plainly_called_off(clinic: Clinic) -> None:
    result = import_file(clinic, (CASES / "status-cancelled-by.csv").read_bytes())
    warned = [line.split("status is ")[1].split(";")[0] for line in result.stderr.splitlines()]
    assert warned == ["`expired`", "`true`", "`yes`", "`1`", "`Waiting list`"]
    assert "export.csv: line 17: status is `expired`; no workflow asks for that status" in result.stderr
    assert sorted(reminded(clinic), key=int) == ["0", "1", "15", "17", "18", "19", "21", "22"]


@pytest.mark.parametrize(
    "status",
    """CANCELLED|canceled_by_customer|CancelledByCustomer|Client cancelled|LATE_CANCELLED|Late cancel|auto-cancelled
    Canceled/Refunded|[Cancelled]|was cancelled|Cancelled - refund pending|CANCEL|voided|Void|removed|Trashed|withdrawn
    Cancelada por el cliente|CANCELADO|Anulado|eliminada|Cancelada pelo cliente|desmarcada|Excluído
    Annulé|ANNULÉE|Annulée par le client|supprimé|Annullato|cancellata dal cliente|disdetta|Storniert|Abgesagt
    Termin abgesagt|gelöscht|geloescht|Geannuleerd|afgezegd|Cancel·lada|cancel·lat|Anul·lat|Odwołane
    anulowana przez klienta
    Avbokad|inställt|Aflyst|Avlyst|Peruutettu|zrušeno|Zrušená|anulată|iptal edildi
    Отменено|отменён|скасовано|已取消|キャンセル済み
    취소됨|can\u200bceled|\ufeffcanceled|canceled\u00a0""".replace("\n", "|").split("|"),
)
def test_the_ways_to_say_canceled(clinic: Clinic, status: str) -> None:
    clinic.book("1", "2026-12-01T09:00Z", status=status.strip(" "))
    assert reminded(clinic) == []
    explained = clinic.command("explain", "1", "--now", BEFORE)
    assert "status is canceled" in explained.stdout
    assert "no workflow asks" not in clinic.command("check").stdout


@pytest.mark.parametrize(
    "status",
    [
        *("Declined", "REJECTED_BY_STAFF", "rechazada", "Abgelehnt", "Refusé", "rifiutato", "Recusado", "afgewezen"),
        *("rebutjada", "Odrzucone", "No Show", "no-show (charged)", "NoShow", "did not attend", "No se presentó"),
        *("Não compareceu", "nicht erschienen", "Non presentato", "absent", "Nie stawił się", "niet verschenen"),
    ],
)
def test_the_ways_to_say_that_nobody_comes(clinic: Clinic, status: str) -> None:
    clinic.book("1", "2026-12-01T09:00Z", status=status)
    clinic.book("2", "2026-12-01T09:00Z", customers=({"id": "eva", "participant_status": status},))
    assert reminded(clinic) == []


@pytest.mark.parametrize(
    "status",
    [
        *("not cancelled", "no cancelado", "nicht storniert", "uncanceled", "Cancellation requested", "to be canceled"),
        *(
            "Payment declined",
            "partially canceled",
            "cancelled: no",
            "aprobada",
            "rescheduled",
            "expired",
            "Waiting list",
        ),
    ],
)
def test_a_word_that_is_not_clear_is_kept_and_named(clinic: Clinic, status: str) -> None:
    result = import_file(clinic, rows(status))
    assert f"line 2: status is `{status}`; no workflow asks for that status" in result.stderr
    assert list_bookings(clinic)[0]["status"] == status
    assert reminded(clinic) == ["0"]
    checked = clinic.command("check")
    assert f"warning: bookings: 1 booking is `{status}`; no workflow asks for that status" in checked.stdout
    assert "and those without a status filter remind of it; name it under `filters` or `except`" in checked.stdout


@pytest.mark.parametrize("named", ["filters: {status: Aprobada}", "except: {status: aprobada}"])
def test_a_word_that_a_workflow_names_needs_no_warning(clinic: Clinic, named: str) -> None:
    clinic.write(EVERYBODY.replace("    when", f"    {named}\n    when"))
    assert "warning" not in import_file(clinic, rows("aprobada", "APROBADA")).output
    assert "warning" not in clinic.command("check").stdout
    assert len(reminded(clinic)) == (2 if "filters" in named else 0)


@pytest.mark.parametrize(("wanted", "status"), [("cancelado", "Storniert"), ("canceled", "Annulé"), ("declined", "no")])
def test_a_filter_meets_the_same_status_in_another_spelling(clinic: Clinic, wanted: str, status: str) -> None:
    clinic.write(EVERYBODY.replace("    when", f"    filters: {{status: {wanted}}}\n    when"))
    clinic.book("1", "2026-12-01T09:00Z", status=status)
    assert reminded(clinic) == ([] if status == "no" else ["1"])
    assert len(json.loads(clinic.command("bookings", "list", "--status", wanted, "--json").stdout)) == (status != "no")


def test_what_no_workflow_asks_for_is_said_by_every_view(clinic: Clinic) -> None:
    clinic.write(EVERYBODY.replace("    when", "    filters: {status: approved}\n    when"))
    import_file(clinic, rows("aprobada", "aprobada", "approved", "vip"))
    expected = "2 bookings are `aprobada`; no workflow asks for that status; name it under `filters` or `except`"
    assert expected in clinic.command("check").stdout
    assert f"note: bookings.db: {expected}" in " ".join(clinic.command("test", "--now", NOW).stdout.split())
    tried = json.loads(clinic.command("test", "--json", "--now", NOW).stdout)
    notes = [note for each in tried for note in each["notes"]]
    assert f"bookings.db: {expected}" in " ".join(notes)
    status = clinic.command("status", "--now", "2026-11-30T09:00Z")
    assert expected in status.stdout
    assert "1 booking is `vip`; no workflow asks for that status" in status.stdout
    gone_by = clinic.command("status", "--now", "2026-12-09T09:00Z")
    assert "no workflow asks" not in gone_by.stdout


def test_a_participants_status_is_counted_apart(clinic: Clinic) -> None:
    clinic.book("1", "2026-12-01T09:00Z", customers=({"id": "eva", "participant_status": "maybe"}, "luis"))
    assert "1 participant is `maybe`; no workflow asks for that status" in clinic.command("check").stdout


def test_filters_that_meet_no_booking_at_all_are_named(clinic: Clinic) -> None:
    clinic.write(EVERYBODY.replace("    when", "    filters: {status: approved}\n    when"))
    import_file(clinic, rows("confirmed", "confirmed"))
    assert "2 bookings are `confirmed`; no workflow asks for that status" in clinic.command("check").stdout
    import_file(clinic, rows("confirmed", "approved"))
    assert "no workflow asks" not in clinic.command("check").stdout


# --- everything in one file ---------------------------------------------------------------------------------------

SAID_BY_IMPORT = """\
line 2: status is `aprobada`; no workflow asks for that status; name it under `filters` or `except` of a workflow
line 8: service begins with 'Canceled', so the booking is canceled
line 9: customer_email: 'teo@@example.com' has two @; write one address such as ana@example.com
line 10: customer_phone: the phone number '600 12 34' does not exist in ES; write it like +34600123456
line 12: language: 'Elvish' is no language; texts are in the default one; write es, en or pt-BR
line 13: timezone 'GMT+2' was read as an offset that is the same in summer; use an IANA name such as Europe/Madrid
line 14: customer_timezone: 'GMT+2' is not an IANA name such as Europe/Madrid; their times are shown in the booking's zone
line 16: starts_at '2026-12-01 14:00-15:30' was read as a start and an end
line 17: status is `vip`; no workflow asks for that status; name it under `filters` or `except` of a workflow
line 17: customer_phone: '3.46E+10' was rounded by a spreadsheet; export that column as text
"""  # noqa: E501
SAID_OF_STATUSES = [
    f"1 booking is `{status}`; no workflow asks for that status; name it under `filters` or `except` of a workflow"
    for status in ("aprobada", "vip")
]


def test_all_oddities_in_one_file(clinic: Clinic) -> None:
    clinic.write(EVERYBODY.replace("    when", "    filters: {status: approved}\n    when"))
    result = import_file(clinic, (CASES / "everything-odd.csv").read_bytes())
    assert result.stdout == "16 rows: 16 bookings (16 new, 0 changed), 16 customers (16 new), 10 warnings\n"
    said = [line.partition("export.csv: ")[2] for line in result.stderr.splitlines()]
    assert said == SAID_BY_IMPORT.splitlines()
    checked, tried = clinic.command("check").stdout, " ".join(clinic.command("test", "--now", NOW).stdout.split())
    status = clinic.command("status", "--now", "2026-11-30T09:00Z").stdout
    for each in SAID_OF_STATUSES:
        assert f"warning: bookings: {each}" in checked
        assert f"note: bookings.db: {each}" in tried
        assert f"WARNING: {each}" in status
    assert "1 customer with an unknown time zone, for example 'GMT+2'" in checked
    clinic.run("2026-12-01T06:00Z")
    clinic.run("2026-12-01T07:10Z")
    clinic.run("2026-12-01T08:10Z", exits=1)  # teo@@example.com
    clinic.run("2026-12-01T12:10Z")
    sent = {each["booking"]: each["address"] for each in clinic.deliveries("--state", "sent")}
    assert sorted(sent, key=int) == ["9", "10", "11", "12", "13", "14", "15"]
    assert sent["14"] == "uma@example.com"


# --- calendars ------------------------------------------------------------------------------------------------------


def feed(*lines: str) -> str:
    return calendar(event("DTSTART:20261201T090000Z", *lines))


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("CANCELED", "canceled"),
        ("cancelled", "canceled"),
        ("Cancelado", "canceled"),
        ("DELETED", "canceled"),
        ("DECLINED", "rejected"),
        ("Confirmed", "approved"),
        ("tentative", "pending"),
        ("DRAFT", "DRAFT"),
    ],
)
def test_the_status_of_an_event(clinic: Clinic, written: str, status: str) -> None:
    result = import_file(clinic, feed(f"STATUS:{written}", "SUMMARY:Cut"), name="feed.ics")
    assert list_bookings(clinic)[0]["status"] == status
    assert ("status is `DRAFT`; no workflow asks" in result.stderr) is (written == "DRAFT")


SUBJECTS = [
    *("Canceled: ", "Cancelled: ", "CANCELED: ", "Canceled event: ", "Cancelado: ", "Cancelada: ", "Abgesagt: "),
    *("Annulé : ", "Annulé\u00a0: ", "Annullato: ", "Geannuleerd: ", "Odwołane: ", "Cancel·lat: ", "Aflyst: "),
    *("Avlyst: ", "Inställt: ", "Peruutettu: ", "Zrušeno: ", "已取消: ", "[Cancelled] ", "(Canceled) "),
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_outlook_says_in_the_subject_that_an_event_is_canceled(clinic: Clinic, subject: str) -> None:
    import_file(clinic, feed("SUMMARY:Cut", "STATUS:CONFIRMED"), name="feed.ics")
    result = import_file(clinic, feed(f"SUMMARY:{subject}Cut", "STATUS:CONFIRMED"), name="feed.ics")
    word = subject.strip(" :[]()\u00a0")
    assert f"event u: SUMMARY begins with {word!r}, so the event is canceled" in result.stderr
    [booking] = list_bookings(clinic)
    assert (booking["status"], booking["service"]["name"]) == ("canceled", "Cut")


@pytest.mark.parametrize(
    "subject", ["Cancellation: the policy", "Not canceled: Cut", "Cut: canceled hair", "Cut", "12:30 canceled"]
)
def test_other_subjects_cancel_nothing(clinic: Clinic, subject: str) -> None:
    import_file(clinic, feed(f"SUMMARY:{subject}"), name="feed.ics")
    [booking] = list_bookings(clinic)
    assert (booking["status"], booking["service"]["name"]) == ("approved", subject)


@pytest.mark.parametrize("options", [[], ["--map", "SUMMARY=customer_name"]])
def test_an_event_without_uid_keeps_its_id_when_it_is_canceled(clinic: Clinic, options: list[str]) -> None:
    for subject in ("Cut", "Canceled: Cut"):
        text = feed(f"SUMMARY:{subject}").replace("UID:u\n", "")
        import_file(clinic, text, *options, name="feed.ics")
    assert [each["status"] for each in list_bookings(clinic)] == ["canceled"]


@pytest.mark.parametrize(
    ("column", "value", "is_canceled"),
    [
        *(("cancelled", value, True) for value in ("true", "TRUE", "yes", "1", "x", "Sí")),
        *(("Is Canceled", "true", True), ("deleted", "1", True), ("cancelled_at", "2026-11-20 10:00", True)),
        *(("deleted_at", "2026-11-20T10:00:00Z", True), ("cancelled_at", "0000-00-00 00:00:00", False)),
        *(
            ("cancelled_at", "", False),
            ("cancelled", "false", False),
            ("cancelled", "0", False),
            ("cancelled", "", False),
        ),
        *(("cancelled_by", "Ana", False), ("deleted_at", "-", False)),
    ],
)
def test_a_column_of_its_own_may_say_that_a_booking_is_canceled(
    clinic: Clinic, column: str, value: str, *, is_canceled: bool
) -> None:
    import_file(clinic, f"id,starts_at,duration,status,{column}\n1,2026-12-01T10:00,60,approved,{value}\n")
    assert list_bookings(clinic)[0]["status"] == ("canceled" if is_canceled else "approved")


def test_json_may_say_it_by_a_switch(clinic: Clinic) -> None:
    rows = [{"id": "1", "starts_at": "2026-12-01T10:00", "duration": 60, "cancelled": True, "deleted_at": None}]
    import_file(clinic, json.dumps(rows), name="export.json")
    assert list_bookings(clinic)[0]["status"] == "canceled"


@pytest.mark.parametrize("column", ["service", "customer_name"])
def test_a_table_may_hold_the_subjects_of_outlook(clinic: Clinic, column: str) -> None:
    table = "id,starts_at,duration,Subject,status\n1,2026-12-01T10:00,60,Canceled: Cut,approved\n"
    result = import_file(clinic, table, "--map", f"Subject={column}")
    assert f"line 2: {column} begins with 'Canceled', so the booking is canceled" in result.stderr
    [booking] = list_bookings(clinic)
    names = [each["customer"]["full_name"] for each in booking["participants"]] + [
        (booking["service"] or {}).get("name")
    ]
    assert booking["status"] == "canceled"
    assert "Cut" in names
