"""What lives as long as a process: connections, keys, caches, and what runs beside the requests."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from logging import getLogger
from typing import Any

from redis.asyncio import Redis

from core.access_tokens import AccessTokens
from core.addresses import LibraryEmailAddresses
from core.clock import SystemClock
from core.cursors import SignedCursors
from core.hashing import HashingPool, spare_cores
from core.keyring import KeyRing, KeyRingFile
from core.metrics import Metrics
from core.passwords import Argon2Passwords
from core.postgres.database import Database
from core.postgres.markers import SqlMarkers
from core.postgres.poke import Poke
from core.postgres.profiles import SqlProfiles
from core.profiles import CachedProfiles
from core.pushes import Pushes
from core.redis.client import redis_clients
from core.redis.limits import RedisLimits
from core.refresh_tokens import RefreshTokens
from core.revocation_feed import RevocationFeed
from core.revocations import Revocations
from core.secrets import Sealed, Secrets
from core.secrets_file import kept_secret
from core.settings import Misconfigured, Settings
from core.setup import SetupToken
from core.tokens import VerifiedTokens, Verifier
from domain.kernel.ports import Clock
from domain.sessions.models import Lifetimes
