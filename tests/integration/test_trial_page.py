"""The page of `reminderctl test --html`: what it holds, what it keeps out, how it gets onto the disk."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import Result

from tests.clinic import Clinic

NOW = "2026-11-22T20:00Z"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONG = "W" * 5000
NAMES = {  # of customers, each with the language of its messages
    '"><script>alert(1)</script>': "en",
    "</style></iframe></details><img src=x onerror=alert(2)>": "es",
    "Zoë 🌻 & Söhne {{ 7 * 7 }}": "es_MX",
    "ليلى حداد \u202e": "ar",
    LONG: "en",
}
SETTINGS = """\
timezone: Europe/Madrid
language: es
company: {name: Clínica Sol, phone: "+34911234567"}
channels:
  email: {host: smtp.example.com, security: none, from: "Clínica Sol <citas@example.com>"}
  sms: {provider: twilio, account_sid: "${SID}", auth_token: "${TOKEN}", from: "+15005550006"}
  whatsapp: {provider: meta, phone_number_id: "106540352242922", access_token: "${TOKEN}"}
  telegram: {bot_token: "${TOKEN}"}
"""
WORKFLOWS = """\
- id: reminder
  name: Reminder <i>& more</i>
  when: [1 day before start, 1 hour before start]
  filters: {status: approved, language: [es, en, ar]}
  grace: 3h
  actions:
    - send: email
      to: customer
      subject: "{customer_full_name}: {service_name}"
      body: "Hola {customer_full_name}, {appointment_start_time}. Código {coupon_code}"
      html: |
        <!doctype html><head><link rel="preconnect" href="ORIGIN"><link rel=stylesheet href="ORIGIN/x.css">
        <style>p { background: url(ORIGIN/back.png) }</style></head><body><base href="ORIGIN/">
        <img src="ORIGIN/logo.png" alt="Logo"><script src="ORIGIN/x.js"></script>
        <meta http-equiv="refresh" content="0;url=ORIGIN/away">
        <p>Hola <b>{customer_full_name}</b></p><a href="ORIGIN/yes">Sí</a></body>
    - send: sms
      to: [customer, staff]
      body: "{customer_first_name}, a las {appointment_start_time}"
    - send: telegram
      to: customer
      html: "Hola <b>{customer_first_name}</b>"
    - send: whatsapp
      to: customer
      template: appointment_reminder
      language: es
      parameters: ["{customer_first_name}", "{appointment_date}"]
- id: crm
  enabled: false
  when: at end
  except: {service: Internal}
  actions:
    - send: webhook
      url: https://me:hidden@crm.example.com/visits/{appointment_id}?token=hidden
      headers: {Authorization: Bearer hidden}
      json: {who: "{customer_full_name}", at: ["{appointment_start_time}"]}
    - send: webhook
      id: form
      url: https://hooks.example.com/form
      form: {who: "{customer_full_name}"}
- id: misspelt
  when: 2 days after end at 09:00
  filters: {service: Hiarcut}
  actions: [{send: telegram, to: customer, body: Gracias}]
"""


def build(clinic: Clinic, *, origin: str = "http://192.0.2.1") -> Path:
    """A clinic whose customers' names are an attack, and its page."""
    people = [
        {
            "id": f"c{at}",
            "full_name": name,
            "first_name": name,
            "email": f"c{at}@example.com",
            "phone": f"+3460012345{at}",
            "telegram": str(at + 1),
            "language": language,
        }
        for at, (name, language) in enumerate(NAMES.items())
    ]
    booking = {"starts": "in 9 days at 10:00", "customers": people, "service": {"name": '"><script>alert(3)</script>'}}
    hostile = {"about": "</title><script>alert(4)</script>", **booking}
    (clinic.folder / "samples.yaml").write_text(json.dumps({"hostile": hostile}, ensure_ascii=False), encoding="utf-8")
    clinic.write(WORKFLOWS.replace("ORIGIN", origin), settings=SETTINGS)
    path = clinic.folder / "page.html"
    result = clinic.command("test", "--now", NOW, "--html", str(path))
    assert result.exit_code == 1, (result.output, result.exception)
    return path


class Attacked(NamedTuple):
    """The page, and what `--json` says of the same trials."""

    path: Path
    trials: list[dict[str, Any]]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    clinic = Clinic(tmp_path_factory.mktemp("attacked") / "clinic")
    return Attacked(build(clinic), json.loads(clinic.command("test", "--now", NOW, "--json").stdout))


