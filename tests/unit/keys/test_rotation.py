"""How keys come and go."""

from datetime import timedelta
from json import dumps
from pathlib import Path
from typing import Any

import pytest

from core.key_forge import KeySafe
from core.keyring import generate
from core.secrets import Sealed
from domain.kernel.errors import Forbidden
from domain.keys.commands.remove_key import RemoveKey
from domain.keys.commands.rotate_keys import RotateKeys
from domain.keys.commands.tend_keys import TendKeys
from domain.keys.errors import KeyNotFound, KeyNotOpened, KeyNotReady, KeysManagedElsewhere
from domain.keys.models import FOREVER, SigningKey
from domain.keys.policies import KeyPolicy
from domain.keys.queries.list_keys import ListKeys
from gatewright_verifier.jwk import read
from tests.support.app import App
from tests.support.memory.keys import KEYS
from tests.unit.credentials.minting import jwks, private_jwk
from tests.unit.keys.conftest import Ring

READY = KeyPolicy().cached + KeyPolicy().margin
MOMENT = timedelta(microseconds=1)


def restarted(app: App, **changes: Any) -> App:
    """Return the application as it goes on with other settings."""
    made = App(memory=app.memory, clock=app.clock, **{"safe": app.safe} | changes)
    made._seen.update(fact.id for fact in app.facts)
    return made


def rows(app: App) -> dict[str, SigningKey]:
    """Return the stored keys by their ids."""
    return {row.kid: row for row in app.memory.table(KEYS).values()}


def opened(app: App, kid: str) -> dict[str, str]:
    """Return what is sealed of a key."""
    sealed = rows(app)[kid].sealed
    assert sealed
    return app.safe.open(kid, sealed)


async def test_a_new_ring_has_a_key_that_signs_and_one_that_waits(ring: Ring) -> None:
    await ring.tend()
    assert sorted((await ring.states()).values()) == ["active", "next"]
    assert ring.told() == ["published", "activated", "published"]
    assert ring.app.audited[-1] == ("keys.ring.tend", "done")


async def test_tending_again_changes_nothing(ring: Ring) -> None:
    await ring.tend()
    before = await ring.keys()
    ring.app.clock.pass_by(timedelta(days=89))
    await ring.tend()
    assert await ring.keys() == before


async def test_t7_a_key_signs_only_after_every_verifier_has_it(ring: Ring) -> None:
    await ring.tend()
    waiting = await ring.one("next")
    ring.app.clock.pass_by(READY - MOMENT)
    with pytest.raises(KeyNotReady) as refused:
        await ring.app.send(RotateKeys(), as_=ring.root)
    assert waiting.ready_at
    assert waiting.ready_at.isoformat(timespec="seconds") in str(refused.value)
    ring.app.clock.pass_by(MOMENT)
    assert (await ring.app.send(RotateKeys(), as_=ring.root)).kid == waiting.kid
    assert (await ring.one("active")).kid == waiting.kid
    assert (await ring.one("next")).kid != waiting.kid


async def test_t7_a_retired_key_verifies_until_what_it_signed_has_expired(ring: Ring) -> None:
    await ring.tend()
    before = await ring.one("active")
    ring.app.clock.pass_by(READY)
    await ring.app.send(RotateKeys(), as_=ring.root)
    retired = await ring.one("retired")
    assert (retired.kid, retired.retired_at) == (before.kid, ring.app.clock.now())
    ring.app.clock.pass_by(KeyPolicy().longest + timedelta(seconds=59))
    assert before.kid in await ring.states()
    ring.app.clock.pass_by(timedelta(seconds=1))
    assert before.kid not in await ring.states()


async def test_a_retired_key_keeps_its_public_half_alone(ring: Ring) -> None:
    await ring.tend()
    before = (await ring.one("active")).kid
    assert "d" in opened(ring.app, before)
    ring.app.clock.pass_by(READY)
    await ring.app.send(RotateKeys(), as_=ring.root)
    left = opened(ring.app, before)
    assert "d" not in left
    assert read(left).kid == before


async def test_rotation_happens_when_it_is_time(ring: Ring) -> None:
    await ring.tend()
    waiting = await ring.one("next")
    ring.app.clock.pass_by(timedelta(days=90) - MOMENT)
    await ring.tend()
    assert (await ring.one("next")).kid == waiting.kid
    ring.app.clock.pass_by(MOMENT)
    await ring.tend()
    assert (await ring.one("active")).kid == waiting.kid
    assert ring.told()[3:] == ["retired", "activated", "published"]


