"""The counterparts: a mail server and a server for each provider, which write down each acceptance before they answer.

What they wrote is the judge's evidence. They answer slowly at times, refuse at times, hang up at times, and can kill
the run whose request they hold.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Literal, NamedTuple

from tests import http_server
from tests.crash import points
from tests.providers import HTTP_PROVIDERS, Provider

Verdict = Literal["accept", "taken before", "refuse", "hang up"]
INFOBIP = "sms infobip"
TAKEN_BEFORE = {"messages": [{"status": {"groupId": 5, "id": 23, "name": "REJECTED_DUPLICATE_MESSAGE_ID"}}]}
SLOWNESS = 0.06  # seconds
VISIT = re.compile(rb"visit-\d+")
IDENTITY = re.compile(rb'^(?:Message-ID: <([^@]+)@|webhook-id: (.+?)\r?$)|"messageId": ?"([^"]+)"', re.M | re.I)


class Trap(NamedTuple):
    """A run to be killed at a point of its counterparts, by its request with a number."""

    point: str
    number: int
    victim: ForkServerProcess


class Counterparts:
    """What happens to each request, and the evidence of it; `faults` is the share of requests that meet one."""

    def __init__(self, evidence: Path, *, seed: str, faults: float) -> None:
        self.faults = faults
        self._evidence = evidence.open("a", encoding="utf-8")
        self._dice = random.Random(seed)  # noqa: S311 - a lot, not a secret
        self._trap: Trap | None = None
        self._seen = 0
        self._taken: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def close(self) -> None:
        self._evidence.close()

    def set_trap(self, trap: Trap | None) -> None:
        """Kill a run; None: none."""
        with self._lock:
            self._trap, self._seen = trap, 0

    def receive(self, provider: str, request: bytes) -> Verdict:
        """Decide about a request that has been read, and write down what is decided."""
        visit, key = _visit(request), _key(request)
        if self._spring(points.HELD) and self._dice.random() < 0.5:
            return "hang up"  # what was in hand is as dead as the run, or is accepted all the same
        fault = self._draw()
        if fault == "slow":
            time.sleep(SLOWNESS)
        if fault in ("refuse", "hang up before"):
            self._write("fault", provider, visit, key)
            return "refuse" if fault == "refuse" else "hang up"
        if fault == "hang up after":
            self._write("fault", provider, visit, key)
        new = self._is_new(provider, key)
        self._write("acceptance" if new else "repetition", provider, visit, key)
        self._spring(points.ACCEPTED)
        if fault == "hang up after":
            return "hang up"
        return "accept" if new else "taken before"

    def has_answered(self) -> None:
        """An acceptance is on its way to the run."""
        self._spring(points.ANSWERED)

    def _draw(self) -> str:
        with self._lock:
            if self._dice.random() >= self.faults:
                return ""
            return self._dice.choice(["slow", "slow", "refuse", "hang up before", "hang up after"])

    def _is_new(self, provider: str, key: str) -> bool:
        """Infobip takes an id once; the others know none, or leave it to whoever receives."""
        with self._lock:
            known = (provider, key) in self._taken
            self._taken.add((provider, key))
        return not known or provider != INFOBIP

    def _spring(self, point: str) -> bool:
        with self._lock:
            if self._trap is None or self._trap.point != point:
                return False
            self._seen += 1
            if self._seen != self._trap.number:
                return False
            self._trap.victim.kill()
            return True

    def _write(self, event: str, provider: str, visit: str, key: str) -> None:
        line = {"event": event, "channel": provider.partition(" ")[0], "visit": visit, "key": key}
        with self._lock:
            self._evidence.write(json.dumps(line) + "\n")
            self._evidence.flush()


def _visit(request: bytes) -> str:
    found = VISIT.search(request)
    return found[0].decode() if found else "none"


def _key(request: bytes) -> str:
    """The delivery's identity, where the channel lets it travel."""
    found = IDENTITY.search(request)
    return next(each.decode() for each in found.groups() if each) if found else ""


# --- the servers ------------------------------------------------------------------------------------------------------


@contextmanager
def serve(counterparts: Counterparts, providers: list[str]) -> Iterator[dict[str, Any]]:
    """Servers that run until the block ends: the URL of each provider, and the port of the mail server."""
    with ExitStack() as stack:
        places: dict[str, Any] = {"email": stack.enter_context(_serve_mail(counterparts))}
        for name in providers:
            server = stack.enter_context(http_server.serve())
            server.script(_step(counterparts, name, HTTP_PROVIDERS[name]))
            places[name] = server.url
        yield places


def _step(counterparts: Counterparts, name: str, provider: Provider) -> http_server.Step:
    def step(exchange: http_server.Exchange) -> None:
        request = exchange.read()
        if len(request.body) < int(request.headers.get("content-length", 0)):
            exchange.hang_up()  # the run was killed in the middle of its request
            return
        headers = "".join(f"{key}: {value}\n" for key, value in request.headers.items())
        verdict = counterparts.receive(name, f"{request.path}\n{headers}\n".encode() + request.body)
        if verdict == "accept":
            exchange.answer(*provider.accepted)
            counterparts.has_answered()
        elif verdict == "taken before":
            exchange.answer(200, TAKEN_BEFORE)
        elif verdict == "refuse":
            exchange.answer(500, "broken")
        else:
            exchange.hang_up()

    return step


@contextmanager
def _serve_mail(counterparts: Counterparts) -> Iterator[int]:
    with _MailServer(("127.0.0.1", 0), _Dialogue) as server:
        server.counterparts = counterparts
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class _MailServer(ThreadingTCPServer):
    """Speaks as little SMTP as a client needs."""

    request_queue_size = 128
    counterparts: Counterparts


class _Dialogue(StreamRequestHandler):
    """One connection."""

    timeout = 60
    server: _MailServer

    def handle(self) -> None:
        with suppress(OSError):
            self._say("220 mx.test ESMTP")
            while line := self.rfile.readline():
                command = line[:4].upper()
                if command == b"DATA":
                    self._say("354 Go ahead")
                    if not self._take():
                        return
                elif command == b"QUIT":
                    self._say("221 Bye")
                    return
                else:
                    self._say("250 Ok")

    def _take(self) -> bool:
        """Read a mail, and whether the conversation goes on."""
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            if not (line := self.rfile.readline()):
                return False
            content += line
        verdict = self.server.counterparts.receive("email", content)
        if verdict == "hang up":
            return False
        self._say("250 2.0.0 Ok" if verdict == "accept" else "451 4.3.0 Broken")
        self.server.counterparts.has_answered()
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")
