"""Texts as an operator writes them: language maps, shortcodes, and the mistakes in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderctl.messages import template_checks, templates
from reminderctl.messages.render import render_text
from reminderctl.text_types import TextType
from tests.message_samples import Message, context


@pytest.mark.parametrize(
    ("language", "default", "chosen"),
    [
        ("es-MX", "en", "mexicano"),
        ("ES_mx", "en", "mexicano"),
        ("es-AR", "en", "español"),
        ("fr", "en-GB", "english"),
        ("fr", "it", "español"),
        ("", "", "español"),
    ],
)
def test_a_language_is_chosen_exactly_by_its_base_by_default_or_first(language: str, default: str, chosen: str) -> None:
    by_language = {"es": "español", "es_MX": "mexicano", "en": "english"}
    assert templates.choose(by_language, language, default_language=default) == chosen


def test_a_text_without_languages_is_for_everyone_and_an_empty_map_says_nothing() -> None:
    assert templates.choose("text", "es", default_language="en") == "text"
    assert templates.choose({}, "es", default_language="en") == ""


TREE: dict[str, Any] = {
    "to": "{not_a_text}",
    "subject": {"es": "Su cita", "en": "Your visit"},
    "data": "raw",
    "headers": {"X-A": "a", "X-B": {"es": "b", "en": "c"}},
    "parameters": ["p", {"es": "q", "en": "r"}],
    "buttons": [{"label": "ok"}],
    "json": {"es": {"deep": ["x", 1, None]}},
    "attach": ["calendar"],
}


def test_language_maps_are_resolved_but_the_maps_of_a_json_body_are_not() -> None:
    picked = templates.pick(Message, TREE, language="en-US", default_language="es")
    assert picked["subject"] == "Your visit"
    assert picked["headers"] == {"X-A": "a", "X-B": "c"}
    assert picked["parameters"] == ["p", "r"]
    assert picked["json"] == TREE["json"]
    assert templates.pick(Message, {"parameters": {"name": "p"}}, language="en", default_language="es") == {
        "parameters": {"name": "p"}
    }


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TREE, "es"]), inner, max_size=4),
        max_leaves=12,
    )
)
def test_a_tree_of_any_shape_is_walked_without_complaint(tree: Any) -> None:
    picked = templates.pick(Message, tree, language="es", default_language="en")
    assert isinstance(picked, Mapping) == isinstance(tree, Mapping)


@pytest.mark.parametrize(
    "text",
    [
        "plain, with a newline\n",
        '{"text": {"a": [{}, {"b": 1}]}}',
        "p { color: red }\r\nq {color:red}\r",
        "a { customer_full_name } b { } {} {a b}",
        "}} %} #} { {",
        "\n\n  \n",
        "\ttab, \x00 and \u2028",
        "100 % {, 5",
    ],
)
def test_what_is_no_shortcode_comes_out_as_it_was_written(text: str) -> None:
    assert render_text(text, TextType.PLAIN, context=context()) == text
    with_shortcode = f"{text} {{appointment_id}} {text}"
    assert render_text(with_shortcode, TextType.PLAIN, context=context()) == f"{text} 1042 {text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"text": "{appointment_id}"}', '{"text": "1042"}'),
        ('{"a":{"b":{appointment_id}}}', '{"a":{"b":1042}}'),
        ("{% raw %}{appointment_id} {{ x }}{% endraw %}", "{appointment_id} {{ x }}"),
        ("{# {appointment_id} #}{{ '{appointment_id} }}' }}", "{appointment_id} }}"),
        ("{% if coupon_code %}{coupon_code}{% else %}none for {appointment_id}{% endif %}", "none for 1042"),
        ("${service_price}", "$30"),
    ],
)
def test_shortcodes_and_templates_live_together(text: str, shown: str) -> None:
    assert [*templates.mistakes(text)] == template_checks.find_mistakes(text) == []
    assert render_text(text, TextType.PLAIN, context=context()) == shown


def test_misspelt_shortcodes_are_told_with_their_place() -> None:
    text = "Hola {custmer_name}, {custom.any thing} {foo} { service_name } {{ custmer_name }} {custom.}"
    assert [*templates.mistakes(text)] == [
        (5, "unknown shortcode {custmer_name}; did you mean {customer_full_name}?"),
        (40, "unknown shortcode {foo}; use {custom.foo}"),
        (46, "{ service_name } contains spaces; use {service_name}"),
        (82, "unknown shortcode {custom.}; use {custom.KEY}"),
    ]


@pytest.mark.parametrize(
    ("text", "offset", "right"),
    [
        ('a {appointment_date|date("d MMM")}', 2, 'use {{ appointment_date | date("d MMM") }}'),
        ("{ customer_full_name | upper }", 0, "use {{ customer_full_name | upper }}"),
        ('{appointment_time|time("HH:mm")}', 0, 'use {{ appointment_start_time | time("HH:mm") }}'),
        ('{custom.parking|default("x")}', 0, 'use {{ custom.parking | default("x") }}'),
        ("{appointment_date|}", 0, "use {{ appointment_date | ... }}"),
        ("{staff_name}: {appointment_date,}", 14, "use {appointment_date}"),
        ("{ appointment_date }", 0, "use {appointment_date}"),
        ("Hola {customer_full_name", 5, "use {customer_full_name}"),
        ("Hola {customer_full_name, le esperamos.", 5, "use {customer_full_name}"),
        ("{customer_full_name {staff_name}", 0, "use {customer_full_name}"),
        ('{"a": {"b": "{appointment_id}", "c": "{staff_name"}}', 38, "use {staff_name}"),
        ("{customer_email\n}", 0, "use {customer_email}"),
    ],
)
def test_a_shortcode_that_would_be_sent_as_it_stands_is_told(text: str, offset: int, right: str) -> None:
    ((at, what),) = templates.mistakes(text)
    assert at == offset
    assert what.endswith(right)


@pytest.mark.parametrize(
    "text",
    [
        '{"customer_email": "{customer_email}", "a": {"b": [{}]}}',
        "p {color: red; width:1px} {service_colours: x}",
        "{ customer_email: '{customer_email}', appointment_custom_field_12 : 5 }",
        "{customer_email : 1} {appointment_custom_field_12: 5}",
        "{% raw %}{customer_full_name|upper}{% endraw %}{# {staff_name #}{{ '{staff_name' }}",
        "{customer_full_name}|{foo|bar}, {customer_full_names {a b}",
        "{custom.any thing, even this}",
    ],
)
def test_other_braces_are_left_alone(text: str) -> None:
    assert [*templates.mistakes(text)] == []


@pytest.mark.parametrize(
    ("text", "offset", "what"),
    [
        ("a\n{{ custmer_name }}", 5, "unknown shortcode {custmer_name}; did you mean {customer_full_name}?"),
        ("{staff_name} {% if zom_url %}x{% endif %}", 19, "unknown shortcode {zom_url}; did you mean {zoom_url}?"),
        ("a\n{{ staff_name | uper }}", 18, "unknown filter uper; did you mean upper?"),
        (
            "{{ staff_name | safe }}",
            16,
            "the filter safe is not available: values are escaped automatically for their place",
        ),
        ("{{ staff_name is defind }}", 17, "unknown test defind; did you mean defined?"),
        ("{% include 'x' %}", 3, "{% include %} is not available: a text cannot use other templates"),
        ("a\nb {% filter upper %}x{% endfilter %}", 4, "a filter cannot apply to a block; use {{ name | filter }}"),
        ("a\nb {% endif %}", 4, "the template cannot be read: "),
        ("a\r\nb {{ staff_name", 5, "the template cannot be read: "),
        ("{{ it's }}", 0, "the template cannot be read: "),
        ("{staff_name}\n{{ appointment_date | date('j F') }}", 41, 'date("j F"): j is not known'),
    ],
)
def test_mistakes_in_templates_are_told_with_their_place(text: str, offset: int, what: str) -> None:
    (found,) = template_checks.find_mistakes(text)
    assert found[0] == offset
    assert found[1].startswith(what)


def test_all_mistakes_of_a_template_are_told_together() -> None:
    found = template_checks.find_mistakes("{{ foo | uper }} {{ bar | lowr }}{% set baz = 1 %}{{ baz }}")
    assert [offset for offset, _ in found] == [3, 9, 20, 26]


@pytest.mark.parametrize(
    ("url", "offset", "what"),
    [
        ("https://{staff_name}/", 8, templates.URL_RULE),
        ("https://hooks.example{appointment_id}", 21, templates.URL_RULE),
        ("https://hooks.example:{appointment_id}/", 22, templates.URL_RULE),
        ("{{ zoom_url }}", 0, templates.URL_RULE),
        ("{% if a %}https://a/{% endif %}", 0, templates.URL_RULE),
        ("ftp://hooks.example/", 0, "a URL must begin with https:// or http://"),
        ("hooks.example/x", 0, "a URL must begin with https:// or http://"),
        ("https:///{appointment_id}", 8, "the URL has no valid host and port"),
        ("https://hooks.example:99999/", 8, "the URL has no valid host and port"),
        ("https://hooks example/", 8, "the URL has no valid host and port"),
    ],
)
def test_a_url_that_cannot_be_a_webhook_is_told(url: str, offset: int, what: str) -> None:
    assert templates.url_mistakes(url) == [(offset, what)]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/{x}",
        "http://127.0.0.1:8080?a={{ b }}",
        "https://u:p@[::1]:1/",
        "HTTPS://a#{x}",
        " https://a\n",
    ],
)
def test_a_url_with_shortcodes_behind_its_host_is_right(url: str) -> None:
    assert templates.url_mistakes(url) == []
