"""What Dishka builds."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from dishka import AsyncContainer, Provider, Scope, WithParents, make_async_container, provide

from core.access.decisions import EngineDecisions
from core.access.gate import EngineGate
from core.access.sight import EngineSight
from core.access_tokens import AccessTokens as IssuedTokens
from core.addresses import LibraryEmailAddresses
from core.announcing import AnnouncedLimits
from core.assembly import Assembly
from core.audit.sealing import place_seal
from core.authentication import BearerTokens
from core.casbin.policy import CasbinLanguage
from core.casbin.workers import CasbinWorkers
from core.clearances import GateClearances
from core.clock import SystemClock
from core.cursors import SignedCursors
from core.device_tokens import SignedDeviceTokens
from core.discovery import load_use_cases
from core.documents import configuration_bodies
from core.invitation_tokens import RandomInvitationTokens
from core.keys import SetupToken
from core.mailed_links import MailedLinks
from core.operating import KeyParts
from core.outbound.calling import Outbound
from core.pace import Pace
from core.personal import PersonalKeys
from core.pipeline import Call, Dispatcher
from core.postgres.access_lists import SqlAccessLists
from core.postgres.audit_reading import SqlAuditTrails
from core.postgres.configuration import SqlConfigurationReader
from core.postgres.database import Database
from core.postgres.dossiers import SqlDossiers
from core.postgres.erasures import SqlErasureLists
from core.postgres.families import SqlRefreshFamilies
from core.postgres.grant_lists import SqlGrantLists, SqlRoleLists
from core.postgres.log import SqlEventLog
from core.postgres.loss import clash, outage
from core.postgres.organizations_reading import SqlInvitationReader, SqlMemberReader, SqlOrganizationReader
from core.postgres.parked import SqlParkedEvents
from core.postgres.person_keys import SqlSalts
from core.postgres.policy_models import SqlPolicyReader
from core.postgres.presented_tokens import SqlPresentedTokens
from core.postgres.profiles import SqlCredentials
from core.postgres.resource_lists import SqlResourceReader
from core.postgres.service_accounts import SqlServiceAccountLists
from core.postgres.sessions import SqlSessionLists
from core.postgres.states import SqlStates
from core.postgres.team_lists import SqlTeamLists
from core.postgres.trials import SqlTrials
from core.postgres.visibility_lists import SqlVisibilityLists
from core.postgres.webhooks import SqlWebhookLists
from core.recency import Recency
from core.refresh_tokens import RefreshTokens
from core.sealed_documents import SealedBodies
from core.secrets import Sealed, seal
from core.transacting import Transaction
from core.webhooks.signing import SealedSecrets
from domain.access.editing import Editing
from domain.access.facade import Clearances
from domain.access.granting import Granting
from domain.access.holding import Holding
from domain.access.judging import Judging
from domain.access.looking import Looking
from domain.access.policies.ports import PolicyEvaluation
from domain.access.ports import Decisions
from domain.access.simulating.ports import Trials
from domain.audit.paging import EntryPages
from domain.audit.readers import AuditTrails
from domain.events.ports import EventLog, ParkedEvents, States
from domain.events.reading import Readership
from domain.identity.accounts import RegisteredAccounts
from domain.identity.commands.sign_up import SignUpPolicy
from domain.identity.dossiers.exporting import DossierParts
from domain.identity.dossiers.readers import Dossiers
from domain.identity.erasures.erasing import Erasing
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.mail_proofs import CodeIdentities
from domain.identity.mailing import LinkMails
from domain.identity.ports import DeviceTokens, EmailAddresses, Passwords
from domain.identity.profiles import ProfileChanges
from domain.identity.readers import ProfileLists, Profiles
from domain.identity.registration import Accounts, Registration
from domain.identity.verification import PasswordIdentities
from domain.kernel.ports import Clock, Cursors, Destinations, Limits
from domain.kernel.revocation import Revoking
from domain.keys.rotating import Rotating
from domain.organizations.inviting import Acceptance, Letters, Withdrawal
from domain.organizations.joining import Joining, Leaving
from domain.organizations.paging import Pages
from domain.organizations.policies import InvitationPolicy
from domain.organizations.ports import ConfigurationBodies, InvitationTokens
from domain.organizations.speaking import Speaking
from domain.resources.reach import Reach
from domain.resources.readers import ResourceReader
from domain.resources.registering import Registration as ResourceRegistration
from domain.resources.seeing import Seeing
from domain.resources.settling import Settling
from domain.sessions.commands.sign_in import SignInPolicy
from domain.sessions.ending import Ending
from domain.sessions.greeting import Greeting, GreetingPolicy
from domain.sessions.models import Lifetimes
from domain.sessions.opening import Opening, Renewal
from domain.sessions.policies import TokenPolicy
from domain.sessions.ports import AccessTokens, PresentedTokens, RefreshFamilies, RevocationLog, TokenInspection
from domain.sessions.revocations import Telling
from domain.teams.rights import TeamRights
from domain.visibility.sight import Sight
from domain.webhooks.ports import WebhookSecrets
from domain.webhooks.steering import Steering

SERVICES: Final = (
    Acceptance,
    Accounts,
    DossierParts,
    Editing,
    Ending,
    Erasing,
    Joining,
    Judging,
    Leaving,
    Letters,
    LinkMails,
    Greeting,
    Opening,
    ProfileChanges,
    Reach,
    Registration,
    ResourceRegistration,
    Rotating,
    Seeing,
    Settling,
    Speaking,
    Sight,
    Steering,
    TeamRights,
)
"""What several commands share, made anew for each message."""
OFFERED: Final = (
    WithParents[Granting],
    WithParents[Holding],
    WithParents[Looking],
    WithParents[CodeIdentities],
    WithParents[PasswordIdentities],
    WithParents[RegisteredAccounts],
    WithParents[Renewal],
    WithParents[Withdrawal],
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
    provider.provide(Readership, scope=Scope.APP)
    provider.provide(EntryPages, scope=Scope.APP)
    provider.provide(Telling, scope=Scope.APP)
    return provider


class Shared(Provider):
    """What every message shares: readers, policies, keys."""

    scope = Scope.APP

    credentials = provide(WithParents[SqlCredentials])
    erasure_lists = provide(WithParents[SqlErasureLists])
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
    webhook_lists = provide(WithParents[SqlWebhookLists])
    clock = provide(SystemClock, provides=Clock)

    def __init__(self, assembly: Assembly) -> None:
        super().__init__()
        self._assembly = assembly
        settings, keys = assembly.settings, assembly.keys
        issued = IssuedTokens(assembly.ring, settings.served_at, settings.audience, settings.access_token_seconds)
        for kind, made in {
            AccessTokens: issued,
            AuditTrails: SqlAuditTrails(assembly.database, place_seal(keys)),
            Clearances: GateClearances(EngineGate(assembly.access)),
            Cursors: SignedCursors(keys.secrets.every("cursors")),
            Database: assembly.database,
            Decisions: EngineDecisions(assembly.access, SqlAccessLists(assembly.database)),
            Destinations: Outbound(settings.outbound_networks, settings.outbound_http),
            DeviceTokens: SignedDeviceTokens(keys.secrets.every("devices")),
            Dossiers: SqlDossiers(assembly.database, keys.people, place_seal(keys), f"{settings.served_at}/auth"),
            EmailAddresses: LibraryEmailAddresses(test_domains=not settings.is_production),
            ErasurePolicy: ErasurePolicy(settings.erasure_subscribers, settings.erasure_life),
            EventLog: SqlEventLog(assembly.database, assembly.follower, f"{settings.served_at}/auth", keys.people),
            GreetingPolicy: GreetingPolicy(settings.new_device_notice),
            InvitationPolicy: InvitationPolicy(
                page=settings.invitations_at,
                per_hour=settings.invitation_limit,
                sign_ups_per_minute=settings.sign_ups_per_minute,
            ),
            InvitationTokens: RandomInvitationTokens(keys.secrets.every("invitations")),
            Lifetimes: assembly.lifetimes,
            Limits: AnnouncedLimits(assembly.limits),
            ParkedEvents: SqlParkedEvents(assembly.database),
            Passwords: assembly.passwords,
            PersonalKeys: keys.people,
            ProfileLists: assembly.profiles.source,
            Profiles: assembly.profiles,
            ResourceReader: SqlResourceReader(assembly.database, EngineSight(assembly.access)),
            Revoking: Revoking(settings.access_life),
            RevocationLog: assembly.revocation_log,
            RefreshTokens: RefreshTokens(keys.secrets.every("refresh")),
            Sealed: seal(keys.secrets),
            SetupToken: keys.setup,
            SignInPolicy: SignInPolicy(settings.sign_ins_per_minute, settings.require_verified_email),
            SignUpPolicy: SignUpPolicy(settings.sign_ups_per_minute),
            States: SqlStates(assembly.database, assembly.follower),
            TokenPolicy: TokenPolicy(settings.refreshes_per_minute, settings.revocations_per_minute),
            TokenInspection: assembly.inspection,
            WebhookSecrets: SealedSecrets(seal(keys.secrets, "webhooks")),
        }.items():
            self.provide(always(made), provides=kind)

    @provide
    def families(self, database: Database, tokens: RefreshTokens) -> RefreshFamilies:
        """Rotate refresh tokens as configured."""
        return SqlRefreshFamilies(database, tokens, self._assembly.grace, self._assembly.lifetimes.idle)

    @provide
    def presented(self, database: Database, tokens: RefreshTokens) -> PresentedTokens:
        """Read tokens as the requests are verified."""
        return SqlPresentedTokens(self._assembly.tokens, tokens, database)

    @provide
    async def evaluation(self) -> AsyncIterator[PolicyEvaluation]:
        """Evaluate policy models in processes that nobody starts before the first question."""
        workers = CasbinWorkers()
        yield workers
        await workers.close()

    @provide
    def trials(self, container: AsyncContainer) -> Trials:
        """Try changes with what runs them."""
        return SqlTrials(container, EngineGate(self._assembly.access))

    @provide
    def bodies(self, database: Database, people: PersonalKeys) -> ConfigurationBodies:
        """Keep configuration documents in MongoDB if there is one, else in Postgres; seal what is of people in them."""
        return SealedBodies(configuration_bodies(self._assembly.mongo, database), people, SqlSalts(database))


def dispatcher(assembly: Assembly) -> Dispatcher:
    """Return the pipeline, with everything that its interactors need; raise if something is missing."""
    keys = KeyParts(assembly.keys, assembly.keys.forge(assembly.settings))
    limits = AnnouncedLimits(assembly.limits)
    return Dispatcher(
        container=make_async_container(
            interactors(), Shared(assembly), Transaction(assembly), MailedLinks(assembly), keys
        ),
        authenticator=BearerTokens(assembly.tokens, assembly.ring),
        gate=EngineGate(assembly.access),
        witness=assembly.metrics.use_cases,
        outage=outage,
        clash=clash,
        recency=Recency(assembly.settings.recent_authentication_seconds),
        pace=Pace(limits, assembly.settings.commands_per_minute, assembly.settings.searches_per_minute),
    )


def always(made: object) -> Callable[[], object]:
    """Return what a provider calls to get `made` each time."""

    def give() -> object:
        return made

    return give
