"""The output of `reminderctl test` for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from reminderctl.bookings.people import names_in
from reminderctl.cli.console import Console, print_table
from reminderctl.model import Booking, Config
from reminderctl.reports.preview.fields import find_form
from reminderctl.reports.preview.models import WOULD_FAIL, DueTime, Sample, Trial, TriedMessage
from reminderctl.text import WEEKDAY, WEEKDAY_OF_THIS_YEAR, local_time, pluralize, rough_length

if TYPE_CHECKING:
    from reminderctl.reports.preview.send import Sent

QUOTED = ("body", "html")
TOLD_OTHERWISE = frozenset({"encoding", "segments", "left", "attachment_types", "method"})
EVERY_MAIL_HAS = frozenset({"date", "message-id", "auto-submitted", "x-auto-response-suppress"})


def print_trials(trials: Sequence[Trial], *, now: datetime, everything: bool, verbose: bool) -> None:
    """Print what is wrong; then each workflow with the first sample that matches in full, the others in a line or two.

    With `everything` all samples are shown in full; `verbose` shows the headers that every mail has, too.
    """
    console = Console()
    problems = [f"{_place(trial)}: {_named(what, trial)}" for trial in trials for what in trial.problems]
    if problems:
        console.line((pluralize(len(problems), "problem"), "bold red"))
        for problem in problems:
            console.line((problem, "red"), indent=2)
        console.blank()
    for _, of_workflow in groupby(trials, key=lambda trial: trial.workflow.id):
        _print_workflow(console, [*of_workflow], now=now, everything=everything, verbose=verbose)
    style = "bold red" if problems else "bold green" if any(trial.messages for trial in trials) else "bold yellow"
    console.line(_summary(trials), (_verdict(problems, trials=trials), style))


def _place(trial: Trial) -> str:
    return f"{trial.workflow.id}, {trial.sample.name}"


def _named(words: str, trial: Trial) -> str:
    """Return words with names in the place of identities."""
    return names_in(trial.sample.booking).rename_all(words)


def _summary(trials: Sequence[Trial]) -> str:
    workflows = len({trial.workflow.id for trial in trials})
    samples = len({trial.sample.booking.id for trial in trials})
    messages = sum(len(trial.messages) for trial in trials)
    return f"{pluralize(workflows, 'workflow')}, {pluralize(samples, 'sample')}, {pluralize(messages, 'message')}: "


def _verdict(problems: Sequence[str], *, trials: Sequence[Trial]) -> str:
    if problems:
        return pluralize(len(problems), "problem")
    return "no problems" if any(trial.messages for trial in trials) else "nothing would be sent"


# --- one workflow -----------------------------------------------------------------------------------------------------


def _print_workflow(console: Console, trials: list[Trial], *, now: datetime, everything: bool, verbose: bool) -> None:
    workflow = trials[0].workflow
    console.rule()
    parts = [(workflow.name, "bold"), (f"  {workflow.id}", "cyan")] if workflow.name else [(workflow.id, "bold cyan")]
    console.line(*parts, ("" if workflow.enabled else "  switched off", "yellow"))
    matching = [trial for trial in trials if trial.matches and not trial.sample.shows]
    in_full = [*matching[: None if everything else 1], *(trial for trial in trials if trial.sample.shows)]
    for trial in in_full:
        _print_in_full(console, trial, now=now, verbose=verbose)
    others = [trial for trial in trials if trial not in in_full]
    if others:
        console.blank()
    width = max((len(trial.sample.name) for trial in others), default=0)
    for trial in others:
        _print_in_short(console, trial, width=width)
    console.blank()


def _print_in_full(console: Console, trial: Trial, *, now: datetime, verbose: bool) -> None:
    from reminderctl.reports.preview.run import own_findings

    console.blank()
    if trial.sample.shows:
        console.line((trial.sample.about, "bold"), ":", indent=2)
    else:
        _print_times(console, trial, now=now)
    _print_left_out(console, trial, indent=4)
    _print_findings(console, trial, findings=[own_findings(trial, kind) for kind in ("problems", "notes")], indent=4)
    for message in trial.messages:
        console.blank()
        _print_message(console, message, trial=trial, verbose=verbose)


def _print_times(console: Console, trial: Trial, *, now: datetime) -> None:
    """Print which sample it is, when its visit starts, and when each trigger falls due."""
    about = f" ({trial.sample.about})" if trial.sample.about else ""
    console.line("with ", (trial.sample.name, "bold"), about, ": the visit starts ", _start(trial), indent=2)
    for due_time in trial.due_times:
        due = f": {_written(due_time.due_at, trial)}, "
        until = f"; not after {_deadline(due_time, trial)}"
        console.line(
            (due_time.trigger, "bold"), due, (_from_now(due_time.due_at, now), "green"), (until, "dim"), indent=4
        )


def _print_in_short(console: Console, trial: Trial, *, width: int) -> None:
    name = f"{trial.sample.name:{width}}  "
    if trial.matches:
        when = _written(trial.due_times[0].due_at, trial)
        outcome, style = f"{pluralize(len(trial.messages), 'message')}, as above; due {when}", "green"
    else:
        outcome, style = f"nothing: {'; '.join(trial.reasons)}", "dim"
    console.line((name, "bold"), (outcome, style), indent=2, hanging=width + 2)
    _print_left_out(console, trial, indent=width + 4)
    _print_findings(console, trial, findings=(trial.problems, trial.notes), indent=width + 4)


def _print_left_out(console: Console, trial: Trial, *, indent: int) -> None:
    """Print the participants whom a filter excludes from a booking that matches."""
    for reason in trial.reasons if trial.matches else ():
        console.line(("left out: ", "yellow"), (reason, "dim"), indent=indent, hanging=2)


def _print_findings(console: Console, trial: Trial, *, findings: Sequence[Iterable[str]], indent: int) -> None:
    """Print problems, and then notes."""
    problems, notes = findings
    for problem in problems:
        console.line(("problem: ", "bold red"), (_named(problem, trial), "red"), indent=indent, hanging=2)
    for note in notes:
        label, words = _note(_named(note, trial), trial)
        console.line((label, "yellow"), (words, "dim"), indent=indent, hanging=2)


def _note(note: str, trial: Trial) -> tuple[str, str]:
    """Return a note with its label: what a sample lacks on purpose says nothing against the workflow."""
    if trial.sample.lacks_on_purpose and WOULD_FAIL in note:
        return "lacking on purpose: ", f"{note.replace(WOULD_FAIL, '')}; the message to a customer like that would fail"
    return "note: ", note


# --- times ------------------------------------------------------------------------------------------------------------


def _written(instant: datetime, trial: Trial) -> str:
    return f"{local_time(instant, ZoneInfo(trial.timezone), form=WEEKDAY)} {trial.timezone}"


def _start(trial: Trial) -> str:
    return _written(trial.sample.booking.starts_at, trial)


def _deadline(due_time: DueTime, trial: Trial) -> str:
    zone = ZoneInfo(trial.timezone)
    due, expires = due_time.due_at.astimezone(zone), due_time.expires_at.astimezone(zone)
    return local_time(expires, zone, form="%H:%M" if due.date() == expires.date() else WEEKDAY_OF_THIS_YEAR)


def _from_now(instant: datetime, now: datetime) -> str:
    amount = rough_length(abs(instant - now), day="days", least="min")
    return f"in {amount}" if instant > now else f"{amount} ago"


# --- one message ------------------------------------------------------------------------------------------------------


def _print_message(console: Console, message: TriedMessage, *, trial: Trial, verbose: bool) -> None:
    """Print the message as its recipient gets it: fields with their names, texts in a frame."""
    name = names_in(trial.sample.booking).name(message.recipient, message.address)
    whom = "" if message.recipient == message.channel else f" to {name}"
    address = f" <{message.address}>" if message.address and message.address != name else ""
    by = f", by {message.provider}" if message.provider != message.channel else ""
    kind = message.action if message.action == message.channel else f"{message.action} ({message.channel})"
    console.line((f"{kind}{whom}", "bold"), address, (f"  in {message.language}{by}", "dim"), indent=4, hanging=2)
    rows = [
        (label, value)
        for label, given in message.fields.items()
        if given not in (None, "", [], {}, False) and label not in (*QUOTED, *TOLD_OTHERWISE, "cost")
        if (value := _WRITERS.get(label, _as_line)(given, message, verbose=verbose))
    ]
    console.table(rows, indent=6)
    for label in QUOTED:
        if text := message.fields.get(label):
            console.quote(_readable(text, message), indent=6, title=label if label == "html" else "")
    if cost := message.fields.get("cost"):
        console.line((cost, "dim"), indent=6)
    _print_findings(console, trial, findings=(message.problems, message.notes), indent=6)


def _as_line(given: Any, message: TriedMessage, *, verbose: bool) -> str:
    del message, verbose
    if isinstance(given, Mapping):
        return "\n".join(f"{name}: {value}" for name, value in given.items())
    if isinstance(given, list):
        return "\n".join(f"{number}. {value}" for number, value in enumerate(given, start=1))
    return "yes" if given is True else str(given)


def _headers(given: Any, message: TriedMessage, *, verbose: bool) -> str:
    shown = {name: value for name, value in given.items() if verbose or name.lower() not in EVERY_MAIL_HAS}
    return _as_line(shown, message, verbose=verbose)


def _files(given: Any, message: TriedMessage, *, verbose: bool) -> str:
    del verbose
    kinds = message.fields["attachment_types"]
    return ", ".join(f"{name} ({kind})" for name, kind in zip(given, kinds, strict=True))


def _address(given: Any, message: TriedMessage, *, verbose: bool) -> str:
    del verbose
    return f"{message.fields['method']} {given}"


class _FieldWriter(Protocol):
    def __call__(self, given: Any, message: TriedMessage, *, verbose: bool) -> str: ...


_WRITERS: dict[str, _FieldWriter] = {
    "headers": _headers,
    "attachments": _files,
    "url": _address,
}


def _readable(text: str, message: TriedMessage) -> str:
    """Return a form's fields one below the other; any other text as it is."""
    form = find_form(message.fields) if message.channel == "webhook" else None
    return text if form is None else "\n".join(f"{name} = {value}" for name, value in form)