async def test_without_a_schedule_only_people_rotate() -> None:
    app = App(keys=KeyPolicy(rotation=None))
    ring = Ring(app, await app.administrator())
    await ring.tend()
    before = await ring.keys()
    app.clock.pass_by(timedelta(days=4000))
    await ring.tend()
    assert await ring.keys() == before
    await app.send(RotateKeys(), as_=ring.root)
    assert await ring.keys() != before


@pytest.mark.parametrize(("before", "after"), [("HS256", "ES256"), ("ES256", "RS256"), ("RS256", "HS256")])
async def test_another_algorithm_takes_over_once_its_key_is_everywhere(before: str, after: str) -> None:
    app = App(keys=KeyPolicy(algorithm=before))
    root = await app.administrator()
    old = Ring(app, root)
    await old.tend()
    signing, waiting = await old.one("active"), await old.one("next")
    app = restarted(app, keys=KeyPolicy(algorithm=after))
    ring = Ring(app, root)
    await ring.tend()
    assert (await ring.one("removed")).kid == waiting.kid
    replaced = await ring.one("next")
    assert (replaced.algorithm, (await ring.one("active")).kid) == (after, signing.kid)
    app.clock.pass_by(READY - MOMENT)
    await ring.tend()
    assert (await ring.one("active")).kid == signing.kid
    app.clock.pass_by(MOMENT)
    await ring.tend()
    assert (await ring.one("active")).kid == replaced.kid
    assert (await ring.one("retired")).kid == signing.kid
    assert read(opened(app, signing.kid)).algorithm == before


async def test_a_removed_key_is_refused_for_ever_and_the_next_one_signs_at_once(ring: Ring) -> None:
    await ring.tend()
    stolen, waiting = await ring.one("active"), await ring.one("next")
    await ring.app.send(RemoveKey(kid=stolen.kid), as_=ring.root)
    marker = ring.app.memory.revocations["key", stolen.kid]
    assert (marker.cutoff, marker.expires_at) == (FOREVER, FOREVER)
    assert (await ring.one("active")).kid == waiting.kid
    assert (await ring.one("removed")).kid == stolen.kid
    assert rows(ring.app)[stolen.kid].sealed is None
    assert ring.told()[3:] == ["removed", "activated", "published"]
    assert ring.app.audited[-1] == ("keys.key.remove", "done")


async def test_removing_again_changes_nothing(ring: Ring) -> None:
    await ring.tend()
    stolen = (await ring.one("active")).kid
    await ring.app.send(RemoveKey(kid=stolen), as_=ring.root)
    before = await ring.keys()
    await ring.app.send(RemoveKey(kid=stolen), as_=ring.root)
    assert await ring.keys() == before


async def test_a_key_that_waits_or_is_retired_can_be_removed_too(ring: Ring) -> None:
    await ring.tend()
    ring.app.clock.pass_by(READY)
    await ring.app.send(RotateKeys(), as_=ring.root)
    active, retired, waiting = [await ring.one(state) for state in ("active", "retired", "next")]
    for key in (retired, waiting):
        await ring.app.send(RemoveKey(kid=key.kid), as_=ring.root)
        assert ("key", key.kid) in ring.app.memory.revocations
    assert (await ring.one("active")).kid == active.kid
    assert (await ring.one("next")).kid != waiting.kid
    assert sorted((await ring.states()).values()) == ["active", "next", "removed", "removed"]


async def test_a_removed_key_is_shown_for_a_month(ring: Ring) -> None:
    await ring.tend()
    stolen = (await ring.one("active")).kid
    await ring.app.send(RemoveKey(kid=stolen), as_=ring.root)
    ring.app.clock.pass_by(timedelta(days=30) - MOMENT)
    assert (await ring.states())[stolen] == "removed"
    ring.app.clock.pass_by(MOMENT)
    assert stolen not in await ring.states()
    with pytest.raises(KeyNotFound):
        await ring.app.send(RemoveKey(kid=stolen), as_=ring.root)


