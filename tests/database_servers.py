"""MariaDB and PostgreSQL of one's own on 127.0.0.1: free ports, own folders, gone at the end.

with mariadb() as server:
    server.run("shop", "CREATE TABLE ...; INSERT ...")
    server.url("shop")  # as `url:` of a source names it
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PASSWORD = "s3cret-p@ss/wörd"
READER = "reminders"
PATIENCE = 60.0  # seconds that a server may take to start on a busy machine


def _find(program: str, *places: str) -> str | None:
    found = [
        shutil.which(program),
        *(str(each) for place in places for each in sorted(Path("/").glob(place.lstrip("/")), reverse=True)),
    ]
    return next((each for each in found if each), None)


MARIADBD, MARIADB_INSTALL = _find("mariadbd", "/usr/sbin/mariadbd"), _find("mariadb-install-db")
POSTGRES, INITDB = (_find(program, f"/usr/lib/postgresql/*/bin/{program}") for program in ("postgres", "initdb"))
PSQL, MARIADB = _find("psql"), _find("mariadb")


def _lacks(driver: str) -> bool:
    return importlib.util.find_spec(driver) is None


needs_mariadb = pytest.mark.skipif(
    not (MARIADBD and MARIADB_INSTALL and MARIADB) or _lacks("pymysql"),
    reason="not installed: MariaDB (Debian: mariadb-server), or PyMySQL (reminderctl[mysql])",
)
needs_postgres = pytest.mark.skipif(
    not (POSTGRES and INITDB and PSQL) or _lacks("psycopg"),
    reason="not installed: PostgreSQL (Debian: postgresql), or psycopg (reminderctl[postgres])",
)


class DatabaseServer:
    """A running server; `scheme` begins its addresses, `client` runs what an administrator writes."""

    def __init__(self, scheme: str, *, port: int, client: list[str]) -> None:
        self.scheme, self.port, self._client = scheme, port, client
        self.start: Callable[[], None] = lambda: None

    def url(self, database: str, *, user: str = READER) -> str:
        return f"{self.scheme}://{user}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Stop a MariaDB, until `start` is called."""
        self.run("", "SHUTDOWN")
        until = time.monotonic() + PATIENCE
        with contextlib.suppress(ConnectionRefusedError):
            while time.monotonic() < until:
                socket.create_connection(("127.0.0.1", self.port)).close()
                time.sleep(0.1)

    def run(self, database: str, sql: str) -> str:
        """Run statements as the administrator; an empty name of a database is the server itself."""
        words = [each.replace("{database}", database) for each in self._client if database or "{database}" not in each]
        ran = subprocess.run(words, input=sql, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def make(self, database: str, *scripts: Path | str) -> None:
        """Make a database, which the reader may read and nothing else."""
        if self.scheme == "mysql":
            self.run(
                "",
                f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4;"
                f"GRANT SELECT ON `{database}`.* TO {READER}@'127.0.0.1';",
            )
        else:
            self.run("postgres", f'CREATE DATABASE "{database}"')
        for each in scripts:
            self.run(database, each.read_text(encoding="utf-8") if isinstance(each, Path) else each)
        if self.scheme != "mysql":
            self.run(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")


@contextlib.contextmanager
def mariadb(*options: str) -> Iterator[DatabaseServer]:
    """A MariaDB whose reader has `PASSWORD`; `options` are those of its command line."""
    assert MARIADBD is not None
    assert MARIADB_INSTALL is not None
    assert MARIADB is not None
    with _folder() as (folder, owner):
        port, data, sock = _free_port(), folder / "data", folder / "sock"
        install = [
            MARIADB_INSTALL,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        subprocess.run([*install, f"--user={owner}"], check=True, capture_output=True)
        settings = [
            f"--datadir={data}",
            f"--socket={sock}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--user={owner}",
        ]
        small = [
            "--innodb-buffer-pool-size=32M",
            "--performance-schema=OFF",
            "--skip-log-bin",
            "--skip-name-resolve",
            f"--pid-file={folder / 'pid'}",
        ]
        with contextlib.ExitStack() as stack:
            client = [
                MARIADB,
                "--no-defaults",
                f"--socket={sock}",
                "--user=root",
                "--default-character-set=utf8mb4",
                "{database}",
            ]
            server = DatabaseServer("mysql", port=port, client=client)

            def start() -> None:
                program = [MARIADBD, "--no-defaults", *settings, *small, *options]
                stack.enter_context(_process(program, folder=folder))
                _wait_for(lambda: server.run("", "SELECT 1"), folder)

            server.start = start
            server.start()
            server.run("", f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';")
            yield server


@contextlib.contextmanager
def postgres() -> Iterator[DatabaseServer]:
    """A PostgreSQL whose reader has `PASSWORD`."""
    assert POSTGRES is not None
    assert INITDB is not None
    assert PSQL is not None
    with _folder() as (folder, owner):
        port, data = _free_port(), folder / "data"
        passwords = folder / "password"
        passwords.write_text(PASSWORD, encoding="utf-8")
        _give(passwords, owner)
        ids = pwd.getpwnam(owner)
        as_owner = (
            ["setpriv", f"--reuid={ids.pw_uid}", f"--regid={ids.pw_gid}", "--clear-groups"] if os.geteuid() == 0 else []
        )
        subprocess.run(
            [
                *as_owner,
                INITDB,
                "-D",
                str(data),
                "-U",
                "admin",
                "--auth=scram-sha-256",
                f"--pwfile={passwords}",
                "-E",
                "UTF8",
                "--no-locale",
            ],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", f"unix_socket_directories={folder}"]
        with _process([*as_owner, POSTGRES, "-D", str(data), "-p", str(port), *options], folder=folder):
            address = f"host=127.0.0.1 port={port} user=admin password='{PASSWORD}' dbname={{database}}"
            server = DatabaseServer("postgresql", port=port, client=[PSQL, "-q", "-v", "ON_ERROR_STOP=1", address])
            _wait_for(lambda: server.run("postgres", "SELECT 1"), folder)
            server.run("postgres", f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
            yield server


@contextlib.contextmanager
def _folder() -> Iterator[tuple[Path, str]]:
    """A folder of the user as whom a server runs: not root, which both refuse."""
    with tempfile.TemporaryDirectory(prefix="database-") as name:
        folder, owner = Path(name), pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            owner = "nobody"
            _give(folder, owner)
        yield folder, owner


def _give(path: Path, owner: str) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, owner)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def _process(words: list[str], *, folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(ask: object, folder: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            ask()  # type: ignore[operator]
        except AssertionError:
            assert time.monotonic() < until, (folder / "log").read_text(errors="replace")
            time.sleep(0.2)
        else:
            return