# --- sending, samples -------------------------------------------------------------------------------------------------


def print_sent(sent: Sent, booking: Booking, *, outbox: Path | None) -> None:
    """Print in one line what became of a test message."""
    console, names = Console(), names_in(booking)
    way = f"{sent.workflow}: {sent.action}"
    way += f", as to {names.name(sent.recipient)}" if sent.recipient != sent.channel else ""
    if sent.error:
        console.line(("failed   ", "bold red"), way, f": {names.rename_all(sent.error)}")
        return
    where = f"written into {outbox} as {sent.provider_id}; nobody got it" if outbox else f"sent to {sent.to}"
    identity = f", {sent.provider_id}" if sent.provider_id and not outbox else ""
    note = [(f"; {sent.note}", "yellow")] if sent.note else []
    console.line(("written  " if outbox else "sent     ", "green"), f"{way}: {where}{identity}", *note)


def print_samples(samples: Iterable[Sample], *, config: Config) -> None:
    """Print a table of the samples."""
    rows = []
    for sample in samples:
        booking = sample.booking
        zone = ZoneInfo(booking.timezone or config.timezone)
        starts = f"{local_time(booking.starts_at, zone)} {zone.key}"
        rows.append((sample.name, sample.about, starts, booking.status))
    print_table(("sample", "about", "starts", "status"), rows, styles=("bold cyan",))
