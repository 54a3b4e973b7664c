import pytest

from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, OrganizationId, uuid7
from domain.organizations.documents import Document
from domain.organizations.errors import ConfigurationNotFound, NamespaceInvalid
from domain.organizations.models import Body
from domain.organizations.ports import BodyDamaged, BodyMissing
from tests.unit.organizations.conftest import NOW, Organizations


async def test_shows_what_is_in_force_in_that_namespace(organizations: Organizations) -> None:
    await organizations.put({"colour": "red"})
    await organizations.put({"seats": 3}, namespace="limits")

    assert (await organizations.get("limits")).body == {"seats": 3}


async def test_says_that_there_is_none(organizations: Organizations) -> None:
    await organizations.put({"colour": "red"})

    with pytest.raises(ConfigurationNotFound):
        await organizations.get("limits")


async def test_says_that_there_is_no_such_organization(organizations: Organizations) -> None:
    with pytest.raises(OrganizationNotFound):
        await organizations.get(organization_id=OrganizationId(uuid7()))


async def test_refuses_what_is_no_name(organizations: Organizations) -> None:
    with pytest.raises(NamespaceInvalid):
        await organizations.get("no name")


async def test_never_shows_another_document_than_the_one_put_in_force(organizations: Organizations) -> None:
    await organizations.put({"limit": 3})
    (body_id,) = organizations.stored
    forged = Body(PLATFORM, "theme", 1, Document.parse({"limit": 300}), NOW, body_id)
    organizations.stored[body_id] = forged

    with pytest.raises(BodyDamaged):
        await organizations.get()


async def test_a_lost_body_is_not_mistaken_for_no_configuration(organizations: Organizations) -> None:
    await organizations.put({"limit": 3})
    organizations.stored.clear()

    with pytest.raises(BodyMissing):
        await organizations.get()
