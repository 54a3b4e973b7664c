"""How long an endpoint may have us wait, whatever it answers."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks.attempts import LONGEST, WAITS, Attempt, asked_to_wait, wait
from core.webhooks.rows import Turn
from domain.kernel.ids import PLATFORM, DeliveryId, WebhookId, uuid7

TURN: Final = Turn(DeliveryId(uuid7()), WebhookId(uuid7()), PLATFORM, uuid7(), 1, 1, datetime.now(UTC), "", b"", None)


@pytest.mark.parametrize(
    "header",
    [
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Mon, 99 Jan 2024 99:99:99 GMT",
        "9" * 5000,
        "Mon, 01 Jan " + "9" * 5000 + " 00:00:00 GMT",
        "Mon,",
        "-",
        "\u0662",
    ],
)
def test_i7_a_retry_after_that_means_nothing_asks_for_nothing_or_for_a_day(header: str) -> None:
    assert_bounded(header)


DATES: Final = st.from_regex(
    r"[A-Z][a-z]{2},? \d{1,3} [A-Za-z]{3} \d{1,20} \d{1,3}:\d{1,3}(:\d{1,3})? ?([+-]\d{1,20}|[A-Z]{0,4})"
)


@given(st.one_of(st.text(max_size=80), DATES))
def test_i7_no_retry_after_can_break_an_attempt(header: str) -> None:
    assert_bounded(header)


def assert_bounded(header: str) -> None:
    """Assert that the next attempt is planned, at the latest in a day and a tenth."""
    refused = Attempt(arrived=False, status=503, reason="refused", milliseconds=1, asked=asked_to_wait(header))
    planned = wait(TURN, refused)
    assert planned is not None
    assert WAITS[0] <= planned <= LONGEST * 1.1 + timedelta(seconds=1)
