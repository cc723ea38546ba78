"""What an ending means, and when the next attempt may be (docs/reference/failures.md)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reminderctl.core import retry
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Delivery, OnUnknown, Receipt, State

NOW = datetime(2026, 6, 9, 10, tzinfo=UTC)
DELIVERY = Delivery(
    key="k",
    workflow="w",
    trigger="1 day before start",
    action="email",
    channel="email",
    circuit="email",
    booking="b",
    recipient="admin",
    participant=None,
    address="admin@example.com",
    event_at=NOW + timedelta(days=1),
    due_at=NOW,
    expires_at=NOW + timedelta(hours=12),
    id=1,
    attempts=1,
)


def of(error: DeliveryError, delivery: Delivery = DELIVERY, *, on_unknown: OnUnknown = OnUnknown.HOLD) -> retry.Outcome:
    return retry.decide_error(error, delivery, on_unknown=on_unknown, now=NOW)


def test_an_accepted_message_is_sent_with_the_providers_own_id() -> None:
    decision = retry.decide_receipt(Receipt(provider_id="SM1"))
    assert (decision.state, decision.provider_id) == (State.SENT, "SM1")


@pytest.mark.parametrize(
    ("error", "name", "state", "counted"),
    [
        (Rejected("no such user"), "rejected", State.FAILED, True),
        (Unavailable("refused"), "unavailable", State.PENDING, True),
        (Throttled("slow down"), "throttled", State.PENDING, False),
        (ChannelDown("wrong password"), "channel down", State.PENDING, False),
        (Unknown("cut"), "unknown", State.UNKNOWN, True),
    ],
)
def test_each_error_has_its_outcome(error: DeliveryError, name: str, state: State, *, counted: bool) -> None:
    decision = of(error)
    assert (decision.name, decision.state, decision.counted) == (name, state, counted)
    assert (decision.next_attempt_at is not None) == (state is State.PENDING)
    assert decision.error
    assert str(error) in decision.error


@pytest.mark.parametrize(
    ("on_unknown", "uncertain_attempts", "state"),
    [
        (OnUnknown.RESEND, 0, State.PENDING),
        (OnUnknown.RESEND, 2, State.PENDING),
        (OnUnknown.RESEND_ONCE, 0, State.PENDING),
        (OnUnknown.RESEND_ONCE, 1, State.UNKNOWN),
        (OnUnknown.HOLD, 0, State.UNKNOWN),
    ],
)
def test_what_follows_the_unknown_is_the_rule_of_the_channel(
    on_unknown: OnUnknown, uncertain_attempts: int, state: State
) -> None:
    decision = of(Unknown("cut"), replace(DELIVERY, uncertain_attempts=uncertain_attempts), on_unknown=on_unknown)
    assert decision.state is state
    assert decision.uncertain_attempts


def test_only_the_deadline_ends_the_attempts() -> None:
    assert of(Unavailable("refused"), replace(DELIVERY, attempts=500)).state is State.PENDING
    late = replace(DELIVERY, attempts=500, expires_at=NOW + timedelta(seconds=80))
    assert of(Unavailable("refused"), late).state is State.EXPIRED
    assert of(Unavailable("refused"), replace(late, uncertain_attempts=1)).state is State.UNKNOWN


@given(attempts=st.integers(1, 60), key=st.text(max_size=8))
def test_backoff_doubles_from_half_a_minute_to_half_an_hour_and_is_the_same_every_time(attempts: int, key: str) -> None:
    delivery = replace(DELIVERY, attempts=attempts, key=key)
    wait = retry.backoff(delivery)
    whole = min(30 * 2 ** (attempts - 1), 1800)
    assert timedelta(seconds=whole // 2) <= wait <= timedelta(seconds=whole)
    assert retry.backoff(delivery) == wait


def test_a_provider_that_does_not_say_when_is_asked_less_and_less_often() -> None:
    waits = [retry.throttle_delay(DELIVERY, throttles).total_seconds() for throttles in range(8)]
    for throttles, wait in enumerate(waits):
        whole = min(30 * 2**throttles, 900)
        assert whole / 2 <= wait <= whole


@pytest.mark.parametrize("asked", [timedelta(minutes=10), NOW + timedelta(minutes=10)])
@pytest.mark.parametrize("error", [Unavailable, Throttled])
def test_a_provider_that_says_when_is_obeyed(error: type[Unavailable], asked: timedelta | datetime) -> None:
    assert of(error("later", retry_after=asked)).next_attempt_at == NOW + timedelta(minutes=10)


def test_a_circuit_that_is_to_wait_beyond_the_deadline_ends_it_now_and_waits_no_longer_than_that() -> None:
    decision = of(Throttled("later", retry_after=timedelta(days=7)))
    assert decision.state is State.EXPIRED
    assert "after the deadline" in (decision.error or "")
    assert decision.pause_circuit_until == DELIVERY.expires_at
    short = replace(DELIVERY, expires_at=NOW + timedelta(minutes=2))
    assert of(Throttled("later", retry_after=timedelta(days=7)), short).pause_circuit_until == NOW + timedelta(
        minutes=15
    )


def test_a_message_that_is_to_wait_beyond_the_deadline_has_a_last_chance_before_it() -> None:
    decision = of(Unavailable("later", retry_after=timedelta(hours=13)))
    assert decision.next_attempt_at == DELIVERY.expires_at - timedelta(seconds=90)


def test_what_concerns_one_recipient_is_not_held_against_the_circuit() -> None:
    for error, failed in ((Unavailable("full", recipient_only=True), False), (Unavailable("full"), True)):
        decision = retry.decide_error(error, DELIVERY, on_unknown=OnUnknown.HOLD, now=NOW, circuit_failures=9)
        assert (decision.circuit_failed, decision.pause_circuit_until is not None) == (failed, failed)


def test_what_a_person_has_to_do_for_some_recipients_stops_no_other_and_ends_with_its_deadline() -> None:
    error = ChannelDown("this country is not enabled", recipient_only=True)
    decision = of(error)
    assert (decision.name, decision.state, decision.counted) == ("channel down", State.PENDING, True)
    assert (decision.circuit_failed, decision.pause_circuit_until) == (False, None)
    at_last = retry.decide_error(error, DELIVERY, on_unknown=OnUnknown.HOLD, now=DELIVERY.expires_at)
    assert at_last.state is State.EXPIRED


def test_our_own_wait_for_a_provider_that_does_not_say_when_leaves_a_last_chance() -> None:
    short = replace(DELIVERY, expires_at=NOW + timedelta(seconds=100))
    decision = retry.decide_error(Throttled("too fast"), short, on_unknown=OnUnknown.HOLD, now=NOW, circuit_throttles=5)
    assert decision.state is State.PENDING
    assert decision.next_attempt_at == decision.pause_circuit_until == NOW + timedelta(seconds=10)


def test_a_provider_that_leaves_people_with_doubts_is_paused_like_one_that_fails() -> None:
    for on_unknown, failed in ((OnUnknown.HOLD, True), (OnUnknown.RESEND, False)):
        decision = retry.decide_error(Unknown("cut"), DELIVERY, on_unknown=on_unknown, now=NOW, circuit_failures=4)
        assert (decision.circuit_failed, decision.pause_circuit_until is not None) == (failed, failed)


def test_our_own_backoff_leaves_a_last_chance_before_the_deadline() -> None:
    delivery = replace(DELIVERY, attempts=3, expires_at=NOW + timedelta(seconds=100))
    at = of(Unavailable("refused"), delivery).next_attempt_at
    assert at is not None
    assert NOW < at <= delivery.expires_at


def test_a_circuit_that_keeps_failing_is_paused_and_probed_sooner_than_a_deadline_passes() -> None:
    pauses = [retry.circuit_pause(failures) for failures in range(6)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 5, 5, 5)]
    for failures, paused in ((0, False), (3, False), (4, True), (9, True)):
        decision = retry.decide_error(
            Unavailable("refused"),
            DELIVERY,
            on_unknown=OnUnknown.HOLD,
            now=NOW,
            circuit_failures=failures,
        )
        assert (decision.pause_circuit_until is not None) is paused
