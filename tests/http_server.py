"""A scripted HTTP server on 127.0.0.1 that records each request before it answers.

    with serve() as server:
        server.script(answer(429, headers={"Retry-After": "3"}), answer(201, {"sid": "SM1"}))
        ...  # requests to server.url; the last step of the script repeats
    assert [request.path for request in server.requests] == ["/a", "/b"]

A step is anything that takes an `Exchange`: the functions below, or one of the test's own.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import trustme

Body = bytes | str | dict[str, Any] | list[Any]

_TICK = 0.02  # seconds between two dripped bytes


class Request(NamedTuple):
    """A request as it arrived. `path` holds the query too; the names in `headers` are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One request's turn in the script: what a step may do to it."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self.server = handler.server.scripted
        self.request: Request | None = None

    def read(self) -> Request:
        """Take the request, and record it."""
        self.request = self._handler.read_request()
        self.server.record(self.request)
        return self.request

    def write(self, content: bytes) -> bool:
        """Send some bytes; whether the client still takes them."""
        try:
            self._handler.connection.sendall(content)
        except OSError:
            return False
        return True

    def answer(self, status: int = 200, body: Body = b"", *, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole answer; a dict or list goes out as JSON."""
        self.write(head_and_body(status, body, headers or {}))

    def drip(self, content: bytes) -> None:
        """Send byte after byte, slowly, until the client hangs up or the server is closed."""
        for number in range(len(content)):
            if self.server.released.wait(_TICK) or not self.write(content[number : number + 1]):
                break

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection: politely, or by a TCP reset."""
        connection = self._handler.connection
        self._handler.close_connection = True
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The kernel sends the reset when the last handle of the connection goes: those of rfile and wfile too.
            self._handler.rfile.close()
            self._handler.wfile.close()
            if isinstance(connection, ssl.SSLSocket):
                socket.socket(fileno=connection.detach()).close()
            connection.close()
        else:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


Step = Callable[[Exchange], None]


def answer(status: int = 200, body: Body = b"", *, headers: Mapping[str, str] | None = None) -> Step:
    """Take the request and answer it; a dict or list goes out as JSON."""

    def step(exchange: Exchange) -> None:
        exchange.read()
        exchange.answer(status, body, headers=headers)

    return step


def reset_before(exchange: Exchange) -> None:
    """Reset the connection with the request unread."""
    exchange.hang_up(reset=True)


def reset_after(exchange: Exchange) -> None:
    """Take the request, then reset the connection."""
    exchange.read()
    exchange.hang_up(reset=True)


def close_after(exchange: Exchange) -> None:
    """Take the request, then close the connection without an answer."""
    exchange.read()
    exchange.hang_up()


def half_an_answer(status: int = 200, *, headers: Mapping[str, str] | None = None) -> Step:
    """Take the request, answer with a complete head and half the body that it promises, and close."""

    def step(exchange: Exchange) -> None:
        exchange.read()
        exchange.write(head_and_body(status, b"x" * 100, headers or {})[:-50])
        exchange.hang_up()

    return step


def half_a_head(exchange: Exchange) -> None:
    """Take the request, send the beginning of a status line, and close."""
    exchange.read()
    exchange.write(b"HTTP/1.1 2")
    exchange.hang_up()


def garbage(exchange: Exchange) -> None:
    """Take the request, and answer with something that is not HTTP."""
    exchange.read()
    exchange.write(b"220 mail.example.com ESMTP\r\n")
    exchange.hang_up()


def silence(exchange: Exchange) -> None:
    """Take the request, and say nothing until the server is released or closed."""
    exchange.read()
    exchange.server.released.wait()
    exchange.hang_up()


def drip_headers(exchange: Exchange) -> None:
    """Take the request, and send a head that never ends, byte after byte."""
    exchange.read()
    exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Padding: 1\r\n" * 10_000)
    exchange.hang_up()


def drip_body(status: int = 200) -> Step:
    """Take the request, and answer with a complete head and a body that never ends, byte after byte."""

    def step(exchange: Exchange) -> None:
        exchange.read()
        exchange.write(head_and_body(status, b"", {"Content-Length": "100000"}))
        exchange.drip(b"x" * 100_000)
        exchange.hang_up()

    return step


class Server:
    """A scripted server: where it is, what it is to do, and what arrived."""

    def __init__(self, url: str, sockets: Callable[[], list[socket.socket]] = list) -> None:
        self.url = url
        self._sockets = sockets
        self._under_way = 0
        self.requests: list[Request] = []
        self.connections = 0
        self.released = threading.Event()
        self._steps: list[Step] = [answer()]
        self._lock = threading.Lock()

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.requests]

    def script(self, *steps: Step) -> None:
        """What is done with the requests to come, in their order; the last step repeats."""
        self._steps = list(steps)

    def _is_something_unread(self) -> bool:
        try:
            return bool(select.select(self._sockets(), (), (), 0)[0])
        except (OSError, ValueError):  # one was closed meanwhile
            return True

    def release(self) -> None:
        """End every silence and drip."""
        self.released.set()

    def record(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def count_connection(self) -> None:
        with self._lock:
            self.connections += 1

    def take_step(self, exchange: Exchange) -> None:
        """Do what the script says next."""
        with self._lock:
            step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
            self._under_way += 1
        try:
            step(exchange)
        finally:
            with self._lock:
                self._under_way -= 1

    def wait_until_quiet(self, patience: float = 20) -> None:
        """Wait until everything that clients have sent is read, and each step has ended: they may have hung up early.

        Raises TimeoutError after so many seconds.
        """
        deadline = time.monotonic() + patience
        quiet = 0
        while quiet < 2:  # between the reading of a request and its step it only seems to be
            quiet = 0 if self._under_way or self._is_something_unread() else quiet + 1
            if time.monotonic() > deadline:
                raise TimeoutError("the server is still at work")
            time.sleep(0.001)


@contextmanager
def serve(
    *, authority: trustme.CA | None = None, name: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """A server that runs until the block ends; with an authority it speaks TLS, with a certificate for `name`."""
    if authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
    with _Listener(context) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.scripted
        finally:
            listener.scripted.release()
            listener.shutdown()
            thread.join()
            listener.hang_up_all()


class _Listener(ThreadingHTTPServer):
    """Accepts connections; each gets a thread, and is joined at the end."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._context = context
        self._open: set[socket.socket] = set()
        scheme = "https" if context else "http"
        self.scripted = Server(f"{scheme}://127.0.0.1:{self.server_address[1]}", self._watched)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.scripted.count_connection()
        if self._context:
            # The handshake waits for the connection's own thread: here it would hold up the others.
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._open.add(connection)
        return connection, address

    def _watched(self) -> list[socket.socket]:
        return [each for each in (self.socket, *list(self._open)) if each.fileno() >= 0]

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: clients that hang up are what these tests are about."""

    def hang_up_all(self) -> None:
        """End the connections that clients keep open, so that their threads end."""
        for connection in list(self._open):
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One connection: for each of its requests, the script's next step."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def handle_one_request(self) -> None:
        self.close_connection = True
        if not self.rfile.peek(1):  # type: ignore[attr-defined]  # socketserver makes it a BufferedReader
            return
        self.close_connection = False
        self.server.scripted.take_step(Exchange(self))

    def read_request(self) -> Request:
        self.raw_requestline = self.rfile.readline()
        assert self.parse_request(), self.raw_requestline
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # http.server reads Latin-1, whatever arrives.
        headers = {name.lower(): value.encode("latin-1").decode() for name, value in self.headers.items()}
        return Request(self.command, self.path, headers, body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def head_and_body(status: int, body: Body = b"", headers: Mapping[str, str] | None = None) -> bytes:
    lines = {"Content-Type": "text/plain; charset=utf-8"}
    if isinstance(body, dict | list):
        body, lines = json.dumps(body), {"Content-Type": "application/json"}
    content = body.encode() if isinstance(body, str) else body
    if status != 204:
        lines["Content-Length"] = str(len(content))
    lines |= headers or {}
    head = [f"HTTP/1.1 {status} {responses.get(status, 'Odd')}", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join([*head, "", ""]).encode() + content
