"""One workflow tried with one sample: does it match, when is it due, what would everybody get?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec import structs

from reminderctl import channels
from reminderctl.core import planning, timing
from reminderctl.core.filters import language_of
from reminderctl.core.matching import matching_participants, why_not_matching
from reminderctl.core.planning import zone_of
from reminderctl.core.recipients import describe_unknown_zone, find_participant, missing_address
from reminderctl.errors import Rejected
from reminderctl.messages.render import Incomplete
from reminderctl.model import Booking, Config, Delivery, Participant, Workflow
from reminderctl.reports.preview.fields import read_fields
from reminderctl.reports.preview.models import Moment, Sample, Trial, TriedMessage
from reminderctl.text import rough_length, shorten
from reminderctl.tick.deliver import Composed, compose

LONGEST_NAME = 40


def try_workflow(workflow: Workflow, sample: Sample, *, config: Config, now: datetime, tour: bool) -> Trial:
    """What a workflow does with a sample.

    On a tour of all samples, what a packaged one lacks on purpose is a note; where it was asked for, it is a problem.
    """
    booking = sample.booking
    zone = zone_of(booking, config=config)
    moments = tuple(_moments(workflow, booking, config=config))
    matching = matching_participants(workflow, booking, default_language=config.language)
    tried = Trial(
        workflow=workflow,
        sample=sample,
        timezone=zone.key,
        matches=matching is not None,
        reasons=tuple(_reasons(workflow, booking, config=config)),
        moments=moments,
    )
    if matching is None:
        return tried
    lenient = tour and sample.lacks_on_purpose
    messages = tuple(
        _try_delivery(delivery, booking, config=config, lenient=lenient)
        for delivery in deliveries(workflow, booking, matching, config=config)
    )
    return structs.replace(
        tried,
        messages=messages,
        problems=(*_zone_problems(workflow, matching), *told(messages, "problems")),
        notes=(*_time_notes(workflow, booking, moments, config=config, now=now), *told(messages, "notes")),
    )


def deliveries(
    workflow: Workflow, booking: Booking, matching: tuple[Participant, ...], *, config: Config
) -> list[Delivery]:
    """What the first trigger that can fall due owes for a booking; a trigger makes no difference to the texts."""
    possible = [each for each in workflow.triggers if planning.can_fall_due(each, booking, config=config)]
    trigger = (possible or workflow.triggers)[0]
    return planning.deliveries(workflow, trigger, booking, matching, config=config)


# --- when, and whether ------------------------------------------------------------------------------------------------


def _moments(workflow: Workflow, booking: Booking, *, config: Config) -> Iterator[Moment]:
    zone = zone_of(booking, config=config)
    for trigger in workflow.triggers:
        due = timing.due_at(trigger, timing.event_at(trigger, booking), zone)
        expires = timing.expires_at(trigger, due, booking, workflow.grace)
        yield Moment(trigger=trigger.text, due_at=due, expires_at=expires)


def _time_notes(
    workflow: Workflow, booking: Booking, moments: tuple[Moment, ...], *, config: Config, now: datetime
) -> Iterator[str]:
    for trigger, moment in zip(workflow.triggers, moments, strict=True):
        if not planning.can_fall_due(trigger, booking, config=config):
            side = "not before" if trigger.before else "before"
            yield f"`{trigger.text}` never falls due for this booking: that instant is {side} its {trigger.anchor}"
        elif moment.expires_at < now:
            yield f"`{trigger.text}` is over for this booking: its deadline was {_ago(now - moment.expires_at)} ago"


def _zone_problems(workflow: Workflow, matching: tuple[Participant, ...]) -> Iterator[str]:
    """Name the customers whose own time is shown, and whose zone is none."""
    for participant in matching:
        if said := describe_unknown_zone(participant, workflow.actions):
            yield f"{_called(participant)}: {said}"


def _ago(length: timedelta) -> str:
    return rough_length(round(length / timing.MINUTE) * timing.MINUTE, day="days", least="min")


def _reasons(workflow: Workflow, booking: Booking, *, config: Config) -> Iterator[str]:
    """The filters that say no: once for all participants where it is the same, else with the participant's name."""
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


# --- what everybody gets ----------------------------------------------------------------------------------------------


class _Attempt(NamedTuple):
    """How far making a message came; `lacking` says that only something missing in the booking prevented it."""

    composed: Composed | None = None
    content: bytes | dict[str, Any] | None = None  # as it would leave
    refusal: str = ""
    lacking: bool = False


def _try_delivery(delivery: Delivery, booking: Booking, *, config: Config, lenient: bool) -> TriedMessage:
    participant = find_participant(delivery, booking)
    configured = config.channels[delivery.channel]
    made = _make(delivery, booking, config=config)
    empty = made.composed.empty if made.composed else ()
    failure = [f"would fail: {made.refusal}"] if made.refusal else []
    forgiven = lenient and made.lacking
    return TriedMessage(
        action=delivery.action,
        channel=delivery.channel,
        provider=configured.module.rpartition(".")[2],
        recipient=delivery.recipient,
        address=made.composed.envelope.address if made.composed else delivery.address,
        language=language_of(participant, config.language),
        fields={} if made.content is None else read_fields(delivery.channel, made.content),
        empty=empty,
        problems=() if forgiven else tuple(failure),
        notes=(*(failure if forgiven else ()), *_empty_notes(empty)),
    )


def refusal_of(delivery: Delivery, booking: Booking, *, config: Config) -> str:
    """Why a run could not send this message, whatever the provider says; an empty text where it could."""
    return _make(delivery, booking, config=config).refusal


def _make(delivery: Delivery, booking: Booking, *, config: Config) -> _Attempt:
    composed = None
    try:
        composed = compose(delivery, booking, config=config, at=delivery.due_at)
        content = preview(delivery.channel, composed, config=config)
        return _Attempt(composed, content)
    except Rejected as error:
        missing = not delivery.address and str(error) == missing_address(delivery.recipient, delivery.channel)
        lacking = missing or isinstance(error, Incomplete) or bool(composed and composed.empty)
        return _Attempt(composed, refusal=str(error), lacking=lacking)


def preview(channel: str, composed: Composed, *, config: Config) -> bytes | dict[str, Any]:
    """The message as it would leave; raises `Rejected` where it could not."""
    configured = config.channels[channel]
    return channels.module(configured.module).preview(composed.message, configured.settings, envelope=composed.envelope)


def _empty_notes(empty: tuple[str, ...]) -> Iterator[str]:
    if empty:
        yield f"empty: {', '.join(f'{{{name}}}' for name in empty)}"


def own(trial: Trial, kind: str) -> list[str]:
    """The problems or notes of a trial, without those that stand with its messages."""
    of_messages = set(told(trial.messages, kind))
    return [what for what in getattr(trial, kind) if what not in of_messages]


def told(messages: tuple[TriedMessage, ...], kind: str) -> Iterator[str]:
    """The problems or notes of all messages, each with the action and the recipients that it concerns."""
    concerned: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        for what in getattr(message, kind):
            concerned.setdefault((message.action, what), []).append(message.recipient)
    for (action, what), recipients in concerned.items():
        whom = [each for each in dict.fromkeys(recipients) if each not in what and each != action]
        yield f"{action}{' to ' if whom else ''}{', '.join(whom)}: {what}"
