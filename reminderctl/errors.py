"""The ways to fail: each class is one decision that a caller takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple


class ExitCode(IntEnum):
    """The exit codes of the command line."""

    OK = 0
    NEEDS_A_PERSON = 1
    CONFIGURATION = 2
    TRY_AGAIN_LATER = 75  # EX_TEMPFAIL of sysexits.h: mail systems and cron wrappers know it


class ReminderctlError(Exception):
    """Something a person can cause; shown as its text, without a traceback."""

    exit_code: ExitCode = ExitCode.NEEDS_A_PERSON


class UsageError(ReminderctlError):
    """The command cannot be carried out as it was given."""

    exit_code = ExitCode.CONFIGURATION


class Problem(NamedTuple):
    """One mistake in a YAML file: where it is, what is wrong, what would be right.

    `line` and `column` count from 1. Problems sort by file, then by place.
    """

    file: str
    line: int
    column: int
    path: str
    what: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: "
        return f"{place}{self.path}: {self.what}" if self.path else f"{place}{self.what}"


MORE = "... and possibly more"  # how the last mistake of a file begins that was not read to its end
MOST_SAID = 50  # mistakes at once, but by `check`: cron mails them


def first_lines(problems: Sequence[Problem]) -> list[str]:
    """Return a line for each mistake; of many, for the first of them, and how many more there are."""
    lines = [str(problem) for problem in problems[:MOST_SAID]]
    if len(problems) > MOST_SAID:
        lines.append(f"... and {len(problems) - MOST_SAID} more problems; `reminderctl check` lists them")
    return lines


class ConfigError(ReminderctlError):
    """Every mistake of the configuration, one line each; its text has the first of them."""

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(first_lines(self.problems)))


class EditedError(ReminderctlError):
    """The YAML was edited in the course of a run, which cannot send what it planned; the next run can."""

    exit_code = ExitCode.TRY_AGAIN_LATER


class LedgerError(ReminderctlError):
    """The ledger is missing, foreign or from the future; it is left untouched."""

    exit_code = ExitCode.CONFIGURATION


class LedgerWriteError(ReminderctlError):
    """The ledger cannot be written; nothing more is sent, because it could not be recorded."""


class BookingsError(ReminderctlError):
    """The bookings cannot be read."""

    exit_code = ExitCode.CONFIGURATION


class LockedError(ReminderctlError):
    """Another program holds the database; try again later."""

    exit_code = ExitCode.TRY_AGAIN_LATER


class ImportFailedError(ReminderctlError):
    """Every bad row of an import; nothing was changed."""

    exit_code = ExitCode.CONFIGURATION


class DeliveryError(ReminderctlError):
    """An attempt did not end in `sent`.

    The text is what a person reads in the ledger: what was done, the cause, the provider's own answer. It never holds
    a secret, nor a URL beyond its host. `provider_code` is the provider's own code, if there was one.
    """

    def __init__(self, text: str = "", *, provider_code: str | None = None) -> None:
        super().__init__(text or (type(self).__doc__ or "").partition("\n")[0])
        self.provider_code = provider_code


class Rejected(DeliveryError):  # noqa: N818 - the outcome's name in docs/reference/failures.md
    """Refused for good: this message to this recipient can never work as it is."""


class Unavailable(DeliveryError):  # noqa: N818
    """Nothing was accepted, and trying again later may work.

    `recipient_only`: the answer speaks of this message or its recipient, and no other one of the circuit is concerned.
    """

    def __init__(
        self,
        text: str = "",
        *,
        retry_after: timedelta | datetime | None = None,
        provider_code: str | None = None,
        recipient_only: bool = False,
    ) -> None:
        super().__init__(text, provider_code=provider_code)
        self.retry_after = retry_after
        self.recipient_only = recipient_only


class Throttled(Unavailable):
    """Refused for speed: the whole channel waits, and the attempt does not count."""


class ChannelDown(Unavailable):
    """Every message of this channel would fail, until a person does something: credentials, credit, sender or TLS.

    Or, `recipient_only`, those to some recipients only: a country that is not enabled, a domain that is not relayed to.
    """


class Unknown(DeliveryError):  # noqa: N818
    """The message may or may not have gone out; nobody can know."""
