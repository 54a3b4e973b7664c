"""The application, with every port in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from dishka import AnyOf, AsyncContainer, Provider, Scope, WithParents, make_async_container, provide

from core.access.decisions import EngineDecisions
from core.access.engine import AccessEngine
from core.addresses import LibraryEmailAddresses
from core.casbin.policy import CasbinLanguage
from core.casbin.workers import CasbinWorkers
from core.clearances import GateClearances
from core.cursors import SignedCursors
from core.device_tokens import SignedDeviceTokens
from core.idempotency import Idempotency
from core.invitation_tokens import RandomInvitationTokens
from core.key_forge import KeySafe, SealingForge
from core.limits import LocalLimits
from core.mailed_tokens import RandomLinkTokens
from core.outbound.calling import Outbound, Resolve
from core.pace import NO_LIMIT, Pace
from core.pipeline import Answer, AuditTrail, Call, Dispatcher, UnitOfWork
from core.postgres.flush import Fact, Pending
from core.providers import always, interactors
from core.recency import Recency
from core.secrets import Sealed, Secrets
from core.webhooks.signing import SealedSecrets
from domain.access.facade import Clearances
from domain.access.policies.ports import PolicyEvaluation
from domain.access.ports import Decisions
from domain.access.queries.simulate_change import SimulateChange
from domain.access.simulating.ports import Trials
from domain.events.ports import EventLog, ParkedEvents, States
from domain.identity.commands.open_account import OpenAccount
from domain.identity.commands.sign_up import SignUp, SignUpPolicy
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.mailing import LinkMails, LinkPolicy, Owners
from domain.identity.models import User
from domain.identity.ports import DeviceTokens, EmailAddresses, LinkTokens, Passwords
from domain.identity.schemas import UserProfile
from domain.kernel.access import Origin
from domain.kernel.errors import (
    DomainError,
    Forbidden,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InvalidToken,
    OrganizationNotFound,
    Unauthenticated,
    Unavailable,
)
from domain.kernel.events import Events
from domain.kernel.ids import UserId
from domain.kernel.ports import Clock, Cursors, Destinations, Limits
from domain.kernel.revocation import Revoking
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message, use_case
from domain.keys.policies import KeyPolicy
from domain.keys.ports import KeyForge
from domain.organizations.policies import InvitationPolicy
from domain.organizations.ports import ConfigurationBodies, InvitationTokens
from domain.sessions.commands.sign_in import SignIn, SignInPolicy
from domain.sessions.greeting import GreetingPolicy
from domain.sessions.models import Lifetimes
from domain.sessions.policies import TokenPolicy
from domain.sessions.ports import AccessTokens, PresentedTokens, RefreshFamilies, RevocationLog, TokenInspection
from domain.webhooks.ports import WebhookSecrets
from tests.support.access.lists import MemoryAccessLists
from tests.support.access.parts import MemoryParts
from tests.support.access.worlds import World
from tests.support.memory.audit import MemoryAuditTrails
from tests.support.memory.configuration import (
    MemoryConfigurationHeads,
    MemoryConfigurationReader,
    sealed_bodies,
)
from tests.support.memory.dossiers import MemoryDossiers
from tests.support.memory.erasures import MemoryErasureLists, MemoryErasures
from tests.support.memory.events import MemoryEventLog, MemoryParkedEvents
from tests.support.memory.grant_lists import MemoryGrantLists, MemoryRoleLists
from tests.support.memory.grants import MemoryGrantees, MemoryGrants, MemoryHiding, MemoryPlaces
from tests.support.memory.identity import (
    MemoryAccountRequests,
    MemoryCredentials,
    MemoryFailures,
    MemoryLinkReader,
    MemoryLinks,
    MemoryPasswordHashes,
    MemoryProfiles,
    MemoryResetRequests,
    MemorySetup,
    MemorySignInRequests,
    MemorySuperusers,
    MemoryUsers,
    PlainPasswords,
    superuser_grant,
)
from tests.support.memory.keys import MemoryKeyLists, MemorySigningKeys
from tests.support.memory.organizations import (
    MemoryInvitationReader,
    MemoryInvitations,
    MemoryMemberReader,
    MemoryMemberships,
    MemoryOrganizationReader,
    MemoryOrganizations,
)
from tests.support.memory.policies import MemoryPolicyModels, MemoryPolicyReader, MemoryRehearsal
from tests.support.memory.ports import MemoryMailer, MovableClock, SessionTokens, Witnessed
from tests.support.memory.resources import MemoryBelonging, MemoryResourceReader, MemoryResources
from tests.support.memory.roles import MemoryRoles
from tests.support.memory.service_accounts import MemoryServiceAccountLists, MemoryServiceAccounts
from tests.support.memory.sessions import (
    MemoryPresentedTokens,
    MemoryRefreshFamilies,
    MemorySessionEnding,
    MemorySessionLists,
    MemorySessions,
    PlainAccessTokens,
)
from tests.support.memory.sight import GrantGate, MemorySight, Sight
from tests.support.memory.states import MemoryStates
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS
from tests.support.memory.teams import MemoryInheritance, MemoryTeamLists, MemoryTeamMembers, MemoryTeams
from tests.support.memory.tokens import MemoryRevocationLog, MemoryTokenInspection
from tests.support.memory.trials import MemoryTrials
from tests.support.memory.visibility import (
    MemoryContents,
    MemoryViewers,
    MemoryVisibilityGroups,
    MemoryVisibilityLists,
)
from tests.support.memory.webhooks import MemoryDeliveries, MemoryMakers, MemoryWebhookLists, MemoryWebhooks
from tests.support.memory.work import MemoryIdempotency, MemoryWork

R = TypeVar("R")

LINK_TOKENS: Final = RandomLinkTokens.of(Secrets(b"a master secret for mailed links"))
NOWHERE: Final = Origin()
PASSWORD: Final = "correct horse battery staple"
PIPELINE: Final = (
    Forbidden,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InvalidToken,
    OrganizationNotFound,
    Unauthenticated,
    Unavailable,
)
"""What any use case may be refused for, without saying so."""
TELLING: Final = 8
"""A secret of fewer characters may be found in a text by chance."""


class Clashing(Exception):
    """What a store raises when it undid a transaction because of others."""


async def public(_host: str, _port: int) -> Sequence[str]:
    """Resolve every name to the same public address."""
    return ["93.184.215.14"]


@dataclass
class App:
    """Send messages through the real pipeline and look at what they did."""

    memory: Memory = field(default_factory=Memory)
    clock: MovableClock = field(default_factory=MovableClock)
    passwords: PlainPasswords = field(default_factory=PlainPasswords)
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    parked: MemoryParkedEvents = field(default_factory=MemoryParkedEvents)
    states: MemoryStates = field(default_factory=MemoryStates)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    sign_up: SignUpPolicy = field(default_factory=SignUpPolicy)
    sign_in: SignInPolicy = field(default_factory=SignInPolicy)
    tokens: TokenPolicy = field(default_factory=TokenPolicy)
    erasure: ErasurePolicy = field(default_factory=ErasurePolicy)
    greeting: GreetingPolicy = field(default_factory=GreetingPolicy)
    links: LinkPolicy = field(default_factory=LinkPolicy)
    invitations: InvitationPolicy = field(default_factory=InvitationPolicy)
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    safe: KeySafe = field(default_factory=lambda: KeySafe(Sealed(b"the key that seals the keys 32 B")))
    inheritance: Path | None = None
    """A file with the keys that a new ring starts with."""
    witnessed: Witnessed = field(default_factory=Witnessed)
    access: MemoryParts = field(default_factory=lambda: MemoryParts(World()))
    """What decisions are made of; people of the other ports are not in it by themselves."""
    pace: Pace = NO_LIMIT
    resolve: Resolve = public
    """What names of others mean."""
    more: tuple[Provider, ...] = ()
    """Ports of use cases that a test brings along."""
    dispatch: Dispatcher = field(init=False)
    revocations: MemoryRevocationLog = field(init=False)
    _seen: set[UUID] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.revocations = MemoryRevocationLog(self.memory)
        self.dispatch = Dispatcher(
            container=self._container(),
            authenticator=SessionTokens(self.memory),
            gate=GrantGate(self.memory, self.clock),
            witness=self.witnessed,
            outage=lambda _: False,
            clash=lambda error: isinstance(error, Clashing),
            recency=Recency(now=lambda: self.clock.now().timestamp()),
            pace=self.pace,
        )

    async def send(
        self, message: Message[R], as_: Tokens | None = None, origin: Origin = NOWHERE, key: str | None = None
    ) -> R:
        """Run `message`; fail the test if it does what its use case never declared."""
        return (await self.answer(message, as_, origin, key)).result

    async def answer(
        self, message: Message[R], as_: Tokens | None = None, origin: Origin = NOWHERE, key: str | None = None
    ) -> Answer[R]:
        """Run `message` and return everything that came of it."""
        case = use_case(type(message))
        call = Call(as_.access_token.encode() if as_ else None, origin, key)
        queued = len(self.memory.jobs)
        try:
            return await self.dispatch(message, call)
        except DomainError as refusal:
            # A change that is only looked at is refused as it would be.
            looked_at = use_case(type(message.change)).raises if isinstance(message, SimulateChange) else ()
            if not isinstance(refusal, (*case.raises, *looked_at, *PIPELINE)):
                raise AssertionError(f"{type(refusal).__name__} is not declared") from refusal  # noqa: TRY004
            raise
        finally:
            # Of two messages at once, the one that ends first has announced what is there.
            fresh = {fact.id: fact.type for fact in self.memory.published if fact.id not in self._seen}
            self._seen |= fresh.keys()
            assert {*fresh.values()} <= {event.type for event in case.emits} | {*case.entails}
            self._check(message, queued)

    async def signed_up(self, email: str = "ada@example.com", **more: str) -> UserProfile:
        """Return a new person, whose password is `PASSWORD`; the mail that welcomes them has left."""
        made = await self.send(SignUp(email=email, password=PASSWORD, **more))
        self.memory.jobs[:] = [job for job in self.memory.jobs if job.payload.get("mail") != "account_ready"]
        return made

    async def signed_in(self, email: str = "ada@example.com", origin: Origin = NOWHERE) -> Tokens:
        """Return the tokens of a new session of a person who has signed up."""
        return await self.send(SignIn(email=email, password=PASSWORD), origin=origin)

    async def administrator(self, email: str = "root@example.com") -> Tokens:
        """Return the tokens of a new superuser."""
        user = await self.signed_up(email)
        self.name_superuser(user.id)
        return await self.signed_in(email)

    def name_superuser(self, user_id: UserId) -> None:
        """Give the person the system role."""
        grant = superuser_grant(user_id, self.clock.now())
        self.memory.table(GRANTS)[grant.id] = grant

    async def mail_resets(self) -> None:
        """Do the jobs of forgotten passwords that are queued."""
        await self._mail("mail_reset", lambda mails, user, _: mails.reset(user))

    async def mail_codes(self) -> None:
        """Do the jobs of sign-ins by mail that are queued."""
        await self._mail("mail_sign_in", lambda mails, user, payload: mails.sign_in(user, payload["challenge"]))

    async def open_accounts(self, worker: Tokens) -> None:
        """Do the jobs of accounts that were asked for in private, as somebody who may make accounts."""
        for job in [each for each in self.memory.jobs if each.name == "open_account"]:
            await self.send(OpenAccount(**asdict(job.payload["account"])), worker)
            self.memory.jobs.remove(job)

    async def _mail(self, name: str, send: Callable[[LinkMails, User, Any], Awaitable[None]]) -> None:
        for job in [each for each in self.memory.jobs if each.name == name]:
            work = MemoryWork(self.memory, self.clock)
            mails = LinkMails(LINK_TOKENS, MemoryLinks(work), MemoryMailer(work), self.links, self.clock)
            owners = Owners(MemoryCredentials(self.memory), MemoryUsers(work))
            if user := await owners.find(job.payload["address"]):
                await send(mails, user, job.payload)
            await work.commit()
            self.memory.jobs.remove(job)

    def mailed(self, email: str = "ada@example.com") -> str:
        """Return the token in the last mail to `email`."""
        texts = [job.payload["text"] for job in self.memory.jobs if job.payload.get("to") == email]
        return str(texts[-1].partition("#token=")[2].split()[0])

    @property
    def facts(self) -> list[Fact]:
        """Everything that was announced."""
        return self.memory.published

    @property
    def audited(self) -> list[tuple[str, str]]:
        """What was done or refused, and how it ended."""
        return [(entry.action, entry.outcome) for entry in self.memory.audited]

    def _check(self, message: Message[Any], queued: int) -> None:
        """Fail if an aggregate's facts skip a version, or if anything said repeats a secret of `message`.

        Mails of before may hold it: that is how the caller knows it.
        """
        versions: dict[UUID, list[int]] = {}
        for fact in self.memory.published:
            versions.setdefault(fact.aggregate_id, []).append(fact.aggregate_version)
        assert all(found == list(range(1, len(found) + 1)) for found in versions.values()), versions
        said = f"{message!r}{self.memory.published}{self.memory.audited}{self.memory.jobs[queued:]}"
        for each in fields(message):  # type: ignore[arg-type]  # messages are dataclasses
            if each.metadata.get("secret") and len(value := str(getattr(message, each.name))) >= TELLING:
                assert value not in said, each.name

    def _container(self) -> AsyncContainer:
        provider = Provider(scope=Scope.APP)
        for kind, made in {
            AccessTokens: PlainAccessTokens(self.clock),
            Clearances: GateClearances(GrantGate(self.memory, self.clock)),
            Clock: self.clock,
            Decisions: EngineDecisions(AccessEngine(self.access), MemoryAccessLists(self.access)),
            Cursors: SignedCursors({1: b"a key for cursors"}),
            EmailAddresses: LibraryEmailAddresses(),
            EventLog: self.log,
            InvitationPolicy: self.invitations,
            InvitationTokens: RandomInvitationTokens({1: b"a key for invitations"}),
            KeyForge: SealingForge(self.safe, self.inheritance),
            KeyPolicy: self.keys,
            Lifetimes: self.lifetimes,
            LinkPolicy: self.links,
            Destinations: Outbound(resolve=self.resolve),
            DeviceTokens: SignedDeviceTokens({1: b"a key for device tokens in tests"}),
            LinkTokens: LINK_TOKENS,
            Limits: LocalLimits(clock=lambda: self.clock.now().timestamp()),
            Memory: self.memory,
            ParkedEvents: self.parked,
            Sight: MemorySight(self.memory, self.clock),
            RefreshFamilies: MemoryRefreshFamilies(self.memory, self.clock, idle=self.lifetimes.idle),
            Passwords: self.passwords,
            PresentedTokens: MemoryPresentedTokens(self.memory),
            ErasurePolicy: self.erasure,
            SignInPolicy: self.sign_in,
            TokenPolicy: self.tokens,
            GreetingPolicy: self.greeting,
            RevocationLog: self.revocations,
            Revoking: Revoking(),
            SignUpPolicy: self.sign_up,
            States: self.states,
            TokenInspection: MemoryTokenInspection(self.memory),
            WebhookSecrets: SealedSecrets(Sealed(b"the key that seals webhooks 32 B")),
        }.items():
            provider.provide(always(made), provides=kind)
        return make_async_container(interactors(), provider, Readers(), Transaction(), *self.more)


class Readers(Provider):
    """What reads what was committed."""

    scope = Scope.APP

    audit_trails = provide(WithParents[MemoryAuditTrails])
    configuration_reader = provide(WithParents[MemoryConfigurationReader])
    credentials = provide(WithParents[MemoryCredentials])
    organizations = provide(WithParents[MemoryOrganizationReader])
    key_lists = provide(WithParents[MemoryKeyLists])
    members = provide(WithParents[MemoryMemberReader])
    links = provide(WithParents[MemoryLinkReader])
    invitations = provide(WithParents[MemoryInvitationReader])
    policy_language = provide(WithParents[CasbinLanguage])
    policy_reader = provide(WithParents[MemoryPolicyReader])
    profiles = provide(WithParents[MemoryProfiles])
    resource_reader = provide(WithParents[MemoryResourceReader])
    dossiers = provide(WithParents[MemoryDossiers])
    erasure_lists = provide(WithParents[MemoryErasureLists])
    session_lists = provide(WithParents[MemorySessionLists])
    role_lists = provide(WithParents[MemoryRoleLists])
    grant_lists = provide(WithParents[MemoryGrantLists])
    service_account_lists = provide(WithParents[MemoryServiceAccountLists])
    team_lists = provide(WithParents[MemoryTeamLists])
    visibility_lists = provide(WithParents[MemoryVisibilityLists])
    webhook_lists = provide(WithParents[MemoryWebhookLists])

    @provide
    def configuration_bodies(self, memory: Memory) -> ConfigurationBodies:
        """Keep what is of people sealed, as the service does."""
        return sealed_bodies(memory)

    @provide
    def trials(self, container: AsyncContainer, memory: Memory, clock: Clock) -> Trials:
        """Try changes with what runs them."""
        return MemoryTrials(container, GrantGate(memory, clock), memory)

    @provide
    async def evaluation(self) -> AsyncIterator[PolicyEvaluation]:
        """Evaluate policy models as the service does: nothing else may see what strangers wrote."""
        workers = CasbinWorkers(slots=1, patience=30)
        yield workers
        await workers.close()


class Transaction(Provider):
    """What one message has for itself."""

    scope = Scope.REQUEST

    users = provide(WithParents[MemoryUsers])
    hashes = provide(WithParents[MemoryPasswordHashes])
    erasures = provide(WithParents[MemoryErasures])
    failures = provide(WithParents[MemoryFailures])
    links = provide(WithParents[MemoryLinks])
    reset_requests = provide(WithParents[MemoryResetRequests])
    sign_in_requests = provide(WithParents[MemorySignInRequests])
    account_requests = provide(WithParents[MemoryAccountRequests])
    superusers = provide(WithParents[MemorySuperusers])
    service_accounts = provide(WithParents[MemoryServiceAccounts])
    sessions = provide(WithParents[MemorySessions])
    signing_keys = provide(WithParents[MemorySigningKeys])
    session_ending = provide(WithParents[MemorySessionEnding])
    configuration_heads = provide(WithParents[MemoryConfigurationHeads])
    organizations = provide(WithParents[MemoryOrganizations])
    memberships = provide(WithParents[MemoryMemberships])
    invitations = provide(WithParents[MemoryInvitations])
    policy_models = provide(WithParents[MemoryPolicyModels])
    rehearsal = provide(WithParents[MemoryRehearsal])
    roles = provide(WithParents[MemoryRoles])
    grants = provide(WithParents[MemoryGrants])
    grantees = provide(WithParents[MemoryGrantees])
    places = provide(WithParents[MemoryPlaces])
    hiding = provide(WithParents[MemoryHiding])
    teams = provide(WithParents[MemoryTeams])
    team_members = provide(WithParents[MemoryTeamMembers])
    inheritance = provide(WithParents[MemoryInheritance])
    visibility_groups = provide(WithParents[MemoryVisibilityGroups])
    viewers = provide(WithParents[MemoryViewers])
    contents = provide(WithParents[MemoryContents])
    resources = provide(WithParents[MemoryResources])
    belonging = provide(WithParents[MemoryBelonging])
    mailer = provide(WithParents[MemoryMailer])
    webhooks = provide(WithParents[MemoryWebhooks])
    deliveries = provide(WithParents[MemoryDeliveries])
    makers = provide(WithParents[MemoryMakers])

    @provide(provides=AnyOf[MemoryWork, UnitOfWork, Events, AuditTrail])
    def work(self, memory: Memory, clock: Clock, call: Call, log: RevocationLog) -> MemoryWork:
        """Give the message its unit of work."""
        assert isinstance(log, MemoryRevocationLog)
        return MemoryWork(memory, clock, trace=call.trace, origin=call.origin, committed=partial(_told, log))

    @provide(provides=Idempotency)
    def idempotency(self, work: MemoryWork) -> MemoryIdempotency:
        """Keep keys with the transaction."""
        return MemoryIdempotency(work)

    @provide(provides=WithParents[MemorySetup])
    def setup(self, work: MemoryWork) -> MemorySetup:
        """Know the printed token."""
        return MemorySetup(work)


def _told(log: MemoryRevocationLog, pending: Pending) -> None:
    if pending.markers:
        log.bell.ring()
