"""Tell who somebody is by their password."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zlib import crc32

from domain.identity.errors import EmailInvalid, UserNotFound
from domain.identity.facade import Identified, Identities
from domain.identity.mailing import LinkMails, LinkPolicy
from domain.identity.ports import (
    Credentials,
    DeviceTokens,
    EmailAddresses,
    Failures,
    KeptCredential,
    KnownDevice,
    Passwords,
)
from domain.identity.repositories import PasswordHashes, Users
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock, Limits

SLOW: Final = 5
"""After so many in a row from one network the next may come a second later at the soonest, and later each time."""
FAILURES: Final = 10
"""After so many failures in a row from one network, the account is closed to that network for `PAUSE`."""
MOST_FAILURES: Final = 100
"""After so many from everywhere, none of them `PAUSE` after the one before, it is closed to everybody for `PAUSE`.

NIST SP 800-63B-4, section 3.2.2, has no more in a row; one network alone has only `FAILURES` of them.
"""
PAUSE: Final = timedelta(minutes=15)
NOBODIES: Final = 4096
"""Under so many names failures are counted that are nobody's."""
NOWHERE: Final = "nowhere"
DEVICES: Final = "devices"
"""Failures on all known devices of an account are counted together, apart from those of any network."""


@dataclass(frozen=True, slots=True)
class PasswordIdentities(Identities):
    """Verify passwords, with a lockout that a thief cannot tell from a wrong password."""

    credentials: Credentials
    passwords: Passwords
    hashes: PasswordHashes
    failures: Failures
    devices: DeviceTokens
    addresses: EmailAddresses
    users: Users
    mails: LinkMails
    limits: Limits
    policy: LinkPolicy
    clock: Clock

    async def verify(self, login: str, password: str, origin: Origin) -> Identified | None:
        """See `Identities.verify`."""
        # In a storm of attempts those that are turned away must cost next to nothing.
        self.passwords.admit()
        network, device = origin.network, self._device(origin)
        kept = await self._find(login, DEVICES if device else network)
        known = device is not None and trusted(device, kept, self.clock.now())
        if device and not known:
            # Nobody is worse off with a device than without one; nor is it told by the time whether there is somebody.
            kept = await self.credentials.find_by_id(kept.user_id if kept else nobody(login), network)
        place = DEVICES if known else network
        hopeful = kept is not None and kept.is_active and not locked(kept, self.clock.now(), known=known)
        # Nothing is hashed anew for those who are refused anyway: the time would tell that the password was right.
        fits, renewed = await self.passwords.prove(kept.password_hash if kept else None, password, renew=hopeful)
        if kept is None or not hopeful:
            await self._pretend(login)
            return None
        if not fits:
            # Too late for a place that has closed, it is left out there: another look here would tell by the time.
            await self.failures.count(kept.user_id, place, self.clock.now())
            return None
        # Many guesses sent at once are all admitted before the first is judged: what counts is what is known by now.
        now_kept = await self.credentials.find_by_id(kept.user_id, place)
        if now_kept is None or locked(now_kept, self.clock.now(), known=known):
            await self._pretend(login)
            return None
        if now_kept.failures or now_kept.failures_here:
            await self.failures.forget(kept.user_id, place)
        if kept.password_hash and renewed:
            await self.hashes.renew(kept.user_id, kept.password_hash, renewed)
        token = self.devices.make(KnownDevice(kept.user_id, kept.epoch), self.clock.now())
        return _identified(kept, familiar=known, device_token=token)

    async def recognise(self, login: str) -> Identified | None:
        """See `Identities.recognise`."""
        kept = await self._find(login, "")
        return _identified(kept, familiar=True) if kept and kept.is_active else None

    def _device(self, origin: Origin) -> KnownDevice | None:
        return self.devices.read(origin.device_token, self.clock.now()) if origin.device_token else None

    async def remind(self, user_id: UserId) -> None:
        """See `Identities.remind`."""
        try:
            await self.limits.hit("verification_mail", str(user_id), self.policy.per_hour, 3600)
            user = await self.users.get(user_id)
        except (TooManyRequests, UserNotFound):
            return
        if not user.email_verified:
            await self.mails.verification(user)

    async def _pretend(self, login: str) -> None:
        """Count a failure that is nobody's: whoever is refused without one was answered sooner, which would tell."""
        await self.failures.count(nobody(login), NOWHERE, self.clock.now())

    async def _find(self, login: str, network: str) -> KeptCredential | None:
        if "@" not in login:
            return await self.credentials.find(login.strip().lower(), network)
        try:
            return await self.credentials.find(self.addresses.parse(login), network)
        except EmailInvalid:
            return None


def _identified(kept: KeptCredential, *, familiar: bool, device_token: str | None = None) -> Identified:
    return Identified(
        kept.user_id, kept.epoch, kept.email, kept.email_verified, kept.created_at, familiar, device_token
    )


def nobody(login: str) -> UserId:
    """Return one of `NOBODIES` ids that no account has, so that strangers cannot make the table grow."""
    return UserId(UUID(int=crc32(login.encode("utf-8", "replace")) % NOBODIES))


def trusted(device: KnownDevice, kept: KeptCredential | None, now: datetime) -> bool:
    """Return whether `device` is one of this account, by its failures on `DEVICES`, and of its epoch of now."""
    return kept is not None and device == KnownDevice(kept.user_id, kept.epoch) and not exhausted(kept, now)


def locked(kept: KeptCredential, now: datetime, *, known: bool = False) -> bool:
    """Return whether so many attempts failed of late that no password is believed.

    On a device that is `known` only those on such devices count: nobody else can lock their owner out.
    """
    return exhausted(kept, now) or (not known and _closed(kept.failures, MOST_FAILURES, kept.failed_at, now))


def exhausted(kept: KeptCredential, now: datetime) -> bool:
    """Return whether so many attempts failed in this place of late, or the last of some a moment ago."""
    if _closed(kept.failures_here, FAILURES, kept.failed_here_at, now):
        return True
    last = kept.failed_here_at
    return last is not None and SLOW <= kept.failures_here < FAILURES and now < last + delay(kept.failures_here)


def delay(failures: int) -> timedelta:
    """Return how long no password is believed after so many failures, `SLOW` to `FAILURES`: 1, 2, 4, 8 … seconds."""
    return timedelta(seconds=2 ** (failures - SLOW))


def _closed(failures: int, most: int, last: datetime | None, now: datetime) -> bool:
    return failures >= most and last is not None and now < last + PAUSE
