"""What mailed links need, as Dishka builds it."""

from dishka import Provider, Scope, WithParents, provide

from core.assembly import Assembly
from core.forgotten import JobResetRequests
from core.mailed_sign_ins import JobSignInRequests
from core.mailed_tokens import RandomLinkTokens
from core.postgres.links import SqlLinkReader, SqlLinks
from core.postgres.work import SqlWork
from core.private_sign_ups import JobAccountRequests
from core.secrets import Sealed
from core.settings import Settings
from domain.identity.mailing import LinkPolicy
from domain.identity.ports import AccountRequests, LinkTokens, ResetRequests, SignInRequests


class MailedLinks(Provider):
    """Keys and policy for the process, links for the message."""

    reader = provide(WithParents[SqlLinkReader], scope=Scope.APP)
    links = provide(WithParents[SqlLinks], scope=Scope.REQUEST)

    def __init__(self, assembly: Assembly) -> None:
        super().__init__()
        self._assembly = assembly

    @provide(scope=Scope.APP)
    def policy(self) -> LinkPolicy:
        """Mail links as configured."""
        return link_policy(self._assembly.settings)

    @provide(scope=Scope.APP)
    def tokens(self) -> LinkTokens:
        """Make tokens under keys of the master secret."""
        return RandomLinkTokens.of(self._assembly.keys.secrets)

    @provide(scope=Scope.REQUEST)
    def reset_requests(self, work: SqlWork, sealed: Sealed) -> ResetRequests:
        """Queue questions of forgotten passwords with the transaction."""
        return JobResetRequests(work, sealed)

    @provide(scope=Scope.REQUEST)
    def sign_in_requests(self, work: SqlWork, sealed: Sealed) -> SignInRequests:
        """Queue wishes to sign in by mail, likewise."""
        return JobSignInRequests(work, sealed)

    @provide(scope=Scope.REQUEST)
    def account_requests(self, work: SqlWork, sealed: Sealed) -> AccountRequests:
        """Queue accounts that are asked for in private, likewise."""
        return JobAccountRequests(work, sealed)


def link_policy(settings: Settings) -> LinkPolicy:
    """Return how links are mailed."""
    return LinkPolicy(
        reset_page=settings.password_resets_at,
        verification_page=settings.verifications_at,
        sign_in_page=settings.mailed_sign_ins_at,
        attempts_per_minute=settings.sign_ups_per_minute,
    )
