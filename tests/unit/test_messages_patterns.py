"""Patterns of dates and times: a wrong one is told, and never sent."""

from __future__ import annotations

import string

import pytest

from reminderctl.errors import Rejected
from reminderctl.messages import template_checks
from reminderctl.messages.render import render_text
from reminderctl.text_types import TextType
from tests.clinic import Clinic
from tests.message_samples import context

MINUTES = "minutes are m: HH:mm"
MONTH = "the month is M"
YEAR = "the year is yyyy"
DAY = "the day of the month is d"
QUOTES = "put words in single quotes: d 'de' MMMM"


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ('time("HH:MM")', ["M is the month", MINUTES]),
        ('date("HH:MM")', ["M is the month", MINUTES]),
        ('date("EEEE H.M")', ["M is the month", MINUTES]),
        ('time("MMMM")', ["M is the month"]),
        ('time("LLL")', ["L is the month"]),
        ('time("dd/MM/yy HH:mm")', ['M is the month, for a day write date("dd/MM/yy HH:mm")']),
        ('date("yyyy-mm-dd HH:MM")', ["m is the minute", MONTH, "M is the month", MINUTES]),
        ('date("d/MM/yyyy HH.MM")', ["M is the month, which is already in the pattern"]),
        ('date("dd/mm/yyyy")', ["m is the minute and follows the hour", MONTH]),
        ('date("dd/mm/yyyy HH:mm")', ["m is the minute and follows the hour", MONTH]),
        ('time("HH:ss")', ["s is the second and follows the minute", MINUTES]),
        ('time("HH:mm S")', ["S is a fraction of a second"]),
        ('time("hh:mm")', ["hh starts again at noon"]),
        ('time("G:i")', ["i is not known, minutes are mm"]),
        ('time("g:i A")', ["g is not known, the hour is H", "AM and PM are a"]),
        ('date("d/m/Y")', ["m is the minute", MONTH, "Y is the year that the week belongs to", YEAR]),
        ('date("DD/MM/YYYY")', ["D counts the days of the year", DAY, YEAR]),
        ('date("j F Y")', ["j is not known", DAY, "F is not known, the name of the month is MMMM", YEAR]),
        ('date("l, n")', ["l is not known, the name of the weekday is EEEE", "n is not known", MONTH]),
        ('date("N")', ["N is not known", QUOTES]),
        ('date("W")', ["the week of the year is w"]),
        ('date("c")', ["the name of the weekday is EEEE"]),
        ('date("%d/%m/%Y")', ["letters have no %: dd/MM/yyyy"]),
        ('time("%H:%M")', ["letters have no %: HH:mm"]),
        ('date("d de MMMM")', ["d is the day, which is already in the pattern", QUOTES]),
        ('time("HH:mm Uhr")', ["U is not known", "h is the hour, which is already in the pattern", QUOTES]),
        ('date("d \'de MMMM")', ["a single quote is not closed", QUOTES]),
        ('date("ddd")', ["d occurs 3 times", "the name of the weekday is EEEE"]),
        ('date("dddd")', ["d occurs 4 times", "the name of the weekday is EEEE"]),
        ('date("yyyyy")', ["y occurs 5 times", YEAR]),
        ('date("d MMMMMM")', ["M occurs 6 times"]),
        ('date("EEEEEEE")', ["E occurs 7 times"]),
        ('time("HHH:mm")', ["H occurs 3 times"]),
        ('date("cc")', ["c occurs 2 times"]),
        ('time("HH:mm vv")', ["v occurs 2 times"]),
        ('time("HH:mm O")', ["the offset from GMT is OOOO"]),
        ('date("Full")', ["write full"]),
        ('date("")', ["it contains no part of a date; write EEEE d MMMM"]),
        ('time(" ")', ["it contains no part of a time; write HH:mm"]),
        ("date(\"'d'\")", ["it contains no part of a date"]),
        ("date(5)", ["a pattern is text in quotes"]),
        ("time(none)", ["a pattern is text in quotes"]),
        ('date(pattern="d/m/Y")', [YEAR]),
    ],
)
def test_a_wrong_pattern_is_told_before_and_refused_when_it_is_computed(use: str, told: list[str]) -> None:
    ((offset, what),) = template_checks.find_mistakes(f"a\nb {{{{ appointment_date | {use} }}}}")
    assert offset > 3
    for part in told:
        assert part in what
    computed = use.replace("(pattern=", "(").replace("(", "([", 1)[:-1] + "][0])"
    for text in (f"{{{{ appointment_date | {computed} }}}}", f"{{{{ staff_name | {computed} }}}}"):
        assert template_checks.find_mistakes(text) == []
        with pytest.raises(Rejected, match=r"cannot render text: (date|time)") as refused:
            render_text(text, TextType.PLAIN, context=context())
        for part in told:
            assert part in str(refused.value)


