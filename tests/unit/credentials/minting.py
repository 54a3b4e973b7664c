"""Tokens and keys for the tests, made by PyJWT: an implementation other than ours."""

import json
import time
import uuid
from typing import Any

import jwt

from core.keyring import KeyRing, generate

ISSUER, AUDIENCE = "https://auth.example.com", "https://api.example.com"
USER = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def private_jwk(algorithm: str = "ES256", **members: Any) -> dict[str, Any]:
    """Make a private key; None leaves a member out."""
    made: dict[str, Any] = json.loads(generate(algorithm))["keys"][0]
    return {name: value for name, value in (made | members).items() if value is not None}


def jwks(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys})


def ring(*keys: dict[str, Any]) -> KeyRing:
    return KeyRing.load(jwks(*keys), keys[0].get("alg"))


K1 = private_jwk(kid="k1")
RING = ring(K1)


def mint(key: dict[str, Any] = K1, *, kid: str = "k1", **changes: Any) -> str:
    """Make a token of ours, with changes."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(USER),
        "iat": now,
        "exp": now + 3600,
        "jti": str(uuid.uuid5(USER, str(time.perf_counter_ns()))),
        "sid": "01890a5d-0000-774b-bcce-b302099a8057",
        "ep": 7,
        "client_id": "web",
    }
    return jwt.encode(claims | changes, jwt.PyJWK(key).key, key["alg"], {"kid": kid, "typ": "at+jwt"})