class Reader(HTMLParser):
    """A strict reader: every element is closed by its own end tag."""

    VOID = frozenset({"meta", "base", "br", "img", "hr", "link", "input"})
    UNSEEN = frozenset({"style", "title"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in self.UNSEEN:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


def test_the_page_is_whole_and_reaches_for_nothing(attacked: Attacked) -> None:
    page = read(attacked.path)
    assert page.tags[0] == ("html", {"lang": "en"})
    assert {name for name, _ in page.tags} >= {"main", "nav", "section", "h1", "h2", "h3", "dl", "table", "title"}
    metas = {each.get("http-equiv", each.get("name")): each.get("content", "") for each in page.all("meta")}
    assert "default-src 'none'" in metas["Content-Security-Policy"]
    assert "width=device-width" in metas["viewport"]
    assert not page.all("script")
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), tag
        for name in attributes.keys() & {"src", "href", "action", "data", "background", "srcset"}:
            assert attributes[name].startswith("#"), (tag, attributes)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {each["href"][1:] for each in page.all("a")} <= set(ids)


def test_the_html_of_a_message_is_shut_into_its_frame(attacked: Attacked) -> None:
    page = read(attacked.path)
    frames = page.all("iframe")
    assert len(frames) > 2 * len(NAMES)
    for frame in frames:
        assert frame["sandbox"] == ""
        assert "src" not in frame
        assert "default-src 'none'" in frame["srcdoc"].partition("</style>")[0]
        assert not re.search("<link", frame["srcdoc"], re.IGNORECASE), "a policy does not forbid to preconnect"
    assert "2 remote images are not shown" in page.text


def test_names_are_shown_and_never_obeyed(attacked: Attacked) -> None:
    page = read(attacked.path)
    shown = page.text
    for name in (*NAMES, '"><script>alert(3)</script>', "</title><script>alert(4)</script>", "Reminder <i>& more</i>"):
        assert name.strip("\u202e ") in shown
    assert not {"script", "img", "i"} & {tag for tag, _ in page.tags}
    assert "hidden" not in shown.replace("unseen", ""), "secrets stay masked"


def words_of(fields: Any) -> list[str]:
    """Every text in a message's fields, line by line."""
    if isinstance(fields, Mapping):
        return [word for value in fields.values() for word in words_of(value)]
    if isinstance(fields, list):
        return [word for value in fields for word in words_of(value)]
    return str(fields).splitlines() if isinstance(fields, str) else []


def test_every_message_is_on_the_page_to_the_letter(attacked: Attacked) -> None:
    page = read(attacked.path)
    shown = page.text + "".join(frame["srcdoc"] for frame in page.all("iframe"))
    trials = attacked.trials
    messages = [message for trial in trials for message in trial["messages"]]
    assert {message["channel"] for message in messages} == {"email", "sms", "whatsapp", "telegram", "webhook"}
    for message in messages:
        fields = dict(message["fields"])
        form = "form-urlencoded" in str(fields.get("headers"))
        names = {"html", "encoding", "attachment_types"} | ({"body"} if form else set())
        for word in words_of({name: value for name, value in fields.items() if name not in names}):
            assert word.strip() in shown, (message["action"], word)
        for line in (fields.get("html") or "").splitlines():
            assert re.sub("<link", "<x-link", line.strip()) in shown
    assert f"Messages{len(messages)}" in re.sub(r"\s", "", shown)


def test_what_is_wrong_comes_first_and_leads_to_its_place(attacked: Attacked) -> None:
    page = read(attacked.path)
    trials = attacked.trials
    problems = [problem for trial in trials for problem in trial["problems"]]
    listed, _, rest = page.text.partition("3 workflows")
    assert len(problems) >= 3
    for problem in problems:
        for part in re.split(r"\b(?:customer|staff):\w+", problem):  # whose names the page has instead
            assert part in listed
    assert "customer:" not in listed
    assert f"✗ {len(problems)} problems" in listed
    assert "did you mean `Haircut`?" in listed
    assert rest.count("Problem:") == len(problems), "each is told in its place again"


WORDS = """\
Fires 1 day before start and 1 hour before start, when the status is approved and the language is es, en or ar.
At most 3 hours late.
Fires at end, except when the service is Internal.
switched off
cancelled gets nothing: status is canceled, but the filter requires approved
Sat 27 Mar 2027, 10:00 UTC+01:00 1 day before start, 23 hours before start; until 13:00 at the latest
Sun 28 Mar 2027, 10:00 UTC+02:00 The visit starts
Skipped: Marta Ruiz: status is canceled
Empty: {coupon_code}
Template appointment_reminder, filled with
Sun 22 Nov 2026, 21:00 Europe/Madrid
"""


def test_the_page_puts_workflows_times_and_gaps_into_words(attacked: Attacked) -> None:
    text = " ".join(read(attacked.path).text.split())
    assert [words for words in WORDS.splitlines() if words not in text] == []


def test_a_page_of_many_mails_opens_fast_because_only_the_first_are_in_frames(clinic: Clinic) -> None:
    mail = "{send: email, to: customer, subject: S, html: '<p>Hello {customer_full_name}</p>'}"
    clinic.write("".join(f"- {{id: w{at}, when: 2 hours before start, actions: [{mail}]}}\n" for at in range(24)))
    path = clinic.folder / "page.html"
    assert clinic.command("test", "--now", NOW, "--html", str(path)).exit_code == 0
    page = read(path)
    assert len(page.all("iframe")) == 24
    assert page.text.count("<p>Hello Emma Novak</p>") == 24


# --- the file ---------------------------------------------------------------------------------------------------------


SMALL = "- {id: w, when: 2 hours before start, actions: [{send: email, to: customer, subject: S, body: B}]}\n"


def write(clinic: Clinic, path: Path) -> Result:
    clinic.write(SMALL)
    return clinic.command("test", "--now", NOW, "--html", str(path))


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file may become larger than a part of a page."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere/page.html", "No such file or directory"),
        ("bookings.db/page.html", "Not a directory"),
        ("", "Is a directory"),
        ("page.html", "File too large"),
    ],
)
def test_a_page_that_cannot_be_written_leaves_everything_as_it_was(place: str, why: str, clinic: Clinic) -> None:
    clinic.write(SMALL)
    (clinic.folder / "page.html").write_text("the page of yesterday", encoding="utf-8")
    before = {each: each.read_bytes() for each in clinic.folder.iterdir()}
    with full_disk():
        result = clinic.command("test", "--now", NOW, "--html", str(clinic.folder / place))
    assert result.exit_code == 2, result.exception
    assert why in result.stderr
    assert {each: each.read_bytes() for each in clinic.folder.iterdir()} == before


