"""How a process keeps its keys current."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from core.authentication import BearerTokens, actor
from core.key_forge import KeySafe
from core.live_ring import NOT_OPENED, REST, LiveRing, RingRow
from core.ring import Condition, StaticRing
from core.secrets import Sealed
from domain.kernel.errors import InvalidToken, Unavailable
from domain.keys.models import KeyState
from domain.keys.policies import KeyPolicy
from gatewright_verifier import base64url
from gatewright_verifier.revocations import Revocations
from gatewright_verifier.tokens import VerifiedTokens, Verifier
from tests.unit.credentials.minting import AUDIENCE, ISSUER, RING, USER, mint, private_jwk

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SAFE = KeySafe(Sealed(b"the key that seals the keys 32 B"))
K1, K2, K3 = [private_jwk(kid=kid) for kid in ("k1", "k2", "k3")]


def row(jwk: dict[str, str], state: KeyState, safe: KeySafe = SAFE) -> RingRow:
    return RingRow(jwk["kid"], jwk["alg"], state, safe.close(jwk["kid"], jwk), NOW, NOW if state != "next" else None)


@dataclass
class Source:
    """A database that counts who asks, and may be away."""

    rows: Sequence[RingRow] = (row(K1, KeyState.ACTIVE), row(K2, KeyState.NEXT))
    now: datetime = NOW
    looks: int = 0
    away: bool = False

    async def look(self) -> tuple[datetime, Sequence[RingRow]]:
        self.looks += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionError
        return self.now, self.rows


@dataclass
class Process:
    """A process with its ring, and a clock that stands still."""

    source: Source = field(default_factory=Source)
    time: float = 100.0
    founded: int = 0
    conditions: list[Condition] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ring = LiveRing(
            self.source, SAFE, KeyPolicy(), self.found, looked=self.conditions.append, monotonic=lambda: self.time
        )
        tokens = VerifiedTokens(Verifier(self.ring, ISSUER, AUDIENCE, actor), Revocations(fresh_until=float("inf")))
        self.bearer = BearerTokens(tokens, self.ring)

    async def found(self) -> None:
        self.founded += 1
        self.source.rows = Source.rows


@pytest.fixture
def process() -> Process:
    return Process()


async def test_signs_with_the_active_key_and_verifies_with_all(process: Process) -> None:
    await process.ring.look()
    assert process.ring.signing.kid == "k1"
    assert [key["kid"] for key in process.ring.published().keys] == ["k1", "k2"]
    for key in (K1, K2):
        known = await process.bearer.identify(mint(key, kid=key["kid"]).encode())
        assert known.user_id == USER


async def test_before_it_has_a_ring_it_refuses_to_say(process: Process) -> None:
    with pytest.raises(Unavailable):
        _ = process.ring.signing
    with pytest.raises(Unavailable):
        process.ring.published()
    with pytest.raises(Unavailable):
        await process.bearer.identify(mint().encode())
    assert not process.ring.condition.usable


async def test_an_empty_ring_is_founded(process: Process) -> None:
    process.source.rows = ()
    await process.ring.look()
    assert (process.founded, process.ring.signing.kid) == (1, "k1")


async def test_goes_on_with_what_it_has_while_the_database_is_away(process: Process) -> None:
    await process.ring.look()
    process.source.away = True
    with pytest.raises(ConnectionError):
        await process.ring.look()
    assert process.ring.signing.kid == "k1"
    assert (await process.bearer.identify(mint(K1).encode())).user_id == USER


async def test_follows_a_rotation_and_keeps_what_is_known(process: Process) -> None:
    await process.ring.look()
    before = process.ring.find("k1")
    tag = process.ring.published().etag
    process.source.rows = (row(K1, KeyState.RETIRED), row(K2, KeyState.ACTIVE), row(K3, KeyState.NEXT))
    await process.ring.look()
    assert process.ring.signing.kid == "k2"
    assert process.ring.find("k1") is before
    assert process.ring.published().etag != tag


async def test_a_removed_key_verifies_nothing(process: Process) -> None:
    await process.ring.look()
    token = mint(K1).encode()
    await process.bearer.identify(token)
    process.source.rows = (row(K2, KeyState.ACTIVE), row(K3, KeyState.NEXT))
    await process.ring.look()
    with pytest.raises(InvalidToken):
        await process.bearer.identify(token)


async def test_a_key_that_was_made_a_moment_ago_is_looked_for(process: Process) -> None:
    await process.ring.look()
    process.source.rows = (row(K2, KeyState.RETIRED), row(K3, KeyState.ACTIVE))
    token = mint(K3, kid="k3").encode()
    actors = await asyncio.gather(*(process.bearer.identify(token) for _ in range(50)))
    assert {actor.user_id for actor in actors} == {USER}
    assert process.source.looks == 2


async def test_t6_unknown_keys_start_no_storm(process: Process) -> None:
    await process.ring.look()
    for number in range(10_000):
        head = base64url.encode(b'{"alg":"ES256","kid":"x%d","typ":"at+jwt"}' % number)
        with pytest.raises(InvalidToken):
            await process.bearer.identify(head + b".e30.AA")
    assert process.source.looks == 2
    process.time += REST
    with pytest.raises(InvalidToken):
        await process.bearer.identify(mint(K3, kid="x").encode())
    assert process.source.looks == 3


async def test_t6_a_look_that_fails_keeps_the_keys_and_refuses_the_token(process: Process) -> None:
    await process.ring.look()
    process.source.away = True
    with pytest.raises(InvalidToken):
        await process.bearer.identify(mint(K3, kid="x").encode())
    assert (await process.bearer.identify(mint(K1).encode())).user_id == USER


async def test_other_refusals_look_for_nothing(process: Process) -> None:
    await process.ring.look()
    for text in (b"", b"a.b.c", mint(K1, exp=1).encode(), mint(K2).encode()):
        with pytest.raises(InvalidToken):
            await process.bearer.identify(text)
    assert process.source.looks == 1


async def test_t1_a_key_verifies_its_own_algorithm_only(process: Process) -> None:
    shared = private_jwk("HS256", kid="h1")
    process.source.rows = (row(shared, KeyState.RETIRED), row(K1, KeyState.ACTIVE), row(K2, KeyState.NEXT))
    await process.ring.look()
    assert (await process.bearer.identify(mint(shared, kid="h1").encode())).user_id == USER
    for key, kid in ((shared, "k1"), (K1, "h1"), (shared, "k2")):
        with pytest.raises(InvalidToken):
            await process.bearer.identify(mint(key, kid=kid).encode())


async def test_o18_a_shared_secret_is_not_published(process: Process) -> None:
    shared = private_jwk("HS256", kid="h1")
    process.source.rows = (row(shared, KeyState.ACTIVE), row(K2, KeyState.NEXT))
    await process.ring.look()
    (shown,) = process.ring.published().keys
    assert (shown["kid"], shown.keys() & {"d", "k"}) == ("k2", set())


async def test_a_key_slipped_into_the_database_is_none(process: Process) -> None:
    stranger = KeySafe(Sealed(b"a key that the intruder has made"))
    moved = replace(row(K1, KeyState.RETIRED), kid="k3")
    process.source.rows = (*process.source.rows, row(K3, KeyState.RETIRED, stranger), moved)
    await process.ring.look()
    assert process.ring.find("k3") is None


async def test_another_master_secret_is_told_and_signs_nothing(process: Process) -> None:
    stranger = KeySafe(Sealed(b"the secret that was here before!"))
    process.source.rows = (row(K1, KeyState.ACTIVE, stranger), row(K2, KeyState.NEXT, stranger))
    await process.ring.look()
    assert process.ring.condition == Condition(usable=False, trouble=NOT_OPENED, age=0)
    assert process.founded == 0
    with pytest.raises(Unavailable):
        _ = process.ring.signing


async def test_an_earlier_secret_opens_what_it_sealed_until_it_is_sealed_anew(process: Process) -> None:
    old, new = b"the secret that was here before!", b"the secret that is here by now!!"
    both, after = KeySafe(Sealed(new, (old,))), KeySafe(Sealed(new))
    sealed = KeySafe(Sealed(old)).close("k1", K1)
    assert both.key("k1", sealed).kid == "k1"
    renewed = both.renewed("k1", sealed)
    assert renewed
    assert after.key("k1", renewed).kid == "k1"
    assert both.renewed("k1", renewed) is None
    assert after.renewed("k1", sealed) is None


async def test_says_when_nobody_looks_after_the_keys(process: Process) -> None:
    await process.ring.look()
    assert process.ring.condition == Condition(usable=True, age=0)
    process.source.now = NOW + timedelta(days=90, hours=2)
    await process.ring.look()
    assert process.ring.condition.usable
    assert "overdue" in str(process.ring.condition.trouble)
    process.source.rows = (row(K1, KeyState.ACTIVE),)
    await process.ring.look()
    assert "waits" in str(process.ring.condition.trouble)
    assert len(process.conditions) == 3


async def test_t7_who_cannot_look_shortens_how_long_the_set_is_kept(process: Process) -> None:
    await process.ring.look()
    margin = int(KeyPolicy().margin.total_seconds())
    for passed, kept in ((0, 300), (margin, 300), (margin + 100, 200), (margin + 300, 0), (margin + 900, 0)):
        process.time = 100.0 + passed
        assert process.ring.published().max_age == kept


async def test_looks_as_soon_as_it_is_woken(process: Process) -> None:
    looked: asyncio.Queue[Condition] = asyncio.Queue()
    process.ring.looked = looked.put_nowait
    running = asyncio.create_task(process.ring.run())
    await looked.get()
    process.source.rows = (row(K2, KeyState.ACTIVE), row(K3, KeyState.NEXT))
    process.ring.wake()
    await looked.get()
    assert process.ring.signing.kid == "k2"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_keys_of_a_file_are_as_they_are() -> None:
    ring = StaticRing(RING, 300)
    assert (ring.signing, ring.find("k1"), ring.condition.usable) == (RING.signing, RING.signing, True)
    assert (ring.published().keys, ring.published().max_age) == (RING.public_set()["keys"], 300)
    assert not await ring.look_again()