@pytest.mark.parametrize(
    ("use", "shown"),
    [
        ('date("EEEE d MMMM")', "lunes 23 noviembre"),
        ("date(\"d 'de' MMMM\")", "23 de noviembre"),
        ("date(\"d 'de' MMMM 'de' y, H:mm 'h'\")", "23 de noviembre de 2026, 17:30 h"),
        ('date("yyyy-MM-dd")', "2026-11-23"),
        ("date(\"yyyy-MM-dd'T'HH:mm:ssxxx\")", "2026-11-23T17:30:00+01:00"),
        ('date("dd/MM/yy HH:mm")', "23/11/26 17:30"),
        ('date("dd.MM. HH.mm")', "23.11. 17.30"),
        ('date("d MMMM à HH:mm")', "23 noviembre à 17:30"),
        ('date("EEE")', "lun"),
        ('date("LLLL")', "noviembre"),
        ('date("w")', "48"),
        ('date("QQQ")', "T4"),
        ('date("zzz")', "CET"),
        ('date("HH:mm")', "17:30"),
        ('date("short")', "23/11/26"),
        ('time("HH:mm")', "17:30"),
        ('time("EEE H:mm")', "lun 17:30"),
        ('time("h:mm a")', "5:30 p. m."),
        ('time("h:mm")', "5:30"),
        ("time(\"h 'o''clock'\")", "5 o'clock"),
        ('time("HHmm")', "1730"),
        ("time(\"HH 'h' mm\")", "17 h 30"),
        ('time("HH:mm:ss.SSS")', "17:30:00.000"),
        ('time("full")', "17:30:00 (hora estándar de Europa central)"),
        ('date(pattern="d MMM")', "23 nov"),
    ],
)
def test_a_pattern_that_makes_sense_is_written_in_the_language(use: str, shown: str) -> None:
    text = f"{{{{ appointment_date | {use} }}}}"
    assert template_checks.find_mistakes(text) == []
    assert render_text(text, TextType.PLAIN, context=context()).replace("\u00a0", " ") == shown


@pytest.mark.parametrize("letter", string.ascii_letters)
def test_a_letter_as_often_as_it_is_let_through_is_one_that_the_library_can_write(letter: str) -> None:
    """Our rule decides, not what the installed Babel refuses; but it must not let through what Babel cannot write."""
    for length in range(1, 12):
        use = f'date("{letter * length}")'
        beside = f'date("H:m:s {letter * length}")'  # minutes, seconds and their fractions need what they follow
        for each in (use, beside):
            text = f"{{{{ appointment_date | {each} }}}}"
            if not template_checks.find_mistakes(text):
                shown = render_text(text, TextType.PLAIN, context=context())
                assert shown.strip(), each
                assert "None" not in shown, each


def test_check_names_a_wrong_pattern_with_its_line_and_a_computed_one_fails_its_delivery(clinic: Clinic) -> None:
    workflow = "- id: w\n  when: 1 hour before start\n  actions:\n    - send: email\n      to: customer\n"
    wrong = "{{ appointment_start_time | time('HH:MM') }}"
    clinic.write(f"{workflow}      subject: |\n        at\n        {wrong}\n      body: b\n")
    checked = clinic.command("check")
    assert checked.exit_code == 2
    assert "workflows.yaml:14:43: " in checked.output
    assert " ".join(checked.output.split()).count("M is the month, minutes are m: HH:mm") == 1
    clinic.write(f"{workflow}      subject: s\n      body: \"{{{{ appointment_date | date('d/m/' ~ 'Y') }}}}\"\n")
    assert clinic.command("check").exit_code == 0
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run("2026-06-10T08:00Z")
    assert clinic.run("2026-06-10T09:00Z", exits=1) == {"planned": 1, "failed": 1}
    (delivery,) = clinic.deliveries()
    assert delivery["error"].startswith('cannot render body: date("d/m/Y"): m is the minute')
