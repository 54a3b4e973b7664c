"""Signed statements of how far the audit trail had come: whoever rewrites it has to forge them, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature

from core.audit.keys import AuditKey, AuditKeys
from gatewright_verifier import base64url

TYPE: Final = "gatewright-audit+jws"
REACHED: Final = "reached"
"""Why there is a checkpoint: the trail had come so far."""
ARCHIVED: Final = "archived"
"""What ends there is in a file from now on."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one checkpoint says."""

    number: int
    """1, 2, 3 ..., so that none can be left out."""
    reason: str
    log_id: UUID
    position: int
    chain: str
    """The chain at the entry with this position, in hexadecimal."""
    previous: str | None
    """The digest of the statement before it: SHA-256 in hexadecimal."""
    faulty: int | None
    """The first position since the checkpoint before at which something was wrong, None if nothing was."""
    made_at: datetime
    first: int | None = None
    """Of what was archived: its first position."""
    sha256: str | None = None
    """Of what was archived: the digest of the file, in hexadecimal."""


_decode = msgspec.json.Decoder(Checkpoint, strict=True).decode


def digest_of(statement: str) -> str:
    """Return what the next checkpoint says of this one."""
    return sha256(statement.encode()).hexdigest()


def signed(checkpoint: Checkpoint, keys: AuditKeys) -> str:
    """Return the statement: a JWS in compact form (RFC 7515) with EdDSA, and with the public key in its header."""
    public = keys.known[keys.kid].public
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(public).decode()}
    header = {"alg": "EdDSA", "typ": TYPE, "kid": str(keys.kid), "jwk": jwk}
    said = base64url.encode(_encode(header)) + b"." + base64url.encode(_encode(checkpoint))
    return (said + b"." + base64url.encode(keys.signer.sign(said))).decode()


def read(statement: str, known: Mapping[int, AuditKey]) -> Checkpoint:
    """Return what a statement says, or raise `ValueError` if none of the keys signed it.

    The public key in the header is for those who have no other; here nobody believes it.
    """
    said, _, signature = statement.rpartition(".")
    header, _, payload = said.partition(".")
    named: Any = msgspec.json.decode(base64url.decode(header.encode()))
    if not isinstance(named, dict) or named.get("alg") != "EdDSA" or named.get("typ") != TYPE:
        raise ValueError("it is no checkpoint")
    for kid, key in known.items():
        if named.get("kid") == str(kid):
            try:
                key.verifier().verify(base64url.decode(signature.encode()), said.encode())
            except InvalidSignature:
                break
            made = _decode(base64url.decode(payload.encode()))
            if made.number > key.last_checkpoint:
                raise ValueError("it was signed with a key that had been replaced")
            return made
    raise ValueError("no key of this deployment signed it")
