"""The SMTP dialogue: a connection that knows how far it has come, kept for a batch of mails."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reminderctl import clocks
from reminderctl.channels._email import login
from reminderctl.channels._email.replies import Phase, loss, queue_id, refusal
from reminderctl.channels._email.settings import PORTS
from reminderctl.errors import ChannelDown, DeliveryError, Rejected
from reminderctl.model import Receipt

if TYPE_CHECKING:
    from reminderctl.channels._email.mime import Mail
    from reminderctl.channels._email.settings import Settings

CONNECT_SECONDS = 10.0  # for each of the server's addresses
QUIT_SECONDS = 2.0
LONGEST_REPLY = 65536  # octets
_CONVERSATION_OVER = (421, -1)  # -1: what smtplib gives for an answer that has no code


class _Lines:
    """The lines that a server sends, read so that no drip of bytes outlasts the session's deadline."""

    def __init__(self, session: SmtpSession) -> None:
        self._session = session
        self.unread = b""
        self.taken = 0

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self.unread:
            chunk: bytes = self._session.timed_socket().recv(4096)
            if not chunk:
                return b""  # half a line is no answer: "250" cut short may have been "2500 mails are waiting"
            self.unread += chunk
            self.taken += len(chunk)
            if self.taken > LONGEST_REPLY:
                raise OSError("its answer has no end")
        line, _, self.unread = self.unread.partition(b"\n")
        if len(line) >= limit - 1:
            raise OSError("a line of its answer is too long")  # smtplib would call it a refusal with code 500
        return line + b"\n"

    def has_more(self) -> bool:
        """Say whether the server has sent more than was asked for, without waiting for it."""
        if not self.unread:
            connection = self._session.timed_socket()
            connection.settimeout(0)
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                self.unread = connection.recv(4096)
        return bool(self.unread)

    def close(self) -> None:
        self.unread = b""


