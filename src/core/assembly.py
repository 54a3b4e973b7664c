"""What lives as long as a process: keys, connections, caches, and what runs beside the requests."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from logging import getLogger
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry

from core.access.engine import AccessEngine
from core.access.following import Following
from core.authentication import actor
from core.bell import Bell
from core.breaches import BreachedFiles, BreachedRanges, breached_passwords
from core.documents import Mongo, mongo_connection
from core.hashing import HashingPool
from core.inspection import InspectedTokens
from core.keys import Keys
from core.live_ring import LiveRing
from core.metrics import Metrics
from core.operating import CALL, operator
from core.password_rules import PasswordRules
from core.passwords import Argon2Passwords
from core.postgres.access_parts import SqlParts
from core.postgres.database import Database
from core.postgres.flush import Pending
from core.postgres.log import LogFollower
from core.postgres.poke import Poke
from core.postgres.profiles import SqlProfiles
from core.postgres.revocations import SqlMarkers, SqlMarkersAbout, SqlRevocationLog
from core.postgres.signing_keys import SqlRing
from core.profiles import CachedProfiles
from core.pushes import ProfilePushes
from core.redis.client import RedisClients, redis_clients
from core.redis.limits import RedisLimits
from core.revocation_feed import RevocationFeed, RevocationPush
from core.ring import Ring, StaticRing
from core.settings import Misconfigured, Settings
from domain.kernel.access import Actor
from domain.keys.commands.tend_keys import TendKeys
from domain.keys.models import SigningKey
from domain.sessions.models import Lifetimes
from gatewright_verifier.claims import same
from gatewright_verifier.revocations import Revocations
from gatewright_verifier.tokens import VerifiedTokens, Verifier

log = getLogger(__name__)


@dataclass(slots=True)
class Assembly:
    """Everything an API process holds. Nothing connects before `open`; stores that are away do not stop it."""

    settings: Settings
    keys: Keys
    ring: Ring
    metrics: Metrics
    database: Database
    redis: RedisClients
    mongo: Mongo | None
    limits: RedisLimits
    hashing: HashingPool
    passwords: Argon2Passwords
    breached: BreachedFiles | BreachedRanges | None
    revocations: Revocations
    feed: RevocationFeed
    push: RevocationPush
    tokens: VerifiedTokens[Actor]
    inspection: InspectedTokens
    told: Bell
    """Rung when this process learns that something was revoked."""
    revocation_log: SqlRevocationLog
    profiles: CachedProfiles
    pushes: ProfilePushes
    poke: Poke
    follower: LogFollower
    lifetimes: Lifetimes
    access: AccessEngine
    _running: list[asyncio.Task[Any]] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, settings: Settings, registry: CollectorRegistry = REGISTRY) -> "Assembly":
        """Put everything together; raise `Misconfigured`. Two in one process need two registries for their metrics."""
        if not (settings.database_url and settings.redis_url):
            raise Misconfigured("GATEWRIGHT_DATABASE_URL and GATEWRIGHT_REDIS_URL must be set, or use `gatewright run`")
        keys, metrics = Keys.read(settings), Metrics(registry)
        database = Database(settings.database_url.get_secret_value(), size=settings.database_pool_size)
        redis = redis_clients(settings.redis_url.get_secret_value())
        hashing = HashingPool(meter=metrics.hashing)
        breached = breached_passwords(settings, metrics.breaches)
        told = Bell()
        revocations = Revocations(longest=settings.access_token_seconds, news=told.ring)
        ring = _ring(settings, keys, database, metrics)
        named = ring, settings.served_at, settings.audience
        profiles = CachedProfiles(SqlProfiles(database))
        markers = SqlMarkers(database.connect)
        return cls(
            settings=settings,
            keys=keys,
            ring=ring,
            metrics=metrics,
            database=database,
            redis=redis,
            mongo=mongo_connection(settings),
            limits=RedisLimits(redis.requests, keys.secrets.derive("limits"), share=settings.workers),
            hashing=hashing,
            passwords=Argon2Passwords(
                hashing,
                settings.argon2_memory,
                settings.argon2_passes,
                settings.argon2_lanes,
                PasswordRules(settings.password_min_length),
                breached,
            ),
            breached=breached,
            revocations=revocations,
            feed=RevocationFeed(revocations, markers, redis.consumers, pulled=metrics.revocations.pulled),
            push=RevocationPush(revocations, redis.requests),
            tokens=VerifiedTokens(Verifier(*named, actor), revocations),
            inspection=InspectedTokens(Verifier(*named, same), revocations, SqlMarkersAbout(database)),
            told=told,
            revocation_log=SqlRevocationLog(database, told),
            profiles=profiles,
            pushes=ProfilePushes(profiles, redis.requests, redis.consumers),
            poke=Poke(database),
            follower=LogFollower(database),
            lifetimes=Lifetimes(settings.access_life, settings.session_life, settings.session_idle),
            access=AccessEngine(SqlParts(database), size=settings.access_parts),
        )

    @property
    def grace(self) -> timedelta:
        """How long a spent refresh token still answers with its successor."""
        return timedelta(seconds=self.settings.refresh_grace_seconds)

    @property
    def idempotency_life(self) -> timedelta:
        """How long an `Idempotency-Key` is remembered."""
        return timedelta(hours=self.settings.idempotency_hours)

    def committed(self, pending: Pending) -> None:
        """Tell everybody what a command changed, after its commit."""
        if pending.facts or pending.jobs:
            self.poke()
        if pending.markers:
            self.push(list(pending.markers.values()))
        if isinstance(self.ring, LiveRing) and any(
            fact.aggregate_type == SigningKey.aggregate for fact in pending.facts
        ):
            self.ring.wake()
        self.pushes({fact.aggregate_id for fact in pending.facts if fact.aggregate_type == "user"})

    async def open(self) -> None:
        """Open the pools and start what runs beside the requests."""
        await self.database.open()
        with suppress(Exception):
            # Without it the first requests would be refused; whoever cannot ask goes on trying.
            await self.feed.pull()
        if isinstance(self.ring, LiveRing):
            with suppress(Exception):
                await self.ring.look()
            self._start("keys", self.ring.run())
        for name, work in {
            "revocations": self.feed.run(),
            "profiles": self.pushes.run(),
            "poke": self.poke.run(),
            "log": self.follower.run(),
            "access": Following(self.access, self.follower, self.metrics.access).run(),
        }.items():
            self._start(name, work)

    async def close(self) -> None:
        """Stop what runs and let go of every connection."""
        self.told.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.push.close()
        self.hashing.close()
        if isinstance(self.breached, BreachedRanges):
            await self.breached.close()
        await self.redis.close()
        if self.mongo:
            await self.mongo.close()
        await self.database.close()

    def _start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_told)
        self._running.append(task)


def _ring(settings: Settings, keys: Keys, database: Database, metrics: Metrics) -> Ring:
    if keys.ring:
        return StaticRing(keys.ring, settings.jwks_seconds)
    service = operator(database, keys, keys.forge(settings), "service")

    async def tend() -> None:
        await service(TendKeys(), CALL)

    return LiveRing(SqlRing(database), keys.safe, keys.policy, tend, looked=metrics.keys)


def _told(task: asyncio.Task[Any]) -> None:
    """Say it when something that should run for ever ends by itself."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("%s has stopped", task.get_name(), exc_info=error)
