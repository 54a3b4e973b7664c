import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest

from gatewright_verifier.claims import Claims
from gatewright_verifier.errors import InvalidToken, Unavailable
from gatewright_verifier.jwk import Key
from gatewright_verifier.keys import Keys
from gatewright_verifier.revocations import Revocations, WireMarker
from gatewright_verifier.tokens import VerifiedTokens
from minting import KEYS, USER, key_set, mint, private_jwk, verifier


@dataclass
class Counted:
    """Keys that can be replaced, and that count how often they were used."""

    ring: Keys = KEYS
    checked: list[str] = field(default_factory=list)

    def find(self, kid: str) -> Key | None:
        key = self.ring.find(kid)
        if key is None:
            return None
        if kid not in self._counting or self._counting[kid][0] is not key:
            self._counting[kid] = key, Key(kid, key.algorithm, self._check(key), None, key.public)
        return self._counting[kid][1]

    def _check(self, key: Key) -> Callable[[bytes, bytes], None]:
        def check(signature: bytes, signed: bytes) -> None:
            self.checked.append(key.kid)
            key.check(signature, signed)

        return check

    def __post_init__(self) -> None:
        self._counting: dict[str, tuple[Key, Key]] = {}


def fresh() -> Revocations:
    return Revocations(fresh_until=math.inf)


def verified(
    revocations: Revocations | None = None, size: int = 10, keys: Keys = KEYS, now: Callable[[], float] = time.time
) -> VerifiedTokens[Claims]:
    return VerifiedTokens(verifier(keys, now=now), revocations or fresh(), size)


NAMED: dict[str, Callable[[dict[str, Any]], str]] = {
    "token": lambda of: of["jti"],
    "session": lambda of: of["sid"],
    "user": lambda of: of["sub"],
    "organization": lambda of: of["org"],
    "client": lambda of: of["client_id"],
    "member": lambda of: f"{of['org']}/{of['sub']}",
    "key": lambda _: "k1",
}


@pytest.mark.parametrize("scope", NAMED)
def test_asks_for_cut_offs_on_every_use(scope: str) -> None:
    revocations, text = fresh(), mint().encode()
    tokens = verified(revocations)
    of = jwt.decode(text, options={"verify_signature": False})
    before, at = of["iat"] - 1, of["iat"]

    tokens.verify(text)
    revocations.learn([WireMarker(scope, "another", at)])
    revocations.learn([WireMarker(scope, NAMED[scope](of), before)])
    tokens.verify(text)
    revocations.learn([WireMarker(scope, NAMED[scope](of), at)])
    with pytest.raises(InvalidToken):
        tokens.verify(text)


def test_asks_for_the_epoch_of_the_person_on_every_use() -> None:
    revocations = fresh()
    tokens = verified(revocations)
    old, current = mint(ep=7).encode(), mint(ep=8, iat=int(time.time()) - 100).encode()
    tokens.verify(old)

    revocations.learn([WireMarker("user", str(USER), epoch=7)])
    tokens.verify(old)
    revocations.learn([WireMarker("user", str(USER), epoch=8)])
    with pytest.raises(InvalidToken):
        tokens.verify(old)
    tokens.verify(current)


def test_refuses_everybody_while_it_does_not_hear_of_revocations() -> None:
    clock = [100.0]
    revocations = Revocations(fresh_until=102.0, monotonic=lambda: clock[0])
    tokens, text = verified(revocations), mint().encode()
    tokens.verify(text)

    clock[0] = 102.0
    with pytest.raises(Unavailable):
        tokens.verify(text)
    with pytest.raises(InvalidToken):
        tokens.verify(text[:-1])

    revocations.fresh_until = 104.0
    tokens.verify(text)


def test_what_is_known_to_be_revoked_stays_so_while_it_does_not_hear() -> None:
    revocations, text = Revocations(), mint().encode()
    revocations.learn([WireMarker("user", str(USER), epoch=8)])
    with pytest.raises(InvalidToken):
        verified(revocations).verify(text)


def test_remembered_tokens_expire() -> None:
    clock = [time.time()]
    tokens, text = verified(now=lambda: clock[0]), mint().encode()
    tokens.verify(text)

    clock[0] += 86_400
    with pytest.raises(InvalidToken):
        tokens.verify(text)


def test_checks_each_signature_once() -> None:
    keys, text = Counted(), mint().encode()
    tokens = verified(keys=keys)
    for _ in range(5):
        tokens.verify(text)
    assert keys.checked == ["k1"]


def test_remembered_tokens_end_with_their_key() -> None:
    keys, text = Counted(), mint().encode()
    tokens = verified(keys=keys)
    tokens.verify(text)

    keys.ring = key_set(private_jwk(kid="k2"))
    with pytest.raises(InvalidToken):
        tokens.verify(text)


def test_checks_again_when_the_key_of_that_name_is_another() -> None:
    keys, text = Counted(), mint().encode()
    tokens = verified(keys=keys)
    tokens.verify(text)

    keys.ring = key_set(private_jwk(kid="k1"))
    with pytest.raises(InvalidToken):
        tokens.verify(text)


def test_t7_checks_once_more_when_the_keys_are_read_again() -> None:
    keys, text = Counted(), mint().encode()
    tokens = verified(keys=keys)
    tokens.verify(text)

    keys._counting.clear()
    for _ in range(3):
        tokens.verify(text)
    assert keys.checked == ["k1", "k1"]


def test_remembers_a_bounded_number() -> None:
    tokens = verified(size=3)
    for _ in range(20):
        tokens.verify(mint().encode())
    assert len(tokens._young) + len(tokens._old) <= 6


def test_forgets_first_what_is_not_used() -> None:
    keys, used = Counted(), mint().encode()
    tokens = verified(keys=keys, size=3)
    for _ in range(20):
        tokens.verify(used)
        tokens.verify(mint().encode())
    assert len(keys.checked) == 21


def test_remembers_nothing_that_it_refused() -> None:
    tokens = verified()
    for attempt in range(20):
        with pytest.raises(InvalidToken):
            tokens.verify(b"a.b.%d" % attempt)
    assert not tokens._young
