"""Change one's password."""

from typing import Final

from domain.identity.errors import PasswordTooWeak, PasswordWrong, UserNotFound
from domain.identity.events import PasswordChanged
from domain.identity.facade import SessionRenewal
from domain.identity.mailing import NETWORKS, LinkPolicy
from domain.identity.models import Credential
from domain.identity.ports import Credentials, DeviceTokens, Failures, KnownDevice, Passwords, SessionEnding
from domain.identity.registration import context
from domain.identity.repositories import PasswordHashes, Users
from domain.identity.schemas import Password
from domain.identity.verification import locked
from domain.kernel.access import SIGNED_IN, Actor, Origin
from domain.kernel.errors import ConcurrentChange, Overloaded, TooManyRequests
from domain.kernel.events import Events
from domain.kernel.mails import PasswordChangedMail
from domain.kernel.ports import Clock, Limits, Mailer
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Command, interactor, message, secret

CHANGES: Final = 10
"""How often one person may try from one network within an hour: each attempt takes as much as a sign-in, or twice that.

From everywhere it is `NETWORKS` times as often: who has a copy of a session does not keep its owner from changing it.
"""


@message
class ChangePassword(Command[Tokens]):
    """Replace the signed-in person's password, end all their sessions, and start a new one.

    The session that asks ends too, as somebody may have a copy of its tokens: those in the answer take their place.
    """

    current_password: Password = secret()
    new_password: Password = secret()


@interactor(
    access=SIGNED_IN,
    raises=(UserNotFound, PasswordWrong, PasswordTooWeak, ConcurrentChange, Overloaded, TooManyRequests),
    emits=(PasswordChanged,),
    entails=("sessions.session.started",),
    audit="identity.user.change_password",
)
class ChangePasswordInteractor:
    credentials: Credentials
    passwords: Passwords
    failures: Failures
    devices: DeviceTokens
    users: Users
    hashes: PasswordHashes
    sessions: SessionEnding
    renewal: SessionRenewal
    mailer: Mailer
    limits: Limits
    policy: LinkPolicy
    events: Events
    clock: Clock

    async def __call__(self, request: ChangePassword, actor: Actor, origin: Origin) -> Tokens:
        await self.limits.hit("change_password", origin.site, self.policy.attempts_per_minute, 60)
        # What cannot be tried now, or is refused anyway, is no attempt of this person.
        self.passwords.admit()
        network = origin.network
        kept = await self.credentials.find_by_id(actor.user_id, network)
        if kept is None:
            raise UserNotFound
        if locked(kept, self.clock.now()):
            # Nothing is hashed for those who are refused anyway: that the account exists is known to whoever is asking.
            raise PasswordWrong
        await self.limits.hit("password_change_from", f"{actor.user_id} {network}", CHANGES, 3600)
        await self.limits.hit("password_change", str(actor.user_id), CHANGES * NETWORKS, 3600)
        fits = await self.passwords.verify(kept.password_hash, request.current_password)
        # Many guesses sent at once are all admitted before the first is judged: what counts is what is known by now.
        known = await self.credentials.find_by_id(actor.user_id, network)
        now = self.clock.now()
        if known is None or locked(known, now):
            raise PasswordWrong
        if not fits:
            await self.failures.count(kept.user_id, network, now)
            raise PasswordWrong
        self.passwords.check(request.new_password, [kept.email, kept.email.partition("@")[0]])
        hashed = await self.passwords.hash(request.new_password)
        user = await self.users.get(actor.user_id)
        self.passwords.check(request.new_password, context(user))
        if user.epoch != kept.epoch:
            raise ConcurrentChange
        # The new epoch is written before sessions are ended: a sign-in with the old password that is still under way
        # either has made its session by now, which is ended here, or finds the epoch changed and is refused.
        user.epoch += 1
        user.updated_at = now
        await self.users.keep(user)
        await self.hashes.put(Credential(user_id=user.id, password_hash=hashed, changed_at=now))
        ended = await self.sessions.end_all(user.id, user.epoch, now)
        self.events.emit(PasswordChanged(user_id=user.id, occurred_at=now), of=user, revokes=ended)
        self.mailer.send(user.email, PasswordChangedMail())
        # Those of before are worth nothing under the new epoch: who just changed it would be locked out by others.
        device_token = self.devices.make(KnownDevice(user.id, user.epoch), now)
        return await self.renewal.renew(user.id, user.epoch, origin, device_token)
