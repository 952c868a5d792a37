"""Rules that need no simulator."""

from itertools import takewhile

import pytest

from shopsite_local.paystack import domain, errors


def test_webhooks_are_tried_four_times_each_three_minutes_then_hourly_for_72_hours():
    waits = list(takewhile(lambda wait: wait is not None, (domain.retry_seconds(n, scale=1) for n in range(1, 200))))
    assert waits[:4] == [180, 180, 180, 3600]
    assert (len(waits), set(waits[3:])) == (75, {3600})


def test_time_runs_faster_by_the_scale():
    assert domain.retry_seconds(1, scale=180) == 1


@pytest.mark.parametrize("ending", ["processed", "failed", "needs-attention"])
def test_a_refund_passes_processing_on_its_way_to_any_end(ending):
    assert domain.next_refund_status("pending", ending) == "processing"
    assert domain.next_refund_status("processing", ending) == ending


def test_a_failed_refund_leaves_its_amount():
    refunds = [(100, "processed"), (200, "failed"), (50, "pending"), (25, "needs-attention")]
    assert domain.refundable(paid=1000, refunds=refunds) == 825


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24", 1_795_478_400),
        ("2026-11-24T00:00:00.000Z", 1_795_478_400),
        ("2026-11-24T01:00:00 01:00", 1_795_478_400),
    ],
)
def test_dates_are_read_as_clients_write_them(text, seconds):
    assert domain.seconds_of(text) == seconds
    assert domain.iso(seconds) == "2026-11-24T00:00:00.000Z"


@pytest.mark.parametrize("value", [0, -1, "1.5", "", None, 1.0, False, "9" * 19, [5]])
def test_an_amount_is_a_whole_number_of_subunits_above_zero(value):
    with pytest.raises(errors.Refused):
        domain.subunits(value)
