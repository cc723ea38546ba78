"""All workflows tried with all samples: which match, when each is due, which message everybody would get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import structs

from reminderctl.config.lint.filters import KnownValues, describe_statuses, lint_filters, read_known_values
from reminderctl.core import planning, timing
from reminderctl.core.filters import FILTERS, TABLES
from reminderctl.core.matching import matching_participants, why_not_matching
from reminderctl.core.planning import zone_of
from reminderctl.core.recipients import describe_unknown_zone
from reminderctl.credentials import Credentials
from reminderctl.model import Booking, Config, Delivery, Participant, Workflow
from reminderctl.reports.preview.adapt import adapt, adapt_nouns
from reminderctl.reports.preview.compose import imagine_deliveries, make_message
from reminderctl.reports.preview.fields import read_fields
from reminderctl.reports.preview.languages import in_other_languages, only_in, written_in
from reminderctl.reports.preview.models import WOULD_FAIL, DueTime, Sample, Trial, TriedMessage
from reminderctl.reports.preview.quiet import find_send_times
from reminderctl.text import rough_length, shorten

LONGEST_NAME = 40
ADAPTABLE = "single"
NOTHING_MATCHES = "no booking can match: what `filters` want, `except` excludes, or they want what never fires"


def run_all(
    workflows: Sequence[Workflow],
    samples: Mapping[str, Sample],
    *,
    config: Config,
    credentials: Credentials,
    now: datetime,
    known: KnownValues,
    adaptable: Sample | None,
) -> Iterator[Trial]:
    """Try each workflow with each sample, in their order.

    With an `adaptable` sample, what no sample matches is tried with that one, adapted to the filters, each language of
    the texts is shown, and what samples lack on purpose is no problem. Without one, samples that were asked for are
    tried adapted, too. What is wrong with a workflow itself is said once, with its first trial.
    """
    unasked = [f"{config.bookings.name}: {each}" for each in describe_statuses(config.workflows, known)]
    for workflow in workflows:
        attempt = partial(
            try_workflow, workflow, config=config, credentials=credentials, now=now, tour=adaptable is not None
        )
        trials = [attempt(sample) for sample in samples.values()]
        findings = [*lint_filters(workflow, known)]
        problems = [str(finding) for finding in findings if finding.is_error]
        notes = [str(finding) for finding in findings if not finding.is_error]
        if adaptable and not any(trial.matches for trial in trials):
            if adapted := adapt(adaptable, workflow, config=config):
                trials.append(_with_note(attempt(adapted), f"no sample matches this workflow, so `{ADAPTABLE}` was"))
            else:
                problems.append(NOTHING_MATCHES)
        if adaptable:
            trials += [*_try_languages(workflow, trials, attempt=attempt, config=config)]
        else:
            trials += map(attempt, _adapt_refused(workflow, trials, config=config))
        first, *others = trials
        notes += unasked
        unasked = []  # once: it is about the bookings, not about a workflow
        yield structs.replace(first, problems=(*problems, *first.problems), notes=(*notes, *first.notes))
        yield from others


def _adapt_refused(workflow: Workflow, trials: Sequence[Trial], *, config: Config) -> list[Sample]:
    """Return the samples that did not match and can be adapted."""
    refused = [trial.sample for trial in trials if not trial.matches and not trial.sample.is_booked]
    return [each for sample in refused if (each := adapt_nouns(sample, workflow, config=config))]


def _with_note(trial: Trial, why: str) -> Trial:
    """Return the trial of an adapted sample, with a note that says how it was changed."""
    return structs.replace(trial, notes=(f"{why} {trial.sample.about}", *trial.notes))


def _try_languages(
    workflow: Workflow, trials: Sequence[Trial], *, attempt: Callable[[Sample], Trial], config: Config
) -> Iterator[Trial]:
    """Yield a trial for each language of the texts that the first matching sample does not show, with its messages."""
    shown = next((trial for trial in trials if trial.matches), None)
    for sample in in_other_languages(workflow, shown, config=config) if shown else ():
        trial = only_in(attempt(sample), sample.shows)
        if trial.messages:
            problems, notes = (tuple(collect(trial.messages, kind)) for kind in ("problems", "notes"))
            yield structs.replace(trial, problems=problems, notes=notes)


def known_values(samples: Iterable[Sample], *, config: Config) -> KnownValues:
    """Return what the samples and bookings.db know; a missing bookings.db knows nothing."""
    in_samples: dict[str, set[str]] = {name: set() for name in (*TABLES, "status")}
    for sample in samples:
        for name, values in _carried(sample.booking).items():
            in_samples[name] |= values
    known = read_known_values(config.bookings, in_samples) if config.bookings.exists() else KnownValues()
    return structs.replace(known, in_samples=_frozen(in_samples))


def _frozen(values: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(each) for name, each in values.items()}


def _carried(booking: Booking) -> dict[str, set[str]]:
    values = {name: set(FILTERS[name].values_of(booking, None, default_language="")) for name in TABLES}
    return values | {"status": {booking.status, *(each.status for each in booking.participants if each.status)}}


# --- one workflow with one sample -------------------------------------------------------------------------------------


def try_workflow(
    workflow: Workflow, sample: Sample, *, config: Config, credentials: Credentials, now: datetime, tour: bool
) -> Trial:
    """Try a workflow with a sample.

    On a tour of all samples, what a packaged one lacks on purpose is a note; where it was asked for, it is a problem.
    """
    booking = sample.booking
    zone = zone_of(booking, config=config)
    due_times = tuple(_due_times(workflow, booking, config=config))
    matching = matching_participants(workflow, booking, default_language=config.language)
    tried = Trial(
        workflow=workflow,
        sample=sample,
        timezone=zone.key,
        matches=matching is not None,
        reasons=tuple(_reasons(workflow, booking, config=config)),
        due_times=due_times,
    )
    if matching is None:
        return tried
    lenient = tour and sample.lacks_on_purpose
    messages = tuple(
        _try_delivery(delivery, workflow, booking=booking, config=config, credentials=credentials, lenient=lenient)
        for delivery in imagine_deliveries(workflow, booking, matching=matching, config=config)
    )
    due_times, moves = find_send_times(due_times, workflow, booking=booking, matching=matching, config=config)
    return structs.replace(
        tried,
        due_times=due_times,
        messages=messages,
        problems=(*_zone_problems(workflow, matching), *collect(messages, "problems")),
        notes=(
            *_time_notes(workflow, booking, due_times=due_times, config=config, now=now),
            *moves,
            *collect(messages, "notes"),
        ),
    )


def _due_times(workflow: Workflow, booking: Booking, *, config: Config) -> Iterator[DueTime]:
    zone = zone_of(booking, config=config)
    for trigger in workflow.triggers:
        due = timing.due_at(trigger, timing.event_at(trigger, booking), zone=zone)
        expires = timing.expires_at(due, timing.limits(trigger, due, booking=booking, grace=workflow.grace))
        yield DueTime(trigger=trigger.text, due_at=due, expires_at=expires)


def _time_notes(
    workflow: Workflow, booking: Booking, *, due_times: tuple[DueTime, ...], config: Config, now: datetime
) -> Iterator[str]:
    for trigger, due_time in zip(workflow.triggers, due_times, strict=True):
        if not planning.can_fall_due(trigger, booking, config=config):
            side = "not before" if trigger.before else "before"
            yield f"`{trigger.text}` is never due for this booking: that time is {side} its {trigger.anchor}"
        elif due_time.expires_at < now:
            yield f"`{trigger.text}` is over for this booking: its deadline was {_ago(now - due_time.expires_at)} ago"


def _zone_problems(workflow: Workflow, matching: tuple[Participant, ...]) -> Iterator[str]:
    """Name the customers whose own time is shown, and whose zone is none."""
    for participant in matching:
        if said := describe_unknown_zone(participant, workflow.actions):
            yield f"{_called(participant)}: {said}"


def _ago(length: timedelta) -> str:
    return rough_length(round(length / timing.MINUTE) * timing.MINUTE, day="days", least="min")


def _reasons(workflow: Workflow, booking: Booking, *, config: Config) -> Iterator[str]:
    """Yield the filters that say no: once where all participants have the same, else with the participant's name."""
    whose: list[Participant | None] = list(booking.participants) or [None]
    refusals = [
        why_not_matching(workflow, booking, participant=each, default_language=config.language) for each in whose
    ]
    if len(set(refusals)) == 1:
        yield from filter(None, refusals[:1])
        return
    for participant, refusal in zip(whose, refusals, strict=True):
        if participant and refusal:
            yield f"{_called(participant)}: {refusal}"


