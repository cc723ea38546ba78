"""Sockets that wait no longer than an attempt may last."""

from __future__ import annotations

import math
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from reminderctl import clocks
from reminderctl.http_transport.final_response import ResponseReader


class _TimedAttempt(threading.local):
    """The attempt that this thread is at: until when (elapsed seconds), and what holds for its connection."""

    until: float = math.inf
    public_only: bool = False
    keep_alive: bool = False
    got_surplus: bool = False  # more bytes than belong to the response


current = _TimedAttempt()


@contextmanager
def attempt(seconds: float, *, public_only: bool, keep_alive: bool) -> Iterator[None]:
    """Bound all that this thread does on connections of an `Adapter`.

    With `public_only`, private addresses are refused. Without `keep_alive` the connection is not used again, whatever
    the server does with it.
    """
    until = clocks.seconds() + seconds
    current.until, current.public_only, current.keep_alive = until, public_only, keep_alive
    current.got_surplus = False
    try:
        yield
    finally:
        current.until, current.public_only, current.keep_alive = math.inf, False, False


def time_left() -> float | None:
    """Return the seconds that the attempt may still last, None without a limit; raises TimeoutError at its end."""
    if current.until == math.inf:
        return None
    left = current.until - clocks.seconds()
    if left <= 0:
        raise TimeoutError("the attempt has lasted long enough")
    return left


def got_surplus() -> bool:
    """Say whether, in the attempt that this thread is at, a server sent more than its response."""
    return current.got_surplus


class _Readable(socket.socket):
    """A socket that a response is read from."""

    may_wait = True
    in_order = True

    def makefile(self, mode: str = "rb", *_: Any, **__: Any) -> Any:
        return ResponseReader(super().makefile(mode, buffering=0), self)  # type: ignore[call-overload]

    def report_surplus(self) -> None:
        """Let nobody use this connection again."""
        self.in_order = False
        current.got_surplus = True

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Let each read take what is there, or fail, until the block ends."""
        self.may_wait = False
        try:
            yield
        finally:
            self.may_wait = True
            with suppress(OSError):  # no connection any more
                self.settimeout(None)  # else nobody could begin TLS on it

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self.settimeout(time_left() if self.may_wait else 0)
        return super().recv(*args, **kwargs)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(time_left() if self.may_wait else 0)
        return super().recv_into(*args, **kwargs)


class Socket(_Readable):
    """A TCP socket that waits no longer than the attempt may last."""

    @classmethod
    def take_over(cls, connected: socket.socket) -> Socket:
        """Return the connection of a socket of another kind, which has none any more."""
        return cls(connected.family, connected.type, connected.proto, fileno=connected.detach())

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send all, inside the time that is left."""
        self.settimeout(time_left())
        super().sendall(*args, **kwargs)


class TLSSocket(_Readable, ssl.SSLSocket):
    """A TLS socket that waits no longer than the attempt may last."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - ssl's signature
        """Begin TLS, inside the time that is left."""
        self.settimeout(time_left())
        super().do_handshake(block)

    def send(self, *args: Any, **kwargs: Any) -> int:  # sendall is a loop over this
        """Send some bytes, inside the time that is left."""
        self.settimeout(time_left())
        return super().send(*args, **kwargs)
