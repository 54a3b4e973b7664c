"""Tokens of invitations."""

import pytest

from core.invitation_tokens import PREFIX, RandomInvitationTokens
from core.secrets import Secrets

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
TOKENS = RandomInvitationTokens(Secrets(NEW, (OLD,)).every("invitations"))


def test_a5_a_token_is_random_and_its_hash_is_keyed() -> None:
    (one, stored), (other, _) = TOKENS.make(), TOKENS.make()

    assert one != other
    assert one.startswith(PREFIX)
    assert len(one) == len(PREFIX) + 43
    assert TOKENS.hashes(one)[0] == stored
    assert len(stored) == 32
    assert stored not in RandomInvitationTokens(Secrets(OLD).every("invitations")).hashes(one)


def test_a_token_outlives_a_change_of_the_secret() -> None:
    before = RandomInvitationTokens(Secrets(OLD).every("invitations"))
    token, stored = before.make()

    assert stored in TOKENS.hashes(token)
    assert stored not in RandomInvitationTokens(Secrets(NEW).every("invitations")).hashes(token)


@pytest.mark.parametrize("made_up", ["", "gwi_", "gwr_" + "a" * 43, "a" * 47, "gwi_" + "a" * 42, "gwi_" + "a" * 44])
def test_a5_what_is_no_token_has_no_hash(made_up: str) -> None:
    assert TOKENS.hashes(made_up) == []


def test_a5_what_looks_like_a_token_has_a_hash_of_its_own() -> None:
    token, stored = TOKENS.make()

    assert stored not in TOKENS.hashes("gwi_" + "a" * 43)
    assert stored not in TOKENS.hashes(token.swapcase().replace("GWI_", PREFIX))
    assert TOKENS.hashes("gwi_" + "\ud800" * 43)
