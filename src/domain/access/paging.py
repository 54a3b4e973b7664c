"""Pages of searches: the token of the next one is good only for the same search by the same person."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from domain.kernel.access import Actor
from domain.kernel.errors import CursorInvalid
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Cursors

MOST: Final = 1000
USUAL: Final = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Which part is wanted, as it was sent. Without `limit` as many as before, at first 100; never more than 1000."""

    token: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Where to go on, and how far."""

    scope: list[str]
    limit: int
    after: Any

    def next(self, cursors: Cursors, last: Any) -> str:
        """Return the token of the part past `last`."""
        return cursors.seal(self.scope, [self.limit, last])


def part_of(
    cursors: Cursors, search: str, wanted: Any, organization_id: OrganizationId, actor: Actor, page: Page
) -> Part:
    """Return the part that `page` means; raise `CursorInvalid` if its token is of another search or limit.

    `wanted` is the dataclass that says what is searched for.
    """
    scope = [search, str(actor.user_id), str(organization_id), json.dumps(asdict(wanted), sort_keys=True, default=str)]
    limit = None if page.limit is None else min(page.limit, MOST)
    if not page.token:
        return Part(scope, USUAL if limit is None else limit, None)
    before, after = cursors.open(scope, page.token)
    if limit not in {None, before}:
        raise CursorInvalid
    return Part(scope, before, after)
