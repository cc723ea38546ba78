"""A Postfix of one's own on 127.0.0.1: free ports, its own folder, and no way out of the machine.

with postfix() as server:
    server.submission  # STARTTLS and a login; server.smtps: TLS from the start; server.plain: neither
server.mails("ana")  # what was delivered to ana@clinic.test
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

DOMAIN = "clinic.test"
USER = f"citas@{DOMAIN}"
PASSWORD = "s3cret-pässword"
SIZE_LIMIT = 20_000  # octets

NEEDED = ("postfix", "saslpasswd2")
MISSING = [program for program in NEEDED if not shutil.which(program)]
needs_postfix = pytest.mark.skipif(
    bool(MISSING) or os.geteuid() != 0,
    reason=f"not installed: {', '.join(MISSING)} (Debian: postfix sasl2-bin libsasl2-modules)"
    if MISSING
    else "Postfix starts only as root",
)

MAIN = """\
compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/state
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.{domain}
inet_protocols = ipv4
mynetworks =
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
# Nothing leaves: whatever is not for a mailbox below ends here.
default_transport = error:nothing leaves this test
relay_transport = error:nothing leaves this test
local_transport = error:nothing leaves this test
notify_classes =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/etc/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = {size}
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/etc/refusals
smtpd_sender_login_maps = texthash:{folder}/etc/senders
smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch
smtpd_tls_chain_files = {folder}/etc/server.pem
smtpd_tls_auth_only = yes
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {domain}
cyrus_sasl_config_path = {folder}/etc/sasl
"""
SERVICES = """\
127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
127.0.0.1:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
127.0.0.1:{plain} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n -  0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -  - trivial-rewrite
bounce    unix - - n -  0 bounce
defer     unix - - n -  0 bounce
trace     unix - - n -  0 bounce
error     unix - - n -  - error
retry     unix - - n -  - error
virtual   unix - n n -  - virtual
anvil     unix - - n -  1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""
SASL = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {folder}/etc/sasldb\nmech_list: PLAIN LOGIN\n"
MAILBOXES = ("ana", "ben", "citas", "later", "full", "badly")
REFUSALS = {
    "later": "451 4.7.1 Greylisted, try again",
    "full": "452 4.2.2 Mailbox full",
    "badly": "553 5.1.3 Bad recipient address syntax",
}


class Postfix:
    """The ports of a running Postfix, and what it delivered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.submission, self.smtps, self.plain = free_ports(3)
        self.authority = trustme.CA()
        self.sendmail = folder / "etc" / "sendmail"  # its program for this machine's own mail

    def mails(self, name: str, *, number: int) -> list[EmailMessage]:
        """The mails in a mailbox; waits a moment until there are as many as expected."""
        inbox = self.folder / "mail" / name / "new"
        patience = time.monotonic() + 10
        while not inbox.is_dir() or len(list(inbox.iterdir())) < number:
            assert time.monotonic() < patience, self.log()
            time.sleep(0.02)
        found = [email.message_from_bytes(each.read_bytes(), policy=email.policy.default) for each in inbox.iterdir()]
        assert len(found) == number, self.log()
        return found

    def delivered(self) -> int:
        """How many mails lie in all mailboxes together."""
        return len(list((self.folder / "mail").glob("*/new/*")))

    def empty(self) -> None:
        shutil.rmtree(self.folder / "mail")
        _make_mail_folder(self.folder)

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def write_configuration(self) -> None:
        etc = self.folder / "etc"
        (etc / "sasl").mkdir(parents=True)  # where Debian's Postfix looks
        nobody = pwd.getpwnam("nobody")
        words = {"folder": self.folder, "domain": DOMAIN, "size": SIZE_LIMIT, "uid": nobody.pw_uid}
        texts = {
            "main.cf": MAIN.format(**words, gid=nobody.pw_gid),
            "master.cf": SERVICES.format(submission=self.submission, smtps=self.smtps, plain=self.plain),
            "sasl/smtpd.conf": SASL.format(**words),
            "mailboxes": "".join(f"{name}@{DOMAIN} {name}/\n" for name in MAILBOXES),
            "refusals": "".join(f"{name}@{DOMAIN} {answer}\n" for name, answer in REFUSALS.items()),
            "senders": f"{USER} {USER}\nother@{DOMAIN} somebody-else\n",
            "sendmail": f'#!/bin/sh\nexec {shutil.which("sendmail")} -C {etc} "$@"\n',
        }
        for name, text in texts.items():
            (etc / name).write_text(text, encoding="utf-8")
            os.utime(etc / name, (0, 0))  # it waits for a file that is new: somebody might still be writing
        self.sendmail.chmod(0o755)
        identity = self.authority.issue_cert("127.0.0.1")
        identity.private_key_and_cert_chain_pem.write_to_path(str(etc / "server.pem"))
        account = ["saslpasswd2", "-p", "-c", "-f", str(etc / "sasldb"), "-u", DOMAIN, USER.partition("@")[0]]
        subprocess.run(account, input=PASSWORD.encode(), check=True)
        os.chown(etc / "sasldb", pwd.getpwnam("postfix").pw_uid, -1)
        (self.folder / "queue").mkdir()
        _make_mail_folder(self.folder)

    def start(self) -> None:
        command = ["postfix", "-c", str(self.folder / "etc"), "start"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert not done.returncode, (done.stderr, self.log())

    def stop(self) -> None:
        """End it and all its processes; returns when it no longer listens."""
        file = self.folder / "queue" / "pid" / "master.pid"
        if not file.exists():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGTERM)  # it takes its whole process group with it
        patience = time.monotonic() + 5
        with contextlib.suppress(ConnectionRefusedError):
            while time.monotonic() < patience:
                socket.create_connection(("127.0.0.1", self.plain)).close()
                time.sleep(0.02)


@contextlib.contextmanager
def postfix() -> Iterator[Postfix]:
    """A Postfix that ends with the block."""
    # Not in pytest's own folder, which only its owner may enter: Postfix runs as several users.
    with tempfile.TemporaryDirectory(prefix="reminderctl-postfix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Postfix(folder)
        try:
            with _umask(0o022):  # its users read what we write, whatever we would keep from others
                server.write_configuration()
                server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _make_mail_folder(folder: Path) -> None:
    (folder / "mail").mkdir()
    os.chown(folder / "mail", pwd.getpwnam("nobody").pw_uid, -1)


def free_ports(number: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listened on a moment ago."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in listeners]
