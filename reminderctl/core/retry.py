"""The decision at the end of an attempt: the next state of its delivery, or the time of the next attempt.

Nothing here sends, waits or writes: a receipt or an error goes in, a decision comes out (docs/reference/failures.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable
from reminderctl.model import Delivery, OnUnknown, Receipt, State

FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=30), timedelta(minutes=30)
LAST_CHANCE = timedelta(seconds=90)  # before the deadline: time enough for the next minute's run
SHORTEST_THROTTLE, LONGEST_THROTTLE = timedelta(seconds=1), timedelta(minutes=15)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=5)
FAILURES_THAT_PAUSE = 5  # this many times in a row unavailable, and the circuit opens

Name = Literal["sent", "rejected", "unavailable", "throttled", "channel down", "unknown"]


class Outcome(Struct, frozen=True, kw_only=True):
    """A decision: the delivery's next state, and what is recorded for its circuit.

    `counted` is False where the attempt is forgiven, `uncertain_attempts` is True where the message may have gone out,
    `needs_a_person` where it was accepted, and yet all is not well.
    `next_attempt_at` is set exactly for the state `pending`.
    """

    name: Name
    state: State
    error: str | None = None
    provider_id: str | None = None
    next_attempt_at: datetime | None = None
    counted: bool = True
    uncertain_attempts: bool = False
    pause_circuit_until: datetime | None = None
    circuit_failed: bool = False
    needs_a_person: bool = False


def decide_receipt(receipt: Receipt) -> Outcome:
    """Decide about a message that the provider accepted."""
    return Outcome(
        name="sent",
        state=State.SENT,
        provider_id=receipt.provider_id,
        error=receipt.warning or receipt.note,
        needs_a_person=bool(receipt.warning),
    )


def decide_error(
    error: DeliveryError,
    delivery: Delivery,
    *,
    on_unknown: OnUnknown,
    now: datetime,
    circuit_failures: int = 0,
    circuit_throttles: int = 0,
) -> Outcome:
    """Decide what an error at the end of an attempt means, after so many failures and throttles of its circuit."""
    text = str(error)
    match error:
        case Rejected() if delivery.uncertain_attempts:
            # Some receivers refuse what they have taken before.
            return Outcome(name="rejected", state=State.UNKNOWN, error=f"{text}; an earlier attempt may have succeeded")
        case Rejected():
            return Outcome(name="rejected", state=State.FAILED, error=text)
        case ChannelDown():
            return _channel_down(error, delivery, now=now, circuit_failures=circuit_failures)
        case Throttled():
            return _throttled(error, delivery, now=now, circuit_throttles=circuit_throttles)
        case Unavailable():
            return _unavailable(error, delivery, now=now, circuit_failures=circuit_failures)
        case _:
            return _unknown(text, delivery, on_unknown=on_unknown, now=now, circuit_failures=circuit_failures)


def _channel_down(error: ChannelDown, delivery: Delivery, *, now: datetime, circuit_failures: int) -> Outcome:
    if error.recipient_only:
        at = _before_the_deadline(now + backoff(delivery), delivery, now=now)
        return _again("channel down", delivery, text=str(error), at=at)
    pause = now + circuit_pause(circuit_failures)
    return _again(
        "channel down",
        delivery,
        text=str(error),
        # A little later than the circuit: should the provider refuse this one message only, the circuit is tried with
        # another one first.
        at=_before_the_deadline(pause + FIRST_PAUSE, delivery, now=now),
        counted=False,
        pause_circuit_until=pause,
        circuit_failed=True,
    )


def _throttled(error: Throttled, delivery: Delivery, *, now: datetime, circuit_throttles: int) -> Outcome:
    asked = _asked_for(error, now)
    at = now + max(asked or throttle_delay(delivery, circuit_throttles), SHORTEST_THROTTLE)
    if not asked:
        at = _before_the_deadline(at, delivery, now=now)
    return _again(
        "throttled",
        delivery,
        text=str(error),
        at=at,
        counted=False,
        # A wait that a provider asked for with one message pauses its circuit no longer than that message lives.
        pause_circuit_until=min(at, max(delivery.expires_at, now + LONGEST_THROTTLE)),
    )


def _unavailable(error: Unavailable, delivery: Delivery, *, now: datetime, circuit_failures: int) -> Outcome:
    at = _before_the_deadline(now + max(_asked_for(error, now) or timedelta(), backoff(delivery)), delivery, now=now)
    return _again(
        "unavailable",
        delivery,
        text=str(error),
        at=at,
        pause_circuit_until=None if error.recipient_only else _pause_after(circuit_failures + 1, now),
        circuit_failed=not error.recipient_only,
    )


def _unknown(text: str, delivery: Delivery, *, on_unknown: OnUnknown, now: datetime, circuit_failures: int) -> Outcome:
    again = on_unknown is OnUnknown.RESEND or (on_unknown is OnUnknown.RESEND_ONCE and not delivery.uncertain_attempts)
    at = _before_the_deadline(now + backoff(delivery), delivery, now=now)
    if again and at > delivery.expires_at:
        again, text = False, _too_late(text, at)
    # Each that a person must decide about is work for that person: a provider that breaks down causes no more of it.
    hold = on_unknown is OnUnknown.HOLD
    return Outcome(
        name="unknown",
        state=State.PENDING if again else State.UNKNOWN,
        error=text,
        next_attempt_at=at if again else None,
        uncertain_attempts=True,
        pause_circuit_until=_pause_after(circuit_failures + 1, now) if hold else None,
        circuit_failed=hold,
    )


def _too_late(text: str, at: datetime) -> str:
    """Return an error that says why no attempt follows; the ledger finds by it what a clock that was ahead ended."""
    return f"{text}; the next attempt could be at {at:%Y-%m-%dT%H:%M:%SZ}, after the deadline"


def _pause_after(failures: int, now: datetime) -> datetime | None:
    """Return until when a circuit opens after so many failures in a row; None while they may be chance."""
    return now + circuit_pause(failures - FAILURES_THAT_PAUSE) if failures >= FAILURES_THAT_PAUSE else None


def _again(
    name: Name,
    delivery: Delivery,
    *,
    text: str,
    at: datetime,
    counted: bool = True,
    pause_circuit_until: datetime | None = None,
    circuit_failed: bool = False,
) -> Outcome:
    """Decide to wait until `at`, or to end the delivery where that is beyond the deadline.

    A circuit that is down may work again at any moment, so there only the deadline decides.
    """
    over = at > delivery.expires_at and not (name == "channel down" and circuit_failed)
    if over:
        text = _too_late(text, at)
    ended = State.UNKNOWN if delivery.uncertain_attempts else State.EXPIRED
    return Outcome(
        name=name,
        state=ended if over else State.PENDING,
        error=text,
        next_attempt_at=None if over else min(at, delivery.expires_at),
        counted=counted,
        pause_circuit_until=pause_circuit_until,
        circuit_failed=circuit_failed,
    )


def backoff(delivery: Delivery) -> timedelta:
    """Return the wait before the next attempt: 30 s, doubling to 30 min; half of it fixed, half random."""
    return _with_jitter(delivery, doubled=delivery.attempts - 1, longest=LONGEST_BACKOFF)


def throttle_delay(delivery: Delivery, circuit_throttles: int) -> timedelta:
    """Return how long a circuit waits that is asked to slow down, but not for how long: 30 s, doubling to 15 min."""
    return _with_jitter(delivery, doubled=circuit_throttles, longest=LONGEST_THROTTLE)


def _with_jitter(delivery: Delivery, *, doubled: int, longest: timedelta) -> timedelta:
    """Return between half of a wait and all of it, by a random number that the delivery's identity seeds.

    So a dry run repeats itself, and many that failed together do not come back together.
    """
    import random

    whole = min(FIRST_BACKOFF * (1 << min(max(doubled, 0), 10)), longest)
    share = random.Random(f"{delivery.key}:{doubled}").random()  # noqa: S311 - not a secret
    return timedelta(seconds=round(whole.total_seconds() * (0.5 + share / 2)))


def circuit_pause(failures: int) -> timedelta:
    """Return how long a circuit is open before it is tried with one delivery: 1 min, doubling to 5 min."""
    return min(FIRST_PAUSE * (1 << min(max(failures, 0), 10)), LONGEST_PAUSE)


def _asked_for(error: Unavailable, now: datetime) -> timedelta | None:
    if isinstance(error.retry_after, datetime):
        return max(error.retry_after - now, timedelta())
    return error.retry_after


def _before_the_deadline(at: datetime, delivery: Delivery, *, now: datetime) -> datetime:
    """Return `at`, or shortly before the deadline where our own backoff would go past it."""
    last_chance = delivery.expires_at - LAST_CHANCE
    return last_chance if at > delivery.expires_at and last_chance > now else at
