"""Small proxies on 127.0.0.1 that carry each connection to where it asks for.

with run_proxy(connect_tunnel(INTERIM)) as address:
    monkeypatch.setenv("https_proxy", f"http://{address}")
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import trustme

Greeting = Callable[[socket.socket], tuple[str, int]]


def connect_tunnel(interim: bytes = b"") -> Greeting:
    """Return the part of an HTTP proxy that takes a CONNECT, and answers it behind `interim` answers."""

    def greet(client: socket.socket) -> tuple[str, int]:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += _take(client, 1)
        client.sendall(interim + b"HTTP/1.1 200 Connection established\r\n\r\n")
        host, _, port = head.split()[1].decode().rpartition(":")
        return host, int(port)

    return greet


def socks5(client: socket.socket) -> tuple[str, int]:
    """Take the greeting and the request of SOCKS 5 (RFC 1928) with an IPv4 address."""
    _, methods = _take(client, 2)
    _take(client, methods)
    client.sendall(b"\x05\x00")
    _take(client, 4)
    address, port = socket.inet_ntoa(_take(client, 4)), struct.unpack("!H", _take(client, 2))[0]
    client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    return address, port


@contextmanager
def run_proxy(greet: Greeting, *, authority: trustme.CA | None = None) -> Iterator[str]:
    """Give the address of a proxy that runs until the block ends; with an authority it speaks TLS itself."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if authority else None
    if authority and context:
        authority.issue_cert("127.0.0.1").configure_cert(context)
    opened: list[socket.socket] = [listener]
    threads: list[threading.Thread] = []

    def carry(client: socket.socket) -> None:
        with suppress(OSError):
            client = context.wrap_socket(client, server_side=True) if context else client
            server = socket.create_connection(greet(client))
            opened.extend((client, server))
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                opened.append(client)
                thread = threading.Thread(target=carry, args=(client,))
                threads.append(thread)
                thread.start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        _hang_up(listener)
        accepting.join()
        for each in opened:
            _hang_up(each)
        for thread in threads:
            thread.join()
        for each in opened:
            each.close()


def _take(client: socket.socket, length: int) -> bytes:
    taken = b""
    while len(taken) < length:
        more = client.recv(length - len(taken))
        if not more:
            raise ConnectionError("the client hung up")
        taken += more
    return taken


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while content := source.recv(65536):
            target.sendall(content)
    _hang_up(target)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
