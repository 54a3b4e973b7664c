"""Tokens and keys for the tests, made by PyJWT and cryptography: implementations other than ours."""

import base64
import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gatewright_verifier.claims import Claims, same
from gatewright_verifier.jwk import read
from gatewright_verifier.keys import Keys, KeySet
from gatewright_verifier.tokens import Verifier

ISSUER, AUDIENCE = "https://auth.example.com", "https://api.example.com"
USER = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def private_jwk(algorithm: str = "ES256", **members: Any) -> dict[str, Any]:
    """Make a private key; None leaves a member out."""
    match algorithm:
        case "ES256":
            made = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
        case "EdDSA":
            made = jwt.algorithms.OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
        case "RS256":
            made = jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
        case "HS256":
            made = {"kty": "oct", "k": b64(uuid.uuid4().bytes * 4)}
    made = {name: value for name, value in made.items() if name != "key_ops"}
    made |= {"alg": algorithm, "use": "sig", "kid": f"{algorithm}-{uuid.uuid4()}"}
    return {name: value for name, value in (made | members).items() if value is not None}


def public(key: dict[str, Any]) -> dict[str, Any]:
    """Return the public half."""
    return {name: value for name, value in key.items() if name not in PRIVATE}


def published(*keys: dict[str, Any]) -> str:
    """Return the JWK Set that an issuer publishes."""
    return json.dumps({"keys": [public(key) for key in keys]})


def key_set(*keys: dict[str, Any]) -> KeySet:
    return KeySet({key["kid"]: read(key) for key in keys})


def verifier(keys: Keys, **more: Any) -> Verifier[Claims]:
    return Verifier(keys, more.pop("issuer", ISSUER), more.pop("audience", AUDIENCE), same, **more)


K1 = private_jwk(kid="k1")
KEYS = KeySet.read(published(K1))


def claims(**changes: Any) -> dict[str, Any]:
    """Make what a token claims; None leaves a claim out."""
    now = int(time.time())
    made = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(USER),
        "iat": now,
        "exp": now + 86_400,  # some are minted long before they are used
        "jti": str(uuid.uuid5(USER, str(time.perf_counter_ns()))),
        "sid": "01890a5d-0000-774b-bcce-b302099a8057",
        "org": "01890a5d-1111-774b-bcce-b302099a8057",
        "ep": 7,
        "client_id": "web",
    }
    return {name: value for name, value in (made | changes).items() if value is not None}


def mint(key: dict[str, Any] = K1, *, kid: str = "k1", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """Make a token of ours, with changes."""
    secret = jwt.PyJWK(key).key
    return jwt.encode(claims(**changes), secret, key["alg"], {"kid": kid, "typ": "at+jwt", **(headers or {})})


def signed(header: bytes | dict[str, Any], payload: bytes | dict[str, Any], key: dict[str, Any] = K1) -> str:
    """Sign exactly these bytes, whatever they are, with the right key."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    text = ".".join(b64(part) for part in parts)
    algorithm = jwt.get_algorithm_by_name(key["alg"])
    return f"{text}.{b64(algorithm.sign(text.encode(), jwt.PyJWK(key).key))}"
