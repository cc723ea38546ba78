"""A program that an operator named, run until it ends: its own end, not that of what it leaves running."""

from __future__ import annotations

import subprocess
import tempfile
from typing import NamedTuple

_LONGEST_OUTPUT = 64 * 1024  # bytes that are read of what it says


class Ended(NamedTuple):
    """The end of a program: its exit status (negative: the signal that killed it), and what it had said by then."""

    status: int
    output: bytes
    errors: bytes


def run(command: list[str], content: bytes = b"", *, seconds: float) -> Ended:
    """Run a program, with a text on its standard input, and return how it ended.

    Input and output are files, not pipes: a pipe ends only when everybody who holds it has gone, and a wrapper may
    leave a queue runner in the background that holds its output for minutes.
    Raises `subprocess.TimeoutExpired`, with the program killed, and OSError or ValueError where it cannot be started.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        given.write(content)
        given.seek(0)
        with subprocess.Popen(command, stdin=given, stdout=said, stderr=errors) as program:  # noqa: S603 - the operator's own, without a shell
            try:
                status = program.wait(timeout=seconds)
            except BaseException:
                program.kill()
                raise
        said.seek(0)
        errors.seek(0)
        return Ended(status, said.read(_LONGEST_OUTPUT), errors.read(_LONGEST_OUTPUT))
