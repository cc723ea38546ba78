"""A scripted SMTP server on 127.0.0.1 that fails at a chosen point of the dialogue.

    with serve(RCPT=["451 4.7.1 Greylisted", "250 2.1.5 Ok"], QUIT=CLOSE) as server:
        ...  # mails to server.port
    assert len(server.contents) == 1

A point of the dialogue is the greeting, a command's first word, or `dot`: a mail's end. Its answer is a text of one
line or several; CLOSE, which ends the connection; or `bytes`, which are sent as they are, without a line end, again and
again until the client gives up, and of which SILENCE has none. A list of answers is used up one by one, the last stays.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer

Answer = str | bytes

CLOSE, SILENCE = "", b""
PLAYS_ALONG: dict[str, Answer] = {
    "greeting": "220 mx.test ESMTP",
    "EHLO": "250-mx.test\n250 SIZE 1000000",
    "AUTH": "235 2.7.0 Welcome",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go ahead",
    "dot": "250 2.0.0 Ok",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}

_TICK = 0.02  # seconds between two of the bytes that are sent again and again


class Server:
    """Where the server is, what it answers, and what arrived."""

    def __init__(self, port: int, answers: dict[str, Answer | list[Answer]]) -> None:
        self.port = port
        self.commands: list[str] = []
        self.contents: list[bytes] = []  # mails whose final dot has come
        self.connections = 0
        self.released = threading.Event()
        self._answers: dict[str, Answer | list[Answer]] = {**PLAYS_ALONG, **answers}
        self._lock = threading.Lock()
        self.open: set[socket.socket] = set()

    def say(self, line: str) -> None:
        """Send a line that nobody asked for to whoever is connected."""
        for connection in list(self.open):
            connection.sendall(f"{line}\r\n".encode())

    def script(self, **answers: Answer | list[Answer]) -> None:
        """Change some of the answers."""
        with self._lock:
            self._answers |= answers

    def next_answer(self, point: str) -> Answer:
        with self._lock:
            answer = self._answers.get(point, "502 5.5.1 What?")
            if isinstance(answer, list):
                return answer.pop(0) if len(answer) > 1 else answer[0]
            return answer

    def count_connection(self) -> None:
        with self._lock:
            self.connections += 1


@contextmanager
def serve(**answers: Answer | list[Answer]) -> Iterator[Server]:
    """A server that runs until the block ends, with other answers than usual at some points."""
    with _Listener(answers) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.scripted
        finally:
            listener.scripted.released.set()
            listener.shutdown()
            thread.join()
            listener.hang_up_all()


class _Listener(ThreadingTCPServer):
    """Accepts connections; each gets a thread, and is joined at the end."""

    request_queue_size = 128

    def __init__(self, answers: dict[str, Answer | list[Answer]]) -> None:
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.scripted = Server(self.server_address[1], answers)

    def hang_up_all(self) -> None:
        """End the connections that clients keep open, so that their threads end."""
        for connection in list(self.scripted.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Dialogue(StreamRequestHandler):
    """One connection."""

    disable_nagle_algorithm = True  # which would hold back a line that nobody asked for until the client speaks
    server: _Listener

    def handle(self) -> None:
        self.server.scripted.count_connection()
        self.server.scripted.open.add(self.connection)
        try:
            with suppress(OSError):
                self._converse()
        finally:
            self.server.scripted.open.discard(self.connection)

    def _converse(self) -> None:
        going = self._answer("greeting")
        while going and (line := self.rfile.readline()):
            command = line.decode().strip()
            self.server.scripted.commands.append(command)
            going = self._answer(command.partition(" ")[0].upper())
            if going == "354":
                content = bytearray()
                while not content.endswith(b"\r\n.\r\n"):
                    if not (line := self.rfile.readline()):
                        return
                    content += line
                self.server.scripted.contents.append(bytes(content))
                going = self._answer("dot")

    def _answer(self, point: str) -> str:
        """Answer; the code of what was said, empty where the connection ends with it."""
        answer = self.server.scripted.next_answer(point)
        if isinstance(answer, bytes):
            while not self.server.scripted.released.wait(_TICK):
                self.connection.sendall(answer)
            return CLOSE
        if answer:
            self.connection.sendall("".join(f"{line}\r\n" for line in answer.split("\n")).encode())
        return answer[:3]