class SmtpSession(smtplib.SMTP):
    """One connection. `phase` says what it is about, `deadline` (elapsed seconds) when every wait in it ends."""

    def __init__(self, host: str, *, deadline: float, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self._host = host  # smtplib checks the certificate against this, and forgets it unless it connects at once
        self.command_encoding = "utf-8"  # for addresses beyond ASCII, where the server knows SMTPUTF8
        self._context = context
        self.phase = Phase.CONNECT
        self.deadline = deadline

    def timed_socket(self) -> socket.socket:
        """Return the socket, set to give up at the deadline."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self.sock.settimeout(self._left())
        return self.sock

    def _left(self) -> float:
        return max(self.deadline - clocks.seconds(), 0.001)  # 0 would mean: do not wait, which is another error

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), min(CONNECT_SECONDS, self._left()))
        if self._context is None:
            return connection
        self.phase = Phase.TLS
        connection.settimeout(self._left())
        encrypted = self._context.wrap_socket(connection, server_hostname=host)
        self.phase = Phase.CONNECT
        return encrypted

    def send(self, s: Any) -> None:
        if self.sock is not None:
            if self.file is not None and self.file.has_more():
                # It would be taken for the answer to what is sent now, and a mail for accepted that was not.
                raise smtplib.SMTPServerDisconnected("it spoke out of turn")
            self.timed_socket()
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Lines(self)
        if self.file is not None:
            self.file.taken = 0
        reply = super().getreply()
        if self.phase is Phase.TLS:
            self.timed_socket()  # for the handshake, which smtplib begins without asking
        return reply

    def ask(self, phase: Phase, command: Callable[..., tuple[int, bytes]], *arguments: Any) -> str:
        """Return the server's words to a command that it obeys; raises `SMTPResponseException` if it does not."""
        self.phase = phase
        code, words = command(*arguments)
        if code // 100 != (3 if phase is Phase.DATA else 2):
            raise smtplib.SMTPResponseException(code, words)
        return words.decode("utf-8", "replace")

    def name_addresses(self, sender: str, recipient: str) -> str:
        """Give both commands, in one go where the server takes them so (PIPELINING, RFC 2920): a round trip less."""
        if not self.has_extn("pipelining"):
            self.ask(Phase.SENDER, self.docmd, sender)
            return self.ask(Phase.RECIPIENT, self.docmd, recipient)
        self.phase = Phase.SENDER
        self.send(f"{sender}\r\n{recipient}\r\n")
        try:
            self.ask(Phase.SENDER, self.getreply)
        except smtplib.SMTPResponseException as error:
            if error.smtp_code not in _CONVERSATION_OVER:
                with contextlib.suppress(OSError):  # if the recipient is not answered too, the connection is closed
                    self.getreply()
            raise
        return self.ask(Phase.RECIPIENT, self.getreply)


class Client:
    """The server of a channel's settings, with the connection that is open to it, if one is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._port = settings.port or PORTS[settings.security]
        self._session: SmtpSession | None = None
        self._context: ssl.SSLContext | None = None
        self._hidden: frozenset[str] = frozenset()

    def send(self, mail: Mail) -> Receipt:
        """Hand one mail over, on the open connection if there is. Raises a `DeliveryError` unless it was accepted."""
        deadline = clocks.seconds() + self._settings.timeout
        while True:
            kept = self._session is not None
            try:
                return self._hand_over(mail, deadline)
            except OSError as error:  # smtplib's own errors are OSErrors too
                phase = self._session.phase if self._session else Phase.CONNECT
                code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else -1
                over = code in _CONVERSATION_OVER
                if over or phase < Phase.SENDER:
                    self._drop()
                # A server may end a connection that it has held for a while; nothing of this mail has left.
                if kept and (over or phase is Phase.RESET) and phase < Phase.CONTENT:
                    continue
                raise self._failure(error, phase) from None
            except DeliveryError:
                if self._session and self._session.phase < Phase.SENDER:
                    self._drop()
                raise

    def close(self) -> None:
        """Take leave; what was accepted stays accepted, however the server answers."""
        if self._session is not None:
            self._session.deadline = clocks.seconds() + QUIT_SECONDS
            with contextlib.suppress(OSError):
                self._session.quit()
            self._drop()

    def _drop(self) -> None:
        if self._session is not None:
            with contextlib.suppress(OSError):
                self._session.close()
        self._session = None

    # --- the dialogue -------------------------------------------------------------------------------------------------

    def _hand_over(self, mail: Mail, deadline: float) -> Receipt:
        if self._session is None:
            session = self._open(deadline)
        else:
            session = self._session
            session.deadline = deadline
            # An accepted mail leaves nothing behind (RFC 5321 4.1.1.4), so the next needs no round trip before it.
            if session.phase is not Phase.ACCEPTED:
                session.ask(Phase.RESET, session.rset)
        options = [f"SIZE={len(mail.content)}"] if session.has_extn("size") else []
        if mail.international:
            if not session.has_extn("smtputf8"):
                text = f"{self._settings.host} takes only ASCII before the @ (no SMTPUTF8)"
                raise Rejected(f"{text}, and {mail.recipient} or the sender has other letters")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        # Not smtplib's own `mail` and `rcpt`: they read the address once more, and not as strictly.
        session.name_addresses(" ".join([f"MAIL FROM:<{mail.sender}>", *options]), f"RCPT TO:<{mail.recipient}>")
        session.ask(Phase.DATA, session.docmd, "DATA")
        session.phase = Phase.CONTENT
        # One write: when it fails, the kernel has not taken its last bytes, so the final dot has not left.
        session.send(mail.content.replace(b"\n.", b"\n..") + b".\r\n")
        # A content scanner takes its time; giving up on it too soon would make the mail's fate unknown.
        session.deadline = clocks.seconds() + 2 * self._settings.timeout
        words = session.ask(Phase.ANSWER, session.getreply)
        session.phase = Phase.ACCEPTED
        return Receipt(provider_id=queue_id(words) or mail.message_id)

    def _open(self, deadline: float) -> SmtpSession:
        settings = self._settings
        context = None if settings.security == "none" else self._trust()
        implicit = context if settings.security == "tls" else None
        self._session = session = SmtpSession(settings.host, deadline=deadline, context=implicit)
        session.ask(Phase.CONNECT, session.connect, settings.host, self._port)
        session.phase = Phase.HELLO
        session.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            if not session.has_extn("starttls"):
                raise ChannelDown(f"{settings.host} offers no STARTTLS, and nothing is sent in clear text")
            session.phase = Phase.TLS
            session.starttls(context=context)
            session.phase = Phase.HELLO
            session.ehlo_or_helo_if_needed()
        if settings.username:
            self._log_in(session)
        return session

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            try:
                self._context = ssl.create_default_context(cafile=self._settings.ca_file)
            except OSError as error:  # ssl.SSLError is one
                cause = error.strerror or "it is not a PEM file"
                raise ChannelDown(f"ca_file {self._settings.ca_file} cannot be used: {cause}") from None
            self._context.hostname_checks_common_name = False  # RFC 6125: the subjectAltName alone names a server
        return self._context

    def _log_in(self, session: SmtpSession) -> None:
        offered = session.esmtp_features.get("auth", "").upper().split()
        prepared = login.prepare(self._settings, offered, deadline=session.deadline)
        self._hidden = prepared.hidden
        session.phase = Phase.LOGIN
        login.perform(prepared, session)

    def _failure(self, error: OSError, phase: Phase) -> DeliveryError:
        host = self._settings.host
        if isinstance(error, smtplib.SMTPResponseException):
            words = error.smtp_error
            reply = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
            return refusal(host, error.smtp_code, reply=reply, phase=phase, hidden=self._hidden)
        if isinstance(error, ssl.SSLCertVerificationError):
            cause = error.verify_message.rstrip(".")
            return ChannelDown(f"{host} has no certificate to trust: {cause}; ca_file can name a CA of your own")
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return ChannelDown(f"{host} port {self._port} does not speak TLS ({error.reason}); try security: starttls")
        return loss(f"{host} port {self._port}", error.strerror or str(error), phase=phase)
