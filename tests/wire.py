"""A counterpart on 127.0.0.1 that stands between a program and its database, and misbehaves as it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST = 1 << 16


class Wire:
    """The way to a server at a port: it carries each connection, until it is told to do something else.

    It falls silent, or refuses; `cut_after` so many bytes from the server it ends a connection.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._opened: list[socket.socket] = []
        self._is_silent = threading.Event()
        self.cut_after: int | None = None
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def be_silent(self) -> None:
        """Carry nothing more, and keep every connection open."""
        self._is_silent.set()

    def work(self) -> None:
        """Carry what comes from now on."""
        self._is_silent.clear()
        self.cut_after = None

    def refuse(self) -> None:
        """Take no more connections, and end those that there are."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # else the thread that waits takes one more
        self._listener.close()
        self.kill()

    def kill(self) -> None:
        """End the connections that there are, as a server does that is stopped."""
        for each in self._opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._opened.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._opened.append(client)
            if self._is_silent.is_set():
                continue
            server = socket.create_connection(("127.0.0.1", self._server))
            self._opened.append(server)
            threading.Thread(
                target=self._carry, args=(client, server), kwargs={"is_answer": False}, daemon=True
            ).start()
            threading.Thread(target=self._carry, args=(server, client), kwargs={"is_answer": True}, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, *, is_answer: bool) -> None:
        carried = 0
        with suppress(OSError):
            while some := source.recv(MOST):
                if self._is_silent.is_set():
                    continue
                if is_answer and self.cut_after is not None:
                    some = some[: max(self.cut_after - carried, 0)]
                    target.sendall(some)
                    carried += len(some)
                    if carried >= self.cut_after:
                        break
                else:
                    target.sendall(some)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """Give a way to a server at a port until the block ends."""
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.refuse()
