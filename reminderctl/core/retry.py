"""What the ending of an attempt means for its delivery, and when the next attempt may be.

Nothing here sends, waits or writes: an ending goes in, a decision comes out (docs/reference/failures.md).
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
FAILURES_THAT_PAUSE = 5  # this many times in a row unavailable, and the lane is tried with one delivery at a time

Name = Literal["sent", "rejected", "unavailable", "throttled", "channel down", "unknown"]


class Outcome(Struct, frozen=True, kw_only=True):
    """A decision: the delivery's next state, and what its lane learns from it.

    `counted` is False where the attempt is forgiven, `doubtful` is True where the message may have gone out,
    `needs_a_person` where it was accepted, and yet all is not well.
    `next_attempt_at` is set exactly for the state `pending`.
    """

    name: Name
    state: State
    error: str | None = None
    provider_id: str | None = None
    next_attempt_at: datetime | None = None
    counted: bool = True
    doubtful: bool = False
    pause_lane_until: datetime | None = None
    lane_failed: bool = False
    needs_a_person: bool = False


def of_receipt(receipt: Receipt) -> Outcome:
    """The provider accepted the message."""
    return Outcome(
        name="sent",
        state=State.SENT,
        provider_id=receipt.provider_id,
        error=receipt.warning or receipt.note,
        needs_a_person=bool(receipt.warning),
    )


def of_error(
    error: DeliveryError,
    delivery: Delivery,
    *,
    on_unknown: OnUnknown,
    now: datetime,
    lane_failures: int = 0,
    lane_throttles: int = 0,
) -> Outcome:
    """What an attempt that ended in this error means; its lane's failures and throttles are those in a row before."""
    text = str(error)
    match error:
        case Rejected() if delivery.doubtful:
            # Some receivers refuse what they have taken before.
            return Outcome(name="rejected", state=State.UNKNOWN, error=f"{text}; an earlier attempt may have gone out")
        case Rejected():
            return Outcome(name="rejected", state=State.FAILED, error=text)
        case ChannelDown() if error.alone:
            return _again(
                "channel down", delivery, text, at=_before_the_deadline(now + backoff(delivery), delivery, now)
            )
        case ChannelDown():
            pause = now + lane_pause(lane_failures)
            # Its own turn comes a little later than the lane's: should this one message be what the provider dislikes,
            # another one probes the lane.
            turn = _before_the_deadline(pause + FIRST_PAUSE, delivery, now)
            return _again(
                "channel down",
                delivery,
                text,
                at=turn,
                counted=False,
                pause_lane_until=pause,
                lane_failed=True,
            )
        case Throttled():
            asked = _asked_for(error, now)
            pause = now + max(asked or throttle(delivery, lane_throttles), SHORTEST_THROTTLE)
            if not asked:
                pause = _before_the_deadline(pause, delivery, now)
            # What one message was told silences its lane no longer than that message lives.
            lane_pause_ends = min(pause, max(delivery.expires_at, now + LONGEST_THROTTLE))
            return _again("throttled", delivery, text, at=pause, counted=False, pause_lane_until=lane_pause_ends)
        case Unavailable():
            return _unavailable(error, delivery, now=now, lane_failures=lane_failures)
        case _:
            return _unknown(text, delivery, on_unknown=on_unknown, now=now, lane_failures=lane_failures)


def _unavailable(error: Unavailable, delivery: Delivery, *, now: datetime, lane_failures: int) -> Outcome:
    at = _before_the_deadline(now + max(_asked_for(error, now) or timedelta(), backoff(delivery)), delivery, now)
    return _again(
        "unavailable",
        delivery,
        str(error),
        at=at,
        pause_lane_until=None if error.alone else _pause_after(lane_failures + 1, now),
        lane_failed=not error.alone,
    )


def _unknown(text: str, delivery: Delivery, *, on_unknown: OnUnknown, now: datetime, lane_failures: int) -> Outcome:
    again = on_unknown is OnUnknown.RESEND or (on_unknown is OnUnknown.RESEND_ONCE and not delivery.doubtful)
    at = _before_the_deadline(now + backoff(delivery), delivery, now)
    again = again and at <= delivery.expires_at
    # Each that a person must decide about is work for that person: a provider that breaks down gets no more of them.
    hold = on_unknown is OnUnknown.HOLD
    return Outcome(
        name="unknown",
        state=State.PENDING if again else State.UNKNOWN,
        error=text,
        next_attempt_at=at if again else None,
        doubtful=True,
        pause_lane_until=_pause_after(lane_failures + 1, now) if hold else None,
        lane_failed=hold,
    )


def _pause_after(failures: int, now: datetime) -> datetime | None:
    """Until when a lane rests that has failed so many times in a row; None while that may be chance."""
    return now + lane_pause(failures - FAILURES_THAT_PAUSE) if failures >= FAILURES_THAT_PAUSE else None


def _again(
    name: Name,
    delivery: Delivery,
    text: str,
    *,
    at: datetime,
    counted: bool = True,
    pause_lane_until: datetime | None = None,
    lane_failed: bool = False,
) -> Outcome:
    """Pending until `at`, or over now where that lies beyond the deadline.

    A lane that is down may be mended at any moment, so there the deadline alone decides.
    """
    over = at > delivery.expires_at and not (name == "channel down" and lane_failed)
    if over:
        text = f"{text}; the next attempt could be at {at:%Y-%m-%dT%H:%M:%SZ}, after the deadline"
    ended = State.UNKNOWN if delivery.doubtful else State.EXPIRED
    return Outcome(
        name=name,
        state=ended if over else State.PENDING,
        error=text,
        next_attempt_at=None if over else min(at, delivery.expires_at),
        counted=counted,
        pause_lane_until=pause_lane_until,
        lane_failed=lane_failed,
    )


def backoff(delivery: Delivery) -> timedelta:
    """30 s, doubling with each attempt to 30 min; half of it fixed, half drawn by lot."""
    return _by_lot(delivery, doubled=delivery.attempts - 1, longest=LONGEST_BACKOFF)


def throttle(delivery: Delivery, lane_throttles: int) -> timedelta:
    """How long a lane waits that was told to slow down, but not for how long: 30 s, doubling each time to 15 min."""
    return _by_lot(delivery, doubled=lane_throttles, longest=LONGEST_THROTTLE)


def _by_lot(delivery: Delivery, *, doubled: int, longest: timedelta) -> timedelta:
    """Between half of a wait and all of it, by a lot that the delivery's identity seeds.

    So a rehearsal repeats itself, and a crowd that failed together does not come back together.
    """
    import random

    whole = min(FIRST_BACKOFF * (1 << min(max(doubled, 0), 10)), longest)
    lot = random.Random(f"{delivery.key}:{doubled}").random()  # noqa: S311 - a lot, not a secret
    return timedelta(seconds=round(whole.total_seconds() * (0.5 + lot / 2)))


def lane_pause(failures: int) -> timedelta:
    """How long a lane rests before one delivery probes it again: 1 min, doubling to 5 min."""
    return min(FIRST_PAUSE * (1 << min(max(failures, 0), 10)), LONGEST_PAUSE)


def _asked_for(error: Unavailable, now: datetime) -> timedelta | None:
    if isinstance(error.retry_after, datetime):
        return max(error.retry_after - now, timedelta())
    return error.retry_after


def _before_the_deadline(at: datetime, delivery: Delivery, now: datetime) -> datetime:
    """An attempt that our own backoff would push past the deadline is made shortly before it instead."""
    last_chance = delivery.expires_at - LAST_CHANCE
    return last_chance if at > delivery.expires_at and last_chance > now else at
