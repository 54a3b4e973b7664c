"""What Dishka builds."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from dishka import AnyOf, Provider, Scope, WithParents, make_async_container, provide

from core.access.decisions import EngineDecisions
from core.access.gate import EngineGate
from core.access.sight import EngineSight
from core.access_tokens import AccessTokens as IssuedTokens
from core.addresses import LibraryEmailAddresses
from core.assembly import Assembly
from core.authentication import BearerTokens
from core.casbin.policy import CasbinLanguage
from core.casbin.workers import CasbinWorkers
from core.clearances import GateClearances
from core.clock import SystemClock
from core.cursors import SignedCursors
from core.discovery import load_use_cases
from core.documents import configuration_bodies
from core.idempotency import Idempotency
from core.invitation_tokens import RandomInvitationTokens
from core.keys import SetupToken
from core.mail import JobMailer
from core.mailed_links import MailedLinks
from core.pipeline import AuditTrail, Call, Dispatcher, UnitOfWork
from core.postgres.access_lists import SqlAccessLists
from core.postgres.configuration import SqlConfigurationHeads, SqlConfigurationReader
from core.postgres.database import Database
from core.postgres.families import SqlRefreshFamilies
from core.postgres.grant_lists import SqlGrantLists, SqlRoleLists
from core.postgres.grants import SqlGrants
from core.postgres.idempotency import SqlIdempotency
from core.postgres.log import SqlEventLog
from core.postgres.loss import clash, outage
from core.postgres.organizations import SqlInvitations, SqlMemberships, SqlOrganizations
from core.postgres.organizations_reading import SqlInvitationReader, SqlMemberReader, SqlOrganizationReader
from core.postgres.people import SqlFailures, SqlPasswordHashes, SqlSuperusers, SqlUsers
from core.postgres.places import SqlGrantees, SqlHiding, SqlPlaces
from core.postgres.policy_models import SqlPolicyModels, SqlPolicyReader
from core.postgres.profiles import SqlCredentials
from core.postgres.rehearsal import SqlRehearsal
from core.postgres.resource_lists import SqlResourceReader
from core.postgres.resources import SqlBelonging, SqlResources
from core.postgres.roles import SqlRoles
from core.postgres.service_accounts import SqlServiceAccountLists, SqlServiceAccounts
from core.postgres.sessions import SqlSessionEnding, SqlSessionLists, SqlSessions
from core.postgres.team_lists import SqlTeamLists
from core.postgres.teams import SqlInheritance, SqlTeamMembers, SqlTeams
from core.postgres.viewers import SqlViewers
from core.postgres.visibility import SqlContents, SqlVisibilityGroups
from core.postgres.visibility_lists import SqlVisibilityLists
from core.postgres.work import SqlWork
from core.refresh_tokens import RefreshTokens
from core.secrets import Sealed, seal
from core.setup import SqlSetup
from domain.access.editing import Editing
from domain.access.facade import Clearances
from domain.access.granting import Granting
from domain.access.holding import Holding
from domain.access.judging import Judging
from domain.access.looking import Looking
from domain.access.policies.ports import PolicyEvaluation
from domain.access.ports import Decisions
from domain.events.ports import EventLog
from domain.identity.accounts import RegisteredAccounts
from domain.identity.commands.sign_up import SignUpPolicy
from domain.identity.mailing import LinkMails
from domain.identity.ports import EmailAddresses, Passwords
from domain.identity.profiles import ProfileChanges
from domain.identity.readers import ProfileLists, Profiles
from domain.identity.registration import Registration
from domain.identity.verification import PasswordIdentities
from domain.kernel.events import Events
from domain.kernel.ports import Clock, Cursors, Limits, Mailer
from domain.organizations.inviting import Acceptance, Letters, Withdrawal
from domain.organizations.joining import Joining, Leaving
from domain.organizations.paging import Pages
from domain.organizations.policies import InvitationPolicy
from domain.organizations.ports import ConfigurationBodies, InvitationTokens
from domain.resources.reach import Reach
from domain.resources.readers import ResourceReader
from domain.resources.registering import Registration as ResourceRegistration
from domain.resources.seeing import Seeing
from domain.resources.settling import Settling
from domain.sessions.commands.sign_in import SignInPolicy
from domain.sessions.ending import Ending
from domain.sessions.models import Lifetimes
from domain.sessions.opening import Opening
from domain.sessions.ports import AccessTokens, RefreshFamilies
from domain.teams.rights import TeamRights
from domain.visibility.sight import Sight

SERVICES: Final = (
    Acceptance,
    Editing,
    Ending,
    Joining,
    Judging,
    Leaving,
    Letters,
    LinkMails,
    Opening,
    ProfileChanges,
    Reach,
    Registration,
    ResourceRegistration,
    Seeing,
    Settling,
    Sight,
    TeamRights,
    Withdrawal,
)
"""What several commands share, made anew for each message."""
OFFERED: Final = (
    WithParents[Granting],
    WithParents[Holding],
    WithParents[Looking],
    WithParents[PasswordIdentities],
    WithParents[RegisteredAccounts],
)
"""What capabilities do for others."""


def interactors() -> Provider:
    """Provide every declared interactor: plain queries and direct commands once, everything else per message."""
    provider = Provider()
    provider.from_context(Call, scope=Scope.REQUEST)
    for case in load_use_cases():
        recorded = (case.writes or case.audit) and not case.direct
        provider.provide(case.interactor, scope=Scope.REQUEST if recorded else Scope.APP)
        for aftermath in case.aftermath.values():
            provider.provide(aftermath, scope=Scope.REQUEST)
    for service in SERVICES:
        provider.provide(service, scope=Scope.REQUEST)
    for offered in OFFERED:
        provider.provide(offered, scope=Scope.REQUEST)
    provider.provide(Pages, scope=Scope.APP)
    return provider


class Shared(Provider):
    """What every message shares: readers, policies, keys."""

    scope = Scope.APP

    credentials = provide(WithParents[SqlCredentials])
    session_lists = provide(WithParents[SqlSessionLists])
    configuration_reader = provide(WithParents[SqlConfigurationReader])
    organization_reader = provide(WithParents[SqlOrganizationReader])
    member_reader = provide(WithParents[SqlMemberReader])
    invitation_reader = provide(WithParents[SqlInvitationReader])
    policy_language = provide(WithParents[CasbinLanguage])
    policy_reader = provide(WithParents[SqlPolicyReader])
    role_lists = provide(WithParents[SqlRoleLists])
    grant_lists = provide(WithParents[SqlGrantLists])
    service_account_lists = provide(WithParents[SqlServiceAccountLists])
    team_lists = provide(WithParents[SqlTeamLists])
    visibility_lists = provide(WithParents[SqlVisibilityLists])
    clock = provide(SystemClock, provides=Clock)

    def __init__(self, assembly: Assembly) -> None:
        super().__init__()
        self._assembly = assembly
        settings, keys = assembly.settings, assembly.keys
        issued = IssuedTokens(keys.ring, settings.served_at, settings.audience, settings.access_token_seconds)
        for kind, made in {
            AccessTokens: issued,
            Clearances: GateClearances(EngineGate(assembly.access)),
            Cursors: SignedCursors(keys.secrets.every("cursors")),
            Database: assembly.database,
            Decisions: EngineDecisions(assembly.access, SqlAccessLists(assembly.database)),
            EmailAddresses: LibraryEmailAddresses(test_domains=not settings.is_production),
            EventLog: SqlEventLog(assembly.database, assembly.follower, f"{settings.served_at}/auth"),
            InvitationPolicy: InvitationPolicy(
                page=settings.invitations_at, sign_ups_per_minute=settings.sign_ups_per_minute
            ),
            InvitationTokens: RandomInvitationTokens(keys.secrets.every("invitations")),
            Lifetimes: assembly.lifetimes,
            Limits: assembly.limits,
            Passwords: assembly.passwords,
            ProfileLists: assembly.profiles.source,
            Profiles: assembly.profiles,
            ResourceReader: SqlResourceReader(assembly.database, EngineSight(assembly.access)),
            RefreshTokens: RefreshTokens(keys.secrets.every("refresh")),
            Sealed: seal(keys.secrets),
            SetupToken: keys.setup,
            SignInPolicy: SignInPolicy(settings.sign_ins_per_minute),
            SignUpPolicy: SignUpPolicy(settings.sign_ups_per_minute),
        }.items():
            self.provide(always(made), provides=kind)

    @provide
    def families(self, database: Database, tokens: RefreshTokens) -> RefreshFamilies:
        """Rotate refresh tokens as configured."""
        return SqlRefreshFamilies(database, tokens, self._assembly.grace)

    @provide
    async def evaluation(self) -> AsyncIterator[PolicyEvaluation]:
        """Evaluate policy models in processes that nobody starts before the first question."""
        workers = CasbinWorkers()
        yield workers
        await workers.close()

    @provide
    def bodies(self, database: Database) -> ConfigurationBodies:
        """Keep configuration documents in MongoDB if there is one, else in Postgres."""
        return configuration_bodies(self._assembly.mongo, database)


class Transaction(Provider):
    """What one message has for itself: its transaction, and everything that takes part in it."""

    scope = Scope.REQUEST

    users = provide(WithParents[SqlUsers])
    hashes = provide(WithParents[SqlPasswordHashes])
    failures = provide(WithParents[SqlFailures])
    superusers = provide(WithParents[SqlSuperusers])
    setup = provide(WithParents[SqlSetup])
    service_accounts = provide(WithParents[SqlServiceAccounts])
    sessions = provide(WithParents[SqlSessions])
    session_ending = provide(WithParents[SqlSessionEnding])
    configuration_heads = provide(WithParents[SqlConfigurationHeads])
    organizations = provide(WithParents[SqlOrganizations])
    memberships = provide(WithParents[SqlMemberships])
    invitations = provide(WithParents[SqlInvitations])
    teams = provide(WithParents[SqlTeams])
    team_members = provide(WithParents[SqlTeamMembers])
    inheritance = provide(WithParents[SqlInheritance])
    visibility_groups = provide(WithParents[SqlVisibilityGroups])
    viewers = provide(WithParents[SqlViewers])
    contents = provide(WithParents[SqlContents])
    policy_models = provide(WithParents[SqlPolicyModels])
    rehearsal = provide(WithParents[SqlRehearsal])
    roles = provide(WithParents[SqlRoles])
    grants = provide(WithParents[SqlGrants])
    grantees = provide(WithParents[SqlGrantees])
    places = provide(WithParents[SqlPlaces])
    hiding = provide(WithParents[SqlHiding])
    resources = provide(WithParents[SqlResources])
    belonging = provide(WithParents[SqlBelonging])

    def __init__(self, assembly: Assembly) -> None:
        super().__init__()
        self._assembly = assembly
        secrets = assembly.keys.secrets
        self._audit_key, self._request_key = secrets.derive("audit"), secrets.derive("idempotency")

    @provide(provides=AnyOf[SqlWork, UnitOfWork, Events, AuditTrail])
    async def work(self, call: Call, clock: Clock) -> AsyncIterator[SqlWork]:
        """Give the message its unit of work, and make sure that it leaves nothing open."""
        assembly = self._assembly
        work = SqlWork(
            database=assembly.database,
            clock=clock,
            audit_key=self._audit_key,
            committed=assembly.committed,
            trace=call.trace,
            key_lifetime=assembly.idempotency_life,
        )
        try:
            yield work
        finally:
            await work.rollback()

    @provide
    def idempotency(self, work: SqlWork, sealed: Sealed) -> Idempotency:
        """Keep keys with the transaction."""
        return SqlIdempotency(work, sealed, self._request_key)

    @provide
    def mailer(self, work: SqlWork, sealed: Sealed) -> Mailer:
        """Queue mails with the transaction."""
        return JobMailer(work, sealed)


def dispatcher(assembly: Assembly) -> Dispatcher:
    """Return the pipeline, with everything that its interactors need; raise if something is missing."""
    return Dispatcher(
        container=make_async_container(interactors(), Shared(assembly), Transaction(assembly), MailedLinks(assembly)),
        authenticator=BearerTokens(assembly.tokens),
        gate=EngineGate(assembly.access),
        witness=assembly.metrics.use_cases,
        outage=outage,
        clash=clash,
    )


def always(made: object) -> Callable[[], object]:
    """Return what a provider calls to get `made` each time."""

    def give() -> object:
        return made

    return give
