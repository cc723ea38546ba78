"""`test` in each language of the texts: the words, the dates and what is said of them agree."""

from __future__ import annotations

import pytest

from tests.clinic import Clinic
from tests.end_to_end.test_trying_workflows import attempt, tried

BOTH = """\
- id: w
  when: 1 day before start
  actions:
    - send: email
      to: customer
      subject: {{es: Cita, en: Visit, ca: Visita}}
      body: {{es: "{time}", en: "{time}", ca: "{time}"}}
    - {{send: email, id: team, to: staff, subject: Team, body: "{time}"}}
    - {{send: webhook, url: "https://hooks.example.com/a", json: {{at: "{time}"}}}}
"""
TIMES = {"es": "10:00", "en": "10:00 AM", "ca": "10:00"}
YOGA = """\
- id: yoga
  when: 1 day before start
  filters: {service: Yoga, status: approved}
  actions: [{send: email, to: customer, subject: Yoga, body: "{service_name}, {customer_first_name}"}]
"""


def settings(language: str) -> str:
    return f"timezone: Europe/Madrid\nlanguage: {language}\noutbox: outbox\n"


@pytest.mark.parametrize("default", ["en", "es", "ca"])
def test_each_language_is_shown_with_its_own_times(clinic: Clinic, default: str) -> None:
    clinic.write(BOTH.format(time="{appointment_start_time}"), settings=settings(default))
    shown = [trial for trial in tried(clinic) if trial["sample"].partition(",")[0] == "single"]
    assert [trial["sample"] for trial in shown] == [
        "single",
        *(f"single, in {language}" for language in ("es", "en", "ca") if language != default),
    ]
    for trial in shown:
        language = trial["sample"].rpartition("in ")[2] if ", in" in trial["sample"] else default
        assert {message["language"] for message in trial["messages"]} == {language}
        mail = trial["messages"][0]
        assert mail["subject"] == {"es": "Cita", "en": "Visit", "ca": "Visita"}[language]
        assert mail["body"] == TIMES[language]
    assert len(shown[0]["messages"]) == 3
    assert [len(trial["messages"]) for trial in shown[1:]] == [1, 1], "what has one language is shown once"
    team = shown[0]["messages"][1]
    assert (team["language"], team["body"]) == (default, TIMES[default])
    printed = attempt(clinic).stdout
    assert printed.count("as single, for who reads") == 2
    for language in TIMES:
        assert f"email to Lucía García <lucia@example.com>  in {language}" in printed


def test_a_customer_whose_language_has_no_text_reads_another_with_its_times(clinic: Clinic) -> None:
    clinic.write(BOTH.format(time="{appointment_start_time}"), settings=settings("en"))
    (group,) = tried(clinic, "--sample", "group")
    french = next(message for message in group["messages"] if message["recipient"] == "customer:chloe")
    assert (french["subject"], french["language"]) == ("Visit", "en")
    assert french["body"].endswith("PM")


def test_a_language_that_no_filter_lets_through_is_not_shown(clinic: Clinic) -> None:
    workflow = BOTH.format(time="x").replace("  actions", "  filters: {language: [en, es]}\n  actions")
    clinic.write(workflow, settings=settings("en"))
    assert [trial["sample"] for trial in tried(clinic) if ", in " in trial["sample"]] == ["single, in es"]


def test_a_text_that_is_wrong_in_the_second_language_is_a_problem(clinic: Clinic) -> None:
    workflow = BOTH.format(time="x").replace('es: "x"', 'es: "{% if 1/0 %}{% endif %}"')
    clinic.write(workflow, settings=settings("en"))
    found = attempt(clinic, exits=1).stdout
    assert "w, single, in es: email to Lucía García: would fail: cannot render body: division by zero" in found


def test_a_sample_that_is_asked_for_is_shown_with_what_the_filters_want(clinic: Clinic) -> None:
    clinic.write(YOGA, settings=settings("en"))
    printed = attempt(clinic, "yoga", "--sample", "group").stdout
    assert "with group, adapted (made to match: service Yoga)" in printed
    assert "| Yoga, Ben" in printed
    assert "| Yoga, Chloé" in printed
    assert "group  nothing: Ben Carter: service is Colour, but the filter requires Yoga" in printed
    plain, adapted = tried(clinic, "yoga", "--sample", "group")
    assert (plain["matches"], plain["messages"], adapted["sample"]) == (False, [], "group, adapted")


@pytest.mark.parametrize("options", [("--sample", "cancelled"), ("--booking", "b1")])
def test_where_nothing_would_be_sent_it_says_so(clinic: Clinic, options: tuple[str, ...]) -> None:
    clinic.write(YOGA, settings=settings("en"))
    clinic.book("b1", "2026-12-10T10:00Z", service_id="Yoga", status="pending")
    printed = attempt(clinic, "yoga", *options).stdout
    assert printed.endswith("1 workflow, 1 sample, 0 messages: nothing would be sent\n")
    assert "no problems" not in printed
