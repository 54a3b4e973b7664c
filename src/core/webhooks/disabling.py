"""Disabling webhooks whose endpoints fail: the one thing about them that nobody asks for."""

from dishka import Provider, Scope, WithParents, make_async_container, provide

from core.keys import Keys
from core.mail import JobMailer
from core.operating import CALL, OperatorWork, trusting
from core.postgres.database import Database
from core.postgres.webhooks import SqlMakers, SqlWebhooks
from core.postgres.work import SqlWork
from core.secrets import Sealed, seal
from core.webhooks.teller import Disable
from domain.kernel.ids import OrganizationId, WebhookId
from domain.kernel.ports import Mailer
from domain.webhooks.commands.disable_webhook import DisableWebhook, DisableWebhookInteractor
from domain.webhooks.errors import WebhookNotFound


class _Disabling(Provider):
    scope = Scope.REQUEST

    webhooks = provide(WithParents[SqlWebhooks])
    makers = provide(WithParents[SqlMakers])
    disable = provide(DisableWebhookInteractor)

    def __init__(self, sealed: Sealed) -> None:
        super().__init__()
        self._sealed = sealed

    @provide
    def mailer(self, work: SqlWork) -> Mailer:
        """Queue mails with the transaction."""
        return JobMailer(work, self._sealed)


def disabling(database: Database, keys: Keys) -> Disable:
    """Return what disables a webhook, as the worker, with an event, an audit entry and a mail."""
    work = OperatorWork(database, keys)
    send = trusting(make_async_container(_Disabling(seal(keys.secrets)), work), "worker")

    async def disable(organization_id: OrganizationId, webhook_id: WebhookId, reason: str, url: str) -> None:
        message = DisableWebhook(organization_id=organization_id, webhook_id=webhook_id, reason=reason, url=url)
        try:
            await send(message, CALL)
        except WebhookNotFound:
            return  # it was deleted meanwhile

    return disable
