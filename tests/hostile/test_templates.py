"""Templates without end or measure: each ends with an error, within bounded work and memory, and harms no other."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from msgspec import structs

from reminderctl.messages.render import render_text
from reminderctl.text_types import TextType
from tests.clinic import SETTINGS, Clinic
from tests.hostile.hostile_clinic import BEFORE, DUE, TIMES, insert
from tests.hostile.templates import BOMBS, ORDINARY
from tests.message_samples import FULL, context

TOO_MUCH = "takes too much|too large|(is|are) not available|is unsafe|longer than|too deep|recursion"
MEMORY = 200_000_000  # bytes that the process may ask for beyond what it has; two workers' bombs would need gigabytes

PROGRAM = """
import json, resource, sys
from msgspec import structs
from reminderctl.errors import Rejected
from reminderctl.messages.render import render_text
from reminderctl.text_types import TextType
from tests.hostile.templates import BOMBS, ORDINARY
from tests.message_samples import FULL, context

known = context(structs.replace(FULL, fields={"words": ["word"] * 9_999, "list": ["a", "b"]}))
for text in ORDINARY:
    render_text(text, TextType.PLAIN, context=known)  # whatever is imported lies in memory now
has = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (has + int(sys.argv[1]),) * 2)
told = {}
for name, bomb in BOMBS.items():
    try:
        told[name] = f"came out: {render_text(bomb, TextType[sys.argv[2]], context=known)[:100]}"
    except Rejected as error:
        told[name] = str(error)
print(json.dumps(told))
"""


@pytest.mark.parametrize("text_type", ["PLAIN", "HTML"])
def test_rendering_ends_within_its_bounds(text_type: str) -> None:
    arguments = [sys.executable, "-c", PROGRAM, str(MEMORY), text_type]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=900)
    told = json.loads(ended.stdout)
    assert told.keys() == BOMBS.keys()
    assert {name: what for name, what in told.items() if not re.search(TOO_MUCH, what)} == {}


@pytest.mark.parametrize(("text", "shown"), ORDINARY.items())
def test_ordinary_work_is_done(text: str, shown: str) -> None:
    known = context(structs.replace(FULL, fields={"list": ["a", "b"]}))
    assert render_text(text, TextType.PLAIN, context=known) == shown


WORK = "{% for a in range(n) %}{% for b in range(n) %}{% for c in range(n) %}{% endfor %}{% endfor %}{% endfor %}"
OF_A_BOOKING = "{% set n = custom.n | int %}" + WORK


def actions(*bodies: str) -> str:
    told = "".join(
        f"  - {{id: a{number}, send: sms, to: admin, body: {json.dumps(body)}}}\n" for number, body in enumerate(bodies)
    )
    return f"- id: w\n  when: 1 day before start\n  actions:\n{told}"


def test_a_run_ends_and_says_which_template_takes_too_much(clinic: Clinic) -> None:
    clinic.write(actions("Hello", f"{OF_A_BOOKING}Hello", '{{ "x" | center(custom.n | int) }}'), settings=SETTINGS)
    clinic.run(BEFORE)
    insert(clinic, {"bookings": [{"id": "b", **TIMES, "fields": {"n": 100_000}}]})
    insert(clinic, {"bookings": [{"id": "c", **TIMES, "fields": {"n": 2}}]})
    assert clinic.run(DUE, exits=1) == {"planned": 6, "sent": 5, "failed": 1}
    [failed] = clinic.deliveries("--state", "failed")
    assert (failed["booking"], failed["action"]) == ("b", "a1")
    assert failed["error"].startswith("cannot render body: it takes too much work")


@pytest.mark.parametrize("bomb", ["nested loops", "%d", "center, method", "a macro that grows", "many values"])
def test_check_and_test_end_with_an_error(clinic: Clinic, bomb: str) -> None:
    clinic.write(actions("Hello", BOMBS[bomb]), settings=SETTINGS)
    checked = clinic.command("check")
    assert checked.exit_code == 2, checked.output
    assert re.search(r"actions\[1\]: .* too (much|large)", checked.output)
    clinic.write(actions("Hello", f"{OF_A_BOOKING}x"), settings=SETTINGS)
    assert clinic.command("check").exit_code == 0
    insert(clinic, {"bookings": [{"id": "b", **TIMES, "fields": {"n": 100_000}}]})
    tried = clinic.command("test", "w", "--booking", "b")
    assert tried.exit_code == 1
    assert "it takes too much work" in tried.output
