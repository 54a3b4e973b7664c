"""What Dishka builds."""

from collections.abc import AsyncIterator
from datetime import timedelta

from dishka import AnyOf, AsyncContainer, Provider, Scope, WithParents, make_async_container, provide

from core.access_tokens import AccessTokens as IssuedTokens
from core.addresses import LibraryEmailAddresses
from core.assembly import Assembly
from core.authentication import BearerTokens
from core.clock import SystemClock
from core.cursors import SignedCursors
from core.discovery import load_use_cases
from core.idempotency import Idempotency
from core.mail import JobMailer
from core.mongo.configuration import MongoConfigurationBodies
from core.pipeline import AuditTrail, Authenticator, Call, Dispatcher, Gate, Outages, UnitOfWork, Witness
from core.postgres.access import SqlGate
from core.postgres.configuration import SqlConfigurationBodies, SqlConfigurationHeads, SqlConfigurationReader
from core.postgres.families import SqlRefreshFamilies
from core.postgres.idempotency import SqlIdempotency
from core.postgres.log import SqlEventLog
from core.postgres.loss import outage
from core.postgres.people import SqlFailures, SqlPasswordHashes, SqlSuperusers, SqlUsers
from core.postgres.profiles import SqlCredentials, SqlProfiles
from core.postgres.sessions import SqlSessionEnding, SqlSessionLists, SqlSessions
from core.postgres.work import SqlWork
from core.refresh_tokens import RefreshTokens
from core.secrets import Sealed
from core.setup import SqlSetup
from domain.events.ports import EventLog
from domain.identity.commands.sign_up import SignUpPolicy
from domain.identity.ports import EmailAddresses, Passwords
from domain.identity.readers import ProfileLists, Profiles
from domain.identity.registration import Registration
from domain.identity.profiles import ProfileChanges
from domain.identity.verification import PasswordIdentities
from domain.kernel.events import Events
from domain.kernel.ports import Clock, Cursors, Limits, Mailer
from domain.kernel.usecases import use_cases
from domain.organizations.ports import ConfigurationBodies
from domain.sessions.commands.sign_in import SignInPolicy
from domain.sessions.ending import Ending
from domain.sessions.models import Lifetimes
from domain.sessions.opening import Opening
from domain.sessions.ports import AccessTokens, RefreshFamilies


def interactors() -> Provider:
    """Provide the pipeline and every declared interactor: plain queries once, everything else per message."""
    load_use_cases()
    provider = Provider()
    provider.from_context(Call, scope=Scope.REQUEST)
    provider.provide(Dispatcher, scope=Scope.APP)
    for case in use_cases():
        provider.provide(case.interactor, scope=Scope.REQUEST if case.writes or case.audit else Scope.APP)
    for service in (Ending, Opening, ProfileChanges, Registration):
        provider.provide(service, scope=Scope.REQUEST)
    provider.provide(WithParents[PasswordIdentities], scope=Scope.REQUEST)
    return provider