def test_a_page_replaces_the_one_before_and_only_its_owner_may_read_it(clinic: Clinic) -> None:
    page, link = clinic.folder / "page.html", clinic.folder / "link.html"
    page.write_text("the page of yesterday", encoding="utf-8")
    link.symlink_to(page)
    result = write(clinic, link)
    assert result.exit_code == 0, (result.output, result.exception)
    assert link.is_symlink()
    assert page.stat().st_mode & 0o777 == 0o600
    text = read(page).text
    assert "All is well" in text
    assert "Problem" not in text
    assert not [each.name for each in clinic.folder.iterdir() if each.name.startswith(".")]


def test_a_page_can_go_into_a_pipe(clinic: Clinic) -> None:
    pipe, got = clinic.folder / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert write(clinic, pipe).exit_code == 0
    reader.join(timeout=10)
    assert "All is well" in Reader(got[0]).text
    assert pipe.is_fifo()


# --- a browser --------------------------------------------------------------------------------------------------------

# The page in a frame as wide as a phone, everything unfolded: how wide is it really, and what can be read in it?
VIEWER = """\
<!doctype html><meta charset="utf-8"><iframe id="phone" width="390" height="3000" src="page.html"></iframe>
<pre id="found"></pre><script>
  onload = () => {
    const page = document.getElementById("phone").contentDocument
    page.querySelectorAll("details").forEach(each => { each.open = true })
    const widths = [page.documentElement.clientWidth, page.documentElement.scrollWidth]
    document.getElementById("found").textContent = `widths ${widths}` + "\\n" + page.body.innerText
  }
</script>
"""


@pytest.mark.contract
@pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium")
def test_a_browser_shows_the_page_on_a_phone_and_asks_nobody(clinic: Clinic) -> None:
    assert CHROMIUM
    with socket.create_server(("127.0.0.1", 0)) as server:
        build(clinic, origin=f"http://127.0.0.1:{server.getsockname()[1]}")
        viewer = clinic.folder / "viewer.html"
        viewer.write_text(VIEWER, encoding="utf-8")
        ran = subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--disable-background-networking",
                "--allow-file-access-from-files",
                "--enable-logging=stderr",
                "--virtual-time-budget=5000",
                f"--user-data-dir={clinic.folder / 'profile'}",
                "--dump-dom",
                viewer.as_uri(),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
    seen = Reader(ran.stdout).text
    assert "widths 390,390" in seen, "wider than a phone"
    for words in (*NAMES, "did you mean `Haircut`?", '"at": [', "The visit starts"):
        assert words.strip("\u202e ") in seen
    told = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    assert told, "the frames report what they refuse"
    assert all("about:srcdoc" in line for line in told), "nothing of the page itself is refused"
