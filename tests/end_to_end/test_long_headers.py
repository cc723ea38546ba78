"""No header grows without bound, whatever a shortcode is filled with."""

from __future__ import annotations

import json

import pytest

from tests.clinic import Clinic

MAIL = "{{id: w, when: 1 day before start, actions: [{{send: email, to: customer, body: b, {0}}}]}}"
HOOK = "{{id: w, when: 1 day before start, actions: [{{send: webhook, url: 'https://a.b/', headers: {{X-A: {0}}}}}]}}"
LONG = "x" * 900_000
SAYS = "is 900,000 characters long; a header holds at most "

FIELDS = {
    "subject": (MAIL.format('subject: "{custom.notes}"'), "subject"),
    "sender": (MAIL.format('subject: s, from: "{custom.notes} <a@b.example>"'), "from"),
    "header": (MAIL.format('subject: s, headers: {X-A: "{custom.notes}"}'), "x-a"),
    "webhook": (HOOK.format('"{custom.notes}"'), "X-A"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_long_header_fails_and_test_says_so(clinic: Clinic, field: str) -> None:
    workflow, name = FIELDS[field]
    clinic.write(f"- {workflow}\n")
    assert clinic.command("check").exit_code == 0
    clinic.run("2026-06-09T09:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", fields={"notes": LONG})
    tried = clinic.command("test", "w", "--booking", "b1", "--now", "2026-06-09T09:00Z")
    assert tried.exit_code == 1
    assert f"{name}" in tried.output
    assert SAYS in tried.output
    assert clinic.run("2026-06-09T10:00Z", exits=1) == {"planned": 1, "failed": 1}
    (delivery,) = clinic.deliveries()
    assert SAYS in delivery["error"]
    assert clinic.outbox() == []


@pytest.mark.parametrize(
    ("workflow", "name"),
    [
        (MAIL.format(f"subject: {'x' * 4_001}"), "subject"),
        (MAIL.format(f"subject: {{en: s, es: {'x' * 4_001}}}"), "subject"),
        (MAIL.format(f"subject: s, headers: {{X-A: {'x' * 4_001}}}"), "headers: X-A"),
        (HOOK.format("x" * 8_001), "headers: X-A"),
    ],
)
def test_a_long_text_in_the_yaml_is_a_mistake(clinic: Clinic, workflow: str, name: str) -> None:
    clinic.write(f"- {workflow}\n")
    checked = clinic.command("check", "--json")
    assert checked.exit_code == 2
    (mistake,) = json.loads(checked.stdout)["problems"]
    assert f"{name}" in mistake["what"]
    assert ",000" in mistake["what"]


def test_a_long_template_with_a_short_outcome_is_sent(clinic: Clinic) -> None:
    subject = '"' + "{% if customer_first_name %}s{% endif %}" * 200 + '"'
    clinic.write(f"- {MAIL.format(f'subject: {subject}')}\n")
    assert clinic.command("check").exit_code == 0
