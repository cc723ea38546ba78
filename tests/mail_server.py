"""Mail servers on 127.0.0.1 that keep what they are given (aiosmtpd).

with mail_servers() as serve:
    server = serve(tls=context)  # STARTTLS; serve(implicit=context) speaks TLS from the start
assert server.mails[0].rcpt_tos == ["ana@example.test"]
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER = "citas"
PASSWORD = "s3cret-pässword"
TOKEN = "ya29.token"


class MailServer:
    """An aiosmtpd server on a free port, and what it saw."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.logins: list[tuple[str, bytes]] = []
        self.connections = 0
        self.port = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope)
        return f"250 2.0.0 Ok: queued as Q{len(self.mails)}"

    async def auth_XOAUTH2(self, server: SMTP, arguments: list[str]) -> AuthResult:  # noqa: N802
        given = base64.b64decode(arguments[1])
        self.logins.append(("XOAUTH2", given))
        if given == f"user=citas\x01auth=Bearer {TOKEN}\x01\x01".encode():
            return AuthResult(success=True)
        await server.push("334 eyJzdGF0dXMiOiI0MDAifQ==")
        await server._reader.readline()
        return AuthResult(success=False, handled=False)

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, found: Any
    ) -> AuthResult:
        self.logins.append((mechanism, found.password))
        return AuthResult(success=found.login == b"citas" and found.password == PASSWORD.encode(), handled=False)


@contextmanager
def mail_servers() -> Iterator[Callable[..., MailServer]]:
    """A function that starts servers, all of which end with the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers: list[asyncio.Server] = []

    def start(
        *, tls: ssl.SSLContext | None = None, implicit: ssl.SSLContext | None = None, **options: Any
    ) -> MailServer:
        seen = MailServer()

        def protocol() -> SMTP:
            seen.connections += 1
            return SMTP(
                seen, hostname="mx.test", tls_context=tls, loop=loop, authenticator=seen.authenticate, **options
            )

        async def listen() -> asyncio.Server:
            return await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)

        servers.append(asyncio.run_coroutine_threadsafe(listen(), loop).result())
        seen.port = servers[-1].sockets[0].getsockname()[1]
        return seen

    async def stop() -> None:
        for each in servers:
            each.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    try:
        yield start
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
