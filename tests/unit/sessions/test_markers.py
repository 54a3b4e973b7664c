"""How long what verifiers are told is kept for those that start."""

from datetime import UTC, datetime, timedelta

from domain.kernel.ids import SessionId, uuid7
from domain.sessions.models import ended, revoked
from tests.contracts.people import LIFETIMES

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SLACK = timedelta(minutes=2)


def test_a_session_is_remembered_for_as_long_as_a_token_minted_as_it_ends_and_clocks_may_differ() -> None:
    last = NOW + LIFETIMES.access
    marker = ended(SessionId(uuid7()), NOW, LIFETIMES.access)
    assert (marker.cutoff, marker.expires_at) == (last, last + SLACK)


def test_a_token_is_remembered_until_it_has_expired_by_any_clock() -> None:
    marker = revoked(uuid7(), NOW)
    assert (marker.cutoff, marker.expires_at) == (NOW, NOW + SLACK)
