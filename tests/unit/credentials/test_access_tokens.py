from dataclasses import replace
from datetime import UTC, datetime

import jwt
import pytest

from core.access_tokens import AccessTokens
from core.authentication import actor
from domain.kernel.access import Actor
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from gatewright_verifier.errors import InvalidToken
from gatewright_verifier.tokens import Verifier
from tests.unit.credentials.minting import AUDIENCE, ISSUER, RING, private_jwk, ring

NOW = 1_780_000_000.75
ALGORITHMS = ["ES256", "EdDSA", "RS256", "HS256"]
PERSON, SESSION, ORGANIZATION = UserId(uuid7()), SessionId(uuid7()), OrganizationId(uuid7())
TOKENS = AccessTokens(RING, ISSUER, AUDIENCE, now=lambda: NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_our_verifier_accepts_what_we_issue(algorithm: str) -> None:
    keys = ring(private_jwk(algorithm))
    text, lifetime = replace(TOKENS, keys=keys).issue(PERSON, SESSION, ORGANIZATION, 7)
    token = Verifier(keys, ISSUER, AUDIENCE, actor, lambda: NOW).verify(text.encode())
    assert token.who == Actor(PERSON, SESSION, ORGANIZATION, 7)
    assert (token.issued, token.expires, lifetime) == (int(NOW), int(NOW) + 900, 900)


@pytest.mark.parametrize("algorithm", ALGORITHMS[:3])
def test_pyjwt_accepts_what_we_issue(algorithm: str) -> None:
    keys = ring(private_jwk(algorithm))
    text, _ = AccessTokens(keys, ISSUER, AUDIENCE).issue(PERSON, SESSION, None, 0)
    (public,) = keys.public_set()["keys"]
    claims = jwt.decode(text, jwt.PyJWK(public), algorithms=[algorithm], issuer=ISSUER, audience=AUDIENCE)
    assert claims["sub"] == str(PERSON)


def test_claims_what_rfc_9068_asks_for() -> None:
    text, _ = TOKENS.issue(
        PERSON,
        SESSION,
        ORGANIZATION,
        7,
        factors=["pwd", "otp"],
        authenticated_at=datetime(2026, 3, 1, 12, 0, 0, 9, tzinfo=UTC),
    )
    assert jwt.get_unverified_header(text) == {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
    claims = jwt.decode(text, options={"verify_signature": False})
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(PERSON),
        "iat": int(NOW),
        "exp": int(NOW) + 900,
        "sid": str(SESSION),
        "org": str(ORGANIZATION),
        "ep": 7,
        "client_id": "gatewright",
        "acr": "aal2",
        "amr": ["pwd", "otp"],
        "auth_time": 1_772_366_400,
    }


@pytest.mark.parametrize(
    ("factors", "acr"),
    [((), None), (["pwd"], "aal1"), (["pwd", "pwd"], "aal1"), (["pwd", "otp"], "aal2"), (["mfa"], "aal2")],
)
def test_says_how_sure_it_is_of_the_person(factors: list[str], acr: str | None) -> None:
    text, _ = TOKENS.issue(PERSON, SESSION, None, 0, factors=factors)
    assert jwt.decode(text, options={"verify_signature": False}).get("acr") == acr


def test_leaves_out_what_is_not_known() -> None:
    text, _ = TOKENS.issue(PERSON, SESSION, None, 0)
    assert not {"org", "acr", "amr", "auth_time"} & jwt.decode(text, options={"verify_signature": False}).keys()


def test_no_two_tokens_are_equal() -> None:
    issued = {TOKENS.issue(PERSON, SESSION, None, 0)[0] for _ in range(50)}
    assert len({jwt.decode(text, options={"verify_signature": False})["jti"] for text in issued}) == 50


def test_lives_as_long_as_configured() -> None:
    text, lifetime = replace(TOKENS, lifetime=60).issue(PERSON, SESSION, None, 0)
    claims = jwt.decode(text, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == lifetime == 60


@pytest.mark.parametrize("left", [0.5, 59.9, 899.0, 900.0, 9e6])
def test_s6_does_not_outlive_its_session(left: float) -> None:
    until = datetime.fromtimestamp(NOW + left, UTC)
    text, lifetime = TOKENS.issue(PERSON, SESSION, None, 0, until=until)
    claims = jwt.decode(text, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == lifetime
    assert claims["exp"] == min(int(NOW + left), int(NOW) + 900)
    with pytest.raises(InvalidToken):
        Verifier(RING, ISSUER, AUDIENCE, actor, lambda: min(until.timestamp(), NOW + 900)).verify(text.encode())


@pytest.mark.parametrize(("issuer", "audience"), [("", AUDIENCE), (ISSUER, "")])
def test_t5_does_not_start_without_issuer_or_audience(issuer: str, audience: str) -> None:
    with pytest.raises(ValueError, match="audience"):
        AccessTokens(RING, issuer, audience)
