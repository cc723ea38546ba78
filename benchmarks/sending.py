"""Sending: a whole `run` with thousands due, against the bare library in a loop."""

from __future__ import annotations

import json
import smtplib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

import requests

from benchmarks import clinic, servers
from benchmarks.measure import Row, finish
from reminderctl.channels import email, webhook

NUMBER = 5_000
WEBHOOK = """\
      - send: webhook
        url: http://127.0.0.1:{port}/hook
        json: {{booking: "{{appointment_id}}", text: "{{appointment_date}}, {{appointment_start_time}}"}}
"""
EMAIL = """\
      - send: email
        to: admin
        subject: "{appointment_date}"
        body: "{appointment_start_time}, {company_name}"
"""


def run(room: Path) -> Iterator[Row]:
    """Webhooks against `requests.Session` in as many threads, mails against smtplib over one connection; memory."""
    with servers.running("http") as port:
        bare = _rate(NUMBER, lambda: _bare_webhooks(port))
        ours, _ = _run(room / "webhooks", WEBHOOK.format(port=port), port=port, number=NUMBER)
    yield Row(f"{NUMBER:,} due webhooks", f"{ours:,.0f}/s", f"{bare:,.0f}/s", ours / bare, ">= 0.7")
    with servers.running("smtp") as port:
        bare = _rate(NUMBER, lambda: _bare_mails(port))
        ours, _ = _run(room / "mails", EMAIL, port=port, number=NUMBER)
        _, memory = _run(room / "memory", EMAIL, port=port, number=2 * NUMBER)
    yield Row(f"{NUMBER:,} due emails", f"{ours:,.0f}/s", f"{bare:,.0f}/s", ours / bare, ">= 0.7")
    yield Row(f"peak memory while sending {2 * NUMBER:,}", f"{memory:.0f} MB", "120 MB", memory / 120, "<= 1")


def _rate(number: int, work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return number / (time.perf_counter() - began)


def _run(room: Path, action: str, *, port: int, number: int) -> tuple[float, float]:
    """A second's messages of `reminderctl run` with so many due, all of the run counted; and its peak memory in MB."""
    path = clinic.build(room, triggers=["1 day before start"], action=action)
    text = path.read_text(encoding="utf-8").replace(
        "outbox: outbox\n",
        f"channels:\n  email: {{host: 127.0.0.1, port: {port}, security: none, from: clinic@example.com}}\n",
    )
    path.write_text(text, encoding="utf-8")
    earlier = clinic.NOW - timedelta(hours=1)
    subprocess.run(clinic.command(path, "run", now=earlier), check=True)
    first = earlier + timedelta(days=1, seconds=1)
    clinic.add_bookings(room, number, first=first, spread=timedelta(minutes=59))
    ran = finish(clinic.command(path, "run", "--json"))
    assert json.loads(ran.output)["sent"] == number, ran.output
    return number / ran.seconds, ran.memory


def _bare_webhooks(port: int) -> None:
    orders: SimpleQueue[int] = SimpleQueue()
    for number in range(NUMBER):
        orders.put(number)

    def work() -> None:
        with requests.Session() as session:
            try:
                while True:
                    body = {"booking": f"d{orders.get_nowait()}", "text": "martes, 10 de junio de 2026, 10:00"}
                    session.post(f"http://127.0.0.1:{port}/hook", json=body, timeout=30).raise_for_status()
            except Empty:
                pass

    threads = [threading.Thread(target=work) for _ in range(webhook.POLICY.workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _bare_mails(port: int) -> None:
    assert email.POLICY.workers
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for number in range(NUMBER):
            mail = f"Subject: booking {number}\r\nTo: admin@example.com\r\n\r\n10:00, Clinica Sol\r\n"
            connection.sendmail("clinic@example.com", ["admin@example.com"], mail)
