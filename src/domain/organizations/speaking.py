"""Whom documents may speak of."""

from dataclasses import dataclass
from typing import Final

from domain.access.facade import Clearances
from domain.kernel.access import Actor
from domain.kernel.errors import FieldError
from domain.kernel.ids import OrganizationId
from domain.organizations.documents import Document
from domain.organizations.errors import DocumentInvalid, pointer
from domain.organizations.marks import MARK, USER, Mark
from domain.organizations.readers import MemberReader

NAMED: Final = 20
"""How many marks a refusal names at most."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """Judge whose values a document marks: members of the organization that the actor sees, and nobody else."""

    members: MemberReader
    clearances: Clearances

    async def judge(self, document: Document, organization_id: OrganizationId, actor: Actor) -> None:
        """Raise `DocumentInvalid` for each mark of somebody else.

        Whoever is hidden, unknown, erased or no member is refused alike: ids of people are nothing to be tried out.
        """
        if not document.marks:
            return
        eyes = await self.clearances.eyes(actor, organization_id)
        seen = await self.members.among(organization_id, document.people, eyes)
        if strangers := [mark for mark in document.marks if mark.user_id not in seen]:
            raise DocumentInvalid(errors=[_stranger(mark) for mark in strangers[:NAMED]])


def _stranger(mark: Mark) -> FieldError:
    field = f"body{pointer((*mark.path, MARK, USER))}"
    return FieldError(field, "person", "The organization has no such member, or none that you may see.")
