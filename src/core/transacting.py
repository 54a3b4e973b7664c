"""What takes part in the transaction of one message."""

from collections.abc import AsyncIterator

from dishka import AnyOf, Provider, Scope, WithParents, provide

from core.assembly import Assembly
from core.audit.sealing import place_seal
from core.idempotency import Idempotency
from core.mail import JobMailer
from core.pipeline import AuditTrail, Call, UnitOfWork
from core.postgres.configuration import SqlConfigurationHeads
from core.postgres.erasures import SqlErasures
from core.postgres.grants import SqlGrants
from core.postgres.idempotency import SqlIdempotency
from core.postgres.organizations import SqlInvitations, SqlMemberships, SqlOrganizations
from core.postgres.people import SqlFailures, SqlPasswordHashes, SqlSuperusers, SqlUsers
from core.postgres.person_keys import RememberedSalts
from core.postgres.places import SqlGrantees, SqlHiding, SqlPlaces
from core.postgres.policy_models import SqlPolicyModels
from core.postgres.rehearsal import SqlRehearsal
from core.postgres.resources import SqlBelonging, SqlResources
from core.postgres.roles import SqlRoles
from core.postgres.service_accounts import SqlServiceAccounts
from core.postgres.sessions import SqlSessionEnding, SqlSessions
from core.postgres.teams import SqlInheritance, SqlTeamMembers, SqlTeams
from core.postgres.viewers import SqlViewers
from core.postgres.visibility import SqlContents, SqlVisibilityGroups
from core.postgres.webhooks import SqlDeliveries, SqlMakers, SqlWebhooks
from core.postgres.work import SqlWork
from core.secrets import Sealed
from core.setup import SqlSetup
from domain.kernel.events import Events
from domain.kernel.ports import Clock, Mailer


class Transaction(Provider):
    """What one message has for itself: its transaction, and everything that takes part in it."""

    scope = Scope.REQUEST

    users = provide(WithParents[SqlUsers])
    hashes = provide(WithParents[SqlPasswordHashes])
    erasures = provide(WithParents[SqlErasures])
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
    webhooks = provide(WithParents[SqlWebhooks])
    deliveries = provide(WithParents[SqlDeliveries])
    makers = provide(WithParents[SqlMakers])

    def __init__(self, assembly: Assembly) -> None:
        super().__init__()
        self._assembly = assembly
        secrets = assembly.keys.secrets
        self._people = assembly.keys.people
        self._seal, self._remembered = place_seal(assembly.keys), RememberedSalts()
        self._audit_key, self._request_key = secrets.derive("audit"), secrets.derive("idempotency")

    @provide(provides=AnyOf[SqlWork, UnitOfWork, Events, AuditTrail])
    async def work(self, call: Call, clock: Clock) -> AsyncIterator[SqlWork]:
        """Give the message its unit of work, and make sure that it leaves nothing open."""
        assembly = self._assembly
        work = SqlWork(
            database=assembly.database,
            clock=clock,
            audit_key=self._audit_key,
            people=self._people,
            committed=assembly.committed,
            trace=call.trace,
            origin=call.origin,
            seal=self._seal,
            remembered=self._remembered,
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
