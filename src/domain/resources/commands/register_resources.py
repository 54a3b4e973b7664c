"""Register many resources at once."""

from collections.abc import Sequence
from typing import Annotated

from domain.kernel.access import Actor, member_of
from domain.kernel.errors import BypassRequired, ConcurrentChange, Forbidden, OrganizationNotFound, Overloaded
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length
from domain.kernel.usecases import Command, interactor, message
from domain.resources.errors import (
    AttributesInvalid,
    ExternalIdInvalid,
    OwnerNotFound,
    ParentNotFound,
    RegistrationRefused,
    ResourceTaken,
    TooDeep,
    TypeInvalid,
)
from domain.resources.events import ResourceMoved, ResourceRegistered, ResourceUpdated
from domain.resources.models import attributes_of, resource_key
from domain.resources.registering import Registration
from domain.resources.schemas import MOST_REGISTERED, Registered, ResourceToRegister, key_of
from domain.resources.wanting import Fault, Refused, Wanted, refuse


@message
class RegisterResources(Command[Registered]):
    """Have up to 10,000 resources be as they are sent, all or none; those that are so already stay as they are.

    Resources may lie in others of the same list, in any order. What is left out of one is empty. Takes what each of
    them would take by itself.
    """

    organization_id: OrganizationId
    resources: Annotated[list[ResourceToRegister], Length(1, MOST_REGISTERED)]


@interactor(
    access=member_of("organization_id"),
    raises=(
        RegistrationRefused,
        BypassRequired,
        Forbidden,
        OwnerNotFound,
        ParentNotFound,
        OrganizationNotFound,
        TooDeep,
        ConcurrentChange,
        Overloaded,
    ),
    emits=(ResourceMoved, ResourceRegistered, ResourceUpdated),
    audit="resources.resource.register",
    simulated=True,
)
class RegisterResourcesInteractor:
    registration: Registration

    async def __call__(self, request: RegisterResources, actor: Actor) -> Registered:
        wanted = _wanted(request.resources)
        try:
            outcome = await self.registration.register(actor, request.organization_id, wanted)
        except Refused as refused:
            refuse(refused.faults)
        except ResourceTaken as error:
            raise ConcurrentChange from error
        created, updated = len(outcome.created), len(outcome.changed)
        return Registered(created, updated, len(wanted) - created - updated)


def _wanted(resources: Sequence[ResourceToRegister]) -> list[Wanted]:
    """Return what is wanted, or raise `RegistrationRefused`."""
    wanted, faults = [], []
    for at, each in enumerate(resources):
        try:
            wanted.append(
                Wanted(
                    resource_key(each.type, each.external_id),
                    each.owner,
                    key_of(each.parent),
                    attributes_of(each.attributes),
                )
            )
        except TypeInvalid as error:
            faults.append(Fault(at, "type", error))
        except ExternalIdInvalid as error:
            faults.append(Fault(at, "external_id", error))
        except AttributesInvalid as error:
            faults.append(Fault(at, "attributes", error))
    if faults:
        refuse(faults)
    return wanted
