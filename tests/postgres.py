"""PostgreSQL as users run it: a primary and its streaming replicas, on free ports of this machine.

Debian's package has the programs; no service is needed, and one that runs is left alone. A server is
started as another user where the tests run as root, which it refuses to be. It ends with the test that it
is of.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg

from tests.missing import missing

PATIENCE = 60
"""Seconds after which a server that does not answer is taken to hang."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": 60,
    "shared_buffers": "32MB",
    "wal_level": "replica",
    "max_wal_senders": 8,
    "hot_standby": "on",
    "wal_keep_size": "256MB",
    "log_min_messages": "fatal",
    # What the machine loses in a power cut no test can look at; a process that is killed loses nothing.
    "fsync": "off",
}


def programs() -> Path:
    """The folder of the server's programs; the test is skipped where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    if (program := shutil.which("initdb")) is None:
        missing("there is no PostgreSQL (Debian: apt install postgresql)")
    return Path(program).resolve().parent


def _other_user() -> pwd.struct_passwd | None:
    """Who runs servers where the tests run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("there is nobody but root to run PostgreSQL")


def _free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Server:
    """A server with a folder of its own, primary or replica."""

    def __init__(self, folder: Path, programs: Path, **settings: object) -> None:
        self.folder, self._programs = folder, programs
        self.port = _free_port()
        self.settings = {**_SETTINGS, **settings}
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def _run(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        user = _other_user()
        return subprocess.Popen(
            [self._programs / arguments[0], *arguments[1:]],
            cwd="/",
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "")},
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _done(self, *arguments: str | Path) -> None:
        status = self._run(*arguments).wait(PATIENCE)
        assert status == 0, (arguments, status)

    def make(self) -> None:
        """An empty cluster."""
        self._done(
            "initdb", "-D", self.folder, "-U", "casus", "-A", "trust", "--no-sync", "-E", "UTF8"
        )
        with (self.folder / "pg_hba.conf").open("a") as file:
            file.write("host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n")

    def copy(self, primary: Server, **settings: object) -> None:
        """A copy of a primary that follows it."""
        self.settings |= settings
        self._done(
            *("pg_basebackup", "-D", self.folder, "-R", "-X", "stream", "-c", "fast", "--no-sync"),
            *("-d", f"host=127.0.0.1 port={primary.port} user=casus application_name=replica"),
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [
            part for pair in self.settings.items() for part in ("-c", "=".join(map(str, pair)))
        ]
        self.process = self._run("postgres", "-D", self.folder, "-p", str(self.port), *options)
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.ask("SELECT 1")
                return
            except psycopg.OperationalError:
                assert self.process.poll() is None, "PostgreSQL has ended"
                assert time.monotonic() < until, "PostgreSQL does not answer"
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: at once, unless another signal is given; it is repaired when it is started again."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
            self.process = None

    def kill(self) -> None:
        """End the server and all of its processes as a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process = None

    def kill_backend(self) -> None:
        """Kill one of the processes that serve clients: the server ends all of them, and repairs itself."""
        with suppress(psycopg.OperationalError):
            rows = self.ask(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
            )
            for (pid,) in rows:
                with suppress(ProcessLookupError):
                    os.kill(int(str(pid)), signal.SIGKILL)

    def restart(self) -> None:
        """Start again after a crash, once the last of its processes has let go."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.start()
                return
            except AssertionError:
                assert time.monotonic() < until
                time.sleep(0.05)

    def promote(self) -> None:
        """Make a replica a primary."""
        self.ask("SELECT pg_promote(true, 30)")

    def ask(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows of a statement, carried out by the owner of everything."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://casus@127.0.0.1:{self.port}/{database}"

    def database(self, encoding: str = "UTF8") -> str:
        """The name of a new, empty database."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.ask(
            f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY wal_log"
            f" ENCODING '{encoding}' LOCALE 'C'"
        )
        return name


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in which servers can have theirs, whoever they run as."""
    with tempfile.TemporaryDirectory(prefix="casus-pg-") as made:
        if user := _other_user():
            os.chown(made, user.pw_uid, user.pw_gid)
        yield Path(made)


@contextmanager
def primary(within: Path, **settings: object) -> Iterator[Server]:
    """A running primary."""
    server = Server(within / "primary", programs(), **settings)
    server.make()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def replica(of: Server, within: Path, **settings: object) -> Iterator[Server]:
    """A running replica that follows a primary."""
    server = Server(within / "replica", programs())
    server.copy(of, **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
