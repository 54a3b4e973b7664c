"""What a person may do, put together: as much is kept of it as their roles say, whatever is asked."""

from typing import Any

from domain.access.engine.compiled import Subject, compile_subject
from domain.access.engine.parts import Grant, RolePart, UserPart
from domain.kernel.ids import GrantId, OrganizationId, RoleId, UserId, uuid7

ORGANIZATION = OrganizationId(uuid7())


def subject(*permissions: str) -> Subject:
    role, user = RolePart(RoleId(uuid7()), None, frozenset(permissions), ()), UserId(uuid7())
    grant = Grant(GrantId(uuid7()), ORGANIZATION, role.id, None, below=False, allows=True)
    nothing = frozenset[Any]()
    part = UserPart(user, True, True, frozenset({ORGANIZATION}), nothing, nothing, nothing, (grant,))
    return compile_subject(part, ORGANIZATION, {}, {role.id: role})


def test_what_no_role_gives_is_not_remembered_by_its_name() -> None:
    ada = subject("document:read")

    assert ada.rules("document:write") is ada.rules("anything:else")
    assert not ada.rules("document:write")[1].everywhere


def test_what_a_wildcard_gives_is_remembered_once() -> None:
    ada, root = subject("document:*", "folder:read"), subject("*")

    assert ada.rules("document:read") is ada.rules("document:write")
    assert root.rules("document:read") is root.rules("folder:burn")
    assert ada.rules("folder:read") is not ada.rules("document:read")
    assert ada.rules("document:read")[1].allowed
    assert root.rules("folder:burn")[1].allowed
    assert not ada.rules("folder:write")[1].allowed
