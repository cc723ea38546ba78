"""What `check` says of texts that would be cut, or go out with a name where a value was meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from reminderctl.cli import main

SETTINGS = "timezone: Europe/Madrid\noutbox: outbox\nworkflows:\n- id: w\n  when: 1 day before start\n"


def check(folder: Path, action: str) -> tuple[int, str]:
    """The exit status and what was said of one action."""
    (folder / "workflows.yaml").write_text(
        f"{SETTINGS}  filters: {{status: approved}}\n  actions:\n{action}\n", encoding="utf-8"
    )
    result = CliRunner().invoke(main, ["--config", str(folder / "workflows.yaml"), "check"])
    return result.exit_code, result.output


def of_text(folder: Path, text: str, key: str = "body") -> tuple[int, str]:
    other = "" if key == "body" else ", body: b"
    return check(
        folder, f"  - {{send: email, to: customer, subject: s, {key}: {json.dumps(text, ensure_ascii=False)}{other}}}"
    )


NAMES = {
    "{customer_first_name: Hola": "customer_first_name",
    "Hola %customer_first_name%": "customer_first_name",
    "Hola %%customer_first_name%%": "customer_first_name",
    "Hola ${customer_first_name}": "customer_first_name",
    "Hola {customer first name}": "customer_first_name",
    "Hola {Customer First Name}": "customer_first_name",
    "Hola {customer\u00a0first_name}": "customer_first_name",
    "Hola {customer_first_name\u200b}": "customer_first_name",
    "Hola {customer_<b>first</b>_name}": "customer_first_name",
    "Hola [customer_name]": "customer_full_name",
    "Hola [customer_first_name]": "customer_first_name",
    "Hola [[customer_first_name]]": "customer_first_name",
    "Hola <customer_first_name>": "customer_first_name",
    "Hola «customer_first_name»": "customer_first_name",
    "Hola #customer_first_name#": "customer_first_name",
    "Hola *|customer_first_name|*": "customer_first_name",
    "Hola {$customer_first_name}": "customer_first_name",
    "Hola \uff5bcustomer_first_name\uff5d": "customer_first_name",
    "Hola &#123;customer_first_name&#125;": "customer_first_name",
    "Hola customer_first_name}": "customer_first_name",
    "Hola {customer_first_name": "customer_first_name",
    "Hola { customer_first_name }": "customer_first_name",
    "Hola {Customer_First_Name}": "customer_first_name",
    "Hola {customer.first_name}": "customer_first_name",
    "Hola {customer-first-name}": "customer_first_name",
    "Hola {customer_first_name|upper}": "customer_first_name",
}


@pytest.mark.parametrize(("text", "meant"), NAMES.items())
def test_a_name_that_would_be_sent_as_it_is_is_found(tmp_path: Path, text: str, meant: str) -> None:
    _, said = of_text(tmp_path, text)
    assert f"{{{meant}}}" in said or f"{{{{ {meant} " in said
    assert "body: " in said or "unknown shortcode" in said or "sent unchanged" in said or "contains spaces" in said


@pytest.mark.parametrize(
    "text", ["Hola {{customer_first_name}", "Hola {% customer_first_name %}", "Hola {{customer_first_name"]
)
def test_a_template_that_is_none_is_a_mistake(tmp_path: Path, text: str) -> None:
    assert of_text(tmp_path, text)[0] == 2


ORDINARY = (
    "${service_price} and 100% of {staff_name}: 50% off, [Clinic] (see {location_name}) <b>x</b>",
    "Booking #{appointment_id} at {appointment_start_time}",
    "{% raw %}{customer first name} %customer_first_name%{% endraw %}",
    "{# {customer_first_name} is left out #}Hola",
    "p { color: red } {a: b}",
    "https://example.com/?customer_name={customer_full_name}&[x]=1",
    "mailto:info@example.com, #1, @clinic, 2*|3|",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_nothing_is_said_of_ordinary_texts(tmp_path: Path, text: str) -> None:
    code, said = of_text(tmp_path, text)
    assert (code, "warning" in said) == (0, False), said


def test_styles_that_begin_a_comment_are_found(tmp_path: Path) -> None:
    css = "<style>@media print{#main{color:red}}</style><p>Hola {customer_full_name}</p><style>a{b:c#}</style>"
    code, said = of_text(tmp_path, css, key="html")
    assert code == 0
    assert "{#main{color:red}" in said
    assert "characters are not sent; add a space after the brace" in said
    code, said = of_text(tmp_path, "<style>@media print{#main{color:red}}</style>Hola", key="html")
    assert code == 2
    assert "in styles, add a space after the brace" in said


CUT = {
    "subject: Booking #{appointment_id}": "#{appointment_id}",
    "subject: See you # {appointment_start_time}": "# {appointment_start_time}",
    "subject: Room #5 at noon": "#5 at noon",
    "subject: #{appointment_id} is your booking": "#{appointment_id} is your booking",
    'subject: "Booking" # {{ appointment_id }}': "# {{ appointment_id }}",
    "subject:\n      es: Cita #{appointment_id}\n      en: Visit": "#{appointment_id}",
    "subject: s\n    reply_to: x@example.com #{staff_email}": "#{staff_email}",
}


@pytest.mark.parametrize(("keys", "comment"), CUT.items())
def test_a_text_that_yaml_cuts_is_found(tmp_path: Path, keys: str, comment: str) -> None:
    _, said = check(tmp_path, f"  - send: email\n    to: customer\n    {keys}\n    body: b")
    assert f"`{comment}` is a comment and not part of the text; put the whole text in quotes" in said


@pytest.mark.parametrize(
    "keys",
    [
        "subject: Visit # what they see first",
        "subject: Visit   ## TODO",
        'subject: "Booking #{appointment_id}"',
        "subject: Room#5",
        "body: |\n      Booking #{appointment_id}\n      # {staff_name}\n    # body ends",
    ],
)
def test_a_comment_that_is_one_is_left_alone(tmp_path: Path, keys: str) -> None:
    rest = "" if keys.startswith("body") else "\n    body: b"
    subject = "subject: s\n    " if keys.startswith("body") else ""
    code, said = check(tmp_path, f"  - send: email\n    to: customer\n    {subject}{keys}{rest}")
    assert (code, "is a comment" in said) == (0, False), said
