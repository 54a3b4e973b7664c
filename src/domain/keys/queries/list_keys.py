"""List the signing keys."""

from domain.kernel.access import Permission, needs
from domain.kernel.schemas import Page
from domain.kernel.usecases import Query, interactor, message
from domain.keys.ports import KeyLists
from domain.keys.schemas import KeyDetails


@message
class ListKeys(Query[Page[KeyDetails]]):
    """List the signing keys, the newest first: which one signs, which one waits, and which still verify.

    Removed ones are shown for 30 days. There are never many, so there is one page.
    """


@interactor(access=needs(Permission.KEYS_READ))
class ListKeysInteractor:
    keys: KeyLists

    async def __call__(self, _: ListKeys) -> Page[KeyDetails]:
        return Page(list(await self.keys.list()))