def _called(participant: Participant) -> str:
    return shorten(participant.customer.full_name or participant.customer.id, LONGEST_NAME)


# --- the messages -----------------------------------------------------------------------------------------------------


def _try_delivery(
    delivery: Delivery, workflow: Workflow, *, booking: Booking, config: Config, credentials: Credentials, lenient: bool
) -> TriedMessage:
    action = next(each for each in workflow.actions if each.id == delivery.action)
    made = make_message(delivery, booking, config=config, credentials=credentials)
    empty = made.composed.empty if made.composed else ()
    failure = [f"{WOULD_FAIL}{made.refusal}"] if made.refusal else []
    forgiven = lenient and made.lacking
    return TriedMessage(
        action=delivery.action,
        channel=delivery.channel,
        provider=config.channels[delivery.channel].rpartition(".")[2],
        recipient=delivery.recipient,
        address=made.composed.envelope.address if made.composed else delivery.address,
        language=written_in(delivery, action, booking=booking, config=config),
        fields={} if made.content is None else read_fields(delivery.channel, made.content),
        empty=empty,
        problems=() if forgiven else tuple(failure),
        notes=(*(failure if forgiven else ()), *_empty_notes(empty)),
    )


def _empty_notes(empty: tuple[str, ...]) -> Iterator[str]:
    if empty:
        yield f"empty: {', '.join(f'{{{name}}}' for name in empty)}"


def own_findings(trial: Trial, kind: str) -> list[str]:
    """Return the problems or notes of a trial, without those that are shown with its messages."""
    of_messages = set(collect(trial.messages, kind))
    return [finding for finding in getattr(trial, kind) if finding not in of_messages]


def collect(messages: tuple[TriedMessage, ...], kind: str) -> Iterator[str]:
    """Yield the problems or notes of all messages, each with the action and the recipients that it concerns."""
    concerned: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        for finding in getattr(message, kind):
            concerned.setdefault((message.action, finding), []).append(message.recipient)
    for (action, finding), recipients in concerned.items():
        whom = [each for each in dict.fromkeys(recipients) if each not in finding and each != action]
        yield f"{action}{' to ' if whom else ''}{', '.join(whom)}: {finding}"
