"""The public keys that tokens are verified with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

from gatewright_verifier.jwk import Key, members, read

MOST: Final = 100
"""Keys of one set."""
SECRET: Final = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})
"""Members that make a key a secret (RFC 7518, section 6)."""


class Keys(Protocol):
    """The keys in force at this moment."""

    def find(self, kid: str) -> Key | None:
        """Return the key a token names, None if there is none or no longer one.

        The same object for as long as the key is the same: remembered tokens are checked again when it is another.
        """


@dataclass(frozen=True, slots=True)
class KeySet(Keys):
    """Keys by id. Replaced as a whole, never changed in place."""

    keys: Mapping[str, Key]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a published JWK Set (RFC 7517); what is weak or of a kind that signs none of our tokens is left out.

        Raise `ValueError` for a set that is malformed, names two keys alike, or publishes a secret: whoever could read
        it could sign.
        """
        keys: dict[str, Key] = {}
        given = members(text)
        if len(given) > MOST:
            raise ValueError(f"a set has at most {MOST} keys")
        for jwk in given:
            if not SECRET.isdisjoint(jwk):
                raise ValueError("the set publishes a secret")
            try:
                key = read(jwk)
            except (TypeError, ValueError):
                continue
            if key.kid in keys:
                raise ValueError("two keys of the set have one id")
            keys[key.kid] = key
        return cls(keys)

    def find(self, kid: str) -> Key | None:
        return self.keys.get(kid)
