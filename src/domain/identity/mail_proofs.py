"""Tell who somebody is by the mail that they read."""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Final

from domain.identity.errors import UserNotFound
from domain.identity.events import PasswordVoided
from domain.identity.facade import Identified, MailIdentities
from domain.identity.mailing import LinkPolicy, bearable
from domain.identity.models import Purpose, User
from domain.identity.ports import (
    Credentials,
    DeviceTokens,
    EmailAddresses,
    Failures,
    KeptCredential,
    KnownDevice,
    LinkReader,
    LinkTokens,
    SessionEnding,
    SignInRequests,
)
from domain.identity.registration import updated
from domain.identity.repositories import Links, PasswordHashes, Users
from domain.identity.verification import DEVICES, NOWHERE, locked, nobody, trusted
from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.mails import PasswordVoidedMail
from domain.kernel.ports import Clock, Limits, Mailer

TRIES: Final = 5
"""How many codes may be tried for one challenge."""


@dataclass(frozen=True, slots=True)
class CodeIdentities(MailIdentities):
    """Mail a code, and take it from whoever holds the challenge that it was made for."""

    addresses: EmailAddresses
    tokens: LinkTokens
    requests: SignInRequests
    reader: LinkReader
    links: Links
    users: Users
    hashes: PasswordHashes
    sessions: SessionEnding
    mailer: Mailer
    credentials: Credentials
    failures: Failures
    devices: DeviceTokens
    limits: Limits
    policy: LinkPolicy
    events: Events
    clock: Clock

    async def challenge(self, email: str, origin: Origin) -> str:
        """See `MailIdentities.challenge`."""
        await self.limits.hit("sign_in_mail", origin.site, self.policy.attempts_per_minute, 60)
        address = self.addresses.parse(email)
        challenge, _ = self.tokens.make(Purpose.SIGN_IN)
        if await bearable(self.limits, self.policy, "sign_in_code", address, origin):
            self.requests.ask(address, challenge)
        return challenge

    async def prove(self, challenge: str, code: str, origin: Origin) -> Identified | None:
        """See `MailIdentities.prove`."""
        await self.limits.hit("mailed_sign_in", origin.site, self.policy.attempts_per_minute, 60)
        now, hashes = self.clock.now(), self.tokens.hashes(Purpose.SIGN_IN, challenge)
        # Tries are counted one after the other. Whoever comes meanwhile does not wait, for each would hold a connection
        # that others need. Before anybody is looked up, or many at once could tell whether there is somebody.
        if hashes and not await self.links.take_turn(hashes[0]):
            raise TooManyRequests
        found = await self.reader.find(Purpose.SIGN_IN, hashes, now) if hashes else None
        user_id = found.user_id if found else nobody(challenge)
        device = self.devices.read(origin.device_token, now) if origin.device_token else None
        place = f"code {found.token_hash.hex()[:32]}" if found else NOWHERE
        tried = await self.credentials.find_by_id(user_id, place)
        here, kept = await self._judged(user_id, device, origin.network)
        familiar = here == DEVICES
        fits = any(compare_digest(code.encode(), each.encode()) for each in self.tokens.codes(challenge))
        if (
            tried is None or kept is None
            or tried.failures_here >= TRIES or locked(kept, now, known=familiar)
        ):  # fmt: skip
            # What is not judged closes no account. As much is written as for a wrong code, or the time would tell.
            await self.failures.count(nobody(challenge), NOWHERE, now, f"{NOWHERE} else")
            return None
        if not fits:
            await self.failures.count(user_id, here, now, place)
            return None
        user = await self._person(user_id)
        if user is None:
            return None
        link = await self.links.use(user.id, Purpose.SIGN_IN, hashes, now)
        if link is None or not link.proves(user) or link.epoch != user.epoch:
            return None
        if not user.email_verified:
            await self._proved(user, now, has_password=kept.password_hash is not None)
        await self.failures.forget(user.id, here, place)
        token = self.devices.make(KnownDevice(user.id, user.epoch), now)
        return Identified(user.id, user.epoch, user.email, user.email_verified, user.created_at, familiar, token)

    async def _judged(
        self, user_id: UserId, device: KnownDevice | None, network: str
    ) -> tuple[str, KeptCredential | None]:
        """Return where failures count: on known devices of the person, or from the network; and how many there are."""
        if device and device.user_id == user_id:
            kept = await self.credentials.find_by_id(user_id, DEVICES)
            if trusted(device, kept, self.clock.now()):
                return DEVICES, kept
        return network, await self.credentials.find_by_id(user_id, network)

    async def _person(self, user_id: UserId) -> User | None:
        try:
            return await self.users.get(user_id)
        except UserNotFound:
            return None

    async def _proved(self, user: User, now: datetime, *, has_password: bool) -> None:
        """Note that the address is theirs; whoever chose the password may have been somebody else."""
        user.email_verified, user.updated_at = True, now
        user.epoch += has_password
        await self.users.keep(user)
        self.events.emit(updated(user), of=user)
        if not has_password:
            return
        await self.hashes.remove(user.id)
        ended = await self.sessions.end_all(user.id, user.epoch, now)
        self.events.emit(PasswordVoided(user_id=user.id, occurred_at=now), of=user, revokes=ended)
        self.mailer.send(user.email, PasswordVoidedMail())
