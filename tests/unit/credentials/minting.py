"""Keys for the tests."""

import json
from typing import Any

from core.keyring import KeyRing, generate

ISSUER, AUDIENCE = "https://auth.example.com", "https://api.example.com"


def private_jwk(algorithm: str = "ES256", **members: Any) -> dict[str, Any]:
    """Make a private key; None leaves a member out."""
    made: dict[str, Any] = json.loads(generate(algorithm))["keys"][0]
    return {name: value for name, value in (made | members).items() if value is not None}


def jwks(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys})


def ring(*keys: dict[str, Any]) -> KeyRing:
    return KeyRing.load(jwks(*keys), keys[0].get("alg"))


RING = ring(private_jwk(kid="k1"))
