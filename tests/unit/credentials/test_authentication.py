import math

import pytest

from core.access_tokens import AccessTokens
from core.authentication import BearerTokens, actor
from core.ring import StaticRing
from domain.kernel.access import Actor
from domain.kernel.errors import InvalidToken, Unavailable
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from gatewright_verifier.revocations import Revocations
from gatewright_verifier.tokens import VerifiedTokens, Verifier
from tests.unit.credentials.minting import AUDIENCE, ISSUER, RING

PERSON = Actor(UserId(uuid7()), SessionId(uuid7()), OrganizationId(uuid7()), 7)


def bearer(revocations: Revocations) -> BearerTokens:
    return BearerTokens(VerifiedTokens(Verifier(RING, ISSUER, AUDIENCE, actor), revocations), StaticRing(RING, 300))


def issued() -> bytes:
    tokens = AccessTokens(RING, ISSUER, AUDIENCE)
    return tokens.issue(PERSON.user_id, PERSON.session_id, PERSON.organization_id, PERSON.epoch)[0].encode()


async def test_names_the_actor_of_a_bearer_token() -> None:
    known = bearer(Revocations(fresh_until=math.inf))
    assert await known.identify(issued()) == PERSON
    for text in (b"", b"a.b.c", issued()[:-1]):
        with pytest.raises(InvalidToken):
            await known.identify(text)


async def test_says_so_when_it_has_not_heard_of_revocations() -> None:
    with pytest.raises(Unavailable):
        await bearer(Revocations()).identify(issued())