async def test_a_new_ring_starts_with_what_it_inherits(tmp_path: Path) -> None:
    first, second = private_jwk(kid="k1"), private_jwk(kid="k2")
    (tmp_path / "keys.json").write_text(jwks(first, {key: value for key, value in second.items() if key != "d"}))
    app = App(inheritance=tmp_path / "keys.json")
    ring = Ring(app, await app.administrator())
    await ring.tend()
    states = await ring.states()
    assert (states.pop("k1"), states.pop("k2"), [*states.values()]) == ("active", "retired", ["next"])
    assert opened(app, "k1")["d"] == first["d"]


async def test_what_was_removed_is_not_inherited_again(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(jwks(private_jwk(kid="k1")))
    app = App(inheritance=tmp_path / "keys.json")
    ring = Ring(app, await app.administrator())
    await ring.tend()
    await app.send(RemoveKey(kid="k1"), as_=ring.root)
    await ring.tend()
    assert (await ring.one("removed")).kid == "k1"


async def test_an_inheritance_that_is_none_stops_the_founding(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(generate("HS256").replace('"alg":"HS256",', ""))
    app = App(inheritance=tmp_path / "keys.json")
    ring = Ring(app, await app.administrator())
    with pytest.raises(ValueError, match="HS256 must be configured"):
        await ring.tend()
    assert await ring.keys() == []


async def test_a_key_that_nothing_opens_is_not_rotated_but_can_be_removed(ring: Ring) -> None:
    await ring.tend()
    lost = await ring.states()
    other = KeySafe(Sealed(b"another key that seals the keys!"))
    app = restarted(ring.app, safe=other)
    ring = Ring(app, ring.root)
    app.clock.pass_by(READY)
    with pytest.raises(KeyNotOpened):
        await app.send(RotateKeys(), as_=ring.root)
    signing = (await ring.one("active")).kid
    await app.send(RemoveKey(kid=signing), as_=ring.root)
    states = await ring.states()
    assert {states[kid] for kid in lost} == {"removed"}
    assert "d" in opened(app, (await ring.one("active")).kid)


async def test_keys_of_a_file_are_managed_there() -> None:
    app = App(keys=KeyPolicy(elsewhere=True))
    root = await app.administrator()
    for command in (RotateKeys(), TendKeys(), RemoveKey(kid="k1")):
        with pytest.raises(KeysManagedElsewhere):
            await app.send(command, as_=root)


async def test_a1_takes_a_permission(ring: Ring) -> None:
    await ring.tend()
    await ring.app.signed_up()
    ada = await ring.app.signed_in()
    for message in (RotateKeys(), TendKeys(), RemoveKey(kid="k1"), ListKeys()):
        with pytest.raises(Forbidden):
            await ring.app.send(message, as_=ada)


async def test_i10_nothing_that_signs_is_in_events_audit_or_lists(ring: Ring) -> None:
    await ring.tend()
    secrets = [opened(ring.app, kid)["d"] for kid in await ring.states()]
    ring.app.clock.pass_by(READY)
    await ring.app.send(RotateKeys(), as_=ring.root)
    said = f"{ring.app.facts}{ring.app.memory.audited}{await ring.keys()}{rows(ring.app)}"
    assert not [secret for secret in secrets if secret in said]
    assert not [secret for secret in secrets if secret in dumps([str(row.sealed) for row in rows(ring.app).values()])]


@pytest.mark.parametrize("seconds", [1, 10, 300, 86_400])
def test_t7_a_key_is_published_longer_than_anybody_keeps_the_set(seconds: int) -> None:
    policy = KeyPolicy(cached=timedelta(seconds=seconds))
    key = SigningKey(kid="k", algorithm="ES256", sealed=b"", published_at=FOREVER - timedelta(days=9))
    assert policy.ready_at(key) - key.published_at >= policy.cached + max(policy.cached / 5, timedelta(seconds=2))


def test_a_rotation_that_nobody_does_is_overdue_after_an_hour() -> None:
    policy, now = KeyPolicy(), FOREVER - timedelta(days=999)
    active = SigningKey(kid="a", algorithm="ES256", sealed=b"", published_at=now, activated_at=now)
    waiting = SigningKey(kid="b", algorithm="ES256", sealed=b"", published_at=now)
    late = now + timedelta(days=90, hours=1)
    assert not policy.is_overdue(active, waiting, late)
    assert policy.is_overdue(active, waiting, late + MOMENT)
